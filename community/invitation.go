package community

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// Invitation is a way in for one person, which works once. Who comes by it does not wait for vetting:
// the first test they pass makes them a member.
type Invitation struct {
	bun.BaseModel `bun:"table:invitations,alias:invitation"`

	ID        int64 `bun:",pk,autoincrement"`
	BrandID   int64
	Hash      string // of the secret, which is stored nowhere
	Name      string
	Note      string  // to the person, may be empty
	Topics    []int64 `bun:"type:text"` // suggested
	Proven    []int64 `bun:"type:text"` // in which they have helped in public: they count as passed
	Level     int     // of trust to begin with, 1 or 2
	AccountID int64   `bun:",nullzero"` // the customer who was found helping others
	MadeBy    int64
	CreatedAt clock.Time
	ExpiresAt clock.Time
	UsedAt    clock.Time `bun:",nullzero"`
	RevokedAt clock.Time `bun:",nullzero"`
}

// InvitationLife is how long an invitation works.
const InvitationLife = 14 * 24 * time.Hour

const longestGreeting = 1000 // characters

// Live tells whether an invitation still works.
func (i *Invitation) Live(now clock.Time) bool {
	return i.UsedAt == 0 && i.RevokedAt == 0 && i.ExpiresAt > now
}

// Invite makes an invitation and returns its secret, the only time it can be read.
func Invite(ctx context.Context, tx Tx, by *Member, i Invitation) (secret string, _ Invitation, err error) {
	if !by.Role.Employee() || by.State != Active {
		return "", i, ErrNotAllowed
	}
	i.Name, i.Note = strings.TrimSpace(i.Name), strings.TrimSpace(i.Note)
	switch {
	case i.Name == "" || !oneLine(i.Name, longestPublicName):
		return "", i, &Invalid{"name", "say in at most 60 characters whom you invite"}
	case !Storable(i.Note) || utf8.RuneCountInString(i.Note) > longestGreeting:
		return "", i, &Invalid{"note", "a note has at most 1,000 characters"}
	case i.Level < 1 || i.Level > 2:
		return "", i, &Invalid{"level", "an invitation leads to level 1 or 2"}
	}
	topics, err := Topics(ctx, tx, by.BrandID)
	if err != nil {
		return "", i, err
	}
	for _, id := range slices.Concat(i.Topics, i.Proven) {
		if !slices.ContainsFunc(topics, func(t Topic) bool { return t.ID == id }) {
			return "", i, &Invalid{"topics", "there is no such topic"}
		}
	}
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	secret = base64.RawURLEncoding.EncodeToString(b)
	i.BrandID, i.MadeBy, i.Hash = by.BrandID, by.ID, hashOf(secret)
	i.CreatedAt, i.ExpiresAt = tx.Now(), tx.Now().Add(InvitationLife)
	if _, err := tx.NewInsert().Model(&i).Exec(ctx); err != nil {
		return "", i, fmt.Errorf("invite somebody: %w", err)
	}
	return secret, i, record(ctx, tx, Activity{BrandID: i.BrandID, ActorID: by.ID, Kind: InvitationMade, Lane: Staff, Detail: Detail{Text: i.Name}})
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// FindInvitation reads a live invitation by its secret; ErrInvitation for any other.
func FindInvitation(ctx context.Context, db bun.IDB, secret string, now clock.Time) (Invitation, error) {
	var all []Invitation
	if err := db.NewSelect().Model(&all).Where("hash = ?", hashOf(secret)).Scan(ctx); err != nil {
		return Invitation{}, fmt.Errorf("find an invitation: %w", err)
	}
	if len(all) == 0 || !all[0].Live(now) {
		return Invitation{}, ErrInvitation
	}
	return all[0], nil
}

// use makes an invitation worth nothing more: of many who try at once one gets it.
func (i *Invitation) use(ctx context.Context, tx Tx) error {
	res, err := tx.NewUpdate().Model((*Invitation)(nil)).Set("used_at = ?", tx.Now()).
		Where("id = ? AND used_at IS NULL AND revoked_at IS NULL AND expires_at > ?", i.ID, tx.Now()).Exec(ctx)
	if err != nil {
		return fmt.Errorf("use invitation %d: %w", i.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return ErrInvitation
	}
	return nil
}

// Invitations reads a brand's latest invitations, newest first.
func Invitations(ctx context.Context, db bun.IDB, by *Member, most int) ([]Invitation, error) {
	var all []Invitation
	if err := db.NewSelect().Model(&all).Where("brand_id = ?", by.BrandID).Order("id DESC").Limit(int64(most)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("list the invitations of brand %d: %w", by.BrandID, err)
	}
	return all, nil
}

// RevokeInvitation ends an invitation that nobody has used yet.
func RevokeInvitation(ctx context.Context, tx Tx, by *Member, id int64) error {
	if !by.Role.Employee() {
		return ErrNotAllowed
	}
	var i Invitation
	if err := tx.NewSelect().Model(&i).Where("id = ? AND brand_id = ?", id, by.BrandID).Scan(ctx); err != nil {
		return fmt.Errorf("find invitation %d: %w", id, err)
	}
	res, err := tx.NewUpdate().Model(&i).Set("revoked_at = ?", tx.Now()).Where("id = ? AND used_at IS NULL AND revoked_at IS NULL", id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("revoke invitation %d: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return ErrChanged
	}
	return record(ctx, tx, Activity{BrandID: by.BrandID, ActorID: by.ID, Kind: InvitationRevoked, Lane: Staff, Detail: Detail{Text: i.Name}})
}
