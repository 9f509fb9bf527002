package listeners

import (
	"context"
	"fmt"
)

// Rescore stores what is now thought of a mention, as JSON.
func Rescore(ctx context.Context, tx Tx, mentionID int64, score string) error {
	if _, err := tx.NewRaw("UPDATE mentions SET score = ? WHERE id = ?", score, mentionID).Exec(ctx); err != nil {
		return fmt.Errorf("rescore mention %d: %w", mentionID, err)
	}
	return nil
}
