package community

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// reused is the share of a draft that must stand in an answer for its author to have a part in it.
const reused = 0.5

// TakeOver gives an employee a case that somebody else holds. Who lost it is told, their draft is left
// for the employee, and what they send late changes nothing.
func TakeOver(ctx context.Context, tx Tx, m *Member, caseID int64) (Case, error) {
	c, err := lockCase(ctx, tx, m, caseID)
	if err != nil {
		return c, err
	}
	if !m.Role.Employee() {
		return c, ErrNotAllowed
	}
	if c.State != Claimed || c.HolderID == m.ID || c.HeldUntil <= tx.Now() {
		return ClaimCase(ctx, tx, m, caseID)
	}
	lost := c.HolderID
	if err := leaveDraft(ctx, tx, &c, lost); err != nil {
		return c, err
	}
	err = c.move(ctx, tx, Claim, func(q *bun.UpdateQuery) *bun.UpdateQuery {
		return q.Set("holder_id = ?, held_until = ?, fence = fence + 1", m.ID, tx.Now().Add(Lease))
	})
	if err != nil {
		return c, err
	}
	err = record(ctx, tx, Activity{
		BrandID: c.BrandID, CaseID: c.ID, ActorID: m.ID, Kind: CaseTakenOver, Lane: c.Lane, Detail: Detail{Member: lost},
	})
	if err != nil {
		return c, err
	}
	return c, tell(ctx, tx, &c, lost, CaseTakenOver, fmt.Sprintf("taken_over:%d:%d", c.ID, c.Fence))
}

// leaveDraft lets the next holder of a case start from what a member has written for it.
func leaveDraft(ctx context.Context, tx Tx, c *Case, memberID int64) error {
	_, err := tx.NewUpdate().Model((*Answer)(nil)).Set("is_left = TRUE").
		Where("case_id = ? AND member_id = ? AND state IN ('draft', 'returned')", c.ID, memberID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("leave the draft for case %d: %w", c.ID, err)
	}
	return nil
}

// leaveReturned does so for the returned answer of a member whose time to take it up again is over.
func leaveReturned(ctx context.Context, tx Tx, c *Case, memberID int64) error {
	_, err := tx.NewUpdate().Model((*Answer)(nil)).Set("is_left = TRUE").
		Where("case_id = ? AND member_id = ? AND state = 'returned'", c.ID, memberID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("leave the returned answer to case %d: %w", c.ID, err)
	}
	return nil
}

// LeftDrafts reads what others have left for the holder of a case to start from, latest first; nothing
// for anybody else.
func LeftDrafts(ctx context.Context, db bun.IDB, m *Member, c *Case, now clock.Time) ([]Answer, error) {
	if !c.HeldBy(m, now) {
		return nil, nil
	}
	var all []Answer
	err := db.NewSelect().Model(&all).
		Where("case_id = ? AND member_id <> ? AND is_left AND state IN ('draft', 'returned') AND text <> ''", c.ID, m.ID).
		Order("updated_at DESC").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the drafts left for case %d: %w", c.ID, err)
	}
	return all, nil
}

// StartFrom makes a draft that somebody left the beginning of the holder's own, unless they have begun.
func StartFrom(ctx context.Context, tx Tx, m *Member, caseID, answerID int64) (Case, error) {
	c, err := HoldForAnswer(ctx, tx, m, caseID, 0)
	if err != nil {
		return c, err
	}
	left, err := LeftDrafts(ctx, tx, m, &c, tx.Now())
	if err != nil {
		return c, err
	}
	for _, from := range left {
		if from.ID != answerID {
			continue
		}
		own, err := DraftOf(ctx, tx, m, caseID)
		if err != nil {
			return c, err
		}
		if own.Text != "" {
			return c, &Invalid{"text", "you have begun to write; empty your text first"}
		}
		own.Text, own.BasedOn = from.Text, from.ID
		return c, own.store(ctx, tx, m, &c)
	}
	return c, fmt.Errorf("start from answer %d: %w", answerID, sql.ErrNoRows)
}

// settleOrigin forgets what an answer was started from where too little of it is left.
func (a *Answer) settleOrigin(ctx context.Context, db bun.IDB) error {
	if a.BasedOn == 0 {
		return nil
	}
	var from Answer
	if err := db.NewSelect().Model(&from).Where("id = ?", a.BasedOn).Scan(ctx); err != nil {
		return fmt.Errorf("find answer %d: %w", a.BasedOn, err)
	}
	if Kept(from.Text, a.Text) < reused {
		a.BasedOn = 0
	}
	return nil
}

// creditDraft tells whoever wrote the draft of an approved answer that it was of use.
func (a *Answer) creditDraft(ctx context.Context, tx Tx, c *Case) error {
	if a.BasedOn == 0 {
		return nil
	}
	var from Answer
	if err := tx.NewSelect().Model(&from).Where("id = ?", a.BasedOn).Scan(ctx); err != nil {
		return fmt.Errorf("find answer %d: %w", a.BasedOn, err)
	}
	err := record(ctx, tx, Activity{
		BrandID: c.BrandID, CaseID: c.ID, ActorID: a.MemberID, Kind: DraftReused, Lane: c.Lane, Detail: Detail{Member: from.MemberID, Answer: a.ID},
	})
	if err != nil {
		return err
	}
	return tell(ctx, tx, c, from.MemberID, DraftReused, fmt.Sprintf("reused:%d", a.ID))
}

// Origin is where an answer came from, or went: the other member, by name.
type Origin struct {
	From string // whose draft it was started from
	Into string // who made an approved answer of it
}

// Origins reads the origins of a member's answers, by answer.
func Origins(ctx context.Context, db bun.IDB, answers []Answer) (map[int64]Origin, error) {
	if len(answers) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(answers))
	for i, a := range answers {
		ids[i] = a.ID
	}
	var rows []struct {
		ID, BasedOn int64
		Writer      string
		Starter     string
		State       AnswerState
	}
	err := db.NewRaw(`SELECT a.id, a.based_on, a.state, w.public_name AS writer, s.public_name AS starter FROM answers a
		JOIN answers b ON b.id = a.based_on JOIN members w ON w.id = a.member_id JOIN members s ON s.id = b.member_id
		WHERE a.id IN (?) AND a.based_on IS NOT NULL OR a.based_on IN (?)`, bun.List(ids), bun.List(ids)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("read where answers came from: %w", err)
	}
	origins := map[int64]Origin{}
	for _, r := range rows {
		o := origins[r.ID]
		o.From = r.Starter
		origins[r.ID] = o
		if r.State == Approved {
			o := origins[r.BasedOn]
			o.Into = r.Writer
			origins[r.BasedOn] = o
		}
	}
	return origins, nil
}
