package twitter

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"golang.org/x/text/unicode/norm"
)

// The account of the tests that need no server.
const (
	me     = "1000"
	handle = "saomaicafe"
)

// answering serves every call with the same answer.
type answering struct {
	status int
	header http.Header
	body   string
	calls  int
}

func (a *answering) RoundTrip(req *http.Request) (*http.Response, error) {
	a.calls++
	if a.header == nil {
		a.header = make(http.Header)
	}
	return &http.Response{StatusCode: a.status, Header: a.header, Body: io.NopCloser(strings.NewReader(a.body)), Request: req}, nil
}

var now = clock.At(clock.Time(1_790_000_000_000_000).Std())

func open(tb testing.TB, rt http.RoundTripper, settings listeners.Settings, queries ...string) *Channel {
	tb.Helper()
	a := listeners.Access{
		NativeID: me, Handle: handle, Settings: settings, Secrets: map[string]string{"token": "t0ken"},
		Now: func() clock.Time { return now },
	}
	for i, q := range queries {
		a.Rules = append(a.Rules, listeners.Rule{ID: strconv.Itoa(i + 1), Query: q})
	}
	ch, err := Open(a, rt)
	if err != nil {
		tb.Fatal(err)
	}
	return ch.(*Channel)
}

func fetchOnce(tb testing.TB, body string) (listeners.Page, error) {
	tb.Helper()
	return open(tb, &answering{status: 200, body: body}, nil).Fetch(context.Background(), "")
}

const (
	goodPost = `{"id":"1857712345678900001","author_id":"7","text":"@saomaicafe hi","conversation_id":"1857712345678900001",` +
		`"created_at":"2026-11-21T10:00:00.000Z","edit_history_tweet_ids":["1857712345678900001"],"entities":{"mentions":[{"start":0,"end":11,"username":"SaoMaiCafe","id":"1000"}]}}`
	goodUsers = `"includes":{"users":[{"id":"7","name":"Nguyễn Hoài An","username":"an_nguyen"}]}`
)

// pageOf is a page with an item between two good posts.
func pageOf(item string) string {
	return `{"data":[` + goodPost + `,` + item + `,` + strings.ReplaceAll(goodPost, "00001", "00003") + `],` + goodUsers + `,"meta":{"result_count":3}}`
}

func with(name, value string) string {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(strings.ReplaceAll(goodPost, "00001", "00002")), &fields); err != nil {
		panic(err)
	}
	fields[name] = json.RawMessage(value)
	if value == "" {
		delete(fields, name)
	}
	var b strings.Builder
	for name, value := range fields {
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", name, value) // by hand: the value may be no JSON that Go would write
	}
	return "{" + b.String() + "}"
}

func TestHostilePost(t *testing.T) {
	for _, c := range []struct {
		name, item string
		reason     string // of the rejection; "" where the post is kept
		text       string // of the post that is kept
	}{
		{"author missing from includes", with("author_id", `"8"`), "the post came without its author", ""},
		{"no author", with("author_id", ""), "the post does not say who wrote it", ""},
		{"author of the wrong type", with("author_id", `7`), "the post's author_id is not text", ""},
		{"text of the wrong type", with("text", `{"a":[1]}`), "the post's text is not text", ""},
		{"id of the wrong type", with("id", `1857712345678900002`), "the post's id is not text", ""},
		{"id with a path", with("id", `"1/../2"`), "the post has no id", ""},
		{"id too long", with("id", `"12345678901234567890"`), "the post has no id", ""},
		{"time of the wrong type", with("created_at", `true`), "the post's created_at is not text", ""},
		{"time from nowhere", with("created_at", `"yesterday"`), "the post's created_at is not a time", ""},
		{"time out of range", with("created_at", `"0001-01-01T00:00:00Z"`), "the post's created_at is not a time", ""},
		{"not an object", `[1,2]`, "the post is not an object", ""},
		{"null", `null`, "the post is not an object", ""},
		{"nested deeply", with("entities", strings.Repeat(`{"a]":[`, 1000)+strings.Repeat(`]}`, 1000)), "the post is nested too deeply", ""},
		{"edit history of the wrong type", with("edit_history_tweet_ids", `[1]`), "the post's edit_history_tweet_ids is not text", ""},
		{"time left out", with("created_at", ""), "", "@saomaicafe hi"},
		{"references of the wrong type", with("referenced_tweets", `{"type":7,"id":{}}`), "", "@saomaicafe hi"},
		{"entities of the wrong type", with("entities", `[[{"mentions":1}]]`), "", "@saomaicafe hi"},
		{"invalid UTF-8", with("text", "\"a\xff\xfeb\""), "", "a\uFFFDb"},
		{"half a surrogate", with("text", `"a\ud83db"`), "", "a\uFFFDb"},
		{"NUL and control characters", with("text", `"a\u0000b\u0008c\td\r\ne&#0;&#8;"`), "", "abc\td\ne\uFFFD"},
		{"entities", with("text", `"1 &lt; 2 &amp;amp; 3"`), "", "1 < 2 &amp; 3"},
		{"note of a long post", with("note_tweet", `{"text":"the whole text"}`), "", "the whole text"},
		{"note in the other dialect", with("note_post", `{"text":"the whole text"}`), "", "the whole text"},
		{"note of the wrong type", with("note_tweet", `[1]`), "", "@saomaicafe hi"},
		{"the same name twice", strings.Replace(with("lang", `"vi"`), "{", `{"text":"first",`, 1), "", "@saomaicafe hi"},
	} {
		t.Run(c.name, func(t *testing.T) {
			page, err := fetchOnce(t, pageOf(c.item))
			if err != nil {
				t.Fatal(err)
			}
			posts := map[string]listeners.Post{}
			for _, p := range page.Posts {
				posts[p.NativeID] = p
			}
			if posts["1857712345678900001"].Text != "@saomaicafe hi" || posts["1857712345678900003"].Text != "@saomaicafe hi" {
				t.Errorf("the neighbours are lost: %v", page.Posts)
			}
			switch {
			case c.reason != "" && (len(page.Rejected) != 1 || page.Rejected[0].Reason != c.reason || string(page.Rejected[0].Raw) != c.item):
				t.Errorf("got rejected %s, want %q", page.Rejected, c.reason)
			case c.reason == "" && (len(page.Rejected) != 0 || posts["1857712345678900002"].Text != c.text):
				t.Errorf("got %q, rejected %s, want %q", posts["1857712345678900002"].Text, page.Rejected, c.text)
			}
		})
	}
}

