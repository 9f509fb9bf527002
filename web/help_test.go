package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/twitter"
)

func (c *cafe) keeps(name, text string) community.Snippet {
	c.t.Helper()
	var s community.Snippet
	c.do(func(ctx context.Context, tx listeners.Tx) (err error) {
		s, err = community.KeepSnippet(ctx, tx, c.members["minh"], community.Snippet{Name: name, Text: text, Language: "vi"})
		return err
	})
	return s
}

func TestPersonalDataAreUnderDotsUntilAskedFor(t *testing.T) {
	const phone = "0912 345 678"
	c := newCafe(t)
	k := c.writes("lananh", "Đơn theo số "+phone+" tới đâu rồi ạ?", "")
	c.claims("huy", k)
	v := c.visits("huy", "vi")
	for _, path := range []string{"/feed?state=claimed", "/mine", casePath(k.ID)} {
		if page := v.get(path); strings.Contains(page.body, phone) || !strings.Contains(page.body, "••") {
			t.Errorf("%s shows an advocate the number, or no dots for it", path)
		}
	}
	if page := c.visits("minh", "vi").get(casePath(k.ID)); !strings.Contains(page.body, phone) {
		t.Error("staff do not see the number")
	}
	if page := c.visits("lan", "vi").post(casePath(k.ID)+"/reveal", url.Values{"reason": {"tò mò"}}); page.status != http.StatusConflict {
		t.Errorf("somebody without the claim got %d", page.status)
	}
	page := v.press(v.get(casePath(k.ID)), "reveal", url.Values{"reason": {"Để tìm đơn"}})
	page.says("#thread .post.focus", phone)
	page.says("#history", "Để tìm đơn")
	page.says(".facts", Text("vi", "fact.reveals"))
	if other := c.visits("lan", "vi").get(casePath(k.ID)); strings.Contains(other.body, phone) {
		t.Error("another advocate sees it, too")
	}
}

func TestADraftBeginsWithWhatIsReady(t *testing.T) {
	c := newCafe(t)
	s := c.keeps("Giờ mở cửa", "Chào [tên khách], quán mở cửa [giờ mở cửa] ạ.")
	old := c.writes("khach", "Quán mở cửa tới mấy giờ ạ?", "")
	said := c.answers("lan", old, "Dạ quán mở cửa từ 7h tới 22h ạ.")
	if said.State == community.Submitted {
		c.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := c.Desk.Approve(ctx, tx, c.members["minh"], said.ID, "")
			return err
		})
	}
	k := c.writes("lananh", "Hôm nay quán mở cửa mấy giờ vậy?", "")
	c.claims("huy", k)
	v := c.visits("huy", "vi")
	page := v.get(casePath(k.ID))
	page.says("#help .similar", "Dạ quán mở cửa từ 7h tới 22h ạ.")
	page.says("#snippets", "Giờ mở cửa")

	begin := func(form url.Values) answered { return v.post(casePath(k.ID)+"/begin", form) }
	if got := begin(url.Values{"snippet": {fmt.Sprint(s.ID)}}).composer(); got != "Chào @lananh, quán mở cửa [giờ mở cửa] ạ." {
		t.Errorf("got %q", got)
	}
	refused := v.post(casePath(k.ID)+"/answers", url.Values{"text": {"Chào @lananh, quán mở cửa [giờ mở cửa] ạ."}})
	refused.says("#answer-error", "ngoặc vuông")
	if got := begin(url.Values{"similar": {fmt.Sprint(said.ID)}, "text": {"Mình đây ạ."}}).composer(); got != "Mình đây ạ.\nDạ quán mở cửa từ 7h tới 22h ạ." {
		t.Errorf("got %q", got)
	}
	if got := begin(url.Values{"part": {"greeting"}, "text": {"quán mở 7h."}}).composer(); got != "Chào @lananh, quán mở 7h." {
		t.Errorf("got %q", got)
	}
	var draft community.Answer
	draft, err := community.DraftOf(t.Context(), c.DB.Read(), c.members["huy"], k.ID)
	if err != nil || draft.SnippetID != s.ID || draft.SimilarID != said.ID {
		t.Errorf("the draft does not know where it comes from: %+v (%v)", draft, err)
	}
}

func TestATextIsLookedAtBeforeItIsSent(t *testing.T) {
	c := newCafe(t)
	s := c.keeps("Chào", "Chào bạn, quán mở cửa 7h tới 22h ạ.")
	k := c.writes("lananh", "Quán mở cửa mấy giờ vậy?", "")
	c.claims("huy", k)
	v := c.visits("huy", "vi")
	look := func(text string) answered {
		return v.typing(casePath(k.ID)+"/check", url.Values{"text": {text}})
	}
	look("Gọi 0912345678 nha").says(".hints", Text("vi", "guard.phone"))
	look("Chào [tên khách] ạ").says(".hints", "[tên khách]")
	look(s.Text).says(".hints", Text("vi", "help.as_kept"))
	page := look("Dạ quán mở cửa từ bảy giờ ạ.")
	page.says(".post-text", "Dạ quán mở cửa từ bảy giờ ạ.")
	page.says("summary", "28/280")
	whole := v.post(casePath(k.ID)+"/check", url.Values{"text": {"Gọi 0912345678 nha"}})
	whole.says("#hints", Text("vi", "guard.phone"))
	if got := whole.composer(); got != "Gọi 0912345678 nha" {
		t.Errorf("without scripts the text was lost: %q", got)
	}
}

