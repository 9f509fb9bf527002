package community

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// MayReview tells whether the member may decide about other people's answers at all: the brand's own
// people, and advocates who are trusted.
func (m *Member) MayReview() bool {
	return m.State == Active && (m.Role.Employee() || m.Trust >= Trusted)
}

// MayDecide tells whether the member may know of an answer that waits and decide about it: employees of
// every one, advocates where little is at risk, in what they know. Nobody decides about their own.
func (m *Member) MayDecide(a *Answer, c *Case) bool {
	if !m.MayReview() || !m.MaySee(c) || a.MemberID == m.ID {
		return false
	}
	return m.Role.Employee() || a.LowRisk && slices.Contains(m.feedLanguages(), c.Language) &&
		(c.TopicID == OtherTopic || slices.Contains(m.Topics, c.TopicID))
}

// ReviewQueue reads the answers that wait for a reviewer and that the member may decide about, longest
// waiting first; employees see their own as well.
func ReviewQueue(ctx context.Context, db bun.IDB, m *Member, most int) ([]Answer, error) {
	var all []Answer
	err := reviewQueue(db, m).Model(&all).Order("answer.submitted_at", "answer.id").Limit(int64(most)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the review queue of member %d: %w", m.ID, err)
	}
	return all, nil
}

// CountReviewQueue counts what ReviewQueue reads, without reading it.
func CountReviewQueue(ctx context.Context, db bun.IDB, m *Member, most int) (int, error) {
	if !m.MayReview() {
		return 0, nil
	}
	some := reviewQueue(db, m).Model((*Answer)(nil)).ColumnExpr("1").Limit(int64(most))
	n, err := db.NewSelect().TableExpr("(?) AS waiting", some).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count the review queue of member %d: %w", m.ID, err)
	}
	return int(n), nil
}

func reviewQueue(db bun.IDB, m *Member) *bun.SelectQuery {
	q := db.NewSelect().Where("answer.brand_id = ? AND answer.state = 'submitted'", m.BrandID)
	if m.Role.Employee() {
		return q
	}
	return q.Join("JOIN cases AS c ON c.id = answer.case_id").
		Where("answer.low_risk AND answer.member_id <> ? AND c.lane IN (?)", m.ID, bun.List(m.Lanes())).
		Where("c.language IN (?) AND c.topic_id IN (?)", bun.List(m.feedLanguages()), bun.List(append([]int64{OtherTopic}, m.Topics...)))
}

// LockAnswer is FindAnswer for who is about to decide: nobody else decides about an answer to the case
// until the transaction ends.
func LockAnswer(ctx context.Context, tx Tx, m *Member, id int64) (Answer, Case, error) {
	a, c, err := FindAnswer(ctx, tx, m, id)
	if err != nil {
		return a, c, err
	}
	if c, err = lockCase(ctx, tx, m, a.CaseID); err != nil {
		return a, c, err
	}
	if err := tx.NewSelect().Model(&a).WherePK().Scan(ctx); err != nil {
		return a, c, fmt.Errorf("find answer %d: %w", id, err)
	}
	return a, c, nil
}

