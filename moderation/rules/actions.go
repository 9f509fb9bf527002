package rules

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/kith-social/kith/community"
)

// Action is one thing that a rule may do. Its words stand in the catalogs as "action.<name>".
type Action struct {
	Name    string
	Options []string // of its value, each as "action_option.<option>" in the catalogs
	Text    bool     // its value is a short text; without that and Options it has none
	Adds    bool     // several rules may do it, each with a value of its own
	act     func(d *Decision, rule string, v value)
}

// value is what an action was given, prepared.
type value struct {
	text   string
	number float64
}

type readyDo struct {
	act   func(d *Decision, rule string, v value)
	value value
}

// AllActions is the one table of actions, in the order in which a person chooses from them.
var AllActions = []Action{
	{
		Name: "lane", Options: []string{string(community.Community), string(community.Care), string(community.Staff), string(community.None)},
		act: func(d *Decision, rule string, v value) {
			if d.Lane == "" {
				d.Lane, d.Rule = community.Lane(v.text), rule
			}
		},
	},
	{Name: "stay", act: func(d *Decision, _ string, _ value) { d.stays = true }},
	{Name: "team", Text: true, act: func(d *Decision, _ string, v value) {
		if d.Team == "" {
			d.Team = v.text
		}
	}},
	{Name: "priority", Options: []string{"2", "1", "-1", "-2"}, Adds: true, act: func(d *Decision, _ string, v value) { d.Raise += v.number }},
	{Name: "tag", Text: true, Adds: true, act: func(d *Decision, _ string, v value) {
		if !slices.Contains(d.Tags, v.text) {
			d.Tags = append(d.Tags, v.text)
		}
	}},
	{Name: "alert", act: func(d *Decision, rule string, _ value) {
		if d.Alert == "" {
			d.Alert = strings.TrimPrefix(rule, Own)
		}
	}},
	{Name: "hold", act: func(d *Decision, rule string, _ value) {
		if d.Hold == "" {
			d.Hold = strings.TrimPrefix(rule, Own)
		}
	}},
	{Name: "hide", act: func(d *Decision, rule string, _ value) {
		if d.Hide == "" {
			d.Hide = rule
		}
	}},
	{Name: "receipt", act: func(d *Decision, rule string, _ value) {
		if d.Receipt == "" {
			d.Receipt = rule
		}
	}},
	{Name: "review", act: func(d *Decision, _ string, _ value) { d.Review = d.Review.Or(community.ReviewAlways) }},
	{Name: "four_eyes", act: func(d *Decision, _ string, _ value) { d.Review = d.Review.Or(community.ReviewFourEyes) }},
}

// ActionOf finds an action by its name; nil if there is none.
func ActionOf(name string) *Action {
	for i := range AllActions {
		if AllActions[i].Name == name {
			return &AllActions[i]
		}
	}
	return nil
}

// longestName is how long names, teams and tags may be, in letters.
const longestName = 60

// check tells what is wrong with an action.
func (d *Do) check() error {
	a := ActionOf(d.Action)
	switch {
	case a == nil:
		return &community.Invalid{Field: "do", Sentence: "choose what the rule does from the list"}
	case a.Options != nil && !slices.Contains(a.Options, d.Value):
		return &community.Invalid{Field: "do", Sentence: "choose from the list"}
	case a.Text && !named(d.Value):
		return &community.Invalid{Field: "do", Sentence: "write a short name, of 60 letters at most"}
	case a.Options == nil && !a.Text && d.Value != "":
		return &community.Invalid{Field: "do", Sentence: "choose from the list"}
	}
	return nil
}

// named tells whether a text can be a name.
func named(text string) bool {
	return strings.TrimSpace(text) == text && text != "" && utf8.RuneCountInString(text) <= longestName &&
		community.Storable(text) && !strings.ContainsAny(text, "\n\r\t")
}

// prepare makes an action's value ready that was checked.
func (d *Do) prepare() value {
	v := value{text: d.Value}
	if d.Action == "priority" {
		v.number, _ = strconv.ParseFloat(d.Value, 64)
	}
	return v
}
