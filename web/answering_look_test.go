package web

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// rush fills the café's feed and one conversation after the other, with long texts and long names.
func (c *cafe) rush() map[string]community.Case {
	c.t.Helper()
	cases := map[string]community.Case{}
	wait := func(d time.Duration) { c.clock.Advance(d) }

	long := c.writes("nguyen_thi_phuong_thao_official", "Cà phê rang mộc nhà mình giờ đổi vị hay sao mà mình uống thấy chua hơn trước nhiều lắm, hay là tại mình pha sai cách nhỉ mọi người ơi?", "")
	wait(70 * time.Minute)
	cases["late"] = long
	c.writes("minhtr", "Quán Nguyễn Trãi cuối tuần mở cửa tới mấy giờ ạ?", "")
	wait(35 * time.Minute)

	angry := c.writes("lan.ng", "Đặt ship từ 8h sáng giờ chưa thấy đâu @saomaicafe", "")
	wait(3 * time.Minute)
	c.own(angry, "Chào Lan, bạn cho mình xin mã đơn nhé?")
	wait(2 * time.Minute)
	c.writes("lan.ng", "Mã SM1234 đó, mình nhắn từ sáng rồi mà", angry.ThreadKey)
	wait(2 * time.Minute)
	c.own(angry, "Dạ mình đang kiểm tra với quán ạ.")
	wait(4 * time.Minute)
	cases["thread"] = c.writes("lan.ng", "Đặt 3 lần vẫn giao nhầm, gọi tổng đài không ai nghe máy. Chán quá @saomaicafe ơi, giờ mình phải làm sao?", angry.ThreadKey)
	wait(time.Minute)

	cases["free"] = c.writes("thuha_1990", "App báo lỗi hoài không tích được điểm thành viên, mình phải làm sao ạ?", "")
	cases["taken"] = c.writes("bao.tran", "Có ship về quận 7 không shop?", "")
	c.claims("lan", cases["taken"])
	cases["write"] = c.writes("coffee_addict", "Love the new cold brew! Is it coming to Da Nang soon?", "")
	c.drafts("huy", cases["write"], "Hi there! Good news: it comes to Da Nang on the first of December, at the new shop by the river.")
	c.drafts("huy", cases["thread"], "Chào Lan, mình là Huy, một khách quen giúp Sao Mai trả lời. Mình rất tiếc vì bạn đã phải đợi ba lần mà vẫn chưa nhận đúng món.")
	cases["undo"] = c.writes("kimngan", "Quán có sữa yến mạch không ạ?", "")
	c.answers("lan", cases["undo"], "Dạ có ạ, quán nào cũng có, thêm 10k nha.")
	cases["review"] = c.writes("hoangnam", "Cho mình hỏi quán có chỗ đậu xe ô tô không ạ, mình đi cùng gia đình năm người?", "")
	c.answers("huy", cases["review"], "Dạ chi nhánh Nguyễn Trãi có bãi xe ngay bên cạnh, gửi miễn phí khi có hoá đơn ạ.")
	cases["returned"] = c.writes("quocanh", "Hạt rang mộc giá bao nhiêu một ký vậy shop?", "")
	back := c.answers("huy", cases["returned"], "Rẻ lắm bạn ơi!!!")
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := c.Desk.Return(ctx, tx, c.members["minh"], back.ID, "Cảm ơn Huy! Bạn thêm giá cụ thể giúp khách nhé, ví dụ 320k một ký.\nVà bớt dấu chấm than cho nhẹ nhàng.")
		return err
	})
	cases["by_hand"] = c.writes("tuanle", "Cà phê Sao Mai dạo này uống sao mọi người?", "")
	cases["staff"] = c.writes("dr_ok", "Con tôi uống xong bị dị ứng phải vào viện, tôi sẽ kiện, tôi cần nói chuyện với người có trách nhiệm ngay.", "")
	cases["gone"] = c.writes("haile", "Shop ơi trả lời tin nhắn giúp mình với", "")
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		if _, err := tx.NewUpdate().Table("cases").Set("delivery = ?, delivery_why = ?", listeners.Assisted, "not_summoned").Where("id = ?", cases["by_hand"].ID).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewUpdate().Table("cases").Set("state = ?", community.Gone).Where("id = ?", cases["gone"].ID).Exec(ctx)
		return err
	})
	for i := range 3 {
		past := c.writes("lan.ng", fmt.Sprintf("Giờ mở cửa dịp lễ thế nào ạ? (%d)", i), "")
		c.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := tx.NewUpdate().Table("cases").Set("state = ?, opened_at = ?", community.Resolved, c.clock.Now().Add(-time.Duration(30*(i+1))*24*time.Hour)).Where("id = ?", past.ID).Exec(ctx)
			return err
		})
	}
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		return community.Give(ctx, tx, community.NoticeJob{BrandID: c.brand.ID, MemberID: c.members["huy"].ID, CaseID: cases["returned"].ID, About: community.AnswerReturned, Event: "e"})
	})
	wait(4 * time.Second)
	return cases
}

// own lets the brand's account post in a case's thread with another tool.
func (c *cafe) own(k community.Case, text string) {
	c.t.Helper()
	c.posts++
	id := fmt.Sprint(1000 + c.posts)
	c.do(c.Intake.Sink(c.conn, []listeners.Post{{
		NativeID: id, ThreadKey: k.ThreadKey, ParentID: k.ThreadKey, ToID: "lan.ng", Author: listeners.Author{NativeID: c.conn.NativeID, Handle: c.conn.Handle, Name: "Sao Mai"},
		Reason: listeners.Own, Text: text, URL: "https://x.com/saomaicafe/status/" + id, CreatedAt: c.clock.Now(),
	}}))
}

func (c *cafe) claims(who string, k community.Case) {
	c.t.Helper()
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := community.ClaimCase(ctx, tx, c.members[who], k.ID)
		return err
	})
}

func (c *cafe) drafts(who string, k community.Case, text string) {
	c.t.Helper()
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		_, _, _, err := community.SaveDraft(ctx, tx, c.members[who], k.ID, text)
		return err
	})
}

// TestAnsweringLooksRight opens feed, cases and one's own work as they stand in a rush and in a quiet
// hour, in each width, theme and language: nothing may scroll sideways, break the
// Content-Security-Policy or fail axe. KITH_SCREENSHOTS=DIR keeps pictures.
func TestAnsweringLooksRight(t *testing.T) {
	b := newBrowser(t)
	b.System("light")
	quiet := newCafe(t)
	quiet.looks(b, []look{{"feed-quiet", "huy", "/feed", ""}, {"mine-quiet", "huy", "/mine", ""}, {"feed-none", "huy", "/feed?topic=1", ""}})

	c := newCafe(t)
	cases := c.rush()
	at := func(name string) string { return casePath(cases[name].ID) }
	c.looks(b, []look{
		{"feed", "huy", "/feed", ""},
		{"feed-filters", "huy", "/feed", ".filters"},
		{"free", "huy", at("free"), ""},
		{"write", "huy", at("write"), ""},
		{"thread", "huy", at("thread"), ""},
		{"exit", "huy", at("thread"), "#exit"},
		{"taken", "huy", at("taken"), ""},
		{"returned", "huy", at("returned"), ""},
		{"in-review", "huy", at("review"), ""},
		{"by-hand", "huy", at("by_hand"), ""},
		{"gone", "huy", at("gone"), ""},
		{"mine", "huy", "/mine", ""},
		{"undo", "lan", at("undo"), ""},
		{"feed-staff", "minh", "/feed", ""},
		{"staff", "minh", at("staff"), ""},
	})
	b.Quiet()
}
