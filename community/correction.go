package community

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/listeners"
)

// A correction is an answer that is to replace another one's reply, which is on the network. It is reviewed as
// every answer is, but its case stays as it stands.

// ErrNotSent is told to who would change an answer that is not on the network, or is there no more.
var ErrNotSent = errors.New("this answer is not on the network")

// ToChange reads a reply that is on the network and that the member may ask to be changed, with its case and
// answer: employees any, others what they wrote themselves. sql.ErrNoRows for any other, so that nobody learns
// of what they may not know; ErrNotSent where there is nothing to change.
func ToChange(ctx context.Context, db bun.IDB, m *Member, replyID string) (listeners.Reply, Case, Answer, error) {
	var r listeners.Reply
	if err := db.NewSelect().Model(&r).Where("r.id = ? AND r.brand_id = ?", replyID, m.BrandID).Scan(ctx); err != nil {
		return r, Case{}, Answer{}, fmt.Errorf("find reply %s: %w", replyID, err)
	}
	a, c, err := FindAnswer(ctx, db, m, r.AnswerID)
	switch {
	case err != nil:
		return r, c, a, err
	case a.MemberID != m.ID && !m.Role.Employee():
		return r, c, a, fmt.Errorf("find reply %s: %w", replyID, sql.ErrNoRows)
	case r.State != listeners.Delivered:
		return r, c, a, ErrNotSent
	}
	return r, c, a, nil
}

// ReplyNow reads what a reply has become; ErrNotSent where it was deleted, ErrChanging while it is changed.
func ReplyNow(ctx context.Context, db bun.IDB, r *listeners.Reply) (listeners.ReplyNow, error) {
	all, err := listeners.ChangesOf(ctx, db, r.CaseID)
	if err != nil {
		return listeners.ReplyNow{}, err
	}
	now := r.Now(all[r.CaseID])
	switch {
	case now.Deleted != nil:
		return now, ErrNotSent
	case now.Latest != nil && now.Latest.State.InFlight():
		return now, listeners.ErrChanging
	}
	return now, nil
}

// SubmitCorrection stores other words for the reply to an answer, which wait for their review.
func SubmitCorrection(ctx context.Context, tx Tx, m *Member, c *Case, of *Answer, text string, r Needed) (Answer, error) {
	waits, err := tx.NewSelect().Model((*Answer)(nil)).Where("corrects_id = ? AND state = ?", of.ID, Submitted).Exists(ctx)
	if err != nil {
		return Answer{}, fmt.Errorf("look for a correction of answer %d: %w", of.ID, err)
	}
	if waits {
		return Answer{}, listeners.ErrChanging
	}
	text = strings.TrimSpace(text)
	a := Answer{
		BrandID: c.BrandID, CaseID: c.ID, MemberID: m.ID, MentionID: of.MentionID, CorrectsID: of.ID, State: Submitted, Text: text, OwnText: text,
		WhyReviewed: r.Why, Quorum: r.Quorum, LowRisk: r.LowRisk, Version: 1, CreatedAt: tx.Now(), UpdatedAt: tx.Now(), SubmittedAt: tx.Now(),
	}
	if _, err := tx.NewInsert().Model(&a).Exec(ctx); err != nil {
		return a, fmt.Errorf("store a correction of answer %d: %w", of.ID, err)
	}
	if r.Why == "" {
		return a, nil
	}
	return a, record(ctx, tx, Activity{
		BrandID: c.BrandID, CaseID: c.ID, ActorID: m.ID, Kind: CorrectionAsked, Lane: c.Lane, Detail: Detail{Answer: a.ID, Rule: r.Why},
	})
}

// PublishCorrection marks a correction as approved; the caller asks for the change in the same transaction.
// reviewer is nil where a rule approved.
func PublishCorrection(ctx context.Context, tx Tx, a *Answer, c *Case, reviewer *Member, rule string) error {
	if reviewer != nil {
		a.ReviewerID = reviewer.ID
	}
	if err := a.decide(ctx, tx, Approved); err != nil {
		return err
	}
	err := record(ctx, tx, Activity{
		BrandID: c.BrandID, CaseID: c.ID, ActorID: by(reviewer), Kind: CorrectionApproved, Lane: c.Lane, Detail: Detail{Answer: a.ID, Rule: rule},
	})
	if err != nil || reviewer == nil {
		return err
	}
	return tell(ctx, tx, c, a.MemberID, CorrectionApproved, fmt.Sprintf("correction:%d", a.ID))
}

// ReturnCorrection ends a correction that a reviewer does not approve, with advice; its author may ask for
// another one.
func ReturnCorrection(ctx context.Context, tx Tx, a *Answer, c *Case, reviewer *Member, reason string) error {
	a.ReviewerID = reviewer.ID
	if err := a.decide(ctx, tx, Withdrawn); err != nil {
		return err
	}
	err := record(ctx, tx, Activity{
		BrandID: c.BrandID, CaseID: c.ID, ActorID: reviewer.ID, Kind: CorrectionReturned, Lane: c.Lane,
		Detail: Detail{Answer: a.ID, Member: a.MemberID, Text: reason},
	})
	if err != nil {
		return err
	}
	return tell(ctx, tx, c, a.MemberID, CorrectionReturned, fmt.Sprintf("correction:%d", a.ID))
}

// withdrawCorrections ends what a member has asked to be corrected and nobody has decided about.
func withdrawCorrections(ctx context.Context, tx Tx, memberID int64) error {
	_, err := tx.NewUpdate().Model((*Answer)(nil)).Set("state = ?, decided_at = ?, version = version + 1", Withdrawn, tx.Now()).
		Where("member_id = ? AND state = ? AND corrects_id IS NOT NULL", memberID, Submitted).Exec(ctx)
	if err != nil {
		return fmt.Errorf("withdraw the corrections of member %d: %w", memberID, err)
	}
	return nil
}
