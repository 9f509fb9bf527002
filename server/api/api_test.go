package api_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

func TestCase(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		id := s.post("saomai", "tuan", "@saomaicafe ship giao hàng tới quận 3 mất bao lâu ạ?")
		s.clock.Advance(time.Minute)
		c := s.want(200, "lan", "GET", "/api/v1/cases/"+id, "")
		for _, f := range []struct {
			path []any
			want any
		}{
			{[]any{"id"}, id},
			{[]any{"brand"}, "saomai"},
			{[]any{"network"}, "x"},
			{[]any{"lane"}, "community"},
			{[]any{"state"}, "open"},
			{[]any{"language"}, "vi"},
			{[]any{"topics", 0}, "Giao hàng"},
			{[]any{"mentions", 0, "native_id"}, "1001"},
			{[]any{"mentions", 0, "author"}, "tuan"},
			{[]any{"mentions", 0, "text"}, "@saomaicafe ship giao hàng tới quận 3 mất bao lâu ạ?"},
			{[]any{"mentions", 0, "url"}, "https://x.example/1001"},
			{[]any{"mentions", 0, "ours"}, false},
			{[]any{"claim"}, nil},
			{[]any{"answered_at"}, nil},
			{[]any{"delivery", "mode"}, "api"},
			{[]any{"delivery", "reason"}, "ok"},
		} {
			if got := at(t, c, f.path...); got != f.want {
				t.Errorf("%v is %v, want %v", f.path, got, f.want)
			}
		}
		if p := c["priority"].(float64); p <= 0 || p > 100 {
			t.Errorf("priority %v", p)
		}
		for _, when := range []any{c["due_at"], at(t, c, "mentions", 0, "created_at")} {
			if _, err := time.Parse(time.RFC3339, when.(string)); err != nil {
				t.Error(err)
			}
		}
		if l := at(t, c, "answers").([]any); len(l) != 0 {
			t.Errorf("answers %v", l)
		}
		s.want(404, "rival", "GET", "/api/v1/cases/"+id, "")
		s.want(404, "lan", "GET", "/api/v1/cases/999999", "")
		for _, odd := range []string{"0", "-1", "+" + id, "0" + id, "x", "9999999999999999999999", "%27%20OR%201=1"} {
			s.want(404, "lan", "GET", "/api/v1/cases/"+odd, "")
		}
	})
}

func TestList(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.post("rival", "tuan", "quán mở cửa mấy giờ ạ?")
		for i := range 5 {
			s.post("saomai", fmt.Sprint("customer", i), "quán mở cửa mấy giờ ạ?")
			s.clock.Advance(time.Minute)
		}
		ship := s.post("saomai", "tuan", "ship giao hàng tới quận 3 mất bao lâu ạ?")
		staff := s.post("saomai", "anh", "Tôi sẽ kiện các người ra tòa! Lừa đảo!!!")
		ids := func(page object) (ids []string) {
			for i := range page["items"].([]any) {
				ids = append(ids, at(t, page, "items", i, "id").(string))
			}
			return ids
		}
		seen, next := map[string]int{}, ""
		for pages := 0; ; pages++ {
			page := s.want(200, "lan", "GET", "/api/v1/cases?limit=2&cursor="+next, "")
			for _, id := range ids(page) {
				seen[id]++
			}
			if next = page["next"].(string); next == "" {
				if pages != 2 {
					t.Errorf("%d pages, want 3", pages+1)
				}
				break
			}
		}
		if len(seen) != 6 || seen[staff] != 0 {
			t.Errorf("paged through %v, want the 6 cases of the community lane once", seen)
		}
		for query, want := range map[string][]string{
			"topic=Giao+h%C3%A0ng": {ship}, "lane=staff": nil, "state=claimed": nil, "brand=saomai&topic=Giao%20h%C3%A0ng": {ship},
		} {
			if got := ids(s.want(200, "lan", "GET", "/api/v1/cases?"+query, "")); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s gave %v, want %v", query, got, want)
			}
		}
		if got := ids(s.want(200, "minh", "GET", "/api/v1/cases?lane=staff", "")); fmt.Sprint(got) != fmt.Sprint([]string{staff}) {
			t.Errorf("the staff lane has %v, want %s", got, staff)
		}
		s.want(200, "lan", "POST", "/api/v1/cases/"+ship+"/claim", "")
		if got := ids(s.want(200, "lan", "GET", "/api/v1/cases?state=claimed", "")); fmt.Sprint(got) != fmt.Sprint([]string{ship}) {
			t.Errorf("claimed are %v, want %s", got, ship)
		}
		for query, field := range map[string]string{
			"cursor=garbage": "cursor", "state=claimed&cursor=x": "cursor", "topic=xyz": "topic", "lane=none": "lane", "state=x": "state", "limit=0": "limit", "limit=101": "limit",
			"limit=x": "limit", "sort=id": "sort", "cursor=" + strings.Repeat("1", 65): "cursor", "topic=" + strings.Repeat("1", 101): "topic",
		} {
			if got := s.want(422, "lan", "GET", "/api/v1/cases?"+query, ""); got["field"] != field {
				t.Errorf("%s: %v, want the field %s", query, got, field)
			}
		}
		s.want(404, "lan", "GET", "/api/v1/cases?brand=rival", "")
		s.want(404, "lan", "GET", "/api/v1/cases?brand=elsewhere", "")
	})
}

