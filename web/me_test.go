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
	"github.com/kith-social/kith/server/access"
)

func TestMe(t *testing.T) {
	c := newCafe(t)
	for lang, want := range map[string]map[string][]string{
		"vi": {
			"huy":  {"huy@example.com", "Cà phê Sao Mai", "Người đồng hành", "Tập sự", "Tiếng Việt, Tiếng Anh", "Giao hàng", "Ít nhất hai tuần đầu, câu nào cũng được điều phối viên xem trước"},
			"lan":  {"Tin cậy", "Hầu hết gửi ngay"},
			"minh": {"Điều phối viên", "không tự duyệt câu của mình"},
			"an":   {"Quản trị viên"},
		},
		"en": {
			"huy":  {"Advocate", "Newcomer", "Vietnamese, English", "A moderator reads all of your first answers"},
			"minh": {"Moderator", "never your own"},
		},
	} {
		for who, texts := range want {
			page := c.visits(who, lang).get("/me")
			for _, text := range texts {
				page.says("main", text)
			}
			page.says("#me a[href=/me]", T(in(lang, 0), "me.page"))
			if who == "minh" {
				page.lacks(".facts dt", T(in(lang, 0), "me.trust"))
			}
		}
	}
}

func TestMeWithoutMembership(t *testing.T) {
	c := newCafe(t)
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := tx.NewUpdate().Model((*community.Member)(nil)).Set("state = ?", community.Suspended).Where("id = ?", c.members["huy"].ID).Exec(ctx)
		return err
	})
	v := c.visits("huy", "vi")
	if page := v.get("/"); page.path != "/application" {
		t.Fatalf("who is no member is led to %s", page.path)
	}
	page := v.get("/me")
	page.says(".notice", "Bạn chưa là thành viên của nhãn hàng nào.")
	page.says("h2", "Huy")
}

func TestChangePassword(t *testing.T) {
	c := newCafe(t)
	v, other := c.visits("huy", "vi"), c.visits("huy", "vi")
	v.get("/me").lacks("input[name=old]", "")
	if page := v.post("/me/password", url.Values{"password": {"ngắn"}}); page.status != http.StatusUnprocessableEntity {
		t.Errorf("a short password: status %d", page.status)
	} else {
		page.says("#password-error", "Mật khẩu có từ 12 đến 256 ký tự.")
	}
	page := v.post("/me/password", url.Values{"password": {cafePassword}})
	if page.status != http.StatusOK || page.path != "/me?changed=password" {
		t.Fatalf("changed: %d at %s", page.status, page.path)
	}
	page.says(".notice", "Đã đổi mật khẩu.")
	if page := other.get("/me"); page.path != "/sign-in?next=%2Fme" {
		t.Errorf("another session goes on at %s", page.path)
	}
	if page := v.post("/me/password", url.Values{"old": {"không phải cái này"}, "password": {"một mật khẩu khác nữa"}}); page.status != http.StatusUnprocessableEntity {
		t.Errorf("the wrong old password: status %d", page.status)
	} else {
		page.says("#old-error", "Đây không phải mật khẩu hiện tại của bạn.")
	}
	v.post("/me/password", url.Values{"old": {cafePassword}, "password": {"một mật khẩu khác nữa"}}).says(".notice", "Đã đổi mật khẩu.")
	for password, want := range map[string]int{cafePassword: http.StatusUnauthorized, "một mật khẩu khác nữa": http.StatusOK} {
		if page := c.stranger("vi").post("/sign-in", url.Values{"email": {"huy@example.com"}, "password": {password}, "next": {"/points"}}); page.status != want {
			t.Errorf("%q: status %d, want %d", password, page.status, want)
		}
	}
}

func TestTokens(t *testing.T) {
	c := newCafe(t)
	v := c.visits("huy", "vi")
	if page := v.post("/me/tokens", url.Values{"name": {" "}}); page.status != http.StatusUnprocessableEntity {
		t.Errorf("a token for nothing: status %d", page.status)
	} else {
		page.says("#name-error", "nhiều nhất 100 ký tự")
	}
	page := v.post("/me/tokens", url.Values{"name": {"báo cáo <b>tuần</b>"}, "write": {"yes"}})
	shown := page.all("code.secret")
	if page.status != http.StatusOK || len(shown) != 1 || !strings.HasPrefix(words(shown[0]), "kith_") {
		t.Fatalf("made: status %d", page.status)
	}
	page.says(".token strong", "báo cáo <b>tuần</b>")
	page.says(".token", "đọc và viết")
	page.says(".token", "chưa dùng lần nào")
	page = v.get("/me")
	page.lacks("code.secret", "")
	tokens, err := access.Tokens(t.Context(), c.DB.Read(), c.persons["huy"].ID)
	if err != nil || len(tokens) != 1 {
		t.Fatalf("stored: %v, %v", tokens, err)
	}
	path := fmt.Sprintf("/me/tokens/%d/revoke", tokens[0].ID)
	page.says("form[action="+path+"] button", "Thu hồi")
	if page := c.visits("lan", "vi").post(path, nil); page.status != http.StatusNotFound {
		t.Errorf("somebody else revokes: status %d", page.status)
	}
	if page := v.post(path, nil); page.path != "/me" && page.path != "/me#tokens" {
		t.Errorf("revoked: at %s", page.path)
	}
	v.get("/me").lacks(".token", "")
}

