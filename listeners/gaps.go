package listeners

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// Gap is a time of which a connection may not have heard everything.
type Gap struct {
	bun.BaseModel `bun:"table:gaps"`

	ID           int64 `bun:",pk,autoincrement"`
	ConnectionID int64
	FromAt       clock.Time
	ToAt         clock.Time
	State        GapState
	Source       GapSource
	Cursor       Cursor // of the Backfiller
	Refilled     int64  // posts of that time that were stored since
	Error        string // why it cannot be refilled, or not yet: a Class, or NoBackfill
	CreatedAt    clock.Time
	ClosedAt     clock.Time `bun:",nullzero"`
}

// GapState tells whether a gap is still being refilled.
type GapState string

// The states of gaps.
const (
	GapOpen     GapState = "open"
	GapRefilled GapState = "refilled"
	GapLost     GapState = "lost" // Error says why
)

// GapSource tells how a gap came about.
type GapSource string

// The sources of gaps.
const (
	Outage    GapSource = "outage" // nobody listened: the process was down, access was broken, or the network kept us waiting
	FirstLook GapSource = "first"  // the time before the account was connected, and until it was heard first
	Unread    GapSource = "unread" // something was brought or read that could not be understood
)

// NoBackfill is the Error of a gap on a network that does not tell what has passed.
const NoBackfill = "no_backfill"

const (
	missedAfter  = 5 * time.Minute // silence of ours, beyond the pause, that makes a gap
	firstLook    = 7               // days that are read when an account is connected; the setting "backfill" overrules it
	refillAtOnce = 20              // pages read in one round
)

// Gaps lists a connection's gaps, latest first.
func Gaps(ctx context.Context, db bun.IDB, connectionID int64, most int) ([]Gap, error) {
	var all []Gap
	err := db.NewSelect().Model(&all).Where("connection_id = ?", connectionID).Order("id DESC").Limit(int64(most)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the gaps of connection %d: %w", connectionID, err)
	}
	return all, nil
}

