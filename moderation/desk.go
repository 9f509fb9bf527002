package moderation

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
	"github.com/uptrace/bun"
)

// Desk is where answers arrive and are decided about. Nothing else publishes.
type Desk struct {
	// Network tells what is known of a kind of network.
	Network func(kind string) listeners.Network
	// Undo is how long a reply waits before it leaves.
	Undo time.Duration
	// NewID makes the id of a reply, a UUIDv7.
	NewID func() string
}

// Submit takes a member's answer to a case they hold. It leaves at once where nobody needs to read it
// first; else it waits for its review. A fence that is not 0 must be the claim's.
func (d *Desk) Submit(ctx context.Context, tx listeners.Tx, m *community.Member, caseID, fence int64, text string) (community.Answer, error) {
	c, err := community.HoldForAnswer(ctx, tx, m, caseID, fence)
	if err != nil {
		return community.Answer{}, err
	}
	if c.Delivery == listeners.Blocked {
		return community.Answer{}, community.ErrNotByAPI
	}
	if err := community.MayWriteTo(ctx, tx, m, c.MentionID); err != nil {
		return community.Answer{}, err
	}
	if text, err = d.disclose(ctx, tx, m, &c, text); err != nil {
		return community.Answer{}, err
	}
	if err := d.refuse(ctx, tx, m, &c, text); err != nil {
		return community.Answer{}, err
	}
	needed, err := d.WhyReview(ctx, tx, m, &c, text, tx.Now())
	if err != nil {
		return community.Answer{}, err
	}
	a, err := community.SubmitAnswer(ctx, tx, m, &c, text, needed)
	if err != nil || needed.Why != "" {
		return a, err
	}
	err = d.publish(ctx, tx, &a, &c, m, Review{Rule: trustedRule}, nil)
	return a, err
}

// refuse says why a text may not leave whoever approves it, nor take a reviewer's time. What a text may be is
// left out: a correction nearly repeats what was sent.
func (d *Desk) refuse(ctx context.Context, db bun.IDB, author *community.Member, c *community.Case, text string, may ...Flag) error {
	if tooEmpty(text) {
		return &community.Invalid{Field: "text", Sentence: "write an answer first"}
	}
	if !community.Storable(text) {
		return &community.Invalid{Field: "text", Sentence: "this text has characters that cannot be sent"}
	}
	found, err := d.Check(ctx, db, author, c, text)
	if err != nil {
		return err
	}
	found = slices.DeleteFunc(found, func(f Finding) bool { return slices.Contains(may, f.Flag) })
	if err := refusal(found); err != nil {
		return err
	}
	return community.Filled(text)
}

// Word is what a reviewer says besides the verdict.
type Word struct {
	Wording string   // what leaves instead of the author's text; what the reviewer suggests where they return it
	Reason  string   // for the author
	Lessons []Lesson // reasons that teach, ready to tap
}

// Approve approves a submitted answer, with the reviewer's wording if edited is not empty.
func (d *Desk) Approve(ctx context.Context, tx listeners.Tx, reviewer *community.Member, answerID int64, edited string) (community.Answer, error) {
	return d.ApproveWith(ctx, tx, reviewer, answerID, Word{Wording: edited})
}

// ApproveWith approves a submitted answer. It leaves once as many people have approved exactly its text
// as it needs; an edit begins to count anew. The approval of somebody who may not decide alone is kept.
func (d *Desk) ApproveWith(ctx context.Context, tx listeners.Tx, reviewer *community.Member, answerID int64, w Word) (community.Answer, error) {
	a, c, err := community.ToDecide(ctx, tx, reviewer, answerID)
	if err != nil {
		return a, err
	}
	review := Review{ReviewerID: reviewer.ID, Reason: strings.TrimSpace(w.Reason), Lessons: w.Lessons}
	if err := w.check(); err != nil {
		return a, err
	}
	members, err := community.Members(ctx, tx, a.BrandID)
	if err != nil {
		return a, err
	}
	author := members[a.MemberID]
	if edited := strings.TrimSpace(w.Wording); edited != "" && edited != a.Text {
		if edited, err = d.disclose(ctx, tx, &author, &c, edited); err != nil {
			return a, err
		}
		a.Text = edited
		if err := d.mayWrite(ctx, tx, reviewer, &author, &c, edited); err != nil {
			return a, err
		}
	}
	review.Edited = a.Text != a.OwnText
	enough, err := d.enough(ctx, tx, reviewer, &a, &c)
	if err != nil {
		return a, err
	}
	if !enough {
		if err := community.AgreeToAnswer(ctx, tx, &a, &c, reviewer); err != nil {
			return a, err
		}
		return a, review.store(ctx, tx, &a, Agreed)
	}
	return a, d.publish(ctx, tx, &a, &c, &author, review, reviewer)
}

