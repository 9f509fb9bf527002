package moderation

import (
	"context"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// Correct takes other words for an answer that is on the network. They go the way of every answer: through the
// guards and, where the member's trust asks for it, a review. can is what the network lets us do.
func (d *Desk) Correct(ctx context.Context, tx listeners.Tx, m *community.Member, replyID, text string, can listeners.Changeable) (community.Answer, error) {
	r, c, of, err := community.ToChange(ctx, tx, m, replyID)
	switch {
	case err != nil:
		return of, err
	case !can.Edit:
		return of, listeners.ErrNoChange
	case !m.MaySee(&c) || m.State != community.Active:
		return of, community.ErrNotAllowed
	}
	now, err := community.ReplyNow(ctx, tx, &r)
	if err != nil {
		return of, err
	}
	if listeners.SameText(now.Text, text) {
		return of, &community.Invalid{Field: "text", Sentence: "this is what the answer says already"}
	}
	if text, err = d.disclose(ctx, tx, m, &c, text); err != nil {
		return of, err
	}
	if err := d.refuse(ctx, tx, m, &c, text, SameText); err != nil {
		return of, err
	}
	asked := c
	asked.MentionID = of.MentionID // what is at stake is what it answers
	needed, err := d.WhyReview(ctx, tx, m, &asked, text, tx.Now())
	if err != nil {
		return of, err
	}
	a, err := community.SubmitCorrection(ctx, tx, m, &c, &of, text, needed)
	if err != nil || needed.Why != "" {
		return a, err
	}
	return a, d.publish(ctx, tx, &a, &c, m, Review{Rule: trustedRule}, nil)
}

// publishCorrection is the one way out of a correction: the guards once more, approval and the change in one
// transaction. It earns nothing.
func (d *Desk) publishCorrection(ctx context.Context, tx listeners.Tx, a *community.Answer, c *community.Case, author *community.Member, r Review, reviewer *community.Member) error {
	replies, err := listeners.Replies(ctx, tx, []int64{a.CorrectsID})
	if err != nil {
		return err
	}
	reply := replies[a.CorrectsID]
	now, err := community.ReplyNow(ctx, tx, &reply)
	if err != nil {
		return err
	}
	if err := d.refuse(ctx, tx, author, c, a.Text, SameText); err != nil {
		return err
	}
	if err := community.PublishCorrection(ctx, tx, a, c, reviewer, r.Rule); err != nil {
		return err
	}
	if err := r.store(ctx, tx, a, Approved); err != nil {
		return err
	}
	return listeners.AskChange(ctx, tx, listeners.Change{
		ID: d.NewID(), BrandID: a.BrandID, ConnectionID: reply.ConnectionID, CaseID: c.ID, ReplyID: reply.ID, AnswerID: a.ID, ReviewID: r.ID,
		MemberID: a.MemberID, NativeID: reply.NativeID, Kind: listeners.EditReply, Text: a.Text, Before: now.Text,
	})
}
