package community

import (
	"context"
	"fmt"
	"strings"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// TrustChange is one thing that happened to somebody's trust.
type TrustChange struct {
	bun.BaseModel `bun:"table:trust_changes"`

	ID        int64 `bun:",pk,autoincrement"`
	BrandID   int64
	MemberID  int64
	ByID      int64 `bun:",nullzero"` // the employee; 0 where the answers decided
	Kind      Kind
	LevelFrom int // that counted before
	LevelTo   int // that counts now
	Pieces    int // of evidence it was decided by
	Good      int
	Reason    string // in somebody's words, where a person decided
	CreatedAt clock.Time
}

// GuideVote is an employee's word that somebody should be a guide.
type GuideVote struct {
	bun.BaseModel `bun:"table:guide_votes"`

	MemberID   int64 `bun:",pk"`
	Role       Role  `bun:",pk"`
	EmployeeID int64
	CreatedAt  clock.Time
}

// reconsider notes that there is something new about an advocate's answers.
func reconsider(ctx context.Context, tx Tx, memberID int64) error {
	_, err := tx.NewRaw(`INSERT INTO trust (member_id, brand_id, earned, changed_at, due_at)
		SELECT id, brand_id, trust, created_at, ? FROM members WHERE id = ? AND role = ? AND trust > 0
		ON CONFLICT (member_id) DO UPDATE SET due_at = EXCLUDED.due_at`, tx.Now(), memberID, Advocate).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note new evidence about member %d: %w", memberID, err)
	}
	return nil
}

// TrustDue tells, without writing, whether WeighTrust has something to do.
func TrustDue(ctx context.Context, db bun.IDB, now clock.Time) (bool, error) {
	return db.NewSelect().Table("trust").Where("due_at <= ?", now).Exists(ctx)
}

// WeighTrust looks again at the advocates about whom there is something new, at most a batch at a time,
// and returns how many it looked at.
func WeighTrust(ctx context.Context, tx Tx, most int) (int, error) {
	var due []Standing
	err := locked(tx, tx.NewSelect().Model(&due).Where("due_at <= ?", tx.Now()).Order("due_at", "member_id").Limit(int64(most))).Scan(ctx)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	ids := make([]int64, len(due))
	for i, s := range due {
		ids[i] = s.MemberID
	}
	var all []Member
	if err := tx.NewSelect().Model(&all).Where("id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return 0, fmt.Errorf("read the members to weigh: %w", err)
	}
	members, rules := make(map[int64]*Member, len(all)), map[int64]TrustRules{}
	window := 0
	for i, m := range all {
		members[m.ID] = &all[i]
		if _, ok := rules[m.BrandID]; ok {
			continue
		}
		r, err := Setting(ctx, tx, m.BrandID, DefaultTrust)
		if err != nil {
			return 0, err
		}
		rules[m.BrandID], window = r, max(window, r.Window)
	}
	pieces, err := evidence(ctx, tx, ids, window)
	if err != nil {
		return 0, err
	}
	for i := range due {
		before, m := due[i], members[due[i].MemberID]
		counted := before.fresh(pieces[m.ID])
		if w := rules[m.BrandID].Window; len(counted) > w {
			counted = counted[:w]
		}
		record := Recorded(counted)
		after, what := Weigh(rules[m.BrandID], before, record, m.CreatedAt, tx.Now())
		if err := after.keep(ctx, tx, m); err != nil {
			return 0, err
		}
		if what == "" {
			continue
		}
		change := TrustChange{Kind: what, LevelFrom: before.Level(tx.Now()), LevelTo: after.Level(tx.Now()), Pieces: record.Pieces, Good: record.Good}
		if what == TrustGrantEnded {
			change.LevelFrom = max(before.Earned, before.Granted)
		}
		if err := change.tell(ctx, tx, m); err != nil {
			return 0, err
		}
		if before.Earned == Guide && after.Earned < Guide {
			if err := forgetVotes(ctx, tx, m.ID); err != nil {
				return 0, err
			}
		}
	}
	return len(due), nil
}

