package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// oneConnection is the page of a connection.
type oneConnection struct {
	linked
	May       bool   // the reader may change it
	MayListen bool   // the reader may change what it listens for
	Done      string // what they have just done
	HookURL   string // where the network brings its news, for who enters it there by hand
	Money     string // the budget as it was typed, where that makes no sense
	Failed    *access.Failure
}

// remedy is where somebody can do something about a finding.
type remedy struct {
	Whole       bool // what to do is said in words, too
	Href, Label string
}

// connectAgain are the findings that a new token or other settings end.
var connectAgain = []string{
	"removed", "broken", "sealed", "unusable", "expired", "not_subscribed", "other_account", "refused", "x_another_account", "x_long_posts", "x_no_app_token", "x_no_renewal",
	"x_permissions", "x_webhook_invalid", "x_no_webhook", "x_subscriptions", "app_secret_missing", "token_refused", "token_ends", "data_access_ends", "scopes_missing",
	"webhook_missing", "webhook_fields", "discourse_key_refused", "discourse_other_account", "discourse_key_of_one", "discourse_key_of_all", "discourse_no_webhook_secret",
}

// remedy leads who may change the connection to where a finding can be mended.
func (v oneConnection) remedy(f listeners.Finding) remedy {
	r := remedy{Whole: true}
	switch {
	case f.Code == "asked":
		r.Href, r.Label = "/sending", "connection.to_sending"
	case !v.May:
	case f.Code == "no_budget" || f.Code == "budget_used" || f.Code == "budget_low":
		r.Href, r.Label = "#budget-part", "connection.to_budget"
	case f.Code == "brand_stopped":
		r.Href, r.Label = "/sending", "connection.to_sending"
	case f.Code == "app_not_reviewed":
		r.Href, r.Label = "/connections/facebook-review", "facebook_review.link"
	case slices.Contains(connectAgain, f.Code) && v.Network.Fields != nil:
		r.Href, r.Label = v.renewPath(), "connection.renew"
	}
	return r
}

// renewPath is where the account is connected again.
func (v linked) renewPath() string {
	return fmt.Sprintf("/connections/add/%s?renew=%d", v.Connection.Network, v.ID)
}

// doneTexts say what was done.
var doneTexts = map[string]string{
	"connected": "connection.done_connected", "paused": "connection.done_paused", "resumed": "connection.done_resumed",
	"stopped": "connection.done_stopped", "started": "connection.done_started", "budget": "connection.done_budget", "tested": "connection.done_tested",
	"phones_hidden": "change.done_phones_on", "phones_shown": "change.done_phones_off",
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
	v.May, v.MayListen = a.Guard.May(r.Context(), "connection", "change"), a.Guard.May(r.Context(), "listening", "change")
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
	found, plan := a.Doctor.Examine(ctx, c)
	return a.write(ctx, func(ctx context.Context, tx listeners.Tx) error { return listeners.Keep(ctx, tx, c.ID, found, plan) })
}

// setBudget bounds what a connection may cost in a month.
func (a *App) setBudget(w http.ResponseWriter, r *http.Request) error {
	v, err := a.readConnection(r)
	if err != nil {
		return err
	}
	typed := strings.TrimSpace(r.PostFormValue("budget"))
	budget, ok := listeners.ReadDollars(typed)
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
