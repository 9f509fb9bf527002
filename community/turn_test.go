package community

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kith-social/kith/clock"
)

// Whoever looks, and whenever: within eight hours and a bit each tier has been the first for a quarter of an hour, what
// can still be answered in time most often; and for who comes at the same time every day, within a month and a bit.
func TestEveryTierHasItsTurn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &Member{ID: rapid.Int64Range(1, 1<<40).Draw(t, "member")}
		at := clock.Time(rapid.Int64Range(1, 1<<52).Draw(t, "now"))
		step := rapid.SampledFrom([]time.Duration{fairTime, 24 * time.Hour}).Draw(t, "step")
		first := map[Tier]int{}
		for i := range 2*fairEvery + 1 { // midnight leaves out one
			order := tiersFor(m, at.Add(time.Duration(i)*step))
			if p := (feedPlace{first: order[0], tier: order[0]}); len(order) != 3 || tierOrders[order[0]][1] != order[1] {
				t.Fatalf("order %v is not one that a page may go on with: %v", order, p)
			}
			first[order[0]]++
		}
		if first[Late] == 0 || first[Calm] == 0 || first[InTime] < 2*fairEvery-3 {
			t.Fatalf("every %v, %v were the first", step, first)
		}
	})
}

func TestWhoAsksComesBeforeWhoComplains(t *testing.T) {
	for _, c := range []struct {
		name string
		of   Case
		want Tier
	}{
		{"a question", Case{AskedAt: 1, Urgency: 0.5}, InTime},
		{"a complaint that asks nothing", Case{Urgency: 2}, Late},
		{"rage", Case{Urgency: 3.5}, InTime},
		{"a complaint that many read", Case{Urgency: 2, Reach: 1.5}, InTime},
		{"praise", Case{Urgency: 0.5}, Calm},
	} {
		if got := c.of.tier(); got != c.want {
			t.Errorf("%s stands in tier %d, want %d", c.name, got, c.want)
		}
	}
}
