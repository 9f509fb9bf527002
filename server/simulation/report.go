package simulation

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/moderation"
)

// Report is how a scenario went. Shares are from 0 to 1, waits are in minutes.
type Report struct {
	Scenario string `json:"scenario"`
	Seed     uint64 `json:"seed"`
	Days     int    `json:"days"`
	Posts    int    `json:"posts"` // that customers wrote
	Cases    int    `json:"cases"`

	Questions Fared            `json:"questions"`
	Hours     []HourFared      `json:"by_hour"` // of the day in which was asked
	DaysFared []Fared          `json:"by_day"`  // in order
	Lanes     map[string]Fared `json:"by_lane"` // of the case
	Replies   map[string]int   `json:"replies"` // by where they are
	Reviews   Waited           `json:"reviews"` // that people decided about
	Unread    int              `json:"unread"`  // answers that still wait for a reviewer
	Staff     []Effort         `json:"staff"`   // each employee
	Community Volunteers       `json:"community"`
	Angry     Angry            `json:"angry"`
	Alerts    map[string]int   `json:"alerts"` // by kind

	Goals  []Goal   `json:"goals"`
	Hole   *Hole    `json:"hole,omitempty"`
	Levers []Lever  `json:"levers,omitempty"`
	Said   []string `json:"said"` // the same in sentences

	Steps      int         `json:"steps"`
	Crashes    int         `json:"crashes"`
	Violations []Violation `json:"violations"`
	Trace      string      `json:"trace"`   // a hash of all that happened
	Refused    int         `json:"refused"` // things that members tried and the product did not take
}

// Fared is how questions fared.
type Fared struct {
	Asked    int     `json:"asked"`
	Answered int     `json:"answered"`
	Stated   int     `json:"by_statement"` // of the answered: those for which a public statement speaks
	Quick    int     `json:"within_2h"`
	Rate     float64 `json:"answered_share"`
	InTime   float64 `json:"within_2h_share"`
}

func fared(t moderation.Tally) Fared {
	f := Fared{Asked: t.Asked, Answered: t.Answered(), Stated: t.Stated, Quick: t.Quick}
	f.share()
	return f
}

func (f *Fared) share() {
	if f.Asked > 0 {
		f.Rate, f.InTime = float64(f.Answered)/float64(f.Asked), float64(f.Quick)/float64(f.Asked)
	}
}

// HourFared is an hour of the day.
type HourFared struct {
	Hour int `json:"hour"`
	Fared
}

// Waited is how long things waited, in minutes.
type Waited struct {
	N    int `json:"n"`
	Half int `json:"p50"`
	Most int `json:"p90"`
}

// Effort is what one employee gave.
type Effort struct {
	Name    string  `json:"name"`
	Average float64 `json:"minutes_a_day"` // of the days on which they came
	Most    float64 `json:"most"`
	Answers int     `json:"answers"`
	Reviews int     `json:"reviews"`
}

// Volunteers is what the advocates gave and found.
type Volunteers struct {
	Members      int     `json:"members"`
	HoursAWeek   float64 `json:"hours_a_week"` // each, on the whole
	Answers      int     `json:"answers"`
	Reviews      int     `json:"reviews"`
	EmptyInARow  int     `json:"empty_evenings_in_a_row"` // the most that anybody had
	WithThreeRow int     `json:"with_three_in_a_row"`
	Rung         int     `json:"came_when_called"` // times that somebody came because their phone told of a case
}

// Angry is what became of angry and risky posts.
type Angry struct {
	Posts     int `json:"cases"`
	Newcomers int `json:"with_newcomers"` // answered or held by somebody whose every answer is read
}

// Goal is what a brand's month is held against.
type Goal struct {
	What string  `json:"what"`
	Code string  `json:"code"`
	Is   float64 `json:"is"`
	Want float64 `json:"want"`
	Met  bool    `json:"met"`
}

// Hole is the time of the day in which most questions are left alone for too long.
type Hole struct {
	From, To int
	Fared
}

