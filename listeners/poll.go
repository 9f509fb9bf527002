package listeners

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// Poller hears the connections whose time has come. It fetches pages outside any transaction and
// stores what is there, up to a group of pages, with the cursor and all consequences in one; a page
// is never split. While a group is stored, the next one is prepared and the pages after it are fetched.
type Poller struct {
	Transact Transact
	Read     bun.IDB
	Open     func(Connection) (Channel, error)
	Renew    func(context.Context, Connection) (Connection, error) // a Renewer's
	// Sink prepares posts, outside any transaction, and returns what stores them; both see a group of
	// pages at once.
	Sink     func(Connection, []Post) func(context.Context, Tx) error
	Now      clock.Func
	Jitter   func() float64 // uniform in [0, 1)
	Log      *slog.Logger
	Period   time.Duration // between two looks for due connections
	Interval time.Duration // between two rounds of a connection that has nothing more to tell
	Lease    time.Duration // how long a connection is kept between two stored groups
	AtOnce   int           // connections heard together
	// Alone says that no other process hears for this database: a lease that stands when Run starts is
	// that of a process that died, and ends.
	Alone bool

	slots chan struct{}
	once  sync.Once
}

// pagesAhead is how many fetched pages may wait, and how many make a group at most: what a page costs
// besides its posts (a commit, looking things up) is shared, and most follow-ups meet their thread.
const pagesAhead = 20

// Run hears due connections until ctx ends and returns when the rounds under way have stopped.
func (p *Poller) Run(ctx context.Context) {
	if p.Alone {
		p.inherit(ctx)
	}
	tick := time.NewTicker(p.Period)
	defer tick.Stop()
	var underWay sync.WaitGroup
	for {
		p.sweep(ctx, &underWay)
		select {
		case <-ctx.Done():
			underWay.Wait()
			return
		case <-tick.C:
		}
	}
}

func (p *Poller) inherit(ctx context.Context) {
	err := p.Transact(ctx, func(ctx context.Context, tx Tx) error {
		_, err := tx.NewUpdate().Model((*Connection)(nil)).Set("lease_until = NULL").Where("lease_until IS NOT NULL").Exec(ctx)
		return err
	})
	if err != nil && ctx.Err() == nil {
		p.Log.Error("connections that were being heard wait for the end of their lease", "error", err)
	}
}

// Tick hears every connection that is due now to the end of what it has to tell.
func (p *Poller) Tick(ctx context.Context) {
	var underWay sync.WaitGroup
	p.sweep(ctx, &underWay)
	underWay.Wait()
}

func (p *Poller) sweep(ctx context.Context, underWay *sync.WaitGroup) {
	p.once.Do(func() { p.slots = make(chan struct{}, p.AtOnce) })
	free := p.AtOnce - len(p.slots)
	if free == 0 || ctx.Err() != nil {
		return
	}
	due, err := p.take(ctx, free)
	if err != nil {
		if ctx.Err() == nil {
			p.Log.Error("connections cannot be read", "error", err)
		}
		return
	}
	for _, c := range due {
		p.slots <- struct{}{}
		underWay.Go(func() {
			defer func() { <-p.slots }()
			p.hear(ctx, c)
		})
	}
}

// take leases connections that are due and that no other Poller holds.
func (p *Poller) take(ctx context.Context, most int) ([]Connection, error) {
	now := p.Now()
	due := func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.TableExpr("connections").
			Where("state = 'on' AND fetch_at <= ?", now).
			Where("(lease_until IS NULL OR lease_until <= ?)", now).
			OrderExpr("fetch_at").Limit(int64(most))
	}
	if any, err := due(p.Read.NewSelect()).Exists(ctx); err != nil || !any {
		return nil, err
	}
	var taken []Connection
	err := p.Transact(ctx, func(ctx context.Context, tx Tx) error {
		pick := due(tx.NewSelect()).Column("id")
		if tx.Dialect().Name().String() == "pg" {
			pick = pick.For("UPDATE SKIP LOCKED")
		}
		_, err := tx.NewUpdate().Model(&taken).ModelTableExpr("connections").
			Set("lease_until = ?, fence = fence + 1", now.Add(p.Lease)).
			Where("id IN (?)", pick).Returning("*").Exec(ctx)
		return err
	})
	return taken, err
}

