package api_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/server/access/accesstest"
)

var update = flag.Bool("update", false, "write testdata/permissions.txt anew")

// The table is for people: whoever changes who may do what sees it here, in one line a route.
func TestPermissions(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		policy, err := access.ParsePolicy(access.PolicyText)
		if err != nil {
			t.Fatal(err)
		}
		got := accesstest.Table(policy, s.guard.Routes())
		const file = "testdata/permissions.txt"
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("who may ask for what has changed; look at it and run the test with -update:\n%s", got)
		}
	})
}

func TestEachLineOfThePolicyCounts(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		mounted := s.guard.Routes()
		accesstest.EachLineCounts(t, mounted, func(line string) bool {
			kind, rest, _ := strings.Cut(line, ", ")
			return kind == "p" && !slices.ContainsFunc(mounted, func(r access.Route) bool { return strings.HasSuffix(rest, ", "+r.Object+", "+r.Action) })
		})
	})
}

// bodies are what operations that need one are sent.
var bodies = map[string]string{
	"/answers": `{"text":"Dạ 7h tới 22h ạ"}`, "/draft": `{"text":"Dạ"}`, "/escalate": `{"reason":"cần xem đơn"}`, "/return": `{"reason":"chào khách trước nhé"}`,
	"/posted": `{}`, "/give-up": `{"reason":"không có tài khoản"}`, "/stop": `{}`, "/resume": `{}`,
	"/correct": `{"text":"Dạ 7h30 tới 22h ạ"}`, "/delete": `{"why":"wrong"}`, "/hide": `{"reason":"nặng lời"}`,
}

// Every route as every role, with an id of their own brand and one of another's.
func TestMatrix(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		// The rival's first case has the rival's first answer, so that 1 is foreign whatever it names.
		foreign := s.post("rival", "tuan", "quán mở cửa mấy giờ ạ?")
		s.want(200, "rival", "PUT", "/api/v1/cases/"+foreign+"/draft", `{"text":"Dạ"}`)
		routes := s.guard.Routes()
		as := map[access.Role]string{
			access.SignedIn: "out", community.Advocate: "lan", community.Moderator: "minh", community.Expert: "mai", community.Admin: "admin",
		}
		// Each question is about a case of its own with an answer of its own.
		own := func(r access.Route) string {
			id := s.post("saomai", fmt.Sprint("customer", s.posts), "quán mở cửa mấy giờ ạ?")
			if r.Action == "decide" { // nobody decides about their own
				s.want(200, "huy", "POST", "/api/v1/cases/"+id+"/claim", "")
				return s.want(201, "huy", "POST", "/api/v1/cases/"+id+"/answers", `{"text":"Dạ 7h tới 22h ạ"}`)["id"].(string)
			}
			if r.Object == "reply" {
				s.want(200, "lan", "POST", "/api/v1/cases/"+id+"/claim", "")
				a := s.want(201, "lan", "POST", "/api/v1/cases/"+id+"/answers", fmt.Sprintf(`{"text":"Dạ 7h tới 22h ạ, mời bạn %d"}`, s.posts))
				return s.byHand(a)
			}
			d := s.want(200, "lan", "PUT", "/api/v1/cases/"+id+"/draft", `{"text":"Dạ"}`)
			if strings.HasPrefix(r.Pattern, "/api/v1/answers/") {
				return at(t, d, "answer", "id").(string)
			}
			return id
		}
		path := func(id func(access.Route) string) func(access.Route) string {
			param := regexp.MustCompile(`\{[^}]*\}`)
			return func(r access.Route) string {
				if !strings.Contains(r.Pattern, "{") {
					return r.Pattern
				}
				return param.ReplaceAllString(r.Pattern, id(r))
			}
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error { // who may review, too
			_, err := tx.NewUpdate().Model((*community.Member)(nil)).Set("trust = ?", community.Guide).Where("id = ?", s.people["lan"].ID).Exec(ctx)
			return err
		})
		m := accesstest.Matrix{
			Handler: s.site, Routes: routes, As: map[access.Role]func(*http.Request){},
			Own: path(own), Foreign: path(func(access.Route) string { return foreign }),
			Ask: func(route access.Route, path string) *http.Request {
				r := httptest.NewRequest(route.Method, path, nil)
				for end, body := range bodies {
					if route.Method != http.MethodGet && strings.HasSuffix(route.Pattern, end) {
						r = httptest.NewRequest(route.Method, path, strings.NewReader(body))
					}
				}
				return r
			},
		}
		for role, name := range as {
			m.As[role] = func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+s.people[name].token) }
		}
		m.Run(t)
		for _, r := range routes { // a brand named in the query is foreign too
			if strings.HasPrefix(r.Pattern, "/api/") {
				s.want(404, "lan", r.Method, m.Foreign(r)+"?brand=rival", "")
			}
		}
		var c community.Case
		if err := s.db.Read().NewSelect().Model(&c).Where("c.id = ?", foreign).Scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c.State != community.Claimed || c.HolderID != s.people["rival"].ID {
			t.Errorf("the rival's case was changed: %+v", c)
		}
	})
}

// byHand makes the reply to an answer one that its author posts by hand, and gives its id.
func (s *shop) byHand(a object) (id string) {
	s.t.Helper()
	answer := a["id"].(string)
	if a["state"] == "submitted" { // one of those that are read now and then
		s.want(200, "minh", "POST", "/api/v1/answers/"+answer+"/approve", "")
	}
	s.do(func(ctx context.Context, tx listeners.Tx) error {
		return tx.NewRaw("UPDATE replies SET mode = 'assisted', state = 'by_hand' WHERE answer_id = ? RETURNING id", answer).Scan(ctx, &id)
	})
	return id
}