func (e *engine) report(ctx context.Context) (Report, error) {
	r := Report{
		Scenario: e.s.Name, Seed: e.opt.Seed, Days: e.s.Days, Posts: e.posts, Steps: e.steps, Crashes: e.crashes,
		Violations: e.violated, Trace: e.hash(), Replies: map[string]int{}, Alerts: map[string]int{}, Lanes: map[string]Fared{},
	}
	if r.Violations == nil {
		r.Violations = []Violation{}
	}
	for _, n := range e.refusals {
		r.Refused += n
	}
	read := e.app.DB.Read()
	full, err := moderation.ReportOf(ctx, read, e.brand.ID, moderation.Period{From: e.s.midnight(0), To: e.s.midnight(e.s.Days), Zone: e.s.zone()})
	if err != nil {
		return r, err
	}
	r.Questions = fared(full.All)
	for hour, t := range full.Hours {
		r.Hours = append(r.Hours, HourFared{hour, fared(t)})
	}
	for _, s := range full.Slots {
		r.DaysFared = append(r.DaysFared, fared(s.Tally))
	}
	for _, g := range full.Lanes {
		r.Lanes[g.Key] = fared(g.Tally)
	}
	r.Reviews = Waited{full.Reviews.N, int(full.Reviews.Within(0.5).Minutes()), int(full.Reviews.Within(0.9).Minutes())}
	for _, q := range []struct {
		into  any
		query string
	}{
		{&r.Cases, "SELECT COUNT(*) FROM cases"},
		{&r.Unread, "SELECT COUNT(*) FROM answers WHERE state = 'submitted'"},
		{&r.Angry.Posts, "SELECT COUNT(*) FROM cases WHERE urgency >= 3.5"},
		{&r.Angry.Newcomers, `SELECT COUNT(DISTINCT c.id) FROM cases c JOIN activities a ON a.case_id = c.id AND a.kind = 'case_claimed' JOIN members m ON m.id = a.actor_id
			WHERE m.role = 'advocate' AND m.trust <= 1 AND a.lane <> 'community'`},
	} {
		if err := read.NewRaw(q.query).Scan(ctx, q.into); err != nil {
			return r, fmt.Errorf("report: %w", err)
		}
	}
	if err := e.count(ctx, "SELECT state AS what, COUNT(*) AS n FROM replies GROUP BY state", r.Replies); err != nil {
		return r, err
	}
	if err := e.count(ctx, "SELECT kind AS what, COUNT(*) AS n FROM alerts GROUP BY kind", r.Alerts); err != nil {
		return r, err
	}
	e.efforts(&r)
	r.Hole = r.hole()
	r.judge()
	return r, nil
}

func (e *engine) count(ctx context.Context, query string, into map[string]int) error {
	var rows []struct {
		What string
		N    int
	}
	if err := e.app.DB.Read().NewRaw(query).Scan(ctx, &rows); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	for _, r := range rows {
		into[r.What] = r.N
	}
	return nil
}

// efforts adds up what people gave.
func (e *engine) efforts(r *Report) {
	var given time.Duration
	for _, p := range e.people {
		var all, most time.Duration
		for _, d := range p.days {
			all, most = all+d, max(most, d)
		}
		if p.kind.Role.Employee() {
			r.Staff = append(r.Staff, Effort{p.name, all.Minutes() / float64(max(p.came, 1)), most.Minutes(), p.answers, p.reviews})
			continue
		}
		v := &r.Community
		v.Members++
		v.Answers += p.answers
		v.Reviews += p.reviews
		v.Rung += p.rung
		v.EmptyInARow = max(v.EmptyInARow, p.emptied)
		if p.emptied >= 3 {
			v.WithThreeRow++
		}
		given += all
	}
	if v := &r.Community; v.Members > 0 {
		v.HoursAWeek = given.Hours() / float64(v.Members) / (float64(e.s.Days) / 7)
	}
}

// The goals of a brand's month.
const (
	goalAnswered = 0.8
	goalInTime   = 0.7
	goalMinutes  = 90.0
)

// judge holds the report against the goals.
func (r *Report) judge() {
	evenings := r.between(20, 23)
	worst := 0.0
	for _, s := range r.Staff {
		worst = max(worst, s.Average)
	}
	goal := func(code, what string, is, want float64, met bool) {
		r.Goals = append(r.Goals, Goal{what, code, is, want, met})
	}
	if q := r.Questions; q.Stated > 0 {
		defer func() {
			r.Said[0] += fmt.Sprintf(" (%.1f %% of all by a public statement)", 100*float64(q.Stated)/float64(q.Asked))
		}()
	}
	goal("answered", "questions answered", r.Questions.Rate, goalAnswered, r.Questions.Rate >= goalAnswered)
	goal("in_time", "questions answered within 2 h", r.Questions.InTime, goalInTime, r.Questions.InTime >= goalInTime)
	goal("evenings", "of those asked from 20 to 23 h", evenings.InTime, goalInTime, evenings.Asked == 0 || evenings.InTime >= goalInTime)
	goal("minutes", "minutes a day of an employee, at most", worst, goalMinutes, worst <= goalMinutes)
	goal("empty", "advocates with three empty evenings in a row", float64(r.Community.WithThreeRow), 0, r.Community.WithThreeRow == 0)
	goal("newcomers", "angry or risky cases with a newcomer", float64(r.Angry.Newcomers), 0, r.Angry.Newcomers == 0)
	r.Said = nil
	for _, g := range r.Goals {
		said := "missed"
		if g.Met {
			said = "met"
		}
		if g.Want > 0 && g.Want <= 1 {
			r.Said = append(r.Said, fmt.Sprintf("%s: %.1f %%, goal %.0f %%, %s", g.What, g.Is*100, g.Want*100, said))
		} else {
			r.Said = append(r.Said, fmt.Sprintf("%s: %.0f, goal %.0f, %s", g.What, g.Is, g.Want, said))
		}
	}
}

