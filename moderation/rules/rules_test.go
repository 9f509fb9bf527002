package rules_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation/rules"
	"github.com/kith-social/kith/triage"
)

func cond(fact string, op rules.Operator, values ...string) rules.Condition {
	return rules.Condition{Fact: fact, Op: op, Values: values}
}

func rule(name string, do []rules.Do, all ...rules.Condition) rules.Rule {
	r := rules.Rule{Name: name, Do: do}
	if len(all) > 0 {
		r.Groups = []rules.Group{{Conditions: all}}
	}
	return r
}

func lane(l community.Lane) []rules.Do { return []rules.Do{{Action: "lane", Value: string(l)}} }

func prepare(t testing.TB, s rules.Set) *rules.Ready {
	t.Helper()
	p, err := rules.Prepare(rules.Standing(), s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestStandingRulesComeFirst: whatever a brand sets, the community gets nothing private, no risk, and nobody
// who asks for a person.
func TestStandingRulesComeFirst(t *testing.T) {
	p := prepare(t, rules.Set{Rules: []rules.Rule{rule("everything", lane(community.Community))}})
	for name, f := range map[string]rules.Facts{
		"private":      {Surface: listeners.InPrivate},
		"wants_person": {Score: triage.Score{Human: 0.5}},
		"risky":        {Score: triage.Score{Risk: 0.9}},
	} {
		if d := p.Decide(&f); d.Lane != community.Staff || d.Rule != name {
			t.Errorf("%s: decided %+v", name, d)
		}
	}
	if d := p.Decide(&rules.Facts{Score: triage.Score{Anger: 1}}); d.Lane != community.Community || d.Rule != rules.Own+"everything" {
		t.Errorf("decided %+v", d)
	}
}

// TestEveryFactDecides holds each fact of the table against facts that meet a condition and facts that do not.
func TestEveryFactDecides(t *testing.T) {
	evening := time.Date(2026, 3, 2, 14, 30, 0, 0, time.UTC) // Monday, 21:30 in Vietnam
	meets := map[string]struct {
		is    rules.Condition
		facts rules.Facts
	}{
		"topic":              {cond("topic", rules.OneOf, "7", "9"), rules.Facts{Score: triage.Score{Topics: []triage.TopicScore{{ID: 9}}}}},
		"language":           {cond("language", rules.OneOf, "vi"), rules.Facts{Score: triage.Score{Language: "vi"}}},
		"network":            {cond("network", rules.OneOf, "x"), rules.Facts{Network: "x"}},
		"surface":            {cond("surface", rules.OneOf, "review"), rules.Facts{Surface: listeners.InReview}},
		"reason":             {cond("reason", rules.OneOf, "keyword"), rules.Facts{Reason: listeners.Keyword}},
		"delivery":           {cond("delivery", rules.OneOf, "assisted"), rules.Facts{Delivery: listeners.Assisted}},
		"rating":             {cond("rating", rules.AtLeast, "4"), rules.Facts{Rating: 4}},
		"customer_known":     {cond("customer_known", rules.Is, "yes"), rules.Facts{Known: true}},
		"customer_cases":     {cond("customer_cases", rules.AtLeast, "2"), rules.Facts{Cases: 2}},
		"customer_opted_out": {cond("customer_opted_out", rules.Is, "yes"), rules.Facts{OptedOut: true}},
		"follow_up":          {cond("follow_up", rules.Is, "yes"), rules.Facts{FollowUp: true}},
		"case_posts":         {cond("case_posts", rules.AtLeast, "3"), rules.Facts{Posts: 3}},
		"minutes_left":       {cond("minutes_left", rules.AtLeast, "30"), rules.Facts{Left: 30 * time.Minute}},
		"cluster_size":       {cond("cluster_size", rules.AtLeast, "20"), rules.Facts{Alike: 20}},
		"reach":              {cond("reach", rules.AtLeast, "10000"), rules.Facts{Reach: 10_000}},
		"time":               {cond("time", rules.Between, "21:00", "02:00"), rules.Facts{At: evening}},
		"weekday":            {cond("weekday", rules.OneOf, "monday"), rules.Facts{At: evening}},
		"staff_online":       {cond("staff_online", rules.AtLeast, "1"), rules.Facts{Online: 1}},
		"staff_backlog":      {cond("staff_backlog", rules.AtLeast, "30"), rules.Facts{Backlog: 31}},
		"one_reply":          {cond("one_reply", rules.Is, "yes"), rules.Facts{Policy: listeners.Policy{OneReply: true}}},
		"no_receipts":        {cond("no_receipts", rules.Is, "yes"), rules.Facts{Policy: listeners.Policy{NoReceipts: true}}},
	}
	for _, fact := range rules.AllFacts {
		c, ok := meets[fact.Name]
		if fact.Kind == rules.Probability {
			ok, c.is = true, cond(fact.Name, rules.AtLeast, "40")
			c.facts.Score.Correct(triage.Head(fact.Name), true)
			switch fact.Name {
			case "spend":
				c.facts.Spent = 0.4
			case "opt_out":
				c.facts.Score.OptOut = 1
			}
		}
		if !ok {
			t.Errorf("nothing here decides by %s", fact.Name)
			continue
		}
		p, err := rules.Prepare(nil, rules.Set{Zone: "Asia/Ho_Chi_Minh", Rules: []rules.Rule{rule("r", []rules.Do{{Action: "team", Value: "Care"}}, c.is)}})
		if err != nil {
			t.Fatalf("%s: %v", fact.Name, err)
		}
		if d := p.Decide(&c.facts); d.Team != "Care" {
			t.Errorf("%s does not hold for %+v", fact.Name, c.facts)
		}
		if d := p.Decide(&rules.Facts{At: evening.Add(8 * time.Hour)}); d.Team != "" {
			t.Errorf("%s holds for nothing", fact.Name)
		}
	}
}

// TestTheEdgesOfNumbers: at least is with the border, below without, and what is over does not count below nothing.
func TestTheEdgesOfNumbers(t *testing.T) {
	for _, c := range []struct {
		is    rules.Condition
		facts rules.Facts
		holds bool
	}{
		{cond("minutes_left", rules.Below, "30"), rules.Facts{Left: 30 * time.Minute}, false},
		{cond("minutes_left", rules.Below, "30"), rules.Facts{Left: 30*time.Minute - time.Second}, true},
		{cond("minutes_left", rules.Below, "1"), rules.Facts{Left: -time.Hour}, true},
		{cond("minutes_left", rules.AtLeast, "0"), rules.Facts{Left: -time.Hour}, true},
		{cond("minutes_left", rules.AtLeast, "1"), rules.Facts{}, false},
		{cond("cluster_size", rules.AtLeast, "5"), rules.Facts{Alike: 4}, false},
		{cond("cluster_size", rules.AtLeast, "5"), rules.Facts{Alike: 5}, true},
		{cond("reach", rules.Below, "1"), rules.Facts{}, true},
		{cond("reach", rules.AtLeast, "100000"), rules.Facts{Reach: 99_000}, false},
		{cond("reach", rules.AtLeast, "100000"), rules.Facts{Reach: 3_000_000}, true},
		{cond("spend", rules.AtLeast, "80"), rules.Facts{Spent: 0.79}, false},
		{cond("spend", rules.AtLeast, "80"), rules.Facts{Spent: 0.8}, true},
		{cond("spend", rules.AtLeast, "100"), rules.Facts{Spent: 1.2}, true},
		{cond("spend", rules.Below, "1"), rules.Facts{}, true},
	} {
		p, err := rules.Prepare(nil, rules.Set{Rules: []rules.Rule{rule("r", []rules.Do{{Action: "team", Value: "Care"}}, c.is)}})
		if err != nil {
			t.Fatal(err)
		}
		if d := p.Decide(&c.facts); (d.Team != "") != c.holds {
			t.Errorf("%+v holds: %v, for %+v", c.is, !c.holds, c.facts)
		}
	}
	s := rules.Set{Rules: []rules.Rule{
		rule("late", lane(community.Staff), cond("minutes_left", rules.Below, "30")),
		rule("never", lane(community.Staff), cond("cluster_size", rules.AtLeast, "20"), cond("cluster_size", rules.Below, "5")),
		rule("later", lane(community.Staff), cond("minutes_left", rules.Below, "10"), cond("reach", rules.AtLeast, "1000")),
		rule("dear", lane(community.None), cond("spend", rules.AtLeast, "90"), cond("minutes_left", rules.AtLeast, "30")),
	}}
	if got := fmt.Sprint(s.Lint()); got != "[{never_holds 1 1} {unreachable 2 0}]" {
		t.Errorf("found %s", got)
	}
}

// TestGroupsAndOrder: all groups must hold, of one group any may do; the earlier lane counts, the rest adds up.
func TestGroupsAndOrder(t *testing.T) {
	care := rule("care", []rules.Do{
		{Action: "lane", Value: "staff"},
		{Action: "team", Value: "Care"},
		{Action: "tag", Value: "angry"},
		{Action: "priority", Value: "2"},
		{Action: "alert"},
	}, cond("anger", rules.AtLeast, "80"))
	care.Groups = append(care.Groups, rules.Group{Any: true, Conditions: []rules.Condition{cond("topic", rules.OneOf, "1"), cond("rating", rules.Below, "3")}})
	p := prepare(t, rules.Set{Rules: []rules.Rule{
		care,
		rule("read", []rules.Do{{Action: "review"}, {Action: "tag", Value: "angry"}, {Action: "tag", Value: "read"}}),
		rule("eyes", []rules.Do{{Action: "four_eyes"}, {Action: "lane", Value: "none"}, {Action: "priority", Value: "-1"}}, cond("complaint", rules.AtLeast, "50")),
		{Name: "off", Off: true, Do: lane(community.Staff)},
	}})
	for _, c := range []struct {
		facts rules.Facts
		want  string
	}{
		{rules.Facts{Score: triage.Score{Anger: 0.8, Complaint: 0.6}, Rating: 1}, "{staff rule:care Care [angry read] 1 four_eyes care     false}"},
		{rules.Facts{Score: triage.Score{Anger: 0.8}, Rating: 4}, "{community default  [angry read] 0 review      false}"},
		{rules.Facts{Score: triage.Score{Complaint: 0.5}}, "{none rule:eyes  [angry read] -1 four_eyes      false}"},
	} {
		if got := fmt.Sprint(p.Decide(&c.facts)); got != c.want {
			t.Errorf("decided %s, want %s", got, c.want)
		}
	}
	hits := make([]int, 4)
	f := rules.Facts{Score: triage.Score{Complaint: 0.5}}
	p.Decide(&f)
	p.Hits(&f, hits)
	if fmt.Sprint(hits) != "[0 1 1 0]" {
		t.Errorf("hits are %v", hits)
	}
}

// TestCheck: what cannot be decided by is refused with a sentence.
func TestCheck(t *testing.T) {
	staff := lane(community.Staff)
	for want, r := range map[string]rules.Rule{
		"give the rule a name of 60 letters at most":       rule(" ", staff),
		"choose at least one thing that the rule does":     rule("r", nil),
		"choose what the condition looks at from the list": rule("r", staff, cond("mood", rules.Is, "bad")),
		"choose how to compare from the list":              rule("r", staff, cond("anger", rules.OneOf, "80")),
		"a probability is a whole number from 0 to 100":    rule("r", staff, cond("anger", rules.AtLeast, "0.8")),
		"a number is whole, from 0 to 100000":              rule("r", staff, cond("rating", rules.AtLeast, "-1")),
		"choose yes or no":                                 rule("r", staff, cond("follow_up", rules.Is, "perhaps")),
		"say from when to when, like 20:00 and 23:00":      rule("r", staff, cond("time", rules.Between, "20:00")),
		"choose at least one":                              rule("r", staff, cond("language", rules.OneOf)),
		"choose from the list":                             rule("r", staff, cond("language", rules.OneOf, "fr")),
		"a rule does each thing once":                      rule("r", append(lane(community.None), staff...)),
		"choose what the rule does from the list":          rule("r", []rules.Do{{Action: "delete"}}),
		"write a short name, of 60 letters at most":        rule("r", []rules.Do{{Action: "tag", Value: "a\nb"}}),
		"a group needs at least one condition":             {Name: "r", Do: staff, Groups: []rules.Group{{}}},
		"there is a rule of this name already":             rule("twice", staff),
	} {
		err := (&rules.Set{Rules: []rules.Rule{rule("twice", staff), r}}).Check()
		if wrong := (*community.Invalid)(nil); !errors.As(err, &wrong) || wrong.Sentence != want {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := (&rules.Set{Zone: "Mars"}).Check(); err == nil {
		t.Error("there is a zone on Mars")
	}
}

// TestLint: rules that can do nothing, and those that want different lanes.
func TestLint(t *testing.T) {
	staff := lane(community.Staff)
	s := rules.Set{Rules: []rules.Rule{
		rule("angry", staff, cond("anger", rules.AtLeast, "70")),
		rule("angrier", staff, cond("anger", rules.AtLeast, "90"), cond("language", rules.OneOf, "vi")),
		rule("never", staff, cond("anger", rules.AtLeast, "50"), cond("anger", rules.Below, "20")),
		rule("noise", lane(community.None), cond("spam", rules.AtLeast, "80")),
		rule("calm", lane(community.Community), cond("anger", rules.Below, "30")),
		rule("tagged", []rules.Do{{Action: "tag", Value: "a"}}, cond("anger", rules.AtLeast, "90")),
		rule("risk", staff, cond("risk", rules.AtLeast, "60")),
	}}
	want := []rules.Problem{
		{rules.Unreachable, 1, 0},
		{rules.NeverHolds, 2, 2},
		{rules.Conflict, 3, 0},
		{rules.Conflict, 3, 1},
		{rules.Conflict, 4, 3},
		{rules.Unreachable, 6, 6},
		{rules.Conflict, 6, 3},
		{rules.Conflict, 6, 4},
	}
	if got := s.Lint(rules.Standing()...); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("found %v, want %v", got, want)
	}
}

// TestPacks: what brands start from can be used and has no problems.
func TestPacks(t *testing.T) {
	if len(rules.Packs) != 3 {
		t.Errorf("there are %d packs", len(rules.Packs))
	}
	for _, p := range rules.Packs {
		s := rules.Set{Rules: p.Rules}
		if err := s.Check(); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		for _, found := range s.Lint(rules.Standing()...) {
			if found.Code != rules.Conflict {
				t.Errorf("%s: %+v", p.Name, found)
			}
		}
	}
}

// full is a set as large as a brand can have.
func full() rules.Set {
	var s rules.Set
	for i := range 200 {
		s.Rules = append(s.Rules, rule(fmt.Sprint("rule ", i), []rules.Do{{Action: "lane", Value: "staff"}, {Action: "team", Value: "Care"}},
			cond("anger", rules.AtLeast, "90"), cond("topic", rules.OneOf, "3", "4"), cond("time", rules.Between, "20:00", "23:00")))
	}
	return s
}

// TestDecidingAllocatesOnce: the decision, and nothing for any of the 200 rules.
func TestDecidingAllocatesOnce(t *testing.T) {
	p := prepare(t, full())
	f := rules.Facts{Score: triage.Score{Anger: 0.95, Topics: []triage.TopicScore{{ID: 4}}}, At: time.Unix(1_700_000_000, 0)}
	if n := testing.AllocsPerRun(100, func() { p.Decide(&f) }); n > 1 {
		t.Errorf("deciding allocates %v times", n)
	}
}

func BenchmarkDecide200(b *testing.B) {
	p := prepare(b, full())
	f := rules.Facts{Score: triage.Score{Anger: 0.95, Topics: []triage.TopicScore{{ID: 4}}}, At: time.Unix(1_700_000_000, 0)}
	b.ReportAllocs()
	for b.Loop() {
		p.Decide(&f)
	}
}
