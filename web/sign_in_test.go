package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5/middleware"
)

func TestSignInByPassword(t *testing.T) {
	c := newCafe(t)
	if err := c.Guard.SetPassword(t.Context(), c.persons["minh"].ID, cafePassword); err != nil {
		t.Fatal(err)
	}
	for _, lang := range []struct{ code, wrong string }{{"vi", "Email và mật khẩu này không khớp nhau."}, {"en", "This e-mail address and password do not belong together."}} {
		v := c.stranger(lang.code)
		page := v.get("/review")
		if page.path != "/sign-in?next=%2Freview" {
			t.Fatalf("a stranger got to %s", page.path)
		}
		if next := attr(page.all("input[name=next]")[0], "value"); next != "/review" {
			t.Fatalf("next is %q", next)
		}
		for name, form := range map[string]url.Values{
			"wrong password": {"email": {"minh@example.com"}, "password": {"wrong wrong wrong"}},
			"nobody":         {"email": {"nobody@example.com"}, "password": {cafePassword}},
			"no address":     {"email": {"minh"}, "password": {cafePassword}},
			"nothing":        {},
		} {
			page := v.post("/sign-in", form)
			if page.status != http.StatusUnauthorized {
				t.Errorf("%s: status %d", name, page.status)
			}
			page.says(".notice.failure", lang.wrong)
			if got := attr(page.all("#email")[0], "value"); got != form.Get("email") {
				t.Errorf("%s: the address is gone: %q", name, got)
			}
		}
		page = v.post("/sign-in", url.Values{"email": {" Minh@example.com"}, "password": {cafePassword}, "next": {"/review"}})
		if page.status != http.StatusOK || page.path != "/review" {
			t.Errorf("signed in: %d at %s", page.status, page.path)
		}
	}
}

func TestNextLeadsNowhereElse(t *testing.T) {
	c := newCafe(t)
	if err := c.Guard.SetPassword(t.Context(), c.persons["minh"].ID, cafePassword); err != nil {
		t.Fatal(err)
	}
	for _, evil := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "/%5cevil.example/..", "javascript:alert(1)", "/\t/evil.example", "http:evil.example", "///evil.example"} {
		v := c.visits("minh", "en")
		v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		for where, page := range map[string]answered{
			"sign-in":     v.post("/sign-in", url.Values{"email": {"minh@example.com"}, "password": {cafePassword}, "next": {evil}}),
			"signed in":   v.get("/sign-in?next=" + url.QueryEscape(evil)),
			"preferences": v.post("/preferences", url.Values{"theme": {"dark"}, "back": {evil}}),
			"notices":     v.post("/notices/read", url.Values{"up_to": {"1"}, "back": {evil}}),
		} {
			to, err := url.Parse(page.header.Get("Location"))
			if err != nil || page.status != http.StatusSeeOther || to.Host != "" || to.Scheme != "" || to.Path != "/" {
				t.Errorf("%s with %q leads to %q (%d)", where, evil, page.header.Get("Location"), page.status)
			}
		}
	}
}

func TestLinkWorksOnce(t *testing.T) {
	c := newCafe(t)
	secret := c.link("huy")
	for range 2 { // whoever scans mail looks first
		page := c.stranger("vi").get("/sign-in/" + secret)
		page.says("h1", "Chào Huy")
		page.says("form[method=post] button", "Đăng nhập")
		page.says(".meta", "huy@example.com")
	}
	v := c.stranger("vi")
	if page := v.post("/sign-in/"+secret, nil); page.path == "/sign-in" {
		t.Fatalf("the link did not sign in: %d", page.status)
	}
	page := c.stranger("vi").post("/sign-in/"+secret, nil)
	if page.status != http.StatusGone {
		t.Errorf("a used link: status %d", page.status)
	}
	page.says(".empty p", "Bạn xin một liên kết mới nhé.")
	page.says("details code", "kith member link")
	for _, bad := range []string{"x", "%00", secret + "A", "../review"} {
		if page := c.stranger("en").get("/sign-in/" + bad); page.status == http.StatusOK && page.path != "/sign-in" {
			t.Errorf("link %q: status %d at %s", bad, page.status, page.path)
		}
	}
}

