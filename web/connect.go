package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-chi/chi/v5"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// connecting is the page on which an account of one network is connected, or connected again.
type connecting struct {
	Kind     string
	Network  listeners.Network
	Renews   *listeners.Connection // nil for a new one
	Values   map[string]string     // what was filled in, without what is secret
	Redirect string                // where the network must be allowed to send people back to
	Failed   *connectFault
}

// connectFault says why an account was not connected.
type connectFault struct {
	Field    string // that is wrong, or ""
	Sentence string
	Detail   string // what the network said, for who knows it
}

// networkText is a text about a network; "" where the catalogs have none.
func networkText(ctx context.Context, kind, name string) string {
	text, _ := lookUp(view(ctx).Lang, "network."+kind+"."+name)
	return text
}

// choice is a network on the page that offers them.
type choice struct {
	Kind    string
	Network listeners.Network
}

// name is what people know the network by.
func (c choice) name(ctx context.Context) string {
	if c.Kind == "feed" {
		return T(ctx, "connect.any_feed")
	}
	return c.Network.Name
}

// offered is the order in which networks are offered, those that most brands ask for first.
var offered = []string{"facebook", "x", "discourse", "nodebb", "feed"}

func (a *App) chooseNetwork(w http.ResponseWriter, r *http.Request) error {
	var all []choice
	for _, kind := range a.Connector.Kinds() {
		n, err := a.Connector.Network(kind)
		if err != nil {
			return err
		}
		if n.Fields != nil || n.Grant != nil {
			all = append(all, choice{kind, n})
		}
	}
	slices.SortStableFunc(all, func(a, b choice) int {
		return cmp.Compare(uint(slices.Index(offered, a.Kind)), uint(slices.Index(offered, b.Kind))) // what is not in it comes last
	})
	return render(w, r, http.StatusOK, chooseNetworkPage(all))
}

func (a *App) connectForm(w http.ResponseWriter, r *http.Request) error {
	v, err := a.readConnecting(r, r.URL.Query().Get("renew"))
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, connectFormPage(v))
}

func (a *App) readConnecting(r *http.Request, renews string) (v connecting, err error) {
	v.Kind = chi.URLParam(r, "network")
	if v.Network, err = a.Connector.Network(v.Kind); err != nil {
		return v, err
	}
	v.Values, v.Redirect = map[string]string{}, a.Connector.RedirectURL()
	for _, f := range v.Network.Fields {
		v.Values[f.Name] = f.Default
	}
	id, err := strconv.ParseInt(renews, 10, 64)
	if renews == "" || err != nil {
		return v, nil
	}
	c, err := community.ConnectionOf(r.Context(), a.DB.Read(), access.From(r.Context()).Member, id)
	if err != nil {
		return v, err
	}
	v.Renews = &c
	for _, f := range v.Network.Fields {
		if kept := c.Settings[f.Name]; kept != "" && !f.Secret {
			v.Values[f.Name] = kept
		}
	}
	return v, nil
}

// connectAccount takes the form: it connects the account that a token belongs to, or begins the way over
// the network's own pages.
func (a *App) connectAccount(w http.ResponseWriter, r *http.Request) error {
	v, err := a.readConnecting(r, r.PostFormValue("renews"))
	if err != nil {
		return err
	}
	given := map[string]string{}
	for _, f := range v.Network.Fields {
		given[f.Name] = r.PostFormValue("field_" + f.Name)
		if !f.Secret {
			v.Values[f.Name] = given[f.Name]
		}
	}
	form := listeners.Form{BrandID: access.From(r.Context()).Member.BrandID, Network: v.Kind}
	form.Settings, form.Secrets = v.Network.Fill(given)
	if v.Renews != nil {
		form.Renews = v.Renews.ID
	}
	if !v.Network.Pasted(form.Secrets) {
		id, err := a.Connector.Begin(r.Context(), a.Guard.Owner(r.Context()), form)
		if err != nil {
			return a.notConnected(w, r, v, form.Secrets, err)
		}
		goTo(w, r, attemptPath(id))
		return nil
	}
	c, err := a.Connector.Connect(r.Context(), form, a.noteConnected(r.Context()))
	if err != nil {
		return a.notConnected(w, r, v, form.Secrets, err)
	}
	if err := a.Connector.Welcome(r.Context(), a.Doctor, c); err != nil {
		return err
	}
	goTo(w, r, connectionPath(c.ID)+"?done=connected")
	return nil
}

// noteConnected writes into the history who connected an account.
func (a *App) noteConnected(ctx context.Context) listeners.Note {
	me := access.From(ctx).Member
	return func(ctx context.Context, tx listeners.Tx, c listeners.Connection) error {
		return community.NoteConnected(ctx, tx, me, c)
	}
}

// notConnected shows the form again with what was wrong.
func (a *App) notConnected(w http.ResponseWriter, r *http.Request, v connecting, secrets map[string]string, err error) error {
	fault := tellConnect(r.Context(), err, secrets)
	if fault == nil {
		return err
	}
	v.Failed = fault
	return render(w, r, http.StatusUnprocessableEntity, connectFormPage(v))
}

// tellConnect says why an account could not be connected; nil for what is our own fault.
func tellConnect(ctx context.Context, err error, secrets map[string]string) *connectFault {
	var field *listeners.FieldFault
	var network *listeners.Error
	switch {
	case errors.As(err, &field):
		return &connectFault{Field: field.Field, Sentence: T(ctx, "field."+string(field.Code))}
	case errors.As(err, &network):
		return &connectFault{Sentence: T(ctx, "connect_error."+string(network.Class)), Detail: listeners.Scrub(network, secrets).Error()}
	}
	if f := access.Explain(err); f.Status < http.StatusInternalServerError && f.Status != http.StatusNotFound {
		return &connectFault{Sentence: Sentence(ctx, f.Sentence)}
	}
	return nil
}

