package community

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// Member is a person's part in one brand.
type Member struct {
	bun.BaseModel `bun:"table:members,alias:member"`

	ID         int64 `bun:",pk,autoincrement"`
	BrandID    int64
	PersonID   int64
	Role       Role
	State      MemberState
	Trust      int        // 0 applicant … 4 guide; what an advocate may do, never points
	PublicName string     // what others see
	SignOff    string     // how an answer of theirs ends, may be empty
	Languages  []string   `bun:"type:text"` // en, vi
	Topics     []int64    `bun:"type:text"` // ids of the topics they know; every member sees OtherTopic
	Networks   []string   `bun:"type:text"` // on which they answer; none means all
	Handles    Handles    `bun:"type:text"` // their own names on networks
	Hours      Hours      `bun:"type:text"`
	Duty       bool       // asked to review within Hours; only employees are
	Teams      []string   `bun:"type:text"` // of the staff, by name; only employees belong to any
	Pushes     int        // how many matching cases a day their phone may tell of
	SeenAt     clock.Time `bun:",nullzero"` // when they looked at the feed last
	AwaySince  clock.Time `bun:",nullzero"` // the end of the visit before this one
	Shield     bool       // would rather not be asked to answer hostile cases
	Care       bool       // is ready for angry cases; counts only while they are trusted
	Unranked   bool       // would rather not be ranked, nor seen in any ranking

	StateReason    string     // why they are suspended or left, in words for them
	SuspendedUntil clock.Time `bun:",nullzero"` // 0 where somebody must lift it

	CreatedAt clock.Time
}

// Role is what a member is for a brand.
type Role string

// The roles. All but the advocate are employees.
const (
	Advocate  Role = "advocate"
	Moderator Role = "moderator"
	Expert    Role = "expert"
	Admin     Role = "admin"
)

// MemberState tells whether a member takes part.
type MemberState string

// The states of a member.
const (
	Active    MemberState = "active"
	Suspended MemberState = "suspended"
	Alumni    MemberState = "alumni" // left with thanks; keeps what was earned, has no access
)

// Roles lists every role.
var Roles = []Role{Advocate, Moderator, Expert, Admin}

// Employee tells whether the role is one of the brand's own people.
func (r Role) Employee() bool { return r == Moderator || r == Expert || r == Admin }

// DefaultPushes is how many matching cases a day a new member's phone may tell of.
const DefaultPushes = 2

// Lanes are the lanes whose cases the member may see.
func (m *Member) Lanes() []Lane {
	switch {
	case m.Role.Employee():
		return []Lane{Staff, Care, Community}
	case m.Care && m.Trust >= CareTrust:
		return []Lane{Care, Community}
	}
	return []Lane{Community}
}

// MaySee tells whether the member may know of a case at all.
func (m *Member) MaySee(c *Case) bool {
	if m.State != Active || m.BrandID != c.BrandID {
		return false
	}
	return m.Role.Employee() || slices.Contains(m.Lanes(), c.Lane)
}

// MayAnswer tells whether the member may claim and answer a case: an advocate needs trust, and to know
// what it takes; who holds it already goes on, whatever the customer writes next. While a rule holds the case
// nobody may.
func (m *Member) MayAnswer(c *Case) bool {
	if !m.MaySee(c) || c.Hold != "" && c.HolderID != m.ID {
		return false
	}
	return m.Role.Employee() || m.Trust >= 1 && (m.Knows(c) || c.HolderID == m.ID)
}

// AddMember gives a person a part in a brand, or changes the role they have there.
func AddMember(ctx context.Context, tx Tx, m Member) (Member, error) {
	if !slices.Contains(Roles, m.Role) {
		return m, ErrUnknownRole
	}
	if m.PublicName = strings.TrimSpace(m.PublicName); m.PublicName == "" {
		return m, &Invalid{"name", "a member needs a name that others see"}
	}
	m.State, m.Pushes, m.CreatedAt = Active, cmp.Or(m.Pushes, DefaultPushes), tx.Now()
	_, err := tx.NewInsert().Model(&m).
		On("CONFLICT (brand_id, person_id) DO UPDATE").Set("role = EXCLUDED.role, state = EXCLUDED.state").
		Returning("*").Exec(ctx)
	if err != nil {
		return m, fmt.Errorf("add member %s: %w", m.PublicName, err)
	}
	return m, record(ctx, tx, Activity{BrandID: m.BrandID, Kind: MemberAdded, Detail: Detail{Member: m.ID, Text: string(m.Role)}})
}

// MembersOf reads a person's parts in brands, oldest first.
func MembersOf(ctx context.Context, db bun.IDB, personID int64) ([]Member, error) {
	var all []Member
	if err := db.NewSelect().Model(&all).Where("person_id = ?", personID).Order("id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("find the memberships of person %d: %w", personID, err)
	}
	return all, nil
}

// Members reads a brand's members by id.
func Members(ctx context.Context, db bun.IDB, brandID int64) (map[int64]Member, error) {
	var all []Member
	if err := db.NewSelect().Model(&all).Where("brand_id = ?", brandID).Scan(ctx); err != nil {
		return nil, fmt.Errorf("list members of brand %d: %w", brandID, err)
	}
	byID := make(map[int64]Member, len(all))
	for _, m := range all {
		byID[m.ID] = m
	}
	return byID, nil
}

func byPublicName(a, b Member) int {
	return cmp.Or(strings.Compare(a.PublicName, b.PublicName), cmp.Compare(a.ID, b.ID))
}

func findMember(ctx context.Context, db bun.IDB, id int64) (Member, error) {
	var m Member
	if err := db.NewSelect().Model(&m).Where("id = ?", id).Scan(ctx); err != nil {
		return m, fmt.Errorf("find member %d: %w", id, err)
	}
	return m, nil
}

// by is the member an activity is put down to; nobody for what rules and networks do.
func by(m *Member) int64 {
	if m == nil {
		return 0
	}
	return m.ID
}
