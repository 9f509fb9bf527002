package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/g8rswimmer/go-twitter/v2"
)

func TestLedger(t *testing.T) {
	s := open(t, false)
	brand := s.connect("saomaicafe")
	asked := s.say("@an_nguyen", "@saomaicafe nước đâu?", "")
	s.admin("POST", "/admin/posts", `[{"network":"facebook","author":"x y","text":"a"}]`, 422)
	s.admin("POST", "/admin/posts", `[{"network":"facebook","author":"trang","text":"Một trang khác","id":99,"created_at":"2026-11-01T00:00:00+07:00"}]`, 201)
	if _, err := brand.reply(asked, "Có ngay & luôn"); err != nil {
		t.Fatal(err)
	}
	if got, want := s.ledger(), []string{"an_nguyen: @saomaicafe nước đâu?", "trang: Một trang khác", "saomaicafe: Có ngay & luôn"}; !slices.Equal(got, want) {
		t.Errorf("ledger: got %q, want %q", got, want)
	}
	items := s.admin("GET", "/admin/posts?network=x&since="+asked, "", 200)["items"].([]any)
	if len(items) != 1 {
		t.Fatalf("since the question: %v", items)
	}
	if p := items[0].(map[string]any); p["in_reply_to"] != asked || p["author"] != "saomaicafe" || p["created_at"] != "2026-11-03T08:00:00.000Z" || p["network"] != "x" {
		t.Errorf("the answer: %v", p)
	}
	old := s.admin("GET", "/admin/posts?network=facebook", "", 200)["items"].([]any)[0].(map[string]any)
	if old["id"] != "99" || old["created_at"] != "2026-10-31T17:00:00.000Z" || old["in_reply_to"] != nil {
		t.Errorf("the post with its own id and time: %v", old)
	}
	if got := len(s.admin("GET", "/admin/posts?since=99", "", 200)["items"].([]any)); got != 1 {
		t.Errorf("since the second: %d posts, want 1", got)
	}
	s.admin("DELETE", "/admin/posts/99", "", 200)
	if got := len(s.admin("GET", "/admin/posts?since=99", "", 200)["items"].([]any)); got != 2 {
		t.Errorf("since a deleted post: %d posts, want those with greater ids, 2", got)
	}

	s.admin("POST", "/admin/reset", "", 200)
	if got := s.ledger(); len(got) != 0 {
		t.Errorf("after a reset: %q", got)
	}
	me, err := brand.AuthUserLookup(ctx, twitter.UserLookupOpts{})
	if err != nil || me.Raw.Users[0].ID != brand.ID {
		t.Errorf("the brand after a reset: %+v, %v", me, err)
	}
	if got := s.admin("GET", "/admin/accounts", "", 200)["items"].([]any); len(got) != 1 {
		t.Errorf("accounts after a reset: %v", got)
	}
}

func TestAdminRefuses(t *testing.T) {
	s := open(t, false)
	s.say("an_nguyen", "chào", "")
	s.admin("POST", "/admin/posts", `{"author":"an_nguyen","text":"có id","id":"5"}`, 201)
	for _, test := range []struct {
		name, path, body string
		want             int
	}{
		{"not JSON", "posts", `author=an`, 400},
		{"bad id", "posts", `{"author":"an","text":"a","id":"x1"}`, 400},
		{"no text", "posts", `{"author":"an","text":" "}`, 422},
		{"no author", "posts", `{"text":"a"}`, 422},
		{"unknown network", "posts", `{"network":"myspace","author":"an","text":"a"}`, 422},
		{"id taken", "posts", `{"author":"an","text":"a","id":"5"}`, 409},
		{"id twice in an array", "posts", `[{"author":"an","text":"a","id":"6"},{"author":"an","text":"b","id":"6"}]`, 409},
		{"one bad of two", "posts", `[{"author":"an","text":"a"},{"author":"an"}]`, 422},
		{"account without handle", "accounts", `{"network":"x"}`, 422},
		{"account with a newline", "accounts", `{"handle":"a\nb"}`, 422},
	} {
		t.Run(test.name, func(t *testing.T) {
			answer := s.admin("POST", "/admin/"+test.path, test.body, test.want)
			if answer["detail"] == "" {
				t.Errorf("no reason: %v", answer)
			}
		})
	}
	if got := s.ledger(); len(got) != 2 {
		t.Errorf("refused posts are in the ledger: %q", got)
	}
}

