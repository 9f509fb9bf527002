package moderation

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/uptrace/bun"
)

// Appeal is an author's wish that somebody else looks at what a reviewer decided.
type Appeal struct {
	bun.BaseModel `bun:"table:appeals"`

	ID        int64 `bun:",pk,autoincrement"`
	BrandID   int64
	AnswerID  int64
	ReviewID  int64 // the decision that is appealed
	MemberID  int64 // the author
	Reason    string
	State     AppealState
	DueAt     clock.Time
	CreatedAt clock.Time
	DecidedBy int64      `bun:",nullzero"`
	DecidedAt clock.Time `bun:",nullzero"`
	Word      string     // of who decided about it
}

// AppealState is where an appeal stands.
type AppealState string

// The states of an appeal.
const (
	AppealOpen    AppealState = "open"
	AppealUpheld  AppealState = "upheld"  // the decision stands
	AppealChanged AppealState = "changed" // it does not
)

// appealWithin is how long an author waits for a second look at most.
const appealWithin = 48 * time.Hour

// Appealable tells whether a decision is one that its author may appeal: a return, or an edit.
func Appealable(r *Review) bool {
	return r.ReviewerID != 0 && (r.Decision == Returned || r.Decision == Approved && r.Edited)
}

// AppealReview asks for a second look at the latest decision about the member's own answer, once.
func (d *Desk) AppealReview(ctx context.Context, tx listeners.Tx, m *community.Member, answerID int64, reason string) (Appeal, error) {
	a, c, err := community.LockAnswer(ctx, tx, m, answerID)
	if err != nil {
		return Appeal{}, err
	}
	if a.MemberID != m.ID {
		return Appeal{}, community.ErrNoAppeal
	}
	if reason = strings.TrimSpace(reason); reason == "" || !community.Storable(reason) {
		return Appeal{}, &community.Invalid{Field: "reason", Sentence: "say in a few words why the decision should change"}
	}
	reviews, err := Reviews(ctx, tx, []int64{answerID})
	if err != nil {
		return Appeal{}, err
	}
	r, reviewed := reviews[answerID]
	appeals, err := Appeals(ctx, tx, []int64{answerID})
	if err != nil {
		return Appeal{}, err
	}
	if _, again := appeals[answerID]; again || !reviewed || !Appealable(&r) {
		return Appeal{}, community.ErrNoAppeal
	}
	appeal := Appeal{
		BrandID: a.BrandID, AnswerID: a.ID, ReviewID: r.ID, MemberID: m.ID, Reason: reason, State: AppealOpen,
		DueAt: tx.Now().Add(appealWithin), CreatedAt: tx.Now(),
	}
	if _, err := tx.NewInsert().Model(&appeal).Exec(ctx); err != nil {
		return appeal, fmt.Errorf("store the appeal for answer %d: %w", a.ID, err)
	}
	staff, err := community.Employees(ctx, tx, a.BrandID)
	if err != nil {
		return appeal, err
	}
	var judges []int64
	for _, s := range staff {
		if s.ID != r.ReviewerID && s.ID != m.ID {
			judges = append(judges, s.ID)
		}
	}
	return appeal, community.RecordAppeal(ctx, tx, &a, &c, reason, judges)
}

// DecideAppeal is the second look: an employee's who has decided nothing about the answer and did not
// write it. The decision stands or not; in either case the author is told why.
func (d *Desk) DecideAppeal(ctx context.Context, tx listeners.Tx, judge *community.Member, answerID int64, changed bool, word string) error {
	if !judge.Role.Employee() || !judge.MayReview() {
		return community.ErrNotAllowed
	}
	a, c, err := community.LockAnswer(ctx, tx, judge, answerID)
	if err != nil {
		return err
	}
	decided, err := tx.NewSelect().Model((*Review)(nil)).Where("answer_id = ? AND reviewer_id = ?", answerID, judge.ID).Exists(ctx)
	if err != nil {
		return fmt.Errorf("look who decided about answer %d: %w", answerID, err)
	}
	if decided || a.MemberID == judge.ID {
		return community.ErrSecondLook
	}
	if word = strings.TrimSpace(word); word == "" || !community.Storable(word) {
		return &community.Invalid{Field: "word", Sentence: "tell the author why, in a few words"}
	}
	state := AppealUpheld
	if changed {
		state = AppealChanged
	}
	res, err := tx.NewUpdate().Model((*Appeal)(nil)).
		Set("state = ?, decided_by = ?, decided_at = ?, word = ?", state, judge.ID, tx.Now(), word).
		Where("answer_id = ? AND state = ?", answerID, AppealOpen).Exec(ctx)
	if err != nil {
		return fmt.Errorf("decide about the appeal for answer %d: %w", answerID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return community.ErrDecided
	}
	return community.SettleAppeal(ctx, tx, &a, &c, judge, changed, word)
}

// Appeals reads what was appealed of these answers, by answer.
func Appeals(ctx context.Context, db bun.IDB, answerIDs []int64) (map[int64]Appeal, error) {
	if len(answerIDs) == 0 {
		return nil, nil
	}
	var all []Appeal
	if err := db.NewSelect().Model(&all).Where("answer_id IN (?)", bun.List(answerIDs)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read appeals: %w", err)
	}
	by := make(map[int64]Appeal, len(all))
	for _, a := range all {
		by[a.AnswerID] = a
	}
	return by, nil
}

// OpenAppeals reads the appeals of a brand that nobody has decided about, most urgent first.
func OpenAppeals(ctx context.Context, db bun.IDB, m *community.Member, most int) ([]Appeal, error) {
	if !m.Role.Employee() {
		return nil, nil
	}
	var all []Appeal
	err := db.NewSelect().Model(&all).Where("brand_id = ? AND state = ?", m.BrandID, AppealOpen).Order("due_at", "id").Limit(int64(most)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the appeals of brand %d: %w", m.BrandID, err)
	}
	return all, nil
}
