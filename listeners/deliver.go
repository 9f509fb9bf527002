package listeners

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// Deliverer posts what is in the outbox, each reply exactly once as far as a network lets us know.
// The state sending is committed before the request; whatever is unclear after it is read back from
// the network before anything is sent again, and what stays unclear waits for a person.
type Deliverer struct {
	Transact Transact
	Read     bun.IDB
	Open     func(Connection) (Channel, error)
	// Done hears, in the same transaction, of every reply that was sent, failed, is not wanted any more,
	// is held by the network, or needs a person.
	Done func(context.Context, Tx, Reply) error
	// Changed hears, in the same transaction, of every change of a post that was made or failed.
	Changed func(context.Context, Tx, Change) error
	// Announced hears, in the same transaction, of every announcement that was posted, failed, or needs a person.
	// Nil: nobody does.
	Announced func(context.Context, Tx, Announcement) error
	// Acknowledged hears, in the same transaction, of every receipt that was posted. Nil: nobody does.
	Acknowledged func(context.Context, Tx, Receipt) error
	// Renew gives a connection new secrets where the network says that the old ones are over. Nil: the
	// connection stops until a person connects it anew.
	Renew  func(context.Context, Connection) (Connection, error)
	Now    clock.Func
	Jitter func() float64 // uniform in [0, 1)
	Log    *slog.Logger
	// Readback are the pauses before each look whether a doubtful reply is on the network; after the
	// last one a person decides.
	Readback []time.Duration
	Period   time.Duration // between two sweeps
	Lease    time.Duration // how long one reply may take; longer than Timeout
	Timeout  time.Duration // of the network calls for one reply together
	Drain    time.Duration // how long the calls under way may go on when Run is to end
	AtOnce   int           // replies under way together
	// Alone says that no other process delivers from this database: what is being sent when Run starts
	// has lost its process, and is looked for at once instead of when its lease ends.
	Alone bool

	mu    sync.Mutex
	busy  map[int64]int // replies under way, by connection
	turns atomic.Int32  // sweeps that found something, so that no connection is always the first
}

// DefaultReadback is when a doubtful reply is looked for: networks show a new post after a while.
var DefaultReadback = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute}

// mostAttempts is how often one reply is requested before a person must look at it.
const mostAttempts = 8

// Run sweeps the outbox until ctx ends and returns when the replies under way have been settled. Their
// calls may take d.Drain after that; a network that is silent for longer leaves a doubt.
func (d *Deliverer) Run(ctx context.Context) {
	calls, hangUp := context.WithCancel(context.WithoutCancel(ctx))
	defer hangUp()
	if d.Alone {
		d.inherit(ctx)
	}
	tick := time.NewTicker(d.Period)
	defer tick.Stop()
	var underWay sync.WaitGroup
	for {
		d.sweep(ctx, calls, &underWay)
		select {
		case <-ctx.Done():
			defer time.AfterFunc(d.Drain, hangUp).Stop()
			underWay.Wait()
			return
		case <-tick.C:
		}
	}
}

// inherit makes due what an earlier process was sending. What it was reading back when it died gets a
// whole pause from now instead of the rest of a lease; two looks are never closer than that.
func (d *Deliverer) inherit(ctx context.Context) {
	err := d.Transact(ctx, func(ctx context.Context, tx Tx) error {
		_, err := tx.NewUpdate().Model((*Reply)(nil)).Set("due_at = ?", tx.Now()).Where("state = ?", Sending).Exec(ctx)
		for reads, pause := range d.Readback {
			if err != nil {
				break
			}
			due := tx.Now().Add(pause)
			_, err = tx.NewUpdate().Model((*Reply)(nil)).Set("due_at = ?", due).
				Where("state = ? AND reads = ? AND due_at > ?", InDoubt, reads, due).Exec(ctx)
		}
		if err == nil {
			err = inheritAnnounced(ctx, tx, tx.Now())
		}
		return err
	})
	if err != nil && ctx.Err() == nil {
		d.Log.Error("replies of an earlier process wait for the end of their lease", "error", err)
	}
}

// Tick sweeps once and waits for what it began.
func (d *Deliverer) Tick(ctx context.Context) {
	var underWay sync.WaitGroup
	d.sweep(ctx, context.WithoutCancel(ctx), &underWay)
	underWay.Wait()
}

// sweep begins what is due, with calls for what it does on the network.
func (d *Deliverer) sweep(ctx, calls context.Context, underWay *sync.WaitGroup) {
	d.sweepAnnouncements(ctx, calls, underWay) // first: few, and a storm of replies leaves no room behind it
	d.sweepReplies(ctx, calls, underWay)
	d.sweepChanges(ctx, calls, underWay)
	d.sweepReceipts(ctx, calls, underWay) // last: whoever has an answer to post posts that
}

func (d *Deliverer) sweepReplies(ctx, calls context.Context, underWay *sync.WaitGroup) {
	if d.free() == 0 || ctx.Err() != nil {
		return
	}
	batch, err := d.take(ctx)
	if err != nil {
		if ctx.Err() == nil {
			d.Log.Error("outbox cannot be read", "error", err)
		}
		return
	}
	for _, r := range batch {
		d.occupy(r.ConnectionID, 1)
		underWay.Go(func() {
			defer d.occupy(r.ConnectionID, -1)
			d.deliver(calls, r)
		})
	}
}

func (d *Deliverer) deliver(ctx context.Context, r Reply) {
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	next, err := d.step(ctx, r)
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), d.Lease)
	defer cancel()
	if err != nil { // the lease ends and the next sweep takes it up
		d.Log.Error("reply not delivered", "reply", r.ID, "error", err)
		if err := d.book(ctx, r.ConnectionID, next.spend); err != nil {
			d.Log.Error("spending not noted", "connection", r.ConnectionID, "error", err)
		}
		return
	}
	if err := d.settle(ctx, next, r.Version); err != nil {
		d.Log.Error("reply not settled", "reply", r.ID, "error", err)
	}
}
