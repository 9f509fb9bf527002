package twitter

import (
	"slices"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

func total(spent []listeners.Spend) (sum listeners.MicroUSD) {
	for _, s := range spent {
		sum += s.Cost
	}
	return sum
}

// TestSpend: every resource of an answer is priced, and what a round reads again on the same day is not.
func TestSpend(t *testing.T) {
	const t0 = uint64(1_790_000_000_000-idEpoch) << idTimeShift
	for _, c := range []struct {
		name     string
		settings listeners.Settings
		want     []listeners.MicroUSD // of mentions, own posts and a rule, three rounds
	}{
		{"an app of the brand's own", nil, []listeners.MicroUSD{3_000, 0, 20_000, 2_000, 0, 0, 4_000, 0, 20_000}},
		{"somebody else's app", listeners.Settings{"owned": "no"}, []listeners.MicroUSD{20_000, 0, 20_000, 15_000, 0, 0, 25_000, 0, 20_000}},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := tweets("", t0+9, t0+8)
			ch := open(t, &script{answers: []answering{
				tweets("", t0, t0+1), tweets(""), found, tweets("", t0, t0+1, t0+2), tweets(""), found, tweets("", t0, t0+1, t0+2), tweets(""), found,
			}}, c.settings, "cà phê")
			var got []listeners.MicroUSD
			var cursor listeners.Cursor
			for range c.want {
				ch.now = func() clock.Time { return now.Add(time.Duration(len(got)/6) * 24 * time.Hour) } // the third round is on the next day
				page, err := ch.Fetch(t.Context(), cursor)
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range page.Spend {
					if (s.Rule == "1") != (len(got)%3 == 2) {
						t.Errorf("call %d is charged to rule %q", len(got), s.Rule)
					}
				}
				got, cursor = append(got, total(page.Spend)), page.Next
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %d\nwant %d", got, c.want)
			}
		})
	}
	page, err := open(t, &answering{status: 200, body: pageOf(goodPost)}, nil).Hydrate(t.Context(), []string{"1857712345678900001", "1857712345678900003"})
	if want := listeners.MicroUSD(3*5_000 + 10_000); err != nil || total(page.Spend) != want {
		t.Errorf("hydrate: got %+v, %v, want %d", page.Spend, err, want)
	}
}
