package simulation

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
)

// KITH_TORTURE=1 makes the trials long.
var long = os.Getenv("KITH_TORTURE") != ""

var seedFlag = flag.Uint64("seed", 0, "play this seed only")

// bad is three hours of a small brand in bad weather, with careless people, whose process is killed again and again.
func bad() Scenario {
	s := Month().Shorter(1)
	s.Storms, s.until = nil, 3*time.Hour
	s.Customers.Posts, s.Customers.Return = 24, 0.5
	s.Customers.ByHour = make([]float64, 24)
	s.Customers.ByHour[0], s.Customers.ByHour[1] = 2, 1
	s.Customers.Mix = Mix{Question: 50, Complaint: 20, Anger: 10, Praise: 10, Noise: 5, Risk: 5}
	people := func(name string, role community.Role, trust, count int) People {
		return People{Name: name, Role: role, Trust: trust, Count: count, From: 0, To: 3, Answer: 3, Reviewing: 1, Quality: 0.8}
	}
	care := people("advocate", community.Advocate, 2, 2)
	care.Care = true
	employee, peer := people("employee", community.Moderator, 0, 2), people("peer", community.Advocate, 3, 2)
	employee.To, peer.From, peer.Care = 2, 1, true // an hour with them alone, one with both, one without employees
	s.People = []People{employee, people("newcomer", community.Advocate, 1, 1), care, peer, people("guide", community.Advocate, 4, 1)}
	review := moderation.DefaultReview
	review.Advocates = 50
	s.Review = &review
	s.Trouble = Trouble{Crash: 0.008, Network: 0.08, Outages: 0.2, Careless: 0.15}
	return s
}

// migrated is a folder with an empty database of this version's schema, made once.
var migrated = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "kith-simulation-template-")
	if err != nil {
		return "", err
	}
	e := newEngine(bad(), Options{Log: slog.New(slog.DiscardHandler)}, folder)
	if err := e.open(context.Background()); err != nil {
		return "", err
	}
	return folder, e.close()
})

func TestMain(m *testing.M) {
	code := m.Run()
	if folder, err := migrated(); err == nil {
		os.RemoveAll(folder)
	}
	os.Exit(code)
}

// Five seeds here, because everything else waits for them under the race detector, and a thousand in make torture.
// go test ./server/simulation -run Seeds -seed N plays one.
func TestSeedsHoldEveryInvariant(t *testing.T) {
	t.Parallel()
	first, n := uint64(1), 5
	switch {
	case *seedFlag != 0:
		first, n = *seedFlag, 1
	case long:
		n = 1000
	default:
		if asked, err := strconv.Atoi(os.Getenv("KITH_SEEDS")); err == nil {
			n = asked
		}
	}
	template, err := migrated()
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var sums Report
	sent := 0
	next := make(chan uint64)
	var playing sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		playing.Go(func() {
			for seed := range next {
				r, err := Run(t.Context(), bad(), Options{Seed: seed, Invariants: Invariants(), template: template})
				if err != nil || len(r.Violations) > 0 {
					t.Errorf("seed %d: %v\n%s\nplay it again: go test ./server/simulation -run Seeds -seed %d", seed, err, lines(r.Violations), seed)
				}
				mu.Lock()
				sums.Steps, sums.Crashes, sums.Posts, sums.Refused = sums.Steps+r.Steps, sums.Crashes+r.Crashes, sums.Posts+r.Posts, sums.Refused+r.Refused
				sent += r.Replies["sent"]
				mu.Unlock()
			}
		})
	}
	for i := range n {
		next <- first + uint64(i)
	}
	close(next)
	playing.Wait()
	t.Logf("%d seeds, %d steps, %d posts, %d answers sent, %d crashes, %d refusals", n, sums.Steps, sums.Posts, sent, sums.Crashes, sums.Refused)
	if n > 1 && (sums.Crashes < n || sent < 3*n || sums.Refused < n) {
		t.Error("too little happened to prove anything")
	}
}

func TestSameSeedSameTrace(t *testing.T) {
	t.Parallel()
	template, err := migrated()
	if err != nil {
		t.Fatal(err)
	}
	trace := func(seed uint64) string {
		r, err := Run(t.Context(), bad(), Options{Seed: seed, template: template})
		if err != nil {
			t.Fatal(err)
		}
		return r.Trace
	}
	if first, second := trace(7), trace(7); first != second {
		t.Errorf("seed 7 gives %s and %s", first, second)
	} else if first == trace(8) {
		t.Errorf("seeds 7 and 8 give the same trace %s", first)
	}
}

