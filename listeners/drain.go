package listeners

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/uptrace/bun"
)

// drainedAtOnce bounds how many deliveries are decoded together; a body may have 4 MiB.
const drainedAtOnce = 32

// drainTime is how long one process may take to decode and store them.
const drainTime = time.Minute

// retryBrought are the pauses before a delivery that could not be understood is tried again; after the
// last one it is a dead letter.
var retryBrought = []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute}

var errLetGo = errors.New("another process has taken this delivery over")

// drain decodes what networks have brought until nothing is due.
func (p *Poller) drain(ctx context.Context) {
	for ctx.Err() == nil {
		batch, err := p.takeBrought(ctx)
		if err != nil {
			if ctx.Err() == nil {
				p.Log.Error("what was brought cannot be read", "error", err)
			}
			return
		}
		if len(batch) == 0 {
			return
		}
		byConnection := map[int64][]Brought{}
		for _, d := range batch {
			byConnection[d.ConnectionID] = append(byConnection[d.ConnectionID], d)
		}
		for id, some := range byConnection {
			if err := p.understand(ctx, id, some); err != nil && ctx.Err() == nil {
				p.Log.Error("what was brought waits", "connection", id, "deliveries", len(some), "error", err)
			}
		}
	}
}

// takeBrought leases deliveries that are due and that no other Poller holds.
func (p *Poller) takeBrought(ctx context.Context) ([]Brought, error) {
	now := p.Now()
	due := func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.TableExpr("deliveries").Where("state = 'waiting' AND due_at <= ?", now).
			Where("connection_id NOT IN (SELECT id FROM connections WHERE state = 'paused')").
			OrderExpr("due_at").Limit(drainedAtOnce)
	}
	if any, err := due(p.Read.NewSelect()).Exists(ctx); err != nil || !any {
		return nil, err
	}
	var taken []Brought
	err := p.Transact(ctx, func(ctx context.Context, tx Tx) error {
		pick := due(tx.NewSelect()).Column("id")
		if tx.Dialect().Name().String() == "pg" {
			pick = pick.For("UPDATE SKIP LOCKED")
		}
		_, err := tx.NewUpdate().Model(&taken).ModelTableExpr("deliveries").
			Set("due_at = ?, tries = tries + 1", now.Add(drainTime)).Where("id IN (?)", pick).Returning("*").Exec(ctx)
		return err
	})
	return taken, err
}

// understand decodes deliveries of one connection and stores them together. What cannot be decoded or
// stored is set aside, and takes none of the others with it.
func (p *Poller) understand(ctx context.Context, connectionID int64, all []Brought) error {
	c, err := FindConnection(ctx, p.Read, connectionID)
	if err != nil {
		return err
	}
	var h heard
	var together []Brought
	for _, d := range all {
		page, err := p.decode(ctx, &c, d)
		if err != nil {
			if err := p.setAside(ctx, d, err); err != nil {
				return err
			}
			continue
		}
		if h.full() {
			if err := p.storeBrought(ctx, c, h, together); err != nil {
				return err
			}
			h, together = heard{}, nil
		}
		h.add(page)
		together = append(together, d)
		h.pages = append(h.pages, page)
	}
	return p.storeBrought(ctx, c, h, together)
}

// decode reads one delivery, with secrets that are renewed where the network refuses them.
func (p *Poller) decode(ctx context.Context, c *Connection, d Brought) (page Page, err error) {
	var h http.Header
	if err := json.Unmarshal([]byte(d.Headers), &h); err != nil {
		return page, fmt.Errorf("the headers: %w", err)
	}
	ch, err := p.Open(*c)
	if err != nil {
		return page, err
	}
	page, err = decodeSafely(ctx, ch, h, d.Body)
	if err == nil || classify(err, Malformed).Class != AuthExpired {
		return page, err
	}
	if _, ok := ch.(AuthKeeper); !ok {
		return page, err
	}
	if ch, err = p.renew(ctx, c); err != nil {
		return page, err
	}
	return decodeSafely(ctx, ch, h, d.Body)
}