// RefillGap lets a gap be refilled at the next look, one that was given up from its beginning. sql.ErrNoRows
// if the connection has no such gap.
func RefillGap(ctx context.Context, tx Tx, connectionID, id int64) error {
	res, err := tx.NewUpdate().Model((*Gap)(nil)).
		Set("cursor = CASE WHEN state = 'open' THEN cursor ELSE '' END, state = ?, error = '', closed_at = NULL", GapOpen).
		Where("id = ? AND connection_id = ? AND state <> 'refilled'", id, connectionID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("refill gap %d: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return fmt.Errorf("refill gap %d: %w", id, errors.Join(err, sql.ErrNoRows))
	}
	return lookSoon(ctx, tx, connectionID)
}

// lookSoon makes a connection due, unless its network wants us to wait.
func lookSoon(ctx context.Context, tx Tx, connectionID int64) error {
	_, err := tx.NewUpdate().Model((*Connection)(nil)).Set("fetch_at = ?", tx.Now()).
		Where("id = ? AND state = ? AND fetch_at > ? AND error = ''", connectionID, On, tx.Now()).Exec(ctx)
	if err != nil {
		return fmt.Errorf("look at connection %d soon: %w", connectionID, err)
	}
	return nil
}

// noteGaps writes down what this connection has missed until now, and reads what is still to be refilled.
func (p *Poller) noteGaps(ctx context.Context, c *Connection, ch Channel) error {
	now := p.Now()
	var g Gap
	switch {
	case c.HeardAt != 0 && now.Sub(c.HeardAt) > missedAfter+c.pause:
		g = Gap{ConnectionID: c.ID, FromAt: c.HeardAt, ToAt: now, Source: Outage}
	case c.HeardAt == 0: // a network may begin with its newest posts, and rounds may have failed since the connection was made
		if days := firstDays(c, ch); days > 0 {
			g = Gap{ConnectionID: c.ID, FromAt: c.CreatedAt.Add(-time.Duration(days) * 24 * time.Hour), ToAt: now, Source: FirstLook}
		} else if now.Sub(c.CreatedAt) > missedAfter+c.pause {
			g = Gap{ConnectionID: c.ID, FromAt: c.CreatedAt, ToAt: now, Source: Outage}
		}
	}
	if g.Source != "" {
		if err := p.Transact(ctx, func(ctx context.Context, tx Tx) error { return g.note(ctx, tx) }); err != nil {
			return err
		}
	}
	err := p.Read.NewSelect().Model(&c.gaps).Where("connection_id = ? AND state = 'open'", c.ID).Order("id").Scan(ctx)
	if err != nil {
		return fmt.Errorf("read the gaps of connection %d: %w", c.ID, err)
	}
	return nil
}

// firstDays is how many days before its connection an account is read. Where reading costs money, only
// what somebody asked for.
func firstDays(c *Connection, ch Channel) int {
	if _, ok := ch.(Backfiller); !ok {
		return 0
	}
	if days, err := strconv.Atoi(c.Settings["backfill"]); err == nil {
		return days
	}
	if c.caps.PageCost > 0 {
		return 0
	}
	return firstLook
}

// note stores a gap once; one that begins at the same moment and is still open grows.
func (g *Gap) note(ctx context.Context, tx Tx) error {
	var before Gap
	err := tx.NewSelect().Model(&before).Where("connection_id = ? AND from_at = ? AND source = ?", g.ConnectionID, g.FromAt, g.Source).Limit(1).Scan(ctx)
	switch {
	case err == nil && (before.State != GapOpen || before.ToAt >= g.ToAt):
		return nil
	case err == nil:
		_, err = tx.NewUpdate().Model(g).Set("to_at = ?", g.ToAt).Where("id = ?", before.ID).Exec(ctx)
	case errors.Is(err, sql.ErrNoRows):
		g.State, g.CreatedAt = GapOpen, tx.Now()
		_, err = tx.NewInsert().Model(g).Exec(ctx)
	}
	if err != nil {
		return fmt.Errorf("note a gap of connection %d: %w", g.ConnectionID, err)
	}
	return nil
}

// countRefilled counts the posts that are new and were written while the connection did not listen.
func countRefilled(ctx context.Context, tx Tx, c *Connection, posts []Post) error {
	for i := range c.gaps {
		g := &c.gaps[i]
		var ids []string
		for _, post := range posts {
			if post.CreatedAt >= g.FromAt && post.CreatedAt < g.ToAt {
				ids = append(ids, post.NativeID)
			}
		}
		if len(ids) == 0 {
			continue
		}
		known, err := tx.NewSelect().Table("mentions").Where("brand_id = ? AND network = ?", c.BrandID, c.Network).Where(AnyOf(tx, "native_id", ids)).Count(ctx)
		if err != nil {
			return fmt.Errorf("count known posts: %w", err)
		}
		_, err = tx.NewUpdate().Model(g).Set("refilled = refilled + ?", distinct(ids)-int64(known)).Where("id = ?", g.ID).Exec(ctx)
		if err != nil {
			return fmt.Errorf("count what refilled gap %d: %w", g.ID, err)
		}
	}
	return nil
}

func distinct(ids []string) int64 {
	set := make(map[string]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return int64(len(set))
}

// refill reads some of what was missed, after what is new. A network's refusal ends a gap; whatever may
// pass leaves it for the next round, without calling the round a failure.
func (p *Poller) refill(ctx context.Context, c *Connection, ch Channel, purse *purse) error {
	filler, ok := ch.(Backfiller)
	left := refillAtOnce
	for len(c.gaps) > 0 && left > 0 {
		g := &c.gaps[0]
		switch {
		case c.caps.PageCost > 0 && c.oldest != 0 && c.oldest <= g.FromAt: // reading on reached back to before it, and reading costs
			if err := p.endGap(ctx, c, GapRefilled, ""); err != nil {
				return err
			}
			continue
		case !ok:
			if err := p.endGap(ctx, c, GapLost, NoBackfill); err != nil {
				return err
			}
			continue
		}
		page, err := purse.buy(func() (Page, error) { return filler.Backfill(ctx, g.FromAt, g.ToAt, g.Cursor) })
		if err != nil {
			return p.unfilled(ctx, c, classify(err, Transient))
		}
		left--
		if err := p.storeRefill(context.WithoutCancel(ctx), c, page); err != nil {
			return err
		}
		if !page.More {
			c.gaps = c.gaps[1:]
		}
		if page.NotBefore != 0 {
			return nil
		}
	}
	return nil
}

// unfilled notes why a gap is not refilled.
func (p *Poller) unfilled(ctx context.Context, c *Connection, e *Error) error {
	switch e.Class {
	case AuthExpired, AuthRevoked, Banned:
		return e
	case Forbidden, NotEligible, Invalid, Gone:
		return p.endGap(ctx, c, GapLost, string(e.Class))
	}
	c.notBefore = max(c.notBefore, e.Until)
	id := c.gaps[0].ID
	c.gaps = nil // nothing more in this round
	return p.Transact(ctx, func(ctx context.Context, tx Tx) error {
		_, err := tx.NewUpdate().Model((*Gap)(nil)).Set("error = ?", e.Class).Where("id = ?", id).Exec(ctx)
		return err
	})
}

func (p *Poller) endGap(ctx context.Context, c *Connection, state GapState, why string) error {
	id := c.gaps[0].ID
	c.gaps = c.gaps[1:]
	return p.Transact(ctx, func(ctx context.Context, tx Tx) error { return endGap(ctx, tx, id, state, why) })
}

func endGap(ctx context.Context, tx Tx, id int64, state GapState, why string) error {
	_, err := tx.NewUpdate().Model((*Gap)(nil)).Set("state = ?, error = ?, closed_at = ?", state, why, tx.Now()).Where("id = ?", id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("end gap %d: %w", id, err)
	}
	return nil
}

// storeRefill writes a page of the past with the gap's own cursor.
func (p *Poller) storeRefill(ctx context.Context, c *Connection, page Page) error {
	g := &c.gaps[0]
	var h heard
	h.add(page)
	h.store = p.Sink(*c, h.posts)
	c.notBefore = max(c.notBefore, h.notBefore)
	err := p.Transact(ctx, func(ctx context.Context, tx Tx) error {
		if err := keepLease(ctx, tx, *c, tx.Now().Add(p.Lease)); err != nil {
			return err
		}
		if err := p.keep(ctx, tx, c, h); err != nil {
			return err
		}
		if !page.More {
			return endGap(ctx, tx, g.ID, GapRefilled, "")
		}
		_, err := tx.NewUpdate().Model(g).Set("cursor = ?, error = ''", page.Next).Where("id = ?", g.ID).Exec(ctx)
		return err
	})
	if err == nil {
		g.Cursor = page.Next
	}
	return err
}
