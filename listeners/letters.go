package listeners

import (
	"context"
	"fmt"
)

// bury keeps what could not be read, with the reason, for somebody to look at. Networks are read with an
// overlap, so the same piece comes several times and is kept once.
func bury(ctx context.Context, tx Tx, connectionID int64, rejected []Rejected) error {
	for _, r := range rejected {
		_, err := tx.NewRaw(`INSERT INTO dead_letters (connection_id, raw, reason, created_at) SELECT ?, ?, ?, ?
			WHERE NOT EXISTS (SELECT 1 FROM dead_letters WHERE connection_id = ? AND raw = ?)`,
			connectionID, r.Raw, r.Reason, tx.Now(), connectionID, r.Raw).Exec(ctx)
		if err != nil {
			return fmt.Errorf("keep a dead letter: %w", err)
		}
	}
	return nil
}
