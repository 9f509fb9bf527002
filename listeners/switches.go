package listeners

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// Removed is the state of a connection whose account a brand has disconnected: its secrets are gone, what
// was heard stays. Connecting the account again switches it on.
const Removed ConnectionState = "removed"

// Pause stops listening to a connection; what waits to leave from it waits on.
func Pause(ctx context.Context, tx Tx, connectionID int64) error {
	return change(ctx, tx, connectionID, "pause", func(q *bun.UpdateQuery) *bun.UpdateQuery {
		return q.Set("state = ?, fence = fence + 1, lease_until = NULL", Paused).Where("state IN (?, ?)", On, Broken)
	})
}

// Resume listens to a connection again from where it stopped, also to one that broke.
func Resume(ctx context.Context, tx Tx, connectionID int64) error {
	return change(ctx, tx, connectionID, "resume", func(q *bun.UpdateQuery) *bun.UpdateQuery {
		return q.Set("state = ?, fetch_at = ?, failures = 0, error = ''", On, tx.Now()).Where("state IN (?, ?)", Paused, Broken)
	})
}

// Disconnect takes an account away: its secrets are erased, its network can bring nothing more, and what it
// brought that was not understood yet is thrown away.
func Disconnect(ctx context.Context, tx Tx, connectionID int64) error {
	err := change(ctx, tx, connectionID, "disconnect", func(q *bun.UpdateQuery) *bun.UpdateQuery {
		return q.Set("state = ?, secrets = ?, hook = '', error = '', failures = 0", Removed, []byte{}).
			Set("secrets_version = secrets_version + 1, renewing_until = NULL, fence = fence + 1, lease_until = NULL")
	})
	if err != nil {
		return err
	}
	if _, err := tx.NewDelete().Table("examinations").Where("connection_id = ?", connectionID).Exec(ctx); err != nil {
		return fmt.Errorf("forget how connection %d stood: %w", connectionID, err)
	}
	if _, err := tx.NewDelete().Table("deliveries").Where("connection_id = ? AND state = ?", connectionID, broughtWaiting).Exec(ctx); err != nil {
		return fmt.Errorf("throw away what connection %d was brought: %w", connectionID, err)
	}
	return nil
}

func change(ctx context.Context, tx Tx, connectionID int64, doing string, how func(*bun.UpdateQuery) *bun.UpdateQuery) error {
	if _, err := how(tx.NewUpdate().Model((*Connection)(nil)).Where("id = ?", connectionID)).Exec(ctx); err != nil {
		return fmt.Errorf("%s connection %d: %w", doing, connectionID, err)
	}
	return nil
}
