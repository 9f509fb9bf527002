package community

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// decline is a member's word that a case is not for them. It hides the case in their feed and costs
// them nothing: only employees see it, and nothing counts it.
type decline struct {
	bun.BaseModel `bun:"table:declines"`

	MemberID  int64 `bun:",pk"`
	CaseID    int64 `bun:",pk"`
	Reason    string
	CreatedAt clock.Time
}

// longestAside bounds what somebody writes beside a case, in bytes.
const longestAside = 1000

func checkAside(field, text string) error {
	if len(text) > longestAside || !Storable(text) {
		return &Invalid{field, "keep this to a few sentences"}
	}
	return nil
}

// DeclineCase takes a case out of the member's feed, with a reason or without; a claim of theirs ends.
// A case that everybody who could answer it has declined goes to the employees.
func DeclineCase(ctx context.Context, tx Tx, m *Member, caseID int64, reason string) (Case, error) {
	reason = strings.TrimSpace(reason)
	if err := checkAside("reason", reason); err != nil {
		return Case{}, err
	}
	c, err := lockCase(ctx, tx, m, caseID)
	if err != nil {
		return c, err
	}
	if !m.MayAnswer(&c) {
		return c, ErrNotAllowed
	}
	if c.HeldBy(m, tx.Now()) {
		if c, err = ReleaseCase(ctx, tx, m, caseID); err != nil {
			return c, err
		}
	}
	row := decline{MemberID: m.ID, CaseID: c.ID, Reason: reason, CreatedAt: tx.Now()}
	res, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx)
	if err != nil {
		return c, fmt.Errorf("decline case %d: %w", c.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return c, err // said before
	}
	err = record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, ActorID: m.ID, Kind: CaseDeclined, Lane: Staff, Detail: Detail{Text: reason}})
	if err != nil || !c.Lane.Volunteers() || c.State != Open {
		return c, err
	}
	left, err := Answerers(ctx, tx, &c)
	if err != nil || slices.ContainsFunc(left, func(other Member) bool { return !other.Role.Employee() }) {
		return c, err
	}
	from := c.Lane
	err = c.move(ctx, tx, Escalate, func(q *bun.UpdateQuery) *bun.UpdateQuery {
		return q.Set("lane = ?, lane_why = ?", Staff, "declined")
	})
	if err != nil {
		return c, err
	}
	return c, record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, Kind: LaneRaised, Lane: from, Detail: Detail{Rule: "declined"}})
}

// ReconsiderCase puts a declined case back into the member's feed.
func ReconsiderCase(ctx context.Context, tx Tx, m *Member, caseID int64) (Case, error) {
	c, err := FindCase(ctx, tx, m, caseID)
	if err != nil {
		return c, err
	}
	_, err = tx.NewDelete().Model((*decline)(nil)).Where("member_id = ? AND case_id = ?", m.ID, caseID).Exec(ctx)
	if err != nil {
		return c, fmt.Errorf("reconsider case %d: %w", caseID, err)
	}
	return c, nil
}

// HasDeclined tells whether a member has declined a case.
func HasDeclined(ctx context.Context, db bun.IDB, m *Member, caseID int64) (bool, error) {
	declined, err := db.NewSelect().Model((*decline)(nil)).Where("member_id = ? AND case_id = ?", m.ID, caseID).Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("look whether case %d was declined: %w", caseID, err)
	}
	return declined, nil
}

// Answerers reads the active members who may answer a case, would be shown it and have not declined it,
// those whom it fits best first.
func Answerers(ctx context.Context, db bun.IDB, c *Case) ([]Member, error) {
	var all []Member
	err := db.NewSelect().Model(&all).Where("brand_id = ? AND state = ?", c.BrandID, Active).
		Where("NOT EXISTS (SELECT 1 FROM declines WHERE declines.member_id = member.id AND declines.case_id = ?)", c.ID).
		Order("id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("find who may answer case %d: %w", c.ID, err)
	}
	all = slices.DeleteFunc(all, func(m Member) bool { return !m.MayAnswer(c) || m.Shield && c.Hostile && !m.Role.Employee() })
	slices.SortStableFunc(all, func(a, b Member) int {
		first, _ := Fit(&a, c, c.DueAt)
		second, _ := Fit(&b, c, c.DueAt)
		return int(second - first)
	})
	return all, nil
}

// PassOn puts a case back for others, with a note, and suggests it to one who may answer it, if to names
// one; 0 names nobody. A claim of the member's ends, and what they wrote is left for who takes it up.
func PassOn(ctx context.Context, tx Tx, m *Member, caseID, to int64, note string) (Case, error) {
	note = strings.TrimSpace(note)
	if err := checkAside("note", note); err != nil {
		return Case{}, err
	}
	if to == 0 && note == "" {
		return Case{}, &Invalid{"note", "choose somebody, or leave a note for whoever takes it up"}
	}
	c, err := lockCase(ctx, tx, m, caseID)
	if err != nil {
		return c, err
	}
	if !m.MayAnswer(&c) {
		return c, ErrNotAllowed
	}
	if to != 0 {
		possible, err := Answerers(ctx, tx, &c)
		if err != nil {
			return c, err
		}
		if to == m.ID || !slices.ContainsFunc(possible, func(other Member) bool { return other.ID == to }) {
			return c, &Invalid{"to", "choose somebody who may answer this case"}
		}
	}
	switch {
	case c.HeldBy(m, tx.Now()):
		if err := leaveDraft(ctx, tx, &c, m.ID); err != nil {
			return c, err
		}
		if err := c.move(ctx, tx, Release, nil); err != nil {
			return c, err
		}
	case !c.Free(tx.Now()):
		return c, ErrTaken
	}
	err = record(ctx, tx, Activity{
		BrandID: c.BrandID, CaseID: c.ID, ActorID: m.ID, Kind: CasePassedOn, Lane: c.Lane, Detail: Detail{Member: to, Text: note},
	})
	if err != nil {
		return c, err
	}
	return c, tell(ctx, tx, &c, to, CasePassedOn, fmt.Sprintf("passed:%d:%d", c.ID, c.Version))
}
