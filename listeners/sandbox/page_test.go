package sandbox_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// visitor is somebody with a browser that has no JavaScript.
type visitor struct {
	s       *stage
	browser *http.Client
}

func (s *stage) visit() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &visitor{s, &http.Client{Jar: jar}}
}

func (v *visitor) see(path string, want int) string {
	v.s.t.Helper()
	req, _ := http.NewRequest("GET", v.s.url+path, nil)
	return v.do(req, want)
}

func (v *visitor) submit(path string, want int, fields ...string) string {
	v.s.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	req, _ := http.NewRequest("POST", v.s.url+path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.do(req, want)
}

func (v *visitor) do(req *http.Request, want int) string {
	v.s.t.Helper()
	res, err := v.browser.Do(req)
	if err != nil {
		v.s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		v.s.t.Fatal(err)
	}
	if res.StatusCode != want {
		v.s.t.Fatalf("%s %s: status %d, want %d", req.Method, req.URL.Path, res.StatusCode, want)
	}
	return string(b)
}

func wantWords(t *testing.T, page string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(page, w) {
			t.Errorf("the page does not show %q", w)
		}
	}
}

func TestCustomerComplainsAndBrandAnswers(t *testing.T) {
	s := open(t, false)
	brand := s.connect("saomaicafe")
	v := s.visit()
	wantWords(t, v.see("/", 200), "Chợ Phiên", "Bạn là ai?", "Chợ chưa họp", `href="/?to=saomaicafe"`, "Bạn đang viết với tên Nguyễn Hoài An")
	wantWords(t, v.submit("/as", 200, "as", "chi_le", "back", "/"), "Bạn đang viết với tên Lê Mai Chi")
	wantWords(t, v.see("/?to=saomaicafe", 200), ">@saomaicafe </textarea>")
	wantWords(t, v.submit("/say", 200, "as", "chi_le", "text", "@saomaicafe trà đâu?"), `<span class="mark">@saomaicafe</span> trà đâu?`, "vừa xong", "Xoá")

	mention := s.ledger()
	if !slices.Equal(mention, []string{"chi_le: @saomaicafe trà đâu?"}) {
		t.Fatalf("ledger: %q", mention)
	}
	id := regexp.MustCompile(`/post/(\d+)#reply`).FindStringSubmatch(v.see("/", 200))[1]
	if _, err := brand.reply(id, "Dạ có ngay ạ"); err != nil {
		t.Fatal(err)
	}
	s.advance(5 * time.Minute)
	thread := v.see("/post/"+id, 200)
	wantWords(t, thread, "Dạ có ngay ạ", "✓ Thương hiệu", "↳ trả lời @chi_le", "5 phút trước", `name="in_reply_to" value="`+id+`"`)
	wantWords(t, v.submit("/say", 200, "as", "chi_le", "text", "Cảm ơn!", "in_reply_to", id, "back", "/post/"+id), "Cảm ơn!", "Tất cả bài viết")

	answer := regexp.MustCompile(`id="p(\d+)"`).FindAllStringSubmatch(thread, -1)[1][1]
	wantWords(t, v.submit("/delete", 422, "as", "chi_le", "id", answer), "Bạn chỉ xoá được bài của chính mình.")
	page := v.submit("/delete", 200, "as", "chi_le", "id", id)
	wantWords(t, page, "Bài viết gốc đã bị xoá.", "Dạ có ngay ạ")
	if got := s.ledger(); len(got) != 2 {
		t.Errorf("ledger after deleting the question: %q", got)
	}
	wantWords(t, v.see("/post/"+id, 404), "Bài viết này không còn nữa.")
}

