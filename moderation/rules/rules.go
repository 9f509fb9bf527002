// Package rules decides what happens to a customer's post: who may answer, how soon it is due, who looks
// at the answer. It is pure: facts and a set go in, a Decision comes out, in about a microsecond.
//
// A rule has a name, groups of conditions over one table of facts (AllFacts), and actions from another
// (AllActions). All groups must hold; in a group all conditions, or any. A Set is the ordered rules of a
// brand. A Ready set is one that has been checked and prepared for deciding.
//
// Every rule that applies acts. Where two set the same thing, a lane or a team, the earlier one counts;
// tags and alerts add up. Before them stand the Standing rules, which no brand can change.
package rules

import (
	"slices"
	"time"

	"github.com/kith-social/kith/community"
)

// Set is the rules of a brand, in the order in which they are asked.
type Set struct {
	Zone     string    `json:"zone,omitempty"` // of the times in the rules, as IANA names it; "" is UTC
	Rules    []Rule    `json:"rules"`
	Overflow *Overflow `json:"overflow,omitempty"` // nil: what is with the staff stays there
}

// Rule is one sentence: when all groups hold, act.
type Rule struct {
	Name   string  `json:"name"`
	Off    bool    `json:"off,omitempty"`
	Groups []Group `json:"groups"` // none: it always applies
	Do     []Do    `json:"do"`
}

// Group is conditions of which all must hold, or any.
type Group struct {
	Any        bool        `json:"any,omitempty"`
	Conditions []Condition `json:"conditions"`
}

// Condition compares a fact with values.
type Condition struct {
	Fact   string   `json:"fact"`
	Op     Operator `json:"op"`
	Values []string `json:"values"`
}

// Do is an action with its value.
type Do struct {
	Action string `json:"action"`
	Value  string `json:"value,omitempty"`
}

// Decision is what the rules make of a post.
type Decision struct {
	Lane community.Lane
	Rule string // that chose the lane: the code of a standing or starting rule, or Own with a brand's name for it
	Team string // of the staff
	Tags []string
	// Raise is added to how urgent the post is; below 0 it may wait longer.
	Raise  float64
	Review community.ReviewNeed
	Alert  string // the first rule that calls the staff; "" for none
	// Overflow is the rule that sends it to the staff, where too much waiting there may send it on; "" for none.
	Overflow string
	Hold     string // the first rule that lets an employee look before anybody may claim it; "" for none
	Hide     string // the first rule that hides it on its network, where that can be done; "" for none
	Receipt  string // the first rule that says "we have got it" where the network allows that; "" for none

	stays bool
}

// Own marks the reason for a lane as the name of a brand's own rule.
const Own = "rule:"

// Default is the reason for the community's lane where no rule chose one.
const Default = "default"

// Ready is a set that is prepared for deciding. It is safe for concurrent use.
type Ready struct {
	rules []ready
	over  *Overflow
	cares bool // a rule sends posts to community-care
	zone  *time.Location
	needs [needs]bool
	timed bool
}

type ready struct {
	name   string
	place  int // in the set; below 0 for what stands before it
	groups []readyGroup
	do     []readyDo
}

type readyGroup struct {
	any        bool
	conditions []holds
}

// Prepare checks a set and makes it ready. standing are asked first; their names are codes.
func Prepare(standing []Rule, s Set) (*Ready, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		return nil, err
	}
	p := &Ready{zone: zone, over: s.Overflow}
	for _, r := range standing {
		p.add(r, r.Name, -1)
	}
	for i, r := range s.Rules {
		p.add(r, Own+r.Name, i)
	}
	return p, nil
}

// Standard prepares rules that the product brings along, whose names are codes.
func Standard(all ...[]Rule) *Ready {
	p := &Ready{zone: time.UTC, over: &usualOverflow}
	for _, part := range all {
		for _, r := range part {
			p.add(r, r.Name, -1)
		}
	}
	return p
}

func (p *Ready) add(r Rule, name string, place int) {
	if r.Off {
		return
	}
	prepared := ready{name: name, place: place}
	for _, g := range r.Groups {
		group := readyGroup{any: g.Any}
		for _, c := range g.Conditions {
			fact := FactOf(c.Fact)
			p.needs[fact.Need] = true
			p.timed = p.timed || fact.Kind == Daytime || fact.Name == "weekday"
			group.conditions = append(group.conditions, c.prepare(fact))
		}
		prepared.groups = append(prepared.groups, group)
	}
	p.cares = p.cares || r.lane() == string(community.Care)
	for _, d := range r.Do {
		prepared.do = append(prepared.do, readyDo{act: ActionOf(d.Action).act, value: d.prepare()})
	}
	p.rules = append(p.rules, prepared)
}

// Needs tells whether deciding looks at facts that must be looked up first.
func (p *Ready) Needs(n Need) bool { return p != nil && p.needs[n] }

// Decide asks the rules in their order. Without any, everything goes to the community.
func (p *Ready) Decide(f *Facts) Decision {
	if p == nil {
		return Decision{Lane: community.Community, Rule: Default}
	}
	if p.timed {
		at := f.At.In(p.zone)
		f.minute, f.weekday = at.Hour()*60+at.Minute(), int(at.Weekday())
	}
	var d Decision
	for i := range p.rules {
		if r := &p.rules[i]; r.applies(f) {
			for _, do := range r.do {
				do.act(&d, r.name, do.value)
			}
		}
	}
	if d.Lane == "" {
		d.Lane, d.Rule = community.Community, Default
	}
	p.flow(&d, f)
	return d
}

// Hits counts, by its place, every rule of the set that applies to facts that were decided about.
func (p *Ready) Hits(f *Facts, counts []int) {
	for i := range p.rules {
		if r := &p.rules[i]; r.place >= 0 && r.applies(f) {
			counts[r.place]++
		}
	}
}

func (r *ready) applies(f *Facts) bool {
	for i := range r.groups {
		if !r.groups[i].hold(f) {
			return false
		}
	}
	return true
}

func (g *readyGroup) hold(f *Facts) bool {
	for i := range g.conditions {
		if g.conditions[i].in(f) == g.any {
			return g.any
		}
	}
	return !g.any || len(g.conditions) == 0
}

// Same tells whether two decisions do the same to a post, whatever rule chose the lane.
func (d *Decision) Same(o *Decision) bool {
	return d.Lane == o.Lane && d.Team == o.Team && d.Raise == o.Raise && d.Review == o.Review && (d.Alert == "") == (o.Alert == "") &&
		(d.Hold == "") == (o.Hold == "") && (d.Hide == "") == (o.Hide == "") && (d.Receipt == "") == (o.Receipt == "") &&
		slices.Equal(d.Tags, o.Tags)
}
