package community

import (
	"context"
	"fmt"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// Presence is one member who has a case open now.
type Presence struct {
	bun.BaseModel `bun:"table:presence,alias:p"`

	CaseID   int64 `bun:",pk"`
	MemberID int64 `bun:",pk"`
	Kind     PresenceKind
	Until    clock.Time
}

// PresenceKind is what somebody does with a case.
type PresenceKind string

// The kinds; their words stand in the catalogs as "presence.<kind>".
const (
	Reading PresenceKind = "reading"
	Writing PresenceKind = "writing"
)

const (
	// PresenceEvery is how often an open page says that somebody is there.
	PresenceEvery = 20 * time.Second
	// presenceLife outlives one word that is lost on the way.
	presenceLife = 2*PresenceEvery + 10*time.Second
	// renewBelow is what is left of a lease when a sign of life renews it: not each one writes.
	renewBelow = Lease - time.Minute
)

// Present notes that a member has a case open. Who holds it, and has just moved, keeps the claim.
func Present(ctx context.Context, tx Tx, m *Member, caseID int64, kind PresenceKind, moved bool) (Case, error) {
	c, err := FindCase(ctx, tx, m, caseID)
	if err != nil {
		return c, err
	}
	if kind != Reading && kind != Writing {
		return c, &Invalid{"kind", "this form cannot be read"}
	}
	p := Presence{CaseID: c.ID, MemberID: m.ID, Kind: kind, Until: tx.Now().Add(presenceLife)}
	_, err = tx.NewInsert().Model(&p).On("CONFLICT (case_id, member_id) DO UPDATE").
		Set("kind = EXCLUDED.kind, until = EXCLUDED.until").
		Where("p.kind <> EXCLUDED.kind OR p.until <= ?", tx.Now().Add(presenceLife-PresenceEvery/2)).Exec(ctx)
	if err != nil {
		return c, fmt.Errorf("note who is at case %d: %w", caseID, err)
	}
	if moved && c.HeldBy(m, tx.Now()) && c.HeldUntil.Sub(tx.Now()) < renewBelow {
		return ClaimCase(ctx, tx, m, caseID)
	}
	return c, nil
}

// Others reads who else has a case open, those who write first.
func Others(ctx context.Context, db bun.IDB, m *Member, caseID int64, now clock.Time) ([]Presence, error) {
	var all []Presence
	err := db.NewSelect().Model(&all).Where("p.case_id = ? AND p.member_id <> ? AND p.until > ?", caseID, m.ID, now).
		Order("p.kind DESC", "p.member_id").Limit(20).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read who is at case %d: %w", caseID, err)
	}
	return all, nil
}

// ForgetPresence deletes what is known of people who have left.
func ForgetPresence(ctx context.Context, tx Tx) error {
	_, err := tx.NewDelete().Table("presence").Where("until <= ?", tx.Now()).Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget who has left: %w", err)
	}
	return nil
}

// PresenceOver tells, without writing, whether ForgetPresence has something to do.
func PresenceOver(ctx context.Context, db bun.IDB, now clock.Time) (bool, error) {
	return db.NewSelect().Table("presence").Where("until <= ?", now).Exists(ctx)
}