func TestClaim(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		id := s.post("saomai", "tuan", "quán mở cửa mấy giờ ạ?")
		path := "/api/v1/cases/" + id + "/claim"
		c := s.want(200, "huy", "POST", path, "")
		until := at(t, c, "claim", "until").(string)
		if c["state"] != "claimed" || at(t, c, "claim", "member") != fmt.Sprint(s.people["huy"].ID) || at(t, c, "claim", "name") != "huy" {
			t.Errorf("claimed: %v", c["claim"])
		}
		s.clock.Advance(time.Minute)
		if c = s.want(200, "huy", "POST", path, ""); at(t, c, "claim", "until").(string) <= until {
			t.Error("claiming again renewed nothing")
		}
		s.want(409, "lan", "POST", path, "")
		s.want(409, "lan", "DELETE", path, "")
		s.want(404, "rival", "POST", path, "")
		s.want(404, "rival", "DELETE", path, "")
		s.want(403, "guest", "POST", path, "") // not vetted yet
		if c = s.want(200, "huy", "DELETE", path, ""); c["state"] != "open" || c["claim"] != nil {
			t.Errorf("handed back: %v", c)
		}
		s.want(200, "lan", "POST", path, "")
		s.clock.Advance(community.Lease)
		if c = s.want(200, "lan", "GET", "/api/v1/cases/"+id, ""); c["claim"] != nil {
			t.Errorf("a claim that ran out: %v", c["claim"])
		}
		s.want(200, "huy", "POST", path, "")
		s.want(409, "lan", "POST", "/api/v1/cases/"+id+"/answers", `{"text":"Dạ 7h ạ"}`) // the lease is lost
		staff := s.post("saomai", "anh", "Tôi sẽ kiện các người ra tòa! Lừa đảo!!!")
		s.want(404, "lan", "POST", "/api/v1/cases/"+staff+"/claim", "")
		s.want(200, "minh", "POST", "/api/v1/cases/"+staff+"/claim", "")
	})
}

