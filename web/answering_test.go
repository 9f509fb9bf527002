package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// press sends the form of a page whose action ends with a word, with all it carries and what was typed.
func (v *visitor) press(page answered, what string, typed url.Values) answered {
	v.c.t.Helper()
	for _, form := range page.all("form") {
		action, query, _ := strings.Cut(attr(form, "action"), "?")
		if what == "draft" && strings.HasSuffix(action, "/answers") { // the button without scripts, by its formaction
			action = strings.TrimSuffix(action, "answers") + "draft"
		}
		if !strings.HasSuffix(action, "/"+what) {
			continue
		}
		values := url.Values{}
		for _, field := range append(page.all("input"), page.all("textarea")...) {
			owner := attr(field, "form")
			if attr(field, "name") == "" || owner != attr(form, "id") || owner == "" && !inside(field, form) {
				if owner != "" || !inside(field, form) {
					continue
				}
			}
			values.Set(attr(field, "name"), attr(field, "value"))
			if field.Data == "textarea" {
				values.Set(attr(field, "name"), textOf(field))
			}
		}
		for name, value := range typed {
			values[name] = value
		}
		if query != "" {
			action += "?" + query
		}
		return v.post(action, values)
	}
	v.c.t.Fatalf("%s has no form for %s", page.path, what)
	return answered{}
}

func inside(n, outer *html.Node) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if p == outer {
			return true
		}
	}
	return false
}

// textOf is what a text area holds.
func textOf(area *html.Node) string {
	if area.FirstChild == nil {
		return ""
	}
	return area.FirstChild.Data
}

func (p parsed) composer() string {
	p.t.Helper()
	found := p.all("#composer textarea")
	if len(found) != 1 {
		p.t.Fatalf("%d composers", len(found))
	}
	return textOf(found[0])
}

// partly asks for a part of a page as htmx does.
func (v *visitor) partly(path string) answered {
	return v.send(http.MethodGet, path, nil, map[string]string{"HX-Request": "true"})
}

// typing sends a form as htmx does.
func (v *visitor) typing(path string, form url.Values) answered {
	return v.send(http.MethodPost, path, form, map[string]string{"HX-Request": "true"})
}

// TestOneQuestionWithoutScripts walks from the feed to an answer in review, by links and forms only.
func TestOneQuestionWithoutScripts(t *testing.T) {
	for _, lang := range Languages {
		t.Run(lang, func(t *testing.T) {
			c := newCafe(t)
			k := c.writes("lan_ng", "Giao hàng gì mà 3 tiếng chưa tới vậy @saomaicafe?", "")
			v := c.visits("huy", lang)
			feed := v.get("/feed")
			rows := feed.all("a.row")
			if len(rows) != 1 {
				t.Fatalf("got %d rows, want 1", len(rows))
			}
			feed.says("a.row .row-who", "@lan_ng")
			feed.says("a.row .row-text", "Giao hàng gì mà 3 tiếng")
			feed.says("a.row .chip", "Giao hàng")
			feed.says("a.row .points", "+3")

			page := v.get(attr(rows[0], "href"))
			page.says("#thread .post.focus", "Giao hàng gì mà 3 tiếng")
			page.says("#claim", Text(lang, "claim.free"))
			page.lacks("#composer", "")

			page = v.press(page, "claim", nil)
			if page.path != casePath(k.ID) {
				t.Errorf("after claiming one is at %s", page.path)
			}
			page.says("#claim .claim.mine", Text(lang, "claim.mine"))
			page.says("#dock .hint", Text(lang, "why.newcomer"))

			page = v.press(page, "draft", url.Values{"text": {"Chào Lan"}})
			if got := page.composer(); got != "Chào Lan" {
				t.Errorf("the draft came back as %q", got)
			}

			page = v.press(page, "answers", url.Values{"text": {"Chào Lan, mình báo quán ngay nhé."}})
			if page.status != http.StatusOK || page.path != casePath(k.ID) {
				t.Fatalf("sending ended at %s with %d", page.path, page.status)
			}
			page.says("#thread .ours", "Chào Lan, mình báo quán ngay nhé.")
			page.says("#thread .ours .chip", Text(lang, "reply.in_review"))
			page.says("#claim", Text(lang, "claim.review_mine"))
			page.lacks("#composer", "")
			v.get("/mine").says("#mine", "Chào Lan, mình báo quán ngay nhé.")
			v.get("/feed").says(".empty", Text(lang, "feed.empty"))
		})
	}
}

