package bench_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/servertest"
)

// grown are the tables that grow with what a brand hears and does: no query of a page, of the loop or
// of listening may read one from end to end.
var grown = []string{
	"accounts", "cases", "mentions", "answers", "reviews", "replies", "changes", "gaps", "dead_letters", "point_entries", "activities", "sessions", "notices",
}

// TestPlansAtAHundredThousandCases asks both databases how they would run every query that the
// product really makes, and finds none that reads a grown table from end to end.
func TestPlansAtAHundredThousandCases(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: 100,000 cases in short mode")
	}
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		conns, err := listeners.Connections(t.Context(), w.App.DB.Read(), w.Brand.ID)
		if err != nil {
			t.Fatal(err)
		}
		s := fill(t, w.App, w.Brand.ID, conns[0], 100_000)
		stages := []string{"analysed"}
		if !w.App.DB.IsPostgres() {
			stages = []string{"as it grew", "analysed"} // SQLite has no statistics until somebody asks for them
		}
		for _, stage := range stages {
			if stage == "analysed" {
				w.Write(func(ctx context.Context, tx listeners.Tx) error {
					_, err := tx.NewRaw("ANALYZE").Exec(ctx)
					return err
				})
			}
			for name, query := range hot(t, w, s) {
				t.Run(stage+"/"+name, func(t *testing.T) {
					said := said(t, w, query)
					if len(said) == 0 {
						t.Fatal("no query was made")
					}
					for _, q := range said {
						if scanned := scans(t, w, q); len(scanned) > 0 {
							t.Errorf("reads %v from end to end:\n%s\n%s", scanned, shorten(q), plan(t, w, q))
						}
					}
				})
			}
		}
	})
}

var errUndo = errors.New("undo")

