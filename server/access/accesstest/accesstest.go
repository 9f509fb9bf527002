// Package accesstest checks routes against the policy: each route asked for by each role, with ids of
// their own brand's things and of another's.
package accesstest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/kith-social/kith/server/access"
)

// Table says for people who may ask for which route: a line a route, a column a role.
func Table(p access.Policy, routes []access.Route) string {
	var t strings.Builder
	fmt.Fprintf(&t, "%-6s %-34s %-20s", "", "route", "object action")
	for _, role := range access.Roles {
		fmt.Fprintf(&t, " %-9s", role)
	}
	t.WriteByte('\n')
	for _, r := range sorted(routes) {
		fmt.Fprintf(&t, "%-6s %-34s %-20s", r.Method, r.Pattern, r.Object+" "+r.Action)
		for _, role := range access.Roles {
			answer := "-"
			if p.May(role, r.Object, r.Action) {
				answer = "yes"
			}
			fmt.Fprintf(&t, " %-9s", answer)
		}
		t.WriteByte('\n')
	}
	lines := strings.Split(t.String(), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.Join(lines, "\n")
}

func sorted(routes []access.Route) []access.Route {
	return slices.SortedFunc(slices.Values(routes), func(a, b access.Route) int {
		return strings.Compare(a.Pattern+" "+a.Method, b.Pattern+" "+b.Method)
	})
}

// EachLineCounts takes each line of the policy away in turn and wants the table of routes to change,
// so that no line stands there for nothing and none can be lost unseen. spared are lines, trimmed,
// that are about routes mounted elsewhere.
func EachLineCounts(t *testing.T, routes []access.Route, spared func(line string) bool) {
	t.Helper()
	want := Table(parse(t, access.PolicyText), routes)
	lines := strings.Split(access.PolicyText, "\n")
	for i, line := range lines {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") || spared(line) {
			continue
		}
		without := strings.Join(slices.Delete(slices.Clone(lines), i, i+1), "\n")
		if Table(parse(t, without), routes) == want {
			t.Errorf("taking away the line %q changes nothing", line)
		}
	}
}

func parse(t *testing.T, text string) access.Policy {
	t.Helper()
	p, err := access.ParsePolicy(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Matrix asks for every route as every role.
type Matrix struct {
	Handler http.Handler
	Routes  []access.Route
	// As makes a request come from somebody in a role; Public needs none.
	As map[access.Role]func(*http.Request)
	// Own and Foreign give the path of a route with ids of things of the asker's brand and of another.
	Own, Foreign func(access.Route) string
	// Ask makes the request to a path, with a body that is fine.
	Ask func(access.Route, string) *http.Request
	// Leave skips routes whose handler does not return or asks for more than a role.
	Leave func(access.Route) bool
}

// Run asks and compares with the policy. Who is not allowed is refused, whatever the id. Who is
// allowed gets past the guard, and hears of another brand's things that there is nothing.
func (m Matrix) Run(t *testing.T) {
	p := parse(t, access.PolicyText)
	for _, route := range sorted(m.Routes) {
		for _, role := range access.Roles {
			t.Run(fmt.Sprintf("%s %s as %s", route.Method, route.Pattern, role), func(t *testing.T) {
				may := p.May(role, route.Object, route.Action)
				if may && m.Leave != nil && m.Leave(route) {
					return
				}
				if got := m.status(route, role, m.Foreign(route)); !may && !refused(role, got) {
					t.Errorf("not allowed, but a foreign id gave %d", got)
				} else if may && strings.Contains(route.Pattern, "{") && got != http.StatusNotFound {
					t.Errorf("a foreign id gave %d, want 404", got)
				}
				if got := m.status(route, role, m.Own(route)); !may && !refused(role, got) {
					t.Errorf("not allowed, but an own id gave %d", got)
				} else if may && (refused(role, got) || got == http.StatusNotFound || got >= http.StatusInternalServerError) {
					t.Errorf("allowed, but an own id gave %d", got)
				}
			})
		}
	}
}

// refused tells what the guard answers: nobody is sent to sign in, somebody is refused.
func refused(role access.Role, status int) bool {
	if role == access.Public {
		return status == http.StatusUnauthorized || status == http.StatusSeeOther
	}
	return status == http.StatusForbidden
}

func (m Matrix) status(route access.Route, role access.Role, path string) int {
	r := m.Ask(route, path)
	if as := m.As[role]; as != nil {
		as(r)
	}
	w := httptest.NewRecorder()
	m.Handler.ServeHTTP(w, r)
	return w.Code
}

// SignIn gives the cookie of a browser in which a person has signed in.
func SignIn(t testing.TB, g *access.Guard, personID int64) *http.Cookie {
	t.Helper()
	var secret string
	err := g.Transact(context.Background(), func(ctx context.Context, tx access.Tx) (err error) {
		secret, err = access.AddLink(ctx, tx, access.Link{PersonID: personID})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	g.ByCookie(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err = g.SignInByLink(r.Context(), secret)
	})).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil))
	cookies := w.Result().Cookies()
	if err != nil || len(cookies) != 1 {
		t.Fatalf("sign in person %d: %d cookies, %v", personID, len(cookies), err)
	}
	return cookies[0]
}
