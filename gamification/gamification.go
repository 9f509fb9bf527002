// Package gamification keeps the points: thanks for outcomes, written into an append-only ledger.
//
// An entry is one line of it: a member earned an amount by a rule because of an event. A wrong entry
// is never changed; another entry reverses it. An entry matures: until then it is pending, and may
// still be reversed before it counts. The balance is the sum of what has matured. Points buy no
// rights; what a member may do is trust, which package community keeps.
//
// It owns the table point_entries and imports nothing of the product but its clock.
package gamification

import (
	"context"
	"fmt"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// Rule names what is thanked for; its sentence for people stands in the catalogs as "points.<rule>".
type Rule string

// The rules of the first version of the table.
const (
	Approved       Rule = "approved"        // an answer was approved as written
	ApprovedEdited Rule = "approved_edited" // an answer was approved after an edit
	Thanked        Rule = "thanked"         // the customer said thanks
	Solved         Rule = "solved"          // the customer said that it is solved
	Reversed       Rule = "reversed"        // an earlier entry lost its cause
)

// ruleVersion is written into each entry, so that it can be explained after the table has changed.
const ruleVersion = 1

// terms of a rule: what it pays, after which time, and how often a day.
type terms struct {
	amount  int
	matures time.Duration
	daily   int // entries that pay within 24 hours; 0 = no limit
}

// What pays and how much: small for the approval, much for the outcome, nothing for sending, signing
// in or reading. An outcome waits two days, because customers come back when it was not solved.
var table = map[Rule]terms{
	Approved:       {amount: 3, daily: 10},
	ApprovedEdited: {amount: 1, daily: 10},
	Thanked:        {amount: 5, matures: 48 * time.Hour},
	Solved:         {amount: 15, matures: 48 * time.Hour},
}

// Pays is how many points the rule gives within its daily limit.
func (r Rule) Pays() int { return table[r].amount }

// Entry is one line of the ledger.
type Entry struct {
	bun.BaseModel `bun:"table:point_entries"`

	ID          int64 `bun:",pk,autoincrement"`
	BrandID     int64
	MemberID    int64
	CaseID      int64 `bun:",nullzero"`
	Event       string
	Rule        Rule
	RuleVersion int
	Amount      int
	ReversesID  int64 `bun:",nullzero"`
	CreatedAt   clock.Time
	MaturesAt   clock.Time
}

// Earn writes the entry for an event, once: the same event, rule and member give no second entry.
// Beyond the rule's daily limit the entry is written with the amount 0, so that it can be seen.
func Earn(ctx context.Context, tx bun.IDB, now clock.Time, e Entry) error {
	t, ok := table[e.Rule]
	if !ok {
		return fmt.Errorf("no rule %q in the points table", e.Rule)
	}
	e.Amount, e.RuleVersion, e.CreatedAt, e.MaturesAt = t.amount, ruleVersion, now, now.Add(t.matures)
	if t.daily > 0 {
		n, err := tx.NewSelect().Model((*Entry)(nil)).
			Where("member_id = ? AND rule = ? AND amount > 0 AND created_at > ?", e.MemberID, e.Rule, now.Add(-24*time.Hour)).Count(ctx)
		if err != nil {
			return fmt.Errorf("count today's entries: %w", err)
		}
		if n >= int64(t.daily) {
			e.Amount = 0
		}
	}
	if _, err := tx.NewInsert().Model(&e).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("earn %s for %s: %w", e.Rule, e.Event, err)
	}
	return nil
}

// Reverse takes back the entries of an event that have not been taken back yet, at any age. A pending
// entry's reversal matures with it, so that the balance never dips.
func Reverse(ctx context.Context, tx bun.IDB, now clock.Time, event string) error {
	var entries []Entry
	err := tx.NewSelect().Model(&entries).Where("event = ? AND reverses_id IS NULL AND amount <> 0", event).
		Where("NOT EXISTS (SELECT 1 FROM point_entries r WHERE r.reverses_id = entry.id)").Scan(ctx)
	if err != nil {
		return fmt.Errorf("find entries of %s: %w", event, err)
	}
	for _, e := range entries {
		back := Entry{
			BrandID: e.BrandID, MemberID: e.MemberID, CaseID: e.CaseID, Event: fmt.Sprintf("entry:%d", e.ID), Rule: Reversed,
			RuleVersion: e.RuleVersion, Amount: -e.Amount, ReversesID: e.ID, CreatedAt: now, MaturesAt: max(now, e.MaturesAt),
		}
		if _, err := tx.NewInsert().Model(&back).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
			return fmt.Errorf("reverse entry %d: %w", e.ID, err)
		}
	}
	return nil
}