// heard is a group of pages that is stored together.
type heard struct {
	posts    []Post
	rejected []Rejected
	next     Cursor
	store    func(context.Context, Tx) error
}

func (h *heard) add(page Page) {
	h.posts, h.rejected, h.next = append(h.posts, page.Posts...), append(h.rejected, page.Rejected...), page.Next
}

// hear reads all that a connection has to tell now, and gives the connection back.
func (p *Poller) hear(ctx context.Context, c Connection) {
	err := p.round(ctx, &c)
	if err == nil || ctx.Err() != nil {
		err = p.release(context.WithoutCancel(ctx), c, nil)
	} else {
		p.Log.Warn("listening failed", "connection", c.ID, "network", c.Network, "error", err)
		err = p.release(ctx, c, classify(err, Transient))
	}
	if err != nil {
		p.Log.Error("connection not given back", "connection", c.ID, "error", err)
	}
}

// round reads what there is to read, with secrets that hold: they are renewed shortly before their end,
// and once more where the network refuses them all the same.
func (p *Poller) round(ctx context.Context, c *Connection) error {
	ch, err := p.Open(*c)
	if err != nil {
		return err
	}
	if endsSoon(ch, p.Now()) {
		if ch, err = p.renew(ctx, c); err != nil {
			return err
		}
	}
	err = p.read(ctx, c, ch)
	if err == nil || classify(err, Transient).Class != AuthExpired {
		return err
	}
	if _, ok := ch.(AuthKeeper); !ok {
		return err
	}
	if ch, err = p.renew(ctx, c); err != nil {
		return err
	}
	return p.read(ctx, c, ch)
}

func (p *Poller) renew(ctx context.Context, c *Connection) (Channel, error) {
	renewed, err := p.Renew(ctx, *c)
	if err != nil {
		return nil, err
	}
	c.Secrets, c.SecretsVersion = renewed.Secrets, renewed.SecretsVersion
	return p.Open(*c)
}

func (p *Poller) read(ctx context.Context, c *Connection, ch Channel) error {
	c.pause = max(p.Interval, ch.Capabilities().MinPoll)
	if own, err := time.ParseDuration(c.Settings["poll"]); err == nil {
		c.pause = own
	}
	fetcher, ok := ch.(Fetcher)
	if !ok {
		return &Error{Class: Forbidden, Err: fmt.Errorf("network %s cannot be polled", c.Network)}
	}
	ahead, stop := context.WithCancel(ctx)
	defer stop()
	pages, groups := make(chan Page, pagesAhead), make(chan heard)
	var fetched, failed error
	go func() {
		defer close(pages)
		fetched = fetch(ahead, fetcher, c.Cursor, pages)
	}()
	go func(c Connection) {
		defer close(groups)
		p.prepare(c, pages, groups)
	}(*c)
	for h := range groups { // what has been fetched is stored, whatever ends the fetching
		if failed != nil {
			continue
		}
		if failed = p.store(context.WithoutCancel(ctx), c, h); failed != nil {
			stop()
		}
	}
	return cmp.Or(failed, fetched)
}

// fetch reads pages until there are no more.
func fetch(ctx context.Context, from Fetcher, cursor Cursor, pages chan<- Page) error {
	for more := true; more; {
		page, err := from.Fetch(ctx, cursor)
		if err != nil {
			return err
		}
		select {
		case pages <- page:
		case <-ctx.Done():
			return ctx.Err()
		}
		cursor, more = page.Next, page.More
	}
	return nil
}

