package listeners

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
)

// Stop holds everything that a connection would post, at once, or lets it go on. What is heard, and what
// is read back, goes on. It tells whether that changed anything.
func Stop(ctx context.Context, tx Tx, brandID, connectionID int64, stop bool) (changed bool, err error) {
	q := tx.NewUpdate().Table("connections").Where("id = ? AND brand_id = ?", connectionID, brandID)
	return halt(ctx, tx, q, stop)
}

// StopBrand holds everything that any connection of a brand would post, or lets it go on.
func StopBrand(ctx context.Context, tx Tx, brandID int64, stop bool) (changed bool, err error) {
	return halt(ctx, tx, tx.NewUpdate().Table("brands").Where("id = ?", brandID), stop)
}

func halt(ctx context.Context, tx Tx, q *bun.UpdateQuery, stop bool) (bool, error) {
	if stop {
		q = q.Set("stopped_at = ?", tx.Now()).Where("stopped_at IS NULL")
	} else {
		q = q.Set("stopped_at = NULL").Where("stopped_at IS NOT NULL")
	}
	res, err := q.Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("stop what leaves: %w", err)
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// Stopped tells whether nothing leaves through a connection until a person does something: it or its
// brand is stopped, or the network refuses it.
func Stopped(ctx context.Context, db bun.IDB, connectionID int64) (bool, error) {
	free, err := db.NewSelect().TableExpr("connections AS c").Join("JOIN brands AS b ON b.id = c.brand_id").
		Where("c.id = ? AND c.state = 'on' AND c.stopped_at IS NULL AND b.stopped_at IS NULL", connectionID).Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("look whether connection %d is stopped: %w", connectionID, err)
	}
	return !free, nil
}

// BrandStopped tells since when nothing of a brand leaves; 0 where everything does.
func BrandStopped(ctx context.Context, db bun.IDB, brandID int64) (clock.Time, error) {
	var at clock.Time
	err := db.NewSelect().Table("brands").ColumnExpr("COALESCE(stopped_at, 0)").Where("id = ?", brandID).Scan(ctx, &at)
	if err != nil {
		return 0, fmt.Errorf("look whether brand %d is stopped: %w", brandID, err)
	}
	return at, nil
}
