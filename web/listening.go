package web

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// previewed is how many posts a preview shows.
const previewed = 10

// listeningPage is what the page of a connection's rules shows.
type listeningPage struct {
	Connection listeners.Connection
	Network    string // as people write it
	Rules      []listeners.ListeningRule
	Price      listeners.MicroUSD // the most that a preview costs; 0: nothing can be tried
	Typed      listeners.ListeningRule
	Error      string
	Field      string // that Error is about
	Preview    *listeners.Preview
}

func (v listeningPage) path() string {
	return fmt.Sprintf("/connections/%d/listening", v.Connection.ID)
}

func (a *App) listening(w http.ResponseWriter, r *http.Request) error {
	v, err := a.listeningOf(r)
	if err != nil {
		return err
	}
	return a.showListening(w, r, http.StatusOK, v)
}

// listeningOf finds the connection that the address names among the brand's, and the rule that was typed.
func (a *App) listeningOf(r *http.Request) (v listeningPage, err error) {
	id, err := pathID(r, "connection")
	if err != nil {
		return v, err
	}
	if v.Connection, err = listeners.FindConnection(r.Context(), a.DB.Read(), id); err != nil {
		return v, err
	}
	if v.Connection.BrandID != access.From(r.Context()).Member.BrandID {
		return v, sql.ErrNoRows
	}
	v.Network = a.Desk.Network(v.Connection.Network).Name
	v.Typed = listeners.ListeningRule{
		ConnectionID: id, Active: r.PostFormValue("rests") == "",
		Name: r.PostFormValue("name"), Query: strings.TrimSpace(newlines(r.PostFormValue("query"))),
	}
	return v, nil
}

func (a *App) showListening(w http.ResponseWriter, r *http.Request, status int, v listeningPage) (err error) {
	if v.Rules, err = listeners.ListeningRules(r.Context(), a.DB.Read(), v.Connection.ID); err != nil {
		return err
	}
	if ch, err := a.previewer(v.Connection); err == nil {
		v.Price = ch.PreviewCost(previewed)
	}
	return render(w, r, status, listeningWhole(v))
}

// previewer opens a connection that can be asked what a search would find.
func (a *App) previewer(c listeners.Connection) (listeners.Previewer, error) {
	ch, err := a.Deliverer.Open(c)
	if err != nil {
		return nil, err
	}
	p, ok := ch.(listeners.Previewer)
	if !ok {
		return nil, listeners.ErrNoRules
	}
	return p, nil
}

// keepRule stores a new rule, or changes the one that the address names.
func (a *App) keepRule(w http.ResponseWriter, r *http.Request) error {
	v, err := a.listeningOf(r)
	if err == nil && chi.URLParam(r, "rule") != "" {
		v.Typed.ID, err = pathID(r, "rule")
	}
	if err != nil {
		return err
	}
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		_, err := listeners.KeepRule(ctx, tx, a.Desk.Network(v.Connection.Network), v.Typed)
		return err
	})
	return a.afterRule(w, r, v, err)
}

func (a *App) removeRule(w http.ResponseWriter, r *http.Request) error {
	v, err := a.listeningOf(r)
	if err != nil {
		return err
	}
	id, err := pathID(r, "rule")
	if err != nil {
		return err
	}
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return listeners.RemoveRule(ctx, tx, v.Connection.ID, id)
	})
	return a.afterRule(w, r, v, err)
}

// afterRule goes back to the list, or says what was refused beside what was typed.
func (a *App) afterRule(w http.ResponseWriter, r *http.Request, v listeningPage, err error) error {
	if err == nil {
		goTo(w, r, v.path())
		return nil
	}
	f := access.Explain(err)
	if f.Status >= http.StatusInternalServerError || f.Status == http.StatusNotFound {
		return err
	}
	v.Error, v.Field = Sentence(r.Context(), f.Sentence), "query"
	if errors.Is(err, listeners.ErrRuleName) {
		v.Field = "name"
	}
	return a.showListening(w, r, f.Status, v)
}

// tryRule makes the search that the page named the price of, if the budget bears it, and shows what it
// found.
func (a *App) tryRule(w http.ResponseWriter, r *http.Request) error {
	v, err := a.listeningOf(r)
	if err != nil {
		return err
	}
	if v.Typed.ID, _ = strconv.ParseInt(r.PostFormValue("rule"), 10, 64); v.Typed.ID < 0 {
		return sql.ErrNoRows
	}
	check := a.Desk.Network(v.Connection.Network).CheckQuery
	if check == nil {
		return a.afterRule(w, r, v, listeners.ErrNoRules)
	}
	if err := check(v.Typed.Query); err != nil {
		return a.afterRule(w, r, v, err)
	}
	found, err := a.preview(r.Context(), v)
	var failed *listeners.Error
	switch {
	case errors.As(err, &failed):
		v.Error, v.Field = T(r.Context(), "network_error."+string(failed.Class)), "query"
		return a.showListening(w, r, http.StatusConflict, v)
	case err != nil:
		return a.afterRule(w, r, v, err)
	}
	v.Preview = &found
	return a.showListening(w, r, http.StatusOK, v)
}

// preview asks the network and books what that cost, also where it failed half way.
func (a *App) preview(ctx context.Context, v listeningPage) (listeners.Preview, error) {
	ch, err := a.previewer(v.Connection)
	if err != nil {
		return listeners.Preview{}, err
	}
	if err := listeners.Affordable(ctx, a.DB.Read(), v.Connection, ch.PreviewCost(previewed), a.Now()); err != nil {
		return listeners.Preview{}, err
	}
	found, err := ch.Preview(ctx, v.Typed.Query, previewed)
	booked := a.write(context.WithoutCancel(ctx), func(ctx context.Context, tx listeners.Tx) error {
		return listeners.Spent(ctx, tx, v.Connection.ID, found.Spend)
	})
	if err == nil {
		err = booked
	}
	return found, err
}

// usd writes money as people read it in their language: $0.21, 0,21 US$; to the tenth of a cent where it
// is less than a dollar and no whole cent.
func usd(ctx context.Context, cost listeners.MicroUSD) string {
	digits := 2
	if cost < 1_000_000 && cost%10_000 != 0 {
		digits = 3
	}
	text := strconv.FormatFloat(float64(cost)/1e6, 'f', digits, 64)
	if view(ctx).Lang == "vi" {
		return strings.Replace(text, ".", ",", 1) + " US$"
	}
	return "$" + text
}

// dayName writes the day that a volume is of.
func dayName(ctx context.Context, t clock.Time) string {
	return t.Std().UTC().Format(map[bool]string{true: "02/01", false: "2 Jan"}[view(ctx).Lang == "vi"])
}
