package listeners

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
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
	Interval time.Duration // between two rounds of a connection that is busy
	Lease    time.Duration // how long a connection stays with a process that died
	AtOnce   int           // connections heard together
	// Gone takes away what is stored of posts that the network does not show any more.
	Gone func(context.Context, Tx, Connection, []Removal) error
	// Alone says that no other process hears for this database: a lease that stands when Run starts is
	// that of a process that died, and ends.
	Alone bool
	// Apart stores each page by itself, so that what happens does not hang on how fast pages come.
	Apart bool

	slots chan struct{}
	once  sync.Once
}

// Run hears due connections and takes in what networks bring until ctx ends and returns when the rounds under way have stopped.
func (p *Poller) Run(ctx context.Context) {
	if p.Alone {
		p.inherit(ctx)
	}
	var underWay sync.WaitGroup
	underWay.Go(func() { p.every(ctx, p.drain) })
	p.every(ctx, func(ctx context.Context) { p.sweep(ctx, &underWay) })
	underWay.Wait()
}

// every does something at the Poller's pace until ctx ends.
func (p *Poller) every(ctx context.Context, do func(context.Context)) {
	tick := time.NewTicker(p.Period)
	defer tick.Stop()
	for {
		do(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (p *Poller) inherit(ctx context.Context) {
	err := p.Transact(ctx, func(ctx context.Context, tx Tx) error {
		_, err := tx.NewUpdate().Model((*Connection)(nil)).Set("lease_until = NULL").Where("lease_until IS NOT NULL").Exec(ctx)
		if err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model((*Brought)(nil)).Set("due_at = ?", tx.Now()).Where("state = 'waiting' AND error = '' AND due_at > ?", tx.Now()).Exec(ctx)
		return err
	})
	if err != nil && ctx.Err() == nil {
		p.Log.Error("connections that were being heard wait for the end of their lease", "error", err)
	}
}

// Tick takes in what was brought and hears every connection that is due now to the end of what it has to
// tell.
func (p *Poller) Tick(ctx context.Context) {
	p.drain(ctx)
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

// hear reads all that a connection has to tell now, and gives the connection back. While it does, the
// lease is renewed, so that it can be short.
func (p *Poller) hear(ctx context.Context, c Connection) {
	heard, stop := context.WithCancelCause(ctx)
	var beating sync.WaitGroup
	leased := c // the round changes c
	beating.Go(func() { p.beat(heard, leased, stop) })
	err := p.round(heard, &c)
	stop(nil)
	beating.Wait()
	if cause := context.Cause(heard); errors.Is(cause, errLeaseLost) {
		p.Log.Warn("listening stopped", "connection", c.ID, "network", c.Network, "error", cause)
		return
	}
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

// beat keeps the lease on a connection until ctx ends; lost hears that somebody else has it.
func (p *Poller) beat(ctx context.Context, c Connection, lost func(error)) {
	tick := time.NewTicker(p.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := p.Transact(ctx, func(ctx context.Context, tx Tx) error { return keepLease(ctx, tx, c, tx.Now().Add(p.Lease)) })
		switch {
		case errors.Is(err, errLeaseLost):
			lost(err)
			return
		case err != nil && ctx.Err() == nil:
			p.Log.Error("lease not renewed", "connection", c.ID, "error", err)
		}
	}
}

// keepLease moves the end of a lease; errLeaseLost where it is not c's any more.
func keepLease(ctx context.Context, tx Tx, c Connection, until clock.Time) error {
	res, err := tx.NewUpdate().Model((*Connection)(nil)).Set("lease_until = ?", until).
		Where("id = ? AND fence = ?", c.ID, c.Fence).Exec(ctx)
	if err != nil {
		return fmt.Errorf("keep connection %d: %w", c.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errLeaseLost
	}
	return nil
}

// release gives a connection back and says when it is due again.
func (p *Poller) release(ctx context.Context, c Connection, failure *Error) error {
	said := ""
	if failure != nil {
		said = printable(failure.Error())
	}
	return p.Transact(ctx, func(ctx context.Context, tx Tx) error {
		now := tx.Now()
		q := tx.NewUpdate().Model((*Connection)(nil)).Where("id = ? AND fence = ?", c.ID, c.Fence).Set("lease_until = NULL")
		switch {
		case failure == nil:
			c.BusyAt = max(c.BusyAt, c.newest)
			q = q.Set("fetch_at = ?, heard_at = ?, failures = 0, error = ''", p.next(c, now), now).
				Set("busy_at = CASE WHEN ? > 0 THEN ? ELSE busy_at END", c.BusyAt, c.BusyAt)
		case failure.Class == RateLimited:
			q = q.Set("fetch_at = ?, error = ?", max(failure.Until, now.Add(time.Second)).Add(time.Duration(p.Jitter()*float64(time.Second))), said)
		case failure.Class == OverBudget:
			q = q.Set("fetch_at = ?, error = ?", max(failure.Until, now.Add(time.Hour)), said)
		case failure.Class == AuthExpired, failure.Class == AuthRevoked, failure.Class == Banned,
			failure.Class == Gone && failure.Status == http.StatusGone: // it says that it never comes back
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