func TestAnswer(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		id := s.post("saomai", "tuan", "quán mở cửa mấy giờ ạ?")
		path := "/api/v1/cases/" + id + "/answers"
		s.want(409, "lan", "POST", path, `{"text":"Dạ 7h ạ"}`) // without the claim
		s.want(404, "rival", "POST", path, `{"text":"Dạ 7h ạ"}`)
		s.want(200, "lan", "POST", "/api/v1/cases/"+id+"/claim", "")
		for body, field := range map[string]string{
			`{"text":""}`: "text", `{"text":"  "}`: "text", `{"text":"` + strings.Repeat("a", 281) + `"}`: "text", `{}`: "text", ``: "", `{"text":`: "body",
			`{"text":7}`: "text", `{"text":"a","state":"approved"}`: "state", `[]`: "body", `{"text":"` + strings.Repeat("a", 10001) + `"}`: "text",
			`{"text":"a\u0000b"}`: "text",
		} {
			if got := s.want(422, "lan", "POST", path, body); field != "" && got["field"] != field {
				t.Errorf("%.40s: %v, want the field %s", body, got, field)
			}
		}
		s.want(413, "lan", "POST", path, `{"text":"`+strings.Repeat("a", 70_000)+`"}`)
		a := s.want(201, "lan", "POST", path, `{"text":"Dạ 7h tới 22h ạ"}`)
		if a["case_id"] != id || a["state"] != "approved" || a["text"] != "Dạ 7h tới 22h ạ" || at(t, a, "reply", "state") != "waiting" {
			t.Errorf("a trusted advocate's answer: %v", a)
		}
		c := s.want(200, "lan", "GET", "/api/v1/cases/"+id, "")
		if c["state"] != "answered" || c["priority"] != float64(0) || at(t, c, "answers", 0, "id") != a["id"] || at(t, c, "answers", 0, "reply", "native_id") != "" {
			t.Errorf("the answered case: %v", c)
		}
		s.want(409, "lan", "POST", path, `{"text":"Dạ 7h ạ"}`)
		undo := "/api/v1/answers/" + a["id"].(string) + "/take-back"
		s.want(404, "rival", "POST", undo, "")
		s.want(403, "huy", "POST", undo, "")
		if got := s.want(200, "lan", "POST", undo, ""); got["state"] != "draft" {
			t.Errorf("taken back: %v", got)
		}
		s.want(409, "lan", "POST", undo, "")
		hand := s.hear("saomai", listeners.Post{
			NativeID: "77", ThreadKey: "77", Text: "quán mở cửa mấy giờ ạ?", Author: listeners.Author{NativeID: "tu", Handle: "tu", Name: "Tú"},
			Delivery: listeners.Delivery{Mode: listeners.Assisted, Why: "not_summoned"},
		})
		s.want(200, "lan", "POST", "/api/v1/cases/"+hand+"/claim", "")
		s.want(422, "lan", "POST", "/api/v1/cases/"+hand+"/answers", `{"text":"Dạ 7h ạ"}`) // under one's own name one says for whom
		byHand := s.want(201, "lan", "POST", "/api/v1/cases/"+hand+"/answers", `{"text":"Dạ 7h ạ (tình nguyện viên)"}`)
		if byHand["state"] == "submitted" { // one of those that are read now and then
			s.want(200, "minh", "POST", "/api/v1/answers/"+byHand["id"].(string)+"/approve", "")
		}
		todo := s.want(200, "lan", "GET", "/api/v1/replies/by-hand", "")
		if at(t, todo, "items", 0, "case_id") != hand || at(t, todo, "items", 0, "text") != "Dạ 7h ạ (tình nguyện viên)" {
			t.Errorf("to be posted by hand: %v", todo)
		}
		posted := "/api/v1/replies/" + at(t, todo, "items", 0, "id").(string)
		s.want(404, "huy", "POST", posted+"/posted", `{}`)
		s.want(422, "lan", "POST", posted+"/posted", `{"link":"javascript:alert(1)"}`)
		if got := s.want(200, "lan", "POST", posted+"/posted", `{}`); got["state"] != "sent" || got["evidence"] != "said" {
			t.Errorf("a word: %v", got)
		}
		s.want(409, "lan", "POST", posted+"/give-up", `{"reason":"x"}`)
		blocked := s.hear("saomai", listeners.Post{
			NativeID: "78", ThreadKey: "78", Text: "quán đóng cửa mấy giờ ạ?", Author: listeners.Author{NativeID: "tu", Handle: "tu", Name: "Tú"},
			Delivery: listeners.Delivery{Mode: listeners.Blocked, Why: "locked"},
		})
		s.want(200, "lan", "POST", "/api/v1/cases/"+blocked+"/claim", "")
		s.want(409, "lan", "POST", "/api/v1/cases/"+blocked+"/answers", `{"text":"Dạ 22h ạ"}`)
	})
}

func TestTakeBackTooLate(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		_, answer := s.answered()
		s.want(200, "minh", "POST", "/api/v1/answers/"+answer+"/approve", "")
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := tx.NewRaw("UPDATE replies SET state = ?", listeners.Sending).Exec(ctx)
			return err
		})
		if got := s.want(409, "huy", "POST", "/api/v1/answers/"+answer+"/take-back", ""); got["detail"] != listeners.ErrTooLate.Error() {
			t.Errorf("told %v", got)
		}
	})
}

