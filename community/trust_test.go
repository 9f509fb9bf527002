package community

import (
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"pgregory.net/rapid"
)

func TestBound(t *testing.T) {
	for name, c := range map[string]struct {
		record   Record
		from, to float64
	}{
		"nothing":                 {Record{}, 0, 0},
		"one good answer":         {Record{Pieces: 1, Good: 1}, 0.20, 0.21},
		"twenty good ones":        {Record{Pieces: 20, Good: 20}, 0.83, 0.84},
		"sixteen of twenty":       {Record{Pieces: 20, Good: 16}, 0.58, 0.59},
		"eighty of a hundred":     {Record{Pieces: 100, Good: 80}, 0.71, 0.72},
		"ninety-five of hundred":  {Record{Pieces: 100, Good: 95}, 0.88, 0.89},
		"none of a great many":    {Record{Pieces: 100}, 0, 0.001},
		"half of a great many":    {Record{Pieces: 10_000, Good: 5_000}, 0.49, 0.50},
		"fifty-seven of sixty":    {Record{Pieces: 60, Good: 57}, 0.86, 0.87},
		"nineteen of twenty good": {Record{Pieces: 20, Good: 19}, 0.76, 0.77},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.record.Bound(); got < c.from || got > c.to {
				t.Errorf("got %.4f, want between %v and %v", got, c.from, c.to)
			}
		})
	}
}

func TestPieces(t *testing.T) {
	kept := func(share float64) *float64 { return &share }
	for name, c := range map[string]struct {
		piece        Piece
		counts, good bool
	}{
		"let go as it was written":         {Piece{State: Approved, Kept: kept(1)}, true, true},
		"with a typo mended":               {Piece{State: Approved, Kept: kept(0.9)}, true, true},
		"changed":                          {Piece{State: Approved, Kept: kept(0.89)}, true, false},
		"changed, and solved":              {Piece{State: Approved, Kept: kept(0.5), Outcome: OutcomeSolved}, true, false},
		"given back":                       {Piece{State: Returned, Returns: 1}, true, false},
		"given back, then let go":          {Piece{State: Approved, Returns: 1, Kept: kept(1)}, true, false},
		"given back, then to staff":        {Piece{State: Withdrawn, Returns: 1}, true, false},
		"solved":                           {Piece{State: Approved, Outcome: OutcomeSolved}, true, true},
		"let go, but the customer is back": {Piece{State: Approved, Kept: kept(1), Outcome: OutcomeBroken}, true, false},
		"let out by a rule":                {Piece{State: Approved}, false, true},
		"let out by a rule, with thanks":   {Piece{State: Approved, Outcome: OutcomeThanks}, false, true},
		"let go, but not delivered":        {Piece{State: Withdrawn, Kept: kept(1)}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.piece.counts(); got != c.counts {
				t.Errorf("counts is %v, want %v", got, c.counts)
			}
			if got := c.piece.Good(); got != c.good {
				t.Errorf("good is %v, want %v", got, c.good)
			}
		})
	}
}

// Trust never rises on volume alone: the bound stays under the quality, answers that nobody judged
// change nothing, and who goes up has a share of good answers above what the level asks.
func TestTrustNeverRisesOnVolumeAlone(t *testing.T) {
	kept := func(good bool) *float64 {
		share := 0.4
		if good {
			share = 1
		}
		return &share
	}
	rapid.Check(t, func(t *rapid.T) {
		s := Standing{Earned: rapid.IntRange(Newcomer, Guide).Draw(t, "level")}
		judged := rapid.SliceOfN(rapid.Bool(), 0, 300).Draw(t, "judged")
		unjudged := rapid.IntRange(0, 1000).Draw(t, "sent without a word of anybody")
		now := clock.Time(1).Add(time.Duration(rapid.IntRange(0, 400).Draw(t, "days")) * day24)
		var pieces []Piece
		for i, good := range judged {
			pieces = append(pieces, Piece{State: Approved, Kept: kept(good), ReviewerID: int64(i % 3), AccountID: int64(i)})
		}
		for range unjudged {
			pieces = append(pieces, Piece{State: Approved})
		}
		counted := make([]Piece, 0, len(judged))
		for _, p := range pieces {
			if p.counts() {
				counted = append(counted, p)
			}
		}
		if len(counted) != len(judged) {
			t.Fatalf("%d answers count, %d were judged", len(counted), len(judged))
		}
		r := Recorded(counted)
		share := float64(r.Good) / float64(max(r.Pieces, 1))
		if r.Bound() > share {
			t.Fatalf("%+v shows %v, more than it is", r, r.Bound())
		}
		after, what := Weigh(DefaultTrust, s, r, 1, now)
		if after.Earned > s.Earned {
			step, _ := DefaultTrust.step(after.Earned)
			if after.Earned != s.Earned+1 || after.Earned == Guide || share <= step.Bound || r.Pieces < step.Pieces {
				t.Fatalf("from %d to %d by %+v (%s)", s.Earned, after.Earned, r, what)
			}
		}
		r.Pieces, r.Good = r.Pieces*50, r.Good*50
		if step, ok := DefaultTrust.Next(s.Earned); ok && share < step.Bound && step.met(r) {
			t.Fatalf("fifty times as many answers of a share of %v meet %+v", share, step)
		}
	})
}

