package community

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// LongestSuspension bounds how long somebody can be told to wait; without an end it lasts until it is
// lifted.
const LongestSuspension = 365 * 24 * time.Hour

// Stake is what a member has under way, which decides what happens when they lose their place: claims
// return to the feed, drafts stay, answers that wait for a review are withdrawn, and what was approved
// still goes out.
type Stake struct {
	Claims   int
	InReview int
	Drafts   int
}

// StakeOf counts what a member has under way.
func StakeOf(ctx context.Context, db bun.IDB, m *Member) (s Stake, err error) {
	claims, err := db.NewSelect().Table("cases").Where("holder_id = ? AND state = 'claimed'", m.ID).Count(ctx)
	if err != nil {
		return s, fmt.Errorf("count the claims of member %d: %w", m.ID, err)
	}
	s.Claims = int(claims)
	var states []struct {
		State AnswerState
		N     int
	}
	err = db.NewSelect().Table("answers").Column("state").ColumnExpr("COUNT(*) AS n").
		Where("member_id = ? AND state IN ('submitted', 'draft', 'returned')", m.ID).Group("state").Scan(ctx, &states)
	if err != nil {
		return s, fmt.Errorf("count the answers of member %d: %w", m.ID, err)
	}
	for _, row := range states {
		if row.State == Submitted {
			s.InReview += row.N
		} else {
			s.Drafts += row.N
		}
	}
	return s, nil
}

// FindMember reads a member of the brand of who asks; sql.ErrNoRows for anybody else's.
func FindMember(ctx context.Context, db bun.IDB, asks *Member, id int64) (Member, error) {
	var m Member
	if err := db.NewSelect().Model(&m).Where("id = ? AND brand_id = ?", id, asks.BrandID).Scan(ctx); err != nil {
		return m, fmt.Errorf("find member %d: %w", id, err)
	}
	return m, nil
}

// MayManage tells whether a member may suspend another, let them go and take them back: staff
// advocates, admins everybody, nobody themselves.
func (m *Member) MayManage(other *Member) bool {
	if m.State != Active || m.BrandID != other.BrandID || m.ID == other.ID {
		return false
	}
	return m.Role == Admin || m.Role.Employee() && !other.Role.Employee()
}

// Suspend takes a member out for a while, 0 until somebody lifts it, at once and with a reason that
// they read.
func Suspend(ctx context.Context, tx Tx, by *Member, memberID int64, reason string, d time.Duration) (Member, error) {
	m, err := managed(ctx, tx, by, memberID)
	switch {
	case err != nil:
		return m, err
	case m.State != Active:
		return m, ErrChanged
	case reason == "" || len(reason) > longestReason:
		return m, &Invalid{"reason", "say in a few plain words why"}
	case d < 0 || d > LongestSuspension:
		return m, &Invalid{"days", "a suspension lasts at most 365 days, or until it is lifted"}
	}
	var until clock.Time
	if d > 0 {
		until = tx.Now().Add(d)
	}
	if err := m.step(ctx, tx, Suspended, reason, until); err != nil {
		return m, err
	}
	if err := giveUp(ctx, tx, by, &m); err != nil {
		return m, err
	}
	return m, record(ctx, tx, Activity{BrandID: m.BrandID, ActorID: by.ID, Kind: MemberSuspended, Lane: Staff, Detail: Detail{Member: m.ID, Text: reason}})
}

// Reinstate makes a suspended member, or one who left, active again.
func Reinstate(ctx context.Context, tx Tx, by *Member, memberID int64) (Member, error) {
	m, err := managed(ctx, tx, by, memberID)
	if err != nil {
		return m, err
	}
	if m.State == Active {
		return m, ErrChanged
	}
	return m, m.reinstate(ctx, tx, by.ID)
}

func (m *Member) reinstate(ctx context.Context, tx Tx, by int64) error {
	if err := m.step(ctx, tx, Active, "", 0); err != nil {
		return err
	}
	if err := record(ctx, tx, Activity{BrandID: m.BrandID, ActorID: by, Kind: MemberReinstated, Lane: Staff, Detail: Detail{Member: m.ID}}); err != nil {
		return err
	}
	return tell(ctx, tx, &Case{BrandID: m.BrandID}, m.ID, MemberReinstated, fmt.Sprintf("reinstated:%d", tx.Now()))
}

