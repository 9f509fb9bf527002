package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
)

func (c *cafe) stateOf(a community.Answer) community.AnswerState {
	c.t.Helper()
	got, _, err := community.FindAnswer(c.t.Context(), c.DB.Read(), c.members["minh"], a.ID)
	if err != nil {
		c.t.Fatal(err)
	}
	return got.State
}

func (c *cafe) replyTo(a community.Answer) listeners.Reply {
	c.t.Helper()
	replies, err := listeners.Replies(c.t.Context(), c.DB.Read(), []int64{a.ID})
	if err != nil {
		c.t.Fatal(err)
	}
	return replies[a.ID]
}

func TestReviewQueue(t *testing.T) {
	c := newCafe(t)
	for lang, want := range map[string]string{"vi": "Không có câu nào chờ duyệt", "en": "Nothing waits for review"} {
		page := c.visits("minh", lang).get("/review")
		page.says(".empty h2", want)
		page.lacks(".rows", "")
	}
	first := c.waiting("Quán mở cửa mấy giờ ạ?", "Dạ từ 7h tới 22h ạ.")
	c.clock.Advance(time.Minute)
	second := c.waiting("Có ship quận 7 không?", "Có ạ, bạn gọi 0901 234 567 nhé.")
	for lang, want := range map[string]struct{ newcomer, phone, trust string }{
		"vi": {"Người mới, câu nào cũng được xem trước", "Có số điện thoại", "Tập sự"},
		"en": {"New here: every answer is read first", "Has a phone number", "Newcomer"},
	} {
		for _, who := range []string{"minh", "an"} {
			page := c.visits(who, lang).get("/review")
			rows := page.all("#queue .row")
			if len(rows) != 2 || attr(rows[0], "href") != reviewPath(first.ID) || attr(rows[1], "href") != reviewPath(second.ID) {
				t.Fatalf("the queue has %d rows, want the longest waiting first", len(rows))
			}
			for i, texts := range [][]string{{"Huy", want.trust, "Dạ từ 7h tới 22h ạ.", want.newcomer}, {want.phone}} {
				for _, text := range texts {
					if !strings.Contains(words(rows[i]), text) {
						t.Errorf("row %d is %q, want %q in it", i, words(rows[i]), text)
					}
				}
			}
			page.says(".proposed .post-text", "Dạ từ 7h tới 22h ạ.")
			page.says("nav.rail .count", "2")
			part := c.visits(who, lang).send(http.MethodGet, "/review?part=queue", nil, map[string]string{"HX-Request": "true"})
			part.says("#queue .row", want.phone)
			part.lacks("nav", "")
		}
	}
}

func TestReviewShowsTheAnswerInItsThread(t *testing.T) {
	c := newCafe(t)
	k := c.writes("lananh", "Sáng nay lại giao nhầm nữa rồi", "")
	c.clock.Advance(time.Minute)
	c.writes("lananh", "Giao nhầm ba lần, chán quá, giờ mình phải làm sao?", k.ThreadKey)
	a := c.answers("huy", k, "Mình rất tiếc. Bạn gọi 0901 234 567 giúp mình nhé.")
	v := c.visits("minh", "vi")
	page := v.get(reviewPath(a.ID))
	page.says("#thread .post.focus .post-text", "Giao nhầm ba lần")
	page.says("#thread .post strong", "@lananh")
	page.says(".proposed .post-head strong", "@saomaicafe")
	page.says(".proposed .post-head", "Huy viết")
	page.says(".post.focus mark", "chán quá")
	page.says(".chip", "Phàn nàn")
	page.says(".chip.warning", "Có số điện thoại")
	page.says(".timeline", "Huy gửi câu trả lời để duyệt.")
	page.lacks(".notice.warning", "")
	order := page.all("#thread .post")
	if len(order) != 3 || !fits(order[1], ".focus") || words(order[0]) == words(order[1]) {
		t.Fatalf("the thread has %d posts, want the earlier one, the one answered, the answer", len(order))
	}

	c.clock.Advance(time.Minute)
	c.writes("lananh", "Alo? Có ai không?", k.ThreadKey)
	page = v.get(reviewPath(a.ID))
	page.says(".notice.warning", "Khách vừa viết thêm.")
	page.says("#thread .post.focus .post-text", "Giao nhầm ba lần")
	if order := page.all("#thread .post"); len(order) != 4 || !strings.Contains(words(order[3]), "Alo?") {
		t.Errorf("what came after the answer does not stand after it")
	}
	part := v.send(http.MethodGet, reviewPath(a.ID)+"?part=thread", nil, map[string]string{"HX-Request": "true"})
	part.says("#thread .notice.warning", "Khách vừa viết thêm.")
	part.lacks("nav", "")
}

