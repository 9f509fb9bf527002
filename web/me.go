package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// aboutMe is what the page about oneself shows.
type aboutMe struct {
	*access.Identity
	Topics   []string // that the member knows, by name
	Tokens   []access.Token
	Shown    string          // the token just made, the only time it can be read
	Failed   *access.Failure // of the form that was sent, nil for none
	Changed  bool            // the password was changed just now
	ZoneName string
	Week     time.Duration      // at which the member was here within seven days
	Devices  []community.Device // that may be woken
	PushKey  string             // by which push services know us
}

func (a *App) me(w http.ResponseWriter, r *http.Request) error {
	v, err := a.readMe(r.Context())
	if err != nil {
		return err
	}
	v.Changed = r.URL.Query().Get("changed") == "password"
	return render(w, r, http.StatusOK, mePage(v))
}

func (a *App) readMe(ctx context.Context) (aboutMe, error) {
	v := aboutMe{Identity: access.From(ctx), ZoneName: cmp.Or(view(ctx).Zone, time.UTC).String()}
	var err error
	if v.Devices, err = community.Devices(ctx, a.DB.Read(), v.Person.ID, v.Person.Epoch); err != nil {
		return v, err
	}
	v.PushKey = a.PushKey
	if v.Tokens, err = access.Tokens(ctx, a.DB.Read(), v.Person.ID); err != nil || v.Member == nil {
		return v, err
	}
	if v.Week, err = community.WeekOf(ctx, a.DB.Read(), v.Member.ID, view(ctx).Now); err != nil {
		return v, err
	}
	topics, err := community.Topics(ctx, a.DB.Read(), v.Brand.ID)
	for _, t := range topics {
		if slices.Contains(v.Member.Topics, t.ID) {
			v.Topics = append(v.Topics, t.Name)
		}
	}
	return v, err
}

// meAgain shows the page with what was wrong with a form; other errors are the caller's.
func (a *App) meAgain(w http.ResponseWriter, r *http.Request, err error) error {
	f := access.Explain(err)
	if f.Field == "" {
		return err
	}
	v, readErr := a.readMe(r.Context())
	if readErr != nil {
		return readErr
	}
	v.Failed = &f
	return render(w, r, f.Status, mePage(v))
}

// wrong is the sentence about a field of the form that was sent, "" where nothing is wrong with it.
func (v aboutMe) wrong(ctx context.Context, field string) string {
	if v.Failed == nil || v.Failed.Field != field {
		return ""
	}
	return Sentence(ctx, v.Failed.Sentence)
}

// changePassword sets a new password for who knows the old one, and keeps this browser signed in.
func (a *App) changePassword(w http.ResponseWriter, r *http.Request) error {
	ctx, p := r.Context(), access.From(r.Context()).Person
	if p.PasswordHash != "" {
		_, err := a.Guard.SignIn(ctx, p.Email, r.PostFormValue("old"))
		if errors.Is(err, access.ErrCredentials) {
			return a.meAgain(w, r, &community.Invalid{Field: "old", Sentence: "this is not your present password"})
		}
		if err != nil {
			return err
		}
	}
	password := r.PostFormValue("password")
	if err := a.Guard.SetPassword(ctx, p.ID, password); err != nil {
		return a.meAgain(w, r, err)
	}
	if _, err := a.Guard.SignIn(ctx, p.Email, password); err != nil {
		return err
	}
	goTo(w, r, "/me?changed=password")
	return nil
}

func (a *App) chooseBrand(w http.ResponseWriter, r *http.Request) error {
	if err := a.Guard.ChooseBrand(r.Context(), r.PostFormValue("brand")); err != nil {
		return err
	}
	goTo(w, r, "/")
	return nil
}

// addToken makes a token and shows it on the page that answers: it stands in no address and cannot be
// read again.
func (a *App) addToken(w http.ResponseWriter, r *http.Request) error {
	t := access.Token{PersonID: access.From(r.Context()).Person.ID, Name: r.PostFormValue("name"), Scopes: []access.Scope{access.Read}}
	if r.PostFormValue("write") != "" {
		t.Scopes = append(t.Scopes, access.Write)
	}
	var shown string
	err := a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) (err error) {
		shown, _, err = access.AddToken(ctx, tx, t)
		return err
	})
	if err != nil {
		return a.meAgain(w, r, err)
	}
	v, err := a.readMe(r.Context())
	if err != nil {
		return err
	}
	v.Shown = shown
	return render(w, r, http.StatusOK, mePage(v))
}

func (a *App) revokeToken(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "token")
	if err != nil {
		return err
	}
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return access.RevokeToken(ctx, tx, access.From(ctx).Person.ID, id)
	})
	if err != nil {
		return err
	}
	goTo(w, r, "/me#tokens")
	return nil
}