// hot are the queries of pages, API, loop and listening, by the functions that make them.
func hot(t *testing.T, w *servertest.World, s stored) map[string]func(context.Context) error {
	read := w.App.DB.Read()
	advocate := &community.Member{ID: 1001, BrandID: s.brand, Role: community.Advocate, State: community.Active, Trust: 2, Languages: []string{"en", "vi"}, Topics: s.topics[:3]}
	staff := &community.Member{ID: 3, BrandID: s.brand, Role: community.Moderator, State: community.Active}
	// in runs f in a transaction and takes back what it did.
	in := func(f func(context.Context, listeners.Tx) error) func(context.Context) error {
		return func(ctx context.Context) error {
			err := w.App.Write(ctx, func(ctx context.Context, tx listeners.Tx) error { return errors.Join(f(ctx, tx), errUndo) })
			if err.Error() == errUndo.Error() {
				return nil
			}
			return err
		}
	}
	find := func(state community.State) int {
		for i := 5000; ; i++ {
			if s.state(i) == state && s.of(s.account(i)) == s.brand && i%10 != 3 {
				return i
			}
		}
	}
	open, answered := find(community.Open), find(community.Answered)
	some := []int64{int64(1 + open), int64(1 + answered), 7, 8, 9}
	get := func(who, path string) func(context.Context) error {
		return func(context.Context) error {
			if status := w.As(who).Try(http.MethodGet, path, nil, nil); status != http.StatusOK {
				return fmt.Errorf("GET %s: status %d", path, status)
			}
			return nil
		}
	}
	list := func(m *community.Member, wanted community.Wanted) func(context.Context) error {
		return func(ctx context.Context) error {
			all, next, err := community.List(ctx, read, m, wanted)
			if err == nil && len(all) == 0 {
				err = errors.New("the list is empty")
			}
			if next != "" && wanted.After == "" && err == nil {
				wanted.After = next
				_, _, err = community.List(ctx, read, m, wanted)
			}
			return err
		}
	}
	week := moderation.Period{From: s.now.Add(-7 * 24 * time.Hour), To: s.now, Zone: time.UTC}
	behind := func(b moderation.Behind) func(context.Context) error {
		return func(ctx context.Context) error {
			b.Period, b.Limit = week, 50
			all, next, err := moderation.CasesBehind(ctx, read, staff, b)
			if err == nil && (len(all) == 0 || next == "") {
				err = errors.New("the list is short")
			}
			b.After = next
			return errors.Join(err, func() error { _, _, err := moderation.CasesBehind(ctx, read, staff, b); return err }())
		}
	}
	seek := func(sought community.Sought) func(context.Context) error {
		return func(ctx context.Context) error {
			sought.Limit = 10
			all, next, err := community.Seek(ctx, read, staff, sought)
			if err == nil && (len(all) == 0 || next == "") {
				err = errors.New("the list is short")
			}
			sought.After = next
			return errors.Join(err, func() error { _, _, err := community.Seek(ctx, read, staff, sought); return err }())
		}
	}
	hour := 3
	return map[string]func(context.Context) error{
		"report": func(ctx context.Context) error {
			r, err := moderation.ReportOf(ctx, read, s.brand, week)
			if err == nil && (r.All.Answered() == 0 || r.Reviews.N == 0) {
				err = errors.New("the report is empty")
			}
			return err
		},
		"cases behind a report":    behind(moderation.Behind{}),
		"cases behind an hour":     behind(moderation.Behind{Hour: &hour}),
		"cases behind the answers": behind(moderation.Behind{End: moderation.EndAnswered, Topic: &s.topics[0]}),
		"triage board":             seek(community.Sought{}),
		"board of one lane":        seek(community.Sought{Lane: community.Staff, Topic: &s.topics[0], Before: s.now}),
		"board of the held":        seek(community.Sought{State: community.Claimed, Network: "x"}),
		"board of answered":        seek(community.Sought{State: community.Answered, Language: "vi"}),
		"feed of an advocate":      list(advocate, community.Wanted{}),
		"feed of staff":            list(staff, community.Wanted{}),
		"feed of one topic":        list(staff, community.Wanted{Topic: &s.topics[0], Lane: community.Staff}),
		"answered cases":           list(staff, community.Wanted{State: community.Answered}),
		"closed cases":             list(advocate, community.Wanted{State: community.Closed}),
		"claim": in(func(ctx context.Context, tx listeners.Tx) error {
			_, err := community.ClaimCase(ctx, tx, advocate, int64(1+open))
			return err
		}),
		"claim and draft": in(func(ctx context.Context, tx listeners.Tx) error {
			c, err := community.ClaimCase(ctx, tx, advocate, int64(1+open))
			if err != nil {
				return err
			}
			_, err = community.DraftOf(ctx, tx, advocate, c.ID)
			return err
		}),
		"claims of a member": func(ctx context.Context) error { _, err := community.HeldCases(ctx, read, advocate); return err },
		"leases over": in(func(ctx context.Context, tx listeners.Tx) error {
			if _, err := community.LeasesOver(ctx, read, s.now); err != nil {
				return err
			}
			_, err := community.EndLeases(ctx, tx, 100)
			return err
		}),
		"review queue": func(ctx context.Context) error { _, err := moderation.Queue(ctx, read, staff, 50); return err },
		"thread":       func(ctx context.Context) error { _, err := listeners.Thread(ctx, read, int64(1+open)); return err },
		"threads":      func(ctx context.Context) error { _, err := listeners.Threads(ctx, read, some, 20); return err },
		"timeline": func(ctx context.Context) error {
			_, err := community.Timeline(ctx, read, staff, int64(1+open))
			return err
		},
		"answers": func(ctx context.Context) error {
			_, err := community.Answers(ctx, read, staff, int64(1+answered))
			return err
		},
		"answers of a member": func(ctx context.Context) error { _, err := community.AnswersOf(ctx, read, advocate, 20); return err },
		"customer's history": func(ctx context.Context) error {
			_, err := community.CustomerHistory(ctx, read, staff, int64(1+s.account(open)), 20)
			return err
		},
		"activities": func(ctx context.Context) error {
			last, err := community.LastActivity(ctx, read)
			if err != nil {
				return err
			}
			_, err = community.Tail(ctx, read, last-200, 700)
			return err
		},
		"points of a member": func(ctx context.Context) error {
			_, err := gamification.PointsOf(ctx, read, advocate.ID, s.now)
			if err != nil {
				return err
			}
			_, err = gamification.Entries(ctx, read, advocate.ID, 50)
			return err
		},
		"badges": in(func(ctx context.Context, tx listeners.Tx) error {
			if _, err := gamification.BadgesDue(ctx, read, advocate.BrandID, s.now); err != nil {
				return err
			}
			if _, err := gamification.NextDecorated(ctx, tx, advocate.BrandID, s.now, 200); err != nil {
				return err
			}
			_, _, err := gamification.Decorate(ctx, tx, s.now, advocate.BrandID, advocate.ID, nil)
			return err
		}),
		"an entry of points": in(func(ctx context.Context, tx listeners.Tx) error {
			return gamification.Earn(ctx, tx, s.now, gamification.Entry{
				BrandID: advocate.BrandID, MemberID: advocate.ID, CaseID: 7, AccountID: 5, TopicID: 1, Event: "planned", Rule: gamification.Approved,
			})
		}),
		"unread notices": func(ctx context.Context) error { _, err := community.Unread(ctx, read, advocate.ID, 20); return err },
		"a page of posts": in(func(ctx context.Context, tx listeners.Tx) error {
			return w.App.Intake.Sink(s.conn, s.page(w))(ctx, tx)
		}),
		"whom news is for": func(ctx context.Context) error {
			if _, err := listeners.AtHook(ctx, read, "a"); err != nil {
				return err
			}
			_, err := listeners.OfAccounts(ctx, read, "x", []string{"1", "2"})
			return err
		},
		"connections and replies due": func(ctx context.Context) error {
			w.App.Poller.Tick(ctx)
			w.App.Deliverer.Tick(ctx)
			return ctx.Err()
		},
		"what was not heard": func(ctx context.Context) error {
			_, err := listeners.Gaps(ctx, read, s.conn.ID, 50)
			_, cut := listeners.LettersInShort(ctx, read, s.conn.ID, 50)
			_, raw := listeners.UndecodedOf(ctx, read, s.conn.ID)
			return errors.Join(err, cut, raw)
		},
		"a letter is thrown away": in(func(ctx context.Context, tx listeners.Tx) error {
			return listeners.DismissLetter(ctx, tx, s.conn.ID, 5)
		}),
		"customers": func(ctx context.Context) error {
			silent, err := listeners.OptOuts(ctx, read, s.brand, 0, 200)
			if err == nil && len(silent) == 0 {
				err = errors.New("nobody wants to hear nothing more")
			}
			_, receipts := community.Erasures(ctx, read, s.brand, 200)
			return errors.Join(err, receipts)
		},
		"one customer": func(ctx context.Context) error {
			account, err := community.FindAccount(ctx, read, s.brand, "x", fmt.Sprint("customer", s.account(open)))
			if err != nil {
				return err
			}
			_, _, err = community.EraseOutlook(ctx, read, account)
			return err
		},
		"changes of a case": func(ctx context.Context) error {
			found, err := listeners.ChangesOf(ctx, read, int64(1+answered))
			if err == nil && len(found) == 0 {
				err = errors.New("there is none")
			}
			return err
		},
		"an answer to change": func(ctx context.Context) error {
			r, _, _, err := community.ToChange(ctx, read, staff, s.sent)
			if err != nil {
				return err
			}
			_, err = community.ReplyNow(ctx, read, &r)
			return err
		},
		"a post to hide": func(ctx context.Context) error {
			_, _, err := community.ToHide(ctx, read, staff, int64(1+open))
			return err
		},
		"a comment with a phone number": in(func(ctx context.Context, tx listeners.Tx) error {
			if err := listeners.HidePhones(ctx, tx, s.conn.ID, true); err != nil {
				return err
			}
			number := listeners.Post{
				NativeID: "phone", ThreadKey: "phone", ParentID: s.native(open), Author: listeners.Author{NativeID: "caller", Handle: "caller"}, Reason: listeners.Mentioned,
				Surface: listeners.InPublic, Text: "call me on 0912 345 678 please", Delivery: listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}, CreatedAt: w.App.Now(),
			}
			intake := &moderation.Intake{
				Read: read, Rules: moderation.DefaultRules, NewID: func() string { return "hide" },
				Network: func(string) listeners.Network { return listeners.Network{HidesPhones: true} },
			}
			if err := intake.Sink(s.conn, []listeners.Post{number})(ctx, tx); err != nil {
				return err
			}
			n, err := tx.NewSelect().Model((*listeners.Change)(nil)).Where("native_id = 'phone'").Where("connection_id = ?", s.conn.ID).Where("state IN ('queued', 'doing', 'ambiguous')").Count(ctx)
			if err == nil && n != 1 {
				err = errors.New("it is not to be hidden")
			}
			return err
		}),
		"cases that run late": in(func(ctx context.Context, tx listeners.Tx) error {
			if _, err := community.RunsLate(ctx, tx, tx.Now()); err != nil {
				return err
			}
			_, err := community.RunLate(ctx, tx, 100)
			return err
		}),
		"overflow": in(func(ctx context.Context, tx listeners.Tx) error {
			if _, err := tx.NewRaw("UPDATE members SET care = TRUE, trust = 3 WHERE brand_id = ? AND role = 'advocate'", s.brand).Exec(ctx); err != nil {
				return err
			}
			due, err := w.App.Intake.OverflowDue(ctx, tx, s.brand, tx.Now())
			if err != nil {
				return err
			}
			over, err := w.App.Intake.Overflow(ctx, tx, s.brand)
			if err != nil {
				return err
			}
			if !due || over != 200 {
				return fmt.Errorf("%d cases overflow", over)
			}
			all := community.Flow{Back: true, Most: 100, All: true}
			if _, err := community.FlowDue(ctx, tx, s.brand, all); err != nil {
				return err
			}
			back, err := community.Overflows(ctx, tx, s.brand, all)
			if err == nil && back != 100 {
				err = fmt.Errorf("%d cases come back", back)
			}
			return err
		}),
		"an incident": in(func(ctx context.Context, tx listeners.Tx) error {
			i, err := community.OpenIncident(ctx, tx, staff, community.Incident{Title: "Outage", TopicID: s.topics[0]})
			if err != nil {
				return err
			}
			if n, err := community.PutInto(ctx, tx, staff, i.ID, some); err != nil || n == 0 {
				return fmt.Errorf("%d cases are part of it: %w", n, err)
			}
			_, counted := community.CountOf(ctx, tx, &i)
			_, listed := community.IncidentCases(ctx, tx, staff, &i, community.Open, 0, 50)
			_, told := community.IncidentNews(ctx, tx, &i)
			_, all := community.Incidents(ctx, tx, s.brand)
			_, reserves := community.Reserves(ctx, tx, &i, s.now)
			return errors.Join(counted, listed, told, all, reserves, community.CoverLater(ctx, tx, s.brand, map[int64][]int64{i.ID: some}))
		}),
		"clusters": in(func(ctx context.Context, tx listeners.Tx) error {
			found, err := moderation.Clusters(ctx, tx, s.brand, s.now, 20)
			if err != nil {
				return err
			}
			ids := []int64{1}
			for _, k := range found {
				ids = append(ids, k.ID)
			}
			_, said := moderation.SaidIn(ctx, tx, ids, 5)
			_, old := moderation.ClustersOld(ctx, tx, s.now)
			return errors.Join(said, old, moderation.EndClusters(ctx, tx))
		}),
		"a season": in(func(ctx context.Context, tx listeners.Tx) error {
			if _, err := community.SeasonDue(ctx, tx, s.brand, s.now); err != nil {
				return err
			}
			if err := community.TurnSeason(ctx, tx, s.brand); err != nil {
				return err
			}
			_, err := community.LeagueOf(ctx, tx, advocate)
			return err
		}),
		"a team quest": in(func(ctx context.Context, tx listeners.Tx) error {
			if _, err := moderation.QuestDue(ctx, tx, s.brand, s.now); err != nil {
				return err
			}
			if err := moderation.TurnQuest(ctx, tx, s.brand); err != nil {
				return err
			}
			q, err := gamification.QuestAt(ctx, tx, s.brand, tx.Now())
			if err != nil {
				return err
			}
			_, _, err = moderation.MeasureQuest(ctx, tx, &q, tx.Now())
			return err
		}),
		"thanks": func(ctx context.Context) error {
			_, err := community.ThanksFor(ctx, read, advocate, 0, 60)
			return err
		},
		"badges that were taken back": func(ctx context.Context) error {
			_, err := gamification.RevokedOf(ctx, read, s.brand)
			return err
		},
		"a budget is set": in(func(ctx context.Context, tx listeners.Tx) error {
			return listeners.SetBudget(ctx, tx, s.conn.ID, 1_000_000)
		}),
		"API: feed":      get("huy", "/cases"),
		"API: a case":    get("minh", fmt.Sprint("/cases/", 1+open)),
		"API: reviews":   get("minh", "/reviews"),
		"API: my points": get("huy", "/me/points"),
		"session": func(ctx context.Context) error {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.URL+"/", nil)
			if err != nil {
				return err
			}
			req.AddCookie(&http.Cookie{Name: "kith", Value: "nobody"})
			res, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				return err
			}
			return res.Body.Close()
		},
	}
}