// AgreeToAnswer keeps the text that a reviewer approved of an answer which needs further approvals.
func AgreeToAnswer(ctx context.Context, tx Tx, a *Answer, c *Case, reviewer *Member) error {
	if err := a.carry(ctx, tx, c, true); err != nil {
		return err
	}
	res, err := tx.NewUpdate().Model(a).Set("text = ?, voice = ?, version = version + 1", a.Text, a.Voice).
		Where("id = ? AND state = ?", a.ID, Submitted).Returning("*").Exec(ctx)
	if err != nil {
		return fmt.Errorf("agree to answer %d: %w", a.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return ErrDecided
	}
	return record(ctx, tx, Activity{
		BrandID: c.BrandID, CaseID: c.ID, ActorID: reviewer.ID, Kind: AnswerAgreed, Lane: c.Lane, Detail: Detail{Answer: a.ID},
	})
}

// TakeOverAnswer lets a reviewer go on with an answer that waits: they hold the case, and the text is
// their draft, based on the author's.
func TakeOverAnswer(ctx context.Context, tx Tx, a *Answer, c *Case, reviewer *Member) (Answer, error) {
	if err := a.decide(ctx, tx, Withdrawn); err != nil {
		return *a, err
	}
	err := c.move(ctx, tx, Succeed, func(q *bun.UpdateQuery) *bun.UpdateQuery {
		return q.Set("holder_id = ?, held_until = ?, fence = fence + 1", reviewer.ID, tx.Now().Add(Lease))
	})
	if err != nil {
		return *a, err
	}
	draft, err := DraftOf(ctx, tx, reviewer, c.ID)
	if err != nil {
		return *a, err
	}
	mention := a.MentionID // what came after it has not been read yet
	draft.Text, draft.State, draft.BasedOn = a.Text, Draft, a.ID
	draft.FactsID, draft.Core = a.FactsID, a.Core
	if err := draft.store(ctx, tx, reviewer, c); err != nil {
		return *a, err
	}
	if mention != c.MentionID {
		if _, err := tx.NewUpdate().Model(&draft).Set("mention_id = ?", mention).WherePK().Exec(ctx); err != nil {
			return *a, fmt.Errorf("keep what answer %d answers: %w", draft.ID, err)
		}
	}
	err = record(ctx, tx, Activity{
		BrandID: c.BrandID, CaseID: c.ID, ActorID: reviewer.ID, Kind: AnswerTakenOver, Lane: c.Lane, Detail: Detail{Answer: a.ID, Member: a.MemberID},
	})
	if err != nil {
		return *a, err
	}
	return draft, tell(ctx, tx, c, a.MemberID, AnswerTakenOver, fmt.Sprintf("taken_over:%d", a.ID))
}

// RecordOverride notes that an admin let an answer leave without the approvals it needed.
func RecordOverride(ctx context.Context, tx Tx, a *Answer, c *Case, admin *Member, reason string) error {
	return record(ctx, tx, Activity{
		BrandID: c.BrandID, CaseID: c.ID, ActorID: admin.ID, Kind: AnswerOverride, Lane: Staff,
		Detail: Detail{Answer: a.ID, Member: a.MemberID, Text: reason},
	})
}

// RecordSecondLook notes what somebody found who looked at an override afterwards, and tells the admin.
func RecordSecondLook(ctx context.Context, tx Tx, a *Answer, c *Case, by *Member, adminID int64, wrong string) error {
	kind := OverrideFine
	if wrong != "" {
		kind = OverrideWrong
		if err := tell(ctx, tx, c, adminID, OverrideWrong, fmt.Sprintf("override:%d", a.ID)); err != nil {
			return err
		}
	}
	return record(ctx, tx, Activity{
		BrandID: c.BrandID, CaseID: c.ID, ActorID: by.ID, Kind: kind, Lane: Staff, Detail: Detail{Answer: a.ID, Member: adminID, Text: wrong},
	})
}

// RecordAppeal notes that an author asks for a second look, and tells those who may give it.
func RecordAppeal(ctx context.Context, tx Tx, a *Answer, c *Case, reason string, judges []int64) error {
	for _, judge := range judges {
		if err := tell(ctx, tx, c, judge, ReviewAppealed, fmt.Sprintf("appeal:%d", a.ID)); err != nil {
			return err
		}
	}
	return record(ctx, tx, Activity{
		BrandID: c.BrandID, CaseID: c.ID, ActorID: a.MemberID, Kind: ReviewAppealed, Lane: c.Lane,
		Detail: Detail{Answer: a.ID, Member: a.MemberID, Text: reason},
	})
}

// SettleAppeal notes what came of an appeal and tells the author. Where the decision does not stand, the
// answer counts as if it had not been made.
func SettleAppeal(ctx context.Context, tx Tx, a *Answer, c *Case, judge *Member, changed bool, word string) error {
	kind := AppealUpheld
	if changed {
		kind = AppealChanged
		_, err := tx.NewUpdate().Model((*Answer)(nil)).
			Set("kept = CASE WHEN kept IS NULL THEN NULL ELSE 1 END").
			Set("returns = CASE WHEN returns > 0 AND state <> 'approved' THEN returns - 1 ELSE returns END").
			Set("version = version + 1").Where("id = ?", a.ID).Exec(ctx)
		if err != nil {
			return fmt.Errorf("settle the appeal for answer %d: %w", a.ID, err)
		}
	}
	var err error
	if changed {
		err = tell(ctx, tx, c, a.MemberID, AppealChanged, fmt.Sprintf("appealed:%d", a.ID))
	} else {
		err = tell(ctx, tx, c, a.MemberID, AppealUpheld, fmt.Sprintf("appealed:%d", a.ID))
	}
	if err != nil {
		return err
	}
	return record(ctx, tx, Activity{
		BrandID: c.BrandID, CaseID: c.ID, ActorID: judge.ID, Kind: kind, Lane: c.Lane, Detail: Detail{Answer: a.ID, Member: a.MemberID, Text: word},
	})
}

// ApprovedOf counts a member's answers that were approved, up to most.
func ApprovedOf(ctx context.Context, db bun.IDB, memberID int64, most int) (int, error) {
	some := db.NewSelect().Model((*Answer)(nil)).ColumnExpr("1").Where("member_id = ? AND state = 'approved' AND corrects_id IS NULL", memberID).Limit(int64(most))
	n, err := db.NewSelect().TableExpr("(?) AS approved", some).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count the approved answers of member %d: %w", memberID, err)
	}
	return int(n), nil
}

