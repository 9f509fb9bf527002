package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
)

// simulated is what comes of a play.
func simulated(t *testing.T) []byte {
	o := moderation.Simulated{
		Posts: 60, Questions: moderation.SimulatedFate{Asked: 40, Answered: 30, Quick: 20, Rate: 0.75, InTime: 0.5}, Reviews: moderation.SimulatedWait{N: 12, Half: 9, Most: 40},
		Staff: []moderation.SimulatedWork{{Name: "member 3", Average: 61, Answers: 9}, {Name: "member 99", Average: 120}},
		Goals: []moderation.SimulatedGoal{{Code: "answered", Is: 0.75, Want: 0.8}, {Code: "in_time", Is: 0.5, Want: 0.7}, {Code: "evenings", Is: 0.3, Want: 0.7}, {Code: "minutes", Is: 120, Want: 90}, {Code: "empty", Met: true}, {Code: "newcomers", Met: true}},
		Hole:  &moderation.SimulatedHole{From: 20, To: 23, Asked: 14, Quick: 4, InTime: 0.29},
		Levers: []moderation.SimulatedLever{
			{Who: "guide", Count: 2, Before: 0.29, After: 0.78}, {Who: "employee", Count: 1, Before: 0.29, After: 0.6}, {Who: "advocate", Count: 2, Before: 0.29, After: 0.41},
		},
	}
	for hour := range 24 {
		f := moderation.SimulatedFate{Hour: hour}
		if hour >= 8 {
			f = moderation.SimulatedFate{Hour: hour, Asked: 3, Answered: 2, Quick: 1, Rate: 0.9 - float64(hour)/60, InTime: 0.9 - float64(hour)/40}
		}
		o.Hours = append(o.Hours, f)
	}
	for day := range 7 {
		o.ByDay = append(o.ByDay, moderation.SimulatedFate{Asked: 6, InTime: 0.3 + float64(day)/12})
	}
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestSimulationPage: nothing yet, a wrong number, running, stopped, failed, done; without JavaScript, one at a time.
func TestSimulationPage(t *testing.T) {
	c := newCafe(t)
	v := c.visits("minh", "vi")
	if page := v.get("/simulation"); page.status != http.StatusOK || !strings.Contains(page.body, "không chạy thử được") || len(page.all("form[action=/simulation]")) != 0 {
		t.Errorf("where nothing can be played: %d", page.status)
	}
	c.Simulates = true
	if page := v.get("/simulation"); !strings.Contains(page.body, "Chưa chạy thử lần nào") || len(page.all("input[name=days][value=7]")) != 1 {
		t.Error("the page does not begin with seven days")
	}
	form := func(days, source string) url.Values {
		return url.Values{"press": {"start"}, "days": {days}, "source": {source}}
	}
	for _, wrong := range []url.Values{form("31", "own"), form("", "own"), form("2", "other")} {
		if page := v.post("/simulation", wrong); page.status != http.StatusUnprocessableEntity || len(page.all(".notice")) == 0 {
			t.Errorf("%v gives %d", wrong, page.status)
		}
	}
	v.post("/simulation", form("2", "own"))
	var id int64
	run := func(do func(ctx context.Context, tx listeners.Tx) error) { t.Helper(); c.do(do) }
	latest := func() moderation.Simulation {
		all, err := moderation.Simulations(t.Context(), c.DB.Read(), c.brand.ID, 1)
		if err != nil || len(all) == 0 {
			t.Fatal(all, err)
		}
		id = all[0].ID
		return all[0]
	}
	latest()
	run(func(ctx context.Context, tx listeners.Tx) error { return moderation.Played(ctx, tx, id, 40) })
	page := v.get("/simulation")
	if !strings.Contains(page.body, "Đã chạy 40 %") || len(page.all("input[name=days]")) != 0 {
		t.Error("a play under way is not shown, or another can be begun")
	}
	if page := v.post("/simulation", form("2", "month")); page.status != http.StatusUnprocessableEntity {
		t.Errorf("a second play gives %d", page.status)
	}
	v.post("/simulation", url.Values{"press": {"stop"}, "run": {strconv.FormatInt(latest().ID, 10)}})
	if err := c.transact(t.Context(), func(ctx context.Context, tx listeners.Tx) error { return moderation.Played(ctx, tx, id, 50) }); !errors.Is(err, moderation.ErrStopped) {
		t.Errorf("a play that was stopped goes on: %v", err)
	}
	if latest().State != moderation.SimulationStopped {
		t.Error("it was not stopped")
	}
	v.post("/simulation", form("1", "month"))
	latest()
	run(func(ctx context.Context, tx listeners.Tx) error {
		return moderation.EndSimulation(ctx, tx, id, nil, errors.New("no room on the disk"))
	})
	if page := v.get("/simulation"); !strings.Contains(page.body, "không thành") || !strings.Contains(page.body, "no room on the disk") {
		t.Error("a failure is not shown")
	}
	v.post("/simulation", form("7", "own"))
	latest()
	run(func(ctx context.Context, tx listeners.Tx) error {
		return moderation.EndSimulation(ctx, tx, id, simulated(t), nil)
	})
	page = c.visits("an", "en").get("/simulation")
	for _, said := range []string{"Your own last 7 days", "Between 20:00 and 23:00 10 of 14 questions", "2 more trusted reviewers", "29 % → 78 %", "Minh", "Employee 2", "missed", "Played before"} {
		if !strings.Contains(strings.ReplaceAll(page.body, "\u00a0", " "), said) && !strings.Contains(page.body, said) {
			t.Errorf("the result does not say %q", said)
		}
	}
	if charts := page.all(".chart svg"); len(charts) != 4 {
		t.Errorf("%d charts", len(charts))
	}
	if page := c.visits("lan", "vi").get("/simulation"); page.status == http.StatusOK {
		t.Error("an advocate plays")
	}
}
