package web

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/web/browsertest"
)

// busy lets a morning pass at the café, so that every page has something to show.
func (c *cafe) busy() {
	c.t.Helper()
	review := func(f func(context.Context, listeners.Tx) error) { c.t.Helper(); c.do(f) }
	approve := func(a community.Answer, edited string) {
		c.t.Helper()
		review(func(ctx context.Context, tx listeners.Tx) error {
			_, err := c.Desk.Approve(ctx, tx, c.members["minh"], a.ID, edited)
			return err
		})
	}
	solved := c.writes("thuha_1990", "@saomaicafe App báo lỗi hoài không tích được điểm thành viên, mình phải làm sao ạ?", "")
	a := c.answers("huy", solved, "Chào Hà, bạn thử đăng xuất rồi vào lại giúp mình nhé. Nếu chưa được, bạn nhắn mình số điện thoại bốn số cuối.")
	approve(a, "Chào Hà, bạn thử đăng xuất rồi vào lại giúp mình nhé.")
	c.clock.Advance(time.Minute)
	c.isSent(a)
	c.clock.Advance(5 * time.Minute)
	c.writes("thuha_1990", "Được rồi nha, cảm ơn bạn nhiều!", solved.ThreadKey)

	lans := c.writes("minhtr", "Quán Nguyễn Trãi cuối tuần mở cửa tới mấy giờ ạ?", "")
	c.answers("lan", lans, "Dạ quán mở tới 22h30 cả cuối tuần ạ.")
	approve(c.waiting("Có ship về quận 7 không shop?", "Dạ có ạ, phí 15k trong 5 km."), "")
	back := c.waiting("Hạt rang mộc giá bao nhiêu một ký vậy shop?", "Rẻ lắm bạn ơi!!!")
	review(func(ctx context.Context, tx listeners.Tx) error {
		_, err := c.Desk.Return(ctx, tx, c.members["minh"], back.ID, "Cảm ơn Huy! Bạn thêm giá cụ thể giúp khách nhé.")
		return err
	})
	c.clock.Advance(20 * time.Minute)

	angry := c.writes("lan.ng", "Sáng nay lại giao nhầm nữa rồi @saomaicafe", "")
	c.clock.Advance(time.Minute)
	c.writes("lan.ng", "Đặt 3 lần vẫn giao nhầm, gọi tổng đài không ai nghe máy. Chán quá @saomaicafe ơi, giờ mình phải làm sao?", angry.ThreadKey)
	c.clock.Advance(4 * time.Minute)
	c.answers("huy", angry, "Chào Lan, mình là Huy, một khách quen giúp Sao Mai trả lời. Mình rất tiếc vì bạn đã phải đợi ba lần mà vẫn chưa nhận đúng món. Bạn gọi giúp 0901 234 567 hoặc xem https://saomai.example/doi-mon nhé.")
	c.clock.Advance(2 * time.Minute)
	c.writes("lan.ng", "Alo? Có ai không?", angry.ThreadKey)
	c.waiting("Cho mình hỏi quán có chỗ đậu xe ô tô không ạ, mình đi cùng gia đình năm người?", "Dạ chi nhánh Nguyễn Trãi có bãi xe ngay bên cạnh, gửi miễn phí khi có hoá đơn ạ.")
	c.waiting("Is the cold brew coming to Da Nang?", "Yes! From the first of December, at the new shop by the river.")
	c.inDoubt(c.answers("lan", c.writes("coffee_addict", "Do you have oat milk?", ""), "Yes, in every shop, for 10k more."))
	for name, kind := range map[string]community.Kind{"huy": community.CaseSolved, "lan": community.CustomerThanks} {
		c.do(func(ctx context.Context, tx listeners.Tx) error {
			return community.Give(ctx, tx, community.NoticeJob{BrandID: c.brand.ID, MemberID: c.members[name].ID, CaseID: solved.ID, About: kind, Event: "e"})
		})
	}
	c.clock.Advance(3 * time.Minute)
}

// isSent puts an answer on the network.
func (c *cafe) isSent(a community.Answer) {
	c.t.Helper()
	r := c.replyTo(a)
	r.State, r.SentAt, r.NativeID = listeners.Delivered, c.clock.Now(), "r"+r.ID
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		if _, err := tx.NewUpdate().Model(&r).Column("state", "sent_at", "native_id").WherePK().Exec(ctx); err != nil {
			return err
		}
		return community.Done(ctx, tx, r)
	})
}

// inDoubt makes the reply to an answer one of which only a person can tell whether it is there.
func (c *cafe) inDoubt(a community.Answer) {
	c.t.Helper()
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := tx.NewUpdate().Model((*listeners.Reply)(nil)).Set("state = ?", listeners.AskHuman).Where("answer_id = ?", a.ID).Exec(ctx)
		return err
	})
}

