package community

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/gamification"
)

// What members do is thanked with points of package gamification, in the transaction in which it is certain.

// SetPoints makes a table what the member's brand pays from now on. after is the version that it was made from.
func SetPoints(ctx context.Context, tx Tx, m *Member, t gamification.Table, after int) error {
	if m.Role != Admin {
		return ErrNotAllowed
	}
	before, err := gamification.TableOf(ctx, tx, m.BrandID)
	if err != nil {
		return err
	}
	t.BrandID = m.BrandID
	made, err := t.SwitchOn(ctx, tx, tx.Now(), m.ID, after)
	if errors.Is(err, gamification.ErrChanged) {
		return ErrChanged
	}
	if err != nil {
		return err
	}
	detail := Detail{Rule: "points", Before: before.Terms, Text: made.Terms}
	return record(ctx, tx, Activity{BrandID: m.BrandID, ActorID: m.ID, Kind: SettingChanged, Lane: Staff, Detail: detail})
}

// Earn writes points for what a member did in a case, unless they brought it themselves.
func Earn(ctx context.Context, tx Tx, c *Case, e gamification.Entry) error {
	own, err := tx.NewSelect().Model((*paste)(nil)).Where("case_id = ? AND member_id = ?", c.ID, e.MemberID).Exists(ctx)
	if err != nil {
		return fmt.Errorf("look who brought case %d: %w", c.ID, err)
	}
	if own {
		return nil
	}
	linked, err := c.linked(ctx, tx)
	if err != nil {
		return err
	}
	if linked {
		e.Hinder(gamification.Linked)
	}
	if c.Hostile {
		e.Note(gamification.Hot)
	}
	e.BrandID, e.CaseID, e.AccountID, e.TopicID = c.BrandID, c.ID, c.AccountID, max(c.TopicID, 0)
	return gamification.Earn(ctx, tx, tx.Now(), e)
}

// linked tells whether the customer of a case is a member: by the names that members say are theirs, or by the
// invitation that an account was sent and a member came with.
func (c *Case) linked(ctx context.Context, tx Tx) (bool, error) {
	var handle string
	err := tx.NewSelect().Table("accounts").Column("handle").Where("id = ?", c.AccountID).Scan(ctx, &handle)
	if err != nil {
		return false, fmt.Errorf("find account %d: %w", c.AccountID, err)
	}
	var members []Member
	err = tx.NewSelect().Model(&members).Column("handles").Where("brand_id = ? AND handles <> '{}'", c.BrandID).Scan(ctx)
	if err != nil {
		return false, fmt.Errorf("read the names of members: %w", err)
	}
	for _, m := range members {
		if own := m.Handles[c.Network]; own != "" && strings.EqualFold(strings.TrimPrefix(own, "@"), strings.TrimPrefix(handle, "@")) {
			return true, nil
		}
	}
	invited, err := tx.NewSelect().TableExpr("invitations AS i").Join("JOIN applications AS a ON a.invitation_id = i.id").
		Where("i.brand_id = ? AND i.account_id = ? AND a.state = 'accepted'", c.BrandID, c.AccountID).Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("look whom account %d was invited as: %w", c.AccountID, err)
	}
	return invited, nil
}

// leastComposing is how long it takes to write an answer that somebody has thought about, as in Discourse. One
// that is quicker may have been thought about elsewhere; a row of them was not.
const (
	leastComposing = 3 * time.Second
	aRow           = 10 * time.Minute
	inARow         = 3 // answers that somebody else's eyes would still believe within it
)

// sourced is an answer that says where it is written.
var sourced = regexp.MustCompile(`(?i)https?://\S+`)

