package web

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/web/browsertest"
)

// month lets many customers ask at what time the café closes, and a few be angry.
func (c *cafe) month(questions, angry int) {
	c.t.Helper()
	var posts []listeners.Post
	for i := range questions + angry {
		c.posts++
		id, text := fmt.Sprint(1000+c.posts), "Quán mở cửa tới mấy giờ ạ?"
		if i >= questions {
			text = "Đặt 3 lần vẫn giao nhầm, gọi tổng đài không ai nghe máy. Quá tệ, chán quá rồi!"
		}
		author := fmt.Sprintf("khach_%d", c.posts)
		posts = append(posts, listeners.Post{
			NativeID: id, ThreadKey: id, Author: listeners.Author{NativeID: author, Handle: author, Name: author}, Reason: listeners.Mentioned,
			Text: text, URL: "https://x.com/" + author + "/status/" + id, Delivery: listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}, CreatedAt: c.clock.Now(),
		})
	}
	c.do(c.Intake.Sink(c.conn, posts))
}

// TestARuleIsChangedTriedAndSwitchedOn goes the way of somebody who dares to switch a rule on: the sentence is
// changed, what it would have changed of the past is read in sums and case by case, and only then does it decide.
func TestARuleIsChangedTriedAndSwitchedOn(t *testing.T) {
	b := newBrowser(t)
	b.System("light")
	c := newCafe(t)
	c.month(110, 4)
	an := c.visits("an", "vi")
	an.post("/rules/new", url.Values{
		"name": {"Giận thì nhân viên"}, "g0.c0.fact": {"anger"}, "g0.c0.op": {"at_least"}, "g0.c0.value": {"99"},
		"d0.action": {"lane"}, "d0.value": {"staff"}, "press": {"keep"},
	})
	an.post("/rules", url.Values{"press": {"overflow"}, "waiting": {"20"}, "minutes": {"60"}})
	c.enter(b, "an")
	open := func(path string) { t.Helper(); b.Open(c.server.URL+path, 1440, 900) }
	live := func() int64 {
		t.Helper()
		v, err := moderation.LiveRules(t.Context(), c.DB.Read(), c.brand.ID)
		if err != nil {
			t.Fatal(err)
		}
		return v.ID
	}

	// Nobody has tried the draft: there is nothing to press, and who presses all the same is told why.
	open("/rules")
	b.Reads("Khi mức giận từ 99 %")
	b.Reads("Chưa ai thử bản nháp này")
	if browsertest.Value[bool](b, `document.querySelector("button[value=switch]") !== null`) {
		t.Error("a draft that nobody tried can be switched on")
	}
	if page := an.post("/rules", url.Values{"press": {"switch"}}); page.status != http.StatusUnprocessableEntity {
		t.Errorf("switching on what nobody tried gives %d", page.status)
	}
	if live() != 0 {
		t.Fatal("rules that nobody tried decide")
	}

	// The sentence is changed.
	b.Click(`a[href="/rules/0"]`)
	b.Wait(`location.pathname === "/rules/0" && document.querySelector("input[name='g0.c0.value']") !== null`)
	b.Type(`input[name="g0.c0.value"]`, "40")
	b.Click(`button[value=keep]:not(.unseen)`)
	b.Wait(`location.pathname === "/rules" && document.body.innerText.includes("Khi mức giận từ 40 %")`)

	// Trying it shows what would have gone another way.
	b.Click(`form[action="/rules/try"] button`)
	b.Wait(`document.querySelector("button[value=switch]") !== null`)
	draft, err := moderation.DraftOf(t.Context(), c.DB.Read(), c.brand.ID)
	if err != nil || draft.Outcome.Posts != 114 || draft.Outcome.Changed != 4 {
		t.Fatalf("the draft was tried with %+v, %v", draft.Outcome, err)
	}
	b.Reads("114 bài trong 30 ngày qua. Đi đường khác: 4.")
	b.Reads("4 bài: cộng đồng → nhân viên")
	b.Reads("Áp dụng cho 4 bài trong 30 ngày qua")
	browsertest.Value[bool](b, `(document.querySelector(".turns").closest("details").open = true)`)
	if n := browsertest.Value[int](b, `document.querySelectorAll(".turns li a[href^='/cases/']").length`); n != 4 {
		t.Errorf("%d cases are shown that would go another way", n)
	}
	b.Reads("Đặt 3 lần vẫn giao nhầm")
	b.Screenshot("rules-tried-cases")
	if n, err := c.DB.Read().NewSelect().Model((*community.Case)(nil)).Where("c.lane = ?", community.Staff).Count(t.Context()); err != nil || n != 0 {
		t.Errorf("trying rules moved %d cases: %v", n, err)
	}

	// What was tried is not true of a draft that was changed since.
	b.Click(`button[value="off:0"]`)
	b.Wait(`document.querySelector("button[value=switch]") === null`)
	b.Click(`button[value="off:0"]`)
	b.Wait(`document.querySelector(".version .chip") === null`)
	b.Click(`form[action="/rules/try"] button`)
	b.Click(`button[value=switch]`)
	b.Wait(`document.querySelector("button[value=switch]") === null && document.querySelector("form[action='/rules/try']") === null`)
	if live() == 0 {
		t.Fatal("the rules do not decide")
	}
	if k := c.writes("lan.ng", "Giao nhầm 3 lần rồi, quá tệ, chán quá rồi!", ""); k.Lane != community.Staff || k.LaneWhy != "rule:Giận thì nhân viên" {
		t.Errorf("an angry post goes to %s, because of %q", k.Lane, k.LaneWhy)
	}

	// A small brand has no past to try rules on: it watches them for a day.
	small := newCafe(t)
	small.month(3, 1)
	admin := small.visits("an", "vi")
	admin.post("/rules", url.Values{"press": {"pack:shop"}})
	small.enter(b, "an")
	b.Open(small.server.URL+"/rules", 1440, 900)
	b.Click(`form[action="/rules/try"] button`)
	b.Reads("Như vậy còn quá ít")
	if browsertest.Value[bool](b, `document.querySelector("button[value=switch]") !== null`) {
		t.Error("four posts are enough")
	}
	b.Click(`button[value=watch]`)
	b.Wait(`document.querySelector("button[value=watch]") === null`)
	if page := admin.post("/rules", url.Values{"press": {"switch"}}); page.status != http.StatusUnprocessableEntity {
		t.Errorf("switching on what was watched for a moment gives %d", page.status)
	}
	small.clock.Advance(moderation.WatchTime)
	b.Open(small.server.URL+"/rules", 1440, 900)
	b.Click(`button[value=switch]`)
	b.Wait(`document.querySelector("form[action='/rules/try']") === null`)
	b.Quiet()
}