func TestApprove(t *testing.T) {
	c := newCafe(t)
	a := c.waiting("Quán mở cửa mấy giờ ạ?", "Dạ từ 7h tới 22h ạ.")
	c.clock.Advance(time.Second)
	next := c.waiting("Có ship quận 7 không?", "Dạ có ạ.")
	v := c.visits("minh", "vi")
	page := v.get(reviewPath(a.ID))
	page.says(fmt.Sprintf("form[action=%s/approve] button[data-key=a]", reviewPath(a.ID)), "Duyệt")
	page = v.post(reviewPath(a.ID)+"/approve", nil)
	if page.status != http.StatusOK || page.path != fmt.Sprintf("%s?after=%d", reviewPath(next.ID), a.ID) {
		t.Fatalf("after the decision: %d at %s, want the next answer", page.status, page.path)
	}
	if c.stateOf(a) != community.Approved || c.replyTo(a).Text != "Dạ từ 7h tới 22h ạ." {
		t.Fatalf("answer is %s, reply %q", c.stateOf(a), c.replyTo(a).Text)
	}
	page.says(".toast", "Đã duyệt câu của Huy.")
	page.says(".proposed .post-text", "Dạ có ạ.")
	undo := attr(page.all(".toast form")[0], "action")
	page = v.post(undo, nil)
	page.says(".toast", "Đã rút lại. Câu trả lời về lại bản nháp của Huy.")
	if c.stateOf(a) != community.Draft || c.replyTo(a).State != listeners.Cancelled {
		t.Errorf("undone: answer is %s, reply %s", c.stateOf(a), c.replyTo(a).State)
	}
	if points, err := gamification.PointsOf(t.Context(), c.DB.Read(), c.members["huy"].ID, c.clock.Now()); err != nil || points.Balance != 0 {
		t.Errorf("points after the undo: %+v, %v", points, err)
	}

	page = v.post(reviewPath(next.ID)+"/approve", url.Values{"text": {"Dạ có ạ,\r\nphí 15k."}})
	page.says(".empty h2", "Không có câu nào chờ duyệt")
	if got := c.replyTo(next).Text; got != "Dạ có ạ,\nphí 15k." {
		t.Errorf("the edited reply is %q", got)
	}
	c.clock.Advance(11 * time.Second)
	page = v.get(fmt.Sprintf("/review?after=%d", next.ID))
	page.says(".toast", "Đã duyệt câu của Huy.")
	page.lacks(".toast form", "")
	if page := v.post(reviewPath(next.ID)+"/approve", nil); page.status != http.StatusConflict {
		t.Errorf("a second approval: status %d", page.status)
	} else {
		page.says(".empty p", "đã có người quyết định rồi")
	}
}

func TestReturn(t *testing.T) {
	c := newCafe(t)
	a := c.waiting("Quán mở cửa mấy giờ ạ?", "Sớm lắm!!!")
	v := c.visits("minh", "en")
	if page := v.post(reviewPath(a.ID)+"/return", url.Values{"reason": {"  "}}); page.status != http.StatusUnprocessableEntity {
		t.Errorf("a return without a word: status %d", page.status)
	} else {
		page.says(".empty p", "Tell the author what to change.")
	}
	page := v.post(reviewPath(a.ID)+"/return", url.Values{"reason": {"Thank you! Please add the hours."}})
	page.says(".toast", "Returned to Huy with your note.")
	if c.stateOf(a) != community.Returned {
		t.Errorf("answer is %s", c.stateOf(a))
	}
	if page := v.get(reviewPath(a.ID)); page.status != http.StatusNotFound {
		t.Errorf("an answer in its author's hands: status %d", page.status)
	}
}

func TestHandToStaffFromReview(t *testing.T) {
	c := newCafe(t)
	a := c.waiting("Quán mở cửa mấy giờ ạ?", "Không biết nữa.")
	v := c.visits("minh", "vi")
	page := v.post(reviewPath(a.ID)+"/staff", url.Values{"why": {"cần hỏi quản lý"}})
	page.says(".toast", "Câu của Huy không được gửi nữa.")
	k, err := community.FindCase(t.Context(), c.DB.Read(), c.members["minh"], a.CaseID)
	if err != nil || k.Lane != community.Staff || k.State != community.Open || c.stateOf(a) != community.Withdrawn {
		t.Errorf("case %s in lane %s, answer %s, %v", k.State, k.Lane, c.stateOf(a), err)
	}
	if page := v.post(reviewPath(a.ID)+"/staff", url.Values{"why": {"again"}}); page.status != http.StatusConflict {
		t.Errorf("a second time: status %d", page.status)
	}
}