func TestHostilePage(t *testing.T) {
	for _, c := range []struct{ name, body string }{
		{"empty", ""},
		{"not JSON", "<html>503</html>"},
		{"cut", pageOf(goodPost)[:900]},
		{"an array", "[]"},
		{"a number", "7"},
		{"deep arrays", `{"meta":` + strings.Repeat("[", 1_000_000) + strings.Repeat("]", 1_000_000) + `}`},
		{"deep objects", strings.Repeat(`{"data":`, 500_000) + "1" + strings.Repeat("}", 500_000)},
		{"more than 4 MiB", `{"data":[],"x":"` + strings.Repeat("a", 5<<20) + `"}`},
		{"token of 1 MiB", `{"meta":{"next_token":"` + strings.Repeat("a", 1<<20) + `"}}`},
		{"unknown account", `{"errors":[{"value":"1000","resource_type":"user","type":"https://api.x.com/2/problems/resource-not-found"}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			page, err := fetchOnce(t, c.body)
			if err == nil {
				t.Errorf("got %+v, want an error", page)
			}
		})
	}
	for _, c := range []struct{ name, body string }{
		{"nothing new", `{"meta":{"result_count":0}}`},
		{"null data", `{"data":null,"includes":null,"errors":null,"meta":null}`},
		{"wrong types all over", `{"data":"x","includes":[1],"errors":{"type":1},"meta":"y"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if page, err := fetchOnce(t, c.body); err != nil || len(page.Posts) != 0 {
				t.Errorf("got %+v, %v", page, err)
			}
		})
	}
}

func TestLongText(t *testing.T) {
	page, err := fetchOnce(t, pageOf(with("text", `"`+strings.Repeat("ế", 400_000)+`"`)))
	if err != nil {
		t.Fatal(err)
	}
	if text := page.Posts[1].Text; len(text) > maxText || len(text) < maxText-3 || !utf8.ValidString(text) {
		t.Errorf("kept %d bytes of text, want %d", len(text), maxText)
	}
}