func TestColleaguesAreAskedBesideTheThread(t *testing.T) {
	c := newCafe(t)
	k := c.writes("lananh", "Voucher sinh nhật dùng sao ạ?", "")
	c.claims("huy", k)
	v, staff := c.visits("huy", "vi"), c.visits("minh", "vi")
	asked := v.press(v.get(casePath(k.ID)), "notes", url.Values{"to": {"staff"}, "note": {"Voucher này còn hạn không ạ?"}})
	asked.says(".notes", "Voucher này còn hạn không ạ?")
	page := staff.get(casePath(k.ID))
	page.says(".notes", "Huy hỏi nhân viên")
	staff.press(page, "reply", url.Values{"note": {"Còn tới 31/12 nhé."}})
	v.get(casePath(k.ID)).says(".notes .reply", "Còn tới 31/12 nhé.")
	if other := c.visits("lan", "vi").get(casePath(k.ID)); strings.Contains(other.body, "Còn tới 31/12") {
		t.Error("somebody who was not asked reads it")
	}

	c.drafts("huy", k, "Chào bạn, để mình hỏi lại nhé")
	v.post(casePath(k.ID)+"/escalate", url.Values{"reason": {"cần tra voucher"}})
	handed := staff.get(casePath(k.ID))
	for _, want := range []string{"cần tra voucher", "Voucher sinh nhật dùng sao ạ?", "Chào bạn, để mình hỏi lại nhé", "Còn tới 31/12 nhé."} {
		handed.says(".handover", want)
	}
}

func TestDraftsFollowTheirWriter(t *testing.T) {
	c := newCafe(t)
	k := c.writes("lananh", "Quán mở cửa mấy giờ vậy?", "")
	phone, desktop := c.visits("huy", "vi"), c.visits("huy", "vi")
	phone.typing(casePath(k.ID)+"/draft", url.Values{"text": {"Dạ từ 7h"}})
	phone.post("/sign-out", nil)
	if got := desktop.get(casePath(k.ID)).composer(); got != "Dạ từ 7h" {
		t.Errorf("on another device the draft is %q", got)
	}
	desktop.typing(casePath(k.ID)+"/draft", url.Values{"text": {"Dạ từ 7h tới 22h"}})
	if got := c.visits("huy", "vi").get(casePath(k.ID)).composer(); got != "Dạ từ 7h tới 22h" {
		t.Errorf("after a crash and another sign-in the draft is %q", got)
	}
}

func TestSnippetsAreKeptByStaffAndBetteredByAll(t *testing.T) {
	c := newCafe(t)
	staff, huy := c.visits("minh", "vi"), c.visits("huy", "vi")
	staff.get("/snippets").says(".empty", Text("vi", "snippet.empty"))
	page := staff.post("/snippets", url.Values{"name": {"Giao hàng"}, "text": {"Dạ bên em giao 30 phút ạ."}, "language": {"vi"}, "topic": {"1", "99"}})
	page.says("#snippet-1", "Giao hàng")
	again := staff.post("/snippets", url.Values{"name": {"Giao hàng"}, "text": {"khác"}, "language": {"vi"}})
	again.says(".error", "Đã có câu mẫu")
	if got := huy.post("/snippets", url.Values{"name": {"x"}, "text": {"y"}, "language": {"vi"}}); got.status != http.StatusForbidden {
		t.Errorf("an advocate kept a snippet: %d", got.status)
	}
	huy.press(huy.get("/snippets"), "suggest", url.Values{"text": {"Dạ bên em giao trong 30 phút ạ."}})
	waiting := staff.get("/snippets")
	waiting.says(".diff ins", "trong")
	staff.press(waiting, "decide", url.Values{"accept": {"yes"}})
	huy.get("/snippets").says("#snippet-1 .said", "Dạ bên em giao trong 30 phút ạ.")
}

func TestLimitsAreSetByAdmins(t *testing.T) {
	c := newCafe(t)
	admin := c.visits("an", "vi")
	form := url.Values{"what": {"voucher, mã giảm giá", ""}, "unit": {"đ", ""}}
	for level, amount := range map[string]string{"1": "0", "2": "20.000", "3": "50000", "4": "50000"} {
		form["up_to_"+level] = []string{amount, ""}
	}
	admin.post("/settings/limits", form)
	k := c.writes("lananh", "Quán mở cửa mấy giờ vậy?", "")
	c.claims("lan", k)
	c.visits("lan", "vi").get(casePath(k.ID)).says("#help .facts", "tới 50.000 đ")
	form["up_to_4"] = []string{"10", ""}
	refused := admin.post("/settings/limits", form)
	refused.says(".notice.failure", "Bậc cao")
	if got := c.visits("minh", "vi").post("/settings/limits", form); got.status != http.StatusForbidden {
		t.Errorf("a moderator set limits: %d", got.status)
	}
}

// TestWhatAnAccountMayPost: the writer is told how long a text may be for the account that posts it, and what
// posting it costs.
func TestWhatAnAccountMayPost(t *testing.T) {
	c := newCafe(t)
	c.Desk.Network = func(string) listeners.Network { return twitter.Network }
	k := c.writes("a", "Có ship về quận 7 không shop?", "")
	c.claims("lan", k)
	v := c.visits("lan", "en")
	limit := func(want string) {
		t.Helper()
		if got := attr(v.get(casePath(k.ID)).all("#answer")[0], "data-limit"); got != want {
			t.Errorf("the writer may write %s, want %s", got, want)
		}
	}
	limit("280")
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := tx.NewRaw(`UPDATE connections SET settings = '{"plan":"Premium"}' WHERE id = ?`, c.conn.ID).Exec(ctx)
		return err
	})
	limit("25000")
	long := strings.Repeat("Dạ có ạ. ", 60)
	for text, says := range map[string]string{
		long: "/25,000) Posting it costs $0.01.", "Dạ xem https://example.com/ship nha": "Posting it costs $0.20.",
	} {
		v.typing(casePath(k.ID)+"/check", url.Values{"text": {text}}).says("summary", says)
	}
}