func TestPageRefuses(t *testing.T) {
	s := open(t, false)
	v := s.visit()
	wantWords(t, v.submit("/say", 422, "as", "chi_le", "text", "  "), "Bạn chưa viết gì cả.")
	wantWords(t, v.submit("/say", 422, "as", "chi_le", "text", "giữ lời tôi", "in_reply_to", "5"), "Bài viết này không còn nữa.", "giữ lời tôi</textarea>")
	wantWords(t, v.submit("/say", 413, "as", "chi_le", "text", strings.Repeat("a", 1<<20)), "Bài viết quá dài.")
	wantWords(t, v.submit("/weather", 422, "fault", "hail"), "Không có trục trặc này.")
	v.submit("/weather", 422, "fault", "truncate", "rate", "NaN")
	v.submit("/weather", 422, "fault", "truncate", "count", "many")
	v.see("/post/abc", 404)
	v.see("/nothing", 404)
	v.submit("/say", 200, "as", "stranger", "text", "tôi là ai?")
	if got := s.ledger(); !slices.Equal(got, []string{"an_nguyen: tôi là ai?"}) {
		t.Errorf("only ready-made customers may speak: %q", got)
	}
}

func TestPageEscapes(t *testing.T) {
	s := open(t, false)
	evil := `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`
	s.say("an_nguyen", evil+" @<b> \x00 "+strings.Repeat("x", 10_000), "")
	s.admin("POST", "/admin/accounts", `{"handle":"\"><script>","name":"<script>alert(3)</script>","brand":true}`, 201)
	s.say(`"><script>`, "javascript:alert(4) https://evil.example/<script>", "")
	v := s.visit()
	for _, path := range []string{"/", "/?to=%22%3E%3Cscript%3E", "/?lang=%3Cscript%3E"} {
		page := v.see(path, 200)
		if n := strings.Count(page, "<script"); n != 1 { // the page's own
			t.Errorf("%s: %d script elements", path, n)
		}
		if strings.Contains(page, "<img") || strings.Contains(page, `href="https:`) || strings.Contains(page, `href="javascript:`) {
			t.Errorf("%s: a customer's markup or link came through", path)
		}
		if strings.Contains(page, strings.Repeat("x", 5000)) {
			t.Errorf("%s: a long text is shown whole", path)
		}
		wantWords(t, page, "&lt;script&gt;alert(1)&lt;/script&gt;", "&lt;script&gt;alert(3)")
	}
}

func TestPageSpeaksTwoLanguages(t *testing.T) {
	s := open(t, false)
	ask := func(accept, query string) string {
		req, _ := http.NewRequest("GET", s.url+"/"+query, nil)
		req.Header.Set("Accept-Language", accept)
		return s.visit().do(req, 200)
	}
	wantWords(t, ask("en-US,en;q=0.9", ""), `<html lang="en">`, "Who are you?")
	wantWords(t, ask("fr, vi;q=0.5, en;q=0.1", ""), `<html lang="vi">`)
	wantWords(t, ask("", ""), `<html lang="vi">`)
	wantWords(t, ask("vi", "?lang=en"), `<html lang="en">`)
	v := s.visit()
	v.see("/?lang=en", 200)
	wantWords(t, v.see("/", 200), `<html lang="en">`)
}

func TestPageSetsWeather(t *testing.T) {
	s := open(t, false)
	v := s.visit()
	wantWords(t, v.see("/", 200), "Trời quang, mọi cuộc gọi đều suôn sẻ.")
	wantWords(t, v.submit("/weather", 200, "fault", "drop_after_act", "route", "POST /2/tweets", "rate", "0.2", "count", "3"),
		"<li>Làm xong rồi đứt kết nối · Đăng câu trả lời · 20 % · 3×</li>")
	rules := s.admin("GET", "/admin/weather", "", 200)["items"].([]any)
	if len(rules) != 1 || rules[0].(map[string]any)["count"] != 3.0 {
		t.Errorf("weather: %v", rules)
	}
	wantWords(t, v.submit("/weather", 200, "fault", "none"), "Trời quang, mọi cuộc gọi đều suôn sẻ.")
}

func TestPageIsLockedDown(t *testing.T) {
	s := open(t, false)
	for path, kind := range map[string]string{"/": "text/html", "/static/style.css": "text/css", "/static/refresh.js": "text/javascript"} {
		res, err := http.Get(s.url + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		csp := res.Header.Get("Content-Security-Policy")
		if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), kind) || !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: %d %v", path, res.StatusCode, res.Header)
		}
	}
	page := s.visit().see("/", 200)
	if strings.Contains(page, "style=") || strings.Contains(page, "onclick") {
		t.Error("the page has inline styles or handlers, which its own policy forbids")
	}
}
