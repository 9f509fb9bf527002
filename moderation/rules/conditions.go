package rules

import (
	"slices"
	"strconv"

	"github.com/kith-social/kith/community"
)

// Operator compares a fact with values. Its words stand in the catalogs as "rule_op.<operator>".
type Operator string

// The operators.
const (
	AtLeast Operator = "at_least"
	Below   Operator = "below"
	OneOf   Operator = "one_of"
	NoneOf  Operator = "none_of"
	Is      Operator = "is" // yes or no
	Between Operator = "between"
)

// operators are those of a kind, the usual one first.
var operators = map[Kind][]Operator{
	Probability: {AtLeast, Below},
	Count:       {AtLeast, Below},
	Choice:      {OneOf, NoneOf},
	Topics:      {OneOf, NoneOf},
	YesNo:       {Is},
	Daytime:     {Between},
}

// mostCount is the highest number that a count is compared with.
const mostCount = 100_000

// check tells what is wrong with a condition.
func (c *Condition) check() error {
	fact := FactOf(c.Fact)
	if fact == nil {
		return &community.Invalid{Field: "conditions", Sentence: "choose what the condition looks at from the list"}
	}
	if !slices.Contains(fact.Operators(), c.Op) {
		return &community.Invalid{Field: "conditions", Sentence: "choose how to compare from the list"}
	}
	one := ""
	if len(c.Values) > 0 {
		one = c.Values[0]
	}
	switch fact.Kind {
	case Probability:
		if _, ok := whole(one, 100); !ok || len(c.Values) != 1 {
			return &community.Invalid{Field: "conditions", Sentence: "a probability is a whole number from 0 to 100"}
		}
	case Count:
		if _, ok := whole(one, mostCount); !ok || len(c.Values) != 1 {
			return &community.Invalid{Field: "conditions", Sentence: "a number is whole, from 0 to 100000"}
		}
	case YesNo:
		if one != "yes" && one != "no" || len(c.Values) != 1 {
			return &community.Invalid{Field: "conditions", Sentence: "choose yes or no"}
		}
	case Daytime:
		if len(c.Values) != 2 {
			return &community.Invalid{Field: "conditions", Sentence: "say from when to when, like 20:00 and 23:00"}
		}
		from, ok1 := minutes(c.Values[0])
		to, ok2 := minutes(c.Values[1])
		if !ok1 || !ok2 || from == to {
			return &community.Invalid{Field: "conditions", Sentence: "say from when to when, like 20:00 and 23:00"}
		}
	case Choice, Topics:
		if len(c.Values) == 0 {
			return &community.Invalid{Field: "conditions", Sentence: "choose at least one"}
		}
		for _, v := range c.Values {
			if _, err := strconv.ParseInt(v, 10, 64); err != nil && fact.Kind == Topics || fact.Options != nil && !slices.Contains(fact.Options, v) || v == "" || len(v) > longestName {
				return &community.Invalid{Field: "conditions", Sentence: "choose from the list"}
			}
		}
	}
	return nil
}

// holds is a condition that is prepared for deciding. A number holds in [from, to), or outside where from
// is above to, as times around midnight are.
type holds struct {
	fact     *Fact
	from, to float64
	not      bool
	of       []string
	topics   []int64
}

const endless = 1e18

// prepare makes a condition that was checked ready.
func (c *Condition) prepare(fact *Fact) holds {
	h := holds{fact: fact, from: -endless, to: endless, not: c.Op == NoneOf, of: c.Values}
	switch fact.Kind {
	case Probability, Count:
		n, _ := whole(c.Values[0], mostCount)
		border := float64(n)
		if fact.Kind == Probability {
			border = float64(n) / 100
		}
		if c.Op == AtLeast {
			h.from = border
		} else {
			h.to = border
		}
	case YesNo:
		if h.from, h.to = 1, 2; c.Values[0] == "no" {
			h.from, h.to = 0, 1
		}
	case Daytime:
		from, _ := minutes(c.Values[0])
		to, _ := minutes(c.Values[1])
		if h.from, h.to = float64(from), float64(to); c.Values[1] == "24:00" {
			h.to = 24 * 60
		}
	case Topics:
		for _, v := range c.Values {
			id, _ := strconv.ParseInt(v, 10, 64)
			h.topics = append(h.topics, id)
		}
	}
	return h
}

// in tells whether the condition holds for facts.
func (h *holds) in(f *Facts) bool {
	switch h.fact.Kind {
	case Topics:
		return about(&f.Score, h.topics) != h.not
	case Choice:
		return slices.Contains(h.of, h.fact.choice(f)) != h.not
	}
	n := h.fact.number(f)
	if h.from > h.to {
		return n >= h.from || n < h.to
	}
	return n >= h.from && n < h.to
}
