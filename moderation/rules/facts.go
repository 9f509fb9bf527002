package rules

import (
	"strconv"
	"time"

	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/triage"
)

// Facts are what a rule may look at: of one post of a customer, at the moment when it is decided about.
type Facts struct {
	Score    triage.Score
	Network  string
	Surface  listeners.Surface
	Reason   listeners.Reason
	Delivery listeners.Mode
	Rating   int // stars of a review, 1 to 5; 0: none
	Policy   listeners.Policy

	Known    bool // the customer has written before
	OptedOut bool
	Cases    int  // that the customer has had before
	FollowUp bool // goes on in a case
	Posts    int  // that the case has had before

	At      time.Time     // in any zone; the set has its own
	Online  int           // employees who are there now
	Backlog int           // cases that wait in the staff lane
	Left    time.Duration // of the time within which it was promised to be answered
	Reach   int           // about how many follow the customer; 0: nobody knows
	Alike   int           // posts of the last hours that say nearly the same, with this one
	Spent   float64       // the part of the connection's budget of this month that is used up; 0 without a budget
	NoCare  bool          // nobody answers community-care
	Loaded  bool          // it is known how many wait, and who is there; nobody knows it of the past

	minute, weekday int // of At in the zone of the set
}

// Kind is what sort of thing a fact is. The operators, the form and the sentence follow from it.
type Kind int

// The kinds.
const (
	Probability Kind = iota // compared in percent, 0 to 100
	Count                   // a whole number, at least 0
	Choice                  // one of Options
	Topics                  // several of the brand's topics, by id
	YesNo                   //
	Daytime                 // minutes after midnight
)

// Need is what has to be looked up before a fact is known. Nothing is looked up that no rule asks.
type Need int

// The needs.
const (
	OfPost     Need = iota // comes with the post
	OfAuthor               // what the customer did before
	OfCase                 // the case that the post goes on in
	OfStaff                // who is there and what waits for them now; nobody knows it of the past
	OfNetwork              // what the network's terms allow
	OfAudience             // who follows the customer
	OfCluster              // what others write
	OfBudget               // what the connection has cost this month
)

const needs = OfBudget + 1

// Fact is one thing that a condition may look at. Its words stand in the catalogs as "fact.<name>", those
// of its options as "fact_option.is_<option>".
type Fact struct {
	Name    string
	Kind    Kind
	Need    Need
	Options []string // of a Choice; nil: the brand's own, networks for instance
	number  func(*Facts) float64
	choice  func(*Facts) string
}

// AllFacts is the one table of facts, in the order in which a person chooses from them.
var AllFacts = []Fact{
	head(triage.Anger), head(triage.Complaint), head(triage.Negative), head(triage.Question), head(triage.Praise), head(triage.Spam),
	head(triage.Risk), head(triage.NeedsAccount), head(triage.Human), head(triage.OptOut), head(triage.Staff),
	{Name: "topic", Kind: Topics},
	{Name: "language", Kind: Choice, Options: []string{"vi", "en", "mixed", "other"}, choice: func(f *Facts) string { return string(f.Score.Language) }},
	{Name: "network", Kind: Choice, choice: func(f *Facts) string { return f.Network }},
	{Name: "surface", Kind: Choice, Options: []string{"public", "review", "private", "chat"}, choice: func(f *Facts) string { return string(f.Surface) }},
	{Name: "reason", Kind: Choice, Options: []string{"mention", "keyword"}, choice: func(f *Facts) string { return string(f.Reason) }},
	{Name: "delivery", Kind: Choice, Options: []string{"api", "assisted", "blocked"}, choice: func(f *Facts) string { return string(f.Delivery) }},
	{Name: "minutes_left", Kind: Count, number: func(f *Facts) float64 { return max(0, f.Left.Minutes()) }},
	{Name: "cluster_size", Kind: Count, Need: OfCluster, number: func(f *Facts) float64 { return float64(f.Alike) }},
	{Name: "rating", Kind: Count, number: func(f *Facts) float64 { return float64(f.Rating) }},
	{Name: "customer_known", Kind: YesNo, Need: OfAuthor, number: func(f *Facts) float64 { return yes(f.Known) }},
	{Name: "customer_cases", Kind: Count, Need: OfAuthor, number: func(f *Facts) float64 { return float64(f.Cases) }},
	{Name: "reach", Kind: Count, Need: OfAudience, number: func(f *Facts) float64 { return float64(f.Reach) }},
	{Name: "customer_opted_out", Kind: YesNo, Need: OfAuthor, number: func(f *Facts) float64 { return yes(f.OptedOut) }},
	{Name: "follow_up", Kind: YesNo, Need: OfCase, number: func(f *Facts) float64 { return yes(f.FollowUp) }},
	{Name: "case_posts", Kind: Count, Need: OfCase, number: func(f *Facts) float64 { return float64(f.Posts) }},
	{Name: "time", Kind: Daytime, number: func(f *Facts) float64 { return float64(f.minute) }},
	{Name: "weekday", Kind: Choice, Options: weekdays, choice: func(f *Facts) string { return weekdays[f.weekday] }},
	{Name: "staff_online", Kind: Count, Need: OfStaff, number: func(f *Facts) float64 { return float64(f.Online) }},
	{Name: "staff_backlog", Kind: Count, Need: OfStaff, number: func(f *Facts) float64 { return float64(f.Backlog) }},
	{Name: "spend", Kind: Probability, Need: OfBudget, number: func(f *Facts) float64 { return f.Spent }},
	{Name: "one_reply", Kind: YesNo, Need: OfNetwork, number: func(f *Facts) float64 { return yes(f.Policy.OneReply) }},
	{Name: "no_receipts", Kind: YesNo, Need: OfNetwork, number: func(f *Facts) float64 { return yes(f.Policy.NoReceipts) }},
}

var weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

func head(h triage.Head) Fact {
	return Fact{Name: string(h), Kind: Probability, number: func(f *Facts) float64 { return float64(f.Score.Of(h)) }}
}

func yes(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// FactOf finds a fact by its name; nil if there is none.
func FactOf(name string) *Fact {
	for i := range AllFacts {
		if AllFacts[i].Name == name {
			return &AllFacts[i]
		}
	}
	return nil
}

// Operators are how the fact can be compared, the usual one first.
func (f *Fact) Operators() []Operator { return operators[f.Kind] }

// about tells whether a post is about one of the topics; without one it is about topic 0.
func about(s *triage.Score, topics []int64) bool {
	for _, wanted := range topics {
		if wanted == 0 && len(s.Topics) == 0 {
			return true
		}
		for i := range s.Topics {
			if s.Topics[i].ID == wanted {
				return true
			}
		}
	}
	return false
}

// minutes reads a time of the day, "20:30".
func minutes(text string) (int, bool) {
	at, err := time.Parse("15:04", text)
	if err != nil {
		return 0, text == "24:00"
	}
	return at.Hour()*60 + at.Minute(), true
}

// whole reads a whole number from 0 to most.
func whole(text string, most int) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 0 && n <= most
}
