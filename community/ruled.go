package community

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

// RuleCall is a post for which a brand's rule calls the staff.
type RuleCall struct {
	Rule    string
	Mention *listeners.Mention
}

// CallStaff writes such calls into the history of their cases.
func CallStaff(ctx context.Context, tx Tx, all []RuleCall) error {
	if len(all) == 0 {
		return nil
	}
	news := make([]Activity, len(all))
	for i, a := range all {
		news[i] = Activity{BrandID: a.Mention.BrandID, CaseID: a.Mention.CaseID, Kind: RuleAlert, Lane: Staff, Detail: Detail{Rule: a.Rule, Mention: a.Mention.ID}}
	}
	return recordAll(ctx, tx, news)
}

// RecordRules writes that a member has switched rules on, with those before and now as JSON.
func RecordRules(ctx context.Context, tx Tx, m *Member, before, now string) error {
	return record(ctx, tx, Activity{BrandID: m.BrandID, ActorID: m.ID, Kind: RulesSwitched, Lane: Staff, Detail: Detail{Before: before, Text: now}})
}

// Past is what a brand knows of a customer.
type Past struct {
	OptedOut bool
	Threads  map[string]int // posts that their cases have, by thread
}

// Pasts reads what a brand knows of customers of a network, by their native ids.
func Pasts(ctx context.Context, db bun.IDB, brandID int64, network string, natives []string) (map[string]Past, error) {
	var rows []struct {
		NativeID   string
		OptedOutAt clock.Time
		ThreadKey  string
		Mentions   int
	}
	err := db.NewSelect().TableExpr("accounts AS a").Join("LEFT JOIN cases AS c ON c.account_id = a.id").
		ColumnExpr("a.native_id, COALESCE(a.opted_out_at, 0) AS opted_out_at, COALESCE(c.thread_key, '') AS thread_key, COALESCE(c.mentions, 0) AS mentions").
		Where("a.brand_id = ? AND a.network = ?", brandID, network).Where(listeners.AnyOf(db, "a.native_id", natives)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("read what is known of customers: %w", err)
	}
	pasts := make(map[string]Past, len(natives))
	for _, r := range rows {
		past, ok := pasts[r.NativeID]
		if !ok {
			past = Past{OptedOut: r.OptedOutAt != 0, Threads: map[string]int{}}
		}
		if r.Mentions > 0 {
			past.Threads[r.ThreadKey] = r.Mentions
		}
		pasts[r.NativeID] = past
	}
	return pasts, nil
}

// CasesOfCustomers reads the cases of customers, by account.
func CasesOfCustomers(ctx context.Context, db bun.IDB, accounts []int64) (map[int64][]Case, error) {
	var all []Case
	if err := db.NewSelect().Model(&all).Column("id", "account_id", "opened_at", "mentions").Where("c.account_id IN (?)", bun.List(accounts)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the cases of customers: %w", err)
	}
	byAccount := map[int64][]Case{}
	for _, c := range all {
		byAccount[c.AccountID] = append(byAccount[c.AccountID], c)
	}
	return byAccount, nil
}

// there is for how long somebody counts as there after they have looked at the feed.
const there = 15 * time.Minute

// mostBacklog is up to where cases that wait are counted.
const mostBacklog = 10_000

// StaffNow counts the employees who are there, and the cases that wait for them, up to 10,000.
func StaffNow(ctx context.Context, db bun.IDB, brandID int64, now clock.Time) (online, backlog int, err error) {
	return staffNow(ctx, db, brandID, now, mostBacklog)
}

func staffNow(ctx context.Context, db bun.IDB, brandID int64, now clock.Time, most int) (online, backlog int, err error) {
	err = db.NewRaw(`SELECT (SELECT COUNT(*) FROM members AS m WHERE m.brand_id = ? AND m.role <> ? AND m.state = ?
			AND (m.seen_at > ? OR EXISTS (SELECT 1 FROM presence AS p WHERE p.member_id = m.id AND p.until > ?))),
		(SELECT COUNT(*) FROM (SELECT 1 FROM cases WHERE state = 'open' AND brand_id = ? AND lane = ? LIMIT ?) AS waiting)`,
		brandID, Advocate, Active, now.Add(-there), now, brandID, Staff, most).Scan(ctx, &online, &backlog)
	if err != nil {
		err = fmt.Errorf("count who is there: %w", err)
	}
	return online, backlog, err
}
