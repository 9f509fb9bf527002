package facebook

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

// answering is a network that gives every call the same answer.
type answering struct {
	status int
	body   string
	calls  int
}

func (a *answering) RoundTrip(req *http.Request) (*http.Response, error) {
	a.calls++
	return &http.Response{
		StatusCode: a.status, Status: fmt.Sprint(a.status), Proto: "HTTP/1.1", Request: req, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(a.body)), ContentLength: int64(len(a.body)),
	}, nil
}

func open(t testing.TB, rt http.RoundTripper) *Channel {
	t.Helper()
	ch, err := Open(listeners.Access{
		NativeID: "1", Now: clock.System, Settings: listeners.Settings{"app_id": app}, Secrets: map[string]string{"token": "t0ken", "app_secret": secret},
	}, rt)
	if err != nil {
		t.Fatal(err)
	}
	return ch.(*Channel)
}

func said100(code, sub int) string {
	return fmt.Sprintf(`{"error":{"message":"what it says","type":"OAuthException","code":%d,"error_subcode":%d,"fbtrace_id":"x"}}`, code, sub)
}

func TestClassOfRefusal(t *testing.T) {
	for _, c := range []struct {
		name        string
		status      int
		body        string
		write, read listeners.Class
	}{
		{"token ended", 400, said100(190, 463), listeners.AuthExpired, listeners.AuthExpired},
		{"token ended, unauthorised", 401, said100(190, 0), listeners.AuthExpired, listeners.AuthExpired},
		{"app removed", 400, said100(190, 458), listeners.AuthRevoked, listeners.AuthRevoked},
		{"password changed", 400, said100(190, 460), listeners.AuthRevoked, listeners.AuthRevoked},
		{"no session", 400, said100(102, 0), listeners.AuthExpired, listeners.AuthExpired},
		{"too many calls of the app", 400, said100(4, 0), listeners.RateLimited, listeners.RateLimited},
		{"of the person", 400, said100(17, 2446079), listeners.RateLimited, listeners.RateLimited},
		{"of the Page", 403, said100(32, 0), listeners.RateLimited, listeners.RateLimited},
		{"of the use case", 400, said100(80001, 0), listeners.RateLimited, listeners.RateLimited},
		{"of the messages", 400, said100(80006, 0), listeners.RateLimited, listeners.RateLimited},
		{"of custom limits", 400, said100(613, 0), listeners.RateLimited, listeners.RateLimited},
		{"of one hour", 400, said100(341, 0), listeners.RateLimited, listeners.RateLimited},
		{"blocked by policy", 400, said100(368, 1390008), listeners.Banned, listeners.Banned},
		{"said again", 400, said100(506, 0), listeners.Duplicate, listeners.Duplicate},
		{"answered in private before", 400, said100(10900, 0), listeners.Duplicate, listeners.Duplicate},
		{"outside the window", 400, said100(10, 2018278), listeners.NotEligible, listeners.NotEligible},
		{"not there", 400, said100(551, 1545041), listeners.NotEligible, listeners.NotEligible},
		{"no permission", 403, said100(10, 0), listeners.Forbidden, listeners.Forbidden},
		{"no permission for pages", 400, said100(200, 0), listeners.Forbidden, listeners.Forbidden},
		{"no permission, 299", 400, said100(299, 0), listeners.Forbidden, listeners.Forbidden},
		{"gone", 400, said100(100, 33), listeners.Gone, listeners.Gone},
		{"an alias that is gone", 404, said100(803, 0), listeners.Gone, listeners.Gone},
		{"invalid", 400, said100(100, 0), listeners.Invalid, listeners.Invalid},
		{"a link that is not allowed", 400, said100(1609005, 0), listeners.Invalid, listeners.Invalid},
		{"an old version", 400, said100(2635, 0), listeners.Invalid, listeners.Invalid},
		{"unknown", 500, said100(1, 99), listeners.Ambiguous, listeners.Transient},
		{"unknown, as a bad request", 400, said100(1, 0), listeners.Ambiguous, listeners.Transient},
		{"out of service", 503, said100(2, 0), listeners.Ambiguous, listeners.Transient},
		{"passing", 400, `{"error":{"message":"x","code":1357,"is_transient":true}}`, listeners.Ambiguous, listeners.Transient},
		{"an error with 200", 200, said100(190, 463), listeners.AuthExpired, listeners.AuthExpired},
		{"500 and nothing", 500, `{}`, listeners.Ambiguous, listeners.Transient},
		{"503 and something", 503, `{"foo":1}`, listeners.Ambiguous, listeners.Transient},
		{"502 and a page", 502, `<html>`, listeners.Ambiguous, listeners.Transient},
		{"a redirect", 302, ``, listeners.Ambiguous, listeners.Malformed},
		{"too many, by status", 429, ``, listeners.RateLimited, listeners.RateLimited},
		{"a teapot", 418, ``, listeners.Invalid, listeners.Invalid},
		{"500 with an id", 500, `{"id":"5_6"}`, listeners.Ambiguous, listeners.Transient},
		{"200 and nothing", 200, `{}`, listeners.Ambiguous, ""},
		{"200 without JSON", 200, `{"id":"5_6"`, listeners.Ambiguous, listeners.Malformed},
		{"an id that is none", 200, `{"id":"../6"}`, listeners.Ambiguous, ""},
		{"done", 200, `{"id":"5_6"}`, "", ""},
		{"created", 201, `{"id":"5_6"}`, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			wire := &answering{status: c.status, body: c.body}
			ch := open(t, wire)
			sent, err := ch.Reply(t.Context(), listeners.Outgoing{ParentID: "1_5", ThreadKey: "1_5", Text: "x"})
			wantClass(t, "write", err, c.write)
			if c.write == "" && (sent.NativeID != "5_6" || sent.URL != "https://www.facebook.com/1_5?comment_id=5_6") {
				t.Errorf("sent %+v", sent)
			}
			if wire.calls != 1 {
				t.Errorf("%d calls for one attempt", wire.calls)
			}
			_, err = ch.Fetch(t.Context(), "")
			wantClass(t, "read", err, c.read)
			if err != nil && strings.Contains(err.Error(), "t0ken") {
				t.Errorf("a secret in %v", err)
			}
		})
	}
}

