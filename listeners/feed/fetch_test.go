package feed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

var now = clock.At(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))

// site is a website that answers every call in the same way, and what it was asked.
type site struct {
	*httptest.Server
	answer http.HandlerFunc
	asked  []http.Header
}

func publish(t *testing.T, answer http.HandlerFunc) (*site, *Channel) {
	s := &site{answer: answer}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked = append(s.asked, r.Header)
		s.answer(w, r)
	}))
	t.Cleanup(s.Close)
	rt := listeners.Guard([]string{s.URL[len("http://"):]}, "test")
	return s, open(t, listeners.Access{NativeID: s.URL + "/feed.xml", Now: func() clock.Time { return now }}, rt)
}

func fetch(t *testing.T, c *Channel, from listeners.Cursor) listeners.Page {
	t.Helper()
	page, err := c.Fetch(context.Background(), from)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func rssOf(ttl string, items ...string) string {
	return `<?xml version="1.0"?><rss version="2.0"><channel><title>Nhà của Mèo</title><link>/</link>` + ttl + strings.Join(items, "") + `</channel></rss>`
}

func TestNothingNew(t *testing.T) {
	body := rssOf("<ttl>30</ttl>", `<item><guid>1</guid><description>one</description></item>`)
	s, c := publish(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"a"`)
		w.Header().Set("Last-Modified", "Sun, 22 Nov 2026 08:00:00 GMT")
		if r.Header.Get("If-None-Match") == `"a"` && r.Header.Get("If-Modified-Since") != "" {
			w.Header().Set("Retry-After", "600")
			w.WriteHeader(http.StatusNotModified)
			return
		}
		fmt.Fprint(w, body)
	})
	first := fetch(t, c, "")
	if len(first.Posts) != 1 || first.NotBefore != now.Add(30*time.Minute) {
		t.Errorf("first: %d posts, not before %v; want 1 and in half an hour", len(first.Posts), first.NotBefore)
	}
	second := fetch(t, c, first.Next)
	if len(second.Posts) != 0 || second.Next != first.Next || second.NotBefore != now.Add(10*time.Minute) {
		t.Errorf("unchanged: %+v", second)
	}
	// A server that knows no tags sends everything again; only what is new is given.
	s.answer = func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, rssOf("", `<item><guid>2</guid><description>two</description></item>`, `<item><guid>1</guid><description>one</description></item>`))
	}
	third := fetch(t, c, second.Next)
	if len(third.Posts) != 1 || third.Posts[0].Text != "two" || third.NotBefore != 0 {
		t.Errorf("one more: %+v", third)
	}
	fetch(t, c, third.Next)
	if h := s.asked[3]; h.Get("If-None-Match") != "" || h.Get("If-Modified-Since") != "" {
		t.Errorf("asked with the marks of an older answer: %v", h)
	}
}

func TestEdits(t *testing.T) {
	said := "cold"
	_, c := publish(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, rssOf("", `<item><guid>1</guid><pubDate>Sun, 22 Nov 2026 07:00:00 GMT</pubDate><description>`+said+`</description></item>`))
	})
	before := fetch(t, c, "")
	said = "cold, but they made a new one"
	after := fetch(t, c, before.Next)
	if len(after.Posts) != 1 || after.Posts[0].NativeID != before.Posts[0].NativeID || after.Posts[0].Version <= before.Posts[0].Version || after.Posts[0].Text != said {
		t.Errorf("edited: got %+v, was %+v", after.Posts, before.Posts)
	}
	if again := fetch(t, c, after.Next); len(again.Posts) != 0 {
		t.Errorf("unchanged since: got %+v", again.Posts)
	}
}

func TestManyItems(t *testing.T) {
	var items []string
	for i := range 3000 {
		items = append(items, fmt.Sprintf("<item><guid>%d</guid><description>item %d</description></item>", i, i))
	}
	_, c := publish(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, rssOf("", items...)) })
	page := fetch(t, c, "")
	if len(page.Posts) != maxItems || len(page.Next) > 4096 {
		t.Errorf("%d posts, a cursor of %d bytes", len(page.Posts), len(page.Next))
	}
	if again := fetch(t, c, page.Next); len(again.Posts) != maxItems-maxSeen {
		t.Errorf("again: %d posts, want those that the cursor has no room for", len(again.Posts))
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		status int
		after  string
		class  listeners.Class
		wait   time.Duration
	}{
		{429, "", listeners.RateLimited, 15 * time.Minute},
		{429, "90", listeners.RateLimited, 90 * time.Second},
		{429, "99999999999999999999", listeners.RateLimited, 15 * time.Minute}, // no number of seconds, no date
		{429, "999999999", listeners.RateLimited, 24 * time.Hour},
		{503, now.Add(time.Hour).Std().Format(http.TimeFormat), listeners.RateLimited, time.Hour},
		{429, now.Add(-time.Hour).Std().Format(http.TimeFormat), listeners.RateLimited, time.Second},
		{503, "", listeners.Transient, 0},
		{500, "", listeners.Transient, 0},
		{404, "", listeners.Transient, 0},
		{401, "", listeners.Forbidden, 0},
		{403, "", listeners.Forbidden, 0},
		{410, "", listeners.Gone, 0},
	} {
		_, ch := publish(t, func(w http.ResponseWriter, _ *http.Request) {
			if c.after != "" {
				w.Header().Set("Retry-After", c.after)
			}
			w.WriteHeader(c.status)
		})
		_, err := ch.Fetch(context.Background(), "")
		var e *listeners.Error
		if !errors.As(err, &e) || e.Class != c.class || e.Status != c.status {
			t.Errorf("%d: got %v, want %s", c.status, err, c.class)
			continue
		}
		if want := now.Add(c.wait); c.wait > 0 && e.Until != want {
			t.Errorf("%d, Retry-After %q: until %v, want %v", c.status, c.after, e.Until, want)
		}
	}
}

func TestRedirects(t *testing.T) {
	s, c := publish(t, nil)
	s.answer = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/feed.xml" {
			http.Redirect(w, r, "/new.xml", http.StatusMovedPermanently)
			return
		}
		fmt.Fprint(w, rssOf("", "<item><description>moved</description></item>"))
	}
	if page := fetch(t, c, ""); len(page.Posts) != 1 {
		t.Errorf("on the same website: %+v", page)
	}
	s.answer = func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/latest/meta-data", http.StatusFound)
	}
	_, err := c.Fetch(context.Background(), "")
	var e *listeners.Error
	if !errors.As(err, &e) || e.Class != listeners.Forbidden || !errors.Is(err, listeners.ErrRedirect) {
		t.Errorf("to another: got %v", err)
	}
}

func TestNoFeed(t *testing.T) {
	for name, body := range map[string]string{
		"a page": "<!doctype html><title>Log in</title>", "nothing": "", "text": "hello", "cut JSON": `{"version":"https://jsonfeed.org/version/1.1","items":[{"id":`,
		"deep XML": "<rss>" + strings.Repeat("<a>", 1<<18), "deep JSON": `{"items":` + strings.Repeat("[", 1<<18), "cut XML": "<rss><channel><title>x",
	} {
		_, c := publish(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
		_, err := c.Fetch(context.Background(), "")
		var e *listeners.Error
		if !errors.As(err, &e) || e.Class != listeners.Malformed {
			t.Errorf("%s: got %v, want %s", name, err, listeners.Malformed)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for address, want := range map[string]error{
		"": errAddress, "example.org/feed": errAddress, "ftp://example.org/": errAddress, "file:///etc/passwd": errAddress, "https://": errAddress,
		"https://an:s3cret@example.org/": errUser,
	} {
		_, err := Open(listeners.Access{Settings: listeners.Settings{"address": address}}, nil)
		if !errors.Is(err, want) || strings.Contains(fmt.Sprint(err), "s3cret") {
			t.Errorf("%q: got %v, want %v", address, err, want)
		}
	}
	_, c := publish(t, nil)
	if _, err := c.Fetch(context.Background(), "{}"); !errors.Is(err, listeners.ErrPlace) {
		t.Errorf("a foreign cursor: %v", err)
	}
}
