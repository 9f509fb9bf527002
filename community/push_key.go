package community

import (
	"context"
	"fmt"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/uptrace/bun"
)

// PushKey is the pair by which push services know this installation.
type PushKey struct {
	Public  string
	Private string
}

type pushKeyRow struct {
	bun.BaseModel `bun:"table:push_keys"`

	ID        int64 `bun:",pk"`
	Public    string
	Sealed    []byte
	CreatedAt clock.Time
}

// pushKeyBound is what the sealed half is bound to: its row.
const pushKeyBound = "push_keys:1"

// FindPushKey reads the pair; a pair without a public half if there is none yet.
func FindPushKey(ctx context.Context, db bun.IDB, keys *listeners.Keyring) (PushKey, error) {
	var rows []pushKeyRow
	if err := db.NewSelect().Model(&rows).Where("id = 1").Scan(ctx); err != nil {
		return PushKey{}, fmt.Errorf("read the push key: %w", err)
	}
	if len(rows) == 0 {
		return PushKey{}, nil
	}
	private, err := keys.Open(rows[0].Sealed, pushKeyBound)
	if err != nil {
		return PushKey{}, fmt.Errorf("open the push key: %w", err)
	}
	return PushKey{rows[0].Public, string(private)}, nil
}

// KeepPushKey stores a pair, sealed, unless another process was quicker.
func KeepPushKey(ctx context.Context, tx Tx, keys *listeners.Keyring, k PushKey) error {
	sealed, err := keys.Seal([]byte(k.Private), pushKeyBound)
	if err != nil {
		return err
	}
	row := pushKeyRow{ID: 1, Public: k.Public, Sealed: sealed, CreatedAt: tx.Now()}
	if _, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("store the push key: %w", err)
	}
	return nil
}
