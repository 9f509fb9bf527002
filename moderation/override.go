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

// lookAgain is within which time somebody else looks at an override.
const lookAgain = 24 * time.Hour

// Override lets an admin send an answer without the approvals that it needs, their own included, because
// an emergency does not wait. The reason is kept, and somebody else looks at it within a day.
func (d *Desk) Override(ctx context.Context, tx listeners.Tx, admin *community.Member, answerID int64, reason string) (community.Answer, error) {
	if admin.Role != community.Admin || !admin.MayReview() {
		return community.Answer{}, community.ErrNotAllowed
	}
	a, c, err := community.LockAnswer(ctx, tx, admin, answerID)
	if err != nil {
		return a, err
	}
	if a.State != community.Submitted {
		return a, community.ErrDecided
	}
	if Why(a.WhyReviewed) != FourEyes && a.MemberID == admin.ID {
		return a, community.ErrOwnAnswer
	}
	if reason = strings.TrimSpace(reason); reason == "" || !community.Storable(reason) {
		return a, &community.Invalid{Field: "reason", Sentence: "say why this cannot wait"}
	}
	members, err := community.Members(ctx, tx, a.BrandID)
	if err != nil {
		return a, err
	}
	author := members[a.MemberID]
	if err := community.RecordOverride(ctx, tx, &a, &c, admin, reason); err != nil {
		return a, err
	}
	r := Review{ReviewerID: admin.ID, Override: true, Reason: reason, Edited: a.Text != a.OwnText}
	return a, d.publish(ctx, tx, &a, &c, &author, r, admin)
}

// Overridden is an answer that left by an override and that nobody has looked at again.
type Overridden struct {
	Review Review
	Answer community.Answer
	DueAt  clock.Time // by when somebody should
}

// unlooked selects the overrides of a brand that wait for a second look.
func unlooked(db bun.IDB, brandID int64) *bun.SelectQuery {
	return db.NewSelect().Model((*Review)(nil)).Where("review.brand_id = ? AND review.override", brandID).
		Where("NOT EXISTS (SELECT 1 FROM reviews AS later WHERE later.answer_id = review.answer_id AND later.id > review.id AND later.decision IN (?, ?))", Confirmed, Flagged)
}

// Overrides reads the overrides of a brand that wait for a second look, oldest first.
func Overrides(ctx context.Context, db bun.IDB, m *community.Member, most int) ([]Overridden, error) {
	if !m.Role.Employee() {
		return nil, nil
	}
	var all []Review
	err := unlooked(db, m.BrandID).Model(&all).Order("review.id").Limit(int64(most)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the overrides of brand %d: %w", m.BrandID, err)
	}
	ids := make([]int64, len(all))
	for i, r := range all {
		ids[i] = r.AnswerID
	}
	answers, err := community.FindAnswers(ctx, db, m, ids)
	if err != nil {
		return nil, err
	}
	found := make([]Overridden, len(all))
	for i, r := range all {
		found[i] = Overridden{r, answers[r.AnswerID], r.CreatedAt.Add(lookAgain)}
	}
	return found, nil
}

// LookAgain is the second look at an override: fine, or wrong for a reason. It is never the admin's own.
func (d *Desk) LookAgain(ctx context.Context, tx listeners.Tx, m *community.Member, answerID int64, wrong string) error {
	if !m.Role.Employee() || !m.MayReview() {
		return community.ErrNotAllowed
	}
	a, c, err := community.LockAnswer(ctx, tx, m, answerID)
	if err != nil {
		return err
	}
	waiting, err := Overrides(ctx, tx, m, mostOverrides)
	if err != nil {
		return err
	}
	for _, o := range waiting {
		if o.Answer.ID != answerID {
			continue
		}
		if o.Review.ReviewerID == m.ID || a.MemberID == m.ID {
			return community.ErrSecondLook
		}
		verdict := Confirmed
		if wrong = strings.TrimSpace(wrong); wrong != "" {
			verdict = Flagged
		}
		if !community.Storable(wrong) {
			return &community.Invalid{Field: "reason", Sentence: "this text has characters that cannot be sent"}
		}
		if err := community.RecordSecondLook(ctx, tx, &a, &c, m, o.Review.ReviewerID, wrong); err != nil {
			return err
		}
		r := Review{ReviewerID: m.ID, Reason: wrong}
		return r.store(ctx, tx, &a, verdict)
	}
	return community.ErrDecided
}

// mostOverrides bounds how many overrides may wait for a second look at once.
const mostOverrides = 1000
