package listeners

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
)

// OptOut notes that somebody wants to hear nothing more from a brand. The latest word counts.
func OptOut(ctx context.Context, tx Tx, accountID int64, at clock.Time) error {
	_, err := tx.NewRaw("UPDATE accounts SET opted_out_at = ? WHERE id = ? AND (opted_out_at IS NULL OR opted_out_at < ?)", at, accountID, at).Exec(ctx)
	if err != nil {
		return fmt.Errorf("opt account %d out: %w", accountID, err)
	}
	return nil
}

// OptedOut tells since when the author of a mention wants to hear nothing more, and when they wrote the
// mention; since is 0 where they do not mind.
func OptedOut(ctx context.Context, db bun.IDB, mentionID int64) (since, wrote clock.Time, err error) {
	err = db.NewSelect().TableExpr("mentions AS m").ColumnExpr("COALESCE(a.opted_out_at, 0), m.created_at").
		Join("JOIN accounts AS a ON a.id = m.account_id").Where("m.id = ?", mentionID).Scan(ctx, &since, &wrote)
	if err != nil {
		return 0, 0, fmt.Errorf("look whether the author of mention %d opted out: %w", mentionID, err)
	}
	return since, wrote, nil
}
