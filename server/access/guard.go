package access

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/go-chi/chi/v5"

	"github.com/kith-social/kith/community"
)

// Route is one thing that can be asked for, with what the policy must allow.
type Route struct {
	Method  string
	Pattern string // chi's, from the root
	Object  string
	Action  string
	Handler http.Handler
}

// Mount adds routes to a router behind ByCookie or ByToken. It fails at one whose object and action
// no line of the policy mentions, so that a forgotten line shows at the start.
func (g *Guard) Mount(r chi.Router, routes ...Route) error {
	for _, route := range routes {
		if !g.policy.Mentions(route.Object, route.Action) {
			return fmt.Errorf("mount %s %s: no line of the policy is about %s %s", route.Method, route.Pattern, route.Object, route.Action)
		}
		r.Method(route.Method, route.Pattern, g.fence(route))
		g.routes = append(g.routes, route)
	}
	return nil
}

// Routes lists what was mounted.
func (g *Guard) Routes() []Route { return slices.Clone(g.routes) }

func (g *Guard) fence(route Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := g.decide(r.Context(), r.Method, route.Object, route.Action); err != nil {
			g.refuse(w, r, err)
			return
		}
		route.Handler.ServeHTTP(w, r)
	})
}

// decide is the one place where a request is let through or not.
func (g *Guard) decide(ctx context.Context, method, object, action string) error {
	id := From(ctx)
	if !g.policy.May(id.role(), object, action) {
		if id == nil {
			return ErrSignedOut
		}
		return community.ErrNotAllowed
	}
	if id == nil || !id.Token {
		return nil
	}
	needs := Write
	if method == http.MethodGet || method == http.MethodHead {
		needs = Read
	}
	if !slices.Contains(id.Scopes, needs) {
		return ErrScope
	}
	return nil
}

// May tells whether who asks may do something, for buttons that lead there.
func (g *Guard) May(ctx context.Context, object, action string) bool {
	return g.policy.May(From(ctx).role(), object, action)
}

func (id *Identity) role() Role {
	switch {
	case id == nil:
		return Public
	case id.Member == nil:
		return SignedIn
	}
	return id.Member.Role
}

// refuse answers with an error: a program gets a problem, a browser that is signed out the way to
// sign in, another one a page.
func (g *Guard) refuse(w http.ResponseWriter, r *http.Request, err error) {
	f := g.Tell(r.Context(), err)
	switch {
	case known(r.Context()).program:
		WriteProblem(w, f)
	case errors.Is(err, ErrSignedOut) && r.Header.Get("HX-Request") != "":
		w.Header().Set("HX-Redirect", signInPath(r))
		w.WriteHeader(f.Status)
	case errors.Is(err, ErrSignedOut) && r.Header.Get("Accept") != "text/event-stream":
		http.Redirect(w, r, signInPath(r), http.StatusSeeOther)
	case g.Refuse != nil:
		g.Refuse(w, r, f)
	default:
		http.Error(w, f.Sentence, f.Status)
	}
}

// signInPath leads to the sign-in page and back to where the browser wanted to go.
func signInPath(r *http.Request) string {
	next := r.URL.RequestURI()
	if r.Method != http.MethodGet || r.Header.Get("HX-Request") != "" {
		next = "/"
		if u, err := url.Parse(r.Referer()); err == nil && u.Host == r.Host {
			next = u.RequestURI()
		}
	}
	return "/sign-in?next=" + url.QueryEscape(Next(next))
}