func TestTooManyAttempts(t *testing.T) {
	c := newCafe(t)
	v := c.stranger("vi")
	var page answered
	for range 11 {
		page = v.post("/sign-in", url.Values{"email": {"huy@example.com"}, "password": {"đoán mò lần nữa"}})
	}
	if page.status != http.StatusTooManyRequests {
		t.Fatalf("the eleventh attempt: status %d", page.status)
	}
	page.says(".empty p", "Thử quá nhiều lần rồi.")
}

func TestSignOut(t *testing.T) {
	c := newCafe(t)
	phone, laptop := c.visits("huy", "vi"), c.visits("huy", "vi")
	if page := phone.post("/sign-out", nil); page.path != "/sign-in" {
		t.Fatalf("signed out: at %s", page.path)
	}
	if page := phone.get("/points"); page.path != "/sign-in?next=%2Fpoints" {
		t.Errorf("the phone is still signed in: %s", page.path)
	}
	if page := laptop.get("/points"); page.path != "/points" {
		t.Errorf("the laptop was signed out, too: %s", page.path)
	}
	tablet := c.visits("huy", "vi")
	if page := tablet.post("/sign-out/everywhere", nil); page.path != "/sign-in" {
		t.Fatalf("signed out everywhere: at %s", page.path)
	}
	if page := laptop.get("/points"); page.path != "/sign-in?next=%2Fpoints" {
		t.Errorf("the laptop is still signed in: %s", page.path)
	}
}

func TestForeignPagesAreRefused(t *testing.T) {
	c := newCafe(t)
	v := c.visits("huy", "vi")
	for _, header := range []map[string]string{{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}} {
		for _, r := range c.Routes() {
			if r.Method == http.MethodGet {
				continue
			}
			page := v.send(r.Method, r.Pattern, nil, header)
			if page.status != http.StatusForbidden {
				t.Errorf("%s with %v: status %d", r.Pattern, header, page.status)
			}
			page.says(".empty p", "được gửi từ một trang khác")
			if page.header.Get("Content-Security-Policy") == "" {
				t.Errorf("%s: refused without a policy", r.Pattern)
			}
		}
	}
}

func TestFailurePages(t *testing.T) {
	c := newCafe(t)
	for lang, want := range map[string]struct{ lost, forbidden string }{
		"vi": {"Không có gì ở đây", "Bạn không có quyền làm việc này"},
		"en": {"Nothing here", "This is not yours to do"},
	} {
		for _, who := range []string{"huy", "minh"} {
			page := c.visits(who, lang).get("/nowhere")
			if page.status != http.StatusNotFound {
				t.Errorf("an address that does not exist: %d", page.status)
			}
			page.says(".empty h2", want.lost)
			page.says("nav.rail a", T(in(lang, 0), "nav.feed"))
		}
		c.stranger(lang).get("/nowhere").says(".gate .empty h2", want.lost)
		page := c.visits("huy", lang).get("/review")
		if page.status != http.StatusForbidden {
			t.Errorf("an advocate in the review queue: %d", page.status)
		}
		page.says(".empty h2", want.forbidden)
	}
	part := c.visits("huy", "vi").send(http.MethodPost, "/review/1/approve", nil, map[string]string{"HX-Request": "true"})
	if part.header.Get("HX-Retarget") != "#toasts" {
		t.Errorf("a refused part: %v", part.header)
	}
	part.says(".toast", "Bạn không có quyền làm việc này.")
}

func TestOurFaultNamesTheRequest(t *testing.T) {
	c := newCafe(t)
	v := c.visits("minh", "vi")
	fault := func(http.ResponseWriter, *http.Request) error { return errors.New("canary-7f3") }
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/points", nil)
	r.AddCookie(&http.Cookie{Name: "kith", Value: v.session()})
	middleware.RequestID(c.Guard.ByCookie(c.See(Protect(c.page(fault))))).ServeHTTP(w, r)
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "canary") {
		t.Errorf("status %d, body %s", w.Code, w.Body)
	}
	page := parse(t, w.Body.String())
	page.says(".empty h2", "Bên mình có trục trặc")
	if code := page.all(".empty code"); len(code) != 1 || words(code[0]) == "" {
		t.Error("the page does not name the request")
	}
}
