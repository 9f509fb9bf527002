package listeners

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
)

// OptOut notes that somebody wants to hear nothing more from a brand. The latest word counts.
func OptOut(ctx context.Context, tx Tx, accountID int64, at clock.Time) error {
	return silence(ctx, tx, accountID, at, 0, "")
}

// OptOutFor is OptOut by a member, who says why.
func OptOutFor(ctx context.Context, tx Tx, accountID, memberID int64, why string) error {
	return silence(ctx, tx, accountID, tx.Now(), memberID, why)
}

func silence(ctx context.Context, tx Tx, accountID int64, at clock.Time, by int64, why string) error {
	var all []Account
	_, err := tx.NewUpdate().Model(&all).ModelTableExpr("accounts").
		Set("opted_out_at = ?, opted_out_by = ?, opted_out_why = ?", at, bun.NullZero(by), why).
		Where("id = ? AND (opted_out_at IS NULL OR opted_out_at < ?)", accountID, at).Returning("*").Exec(ctx)
	if err != nil {
		return fmt.Errorf("opt account %d out: %w", accountID, err)
	}
	for _, a := range all {
		p := Pledge{BrandID: a.BrandID, Network: a.Network, Hash: Nameless(a.Network, a.NativeID), Kind: OptedOutThen, Since: at}
		if err := AddPledges(ctx, tx, p); err != nil {
			return err
		}
	}
	return nil
}

// OptIn notes that somebody may be written to again.
func OptIn(ctx context.Context, tx Tx, a Account) error {
	_, err := tx.NewUpdate().Model((*Account)(nil)).Set("opted_out_at = NULL, opted_out_by = NULL, opted_out_why = ''").Where("id = ?", a.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("opt account %d in: %w", a.ID, err)
	}
	return AddPledges(ctx, tx, Pledge{BrandID: a.BrandID, Network: a.Network, Hash: Nameless(a.Network, a.NativeID), Kind: OptedInThen})
}

// OptOuts lists who wants to hear nothing more from a brand, latest first: those before a moment, 0 for all.
func OptOuts(ctx context.Context, db bun.IDB, brandID int64, before clock.Time, most int) ([]Account, error) {
	var all []Account
	q := db.NewSelect().Model(&all).Where("brand_id = ? AND opted_out_at IS NOT NULL", brandID).Order("opted_out_at DESC", "id DESC").Limit(int64(most))
	if before != 0 {
		q = q.Where("opted_out_at < ?", before)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list who opted out of brand %d: %w", brandID, err)
	}
	return all, nil
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