// Leave makes an advocate an alumnus: on their own wish, or because staff say so.
func Leave(ctx context.Context, tx Tx, by *Member, memberID int64, reason string) (Member, error) {
	m := *by
	var err error
	if by.ID != memberID {
		m, err = managed(ctx, tx, by, memberID)
	} else if by.Role.Employee() {
		err = ErrNotAllowed // a brand's own people go when an admin says so
	}
	switch {
	case err != nil:
		return m, err
	case m.State == Alumni:
		return m, ErrChanged
	case len(reason) > longestReason:
		return m, &Invalid{"reason", "say in a few plain words why"}
	}
	if err := m.step(ctx, tx, Alumni, reason, 0); err != nil {
		return m, err
	}
	if err := giveUp(ctx, tx, by, &m); err != nil {
		return m, err
	}
	return m, record(ctx, tx, Activity{BrandID: m.BrandID, ActorID: by.ID, Kind: MemberLeft, Lane: Staff, Detail: Detail{Member: m.ID, Text: reason}})
}

// longestReason bounds what staff write about somebody, in bytes.
const longestReason = 2000

// managed reads a member whom another may manage, and keeps others from changing them meanwhile.
func managed(ctx context.Context, tx Tx, by *Member, id int64) (m Member, err error) {
	err = locked(tx, tx.NewSelect().Model(&m).Where("id = ? AND brand_id = ?", id, by.BrandID)).Scan(ctx)
	if err != nil {
		return m, fmt.Errorf("find member %d: %w", id, err)
	}
	if !by.MayManage(&m) {
		return m, ErrNotAllowed
	}
	return m, nil
}

// step stores a new state of a member, if it is still the one that was read.
func (m *Member) step(ctx context.Context, tx Tx, to MemberState, reason string, until clock.Time) error {
	q := tx.NewUpdate().Model((*Member)(nil)).Set("state = ?, state_reason = ?", to, reason).Where("id = ? AND state = ?", m.ID, m.State)
	if until == 0 {
		q = q.Set("suspended_until = NULL")
	} else {
		q = q.Set("suspended_until = ?", until)
	}
	res, err := q.Exec(ctx)
	if err != nil {
		return fmt.Errorf("make member %d %s: %w", m.ID, to, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return ErrChanged
	}
	m.State, m.StateReason, m.SuspendedUntil = to, reason, until
	return nil
}

// giveUp frees what a member has under way, see Stake.
func giveUp(ctx context.Context, tx Tx, by, m *Member) error {
	var cases []Case
	q := tx.NewSelect().Model(&cases).Where("c.holder_id = ? AND c.state = 'claimed'", m.ID).Order("c.id")
	if err := locked(tx, q).Scan(ctx); err != nil {
		return fmt.Errorf("find the claims of member %d: %w", m.ID, err)
	}
	var reviewed []Case
	q = tx.NewSelect().Model(&reviewed).Where("c.state = 'in_review'").
		Where("c.id IN (SELECT case_id FROM answers WHERE member_id = ? AND state = 'submitted' AND corrects_id IS NULL)", m.ID).Order("c.id")
	if err := locked(tx, q).Scan(ctx); err != nil {
		return fmt.Errorf("find the answers of member %d: %w", m.ID, err)
	}
	if err := withdrawCorrections(ctx, tx, m.ID); err != nil {
		return err
	}
	for i := range reviewed {
		if err := withdraw(ctx, tx, reviewed[i].ID); err != nil {
			return err
		}
	}
	for _, c := range slices.Concat(cases, reviewed) {
		if err := c.move(ctx, tx, Release, nil); err != nil {
			return err
		}
		if err := record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, ActorID: by.ID, Kind: CaseReleased, Lane: c.Lane}); err != nil {
			return err
		}
	}
	return nil
}

// SuspensionsOver tells, without writing, whether EndSuspensions has something to do.
func SuspensionsOver(ctx context.Context, db bun.IDB, now clock.Time) (bool, error) {
	return db.NewSelect().Table("members").Where("state = 'suspended' AND suspended_until <= ?", now).Exists(ctx)
}

// EndSuspensions makes members active again whose time is over, at most a batch at a time.
func EndSuspensions(ctx context.Context, tx Tx, most int) error {
	var over []Member
	err := tx.NewSelect().Model(&over).Where("state = 'suspended' AND suspended_until <= ?", tx.Now()).
		Order("suspended_until").Limit(int64(most)).Scan(ctx)
	if err != nil {
		return fmt.Errorf("find suspensions that are over: %w", err)
	}
	for i := range over {
		if err := over[i].reinstate(ctx, tx, 0); err != nil && err != ErrChanged {
			return err
		}
	}
	return nil
}

// MemberHistory reads how a member came and went, newest first.
func MemberHistory(ctx context.Context, db bun.IDB, m *Member) ([]Activity, error) {
	var all []Activity
	err := db.NewSelect().Model(&all).
		Where("a.brand_id = ? AND a.kind IN ('member_added', 'member_accepted', 'member_suspended', 'member_reinstated', 'member_left')", m.BrandID).
		Order("a.id DESC").Limit(1000).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the history of member %d: %w", m.ID, err)
	}
	return slices.DeleteFunc(all, func(a Activity) bool { return a.Detail.Member != m.ID }), nil
}
