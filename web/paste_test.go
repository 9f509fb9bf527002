package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/kith-social/kith/listeners"
)

// TestBringAPost goes from what a phone shares to the case, as a browser without scripts does.
func TestBringAPost(t *testing.T) {
	c := newCafe(t)
	v := c.visits("huy", "vi")
	if got := v.get("/feed").all("a[href=/paste]"); len(got) != 1 {
		t.Errorf("the feed leads to the form %d times", len(got))
	}

	const link = "https://www.tiktok.com/@quan/video/7?_t=8x"
	page := v.get("/share?" + url.Values{"title": {"TikTok"}, "text": {"Sao Mai mở cửa mấy giờ vậy?\n" + link}}.Encode())
	if got := attr(page.all("input[name=link]")[0], "value"); got != link {
		t.Errorf("the link in the form is %q", got)
	}
	page.says("#text", "Sao Mai mở cửa mấy giờ vậy?")
	page.says(".notice", "tiktok.com")
	if page := v.press(page, "paste", url.Values{"another": nil}); page.status != http.StatusUnprocessableEntity {
		t.Errorf("without a name: status %d", page.status)
	} else {
		page.says("#author-error", "chép tên")
	}
	page = v.press(page, "paste", url.Values{"another": nil, "author": {"Bé <b>Na"}})
	page.says(".case-head", "Bé <b>Na")
	page.says(".case-head", "tiktok.com")
	first := page.path
	if page := v.press(v.get("/paste"), "paste", url.Values{"another": nil, "link": {"https://m.tiktok.com/@quan/video/7"}}); page.path != first {
		t.Errorf("the same link leads to %s, want %s", page.path, first)
	}
	page = v.press(v.get("/paste"), "paste", url.Values{"link": {link}}) // ticked: a comment under it
	page.says("#author-hint", "Tên")
	if page = v.press(page, "paste", url.Values{"author": {"Cu Tí"}, "text": {"Có chỗ đậu xe không?"}}); page.path == first || !strings.HasPrefix(page.path, "/cases/") {
		t.Errorf("another customer under the same link leads to %s", page.path)
	}

	page = v.press(v.get("/share?url="+url.QueryEscape("https://voz.vn/t/1")), "paste", url.Values{"another": nil, "author": {"Na"}, "text": {"Tôi sẽ kiện các người ra toà, luật sư sẽ liên hệ!"}})
	page.says("[role=status]", "Nhân viên của nhãn hàng đã nhận")
	if page := v.press(v.get("/paste"), "paste", url.Values{"link": {"javascript:alert(1)"}}); page.status != http.StatusUnprocessableEntity {
		t.Errorf("a script: status %d", page.status)
	}

	known := c.writes("tuanle", "Quán có wifi không ạ?", "")
	if page := v.press(v.get("/paste"), "paste", url.Values{"link": {"https://x.com/tuanle/status/" + known.ThreadKey}}); page.path != casePath(known.ID) {
		t.Errorf("a post that was heard leads to %s", page.path)
	}
	page = v.press(v.get("/paste"), "paste", url.Values{"link": {"https://x.com/tuanle/status/999"}}) // X cannot be reached from here
	page.says("#link-error", "")
	if page.status != http.StatusServiceUnavailable {
		t.Errorf("a network that is out of reach: status %d", page.status)
	}

	c.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := tx.NewUpdate().Model(c.members["huy"]).Set("trust = 0").WherePK().Exec(ctx)
		return err
	})
	if page := v.get("/paste"); page.status != http.StatusForbidden {
		t.Errorf("without trust: status %d", page.status)
	}
	if got := v.get("/feed").all("a[href=/paste]"); len(got) != 0 {
		t.Error("the feed leads to a form that the reader may not use")
	}
}

// TestPhonesMayShare holds the manifest against the route that it names.
func TestPhonesMayShare(t *testing.T) {
	text, err := os.ReadFile("assets/app.webmanifest")
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Share struct {
			Action, Method string
			Params         map[string]string
		} `json:"share_target"`
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, r := range newCafe(t).Routes() {
		found = found || r.Method == manifest.Share.Method && r.Pattern == manifest.Share.Action
	}
	if p := manifest.Share.Params; !found || p["url"] != "url" || p["text"] != "text" || p["title"] != "title" {
		t.Errorf("phones share to %+v", manifest.Share)
	}
}
