package simulation

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/moderation/rules"
)

// Scenario is who there is, what customers write and when, and what goes wrong.
type Scenario struct {
	Name     string
	Days     int
	Start    string  // the first day, as 2026-03-02
	Zone     string  // in which days and hours are counted, IANA's name
	Network  string  // x or discourse
	Language string  // of the brand: vi or en
	Pack     string  // the rules that decide: a pack of package rules; "" for the standard ones
	Topics   []Topic `toml:"topic"`

	Customers Customers
	Storms    []Storm `toml:"storm"`
	Crisis    Crisis
	People    []People `toml:"people"`
	Review    *moderation.ReviewSettings
	Trouble   Trouble

	past  *past         // a brand's own last days; nil for what is written above
	until time.Duration // how much of the days is played; 0: all
}

// Topic is one that the brand's customers ask about.
type Topic struct {
	Name     string
	Keywords []string

	known community.Topic // a brand's own; its id is kept, because rules name it
}

// Customers are the posts of an ordinary day.
type Customers struct {
	Posts  int       // a day
	ByHour []float64 `toml:"by_hour"` // how a day's posts lie in its hours, as weights; none: all alike
	Mix    Mix
	// Return is the share of those who were answered that write again.
	Return float64
	// English is the share of those who write English.
	English float64
}

// Mix is what customers write about, as weights.
type Mix struct{ Question, Complaint, Anger, Praise, Noise, Risk float64 }

// Storm is a bad time: so many posts an hour besides the ordinary ones.
type Storm struct {
	Day   int // 1 is the first
	Hour  int
	Hours int
	Posts int // an hour
	Mix   Mix
	About []string // in Vietnamese and in English; none: anything
}

// People are members of one kind.
type People struct {
	Name      string
	Role      community.Role
	Trust     int
	Count     int
	From, To  int     // the hours of the day in which they come
	Days      []int   // of the week, 0 is Sunday; none: every day
	Hours     float64 // a week, in sittings of an hour each; 0: they are there from From to To
	Elsewhen  float64 // the share of sittings at another time of the day
	Minutes   int     // that they give a day at most; 0: as many as it takes
	Answer    float64 // minutes that an answer takes, on the whole
	Reviewing float64 `toml:"review"` // minutes that a review takes
	Quality   float64 // the share of their answers that are good
	NoShow    float64 `toml:"no_show"` // the share of times that they do not come
	Care      bool    // they answer angry cases, too: the lane community-care
	Push      float64 // the share of times that they come when their phone tells of a case, for a quarter of an hour of their week
	Languages []string
	Topics    []string // none: all
}

// Trouble is what goes wrong, as shares; nothing by default.
type Trouble struct {
	Crash    float64 // of the transactions and calls before, in and after which the process is killed
	Network  float64 // of the network's calls that fail: 429, 5xx, lost before or after it acted, late
	Outages  float64 // of the quarters of an hour in which the network takes what it is sent, and shows and answers nothing
	Careless float64 // of what people do that they should not: go away and come back too late, try what is not theirs, take back, delete
}

//go:embed month.toml
var monthText string

// Month is the scenario that ships: a month of a brand with three employees and twenty advocates.
func Month() Scenario {
	s, err := Read(monthText)
	if err != nil {
		panic(err)
	}
	return s
}

// Read reads a scenario from its TOML.
func Read(text string) (Scenario, error) {
	var s Scenario
	how, err := toml.Decode(text, &s)
	if err != nil {
		return s, fmt.Errorf("read the scenario: %w", err)
	}
	if odd := how.Undecoded(); len(odd) > 0 {
		return s, fmt.Errorf("read the scenario: there is nothing called %s", odd[0])
	}
	return s, s.Check()
}

const (
	mostDays   = 92
	mostPosts  = 100_000 // a day, and an hour of a storm
	mostPeople = 500
)

