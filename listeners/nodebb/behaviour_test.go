package nodebb

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/channeltest"
	"github.com/kith-social/kith/listeners/sandbox"
)

// forum is a sandbox forum with a customer's question on it.
func forum(t *testing.T, kind string, cfg sandbox.Config) (n *channeltest.Network, base, token string) {
	n, base, token = channeltest.Sandbox(t, sandbox.New(cfg), "nodebb")
	if kind == "master" {
		token = play(t, base, `{"network":"nodebb","handle":"`+channeltest.Brand+`"}`)
	}
	return n, base, token
}

func connect(t *testing.T, n *channeltest.Network, base, token string, settings ...string) *Channel {
	s := listeners.Settings{"address": base + "/nodebb"}
	for i := 0; i < len(settings); i += 2 {
		s[settings[i]] = settings[i+1]
	}
	return open(t, listeners.Access{
		NativeID: n.Brand.NativeID, Handle: n.Brand.Handle, Now: clock.System, Settings: s, Secrets: map[string]string{"token": token},
		Rules: []listeners.Rule{{ID: "7", Query: "espresso"}},
	}, http.DefaultTransport)
}

func wantClass(t *testing.T, what string, err error, class listeners.Class) *listeners.Error {
	t.Helper()
	var e *listeners.Error
	if !errors.As(err, &e) || e.Class != class {
		t.Fatalf("%s: got %v, want %s", what, err, class)
	}
	return e
}

// TestGuest: where guests may read, a wrong token is answered like a right one, but to a guest.
func TestGuest(t *testing.T) {
	n, base, _ := forum(t, "user", sandbox.Config{})
	id := n.Post(t, channeltest.Post{Author: "an", Text: "where is my order?"})
	ch := connect(t, n, base, "a wrong token")
	_, reading := ch.Fetch(context.Background(), "")
	_, checking := ch.Check(context.Background())
	_, looking := ch.Hydrate(context.Background(), []string{id})
	_, replying := ch.Reply(context.Background(), listeners.Outgoing{ParentID: id, Target: id, Text: "it is on its way"})
	for what, err := range map[string]error{"fetch": reading, "check": checking, "hydrate": looking, "reply": replying} {
		wantClass(t, what, err, listeners.AuthExpired)
	}
	if len(n.Ledger(t)) != 1 {
		t.Error("a guest posted")
	}
}

// TestAsMember: a member answers under their own name, and only a master token can do that.
func TestAsMember(t *testing.T) {
	n, base, token := forum(t, "master", sandbox.Config{})
	id := n.Post(t, channeltest.Post{Author: "an", Text: "where is my order?"})
	n.Post(t, channeltest.Post{Author: "lan_huong", Text: "hello everybody"})
	out := listeners.Outgoing{ParentID: id, Target: id, Text: "mine came after two days", As: "Lan_Huong"}
	started := clock.System()

	ch := connect(t, n, base, token, "uid", n.Brand.NativeID)
	if !ch.Capabilities().AsMember {
		t.Error("a master token does not say that it can post as members")
	}
	sent, err := ch.Reply(context.Background(), out)
	if err != nil {
		t.Fatal(err)
	}
	all := n.Ledger(t)
	if last := all[len(all)-1]; last.Author != "lan_huong" || last.ID != sent.NativeID || last.InReplyTo != id {
		t.Errorf("posted %+v", last)
	}
	if verdict, found, err := ch.Reconcile(context.Background(), out, started); verdict != listeners.Found || found.NativeID != sent.NativeID || err != nil {
		t.Errorf("reconcile: %s, %+v, %v", verdict, found, err)
	}
	asBrand := out
	asBrand.As = ""
	if verdict, _, err := ch.Reconcile(context.Background(), asBrand, started); verdict != listeners.Absent || err != nil {
		t.Errorf("the member's answer was taken for the brand's: %s, %v", verdict, err)
	}
	out.As = "nobody"
	_, err = ch.Reply(context.Background(), out)
	wantClass(t, "a member that the forum does not know", err, listeners.NotEligible)

	n, base, user := forum(t, "user", sandbox.Config{})
	id = n.Post(t, channeltest.Post{Author: "an", Text: "where is my order?"})
	_, err = connect(t, n, base, user).Reply(context.Background(), listeners.Outgoing{ParentID: id, Target: id, Text: "mine came too", As: "an"})
	wantClass(t, "without a master token", err, listeners.NotEligible)
	if len(n.Ledger(t)) != 1 {
		t.Error("the brand posted what a member was to post")
	}
}