// wrong is the sentence about a field, "" where nothing is wrong with it.
func (v connecting) wrong(name string) string {
	if v.Failed == nil || v.Failed.Field != name {
		return ""
	}
	return v.Failed.Sentence
}

// fields are those that everybody is asked for, or those that most people leave as they are.
func (v connecting) fields(rare bool) []listeners.Field {
	return slices.DeleteFunc(slices.Clone(v.Network.Fields), func(f listeners.Field) bool { return f.Rare != rare })
}

// failedAmong tells whether something is wrong with one of the fields.
func (v connecting) failedAmong(fields []listeners.Field) bool {
	return slices.ContainsFunc(fields, func(f listeners.Field) bool { return v.wrong(f.Name) != "" })
}

// field is a field of the network as the form shows it.
func (v connecting) field(ctx context.Context, f listeners.Field) Field {
	shown := Field{
		Name: "field_" + f.Name, Label: networkText(ctx, v.Kind, f.Name), Value: v.Values[f.Name],
		Hint: networkText(ctx, v.Kind, f.Name+".help"), Error: v.wrong(f.Name), Attrs: map[string]any{"autocomplete": "off", "spellcheck": "false"},
	}
	if shown.Label == "" {
		shown.Label = f.Name
	}
	kept := f.Secret && v.Renews != nil && (v.Network.Grant == nil || f.Name != "token")
	switch {
	case f.Optional:
		shown.Label = T(ctx, "connect.optional", "label", shown.Label)
	case !kept:
		shown.Attrs["required"] = true
	}
	if kept {
		shown.Hint = T(ctx, "connect.kept")
	}
	switch {
	case f.Kind == "lines":
		shown.Type = "textarea"
	case f.Secret:
		shown.Type, shown.Value = "password", ""
		shown.Attrs["autocomplete"] = "new-password"
	case f.Kind == "url":
		shown.Type = "url"
	}
	return shown
}

// shows tells whether the person must let the network send people back to us.
func (v connecting) shows() bool { return v.Network.Grant != nil }

// attempted is the page of an attempt over the network's own pages.
type attempted struct {
	ID int64
	listeners.Standing
	Name   string // of the network
	Chosen []string
	Failed *connectFault
}

func attemptPath(id int64) string { return "/connections/attempts/" + strconv.FormatInt(id, 10) }

func (a *App) attempt(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "attempt")
	if err != nil {
		return err
	}
	return a.showAttempt(w, r, attempted{ID: id})
}

func (a *App) showAttempt(w http.ResponseWriter, r *http.Request, v attempted) (err error) {
	if v.Standing, err = a.Connector.Standing(r.Context(), a.Guard.Owner(r.Context()), v.ID); err != nil {
		return err
	}
	n, err := a.Connector.Network(v.Network)
	if err != nil {
		return err
	}
	v.Name = n.Name
	status := http.StatusOK
	if v.Failed != nil {
		status = http.StatusUnprocessableEntity
	}
	return render(w, r, status, attemptPage(v))
}

// callback is where a network sends the person back to. What it sends along stands on no page: whoever
// changes the language there comes back to the attempt.
func (a *App) callback(w http.ResponseWriter, r *http.Request) error {
	view(r.Context()).Path = "/connections"
	q := r.URL.Query()
	owner := a.Guard.Owner(r.Context())
	id, err := a.Connector.Return(r.Context(), owner, q.Get("state"), q.Get("code"), q.Get("error") != "")
	if err != nil {
		fault := tellConnect(r.Context(), err, nil)
		if id == 0 || fault == nil {
			return err
		}
		view(r.Context()).Path = attemptPath(id)
		return a.showAttempt(w, r, attempted{ID: id, Failed: fault})
	}
	s, err := a.Connector.Standing(r.Context(), owner, id)
	if err != nil {
		return err
	}
	if len(s.Accounts) == 1 {
		return a.connectChosen(w, r, id, []string{s.Accounts[0].NativeID})
	}
	goTo(w, r, attemptPath(id))
	return nil
}

// chooseAccounts connects those accounts that the person picked.
func (a *App) chooseAccounts(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "attempt")
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return &community.Invalid{Field: "account", Sentence: "this form cannot be read"}
	}
	if len(r.PostForm["account"]) == 0 {
		return a.showAttempt(w, r, attempted{ID: id, Failed: &connectFault{Field: "account", Sentence: T(r.Context(), "connect.choose_one")}})
	}
	return a.connectChosen(w, r, id, r.PostForm["account"])
}

func (a *App) connectChosen(w http.ResponseWriter, r *http.Request, id int64, accounts []string) error {
	connected, err := a.Connector.Choose(r.Context(), a.Guard.Owner(r.Context()), id, accounts, a.noteConnected(r.Context()))
	for _, c := range connected {
		if err := a.Connector.Welcome(r.Context(), a.Doctor, c); err != nil {
			return err
		}
	}
	if err != nil {
		fault := tellConnect(r.Context(), err, nil)
		if fault == nil {
			return err
		}
		return a.showAttempt(w, r, attempted{ID: id, Chosen: accounts, Failed: fault})
	}
	if len(connected) > 1 {
		goTo(w, r, "/connections")
		return nil
	}
	goTo(w, r, connectionPath(connected[0].ID)+"?done=connected")
	return nil
}

// picked tells whether an account's box is ticked.
func (v attempted) picked(nativeID string) bool { return slices.Contains(v.Chosen, nativeID) }

// missing says that nothing was ticked, where that is so.
func (v attempted) missing() string {
	if v.Failed == nil || v.Failed.Field != "account" {
		return ""
	}
	return v.Failed.Sentence
}
