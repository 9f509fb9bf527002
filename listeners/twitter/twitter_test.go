package twitter

import (
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/channeltest"
	"github.com/kith-social/kith/listeners/sandbox"
)

func TestConformance(t *testing.T) {
	for _, dialect := range []string{"tweet", "post"} {
		t.Run(dialect, func(t *testing.T) {
			channeltest.Run(t, func(t *testing.T) *channeltest.Network { return network(t, dialect) })
		})
	}
}

func network(t *testing.T, dialect string) *channeltest.Network {
	n, base, token := channeltest.Sandbox(t, sandbox.New(sandbox.Config{}), "x")
	n.Open = func(t *testing.T, o channeltest.Options) listeners.Channel {
		rt := listeners.Guard([]string{base[len("http://"):]}, "test")
		if dialect == "post" {
			rt = respell{rt}
		}
		if o.Wrap != nil {
			rt = o.Wrap(rt)
		}
		if o.Now == nil {
			o.Now = clock.System
		}
		a := listeners.Access{
			NativeID: n.Brand.NativeID, Handle: n.Brand.Handle, Now: o.Now,
			Settings: listeners.Settings{"host": base + "/x", "dialect": dialect},
			Secrets:  map[string]string{"token": token},
		}
		if o.Listen != "" {
			a.Rules = []listeners.Rule{{ID: "7", Query: o.Listen}}
		}
		ch, err := Open(a, rt)
		if err != nil {
			t.Fatal(err)
		}
		return ch
	}
	n.NA = map[string]string{}
	for _, id := range []string{"C06", "hide", "C11", "backfill", "C30", "C31", "C32", "C35", "C36", "brought", "removed", "C49", "C50", "C51", "C52", "edit", "hide others"} {
		n.NA[id] = "not done yet"
	}
	n.ReadRoute, n.ReplyRoute = "GET /2/users", "POST /2/tweets"
	n.At = func(at clock.Time) string { return strconv.FormatUint(idAt(at), 10) }
	return n
}

// TestURL: the human exit leads to the post, also where the network is a sandbox.
func TestURL(t *testing.T) {
	n := network(t, "tweet")
	id := n.Post(t, channeltest.Post{Author: "an", Text: "@saomaicafe where is my order?"})
	page, err := n.Open(t, channeltest.Options{}).(listeners.Hydrator).Hydrate(t.Context(), []string{id})
	posts := page.Posts
	if err != nil || len(posts) != 1 {
		t.Fatal(posts, err)
	}
	res, err := http.Get(posts[0].URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if page, _ := io.ReadAll(res.Body); res.StatusCode != 200 || !strings.Contains(string(page), "where is my order?") {
		t.Errorf("%s: got %s, want the post", posts[0].URL, res.Status)
	}
}

// respell writes an expansion as the sandbox knows it; X's OpenAPI document has it without the ".id".
type respell struct{ next http.RoundTripper }

func (r respell) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.URL.RawQuery = strings.Replace(req.URL.RawQuery, "referenced_posts", "referenced_posts.id", 1)
	return r.next.RoundTrip(req)
}

// TestInterop asks a server that is not ours, with the account and token of the environment.
func TestInterop(t *testing.T) {
	host := os.Getenv("KITH_INTEROP_X_URL")
	if host == "" {
		t.Skip("KITH_INTEROP_X_URL is not set")
	}
	ch, err := Open(listeners.Access{
		NativeID: os.Getenv("KITH_INTEROP_X_ACCOUNT"), Now: clock.System,
		Settings: listeners.Settings{"host": host, "dialect": os.Getenv("KITH_INTEROP_X_DIALECT")},
		Secrets:  map[string]string{"token": os.Getenv("KITH_INTEROP_X_TOKEN")},
	}, http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	who, err := ch.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	page, err := ch.(listeners.Fetcher).Fetch(t.Context(), "")
	if err != nil || len(page.Rejected) > 0 {
		t.Fatalf("%v: %v, rejected %v", who, err, page.Rejected)
	}
}
