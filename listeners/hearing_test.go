package listeners_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/db"
)

func (e *ear) gaps() []listeners.Gap {
	e.t.Helper()
	all, err := listeners.Gaps(e.t.Context(), e.db.Read(), e.conn.ID, 10)
	if err != nil {
		e.t.Fatal(err)
	}
	return all
}

func (e *ear) spent() listeners.MicroUSD {
	e.t.Helper()
	sum, err := listeners.MonthSpent(e.t.Context(), e.db.Read(), e.conn.ID, e.clock.Now())
	if err != nil {
		e.t.Fatal(err)
	}
	return sum
}

func TestABudgetEndsReadsBeforeTheyAreMade(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB, c *clock.Manual) {
		e := listen(t, d, c, nil)
		e.cost, e.caps = 5000, listeners.Capabilities{PageCost: 10_000} // two posts a page
		for i := range 9 {
			e.far.write(fmt.Sprint("post ", i), c.Now())
		}
		e.do(func(ctx context.Context, tx listeners.Tx) error {
			return listeners.SetBudget(ctx, tx, e.conn.ID, 29_999)
		})
		e.hear()
		if spent, reads := e.spent(), e.far.reads; spent != 20_000 || reads != 2 {
			t.Errorf("spent %d in %d reads, want 20000 in 2: a third could go beyond the budget", spent, reads)
		}
		now := e.now()
		next := time.Date(c.Now().Std().Year(), c.Now().Std().Month()+1, 1, 0, 0, 0, 0, time.UTC)
		if now.FetchAt != clock.At(next) || now.Error == "" || now.State != listeners.On {
			t.Errorf("waits until %v (%q, %s), want the next month", now.FetchAt, now.Error, now.State)
		}
		if err := listeners.Affordable(t.Context(), d.Read(), now, 10_000, c.Now()); !isClass(err, listeners.OverBudget) {
			t.Errorf("another call: %v, want class %s", err, listeners.OverBudget)
		}
		e.do(func(ctx context.Context, tx listeners.Tx) error {
			return listeners.SetBudget(ctx, tx, e.conn.ID, 100_000)
		})
		e.hear()
		if n := e.count("SELECT COUNT(*) FROM mentions"); n != 9 || e.spent() != 45_000 {
			t.Errorf("with a raised budget %d of 9 posts are heard for %d, want 45000", n, e.spent())
		}
		all, err := listeners.Spending(t.Context(), d.Read(), e.conn.ID, c.Now())
		if err != nil || len(all) != 1 || all[0] != (listeners.Expense{Unit: "post_read", N: 9, Cost: 45_000}) {
			t.Errorf("the book says %v, %v", all, err)
		}
	})
}

// TestWhatWasNotHeardIsMended: a gap that was given up is refilled when somebody asks, and a letter that came
// with a page is read again with its time.
func TestWhatWasNotHeardIsMended(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB, c *clock.Manual) {
		e := listen(t, d, c, nil)
		e.hear()
		e.far.write("missed", c.Now().Add(-time.Hour))
		e.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := tx.NewRaw("UPDATE gaps SET state = 'lost', error = 'forbidden', from_at = ?, to_at = ?, cursor = 'x'", c.Now().Add(-2*time.Hour), c.Now()).Exec(ctx)
			if err != nil {
				return err
			}
			if _, err = tx.NewRaw("UPDATE connections SET cursor = '1'").Exec(ctx); err != nil {
				return err
			}
			secret := "token-1 \x1b[31m"
			_, err = tx.NewRaw("INSERT INTO dead_letters (connection_id, raw, reason, created_at) VALUES (?, ?, 'x', ?)", e.conn.ID, []byte(secret), c.Now()).Exec(ctx)
			return err
		})
		g := e.gaps()[0]
		e.do(func(ctx context.Context, tx listeners.Tx) error { return listeners.RefillGap(ctx, tx, e.conn.ID, g.ID) })
		e.hear()
		if g := e.gaps()[0]; g.State != listeners.GapRefilled || g.Refilled == 0 {
			t.Errorf("asked for again, the gap is %+v", g)
		}
		short, err := listeners.LettersInShort(t.Context(), d.Read(), e.conn.ID, 10)
		if err != nil || len(short) != 1 || short[0].Brought || short[0].Size != 13 {
			t.Fatalf("the letters are %+v, %v", short, err)
		}
		if shown := short[0].Show(map[string]string{"token": "token-1"}, 12); shown != "[secret] ·[3…" {
			t.Errorf("the letter is shown as %q", shown)
		}
		e.do(func(ctx context.Context, tx listeners.Tx) error {
			if err := listeners.RetryLetter(ctx, tx, e.conn.ID, short[0].ID, false); !errors.Is(err, listeners.ErrNotBrought) {
				t.Errorf("of a network that does not tell what has passed: %v", err)
			}
			return listeners.RetryLetters(ctx, tx, e.conn.ID, true)
		})
		if g := e.gaps(); len(g) != 2 || g[0].Source != listeners.Unread || g[0].State != listeners.GapOpen || len(e.letters()) != 0 {
			t.Errorf("the book of gaps says %+v", g)
		}
	})
}