// prepare makes groups of the pages that are there, until the channel closes.
func (p *Poller) prepare(c Connection, pages <-chan Page, groups chan<- heard) {
	for first := range pages {
		var h heard
		h.add(first)
		for range min(len(pages), pagesAhead-1) {
			h.add(<-pages)
		}
		h.store = p.Sink(c, h.posts)
		groups <- h
	}
}

// store writes a group with its cursor.
func (p *Poller) store(ctx context.Context, c *Connection, h heard) error {
	if len(h.posts)+len(h.rejected) == 0 && h.next == c.Cursor {
		return nil
	}
	err := p.Transact(ctx, func(ctx context.Context, tx Tx) error {
		res, err := tx.NewUpdate().Model((*Connection)(nil)).
			Set("cursor = ?, lease_until = ?", h.next, tx.Now().Add(p.Lease)).
			Where("id = ? AND fence = ?", c.ID, c.Fence).Exec(ctx)
		if err != nil {
			return fmt.Errorf("move the cursor of connection %d: %w", c.ID, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errLeaseLost
		}
		if err := h.store(ctx, tx); err != nil {
			return err
		}
		return bury(ctx, tx, c.ID, h.rejected)
	})
	if err == nil {
		c.Cursor = h.next
	}
	return err
}

// bury keeps what could not be read, with the reason, for somebody to look at. Networks are read with an
// overlap, so the same piece comes several times and is kept once.
func bury(ctx context.Context, tx Tx, connectionID int64, rejected []Rejected) error {
	for _, r := range rejected {
		_, err := tx.NewRaw(`INSERT INTO dead_letters (connection_id, raw, reason, created_at) SELECT ?, ?, ?, ?
			WHERE NOT EXISTS (SELECT 1 FROM dead_letters WHERE connection_id = ? AND raw = ?)`,
			connectionID, r.Raw, r.Reason, tx.Now(), connectionID, r.Raw).Exec(ctx)
		if err != nil {
			return fmt.Errorf("keep a dead letter: %w", err)
		}
	}
	return nil
}

// release gives a connection back and says when it is due again.
func (p *Poller) release(ctx context.Context, c Connection, failure *Error) error {
	now, said := p.Now(), ""
	if failure != nil {
		said = printable(failure.Error())
	}
	return p.Transact(ctx, func(ctx context.Context, tx Tx) error {
		q := tx.NewUpdate().Model((*Connection)(nil)).Where("id = ? AND fence = ?", c.ID, c.Fence).Set("lease_until = NULL")
		switch {
		case failure == nil:
			q = q.Set("fetch_at = ?, heard_at = ?, failures = 0, error = ''", now.Add(c.pause), now)
		case failure.Class == RateLimited:
			q = q.Set("fetch_at = ?, error = ?", max(failure.Until, now.Add(time.Second)).Add(time.Duration(p.Jitter()*float64(time.Second))), said)
		case failure.Class == AuthExpired, failure.Class == AuthRevoked, failure.Class == Banned:
			q = q.Set("state = ?, failures = failures + 1, error = ?", Broken, said)
		default:
			pause := min(max(c.pause, p.Interval)<<min(c.Failures, 10), 5*time.Minute)
			q = q.Set("fetch_at = ?, failures = failures + 1, error = ?", now.Add(pause/2+time.Duration(p.Jitter()*float64(pause/2))), said)
		}
		_, err := q.Exec(ctx)
		return err
	})
}

// Break stops a connection whose credentials the network refuses.
func Break(ctx context.Context, tx Tx, connectionID int64, why string) error {
	_, err := tx.NewUpdate().Model((*Connection)(nil)).Set("state = ?, error = ?", Broken, why).
		Where("id = ? AND state = ?", connectionID, On).Exec(ctx)
	if err != nil {
		return fmt.Errorf("stop connection %d: %w", connectionID, err)
	}
	return nil
}
