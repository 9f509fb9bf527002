package listeners

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// DeadLetter is what could not be understood, as it came.
type DeadLetter struct {
	bun.BaseModel `bun:"table:dead_letters"`

	ID           int64 `bun:",pk,autoincrement"`
	ConnectionID int64
	NativeID     string // of the delivery that brought it; "" where it came with a page that was read
	Headers      string // of the delivery, as JSON
	Raw          []byte
	Reason       string
	CreatedAt    clock.Time
}

// ErrNotBrought is told to who would try a dead letter again that nobody brought.
var ErrNotBrought = errors.New("this came with a page that was read; it comes again when the network shows it again")

// keepLetters is how long dead letters wait for somebody to look at them.
const keepLetters = 30 * 24 * time.Hour

// DeadLetters lists what a connection could not understand, latest first.
func DeadLetters(ctx context.Context, db bun.IDB, connectionID int64, most int) ([]DeadLetter, error) {
	var all []DeadLetter
	err := db.NewSelect().Model(&all).Where("connection_id = ?", connectionID).Order("id DESC").Limit(int64(most)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the dead letters of connection %d: %w", connectionID, err)
	}
	return all, nil
}

// RetryLetter lets a delivery be decoded again, as if it had just been brought. sql.ErrNoRows if the
// connection has no such dead letter, ErrNotBrought where there is nothing to decode again.
func RetryLetter(ctx context.Context, tx Tx, connectionID, id int64) error {
	var l DeadLetter
	if err := tx.NewSelect().Model(&l).Where("id = ? AND connection_id = ?", id, connectionID).Scan(ctx); err != nil {
		return fmt.Errorf("find dead letter %d: %w", id, err)
	}
	if l.NativeID == "" {
		return ErrNotBrought
	}
	d := Brought{ConnectionID: connectionID, NativeID: l.NativeID, Headers: l.Headers, Body: l.Raw, State: broughtWaiting, DueAt: tx.Now(), CreatedAt: tx.Now()}
	_, err := tx.NewInsert().Model(&d).On("CONFLICT (connection_id, native_id) DO UPDATE").
		Set("headers = EXCLUDED.headers, body = EXCLUDED.body, state = EXCLUDED.state, tries = 0, due_at = EXCLUDED.due_at, error = ''").Exec(ctx)
	if err != nil {
		return fmt.Errorf("try dead letter %d again: %w", id, err)
	}
	return DismissLetter(ctx, tx, connectionID, id)
}

// DismissLetter deletes a dead letter; sql.ErrNoRows if the connection has no such.
func DismissLetter(ctx context.Context, tx Tx, connectionID, id int64) error {
	res, err := tx.NewDelete().Model((*DeadLetter)(nil)).Where("id = ? AND connection_id = ?", id, connectionID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("dismiss dead letter %d: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return fmt.Errorf("dismiss dead letter %d: %w", id, errors.Join(err, sql.ErrNoRows))
	}
	return nil
}

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