func isClass(err error, class listeners.Class) bool {
	var e *listeners.Error
	return errors.As(err, &e) && e.Class == class
}

func TestAnOutageIsAGapThatIsRefilled(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB, c *clock.Manual) {
		e := listen(t, d, c, nil)
		e.do(func(ctx context.Context, tx listeners.Tx) error { // nothing before the first look
			_, err := tx.NewRaw(`UPDATE connections SET settings = '{"host":"' || ? || '","backfill":"0"}'`, e.far.url).Exec(ctx)
			return err
		})
		e.hear()
		from := e.now().HeardAt
		e.far.do(func() { e.far.status = 503 })
		for range 3 { // the network is away
			c.Advance(4 * time.Minute)
			e.far.write("missed", c.Now())
			e.hear()
		}
		c.Advance(time.Minute)
		e.far.do(func() { e.far.status = 0 })
		e.hear()
		gaps := e.gaps()
		if len(gaps) != 1 || gaps[0].FromAt != from || gaps[0].State != listeners.GapRefilled || gaps[0].Refilled != 3 || gaps[0].ToAt.Sub(from) < 12*time.Minute {
			t.Fatalf("the book of gaps says %+v, want one from %v with 3 posts", gaps, from)
		}
		if n := e.count("SELECT COUNT(*) FROM mentions"); n != 3 {
			t.Errorf("%d mentions, want 3 once each", n)
		}
		e.hear()
		if n := len(e.gaps()); n != 1 {
			t.Errorf("%d gaps after a round that was in time", n)
		}
	})
}

func TestWhatWasWrittenBeforeTheConnectionIsRead(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB, c *clock.Manual) {
		e := listen(t, d, c, nil)
		e.far.write("too old", c.Now().Add(-8*24*time.Hour))
		for i := range 50 {
			e.far.write("before", c.Now().Add(-7*24*time.Hour+time.Duration(i+1)*time.Hour))
		}
		e.do(func(ctx context.Context, tx listeners.Tx) error { // as on a network that begins with what is new
			_, err := tx.NewRaw("UPDATE connections SET cursor = '51'").Exec(ctx)
			return err
		})
		e.hear()
		if g := e.gaps(); len(g) != 1 || g[0].State != listeners.GapOpen || g[0].Refilled != 40 || g[0].Cursor == "" {
			t.Fatalf("after a round that reads twenty pages: %+v", g)
		}
		e.hear()
		g := e.gaps()
		if len(g) != 1 || g[0].State != listeners.GapRefilled || g[0].Refilled != 50 || g[0].Source != listeners.FirstLook {
			t.Errorf("the book of gaps says %+v, want 50 posts of before", g)
		}
	})
}

// TestNothingIsMissedBeforeTheFirstRound: what was written after an account was connected and before a first
// round went well, more than the network gives at first, is heard all the same.
func TestNothingIsMissedBeforeTheFirstRound(t *testing.T) {
	for name, late := range map[string]struct {
		after time.Duration
		days  string // that are read from before
		gap   listeners.GapSource
	}{
		"soon": {time.Minute, "7", listeners.FirstLook}, "late": {time.Hour, "7", listeners.FirstLook},
		"late, and nothing of before is read": {time.Hour, "0", listeners.Outage},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, d *db.DB, c *clock.Manual) {
				e := listen(t, d, c, nil)
				e.do(func(ctx context.Context, tx listeners.Tx) error { // as on a network that begins with its newest post
					_, err := tx.NewRaw("UPDATE connections SET cursor = '5', settings = ?", fmt.Sprintf(`{"host":%q,"backfill":%q}`, e.far.url, late.days)).Exec(ctx)
					return err
				})
				e.far.do(func() { e.far.status = 503 })
				for range 6 {
					c.Advance(late.after / 6)
					e.far.write("as yet unheard", c.Now())
					e.hear()
				}
				e.far.do(func() { e.far.status = 0 })
				c.Advance(10 * time.Minute)
				e.hear()
				if n := e.count("SELECT COUNT(*) FROM mentions"); n != 6 {
					t.Errorf("%d mentions, want 6", n)
				}
				if g := e.gaps(); len(g) != 1 || g[0].Source != late.gap || g[0].State != listeners.GapRefilled {
					t.Errorf("the book of gaps says %+v", g)
				}
			})
		})
	}
}