// keep stores how a member stands, and the level that counts with the member.
func (s *Standing) keep(ctx context.Context, tx Tx, m *Member) error {
	_, err := tx.NewInsert().Model(s).On("CONFLICT (member_id) DO UPDATE").
		Set("earned = EXCLUDED.earned, granted = EXCLUDED.granted, granted_until = EXCLUDED.granted_until, below_since = EXCLUDED.below_since").
		Set("counts_from = EXCLUDED.counts_from, changed_at = EXCLUDED.changed_at, due_at = EXCLUDED.due_at").Exec(ctx)
	if err != nil {
		return fmt.Errorf("store how member %d stands: %w", s.MemberID, err)
	}
	level := s.Level(tx.Now())
	if level == m.Trust {
		return nil
	}
	m.Trust = level
	if _, err := tx.NewUpdate().Model(m).Column("trust").WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("set the trust of member %d: %w", m.ID, err)
	}
	return nil
}

// tell stores a change and announces it, with its reason, to whom it concerns.
func (c TrustChange) tell(ctx context.Context, tx Tx, m *Member) error {
	c.BrandID, c.MemberID, c.CreatedAt = m.BrandID, m.ID, tx.Now()
	if _, err := tx.NewInsert().Model(&c).Exec(ctx); err != nil {
		return fmt.Errorf("store a change of trust of member %d: %w", m.ID, err)
	}
	err := record(ctx, tx, Activity{
		BrandID: m.BrandID, ActorID: c.ByID, Kind: c.Kind, Lane: Staff,
		Detail: Detail{Member: m.ID, Before: fmt.Sprint(c.LevelFrom), Rule: fmt.Sprint(c.LevelTo), Text: c.Reason},
	})
	if err != nil || c.Kind == GuideProposed {
		return err
	}
	return tell(ctx, tx, &Case{BrandID: m.BrandID}, m.ID, c.Kind, fmt.Sprintf("trust:%d", c.ID))
}

// AdvocateOf reads an advocate of an employee's brand, for the employee to see how they stand.
func AdvocateOf(ctx context.Context, db bun.IDB, by *Member, memberID int64) (Member, error) {
	return findAdvocate(ctx, db.NewSelect(), by, memberID)
}

func findAdvocate(ctx context.Context, q *bun.SelectQuery, by *Member, memberID int64) (Member, error) {
	var m Member
	if !by.Role.Employee() || by.State != Active {
		return m, ErrNotAllowed
	}
	if err := q.Model(&m).Where("id = ? AND brand_id = ?", memberID, by.BrandID).Scan(ctx); err != nil {
		return m, fmt.Errorf("find member %d: %w", memberID, err)
	}
	if m.Role != Advocate {
		return m, ErrNoTrust
	}
	return m, nil
}

// advocateOf is AdvocateOf for an employee who is about to change something.
func advocateOf(ctx context.Context, tx Tx, by *Member, memberID int64) (Member, Standing, error) {
	m, err := findAdvocate(ctx, locked(tx, tx.NewSelect()), by, memberID)
	if err != nil {
		return m, Standing{}, err
	}
	if m.Trust < Newcomer {
		return m, Standing{}, ErrNoTrust
	}
	s, err := standingOf(ctx, tx, &m)
	return m, s, err
}

// reasonFor reads an employee's reason; everybody whose trust is changed by a person is told why.
func reasonFor(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > 1000 || !Storable(text) {
		return "", &Invalid{"reason", "say in a few words why"}
	}
	return text, nil
}

// GrantTrust gives an advocate a level for some weeks, with a reason. It adds to what they earned and
// takes nothing from it; giving the level they already earned ends an earlier grant.
func GrantTrust(ctx context.Context, tx Tx, by *Member, memberID int64, level int, reason string) error {
	m, s, err := advocateOf(ctx, tx, by, memberID)
	if err != nil {
		return err
	}
	if level < Newcomer || level > Trusted {
		return &Invalid{"level", "choose a level from the list; two people together make a guide"}
	}
	if reason, err = reasonFor(reason); err != nil {
		return err
	}
	rules, err := Setting(ctx, tx, m.BrandID, DefaultTrust)
	if err != nil {
		return err
	}
	before := s.Level(tx.Now())
	s.Granted, s.GrantedUntil, s.ChangedAt, s.DueAt = 0, 0, tx.Now(), tx.Now()
	if level > s.Earned {
		s.Granted, s.GrantedUntil = level, rules.grantEnds(tx.Now())
	}
	if err := s.keep(ctx, tx, &m); err != nil {
		return err
	}
	change := TrustChange{ByID: by.ID, Kind: TrustGranted, LevelFrom: before, LevelTo: m.Trust, Reason: reason}
	if s.Granted == 0 {
		change.Kind = TrustGrantEnded
	}
	return change.tell(ctx, tx, &m)
}