func TestBrowsersOfOtherSitesAreRefused(t *testing.T) {
	s := open(t, false)
	req, _ := http.NewRequest("POST", s.url+"/admin/reset", nil)
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("status %d, want 403", res.StatusCode)
	}
}

func TestHostileTextComesBackAsItIs(t *testing.T) {
	s := open(t, false)
	brand := s.connect("saomaicafe")
	for name, text := range map[string]string{
		"NUL":             "@saomaicafe a\x00b",
		"quotes":          "@saomaicafe \"\\ \t\r\n\x1f\u2028",
		"right to left":   "@saomaicafe \u202Etxt.exe \u200B",
		"emoji":           "@saomaicafe 👩‍👩‍👧‍👦🇻🇳",
		"NFD":             "@saomaicafe cà phê",
		"invalid UTF-8":   "@saomaicafe \xff\xfe.",
		"surrogate alone": "@saomaicafe \xed\xa0\x80.",
	} {
		t.Run(name, func(t *testing.T) {
			body, _ := json.Marshal(map[string]string{"author": "an_nguyen", "text": text})
			body = bytes.ReplaceAll(body, []byte(`\ufffd`), []byte("\xff"))
			id := s.admin("POST", "/admin/posts", string(body), 201)["id"].(string)
			got, err := brand.TweetLookup(ctx, []string{id}, twitter.TweetLookupOpts{})
			if err != nil {
				t.Fatal(err)
			}
			if want := strings.ToValidUTF8(text, ""); strings.ReplaceAll(got.Raw.Tweets[0].Text, "\uFFFD", "") != want {
				t.Errorf("got %q, want %q", got.Raw.Tweets[0].Text, want)
			}
		})
	}
	t.Run("1 MiB", func(t *testing.T) {
		text := "@saomaicafe " + strings.Repeat("x & ", 1<<18)
		id := s.say("an_nguyen", text, "")
		_, body := s.raw("GET", "/x/2/tweets/"+id+"?tweet.fields=note_tweet", brand.Token, "")
		var got struct {
			Data struct {
				Text string
				Note struct{ Text string } `json:"note_tweet"`
			}
		}
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatal(err)
		}
		if strings.ReplaceAll(got.Data.Note.Text, "&amp;", "&") != text || len(got.Data.Text) > 1000 {
			t.Errorf("text of %d bytes, note of %d, want %d", len(got.Data.Text), len(got.Data.Note.Text), len(text))
		}
	})
}

// TestManyAtOnce is for the race detector: everything is read while it is
// written, accounts without posts and empty feeds included.
func TestManyAtOnce(t *testing.T) {
	s := open(t, true)
	brand := s.connect("saomaicafe")
	calls := []struct{ method, path, body string }{
		{"GET", "/x/2/users/" + brand.ID + "/mentions?expansions=author_id,referenced_tweets.id&tweet.fields=entities", ""},
		{"GET", "/x/2/tweets/search/recent?query=saomaicafe", ""},
		{"GET", "/", ""},
		{"GET", "/admin/posts", ""},
		{"GET", "/admin/accounts", ""},
		{"POST", "/x/2/tweets", `{"text":"chào"}`},
		{"POST", "/admin/posts", `{"author":"an_nguyen","text":"@saomaicafe này"}`},
		{"POST", "/admin/posts", `[{"author":"an_nguyen","text":"@saomaicafe cũ","created_at":"2026-11-01T00:00:00Z"}]`},
		{"PUT", "/admin/weather", `{"network":"x","fault":"reorder"}`},
		{"POST", "/admin/reset", ""},
	}
	var group sync.WaitGroup
	for _, call := range calls {
		group.Go(func() {
			for range 20 {
				req := httptest.NewRequest(call.method, call.path, strings.NewReader(call.body))
				req.Header.Set("Authorization", "Bearer "+brand.Token)
				w := httptest.NewRecorder()
				s.net.ServeHTTP(w, req)
				if w.Code >= 500 {
					t.Errorf("%s %s: status %d", call.method, call.path, w.Code)
				}
			}
		})
	}
	group.Wait()
}

