package gamification

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
)

// forecastOver is over how long a change of the table is tried.
const forecastOver = 30 * aDay

// Forecast is what another table would have paid for what happened.
type Forecast struct {
	Days    int
	Paid    int // by the tables in force
	Would   int // by the other one
	Members []Changed
	Rules   []Changed
}

// Changed is what one member or rule was paid and would have been.
type Changed struct {
	MemberID int64
	Rule     Rule
	Paid     int
	Would    int
}

// Foresee replays the last 30 days of a brand with another table. It reads only. Entries that lost their
// cause since are left out, as is what brakes of the weeks before would have done.
func (t *Table) Foresee(ctx context.Context, db bun.IDB, now clock.Time) (Forecast, error) {
	f := Forecast{Days: int(forecastOver / (24 * time.Hour))}
	members, rules := map[int64]*Changed{}, map[Rule]*Changed{}
	var member int64
	var other reckoning
	_, err := eachOfMembers(ctx, db, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("brand_id = ? AND created_at > ?", t.BrandID, now.Add(-forecastOver)).
			Where("reverses_id IS NULL AND NOT EXISTS (SELECT 1 FROM point_entries r WHERE r.reverses_id = entry.id)")
	}, func(e *Entry, _ *reckoning) {
		if e.MemberID != member {
			member, other = e.MemberID, reckoning{}
		}
		would := *e
		would.Gross, would.Amount, _ = t.pay(e, other.past(e))
		other.add(would)
		for _, c := range []*Changed{entryOf(members, e.MemberID), entryOf(rules, e.Rule)} {
			c.MemberID, c.Rule = e.MemberID, e.Rule
			c.Paid, c.Would = c.Paid+e.Amount, c.Would+would.Amount
		}
		f.Paid, f.Would = f.Paid+e.Amount, f.Would+would.Amount
	})
	if err != nil {
		return f, fmt.Errorf("replay the points of brand %d: %w", t.BrandID, err)
	}
	f.Members, f.Rules = sorted(members), sorted(rules)
	return f, nil
}

func entryOf[K comparable](m map[K]*Changed, key K) *Changed {
	if m[key] == nil {
		m[key] = &Changed{}
	}
	return m[key]
}

// sorted puts what changes most first.
func sorted[K comparable](m map[K]*Changed) []Changed {
	all := make([]Changed, 0, len(m))
	for _, c := range m {
		all = append(all, *c)
	}
	change := func(c Changed) int { return max(c.Would-c.Paid, c.Paid-c.Would) }
	slices.SortFunc(all, func(a, b Changed) int {
		return cmp.Or(change(b)-change(a), b.Would-a.Would, cmp.Compare(a.MemberID, b.MemberID), cmp.Compare(a.Rule, b.Rule))
	})
	return all
}

// Share is by how much more or less the other table pays, -1 to …; 0 where nothing was paid.
func (f *Forecast) Share() float64 {
	if f.Paid == 0 {
		return 0
	}
	return float64(f.Would-f.Paid) / float64(f.Paid)
}