// Points are what a member has: matured, and still to mature.
type Points struct {
	Balance int
	Pending int
}

// PointsOf adds up a member's entries as of now.
func PointsOf(ctx context.Context, db bun.IDB, memberID int64, now clock.Time) (Points, error) {
	var p Points
	err := db.NewSelect().Model((*Entry)(nil)).
		ColumnExpr("COALESCE(SUM(CASE WHEN matures_at <= ? THEN amount ELSE 0 END), 0) AS balance", now).
		ColumnExpr("COALESCE(SUM(CASE WHEN matures_at > ? THEN amount ELSE 0 END), 0) AS pending", now).
		Where("member_id = ?", memberID).Scan(ctx, &p.Balance, &p.Pending)
	if err != nil {
		return p, fmt.Errorf("add up the points of member %d: %w", memberID, err)
	}
	return p, nil
}

// Entries reads a member's latest entries, newest first.
func Entries(ctx context.Context, db bun.IDB, memberID int64, most int) ([]Entry, error) {
	var all []Entry
	err := db.NewSelect().Model(&all).Where("member_id = ?", memberID).Order("id DESC").Limit(int64(most)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the entries of member %d: %w", memberID, err)
	}
	return all, nil
}

// Standing is one member's place on a brand's board.
type Standing struct {
	MemberID int64
	Points   int // matured within the time asked
	Helped   int // cases with a paid outcome
}

// Board orders a brand's members by what matured since a moment.
func Board(ctx context.Context, db bun.IDB, brandID int64, since, now clock.Time, most int) ([]Standing, error) {
	var all []Standing
	err := db.NewSelect().Model((*Entry)(nil)).Column("member_id").
		ColumnExpr("SUM(amount) AS points").
		ColumnExpr("COUNT(DISTINCT CASE WHEN rule IN ('thanked', 'solved') AND amount > 0 THEN case_id END) AS helped").
		Where("brand_id = ? AND matures_at > ? AND matures_at <= ?", brandID, since, now).
		Group("member_id").OrderExpr("points DESC, member_id").Limit(int64(most)).Scan(ctx, &all)
	if err != nil {
		return nil, fmt.Errorf("read the board of brand %d: %w", brandID, err)
	}
	return all, nil
}

// Verify looks for entries that contradict the ledger's own rules and describes each; none is good.
func Verify(ctx context.Context, db bun.IDB) ([]string, error) {
	var wrong []string
	var odd []Entry
	err := db.NewSelect().Model(&odd).
		Where("reverses_id IS NOT NULL").
		Where(`NOT EXISTS (SELECT 1 FROM point_entries o WHERE o.id = entry.reverses_id
			AND o.amount = -entry.amount AND o.member_id = entry.member_id AND o.reverses_id IS NULL)`).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("verify reversals: %w", err)
	}
	for _, e := range odd {
		wrong = append(wrong, fmt.Sprintf("entry %d does not undo entry %d", e.ID, e.ReversesID))
	}
	for rule, t := range table {
		var odd []Entry
		err := db.NewSelect().Model(&odd).Where("rule = ? AND rule_version = ?", rule, ruleVersion).
			Where("amount NOT IN (0, ?) OR matures_at < created_at", t.amount).Scan(ctx)
		if err != nil {
			return nil, fmt.Errorf("verify rule %s: %w", rule, err)
		}
		for _, e := range odd {
			wrong = append(wrong, fmt.Sprintf("entry %d pays %d, rule %s pays %d", e.ID, e.Amount, rule, t.amount))
		}
	}
	return wrong, nil
}
