package listeners

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
)

// Stop holds everything that a connection would post, at once. What is heard, and what is read back, goes
// on. by is the member who stops it, 0 for the operator, and why what they say of it. It tells whether that
// changed anything.
func Stop(ctx context.Context, tx Tx, brandID, connectionID, by int64, why string) (changed bool, err error) {
	return stop(ctx, tx, ofConnection(tx, brandID, connectionID), by, why)
}

// Restart lets go on what Stop holds.
func Restart(ctx context.Context, tx Tx, brandID, connectionID int64) (changed bool, err error) {
	return restart(ctx, ofConnection(tx, brandID, connectionID))
}

// StopBrand holds everything that any connection of a brand would post.
func StopBrand(ctx context.Context, tx Tx, brandID, by int64, why string) (changed bool, err error) {
	return stop(ctx, tx, ofBrand(tx, brandID), by, why)
}

// RestartBrand lets go on what StopBrand holds.
func RestartBrand(ctx context.Context, tx Tx, brandID int64) (changed bool, err error) {
	return restart(ctx, ofBrand(tx, brandID))
}

func ofConnection(tx Tx, brandID, connectionID int64) *bun.UpdateQuery {
	return tx.NewUpdate().Table("connections").Where("id = ? AND brand_id = ?", connectionID, brandID)
}

func ofBrand(tx Tx, brandID int64) *bun.UpdateQuery {
	return tx.NewUpdate().Table("brands").Where("id = ?", brandID)
}

func stop(ctx context.Context, tx Tx, q *bun.UpdateQuery, by int64, why string) (bool, error) {
	return switched(ctx, q.Set("stopped_at = ?, stopped_by = NULLIF(?, 0), stopped_why = ?", tx.Now(), by, why).Where("stopped_at IS NULL"))
}

func restart(ctx context.Context, q *bun.UpdateQuery) (bool, error) {
	return switched(ctx, q.Set("stopped_at = NULL, stopped_by = NULL, stopped_why = ''").Where("stopped_at IS NOT NULL"))
}

func switched(ctx context.Context, q *bun.UpdateQuery) (bool, error) {
	res, err := q.Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("switch what leaves: %w", err)
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