func TestDraft(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		id := s.post("saomai", "tuan", "quán mở cửa mấy giờ ạ?")
		path := "/api/v1/cases/" + id + "/draft"
		d := s.want(200, "huy", "PUT", path, `{"text":"Dạ"}`)
		if d["held"] != true || d["until"] == nil || at(t, d, "answer", "state") != "draft" {
			t.Errorf("a draft for a free case: %v", d)
		}
		d = s.want(200, "lan", "PUT", path, `{"text":"Chào bạn"}`)
		if d["held"] != false || d["until"] != nil || at(t, d, "answer", "text") != "Chào bạn" {
			t.Errorf("a draft for somebody else's case: %v", d)
		}
		c := s.want(200, "huy", "GET", "/api/v1/cases/"+id, "")
		if l := c["answers"].([]any); len(l) != 1 || at(t, c, "answers", 0, "text") != "Dạ" {
			t.Errorf("huy sees the drafts %v, want only their own", l)
		}
		s.want(404, "rival", "PUT", path, `{"text":"Dạ"}`)
		s.want(422, "huy", "PUT", path, `{"text":"Dạ","id":"1"}`)
	})
}

func TestEscalate(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		id := s.post("saomai", "tuan", "quán mở cửa mấy giờ ạ?")
		path := "/api/v1/cases/" + id + "/escalate"
		s.want(404, "rival", "POST", path, `{"reason":"x"}`)
		s.want(403, "guest", "POST", path, `{"reason":"x"}`)
		for _, body := range []string{`{"reason":""}`, `{}`, `{"reason":"` + strings.Repeat("a", 1001) + `"}`} {
			if got := s.want(422, "lan", "POST", path, body); got["field"] != "reason" {
				t.Errorf("%.40s: %v", body, got)
			}
		}
		s.want(200, "huy", "POST", "/api/v1/cases/"+id+"/claim", "")
		s.want(409, "lan", "POST", path, `{"reason":"x"}`)
		if c := s.want(200, "huy", "POST", path, `{"reason":"cần xem đơn"}`); c["lane"] != "staff" || c["state"] != "open" {
			t.Errorf("escalated: %v", c)
		}
		s.want(404, "huy", "GET", "/api/v1/cases/"+id, "")
		s.want(404, "huy", "GET", "/api/v1/cases/"+id+"/activities", "")
		s.want(200, "minh", "GET", "/api/v1/cases/"+id, "")
	})
}

func TestReviews(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		caseID, answer := s.answered()
		s.want(403, "huy", "GET", "/api/v1/reviews", "")
		queue := s.want(200, "minh", "GET", "/api/v1/reviews", "")
		if len(queue["items"].([]any)) != 1 || at(t, queue, "items", 0, "answer", "id") != answer || at(t, queue, "items", 0, "case", "id") != caseID ||
			at(t, queue, "items", 0, "why_reviewed") != "newcomer" || at(t, queue, "items", 0, "author") != "huy" ||
			at(t, queue, "items", 0, "case", "mentions", 0, "author") != "tuan" {
			t.Errorf("queue: %v", queue)
		}
		if got := s.want(200, "rival", "GET", "/api/v1/reviews", ""); len(got["items"].([]any)) != 0 {
			t.Errorf("the rival's queue: %v", got)
		}
		approve, back := "/api/v1/answers/"+answer+"/approve", "/api/v1/answers/"+answer+"/return"
		for path, body := range map[string]string{approve: "", back: `{"reason":"x"}`} {
			s.want(404, "rival", "POST", path, body)
			s.want(403, "huy", "POST", path, body)
		}
		for _, body := range []string{`{}`, `{"reason":" "}`, `{"reason":"x","points":100}`, `{"reason":"` + strings.Repeat("a", 1001) + `"}`} {
			s.want(422, "minh", "POST", back, body)
		}
		if a := s.want(200, "minh", "POST", back, `{"reason":"chào khách trước nhé"}`); a["state"] != "returned" || a["reply"] != nil {
			t.Errorf("returned: %v", a)
		}
		s.want(409, "minh", "POST", approve, "") // decided already
		again := s.want(201, "huy", "POST", "/api/v1/cases/"+caseID+"/answers", `{"text":"Chào bạn, dạ 7h tới 22h ạ"}`)
		if again["id"] != answer {
			t.Errorf("submitted again as %v, want the same answer %s", again["id"], answer)
		}
		for body, field := range map[string]string{
			`{"text":"` + strings.Repeat("a", 281) + `"}`: "text", `{"reviewer_id":1}`: "reviewer_id",
		} {
			if got := s.want(422, "minh", "POST", approve, body); got["field"] != field {
				t.Errorf("%.40s: %v, want the field %s", body, got, field)
			}
		}
		a := s.want(200, "mai", "POST", approve, `{"text":"Chào bạn, quán mở 7h tới 22h ạ"}`)
		if a["state"] != "approved" || a["text"] != "Chào bạn, quán mở 7h tới 22h ạ" || at(t, a, "reply", "state") != "waiting" {
			t.Errorf("approved: %v", a)
		}
		s.want(409, "minh", "POST", approve, "")
		p := s.want(200, "huy", "GET", "/api/v1/me/points", "")
		if p["balance"] != float64(1) || at(t, p, "entries", 0, "reason") != string(gamification.ApprovedEdited) || at(t, p, "entries", 0, "points") != float64(1) ||
			at(t, p, "entries", 0, "case_id") != caseID {
			t.Errorf("points: %v", p)
		}
		if p = s.want(200, "lan", "GET", "/api/v1/me/points", ""); p["balance"] != float64(0) || len(p["entries"].([]any)) != 0 {
			t.Errorf("points of somebody else: %v", p)
		}
	})
}