// notYours hides an answer from a reviewer who may not know that it waits.
func notYours(id int64) error { return fmt.Errorf("review answer %d: %w", id, sql.ErrNoRows) }

// ToDecide locks an answer for the reviewer to decide about, with its case: sql.ErrNoRows where they may
// not know of it, ErrDecided where somebody was quicker.
func ToDecide(ctx context.Context, tx Tx, reviewer *Member, id int64) (Answer, Case, error) {
	if !reviewer.MayReview() {
		return Answer{}, Case{}, ErrNotAllowed
	}
	a, c, err := LockAnswer(ctx, tx, reviewer, id)
	switch {
	case err != nil:
		return a, c, err
	case a.MemberID == reviewer.ID:
		return a, c, ErrOwnAnswer
	case !reviewer.MayDecide(&a, &c):
		return Answer{}, Case{}, notYours(id)
	case a.State != Submitted:
		return a, c, ErrDecided
	}
	return a, c, nil
}

// waitsBack is how far back the reviews of this hour are looked at, and mostWaits how many of them.
const (
	waitsBack = 14 * 24 * time.Hour
	mostWaits = 500
)

// ReviewWaits reads how long a brand's answers lately waited until a person decided about them, of those
// that came in at this hour of the day, an hour earlier or an hour later; shortest first.
func ReviewWaits(ctx context.Context, db bun.IDB, brandID int64, now clock.Time) ([]time.Duration, error) {
	const day, hour = 24 * time.Hour, time.Hour
	var waits []int64
	err := db.NewSelect().TableExpr("(?) AS w", db.NewSelect().Model((*Answer)(nil)).ColumnExpr("decided_at - submitted_at AS waited").
		Where("brand_id = ? AND decided_at IS NOT NULL AND why_reviewed <> ''", brandID). // names the partial index
		Where("submitted_at > ? AND submitted_at < ? AND state IN ('approved', 'returned')", now.Add(-waitsBack), now).
		Where("(? - submitted_at) % ? NOT BETWEEN ? AND ?", now, day.Microseconds(), hour.Microseconds(), (day-hour).Microseconds()).
		Order("submitted_at DESC").Limit(mostWaits)).
		ColumnExpr("w.waited").OrderExpr("w.waited").Scan(ctx, &waits)
	if err != nil {
		return nil, fmt.Errorf("read how long reviews of brand %d take: %w", brandID, err)
	}
	all := make([]time.Duration, len(waits))
	for i, w := range waits {
		all[i] = time.Duration(w) * time.Microsecond
	}
	return all, nil
}

// RecentAnswers reads the latest approved answers of a brand besides one, newest first, as far as the
// member may see their cases.
func RecentAnswers(ctx context.Context, db bun.IDB, m *Member, besides *Answer, most int) ([]Answer, error) {
	var all []Answer
	err := db.NewSelect().Model(&all).Join("JOIN cases AS c ON c.id = answer.case_id").
		Where("answer.brand_id = ? AND answer.decided_at IS NOT NULL AND answer.why_reviewed <> ''", m.BrandID). // names the partial index
		Where("answer.state = 'approved' AND answer.id <> ? AND c.lane IN (?)", besides.ID, bun.List(m.Lanes())).
		Order("answer.submitted_at DESC").Limit(int64(most)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the latest answers of brand %d: %w", m.BrandID, err)
	}
	return all, nil
}
