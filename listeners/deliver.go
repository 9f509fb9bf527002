package listeners

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
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
	// Done hears, in the same transaction, of every reply that was sent, failed, was not welcome any more
	// or needs a person.
	Done   func(context.Context, Tx, Reply) error
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

	slots chan struct{}
	once  sync.Once
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
	d.once.Do(func() { d.slots = make(chan struct{}, d.AtOnce) })
	free := d.AtOnce - len(d.slots)
	if free == 0 || ctx.Err() != nil {
		return
	}
	batch, err := d.take(ctx, free)
	if err != nil {
		if ctx.Err() == nil {
			d.Log.Error("outbox cannot be read", "error", err)
		}
		return
	}
	for _, r := range batch {
		d.slots <- struct{}{}
		underWay.Go(func() {
			defer func() { <-d.slots }()
			d.deliver(calls, r)
		})
	}
}

// take leases due replies. What is to be sent is committed as sending here, before any request; what
// was sending and is due again has lost its Deliverer and is in doubt.
func (d *Deliverer) take(ctx context.Context, most int) ([]Reply, error) {
	now := d.Now()
	due := func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.TableExpr("replies").
			Where("state IN ('waiting', 'queued', 'sending', 'retry', 'ambiguous') AND due_at <= ?", now).
			Where("connection_id IN (SELECT id FROM connections WHERE state = 'on')").
			OrderExpr("due_at").Limit(int64(most))
	}
	if any, err := due(d.Read.NewSelect()).Exists(ctx); err != nil || !any {
		return nil, err
	}
	var batch []Reply
	err := d.Transact(ctx, func(ctx context.Context, tx Tx) error {
		pick := due(tx.NewSelect()).Column("id")
		if tx.Dialect().Name().String() == "pg" {
			pick = pick.For("UPDATE SKIP LOCKED")
		}
		_, err := tx.NewUpdate().Model(&batch).ModelTableExpr("replies").
			Set("attempts = attempts + CASE WHEN state IN ('waiting', 'queued', 'retry') THEN 1 ELSE 0 END").
			Set("started_at = COALESCE(started_at, ?)", now).
			Set("state = CASE WHEN state IN ('waiting', 'queued', 'retry') THEN 'sending' ELSE 'ambiguous' END").
			Set("due_at = ?, version = version + 1", now.Add(d.Lease)).
			Where("id IN (?)", pick).Returning("*").Exec(ctx)
		return err
	})
	return batch, err
}

func (d *Deliverer) deliver(ctx context.Context, r Reply) {
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	next, err := d.step(ctx, r)
	if err != nil {
		d.Log.Error("reply not delivered", "reply", r.ID, "error", err)
		return // the lease ends and the next sweep takes it up
	}
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), d.Lease)
	defer cancel()
	if err := d.settle(ctx, next, r.Version); err != nil {
		d.Log.Error("reply not settled", "reply", r.ID, "error", err)
	}
}

// step makes the network calls that r's state asks for and returns r as it is afterwards. An error
// leaves the reply as it is.
func (d *Deliverer) step(ctx context.Context, r Reply) (Reply, error) {
	c, err := FindConnection(ctx, d.Read, r.ConnectionID)
	if err != nil {
		return r, err
	}
	ch, err := d.Open(c)
	if err != nil {
		return r, err
	}
	replier, ok := ch.(Replier)
	if !ok {
		return r.failed(NotEligible), nil
	}
	out := Outgoing{ID: r.ID, ParentID: r.ParentID, Text: r.Text}
	if r.State == InDoubt {
		verdict, sent, err := replier.Reconcile(ctx, out, r.StartedAt)
		return d.afterReading(r, verdict, sent, err), nil
	}
	if Hash(r.Text) != r.TextHash {
		return r.failed(Invalid), nil
	}
	switch unwelcome, err := d.unwelcome(ctx, r); {
	case err != nil:
		return r, err
	case unwelcome:
		r.State, r.Error = Cancelled, UnwelcomeReply
		return r, nil
	}
	if h, ok := ch.(Hydrator); ok {
		look, err := h.Hydrate(ctx, []string{r.ParentID})
		if err != nil {
			return d.afterFailure(r, classify(err, Transient)), nil
		}
		if len(look.Posts) == 0 {
			return r.failed(Gone), nil
		}
	}
	sent, err := replier.Reply(ctx, out)
	if err != nil {
		return d.afterFailure(r, classify(err, Ambiguous)), nil
	}
	return r.sent(sent, d.Now()), nil
}