// TestASentAnswerCanBeTakenBack is Undo without scripts.
func TestASentAnswerCanBeTakenBack(t *testing.T) {
	c := newCafe(t)
	c.writes("lan_ng", "Quán mở cửa tới mấy giờ ạ?", "")
	v := c.visits("lan", "vi")
	page := v.press(v.get("/cases/1"), "claim", nil)
	page.lacks("#dock .hint", "xem trước khi gửi") // nobody looks at Lan's answers first
	page = v.press(page, "answers", url.Values{"text": {"Dạ tới 22h30 ạ."}})
	page.says("#thread .ours .chip", "Sắp gửi")
	page = v.press(page, "take-back", nil)
	if got := page.composer(); got != "Dạ tới 22h30 ạ." {
		t.Errorf("taken back, the composer holds %q", got)
	}
	page.says("#claim .mine", "Bạn giữ chỗ này")
	page.lacks("#thread .ours", "")

	page = v.press(page, "answers", nil)
	c.clock.Advance(11 * time.Second)
	page.says("#thread .ours", "Dạ tới 22h30 ạ.")
	late := v.press(page, "take-back", nil)
	if late.status != http.StatusOK {
		t.Errorf("an answer that still waits cannot be taken back: %d", late.status)
	}
}

// TestWhatOneMayNotKnow is told like what does not exist.
func TestWhatOneMayNotKnow(t *testing.T) {
	c := newCafe(t)
	staff := c.writes("dr_ok", "Con tôi bị dị ứng phải vào viện, tôi sẽ kiện!", "")
	if staff.Lane != community.Staff {
		t.Fatalf("the case is for %s", staff.Lane)
	}
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		other, err := community.AddBrand(ctx, tx, community.Brand{Slug: "other", Name: "Other", Language: "vi", ReviewSeed: "x"}, nil)
		if err != nil {
			return err
		}
		_, err = tx.NewUpdate().Table("cases").Set("brand_id = ?, lane = ?", other.ID, community.Community).Where("id = ?", c.secondCase(ctx, tx)).Exec(ctx)
		return err
	})
	v := c.visits("huy", "vi")
	for name, path := range map[string]string{
		"a case for employees": casePath(staff.ID), "another brand's case": casePath(staff.ID + 1), "no case": "/cases/99", "no number": "/cases/abc",
	} {
		t.Run(name, func(t *testing.T) {
			page := v.get(path)
			if page.status != http.StatusNotFound {
				t.Errorf("got %d, want 404", page.status)
			}
			page.says("main", "Không có gì ở đây")
			if page := v.post(path+"/claim", nil); page.status != http.StatusNotFound {
				t.Errorf("claiming gave %d, want 404", page.status)
			}
			if page := v.post(path+"/answers", url.Values{"text": {"Chào"}}); page.status != http.StatusNotFound {
				t.Errorf("answering gave %d, want 404", page.status)
			}
		})
	}
	c.visits("minh", "vi").get(casePath(staff.ID)).says(".case-head", "Nhân viên")
}

// secondCase is a case besides the first one, to be given away.
func (c *cafe) secondCase(ctx context.Context, tx listeners.Tx) int64 {
	c.t.Helper()
	post := listeners.Post{
		NativeID: "9", ThreadKey: "9", Author: listeners.Author{NativeID: "9", Handle: "nine"}, Reason: listeners.Mentioned, Text: "Chào?",
		Delivery: listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}, CreatedAt: c.clock.Now(),
	}
	if err := c.Intake.Sink(c.conn, []listeners.Post{post})(ctx, tx); err != nil {
		c.t.Fatal(err)
	}
	var id int64
	if err := tx.NewSelect().Table("cases").Column("id").Where("thread_key = '9'").Scan(ctx, &id); err != nil {
		c.t.Fatal(err)
	}
	return id
}

