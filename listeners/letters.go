package listeners

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"
	"unicode"

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

// ErrNotBrought is told to who would try a dead letter again that nobody brought, of a network that does not
// tell what has passed.
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

// LetterInShort is a dead letter without most of its bytes.
type LetterInShort struct {
	ID        int64
	Brought   bool // by the network; else it came with a page that was read
	Begins    []byte
	Size      int64 // of the whole, in bytes
	Reason    string
	CreatedAt clock.Time
}

// beginning is how much of a dead letter is read to be shown, in bytes.
const beginning = 8 << 10

// LettersInShort lists what a connection could not understand, latest first, each with its beginning.
func LettersInShort(ctx context.Context, db bun.IDB, connectionID int64, most int) ([]LetterInShort, error) {
	var all []LetterInShort
	err := db.NewSelect().Table("dead_letters").
		ColumnExpr("id, native_id <> '' AS brought, substr(raw, 1, ?) AS begins, length(raw) AS size, reason, created_at", beginning).
		Where("connection_id = ?", connectionID).Order("id DESC").Limit(int64(most)).Scan(ctx, &all)
	if err != nil {
		return nil, fmt.Errorf("list the dead letters of connection %d: %w", connectionID, err)
	}
	return all, nil
}

// leastSecret is the length from which a secret would be recognised as one.
const leastSecret = 4

// Show writes the beginning of a dead letter as text that can be shown: at most so many characters, without
// the connection's secrets and without what a terminal or a page might obey.
func (l *LetterInShort) Show(secrets map[string]string, most int) string {
	secrets = maps.Clone(secrets)
	maps.DeleteFunc(secrets, func(_, secret string) bool { return len(secret) < leastSecret })
	text := Scrub(errors.New(strings.ToValidUTF8(string(l.Begins), "\uFFFD")), secrets).Error()
	shown := []rune(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' || unicode.In(r, unicode.Bidi_Control) {
			return '·'
		}
		return r
	}, text))
	if len(shown) > most || int64(len(l.Begins)) < l.Size {
		return string(shown[:min(most, len(shown))]) + "…"
	}
	return string(shown)
}

// readLate is how long before it was read what came with a page may have been written.
const readLate = 2 * time.Hour

// RetryLetter lets a dead letter be read again: a delivery is decoded as if it had just been brought; where
// one came with a page and the network tells what has passed, that time is read again. sql.ErrNoRows if the
// connection has no such dead letter, ErrNotBrought where there is nothing to read again.
func RetryLetter(ctx context.Context, tx Tx, connectionID, id int64, past bool) error {
	var l DeadLetter
	if err := tx.NewSelect().Model(&l).Where("id = ? AND connection_id = ?", id, connectionID).Scan(ctx); err != nil {
		return fmt.Errorf("find dead letter %d: %w", id, err)
	}
	switch {
	case l.NativeID == "" && !past:
		return ErrNotBrought
	case l.NativeID == "":
		g := Gap{ConnectionID: connectionID, FromAt: l.CreatedAt.Add(-readLate), ToAt: l.CreatedAt, Source: Unread}
		if err := g.note(ctx, tx); err != nil {
			return err
		}
		if err := lookSoon(ctx, tx, connectionID); err != nil {
			return err
		}
		return DismissLetter(ctx, tx, connectionID, id)
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

// lettersAtOnce bounds how many dead letters are tried again together.
const lettersAtOnce = 200

// RetryLetters is RetryLetter for all of a connection, latest first; what cannot be read again stays.
func RetryLetters(ctx context.Context, tx Tx, connectionID int64, past bool) error {
	var ids []int64
	err := tx.NewSelect().Table("dead_letters").Column("id").Where("connection_id = ?", connectionID).Order("id DESC").Limit(lettersAtOnce).Scan(ctx, &ids)
	if err != nil {
		return fmt.Errorf("list the dead letters of connection %d: %w", connectionID, err)
	}
	for _, id := range ids {
		if err := RetryLetter(ctx, tx, connectionID, id, past); err != nil && !errors.Is(err, ErrNotBrought) {
			return err
		}
	}
	return nil
}

// DismissLetters deletes all dead letters of a connection.
func DismissLetters(ctx context.Context, tx Tx, connectionID int64) error {
	if _, err := tx.NewDelete().Model((*DeadLetter)(nil)).Where("connection_id = ?", connectionID).Exec(ctx); err != nil {
		return fmt.Errorf("dismiss the dead letters of connection %d: %w", connectionID, err)
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
