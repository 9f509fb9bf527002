package server

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/server/access/accesstest"
)

// Every page as every role, with things of the own brand and of another's; operations of the API have
// the same test beside them.
func TestMatrixOfPages(t *testing.T) {
	app, handler, guard := site(t)
	own, rival := newFirm(t, app, "saomai"), newFirm(t, app, "rival")
	foreign := rival.things(t, rival.friend, true)
	foreign["network"], foreign["brand"], foreign["place"] = "nothing", "nobody", "99" // whoever is looking for people says so to everybody
	foreign["id"], foreign["case"] = rival.things(t, rival.friend, false)["id"], foreign["id"]
	var pages []access.Route
	for _, r := range guard.Routes() {
		if !strings.HasPrefix(r.Pattern, "/api/") {
			pages = append(pages, r)
		}
	}
	looked := map[string]map[string]string{} // what reading leaves as it is
	m := accesstest.Matrix{
		Handler: handler, Routes: pages, As: map[access.Role]func(*http.Request){},
		Own: func(r access.Route) string {
			author := own.friend
			if r.Pattern == "/answers/{answer}/take-back" || strings.HasPrefix(r.Pattern, "/replies/") {
				author = own.people[community.Advocate]
			}
			publish := strings.Contains(r.Pattern, "/replies/")
			if r.Method != http.MethodGet {
				clear(looked)
				return fill(r, own.things(t, author, publish))
			}
			key := fmt.Sprint(author.ID, publish)
			if looked[key] == nil {
				looked[key] = own.things(t, author, publish)
			}
			return fill(r, looked[key])
		},
		Foreign: func(r access.Route) string { return fill(r, foreign) },
		Ask: func(route access.Route, path string) *http.Request {
			form := url.Values{}
			for end, values := range forms {
				if strings.HasSuffix(route.Pattern, end) {
					form = values
				}
			}
			r := httptest.NewRequest(route.Method, path, strings.NewReader(form.Encode()))
			if route.Method != http.MethodGet {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			return r
		},
		// A stream does not end; signing in and out, preferences and one's own account are not about a
		// role; a file, a link and an attempt to connect that do not exist have answers of their own.
		// A badge is one member's, see TestABadgeIsGivenOutAsAnOpenBadge.
		Leave: func(r access.Route) bool {
			switch r.Object {
			case "stream", "sign-in", "session", "brand", "password", "token", "device", "asset", "home", "preferences":
				return true
			}
			return r.Object == "credential" && r.Action == "issue" || strings.Contains(r.Pattern, "{secret}") || strings.Contains(r.Pattern, "{attempt}") || r.Pattern == "/connections/callback"
		},
	}
	stranger := access.Person{Email: "stranger@example.com", Name: "Stranger", Language: "en"}
	err := app.Write(t.Context(), func(ctx context.Context, tx listeners.Tx) (err error) {
		if stranger, err = access.AddPerson(ctx, tx, stranger); err == nil {
			_, err = own.applies(ctx, tx, stranger.ID)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	persons := map[access.Role]int64{access.SignedIn: stranger.ID}
	for role, member := range own.people {
		persons[role] = member.PersonID
	}
	for role, person := range persons {
		cookie := accesstest.SignIn(t, guard, person)
		m.As[role] = func(r *http.Request) { r.AddCookie(cookie) }
	}
	m.Run(t)
}
