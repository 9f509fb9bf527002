package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
)

// simulationPage is the wind tunnel: what is played, what came of it, and what was played before.
type simulationPage struct {
	All     []moderation.Simulation
	Shown   moderation.Simulation // ID 0: none was ever asked for
	Outcome *moderation.Simulated // nil: none came of it
	Members map[int64]community.Member
	Source  moderation.SimulationSource // that the form begins with
	Days    string
	Can     bool // this installation plays
	Failed  *access.Failure
	now     clock.Time
}

const (
	// shownSimulations is how many plays the page lists.
	shownSimulations = 10
	// usualPlay is how many days are played unless somebody chooses.
	usualPlay = "7"
	// fullDay is against how many minutes of an employee's day their work is drawn.
	fullDay = 90
)

func (a *App) simulation(w http.ResponseWriter, r *http.Request) error {
	return a.showSimulation(w, r, http.StatusOK, simulationPage{})
}

func (a *App) showSimulation(w http.ResponseWriter, r *http.Request, status int, v simulationPage) error {
	me := access.From(r.Context()).Member
	v.Can, v.now = a.Simulates, view(r.Context()).Now
	v.Source, v.Days = cmp.Or(v.Source, moderation.OwnDays), cmp.Or(v.Days, usualPlay)
	err := a.DB.ReadTx(r.Context(), func(ctx context.Context, read bun.IDB) (err error) {
		if v.All, err = moderation.Simulations(ctx, read, me.BrandID, shownSimulations); err != nil || len(v.All) == 0 {
			return err
		}
		id := v.All[0].ID
		if asked := r.URL.Query().Get("run"); asked != "" {
			id, _ = strconv.ParseInt(asked, 10, 64)
		}
		if v.Shown, err = moderation.FindSimulation(ctx, read, me.BrandID, id); err != nil {
			return err
		}
		if v.Shown.State == moderation.SimulationDone {
			found, err := v.Shown.Outcome()
			if err != nil {
				return err
			}
			v.Outcome = &found
		}
		v.Members, err = community.Members(ctx, read, me.BrandID)
		return err
	})
	if err != nil {
		return err
	}
	return render(w, r, status, simulationView(v))
}

// changeSimulation plays days, or stops that.
func (a *App) changeSimulation(w http.ResponseWriter, r *http.Request) error {
	v := simulationPage{Source: moderation.SimulationSource(r.PostFormValue("source")), Days: r.PostFormValue("days")}
	err := a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		me := access.From(ctx).Member
		if r.PostFormValue("press") == "stop" {
			id, _ := strconv.ParseInt(r.PostFormValue("run"), 10, 64)
			return moderation.StopSimulation(ctx, tx, me, id)
		}
		if !a.Simulates {
			return &community.Invalid{Field: "source", Sentence: "this installation plays nothing; ask whoever runs it"}
		}
		days, _ := strconv.Atoi(v.Days)
		_, err := moderation.Simulate(ctx, tx, me, v.Source, days)
		return err
	})
	if f := access.Explain(err); err != nil && f.Field != "" {
		v.Failed = &f
		return a.showSimulation(w, r, f.Status, v)
	}
	if err != nil {
		return err
	}
	goTo(w, r, "/simulation")
	return nil
}

// waits tells whether any play is under way.
func (v simulationPage) waits() bool {
	for i := range v.All {
		if v.All[i].Under(v.now) {
			return true
		}
	}
	return false
}

// state is where a play stands, as a code.
func (v simulationPage) state(s *moderation.Simulation) string {
	if s.State == moderation.SimulationRuns && !s.Under(v.now) {
		return string(moderation.SimulationFailed)
	}
	return string(s.State)
}

// tone is how a state looks.
func (v simulationPage) tone(s *moderation.Simulation) string {
	return map[string]string{"done": "good", "failed": "warning"}[v.state(s)]
}

// played is what was played, in words.
func played(ctx context.Context, s *moderation.Simulation) string {
	if s.Source == moderation.Shipped {
		return T(ctx, "simulation.played_month", "count", s.Days)
	}
	return T(ctx, "simulation.played_own", "count", s.Days)
}

func sourceName(ctx context.Context, s moderation.SimulationSource) string {
	if s == moderation.Shipped {
		return T(ctx, "simulation.source_month")
	}
	return T(ctx, "simulation.source_own")
}

// asBars are questions by the hour in which they were asked, or by day.
func asBars(ctx context.Context, all []moderation.SimulatedFate, name func(i int) string, share func(moderation.SimulatedFate) float64) []bar {
	bars := make([]bar, len(all))
	for i, f := range all {
		says := T(ctx, "simulation.of_asked", "count", f.Asked, "share", percent(ctx, share(f)))
		bars[i] = bar{Name: name(i), Text: name(i) + ": " + says, Share: share(f), None: f.Asked == 0}
		if f.Asked == 0 {
			bars[i].Text = name(i) + ": " + T(ctx, "simulation.nobody_asked")
		}
	}
	return bars
}

// charts are what can be seen at a glance.
func (v simulationPage) charts(ctx context.Context) []simulationChart {
	o := v.Outcome
	hour := func(i int) string { return hourName(o.Hours[i].Hour) }
	day := func(i int) string { return T(ctx, "simulation.day", "number", i+1) }
	answered := func(f moderation.SimulatedFate) float64 { return f.Rate }
	quick := func(f moderation.SimulatedFate) float64 { return f.InTime }
	all := []simulationChart{
		{"simulation.answered_by_hour", asBars(ctx, o.Hours, hour, answered)},
		{"simulation.quick_by_hour", asBars(ctx, o.Hours, hour, quick)},
	}
	if len(o.ByDay) > 1 {
		all = append(all, simulationChart{"simulation.quick_by_day", asBars(ctx, o.ByDay, day, quick)})
	}
	if len(o.Staff) > 0 {
		most := float64(fullDay)
		for _, s := range o.Staff {
			most = max(most, s.Average)
		}
		bars := make([]bar, len(o.Staff))
		for i, s := range o.Staff {
			name := v.person(ctx, s.Name, i)
			bars[i] = bar{Name: name, Text: name + ": " + T(ctx, "simulation.minutes_a_day", "count", int(s.Average+0.5)), Share: s.Average / most}
		}
		all = append(all, simulationChart{"simulation.staff", bars})
	}
	return all
}

// simulationChart are bars under a title.
type simulationChart struct {
	Title string
	Bars  []bar
}

// person is an employee as people know them: of the brand's own days by name.
func (v simulationPage) person(ctx context.Context, name string, place int) string {
	id := int64(0)
	if _, err := fmt.Sscanf(name, "member %d", &id); err == nil && v.Shown.Source == moderation.OwnDays {
		if m, ok := v.Members[id]; ok {
			return m.PublicName
		}
	}
	return T(ctx, "simulation.employee", "number", place+1)
}

// goalValue is a number of a goal in words.
func goalValue(ctx context.Context, code string, value float64) string {
	switch code {
	case "answered", "in_time", "evenings":
		return percent(ctx, value)
	}
	return Number(ctx, int(value+0.5))
}