// mayWrite refuses what a reviewer wrote into an answer: what nobody may send, and from an advocate what
// would need a person's eyes had its author written it.
func (d *Desk) mayWrite(ctx context.Context, tx listeners.Tx, reviewer, author *community.Member, c *community.Case, text string) error {
	if err := d.refuse(ctx, tx, author, c, text); err != nil || reviewer.Role.Employee() {
		return err
	}
	found, err := d.Check(ctx, tx, reviewer, c, text)
	if err == nil && forReview(found) != "" {
		err = &community.Invalid{Field: "text", Sentence: "what you added is for the brand's own people to decide; leave it out, or hand the case to them"}
	}
	return err
}

// enough tells whether the reviewer's approval is the last that an answer needs.
func (d *Desk) enough(ctx context.Context, tx listeners.Tx, reviewer *community.Member, a *community.Answer, c *community.Case) (bool, error) {
	say, err := SayOf(ctx, tx, reviewer, c, tx.Now())
	if err != nil {
		return false, err
	}
	agreed, err := AgreedTo(ctx, tx, a)
	if err != nil {
		return false, err
	}
	others := 0
	for _, by := range agreed {
		if by != reviewer.ID {
			others++
		}
	}
	switch {
	case a.Quorum <= 1 && say == Alone, a.Quorum <= 1 && say == OfTwo && others > 0:
		return true, nil
	case len(agreed) > others:
		return false, community.ErrAgreed
	}
	return say == Alone && others+1 >= a.Quorum, nil
}

// Say is what a reviewer's word about an answer is worth.
type Say int

// The says.
const (
	Heard Say = iota // kept for who decides
	OfTwo            // enough together with another reviewer's; to give an answer back it is enough by itself
	Alone            // enough
)

// SayOf tells what a reviewer's word about an answer to a case is worth now: an employee's decides, and a guide's
// outside of community-care. Of other trusted advocates, and of guides in community-care, the word counts while no
// employee is on duty, as far as the brand has set so; that of two, where its employees have hours of duty at all.
func SayOf(ctx context.Context, db bun.IDB, reviewer *community.Member, c *community.Case, now clock.Time) (Say, error) {
	guide, care := reviewer.Trust >= community.Guide, c.Lane == community.Care
	switch {
	case !reviewer.MayReview():
		return Heard, nil
	case reviewer.Role.Employee(), guide && !care:
		return Alone, nil
	}
	settings, err := ReviewSettingsOf(ctx, db, reviewer.BrandID)
	if err != nil || !settings.PeersAlone && !settings.Pairs {
		return Heard, err
	}
	on, err := community.AnyOnDuty(ctx, db, reviewer.BrandID, now)
	switch {
	case err != nil || on:
		return Heard, err
	case settings.PeersAlone && !care:
		return Alone, nil
	case !settings.Pairs:
		return Heard, nil
	}
	switch kept, err := community.KeepsDuty(ctx, db, reviewer.BrandID); {
	case err != nil || !kept:
		return Heard, err
	case guide:
		return Alone, nil
	}
	return OfTwo, nil
}

// Return gives a submitted answer back to its author with a reason.
func (d *Desk) Return(ctx context.Context, tx listeners.Tx, reviewer *community.Member, answerID int64, reason string) (community.Answer, error) {
	return d.ReturnWith(ctx, tx, reviewer, answerID, Word{Reason: reason})
}

// ReturnWith gives a submitted answer back to its author with what there is to learn.
func (d *Desk) ReturnWith(ctx context.Context, tx listeners.Tx, reviewer *community.Member, answerID int64, w Word) (community.Answer, error) {
	a, c, err := d.toSettle(ctx, tx, reviewer, answerID, OfTwo)
	if err != nil {
		return a, err
	}
	if w.Reason = strings.TrimSpace(w.Reason); w.Reason == "" && len(w.Lessons) == 0 {
		return a, &community.Invalid{Field: "reason", Sentence: "tell the author what to change"}
	}
	if err := w.check(); err != nil {
		return a, err
	}
	text := a.Text
	give := community.ReturnAnswer
	if a.CorrectsID != 0 {
		give = community.ReturnCorrection
	}
	if err := give(ctx, tx, &a, &c, reviewer, w.Reason); err != nil {
		return a, err
	}
	r := Review{ReviewerID: reviewer.ID, Reason: w.Reason, Lessons: w.Lessons, Suggestion: strings.TrimSpace(w.Wording)}
	if r.Suggestion == text {
		r.Suggestion = ""
	}
	return a, r.store(ctx, tx, &a, Returned)
}

// TakeOver makes a submitted answer the reviewer's own draft, who holds the case.
func (d *Desk) TakeOver(ctx context.Context, tx listeners.Tx, reviewer *community.Member, answerID int64) (community.Answer, error) {
	a, c, err := d.toSettle(ctx, tx, reviewer, answerID, Alone)
	if err != nil {
		return a, err
	}
	if !reviewer.MayAnswer(&c) || a.CorrectsID != 0 {
		return a, community.ErrNotAllowed
	}
	return community.TakeOverAnswer(ctx, tx, &a, &c, reviewer)
}

