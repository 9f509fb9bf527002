package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
)

// offer is the form of a programme, with changes.
func offer(change map[string]string) url.Values {
	form := url.Values{
		"kind": {"event_seat"}, "name": {"Tasting night"}, "what": {"A seat at the tasting in June."}, "budget": {"2"}, "cost": {"1"},
		"receives_en": {"a seat at a tasting"}, "receives_vi": {"một chỗ ở đêm nếm thử"},
	}
	for field, value := range change {
		form.Set(field, value)
	}
	return form
}

func TestRewards(t *testing.T) {
	c := newCafe(t)
	huy, minh, an := c.visits("huy", "en"), c.visits("minh", "en"), c.visits("an", "en")
	huy.get("/rewards").says(".empty h2", "No reward is offered now")
	for field, value := range map[string]string{"kind": "cash_like", "name": "", "what": "", "receives_en": "", "budget": "0", "cost": "x"} {
		if page := an.post("/rewards", offer(map[string]string{field: value})); page.status != http.StatusUnprocessableEntity || len(page.all(".error")) == 0 {
			t.Errorf("%s %q gives %d", field, value, page.status)
		}
	}
	if status := minh.post("/rewards", offer(nil)).status; status != http.StatusForbidden {
		t.Errorf("a moderator offers a reward: %d", status)
	}
	an.post("/rewards", offer(nil)).says("strong", "Tasting night")
	page := huy.get("/rewards")
	page.says(".meta", "may receive a seat at a tasting")
	ask := attr(page.all("form[action$=ask]")[0], "action")
	huy.post(ask, nil).says("#requests .chip", "Waits")
	if status := huy.post(ask, nil).status; status != http.StatusConflict {
		t.Errorf("asking twice gives %d", status)
	}
	decide := attr(minh.get("/rewards").all("#requests form")[0], "action")
	if status := minh.post(decide, url.Values{"step": {"refused"}}).status; status != http.StatusUnprocessableEntity {
		t.Errorf("a no without a reason gives %d", status)
	}
	if status := huy.post(decide, url.Values{"step": {"granted"}}).status; status != http.StatusForbidden {
		t.Errorf("an advocate decides: %d", status)
	}
	minh.post(decide, url.Values{"step": {"refused"}, "words": {"The tasting is full, we are sorry."}})
	huy.get("/rewards").says("#requests q", "The tasting is full")
	if status := an.post("/rewards/cash-like", url.Values{"on": {"yes"}}).status; status != http.StatusUnprocessableEntity {
		t.Errorf("like money without having read: %d", status)
	}
	an.post("/rewards/cash-like", url.Values{"on": {"yes"}, "confirmed": {"yes"}}).says("#cash-like .meta", "Allowed by An")
}

func TestProgressLeadsToItsEvents(t *testing.T) {
	c := newCafe(t)
	c.visits("huy", "vi").get("/progress").says("#thanks", "Khi khách cảm ơn")
	c.visits("huy", "vi").get("/thanks").says(".empty h2", "Chưa có lời cảm ơn nào")
	c.busy()
	page := c.visits("huy", "en").get("/progress")
	page.says("#thanks q", "cảm ơn bạn nhiều")
	for _, a := range page.all(".figures a") {
		if href := attr(a, "href"); !strings.HasPrefix(href, "/") && !strings.HasPrefix(href, "#") {
			t.Errorf("a number leads to %q", href)
		}
	}
	c.visits("lan", "vi").get("/thanks").says(".thanks q", "cảm ơn bạn nhiều")
	c.visits("minh", "vi").get("/progress").says(".notice", "Nhân viên nhận lời cảm ơn")
}

// seasoned is a café with a season, a quest and a programme.
func (c *cafe) seasoned() {
	c.t.Helper()
	c.busy()
	c.crowded()
	c.do(func(ctx context.Context, tx listeners.Tx) error { return moderation.TurnQuest(ctx, tx, c.brand.ID) })
	c.visits("an", "en").post("/rewards", offer(nil))
	huy := c.visits("huy", "en")
	huy.post(attr(huy.get("/rewards").all("form[action$=ask]")[0], "action"), nil)
	c.clock.Advance(time.Second)
}

func TestTheQuestIsChosenByStaff(t *testing.T) {
	c := newCafe(t)
	minh := c.visits("minh", "en")
	minh.get("/league").says("#quest", "No quest is running this week.")
	c.do(func(ctx context.Context, tx listeners.Tx) error { return moderation.TurnQuest(ctx, tx, c.brand.ID) })
	c.visits("huy", "en").get("/league").says("#quest", "Past quests")
	minh.post("/quests", url.Values{"kind": {"sourced"}})
	if status := minh.post("/quests", url.Values{"kind": {"more"}}).status; status != http.StatusUnprocessableEntity {
		t.Errorf("a quest that there is not gives %d", status)
	}
	c.clock.Advance(7 * 24 * time.Hour)
	c.do(func(ctx context.Context, tx listeners.Tx) error { return moderation.TurnQuest(ctx, tx, c.brand.ID) })
	c.visits("huy", "en").get("/league").says("#quest", "Say where it is written")
}

// TestSeasonPagesLookRight opens what seasons and rewards show as TestPagesLookRight opens pages.
func TestSeasonPagesLookRight(t *testing.T) {
	b := newBrowser(t)
	b.System("light")
	c := newCafe(t)
	c.seasoned()
	c.looks(b, []look{
		{"league", "huy", "/league", ""},
		{"progress", "huy", "/progress", ""},
		{"rewards", "huy", "/rewards", ""},
		{"thanks", "huy", "/thanks", ""},
		{"rewards-admin", "an", "/rewards", ""},
		{"seasons", "an", "/settings/seasons", ""},
	})
	b.Quiet()
}
