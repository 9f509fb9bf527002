package community

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

// longestStopWhy bounds what is said of a stop, in characters.
const longestStopWhy = 300

// StopSending holds at once everything that leaves through a connection, or for 0 through any connection
// of the brand; why is shown to every member and may be "". ResumeSending lets it go on. What is heard goes
// on all the while.
func StopSending(ctx context.Context, tx Tx, m *Member, connectionID int64, why string) error {
	if why = strings.TrimSpace(why); utf8.RuneCountInString(why) > longestStopWhy || !Storable(why) {
		return &Invalid{"why", "this reason is too long"}
	}
	return switchSending(ctx, tx, m, connectionID, Activity{Kind: SendingStopped, Detail: Detail{Why: why}},
		func() (bool, error) { return listeners.StopBrand(ctx, tx, m.BrandID, m.ID, why) },
		func() (bool, error) { return listeners.Stop(ctx, tx, m.BrandID, connectionID, m.ID, why) })
}

// ResumeSending ends what StopSending began.
func ResumeSending(ctx context.Context, tx Tx, m *Member, connectionID int64) error {
	return switchSending(ctx, tx, m, connectionID, Activity{Kind: SendingResumed},
		func() (bool, error) { return listeners.RestartBrand(ctx, tx, m.BrandID) },
		func() (bool, error) { return listeners.Restart(ctx, tx, m.BrandID, connectionID) })
}

func switchSending(ctx context.Context, tx Tx, m *Member, connectionID int64, told Activity, brand, connection func() (bool, error)) error {
	if !m.Role.Employee() {
		return ErrNotAllowed
	}
	do := brand
	if connectionID != 0 {
		conn, err := listeners.FindConnection(ctx, tx, connectionID)
		if err != nil {
			return err
		}
		if conn.BrandID != m.BrandID {
			return fmt.Errorf("find connection %d: %w", connectionID, sql.ErrNoRows)
		}
		do, told.Detail.Text, told.Detail.Rule = connection, conn.Handle, conn.Network
	}
	if changed, err := do(); err != nil || !changed {
		return err
	}
	told.BrandID, told.ActorID, told.Lane = m.BrandID, m.ID, Staff
	return record(ctx, tx, told)
}

// Stop is one switch by which nothing leaves.
type Stop struct {
	At      clock.Time
	By      string // the public name of who did it; "" for the operator
	Why     string
	Network string // with Account the connection that is stopped; "" for all of the brand
	Account string
}

// Stops reads what somebody has stopped of what leaves a brand: all of it first, then connections.
func Stops(ctx context.Context, db bun.IDB, brandID int64) ([]Stop, error) {
	var rows []struct {
		Network, NativeID, Handle string
		StoppedAt                 clock.Time
		StoppedBy, StoppedWhy     string
		ID                        int64
	}
	err := db.NewRaw(`SELECT '' AS network, '' AS native_id, '' AS handle, b.stopped_at, COALESCE(m.public_name, '') AS stopped_by, b.stopped_why, 0 AS id
		FROM brands AS b LEFT JOIN members AS m ON m.id = b.stopped_by WHERE b.id = ? AND b.stopped_at IS NOT NULL
		UNION ALL SELECT c.network, c.native_id, c.handle, c.stopped_at, COALESCE(m.public_name, ''), c.stopped_why, c.id
		FROM connections AS c LEFT JOIN members AS m ON m.id = c.stopped_by WHERE c.brand_id = ? AND c.stopped_at IS NOT NULL AND c.state <> ?
		ORDER BY id`, brandID, brandID, listeners.Removed).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("read what is stopped of brand %d: %w", brandID, err)
	}
	stops := make([]Stop, len(rows))
	for i, r := range rows {
		conn := listeners.Connection{Network: r.Network, NativeID: r.NativeID, Handle: r.Handle}
		stops[i] = Stop{r.StoppedAt, r.StoppedBy, r.StoppedWhy, r.Network, conn.Title()}
	}
	return stops, nil
}
