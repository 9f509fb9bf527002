package web

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/kith-social/kith/community"
)

func TestAnEditTeachesAndCanBeAppealed(t *testing.T) {
	c := newCafe(t)
	a := c.waiting("Quán mở cửa mấy giờ ạ?", "Dạ quán mở từ 7h tới 22h nha.")
	c.visits("minh", "vi").post(reviewPath(a.ID)+"/approve", url.Values{
		"text": {"Dạ quán mở từ 7h tới 23h nha."}, "lesson": {"facts"}, "reason": {"Từ tháng này quán mở thêm một tiếng."},
	})
	huy := c.visits("huy", "vi")
	page := huy.get("/mine")
	page.says(".verdict", "Minh đã sửa một chút trước khi gửi")
	page.says(".verdict", "Từ tháng này quán mở thêm một tiếng.")
	page.says(".verdict .chip", "Kiểm tra lại thông tin")
	page.says(".changes ins", "3")
	huy.get(casePath(a.CaseID)).says(".verdict", "Minh đã sửa")
	page = huy.post(appealPath(a.ID), url.Values{"reason": {"Bảng giờ ghi 22h mà."}, "back": {"/mine"}})
	if page.path != "/mine" {
		t.Errorf("after the appeal: %d at %s", page.status, page.path)
	}
	page.says(".verdict", "Một người khác sẽ xem lại")
	if page := huy.post(appealPath(a.ID), url.Values{"reason": {"nữa"}}); page.status != http.StatusConflict {
		t.Errorf("a second appeal: status %d", page.status)
	}
	first := c.visits("minh", "vi").get("/review")
	first.says(".doubts", "Việc này cần một người khác xem.")
	first.lacks(".doubts form", "")
	mai := c.visits("mai", "vi")
	mai.get("/review").says(".doubts", "Bảng giờ ghi 22h mà.")
	mai.post(reviewPath(a.ID)+"/appeal", url.Values{"word": {"Bảng giờ cũ, lỗi của quán."}, "stands": {"no"}})
	page = huy.get("/mine")
	page.says(".verdict", "Mai đã xem lại: bạn đúng")
	page.says(".verdict", "Bảng giờ cũ, lỗi của quán.")
}

func TestPeersSeeWhatTheyMayDecide(t *testing.T) {
	c := newCafe(t)
	a := c.waiting("Quán mở cửa mấy giờ ạ?", "Dạ quán mở từ 7h tới 22h nha.")
	phone := c.waiting("Có ship không ạ?", "Dạ bạn gọi 0901 234 567 nhé.")
	if page := c.visits("huy", "vi").get("/review"); page.status != http.StatusForbidden {
		t.Errorf("a newcomer at the reviews: status %d", page.status)
	}
	lan := c.visits("lan", "en")
	page := lan.get("/review")
	if rows := page.all("#queue .row"); len(rows) != 1 {
		t.Errorf("a peer sees %d answers, want the calm one", len(rows))
	}
	page.says(".decide", "Your approval is kept")
	page.lacks("#return", "")
	page.says("nav.rail .count", "1")
	if page := lan.get(reviewPath(phone.ID)); page.status != http.StatusNotFound {
		t.Errorf("an answer that is not for peers: status %d", page.status)
	}
	page = lan.post(reviewPath(a.ID)+"/approve", nil)
	page.says(".toast", "Somebody else must approve it, too.")
	c.visits("minh", "en").get(reviewPath(a.ID)).says(".tabs", "Approved so far by Lan")
	if got := c.stateOf(a); got != community.Submitted {
		t.Errorf("the answer is %s", got)
	}
}

func TestDutyAndReviewSettings(t *testing.T) {
	c := newCafe(t)
	minh := c.visits("minh", "vi")
	minh.get("/duty").says(".notice", "Hiện không có ai trực.")
	own := url.Values{"member": {fmt.Sprint(c.members["minh"].ID)}, "duty": {"yes"}, "zone": {"Asia/Ho_Chi_Minh"}, "days0": {"all"}, "from0": {"08:00"}, "to0": {"17:00"}}
	minh.post("/duty", own).says(".notice", "Đang trực: Minh.") // the story begins at nine
	if page := minh.post("/duty", url.Values{"duty": {"yes"}, "zone": {"Asia/Ho_Chi_Minh"}}); page.status != http.StatusUnprocessableEntity {
		t.Errorf("duty without hours: status %d", page.status)
	}
	own.Set("member", fmt.Sprint(c.members["mai"].ID))
	if page := minh.post("/duty", own); page.status != http.StatusForbidden {
		t.Errorf("somebody else's hours: status %d", page.status)
	}
	rules := url.Values{
		"four_eyes": {"yes"}, "quorum": {"2"}, "risk_from": {"50"}, "alarm_after": {"10"}, "apprentices": {"75"}, "advocates": {"25"}, "trusted": {"5"},
	}
	if page := minh.post("/settings/review", rules); page.status != http.StatusForbidden {
		t.Errorf("a moderator sets the rules: status %d", page.status)
	}
	an := c.visits("an", "vi")
	page := an.post("/settings/review", rules)
	if page.status != http.StatusUnprocessableEntity {
		t.Errorf("two approvals with one on duty: status %d", page.status)
	}
	page.says("#quorum-error", "Số người trực ít hơn số người phải duyệt")
	an.post("/duty", own)
	page = an.post("/settings/review", rules)
	page.says(".notice", "Đã lưu.")
	if got := attr(page.all("#alarm_after")[0], "value"); got != "10" {
		t.Errorf("the alarm is after %s minutes", got)
	}
}
