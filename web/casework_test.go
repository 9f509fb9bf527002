package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/web/browsertest"
)

// listed are the cases that a page lists.
func (c *cafe) listed(page answered) (ids []int64) {
	c.t.Helper()
	var all []community.Case
	if err := c.DB.Read().NewSelect().Model(&all).Order("c.id").Scan(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	for _, k := range all {
		if len(page.all(fmt.Sprintf("#row-%d", k.ID))) > 0 {
			ids = append(ids, k.ID)
		}
	}
	return ids
}

func TestTheBoardShowsWhatIsSought(t *testing.T) {
	c := newCafe(t)
	old := c.writes("thuha", "Cho mình hỏi quán mở cửa tới mấy giờ ạ?", "")
	c.clock.Advance(3 * time.Hour)
	ship := c.writes("minhtr", "Quán có giao hàng về quận 7 không ạ?", "")
	risky := c.writes("an", "Tôi bị ngộ độc vì đồ uống của quán, tôi sẽ kiện các người ra tòa!", "")
	held := c.waiting("Do you have oat milk?", "Yes, in every shop.")
	for _, who := range []string{"huy", "lan"} {
		if got := c.visits(who, "en").get("/cases").status; got != http.StatusForbidden {
			t.Errorf("%s gets the board: %d", who, got)
		}
		if got := c.visits(who, "en").post("/cases", url.Values{"action": {"claim"}, "case": {fmt.Sprintf("%d.1", old.ID)}}).status; got != http.StatusForbidden {
			t.Errorf("%s sorts cases: %d", who, got)
		}
	}
	minh := c.visits("minh", "en")
	for query, want := range map[string][]int64{
		"":                             {old.ID, ship.ID, risky.ID, held.CaseID},
		"?state=open":                  {old.ID, ship.ID, risky.ID},
		"?state=in_review":             {held.CaseID},
		"?state=closed":                nil,
		"?lane=staff":                  {risky.ID},
		"?topic=1":                     {ship.ID},
		"?network=facebook":            nil,
		"?network=x&language=en":       {held.CaseID},
		"?age=late":                    {old.ID},
		"?holder=me":                   nil,
		"?holder=1":                    {held.CaseID},
		"?lane=nowhere":                nil,
		"?state=nonsense&topic=nobody": {old.ID, ship.ID, risky.ID, held.CaseID},
	} {
		page := minh.get("/cases" + query)
		if got := c.listed(page); page.status != http.StatusOK || !slices.Equal(got, want) {
			t.Errorf("/cases%s: status %d, %v, want %v", query, page.status, got, want)
		}
	}
	minh.get("/cases?state=open").says("#row-"+fmt.Sprint(old.ID), "past the promise")

	chosen := []string{fmt.Sprintf("%d.%d", old.ID, old.Version), fmt.Sprintf("%d.%d", risky.ID, risky.Version)}
	page := minh.post("/cases", url.Values{"action": {"staff"}, "case": chosen, "state": {"open"}})
	page.says("[role=alert]", "Say in a few words why.")
	if page.status != http.StatusUnprocessableEntity || len(page.all(".pick input[checked]")) != 2 {
		t.Errorf("without a reason: status %d, %d stay chosen", page.status, len(page.all(".pick input[checked]")))
	}
	page = minh.post("/cases", url.Values{"action": {"staff"}, "case": chosen, "state": {"open"}, "reason": {"cần xem đơn"}})
	page.says("[role=status]", "Done for 1 case.")
	page.says(".notice li", "it was so already")
	if got := c.listed(page); !slices.Equal(got, []int64{old.ID, ship.ID, risky.ID}) {
		t.Errorf("the view is lost: %v", got)
	}
	if got := c.listed(minh.get("/cases?lane=staff")); !slices.Equal(got, []int64{old.ID, risky.ID}) {
		t.Errorf("with staff are %v", got)
	}
	page = minh.post("/cases", url.Values{"action": {"claim"}, "case": chosen[:1]})
	page.says(".notice li", "something happened since you read it")
}

// TestTheBoardLooksRightAndGoesByKeyboard opens the board as TestPagesLookRight opens pages, and assigns a
// case without a mouse.
func TestTheBoardLooksRightAndGoesByKeyboard(t *testing.T) {
	b := newBrowser(t)
	b.System("light")
	newCafe(t).looks(b, []look{{"casework-none", "minh", "/cases", ""}})
	c := newCafe(t)
	c.busy()
	c.looks(b, []look{{"casework-teams", "an", fmt.Sprintf("/people/%d", c.members["minh"].ID), ""}, {"casework", "minh", "/cases", ""}, {"casework-answered", "minh", "/cases?state=answered", ""}, {"casework-columns", "minh", "/cases?as=columns", ""}})
	free := c.writes("thuha", "Cho mình hỏi quán mở cửa tới mấy giờ ạ?", "")
	b.Open(c.server.URL+"/cases?state=open", 1440, 900)
	b.Do(chromedp.KeyEvent("j"), chromedp.KeyEvent("k"), chromedp.KeyEvent("k"), chromedp.KeyEvent("k"))
	for range c.listed(c.visits("minh", "en").get("/cases?state=open")) {
		b.Do(chromedp.KeyEvent("x"), chromedp.KeyEvent("j"))
	}
	if n := browsertest.Value[int](b, `document.querySelectorAll("[data-pick]:checked").length`); n == 0 {
		t.Fatal("x chooses nothing")
	}
	b.Do(chromedp.KeyEvent("c"), chromedp.WaitReady(chromedp.CSS(".notice [role=status]")))
	var now community.Case
	if err := c.DB.Read().NewSelect().Model(&now).Where("c.id = ?", free.ID).Scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	if now.State != community.Claimed || now.HolderID != c.members["minh"].ID {
		t.Errorf("the case is %s and held by %d", now.State, now.HolderID)
	}
	b.Quiet()
}

func TestTheBoardHasTeamsAndColumns(t *testing.T) {
	c := newCafe(t)
	open := c.writes("thuha", "Cho mình hỏi quán mở cửa tới mấy giờ ạ?", "")
	risky := c.writes("an", "Tôi bị ngộ độc vì đồ uống của quán, tôi sẽ kiện các người ra tòa!", "")
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := tx.NewUpdate().Model((*community.Case)(nil)).Set("team = 'Care'").Where("id = ?", risky.ID).Exec(ctx)
		return err
	})
	admin, minh := c.visits("an", "en"), c.visits("minh", "en")
	teams := fmt.Sprintf("/people/%d/teams", c.members["minh"].ID)
	if page := minh.post(teams, url.Values{"teams": {"Care"}}); page.status != http.StatusForbidden {
		t.Errorf("minh names their own team: %d", page.status)
	}
	if page := admin.post(fmt.Sprintf("/people/%d/teams", c.members["huy"].ID), url.Values{"teams": {"Care"}}); page.status != http.StatusUnprocessableEntity {
		t.Errorf("an advocate belongs to a team: %d", page.status)
	}
	if page := admin.post(teams, url.Values{"teams": {strings.Repeat("x", 61)}}); page.status != http.StatusUnprocessableEntity {
		t.Errorf("a long name: %d", page.status)
	} else {
		page.says("#teams .error", "at most 60 characters")
	}
	admin.post(teams, url.Values{"teams": {" Care,Ops, Care ,"}})
	page := admin.get(fmt.Sprintf("/people/%d", c.members["minh"].ID))
	if got := attr(page.all("#teams input[name=teams]")[0], "value"); got != "Care, Ops" {
		t.Errorf("the teams are %q", got)
	}

	page = minh.get("/cases?team=Care")
	if got := c.listed(page); !slices.Equal(got, []int64{risky.ID}) {
		t.Errorf("with the team are %v", got)
	}
	page.says("#row-"+fmt.Sprint(risky.ID), "Team Care")
	page.says("select[name=team]", "Ops")
	page = minh.get("/cases?as=columns")
	if n := len(page.all(".casework-columns section")); n != 4 {
		t.Errorf("%d columns", n)
	}
	if got := c.listed(page); !slices.Equal(got, []int64{open.ID, risky.ID}) {
		t.Errorf("in columns are %v", got)
	}
	chosen := []string{fmt.Sprintf("%d.%d", open.ID, open.Version)}
	page = minh.post("/cases", url.Values{"action": {"claim"}, "case": chosen, "as": {"columns"}})
	page.says("#column-claimed", "thuha")
}