// sabotage does to the database what the product never does. Each must be noticed by the invariant.
var sabotage = []struct{ invariant, query string }{
	{"I1", "DELETE FROM mentions WHERE id = (SELECT MIN(id) FROM mentions WHERE NOT ours AND id NOT IN (SELECT mention_id FROM answers))"},
	{"I2", "UPDATE mentions SET text = 'something else' WHERE id = (SELECT MIN(id) FROM mentions)"},
	{"I3", "UPDATE cases SET state = 'ignored', version = version + 1 WHERE id = (SELECT MIN(id) FROM cases WHERE state IN ('answered', 'resolved'))"},
	{"I4", "UPDATE cases SET holder_id = (SELECT MIN(id) FROM members) WHERE id = (SELECT MAX(id) FROM cases WHERE state IN ('answered', 'resolved'))"},
	{"I6", "UPDATE reviews SET reviewer_id = (SELECT member_id FROM answers a WHERE a.id = answer_id) WHERE id = (SELECT MIN(id) FROM reviews WHERE decision = 'approved' AND reviewer_id IS NOT NULL)"},
	{"I7", "UPDATE replies SET text = text || '!' WHERE id = (SELECT MIN(id) FROM replies WHERE state = 'sent')"},
	{"I8", "DELETE FROM replies WHERE id = (SELECT MAX(id) FROM replies WHERE state = 'sent')"},
	{"I9", "DELETE FROM replies WHERE id = (SELECT MAX(id) FROM replies WHERE state = 'sent')"},
	{"I10", "UPDATE replies SET state = 'ask_human', attempts = 1 WHERE id = (SELECT MIN(id) FROM replies)"},
	{"I10", "UPDATE replies SET state = 'sent', attempts = 2 WHERE state = 'ask_human'"},
	{"I11", "UPDATE point_entries SET amount = amount + 1 WHERE id = (SELECT MIN(id) FROM point_entries WHERE amount > 0)"},
	{"I12", "DELETE FROM point_entries WHERE id = (SELECT MAX(id) FROM point_entries WHERE rule = 'approved')"},
	{"I13", "UPDATE point_entries SET member_id = (SELECT MAX(id) FROM members) WHERE id = (SELECT MIN(id) FROM point_entries WHERE rule = 'approved')"},
	{"I14", "UPDATE activities SET lane = 'staff' WHERE kind = 'case_claimed' AND actor_id IN (SELECT id FROM members WHERE role = 'advocate')"},
}

func TestInvariantsNoticeWhatIsWrong(t *testing.T) {
	t.Parallel()
	template, err := migrated()
	if err != nil {
		t.Fatal(err)
	}
	s := bad()
	s.Trouble = Trouble{}
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(template)); err != nil {
		t.Fatal(err)
	}
	e := newEngine(s, Options{Seed: 1, Invariants: Invariants(), Log: slog.New(slog.DiscardHandler)}, folder)
	defer func() {
		if err := e.close(); err != nil {
			t.Error(err)
		}
	}()
	ctx := t.Context()
	if err := e.begin(ctx); err != nil {
		t.Fatal(err)
	}
	if err := e.run(ctx); err != nil {
		t.Fatal(err)
	}
	if len(e.violated) > 0 {
		t.Fatalf("before anything is broken:\n%s", lines(e.violated))
	}
	for _, unguard := range []string{
		"DROP TRIGGER replies_keep_text", "DROP TRIGGER point_entries_no_update", "DROP TRIGGER point_entries_no_delete", "DROP TRIGGER reviews_no_update",
	} {
		tamper(t, e, unguard)
	}
	for _, wrong := range sabotage {
		e.violated = nil
		tamper(t, e, wrong.query)
		if err := e.look(ctx, true); err != nil {
			t.Fatal(err)
		}
		if wrong.query != "" && !slices.ContainsFunc(e.violated, func(v Violation) bool { return v.Invariant == wrong.invariant }) && !strings.Contains(wrong.query, "ask_human', attempts = 1") {
			t.Errorf("%s does not notice %s; noticed was:\n%s", wrong.invariant, wrong.query, lines(e.violated))
		}
	}
}

// tamper changes the database behind the product's back.
func tamper(t *testing.T, e *engine, query string) {
	t.Helper()
	err := e.app.Write(t.Context(), func(ctx context.Context, tx listeners.Tx) error {
		if _, err := tx.NewRaw("PRAGMA defer_foreign_keys = 1").Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewRaw(query).Exec(ctx)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func lines(all []Violation) string {
	var b strings.Builder
	for _, v := range all {
		fmt.Fprintf(&b, "step %d, %s: %s\n", v.Step, v.Invariant, v.What)
	}
	return b.String()
}