func TestAGapWaitsForTheBudget(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB, c *clock.Manual) {
		e := listen(t, d, c, nil)
		e.cost, e.caps = 5000, listeners.Capabilities{PageCost: 10_000}
		e.hear()
		e.far.do(func() { e.far.status = 503 })
		for range 3 {
			c.Advance(4 * time.Minute)
			e.hear()
		}
		e.far.do(func() { e.far.status = 0 })
		e.far.write("missed", c.Now().Add(-5*time.Minute))
		e.far.write("missed", c.Now().Add(-4*time.Minute))
		e.do(func(ctx context.Context, tx listeners.Tx) error {
			return listeners.SetBudget(ctx, tx, e.conn.ID, 19_999)
		})
		e.hear()
		g := e.gaps()
		if len(g) != 1 || g[0].State != listeners.GapOpen || g[0].Error != string(listeners.OverBudget) || g[0].Refilled != 2 || e.spent() != 10_000 {
			t.Fatalf("%+v, spent %d; want it open with what was read on", g, e.spent())
		}
		e.do(func(ctx context.Context, tx listeners.Tx) error { return listeners.SetBudget(ctx, tx, e.conn.ID, 0) })
		e.hear()
		if g := e.gaps(); g[0].State != listeners.GapRefilled || g[0].Refilled != 2 || g[0].Error != "" {
			t.Errorf("%+v, want it refilled with 2", g[0])
		}
	})
}

func TestTheLongerTheSilenceTheLongerThePause(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB, c *clock.Manual) {
		e := listen(t, d, c, nil)
		e.caps.MaxPoll = time.Hour
		e.far.write("xin chào", c.Now())
		e.hear()
		pauses := func(want time.Duration, when string) {
			t.Helper()
			now := e.now()
			if got := now.FetchAt.Sub(now.HeardAt).Round(time.Second); got != want {
				t.Errorf("%s the pause is %v, want %v", when, got, want)
			}
		}
		pauses(5*time.Second, "after a post")
		c.Advance(10 * time.Hour)
		e.hear()
		pauses(30*time.Minute, "after ten hours of silence")
		c.Advance(100 * time.Hour)
		e.hear()
		pauses(time.Hour, "after days of silence")
		c.Advance(time.Hour)
		e.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := tx.NewRaw("UPDATE connections SET brought_at = ?", c.Now()).Exec(ctx)
			return err
		})
		e.hear()
		pauses(10*time.Minute, "while the network brings its news")
		c.Advance(10 * time.Minute)
		e.far.write("and again", c.Now())
		e.hear()
		pauses(5*time.Second, "after news that was not brought")
	})
}

// TestAConnectionIsTakenOverSoon kills a Poller in the middle of a round, as far as another can see.
func TestAConnectionIsTakenOverSoon(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB, c *clock.Manual) {
		e := listen(t, d, c, nil)
		e.far.write("xin chào", c.Now())
		frozen := e.poller()
		frozen.Lease = 3 * time.Second // renewed every second
		stuck, entered := make(chan struct{}), make(chan struct{})
		var beats atomic.Int32
		var dead atomic.Bool
		frozen.Transact = func(ctx context.Context, f func(context.Context, listeners.Tx) error) error {
			if dead.Load() {
				<-ctx.Done()
				return ctx.Err()
			}
			beats.Add(1)
			return e.transact(ctx, f)
		}
		frozen.Open = func(listeners.Connection) (listeners.Channel, error) {
			close(entered)
			<-stuck
			return nil, errors.New("too late")
		}
		ended := make(chan struct{})
		go func() { frozen.Tick(t.Context()); close(ended) }()
		<-entered
		fence := e.now().Fence
		for before := beats.Load(); beats.Load() < before+2; time.Sleep(20 * time.Millisecond) { // it lives: nobody takes its connection
			e.Tick(t.Context())
			if now := e.now(); now.Fence != fence {
				t.Fatalf("taken from a Poller that lives; lease until %v at %v", now.LeaseUntil, c.Now())
			}
		}
		dead.Store(true)
		for range 3 { // a beat may have been under way
			c.Advance(4 * time.Second)
			e.Tick(t.Context())
		}
		if n := e.count("SELECT COUNT(*) FROM mentions"); n != 1 || e.now().Fence <= fence {
			t.Errorf("%d mentions, fence %d after %d; a dead Poller's connection is taken when its lease ends", n, e.now().Fence, fence)
		}
		dead.Store(false)
		close(stuck)
		<-ended
		if now := e.now(); now.Error != "" || now.LeaseUntil != 0 {
			t.Errorf("the late one wrote %q", now.Error)
		}
	})
}
