package access_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/server/access/accesstest"
)

func TestSignInByPassword(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		try := func(email, password string) *http.Response {
			return h.ask("POST", "/sign-in", url.Values{"email": {email}, "password": {password}})
		}
		h.want(try("lan@example.com", password), http.StatusUnauthorized, access.ErrCredentials.Error()) // none is set
		h.want(try("lan@example.com", ""), http.StatusUnauthorized, access.ErrCredentials.Error())
		if err := h.guard.SetPassword(t.Context(), h.lan.ID, password); err != nil {
			t.Fatal(err)
		}
		h.want(try("lan@example.com", password+"!"), http.StatusUnauthorized, access.ErrCredentials.Error())
		h.want(try("nobody@example.com", password), http.StatusUnauthorized, access.ErrCredentials.Error())
		h.want(try("not an address", password), http.StatusUnauthorized, access.ErrCredentials.Error())
		// The same letters in another normal form, as another keyboard types them.
		r := try(" LAN@example.com", "mo\u0323\u0302t hai ba bo\u0302\u0301n n\u0103m")
		h.want(r, http.StatusOK, "")
		c := r.Cookies()[0]
		if c.Name != "__Host-kith" || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("cookie %+v", c)
		}
		h.want(h.ask("GET", "/feed", nil, cookie(c)), http.StatusOK, "here advocate")
		var stored []string
		if err := h.db.Read().NewSelect().Table("sessions").Column("token").Scan(t.Context(), &stored); err != nil {
			t.Fatal(err)
		}
		if len(stored) != 1 || strings.Contains(stored[0], c.Value) {
			t.Errorf("stored tokens %v, want one that is not the cookie's", stored)
		}
		if strings.Contains(h.log.String(), password) {
			t.Error("the password is in the log")
		}
	})
}

func TestPasswordHasToBeGood(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for name, bad := range map[string]string{"short": "mười một chữ"[:11], "long": strings.Repeat("a", 257), "not text": "abcdefghijkl\xff"} {
			if err := h.guard.SetPassword(t.Context(), h.lan.ID, bad); err == nil {
				t.Errorf("%s: accepted", name)
			}
		}
	})
}

// What ended a session must show at the very next request, and in what listens for long.
func TestSessionsEndAtOnce(t *testing.T) {
	for name, end := range map[string]func(*house, func(*http.Request)){
		"sign out everywhere": func(h *house, _ func(*http.Request)) {
			h.do(func(ctx context.Context, tx access.Tx) error { return access.SignOutEverywhere(ctx, tx, h.lan.ID) })
		},
		"new password": func(h *house, _ func(*http.Request)) {
			if err := h.guard.SetPassword(h.t.Context(), h.lan.ID, password); err != nil {
				h.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, h *house) {
				browser, phone := h.cookie(), h.cookie()
				h.want(h.ask("GET", "/feed", nil, browser), http.StatusOK, "here advocate")
				listening := h.identity(phone)
				if err := h.guard.Still(t.Context(), listening); err != nil {
					t.Fatal(err)
				}
				shown, _ := h.token(access.Read)
				end(h, browser)
				h.want(h.ask("GET", "/feed", nil, browser), http.StatusSeeOther, "")
				h.want(h.ask("GET", "/feed", nil, phone), http.StatusSeeOther, "")
				if err := h.guard.Still(t.Context(), listening); err != access.ErrSignedOut {
					t.Errorf("what listens goes on: %v", err)
				}
				h.want(h.ask("GET", "/api/cases", nil, bearer(shown)), http.StatusOK, "") // programs stay
			})
		})
	}
}

// identity is who the site takes a browser for.
func (h *house) identity(with func(*http.Request)) *access.Identity {
	h.t.Helper()
	var id *access.Identity
	r, err := http.NewRequest("GET", "/", nil)
	if err != nil {
		h.t.Fatal(err)
	}
	with(r)
	h.guard.ByCookie(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { id = access.From(r.Context()) })).ServeHTTP(discard{}, r)
	return id
}

type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

func TestSuspendedMemberIsOutAtOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		browser := h.cookie()
		shown, _ := h.token(access.Read)
		listening := h.identity(browser)
		h.want(h.ask("GET", "/feed", nil, browser), http.StatusOK, "here advocate")
		h.do(func(ctx context.Context, tx access.Tx) error {
			_, err := tx.NewRaw("UPDATE members SET state = ? WHERE id = ?", community.Suspended, h.here.ID).Exec(ctx)
			return err
		})
		h.want(h.ask("GET", "/feed", nil, browser), http.StatusOK, "there admin") // another brand is not touched
		h.want(h.ask("GET", "/api/cases?brand=here", nil, bearer(shown)), http.StatusNotFound, "no brand")
		if err := h.guard.Still(t.Context(), listening); err != access.ErrSignedOut {
			t.Errorf("what listens goes on: %v", err)
		}
		h.do(func(ctx context.Context, tx access.Tx) error {
			_, err := tx.NewRaw("UPDATE members SET state = ?", community.Suspended).Exec(ctx)
			return err
		})
		h.want(h.ask("GET", "/feed", nil, browser), http.StatusForbidden, "")
		h.want(h.ask("GET", "/api/cases", nil, bearer(shown)), http.StatusForbidden, "")
	})
}

