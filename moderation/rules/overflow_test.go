package rules_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation/rules"
	"github.com/kith-social/kith/triage"
)

// TestWhatOverflows: what a brand's rule sends to the staff may go to community-care, and what only employees
// should see stays, however much waits.
func TestWhatOverflows(t *testing.T) {
	angry := rule("angry", lane(community.Staff), cond("anger", rules.AtLeast, "80"))
	stays := rule("stays", append(lane(community.Staff), rules.Do{Action: "stay"}), cond("complaint", rules.AtLeast, "80"))
	p := prepare(t, rules.Set{Rules: []rules.Rule{angry, stays}, Overflow: &rules.Overflow{Waiting: 2, Away: true}})
	rage := triage.Score{Anger: 0.9}
	for name, c := range map[string]struct {
		score triage.Score
		load  community.Load
		more  func(*rules.Facts)
		want  string
	}{
		"few wait":         {rage, community.Load{Caring: 1, Online: 1, Waiting: 1}, nil, "staff rule:angry may"},
		"too much waits":   {rage, community.Load{Caring: 1, Online: 1, Waiting: 2}, nil, "community-care overflow may"},
		"nobody is there":  {rage, community.Load{Caring: 1}, nil, "community-care overflow may"},
		"nobody cares":     {rage, community.Load{Waiting: 9}, nil, "staff rule:angry may"},
		"calm":             {triage.Score{}, community.Load{Caring: 1, Waiting: 9}, nil, "community default"},
		"some risk":        {triage.Score{Anger: 0.9, Risk: 0.35}, community.Load{Caring: 1, Waiting: 9}, nil, "staff rule:angry"},
		"risk":             {triage.Score{Anger: 0.9, Risk: 0.9}, community.Load{Caring: 1, Waiting: 9}, nil, "staff risky"},
		"asks for a human": {triage.Score{Anger: 0.9, Human: 0.9}, community.Load{Caring: 1, Waiting: 9}, nil, "staff wants_person"},
		"in private":       {rage, community.Load{Caring: 1, Waiting: 9}, func(f *rules.Facts) { f.Surface = listeners.InPrivate }, "staff private"},
		"needs account":    {triage.Score{Anger: 0.9, NeedsAccount: 0.5}, community.Load{Caring: 1, Waiting: 9}, nil, "staff rule:angry"},
		"opted out":        {rage, community.Load{Caring: 1, Waiting: 9}, func(f *rules.Facts) { f.OptedOut = true }, "staff rule:angry"},
		"a rule keeps it":  {triage.Score{Anger: 0.9, Complaint: 0.9}, community.Load{Caring: 1, Waiting: 9}, nil, "staff rule:angry"},
	} {
		f := rules.Facts{Score: c.score}
		f.Flow(c.load)
		if c.more != nil {
			c.more(&f)
		}
		d := p.Decide(&f)
		got := fmt.Sprintf("%s %s", d.Lane, d.Rule)
		if d.Overflow != "" {
			got += " may"
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	care := prepare(t, rules.Set{Rules: []rules.Rule{rule("care", lane(community.Care))}})
	f := rules.Facts{}
	if d := care.Decide(&f); d.Lane != community.Care {
		t.Errorf("a rule sends to %s", d.Lane)
	}
	f.Flow(community.Load{})
	if d := care.Decide(&f); d.Lane != community.Staff || d.Rule != rules.Own+"care" {
		t.Errorf("with nobody in community-care it goes to %s", d.Lane)
	}
}

// TestFlows: which steps a load asks for, with a gap between going over and coming back.
func TestFlows(t *testing.T) {
	now := clock.At(time.Unix(1_700_000_000, 0))
	p := prepare(t, rules.Set{Overflow: &rules.Overflow{Waiting: 10, Minutes: 30, Away: true}})
	for load, want := range map[community.Load]string{
		{Caring: 0, Online: 3, Waiting: 99}: "back nobody 200",
		{Caring: 2, Online: 0, Waiting: 1}:  "over away 200",
		{Caring: 2, Online: 3, Waiting: 14}: "over minutes 200, over waiting 4",
		{Caring: 2, Online: 3, Waiting: 10}: "over minutes 200",
		{Caring: 2, Online: 3, Waiting: 5}:  "over minutes 200",
		{Caring: 2, Online: 3, Waiting: 2}:  "over minutes 200, back calm 3",
	} {
		got := ""
		for _, f := range p.Flows(load, now) {
			if got != "" {
				got += ", "
			}
			way := "over"
			if f.Back {
				way = "back"
			}
			got += fmt.Sprintf("%s %s %d", way, f.Why, f.Most)
			if f.Why == community.FlowMinutes && f.Before != now.Add(-30*time.Minute) || f.Why == community.FlowCalm && f.After != now.Add(-30*time.Minute) {
				t.Errorf("%+v: from %v to %v", load, f.After, f.Before)
			}
		}
		if got != want {
			t.Errorf("%+v: %s, want %s", load, got, want)
		}
	}
	if all := prepare(t, rules.Set{}).Flows(community.Load{Caring: 1}, now); len(all) != 1 || !all[0].Back || all[0].All {
		t.Errorf("rules without overflow: %+v", all)
	}
}

// TestOverflowIsSaid: a set whose staff lane has no way out is refused with the reason; the packs have one.
func TestOverflowIsSaid(t *testing.T) {
	s := rules.Set{Rules: []rules.Rule{rule("angry", lane(community.Staff))}}
	if err := s.Complete(); !errors.Is(err, rules.ErrNoOverflow) {
		t.Errorf("without a way out: %v", err)
	}
	s.Overflow = &rules.Overflow{Minutes: 30}
	if err := errors.Join(s.Check(), s.Complete()); err != nil {
		t.Error(err)
	}
	for _, wrong := range []rules.Overflow{{}, {Away: true}, {Waiting: -1, Minutes: 1}, {Waiting: 10_001}, {Minutes: 1441}} {
		s.Overflow = &wrong
		if err := s.Check(); err == nil {
			t.Errorf("%+v is taken", wrong)
		}
	}
	for _, p := range rules.Packs {
		over := p.Overflow
		s := rules.Set{Rules: p.Rules, Overflow: &over}
		if err := errors.Join(s.Check(), s.Complete()); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
}
