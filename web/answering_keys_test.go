package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/web/browsertest"
)

// enter opens the café's pages in a browser as somebody, with a stream that tells the topics sent to
// the channel.
func (c *cafe) enter(b *browsertest.Browser, who string) chan<- string {
	c.t.Helper()
	topics := make(chan string)
	c.Listen = func(w http.ResponseWriter, r *http.Request, _ community.Member, _ func(context.Context) bool) {
		w.Header().Set("Content-Type", "text/event-stream")
		_ = http.NewResponseController(w).Flush()
		for {
			select {
			case topic := <-topics:
				_, _ = io.WriteString(w, "event: change\ndata: {\"topics\":[\""+topic+"\"]}\n\n")
				_ = http.NewResponseController(w).Flush()
			case <-r.Context().Done():
				return
			}
		}
	}
	b.Do(chromedp.Navigate(c.server.URL + "/sign-in"))
	browsertest.Value[bool](b, fmt.Sprintf(`(document.cookie = "kith=%s; path=/", document.cookie = "kith_language=vi; path=/", true)`, c.visits(who, "vi").session()))
	return topics
}

// TestAnsweringByKeyboard answers a question as somebody who never touches the mouse.
func TestAnsweringByKeyboard(t *testing.T) {
	b := newBrowser(t)
	b.System("light")
	c := newCafe(t)
	c.writes("lan_ng", "Quán mở cửa tới mấy giờ ạ?", "")
	c.clock.Advance(time.Hour) // more than the topic she knows is worth
	k := c.writes("bao.tran", "Có ship về quận 7 không shop?", "")
	c.enter(b, "lan")
	b.Open(c.server.URL+"/feed", 1440, 900)
	shows := func(what string) { t.Helper(); b.Wait(`document.readyState === "complete" && Boolean(` + what + `)`) }

	b.Press("j", 0)
	shows(`document.activeElement.matches("a.row")`)
	b.Press("j", 0)
	shows(`document.activeElement.textContent.includes("@bao.tran")`)
	b.Press("Enter", 0)
	shows(`location.pathname === "` + casePath(k.ID) + `" && document.querySelector("#claim")`)
	b.Press("c", 0)
	shows(`document.querySelector("#claim .mine .countdown")?.textContent.startsWith("1") && document.querySelector("#answer")`)
	b.Press("r", 0)
	shows(`document.activeElement.id === "answer"`)
	b.Write("Dạ có ạ, phí 15k.")
	shows(`document.querySelector(".length").textContent === "19/280" && document.querySelector(".draft-state").textContent === "Đã lưu nháp"`)
	if draft, err := community.DraftOf(t.Context(), c.DB.Read(), c.members["lan"], k.ID); err != nil || draft.Text != "Dạ có ạ, phí 15k." {
		t.Errorf("the draft stored is %q, %v", draft.Text, err)
	}
	b.Press("Enter", 2)
	shows(`document.querySelector(".toast")?.textContent.includes("Bạn có 10 giây để hoàn tác") && document.querySelector("#thread .ours")?.textContent.includes("phí 15k") && !document.querySelector("#composer")`)
	b.Press("u", 0)
	shows(`document.querySelector("#answer")?.value === "Dạ có ạ, phí 15k." && !document.querySelector("#thread .ours")`)
	b.Press("e", 0)
	shows(`document.querySelector("#exit").matches(":popover-open")`)
	b.Quiet()
}