// TestHaste: new users may post once in ten seconds.
func TestHaste(t *testing.T) {
	now := clock.System()
	n, base, token := forum(t, "user", sandbox.Config{Limits: true, Now: func() time.Time { return now.Std() }})
	id := n.Post(t, channeltest.Post{Author: "an", Text: "where is my order?"})
	ch := connect(t, n, base, token)
	ch.now = func() clock.Time { return now }
	out := listeners.Outgoing{ParentID: id, Target: id, Text: "it is on its way"}
	if _, err := ch.Reply(context.Background(), out); err != nil {
		t.Fatal(err)
	}
	out.Text = "and another thing"
	_, err := ch.Reply(context.Background(), out)
	if e := wantClass(t, "a second answer at once", err, listeners.RateLimited); e.Until != now.Add(10*time.Second) {
		t.Errorf("until %v, want in ten seconds", e.Until)
	}
}

// TestNamed: on somebody else's forum only what concerns the brand is heard.
func TestNamed(t *testing.T) {
	n, base, token := forum(t, "user", sandbox.Config{})
	n.Post(t, channeltest.Post{Author: "an", Text: "does anybody like tea?"})
	named := n.Post(t, channeltest.Post{Author: "an", Text: "hello @SaoMaiCafe, are you there?"})
	other := n.Post(t, channeltest.Post{Author: "an", Text: "@saomaicafes is somebody else"})
	rule := n.Post(t, channeltest.Post{Author: "an", Text: "the worst Espresso in town"})
	own := n.Post(t, channeltest.Post{Author: channeltest.Brand, Text: "good morning, we are open", InReplyTo: named})
	answer := n.Post(t, channeltest.Post{Author: "an", Text: "thanks, I will come", InReplyTo: own})
	read := func(hear string) map[string]listeners.Post {
		page, err := connect(t, n, base, token, "hear", hear).Fetch(context.Background(), "")
		if err != nil || page.More {
			t.Fatal(page.More, err)
		}
		heard := make(map[string]listeners.Post)
		for _, p := range page.Posts {
			heard[p.NativeID] = p
		}
		return heard
	}
	heard := read(hearNamed)
	if len(heard) != 4 || heard[named].Reason != listeners.Mentioned || heard[own].Reason != listeners.Own || heard[answer].Reason != listeners.Mentioned ||
		heard[rule].Reason != listeners.Keyword || heard[rule].Rule != "7" || heard[answer].ThreadKey != named {
		t.Errorf("heard %+v", heard)
	}
	if all := read(hearAll); len(all) != 6 || all[other].Reason != listeners.Keyword || all[other].Rule != "" {
		t.Errorf("all: %+v", all)
	}
}

