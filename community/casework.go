package community

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// Sought says which cases employees look at together. Zero values ask for everything that waits.
type Sought struct {
	State    State  // one state; default what waits: open, claimed and in review
	Lane     Lane   // one lane; default every lane the member may see
	Topic    *int64 // one topic; default every topic
	Network  string
	Language string
	Team     string     // of the staff
	Holder   int64      // who has the claim
	Hostile  bool       // only of customers who rage
	Before   clock.Time // only of customers who wrote before this moment; 0 asks for all
	Limit    int
	After    string // where the page before ended
}

// Seek lists cases over all lanes for employees: what waits by when it is due, anything else the newest
// first, and where the next page begins, or "". What waits is read from bounded branches of an index, as List
// reads the feed.
func Seek(ctx context.Context, db bun.IDB, m *Member, s Sought) ([]Case, string, error) {
	if !m.Role.Employee() {
		return nil, "", ErrNotAllowed
	}
	lanes := m.Lanes()
	if s.Lane != "" {
		if !slices.Contains(lanes, s.Lane) {
			return nil, "", nil
		}
		lanes = []Lane{s.Lane}
	}
	if s.State != "" && !slices.Contains(waiting, s.State) {
		return s.ended(ctx, db, m, lanes)
	}
	w := Wanted{After: s.After}
	due, id, err := w.place()
	if err != nil {
		return nil, "", err
	}
	topics, err := m.feedTopics(ctx, db, s.Topic)
	if err != nil {
		return nil, "", err
	}
	query, args := s.query(m, lanes, topics, due, id)
	if query == "" {
		return nil, "", nil
	}
	var cases []Case
	if err := db.NewRaw(query, args...).Scan(ctx, &cases); err != nil {
		return nil, "", fmt.Errorf("seek cases for member %d: %w", m.ID, err)
	}
	next := ""
	if len(cases) > s.Limit {
		cases = cases[:s.Limit]
		last := cases[len(cases)-1]
		next = fmt.Sprintf("%d.%d", last.DueAt, last.ID)
	}
	return cases, next, nil
}

// waiting are the states in which a customer waits for somebody.
var waiting = []State{Open, Claimed, InReview}

// narrow is what is sought besides state, lane, language and topic.
func (s Sought) narrow() (string, []any) {
	conditions, args := "", []any(nil)
	add := func(condition string, arg any) { conditions, args = conditions+condition, append(args, arg) }
	if s.Network != "" {
		add(" AND network = ?", s.Network)
	}
	if s.Team != "" {
		add(" AND team = ?", s.Team)
	}
	if s.Holder != 0 {
		add(" AND holder_id = ?", s.Holder)
	}
	if s.Before != 0 {
		add(" AND customer_at <= ?", s.Before)
	}
	if s.Hostile {
		conditions += " AND hostile"
	}
	return conditions, args
}

// query merges one branch per lane, language and topic of the open cases, and one of those that members hold
// and one of those in review, which are as few as people are.
func (s Sought) query(m *Member, lanes []Lane, topics []int64, due clock.Time, id int64) (string, []any) {
	conditions, more := s.narrow()
	const order = " AND (due_at, id) > (?, ?)"
	var branches []string
	var args []any
	branch := func(from string, values ...any) {
		branches = append(branches, "SELECT * FROM (SELECT due_at, id FROM cases WHERE "+from+order+conditions+" ORDER BY due_at, id LIMIT ?) AS b")
		args = append(args, values...)
		args = append(append(append(args, due, id), more...), s.Limit+1)
	}
	if (s.State == "" || s.State == Open) && s.Holder == 0 {
		for _, lane := range lanes {
			for _, language := range Languages {
				for _, topic := range topics {
					if s.Language == "" || s.Language == language {
						branch("state = 'open' AND brand_id = ? AND lane = ? AND language = ? AND topic_id = ?", m.BrandID, lane, language, topic)
					}
				}
			}
		}
	}
	for _, state := range []State{Claimed, InReview} {
		if s.State == "" || s.State == state {
			where, values := "state = ? AND state NOT IN ('open', 'ignored') AND brand_id = ? AND lane IN (?)", []any{state, m.BrandID, bun.List(lanes)}
			if s.Topic != nil {
				where, values = where+" AND topic_id = ?", append(values, *s.Topic)
			}
			if s.Language != "" {
				where, values = where+" AND language = ?", append(values, s.Language)
			}
			branch(where, values...)
		}
	}
	if len(branches) == 0 {
		return "", nil
	}
	query := "SELECT c.* FROM (" + strings.Join(branches, " UNION ALL ") + " ORDER BY due_at, id LIMIT ?) AS shown JOIN cases AS c ON c.id = shown.id ORDER BY c.due_at, c.id"
	return query, append(args, s.Limit+1)
}

// ended lists cases in which nobody waits, from the index by state.
func (s Sought) ended(ctx context.Context, db bun.IDB, m *Member, lanes []Lane) ([]Case, string, error) {
	return listByState(ctx, db, m, Wanted{State: s.State, Topic: s.Topic, Limit: s.Limit, After: s.After}, lanes, func(q *bun.SelectQuery) *bun.SelectQuery {
		if s.Language != "" {
			q = q.Where("c.language = ?", s.Language)
		}
		if conditions, args := s.narrow(); conditions != "" {
			q = q.Where("TRUE"+conditions, args...)
		}
		return q
	})
}
