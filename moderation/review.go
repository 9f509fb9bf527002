package moderation

import (
	"context"
	"fmt"
	"slices"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/uptrace/bun"
)

// Review is one decision over an answer, which never changes.
type Review struct {
	bun.BaseModel `bun:"table:reviews"`

	ID         int64 `bun:",pk,autoincrement"`
	BrandID    int64
	AnswerID   int64
	ReviewerID int64  `bun:",nullzero"` // 0 where a rule decided
	Rule       string // with its version; empty where a person decided
	Decision   Verdict
	Reason     string
	Lessons    []Lesson `bun:"type:text"`
	Suggestion string   // a wording that the reviewer proposes where they return an answer
	Edited     bool     // what was decided about is not what the author wrote
	Override   bool     // an admin let it leave without the approvals that it needed
	TextHash   string   // of exactly the text that was decided about
	CreatedAt  clock.Time
}

// Verdict is what was decided.
type Verdict string

// The verdicts.
const (
	Approved  Verdict = "approved"
	Agreed    Verdict = "agreed" // approved by somebody whose word alone is not enough
	Returned  Verdict = "returned"
	Confirmed Verdict = "confirmed" // an override, after a second look
	Flagged   Verdict = "flagged"   // an override that was wrong
)

// Lesson is a reason to return or edit an answer that comes up again and again; its sentence stands in
// the catalogs as "lesson.<code>".
type Lesson string

// The lessons.
const (
	LessonFacts    Lesson = "facts"    // something is not right, or is missing
	LessonQuestion Lesson = "question" // the question is not answered
	LessonTone     Lesson = "tone"     // too curt, too formal, or blaming
	LessonGreeting Lesson = "greeting" // no greeting or sign-off
	LessonPromise  Lesson = "promise"  // promises what is not ours to promise
	LessonPrivate  Lesson = "private"  // personal data in public
	LessonLength   Lesson = "length"   // long-winded
)

// Lessons lists every lesson.
var Lessons = []Lesson{LessonFacts, LessonQuestion, LessonTone, LessonGreeting, LessonPromise, LessonPrivate, LessonLength}

// check refuses what cannot be stored or said.
func (w *Word) check() error {
	if !community.Storable(w.Reason) || !community.Storable(w.Wording) {
		return &community.Invalid{Field: "reason", Sentence: "this text has characters that cannot be sent"}
	}
	for _, l := range w.Lessons {
		if !slices.Contains(Lessons, l) {
			return &community.Invalid{Field: "lesson", Sentence: "there is no such choice"}
		}
	}
	return nil
}

// store writes a decision about an answer as its text is now.
func (r *Review) store(ctx context.Context, tx listeners.Tx, a *community.Answer, v Verdict) error {
	r.BrandID, r.AnswerID, r.Decision, r.TextHash, r.CreatedAt = a.BrandID, a.ID, v, listeners.Hash(a.Text), tx.Now()
	if r.Lessons == nil {
		r.Lessons = []Lesson{}
	}
	if _, err := tx.NewInsert().Model(r).Exec(ctx); err != nil {
		return fmt.Errorf("store that answer %d was %s: %w", a.ID, v, err)
	}
	return nil
}

// AgreedTo reads who has approved an answer as its text is now, since it was submitted.
func AgreedTo(ctx context.Context, db bun.IDB, a *community.Answer) ([]int64, error) {
	var by []int64
	err := db.NewSelect().Model((*Review)(nil)).ColumnExpr("DISTINCT reviewer_id").
		Where("answer_id = ? AND decision = ? AND text_hash = ? AND created_at >= ?", a.ID, Agreed, listeners.Hash(a.Text), a.SubmittedAt).
		Order("reviewer_id").Scan(ctx, &by)
	if err != nil {
		return nil, fmt.Errorf("read who approved answer %d: %w", a.ID, err)
	}
	return by, nil
}

// Reviews reads the latest decision over each of these answers, by answer id: what was approved or
// returned, not what somebody agreed to or thought of it afterwards.
func Reviews(ctx context.Context, db bun.IDB, answerIDs []int64) (map[int64]Review, error) {
	if len(answerIDs) == 0 {
		return nil, nil
	}
	var all []Review
	err := db.NewSelect().Model(&all).Where("answer_id IN (?) AND decision IN (?, ?)", bun.List(answerIDs), Approved, Returned).Order("id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the reviews of answers: %w", err)
	}
	latest := make(map[int64]Review, len(all))
	for _, r := range all {
		latest[r.AnswerID] = r
	}
	return latest, nil
}

// Waiting is one answer in the queue with all that a reviewer needs.
type Waiting struct {
	Answer community.Answer
	Case   community.Case
	Author community.Member
}

// Queue reads the answers that wait and that the reviewer may know of, longest waiting first.
func Queue(ctx context.Context, db bun.IDB, reviewer *community.Member, most int) ([]Waiting, error) {
	if !reviewer.MayReview() {
		return nil, community.ErrNotAllowed
	}
	answers, err := community.ReviewQueue(ctx, db, reviewer, most)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(answers))
	for i, a := range answers {
		ids[i] = a.CaseID
	}
	cases, err := community.FindCases(ctx, db, reviewer, ids)
	if err != nil {
		return nil, err
	}
	members, err := community.Members(ctx, db, reviewer.BrandID)
	if err != nil {
		return nil, err
	}
	queue := make([]Waiting, len(answers))
	for i, a := range answers {
		queue[i] = Waiting{a, cases[a.CaseID], members[a.MemberID]}
	}
	return queue, nil
}