// TestUntil: where Facebook says nothing, its windows roll; what it says is bounded.
func TestUntil(t *testing.T) {
	now := clock.System()
	for _, c := range []struct {
		header http.Header
		want   time.Duration
	}{
		{nil, windowPause},
		{http.Header{"X-Business-Use-Case-Usage": {`{"1":[{"type":"pages","call_count":100,"estimated_time_to_regain_access":19}]}`}}, 19 * time.Minute},
		{http.Header{"X-Business-Use-Case-Usage": {`{"1":[{"estimated_time_to_regain_access":99999999}]}`}}, longestPause},
		{http.Header{"Retry-After": {"7"}}, 7 * time.Second},
		{http.Header{"X-App-Usage": {`nonsense`}}, windowPause},
	} {
		ch := open(t, nil)
		ch.now = func() clock.Time { return now }
		if got := ch.until(&listeners.Exchange{Header: c.header}).Sub(now); got != c.want {
			t.Errorf("%v: got %v, want %v", c.header, got, c.want)
		}
	}
}

// TestBatchWithHoles: Facebook leaves calls of a batch unanswered when it runs out of time, and answers
// some with an error; neither makes a post seem gone.
func TestBatchWithHoles(t *testing.T) {
	post := `{"code":200,"body":"{\"id\":\"1_2\",\"created_time\":\"2026-11-20T10:00:00+0000\"}"}`
	for _, c := range []struct {
		name, body string
		want       listeners.Class
	}{
		{"answered", `[` + post + `,{"code":400,"body":"{\"error\":{\"code\":100,\"error_subcode\":33}}"}]`, ""},
		{"a hole", `[` + post + `,null]`, listeners.Transient},
		{"too few", `[` + post + `]`, listeners.Malformed},
		{"another post", `[` + post + `,` + post + `]`, listeners.Malformed},
		{"no permission", `[` + post + `,{"code":403,"body":"{\"error\":{\"code\":10}}"}]`, listeners.Forbidden},
		{"broken over there", `[` + post + `,{"code":500,"body":"{}"}]`, listeners.Transient},
		{"no list", `{}`, listeners.Malformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			page, err := open(t, &answering{status: 200, body: c.body}).Hydrate(t.Context(), []string{"1_2", "1_3"})
			wantClass(t, "hydrate", err, c.want)
			if err == nil && (len(page.Posts) != 1 || len(page.Gone) != 1 || page.Gone[0].NativeID != "1_3") {
				t.Errorf("%+v", page)
			}
		})
	}
	wire := &answering{}
	if _, err := open(t, wire).Hydrate(t.Context(), []string{"1_2/../../me"}); err == nil || wire.calls != 0 {
		t.Errorf("an id with a path: %v after %d calls", err, wire.calls)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		give func(*listeners.Access)
		want error
	}{
		{"no Page", func(a *listeners.Access) { a.NativeID = "" }, errNoPage},
		{"a path for a Page", func(a *listeners.Access) { a.NativeID = "../me" }, errNoPage},
		{"no token", func(a *listeners.Access) { a.Secrets = nil }, errNoToken},
		{"no host", func(a *listeners.Access) { a.Settings["host"] = "/graph" }, errHost},
		{"another scheme", func(a *listeners.Access) { a.Settings["host"] = "file:///etc" }, errHost},
		{"a path for a version", func(a *listeners.Access) { a.Settings["version"] = "v25.0/../x" }, errVersion},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := listeners.Access{NativeID: "1", Settings: listeners.Settings{}, Secrets: map[string]string{"token": "t0ken"}}
			c.give(&a)
			if _, err := Open(a, http.DefaultTransport); err != c.want {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestForeignCursor(t *testing.T) {
	for _, cursor := range []listeners.Cursor{"x", "{}", `{"v":2}`, `{"v":1,"turn":-1,"marks":{}}`, `{"v":1,"marks":[]}`, `{"v":1,"turn":0,"marks":null}`} {
		wire := &answering{}
		if page, err := open(t, wire).Fetch(t.Context(), cursor); err == nil || wire.calls != 0 {
			t.Errorf("cursor %s: got %+v after %d calls, want an error", cursor, page, wire.calls)
		}
	}
}

// TestLink: the forms that links to posts have.
func TestLink(t *testing.T) {
	for link, want := range map[string]string{
		"https://www.facebook.com/123/posts/456":                                        "123_456",
		"https://m.facebook.com/123/posts/456/?ref=x#top":                               "123_456",
		"https://www.facebook.com/123_456":                                              "123_456",
		"https://www.facebook.com/123_456?comment_id=456_789":                           "456_789",
		"https://www.facebook.com/saomai/posts/456?comment_id=789":                      "456_789",
		"https://www.facebook.com/saomai/posts/456?comment_id=789&reply_comment_id=790": "456_790",
		"https://www.facebook.com/saomai/posts/ca-phe-moi/456?comment_id=789":           "456_789",
		"https://www.facebook.com/permalink.php?story_fbid=456&id=123":                  "123_456",
		"https://www.facebook.com/story.php?story_fbid=456&id=123&comment_id=789":       "456_789",
		"https://www.facebook.com/photo.php?fbid=456&comment_id=789":                    "456_789",
		"http://127.0.0.1:8090/post/789?id=456_789":                                     "456_789",
		"https://www.facebook.com/saomai/posts/456":                                     "", // whose, the link does not say
		"https://www.facebook.com/saomai/posts/pfbid02abc":                              "",
		"https://www.facebook.com/saomai":                                               "",
		"https://facebook.com.evil.example/123/posts/456":                               "",
		"http://127.0.0.1:8090/post/788?id=456_789":                                     "",
		"javascript:alert(1)":                                                           "", "": "", "https://www.facebook.com/": "", "https://%zz": "",
	} {
		if got := Link(nil, link); got != want {
			t.Errorf("%s: got %q, want %q", link, got, want)
		}
	}
	ch := open(t, nil)
	for _, ids := range [][2]string{{"1_2", "1_2"}, {"1_2", "2_3"}} {
		if got := Link(nil, ch.url(ids[0], ids[1])); got != ids[1] {
			t.Errorf("our own link to %s is read as %q", ids[1], got)
		}
	}
}

// TestOddities: what Facebook leaves out, or gives in another way.
func TestOddities(t *testing.T) {
	ch := open(t, nil)
	read := func(body string) entry {
		t.Helper()
		v, ok := parse([]byte(body))
		if !ok {
			t.Fatal(body)
		}
		e, err := ch.comment(v, "")
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		return e
	}
	const rest = `"id":"5_6","created_time":"2026-11-20T10:00:00+0700","object":{"id":"1_5"}`
	if e := read(`{` + rest + `}`); e.Author.NativeID != "unknown:5_6" || e.Text != "" || e.CreatedAt.String() != "2026-11-20T03:00:00Z" {
		t.Errorf("without an author: %+v", e)
	}
	if e := read(`{` + rest + `,"can_comment":false,"from":{"id":"7","name":"An\u0000"}}`); e.Delivery != (listeners.Delivery{Mode: listeners.Assisted, Why: "restricted"}) || e.Author.Name != "An" {
		t.Errorf("shut: %+v", e)
	}
	if e := read(`{` + rest + `,"attachment":{"type":"photo","url":"https://www.facebook.com/photo?fbid=1","media":{"image":{"src":"https://scontent.example/1.jpg"}}}}`); e.Media != "https://www.facebook.com/photo?fbid=1\nhttps://scontent.example/1.jpg" {
		t.Errorf("with a picture: %q", e.Media)
	}
	for body, want := range map[string]int{
		`"recommendation_type":"positive","review_text":"hay"`: 5, `"recommendation_type":"negative"`: 1, `"rating":3,"has_review":false`: 3, `"review_text":"?"`: 0,
	} {
		v, _ := parse([]byte(`{"created_time":"2026-11-20T10:00:00+0000","reviewer":{"id":"7","name":"An"},` + body + `}`))
		if e, err := ch.review(v); err != nil || e.Rating != want || e.NativeID != "review:7" || e.Delivery.Mode != listeners.Assisted {
			t.Errorf("%s: %+v, %v, want %d stars", body, e, err, want)
		}
	}
	for _, body := range []string{`{}`, `{"id":"5_6"}`, `{"id":"5_6","created_time":"yesterday"}`, `{"id":"5_6","created_time":"2026-11-20T10:00:00+0000"}`, `{"id":"a/b","created_time":"2026-11-20T10:00:00+0000"}`} {
		v, _ := parse([]byte(body))
		if e, err := ch.comment(v, ""); err == nil {
			t.Errorf("%s was read as %+v", body, e)
		}
	}
}
