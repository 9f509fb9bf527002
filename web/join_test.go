package web

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// opens lets people apply to the café.
func (c *cafe) opens() {
	c.t.Helper()
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		p, err := community.ProgrammeOf(ctx, tx, c.brand.ID)
		if err != nil {
			return err
		}
		p.Open = true
		return community.SetProgramme(ctx, tx, c.members["an"], p)
	})
}

// tells is a form of application that is complete.
func tells(email string) url.Values {
	return url.Values{
		"email": {email}, "password": {"một ly bạc xỉu nóng"}, "public_name": {"Tú"}, "topic": {"1"}, "language": {"vi"}, "network": {"x"},
		"handle_x": {"@tu"}, "motivation": {"Mình uống ở đây mỗi sáng."}, "code_version": {"1"}, "agrees": {"yes"}, "discloses": {"yes"},
		"days0": {"week"}, "from0": {"19:00"}, "to0": {"22:00"}, "zone": {"Asia/Ho_Chi_Minh"},
	}
}

// passes takes the test of a topic with every choice right, as a browser does.
func (v *visitor) passes(topic int) answered {
	v.c.t.Helper()
	path := fmt.Sprintf("/learn/%d/test", topic)
	v.post(path, nil)
	var page answered
	for i := range 8 {
		var t community.Test
		if err := v.c.DB.Read().NewSelect().Model(&t).Order("id DESC").Limit(1).Scan(v.c.t.Context()); err != nil {
			v.c.t.Fatal(err)
		}
		page = v.post(path+"/answer", url.Values{"case": {fmt.Sprint(i)}, "choice": {fmt.Sprint(t.Cases[i].Right)}})
		page.says(".notice", "Đúng rồi.")
	}
	return v.get(path)
}

// TestAStrangerBecomesAnAdvocate goes the whole way with forms alone.
func TestAStrangerBecomesAnAdvocate(t *testing.T) {
	c := newCafe(t)
	v := c.stranger("vi")
	v.get("/join/saomai").says("h2", "Chưa mở chương trình nào")
	c.opens()
	page := v.get("/join/saomai")
	for _, what := range []string{"Bạn sẽ làm gì", "Bạn nhận được gì", "Dữ liệu của bạn ra sao"} {
		page.says("h2", what)
	}
	for field, says := range map[string]string{
		"agrees": "đọc quy tắc", "discloses": "nói rõ bạn là ai", "motivation": "vì sao bạn muốn giúp", "topic": "ít nhất một chủ đề", "public_name": "chọn một tên",
	} {
		form := tells("tu@example.com")
		form.Del(field)
		page := v.post("/join/saomai", form)
		if page.status != 422 {
			t.Errorf("without %s: %d", field, page.status)
		}
		page.says(".error", says)
	}
	if page := v.post("/join/saomai", tells("huy@example.com")); page.status != 422 {
		t.Errorf("applied in the name of somebody who exists: %d", page.status)
	} else {
		page.says("#email-error", "đăng nhập trước")
	}
	page = v.post("/join/saomai", tells("tu@example.com"))
	if page.path != "/application" {
		t.Fatalf("applying led to %s: %d", page.path, page.status)
	}
	page.says(".chip", "đã nhận")
	page.lacks(".rail", "Bảng tin")
	for _, path := range []string{"/feed", "/mine", "/cases/1", "/people", "/profile", "/points", "/notices"} {
		if got := v.get(path); got.status != 403 {
			t.Errorf("an applicant asked for %s: %d", path, got.status)
		}
	}
	v.passes(1).says(".notice", "Đạt rồi!")
	v.get("/application").says(".chip", "đã đạt các bài")

	minh := c.visits("minh", "vi")
	desk := minh.get("/people/applications")
	desk.says(".side-by-side .panel", "Mình uống ở đây mỗi sáng.")
	desk.says(".checklist .done", "Giao hàng: đã đạt")
	if page := minh.post("/people/applications/1/decline", nil); page.status != 422 {
		t.Errorf("declined without a reason: %d", page.status)
	}
	member := minh.post("/people/applications/1/accept", nil)
	member.says("h2", "Tú")
	member.says(".facts", "Thứ Hai đến thứ Sáu 19:00–22:00")
	if page := v.get("/feed"); page.status != 200 {
		t.Errorf("the new advocate may not see the feed: %d", page.status)
	}
	if page := v.get("/profile"); page.status != 200 || !strings.Contains(page.body, `value="19:00"`) {
		t.Errorf("the profile has lost the hours: %d", page.status)
	}

	suspended := minh.post(member.path+"/suspend", url.Values{"reason": {"Hứa hoàn tiền cho khách."}, "days": {"7"}})
	suspended.says(".chip.bad", "Tạm dừng")
	if page := v.get("/feed"); page.status != 403 {
		t.Errorf("somebody suspended sees the feed: %d", page.status)
	}
	v.get("/application").says(".notice", "Hứa hoàn tiền cho khách.")
}

// TestAnInvitationLeadsToTheFilledForm is made on one page and used on another.
func TestAnInvitationLeadsToTheFilledForm(t *testing.T) {
	c := newCafe(t)
	minh := c.visits("minh", "vi")
	made := minh.post("/people/invitations", url.Values{"name": {"Tú"}, "topic": {"1"}, "level": {"1"}, "note": {"Cảm ơn bạn hôm qua!"}})
	link := words(made.all(".notice .secret")[0])
	path := link[strings.Index(link, "/join/"):]
	v := c.stranger("vi")
	page := v.get(path)
	page.says(".notice", "Cảm ơn bạn hôm qua!")
	if name := page.all("#public_name"); attr(name[0], "value") != "Tú" {
		t.Errorf("the name is not filled in: %q", attr(name[0], "value"))
	}
	form := tells("tu@example.com")
	form.Del("motivation")
	v.post(path, form).says(".application", "Đạt bài kiểm tra của một chủ đề")
	v.passes(1)
	if page := v.get("/feed"); page.status != 200 {
		t.Errorf("who was invited and passed may not see the feed: %d", page.status)
	}
	if page := c.stranger("vi").get(path); page.status != 410 {
		t.Errorf("the link works twice: %d", page.status)
	}
	minh.get("/people/invitations").says(".person", "đã dùng")
}

