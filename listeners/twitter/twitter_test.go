package twitter

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

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

// client is the app that the tests' brand has on X.
const client = "kith"

func network(t *testing.T, dialect string) *channeltest.Network {
	clockOf := &skewed{}
	n, base, token := channeltest.Sandbox(t, sandbox.New(sandbox.Config{Now: clockOf.now}), "x")
	app := developer(t, base)
	secrets := map[string]string{"token": token, "consumer_secret": app["consumer_secret"], "app_token": app["app_token"], "client_secret": app["client_secret"]}
	settings := listeners.Settings{"host": base + "/x", "dialect": dialect, "client_id": client}
	rt := listeners.Guard([]string{base[len("http://"):]}, "test")
	n.Open = func(t *testing.T, o channeltest.Options) listeners.Channel {
		next := rt
		if o.Wrap != nil {
			next = o.Wrap(next)
		}
		if o.Now == nil {
			o.Now = clock.System
		}
		a := listeners.Access{NativeID: n.Brand.NativeID, Handle: n.Brand.Handle, Now: o.Now, Settings: settings, Secrets: maps.Clone(secrets)}
		maps.Copy(a.Secrets, o.Secrets)
		if o.Listen != "" {
			a.Rules = []listeners.Rule{{ID: "7", Query: o.Listen}}
		}
		ch, err := Open(a, next)
		if err != nil {
			t.Fatal(err)
		}
		return ch
	}
	n.Secrets = append(n.Secrets, app["consumer_secret"], app["app_token"], app["client_secret"])
	n.Rotate = func(*testing.T) channeltest.Options {
		return channeltest.Options{Secrets: map[string]string{"consumer_secret": "the new one", "consumer_secret_before": app["consumer_secret"]}}
	}
	n.Renewable = func(t *testing.T) map[string]string { return allow(t, n.Brand.Handle, settings, secrets, rt) }
	n.Expire = func(*testing.T, map[string]string) { clockOf.ahead(2 * time.Hour) }
	n.Revoke = func(t *testing.T, granted map[string]string) {
		res, err := http.PostForm(base+"/x/2/oauth2/revoke", url.Values{"token": {granted["token"]}, "client_id": {client}})
		if err != nil || res.StatusCode != 200 {
			t.Fatal(res, err)
		}
		res.Body.Close()
	}
	const shown = "X shows a hidden answer to whoever asks for it, and does not say that it is hidden"
	n.NA = map[string]string{
		"hide": shown, "hide others": shown,
		"removed": "X tells only the author's own account of a deletion; looking at posts again finds the others",
		"C51":     "X holds no answers for approval",
		"edit":    "X lets nobody edit an answer to somebody else",
	}
	n.ReadRoute, n.ReplyRoute = "GET /2/users", "POST /2/tweets"
	made := uint64(0)
	n.At = func(at clock.Time) string {
		made++ // X numbers the posts of a millisecond
		return strconv.FormatUint(idAt(at)+made, 10)
	}
	return n
}

// skewed is the machine's clock, or one ahead of it.
type skewed struct {
	mu sync.Mutex
	by time.Duration
}

func (s *skewed) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.by)
}

func (s *skewed) ahead(by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.by += by
}

// developer reads the secrets of the app on the network's pages for developers.
func developer(t *testing.T, base string) (app map[string]string) {
	t.Helper()
	res, err := http.Get(base + "/x/developer/" + client)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&app); err != nil {
		t.Fatal(err)
	}
	return app
}

// allow lets the app act for an account, as a person does it on X's page, and returns the secrets.
func allow(t *testing.T, handle string, s listeners.Settings, secrets map[string]string, rt http.RoundTripper) map[string]string {
	t.Helper()
	g := listeners.Grant{Settings: s, Secrets: secrets, Redirect: "https://kith.example/connected", State: "st4te", Verifier: strings.Repeat("verifier", 6)}
	page, err := Network.Grant.URL(g)
	if err != nil {
		t.Fatal(err)
	}
	back, err := come(t, page, handle, "yes")
	if err != nil || back.Get("state") != g.State || back.Get("code") == "" {
		t.Fatalf("came back with %v, %v", back, err)
	}
	granted, err := Network.Grant.Exchange(t.Context(), g, back.Get("code"), rt)
	if err != nil || len(granted) != 1 || granted[0].Handle != handle {
		t.Fatalf("granted %+v, %v", granted, err)
	}
	return granted[0].Secrets
}

// come opens X's page, presses a button there and returns what the person comes back with.
func come(t *testing.T, page, handle, button string) (url.Values, error) {
	t.Helper()
	res, err := http.Get(page)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 || !strings.Contains(string(body), handle) {
		return nil, fmt.Errorf("%s: %s %v", res.Status, body, err)
	}
	form := url.Values{"account": {handle}, "allow": {button}}
	for _, field := range regexp.MustCompile(`name="([a-z_]+)" value="([^"]*)"`).FindAllStringSubmatch(string(body), -1) {
		if !form.Has(field[1]) {
			form.Set(field[1], html.UnescapeString(field[2]))
		}
	}
	stay := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err = stay.PostForm(page[:strings.Index(page, "?")], form)
	if err != nil {
		return nil, err
	}
	res.Body.Close()
	to, err := res.Location()
	if err != nil {
		return nil, err
	}
	return to.Query(), nil
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