// TestWhoIsTooLateSeesWhoWasQuicker presses the button of a page that is out of date.
func TestWhoIsTooLateSeesWhoWasQuicker(t *testing.T) {
	c := newCafe(t)
	k := c.writes("lan_ng", "Quán mở cửa tới mấy giờ ạ?", "")
	v := c.visits("huy", "vi")
	page := v.get(casePath(k.ID))
	c.claims("lan", k)
	late := v.press(page, "claim", nil)
	if late.status != http.StatusOK || late.path != casePath(k.ID) {
		t.Errorf("one is at %s with %d", late.path, late.status)
	}
	late.says("#claim", "Lan đang trả lời khách này")
	part := v.typing(casePath(k.ID)+"/claim", nil)
	part.says(".toast", "Có người khác đang trả lời")
	part.says("#case #claim", "Lan đang trả lời khách này")

	other := c.visits("lan", "vi")
	mine := other.get(casePath(k.ID))
	c.clock.Advance(16 * time.Minute)
	if page := other.press(mine, "release", nil); page.status != http.StatusOK {
		t.Errorf("handing back a claim that has ended gave %d", page.status)
	}
}

// TestNothingTypedIsLost sends answers that cannot leave now: the text is on the page again, with the
// reason, and stored.
func TestNothingTypedIsLost(t *testing.T) {
	const text = "Chào Lan, mình xin lỗi bạn."
	long := strings.Repeat("Chào Lan. ", 40)
	for name, story := range map[string]struct {
		meanwhile func(c *cafe, k community.Case)
		text      string
		status    int
		reason    string
		composer  bool // can be sent again from there
	}{
		"the time ran out and somebody else has it": {
			func(c *cafe, k community.Case) { c.clock.Advance(16 * time.Minute); c.claims("lan", k) },
			text, http.StatusConflict, "người khác đang trả lời", true,
		},
		"the customer wrote again": {
			func(c *cafe, k community.Case) {
				c.writes("lan_ng", "Mà thôi, đổi giúp mình món khác nhé?", k.ThreadKey)
			},
			text, http.StatusUnprocessableEntity, "Khách vừa viết thêm", true,
		},
		"it is too long": {
			func(*cafe, community.Case) {}, long, http.StatusUnprocessableEntity, "dài hơn mức mạng cho phép", true,
		},
		"the network takes no answer": {
			func(c *cafe, k community.Case) { c.set(k, "delivery = 'blocked', delivery_why = ''") },
			text, http.StatusConflict, "không trả lời từ đây được", false,
		},
		"the customer deleted the post": {
			func(c *cafe, k community.Case) { c.set(k, "state = 'gone', holder_id = NULL, held_until = NULL") },
			text, http.StatusConflict, "không còn mở", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCafe(t)
			k := c.writes("lan_ng", "Giao hàng gì mà 3 tiếng chưa tới vậy?", "")
			v := c.visits("huy", "vi")
			page := v.press(v.get(casePath(k.ID)), "claim", nil)
			story.meanwhile(c, k)
			page = v.press(page, "answers", url.Values{"text": {story.text}})
			if page.status != story.status {
				t.Errorf("got %d, want %d", page.status, story.status)
			}
			page.says("#dock [role=alert]", story.reason)
			if story.composer {
				if got := page.composer(); got != story.text {
					t.Errorf("the composer holds %q", got)
				}
			} else {
				page.says("#dock .kept", story.text)
			}
			draft, err := community.DraftOf(t.Context(), c.DB.Read(), c.members["huy"], k.ID)
			if err != nil || draft.Text != story.text {
				t.Errorf("stored is %q, %v", draft.Text, err)
			}
		})
	}
}

// set changes a case behind everybody's back.
func (c *cafe) set(k community.Case, what string) {
	c.t.Helper()
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := tx.NewUpdate().Table("cases").Set(what).Where("id = ?", k.ID).Exec(ctx)
		return err
	})
}