// page is a hundred posts: new ones, known ones, follow-ups, and answers of the brand.
func (s stored) page(w *servertest.World) []listeners.Post {
	posts := make([]listeners.Post, 100)
	for i := range posts {
		c := s.cases/2 + i*10
		author := listeners.Author{NativeID: s.native(s.account(c)), Handle: fmt.Sprint("customer", s.account(c)), Name: fmt.Sprint("Customer ", s.account(c))}
		p := listeners.Post{
			NativeID: fmt.Sprint("new", i), ThreadKey: s.native(c), Author: author, Reason: listeners.Mentioned, Text: "and what about my order?",
			Delivery: listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}, CreatedAt: w.App.Now(),
		}
		switch i % 5 {
		case 0:
			p.NativeID = s.native(c) // known
		case 1:
			p.Author, p.ToID, p.ParentID = listeners.Author{NativeID: s.conn.NativeID, Handle: s.conn.Handle, Name: s.conn.Handle}, p.Author.NativeID, s.native(c)
		case 2:
			p.ThreadKey = p.NativeID
		case 3:
			p.Author.NativeID, p.ThreadKey = fmt.Sprint("stranger", i), p.NativeID
		}
		posts[i] = p
	}
	return posts
}

// tape notes the queries that are made while it runs.
type tape struct {
	mu      sync.Mutex
	queries []string
}