// Who loses a level was warned, and had all the days of grace.
func TestGrace(t *testing.T) {
	day := func(n int) clock.Time { return clock.Time(1).Add(time.Duration(n) * day24) }
	good, bad, few := Record{Pieces: 100, Good: 95, Voices: 20}, Record{Pieces: 100, Good: 60, Voices: 20}, Record{Pieces: 30, Good: 5, Voices: 9}
	s := Standing{Earned: Trusted}
	for _, step := range []struct {
		day    int
		record Record
		want   Kind
		level  int
	}{
		{1, few, "", Trusted}, // too few to say so of somebody at this level
		{2, good, "", Trusted},
		{3, bad, TrustWarned, Trusted},
		{16, bad, "", Trusted},
		{16, good, TrustRecovered, Trusted},
		{17, bad, TrustWarned, Trusted},
		{30, bad, "", Trusted},
		{31, bad, TrustLowered, Steady},
		{31, bad, TrustWarned, Steady},
		{45, bad, TrustLowered, Newcomer},
		{200, bad, "", Newcomer},
		{201, good, TrustRaised, Steady},
		{201, good, TrustRaised, Trusted},
		{500, good, "", Trusted}, // only people make a guide
	} {
		var what Kind
		if s, what = Weigh(DefaultTrust, s, step.record, 1, day(step.day)); what != step.want || s.Earned != step.level {
			t.Fatalf("day %d: %q and level %d, want %q and %d", step.day, what, s.Earned, step.want, step.level)
		}
		if s.BelowSince != 0 && s.DueAt != s.BelowSince.Add(14*day24) && s.DueAt > day(step.day) {
			t.Errorf("day %d: weighed again at %v, want the end of the grace", step.day, s.DueAt)
		}
	}
}

// The days of a level are waited for without new answers.
func TestDaysOfALevel(t *testing.T) {
	r := Record{Pieces: 100, Good: 98, Voices: 30}
	s, what := Weigh(DefaultTrust, Standing{Earned: Steady}, r, 1, clock.Time(1).Add(5*day24))
	if what != "" || s.DueAt != clock.Time(1).Add(21*day24) {
		t.Fatalf("%q, weighed again at %v, want on day 21", what, s.DueAt)
	}
	if s, what = Weigh(DefaultTrust, s, r, 1, s.DueAt); what != TrustRaised || s.Earned != Trusted {
		t.Errorf("on day 21: %q and level %d", what, s.Earned)
	}
	s.CountsFrom = clock.Time(1).Add(20 * day24)
	s.Earned = Steady
	if s, _ = Weigh(DefaultTrust, s, r, 1, clock.Time(1).Add(30*day24)); s.Earned != Steady || s.DueAt != s.CountsFrom.Add(21*day24) {
		t.Errorf("after a new start: level %d, weighed again at %v", s.Earned, s.DueAt)
	}
}

func TestRights(t *testing.T) {
	for _, r := range Rights {
		for level := Applicant; level <= Guide; level++ {
			if Has(level, r.Right) != (level >= r.From) {
				t.Errorf("T%d and %s: %v", level, r.Right, Has(level, r.Right))
			}
		}
	}
	if Has(Guide, "everything") {
		t.Error("a right that does not exist is had")
	}
}

func TestTrustRulesAreChecked(t *testing.T) {
	if err := DefaultTrust.Check(); err != nil {
		t.Fatalf("the defaults: %v", err)
	}
	for field, change := range map[string]func(*TrustRules){
		"steady_bound":   func(r *TrustRules) { r.Steady.Bound = 0.3 },
		"trusted_bound":  func(r *TrustRules) { r.Trusted.Bound = 0.6 },
		"window":         func(r *TrustRules) { r.Window = 10 },
		"steady_pieces":  func(r *TrustRules) { r.Steady.Pieces = 3 },
		"trusted_pieces": func(r *TrustRules) { r.Trusted.Pieces = 400 },
		"steady_voices":  func(r *TrustRules) { r.Steady.Voices = 0 },
		"trusted_voices": func(r *TrustRules) { r.Trusted.Voices = 1 },
		"steady_days":    func(r *TrustRules) { r.Steady.Days = -1 },
		"trusted_days":   func(r *TrustRules) { r.Trusted.Days = 1000 },
		"keep":           func(r *TrustRules) { r.Keep = 0.1 },
		"grace":          func(r *TrustRules) { r.Grace = 0 },
		"grant":          func(r *TrustRules) { r.Grant = 365 },
	} {
		r := DefaultTrust
		change(&r)
		if err, ok := r.Check().(*Invalid); !ok || err.Field != field {
			t.Errorf("%s: %v", field, r.Check())
		}
	}
}