// TestLongTopic: what is new in a long topic is read over as many pages as it takes, and no further.
func TestLongTopic(t *testing.T) {
	n, base, token := forum(t, "user", sandbox.Config{})
	id := n.Post(t, channeltest.Post{Author: "an", Text: "my coffee is cold", CreatedAt: clock.System().Add(-48 * time.Hour)})
	for i := range 70 {
		n.Post(t, channeltest.Post{Author: "binh", Text: fmt.Sprint("mine too, number ", i), InReplyTo: id})
	}
	ch := connect(t, n, base, token)
	first, err := ch.Fetch(context.Background(), "")
	if err != nil || len(first.Posts) < 71 || first.More {
		t.Fatalf("first round: %d posts, more %t, %v", len(first.Posts), first.More, err)
	}
	second, err := ch.Fetch(context.Background(), first.Next)
	if err != nil || second.Next != first.Next {
		t.Fatalf("second round: %v, from %s to %s", err, first.Next, second.Next)
	}
	if slices.ContainsFunc(second.Posts, func(p listeners.Post) bool { return p.NativeID == id }) {
		t.Error("the first post, which is two days old, was read again")
	}
}

// TestNoQueue: where the forum does not show what waits for its moderators, nothing is said to be absent.
func TestNoQueue(t *testing.T) {
	n, base, token := forum(t, "user", sandbox.Config{})
	id := n.Post(t, channeltest.Post{Author: "an", Text: "where is my order?"})
	n.Weather(t, "post-queue", "status:404", 0)
	verdict, _, err := connect(t, n, base, token).Reconcile(context.Background(), listeners.Outgoing{ParentID: id, Target: id, Text: "it is here"}, clock.System())
	if verdict != listeners.Unknown || !errors.Is(err, errNoQueue) {
		t.Errorf("got %s, %v", verdict, err)
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		status  int
		message string
		class   listeners.Class
	}{
		{401, "A valid login session was not found.", listeners.AuthExpired},
		{403, "You do not have enough privileges for this action.", listeners.Forbidden},
		{403, "[[error:user-banned]]", listeners.Banned},
		{400, "Sorry, you have been banned until 2027", listeners.Banned},
		{400, "[[error:too-many-posts, 30]]", listeners.RateLimited},
		{400, "[[error:already-posting]]", listeners.RateLimited},
		{429, "", listeners.RateLimited},
		{400, "[[error:topic-locked]]", listeners.NotEligible},
		{400, "Topic Locked", listeners.NotEligible},
		{404, "Topic does not exist", listeners.Gone},
		{400, "[[error:invalid-pid]]", listeners.Gone},
		{400, "Invalid Post ID", listeners.Gone},
		{400, "Please enter a longer post. Posts should contain at least 8 character(s).", listeners.Invalid},
		{500, "internal", listeners.Ambiguous},
		{302, "", listeners.Ambiguous},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			fmt.Fprintf(w, `{"status":{"code":"x","message":%q},"response":{}}`, c.message)
		}))
		ch := open(t, listeners.Access{
			NativeID: "5", Now: clock.System, Settings: listeners.Settings{"address": s.URL}, Secrets: map[string]string{"token": "t0ken"},
		}, http.DefaultTransport)
		_, err := ch.Reply(context.Background(), listeners.Outgoing{ParentID: "1", Target: "1", Text: "x"})
		s.Close()
		e := wantClass(t, fmt.Sprint(c.status, " ", c.message), err, c.class)
		if c.message == "[[error:too-many-posts, 30]]" {
			if wait := e.Until.Sub(clock.System()); wait < 25*time.Second || wait > 30*time.Second {
				t.Errorf("wait for %v, want 30 seconds", wait)
			}
		}
	}
}

