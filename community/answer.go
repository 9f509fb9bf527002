package community

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// Answer is what a member wrote for a case. It becomes a reply when it is approved.
type Answer struct {
	bun.BaseModel `bun:"table:answers,alias:answer"`

	ID          int64 `bun:",pk,autoincrement"`
	BrandID     int64
	CaseID      int64
	MemberID    int64
	MentionID   int64 // the post it answers: the customer's latest when it was written
	State       AnswerState
	Text        string
	OwnText     string   // what the author sent, before a reviewer edited it
	Returns     int      // how often a reviewer gave it back
	Kept        *float64 // the share of OwnText that a reviewer let stand, see Kept; nil where none has decided
	Outcome     Outcome  // the customer's latest word on it
	BasedOn     int64    `bun:",nullzero"` // the answer of somebody else that it was started from
	IsLeft      bool     // its author let go of it: the next holder of the case may start from it
	ReviewerID  int64    `bun:",nullzero"` // the member who decided last; 0 where a rule did, or nobody yet
	WhyReviewed string   // a code: why a person looks at it before it leaves
	Quorum      int      // how many people must approve it before it leaves; 0 before it is submitted
	LowRisk     bool     // so little is at risk that another advocate may look at it
	Alarms      int      // how often somebody was told that it waits
	SimilarID   int64    `bun:",nullzero"` // the approved answer to a similar question that it began with
	SnippetID   int64    `bun:",nullzero"` // the snippet it began with
	Suggestion  string   // what a machine wrote for it, "" for nothing
	Assisted    bool     // most of it is still the machine's
	FactsID     int64    `bun:",nullzero"` // the locked facts of an incident that it says
	Core        string   // these, as they stand in Text
	Voice       string   // a hash of its other words: no two answers of an incident have the same
	CorrectsID  int64    `bun:",nullzero"` // the answer whose reply on the network it is to replace; 0 for one of its own
	Version     int64
	CreatedAt   clock.Time
	UpdatedAt   clock.Time
	SubmittedAt clock.Time `bun:",nullzero"`
	DecidedAt   clock.Time `bun:",nullzero"`
}

// AnswerState is where an answer stands; after approved the outbox tells how it travels.
type AnswerState string

// The states of an answer.
const (
	Draft     AnswerState = "draft"
	Submitted AnswerState = "submitted"
	Approved  AnswerState = "approved"
	Returned  AnswerState = "returned"  // by a reviewer, with advice
	Withdrawn AnswerState = "withdrawn" // nothing came of it: answered elsewhere, handed to staff, not deliverable
)

// Outcome is what became of an answer at the customer's.
type Outcome string

// The outcomes; "" while the customer has said nothing that tells.
const (
	OutcomeSolved Outcome = "solved"
	OutcomeThanks Outcome = "thanks"
	OutcomeBroken Outcome = "broken" // the customer came back: it was not solved
)

// mostText bounds what is stored of a draft, in bytes; a network's own limit is told while writing. The longest
// posts of X, 25,000 characters, fit in any language.
const mostText = 100_000

// Storable tells whether both databases can keep a text that somebody has sent.
func Storable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

// SaveDraft keeps the member's text for a case and, if the case is free or the member's, renews the
// claim. held tells whether the member has the case now; the text is kept either way, unless it is
// what the member has just sent: a draft that was on its way meanwhile.
func SaveDraft(ctx context.Context, tx Tx, m *Member, caseID int64, text string) (a Answer, c Case, held bool, err error) {
	if len(text) > mostText {
		return a, c, false, &Invalid{"text", "this text is too long to keep"}
	}
	if !Storable(text) {
		return a, c, false, &Invalid{"text", "this text has characters that cannot be sent"}
	}
	c, err = lockCase(ctx, tx, m, caseID)
	if err != nil {
		return a, c, false, err
	}
	got, err := ClaimCase(ctx, tx, m, caseID)
	switch {
	case err == nil:
		c, held = got, true
	case !errors.Is(err, ErrTaken) && !errors.Is(err, ErrNotOpen) && !errors.Is(err, ErrRest):
		return a, c, false, err
	default:
		if sent, err := Sent(ctx, tx, m, caseID, text); err != nil || sent {
			return a, c, false, err
		}
	}
	a, err = DraftOf(ctx, tx, m, caseID)
	if err != nil {
		return a, c, held, err
	}
	if a.Text == text && a.ID != 0 && !(held && a.IsLeft) {
		return a, c, held, nil
	}
	a.Text, a.IsLeft = text, a.IsLeft && !held
	return a, c, held, a.store(ctx, tx, m, &c)
}

