package web

import (
	"context"
	"errors"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// home leads to where one works, or to the way in.
func (a *App) home(w http.ResponseWriter, r *http.Request) error {
	switch id := access.From(r.Context()); {
	case id == nil:
		goTo(w, r, "/sign-in")
	case id.Member == nil:
		goTo(w, r, "/application")
	default:
		goTo(w, r, "/feed")
	}
	return nil
}

// signingIn is what the sign-in page shows again after an attempt that failed.
type signingIn struct {
	Email string
	Next  string // where to go afterwards
	Error string
}

func (a *App) signInForm(w http.ResponseWriter, r *http.Request) error {
	next := access.Next(r.URL.Query().Get("next"))
	if access.From(r.Context()) != nil {
		goTo(w, r, next)
		return nil
	}
	return render(w, r, http.StatusOK, signInPage(signingIn{Next: next}))
}

func (a *App) signIn(w http.ResponseWriter, r *http.Request) error {
	form := signingIn{Email: r.PostFormValue("email"), Next: access.Next(r.PostFormValue("next"))}
	_, err := a.Guard.SignIn(r.Context(), form.Email, r.PostFormValue("password"))
	if errors.Is(err, access.ErrCredentials) {
		form.Error = Sentence(r.Context(), err.Error())
		return render(w, r, http.StatusUnauthorized, signInPage(form))
	}
	if err != nil {
		return err
	}
	goTo(w, r, form.Next)
	return nil
}

// linkForm asks before a link signs in, because programs that scan mail open links too.
func (a *App) linkForm(w http.ResponseWriter, r *http.Request) error {
	p, err := a.Guard.LookAtLink(r.Context(), chi.URLParam(r, "secret"))
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, linkPage(p))
}

func (a *App) signInByLink(w http.ResponseWriter, r *http.Request) error {
	if _, err := a.Guard.SignInByLink(r.Context(), chi.URLParam(r, "secret")); err != nil {
		return err
	}
	goTo(w, r, "/")
	return nil
}

func (a *App) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := a.silence(r); err != nil {
		return err
	}
	if err := a.Guard.SignOut(r.Context()); err != nil {
		return err
	}
	goTo(w, r, "/sign-in")
	return nil
}

func (a *App) signOutEverywhere(w http.ResponseWriter, r *http.Request) error {
	err := a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return access.SignOutEverywhere(ctx, tx, access.From(ctx).Person.ID)
	})
	if err != nil {
		return err
	}
	return a.signOut(w, r)
}