func TestChooseBrand(t *testing.T) {
	c := newCafe(t)
	c.do(func(ctx context.Context, tx listeners.Tx) error {
		other, err := community.AddBrand(ctx, tx, community.Brand{Slug: "khac", Name: "Quán Khác", Language: "vi", ReviewSeed: "s"}, nil)
		if err != nil {
			return err
		}
		_, err = community.AddMember(ctx, tx, community.Member{BrandID: other.ID, PersonID: c.persons["huy"].ID, Role: community.Moderator, PublicName: "Quang Huy"})
		return err
	})
	v := c.visits("huy", "vi")
	page := v.get("/me")
	page.says("button[name=brand][aria-pressed=true]", "Cà phê Sao Mai")
	page.says("button[name=brand][value=khac]", "Quán Khác")
	v.post("/me/brand", url.Values{"brand": {"khac"}})
	page = v.get("/me")
	page.says("h2", "Quang Huy")
	page.says("dd", "Điều phối viên")
	if page := v.get("/review"); page.status != http.StatusOK {
		t.Errorf("a moderator there: status %d", page.status)
	}
	if page := v.post("/me/brand", url.Values{"brand": {"nowhere"}}); page.status != http.StatusNotFound {
		t.Errorf("a brand that does not exist: status %d", page.status)
	}
}

func TestPreferences(t *testing.T) {
	c := newCafe(t)
	v := c.stranger("")
	page := v.post("/preferences", url.Values{"language": {"vi"}, "theme": {"dark"}, "back": {"/sign-in?next=%2Fpoints"}})
	if page.path != "/sign-in?next=%2Fpoints" {
		t.Errorf("back at %s", page.path)
	}
	page.says("h1", "Chào bạn")
	if html := page.all("html")[0]; attr(html, "lang") != "vi" || attr(html, "data-theme") != "dark" {
		t.Errorf("html is %v", html.Attr)
	}
	v.post("/preferences", url.Values{"theme": {""}})
	if html := v.get("/sign-in").all("html")[0]; hasAttr(html, "data-theme") {
		t.Error("the system's theme does not come back")
	}
	for name, value := range map[string]string{"theme": `"><script>`, "language": "xx", "zone": "../../etc/passwd"} {
		if page := v.post("/preferences", url.Values{name: {value}}); page.status != http.StatusUnprocessableEntity {
			t.Errorf("%s %q: status %d", name, value, page.status)
		}
	}
	part := v.send(http.MethodPost, "/preferences", url.Values{"theme": {"light"}}, map[string]string{"HX-Request": "true"})
	if part.status != http.StatusNoContent {
		t.Errorf("a theme by script: status %d", part.status)
	}
	huy := c.visits("huy", "")
	huy.post("/preferences", url.Values{"language": {"en"}})
	p, err := access.PersonByID(t.Context(), c.DB.Read(), c.persons["huy"].ID)
	if err != nil || p.Language != "en" {
		t.Errorf("mails are in %q, %v", p.Language, err)
	}
}

func TestNotices(t *testing.T) {
	c := newCafe(t)
	k := c.writes("lananh", "Quán mở cửa mấy giờ ạ?", "")
	give := func(event string, kind community.Kind) {
		c.do(func(ctx context.Context, tx listeners.Tx) error {
			return community.Give(ctx, tx, community.NoticeJob{BrandID: c.brand.ID, MemberID: c.members["huy"].ID, CaseID: k.ID, About: kind, Event: event})
		})
	}
	give("1", community.AnswerApproved)
	give("2", community.CustomerThanks)
	v := c.visits("huy", "vi")
	page := v.get("/notices")
	page.says(".notices li", "Khách nói cảm ơn bạn.")
	page.says(fmt.Sprintf(".notices a[href=%s]", casePath(k.ID)), "Câu trả lời của bạn đã được duyệt.")
	upTo := attr(page.all("input[name=up_to]")[0], "value")
	give("3", community.CaseSolved)
	page = v.post("/notices/read", url.Values{"up_to": {upTo}, "back": {"/notices"}})
	page.says(".notices li", "Khách cho biết đã xong, nhờ bạn.")
	page.lacks(".notices li", "cảm ơn bạn")
	c.visits("lan", "vi").post("/notices/read", url.Values{"up_to": {"999"}})
	v.get("/notices").says(".notices li", "nhờ bạn")
	v.post("/notices/read", url.Values{"up_to": {"999"}, "back": {"/notices"}}).says(".empty h2", "Bạn đã xem hết")
}

func TestStream(t *testing.T) {
	c := newCafe(t)
	if page := c.visits("huy", "vi").get("/stream"); page.body != ": Huy true\n\n" {
		t.Errorf("a member hears %q", page.body)
	}
	if page := c.stranger("vi").send(http.MethodGet, "/stream", nil, map[string]string{"Accept": "text/event-stream"}); page.status != http.StatusUnauthorized {
		t.Errorf("a stranger: status %d", page.status)
	}
}
