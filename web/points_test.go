package web

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
)

func (c *cafe) earns(who string, rule gamification.Rule, event string, k community.Case) {
	c.t.Helper()
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		return gamification.Earn(ctx, tx, tx.Now(), gamification.Entry{
			BrandID: c.brand.ID, MemberID: c.members[who].ID, CaseID: k.ID, Event: event, Rule: rule,
		})
	})
}

func (c *cafe) loses(event string, why gamification.Why) {
	c.t.Helper()
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		return gamification.Reverse(ctx, tx, tx.Now(), event, why)
	})
}

func TestPoints(t *testing.T) {
	c := newCafe(t)
	c.visits("huy", "vi").get("/points").says(".empty h2", "Chưa có điểm nào")
	k := c.writes("lananh", "Quán mở cửa mấy giờ ạ?", "")
	c.earns("huy", gamification.Approved, "1", k)
	c.earns("huy", gamification.ApprovedEdited, "2", k)
	c.earns("huy", gamification.Thanked, "3", k)
	c.loses("3", gamification.CameBack)
	c.earns("huy", gamification.Approved, "4", k)
	c.loses("4", gamification.NotSent)
	c.earns("huy", gamification.Solved, "5", k)
	for lang, want := range map[string][]string{
		"vi": {
			"+15 Khách cho biết đã xong Được cộng vào 09:00, 23/11/2026 Xem chuyện này",
			"−3 Thu lại vì câu trả lời không được gửi: Câu trả lời được duyệt, không cần sửa",
			"+3 Câu trả lời được duyệt, không cần sửa",
			"−5 Thu lại vì khách quay lại, chuyện chưa xong: Khách nói cảm ơn",
			"+5 Khách nói cảm ơn",
			"+1 Câu trả lời được duyệt sau khi sửa",
			"+3 Câu trả lời được duyệt, không cần sửa",
		},
		"en": {
			"+15 The customer says it is solved Counts from 23 Nov 2026, 09:00 See the case",
			"−3 Taken back, because the answer was not sent: Answer approved as you wrote it",
			"+3 Answer approved as you wrote it",
			"−5 Taken back, because the customer came back: The customer said thanks",
			"+5 The customer said thanks",
			"+1 Answer approved after an edit",
			"+3 Answer approved as you wrote it",
		},
	} {
		v := c.visits("huy", lang)
		v.post("/preferences", map[string][]string{"zone": {"Asia/Ho_Chi_Minh"}})
		page := v.get("/points")
		lines := page.all(".ledger li")
		if len(lines) != len(want) {
			t.Fatalf("%d lines, want %d", len(lines), len(want))
		}
		for i, line := range lines {
			if !strings.HasPrefix(words(line), want[i]) {
				t.Errorf("line %d is %q, want %q", i, words(line), want[i])
			}
		}
		figures := page.all(".figures dd")
		if len(figures) != 2 || words(figures[0]) != "4" || words(figures[1]) != "+15" {
			t.Errorf("figures: %q", words(page.all(".figures")[0]))
		}
		if got := attr(page.all(".ledger a")[0], "href"); got != casePath(k.ID) {
			t.Errorf("the case is at %q", got)
		}
		if pending := page.all(".ledger .points.pending"); len(pending) != 3 { // +15, and +5 with its −5
			t.Errorf("%d entries are pending", len(pending))
		}
	}
	c.clock.Advance(49 * time.Hour)
	page := c.visits("huy", "vi").get("/points")
	if words(page.all(".figures dd")[0]) != "19" || len(page.all(".ledger .points.pending")) > 0 {
		t.Errorf("after two days: %q", words(page.all(".figures")[0]))
	}
	for who, text := range map[string]string{"minh": "Nhân viên nhận lời cảm ơn chứ không tính điểm", "an": "Nhân viên nhận lời cảm ơn"} {
		page := c.visits(who, "vi").get("/points")
		page.says(".notice", text)
		page.lacks(".empty", "")
	}
}

func TestDailyLimitIsExplained(t *testing.T) {
	c := newCafe(t)
	k := c.writes("lananh", "Quán mở cửa mấy giờ ạ?", "")
	for i := range 11 {
		c.earns("huy", gamification.Approved, strings.Repeat("x", i+1), k)
	}
	page := c.visits("huy", "vi").get("/points")
	if first := words(page.all(".ledger li")[0]); !strings.HasPrefix(first, "0 Câu trả lời được duyệt, không cần sửa Ghi nhận, không cộng điểm: loại này hôm nay đủ rồi.") {
		t.Errorf("the eleventh entry is %q", first)
	}
}