func TestSeenOnceMoreItLeaves(t *testing.T) {
	c := newCafe(t)
	k := c.writes("lan_ng", "Giao hàng gì mà 3 tiếng chưa tới vậy?", "")
	v := c.visits("huy", "vi")
	page := v.press(v.get(casePath(k.ID)), "claim", nil)
	c.clock.Advance(time.Minute)
	c.writes("lan_ng", "Mà thôi, đổi giúp mình món khác nhé?", k.ThreadKey)
	page = v.press(page, "answers", url.Values{"text": {"Dạ mình đổi ngay."}})
	page.says("#thread .post.focus", "Mà thôi, đổi giúp mình món khác nhé?")
	page = v.press(page, "answers", nil)
	page.says("#thread .ours .chip", "Chờ duyệt")
}

// TestALapsedClaimOfAFreeCaseIsTakenAgain is what a phone does that slept over the end of a claim.
func TestALapsedClaimOfAFreeCaseIsTakenAgain(t *testing.T) {
	for name, ended := range map[string]bool{"before the sweep": false, "after the sweep": true} {
		t.Run(name, func(t *testing.T) {
			c := newCafe(t)
			k := c.writes("lan_ng", "Giao hàng gì mà 3 tiếng chưa tới vậy?", "")
			v := c.visits("huy", "vi")
			page := v.press(v.get(casePath(k.ID)), "claim", nil)
			c.clock.Advance(20 * time.Minute)
			if ended {
				c.do(func(ctx context.Context, tx listeners.Tx) error {
					_, err := community.EndLeases(ctx, tx, 10)
					return err
				})
			}
			bar := v.typing(casePath(k.ID)+"/claim?part=claim", nil)
			bar.says("#claim .mine", "Bạn giữ chỗ này")
			bar.lacks("#thread", "")

			c.clock.Advance(20 * time.Minute)
			page = v.press(page, "answers", url.Values{"text": {"Chào Lan"}})
			if page.status != http.StatusOK {
				t.Errorf("sending after the claim lapsed gave %d", page.status)
			}
			page.says("#claim", "chờ duyệt")
		})
	}
	t.Run("somebody else was quicker", func(t *testing.T) {
		c := newCafe(t)
		k := c.writes("lan_ng", "Giao hàng gì mà 3 tiếng chưa tới vậy?", "")
		v := c.visits("huy", "vi")
		v.press(v.get(casePath(k.ID)), "claim", nil)
		c.clock.Advance(20 * time.Minute)
		c.claims("lan", k)
		bar := v.typing(casePath(k.ID)+"/claim?part=claim", nil)
		bar.says("#claim", "Lan đang trả lời khách này")
		bar.lacks("#claim .mine", "")
		bar = v.typing(casePath(k.ID)+"/draft", url.Values{"text": {"Chào Lan"}})
		bar.says("#claim", "Bản nháp của bạn vẫn được giữ")
		if page := v.get(casePath(k.ID)); page.composer() != "Chào Lan" {
			t.Errorf("the composer holds %q", page.composer())
		}
	})
}

func TestADraftRenewsTheClaimAndTellsItsNumber(t *testing.T) {
	c := newCafe(t)
	k := c.writes("lan_ng", "Giao hàng gì mà 3 tiếng chưa tới vậy?", "")
	v := c.visits("huy", "vi")
	v.press(v.get(casePath(k.ID)), "claim", nil)
	c.clock.Advance(10 * time.Minute)
	bar := v.typing(casePath(k.ID)+"/draft", url.Values{"text": {"Chào"}, "seen": {fmt.Sprint(k.MentionID)}})
	bar.says("#claim .countdown", "15:00")
	bar.lacks("#claim .notice", "")
	fence := attr(bar.all("[name=fence]")[0], "value")
	c.clock.Advance(16 * time.Minute)
	bar = v.typing(casePath(k.ID)+"/draft", url.Values{"text": {"Chào Lan"}, "seen": {fmt.Sprint(k.MentionID)}})
	if again := attr(bar.all("[name=fence]")[0], "value"); again == fence {
		t.Errorf("the claim was taken again and its number is still %s", fence)
	}
	c.writes("lan_ng", "Alo?", k.ThreadKey)
	bar = v.typing(casePath(k.ID)+"/draft", url.Values{"text": {"Chào Lan,"}, "seen": {fmt.Sprint(k.MentionID)}})
	bar.says("#claim .notice", "Khách vừa viết thêm")
	if refused := v.typing(casePath(k.ID)+"/draft", url.Values{"text": {strings.Repeat("x", 100_001)}}); refused.status != http.StatusUnprocessableEntity {
		t.Errorf("a text that is longer than what is kept gave %d", refused.status)
	}
}

