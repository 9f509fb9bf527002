package community

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// Wanted says which cases to list. Zero values ask for what the member would want to see.
type Wanted struct {
	State State      // Open by default
	Lane  Lane       // one lane; default every lane the member may see
	Topic *int64     // one topic; default those the member knows
	Limit int        // 50 by default, 100 at most
	After string     // where the page before ended
	Now   clock.Time // puts what fits the member best first on its page; 0 leaves it in the order in which it is due
}

// List reads the cases a member may see, in their turn (see tiersFor) and most urgent first for open ones,
// newest first for others, and where the next page begins, or "". Open cases are those that the member may
// answer and has not declined, read from one bounded branch of an index per lane, language and topic, so that
// the cost does not grow with the number of cases.
func List(ctx context.Context, db bun.IDB, m *Member, w Wanted) ([]Case, string, error) {
	if w.Limit <= 0 || w.Limit > 100 {
		w.Limit = 50
	}
	lanes := m.Lanes()
	if w.Lane != "" {
		if !slices.Contains(lanes, w.Lane) {
			return nil, "", nil
		}
		lanes = []Lane{w.Lane}
	}
	if w.State != "" && w.State != Open {
		return listByState(ctx, db, m, w, lanes, nil)
	}
	at, err := w.begin(m)
	if err != nil {
		return nil, "", err
	}
	topics, err := m.feedTopics(ctx, db, w.Topic)
	if err != nil {
		return nil, "", err
	}
	var cases []Case
	last := at
	for {
		query, args := m.feedQuery(lanes, topics, at, w.Limit+1-len(cases))
		var some []Case
		if err := db.NewRaw(query, args...).Scan(ctx, &some); err != nil {
			return nil, "", fmt.Errorf("read the feed of member %d: %w", m.ID, err)
		}
		more := len(cases)+len(some) > w.Limit
		if more {
			some = some[:w.Limit-len(cases)]
		}
		if n := len(some); n > 0 {
			last = at
			last.due, last.id = some[n-1].DueAt, some[n-1].ID
		}
		if w.Now != 0 {
			rank(m, some, w.Now)
		}
		cases = append(cases, some...)
		if more {
			return cases, last.String(), nil
		}
		var any bool
		if at, any = at.next(); !any {
			return cases, "", nil
		}
	}
}

// feedPlace is a place in the feed: behind a case of a tier, in the order that begins with a tier.
type feedPlace struct {
	first, tier Tier
	due         clock.Time
	id          int64
}

// begin is where a page begins.
func (w Wanted) begin(m *Member) (feedPlace, error) {
	if w.After == "" {
		first := tiersFor(m, w.Now)[0]
		return feedPlace{first: first, tier: first}, nil
	}
	var p feedPlace
	n, err := fmt.Sscanf(w.After, "%d.%d.%d.%d", &p.first, &p.tier, &p.due, &p.id)
	if err != nil || n != 4 || !slices.Contains(tierOrders[p.first], p.tier) || p.String() != w.After {
		return p, errCursor
	}
	return p, nil
}

func (p feedPlace) String() string { return fmt.Sprintf("%d.%d.%d.%d", p.first, p.tier, p.due, p.id) }

// next is where the tier behind begins.
func (p feedPlace) next() (feedPlace, bool) {
	order := tierOrders[p.first]
	if i := slices.Index(order, p.tier) + 1; i < len(order) {
		return feedPlace{first: p.first, tier: order[i]}, true
	}
	return p, false
}

// feedQuery merges one bounded branch of a tier per lane, language and topic, each read in order from the
// index cases_in_turn.
func (m *Member) feedQuery(lanes []Lane, topics []int64, at feedPlace, limit int) (string, []any) {
	offered, conditions := m.offered()
	var q strings.Builder
	var args []any
	q.WriteString("SELECT c.* FROM (")
	for _, lane := range lanes {
		for _, language := range m.feedLanguages() {
			for _, topic := range topics {
				if len(args) > 0 {
					q.WriteString(" UNION ALL ")
				}
				q.WriteString(`SELECT * FROM (SELECT due_at, id FROM cases WHERE state = 'open' AND brand_id = ? AND lane = ? AND language = ? AND topic_id = ? AND tier = ?
					AND (due_at, id) > (?, ?)` + offered + ` ORDER BY due_at, id LIMIT ?) AS b`)
				args = append(args, m.BrandID, lane, language, topic, at.tier, at.due, at.id)
				args = append(append(args, conditions...), limit)
			}
		}
	}
	q.WriteString(" ORDER BY due_at, id LIMIT ?) AS shown JOIN cases AS c ON c.id = shown.id ORDER BY c.due_at, c.id")
	return q.String(), append(args, limit)
}

