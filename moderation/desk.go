package moderation

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
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
	// Measure tells how long a text is on a network.
	Measure func(network, text string) listeners.Length
	// Undo is how long a reply waits before it leaves.
	Undo time.Duration
	// NewID makes the id of a reply, a UUIDv7.
	NewID func() string
}

// Review is one decision over an answer.
type Review struct {
	bun.BaseModel `bun:"table:reviews"`

	ID         int64 `bun:",pk,autoincrement"`
	BrandID    int64
	AnswerID   int64
	ReviewerID int64  `bun:",nullzero"` // 0 where a rule decided
	Rule       string // with its version; empty where a person decided
	Decision   Verdict
	Reason     string
	Edited     bool
	TextHash   string // of exactly the text that was decided about
	CreatedAt  clock.Time
}

// Verdict is what was decided.
type Verdict string

// The verdicts.
const (
	Approved Verdict = "approved"
	Returned Verdict = "returned"
)

// trustedRule approves what trusted members wrote where little is at risk; its version changes with
// sampleRates and Risky.
const trustedRule = "trusted@1"

// sampleRates says which share of the answers of each trust level a person reviews.
var sampleRates = [...]float64{1, 1, 0.25, 0.05, 0.05}

// Submit takes a member's answer to a case they hold. Employees and trusted members at low risk
// publish at once; everybody else's answer waits for a reviewer. A fence that is not 0 must be the
// claim's.
func (d *Desk) Submit(ctx context.Context, tx listeners.Tx, m *community.Member, caseID, fence int64, text string) (community.Answer, error) {
	c, err := community.HoldForAnswer(ctx, tx, m, caseID, fence)
	if err != nil {
		return community.Answer{}, err
	}
	if c.Delivery != listeners.ByAPI {
		return community.Answer{}, community.ErrNotByAPI
	}
	if err := d.refuse(ctx, tx, m, &c, text); err != nil {
		return community.Answer{}, err
	}
	why, err := d.WhyReview(ctx, tx, m, &c, text)
	if err != nil {
		return community.Answer{}, err
	}
	a, err := community.SubmitAnswer(ctx, tx, m, &c, text, why, why != "")
	if err != nil || why != "" {
		return a, err
	}
	err = d.publish(ctx, tx, &a, &c, m, Review{Rule: trustedRule}, nil)
	return a, err
}

// refuse says why a text may not leave whoever approves it, nor take a reviewer's time.
func (d *Desk) refuse(ctx context.Context, db bun.IDB, author *community.Member, c *community.Case, text string) error {
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
	if err := refusal(found); err != nil {
		return err
	}
	return community.Filled(text)
}

// WhyReview says why a person must look at an answer first, or "" if it may leave at once. Without a
// text it says what is certain before anybody has written.
func (d *Desk) WhyReview(ctx context.Context, db bun.IDB, m *community.Member, c *community.Case, text string) (string, error) {
	if m.Role.Employee() {
		return "", nil
	}
	found, err := d.Check(ctx, db, m, c, text)
	if err != nil {
		return "", err
	}
	if flag := forReview(found); flag != "" {
		return string(flag), nil
	}
	if m.Trust <= 1 {
		return "newcomer", nil
	}
	if c.Lane != community.Community || c.Urgency >= riskyUrgency {
		return "risky_case", nil
	}
	brands, err := community.Brands(ctx, db)
	if err != nil {
		return "", err
	}
	if sampled(brands[c.BrandID].ReviewSeed, c.ID, m.ID, sampleRates[min(m.Trust, len(sampleRates)-1)]) {
		return "sampled", nil
	}
	return "", nil
}

// riskyUrgency is the urgency from which a trusted member's answer is reviewed all the same: about
// that of an angry complaint.
const riskyUrgency = 3.5

// sampled draws by hash, so that a drawing can be replayed and nobody can try again for a better one.
func sampled(seed string, caseID, memberID int64, rate float64) bool {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d/%d", seed, caseID, memberID))
	return float64(binary.BigEndian.Uint64(sum[:8])>>11)/(1<<53) < rate
}

// Approve publishes a submitted answer, with the reviewer's wording if edited is not empty.
func (d *Desk) Approve(ctx context.Context, tx listeners.Tx, reviewer *community.Member, answerID int64, edited string) (community.Answer, error) {
	a, c, author, err := d.toDecide(ctx, tx, reviewer, answerID)
	if err != nil {
		return a, err
	}
	review := Review{ReviewerID: reviewer.ID}
	if edited = strings.TrimSpace(edited); edited != "" && edited != a.Text {
		a.Text, review.Edited = edited, true
	}
	return a, d.publish(ctx, tx, &a, &c, author, review, reviewer)
}