// TestAnAnswerIsSentOnce sends the same form twice, and a draft that was still on its way.
func TestAnAnswerIsSentOnce(t *testing.T) {
	c := newCafe(t)
	k := c.writes("lan_ng", "Giao hàng gì mà 3 tiếng chưa tới vậy?", "")
	v := c.visits("huy", "vi")
	page := v.press(v.get(casePath(k.ID)), "claim", nil)
	form := url.Values{"text": {"Chào Lan, mình báo quán ngay."}}
	for range 2 {
		if got := v.press(page, "answers", form); got.status != http.StatusOK {
			t.Errorf("got %d", got.status)
		}
	}
	v.typing(casePath(k.ID)+"/draft", form)
	answers, err := community.AnswersOf(t.Context(), c.DB.Read(), c.members["huy"], 10)
	if err != nil || len(answers) != 1 {
		t.Errorf("there are %d answers, %v", len(answers), err)
	}
}

// TestHostileConversation plays a customer, a colleague and a network that try to break out of the page.
func TestHostileConversation(t *testing.T) {
	const evil = `</textarea></p><script>alert(1)</script><img src=x onerror=alert(2)>" autofocus onfocus="alert(3) giao nhầm hoài không?`
	c := newCafe(t)
	c.posts = 5
	c.do(c.Intake.Sink(c.conn, []listeners.Post{{
		NativeID: "6", ThreadKey: "6", Author: listeners.Author{NativeID: "6", Handle: `"><script>alert(4)</script>`, Name: evil}, Reason: listeners.Mentioned, Text: evil,
		URL: "javascript:alert(5)", Delivery: listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}, CreatedAt: c.clock.Now(),
	}}))
	v := c.visits("lan", "en")
	feed := v.get("/feed")
	page := v.press(v.get("/cases/1"), "claim", nil)
	draft := v.press(page, "draft", url.Values{"text": {evil}})
	if got := draft.composer(); got != evil {
		t.Errorf("the composer holds %q", got)
	}
	sent := v.press(draft, "answers", url.Values{"text": {evil}})
	mine := v.get("/mine")
	reviewed := c.visits("minh", "en").get("/review")
	for name, page := range map[string]answered{"feed": feed, "case": page, "draft": draft, "sent": sent, "mine": mine, "review": reviewed} {
		if scripts := page.all("script"); len(scripts) != 1 || attr(scripts[0], "nonce") == "" {
			t.Errorf("%s: %d scripts", name, len(scripts))
		}
		page.lacks("img", "")
		page.lacks("[onerror]", "")
		page.lacks("[onfocus]", "")
		for _, a := range page.all("a") {
			if strings.HasPrefix(strings.ToLower(strings.TrimSpace(attr(a, "href"))), "javascript:") {
				t.Errorf("%s leads to %q", name, attr(a, "href"))
			}
		}
	}
	page.says("#thread .post-text", "<script>alert(1)</script>")
	sent.says("#thread .ours .post-text", "<img src=x onerror=alert(2)>")
	if marks := page.all("#thread mark"); len(marks) == 0 {
		t.Error("what was heard is not marked any more")
	}
}

