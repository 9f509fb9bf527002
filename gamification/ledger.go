package gamification

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/kith-social/kith/clock"
)

// Entry is one line of the ledger.
type Entry struct {
	bun.BaseModel `bun:"table:point_entries"`

	ID          int64 `bun:",pk,autoincrement"`
	BrandID     int64
	MemberID    int64
	CaseID      int64 `bun:",nullzero"`
	AccountID   int64 `bun:",nullzero"` // the customer
	TopicID     int64 // of the case; 0 for none
	GiverID     int64 `bun:",nullzero"` // the advocate whose judgment gave it; 0 for employees, customers and rules
	Event       string
	Rule        Rule
	RuleVersion int
	Gross       int    // before the taper, where the rule knows it
	Amount      int    // what it pays
	Brake       string // what made it pay less, see Brakes
	Marks       string // what else badges look at, see Mark
	Reason      Why    // of a reversal
	ReversesID  int64  `bun:",nullzero"`
	CreatedAt   clock.Time
	MaturesAt   clock.Time
}

// Earn writes the entry for an event, once: the same event, rule and member give no second entry.
// An entry that brakes leave nothing of is written with the amount 0, so that it can be seen.
func Earn(ctx context.Context, tx bun.IDB, now clock.Time, e Entry) error {
	t, err := TableOf(ctx, tx, e.BrandID)
	if err != nil {
		return err
	}
	if _, ok := t.terms[e.Rule]; !ok {
		return fmt.Errorf("no rule %q in the points table", e.Rule)
	}
	if err := oneByOne(ctx, tx, e.MemberID); err != nil {
		return err
	}
	p, err := e.pastAt(ctx, tx, now)
	if err != nil {
		return err
	}
	var brakes []Brake
	e.Gross, e.Amount, brakes = t.pay(&e, p)
	e.Brake, e.RuleVersion, e.CreatedAt, e.MaturesAt = joined(brakes), t.Version, now, now.Add(natures[e.Rule].matures)
	if _, err := tx.NewInsert().Model(&e).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("earn %s for %s: %w", e.Rule, e.Event, err)
	}
	return nil
}

// oneByOne lets one transaction at a time write entries of a member, so that each sees all that came before it.
// On SQLite there is nobody else.
func oneByOne(ctx context.Context, tx bun.IDB, memberID int64) error {
	if tx.Dialect().Name() != dialect.PG {
		return nil
	}
	const ledger = 0x706f696e // a class of locks of our own
	if _, err := tx.NewRaw("SELECT pg_advisory_xact_lock(?, ?)", ledger, int32(memberID)).Exec(ctx); err != nil {
		return fmt.Errorf("wait for the ledger of member %d: %w", memberID, err)
	}
	return nil
}

// pastAt asks the ledger what brakes look at.
func (e *Entry) pastAt(ctx context.Context, tx bun.IDB, now clock.Time) (past, error) {
	var p past
	yesterday := now.Add(-aDay)
	err := tx.NewSelect().Model((*Entry)(nil)).
		ColumnExpr("COALESCE(SUM(CASE WHEN created_at > ? AND rule = ? THEN 1 ELSE 0 END), 0) AS today", yesterday, e.Rule).
		ColumnExpr("COALESCE(SUM(CASE WHEN created_at > ? AND giver_id = ? THEN 1 ELSE 0 END), 0) AS given", yesterday, e.GiverID).
		ColumnExpr("COUNT(DISTINCT CASE WHEN account_id = ? AND COALESCE(case_id, 0) <> ? THEN case_id END) AS customers", e.AccountID, e.CaseID).
		ColumnExpr("COUNT(DISTINCT CASE WHEN created_at > ? AND topic_id = ? AND topic_id <> 0 AND COALESCE(case_id, 0) <> ? THEN case_id END) AS topics", yesterday, e.TopicID, e.CaseID).
		ColumnExpr("COALESCE(SUM(CASE WHEN created_at > ? THEN gross ELSE 0 END), 0) AS gross", yesterday).
		Where("member_id = ? AND created_at > ? AND amount > 0 AND reverses_id IS NULL", e.MemberID, horizon(now)).Scan(ctx, &p)
	if err != nil {
		return p, fmt.Errorf("look back over the entries of member %d: %w", e.MemberID, err)
	}
	return p, nil
}

// Why says why an entry is taken back; its sentence stands in the catalogs as "points_back.<why>".
type Why string

