package community

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/kith-social/kith/listeners"
)

// StopSending holds at once everything that leaves through a connection, or for 0 through any connection
// of the brand, and ResumeSending lets it go on. What is heard goes on all the while.
func StopSending(ctx context.Context, tx Tx, m *Member, connectionID int64) error {
	return switchSending(ctx, tx, m, connectionID, SendingStopped)
}

// ResumeSending ends what StopSending began.
func ResumeSending(ctx context.Context, tx Tx, m *Member, connectionID int64) error {
	return switchSending(ctx, tx, m, connectionID, SendingResumed)
}

func switchSending(ctx context.Context, tx Tx, m *Member, connectionID int64, to Kind) (err error) {
	if !m.Role.Employee() {
		return ErrNotAllowed
	}
	var changed bool
	var detail Detail
	if connectionID == 0 {
		changed, err = listeners.StopBrand(ctx, tx, m.BrandID, to == SendingStopped)
	} else {
		conn, err := listeners.FindConnection(ctx, tx, connectionID)
		if err != nil {
			return err
		}
		if conn.BrandID != m.BrandID {
			return fmt.Errorf("find connection %d: %w", connectionID, sql.ErrNoRows)
		}
		detail = Detail{Text: conn.Handle, Rule: conn.Network}
		if changed, err = listeners.Stop(ctx, tx, m.BrandID, connectionID, to == SendingStopped); err != nil {
			return err
		}
	}
	if err != nil || !changed {
		return err
	}
	return record(ctx, tx, Activity{BrandID: m.BrandID, ActorID: m.ID, Kind: to, Lane: Staff, Detail: detail})
}
