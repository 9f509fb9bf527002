package access

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
)

// Person is somebody who can sign in. What they are for a brand is their Member.
type Person struct {
	bun.BaseModel `bun:"table:persons"`

	ID           int64 `bun:",pk,autoincrement"`
	Email        string
	Name         string
	Language     string // en or vi
	PasswordHash string // "" for who signs in by link only
	Epoch        int64  // rises when every session of the person must end
	CreatedAt    clock.Time
}

// LogValue keeps who it is out of logs.
func (p Person) LogValue() slog.Value { return slog.Int64Value(p.ID) }

const (
	longestEmail = 254 // of RFC 5321
	longestName  = 100 // characters
)

// AddPerson stores a person, or finds the one with this address, who stays as they are. A name is
// made of the address where none is given.
func AddPerson(ctx context.Context, tx Tx, p Person) (Person, error) {
	var err error
	if p.Email, err = normalEmail(p.Email); err != nil {
		return p, err
	}
	if p.Name = strings.TrimSpace(p.Name); p.Name == "" {
		p.Name, _, _ = strings.Cut(p.Email, "@")
	}
	if utf8.RuneCountInString(p.Name) > longestName || strings.ContainsFunc(p.Name, func(r rune) bool { return r < ' ' || r == utf8.RuneError }) {
		return p, &community.Invalid{Field: "name", Sentence: "a name has at most 100 characters on one line"}
	}
	switch p.Language {
	case "":
		p.Language = "en"
	case "en", "vi":
	default:
		return p, &community.Invalid{Field: "language", Sentence: "the languages are en and vi"}
	}
	p.ID, p.PasswordHash, p.Epoch, p.CreatedAt = 0, "", 1, tx.Now()
	_, err = tx.NewInsert().Model(&p).On("CONFLICT (email) DO UPDATE").Set("email = EXCLUDED.email").Returning("*").Exec(ctx)
	if err != nil {
		return p, fmt.Errorf("add a person: %w", err)
	}
	return p, nil
}

// normalEmail gives the one spelling under which an address is stored and looked up.
func normalEmail(text string) (string, error) {
	bad := &community.Invalid{Field: "email", Sentence: "this is not an e-mail address"}
	text = strings.ToLower(strings.TrimSpace(text))
	if len(text) > longestEmail || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", bad // other scripts can look like the same address
	}
	a, err := mail.ParseAddress(text)
	if err != nil || a.Address != text || a.Name != "" {
		return "", bad
	}
	return text, nil
}

// FindPerson reads a person by address; sql.ErrNoRows if there is none.
func FindPerson(ctx context.Context, read bun.IDB, email string) (Person, error) {
	var p Person
	email, err := normalEmail(email)
	if err != nil {
		return p, err
	}
	if err := read.NewSelect().Model(&p).Where("email = ?", email).Scan(ctx); err != nil {
		return p, fmt.Errorf("find a person by address: %w", err)
	}
	return p, nil
}

// PersonByID reads a person; sql.ErrNoRows if there is none.
func PersonByID(ctx context.Context, read bun.IDB, id int64) (Person, error) {
	var p Person
	if err := read.NewSelect().Model(&p).Where("id = ?", id).Scan(ctx); err != nil {
		return p, fmt.Errorf("find person %d: %w", id, err)
	}
	return p, nil
}

// SetLanguage changes the language in which a person is spoken to.
func SetLanguage(ctx context.Context, tx Tx, personID int64, language string) error {
	if language != "en" && language != "vi" {
		return &community.Invalid{Field: "language", Sentence: "the languages are en and vi"}
	}
	return changePerson(ctx, tx, personID, "language = ?", language)
}

// SignOutEverywhere ends every session of a person, at once. Tokens of programs stay; RevokeTokens
// ends those, and whoever loses their place needs both.
func SignOutEverywhere(ctx context.Context, tx Tx, personID int64) error {
	return changePerson(ctx, tx, personID, "epoch = epoch + 1")
}

func changePerson(ctx context.Context, tx Tx, id int64, set string, args ...any) error {
	res, err := tx.NewUpdate().Model((*Person)(nil)).Set(set, args...).Where("id = ?", id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("change person %d: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, fmt.Errorf("change person %d: %w", id, sql.ErrNoRows))
	}
	return nil
}