func TestLink(t *testing.T) {
	s := listeners.Settings{"address": "https://forum.example/community/"}
	for l, want := range map[string]string{
		"https://forum.example/community/post/12": "12", " https://FORUM.example/community/post/12?x=1#y ": "12",
		"https://forum.example/post/12": "", "https://other.example/community/post/12": "", "https://forum.example/community/topic/3/x/4": "",
		"https://forum.example/community/post/12/../13": "", "://": "",
	} {
		if got := Network.Link(s, l); got != want {
			t.Errorf("%s: got %q, want %q", l, got, want)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	good := listeners.Settings{"address": "https://forum.example"}
	for name, c := range map[string]struct {
		settings listeners.Settings
		token    string
		want     error
	}{
		"no address":  {nil, "t", errAddress},
		"no scheme":   {listeners.Settings{"address": "forum.example"}, "t", errAddress},
		"a password":  {listeners.Settings{"address": "https://a:b@forum.example"}, "t", errAddress},
		"no token":    {good, "", errNoToken},
		"a name":      {listeners.Settings{"address": "https://forum.example", "uid": "lan"}, "t", errUID},
		"half a hear": {listeners.Settings{"address": "https://forum.example", "hear": "half"}, "t", errHear},
	} {
		_, err := Open(listeners.Access{Settings: c.settings, Secrets: map[string]string{"token": c.token}}, nil)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	ch := open(t, listeners.Access{Settings: good, Secrets: map[string]string{"token": "t"}, Now: clock.System}, http.DefaultTransport)
	for _, cur := range []listeners.Cursor{"{}", "x", `{"v":2,"since":1}`, `{"v":1,"since":1,"page":-1}`} {
		if _, err := ch.Fetch(context.Background(), cur); !errors.Is(err, listeners.ErrPlace) {
			t.Errorf("cursor %s: %v", cur, err)
		}
	}
}

// TestInterop asks a server that is not ours, with the token of the environment.
func TestInterop(t *testing.T) {
	address, token := os.Getenv("KITH_INTEROP_NODEBB_URL"), os.Getenv("KITH_INTEROP_NODEBB_TOKEN")
	if address == "" {
		t.Skip("KITH_INTEROP_NODEBB_URL is not set")
	}
	a := listeners.Access{
		Now: clock.System, Secrets: map[string]string{"token": token},
		Settings: listeners.Settings{"address": address, "uid": os.Getenv("KITH_INTEROP_NODEBB_UID")},
	}
	who, err := open(t, a, http.DefaultTransport).Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a.NativeID, a.Handle = who.NativeID, who.Handle
	ch := open(t, a, http.DefaultTransport)
	page, err := ch.Fetch(t.Context(), "")
	if err != nil || len(page.Rejected) > 0 {
		t.Fatalf("%v: %v, rejected %v", who, err, page.Rejected)
	}
	for _, p := range page.Posts[:min(3, len(page.Posts))] {
		again, err := ch.Hydrate(t.Context(), []string{p.NativeID})
		if err != nil || len(again.Posts) != 1 || again.Posts[0].Text != p.Text {
			t.Errorf("heard %+v, read again %+v, %v", p, again, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"loggedIn":true,"tid":1,"mainPid":1,"title":"x","posts":[{"pid":1,"uid":2,"content":"<p>a","timestamp":1790000000000,"user":{"uid":2,"username":"an"}}],"pagination":{"pageCount":3}}`,
		`{"tid":"1","posts":[{"pid":"https://a/1","deleted":1,"timestamp":1},{"pid":0},7,null],"pagination":[]}`,
		`{"status":{"code":"ok"},"response":{"posts":[{"pid":1e300,"timestamp":"x","user":{}}]}}`,
	} {
		f.Add([]byte(seed))
	}
	c := open(f, listeners.Access{
		NativeID: "5", Handle: "sao mai", Now: clock.System, Settings: listeners.Settings{"address": "https://forum.example"}, Secrets: map[string]string{"token": "t0ken"},
	}, http.DefaultTransport)
	f.Fuzz(func(t *testing.T, body []byte) {
		topic, err := listeners.ReadJSON(body)
		if err != nil {
			return
		}
		var page listeners.Page
		c.collect(topic, 0, &page)
		for _, p := range page.Posts {
			if !isID(p.NativeID) || p.Author.NativeID == "" || p.CreatedAt <= 0 || strings.ContainsRune(p.Text+p.Author.Handle, 0) || !strings.HasPrefix(p.URL, "https://forum.example/post/") {
				t.Errorf("%+v", p)
			}
		}
	})
}
