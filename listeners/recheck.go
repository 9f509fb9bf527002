package listeners

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/kith-social/kith/clock"
)

const (
	recheckedAtOnce = 50                 // posts in one call
	recheckedSince  = 7 * 24 * time.Hour // how long posts are looked at again that nobody waits for
)

// RecheckDue claims the connections whose stored posts were last looked at before before, so that one
// process looks; at most most.
func RecheckDue(ctx context.Context, tx Tx, network string, before clock.Time, most int) ([]Connection, error) {
	var due []Connection
	pick := tx.NewSelect().TableExpr("connections").Column("id").
		Where("network = ? AND state = 'on' AND COALESCE(rechecked_at, created_at) <= ?", network, before).Limit(int64(most))
	if tx.Dialect().Name() == dialect.PG {
		pick = pick.For("UPDATE SKIP LOCKED")
	}
	_, err := tx.NewUpdate().Model(&due).ModelTableExpr("connections").Set("rechecked_at = ?", tx.Now()).
		Where("id IN (?)", pick).Returning("*").Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("choose whose posts to look at again: %w", err)
	}
	return due, nil
}

// RecheckWaits tells without writing whether RecheckDue would find a connection.
func RecheckWaits(ctx context.Context, db bun.IDB, network string, before clock.Time) (bool, error) {
	return db.NewSelect().Table("connections").
		Where("network = ? AND state = 'on' AND COALESCE(rechecked_at, created_at) <= ?", network, before).Exists(ctx)
}

// Recheck looks at stored posts of a connection again: at those named, and where looking costs nothing also
// at what was heard lately. What the network does not show any more goes, what was edited is replaced. It
// returns how many it looked at; it ends early, with an error, where the network or the budget says so.
func (p *Poller) Recheck(ctx context.Context, c Connection, nativeIDs []string) (int, error) {
	ch, err := p.Open(c)
	if err != nil {
		return 0, err
	}
	looker, ok := ch.(Hydrator)
	if !ok {
		return 0, nil
	}
	c.caps = ch.Capabilities()
	if c.caps.PageCost == 0 {
		lately, err := heardLately(ctx, p.Read, c, p.Now().Add(-recheckedSince))
		if err != nil {
			return 0, err
		}
		nativeIDs = append(slices.Clone(nativeIDs), lately...)
	}
	slices.Sort(nativeIDs)
	nativeIDs = slices.Compact(nativeIDs)
	purse, err := openPurse(ctx, p.Read, c, c.caps.PageCost, p.Now)
	if err != nil {
		return 0, err
	}
	looked := 0
	for some := range slices.Chunk(nativeIDs, recheckedAtOnce) {
		page, err := purse.buy(func() (Page, error) { return looker.Hydrate(ctx, some) })
		if err != nil {
			return looked, err
		}
		if err := p.handOn(ctx, c, page); err != nil {
			return looked, err
		}
		looked += len(some)
	}
	return looked, nil
}

// heardLately are the posts of a connection that were stored since a moment and are not gone.
func heardLately(ctx context.Context, db bun.IDB, c Connection, since clock.Time) ([]string, error) {
	const step = 2000 // rows read at once, by id, which grows with the time
	var all []string
	for before := int64(1) << 62; ; {
		var rows []struct {
			ID, ConnectionID int64
			NativeID         string
			Ours             bool
			SeenAt, GoneAt   clock.Time
		}
		err := db.NewSelect().Table("mentions").ColumnExpr("id, connection_id, native_id, ours, seen_at, COALESCE(gone_at, 0) AS gone_at").
			Where("id < ?", before).Order("id DESC").Limit(step).Scan(ctx, &rows)
		if err != nil {
			return nil, fmt.Errorf("list what connection %d heard lately: %w", c.ID, err)
		}
		for _, m := range rows {
			if m.ConnectionID == c.ID && !m.Ours && m.GoneAt == 0 && m.SeenAt >= since {
				all = append(all, m.NativeID)
			}
		}
		if len(rows) < step || rows[len(rows)-1].SeenAt < since {
			return all, nil
		}
		before = rows[len(rows)-1].ID
	}
}
