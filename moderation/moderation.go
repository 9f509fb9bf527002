// Package moderation decides: which lane a mention goes to, whether an answer may leave at once or
// waits for a review, and what a reviewer's word does.
//
// A rule looks at the facts of a mention and chooses a lane; deciding is pure. Intake is what happens
// to every page of posts: score, decide, open or continue cases. The Desk is where answers arrive:
// Submit and Approve are the only ways an answer can become a reply. A review is one decision over an
// answer, by a person or by a rule.
//
// A label is what a person said of a mention; a layer is what a brand's labels taught. Learn makes a layer,
// Quality says how well triage does.
//
// It owns the tables reviews, appeals, labels, layers, learning and heard_days.
package moderation

import (
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/triage"
)

// Facts are what a rule may look at.
type Facts struct {
	Score   triage.Score
	Private bool // a message that only its writer and the brand can read
}

// Rule chooses a lane for the mentions it applies to.
type Rule struct {
	Name    string // its sentence for people stands in the catalogs as "rule.<name>"
	Applies func(Facts) bool
	Lane    community.Lane
}

// Decision is a lane and the rule that chose it.
type Decision struct {
	Lane community.Lane
	Rule string
}

// Rules is an ordered set; the first rule that applies decides.
type Rules []Rule

// DefaultRules is what a brand starts with: what volunteers should not have to take goes to
// employees, noise to nobody, everything else to the community.
var DefaultRules = RulesFor(DefaultRouting)

// RulesFor are the rules of a brand that has set its thresholds. Who asks for a person gets one, and risks
// go to employees, whatever is set.
func RulesFor(r Routing) Rules {
	reaches := func(p float32, percent int) bool { return float64(p) >= float64(percent)/100 }
	return Rules{
		{"private", func(f Facts) bool { return f.Private }, community.Staff},
		{"wants_person", func(f Facts) bool { return f.Score.Human >= 0.5 }, community.Staff},
		{"risky", func(f Facts) bool { return f.Score.Risk >= 0.5 }, community.Staff},
		{"very_angry", func(f Facts) bool { return reaches(f.Score.Anger, r.Anger) }, community.Staff},
		{"needs_staff", func(f Facts) bool { return r.Staff > 0 && reaches(f.Score.Staff, r.Staff) }, community.Staff},
		{"noise", func(f Facts) bool { return reaches(f.Score.Spam, r.Noise) && f.Score.Question < 0.5 }, community.None},
	}
}

// Decide gives the decision of the first rule that applies; the community where none does.
func Decide(rules Rules, f Facts) Decision {
	for _, r := range rules {
		if r.Applies(f) {
			return Decision{r.Lane, r.Name}
		}
	}
	return Decision{community.Community, "default"}
}
