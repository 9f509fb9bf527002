package gamification_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/server/db"
	"github.com/kith-social/kith/server/db/dbtest"
)

const (
	start = clock.Time(1_800_000_000_000_000)
	day   = 24 * time.Hour
)

// withMembers stores one brand with n members, whose ids are 1 to n.
func withMembers(t *testing.T, d *db.DB, n int) {
	t.Helper()
	err := d.Transact(t.Context(), db.Full, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewRaw("INSERT INTO brands (slug, name, language, review_seed, created_at) VALUES ('b', 'B', 'vi', '', 1)").Exec(ctx)
		for i := 1; i <= n && err == nil; i++ {
			_, err = tx.NewRaw("INSERT INTO persons (email, name, language, password_hash, epoch, created_at) VALUES (?, 'p', 'vi', '', 1, 1)", fmt.Sprint(i)).Exec(ctx)
			if err == nil {
				_, err = tx.NewRaw(`INSERT INTO members (brand_id, person_id, role, state, trust, public_name, sign_off, languages, topics, created_at)
					VALUES (1, ?, 'advocate', 'active', 1, 'p', '', '[]', '[]', 1)`, i).Exec(ctx)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func earn(t testing.TB, d *db.DB, now clock.Time, member int64, rule gamification.Rule, event string) {
	t.Helper()
	err := d.Transact(context.Background(), db.Full, func(ctx context.Context, tx db.Tx) error {
		return gamification.Earn(ctx, tx, now, gamification.Entry{BrandID: 1, MemberID: member, Event: event, Rule: rule})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func reverse(t testing.TB, d *db.DB, now clock.Time, event string) {
	t.Helper()
	err := d.Transact(context.Background(), db.Full, func(ctx context.Context, tx db.Tx) error {
		return gamification.Reverse(ctx, tx, now, event, gamification.CameBack)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func points(t testing.TB, d *db.DB, member int64, now clock.Time) gamification.Points {
	t.Helper()
	p, err := gamification.PointsOf(context.Background(), d.Read(), member, now)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestLedger(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		withMembers(t, d, 2)
		want := func(what string, member int64, now clock.Time, balance, pending int) {
			t.Helper()
			if got := points(t, d, member, now); got != (gamification.Points{Balance: balance, Pending: pending}) {
				t.Errorf("%s: %+v, want %d and %d pending", what, got, balance, pending)
			}
		}
		earn(t, d, start, 1, gamification.Approved, "review:1")
		earn(t, d, start, 1, gamification.Approved, "review:1")
		want("the same event twice", 1, start, 3, 0)
		earn(t, d, start, 2, gamification.ApprovedEdited, "review:2")
		want("another member", 2, start, 1, 0)
		earn(t, d, start, 1, gamification.Solved, "answered:1")
		want("an outcome waits", 1, start, 3, 15)
		want("and matures", 1, start.Add(2*day), 18, 0)
		reverse(t, d, start.Add(day), "answered:1")
		want("taken back while pending", 1, start.Add(day), 3, 0)
		want("and never counted", 1, start.Add(2*day), 3, 0)
		reverse(t, d, start.Add(400*day), "review:1")
		reverse(t, d, start.Add(400*day), "review:1")
		want("taken back after a year, once", 1, start.Add(400*day), 0, 0)

		for i := range 12 {
			earn(t, d, start.Add(500*day), 2, gamification.Approved, fmt.Sprintf("review:%d", 100+i))
		}
		want("ten approvals a day pay", 2, start.Add(500*day), 1+30, 0)
		earn(t, d, start.Add(502*day), 2, gamification.Approved, "review:200")
		want("the next day pays again", 2, start.Add(502*day), 1+33, 0)
		board, err := gamification.Board(t.Context(), d.Read(), 1, start.Add(490*day), start.Add(502*day), 10)
		if err != nil || len(board) != 1 || board[0].MemberID != 2 || board[0].Points != 33 {
			t.Errorf("board of the last days: %+v, %v; want member 2 with 33", board, err)
		}
		if wrong, err := gamification.Verify(t.Context(), d.Read()); err != nil || len(wrong) > 0 {
			t.Errorf("the ledger contradicts itself: %q, %v", wrong, err)
		}
	})
}

func TestNothingIsEverChanged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		withMembers(t, d, 1)
		earn(t, d, start, 1, gamification.Approved, "review:1")
		for _, change := range []string{"UPDATE point_entries SET amount = 300", "DELETE FROM point_entries"} {
			err := d.Transact(t.Context(), db.Full, func(ctx context.Context, tx db.Tx) error {
				_, err := tx.NewRaw(change).Exec(ctx)
				return err
			})
			if err == nil {
				t.Errorf("%s was allowed", change)
			}
		}
	})
}

// However events and reversals follow each other, the balance is the sum of the events that stand,
// and taking everything back leaves nothing.
func TestBalanceIsTheSumOfItsEvents(t *testing.T) {
	pays := map[gamification.Rule]int{gamification.Solved: 15, gamification.Thanked: 5}
	d := dbtest.New(t)
	const mostRuns = 1000
	withMembers(t, d, mostRuns)
	member := int64(0) // each run has a member of its own
	rapid.Check(t, func(r *rapid.T) {
		member = member%mostRuns + 1
		standing, known := map[string]int{}, map[string]bool{}
		now := start
		for i := range rapid.IntRange(1, 12).Draw(r, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(r, "hours")) * time.Hour)
			event := fmt.Sprintf("answered:%d:%d", member, rapid.IntRange(1, 4).Draw(r, "event"))
			if rapid.Bool().Draw(r, fmt.Sprintf("reverse %d", i)) {
				reverse(t, d, now, event)
				standing[event] = 0
				continue
			}
			rule := rapid.SampledFrom([]gamification.Rule{gamification.Solved, gamification.Thanked}).Draw(r, "rule")
			earn(t, d, now, member, rule, event)
			if cause := event + string(rule); !known[cause] {
				known[cause] = true
				standing[event] += pays[rule]
			}
		}
		sum := 0
		for _, n := range standing {
			sum += n
		}
		if p := points(t, d, member, now); p.Balance+p.Pending != sum {
			r.Fatalf("%+v, want together %d", p, sum)
		}
		if p := points(t, d, member, now.Add(10*day)); p.Balance != sum || p.Pending != 0 {
			r.Fatalf("matured: %+v, want %d", p, sum)
		}
		for event := range standing {
			reverse(t, d, now, event)
		}
		if p := points(t, d, member, now.Add(10*day)); p != (gamification.Points{}) {
			r.Fatalf("all taken back: %+v, want nothing", p)
		}
	})
}
