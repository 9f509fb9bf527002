package web

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/web/browsertest"
)

// TestReviewByKeyboard decides about answers as a moderator who never touches the mouse.
func TestReviewByKeyboard(t *testing.T) {
	b := newBrowser(t)
	b.System("light")
	c := newCafe(t)
	var answers []community.Answer
	for i := range 4 {
		answers = append(answers, c.waiting("Quán mở cửa mấy giờ ạ?", fmt.Sprintf("Dạ từ %dh ạ.", i+7)))
		c.clock.Advance(time.Second)
	}
	b.Do(chromedp.Navigate(c.server.URL + "/sign-in"))
	browsertest.Value[bool](b, fmt.Sprintf(`(document.cookie = "kith=%s; path=/", document.cookie = "kith_language=vi; path=/", true)`, c.visits("minh", "vi").session()))
	b.Open(c.server.URL+"/review", 1440, 900)
	key := func(k string) { t.Helper(); b.Press(k, 0) }
	shows := func(what string) { t.Helper(); b.Wait(`document.readyState === "complete" && (` + what + `)`) }

	key("a")
	shows(`document.querySelector(".toast")?.textContent.includes("Đã duyệt câu của Huy.") && document.querySelector(".proposed .post-text").textContent.includes("8h")`)
	key("u")
	shows(`document.querySelector(".toast")?.textContent.includes("Đã rút lại.")`)
	if got := c.replyTo(answers[0]).State; got != listeners.Cancelled {
		t.Errorf("u: the reply is %s", got)
	}

	key("x")
	shows(`document.querySelector("#return").matches(":popover-open") && document.activeElement.name === "reason"`)
	b.Write("Thêm giờ đóng cửa nhé.")
	b.Press("Enter", 2)
	shows(`document.querySelector(".toast")?.textContent.includes("kèm góp ý") && document.querySelector(".proposed .post-text").textContent.includes("9h")`)
	if got := c.stateOf(answers[1]); got != community.Returned {
		t.Errorf("x: the answer is %s", got)
	}

	key("e")
	shows(`document.querySelector("#edit").matches(":popover-open") && document.activeElement.name === "text"`)
	b.Write("Cảm ơn bạn! ")
	b.Press("Enter", 2)
	shows(`document.querySelector(".proposed .post-text").textContent.includes("10h")`)
	if got := c.replyTo(answers[2]).Text; got != "Cảm ơn bạn! Dạ từ 9h ạ." {
		t.Errorf("e: the reply is %q", got)
	}

	key("h")
	shows(`document.querySelector("#staff").matches(":popover-open") && document.activeElement.name === "why"`)
	b.Write("khách quen của quản lý")
	b.Press("Enter", 2)
	shows(`document.querySelector(".empty h2")?.textContent.includes("Không có câu nào chờ duyệt")`)
	if got := c.stateOf(answers[3]); got != community.Withdrawn {
		t.Errorf("h: the answer is %s", got)
	}
	b.Quiet()
}