// Sent tells whether the member has an answer to a case that says just this and waits for a reviewer
// or was approved.
func Sent(ctx context.Context, db bun.IDB, m *Member, caseID int64, text string) (bool, error) {
	said := strings.TrimSpace(text)
	sent, err := db.NewSelect().Model((*Answer)(nil)).
		Where("case_id = ? AND member_id = ? AND state IN ('submitted', 'approved')", caseID, m.ID).
		Where("(text = ? OR SUBSTR(text, 1, LENGTH(?)) = ?)", said, said+"\n", said+"\n").Exists(ctx) // what is disclosed stands below
	if err != nil {
		return false, fmt.Errorf("look for an answer to case %d: %w", caseID, err)
	}
	return sent, nil
}

// DraftOf reads what the member has written for a case and not submitted; an empty answer if nothing.
func DraftOf(ctx context.Context, db bun.IDB, m *Member, caseID int64) (Answer, error) {
	var all []Answer
	err := db.NewSelect().Model(&all).
		Where("case_id = ? AND member_id = ? AND state IN ('draft', 'returned')", caseID, m.ID).Scan(ctx)
	if err != nil {
		return Answer{}, fmt.Errorf("read the draft for case %d: %w", caseID, err)
	}
	if len(all) == 0 {
		return Answer{State: Draft}, nil
	}
	return all[0], nil
}

func (a *Answer) store(ctx context.Context, tx Tx, m *Member, c *Case) error {
	a.BrandID, a.CaseID, a.MemberID, a.MentionID = c.BrandID, c.ID, m.ID, c.MentionID
	a.UpdatedAt, a.Assisted = tx.Now(), a.machineMade()
	a.Version++
	var err error
	if a.ID == 0 {
		a.CreatedAt = tx.Now()
		_, err = tx.NewInsert().Model(a).Exec(ctx)
	} else {
		_, err = tx.NewUpdate().Model(a).WherePK().Exec(ctx)
	}
	if err != nil {
		return fmt.Errorf("store the answer to case %d: %w", c.ID, err)
	}
	return nil
}

// HoldForAnswer reads a case that the member has a live claim on. A fence that is not 0 must be the
// claim's: a late writer whose case went through other hands changes nothing.
func HoldForAnswer(ctx context.Context, tx Tx, m *Member, caseID, fence int64) (Case, error) {
	c, err := lockCase(ctx, tx, m, caseID)
	if err != nil {
		return c, err
	}
	if !m.MayAnswer(&c) {
		return c, ErrNotAllowed
	}
	if !c.HeldBy(m, tx.Now()) {
		if c.HolderID != 0 && c.HolderID != m.ID {
			return c, ErrLeaseLost
		}
		return c, ErrNotHeld
	}
	if fence != 0 && fence != c.Fence {
		return c, ErrLeaseLost
	}
	return c, nil
}

// Needed is the review that an answer needs before it leaves.
type Needed struct {
	Why     string // a code; "" where nobody needs to look, and the caller publishes
	Quorum  int    // how many people must approve it
	LowRisk bool   // so little is at risk that another advocate may look at it
}

// SubmitAnswer stores the member's text as the answer to a held case, which waits for its review.
func SubmitAnswer(ctx context.Context, tx Tx, m *Member, c *Case, text string, r Needed) (Answer, error) {
	a, err := DraftOf(ctx, tx, m, c.ID)
	if err != nil {
		return a, err
	}
	a.Text, a.State, a.SubmittedAt, a.Alarms = strings.TrimSpace(text), Submitted, tx.Now(), 0
	a.WhyReviewed, a.Quorum, a.LowRisk = r.Why, r.Quorum, r.LowRisk
	a.OwnText, a.IsLeft = a.Text, false
	if err := a.ownWords(m); err != nil {
		return a, err
	}
	if err := a.carry(ctx, tx, c, false); err != nil {
		return a, err
	}
	if err := a.settleOrigin(ctx, tx); err != nil {
		return a, err
	}
	if err := a.store(ctx, tx, m, c); err != nil {
		return a, err
	}
	if r.Why == "" {
		return a, nil
	}
	if err := c.move(ctx, tx, Submit, nil); err != nil {
		return a, err
	}
	return a, record(ctx, tx, Activity{
		BrandID: c.BrandID, CaseID: c.ID, ActorID: m.ID, Kind: AnswerSubmitted, Lane: c.Lane, Detail: Detail{Answer: a.ID, Rule: r.Why},
	})
}

