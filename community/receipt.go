package community

import (
	"context"

	"github.com/kith-social/kith/listeners"
)

// ReceiptSent is told of a case whose customer was told automatically that the brand has got it. It is no answer.
// Rule: the rule that asked for it; Text: what was said.
const ReceiptSent Kind = "receipt_sent"

// Acknowledged hears from the outbox that a receipt was posted.
func Acknowledged(ctx context.Context, tx Tx, r listeners.Receipt) error {
	var c Case
	if err := tx.NewSelect().Model(&c).Column("id", "brand_id", "lane").Where("c.id = ?", r.CaseID).Scan(ctx); err != nil {
		return err
	}
	return record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, Kind: ReceiptSent, Lane: c.Lane, Detail: Detail{Rule: r.Rule, Text: r.Text}})
}
