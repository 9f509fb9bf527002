package web

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// highestBudget bounds what somebody can set by mistake, in dollars a month.
const highestBudget = 1_000_000

// oneConnection is the page of a connection.
type oneConnection struct {
	linked
	May     bool   // the reader may change it
	Done    string // what they have just done
	HookURL string // where the network brings its news, for who enters it there by hand
	Money   string // the budget as it was typed, where that makes no sense
	Failed  *access.Failure
}

// doneTexts say what was done.
var doneTexts = map[string]string{
	"connected": "connection.done_connected", "paused": "connection.done_paused", "resumed": "connection.done_resumed",
	"stopped": "connection.done_stopped", "started": "connection.done_started", "budget": "connection.done_budget", "tested": "connection.done_tested",
}

func (a *App) connection(w http.ResponseWriter, r *http.Request) error {
	v, err := a.readConnection(r)
	if err != nil {
		return err
	}
	v.Done = doneTexts[r.URL.Query().Get("done")]
	return render(w, r, http.StatusOK, connectionPage(v))
}

func (a *App) readConnection(r *http.Request) (v oneConnection, err error) {
	id, err := pathID(r, "connection")
	if err != nil {
		return v, err
	}
	c, err := community.ConnectionOf(r.Context(), a.DB.Read(), access.From(r.Context()).Member, id)
	if err != nil {
		return v, err
	}
	if v.linked, err = a.look(r.Context(), c); err != nil {
		return v, err
	}
	v.May = a.Guard.May(r.Context(), "connection", "change")
	if v.May && c.Hook != "" && v.Hook != hookNone && v.Hook != hookHidden && !a.subscribes(c) {
		v.HookURL = a.Connector.HookURL(c)
	}
	return v, nil
}

// subscribes tells whether Kith itself asks the network to bring its news.
func (a *App) subscribes(c listeners.Connection) bool {
	ch, err := a.Connector.Open(c)
	if err != nil {
		return false
	}
	_, ok := ch.(listeners.Subscriber)
	return ok
}

// testConnection asks the network how the connection stands.
func (a *App) testConnection(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "connection")
	if err != nil {
		return err
	}
	c, err := community.ConnectionOf(r.Context(), a.DB.Read(), access.From(r.Context()).Member, id)
	if err != nil {
		return err
	}
	if err := a.examine(r.Context(), c); err != nil {
		return err
	}
	goTo(w, r, connectionPath(id)+"?done=tested")
	return nil
}

// examine asks the network of a connection how it stands, and keeps what it said.
func (a *App) examine(ctx context.Context, c listeners.Connection) error {
	found := a.Doctor.Examine(ctx, c)
	return a.write(ctx, func(ctx context.Context, tx listeners.Tx) error { return listeners.Keep(ctx, tx, c.ID, found) })
}

// setBudget bounds what a connection may cost in a month.
func (a *App) setBudget(w http.ResponseWriter, r *http.Request) error {
	v, err := a.readConnection(r)
	if err != nil {
		return err
	}
	typed := strings.TrimSpace(r.PostFormValue("budget"))
	budget, ok := readDollars(typed)
	if !ok {
		v.Money, v.Failed = typed, &access.Failure{Field: "budget", Sentence: "write an amount in US dollars, 50 or 12.50 for example; empty for no limit"}
		return render(w, r, http.StatusUnprocessableEntity, connectionPage(v))
	}
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		before, after := listeners.Dollars(v.Budget), listeners.Dollars(budget)
		return community.ChangeConnection(ctx, tx, access.From(ctx).Member, v.ID, "budget", before, after, func(ctx context.Context, tx listeners.Tx, id int64) error {
			return listeners.SetBudget(ctx, tx, id, budget)
		})
	})
	if err != nil {
		return err
	}
	goTo(w, r, connectionPath(v.ID)+"?done=budget")
	return nil
}

// readDollars reads an amount as people type it, with a point or a comma; nothing is no bound.
func readDollars(text string) (listeners.MicroUSD, bool) {
	text = strings.Replace(strings.TrimPrefix(text, "$"), ",", ".", 1)
	if text == "" {
		return 0, true
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) || n < 0 || n > highestBudget {
		return 0, false
	}
	return listeners.MicroUSD(math.Round(n * 1e6)), true
}

// money is the budget as the form shows it.
func (v oneConnection) money() string {
	if v.Failed != nil {
		return v.Money
	}
	if v.Budget == 0 {
		return ""
	}
	return strings.TrimPrefix(listeners.Dollars(v.Budget), "$")
}

func (a *App) removeConnection(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "connection")
	if err != nil {
		return err
	}
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return community.ChangeConnection(ctx, tx, access.From(ctx).Member, id, "removed", "", "", listeners.Disconnect)
	})
	if err != nil {
		return err
	}
	goTo(w, r, "/connections")
	return nil
}

// wrong is the sentence about the budget, "" where nothing is wrong with it.
func (v oneConnection) wrong(ctx context.Context) string {
	if v.Failed == nil {
		return ""
	}
	return Sentence(ctx, v.Failed.Sentence)
}