func TestChangedRoleEndsWhatListens(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		listening := h.identity(h.cookie())
		h.do(func(ctx context.Context, tx access.Tx) error {
			_, err := tx.NewRaw("UPDATE members SET role = ? WHERE id = ?", community.Moderator, h.here.ID).Exec(ctx)
			return err
		})
		if err := h.guard.Still(t.Context(), listening); err != access.ErrSignedOut {
			t.Errorf("what listens goes on with its old role: %v", err)
		}
	})
}

func TestSessionsGrowOld(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		browser := h.cookie()
		for range 4 { // used once in six days it lives on, for 24 days
			h.clock.Advance(6 * 24 * time.Hour)
			h.want(h.ask("GET", "/feed", nil, browser), http.StatusOK, "here")
		}
		h.clock.Advance(6 * 24 * time.Hour) // a month after the sign-in
		h.want(h.ask("GET", "/feed", nil, browser), http.StatusSeeOther, "")
		browser = h.cookie()
		h.clock.Advance(7 * 24 * time.Hour)
		h.want(h.ask("GET", "/feed", nil, browser), http.StatusSeeOther, "")
		h.clock.Advance(30 * 24 * time.Hour)
		h.do(access.Tidy)
		n, err := h.db.Read().NewSelect().TableExpr("(SELECT token FROM sessions UNION ALL SELECT hash FROM sign_in_links) AS old").Count(t.Context())
		if err != nil || n != 0 {
			t.Errorf("%d rows are left after tidying, %v", n, err)
		}
	})
}

func TestSignOut(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		browser, phone := h.cookie(), h.cookie()
		h.want(h.ask("POST", "/sign-out", nil, browser), http.StatusOK, "")
		h.want(h.ask("GET", "/feed", nil, browser), http.StatusSeeOther, "")
		h.want(h.ask("GET", "/feed", nil, phone), http.StatusOK, "here")
	})
}

func TestBrandIsChosen(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := accesstest.SignIn(t, h.guard, h.lan.ID)
		h.want(h.ask("GET", "/people", nil, cookie(c)), http.StatusForbidden, community.ErrNotAllowed.Error())
		h.want(h.ask("POST", "/brand", url.Values{"brand": {"elsewhere"}}, cookie(c)), http.StatusNotFound, "")
		r := h.ask("POST", "/brand", url.Values{"brand": {"there"}}, cookie(c))
		h.want(r, http.StatusOK, "")
		h.want(h.ask("GET", "/people", nil, cookie(r.Cookies()[0])), http.StatusOK, "there admin")
		if r.Cookies()[0].Value == c.Value {
			t.Error("the session kept its token although the role changed")
		}
		h.want(h.ask("GET", "/feed", nil, cookie(c)), http.StatusSeeOther, "") // the old token is dead
		h.want(h.ask("GET", "/people?brand=there", nil, h.cookie()), http.StatusForbidden, "")
	})
}

func TestSignedOutBrowsersAreShownTheWay(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		r := h.ask("GET", "/feed?lane=staff&x=%2F%2Fevil", nil)
		h.want(r, http.StatusSeeOther, "")
		if got, want := r.Header.Get("Location"), "/sign-in?next="+url.QueryEscape("/feed?lane=staff&x=%2F%2Fevil"); got != want {
			t.Errorf("sent to %s, want %s", got, want)
		}
		r = h.ask("POST", "/cases/1/claim", nil, header("Referer", "https://kith.example/cases/1"))
		if got, want := r.Header.Get("Location"), "/sign-in?next=%2Fcases%2F1"; got != want {
			t.Errorf("sent to %s, want %s", got, want)
		}
		r = h.ask("POST", "/cases/1/claim", nil, header("Referer", "https://evil.example/cases/1"), header("HX-Request", "true"))
		h.want(r, http.StatusUnauthorized, "")
		if got := r.Header.Get("HX-Redirect"); got != "/sign-in?next=%2F" {
			t.Errorf("htmx is sent to %q", got)
		}
		h.want(h.ask("GET", "/feed", nil, header("Accept", "text/event-stream")), http.StatusUnauthorized, "")
	})
}