// ToStaff hands the case of a submitted answer to the brand's own people; whoever may read the answer
// may, because nobody has to be sure to ask for help.
func (d *Desk) ToStaff(ctx context.Context, tx listeners.Tx, reviewer *community.Member, answerID int64, why string) (community.Case, error) {
	a, c, err := community.ToDecide(ctx, tx, reviewer, answerID)
	if err != nil {
		return c, err
	}
	return community.HandToStaff(ctx, tx, reviewer, a.CaseID, strings.TrimSpace(why))
}

// toSettle reads an answer about which the reviewer's word is worth at least so much now.
func (d *Desk) toSettle(ctx context.Context, tx listeners.Tx, reviewer *community.Member, answerID int64, least Say) (community.Answer, community.Case, error) {
	a, c, err := community.ToDecide(ctx, tx, reviewer, answerID)
	if err != nil {
		return a, c, err
	}
	say, err := SayOf(ctx, tx, reviewer, &c, tx.Now())
	if err == nil && say < least {
		err = community.ErrNotAllowed
	}
	return a, c, err
}

// publish is the one way out: the guards once more, approval, case, outbox and points in one transaction.
func (d *Desk) publish(ctx context.Context, tx listeners.Tx, a *community.Answer, c *community.Case, author *community.Member, r Review, reviewer *community.Member) error {
	if a.CorrectsID != 0 {
		return d.publishCorrection(ctx, tx, a, c, author, r, reviewer)
	}
	if err := community.MayWriteTo(ctx, tx, author, a.MentionID); err != nil {
		return err
	}
	if err := d.discloseLate(ctx, tx, author, c, a); err != nil {
		return err
	}
	if err := d.refuse(ctx, tx, author, c, a.Text); err != nil {
		return err
	}
	if err := community.PublishAnswer(ctx, tx, a, c, reviewer, r.Rule); err != nil {
		return err
	}
	if err := r.store(ctx, tx, a, Approved); err != nil {
		return err
	}
	mentions, err := listeners.FindMentions(ctx, tx, []int64{a.MentionID})
	if err != nil {
		return err
	}
	reply, err := d.reply(ctx, tx, a, c, author, mentions[a.MentionID], r.ID)
	if err != nil {
		return err
	}
	if err := listeners.Queue(ctx, tx, reply); err != nil {
		return err
	}
	if reply.Mode == listeners.Assisted {
		return community.LeftToHand(ctx, tx, reply.ID)
	}
	if author.Role.Employee() {
		return nil
	}
	return community.ThankApproval(ctx, tx, c, a, community.ReviewEvent(r.ID))
}

// reply is an approved answer as it leaves: by the account that heard the post, which may not be the one
// that the case began with, or by its author's own hand.
func (d *Desk) reply(ctx context.Context, tx listeners.Tx, a *community.Answer, c *community.Case, author *community.Member, asked listeners.Mention, reviewID int64) (listeners.Reply, error) {
	r := listeners.Reply{
		ID: d.NewID(), BrandID: a.BrandID, ConnectionID: asked.ConnectionID, CaseID: c.ID, AnswerID: a.ID, MentionID: a.MentionID,
		ReviewID: reviewID, ParentID: asked.NativeID, ThreadKey: asked.ThreadKey, Target: asked.Target, Surface: asked.Surface,
		Text: a.Text, Mode: asked.Delivery, Deadline: c.DueAt, DueAt: tx.Now().Add(d.Undo),
	}
	if asked.DeliveryUntil != 0 && asked.DeliveryUntil <= tx.Now() {
		r.Mode = listeners.Assisted
	}
	if d.Network(c.Network).Policy.OneReply && r.Mode == listeners.ByAPI {
		answered, err := listeners.Answered(ctx, tx, c.ID, a.MentionID)
		if err != nil {
			return r, err
		}
		if answered {
			r.Mode, r.Error = listeners.Assisted, listeners.SecondReply
		}
	}
	var err error
	r.AsName, err = community.AccountName(ctx, tx, author.ID, r.ConnectionID)
	return r, err
}

// TakeBack is Undo: while the reply waits, its author, who approved it or an employee makes the answer a
// draft again.
func (d *Desk) TakeBack(ctx context.Context, tx listeners.Tx, m *community.Member, answerID int64) (community.Answer, error) {
	reviews, err := Reviews(ctx, tx, []int64{answerID})
	if err != nil {
		return community.Answer{}, err
	}
	a, err := community.TakeBackAnswer(ctx, tx, m, answerID, reviews[answerID].ReviewerID == m.ID)
	if err != nil {
		return a, err
	}
	r, err := listeners.TakeBack(ctx, tx, answerID)
	if err != nil {
		return a, err
	}
	return a, gamification.Reverse(ctx, tx, tx.Now(), community.ReviewEvent(r.ReviewID), gamification.Undone)
}