// Return gives a submitted answer back to its author with advice.
func (d *Desk) Return(ctx context.Context, tx listeners.Tx, reviewer *community.Member, answerID int64, reason string) (community.Answer, error) {
	a, c, _, err := d.toDecide(ctx, tx, reviewer, answerID)
	if err != nil {
		return a, err
	}
	if reason = strings.TrimSpace(reason); reason == "" {
		return a, &community.Invalid{Field: "reason", Sentence: "tell the author what to change"}
	}
	if !community.Storable(reason) {
		return a, &community.Invalid{Field: "reason", Sentence: "this text has characters that cannot be sent"}
	}
	if err := community.ReturnAnswer(ctx, tx, &a, &c, reviewer, reason); err != nil {
		return a, err
	}
	r := Review{
		BrandID: a.BrandID, AnswerID: a.ID, ReviewerID: reviewer.ID, Decision: Returned, Reason: reason,
		TextHash: listeners.Hash(a.Text), CreatedAt: tx.Now(),
	}
	if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
		return a, fmt.Errorf("store the review of answer %d: %w", a.ID, err)
	}
	return a, nil
}

// toDecide reads an answer that the reviewer may decide about, with its case and author.
func (d *Desk) toDecide(ctx context.Context, tx listeners.Tx, reviewer *community.Member, answerID int64) (a community.Answer, c community.Case, author *community.Member, err error) {
	a, c, err = community.FindAnswer(ctx, tx, reviewer, answerID)
	if err != nil {
		return a, c, nil, err
	}
	if !reviewer.MayReview() {
		return a, c, nil, community.ErrNotAllowed
	}
	if a.MemberID == reviewer.ID {
		return a, c, nil, community.ErrOwnAnswer
	}
	if a.State != community.Submitted {
		return a, c, nil, community.ErrDecided
	}
	members, err := community.Members(ctx, tx, a.BrandID)
	m := members[a.MemberID]
	return a, c, &m, err
}

// publish is the one way out: the guards once more, approval, case, outbox and points in one transaction.
func (d *Desk) publish(ctx context.Context, tx listeners.Tx, a *community.Answer, c *community.Case, author *community.Member, r Review, reviewer *community.Member) error {
	if err := d.refuse(ctx, tx, author, c, a.Text); err != nil {
		return err
	}
	if err := community.PublishAnswer(ctx, tx, a, c, reviewer, r.Rule); err != nil {
		return err
	}
	r.BrandID, r.AnswerID, r.Decision, r.TextHash, r.CreatedAt = a.BrandID, a.ID, Approved, listeners.Hash(a.Text), tx.Now()
	if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
		return fmt.Errorf("store the approval of answer %d: %w", a.ID, err)
	}
	mentions, err := listeners.FindMentions(ctx, tx, []int64{a.MentionID})
	if err != nil {
		return err
	}
	asked := mentions[a.MentionID] // by the account that heard it, which may not be the one that the case began with
	err = listeners.Queue(ctx, tx, listeners.Reply{
		ID: d.NewID(), BrandID: a.BrandID, ConnectionID: asked.ConnectionID, CaseID: c.ID, AnswerID: a.ID, MentionID: a.MentionID,
		ReviewID: r.ID, ParentID: asked.NativeID, Text: a.Text, DueAt: tx.Now().Add(d.Undo),
	})
	if err != nil || author.Role.Employee() {
		return err
	}
	rule := gamification.Approved
	if r.Edited {
		rule = gamification.ApprovedEdited
	}
	return gamification.Earn(ctx, tx, tx.Now(), gamification.Entry{
		BrandID: a.BrandID, MemberID: a.MemberID, CaseID: c.ID, Event: community.ReviewEvent(r.ID), Rule: rule,
	})
}

// TakeBack is Undo: while the reply waits, its author or a reviewer makes the answer a draft again.
func (d *Desk) TakeBack(ctx context.Context, tx listeners.Tx, m *community.Member, answerID int64) (community.Answer, error) {
	a, err := community.TakeBackAnswer(ctx, tx, m, answerID)
	if err != nil {
		return a, err
	}
	r, err := listeners.TakeBack(ctx, tx, answerID)
	if err != nil {
		return a, err
	}
	return a, gamification.Reverse(ctx, tx, tx.Now(), community.ReviewEvent(r.ReviewID))
}

// Reviews reads the latest decision over each of these answers, by answer id.
func Reviews(ctx context.Context, db bun.IDB, answerIDs []int64) (map[int64]Review, error) {
	if len(answerIDs) == 0 {
		return nil, nil
	}
	var all []Review
	if err := db.NewSelect().Model(&all).Where("answer_id IN (?)", bun.List(answerIDs)).Order("id").Scan(ctx); err != nil {
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

// Queue reads the answers of the reviewer's brand that wait, longest first.
func Queue(ctx context.Context, db bun.IDB, reviewer *community.Member, most int) ([]Waiting, error) {
	if !reviewer.MayReview() {
		return nil, community.ErrNotAllowed
	}
	answers, err := community.ReviewQueue(ctx, db, reviewer.BrandID, most)
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
