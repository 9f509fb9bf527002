package twitter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kith-social/kith/listeners"
)

// script serves one answer after the other and notes what was asked.
type script struct {
	answers []answering
	asked   []*url.URL
}

func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	s.asked = append(s.asked, req.URL)
	if len(s.asked) > len(s.answers) {
		return nil, errors.New("one call too many")
	}
	return s.answers[len(s.asked)-1].RoundTrip(req)
}

func tweets(next string, ids ...uint64) answering {
	var items []string
	for _, id := range ids {
		items = append(items, fmt.Sprintf(`{"id":"%d","author_id":"7","text":"@saomaicafe","created_at":"2026-11-21T10:00:00Z"}`, id))
	}
	return answering{status: 200, body: fmt.Sprintf(`{"data":[%s],%s,"meta":{"next_token":%q}}`, strings.Join(items, ","), goodUsers, next)}
}

func refusal(parameter string) answering {
	return answering{status: 400, body: fmt.Sprintf(`{"errors":[{"parameters":{%q:["1"]},"message":"'%s' must be a tweet id created after [TIMESTAMP]"}],"title":"Invalid Request","detail":"One or more parameters to your request was invalid.","type":"https://api.twitter.com/2/problems/invalid-request"}`, parameter, parameter)}
}

// TestPaging follows the questions that the mentions timeline is asked, page after page.
func TestPaging(t *testing.T) {
	const t0 = uint64(1_790_000_000_000-idEpoch) << idTimeShift // an id of some moment
	const minute = uint64(60_000) << idTimeShift
	number := func(id uint64) string { return fmt.Sprint(id) }
	for _, c := range []struct {
		name    string
		answers []answering
		want    []string // "since_id/pagination_token" of every call for mentions
	}{
		{
			"since moves only after the last page, a minute behind the newest",
			[]answering{tweets("p2", t0+9, t0+8), tweets("p3", t0+7), tweets("", t0+6), tweets(""), tweets("", t0+9), tweets(""), tweets("")},
			[]string{"/", "/p2", "/p3", number(t0+9-minute) + "/", number(t0+9-minute) + "/"},
		},
		{
			"posts newer than the first page do not hide what is between",
			[]answering{tweets("p2", t0), tweets("", t0-5), tweets(""), tweets("p2", t0+2*minute), tweets("", t0+3*minute), tweets(""), tweets("")},
			[]string{"/", "/p2", number(t0-minute) + "/", number(t0-minute) + "/p2", number(t0+2*minute) + "/"},
		},
		{
			"an empty middle page goes on",
			[]answering{tweets("p2", t0), tweets("p3"), tweets("", t0-minute), tweets(""), tweets("")},
			[]string{"/", "/p2", "/p3", number(t0-minute) + "/"},
		},
		{
			"a since_id that is too old starts from what is left",
			[]answering{tweets("", t0), tweets(""), refusal("since_id"), tweets("", t0+9*minute), tweets(""), tweets("")},
			[]string{"/", number(t0-minute) + "/", "/", number(t0+8*minute) + "/"},
		},
		{
			"a stale token starts the pages anew, after the other sources",
			[]answering{tweets("p2", t0), refusal("pagination_token"), tweets(""), tweets("", t0, t0-9), tweets(""), tweets("")},
			[]string{"/", "/p2", "/", number(t0-minute) + "/"},
		},
		{
			"small ids carry no time",
			[]answering{tweets("", 119, 118), tweets(""), tweets("", 120), tweets(""), tweets("")},
			[]string{"/", "119/", "120/"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			wire := &script{answers: c.answers}
			var cursor listeners.Cursor
			for range c.answers {
				page, err := open(t, wire, nil).Fetch(context.Background(), cursor)
				if err != nil {
					t.Fatal(err)
				}
				cursor = page.Next
			}
			var got []string
			for _, u := range wire.asked {
				if strings.HasSuffix(u.Path, "/mentions") {
					got = append(got, u.Query().Get("since_id")+"/"+u.Query().Get("pagination_token"))
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("asked %v\nwant  %v", got, c.want)
			}
		})
	}
}

func TestRefusedWithoutWayOut(t *testing.T) {
	for _, parameter := range []string{"since_id", "pagination_token", "max_results"} {
		c := open(t, &script{answers: []answering{refusal(parameter)}}, nil)
		page, err := c.Fetch(context.Background(), "")
		var e *listeners.Error
		if !errors.As(err, &e) || e.Class != listeners.Invalid || !strings.Contains(err.Error(), "must be a tweet id") {
			t.Errorf("%s: got %+v, %v, want class %s with what X said", parameter, page, err, listeners.Invalid)
		}
	}
}

func TestSources(t *testing.T) {
	wire := &script{answers: []answering{tweets(""), tweets(""), tweets(""), tweets("")}}
	c := open(t, wire, nil, "cà phê -is:retweet")
	var cursor listeners.Cursor
	for _, more := range []bool{true, true, false, true} {
		page, err := c.Fetch(context.Background(), cursor)
		if err != nil || page.More != more {
			t.Fatalf("got more %t, %v, want %t", page.More, err, more)
		}
		cursor = page.Next
	}
	for i, path := range []string{"/2/users/1000/mentions", "/2/users/1000/tweets", "/2/tweets/search/recent", "/2/users/1000/mentions"} {
		if got := wire.asked[i]; got.Path != path || got.Host != "api.x.com" || got.Scheme != "https" || got.Query().Get("max_results") != "100" {
			t.Errorf("call %d: got %s, want %s", i, got, path)
		}
	}
	if q := wire.asked[2].Query(); q.Get("query") != "cà phê -is:retweet" || !strings.Contains(q.Get("expansions"), "referenced_tweets.id") {
		t.Errorf("search asked for %v", q)
	}

	without := open(t, &script{answers: []answering{tweets("")}}, nil)
	if page, err := without.Fetch(context.Background(), `{"v":1,"turn":2,"marks":{}}`); err != nil || !page.More {
		t.Errorf("after the search was taken away: got %+v, %v", page, err)
	}
}

func TestForeignCursor(t *testing.T) {
	for _, cursor := range []listeners.Cursor{"x", "{}", `{"v":2}`, `{"v":1,"turn":-1}`, `{"v":1,"marks":[]}`, `{"v":1,"turn":0,"marks":null}`} {
		wire := &script{}
		if page, err := open(t, wire, nil).Fetch(context.Background(), cursor); err == nil || len(wire.asked) != 0 {
			t.Errorf("cursor %s: got %+v after %d calls, want an error", cursor, page, len(wire.asked))
		}
	}
}

func TestDialects(t *testing.T) {
	for dialect, fields := range map[string]string{"": "tweet.fields", "tweet": "tweet.fields", "post": "post.fields"} {
		wire := &script{answers: []answering{tweets("")}}
		if _, err := open(t, wire, listeners.Settings{"dialect": dialect}).Fetch(context.Background(), ""); err != nil {
			t.Fatal(err)
		}
		q := wire.asked[0].Query()
		if !strings.Contains(q.Get(fields), "conversation_id") || q.Has("tweet.fields") && q.Has("post.fields") {
			t.Errorf("dialect %q asked %v", dialect, q)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		give func(*listeners.Access)
		want error
	}{
		{"no account", func(a *listeners.Access) { a.NativeID = "" }, errNoAccount},
		{"no token", func(a *listeners.Access) { a.Secrets = nil }, errNoToken},
		{"a path for a host", func(a *listeners.Access) { a.Settings["host"] = "/x" }, errHost},
		{"another scheme", func(a *listeners.Access) { a.Settings["host"] = "file:///etc" }, errHost},
		{"an unknown dialect", func(a *listeners.Access) { a.Settings["dialect"] = "toot" }, errDialect},
		{"a query that is too long", func(a *listeners.Access) { a.Rules = []listeners.Rule{{ID: "1", Query: strings.Repeat("ế", 513)}} }, listeners.ErrQueryLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := listeners.Access{NativeID: me, Settings: listeners.Settings{}, Secrets: map[string]string{"token": "t0ken"}}
			c.give(&a)
			if _, err := Open(a, http.DefaultTransport); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestHydrateTakesOnlyXsWord(t *testing.T) {
	found := `"data":[{"id":"11","author_id":"7","text":"x","created_at":"2026-11-21T10:00:00Z"}],` + goodUsers
	for _, c := range []struct {
		name, body string
		want       int // posts, or -1 for an error
	}{
		{"gone", `{` + found + `,"errors":[{"resource_id":"12","value":"12","type":"https://api.twitter.com/2/problems/resource-not-found"}]}`, 1},
		{"hidden", `{` + found + `,"errors":[{"value":"12","type":"https://api.x.com/2/problems/not-authorized-for-resource"}]}`, 1},
		{"not mentioned", `{` + found + `}`, -1},
		{"broken over there", `{` + found + `,"errors":[{"value":"12","type":"https://api.x.com/2/problems/internal-error"}]}`, -1},
		{"unreadable", `{"data":[{"id":"11"},{"id":"12"}]}`, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			page, err := open(t, &answering{status: 200, body: c.body}, nil).Hydrate(context.Background(), []string{"11", "12"})
			posts := page.Posts
			if (err != nil) != (c.want < 0) || err == nil && len(posts) != c.want {
				t.Errorf("got %d posts, %v, want %d", len(posts), err, c.want)
			}
		})
	}
	wire := &answering{}
	if _, err := open(t, wire, nil).Hydrate(context.Background(), []string{"../users/me"}); err == nil || wire.calls != 0 {
		t.Errorf("an id with a path: got %v after %d calls", err, wire.calls)
	}
}
