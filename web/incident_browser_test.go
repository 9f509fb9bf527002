package web

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/web/browsertest"
)

// TestLockedFactsOwnVoice goes through a bad morning in a browser: staff lock the facts, a second one approves the
// statement, a newcomer writes around the facts, who reviews reads the free words, and the facts go out once.
func TestLockedFactsOwnVoice(t *testing.T) {
	const facts = "App đặt món sập từ 7h, quán sửa xong trước 12h."
	b := newBrowser(t)
	b.System("light")
	c := newCafe(t)
	var first community.Case
	for n, text := range outage {
		first = c.writes(fmt.Sprintf("khach%d", n), text, "")
	}
	open := func(path string, width int64) { t.Helper(); b.Open(c.server.URL+path, width, 900) }

	c.enter(b, "minh")
	open("/incidents", 1440)
	b.Type("input[name=title]", "App sập")
	b.Click(`form[action="/incidents"] button`)
	b.Wait(`location.pathname.startsWith("/incidents/") && document.querySelector("#vi") !== null`)
	path := browsertest.Value[string](b, `location.pathname`)
	b.Type("textarea[name=vi]", facts)
	b.Click(`form[action$="/facts"] button`)
	b.Reads("Bản 1")
	b.Reads("Minh khóa")
	b.Type("form[action$='/statements'] textarea[name=text]", "App đặt món đang gặp sự cố từ 7h sáng.")
	b.Click(`form[action$="/statements"] button`)
	b.Reads("Bạn viết thông báo này.")
	if browsertest.Value[bool](b, `document.querySelector("form[action$='/approve']") !== null`) {
		t.Error("who wrote a statement approves it")
	}

	c.enter(b, "mai")
	open(path, 1440)
	b.Click(`form[action$="/approve"] button`)
	b.Reads("Minh viết, Mai duyệt")

	c.enter(b, "huy")
	open(casePath(first.ID), 390)
	b.Click(`form[action="` + casePath(first.ID) + `/claim"] button`)
	b.Wait(`document.querySelector("#composer .core") !== null`)
	if fixed := browsertest.Value[bool](b, `document.querySelector("#composer .core .said").innerText === "`+facts+`" && document.querySelectorAll("#composer .core textarea, #composer .core [contenteditable]").length === 0`); !fixed {
		t.Error("the facts stand not fixed between the words")
	}
	if gap := browsertest.Value[float64](b, `((p) => p.querySelector("span").getBoundingClientRect().left - p.querySelector("svg").getBoundingClientRect().right)(document.querySelector("#composer .core-what"))`); gap < 0 {
		t.Error("the icon of the facts stands on a line of its own")
	}
	b.Type("#answer", "Dạ Huy chào bạn, xin lỗi vì phiền bạn sáng nay!")
	b.Type("#closing", "Bạn ghé quầy gọi giúp Huy nha.")
	b.Screenshot("incident-answering")
	b.Click(`#composer button[data-send]`)
	b.Wait(`document.querySelector("#composer") === null`)

	var a community.Answer
	if err := c.DB.Read().NewSelect().Model(&a).Where("answer.case_id = ?", first.ID).Scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.enter(b, "minh")
	open(reviewPath(a.ID), 1440)
	b.Reads("Lời riêng của người viết")
	if free := browsertest.Value[string](b, `document.querySelector(".proposed").innerText`); !strings.Contains(free, "Dạ Huy chào bạn") || !strings.Contains(free, "Bạn ghé quầy") || strings.Contains(free, "App đặt món sập") {
		t.Errorf("who reviews reads %q", free)
	}
	if n := browsertest.Value[int](b, `document.querySelector("main").innerText.split("`+facts+`").length - 1`); n > 0 {
		t.Errorf("the locked facts are read again: %d times", n)
	}
	b.Screenshot("incident-review")
	b.Click(`form[action="` + reviewPath(a.ID) + `/approve"] button`)
	b.Wait(`location.pathname !== "` + reviewPath(a.ID) + `"`)

	var sent listeners.Reply
	if err := c.DB.Read().NewSelect().Model(&sent).Where("r.answer_id = ?", a.ID).Scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	if strings.Count(sent.Text, facts) != 1 || !strings.HasPrefix(sent.Text, "Dạ Huy chào bạn") || !strings.Contains(sent.Text, "Bạn ghé quầy") {
		t.Errorf("what goes to the network is %q", sent.Text)
	}
	b.Quiet()
}