func TestSettleReply(t *testing.T) {
	c := newCafe(t)
	there := c.answers("lan", c.writes("lananh", "Có sữa yến mạch không?", ""), "Dạ có ạ.")
	again := c.answers("lan", c.writes("minhtr", "Mấy giờ mở cửa?", ""), "Dạ 7h ạ.")
	c.inDoubt(there)
	c.inDoubt(again)
	v := c.visits("minh", "vi")
	page := v.get("/review")
	page.says(".doubts .panel", "Dạ có ạ.")
	page.says(".doubts button[value=yes]", "Đã có trên mạng")
	if got := attr(page.all(".doubts a")[0], "href"); got != "https://x.com/lananh/status/1001" {
		t.Errorf("the post is at %q", got)
	}
	settle := func(a community.Answer, word string) answered {
		return v.post("/replies/"+c.replyTo(a).ID+"/settle", url.Values{"there": {word}})
	}
	if page := settle(there, "perhaps"); page.status != http.StatusUnprocessableEntity {
		t.Errorf("perhaps: status %d", page.status)
	}
	if page := settle(there, "yes"); page.path != "/review" || c.replyTo(there).State != listeners.Delivered {
		t.Errorf("it is there: at %s, reply %s", page.path, c.replyTo(there).State)
	}
	if settle(again, "no"); c.replyTo(again).State != listeners.Queued {
		t.Errorf("send again: reply %s", c.replyTo(again).State)
	}
	if page := settle(there, "no"); page.status != http.StatusConflict || c.replyTo(there).State != listeners.Delivered {
		t.Errorf("a second word: status %d, reply %s", page.status, c.replyTo(there).State)
	}
	if page := c.visits("huy", "vi").post("/replies/"+c.replyTo(again).ID+"/settle", url.Values{"there": {"yes"}}); page.status != http.StatusForbidden {
		t.Errorf("an advocate settles: status %d", page.status)
	}
}

func TestReviewStaysWithinTheBrand(t *testing.T) {
	c := newCafe(t)
	a := c.waiting("Quán mở cửa mấy giờ ạ?", "Dạ 7h ạ.")
	doubtful := c.answers("lan", c.writes("lananh", "Có sữa yến mạch không?", ""), "Dạ có ạ.")
	c.inDoubt(doubtful)
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		other, err := community.AddBrand(ctx, tx, community.Brand{Slug: "khac", Name: "Quán Khác", Language: "vi", ReviewSeed: "s"}, nil)
		if err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model((*community.Member)(nil)).Set("brand_id = ?", other.ID).Where("id = ?", c.members["mai"].ID).Exec(ctx)
		return err
	})
	v := c.visits("mai", "vi")
	v.get("/review").says(".empty h2", "Không có câu nào chờ duyệt")
	for _, path := range []string{"/approve", "/return", "/staff", "/undo"} {
		if page := v.post(reviewPath(a.ID)+path, url.Values{"reason": {"x"}, "why": {"x"}}); page.status != http.StatusNotFound {
			t.Errorf("%s of another brand's answer: status %d", path, page.status)
		}
	}
	for _, path := range []string{reviewPath(a.ID), fmt.Sprintf("/review?after=%d", a.ID), "/review/x", "/review?after=x"} {
		if page := v.get(path); page.status != http.StatusNotFound {
			t.Errorf("%s: status %d", path, page.status)
		}
	}
	if page := v.post("/replies/"+c.replyTo(doubtful).ID+"/settle", url.Values{"there": {"no"}}); page.status != http.StatusNotFound || c.replyTo(doubtful).State != listeners.AskHuman {
		t.Errorf("another brand's reply: status %d, reply %s", page.status, c.replyTo(doubtful).State)
	}
}

// TestHostileTextsInReview lets a customer and an advocate try to break out of the page.
func TestHostileTextsInReview(t *testing.T) {
	c := newCafe(t)
	evil := `<script>alert(1)</script><img src=x onerror=alert(1)>" onmouseover="alert(1) ' hx-get='/x' {{.}} ` + "\u202e" + `txet&#x202e;` + strings.Repeat("dài", 60)
	k := c.writes("lan<b>anh</b>", evil, "")
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := tx.NewUpdate().Model((*listeners.Mention)(nil)).Set("url = ?", "javascript:alert(1)").Where("case_id = ?", k.ID).Exec(ctx)
		return err
	})
	text := evil[:200]
	a := c.answers("huy", k, strings.ToValidUTF8(text, ""))
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := tx.NewUpdate().Model((*community.Member)(nil)).Set("public_name = ?", `<i onclick="x">Huy</i>`).Where("id = ?", c.members["huy"].ID).Exec(ctx)
		return err
	})
	for who, paths := range map[string][]string{"minh": {"/review", reviewPath(a.ID)}, "huy": {"/points", "/board", "/me", "/notices"}} {
		v := c.visits(who, "vi")
		for _, path := range paths {
			page := v.get(path)
			if page.status != http.StatusOK {
				t.Fatalf("%s: status %d", path, page.status)
			}
			for _, selector := range []string{"img", "script[src=x]", "b", "i", "[onmouseover]", "[onclick]", "[onerror]", "[hx-get=/x]", "a[href=javascript:alert(1)]"} {
				if found := page.all("body " + selector); len(found) > 0 {
					t.Errorf("%s: %s is an element", path, selector)
				}
			}
			if strings.Contains(page.body, "<script>alert") {
				t.Errorf("%s: a script came through", path)
			}
		}
	}
	page := c.visits("minh", "vi").get(reviewPath(a.ID))
	page.says(".post.focus .post-text", "<script>alert(1)</script>")
	if attr(page.all(".post.focus .post-text")[0], "dir") != "auto" {
		t.Error("the direction of a customer's text reaches its neighbours")
	}
}