// ThankApproval writes the points for an approved answer: as written, or after an edit or an earlier return.
// What was taken from a template as it stands, or is one of a row written in no time, earns nothing here; its
// outcome does.
func ThankApproval(ctx context.Context, tx Tx, c *Case, a *Answer, event string) error {
	rule := gamification.Approved
	if a.Edited() {
		rule = gamification.ApprovedEdited
	}
	e := gamification.Entry{MemberID: a.MemberID, Event: event, Rule: rule}
	if sourced.MatchString(a.Text) {
		e.Note(gamification.Sourced)
	}
	hasty, err := a.hasty(ctx, tx)
	if err != nil {
		return err
	}
	if hasty {
		e.Hinder(gamification.Hasty)
	}
	if a.ReviewerID != 0 {
		reviewer, err := findMember(ctx, tx, a.ReviewerID)
		if err != nil {
			return err
		}
		if !reviewer.Role.Employee() {
			e.GiverID = reviewer.ID
		}
	}
	return Earn(ctx, tx, c, e)
}

// Edited tells whether an approved answer is not what its author first sent.
func (a *Answer) Edited() bool { return a.Text != a.OwnText || a.Returns > 0 }

// hasty tells whether there is no work of the author in an answer.
func (a *Answer) hasty(ctx context.Context, tx Tx) (bool, error) {
	var claimed clock.Time
	err := tx.NewSelect().Table("activities").ColumnExpr("COALESCE(MAX(created_at), 0)").
		Where("case_id = ? AND actor_id = ? AND kind = ? AND created_at <= ?", a.CaseID, a.MemberID, CaseClaimed, a.SubmittedAt).Scan(ctx, &claimed)
	if err != nil {
		return false, fmt.Errorf("look when case %d was claimed: %w", a.CaseID, err)
	}
	if claimed != 0 && a.Returns == 0 && a.SubmittedAt.Sub(claimed) < leastComposing {
		lately, err := tx.NewSelect().Table("answers").Where("member_id = ? AND id <> ? AND submitted_at > ?", a.MemberID, a.ID, a.SubmittedAt.Add(-aRow)).Count(ctx)
		if err != nil {
			return false, fmt.Errorf("count the latest answers of member %d: %w", a.MemberID, err)
		}
		if lately >= inARow {
			return true, nil
		}
	}
	var canned string
	switch {
	case a.SimilarID != 0:
		err = tx.NewSelect().Table("answers").Column("text").Where("id = ?", a.SimilarID).Scan(ctx, &canned)
	case a.SnippetID != 0:
		err = tx.NewSelect().Table("snippets").Column("text").Where("id = ?", a.SnippetID).Scan(ctx, &canned)
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, fmt.Errorf("read what answer %d began with: %w", a.ID, err)
	}
	return canned != "" && strings.Join(strings.Fields(canned), " ") == strings.Join(strings.Fields(a.OwnText), " "), nil
}

// thankOutcome writes the points for a good word of the customer: to the author, and where it is solved to
// whoever wrote what the answer began with and to the advocate who let it out.
func (c *Case) thankOutcome(ctx context.Context, tx Tx, author *Member, event string, rule gamification.Rule) error {
	if !author.Role.Employee() {
		if err := Earn(ctx, tx, c, gamification.Entry{MemberID: author.ID, Event: event, Rule: rule}); err != nil {
			return err
		}
	}
	if rule != gamification.Solved {
		return nil
	}
	var a Answer
	err := tx.NewSelect().Model(&a).Where("case_id = ? AND member_id = ? AND state = ? AND corrects_id IS NULL", c.ID, author.ID, Approved).
		Order("id DESC").Limit(1).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find the answer that solved case %d: %w", c.ID, err)
	}
	var others []struct {
		MemberID int64
		Rule     gamification.Rule
	}
	err = tx.NewRaw(`SELECT DISTINCT m.id AS member_id, CASE WHEN m.id = ? THEN 'reviewed' ELSE 'reused' END AS rule FROM members m
		WHERE m.role = 'advocate' AND m.state = 'active' AND m.id <> ?
			AND (m.id = ? OR m.id IN (SELECT o.member_id FROM answers o WHERE o.id IN (?, ?))) ORDER BY m.id`,
		a.ReviewerID, a.MemberID, a.ReviewerID, a.SimilarID, a.BasedOn).Scan(ctx, &others)
	if err != nil {
		return fmt.Errorf("find who had a part in answer %d: %w", a.ID, err)
	}
	for _, o := range others {
		if err := Earn(ctx, tx, c, gamification.Entry{MemberID: o.MemberID, Event: event, Rule: o.Rule}); err != nil {
			return err
		}
	}
	return nil
}

