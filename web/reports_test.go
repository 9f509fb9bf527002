package web

import (
	"context"
	"encoding/csv"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// reported lets a morning pass of which a report tells: two questions, one of them answered by staff.
func (c *cafe) reported() (answered, open community.Case) {
	c.t.Helper()
	answered = c.writes("thuha", "Cho mình hỏi quán mở cửa tới mấy giờ ạ?", "")
	open = c.writes("minhtr", "Cho mình hỏi quán có chỗ đậu xe không ạ?", "")
	c.clock.Advance(20 * time.Minute)
	a := c.answers("minh", answered, "Dạ quán mở tới 22h30 ạ.")
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		if a.State == community.Submitted {
			if _, err := c.Desk.Approve(ctx, tx, c.members["mai"], a.ID, ""); err != nil {
				return err
			}
		}
		replies, err := listeners.Replies(ctx, tx, []int64{a.ID})
		if err != nil {
			return err
		}
		r := replies[a.ID]
		r.State, r.SentAt, r.NativeID = listeners.Delivered, tx.Now(), "r1"
		if _, err := tx.NewUpdate().Model(&r).Column("state", "sent_at", "native_id").WherePK().Exec(ctx); err != nil {
			return err
		}
		return community.Done(ctx, tx, r)
	})
	return answered, open
}

func TestReportsLeadToTheirCases(t *testing.T) {
	c := newCafe(t)
	for _, path := range []string{"/reports", "/reports/cases", "/reports/file"} {
		if got := c.visits("lan", "en").get(path).status; got != http.StatusForbidden {
			t.Errorf("an advocate gets %s: %d", path, got)
		}
	}
	minh := c.visits("minh", "en")
	minh.get("/reports").says(".empty", "No questions in this period")
	answered, open := c.reported()
	page := minh.get("/reports?days=7")
	page.says(".figures", "50 %")
	page.says(".figures", "20 min")
	for href, want := range map[string][]int64{
		"/reports/cases?days=7":                                   {open.ID, answered.ID},
		"/reports/cases?days=7&end=answered":                      {answered.ID},
		"/reports/cases?days=7&side=staff":                        {answered.ID},
		"/reports/cases?days=7&member=3":                          {answered.ID},
		"/reports/cases?days=7&hour=2":                            {open.ID, answered.ID},
		"/reports/cases?days=7&hour=3":                            nil,
		"/reports/cases?days=7&network=x":                         {open.ID, answered.ID},
		"/reports/cases?days=7&topic=0":                           {open.ID, answered.ID},
		"/reports/cases?from=2026-11-21&to=2026-11-21":            {open.ID, answered.ID},
		"/reports/cases?from=2026-11-20&to=2026-11-20":            nil,
		"/reports/cases?days=7&end=unanswered&network=x&hour=2":   {open.ID},
		"/reports/cases?days=7&end=unanswered&side=staff&topic=0": nil,
	} {
		if q := strings.Count(href, "&"); q < 2 && !strings.Contains(href, "2026-11-20") && len(page.all("a[href="+href+"]")) == 0 {
			t.Errorf("the report does not lead to %s", href)
		}
		list := minh.get(href)
		var got []int64
		for _, id := range []int64{open.ID, answered.ID} {
			if len(list.all("a[href="+casePath(id)+"]")) > 0 {
				got = append(got, id)
			}
		}
		if len(got) != len(want) || len(got) > 0 && got[0] != want[0] {
			t.Errorf("%s lists %v, want %v", href, got, want)
		}
	}
	for _, query := range []string{"from=2026-11-21&to=2026-11-20", "from=2025-01-01&to=2026-11-20", "from=now&to=then"} {
		if got := minh.get("/reports?" + query).status; got != http.StatusUnprocessableEntity {
			t.Errorf("%s gives %d", query, got)
		}
	}
}

func TestAReportAsATable(t *testing.T) {
	c := newCafe(t)
	c.reported()
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := tx.NewRaw("UPDATE members SET public_name = '=cmd()' WHERE id = ?", c.members["minh"].ID).Exec(ctx)
		return err
	})
	file := c.visits("mai", "vi").get("/reports/file?days=7")
	if got := file.header.Get("Content-Type"); got != "text/csv; charset=utf-8" {
		t.Errorf("the file is %s", got)
	}
	lines, err := csv.NewReader(strings.NewReader(file.body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, l := range lines {
		said[l[0]+" "+l[1]] = strings.Join(l[2:], ",")
	}
	for name, want := range map[string]string{
		"part name":                 "questions,answered,answered_within_2h,median_minutes,p90_minutes,liked,cost_usd",
		"all 2026-11-15/2026-11-21": "2,1,1,20,20,,0.000000", "day 2026-11-21": "2,1,1,20,20,,", "day 2026-11-15": "0,0,0,,,,", "hour 2": "2,1,1,20,20,,",
		"network X": "2,1,1,20,20,,", "member '=cmd()": "1,1,1,20,20,,", "side staff": "1,1,1,20,20,0,0.000000", "side community": "0,0,0,,,0,0.000000",
	} {
		if said[name] != want {
			t.Errorf("%s: %q, want %q", name, said[name], want)
		}
	}
}

// TestReportsLookRight opens reports as TestPagesLookRight opens pages.
func TestReportsLookRight(t *testing.T) {
	b := newBrowser(t)
	b.System("light")
	newCafe(t).looks(b, []look{{"reports-none", "minh", "/reports", ""}})
	c := newCafe(t)
	c.busy()
	c.looks(b, []look{
		{"reports", "minh", "/reports?days=7", ""},
		{"reports-table", "minh", "/reports?days=90", ".chart details"},
		{"report-cases", "minh", "/reports/cases?days=7", ""},
		{"report-cases-none", "minh", "/reports/cases?days=7&end=late", ""},
	})
	b.Quiet()
}
