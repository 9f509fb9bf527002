package rules

import (
	"slices"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
)

// Overflow says when cases that wait for the staff go to community-care, so that a storm does not bury a few
// employees while advocates who are ready for it look at an empty feed. What the standing rules send to the
// staff never goes, nor what carries a risk or needs a look into an account, nor what a rule says stays.
type Overflow struct {
	Waiting int  `json:"waiting,omitempty"` // when more than so many cases wait for the staff; 0: however many
	Minutes int  `json:"minutes,omitempty"` // when a customer has waited for so long; 0: however long
	Away    bool `json:"away,omitempty"`    // when no employee is there
}

// usualOverflow is that of a brand which has no rules of its own.
var usualOverflow = Overflow{Waiting: 20, Minutes: 60, Away: true}

// What overflow can be set to, at most.
const (
	mostWaiting = 10_000
	mostMinutes = 24 * 60
)

// Above these probabilities a case stays with the staff: less than what a standing rule asks for, because here
// it is about who else may look.
const (
	overflowRisk    = 0.3
	overflowAccount = 0.5
)

// ErrNoOverflow is told to who wants to switch on rules whose staff lane has no way out.
var ErrNoOverflow = &community.Invalid{Field: "overflow", Sentence: "these rules send cases to staff and do not say what happens when too much waits there; set from when on cases overflow"}

func (o *Overflow) check() error {
	switch {
	case o == nil:
		return nil
	case o.Waiting < 0 || o.Waiting > mostWaiting || o.Minutes < 0 || o.Minutes > mostMinutes:
		return &community.Invalid{Field: "overflow", Sentence: "choose up to 10000 cases and up to 1440 minutes"}
	case o.Waiting == 0 && o.Minutes == 0:
		return &community.Invalid{Field: "overflow", Sentence: "say how many cases may wait for staff, or for how long"}
	}
	return nil
}

// Complete tells what a set lacks before it may be switched on.
func (s *Set) Complete() error {
	staff := slices.ContainsFunc(s.Rules, func(r Rule) bool { return !r.Off && r.lane() == string(community.Staff) })
	if staff && s.Overflow == nil {
		return ErrNoOverflow
	}
	return nil
}

// NeedsLoad tells whether deciding looks at how it stands where employees answer.
func (p *Ready) NeedsLoad() bool { return p != nil && (p.over != nil || p.cares) }

// Counts is up to how many waiting cases it is worth counting.
func (p *Ready) Counts() int {
	if p == nil || p.over == nil {
		return 0
	}
	return p.over.Waiting + flowAtOnce
}

// Flow takes over how it stands where employees answer.
func (f *Facts) Flow(l community.Load) {
	f.Loaded, f.NoCare = true, l.Caring == 0
	if l.Caring > 0 {
		f.Online, f.Backlog = l.Online, max(f.Backlog, l.Waiting)
	}
}

// flow says whether a decision may overflow, and lets it where it should.
func (p *Ready) flow(d *Decision, f *Facts) {
	if d.Lane == community.Care && f.NoCare {
		d.Lane = community.Staff // an empty lane helps nobody
		return
	}
	if d.Lane != community.Staff || p.over == nil || d.stays || isStanding(d.Rule) || f.OptedOut ||
		f.Score.Risk >= overflowRisk || f.Score.NeedsAccount >= overflowAccount {
		return
	}
	d.Overflow = d.Rule
	// How long others wait does not matter to one that has just come: the sweep sees to those.
	if f.Loaded && !f.NoCare && (p.over.Waiting > 0 && f.Backlog >= p.over.Waiting || p.over.Away && f.Online == 0) {
		d.Lane, d.Rule = community.Care, community.LaneOverflow
	}
}

func isStanding(rule string) bool {
	return rule == "private" || rule == "wants_person" || rule == "risky"
}

// flowAtOnce bounds the cases of one step.
const flowAtOnce = 200

// Flows are the steps that bring the waiting cases of a brand where they belong now. Between what lets cases go
// over and what lets them come back there is a gap, so that none goes to and fro.
func (p *Ready) Flows(l community.Load, now clock.Time) []community.Flow {
	var o Overflow
	if p != nil && p.over != nil {
		o = *p.over
	}
	step := community.Flow{Most: flowAtOnce, Waiting: l.Waiting}
	waited := now.Add(-time.Duration(o.Minutes) * time.Minute)
	back := func(why community.FlowWhy, all bool) []community.Flow {
		step.Back, step.Why, step.All = true, why, all
		return []community.Flow{step}
	}
	over := func(why community.FlowWhy, most int) community.Flow {
		f := step
		f.Why, f.Most = why, min(f.Most, most)
		return f
	}
	switch {
	case l.Caring == 0:
		return back(community.FlowNobody, true)
	case o == Overflow{}:
		return back(community.FlowOff, false)
	case o.Away && l.Online == 0:
		return []community.Flow{over(community.FlowAway, flowAtOnce)}
	}
	var all []community.Flow
	if o.Minutes > 0 {
		f := over(community.FlowMinutes, flowAtOnce)
		f.Before = waited
		all = append(all, f)
	}
	if o.Waiting > 0 && l.Waiting > o.Waiting {
		return append(all, over(community.FlowWaiting, l.Waiting-o.Waiting))
	}
	if o.Waiting > 0 {
		step.Most = min(flowAtOnce, o.Waiting/2-l.Waiting)
	}
	if step.Most > 0 {
		f := back(community.FlowCalm, false)[0]
		if o.Minutes > 0 {
			f.After = waited
		}
		all = append(all, f)
	}
	return all
}