func TestHandingOver(t *testing.T) {
	c := newCafe(t)
	k := c.writes("lan_ng", "Tiền hoàn của mình đâu rồi shop?", "")
	v := c.visits("huy", "vi")
	page := v.press(v.get(casePath(k.ID)), "claim", nil)
	reasons := page.all("#exit button.reason")
	if len(reasons) != len(exitReasons) {
		t.Fatalf("got %d reasons", len(reasons))
	}
	if empty := v.post(casePath(k.ID)+"/escalate", url.Values{"reason": {"  "}}); empty.status != http.StatusUnprocessableEntity {
		t.Errorf("without a reason: %d", empty.status)
	}
	page = v.press(page, "escalate", url.Values{"reason": {attr(reasons[0], "value")}})
	page.says("#list .notice", "Đã chuyển cho nhân viên")
	if page.path != "/feed?said=to_staff" {
		t.Errorf("one is at %s", page.path)
	}
	if gone := v.get(casePath(k.ID)); gone.status != http.StatusNotFound {
		t.Errorf("the advocate still sees it: %d", gone.status)
	}
	staff := c.visits("minh", "vi")
	staff.get("/feed?lane=staff").says("a.row .chip", "Nhân viên")
	page = staff.get(casePath(k.ID))
	page.says("#history", "Cần tra đơn hàng hoặc tài khoản của khách")
	page.lacks("#exit", "")

	page = staff.press(page, "close", url.Values{"reason": {"Đã gọi điện cho khách"}})
	page.says("#claim", "Nhân viên đã đóng")
	page.says("#history", "Đã gọi điện cho khách")
	if refused := v.post(casePath(k.ID)+"/close", url.Values{"reason": {"x"}}); refused.status != http.StatusForbidden {
		t.Errorf("an advocate closing a case gave %d", refused.status)
	}
}

func TestAReturnedAnswerShowsTheAdvice(t *testing.T) {
	c := newCafe(t)
	a := c.waiting("Hạt rang mộc giá bao nhiêu vậy shop?", "Rẻ lắm!!!")
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := c.Desk.Return(ctx, tx, c.members["minh"], a.ID, "Bạn thêm giá cụ thể nhé.")
		return err
	})
	v := c.visits("huy", "vi")
	v.get("/mine").says("#mine .row-note", "Bạn thêm giá cụ thể nhé.")
	page := v.get(casePath(a.CaseID) + "?from=mine")
	page.says("#dock .notice", "Minh góp ý")
	page.says("#dock .notice", "Bạn thêm giá cụ thể nhé.")
	if got := page.composer(); got != "Rẻ lắm!!!" {
		t.Errorf("the composer holds %q", got)
	}
	if back := page.all(".top a"); attr(back[0], "href") != "/mine" {
		t.Errorf("the way back leads to %s", attr(back[0], "href"))
	}
	page = v.press(page, "answers", url.Values{"text": {"Dạ 320k một ký ạ."}})
	page.says("#thread .ours", "Dạ 320k một ký ạ.")

	c.visits("lan", "vi").get(casePath(a.CaseID)).lacks("#history", "Bạn thêm giá cụ thể nhé.")
}

func TestWhatCannotBeSentFromHereLeadsToTheNetwork(t *testing.T) {
	c := newCafe(t)
	k := c.writes("lan_ng", "Cà phê Sao Mai dạo này sao?", "")
	v := c.visits("huy", "vi")
	c.set(k, "delivery = 'blocked', delivery_why = ''")
	page := v.get(casePath(k.ID))
	page.says("#dock", "Mạng không cho trả lời")
	page.lacks("#composer", "")
	page.says("#dock .exit", "Chuyển nhân viên")
}

// TestAnOpenPageIsToldWhatChanged asks for what live changes ask for.
func TestAnOpenPageIsToldWhatChanged(t *testing.T) {
	c := newCafe(t)
	k := c.writes("lan_ng", "Giao hàng gì mà 3 tiếng chưa tới vậy?", "")
	v := c.visits("huy", "vi")
	page := v.press(v.get(casePath(k.ID)), "claim", nil)
	ask := attr(page.all("#thread")[0], "hx-get") + "&kind=write&seen=" + fmt.Sprint(k.MentionID)
	c.clock.Advance(time.Minute)
	c.writes("lan_ng", "Alo?", k.ThreadKey)

	part := v.partly(strings.Replace(ask, "&kind", "&kind", 1))
	part.says("#thread", "Alo ?") // the question is marked
	part.says("#claim .notice", "Khách vừa viết thêm")
	part.says("#history", "Huy giữ chỗ")
	part.lacks("#composer", "") // stays as it is on the page
	if full := part.all("html head title"); len(full) != 0 {
		t.Error("a whole page came back")
	}

	c.set(k, "state = 'answered_elsewhere', holder_id = NULL, held_until = NULL")
	part = v.partly(ask)
	part.says("#dock #claim", "Nhãn hàng đã trả lời")
	part.lacks("#composer", "")
}
