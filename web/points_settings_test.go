package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
)

// table is the form of the points, with changes.
func table(after int, do string, change map[string]string) url.Values {
	p := gamification.Presets[gamification.DefaultPreset]
	form := url.Values{"after": {fmt.Sprint(after)}, "preset": {gamification.DefaultPreset}, "full": {"200"}, "do": {do}}
	for _, r := range gamification.Rules {
		form.Set(string(r), fmt.Sprint(p.Pays(r).Amount))
		form.Set(dailyField(r), fmt.Sprint(p.Pays(r).Daily))
	}
	for field, value := range change {
		form.Set(field, value)
	}
	return form
}

func TestPointsAreTriedBeforeTheyChange(t *testing.T) {
	c := newCafe(t)
	k := c.writes("lananh", "Quán mở cửa mấy giờ ạ?", "")
	an := c.visits("an", "en")
	an.get("/settings/points").says("h2", "Points")
	an.post("/settings/points", table(2, "try", map[string]string{"approved": "6"})).says("#forecast p", "nothing in the last 30 days")
	c.earns("huy", gamification.Approved, "1", k)
	c.earns("huy", gamification.Thanked, "2", k)
	tried := an.post("/settings/points", table(2, "try", map[string]string{"approved": "6"}))
	tried.says("#forecast strong", "It would have paid 38 % more.")
	tried.says("#forecast li", "8 → 11 (+3)")
	if now := c.pays(); now.Own() {
		t.Error("trying changed the table")
	}

	wrong := an.post("/settings/points", table(2, "switch", map[string]string{"thanked": "many"}))
	if typed := wrong.all("input[name=thanked]"); wrong.status != http.StatusUnprocessableEntity || len(typed) != 1 || attr(typed[0], "value") != "many" {
		t.Errorf("a table that cannot be so gave %d", wrong.status)
	}
	an.post("/settings/points", table(2, "switch", map[string]string{"approved": "6"}))
	if now := c.pays(); !now.Own() || now.Pays(gamification.Approved).Amount != 6 {
		t.Errorf("switched on: %+v", now)
	}
	if status := an.post("/settings/points", table(2, "switch", map[string]string{"approved": "1"})).status; status != http.StatusConflict {
		t.Errorf("a change made from an old version gave %d", status)
	}
	again := an.get("/settings/points?version=2")
	again.says(".versions", "Version 2, Young brand")
	if filled := again.all("input[name=approved]"); attr(filled[0], "value") != "3" {
		t.Errorf("the first version pays %s for an approval", attr(filled[0], "value"))
	}
	if status := c.visits("minh", "en").post("/settings/points", table(3, "switch", nil)).status; status != http.StatusForbidden {
		t.Errorf("a moderator changes the points: %d", status)
	}
}

func (c *cafe) pays() gamification.Table {
	c.t.Helper()
	now, err := gamification.TableOf(c.t.Context(), c.DB.Read(), c.brand.ID)
	if err != nil {
		c.t.Fatal(err)
	}
	return now
}

func TestStaffSayWhetherAHandoverWasRight(t *testing.T) {
	c := newCafe(t)
	k := c.writes("lananh", "Đơn của mình đâu rồi ạ, hỏi hoài?", "")
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := community.HandToStaff(ctx, tx, c.members["lan"], k.ID, "cần tra đơn hàng")
		return err
	})
	minh := c.visits("minh", "vi")
	minh.get(casePath(k.ID)).says(".handover form", "có đúng không")
	minh.post(casePath(k.ID)+"/handover", url.Values{"right": {"yes"}})
	c.clock.Advance(time.Second)
	if p, err := gamification.PointsOf(t.Context(), c.DB.Read(), c.members["lan"].ID, c.clock.Now()); err != nil || p.Balance != 4 {
		t.Errorf("lan has %+v, %v", p, err)
	}
	c.visits("lan", "vi").get("/points").says(".ledger", "Bạn chuyển cho nhân viên, và chuyển đúng")
}

// TestPointsTableLooksRight opens the table as TestPagesLookRight opens pages, with something to try it on, and
// the case whose handover employees judge.
func TestPointsTableLooksRight(t *testing.T) {
	b := newBrowser(t)
	b.System("light")
	c := newCafe(t)
	c.busy()
	k := c.writes("lananh", "Đơn của mình đâu rồi ạ, hỏi hoài?", "")
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := community.HandToStaff(ctx, tx, c.members["lan"], k.ID, "cần tra đơn hàng")
		return err
	})
	c.clock.Advance(49 * time.Hour)
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		if err := community.GiveAward(ctx, tx, c.members["minh"], c.members["huy"].ID, "Bạn đã rất kiên nhẫn với khách suốt buổi tối."); err != nil {
			return err
		}
		return community.AwardBadges(ctx, tx, c.brand.ID)
	})
	c.looks(b, []look{
		{"points-table", "an", "/settings/points?preset=big", "#forecast"},
		{"points-table-form", "an", "/settings/points", "#points-reviewed"},
		{"badges", "huy", "/badges", ""},
		{"badges-none", "lan", "/badges", ""},
		{"award", "minh", fmt.Sprintf("/people/%d/trust", c.members["huy"].ID), ""},
		{"handover", "minh", casePath(k.ID), ".handover"},
	})
	b.Quiet()
}

func TestBadges(t *testing.T) {
	c := newCafe(t)
	c.visits("huy", "vi").get("/badges").says(".empty h2", "Chưa có huy hiệu nào")
	c.visits("minh", "vi").get("/badges").lacks(".badge-list", "")
	k := c.writes("lananh", "Quán mở cửa mấy giờ ạ?", "")
	c.earns("huy", gamification.Solved, "1", k)
	c.clock.Advance(49 * time.Hour)
	c.do(func(ctx context.Context, tx listeners.Tx) error { return community.AwardBadges(ctx, tx, c.brand.ID) })
	page := c.visits("huy", "vi").get("/badges")
	page.says(".badge-list strong", "Gỡ rối")
	page.says("label", "1 trên 25")
	huy := fmt.Sprintf("/people/%d", c.members["huy"].ID)
	minh := c.visits("minh", "en")
	if wrong := minh.post(huy+"/award", url.Values{"words": {"ok"}}); wrong.status != http.StatusUnprocessableEntity {
		t.Errorf("a badge without a sentence gave %d", wrong.status)
	}
	minh.post(huy+"/award", url.Values{"words": {"You stayed calm all evening."}}).says(".badge-list q", "You stayed calm all evening.")
	c.visits("huy", "vi").get("/badges").says(".badge-list q", "You stayed calm all evening.")
	if status := c.visits("lan", "en").post(huy+"/award", url.Values{"words": {"You stayed calm all evening."}}).status; status != http.StatusForbidden {
		t.Errorf("an advocate gives a badge: %d", status)
	}
}
