package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// judged gives huy answers of the last weeks that a moderator let go as they were written, or changed,
// and weighs what they amount to.
func (c *cafe) judged(good, changed int) {
	c.t.Helper()
	k := c.writes("khach_quen", "Quán mở cửa mấy giờ ạ?", "")
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		for i := range good + changed {
			kept, at := 1.0, tx.Now().Add(-time.Duration(i)*20*time.Hour)
			if i%2 == 1 && changed > 0 {
				kept, changed = 0.4, changed-1
			}
			a := community.Answer{
				BrandID: c.brand.ID, CaseID: k.ID, MemberID: c.members["huy"].ID, MentionID: k.MentionID, State: community.Approved, Text: "Dạ 7h ạ",
				OwnText: "Dạ 7h ạ", Kept: &kept, ReviewerID: c.members[[]string{"minh", "mai"}[i%2]].ID, CreatedAt: at, UpdatedAt: at, SubmittedAt: at, DecidedAt: at,
			}
			if _, err := tx.NewInsert().Model(&a).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	a := c.waiting("Có chỗ đậu xe không ạ?", "Dạ có ạ.")
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := c.Desk.Approve(ctx, tx, c.members["minh"], a.ID, "")
		return err
	})
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := community.WeighTrust(ctx, tx, 10)
		return err
	})
}

func TestTrustPage(t *testing.T) {
	c := newCafe(t)
	huy := c.visits("huy", "vi")
	page := huy.get("/trust")
	page.says("h2", "Bậc của bạn: Tập sự")
	page.says(".demands li:first-child", "Câu trả lời đã được nhận xét")
	page.says(".demands li:first-child", "0 trên 20")
	page.says("main", "Chưa có gì thay đổi.")

	c.judged(15, 2)
	page = huy.get("/trust")
	page.says(".demands li:nth-child(1)", "18 trên 20")
	page.says(".demands li:nth-child(2)", "67 % trên 70 %")
	page.says(".demands li:nth-child(3)", "2 trên 2")
	page.says("main", "16 trong 18 câu được nhận xét là tốt")
	page.says(".rights .has", "Nhận và trả lời câu hỏi")
	page.lacks(".rights .has", "Phần lớn câu trả lời gửi ngay")

	c.judged(20, 0)
	page = c.visits("huy", "en").get("/trust")
	page.says("h2", "You are: Steady")
	page.says(".story li", "From “Newcomer” to “Steady”: 37 of the latest 39 judged answers were good.")
	page.says("h2", "On the way to “Trusted”")
	page.says(".trend table", "Judged")
	page.says("main a[href=/points]", "My points")
	c.visits("huy", "vi").get("/me").says("main a[href=/trust]", "Tôi được làm gì")

	page = c.visits("minh", "vi").get("/trust")
	page.says(".notice", "Là người của nhãn hàng")
	page.lacks(".demands", "")
}

func TestTrustByEmployees(t *testing.T) {
	c := newCafe(t)
	path := fmt.Sprintf("/people/%d/trust", c.members["huy"].ID)
	minh := c.visits("minh", "vi")
	if page := minh.post(path+"/grant", url.Values{"level": {"3"}}); page.status != http.StatusUnprocessableEntity {
		t.Errorf("a grant without a reason: status %d", page.status)
	} else {
		page.says("#reason-error", "Hãy nói lý do trong vài lời.")
	}
	if page := minh.post(path+"/leak", url.Values{"reason": {" "}}); page.status != http.StatusUnprocessableEntity {
		t.Errorf("a leak without a word: status %d", page.status)
	} else {
		page.says("form[action="+path+"/leak] .error", "Hãy nói lý do trong vài lời.")
	}
	page := minh.post(path+"/grant", url.Values{"level": {"3"}, "reason": {"giúp cộng đồng từ lâu <b>"}})
	page.says("h2", "Huy: Tin cậy")
	page.says(".story li", "Minh trao bậc “Tin cậy” trong vài tuần.")
	page.says(".story blockquote", "giúp cộng đồng từ lâu <b>")
	page.lacks("form[action="+path+"/guide]", "")

	huy := c.visits("huy", "vi")
	page = huy.get("/trust")
	page.says(".notice", "Nhãn hàng trao cho bạn bậc “Tin cậy” đến 21/12/2026. Bậc do chính bạn đạt được là “Tập sự”.")
	page.says(".rights .has", "Hầu hết câu trả lời gửi ngay")

	page = minh.post(path+"/leak", url.Values{"reason": {"số điện thoại của khách trong câu trả lời"}})
	page.says("h2", "Huy: Tập sự")
	huy.get("/trust").says(".story", "sau khi lộ thông tin cá nhân")

	lan := fmt.Sprintf("/people/%d/trust", c.members["lan"].ID)
	page = minh.post(lan+"/guide", url.Values{"reason": {"dìu dắt rất khéo"}})
	page.says("#trust", "Minh (Điều phối viên) đã đồng ý.")
	page.lacks("form[action="+lan+"/guide] button", "")
	c.visits("an", "vi").post(lan+"/guide", url.Values{"reason": {"đồng ý"}}).says("h2", "Lan: Dẫn dắt")

	for name, got := range map[string]struct{ status, want int }{
		"an advocate looks":         {c.visits("lan", "vi").get(path).status, http.StatusForbidden},
		"an advocate grants":        {c.visits("lan", "vi").post(path+"/grant", url.Values{"level": {"3"}, "reason": {"x"}}).status, http.StatusForbidden},
		"somebody who is not there": {minh.get("/people/99999/trust").status, http.StatusNotFound},
		"an employee has none":      {minh.get(fmt.Sprintf("/people/%d/trust", c.members["mai"].ID)).status, http.StatusConflict},
	} {
		if got.status != got.want {
			t.Errorf("%s: status %d, want %d", name, got.status, got.want)
		}
	}
}

func TestTrustSettings(t *testing.T) {
	c := newCafe(t)
	an, form := c.visits("an", "vi"), url.Values{}
	rules := community.DefaultTrust
	for _, q := range trustQuantities(&rules).All {
		form.Set(q.name, fmt.Sprint(q.number()))
	}
	form.Set("steady_bound", "30")
	if page := an.post("/settings/trust", form); page.status != http.StatusUnprocessableEntity {
		t.Errorf("a bound of 30 %%: status %d", page.status)
	} else {
		page.says("#steady_bound-error", "Tỉ lệ này từ 50 đến 95 phần trăm.")
	}
	form.Set("steady_bound", "65")
	an.post("/settings/trust", form).says(".notice", "Đã lưu.")
	got, err := community.Setting(t.Context(), c.DB.Read(), c.brand.ID, community.DefaultTrust)
	want := community.DefaultTrust
	if want.Steady.Bound = 0.65; err != nil || got != want {
		t.Errorf("stored %+v (%v), want %+v", got, err, want)
	}
	c.visits("huy", "vi").get("/trust").says(".demands li:nth-child(2)", "0 % trên 65 %")
	minh := c.visits("minh", "vi")
	minh.get("/settings/trust").lacks("form button.primary", "")
	if page := minh.post("/settings/trust", form); page.status != http.StatusForbidden {
		t.Errorf("a moderator sets the rules: status %d", page.status)
	}
	an.post("/settings/wellbeing", url.Values{"nudge": {"8"}, "tell": {"12"}, "rest": {"x"}}).says("#rest-error", "nhiều nhất là 40")
	an.post("/settings/wellbeing", url.Values{"nudge": {"8"}, "tell": {"12"}, "rest": {"16"}}).says(".notice", "Đã lưu.")
}
