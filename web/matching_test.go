package web

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// text is what stands in all elements of a selector.
func (p parsed) text(selector string) string {
	var said []string
	for _, n := range p.all(selector) {
		said = append(said, words(n))
	}
	return strings.Join(said, " ")
}

func (v *visitor) lists(who string) bool {
	v.c.t.Helper()
	return strings.Contains(v.get("/feed").text(".pane.list"), who)
}

func TestDecliningAndPassingOn(t *testing.T) {
	c := newCafe(t)
	k := c.writes("lananh", "Quán mở cửa tới mấy giờ?", "")
	huy, lan := c.visits("huy", "vi"), c.visits("lan", "vi")
	if page := huy.post(casePath(k.ID)+"/decline", url.Values{}); !strings.Contains(page.text(".pane-note"), "đã rời bảng tin") {
		t.Errorf("after declining the page says %q", page.text(".pane-note"))
	}
	if huy.lists("@lananh") || !lan.lists("@lananh") {
		t.Error("the case is still in huy's feed, or gone from lan's")
	}
	huy.post(casePath(k.ID)+"/decline", url.Values{"undo": {"yes"}})
	if !huy.lists("@lananh") {
		t.Error("the case did not come back")
	}
	page := huy.get(casePath(k.ID))
	if got := page.text("#pass-to"); !strings.Contains(got, "Lan") || strings.Contains(got, "Huy") {
		t.Errorf("it can be passed on to %q", got)
	}
	if page := huy.post(casePath(k.ID)+"/pass", url.Values{"to": {fmt.Sprint(c.members["lan"].ID)}, "note": {"Lan xem giúp"}}); page.status != 200 {
		t.Fatalf("passing on gave %d", page.status)
	}
	if got := lan.get(casePath(k.ID)).text("#history"); !strings.Contains(got, "Lan xem giúp") {
		t.Errorf("the history says %q", got)
	}
}

func TestWhyOneSeesACase(t *testing.T) {
	c := newCafe(t)
	k := c.writes("lananh", "Có ship về quận 7 không shop?", "")
	c.clock.Advance(40 * time.Minute)
	page := c.visits("huy", "vi").get(casePath(k.ID))
	for _, want := range []string{"Bạn rành về Giao hàng", "tiếng bạn biết", "đã đợi 40 phút"} {
		if got := page.text(".whys"); !strings.Contains(got, want) {
			t.Errorf("the reasons are %q, want %q among them", got, want)
		}
	}
}

func TestWhoElseIsThere(t *testing.T) {
	c := newCafe(t)
	k := c.writes("lananh", "Quán mở cửa tới mấy giờ?", "")
	huy, lan := c.visits("huy", "vi"), c.visits("lan", "vi")
	here := url.Values{"kind": {"writing"}, "moved": {"yes"}}
	if got := huy.post(casePath(k.ID)+"/presence", here).text("#presence"); got != "" {
		t.Errorf("alone, huy sees %q", got)
	}
	if got := lan.get(casePath(k.ID)).text("#presence"); !strings.Contains(got, "Huy đang viết") {
		t.Errorf("lan sees %q", got)
	}
	c.claims("huy", k)
	c.clock.Advance(10 * time.Minute)
	if page := huy.post(casePath(k.ID)+"/presence", here); len(page.all("hx-partial")) != 1 {
		t.Error("a renewed claim does not show in the claim bar")
	}
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := community.HandToStaff(ctx, tx, c.members["minh"], k.ID, "cần tra đơn")
		return err
	})
	if page := lan.post(casePath(k.ID)+"/presence", here); page.status != 404 {
		t.Errorf("who may not see a case is at it: %d", page.status)
	}
}

func TestTakingOverAndStartingFromADraft(t *testing.T) {
	c := newCafe(t)
	k := c.writes("lananh", "Quán mở cửa tới mấy giờ?", "")
	huy, minh := c.visits("huy", "vi"), c.visits("minh", "vi")
	c.claims("huy", k)
	huy.post(casePath(k.ID)+"/draft", url.Values{"text": {"Dạ quán mở tới 22h ạ"}})
	if page := huy.post(casePath(k.ID)+"/take-over", nil); page.status != 403 {
		t.Errorf("an advocate takes over: %d", page.status)
	}
	page := minh.post(casePath(k.ID)+"/take-over", nil)
	if got := page.text("#dock"); !strings.Contains(got, "Huy đã viết dở") || !strings.Contains(got, "Dạ quán mở tới 22h ạ") {
		t.Fatalf("minh's page says %q", got)
	}
	from := page.all(`button[name=answer]`)
	if len(from) != 1 {
		t.Fatal("minh cannot start from it")
	}
	page = minh.post(casePath(k.ID)+"/start-from", url.Values{"answer": {attr(from[0], "value")}})
	if got := page.text("#answer"); got != "Dạ quán mở tới 22h ạ" {
		t.Errorf("minh's composer has %q", got)
	}
}

func TestWelcomeBack(t *testing.T) {
	c := newCafe(t)
	k := c.writes("lananh", "Quán mở cửa tới mấy giờ?", "")
	huy := c.visits("huy", "vi")
	huy.get("/feed")
	c.clock.Advance(time.Hour)
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		return community.Give(ctx, tx, community.NoticeJob{BrandID: c.brand.ID, MemberID: c.members["huy"].ID, CaseID: k.ID, About: community.AnswerApproved, Event: "approved:1"})
	})
	for range 2 {
		if got := huy.get("/feed").text(".since"); !strings.Contains(got, "1 câu được duyệt") {
			t.Errorf("huy is welcomed with %q", got)
		}
		c.clock.Advance(5 * time.Minute)
	}
	c.clock.Advance(time.Hour)
	huy.get("/feed")
	if got := huy.get("/feed").text(".since"); got != "" {
		t.Errorf("old news are told again: %q", got)
	}
}
