package community

import (
	"context"
	"fmt"

	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
	"github.com/uptrace/bun"
)

// Done hears from the outbox what became of a reply: sent, failed, unwelcome, or a person must look.
func Done(ctx context.Context, tx Tx, r listeners.Reply) error {
	c, err := caseByID(ctx, tx, r.CaseID)
	if err != nil {
		return err
	}
	var a Answer
	if err := tx.NewSelect().Model(&a).Where("id = ?", r.AnswerID).Scan(ctx); err != nil {
		return fmt.Errorf("find answer %d: %w", r.AnswerID, err)
	}
	detail := Detail{Answer: a.ID, Reply: r.ID, Text: r.Error}
	switch r.State {
	case listeners.Delivered:
		_, err := tx.NewUpdate().Model(&c).
			Set("answered_at = ?, answered_by = ?, first_answer_at = COALESCE(first_answer_at, ?), version = version + 1", r.SentAt, a.MemberID, r.SentAt).
			Where("id = ?", c.ID).Exec(ctx)
		if err != nil {
			return fmt.Errorf("note the answer to case %d: %w", c.ID, err)
		}
		return record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, Kind: ReplySent, Lane: c.Lane, Detail: detail})
	case listeners.Cancelled:
		return c.unwelcome(ctx, tx, []listeners.Reply{r})
	case listeners.Failed:
		event := SendFailed
		if r.Error == string(listeners.Gone) {
			event = Delete
		}
		delivery, why := c.Delivery, c.DeliveryWhy
		if r.Error == string(listeners.NotEligible) {
			delivery, why = listeners.Assisted, "not_summoned"
		}
		err := c.move(ctx, tx, event, func(q *bun.UpdateQuery) *bun.UpdateQuery {
			return q.Set("delivery = ?, delivery_why = ?", delivery, why)
		})
		if err != nil {
			return err
		}
		if err := undeliver(ctx, tx, &c, r); err != nil {
			return err
		}
		if err := tell(ctx, tx, &c, a.MemberID, ReplyFailed, "failed:"+r.ID); err != nil {
			return err
		}
		return record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, Kind: ReplyFailed, Lane: c.Lane, Detail: detail})
	default:
		return record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, Kind: ReplyDoubtful, Lane: c.Lane, Detail: detail})
	}
}

// undeliver withdraws the answer of a reply that does not leave, and the points for its approval.
func undeliver(ctx context.Context, tx Tx, c *Case, r listeners.Reply) error {
	_, err := tx.NewUpdate().Model((*Answer)(nil)).Set("state = ?, version = version + 1", Withdrawn).
		Where("id = ? AND state = ?", r.AnswerID, Approved).Exec(ctx)
	if err != nil {
		return fmt.Errorf("withdraw answer %d: %w", r.AnswerID, err)
	}
	return gamification.Reverse(ctx, tx, tx.Now(), ReviewEvent(r.ReviewID))
}

// ReviewEvent names an approval in the ledger.
func ReviewEvent(reviewID int64) string { return fmt.Sprintf("review:%d", reviewID) }
