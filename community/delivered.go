package community

import (
	"context"
	"fmt"

	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
)

// Done hears from the outbox what became of a reply: sent, held by the network, left to a member's own
// hand, failed, not wanted any more, or a person must look.
func Done(ctx context.Context, tx Tx, r listeners.Reply) error {
	c, err := caseByID(ctx, tx, r.CaseID)
	if err != nil {
		return err
	}
	var a Answer
	if err := tx.NewSelect().Model(&a).Where("id = ?", r.AnswerID).Scan(ctx); err != nil {
		return fmt.Errorf("find answer %d: %w", r.AnswerID, err)
	}
	switch r.State {
	case listeners.Delivered:
		return c.delivered(ctx, tx, &a, r)
	case listeners.Cancelled:
		if r.Error == listeners.ElsewhereReply {
			return c.answeredMeanwhile(ctx, tx, &a, r)
		}
		return c.unwelcome(ctx, tx, []listeners.Reply{r})
	case listeners.Failed:
		return c.undelivered(ctx, tx, &a, r)
	case listeners.ByHand:
		if err := gamification.Reverse(ctx, tx, tx.Now(), ReviewEvent(r.ReviewID), gamification.LeftToHand); err != nil {
			return err
		}
		return c.leftToHand(ctx, tx, &a, r)
	case listeners.OnHold:
		if err := tell(ctx, tx, &c, a.MemberID, ReplyHeld, "held:"+r.ID); err != nil {
			return err
		}
		return c.recordReply(ctx, tx, ReplyHeld, r)
	default:
		return c.recordReply(ctx, tx, ReplyDoubtful, r)
	}
}

func (c *Case) recordReply(ctx context.Context, tx Tx, kind Kind, r listeners.Reply) error {
	detail := Detail{Answer: r.AnswerID, Reply: r.ID, Text: r.Error, Rule: string(r.Evidence)}
	return record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, Kind: kind, Lane: c.Lane, Detail: detail})
}

// delivered notes that a reply is on the network, and thanks who posted it by hand if that is certain.
func (c *Case) delivered(ctx context.Context, tx Tx, a *Answer, r listeners.Reply) error {
	_, err := tx.NewUpdate().Model(c).
		Set("answered_at = ?, answered_by = ?, first_answer_at = COALESCE(first_answer_at, ?), version = version + 1", r.SentAt, a.MemberID, r.SentAt).
		Where("id = ?", c.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note the answer to case %d: %w", c.ID, err)
	}
	if err := c.thankPosted(ctx, tx, a, r); err != nil {
		return err
	}
	return c.recordReply(ctx, tx, ReplySent, r)
}

// answeredMeanwhile ends a reply whose post the brand has answered with another tool since, and says so
// to its author.
func (c *Case) answeredMeanwhile(ctx context.Context, tx Tx, a *Answer, r listeners.Reply) error {
	if err := c.move(ctx, tx, SendFailed, nil); err != nil {
		return err
	}
	if r.MentionID == c.MentionID && c.State == Open {
		if err := c.move(ctx, tx, BrandWrote, nil); err != nil {
			return err
		}
	}
	if err := undeliver(ctx, tx, c, r); err != nil {
		return err
	}
	if err := tell(ctx, tx, c, a.MemberID, ReplyNeedless, "elsewhere:"+r.ID); err != nil {
		return err
	}
	return c.recordReply(ctx, tx, ReplyNeedless, r)
}

// undelivered opens the case of a reply again that will not be on the network, and tells its author.
func (c *Case) undelivered(ctx context.Context, tx Tx, a *Answer, r listeners.Reply) error {
	event := SendFailed
	if r.Error == string(listeners.Gone) {
		event = Delete
	}
	if err := c.move(ctx, tx, event, nil); err != nil {
		return err
	}
	if err := undeliver(ctx, tx, c, r); err != nil {
		return err
	}
	if err := tell(ctx, tx, c, a.MemberID, ReplyFailed, "failed:"+r.ID); err != nil {
		return err
	}
	return c.recordReply(ctx, tx, ReplyFailed, r)
}

// undeliver withdraws the answer of a reply that does not leave, and the points for it.
func undeliver(ctx context.Context, tx Tx, c *Case, r listeners.Reply) error {
	_, err := tx.NewUpdate().Model((*Answer)(nil)).Set("state = ?, version = version + 1", Withdrawn).
		Where("id = ? AND state = ?", r.AnswerID, Approved).Exec(ctx)
	if err != nil {
		return fmt.Errorf("withdraw answer %d: %w", r.AnswerID, err)
	}
	return gamification.Reverse(ctx, tx, tx.Now(), ReviewEvent(r.ReviewID), gamification.NotSent)
}

// leftToHand tells an answer's author that they are to post it themselves.
func (c *Case) leftToHand(ctx context.Context, tx Tx, a *Answer, r listeners.Reply) error {
	if r.Error != "" { // the network refused to take it from us
		why := "not_summoned"
		if r.Error == string(listeners.WindowClosed) || r.Error == listeners.SecondReply {
			why = r.Error
		}
		_, err := tx.NewUpdate().Model(c).Set("delivery = ?, delivery_why = ?, version = version + 1", listeners.Assisted, why).
			Where("id = ?", c.ID).Returning("*").Exec(ctx)
		if err != nil {
			return fmt.Errorf("note how case %d can be answered: %w", c.ID, err)
		}
	}
	if err := tell(ctx, tx, c, a.MemberID, ReplyByHand, "by_hand:"+r.ID); err != nil {
		return err
	}
	return c.recordReply(ctx, tx, ReplyByHand, r)
}

// ReviewEvent names an approval in the ledger.
func ReviewEvent(reviewID int64) string { return fmt.Sprintf("review:%d", reviewID) }

// PostedEvent names in the ledger that an approved answer was posted by hand, for certain.
func PostedEvent(reviewID int64) string { return fmt.Sprintf("posted:%d", reviewID) }

// thankPosted writes the points for an answer that its author has posted by hand, once it is certain that
// it is there: a word alone earns nothing.
func (c *Case) thankPosted(ctx context.Context, tx Tx, a *Answer, r listeners.Reply) error {
	if r.Mode != listeners.Assisted || r.Evidence == listeners.Said {
		return nil
	}
	author, err := findMember(ctx, tx, a.MemberID)
	if err != nil || author.Role.Employee() {
		return err
	}
	return ThankApproval(ctx, tx, c, a, PostedEvent(r.ReviewID))
}
