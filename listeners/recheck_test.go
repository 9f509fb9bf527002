package listeners_test

import (
	"context"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/db"
)

func TestWhatIsStoredIsLookedAtAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB, c *clock.Manual) {
		e := listen(t, d, c, nil)
		for range 3 {
			e.far.write("xin chào", c.Now())
		}
		e.hear()
		e.far.do(func() { e.far.gone = []string{"2"}; e.far.posts[2].Version, e.far.posts[2].Text = 1, "xin chào lại" })
		looked, err := e.Recheck(t.Context(), e.now(), nil)
		if err != nil || looked != 3 {
			t.Fatalf("looked at %d, %v; want all 3 of lately", looked, err)
		}
		if n := e.count("SELECT COUNT(*) FROM mentions WHERE native_id = '2' AND text = '' AND gone_why = 'deleted'"); n != 1 {
			t.Error("what was deleted without a word is still here")
		}
		if n := e.count("SELECT COUNT(*) FROM mentions WHERE gone_at IS NULL AND text <> ''"); n != 2 {
			t.Errorf("%d of 2 posts are left", n)
		}

		e.cost, e.caps = 5000, listeners.Capabilities{PageCost: 10_000}
		if looked, err := e.Recheck(t.Context(), e.now(), []string{"1"}); err != nil || looked != 1 {
			t.Errorf("where looking costs, looked at %d, %v; want what waits alone", looked, err)
		}
		e.do(func(ctx context.Context, tx listeners.Tx) error {
			return listeners.SetBudget(ctx, tx, e.conn.ID, 10_000)
		})
		if looked, err := e.Recheck(t.Context(), e.now(), []string{"1"}); looked != 0 || !isClass(err, listeners.OverBudget) || e.spent() != 5000 {
			t.Errorf("beyond the budget: looked at %d, %v, spent %d", looked, err, e.spent())
		}
	})
}

func TestOneProcessLooksAgainEachNight(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB, c *clock.Manual) {
		e := listen(t, d, c, nil)
		due := func() (n int) {
			e.do(func(ctx context.Context, tx listeners.Tx) error {
				some, err := listeners.RecheckDue(ctx, tx, "far", c.Now().Add(-24*time.Hour), 10)
				n = len(some)
				return err
			})
			return n
		}
		if n := due(); n != 0 {
			t.Errorf("%d connections are looked at on their first day", n)
		}
		c.Advance(25 * time.Hour)
		if waits, err := listeners.RecheckWaits(t.Context(), d.Read(), "far", c.Now().Add(-24*time.Hour)); err != nil || !waits {
			t.Errorf("nothing waits: %v", err)
		}
		if first, second := due(), due(); first != 1 || second != 0 {
			t.Errorf("%d then %d processes look, want one", first, second)
		}
	})
}
