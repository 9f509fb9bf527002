package rules

import (
	"fmt"
	"slices"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// What a set can be, at most.
const (
	mostRules      = 200
	mostGroups     = 5
	mostConditions = 20 // in a group
	mostActions    = 10
)

// Check tells what is wrong with a set that somebody entered, as an *community.Invalid whose Field begins
// with the place of the rule, from 0, where it is about one.
func (s *Set) Check() error {
	if _, err := time.LoadLocation(s.Zone); err != nil {
		return &community.Invalid{Field: "zone", Sentence: "choose a time zone from the list"}
	}
	if err := s.Overflow.check(); err != nil {
		return err
	}
	if len(s.Rules) > mostRules {
		return &community.Invalid{Field: "rules", Sentence: "a brand can have 200 rules at most"}
	}
	names := map[string]bool{}
	for i := range s.Rules {
		r := &s.Rules[i]
		if err := r.Check(); err != nil {
			return fmt.Errorf("rule %d: %w", i+1, err)
		}
		if names[r.Name] {
			return &community.Invalid{Field: "name", Sentence: "there is a rule of this name already"}
		}
		names[r.Name] = true
	}
	return nil
}

// Check tells what is wrong with a rule that somebody entered.
func (r *Rule) Check() error {
	switch {
	case !named(r.Name):
		return &community.Invalid{Field: "name", Sentence: "give the rule a name of 60 letters at most"}
	case len(r.Groups) > mostGroups:
		return &community.Invalid{Field: "conditions", Sentence: "a rule can have 5 groups of conditions at most"}
	case len(r.Do) == 0:
		return &community.Invalid{Field: "do", Sentence: "choose at least one thing that the rule does"}
	case len(r.Do) > mostActions:
		return &community.Invalid{Field: "do", Sentence: "a rule can do 10 things at most"}
	}
	for _, g := range r.Groups {
		if len(g.Conditions) == 0 {
			return &community.Invalid{Field: "conditions", Sentence: "a group needs at least one condition"}
		}
		if len(g.Conditions) > mostConditions {
			return &community.Invalid{Field: "conditions", Sentence: "a group can have 20 conditions at most"}
		}
		for i := range g.Conditions {
			if err := g.Conditions[i].check(); err != nil {
				return err
			}
		}
	}
	done := map[Do]bool{}
	for i := range r.Do {
		d := &r.Do[i]
		if err := d.check(); err != nil {
			return err
		}
		key := *d
		if !ActionOf(d.Action).Adds {
			key.Value = ""
		}
		if done[key] {
			return &community.Invalid{Field: "do", Sentence: "a rule does each thing once"}
		}
		done[key] = true
	}
	return nil
}

// Permitted tells whether the terms of the networks allow what the rules do: none may send receipts on a network
// that it names and that forbids them. A rule that names no network sends them where they are allowed.
func (s *Set) Permitted(terms func(network string) listeners.Policy) error {
	for i := range s.Rules {
		r := &s.Rules[i]
		if r.Off || !slices.ContainsFunc(r.Do, func(d Do) bool { return d.Action == "receipt" }) {
			continue
		}
		for _, c := range r.certain() {
			if c.Fact == "network" && c.Op == OneOf && slices.ContainsFunc(c.Values, func(n string) bool { return terms(n).NoReceipts }) {
				return fmt.Errorf("rule %d: %w", i+1, &community.Invalid{Field: "do", Sentence: "a network that this rule names allows no automatic receipts; take the network or the receipt out of the rule"})
			}
		}
	}
	return nil
}

// Problem is what somebody should know of a set that can be used all the same. Its sentence stands in the
// catalogs as "rule_problem.<code>".
type Problem struct {
	Code  ProblemCode
	Rule  int // its place in the set, from 0
	Other int // the earlier rule that it is about; equal to Rule where there is none
}

// ProblemCode says what is the matter.
type ProblemCode string

// The problems.
const (
	NeverHolds  ProblemCode = "never_holds" // its conditions contradict each other
	Unreachable ProblemCode = "unreachable" // Other always comes first and does the same things
	Conflict    ProblemCode = "conflict"    // both may hold, and want another lane; Other counts
)

// Lint looks for rules that cannot do anything, and for those that want different lanes. It understands
// conditions that must all hold; about groups of which any may hold it says nothing that it cannot know.
func (s *Set) Lint(standing ...Rule) []Problem {
	var found []Problem
	for i := range s.Rules {
		r := &s.Rules[i]
		if r.Off {
			continue
		}
		if impossible(r) {
			found = append(found, Problem{NeverHolds, i, i})
			continue
		}
		for j := range standing {
			if overridden(&standing[j], r) {
				found = append(found, Problem{Unreachable, i, i})
			}
		}
		for j := range i {
			other := &s.Rules[j]
			switch {
			case other.Off || impossible(other):
			case overridden(other, r):
				found = append(found, Problem{Unreachable, i, j})
			case r.lane() != "" && other.lane() != "" && r.lane() != other.lane() && !disjoint(r, other):
				found = append(found, Problem{Conflict, i, j})
			}
		}
	}
	return found
}

// lane is the lane that a rule chooses, "" for none.
func (r *Rule) lane() string {
	for _, d := range r.Do {
		if d.Action == "lane" {
			return d.Value
		}
	}
	return ""
}

// overridden tells whether an earlier rule holds whenever a later one does, and leaves it nothing to do.
func overridden(earlier, later *Rule) bool {
	for _, d := range later.Do {
		a := ActionOf(d.Action)
		same := slices.ContainsFunc(earlier.Do, func(e Do) bool { return e.Action == d.Action && (!a.Adds || e.Value == d.Value) })
		if !same || d.Action == "priority" {
			return false
		}
	}
	for _, g := range earlier.Groups {
		if !implied(g, later) {
			return false
		}
	}
	return true
}

// implied tells whether a group holds whenever a rule does, as far as it can be told.
func implied(g Group, by *Rule) bool {
	follows := func(c Condition) bool {
		wanted := c.prepare(FactOf(c.Fact))
		return slices.ContainsFunc(by.certain(), func(known Condition) bool {
			have := known.prepare(FactOf(known.Fact))
			return wanted.covers(&have)
		})
	}
	if g.Any {
		return slices.ContainsFunc(g.Conditions, follows)
	}
	return !slices.ContainsFunc(g.Conditions, func(c Condition) bool { return !follows(c) })
}

// certain are the conditions that hold whenever the rule does.
func (r *Rule) certain() []Condition {
	var all []Condition
	for _, g := range r.Groups {
		if !g.Any || len(g.Conditions) == 1 {
			all = append(all, g.Conditions...)
		}
	}
	return all
}

// covers tells whether a condition holds whenever another one does.
func (h *holds) covers(o *holds) bool {
	if h.fact != o.fact {
		return false
	}
	switch h.fact.Kind {
	case Topics:
		return h.not == o.not && subset(o.topics, h.topics, h.not)
	case Choice:
		if h.not && !o.not {
			return !slices.ContainsFunc(o.of, func(v string) bool { return slices.Contains(h.of, v) })
		}
		return h.not == o.not && subset(o.of, h.of, h.not)
	}
	if h.from > h.to || o.from > o.to {
		return h.from == o.from && h.to == o.to
	}
	return h.from <= o.from && o.to <= h.to
}

// subset tells whether all of a are in b; turned around for what must not be.
func subset[T comparable](a, b []T, turned bool) bool {
	if turned {
		a, b = b, a
	}
	return !slices.ContainsFunc(a, func(v T) bool { return !slices.Contains(b, v) })
}

// impossible tells whether no post can meet all conditions of a rule.
func impossible(r *Rule) bool { return clash(r.certain(), r.certain()) }

// disjoint tells whether no post can meet both rules.
func disjoint(a, b *Rule) bool { return clash(a.certain(), b.certain()) }

// clash tells whether a condition of one list excludes one of the other.
func clash(a, b []Condition) bool {
	for _, x := range a {
		left := x.prepare(FactOf(x.Fact))
		for _, y := range b {
			right := y.prepare(FactOf(y.Fact))
			if left.excludes(&right) {
				return true
			}
		}
	}
	return false
}

// excludes tells whether two conditions can never hold together.
func (h *holds) excludes(o *holds) bool {
	if h.fact != o.fact {
		return false
	}
	switch h.fact.Kind {
	case Topics:
		return false // a post may be about several, or about one and not another
	case Choice:
		switch {
		case h.not && o.not:
			return false
		case h.not:
			return subset(o.of, h.of, false)
		case o.not:
			return subset(h.of, o.of, false)
		}
		return !slices.ContainsFunc(h.of, func(v string) bool { return slices.Contains(o.of, v) })
	}
	if h.from > h.to || o.from > o.to {
		return false
	}
	return h.to <= o.from || o.to <= h.from
}