// listByState lists cases in a state, the newest first; more narrows them, and may be nil.
func listByState(ctx context.Context, db bun.IDB, m *Member, w Wanted, lanes []Lane, more func(*bun.SelectQuery) *bun.SelectQuery) ([]Case, string, error) {
	before, err := strconv.ParseInt(w.After, 10, 64)
	if w.After != "" && err != nil {
		return nil, "", errCursor
	}
	var cases []Case
	q := db.NewSelect().Model(&cases).
		Where("c.brand_id = ? AND c.state = ? AND c.lane IN (?)", m.BrandID, w.State, bun.List(lanes)).
		Where("c.state NOT IN ('open', 'ignored')"). // names the partial index
		Order("c.id DESC").Limit(int64(w.Limit + 1))
	if before > 0 {
		q = q.Where("c.id < ?", before)
	}
	if w.Topic != nil {
		q = q.Where("c.topic_id = ?", *w.Topic)
	}
	if more != nil {
		q = more(q)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("list %s cases: %w", w.State, err)
	}
	if len(cases) <= w.Limit {
		return cases, "", nil
	}
	cases = cases[:w.Limit]
	return cases, strconv.FormatInt(cases[len(cases)-1].ID, 10), nil
}

var errCursor = &Invalid{"cursor", "this page does not exist; start from the first"}

func (w Wanted) place() (clock.Time, int64, error) {
	if w.After == "" {
		return 0, 0, nil
	}
	due, id, _ := strings.Cut(w.After, ".")
	d, err1 := strconv.ParseInt(due, 10, 64)
	i, err2 := strconv.ParseInt(id, 10, 64)
	if err1 != nil || err2 != nil {
		return 0, 0, errCursor
	}
	return clock.Time(d), i, nil
}

// feedTopics are the topics a member is shown: their own and the one that is everyone's; employees
// see all of the brand's.
func (m *Member) feedTopics(ctx context.Context, db bun.IDB, only *int64) ([]int64, error) {
	mine := append([]int64{OtherTopic}, m.Topics...)
	if m.Role.Employee() {
		topics, err := EveryTopic(ctx, db, m.BrandID) // a case that is open again may name a deleted one
		if err != nil {
			return nil, err
		}
		mine = mine[:1]
		for _, t := range topics {
			mine = append(mine, t.ID)
		}
	}
	if only == nil {
		return mine, nil
	}
	if !slices.Contains(mine, *only) {
		return nil, &Invalid{"topic", "there is no such topic among yours"}
	}
	return []int64{*only}, nil
}

// feedLanguages are the languages of the cases a member is shown: what they know, and what triage
// could not tell apart; employees see all.
func (m *Member) feedLanguages() []string {
	if m.Role.Employee() {
		return Languages
	}
	known := []string{"mixed", "other"}
	for _, l := range m.Languages {
		if slices.Contains(Languages, l) && !slices.Contains(known, l) {
			known = append(known, l)
		}
	}
	return known
}

// HasAnswered tells whether a brand has ever had a case that somebody took up.
func HasAnswered(ctx context.Context, db bun.IDB, brandID int64) (bool, error) {
	begun, err := db.NewSelect().Model((*Case)(nil)).Where("c.brand_id = ? AND c.state NOT IN (?, ?)", brandID, Open, Ignored).Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("look for a case of brand %d: %w", brandID, err)
	}
	return begun, nil
}

// HeldCases reads the cases a member has a claim on, soonest end first.
func HeldCases(ctx context.Context, db bun.IDB, m *Member) ([]Case, error) {
	var cases []Case
	err := db.NewSelect().Model(&cases).Where("c.holder_id = ? AND c.state = 'claimed'", m.ID).Order("c.held_until").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the claims of member %d: %w", m.ID, err)
	}
	return cases, nil
}

// FindCases reads cases by id, leaving out those the member may not see.
func FindCases(ctx context.Context, db bun.IDB, m *Member, ids []int64) (map[int64]Case, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var all []Case
	if err := db.NewSelect().Model(&all).Where("c.id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read cases: %w", err)
	}
	byID := make(map[int64]Case, len(all))
	for _, c := range all {
		if m.MaySee(&c) {
			byID[c.ID] = c
		}
	}
	return byID, nil
}

// CustomerHistory reads a customer's cases with the brand that the member may see, newest first.
func CustomerHistory(ctx context.Context, db bun.IDB, m *Member, accountID int64, most int) ([]Case, error) {
	var all []Case
	err := db.NewSelect().Model(&all).
		Where("c.account_id = ? AND c.brand_id = ? AND c.lane IN (?)", accountID, m.BrandID, bun.List(m.Lanes())).
		Order("c.id DESC").Limit(int64(most)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the history of customer %d: %w", accountID, err)
	}
	return all, nil
}

// Outcomes reads how the customers of these cases took a member's answers, the latest word of each:
// CustomerThanks or CaseSolved.
func Outcomes(ctx context.Context, db bun.IDB, m *Member, caseIDs []int64) (map[int64]Kind, error) {
	if len(caseIDs) == 0 {
		return nil, nil
	}
	var all []Activity
	err := db.NewSelect().Model(&all).Where("a.case_id IN (?) AND a.kind IN (?)", bun.List(caseIDs), bun.List([]Kind{CustomerThanks, CaseSolved})).
		Order("a.id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the outcomes of cases: %w", err)
	}
	latest := make(map[int64]Kind, len(all))
	for _, a := range all {
		if a.Detail.Member == m.ID {
			latest[a.CaseID] = a.Kind
		}
	}
	return latest, nil
}
