package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
)

// LinkLife is how long a sign-in link works where nothing else is asked for.
const LinkLife = 15 * time.Minute

// signInLink is stored by hash only: whoever reads the database cannot sign in with it.
type signInLink struct {
	bun.BaseModel `bun:"table:sign_in_links"`

	Hash      string `bun:",pk"`
	PersonID  int64
	CreatedAt clock.Time
	ExpiresAt clock.Time
	UsedAt    clock.Time `bun:",nullzero"`
}

// Link is a sign-in link to be made.
type Link struct {
	PersonID int64
	Life     time.Duration // 0 = LinkLife
	Newest   bool          // links made before stop working
}

// AddLink makes a secret that signs the person in once and returns it; only its hash is stored.
func AddLink(ctx context.Context, tx Tx, l Link) (secret string, err error) {
	if l.Newest {
		_, err := tx.NewDelete().Model((*signInLink)(nil)).Where("person_id = ? AND used_at IS NULL", l.PersonID).Exec(ctx)
		if err != nil {
			return "", fmt.Errorf("end older links of person %d: %w", l.PersonID, err)
		}
	}
	if l.Life == 0 {
		l.Life = LinkLife
	}
	secret = newSecret()
	row := signInLink{Hash: hashSecret(secret), PersonID: l.PersonID, CreatedAt: tx.Now(), ExpiresAt: tx.Now().Add(l.Life)}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return "", fmt.Errorf("make a link for person %d: %w", l.PersonID, err)
	}
	return secret, nil
}

// LookAtLink tells whose link it is without using it up, for the page that asks before it signs in:
// scanners of mail open links too. ErrLink if it would not work.
func (g *Guard) LookAtLink(ctx context.Context, secret string) (Person, error) {
	if !wellFormed(secret) {
		return Person{}, ErrLink
	}
	var links []signInLink
	err := g.Read.NewSelect().Model(&links).
		Where("hash = ? AND used_at IS NULL AND expires_at > ?", hashSecret(secret), g.Now()).Scan(ctx)
	if err != nil {
		return Person{}, fmt.Errorf("look at a link: %w", err)
	}
	if len(links) == 0 {
		return Person{}, ErrLink
	}
	return PersonByID(ctx, g.Read, links[0].PersonID)
}

// useLink is the one statement that uses a link up: of many who try at once one gets it.
func useLink(ctx context.Context, tx Tx, secret string) (Person, error) {
	if !wellFormed(secret) {
		return Person{}, ErrLink
	}
	var used []signInLink
	_, err := tx.NewUpdate().Model(&used).Set("used_at = ?", tx.Now()).
		Where("hash = ? AND used_at IS NULL AND expires_at > ?", hashSecret(secret), tx.Now()).Returning("*").Exec(ctx)
	if err != nil {
		return Person{}, fmt.Errorf("use a link: %w", err)
	}
	if len(used) == 0 {
		return Person{}, ErrLink
	}
	return PersonByID(ctx, tx, used[0].PersonID)
}

const secretBytes = 32

var secretCode = base64.RawURLEncoding.Strict()

// newSecret is 256 random bits as text.
func newSecret() string {
	b := make([]byte, secretBytes)
	_, _ = rand.Read(b) // never fails
	return secretCode.EncodeToString(b)
}

func wellFormed(secret string) bool {
	b, err := secretCode.DecodeString(secret)
	return err == nil && len(b) == secretBytes && secretCode.EncodeToString(b) == secret
}

func hashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
