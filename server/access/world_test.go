package access_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/server/access/accesstest"
	"github.com/kith-social/kith/server/db"
	"github.com/kith-social/kith/server/db/dbtest"
)

const password = "một hai ba bốn năm"

// house is a guard in front of a small site, with somebody who is an advocate of the brand here and
// an admin of the brand there.
type house struct {
	t     *testing.T
	db    *db.DB
	clock *clock.Manual
	log   *strings.Builder
	guard *access.Guard
	site  chi.Router
	lan   access.Person
	here  community.Member
	there community.Member
}

func each(t *testing.T, story func(*testing.T, *house)) {
	c := clock.NewManual(func() clock.Time { return clock.At(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)) })
	dbtest.Each(t, func(t *testing.T, d *db.DB) { story(t, build(t, d, c)) }, dbtest.Clock(c.Now))
}

func build(t *testing.T, d *db.DB, c *clock.Manual) *house {
	h := &house{t: t, db: d, clock: c, log: &strings.Builder{}, site: chi.NewRouter()}
	h.do(func(ctx context.Context, tx access.Tx) error {
		var err error
		if h.lan, err = access.AddPerson(ctx, tx, access.Person{Email: "Lan@Example.com ", Name: "Lan", Language: "vi"}); err != nil {
			return err
		}
		for _, b := range []struct {
			slug string
			role community.Role
			m    *community.Member
		}{{"here", community.Advocate, &h.here}, {"there", community.Admin, &h.there}} {
			brand, err := community.AddBrand(ctx, tx, community.Brand{Slug: b.slug, Name: b.slug, Language: "vi"}, nil)
			if err != nil {
				return err
			}
			*b.m, err = community.AddMember(ctx, tx, community.Member{BrandID: brand.ID, PersonID: h.lan.ID, Role: b.role, Trust: 3, PublicName: "Lan"})
			if err != nil {
				return err
			}
		}
		return nil
	})
	g, err := access.New(access.Config{
		Read: d.Read(), Transact: h.transact, Now: h.clock.Now, Log: slog.New(slog.NewTextHandler(h.log, nil)), PublicURL: "https://kith.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	h.guard = g
	h.site.Use(middleware.RequestID)
	pages := h.site.With(g.ByCookie)
	say := func(w http.ResponseWriter, r *http.Request) {
		if id := access.From(r.Context()); id != nil && id.Member != nil {
			_, _ = io.WriteString(w, id.Brand.Slug+" "+string(id.Member.Role))
		}
	}
	routes := []access.Route{
		{Method: "GET", Pattern: "/feed", Object: "case", Action: "read", Handler: http.HandlerFunc(say)},
		{Method: "POST", Pattern: "/cases/{id}/claim", Object: "case", Action: "claim", Handler: http.HandlerFunc(say)},
		{Method: "GET", Pattern: "/people", Object: "member", Action: "read", Handler: http.HandlerFunc(say)},
		{Method: "POST", Pattern: "/brand", Object: "brand", Action: "choose", Handler: h.page(func(r *http.Request) error {
			return g.ChooseBrand(r.Context(), r.FormValue("brand"))
		})},
		{Method: "POST", Pattern: "/sign-out", Object: "session", Action: "end", Handler: h.page(func(r *http.Request) error { return g.SignOut(r.Context()) })},
	}
	if err := g.Mount(pages, routes...); err != nil {
		t.Fatal(err)
	}
	err = g.Mount(pages.With(g.LimitSignIn), access.Route{
		Method: "POST", Pattern: "/sign-in", Object: "sign-in", Action: "use", Handler: h.page(func(r *http.Request) error {
			_, err := g.SignIn(r.Context(), r.FormValue("email"), r.FormValue("password"))
			return err
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	err = g.Mount(h.site.With(g.ByToken),
		access.Route{Method: "GET", Pattern: "/api/cases", Object: "case", Action: "read", Handler: http.HandlerFunc(say)},
		access.Route{Method: "POST", Pattern: "/api/cases", Object: "case", Action: "claim", Handler: http.HandlerFunc(say)},
	)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) page(do func(*http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := do(r); err != nil {
			f := h.guard.Tell(r.Context(), err)
			http.Error(w, f.Sentence, f.Status)
		}
	})
}

func (h *house) transact(ctx context.Context, f func(context.Context, access.Tx) error) error {
	return h.db.Transact(ctx, db.Full, func(ctx context.Context, tx db.Tx) error { return f(ctx, tx) })
}

func (h *house) try(f func(context.Context, access.Tx) error) error {
	return h.transact(h.t.Context(), f)
}

func (h *house) do(f func(context.Context, access.Tx) error) {
	h.t.Helper()
	if err := h.try(f); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) link(l access.Link) string {
	h.t.Helper()
	l.PersonID = h.lan.ID
	var secret string
	h.do(func(ctx context.Context, tx access.Tx) (err error) {
		secret, err = access.AddLink(ctx, tx, l)
		return err
	})
	return secret
}

func (h *house) token(scopes ...access.Scope) (string, access.Token) {
	h.t.Helper()
	var shown string
	var stored access.Token
	h.do(func(ctx context.Context, tx access.Tx) (err error) {
		shown, stored, err = access.AddToken(ctx, tx, access.Token{
			PersonID: h.lan.ID, Name: "test", Scopes: scopes, ExpiresAt: tx.Now().Add(24 * time.Hour),
		})
		return err
	})
	return shown, stored
}

// ask sends a request with whatever with adds to it.
func (h *house) ask(method, path string, form url.Values, with ...func(*http.Request)) *http.Response {
	h.t.Helper()
	r := httptest.NewRequest(method, "https://kith.example"+path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, f := range with {
		f(r)
	}
	w := httptest.NewRecorder()
	h.site.ServeHTTP(w, r)
	return w.Result()
}

func (h *house) cookie() func(*http.Request) {
	return cookie(accesstest.SignIn(h.t, h.guard, h.lan.ID))
}

func cookie(c *http.Cookie) func(*http.Request) { return func(r *http.Request) { r.AddCookie(c) } }

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func bearer(token string) func(*http.Request) { return header("Authorization", "Bearer "+token) }

func (h *house) want(r *http.Response, status int, body string) {
	h.t.Helper()
	got, err := io.ReadAll(r.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	if r.StatusCode != status || !strings.Contains(string(got), body) {
		h.t.Fatalf("got %d %q, want %d with %q", r.StatusCode, got, status, body)
	}
}