// load fills the sandbox with n mentions of the brand in arrays of 1,000.
func load(t testing.TB, s *stage, n int) {
	t.Helper()
	at := start.Add(-28 * 24 * time.Hour)
	for done := 0; done < n; {
		batch := make([]map[string]string, 0, 1000)
		for range min(1000, n-done) {
			done++
			at = at.Add(20 * time.Second)
			batch = append(batch, map[string]string{
				"network": "x", "author": "khach" + strconv.Itoa(done%5000), "created_at": at.Format(time.RFC3339),
				"text": fmt.Sprintf("@saomaicafe đơn %d của tôi tới trễ quá, ai trả lời giúp với? Đã đợi 40 phút rồi #giaohang https://example.com/don/%d", done, done),
			})
		}
		body, _ := json.Marshal(batch)
		s.admin("POST", "/admin/posts", string(body), 201)
	}
}

func TestBulkLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("loads 120,000 posts")
	}
	s := open(t, false)
	brand := s.connect("saomaicafe")
	began := time.Now()
	load(t, s, 120_000)
	t.Logf("120,000 posts in %v", time.Since(began))
	page, err := brand.UserMentionTimeline(ctx, brand.ID, twitter.UserMentionTimelineOpts{MaxResults: 100})
	if err != nil || len(page.Raw.Tweets) != 100 {
		t.Fatal(err)
	}
	if !strings.Contains(page.Raw.Tweets[0].Text, "đơn 120000 ") {
		t.Errorf("newest is %q", page.Raw.Tweets[0].Text)
	}
}

func BenchmarkMentionsPage(b *testing.B) {
	b.Run("made up", func(b *testing.B) {
		s := open(b, false)
		brand := s.connect("saomaicafe")
		load(b, s, 10_000)
		benchmarkMentions(b, s, brand)
	})
	b.Run("archive", func(b *testing.B) {
		f, err := os.Open(threadsFile)
		if err != nil {
			b.Skipf("SKIPPED, no archive: %v", err)
		}
		defer f.Close()
		s := open(b, false)
		if _, _, err := s.net.LoadThreads(f); err != nil {
			b.Fatal(err)
		}
		benchmarkMentions(b, s, s.connect("AmazonHelp"))
	})
}

func benchmarkMentions(b *testing.B, s *stage, brand account) {
	req, _ := http.NewRequest("GET", "/x/2/users/"+brand.ID+"/mentions?max_results=100&expansions=author_id&user.fields=public_metrics"+
		"&tweet.fields=author_id,conversation_id,created_at,entities,in_reply_to_user_id,lang,public_metrics,referenced_tweets", nil)
	req.Header = http.Header{"Authorization": {"Bearer " + brand.Token}}
	b.ReportAllocs()
	for b.Loop() {
		w := &discard{h: http.Header{}}
		s.net.ServeHTTP(w, req)
		if w.n < 50_000 {
			b.Fatalf("an answer of %d bytes", w.n)
		}
	}
}

// discard is a response writer that only counts.
type discard struct {
	h http.Header
	n int
}

func (d *discard) Header() http.Header { return d.h }

func (d *discard) WriteHeader(int) {}

func (d *discard) Write(b []byte) (int, error) {
	d.n += len(b)
	return len(b), nil
}
