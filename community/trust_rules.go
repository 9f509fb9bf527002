package community

import (
	"time"

	"github.com/kith-social/kith/clock"
)

// TrustRules are what a brand asks for its levels of trust.
type TrustRules struct {
	Steady  Step    `json:"steady"`  // T2
	Trusted Step    `json:"trusted"` // T3; a guide must keep to it, too
	Window  int     `json:"window"`  // so many of the latest judged answers count
	Keep    float64 `json:"keep"`    // the part of a level's bound under which it slips, 0 to 1
	Grace   int     `json:"grace"`   // days that somebody has to come back after slipping
	Grant   int     `json:"grant"`   // days that a level given by an employee lasts
}

// Step is what one level asks.
type Step struct {
	Pieces int     `json:"pieces"` // judged answers, at least
	Bound  float64 `json:"bound"`  // see Record.Bound
	Voices int     `json:"voices"` // different people who judged
	Days   int     `json:"days"`   // since the first day
}

// DefaultTrust is what a brand starts with. The evidence of forums that a level should be within weeks
// of honest work is met by a bound of 0.70 for T2, not by the 0.75 one reads in places: somebody whose
// answers are good four times out of five shows 0.58 after twenty of them and 0.71 after a hundred, so
// that 0.75 asks for luck: half of such people wait seven weeks for it, some half a year. A bound of
// 0.70 is reached by half of them in three weeks, by nine in ten in eight, and by somebody who is
// careless every second time never;
// TestTrustOverManyDays measures both.
//
// The window is a number of answers rather than of days, because a share of few answers says little
// and somebody who was away for a season has neither got better nor worse. A hundred is what an active
// person is judged by in one to three months: long enough to be sharp, short enough to notice a change.
var DefaultTrust = TrustRules{
	Steady:  Step{Pieces: 20, Bound: 0.70, Voices: 2},
	Trusted: Step{Pieces: 60, Bound: 0.85, Voices: 10, Days: 21},
	Window:  100,
	Keep:    0.9,
	Grace:   14,
	Grant:   30,
}

// Section names the rules among the settings.
func (TrustRules) Section() string { return "trust" }

// Check tells what is wrong with rules that somebody entered.
func (r TrustRules) Check() error {
	switch {
	case r.Steady.Bound < 0.5 || r.Steady.Bound > 0.95:
		return &Invalid{"steady_bound", "this share is from 50 to 95 percent"}
	case r.Trusted.Bound < r.Steady.Bound || r.Trusted.Bound > 0.95:
		return &Invalid{"trusted_bound", "a higher level asks for no less than the one below it, and for 95 percent at most"}
	case r.Window < 40 || r.Window > 500:
		return &Invalid{"window", "between 40 and 500 of the latest answers count"}
	case r.Steady.Pieces < 10 || r.Steady.Pieces > r.Window:
		return &Invalid{"steady_pieces", "a level asks for at least 10 answers, and for no more than count"}
	case r.Trusted.Pieces < r.Steady.Pieces || r.Trusted.Pieces > r.Window:
		return &Invalid{"trusted_pieces", "a higher level asks for no fewer answers than the one below it, and for no more than count"}
	case r.Steady.Voices < 1 || r.Steady.Voices > r.Steady.Pieces:
		return &Invalid{"steady_voices", "at least one person judges, and no more than there are answers"}
	case r.Trusted.Voices < r.Steady.Voices || r.Trusted.Voices > r.Trusted.Pieces:
		return &Invalid{"trusted_voices", "a higher level asks for no fewer people than the one below it, and for no more than there are answers"}
	case r.Steady.Days < 0 || r.Steady.Days > 365:
		return &Invalid{"steady_days", "this is from 0 to 365 days"}
	case r.Trusted.Days < r.Steady.Days || r.Trusted.Days > 365:
		return &Invalid{"trusted_days", "a higher level asks for no fewer days than the one below it, and for 365 at most"}
	case r.Keep < 0.5 || r.Keep > 1:
		return &Invalid{"keep", "this share is from 50 to 100 percent"}
	case r.Grace < 1 || r.Grace > 90:
		return &Invalid{"grace", "this is from 1 to 90 days"}
	case r.Grant < 1 || r.Grant > 90:
		return &Invalid{"grant", "this is from 1 to 90 days"}
	}
	return nil
}

// Next is what the level after a level asks; false where only people can give it, or there is none.
func (r TrustRules) Next(level int) (Step, bool) {
	if level < Newcomer || level >= Trusted {
		return Step{}, false
	}
	return r.step(level + 1)
}

// step is what a level asks of its holder; false where it asks nothing.
func (r TrustRules) step(level int) (Step, bool) {
	switch level {
	case Steady:
		return r.Steady, true
	case Trusted, Guide:
		return r.Trusted, true
	}
	return Step{}, false
}

// slipped tells whether a record no longer bears a level, with enough answers to say so.
func (r TrustRules) slipped(level int, record Record) bool {
	s, ok := r.step(level)
	return ok && record.Pieces >= s.Pieces && record.Bound() < r.Keep*s.Bound
}

// met tells whether a record is what the level asks, the days aside.
func (s Step) met(r Record) bool {
	return r.Pieces >= s.Pieces && r.Voices >= s.Voices && r.Bound() >= s.Bound
}

func (s Step) days() time.Duration { return time.Duration(s.Days) * day24 }

func (r TrustRules) grace() time.Duration { return time.Duration(r.Grace) * day24 }

// grantEnds is when a level given at now ends.
func (r TrustRules) grantEnds(now clock.Time) clock.Time {
	return now.Add(time.Duration(r.Grant) * day24)
}
