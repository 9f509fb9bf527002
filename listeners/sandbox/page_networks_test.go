package sandbox_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// brandOn opens a brand's account on a network and returns its token.
func (s *stage) brandOn(network string) string {
	s.t.Helper()
	return s.admin("POST", "/admin/accounts", fmt.Sprintf(`{"network":%q,"handle":"saomaicafe","name":"Sao Mai Café","brand":true}`, network), 201)["token"].(string)
}

func (s *stage) on(network, author, text, inReplyTo string) string {
	s.t.Helper()
	return s.admin("POST", "/admin/posts", fmt.Sprintf(`{"network":%q,"author":%q,"text":%q,"in_reply_to":%q}`, network, author, text, inReplyTo), 201)["id"].(string)
}

func wantNoWords(t *testing.T, page string, words ...string) {
	t.Helper()
	for _, w := range words {
		if strings.Contains(page, w) {
			t.Errorf("the page shows %q", w)
		}
	}
}

// TestEveryNetworkHasAPage: each has a tab, its own posts, weather and links, and shows nothing of the others.
func TestEveryNetworkHasAPage(t *testing.T) {
	s := open(t, false)
	paths := map[string]string{"x": "/", "facebook": "/on/facebook", "discourse": "/on/discourse", "nodebb": "/on/nodebb", "feed": "/on/feed"}
	ids := make(map[string]string)
	for network := range paths {
		s.brandOn(network)
		ids[network] = s.on(network, "an_nguyen", "hello "+network, "")
	}
	v := s.visit()
	for network, path := range paths {
		page := v.see(path, 200)
		wantWords(t, page, "hello "+network, `aria-current="page"`)
		for other, elsewhere := range paths {
			wantWords(t, page, `href="`+elsewhere+`"`)
			if other != network {
				wantNoWords(t, page, "hello "+other)
			}
		}
		wantWords(t, v.see("/post/"+ids[network], 200), "hello "+network, `href="`+path+`"`)
		page = v.submit("/say", 200, "network", network, "as", "chi_le", "text", "thanks on "+network, "in_reply_to", ids[network], "back", "/post/"+ids[network])
		wantWords(t, page, "thanks on "+network)
		page = v.submit("/weather", 200, "network", network, "fault", "truncate", "back", path)
		wantWords(t, page, "<li>Câu trả lời bị cắt đôi", "hello "+network)
	}
	rules := s.admin("GET", "/admin/weather", "", 200)["items"].([]any)
	if len(rules) != len(paths) {
		t.Errorf("weather: %v, want a rule for each network", rules)
	}
	wantWords(t, v.submit("/weather", 200, "network", "feed", "fault", "none", "back", "/on/feed"), "Trời quang")
	if rules := s.admin("GET", "/admin/weather", "", 200)["items"].([]any); len(rules) != len(paths)-1 {
		t.Errorf("clearing one network's sky left %v", rules)
	}
	v.see("/on/nothing", 404)
	res, _ := s.raw("GET", "/nodebb/post/"+ids["nodebb"], "", "")
	if res.StatusCode != http.StatusOK || res.Request.URL.Path != "/post/"+ids["nodebb"] {
		t.Errorf("the forum's own link leads to %s, %d", res.Request.URL, res.StatusCode)
	}
}

func TestCustomerOnFacebook(t *testing.T) {
	s := open(t, false)
	v := s.visit()
	wantWords(t, v.see("/on/facebook?show=reviews", 200), "Chưa có thương hiệu nào ở mạng này")
	s.brandOn("facebook")
	v.submit("/as", 200, "as", "chi_le", "network", "facebook", "back", "/on/facebook")

	page := v.submit("/say", 200, "network", "facebook", "as", "chi_le", "show", "posts", "to", "saomaicafe", "text", "Quán mở cửa chưa?", "back", "/on/facebook")
	wantWords(t, page, "Quán mở cửa chưa?", "→ @saomaicafe")
	page = v.submit("/say", 200, "network", "facebook", "as", "chi_le", "show", "reviews", "to", "saomaicafe", "rating", "2", "text", "Đợi lâu", "back", "/on/facebook?show=reviews")
	wantWords(t, page, "Đợi lâu", `<p class="stars">★★</p>`)
	wantNoWords(t, page, "Quán mở cửa chưa?")
	page = v.submit("/say", 200, "network", "facebook", "as", "chi_le", "show", "messages", "to", "saomaicafe", "text", "Đơn 118 của tôi?", "back", "/on/facebook?show=messages")
	wantWords(t, page, "Đơn 118 của tôi?", "tin nhắn riêng")
	id := regexp.MustCompile(`/post/(\d+)#reply`).FindStringSubmatch(page)[1]

	// Somebody else sees neither the message nor a form to join in.
	wantNoWords(t, v.see("/on/facebook", 200), "Đơn 118")
	other := s.visit()
	wantNoWords(t, other.see("/on/facebook?show=messages", 200), "Đơn 118")
	wantNoWords(t, other.see("/post/"+id, 200), "<textarea")
	// The brand does, and answers as another tool would.
	other.submit("/as", 200, "as", "saomaicafe", "network", "facebook", "back", "/on/facebook?show=messages")
	page = other.submit("/say", 200, "network", "facebook", "as", "saomaicafe", "show", "messages", "to", "chi_le", "text", "Dạ đang giao", "back", "/post/"+id)
	wantWords(t, page, "Dạ đang giao", "✓ Thương hiệu")
	wantWords(t, v.see("/on/facebook?show=messages", 200), "Dạ đang giao")
	if got := s.ledger(); !slices.Equal(got, []string{"chi_le: Quán mở cửa chưa?", "chi_le: Đợi lâu", "chi_le: Đơn 118 của tôi?", "saomaicafe: Dạ đang giao"}) {
		t.Errorf("ledger: %q", got)
	}
	wantWords(t, v.submit("/say", 422, "network", "facebook", "as", "chi_le", "show", "messages", "text", "ai?", "back", "/on/facebook?show=messages"), "Đánh giá và tin nhắn cần có người nhận.", "ai?</textarea>")
}