// TestAnOpenPageLives changes things behind an open page: what is typed stays, what is shown follows.
func TestAnOpenPageLives(t *testing.T) {
	b := newBrowser(t)
	b.System("light")
	c := newCafe(t)
	k := c.writes("lan_ng", "Quán mở cửa tới mấy giờ ạ?", "")
	c.claims("huy", k)
	topics := c.enter(b, "huy")
	open := func() { t.Helper(); b.Open(c.server.URL+casePath(k.ID), 1440, 900) }

	t.Run("the customer writes again", func(t *testing.T) {
		open()
		b.Press("r", 0)
		b.Write("Dạ")
		c.writes("lan_ng", "Alo?", k.ThreadKey)
		topics <- fmt.Sprintf("case:%d", k.ID)
		b.Wait(`document.querySelector("#thread").textContent.includes("Alo?") && document.querySelector("#claim .notice")?.textContent.includes("Khách vừa viết thêm")`)
		b.Wait(`document.activeElement.id === "answer" && document.activeElement.value === "Dạ"`)
		b.Write(" quán")
		b.Wait(`document.activeElement.value === "Dạ quán" && document.querySelector(".draft-state").textContent === "Đã lưu nháp"`)
	})

	t.Run("back after the claim ran out", func(t *testing.T) {
		open()
		c.clock.Advance(20 * time.Minute)
		browsertest.Value[bool](b, `(document.querySelector("#claim .countdown").dataset.until = new Date(0).toISOString(), document.dispatchEvent(new Event("visibilitychange")), true)`)
		b.Wait(`document.querySelector("#claim .mine .countdown") && Date.parse(document.querySelector("#claim .countdown").dataset.until) > Date.parse(document.documentElement.dataset.now) + 20 * 60000`)
		if got, err := community.FindCase(t.Context(), c.DB.Read(), c.members["huy"], k.ID); err != nil || !got.HeldBy(c.members["huy"], c.clock.Now()) {
			t.Errorf("the case is not held: %v", err)
		}
	})

	t.Run("back after somebody else took it", func(t *testing.T) {
		open()
		c.clock.Advance(20 * time.Minute)
		c.claims("lan", k)
		browsertest.Value[bool](b, `(document.querySelector("#claim .countdown").dataset.until = new Date(0).toISOString(), document.dispatchEvent(new Event("visibilitychange")), true)`)
		b.Wait(`document.querySelector("#claim").textContent.includes("Lan đang trả lời khách này") && document.querySelector("#answer").value === "Dạ quán"`)
	})

	t.Run("somebody else answers", func(t *testing.T) {
		open()
		c.answers("lan", k, "Dạ tới 22h30 ạ.")
		topics <- fmt.Sprintf("case:%d", k.ID)
		b.Wait(`document.querySelector("#thread .ours")?.textContent.includes("22h30") && document.querySelector("#dock .kept")?.textContent.includes("Dạ quán") && !document.querySelector("#composer")`)
	})

	t.Run("new questions come in", func(t *testing.T) {
		c.queue(3)
		b.Open(c.server.URL+"/feed", 1440, 900)
		before := browsertest.Value[int](b, `document.querySelectorAll("#list a.row").length`)
		first := c.writes("moi", "Có wifi không ạ?", "")
		topics <- "feed"
		b.Wait(`document.querySelector("#fresh a")?.textContent === "1 bài mới"`)
		if after := browsertest.Value[int](b, `document.querySelectorAll("#list a.row").length`); after != before {
			t.Errorf("the list went from %d rows to %d by itself", before, after)
		}
		b.Do(chromedp.Click(chromedp.CSS("#fresh a")))
		b.Wait(fmt.Sprintf(`document.readyState === "complete" && Boolean(document.querySelector("#row-%d"))`, first.ID))
		c.claims("lan", first)
		topics <- "feed"
		b.Wait(fmt.Sprintf(`document.querySelector("#row-%d").textContent.includes("Lan đang giữ")`, first.ID))
	})
	b.Quiet()
}

// TestTheListStaysWhereItWas goes into a case and back, on a phone and on a wide screen.
func TestTheListStaysWhereItWas(t *testing.T) {
	b := newBrowser(t)
	b.System("light")
	c := newCafe(t)
	c.queue(40)
	c.enter(b, "huy")
	for name, width := range map[string]int64{"phone": 390, "wide": 1440} {
		t.Run(name, func(t *testing.T) {
			b.Open(c.server.URL+"/feed", width, 900)
			scroller := `(innerWidth < 768 ? document.scrollingElement : document.querySelector("#list"))`
			browsertest.Value[bool](b, `(sessionStorage.clear(), `+scroller+`.scrollTop = 1500, true)`)
			b.Wait(`Object.keys(sessionStorage).length === 1`)
			was := browsertest.Value[int](b, `Math.round(`+scroller+`.scrollTop)`)
			browsertest.Value[bool](b, `(document.querySelectorAll("a.row")[15].click(), true)`)
			b.Wait(`document.readyState === "complete" && location.pathname.startsWith("/cases/")`)
			if width > 768 {
				b.Wait(fmt.Sprintf(`Math.abs(%s.scrollTop - %d) < 30`, scroller, was))
				return
			}
			browsertest.Value[bool](b, `(document.querySelector(".top a").click(), true)`)
			b.Wait(fmt.Sprintf(`document.readyState === "complete" && location.pathname === "/feed" && Math.abs(%s.scrollTop - %d) < 30`, scroller, was))
		})
	}
}
