package discourse

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/channeltest"
	"github.com/kith-social/kith/listeners/sandbox"
)

const hookSecret = "the-webhook-secret-of-the-forum"

// TestConformance runs with the forum's key and with one user's: they differ in what they may, in what
// is remembered of a call, and in how they are told.
func TestConformance(t *testing.T) {
	for _, key := range []string{"forum", "user"} {
		t.Run(key, func(t *testing.T) {
			channeltest.Run(t, func(t *testing.T) *channeltest.Network { return newStage(t, key, clock.System).Network })
		})
	}
}

// stage is a forum of the sandbox with a brand's account on it.
type stage struct {
	*channeltest.Network
	t        *testing.T
	base     string // the forum's address
	key      string // the forum's
	settings listeners.Settings
	secrets  map[string]string
	rules    []listeners.Rule
}

func newStage(t *testing.T, key string, now clock.Func) *stage {
	net := sandbox.New(sandbox.Config{Now: func() time.Time { return now().Std() }})
	n, base, token := channeltest.Sandbox(t, net, "discourse")
	s := &stage{
		Network: n, t: t, base: base + "/discourse", key: token,
		settings: listeners.Settings{"host": base + "/discourse", "user": n.Brand.Handle},
		secrets:  map[string]string{"key": token, "webhook_secret": hookSecret},
	}
	s.Secrets = append(s.Secrets, hookSecret)
	s.set("min_post_length", 1) // the suite's answers are shorter than a forum likes
	if key == "user" {
		s.settings["user"], s.secrets["key"] = "", userKey(t, s.base, n.Brand.Handle)
		s.Secrets = []string{s.secrets["key"], hookSecret}
	}
	n.Open = func(t *testing.T, o channeltest.Options) listeners.Channel { return s.open(o) }
	n.ReadRoute, n.ReplyRoute = "GET /posts.json", "POST /posts.json"
	made := int64(0)
	n.At = func(at clock.Time) string {
		made++
		return strconv.FormatInt((int64(at)/1000-1288834974657)<<22+made, 10)
	}
	n.Hold = func(t *testing.T, on bool) { s.set("approve_post_count", map[bool]int{true: 1}[on]) }
	n.Subscribe = func(t *testing.T, callback string) {
		s.admin("POST", "/admin/api/web_hooks.json", map[string]any{"web_hook": map[string]any{"payload_url": callback, "secret": hookSecret}})
	}
	n.Rotate = func(*testing.T) channeltest.Options {
		return channeltest.Options{Secrets: map[string]string{"key": s.secrets["key"], "webhook_secret": "a-new-webhook-secret", "webhook_secret_old": hookSecret}}
	}
	n.NA = map[string]string{
		"C08": "no answer of a forum is partly an error", "C11": "a forum's members cannot hide what they write from some",
		"C42": "who can read a post on a forum can answer it", "challenge": "a forum does not ask whether an address is ours",
		"C49": "a forum's key does not end", "C50": "a forum's key does not end",
		"hide others": "the forum's API tells its moderators of a post, but hides none",
	}
	if key == "forum" {
		n.NA["C43"] = "a call with the forum's key that is made again gets the answer of the first; later ones are refused"
	}
	return s
}

func (s *stage) open(o channeltest.Options) listeners.Channel {
	s.t.Helper()
	rt := listeners.Guard([]string{host(s.base)}, "test")
	if o.Wrap != nil {
		rt = o.Wrap(rt)
	}
	if o.Now == nil {
		o.Now = clock.System
	}
	a := listeners.Access{NativeID: s.Brand.NativeID, Handle: s.Brand.Handle, Now: o.Now, Settings: s.settings, Secrets: s.secrets, Rules: s.rules}
	if o.Listen != "" {
		a.Rules = []listeners.Rule{{ID: "1", Query: o.Listen}}
	}
	if o.Secrets != nil {
		a.Secrets = o.Secrets
	}
	ch, err := Open(a, rt)
	if err != nil {
		s.t.Fatal(err)
	}
	return ch
}

// admin calls the forum as its system user.
func (s *stage) admin(method, path string, in any) {
	s.t.Helper()
	b, err := json.Marshal(in)
	if err != nil {
		s.t.Fatal(err)
	}
	s.as("system", method, path, "application/json", b)
}

func (s *stage) set(name string, value int) {
	s.t.Helper()
	s.as("system", "PUT", "/admin/site_settings/"+name, "application/x-www-form-urlencoded", []byte(url.Values{name: {strconv.Itoa(value)}}.Encode()))
}

func (s *stage) as(user, method, path, kind string, body []byte) []byte {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Api-Key", s.key)
	req.Header.Set("Api-Username", user)
	req.Header.Set("Content-Type", kind)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode > 299 {
		s.t.Fatalf("%s %s: %s %s %v", method, path, res.Status, answer, err)
	}
	return answer
}

var replies int // of this run

// answer is an answer to a post, with everything that the forum needs to place it.
func (s *stage) answer(parent, text string) listeners.Outgoing {
	s.t.Helper()
	page, err := s.open(channeltest.Options{}).(*Channel).Hydrate(s.t.Context(), []string{parent})
	if err != nil || len(page.Posts) != 1 {
		s.t.Fatalf("read post %s: %+v, %v", parent, page, err)
	}
	p := page.Posts[0]
	replies++
	return listeners.Outgoing{
		ID: fmt.Sprintf("0190b5a0-0000-7000-9000-%012d", replies), ParentID: p.NativeID, ThreadKey: p.ThreadKey, Target: p.Target, Surface: p.Surface, Text: text,
	}
}

// TestInterop asks a forum that is not ours, with the key and user of the environment.
func TestInterop(t *testing.T) {
	address := os.Getenv("KITH_INTEROP_DISCOURSE_URL")
	if address == "" {
		t.Skip("KITH_INTEROP_DISCOURSE_URL is not set")
	}
	ch, err := Open(listeners.Access{
		NativeID: "1", Handle: os.Getenv("KITH_INTEROP_DISCOURSE_USER"), Now: clock.System,
		Settings: listeners.Settings{"host": address, "user": os.Getenv("KITH_INTEROP_DISCOURSE_USER")},
		Secrets:  map[string]string{"key": os.Getenv("KITH_INTEROP_DISCOURSE_KEY")},
	}, http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	who, err := ch.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	page, err := ch.(*Channel).Fetch(t.Context(), "")
	if err != nil || len(page.Rejected) > 0 {
		t.Fatalf("%v: %v, rejected %v", who, err, page.Rejected)
	}
}