// fined writes the entry for an answer that was taken from the network for a fault.
func (c *Case) fined(ctx context.Context, tx Tx, a *Answer, why string) error {
	author, err := findMember(ctx, tx, a.MemberID)
	if err != nil || author.Role.Employee() {
		return err
	}
	rule := map[string]gamification.Rule{WasWrong: gamification.Wrong, WasRude: gamification.Rude, WasPrivate: gamification.Leaked}[why]
	return Earn(ctx, tx, c, gamification.Entry{MemberID: author.ID, Event: fmt.Sprintf("removed:%d", a.ID), Rule: rule})
}

// handedOver reads the latest handing over of a case to the employees by an advocate; sql.ErrNoRows where there
// was none.
func (c *Case) handedOver(ctx context.Context, db bun.IDB) (a Activity, err error) {
	err = db.NewSelect().Model(&a).Where("case_id = ? AND kind = ?", c.ID, Escalated).
		Where("actor_id IN (SELECT id FROM members WHERE role = 'advocate')").Order("id DESC").Limit(1).Scan(ctx)
	if err != nil {
		return a, fmt.Errorf("find who handed case %d over: %w", c.ID, err)
	}
	return a, nil
}

// ErrNotHanded is told to who judges a handover that never was.
var ErrNotHanded = errors.New("no advocate has handed this case over")

// Handed is an advocate's handing over of a case, and what employees say of it.
type Handed struct {
	MemberID int64
	Right    *bool // nil while nobody has said
	times    int   // how often somebody has said
}

// HandedOver reads whether an advocate handed a case over; nil where none did.
func HandedOver(ctx context.Context, db bun.IDB, c *Case) (*Handed, error) {
	a, err := c.handedOver(ctx, db)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	h := Handed{MemberID: a.ActorID}
	var said []Activity
	err = db.NewSelect().Model(&said).Where("case_id = ? AND id > ? AND kind IN (?, ?)", c.ID, a.ID, HandoverRight, HandoverNeedless).Order("id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what was said of the handover of case %d: %w", c.ID, err)
	}
	for _, s := range said {
		right := s.Kind == HandoverRight
		h.Right = &right
		h.times++
	}
	return &h, nil
}

// JudgeHandover notes whether an advocate was right to hand a case to the employees. Restraint is thanked only
// where an employee says that it was right: else handing everything over would pay.
func JudgeHandover(ctx context.Context, tx Tx, m *Member, caseID int64, right bool) error {
	if !m.Role.Employee() {
		return ErrNotAllowed
	}
	c, err := lockCase(ctx, tx, m, caseID)
	if err != nil {
		return err
	}
	a, err := c.handedOver(ctx, tx)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotHanded
	}
	if err != nil {
		return err
	}
	before, err := HandedOver(ctx, tx, &c)
	if err != nil || before.Right != nil && *before.Right == right {
		return err
	}
	kind := HandoverRight
	event := fmt.Sprintf("escalated:%d:%d", a.ID, before.times+1)
	if right {
		err = Earn(ctx, tx, &c, gamification.Entry{MemberID: a.ActorID, Event: event, Rule: gamification.Escalated})
	} else {
		kind, event = HandoverNeedless, fmt.Sprintf("escalated:%d:%d", a.ID, before.times)
		err = gamification.Reverse(ctx, tx, tx.Now(), event, gamification.NotRight)
	}
	if err != nil {
		return err
	}
	return record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, ActorID: m.ID, Kind: kind, Lane: c.Lane, Detail: Detail{Member: a.ActorID}})
}
