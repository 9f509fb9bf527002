package access_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

func TestRolesIncludeEachOther(t *testing.T) {
	p, err := access.ParsePolicy(access.PolicyText)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		object, action string
		least          access.Role
	}{
		{"sign-in", "use", access.Public},
		{"me", "read", access.SignedIn},
		{"case", "claim", community.Advocate},
		{"answer", "decide", community.Advocate},
		{"case", "close", community.Moderator},
	} {
		may := false
		for _, role := range access.Roles { // from the least to the most
			may = may || role == c.least
			if got := p.May(role, c.object, c.action); got != may {
				t.Errorf("%s may %s %s: %v, want %v", role, c.action, c.object, got, may)
			}
		}
		if p.May("owner", c.object, c.action) || p.May("", c.object, c.action) {
			t.Errorf("a role that does not exist may %s %s", c.action, c.object)
		}
	}
	if p.May(community.Admin, "case", "burn") {
		t.Error("an admin may what nobody thought of")
	}
}

func TestPolicyIsRead(t *testing.T) {
	for name, bad := range map[string]string{
		"an unknown role": "p, owner, case, read", "a short line": "p, advocate, case", "a line of another kind": "q, advocate, case, read", "a line twice": "p, advocate, case, read\np, advocate, case, read", "a misspelt role": "p, advocates, case, read",
	} {
		if _, err := access.ParsePolicy(bad); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestRouteWithoutPolicyIsNotMounted(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		err := h.guard.Mount(chi.NewRouter(), access.Route{Method: "GET", Pattern: "/secret", Object: "secret", Action: "read", Handler: http.NotFoundHandler()})
		if err == nil || !strings.Contains(err.Error(), "GET /secret") {
			t.Errorf("mounted: %v", err)
		}
		for _, r := range h.guard.Routes() {
			if r.Pattern == "/secret" {
				t.Error("listed as mounted")
			}
		}
	})
}

func TestErrorsAreTold(t *testing.T) {
	for err, want := range map[error]access.Failure{
		fmt.Errorf("find case 7: %w", sql.ErrNoRows):                {Status: 404},
		fmt.Errorf("claim: %w", community.ErrTaken):                 {Status: 409, Sentence: community.ErrTaken.Error()},
		community.ErrNotByAPI:                                       {Status: 409, Sentence: community.ErrNotByAPI.Error()},
		listeners.ErrTooLate:                                        {Status: 409, Sentence: listeners.ErrTooLate.Error()},
		community.ErrOwnAnswer:                                      {Status: 403, Sentence: community.ErrOwnAnswer.Error()},
		community.ErrUnknownBrand:                                   {Status: 404, Sentence: community.ErrUnknownBrand.Error()},
		access.ErrLink:                                              {Status: 410, Sentence: access.ErrLink.Error()},
		&community.Invalid{Field: "text", Sentence: "write"}:        {Status: 422, Field: "text", Sentence: "write"},
		fmt.Errorf("wait for it: %w", context.DeadlineExceeded):     {Status: 503},
		errors.New("pq: password authentication failed for canary"): {Status: 500},
	} {
		got := access.Explain(err)
		if got.Status != want.Status || got.Field != want.Field || want.Sentence != "" && got.Sentence != want.Sentence {
			t.Errorf("%v is told as %+v, want %+v", err, got, want)
		}
		if strings.Contains(got.Sentence, "case 7") || strings.Contains(got.Sentence, "canary") || got.Sentence == "" {
			t.Errorf("%v is told as %q", err, got.Sentence)
		}
	}
}

func TestOurFaultIsLoggedOnceAndToldByItsRequest(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		var f access.Failure
		h.site.Get("/broken", func(_ http.ResponseWriter, r *http.Request) { f = h.guard.Tell(r.Context(), errors.New("canary")) })
		h.ask("GET", "/broken", nil)
		if f.Request == "" || strings.Contains(f.Sentence, "canary") {
			t.Errorf("told as %+v", f)
		}
		if n := strings.Count(h.log.String(), "canary"); n != 1 || !strings.Contains(h.log.String(), f.Request) {
			t.Errorf("logged %d times with %q: %s", n, f.Request, h.log)
		}
	})
}

func TestButtonsFollowThePolicy(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		var may [3]bool
		look := func(with func(*http.Request)) {
			r, err := http.NewRequest("GET", "/", nil)
			if err != nil {
				t.Fatal(err)
			}
			with(r)
			h.guard.ByCookie(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				may = [3]bool{h.guard.May(r.Context(), "sign-in", "use"), h.guard.May(r.Context(), "case", "claim"), h.guard.May(r.Context(), "settings", "read")}
			})).ServeHTTP(discard{}, r)
		}
		look(func(*http.Request) {})
		if may != [3]bool{true, false, false} {
			t.Errorf("nobody may %v", may)
		}
		look(h.cookie())
		if may != [3]bool{true, true, false} {
			t.Errorf("an advocate may %v", may)
		}
	})
}
