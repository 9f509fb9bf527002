package community

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
)

// volunteer is an advocate who answers as well as they answer, day after day.
type volunteer struct {
	rules    TrustRules
	quality  float64 // the share of answers that are good
	chance   *rand.Rand
	standing Standing
	window   []bool // the latest judged answers
	answers  int
	reached  map[int]int // the first day at which a level was held
}

func newVolunteer(rules TrustRules, quality float64, seed uint64) *volunteer {
	return &volunteer{
		rules: rules, quality: quality, chance: rand.New(rand.NewPCG(seed, 1)), standing: Standing{Earned: Newcomer}, reached: map[int]int{},
	}
}

// judged tells whether anybody says something of an answer: a reviewer as often as the level asks, a
// customer one time in five.
func (v *volunteer) judged() bool {
	share := []float64{1, 0.75, 0.25, 0.05, 0.05}[v.standing.Earned]
	if v.answers <= 10 {
		share = 1
	}
	return v.chance.Float64() < share || v.chance.Float64() < 0.2
}

// day lets three or four answers happen, and somebody look at them in the evening.
func (v *volunteer) day(n int) {
	for range 3 + v.chance.IntN(2) {
		if v.answers++; !v.judged() {
			continue
		}
		if v.window = append(v.window, v.chance.Float64() < v.quality); len(v.window) > v.rules.Window {
			v.window = v.window[1:]
		}
	}
	r := Record{Pieces: len(v.window), Voices: len(v.window) / 3}
	for _, good := range v.window {
		if good {
			r.Good++
		}
	}
	now := clock.Time(1).Add(time.Duration(n) * day24)
	v.standing, _ = Weigh(v.rules, v.standing, r, 1, now)
	if v.reached[v.standing.Earned] == 0 {
		v.reached[v.standing.Earned] = n
	}
}

// life is how many volunteers live how many days at a quality.
type life struct {
	quality      float64
	people, days int
	steady       []int // the days after which each who got there was T2
	trusted      []int
	held         float64 // the share of the second half of the days at T2 or above
}

func live(rules TrustRules, quality float64, people, days int) life {
	l := life{quality: quality, people: people, days: days}
	for seed := range people {
		v := newVolunteer(rules, quality, uint64(seed))
		for n := 1; n <= days; n++ {
			if v.day(n); n > days/2 && v.standing.Earned >= Steady {
				l.held += 2 / float64(people*days)
			}
		}
		if d := v.reached[Steady]; d > 0 {
			l.steady = append(l.steady, d)
		}
		if d := v.reached[Trusted]; d > 0 {
			l.trusted = append(l.trusted, d)
		}
	}
	return l
}

// at is the day by which a share of all people had got somewhere; "-" if fewer ever did.
func (l life) at(reached []int, share float64) string {
	slices.Sort(reached)
	if i := int(share * float64(l.people)); i < len(reached) {
		return fmt.Sprint(reached[i])
	}
	return "-"
}

func (l life) String() string {
	return fmt.Sprintf("%3.0f %% good: T2 for %3d %% of %4d people in %3d days (half by day %3s, nine in ten by day %3s), held %3.0f %% of later days; T3 for %3d %% (half by day %3s)",
		100*l.quality, 100*len(l.steady)/l.people, l.people, l.days, l.at(l.steady, 0.5), l.at(l.steady, 0.9), 100*l.held, 100*len(l.trusted)/l.people, l.at(l.trusted, 0.5))
}

// Honest work is trusted within weeks, careless work never: what the thresholds were chosen by.
func TestTrustOverManyDays(t *testing.T) {
	t.Log("as it is by default")
	for _, quality := range []float64{0.5, 0.6, 0.7, 0.8, 0.9, 0.95} {
		t.Log(live(DefaultTrust, quality, 400, 180))
	}
	t.Log("with a bound of 0.75 for T2")
	strict := DefaultTrust
	strict.Steady.Bound = 0.75
	for _, quality := range []float64{0.8, 0.9} {
		t.Log(live(strict, quality, 400, 180))
	}

	good := live(DefaultTrust, 0.8, 1000, 180)
	slices.Sort(good.steady)
	if len(good.steady) < 950 {
		t.Errorf("T2 for %d of 1000 people whose answers are good four times in five, want nearly all", len(good.steady))
	} else if median := good.steady[500]; median < 14 || median > 45 {
		t.Errorf("half of them are T2 on day %d, want between two and six weeks", median)
	}
	if careless := live(DefaultTrust, 0.5, 1000, 100); len(careless.steady) > 0 {
		t.Errorf("T2 for %d careless people within 100,000 days, on days %v", len(careless.steady), careless.steady)
	}
	excellent := live(DefaultTrust, 0.95, 500, 180)
	if len(excellent.trusted) < 450 {
		t.Errorf("T3 for %d of 500 people whose answers are nearly all good", len(excellent.trusted))
	}
	for _, d := range excellent.trusted {
		if d < DefaultTrust.Trusted.Days {
			t.Errorf("T3 on day %d", d)
		}
	}
}