func (r *tape) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }

func (r *tape) AfterQuery(_ context.Context, e *bun.QueryEvent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queries = append(r.queries, e.Query)
}

func (r *tape) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.queries
	r.queries = nil
	return all
}

var (
	tapes   = map[*servertest.World]*tape{}
	tapesMu sync.Mutex
)

// said runs f and gives the queries that bun made meanwhile, anybody's in the process.
func said(t *testing.T, w *servertest.World, f func(context.Context) error) []string {
	t.Helper()
	tapesMu.Lock()
	r := tapes[w]
	if r == nil {
		r = &tape{}
		tapes[w] = r
		//lint:ignore SA1019 the hook must be on the very databases that the product uses
		w.App.DB.Read().(*bun.DB).AddQueryHook(r)
		w.Write(func(_ context.Context, tx listeners.Tx) error {
			//lint:ignore SA1019 as above
			tx.NewSelect().DB().AddQueryHook(r)
			return nil
		})
	}
	tapesMu.Unlock()
	r.take()
	if err := f(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := r.take()
	return slices.DeleteFunc(all, func(q string) bool {
		verb, _, _ := strings.Cut(strings.TrimSpace(q), " ")
		return !slices.Contains([]string{"SELECT", "UPDATE", "DELETE", "WITH"}, strings.ToUpper(verb))
	})
}

// plan asks the database how it would run a query.
func plan(t *testing.T, w *servertest.World, query string) string {
	t.Helper()
	explain := "EXPLAIN QUERY PLAN "
	if w.App.DB.IsPostgres() {
		explain = "EXPLAIN "
	}
	var lines []string
	err := w.App.Write(t.Context(), func(ctx context.Context, tx listeners.Tx) error {
		rows, err := tx.QueryContext(ctx, explain+query)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id, parent, unused int
			var line string
			if w.App.DB.IsPostgres() {
				err = rows.Scan(&line)
			} else {
				err = rows.Scan(&id, &parent, &unused, &line)
			}
			if err != nil {
				return err
			}
			lines = append(lines, line)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatalf("%s: %v", shorten(query), err)
	}
	return strings.Join(lines, "\n")
}

var (
	sqliteScan   = regexp.MustCompile(`(?m)^SCAN (\w+)`)
	postgresScan = regexp.MustCompile(`Seq Scan on (\w+)`)
	aliases      = regexp.MustCompile(`"?(\w+)"? AS "?(\w+)"?`)
)

// scans are the grown tables that a query would read from end to end.
func scans(t *testing.T, w *servertest.World, query string) []string {
	t.Helper()
	table := map[string]string{}
	for _, m := range aliases.FindAllStringSubmatch(query, -1) {
		table[m[2]] = m[1]
	}
	form := sqliteScan
	if w.App.DB.IsPostgres() {
		form = postgresScan
	}
	var found []string
	for _, m := range form.FindAllStringSubmatch(plan(t, w, query), -1) {
		name := m[1]
		if of := table[name]; slices.Contains(grown, of) {
			name = of
		}
		if slices.Contains(grown, name) {
			found = append(found, name)
		}
	}
	return found
}

func shorten(query string) string {
	if len(query) > 1500 {
		return query[:1500] + " …"
	}
	return query
}

// TestPlansSeeAScan makes sure that the test above would see one.
func TestPlansSeeAScan(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		queries := said(t, w, func(ctx context.Context) error {
			return w.App.DB.Read().NewSelect().TableExpr("mentions AS m").ColumnExpr("m.id").Where("m.text = ?", "what?").Scan(ctx, &[]int64{})
		})
		i := slices.IndexFunc(queries, func(q string) bool { return strings.Contains(q, "what?") })
		if i < 0 || !slices.Equal(scans(t, w, queries[i]), []string{"mentions"}) {
			t.Errorf("the scan was not seen in %q", queries)
		}
	})
}