// DropTrust takes an advocate back to the first level at once, grants included, and lets only answers
// from now on count: what follows a leak of a customer's data. by is nil where a rule found it.
func DropTrust(ctx context.Context, tx Tx, by *Member, memberID int64, reason string) error {
	var m Member
	if err := locked(tx, tx.NewSelect().Model(&m).Where("id = ?", memberID)).Scan(ctx); err != nil {
		return fmt.Errorf("find member %d: %w", memberID, err)
	}
	if m.Role != Advocate || m.Trust < Newcomer {
		return ErrNoTrust
	}
	before := m.Trust
	s := Standing{MemberID: m.ID, BrandID: m.BrandID, Earned: Newcomer, CountsFrom: tx.Now(), ChangedAt: tx.Now()}
	if err := s.keep(ctx, tx, &m); err != nil {
		return err
	}
	if err := forgetVotes(ctx, tx, m.ID); err != nil {
		return err
	}
	change := TrustChange{Kind: TrustDropped, LevelFrom: before, LevelTo: m.Trust, Reason: reason}
	if by != nil {
		change.ByID = by.ID
	}
	return change.tell(ctx, tx, &m)
}

// ReportLeak is an employee's word that an answer of an advocate gave away a customer's data.
func ReportLeak(ctx context.Context, tx Tx, by *Member, memberID int64, reason string) error {
	if _, _, err := advocateOf(ctx, tx, by, memberID); err != nil {
		return err
	}
	reason, err := reasonFor(reason)
	if err != nil {
		return err
	}
	return DropTrust(ctx, tx, by, memberID, reason)
}

// ProposeGuide is the word of a moderator or of an admin that an advocate should be a guide. The second
// of the two makes it so.
func ProposeGuide(ctx context.Context, tx Tx, by *Member, memberID int64, reason string) error {
	m, s, err := advocateOf(ctx, tx, by, memberID)
	if err != nil {
		return err
	}
	if s.Earned != Trusted {
		return ErrNotTrusted
	}
	if by.Role != Moderator && by.Role != Admin {
		return ErrNotAllowed
	}
	if reason, err = reasonFor(reason); err != nil {
		return err
	}
	vote := GuideVote{MemberID: m.ID, Role: by.Role, EmployeeID: by.ID, CreatedAt: tx.Now()}
	res, err := tx.NewInsert().Model(&vote).On("CONFLICT DO NOTHING").Exec(ctx)
	if err != nil {
		return fmt.Errorf("note who would have member %d as a guide: %w", m.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return ErrOtherRole
	}
	votes, err := tx.NewSelect().Model((*GuideVote)(nil)).Where("member_id = ?", m.ID).Count(ctx)
	if err != nil {
		return fmt.Errorf("count who would have member %d as a guide: %w", m.ID, err)
	}
	change := TrustChange{ByID: by.ID, Kind: GuideProposed, LevelFrom: m.Trust, LevelTo: m.Trust, Reason: reason}
	if votes == 2 {
		s.Earned, s.BelowSince, s.ChangedAt, s.DueAt = Guide, 0, tx.Now(), tx.Now()
		if err := s.keep(ctx, tx, &m); err != nil {
			return err
		}
		change.Kind, change.LevelTo = TrustGuide, m.Trust
	}
	return change.tell(ctx, tx, &m)
}

func forgetVotes(ctx context.Context, tx Tx, memberID int64) error {
	if _, err := tx.NewDelete().Model((*GuideVote)(nil)).Where("member_id = ?", memberID).Exec(ctx); err != nil {
		return fmt.Errorf("forget who would have member %d as a guide: %w", memberID, err)
	}
	return nil
}