// decide takes a submitted answer to its next state, once: of two who decide, one gets ErrDecided.
func (a *Answer) decide(ctx context.Context, tx Tx, to AnswerState) error {
	res, err := tx.NewUpdate().Model(a).
		Set("state = ?, text = ?, kept = ?, returns = ?, reviewer_id = ?, decided_at = ?, version = version + 1",
			to, a.Text, a.Kept, a.Returns, bun.NullZero(a.ReviewerID), tx.Now()).
		Set("facts_id = ?, core = ?, voice = ?", bun.NullZero(a.FactsID), a.Core, a.Voice).
		Where("id = ? AND state = ?", a.ID, Submitted).Returning("*").Exec(ctx)
	if err != nil {
		return fmt.Errorf("decide answer %d: %w", a.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return ErrDecided
	}
	if a.ReviewerID == 0 {
		return nil
	}
	return reconsider(ctx, tx, a.MemberID)
}

// PublishAnswer marks an answer as approved and its case as answered; the caller queues the reply in
// the same transaction. reviewer is nil where a rule approved.
func PublishAnswer(ctx context.Context, tx Tx, a *Answer, c *Case, reviewer *Member, rule string) error {
	if reviewer != nil {
		kept := Kept(a.OwnText, a.Text)
		a.Kept, a.ReviewerID = &kept, reviewer.ID
	}
	if err := a.carry(ctx, tx, c, true); err != nil {
		return err
	}
	if err := a.decide(ctx, tx, Approved); err != nil {
		return err
	}
	if err := c.move(ctx, tx, Publish, nil); err != nil {
		return err
	}
	if err := a.remember(ctx, tx); err != nil {
		return err
	}
	err := record(ctx, tx, Activity{
		BrandID: c.BrandID, CaseID: c.ID, ActorID: by(reviewer), Kind: AnswerApproved, Lane: c.Lane, Detail: Detail{Answer: a.ID, Rule: rule},
	})
	if err != nil {
		return err
	}
	if err := a.creditDraft(ctx, tx, c); err != nil || reviewer == nil {
		return err
	}
	return tell(ctx, tx, c, a.MemberID, AnswerApproved, fmt.Sprintf("approved:%d", a.ID))
}

// ReturnAnswer gives a submitted answer back to its author with advice; the author holds the case again.
func ReturnAnswer(ctx context.Context, tx Tx, a *Answer, c *Case, reviewer *Member, reason string) error {
	if err := a.makeRoom(ctx, tx); err != nil {
		return err
	}
	a.Returns++
	a.ReviewerID = reviewer.ID
	if err := a.decide(ctx, tx, Returned); err != nil {
		return err
	}
	err := c.move(ctx, tx, Return, func(q *bun.UpdateQuery) *bun.UpdateQuery {
		return q.Set("holder_id = ?, held_until = ?, fence = fence + 1", a.MemberID, tx.Now().Add(returnedLease))
	})
	if err != nil {
		return err
	}
	err = record(ctx, tx, Activity{
		BrandID: c.BrandID, CaseID: c.ID, ActorID: reviewer.ID, Kind: AnswerReturned, Lane: c.Lane,
		Detail: Detail{Answer: a.ID, Member: a.MemberID, Text: reason},
	})
	if err != nil {
		return err
	}
	return tell(ctx, tx, c, a.MemberID, AnswerReturned, fmt.Sprintf("returned:%d:%d", a.ID, a.Version))
}

// TakeBackAnswer makes an approved answer, whose reply was cancelled in time, a draft of its author
// again, who holds the case. Its author may, whoever approved it, and every employee.
func TakeBackAnswer(ctx context.Context, tx Tx, m *Member, answerID int64, approved bool) (Answer, error) {
	a, c, err := FindAnswer(ctx, tx, m, answerID)
	if err != nil {
		return a, err
	}
	if a.State != Approved || a.CorrectsID != 0 {
		return a, ErrChanged
	}
	if a.MemberID != m.ID && !approved && !m.Role.Employee() {
		return a, ErrNotAllowed
	}
	if err := a.makeRoom(ctx, tx); err != nil {
		return a, err
	}
	old, err := tx.NewUpdate().Model(&a).Set("state = ?, decided_at = NULL, kept = NULL, reviewer_id = NULL, version = version + 1", Draft).
		Where("id = ? AND state = ?", a.ID, Approved).Returning("*").Exec(ctx)
	if err != nil {
		return a, fmt.Errorf("take back answer %d: %w", answerID, err)
	}
	if n, err := old.RowsAffected(); err != nil || n == 0 {
		return a, ErrChanged
	}
	if err := forget(ctx, tx, a.ID); err != nil {
		return a, err
	}
	err = c.move(ctx, tx, TakeBack, func(q *bun.UpdateQuery) *bun.UpdateQuery {
		return q.Set("holder_id = ?, held_until = ?, fence = fence + 1", a.MemberID, tx.Now().Add(Lease))
	})
	if err != nil {
		return a, err
	}
	return a, record(ctx, tx, Activity{
		BrandID: c.BrandID, CaseID: c.ID, ActorID: m.ID, Kind: AnswerTakenBack, Lane: c.Lane, Detail: Detail{Answer: a.ID},
	})
}

// makeRoom puts aside what the author has saved since the answer was submitted, which pages do by
// themselves: an author writes one text at a time for a case, and this answer is about to be it again.
func (a *Answer) makeRoom(ctx context.Context, tx Tx) error {
	_, err := tx.NewUpdate().Model((*Answer)(nil)).Set("state = ?, version = version + 1", Withdrawn).
		Where("case_id = ? AND member_id = ? AND id <> ? AND state IN ('draft', 'returned')", a.CaseID, a.MemberID, a.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("put a later draft for case %d aside: %w", a.CaseID, err)
	}
	return nil
}

// withdraw ends the answers of a case that wait for a reviewer.
func withdraw(ctx context.Context, tx Tx, caseID int64) error {
	_, err := tx.NewUpdate().Model((*Answer)(nil)).
		Set("state = ?, decided_at = ?, version = version + 1", Withdrawn, tx.Now()).
		Where("case_id = ? AND state = ? AND corrects_id IS NULL", caseID, Submitted).Exec(ctx)
	if err != nil {
		return fmt.Errorf("withdraw the answers of case %d: %w", caseID, err)
	}
	return nil
}

// fare notes a customer's word on the answer that a member gave to a case last.
func fare(ctx context.Context, tx Tx, c *Case, o Outcome) error {
	_, err := tx.NewUpdate().Model((*Answer)(nil)).Set("outcome = ?, version = version + 1", o).
		Where("id = (SELECT MAX(id) FROM answers WHERE case_id = ? AND member_id = ? AND state = ? AND corrects_id IS NULL)", c.ID, c.AnsweredBy, Approved).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note how the answer to case %d fared: %w", c.ID, err)
	}
	return reconsider(ctx, tx, c.AnsweredBy)
}