// TestPractice shows a case, asks for a choice and explains it, and makes cases of a pasted FAQ.
func TestPractice(t *testing.T) {
	c := newCafe(t)
	v := c.visits("huy", "en")
	v.get("/learn").says(".lessons", "Giao hàng")
	page := v.get("/learn/1?case=1")
	if n := len(page.all("input[name=choice]")); n != 3 {
		t.Fatalf("%d choices, want 3", n)
	}
	v.post("/learn/1", url.Values{"case": {"1"}}).says(".error", "Choose one of the answers.")
	v.post("/learn/1", url.Values{"case": {"1"}, "choice": {"0"}}).says(".notice.warning", "Not quite.")
	v.post("/learn/1", url.Values{"case": {"1"}, "choice": {"2"}}).says(".notice", "Exactly.")
	if page := v.get("/learn/99"); page.status != 404 {
		t.Errorf("a topic of nobody: %d", page.status)
	}

	minh := c.visits("minh", "en")
	faq := url.Values{"topic": {"1"}, "language": {"en"}, "faq": {"Q: Is it free?\nA: From 200,000 đ.\nQ: How far?\nA: 5 km."}}
	minh.post("/people/practice", faq).says("h3", "2 cases would be added")
	faq.Set("add", "yes")
	minh.post("/people/practice", faq).says(".meta", "2 of your own")
	v.get("/learn/1").says(".practice-question", "How far?")
}

func TestScoutThanksAndInvites(t *testing.T) {
	c := newCafe(t)
	minh := c.visits("minh", "vi")
	minh.get("/people/scout").says("h2", "Chưa tìm thấy ai")
	k := c.writes("hoi", "Có ship về quận 7 không shop?", "")
	for _, p := range []struct{ who, to, text string }{{"giup", "hoi", "Có đó bạn, trong 5 km nha."}, {"hoi", "giup", "Cảm ơn bạn, mình đặt được rồi!"}} {
		c.clock.Advance(time.Minute)
		c.posts++
		id := fmt.Sprint(1000 + c.posts)
		c.do(c.Intake.Sink(c.conn, []listeners.Post{{
			NativeID: id, ThreadKey: k.ThreadKey, ParentID: k.ThreadKey, ToID: p.to, Author: listeners.Author{NativeID: p.who, Handle: p.who, Name: p.who},
			Reason: listeners.Mentioned, Text: p.text, Delivery: listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}, CreatedAt: c.clock.Now(),
		}}))
	}
	page := minh.get("/people/scout")
	page.says(".side-by-side h3", "giup")
	page.lacks(".side-by-side h3", "hoi")
	page.says(".evidence .chip", "khách nói là có ích")
	sent := minh.post(attr(page.all(".side-by-side form")[0], "action"), url.Values{"language": {"en"}})
	sent.says(".secret", "/join/invited/")
	sent.says(".secret", "Thank you for helping others")
	sent.lacks(".side-by-side form", "")
}

func TestTheProgrammeIsChangedByAdmins(t *testing.T) {
	c := newCafe(t)
	an := c.visits("an", "vi")
	form := url.Values{"open": {"yes"}, "topic": {"1"}}
	page := an.get("/settings/programme")
	for _, area := range page.all("textarea") {
		form.Set(attr(area, "name"), area.FirstChild.Data)
	}
	if got := an.post("/settings/programme", form); got.path != "/settings/programme?kept=yes" {
		t.Fatalf("changing the programme led to %s: %d", got.path, got.status)
	}
	version := func() int {
		p, err := community.ProgrammeOf(t.Context(), c.DB.Read(), c.brand.ID)
		if err != nil {
			t.Fatal(err)
		}
		return p.CodeVersion
	}
	if got := version(); got != 1 {
		t.Errorf("an unchanged code of conduct has version %d", got)
	}
	form.Set("code_en", "Be kind.")
	an.post("/settings/programme", form)
	if got := version(); got != 2 {
		t.Errorf("a changed code of conduct has version %d", got)
	}
	form.Set("code_en", "")
	an.post("/settings/programme", form).says(".error", "viết gì đó")
	minh := c.visits("minh", "vi")
	if got := minh.post("/settings/programme", form); got.status != 403 {
		t.Errorf("a moderator changed the programme: %d", got.status)
	}
}

func TestProfileHoursComeBackAsEntered(t *testing.T) {
	c := newCafe(t)
	v := c.visits("huy", "vi")
	form := tells("")
	form.Set("days1", "6")
	form.Set("from1", "22:00")
	form.Set("to1", "01:00")
	v.post("/profile", form).says(".notice", "cập nhật")
	m := c.members["huy"]
	members, err := community.Members(t.Context(), c.DB.Read(), c.brand.ID)
	if err != nil {
		t.Fatal(err)
	}
	rows := rowsOf(members[m.ID].Hours)
	want := []hourRow{{"week", "19:00", "22:00"}, {"6", "22:00", "01:00"}}
	if len(rows) != 2 || rows[0] != want[0] || rows[1] != want[1] {
		t.Errorf("hours came back as %v, want %v", rows, want)
	}
	form.Set("from0", "25:00")
	v.post("/profile", form).says(".error", "0:00")
}
