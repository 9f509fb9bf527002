package community

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// OnDuty tells whether the member is asked to review at a moment.
func (m *Member) OnDuty(at clock.Time) bool {
	return m.State == Active && m.Role.Employee() && m.Duty && m.Hours.Include(at.Std())
}

// Employees reads a brand's own people who are active, by name.
func Employees(ctx context.Context, db bun.IDB, brandID int64) ([]Member, error) {
	var all []Member
	err := db.NewSelect().Model(&all).Where("brand_id = ? AND role <> ? AND state = ?", brandID, Advocate, Active).
		Order("public_name", "id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the employees of brand %d: %w", brandID, err)
	}
	return all, nil
}

// PeerReviewers reads a brand's advocates who may look at other people's answers.
func PeerReviewers(ctx context.Context, db bun.IDB, brandID int64) ([]Member, error) {
	var all []Member
	err := db.NewSelect().Model(&all).Where("brand_id = ? AND role = ? AND state = ? AND trust >= ?", brandID, Advocate, Active, Trusted).
		Order("id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the peers of brand %d: %w", brandID, err)
	}
	return all, nil
}

// AnyOnDuty tells whether somebody of a brand is on duty at one of some moments.
func AnyOnDuty(ctx context.Context, db bun.IDB, brandID int64, at ...clock.Time) (bool, error) {
	staff, err := Employees(ctx, db, brandID)
	for i := range staff {
		if slices.ContainsFunc(at, staff[i].OnDuty) {
			return true, nil
		}
	}
	return false, err
}

// KeepsDuty tells whether an employee of a brand has hours of duty: without any, nobody can say that they are
// over.
func KeepsDuty(ctx context.Context, db bun.IDB, brandID int64) (bool, error) {
	staff, err := Employees(ctx, db, brandID)
	for i := range staff {
		if len(staff[i].Hours.Spans) > 0 {
			return true, nil
		}
	}
	return false, err
}

// SetDuty sets when an employee is asked to review: everybody their own, an admin everybody's.
func SetDuty(ctx context.Context, tx Tx, by *Member, memberID int64, on bool, hours Hours) error {
	if !by.Role.Employee() {
		return ErrNotAllowed
	}
	m, err := findMember(ctx, tx, memberID)
	if err != nil {
		return err
	}
	if m.BrandID != by.BrandID || !m.Role.Employee() {
		return fmt.Errorf("set the duty of member %d: %w", memberID, sql.ErrNoRows)
	}
	if m.ID != by.ID && by.Role != Admin {
		return ErrNotAllowed
	}
	if err := hours.Check(); err != nil {
		return err
	}
	if on && len(hours.Spans) == 0 {
		return &Invalid{"hours", "choose at least one day"}
	}
	m.Duty, m.Hours = on, hours
	if _, err := tx.NewUpdate().Model(&m).Column("duty", "hours").WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("set the duty of member %d: %w", memberID, err)
	}
	return record(ctx, tx, Activity{BrandID: m.BrandID, ActorID: by.ID, Kind: DutyChanged, Lane: Staff, Detail: Detail{Member: m.ID}})
}

// Alarms about an answer that waits: none yet, those on duty were told, everybody was.
const (
	Unalarmed = iota
	DutyAlarmed
	AllAlarmed
)

// WaitingBrands are the brands in which somebody may have to be told that an answer waits.
func WaitingBrands(ctx context.Context, db bun.IDB) ([]int64, error) {
	var ids []int64
	err := db.NewSelect().TableExpr("brands AS b").Column("b.id").
		Where("EXISTS (SELECT 1 FROM answers AS a WHERE a.brand_id = b.id AND a.state = 'submitted' AND a.alarms < ?)", AllAlarmed).
		Order("b.id").Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("find answers that wait: %w", err)
	}
	return ids, nil
}

// LateAnswers reads answers of a brand about which so many alarms were given and that wait since before a moment.
func LateAnswers(ctx context.Context, db bun.IDB, brandID int64, alarms int, before clock.Time, most int) ([]Answer, error) {
	var late []Answer
	err := db.NewSelect().Model(&late).Where("state = 'submitted' AND brand_id = ? AND alarms = ? AND submitted_at <= ?", brandID, alarms, before).
		Order("submitted_at").Limit(int64(most)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("find answers of brand %d that wait for long: %w", brandID, err)
	}
	return late, nil
}

// Alarm tells members that an answer waits, once however many processes find it late.
func Alarm(ctx context.Context, tx Tx, a *Answer, to []Member) error {
	res, err := tx.NewUpdate().Model(a).Set("alarms = alarms + 1").
		Where("id = ? AND alarms = ? AND state = 'submitted'", a.ID, a.Alarms).Exec(ctx)
	if err != nil {
		return fmt.Errorf("tell that answer %d waits: %w", a.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err // somebody else has told, or decided
	}
	c := &Case{ID: a.CaseID, BrandID: a.BrandID}
	for _, m := range to {
		if err := tell(ctx, tx, c, m.ID, ReviewLate, fmt.Sprintf("late:%d:%d:%d", a.ID, a.SubmittedAt, a.Alarms)); err != nil {
			return err
		}
	}
	return record(ctx, tx, Activity{BrandID: a.BrandID, CaseID: a.CaseID, Kind: ReviewLate, Lane: Staff, Detail: Detail{Answer: a.ID}})
}