// between adds up the hours [from, to) of the day.
func (r *Report) between(from, to int) Fared {
	var sum Fared
	for _, h := range r.Hours {
		if h.Hour >= from && h.Hour < to {
			sum.Asked, sum.Answered, sum.Stated, sum.Quick = sum.Asked+h.Asked, sum.Answered+h.Answered, sum.Stated+h.Stated, sum.Quick+h.Quick
		}
	}
	sum.share()
	return sum
}

// holeHours is how long a hole is looked for.
const holeHours = 3

// hole is where most questions wait for more than two hours; nil where none does.
func (r *Report) hole() *Hole {
	var worst *Hole
	for from := 0; from+holeHours <= 24; from++ {
		h := Hole{from, from + holeHours, r.between(from, from+holeHours)}
		if h.Quick < h.Asked && (worst == nil || h.Asked-h.Quick > worst.Asked-worst.Quick) {
			worst = &h
		}
	}
	return worst
}

// Lever is a change of the people and what it would do.
type Lever struct {
	What    string  `json:"what"`
	Who     string  `json:"who"`
	Count   int     `json:"count"`
	Before  float64 `json:"before"` // share within 2 h of what is asked in the hole
	After   float64 `json:"after"`
	All     float64 `json:"within_2h_share"` // of all questions
	Answer  float64 `json:"answered_share"`  // of all questions
	Minutes float64 `json:"staff_minutes"`   // a day of the busiest employee
}

// levers are what could close a hole.
func (h *Hole) levers() []People {
	there := func(name string, role community.Role, trust, count int) People {
		return People{
			Name: name, Role: role, Trust: trust, Count: count, From: h.From, To: h.To, Answer: 3.5, Reviewing: 0.75, Quality: 0.97,
		}
	}
	return []People{
		there("guide", community.Advocate, community.Guide, 2),
		there("advocate", community.Advocate, 2, 2),
		there("employee", community.Moderator, 0, 1),
	}
}

// pullLevers plays the scenario again with each lever.
func (r *Report) pullLevers(ctx context.Context, s Scenario, opt Options) error {
	if r.Hole == nil {
		return nil
	}
	opt.Invariants, opt.Levers = nil, false
	together := runtime.GOMAXPROCS(0)
	if opt.Share > 0 {
		together = 1
	}
	levers := r.Hole.levers()
	pulled := make([]Report, len(levers))
	var all errgroup.Group
	all.SetLimit(together)
	for i, more := range levers {
		more.Name = "more " + more.Name
		all.Go(func() (err error) {
			pulled[i], err = play(ctx, s.with(more), opt)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return fmt.Errorf("look for what would help: %w", err)
	}
	for i, more := range levers {
		l := Lever{
			What: fmt.Sprintf("%d more %s between %d:00 and %d:00", more.Count, leverNames[more.Name], more.From, more.To),
			Who:  strings.TrimPrefix(more.Name, "more "), Count: more.Count,
			Before: r.Hole.InTime, After: pulled[i].between(r.Hole.From, r.Hole.To).InTime,
			All: pulled[i].Questions.InTime, Answer: pulled[i].Questions.Rate,
		}
		for _, m := range pulled[i].Staff {
			l.Minutes = max(l.Minutes, m.Average)
		}
		r.Levers = append(r.Levers, l)
	}
	slices.SortStableFunc(r.Levers, func(a, b Lever) int { return int(1e6 * (b.After - a.After)) })
	for _, l := range r.Levers {
		r.Said = append(r.Said, fmt.Sprintf("%s: %.0f %% -> %.0f %% within 2 h", l.What, l.Before*100, l.After*100))
	}
	return nil
}

var leverNames = map[string]string{
	"guide":    "trusted reviewers (guides)",
	"advocate": "advocates",
	"employee": "employee",
}