// The reasons.
const (
	NotSent    Why = "not_sent"   // the answer did not leave
	Undone     Why = "undone"     // it was taken back in time
	LeftToHand Why = "by_hand"    // its author is to post it first
	NewFacts   Why = "new_facts"  // it waits for a reviewer again, with other facts
	CameBack   Why = "came_back"  // the customer came back
	TakenDown  Why = "taken_down" // it was taken from the network
	NotRight   Why = "not_right"  // employees saw it otherwise
	Unfair     Why = "unfair"     // a person decided that it was not earned fairly
	Restored   Why = "restored"   // and another person, after an appeal, that it was
)

// Reverse takes back the entries of an event that have not been taken back yet, at any age. A pending entry's reversal matures with it, so that the balance never dips.
func Reverse(ctx context.Context, tx bun.IDB, now clock.Time, event string, why Why) error {
	var entries []Entry
	err := tx.NewSelect().Model(&entries).Where("event = ?", event).Where(standing).Scan(ctx)
	if err != nil {
		return fmt.Errorf("find entries of %s: %w", event, err)
	}
	if err := causeGone(ctx, tx, now, event); err != nil {
		return err
	}
	return takeBack(ctx, tx, now, entries, why)
}

// standing is of entries that paid, or cost, and were not taken back.
const standing = `reverses_id IS NULL AND amount <> 0 AND ` + notUndone

// notUndone is of entries that nothing took back, or that were given back after an appeal and not taken back since.
const notUndone = `NOT EXISTS (SELECT 1 FROM point_entries r WHERE r.reverses_id = entry.id
	AND NOT EXISTS (SELECT 1 FROM point_entries q WHERE q.reverses_id = r.id AND NOT EXISTS (SELECT 1 FROM point_entries s WHERE s.reverses_id = q.id)))`

// ReverseEntries takes entries of a member back because a person decided so.
func ReverseEntries(ctx context.Context, tx bun.IDB, now clock.Time, memberID int64, ids []int64, why Why) error {
	var entries []Entry
	err := tx.NewSelect().Model(&entries).Where("member_id = ? AND id IN (?)", memberID, bun.List(ids)).Where(standing).Order("id").Scan(ctx)
	if err != nil {
		return fmt.Errorf("find entries of member %d: %w", memberID, err)
	}
	return takeBack(ctx, tx, now, entries, why)
}

func takeBack(ctx context.Context, tx bun.IDB, now clock.Time, entries []Entry, why Why) error {
	if len(entries) == 0 {
		return nil
	}
	if err := asGiven(ctx, tx, entries); err != nil {
		return err
	}
	back := make([]Entry, len(entries))
	for i, e := range entries {
		back[i] = Entry{
			BrandID: e.BrandID, MemberID: e.MemberID, CaseID: e.CaseID, AccountID: e.AccountID, TopicID: e.TopicID,
			Event: fmt.Sprintf("entry:%d", e.ID), Rule: Reversed, RuleVersion: e.RuleVersion, Amount: -e.Amount,
			Reason: why, ReversesID: e.ID, CreatedAt: now, MaturesAt: max(now, e.MaturesAt),
		}
	}
	if _, err := tx.NewInsert().Model(&back).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("take %d entries back: %w", len(back), err)
	}
	return nil
}

// asGiven puts in the place of entries that were given back after an appeal those that gave them back: an entry is
// undone once.
func asGiven(ctx context.Context, tx bun.IDB, entries []Entry) error {
	ids := make([]int64, len(entries))
	for i, e := range entries {
		ids[i] = e.ID
	}
	var back []struct{ ID, First int64 }
	err := tx.NewRaw(`SELECT q.id AS id, r.reverses_id AS first FROM point_entries q JOIN point_entries r ON r.id = q.reverses_id
		WHERE r.reverses_id IN (?)`, bun.List(ids)).Scan(ctx, &back)
	if err != nil {
		return fmt.Errorf("find what was given back: %w", err)
	}
	for _, b := range back {
		for i := range entries {
			if entries[i].ID == b.First {
				entries[i].ID = b.ID
			}
		}
	}
	return nil
}

// Points are what a member has: matured, still to mature, and under review.
type Points struct {
	Balance int
	Pending int
	Frozen  int
}