// Check says what is wrong with a scenario.
func (s *Scenario) Check() error {
	if s.Days < 1 || s.Days > mostDays {
		return fmt.Errorf("days is from 1 to %d", mostDays)
	}
	if _, err := time.LoadLocation(s.Zone); err != nil {
		return fmt.Errorf("zone %q is not known", s.Zone)
	}
	if _, err := time.Parse(time.DateOnly, s.Start); err != nil {
		return errors.New(`start is a day, as "2026-03-02"`)
	}
	if _, ok := places[s.Network]; !ok {
		return errors.New("network is x or discourse")
	}
	if s.Language != "vi" && s.Language != "en" {
		return errors.New("language is vi or en")
	}
	if s.Pack != "" && !slices.ContainsFunc(rules.Packs, func(p rules.Pack) bool { return p.Name == s.Pack }) {
		return fmt.Errorf("there is no pack of rules called %q", s.Pack)
	}
	if n := len(s.Customers.ByHour); n != 0 && n != 24 {
		return errors.New("by_hour has 24 numbers, or none")
	}
	if s.Customers.Posts < 0 || s.Customers.Posts > mostPosts {
		return fmt.Errorf("posts is from 0 to %d", mostPosts)
	}
	if err := s.Customers.Mix.check(); err != nil && s.past == nil {
		return err
	}
	for i, w := range s.Storms {
		if w.Day < 1 || w.Hour < 0 || w.Hour > 23 || w.Hours < 1 || w.Hours > 48 || w.Posts < 1 || w.Posts > mostPosts {
			return fmt.Errorf("storm %d: day is from 1, hour from 0 to 23, hours from 1 to 48, posts from 1 to %d", i+1, mostPosts)
		}
		if err := w.Mix.check(); err != nil {
			return fmt.Errorf("storm %d: %w", i+1, err)
		}
		if n := len(w.About); n != 0 && n != len(subjects) {
			return fmt.Errorf("storm %d: say what it is about in Vietnamese and in English", i+1)
		}
	}
	return s.checkPeople()
}

func (s *Scenario) checkPeople() error {
	all := 0
	for _, p := range s.People {
		switch {
		case !slices.Contains(community.Roles, p.Role):
			return fmt.Errorf("people %q: role is advocate, moderator, expert or admin", p.Name)
		case p.Trust < 0 || p.Trust > community.Guide:
			return fmt.Errorf("people %q: trust is from 0 to %d", p.Name, community.Guide)
		case p.From < 0 || p.To > 24 || p.From >= p.To || p.Hours > 0 && p.To-p.From < 1:
			return fmt.Errorf("people %q: from and to are hours of a day, 0 to 24", p.Name)
		case p.Push < 0 || p.Push > 1:
			return fmt.Errorf("people %q: push is from 0 to 1", p.Name)
		case p.Count < 0 || p.Answer <= 0 || p.Reviewing <= 0:
			return fmt.Errorf("people %q: count, answer and review are above 0", p.Name)
		}
		all += p.Count
	}
	if all == 0 || all > mostPeople {
		return fmt.Errorf("there are from 1 to %d people", mostPeople)
	}
	return nil
}

func (m Mix) weights() []float64 {
	return []float64{m.Question, m.Complaint, m.Anger, m.Praise, m.Noise, m.Risk}
}

func (m Mix) check() error {
	sum := 0.0
	for _, w := range m.weights() {
		if w < 0 {
			return errors.New("the weights of a mix are not below 0")
		}
		sum += w
	}
	if sum == 0 {
		return errors.New("a mix has weights: question, complaint, anger, praise, noise, risk")
	}
	return nil
}

// zone is where the scenario's days begin.
func (s *Scenario) zone() *time.Location {
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// midnight is when a day begins; 0 is the first.
func (s *Scenario) midnight(day int) clock.Time {
	start, _ := time.ParseInLocation(time.DateOnly, s.Start, s.zone())
	return clock.At(start.AddDate(0, 0, day))
}

// Shorter is the scenario over fewer days, with its storms brought forward so that they still happen.
func (s Scenario) Shorter(days int) Scenario {
	if days <= 0 || days >= s.Days {
		return s
	}
	storms := slices.Clone(s.Storms)
	for i := range storms {
		storms[i].Day = 1 + (storms[i].Day-1)*days/s.Days
	}
	s.Storms, s.Days = storms, days
	return s
}

// with is the scenario with more people.
func (s Scenario) with(more People) Scenario {
	s.People = append(slices.Clone(s.People), more)
	return s
}
