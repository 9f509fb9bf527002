package listeners

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// Unsettled reads a brand's replies of which only a person can say whether they are on the network, or for
// which there is no money to look, oldest first.
func Unsettled(ctx context.Context, db bun.IDB, brandID int64, most int) ([]Reply, error) {
	var all []Reply
	err := db.NewSelect().Model(&all).Where("r.brand_id = ? AND (r.state = ? OR r.state = ? AND r.error = ?)", brandID, AskHuman, InDoubt, OverBudget).
		Where("r.state IN ('waiting', 'queued', 'sending', 'retry', 'ambiguous', 'ask_human', 'held', 'by_hand')"). // names the partial index
		Order("r.created_at", "r.id").Limit(int64(most)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the replies in doubt of brand %d: %w", brandID, err)
	}
	return all, nil
}