// PointsOf adds up a member's entries as of now.
func PointsOf(ctx context.Context, db bun.IDB, memberID int64, now clock.Time) (Points, error) {
	var p Points
	err := db.NewSelect().Model((*Entry)(nil)).
		ColumnExpr("COALESCE(SUM(CASE WHEN matures_at <= ? AND NOT "+frozenNow+" THEN amount ELSE 0 END), 0) AS balance", now, memberID, now).
		ColumnExpr("COALESCE(SUM(CASE WHEN matures_at > ? AND NOT "+frozenNow+" THEN amount ELSE 0 END), 0) AS pending", now, memberID, now).
		ColumnExpr("COALESCE(SUM(CASE WHEN "+frozenNow+" THEN amount ELSE 0 END), 0) AS frozen", memberID, now).
		Where("member_id = ?", memberID).Scan(ctx, &p.Balance, &p.Pending, &p.Frozen)
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

// Verify looks for entries that contradict the ledger's own rules and describes each; none is good. Every
// entry is reckoned again from those before it.
func Verify(ctx context.Context, db bun.IDB) ([]string, error) {
	var wrong []string
	var odd []Entry
	err := db.NewSelect().Model(&odd).
		Where("reverses_id IS NOT NULL").
		Where(`NOT EXISTS (SELECT 1 FROM point_entries o WHERE o.id = entry.reverses_id
			AND o.amount = -entry.amount AND o.member_id = entry.member_id
			AND (o.reverses_id IS NULL OR o.reason = 'unfair' AND entry.reason = 'restored' OR o.reason = 'restored'))`).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("verify reversals: %w", err)
	}
	for _, e := range odd {
		wrong = append(wrong, fmt.Sprintf("entry %d does not undo entry %d", e.ID, e.ReversesID))
	}
	unfair, err := verifyFair(ctx, db)
	if err != nil {
		return nil, err
	}
	wrong = append(wrong, unfair...)
	tables, err := allTables(ctx, db)
	if err != nil {
		return nil, err
	}
	_, err = eachOfMembers(ctx, db, func(q *bun.SelectQuery) *bun.SelectQuery { return q }, func(e *Entry, r *reckoning) {
		if said := e.contradiction(tables, r); said != "" {
			wrong = append(wrong, said)
		}
	})
	return wrong, err
}

// contradiction says what an entry should be and is not; "" where nothing is wrong.
func (e *Entry) contradiction(tables map[tableOf]Table, r *reckoning) string {
	if e.MaturesAt < e.CreatedAt {
		return fmt.Sprintf("entry %d matures before it was written", e.ID)
	}
	if e.ReversesID != 0 {
		return ""
	}
	if e.RuleVersion == firstVersion {
		if t := first[e.Rule]; e.Amount != 0 && e.Amount != t.Amount {
			return fmt.Sprintf("entry %d pays %d, rule %s pays %d", e.ID, e.Amount, e.Rule, t.Amount)
		}
		return ""
	}
	t, ok := tables[tableOf{e.BrandID, e.RuleVersion}]
	if !ok {
		if e.RuleVersion != shippedVersion {
			return fmt.Sprintf("entry %d names version %d of a table that brand %d never had", e.ID, e.RuleVersion, e.BrandID)
		}
		t = shipped(e.BrandID)
	}
	gross, amount, brakes := t.pay(e, r.past(e))
	if e.Amount != amount || e.Gross != gross || e.Brake != joined(brakes) {
		return fmt.Sprintf("entry %d pays %d, rule %s pays %d", e.ID, e.Amount, e.Rule, amount)
	}
	return ""
}

type tableOf struct {
	brand   int64
	version int
}

func allTables(ctx context.Context, db bun.IDB) (map[tableOf]Table, error) {
	var all []Table
	if err := db.NewSelect().Model(&all).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the points tables: %w", err)
	}
	tables := make(map[tableOf]Table, len(all))
	for i := range all {
		if err := all[i].read(); err != nil {
			return nil, err
		}
		tables[tableOf{all[i].BrandID, all[i].Version}] = all[i]
	}
	return tables, nil
}

// atOnce is how many entries are read at once.
const atOnce = 20_000

// eachOfMembers goes through entries member by member in the order in which they were written, a page at a
// time, and returns how many there were.
func eachOfMembers(ctx context.Context, db bun.IDB, narrow func(*bun.SelectQuery) *bun.SelectQuery, do func(*Entry, *reckoning)) (int, error) {
	var r reckoning
	var lastMember, lastID int64
	n := 0
	page := make([]Entry, 0, atOnce)
	for {
		page = slices.Delete(page, 0, len(page))
		err := narrow(db.NewSelect().Model(&page)).Where("(member_id, id) > (?, ?)", lastMember, lastID).Order("member_id", "id").Limit(atOnce).Scan(ctx)
		if err != nil {
			return n, fmt.Errorf("go through the ledger: %w", err)
		}
		for i := range page {
			e := &page[i]
			if e.MemberID != lastMember {
				r = reckoning{}
			}
			do(e, &r)
			r.add(*e)
			lastMember, lastID = e.MemberID, e.ID
			n++
		}
		if len(page) < atOnce {
			return n, nil
		}
	}
}
