package access_test

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/server/access/accesstest"
)

func TestTokens(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		both, stored := h.token(access.Read, access.Write)
		reading, _ := h.token(access.Read)
		writing, _ := h.token(access.Write)
		no := access.ErrToken.Error()
		for name, c := range map[string]struct {
			method, path, token string
			status              int
			body                string
		}{
			"reads":                      {"GET", "/api/cases", both, 200, "here advocate"},
			"writes":                     {"POST", "/api/cases", both, 200, "here advocate"},
			"reads for another brand":    {"GET", "/api/cases?brand=there", both, 200, "there admin"},
			"for a brand of others":      {"GET", "/api/cases?brand=elsewhere", both, 404, "no brand"},
			"writes with one to read":    {"POST", "/api/cases", reading, 403, access.ErrScope.Error()},
			"reads with one to write":    {"GET", "/api/cases", writing, 403, access.ErrScope.Error()},
			"none":                       {"GET", "/api/cases", "", 401, no},
			"garbage":                    {"GET", "/api/cases", "kith_garbage", 401, no},
			"the hash":                   {"GET", "/api/cases", "kith_" + stored.Hash, 401, no},
			"upper case":                 {"GET", "/api/cases", strings.ToUpper(both), 401, no},
			"without its mark":           {"GET", "/api/cases", strings.TrimPrefix(both, "kith_"), 401, no},
			"two":                        {"GET", "/api/cases", both + " " + both, 401, no},
			"a link's secret as a token": {"GET", "/api/cases", "kith_" + h.link(access.Link{}), 401, no},
		} {
			t.Run(name, func(t *testing.T) {
				r := h.ask(c.method, c.path, nil, bearer(c.token))
				if c.status >= 400 && r.Header.Get("Content-Type") != "application/problem+json" {
					t.Errorf("told as %s", r.Header.Get("Content-Type"))
				}
				h.want(r, c.status, c.body)
			})
		}
		r := h.ask("GET", "/api/cases", nil)
		if r.Header.Get("WWW-Authenticate") == "" {
			t.Error("nobody is told how to sign in")
		}
		h.want(r, http.StatusUnauthorized, access.ErrSignedOut.Error())
		h.want(h.ask("GET", "/api/cases", nil, header("Authorization", "Basic "+both)), http.StatusUnauthorized, no)
		h.want(h.ask("GET", "/api/cases", nil, header("Authorization", "bearer "+both), header("Kith-Brand", "there")), http.StatusOK, "there")
		h.want(h.ask("GET", "/api/cases", nil, cookie(accesstest.SignIn(t, h.guard, h.lan.ID))), http.StatusUnauthorized, "") // cookies mean nothing
		h.want(h.ask("GET", "/feed", nil, bearer(both)), http.StatusSeeOther, "")                                             // nor tokens to pages
	})
}

func TestTokensEnd(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		first, stored := h.token(access.Read)
		second, _ := h.token(access.Read)
		works := func(token string, status int) {
			t.Helper()
			h.want(h.ask("GET", "/api/cases", nil, bearer(token)), status, "")
		}
		works(first, 200)
		err := h.try(func(ctx context.Context, tx access.Tx) error {
			return access.RevokeToken(ctx, tx, h.lan.ID+1, stored.ID)
		})
		if !errors.Is(err, sql.ErrNoRows) {
			t.Errorf("somebody else revoked it: %v", err)
		}
		works(first, 200)
		h.do(func(ctx context.Context, tx access.Tx) error { return access.RevokeToken(ctx, tx, h.lan.ID, stored.ID) })
		works(first, 401)
		works(second, 200)
		if left, err := access.Tokens(t.Context(), h.db.Read(), h.lan.ID); err != nil || len(left) != 1 {
			t.Errorf("%d tokens listed, %v; want 1", len(left), err)
		}
		h.do(func(ctx context.Context, tx access.Tx) error { return access.RevokeTokens(ctx, tx, h.lan.ID) })
		works(second, 401)
		third, _ := h.token(access.Read)
		h.clock.Advance(24 * time.Hour)
		works(third, 401)
	})
}

func TestTokenUseIsNotedToTheMinute(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		shown, stored := h.token(access.Read)
		used := func() access.Token {
			t.Helper()
			h.want(h.ask("GET", "/api/cases", nil, bearer(shown)), 200, "")
			all, err := access.Tokens(t.Context(), h.db.Read(), h.lan.ID)
			if err != nil || len(all) != 1 || all[0].ID != stored.ID {
				t.Fatalf("tokens %v, %v", all, err)
			}
			return all[0]
		}
		first := h.clock.Now()
		if got := used().UsedAt; got != first {
			t.Errorf("used at %v, want %v", got, first)
		}
		h.clock.Advance(30 * time.Second)
		if got := used().UsedAt; got != first {
			t.Errorf("used again within the minute at %v, want %v", got, first)
		}
		h.clock.Advance(30 * time.Second)
		if got := used().UsedAt; got != h.clock.Now() {
			t.Errorf("used a minute later at %v, want %v", got, h.clock.Now())
		}
	})
}

func TestAdministratorsTokens(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		shown, _ := h.token(access.Read)
		with := func(token string) *http.Request {
			r, err := http.NewRequest("GET", "/metrics?brand=here", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+token)
			return r
		}
		if !h.guard.AdminToken(with(shown)) {
			t.Error("an admin's token is refused")
		}
		if h.guard.AdminToken(with("kith_")) {
			t.Error("no token is taken for an admin's")
		}
		h.do(func(ctx context.Context, tx access.Tx) error {
			_, err := tx.NewRaw("UPDATE members SET role = ? WHERE id = ?", community.Moderator, h.there.ID).Exec(ctx)
			return err
		})
		if h.guard.AdminToken(with(shown)) {
			t.Error("a moderator's token is taken for an admin's")
		}
	})
}

func TestTokensMustSayWhatTheyAreFor(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for name, bad := range map[string]access.Token{
			"no name": {Scopes: []access.Scope{access.Read}}, "a long name": {Name: strings.Repeat("a", 101), Scopes: []access.Scope{access.Read}},
			"no scope": {Name: "a"}, "an unknown scope": {Name: "a", Scopes: []access.Scope{access.Read, "admin"}},
		} {
			bad.PersonID = h.lan.ID
			err := h.try(func(ctx context.Context, tx access.Tx) error {
				_, _, err := access.AddToken(ctx, tx, bad)
				return err
			})
			if invalid := (*community.Invalid)(nil); !errors.As(err, &invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
