package rules

import (
	"strconv"

	"github.com/kith-social/kith/community"
)

// Standing are the rules that stand before those of every brand: messages in private and in a chat, who asks for a
// person, and risks are the employees', whatever a brand sets. Their names are codes.
func Standing() []Rule {
	return []Rule{
		{"private", false, all(when("surface", OneOf, "private", "chat")), toStaff},
		{"wants_person", false, all(when("human", AtLeast, "50")), toStaff},
		{"risky", false, all(when("risk", AtLeast, "50")), toStaff},
	}
}

// Thresholds are from which probability, in percent, triage decides for a brand that has no rules of its
// own; above 100 it does not.
type Thresholds struct{ Staff, Anger, Noise int }

// Starting are the rules of a brand that has none of its own: what volunteers should not have to take goes
// to the employees, noise to nobody. Their names are codes.
func Starting(t Thresholds) []Rule {
	var pack []Rule
	if t.Anger <= 100 {
		pack = append(pack, Rule{"very_angry", false, all(when("anger", AtLeast, strconv.Itoa(t.Anger))), toStaff})
	}
	if t.Staff > 0 && t.Staff <= 100 {
		pack = append(pack, Rule{"needs_staff", false, all(when("staff", AtLeast, strconv.Itoa(t.Staff))), do("lane", string(community.Staff), "stay", "")})
	}
	if t.Noise <= 100 {
		pack = append(pack, Rule{"noise", false, all(when("spam", AtLeast, strconv.Itoa(t.Noise)), when("question", Below, "50")), to(community.None)})
	}
	return pack
}

// Pack is rules to start from. Its words stand in the catalogs as "rule_pack.<name>"; the names of its
// rules are codes, as "rule_name.<code>".
type Pack struct {
	Name     string
	Rules    []Rule
	Overflow Overflow
}

// Packs are what a brand can start from.
var Packs = []Pack{
	{Name: "shop", Overflow: Overflow{Waiting: 10, Minutes: 30, Away: true}, Rules: []Rule{
		{"very_angry", false, all(when("anger", AtLeast, "80")), toStaff},
		{"low_rating", false, all(when("surface", OneOf, "review"), when("rating", AtLeast, "1"), when("rating", Below, "3")), do("priority", "1", "review", "")},
		{"noise", false, all(when("spam", AtLeast, "80"), when("question", Below, "50")), to(community.None)},
	}},
	{Name: "telecom", Overflow: Overflow{Waiting: 20, Minutes: 30, Away: true}, Rules: []Rule{
		{"very_angry", false, all(when("anger", AtLeast, "80")), toStaff},
		{"account", false, all(when("needs_account", AtLeast, "60")), do("lane", string(community.Staff), "stay", "")},
		{"complains_again", false, all(when("follow_up", Is, "yes"), when("complaint", AtLeast, "60")), do("priority", "2", "review", "")},
		{"noise", false, all(when("spam", AtLeast, "80"), when("question", Below, "50")), to(community.None)},
	}},
	{Name: "bank", Overflow: Overflow{Waiting: 30, Minutes: 60}, Rules: []Rule{
		{"account", false, all(when("needs_account", AtLeast, "40")), do("lane", string(community.Staff), "stay", "")},
		{"upset", false, all(when("anger", AtLeast, "60")), do("lane", string(community.Staff), "alert", "")},
		{"low_risk_look", false, all(when("risk", AtLeast, "20")), do("four_eyes", "")},
		{"everything_read", false, nil, do("review", "")},
		{"noise", false, all(when("spam", AtLeast, "90"), when("question", Below, "30")), to(community.None)},
	}},
}

var toStaff = to(community.Staff)

func to(lane community.Lane) []Do { return do("lane", string(lane)) }

// do are actions and their values in turn; the last value may be left out.
func do(pairs ...string) []Do {
	var all []Do
	for i := 0; i < len(pairs); i += 2 {
		d := Do{Action: pairs[i]}
		if i+1 < len(pairs) {
			d.Value = pairs[i+1]
		}
		all = append(all, d)
	}
	return all
}

func all(conditions ...Condition) []Group { return []Group{{Conditions: conditions}} }

func when(fact string, op Operator, values ...string) Condition { return Condition{fact, op, values} }