// FindAnswer reads an answer with its case, if the member may see the case.
func FindAnswer(ctx context.Context, db bun.IDB, m *Member, id int64) (Answer, Case, error) {
	var a Answer
	if err := db.NewSelect().Model(&a).Where("id = ? AND brand_id = ?", id, m.BrandID).Scan(ctx); err != nil {
		return a, Case{}, fmt.Errorf("find answer %d: %w", id, err)
	}
	c, err := FindCase(ctx, db, m, a.CaseID)
	return a, c, err
}

// Answers reads a case's answers as the member may see them, oldest first: other people's drafts stay theirs.
func Answers(ctx context.Context, db bun.IDB, m *Member, caseID int64) ([]Answer, error) {
	var all []Answer
	err := db.NewSelect().Model(&all).
		Where("case_id = ? AND (member_id = ? OR state NOT IN ('draft', 'returned'))", caseID, m.ID).Order("id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the answers of case %d: %w", caseID, err)
	}
	return all, nil
}

// AnswersTo reads the answers of several cases at once as Answers does, by case.
func AnswersTo(ctx context.Context, db bun.IDB, m *Member, caseIDs []int64) (map[int64][]Answer, error) {
	if len(caseIDs) == 0 {
		return nil, nil
	}
	var all []Answer
	err := db.NewSelect().Model(&all).Where("brand_id = ? AND case_id IN (?)", m.BrandID, bun.List(caseIDs)).
		Where("(member_id = ? OR state NOT IN ('draft', 'returned'))", m.ID).Order("id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the answers of cases: %w", err)
	}
	byCase := make(map[int64][]Answer, len(caseIDs))
	for _, a := range all {
		byCase[a.CaseID] = append(byCase[a.CaseID], a)
	}
	return byCase, nil
}

// AnswersOf reads a member's latest answers, newest first, without the corrections of some.
func AnswersOf(ctx context.Context, db bun.IDB, m *Member, most int) ([]Answer, error) {
	var all []Answer
	err := db.NewSelect().Model(&all).Where("member_id = ? AND corrects_id IS NULL", m.ID).Order("id DESC").Limit(int64(most)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the answers of member %d: %w", m.ID, err)
	}
	return all, nil
}

// FindAnswers reads answers of the member's brand by id; those whose cases they may not see are left out.
func FindAnswers(ctx context.Context, db bun.IDB, m *Member, ids []int64) (map[int64]Answer, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var all []Answer
	err := db.NewSelect().Model(&all).Join("JOIN cases AS c ON c.id = answer.case_id").
		Where("answer.id IN (?) AND answer.brand_id = ? AND c.lane IN (?)", bun.List(ids), m.BrandID, bun.List(m.Lanes())).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read answers: %w", err)
	}
	byID := make(map[int64]Answer, len(all))
	for _, a := range all {
		byID[a.ID] = a
	}
	return byID, nil
}