func (r Reply) sent(s Sent, now clock.Time) Reply {
	r.State, r.NativeID, r.URL, r.SentAt, r.Error = Delivered, s.NativeID, s.URL, now, ""
	return r
}

func (r Reply) failed(why Class) Reply {
	r.State, r.Error = Failed, string(why)
	return r
}

// afterFailure decides what follows a request that did not simply succeed.
func (d *Deliverer) afterFailure(r Reply, e *Error) Reply {
	now := d.Now()
	r.Error = string(e.Class)
	switch e.Class {
	case Forbidden, NotEligible, Invalid, Gone:
		r.State = Failed
	case RateLimited:
		r.State, r.DueAt = Retry, max(e.Until, now.Add(time.Second)).Add(d.spread(2*time.Second))
	case Transient, AuthExpired:
		r.State, r.DueAt = Retry, now.Add(d.spread(time.Second<<min(r.Attempts, 8)))
	default: // Ambiguous, Duplicate, Malformed: it may be there
		r.State, r.DueAt, r.Reads, r.Absent = InDoubt, now.Add(d.Readback[0]), 0, 0
	}
	if r.State == Retry && r.Attempts >= mostAttempts && e.Class == Transient {
		r.State = AskHuman
	}
	return r
}

// afterReading decides what follows a look at the network for a doubtful reply. Networks show new
// posts late, so only the second complete read in a row that does not find it lets it be sent again.
func (d *Deliverer) afterReading(r Reply, verdict Verdict, s Sent, err error) Reply {
	now := d.Now()
	switch {
	case err != nil:
		e := classify(err, Transient)
		r.Absent = 0
		if e.Class == RateLimited {
			r.DueAt = max(e.Until, now.Add(time.Second)).Add(d.spread(2 * time.Second))
			return r
		}
	case verdict == Found:
		return r.sent(s, now)
	case verdict == Absent:
		r.Absent++
		if r.Absent >= 2 && r.Attempts < mostAttempts {
			r.State, r.DueAt, r.Reads, r.Absent = Queued, now, 0, 0
			return r
		}
	default:
		r.Absent = 0
	}
	r.Reads++
	if r.Reads >= len(d.Readback) {
		r.State = AskHuman
		return r
	}
	r.DueAt = now.Add(d.Readback[r.Reads])
	return r
}

// spread is full jitter: somewhere between half of and the whole pause.
func (d *Deliverer) spread(pause time.Duration) time.Duration {
	return pause/2 + time.Duration(d.Jitter()*float64(pause/2))
}

// progress are the columns that change on a reply's way; what it says and why it may never do.
var progress = []string{"state", "due_at", "attempts", "reads", "absent", "sent_at", "native_id", "url", "error", "version"}

// settle stores what became of a reply unless somebody else settled it meanwhile.
func (d *Deliverer) settle(ctx context.Context, r Reply, version int64) error {
	return d.Transact(ctx, func(ctx context.Context, tx Tx) error {
		r.Version = version + 1
		res, err := tx.NewUpdate().Model(&r).Column(progress...).WherePK().Where("version = ?", version).Exec(ctx)
		if err != nil {
			return fmt.Errorf("settle reply %s: %w", r.ID, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		if r.Error == string(AuthExpired) {
			if err := Break(ctx, tx, r.ConnectionID, r.Error); err != nil {
				return err
			}
		}
		if r.State == Delivered || r.State == Failed || r.State == Cancelled || r.State == AskHuman {
			return d.Done(ctx, tx, r)
		}
		return nil
	})
}

// Decide ends the doubt about a reply by a person's word: it is on the network, or it is to be sent
// again. sql.ErrNoRows if the brand has no such reply, ErrNotInDoubt if it is not waiting for a person.
func (d *Deliverer) Decide(ctx context.Context, tx Tx, brandID int64, replyID string, there bool) error {
	var r Reply
	if err := tx.NewSelect().Model(&r).Where("id = ? AND brand_id = ?", replyID, brandID).Scan(ctx); err != nil {
		return fmt.Errorf("find reply %s: %w", replyID, err)
	}
	if r.State != AskHuman {
		return ErrNotInDoubt
	}
	if there {
		r = r.sent(Sent{}, tx.Now())
	} else {
		r.State, r.DueAt, r.Attempts, r.Reads, r.Absent = Queued, tx.Now(), 0, 0, 0
	}
	r.Version++
	if _, err := tx.NewUpdate().Model(&r).Column(progress...).WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("decide reply %s: %w", replyID, err)
	}
	if there {
		return d.Done(ctx, tx, r)
	}
	return nil
}

var errLeaseLost = errors.New("another process has taken this connection over")