// TestCustomerChangesTheirMind: a post is edited by its author only, and on X gets another id.
func TestCustomerChangesTheirMind(t *testing.T) {
	s := open(t, false)
	v := s.visit()
	for _, network := range []string{"x", "nodebb"} {
		id := s.on(network, "an_nguyen", "trà lạnh", "")
		form := v.see("/post/"+id+"?edit="+id, 200)
		wantWords(t, form, ">trà lạnh</textarea>", `action="/edit"`, `name="id" value="`+id+`"`)
		page := v.submit("/edit", 200, "network", network, "as", "an_nguyen", "id", id, "text", "trà nóng", "back", "/post/"+id)
		wantWords(t, page, "trà nóng", "đã sửa")
		wantWords(t, v.see("/post/"+id, 200), "trà nóng")
		wantWords(t, v.submit("/edit", 422, "network", network, "as", "chi_le", "id", id, "text", "của tôi", "back", "/post/"+id), "Bạn chỉ sửa được bài của chính mình.")
		wantNoWords(t, v.see("/post/"+id+"?edit="+id, 200), "của tôi</textarea>")
		v.submit("/delete", 200, "network", network, "as", "an_nguyen", "id", id, "back", "/post/"+id)
	}
	if got := s.ledger(); len(got) != 0 {
		t.Errorf("ledger: %q", got)
	}
}

// TestModerators: what a forum holds is let through or refused on its page.
func TestModerators(t *testing.T) {
	for network, write := range map[string]func(*stage, string, string) int{"nodebb": replyOnNodeBB, "discourse": replyOnDiscourse} {
		t.Run(network, func(t *testing.T) {
			s := open(t, false)
			token := s.brandOn(network)
			v := s.visit()
			id := s.on(network, "an_nguyen", "where is my order, please?", "")
			wantWords(t, v.see("/on/"+network+"?show=held", 200), "Không có bài nào chờ duyệt.", "Giữ lại bài của @saomaicafe")
			wantWords(t, v.submit("/moderate", 200, "network", network, "handle", "saomaicafe", "on", "yes", "back", "/on/"+network+"?show=held"), "Cho qua bài của @saomaicafe")
			for _, c := range []struct{ text, verdict string }{{"it is on its way to you", "yes"}, {"ask somebody else about it", "no"}} {
				if status := write(s, token, fmt.Sprintf(`%s %s`, id, c.text)); status < 200 || status > 299 {
					t.Fatalf("reply: %d", status)
				}
				wantNoWords(t, v.see("/post/"+id, 200), c.text)
				page := v.see("/on/"+network+"?show=held", 200)
				wantWords(t, page, c.text, "đang chờ duyệt", "Chờ duyệt (1)")
				held := regexp.MustCompile(`id="p(\d+)"`).FindStringSubmatch(page)[1]
				v.submit("/decide", 200, "network", network, "id", held, "approve", c.verdict, "back", "/on/"+network+"?show=held")
			}
			page := v.see("/post/"+id, 200)
			wantWords(t, page, "it is on its way to you")
			wantNoWords(t, page, "ask somebody else")
		})
	}
}

func replyOnNodeBB(s *stage, token, what string) int {
	id, text, _ := strings.Cut(what, " ")
	res, _ := s.raw("POST", "/nodebb/api/v3/topics/"+id, token, fmt.Sprintf(`{"content":%q,"toPid":%s}`, text, id))
	return res.StatusCode
}

func replyOnDiscourse(s *stage, token, what string) int {
	id, text, _ := strings.Cut(what, " ")
	req, _ := http.NewRequest("POST", s.url+"/discourse/posts.json", strings.NewReader(fmt.Sprintf(`{"topic_id":%s,"raw":%q}`, id, text)))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Api-Key", token)
	req.Header.Set("Api-Username", "saomaicafe")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}