func TestDelivery(t *testing.T) {
	c := open(t, &answering{}, nil)
	for _, tt := range []struct {
		name string
		post post
		want listeners.Delivery
	}{
		{"mentioned by id", post{mentions: []listeners.Author{{NativeID: me, Handle: "renamed"}}}, listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}},
		{"mentioned by handle in another case", post{mentions: []listeners.Author{{Handle: "SaoMaiCafe"}}}, listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}},
		{"somebody else mentioned", post{mentions: []listeners.Author{{NativeID: "1", Handle: "saomai"}}}, listeners.Delivery{Mode: listeners.Assisted, Why: "not_summoned"}},
		{"quotes us", post{quotes: "51"}, listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}},
		{"quotes somebody else", post{quotes: "52"}, listeners.Delivery{Mode: listeners.Assisted, Why: "not_summoned"}},
		{"only the text names us", post{text: "@saomaicafe"}, listeners.Delivery{Mode: listeners.Assisted, Why: "not_summoned"}},
		{"our own", post{author: me, mentions: []listeners.Author{{NativeID: me}}}, listeners.Delivery{Mode: listeners.Blocked, Why: "own"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := c.delivery(&answer{quoted: map[string]string{"51": me, "52": "9"}}, &tt.post); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestEditedPost(t *testing.T) {
	for _, field := range []string{"edit_history_tweet_ids", "edit_history_post_ids"} {
		item := strings.Replace(with("edit_history_tweet_ids", `["1857712345678800000","1857712345678900002"]`), "edit_history_tweet_ids", field, 1)
		page, err := fetchOnce(t, pageOf(item))
		if err != nil || len(page.Posts) != 3 {
			t.Fatal(page, err)
		}
		p := page.Posts[1]
		if p.NativeID != "1857712345678800000" || !strings.HasSuffix(p.URL, "/an_nguyen/status/1857712345678900002") {
			t.Errorf("%s: got id %s, url %s; want the first version's id and the newest version's URL", field, p.NativeID, p.URL)
		}
	}
}

// FuzzDecode: whatever arrives, a page is read without a panic, and what is kept of it is harmless.
func FuzzDecode(f *testing.F) {
	for _, item := range []string{goodPost, with("author_id", `"8"`), with("text", "\"\xff\""), with("note_post", `{"text":"&#0;"}`), `[]`} {
		f.Add([]byte(pageOf(item)))
	}
	c := open(f, &answering{}, nil)
	f.Fuzz(func(t *testing.T, body []byte) {
		readProblem(body)
		a, err := decode(body)
		if err != nil {
			return
		}
		page := c.normalise(a, listeners.Mentioned)
		for _, p := range page.Posts {
			for _, s := range []string{p.Text, p.Author.Handle, p.Author.Name} {
				if !utf8.ValidString(s) || strings.ContainsRune(s, 0) || len(s) > maxText || !norm.NFC.IsNormalString(s) {
					t.Fatalf("kept %q", s)
				}
			}
			if !isID(p.NativeID) || !isID(p.ThreadKey) || !isID(p.Author.NativeID) || p.CreatedAt <= 0 || p.Delivery.Mode == "" {
				t.Fatalf("kept %+v", p)
			}
			links(p.Text)
		}
	})
}

func benchmarkPage() []byte {
	var b bytes.Buffer
	b.WriteString(`{"data":[`)
	for i := range pageSize {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"18577123456789%05d","text":"@saomaicafe cà phê hôm nay nguội ngắt, đợi 30 phút mà nhân viên không xin lỗi &amp; bực mình",`+
			`"edit_history_tweet_ids":["18577123456789%05d"],"author_id":"1234567890%03d","conversation_id":"18577123456789%05d","created_at":"2026-11-21T10:00:00.000Z",`+
			`"in_reply_to_user_id":"1000","entities":{"mentions":[{"start":0,"end":11,"username":"saomaicafe","id":"1000"}]},"referenced_tweets":[{"type":"replied_to","id":"1857712345678900000"}]}`, i, i, i, i)
	}
	b.WriteString(`],"includes":{"users":[`)
	for i := range pageSize {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"1234567890%03d","name":"Nguyễn Hoài An %d","username":"an_nguyen%d"}`, i, i, i)
	}
	b.WriteString(`]},"meta":{"result_count":100,"newest_id":"1857712345678900099","oldest_id":"1857712345678900000","next_token":"7140dibdnow9c7btw"}}`)
	return b.Bytes()
}

// BenchmarkDecodePage is one page of 100 posts, decoded and normalised.
func BenchmarkDecodePage(b *testing.B) {
	body := benchmarkPage()
	c := open(b, &answering{}, nil)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		a, err := decode(body)
		if err != nil {
			b.Fatal(err)
		}
		if page := c.normalise(a, listeners.Mentioned); len(page.Posts) != pageSize {
			b.Fatal(page.Rejected)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/pageSize, "ns/post")
}

// BenchmarkFetch is the same page through the library, over a wire that costs nothing.
func BenchmarkFetch(b *testing.B) {
	c := open(b, &answering{status: 200, body: string(benchmarkPage())}, nil)
	b.ReportAllocs()
	for b.Loop() {
		if page, err := c.Fetch(context.Background(), ""); err != nil || len(page.Posts) != pageSize {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/pageSize, "ns/post")
}
