package community

import (
	"context"
	"database/sql"

	"github.com/kith-social/kith/listeners"
	"github.com/uptrace/bun"
)

// ConnectionOf reads a connection of the member's brand.
func ConnectionOf(ctx context.Context, db bun.IDB, m *Member, id int64) (listeners.Connection, error) {
	c, err := listeners.FindConnection(ctx, db, id)
	if err == nil && c.BrandID != m.BrandID {
		err = sql.ErrNoRows
	}
	return c, err
}

// ChangeConnection does something to a connection of the member's brand, and writes it into the history:
// what was done, and before and after of what was changed, where there is such a thing.
func ChangeConnection(ctx context.Context, tx Tx, m *Member, id int64, what, before, after string, do func(context.Context, listeners.Tx, int64) error) error {
	c, err := ConnectionOf(ctx, tx, m, id)
	if err != nil {
		return err
	}
	if err := do(ctx, tx, id); err != nil {
		return err
	}
	return recordConnection(ctx, tx, m, c, Detail{Rule: what, Before: before, Text: after})
}

// NoteConnected writes into the history that a member connected an account, or renewed its secrets.
func NoteConnected(ctx context.Context, tx Tx, m *Member, c listeners.Connection) error {
	return recordConnection(ctx, tx, m, c, Detail{Rule: "connected"})
}

func recordConnection(ctx context.Context, tx Tx, m *Member, c listeners.Connection, d Detail) error {
	d.Account = c.Network + ":" + c.Handle
	return record(ctx, tx, Activity{BrandID: m.BrandID, ActorID: m.ID, Kind: ConnectionChanged, Lane: Staff, Detail: d})
}
