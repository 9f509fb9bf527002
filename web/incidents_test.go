package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

var outage = []string{
	"App sập rồi, không đặt được món từ sáng tới giờ", "app sap roi khong dat duoc mon", "Không đặt được món trên app, sáng giờ rồi ạ",
	"App của quán sập hả, sáng giờ không đặt được món nào", "đặt món trên app không được, app sập rồi shop ơi",
}

// outage opens an incident over the pages: minh locks the facts and writes a statement, mai approves it, and minh
// posts it by hand. It returns the incident's page.
func (c *cafe) outage() string {
	c.t.Helper()
	minh, mai := c.visits("minh", "vi"), c.visits("mai", "vi")
	page := minh.get("/incidents")
	clusters := page.all("input[name=cluster]")
	if len(clusters) == 0 {
		c.t.Fatal("no cluster is shown")
	}
	page = minh.post("/incidents", url.Values{"title": {"App sập"}, "cluster": {attr(clusters[0], "value")}})
	path := page.path
	if !strings.HasPrefix(path, "/incidents/") {
		c.t.Fatalf("opening led to %s (%d)", path, page.status)
	}
	minh.post(path+"/facts", url.Values{"vi": {"App đặt món sập từ 7h, quán sửa xong trước 12h."}, "en": {"Our ordering app has been down since 7; it will be back before 12."}})
	page = minh.post(path+"/statements", url.Values{"text": {"App đặt món đang gặp sự cố từ 7h sáng, quán sửa xong trước 12h."}})
	var st community.Statement
	if err := c.DB.Read().NewSelect().Model(&st).Limit(1).Scan(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	approve := fmt.Sprintf("%s/statements/%d/approve", path, st.ID)
	on := url.Values{"connection": {fmt.Sprint(c.conn.ID)}}
	if page := minh.post(approve, on); page.status != http.StatusForbidden {
		c.t.Errorf("who wrote it approves it: %d", page.status)
	}
	mai.post(approve, on)
	said, err := listeners.Announcements(c.t.Context(), c.DB.Read(), st.ID)
	if err != nil || len(said[st.ID]) != 1 {
		c.t.Fatalf("announced %+v, %v", said, err)
	}
	minh.post(path+"/said/"+said[st.ID][0].ID, url.Values{"there": {"yes"}, "link": {"https://x.com/saomaicafe/status/900"}})
	return path
}

func TestAnIncidentOverThePages(t *testing.T) {
	c := newCafe(t)
	var cases []community.Case
	for n, text := range outage {
		cases = append(cases, c.writes(fmt.Sprintf("khach%d", n), text, ""))
	}
	for _, who := range []string{"huy", "lan"} {
		if got := c.visits(who, "vi").get("/incidents").status; got != http.StatusForbidden {
			t.Errorf("%s gets the incidents: %d", who, got)
		}
	}
	path := c.outage()
	minh, lan := c.visits("minh", "vi"), c.visits("lan", "vi")
	minh.get(path).says("main", "App đặt món sập từ 7h")

	c.claims("lan", cases[0])
	page := lan.get(casePath(cases[0].ID))
	page.says("#composer .core", "App đặt món sập từ 7h, quán sửa xong trước 12h.")
	facts := attr(page.all("#composer input[name=facts]")[0], "value")
	own := url.Values{"own": {"yes"}, "facts": {facts}, "seen": {fmt.Sprint(cases[0].MentionID)}, "text": {"Dạ Lan chào bạn, xin lỗi vì phiền bạn sáng nay!"}, "close": {"Bạn ghé quầy gọi giúp Lan nha."}}
	stale := url.Values{"facts": {"999"}}
	for k, v := range own {
		if k != "facts" {
			stale[k] = v
		}
	}
	if page := lan.post(casePath(cases[0].ID)+"/answers", stale); page.status != http.StatusUnprocessableEntity {
		t.Errorf("an answer with facts that its writer has not seen: %d", page.status)
	}
	lan.post(casePath(cases[0].ID)+"/answers", own)
	var a community.Answer
	if err := c.DB.Read().NewSelect().Model(&a).Limit(1).Scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"Dạ Lan chào bạn", "App đặt món sập từ 7h, quán sửa xong trước 12h.", "Bạn ghé quầy"} {
		if !strings.Contains(a.Text, part) {
			t.Errorf("the answer %q lacks %q", a.Text, part)
		}
	}

	minh.post(path+"/cover", url.Values{"all": {"yes"}})
	covered := 0
	for _, k := range cases[1:] {
		got, err := community.FindCase(t.Context(), c.DB.Read(), c.members["minh"], k.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.State == community.Covered {
			covered++
		}
	}
	if covered == 0 {
		t.Error("the statement covers nothing")
	}
	c.clock.Advance(time.Minute)
	c.writes("khach1", "Vậy mấy giờ đặt lại được ạ?", cases[1].ThreadKey)
	if got, err := community.FindCase(t.Context(), c.DB.Read(), c.members["minh"], cases[1].ID); err != nil || got.State != community.Open {
		t.Errorf("who wrote again waits for nobody: %s, %v", got.State, err)
	}
}

// TestIncidentsLookRight opens the pages of incidents as TestPagesLookRight opens pages.
func TestIncidentsLookRight(t *testing.T) {
	b := newBrowser(t)
	b.System("light")
	newCafe(t).looks(b, []look{{"incidents-none", "minh", "/incidents", ""}})
	c := newCafe(t)
	var first community.Case
	for n, text := range outage {
		first = c.writes(fmt.Sprintf("khach%d", n), text, "")
	}
	path := c.outage()
	c.claims("huy", first)
	c.looks(b, []look{{"incidents", "minh", "/incidents", ""}, {"incident", "minh", path, ""}, {"incident-case", "huy", casePath(first.ID), ""}})
	b.Quiet()
}