// TestPagesLookRight opens every page of this half as people do, in each width, theme and language:
// nothing may scroll sideways, break the Content-Security-Policy or fail axe. KITH_SCREENSHOTS=DIR
// keeps pictures.
func TestPagesLookRight(t *testing.T) {
	b := newBrowser(t)
	b.System("light")
	c := newCafe(t)
	c.busy()
	queue, err := community.ReviewQueue(t.Context(), c.DB.Read(), c.members["minh"], 10)
	if err != nil {
		t.Fatal(err)
	}
	b.Do(chromedp.Navigate(c.server.URL + "/sign-in"))
	if !browsertest.Value[bool](b, `document.cookie.includes("kith_zone=" + Intl.DateTimeFormat().resolvedOptions().timeZone)`) {
		t.Error("the server does not learn the browser's time zone")
	}
	c.looks(b, []look{
		{"sign-in", "", "/sign-in", ""},
		{"link", "", "/sign-in/" + c.link("huy"), ""},
		{"queue", "minh", "/review", ""},
		{"review", "minh", reviewPath(queue[0].ID), ""},
		{"points-staff", "minh", "/points", ""},
		{"me-staff", "minh", "/me", ""},
		{"points", "huy", "/points", ""},
		{"league", "huy", "/league", ""},
		{"me", "huy", "/me", ""},
		{"paste", "huy", "/paste", ""},
		{"share", "huy", "/share?" + url.Values{"text": {"Quán này uống sao mọi người? https://www.tiktok.com/@quan/video/7"}}.Encode(), ""},
		{"notices", "huy", "/notices", ""},
	})
	b.Quiet()
	c.looks(b, []look{{"used", "huy", "/sign-in/used", ""}, {"forbidden", "huy", "/review", ""}})
}

// newBrowser starts a browser for pages that are whole: with their scripts, styles and pictures.
func newBrowser(t *testing.T) *browsertest.Browser {
	t.Helper()
	if err := CheckAssets(); err != nil {
		t.Fatal(err)
	}
	return browsertest.New(t)
}

// stays is somebody's one visit, which goes on through all looks.
func (c *cafe) stays(who string) *visitor {
	c.t.Helper()
	if c.guests[who] == nil {
		if c.guests == nil {
			c.guests = map[string]*visitor{}
		}
		c.guests[who] = c.visits(who, "vi")
	}
	return c.guests[who]
}

// look is one page to look at: as whom ("" for nobody yet), where, and which overlay to open first.
type look struct{ name, who, path, open string }

// looks opens pages narrow and wide, in a dark and a light theme, in both languages; in every width,
// theme and language where pictures are kept.
func (c *cafe) looks(b *browsertest.Browser, pages []look) {
	c.t.Helper()
	type style struct {
		width       int64
		theme, lang string
	}
	styles := []style{{320, "dark", "vi"}, {834, "light", "vi"}, {1440, "light", "en"}}
	if os.Getenv("KITH_SCREENSHOTS") != "" {
		styles = nil
		for _, width := range []int64{320, 390, 834, 1440} {
			styles = append(styles, style{width, "light", "en"}, style{width, "dark", "vi"}, style{width, "light", "vi"}, style{width, "dark", "en"})
		}
	}
	b.Do(chromedp.Navigate(c.server.URL + "/sign-in"))
	was := ""
	for _, p := range pages {
		if p.who != was {
			browsertest.Value[bool](b, fmt.Sprintf(`(document.cookie = "kith=%s; path=/", true)`, c.stays(p.who).session()))
			was = p.who
		}
		for _, s := range styles {
			browsertest.Value[bool](b, fmt.Sprintf(`(document.cookie = "kith_theme=%s; path=/", document.cookie = "kith_language=%s; path=/", document.cookie = "kith_zone=Asia/Ho_Chi_Minh; path=/", true)`, s.theme, s.lang))
			b.Open(c.server.URL+p.path, s.width, 900)
			if p.open != "" {
				browsertest.Value[bool](b, `((e) => { e.popover === null ? e.open = true : e.showPopover(); return true })(document.querySelector("`+p.open+`"))`)
			}
			name := fmt.Sprintf("%s-%d-%s-%s", p.name, s.width, s.theme, s.lang)
			if over := browsertest.Value[int](b, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
				c.t.Errorf("%s scrolls sideways by %d px", name, over)
			}
			for _, violation := range b.Axe() {
				if p.open != "" && strings.HasPrefix(violation, "target-size") && strings.Contains(violation, "obscured") {
					continue // axe does not know that an open overlay lies above the bar
				}
				c.t.Errorf("%s: %s", name, violation)
			}
			b.Screenshot(name)
		}
	}
}
