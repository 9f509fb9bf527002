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

// suspects freezes what somebody earned in a case, as a detector would.
func (c *cafe) suspects(who string, cases ...int64) {
	c.t.Helper()
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		hit := gamification.Hit{MemberID: c.members[who].ID, Detector: gamification.Copied, Evidence: gamification.Evidence{
			Is: 7, Usual: 9, Cases: cases, With: []int64{c.members["lan"].ID}, Text: "Dạ quán mở cửa từ 7 giờ sáng tới 10 giờ tối ạ.",
		}}
		return community.Freeze(ctx, tx, c.brand.ID, gamification.Watch{Detector: gamification.Copied}, []gamification.Hit{hit})
	})
}

func TestFairPlay(t *testing.T) {
	c := newCafe(t)
	c.visits("minh", "en").get("/fair-play").says(".empty h2", "Nothing waits")
	k := c.writes("lananh", "Quán mở cửa mấy giờ ạ?", "")
	c.earns("huy", gamification.Approved, "1", k)
	c.suspects("huy", k.ID)
	huy := c.visits("huy", "vi")
	page := huy.get("/points")
	page.says("#fair", "Một đoạn văn dùng khắp nơi")
	page.says("#fair", "7 trên 9 câu trả lời")
	page.says(".figures", "Đang xem lại +3")
	page.lacks("#fair form", "")
	page.lacks("#fair", "Lan ") // who else is looked at is nobody's business
	if status := huy.get("/fair-play").status; status != http.StatusForbidden {
		t.Errorf("a member reads all cases: %d", status)
	}
	minh := c.visits("minh", "en")
	link := attr(minh.get("/fair-play").all(".fair a")[0], "href")
	minh.get(link).says("h3", "What was seen")
	if page := minh.post(link+"/decide", url.Values{"take": {"yes"}, "word": {"no"}}); page.status != http.StatusUnprocessableEntity {
		t.Errorf("taken back without a word: %d", page.status)
	} else {
		page.says(".error", "Tell the member why")
	}
	minh.post(link+"/decide", url.Values{"take": {"yes"}, "word": {"These are not your own words."}})
	page = huy.get("/points")
	page.says("#fair .said", "These are not your own words.")
	page.says(".ledger", "Thu lại sau khi xem xét chơi đẹp")
	appeal := "/points" + strings.Replace(link, "/fair-play", "/fair", 1) + "/appeal"
	huy.post(appeal, url.Values{"reason": {"không"}}).says("#fair .error", "Hãy nói vì sao")
	huy.post(appeal, url.Values{"reason": {"Em tự viết từng câu, chị xem lại giúp."}})
	huy.get("/points").lacks("#fair form", "")
	minh.get(link).says(".notice", "Somebody else hears the appeal")
	if status := minh.post(link+"/hear", url.Values{"give": {"no"}, "word": {"I have made up my mind."}}).status; status != http.StatusForbidden {
		t.Errorf("who took the points hears the appeal: %d", status)
	}
	an := c.visits("an", "en")
	an.get("/fair-play").says(".fair", "the appeal waits")
	an.post(link+"/hear", url.Values{"give": {"yes"}, "word": {"They wrote it first, and the others copied it."}})
	page = huy.get("/points")
	page.says(".ledger", "Trả lại sau khiếu nại: Câu trả lời được duyệt, không cần sửa")
	page.says(".figures", "Điểm 3")
	an.get("/fair-play").says(".empty h2", "Nothing waits")
	if wrong, err := gamification.Verify(t.Context(), c.DB.Read()); err != nil || len(wrong) > 0 {
		t.Errorf("the ledger contradicts itself: %q, %v", wrong, err)
	}
	if status := c.visits("lan", "vi").post(appeal, url.Values{"reason": {"Em tự viết từng câu mà."}}).status; status != http.StatusConflict {
		t.Errorf("an appeal against another's case: %d", status)
	}
}

func TestFairPlayLapses(t *testing.T) {
	c := newCafe(t)
	k := c.writes("lananh", "Quán mở cửa mấy giờ ạ?", "")
	c.earns("huy", gamification.Approved, "1", k)
	c.suspects("huy", k.ID)
	c.clock.Advance(7*24*time.Hour + time.Minute)
	c.do(func(ctx context.Context, tx listeners.Tx) error { return community.LapseFair(ctx, tx, 10) })
	page := c.visits("huy", "en").get("/points")
	page.says("#fair", "Nobody decided in time")
	page.says(".figures", "Points 3")
}

// TestFairPlayLooksRight opens the pages of fair play as TestPagesLookRight opens pages.
func TestFairPlayLooksRight(t *testing.T) {
	b := newBrowser(t)
	b.System("light")
	c := newCafe(t)
	var cases []int64
	for i := range 7 {
		k := c.writes(fmt.Sprint("lananh", i), "Quán mở cửa mấy giờ ạ?", "")
		c.earns("huy", gamification.Approved, fmt.Sprint(i), k)
		cases = append(cases, k.ID)
	}
	c.looks(b, []look{{"fair-none", "minh", "/fair-play", ""}})
	c.suspects("huy", cases...)
	c.looks(b, []look{
		{"fair", "minh", "/fair-play", ""},
		{"fair-case", "minh", "/fair-play/1", ""},
		{"fair-own", "huy", "/points", ""},
	})
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		return community.DecideFair(ctx, tx, c.members["minh"], 1, true, "Bạn dán cùng một đoạn cho nhiều câu hỏi khác nhau.")
	})
	c.looks(b, []look{{"fair-appeal", "huy", "/points", "#fair"}, {"fair-taken", "minh", "/fair-play", ""}})
	b.Quiet()
}
