package access

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
)

// Scope is how far a token reaches, never further than its person.
type Scope string

// The scopes.
const (
	Read  Scope = "read"  // GET
	Write Scope = "write" // everything else
)

// Token lets a program act as a person. What the program shows is stored by hash only.
type Token struct {
	bun.BaseModel `bun:"table:api_tokens"`

	ID        int64 `bun:",pk,autoincrement"`
	PersonID  int64
	Name      string // what it is for
	Hash      string
	Scopes    []Scope `bun:"type:text"`
	CreatedAt clock.Time
	ExpiresAt clock.Time `bun:",nullzero"` // never if 0
	UsedAt    clock.Time `bun:",nullzero"` // to the minute
	RevokedAt clock.Time `bun:",nullzero"`
}

// tokenMark begins every token, so that scanners recognise one that leaked.
const tokenMark = "kith_"

// usedWithin is how exactly the last use of a token is known; noting each would write at every read.
const usedWithin = time.Minute

// AddToken stores a token for t.PersonID with t.Name, t.Scopes and t.ExpiresAt and returns what the
// program shows; nobody can read it again.
func AddToken(ctx context.Context, tx Tx, t Token) (shown string, stored Token, err error) {
	if t.Name = strings.TrimSpace(t.Name); t.Name == "" || utf8.RuneCountInString(t.Name) > longestName {
		return "", t, &community.Invalid{Field: "name", Sentence: "say in at most 100 characters what the token is for"}
	}
	if len(t.Scopes) == 0 || slices.ContainsFunc(t.Scopes, func(s Scope) bool { return s != Read && s != Write }) {
		return "", t, &community.Invalid{Field: "scopes", Sentence: "the scopes are read and write"}
	}
	secret := newSecret()
	t.ID, t.Hash, t.CreatedAt, t.UsedAt, t.RevokedAt = 0, hashSecret(secret), tx.Now(), 0, 0
	if _, err := tx.NewInsert().Model(&t).Exec(ctx); err != nil {
		return "", t, fmt.Errorf("add a token for person %d: %w", t.PersonID, err)
	}
	return tokenMark + secret, t, nil
}

// Tokens reads a person's tokens that were not revoked, oldest first.
func Tokens(ctx context.Context, read bun.IDB, personID int64) ([]Token, error) {
	var all []Token
	if err := read.NewSelect().Model(&all).Where("person_id = ? AND revoked_at IS NULL", personID).Order("id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list the tokens of person %d: %w", personID, err)
	}
	return all, nil
}

// RevokeToken ends one of a person's tokens at once; sql.ErrNoRows if it is not theirs.
func RevokeToken(ctx context.Context, tx Tx, personID, id int64) error {
	n, err := revoke(ctx, tx, "person_id = ? AND id = ?", personID, id)
	if err == nil && n == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		return fmt.Errorf("revoke token %d: %w", id, err)
	}
	return nil
}

// RevokeTokens ends all of a person's tokens at once.
func RevokeTokens(ctx context.Context, tx Tx, personID int64) error {
	if _, err := revoke(ctx, tx, "person_id = ?", personID); err != nil {
		return fmt.Errorf("revoke the tokens of person %d: %w", personID, err)
	}
	return nil
}

func revoke(ctx context.Context, tx Tx, where string, args ...any) (int64, error) {
	res, err := tx.NewUpdate().Model((*Token)(nil)).Set("revoked_at = ?", tx.Now()).
		Where("revoked_at IS NULL").Where(where, args...).Exec(ctx)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// findToken reads the token that a program shows and notes the use; ErrToken if it does not count.
func (g *Guard) findToken(ctx context.Context, shown string) (Token, error) {
	secret, ok := strings.CutPrefix(shown, tokenMark)
	if !ok || !wellFormed(secret) {
		return Token{}, ErrToken
	}
	now := g.Now()
	var all []Token
	err := g.Read.NewSelect().Model(&all).
		Where("hash = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)", hashSecret(secret), now).Scan(ctx)
	if err != nil {
		return Token{}, fmt.Errorf("find a token: %w", err)
	}
	if len(all) == 0 {
		return Token{}, ErrToken
	}
	t := all[0]
	if t.UsedAt > now.Add(-usedWithin) {
		return t, nil
	}
	return t, g.Transact(ctx, func(ctx context.Context, tx Tx) error {
		_, err := tx.NewUpdate().Model((*Token)(nil)).Set("used_at = ?", now).
			Where("id = ? AND (used_at IS NULL OR used_at <= ?)", t.ID, now.Add(-usedWithin)).Exec(ctx)
		return err
	})
}