// decodeSafely lets a delivery that makes a Channel panic harm nothing but itself.
func decodeSafely(ctx context.Context, ch Channel, h http.Header, body []byte) (page Page, err error) {
	defer func() {
		if what := recover(); what != nil {
			err = &Error{Class: Malformed, Err: fmt.Errorf("reading it panicked: %v", what)}
		}
	}()
	r, ok := ch.(Receiver)
	if !ok {
		return page, &Error{Class: Forbidden, Err: errors.New("this network brings nothing")}
	}
	return r.Decode(ctx, h, body)
}

// storeBrought stores what deliveries brought and marks them done, in one transaction; where it fails,
// one by one, so that the one it fails for is found.
func (p *Poller) storeBrought(ctx context.Context, c Connection, h heard, from []Brought) error {
	if len(from) == 0 {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	h.store = p.Sink(c, h.posts)
	err := p.Transact(ctx, func(ctx context.Context, tx Tx) error {
		for _, d := range from {
			if err := d.done(ctx, tx); err != nil {
				return err
			}
		}
		_, err := tx.NewUpdate().Model((*Connection)(nil)).Set("brought_at = ?", tx.Now()).Where("id = ?", c.ID).Exec(ctx)
		if err != nil {
			return fmt.Errorf("note that connection %d is brought its news: %w", c.ID, err)
		}
		return p.keep(ctx, tx, &c, h)
	})
	switch {
	case err == nil:
		return nil
	case len(from) == 1:
		return p.setAside(ctx, from[0], err)
	}
	for i, d := range from {
		var one heard
		one.add(h.pages[i])
		one.pages = h.pages[i : i+1]
		if err := p.storeBrought(ctx, c, one, []Brought{d}); err != nil {
			return err
		}
	}
	return nil
}

// done erases what a delivery said and keeps that it came; errLetGo where another process has it.
func (d Brought) done(ctx context.Context, tx Tx) error {
	res, err := tx.NewUpdate().Model((*Brought)(nil)).Set("state = ?, headers = '', body = ?, error = ''", broughtDone, []byte{}).
		Where("id = ? AND state = ? AND tries = ?", d.ID, broughtWaiting, d.Tries).Exec(ctx)
	if err != nil {
		return fmt.Errorf("finish delivery %d: %w", d.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errLetGo
	}
	return nil
}

// setAside lets a delivery wait for another try, or makes it a dead letter with its bytes and headers.
func (p *Poller) setAside(ctx context.Context, d Brought, why error) error {
	if errors.Is(why, errLetGo) {
		return nil
	}
	e := classify(why, Malformed)
	p.Log.Warn("a delivery is not understood", "connection", d.ConnectionID, "delivery", d.ID, "tries", d.Tries, "error", e)
	return p.Transact(context.WithoutCancel(ctx), func(ctx context.Context, tx Tx) error {
		if d.Tries > len(retryBrought) && e.Class != RateLimited {
			l := DeadLetter{ConnectionID: d.ConnectionID, NativeID: d.NativeID, Headers: d.Headers, Raw: d.Body, Reason: printable(e.Error()), CreatedAt: tx.Now()}
			if err := d.done(ctx, tx); err != nil {
				if errors.Is(err, errLetGo) {
					return nil
				}
				return err
			}
			_, err := tx.NewInsert().Model(&l).Exec(ctx)
			return err
		}
		pause := retryBrought[min(d.Tries, len(retryBrought))-1]
		due, tries := tx.Now().Add(pause+time.Duration(p.Jitter()*float64(pause)/4)), d.Tries
		if e.Class == RateLimited {
			due, tries = max(e.Until, tx.Now().Add(time.Second)), d.Tries-1
		}
		_, err := tx.NewUpdate().Model((*Brought)(nil)).Set("due_at = ?, tries = ?, error = ?", due, tries, printable(e.Error())).
			Where("id = ? AND state = ? AND tries = ?", d.ID, broughtWaiting, d.Tries).Exec(ctx)
		return err
	})
}