func TestNobodyReviewsTheirOwnAnswer(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		_, answer := s.answered()
		s.do(func(ctx context.Context, tx listeners.Tx) error { // promoted while the answer waits
			_, err := tx.NewRaw("UPDATE members SET role = ? WHERE id = ?", community.Moderator, s.people["huy"].ID).Exec(ctx)
			return err
		})
		if got := s.want(403, "huy", "POST", "/api/v1/answers/"+answer+"/approve", ""); got["detail"] != community.ErrOwnAnswer.Error() {
			t.Errorf("told %v", got)
		}
	})
}

func TestActivities(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		id, answer := s.answered()
		s.want(200, "minh", "POST", "/api/v1/answers/"+answer+"/return", `{"reason":"chào khách trước nhé"}`)
		kinds := func(who string) (kinds []string, advice any) {
			for _, a := range s.want(200, who, "GET", "/api/v1/cases/"+id+"/activities", "")["items"].([]any) {
				kinds = append(kinds, at(t, a, "kind").(string))
				if at(t, a, "kind") == "answer_returned" {
					advice = at(t, a, "text")
				}
			}
			return kinds, advice
		}
		got, advice := kinds("huy")
		if want := "[case_claimed answer_submitted answer_returned]"; fmt.Sprint(got) != want || advice != "chào khách trước nhé" {
			t.Errorf("the author sees %v with %v, want %v and the advice", got, advice, want)
		}
		if _, advice := kinds("lan"); advice != nil {
			t.Errorf("another advocate sees the advice %v", advice)
		}
		s.want(404, "rival", "GET", "/api/v1/cases/"+id+"/activities", "")
	})
}

func TestMe(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		me := s.want(200, "lan", "GET", "/api/v1/me", "")
		if me["email"] != "lan@example.com" || me["language"] != "vi" || at(t, me, "member", "brand") != "saomai" || at(t, me, "member", "role") != "advocate" ||
			at(t, me, "member", "trust") != float64(3) || at(t, me, "members", 0, "id") != fmt.Sprint(s.people["lan"].ID) || len(at(t, me, "scopes").([]any)) != 2 {
			t.Errorf("lan is %v", me)
		}
		me = s.want(200, "out", "GET", "/api/v1/me", "")
		if me["member"] != nil || len(me["members"].([]any)) != 0 {
			t.Errorf("out is %v", me)
		}
	})
}

func TestLeaderboard(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		_, answer := s.answered()
		s.want(200, "minh", "POST", "/api/v1/answers/"+answer+"/approve", "")
		board := s.want(200, "lan", "GET", "/api/v1/leaderboard", "")
		if len(board["items"].([]any)) != 1 || at(t, board, "items", 0, "rank") != float64(1) || at(t, board, "items", 0, "name") != "huy" ||
			at(t, board, "items", 0, "points") != float64(3) || at(t, board, "items", 0, "helped") != float64(0) {
			t.Errorf("board: %v", board)
		}
		if got := s.want(200, "rival", "GET", "/api/v1/leaderboard", ""); len(got["items"].([]any)) != 0 {
			t.Errorf("the rival's board: %v", got)
		}
		s.clock.Advance(29 * 24 * time.Hour)
		if got := s.want(200, "lan", "GET", "/api/v1/leaderboard", ""); len(got["items"].([]any)) != 0 {
			t.Errorf("after 29 days: %v", got)
		}
		s.want(200, "lan", "GET", "/api/v1/leaderboard?days=60", "")
		s.want(422, "lan", "GET", "/api/v1/leaderboard?days=367", "")
	})
}

func TestConnections(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		got := s.want(200, "minh", "GET", "/api/v1/connections", "")
		if len(got["items"].([]any)) != 1 || at(t, got, "items", 0, "handle") != "saomaicafe" || at(t, got, "items", 0, "heard_at") != nil {
			t.Errorf("connections: %v", got)
		}
		s.want(403, "lan", "GET", "/api/v1/connections", "")
	})
}

func TestTokensAreAsked(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		id := s.post("saomai", "tuan", "quán mở cửa mấy giờ ạ?")
		add := func(scopes []access.Scope, life time.Duration) string {
			var shown string
			s.do(func(ctx context.Context, tx listeners.Tx) (err error) {
				shown, _, err = access.AddToken(ctx, tx, access.Token{PersonID: s.people["lan"].PersonID, Name: "t", Scopes: scopes, ExpiresAt: tx.Now().Add(life)})
				return err
			})
			return shown
		}
		reading, writing := add([]access.Scope{access.Read}, time.Hour), add([]access.Scope{access.Write}, time.Hour)
		send := func(method, path, token string) int {
			r := httptest.NewRequest(method, path, nil)
			r.Header.Set("Authorization", "Bearer "+token)
			status, _ := s.send(r)
			return status
		}
		claim := "/api/v1/cases/" + id + "/claim"
		for _, c := range []struct {
			name, method, path, token string
			want                      int
		}{
			{"a token to read reads", "GET", "/api/v1/cases", reading, 200},
			{"a token to read writes", "POST", claim, reading, 403},
			{"a token to write reads", "GET", "/api/v1/cases", writing, 403},
			{"a token to write writes", "POST", claim, writing, 200},
			{"no token", "GET", "/api/v1/cases", "", 401},
			{"no token of ours", "GET", "/api/v1/cases", "kith_x", 401},
		} {
			if got := send(c.method, c.path, c.token); got != c.want {
				t.Errorf("%s: %d, want %d", c.name, got, c.want)
			}
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			return access.RevokeTokens(ctx, tx, s.people["lan"].PersonID)
		})
		if got := send("GET", "/api/v1/cases", reading); got != 401 {
			t.Errorf("a revoked token: %d", got)
		}
		late := add([]access.Scope{access.Read}, time.Hour)
		s.clock.Advance(time.Hour)
		if got := send("GET", "/api/v1/cases", late); got != 401 {
			t.Errorf("an expired token: %d", got)
		}
	})
}

func TestOurFaultIsToldWithoutDetails(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		id := s.post("saomai", "tuan", "quán mở cửa mấy giờ ạ?")
		s.desk.Network = func(string) listeners.Network { panic("unreached") }
		s.want(200, "lan", "POST", "/api/v1/cases/"+id+"/claim", "")
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := tx.NewRaw("ALTER TABLE point_entries RENAME TO canary").Exec(ctx)
			return err
		})
		got := s.want(http.StatusInternalServerError, "lan", "GET", "/api/v1/me/points", "")
		if got["request"] == "" || strings.Contains(fmt.Sprint(got), "point_entries") {
			t.Errorf("told %v", got)
		}
		if strings.Count(s.log.String(), "point_entries") == 0 || !strings.Contains(s.log.String(), fmt.Sprint(got["request"])) {
			t.Errorf("logged %s", s.log)
		}
	})
}
