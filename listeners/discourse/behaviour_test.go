package discourse

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/channeltest"
)

// heard reads until nothing more is waiting.
func (s *stage) heard(ch listeners.Channel, from listeners.Cursor) ([]listeners.Post, listeners.Cursor) {
	s.t.Helper()
	var posts []listeners.Post
	for range 100 {
		page, err := ch.(listeners.Fetcher).Fetch(s.t.Context(), from)
		if err != nil || len(page.Rejected) > 0 {
			s.t.Fatalf("fetch: %v, rejected %v", err, page.Rejected)
		}
		posts, from = append(posts, page.Posts...), page.Next
		if !page.More {
			return posts, from
		}
	}
	s.t.Fatal("100 pages and no end")
	return nil, ""
}

func pick(t *testing.T, posts []listeners.Post, id string) listeners.Post {
	t.Helper()
	at := slices.IndexFunc(posts, func(p listeners.Post) bool { return p.NativeID == id })
	if at < 0 {
		t.Fatalf("post %s was not heard among %d", id, len(posts))
	}
	return posts[at]
}

func wantClass(t *testing.T, what string, err error, class listeners.Class) *listeners.Error {
	t.Helper()
	e, ok := errors.AsType[*listeners.Error](err)
	if !ok || e.Class != class {
		t.Fatalf("%s: got %v, want class %s", what, err, class)
	}
	return e
}

// say posts through the sandbox's admin API what channeltest.Post has no place for.
func (s *stage) say(post map[string]any) string {
	s.t.Helper()
	post["network"] = "discourse"
	b, _ := json.Marshal(post)
	res, err := http.Post(strings.TrimSuffix(s.base, "/discourse")+"/admin/posts", "application/json", strings.NewReader(string(b)))
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	var made struct{ ID string }
	if err := json.NewDecoder(res.Body).Decode(&made); err != nil || made.ID == "" {
		s.t.Fatalf("%s: %v", res.Status, err)
	}
	return made.ID
}

// edited changes the answers of a forum to some route.
type edited struct {
	next   http.RoundTripper
	route  string // part of "METHOD /path"
	change func(*http.Response, string) string
}

func (e edited) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := e.next.RoundTrip(req)
	if err != nil || !strings.Contains(req.Method+" "+req.URL.Path, e.route) {
		return res, err
	}
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	body := e.change(res, string(b))
	res.Body, res.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	return res, nil
}

func changing(route string, change func(*http.Response, string) string) channeltest.Options {
	return channeltest.Options{Wrap: func(next http.RoundTripper) http.RoundTripper { return edited{next, route, change} }}
}

// TestRepeats: with the forum's key a call that is made again within two minutes gets the first answer;
// within five, the forum refuses a repetition, and reading back finds what there is.
func TestRepeats(t *testing.T) {
	at := clock.NewManual(clock.System)
	s := newStage(t, "forum", at.Now)
	parent := s.Post(t, channeltest.Post{Author: "an", Text: "@saomaicafe where is it?"})
	ch, out := s.open(channeltest.Options{Now: at.Now}).(*Channel), s.answer(parent, "it is on its way")
	sent, err := ch.Reply(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ch.Reply(t.Context(), out)
	if err != nil || again.NativeID != sent.NativeID || again.URL != sent.URL {
		t.Errorf("made again: got %+v, %v, want %+v", again, err, sent)
	}
	at.Advance(3 * time.Minute)
	_, err = ch.Reply(t.Context(), out)
	wantClass(t, "three minutes later", err, listeners.Duplicate)
	if verdict, found, err := ch.Reconcile(t.Context(), out, at.Now()); verdict != listeners.Found || found.NativeID != sent.NativeID || err != nil {
		t.Errorf("reconcile: %s, %+v, %v", verdict, found, err)
	}
	other := s.answer(parent, out.Text) // the same words under another mark are no repetition
	if _, err := ch.Reply(t.Context(), other); err != nil {
		t.Errorf("equal words: %v", err)
	}
	if verdict, found, err := ch.Reconcile(t.Context(), other, at.Now()); verdict != listeners.Found || found.NativeID == sent.NativeID || err != nil {
		t.Errorf("reconcile equal words: %s, %+v, %v", verdict, found, err)
	}
}

// TestMark: the mark is on the forum, and in nothing that we keep or that a reader sees.
func TestMark(t *testing.T) {
	s := newStage(t, "forum", clock.System)
	out := s.answer(s.Post(t, channeltest.Post{Author: "an", Text: "@saomaicafe where is it?"}), "it is on its way")
	ch := s.open(channeltest.Options{}).(*Channel)
	sent, err := ch.Reply(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	raw := string(s.as("system", "GET", "/posts/"+sent.NativeID+".json", "", nil))
	var whole struct{ Raw, Cooked string }
	if err := json.Unmarshal([]byte(raw), &whole); err != nil || !strings.Contains(whole.Raw, markOf(out.ID)) || strings.Contains(whole.Cooked, "kith") {
		t.Errorf("the forum has %+v, %v", whole, err)
	}
	posts, _ := s.heard(ch, "")
	if p := pick(t, posts, sent.NativeID); p.Text != out.Text {
		t.Errorf("heard as %q", p.Text)
	}
}

// TestRefused: that a moderator refused a held post is told to whom the forum lets see it.
func TestRefused(t *testing.T) {
	s := newStage(t, "forum", clock.System)
	out := s.answer(s.Post(t, channeltest.Post{Author: "an", Text: "@saomaicafe where is it?"}), "it is on its way")
	ch := s.open(channeltest.Options{}).(*Channel)
	s.Hold(t, true)
	_, err := ch.Reply(t.Context(), out)
	wantClass(t, "reply", err, listeners.Held)
	want := func(verdict listeners.Verdict) {
		t.Helper()
		if got, _, err := ch.Reconcile(t.Context(), out, clock.System()); got != verdict || err != nil {
			t.Errorf("got %s, %v, want %s", got, err, verdict)
		}
	}
	want(listeners.Unknown) // it waits: sent again, it would be there twice
	all := s.Ledger(t)
	s.Decide(t, all[len(all)-1].ID, false)
	want(listeners.Absent)
	s.admin("PUT", "/admin/users/"+s.Brand.NativeID+"/grant_moderation.json", nil)
	want(listeners.Refused)
}

// TestMember: a member answers under their own name on the forum, where the operator wants that, and a
// name that is wrong harms nobody else.
func TestMember(t *testing.T) {
	s := newStage(t, "forum", clock.System)
	s.Post(t, channeltest.Post{Author: "lan", Text: "good morning everybody"})
	out := s.answer(s.Post(t, channeltest.Post{Author: "an", Text: "@saomaicafe where is it?"}), "I had that too, it came")
	out.As = "lan"
	_, err := s.open(channeltest.Options{}).(*Channel).Reply(t.Context(), out)
	wantClass(t, "where nobody wants it", err, listeners.Invalid)
	s.settings["as_member"] = "yes"
	ch := s.open(channeltest.Options{}).(*Channel)
	if !ch.Capabilities().AsMember {
		t.Error("members cannot answer under their names")
	}
	sent, err := ch.Reply(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	posts, _ := s.heard(ch, "")
	if p := pick(t, posts, sent.NativeID); p.Author.Handle != "lan" || p.Reason == listeners.Own || p.ParentID != out.ParentID {
		t.Errorf("posted as %+v", p)
	}
	if verdict, found, err := ch.Reconcile(t.Context(), out, clock.System()); verdict != listeners.Found || found.NativeID != sent.NativeID || err != nil {
		t.Errorf("reconcile: %s, %+v, %v", verdict, found, err)
	}
	asBrand := out
	asBrand.As = ""
	if verdict, _, err := ch.Reconcile(t.Context(), asBrand, clock.System()); verdict != listeners.Absent || err != nil {
		t.Errorf("reconcile as the brand: %s, %v", verdict, err)
	}
	out.As = "nobody"
	_, err = ch.Reply(t.Context(), out)
	wantClass(t, "as somebody who is not there", err, listeners.Forbidden)
}

// TestPrivate: a message to the account is heard as private, only by notification, and answered in private.
func TestPrivate(t *testing.T) {
	for _, key := range []string{"forum", "user"} {
		s := newStage(t, key, clock.System)
		ch := s.open(channeltest.Options{}).(*Channel)
		_, cursor := s.heard(ch, "")
		id := s.say(map[string]any{"author": "an", "to": s.Brand.Handle, "kind": "message", "text": "my address is 12 Lý Thường Kiệt"})
		s.say(map[string]any{"author": "an", "to": "binh", "kind": "message", "text": "between us"})
		posts, cursor := s.heard(ch, cursor)
		if len(posts) != 1 {
			t.Fatalf("heard %+v", posts)
		}
		p := pick(t, posts, id)
		if p.Surface != listeners.InPrivate || p.Reason != listeners.Mentioned || p.Author.Handle != "an" {
			t.Errorf("heard %+v", p)
		}
		if posts, _ := s.heard(ch, cursor); len(posts) != 0 {
			t.Errorf("heard again: %+v", posts)
		}
		out := s.answer(id, "thank you, we send it there")
		if out.Surface != listeners.InPrivate {
			t.Errorf("looked up as %s", out.Surface)
		}
		sent, err := ch.Reply(t.Context(), out)
		if err != nil {
			t.Fatal(err)
		}
		if verdict, _, err := ch.Reconcile(t.Context(), out, clock.System()); verdict != listeners.Found || err != nil {
			t.Errorf("reconcile: %s, %v", verdict, err)
		}
		page, err := ch.Hydrate(t.Context(), []string{sent.NativeID})
		if err != nil || len(page.Posts) != 1 || page.Posts[0].Surface != listeners.InPrivate || page.Posts[0].Reason != listeners.Own {
			t.Errorf("answered as %+v, %v", page, err)
		}
	}
}

// TestRefusals: why a forum refuses an answer is found out whatever language it says it in.
func TestRefusals(t *testing.T) {
	s := newStage(t, "forum", clock.System)
	s.set("min_post_length", 20)
	root := s.Post(t, channeltest.Post{Author: "an", Text: "@saomaicafe where is it?"})
	ch := s.open(changing("POST /discourse/posts.json", func(res *http.Response, body string) string {
		if res.StatusCode == 422 {
			return `{"action":"create_post","errors":["Không được"]}`
		}
		return body
	})).(*Channel)
	short := s.answer(root, "too short")
	_, err := ch.Reply(t.Context(), short)
	wantClass(t, "a short answer", err, listeners.Invalid)

	out := s.answer(root, "long enough for any forum")
	s.as(s.Brand.Handle, "POST", "/posts.json", "application/json", fmt.Appendf(nil, `{"topic_id":%s,"reply_to_post_number":1,"raw":%q}`, root, out.Text+"\n\n"+markOf(out.ID)))
	out.Text += "." // not remembered, but there
	repeats := s.open(changing("POST /discourse/posts.json", func(res *http.Response, _ string) string {
		res.StatusCode = 422
		return `{"action":"create_post","errors":["Trùng"]}`
	})).(*Channel)
	_, err = repeats.Reply(t.Context(), out)
	wantClass(t, "what is there already", err, listeners.Duplicate)

	s.admin("PUT", "/t/"+root+"/status.json", map[string]string{"status": "closed", "enabled": "true"})
	closed := s.answer(root, "an answer to a closed topic")
	_, err = ch.Reply(t.Context(), closed)
	wantClass(t, "a closed topic", err, listeners.NotEligible)
	s.Delete(t, root)
	_, err = ch.Reply(t.Context(), closed)
	wantClass(t, "a topic that is gone", err, listeners.Gone)

	for what, change := range map[string]func(*listeners.Outgoing){
		"no target": func(o *listeners.Outgoing) { o.Target = "" }, "no number": func(o *listeners.Outgoing) { o.Target = "4:" },
		"an id that would end the mark": func(o *listeners.Outgoing) { o.ID = "--> x" }, "no words": func(o *listeners.Outgoing) { o.Text = " \n" },
	} {
		bad := closed
		change(&bad)
		_, err := ch.Reply(t.Context(), bad)
		wantClass(t, what, err, listeners.Invalid)
	}
}

// TestGuest: a wrong key and no key at all are told from an account.
func TestGuest(t *testing.T) {
	s := newStage(t, "forum", clock.System)
	wrong := s.open(channeltest.Options{Secrets: map[string]string{"key": "wrong-key"}}).(*Channel)
	_, err := wrong.Check(t.Context())
	wantClass(t, "check with a wrong key", err, listeners.AuthRevoked)
	_, err = wrong.Fetch(t.Context(), "")
	wantClass(t, "fetch with a wrong key", err, listeners.AuthRevoked)
	guest := s.open(channeltest.Options{Wrap: func(next http.RoundTripper) http.RoundTripper { return keyless{next} }}).(*Channel)
	_, err = guest.Check(t.Context())
	wantClass(t, "check as a guest", err, listeners.AuthRevoked)
	if found, err := guest.Examine(t.Context()); err != nil || len(found) != 1 || found[0].Code != "discourse_key_refused" {
		t.Errorf("examined as a guest: %v, %v", found, err)
	}
}

// keyless is a proxy that loses headers it does not know.
type keyless struct{ next http.RoundTripper }

func (k keyless) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Del("Api-Key")
	return k.next.RoundTrip(req)
}

// TestWaits: the longer of the waits that a forum names counts.
func TestWaits(t *testing.T) {
	s := newStage(t, "forum", clock.System)
	for _, c := range []struct {
		header, body string
		want         time.Duration
	}{
		{"", `{"errors":["Slow down"],"error_type":"rate_limit","extras":{"wait_seconds":17,"time_left":"17 seconds"}}`, 17 * time.Second},
		{"40", `{"extras":{"wait_seconds":17}}`, 40 * time.Second},
		{"5", `{"extras":{"wait_seconds":86400}}`, 24 * time.Hour},
		{"12", "Slow down, too many requests from this IP address.", 12 * time.Second},
		{"", "Slow down", time.Minute},
		{"-5", `{"extras":{"wait_seconds":-1}}`, time.Minute},
		{"99999999", "", 25 * time.Hour},
		{clock.System().Add(90 * time.Second).Std().UTC().Format(http.TimeFormat), "", 90 * time.Second},
	} {
		_, err := s.open(changing("GET", func(res *http.Response, _ string) string {
			res.StatusCode = 429
			res.Header.Set("Retry-After", c.header)
			return c.body
		})).(*Channel).Fetch(t.Context(), "")
		e := wantClass(t, c.body, err, listeners.RateLimited)
		if wait := e.Until.Sub(clock.System()); wait < c.want-5*time.Second || wait > c.want+time.Second {
			t.Errorf("%q, %s: wait for %v, want %v", c.header, c.body, wait, c.want)
		}
	}
}

// TestAddressed: a brand hears on somebody else's forum only what is about it.
func TestAddressed(t *testing.T) {
	s := newStage(t, "forum", clock.System)
	s.settings["hear"] = "addressed"
	s.rules = []listeners.Rule{{ID: "cold", Query: "cold coffee"}, {ID: "by", Query: "@binh"}}
	chat := s.Post(t, channeltest.Post{Author: "an", Text: "anybody for tea?"})
	named := s.Post(t, channeltest.Post{Author: "an", Text: "hello @saomaicafe"})
	found := s.Post(t, channeltest.Post{Author: "chi", Text: "their coffee was cold"})
	searched := s.Post(t, channeltest.Post{Author: "binh", Text: "what a day"}) // only the forum's own search knows authors
	out := s.answer(named, "good to see you here")
	ch := s.open(channeltest.Options{}).(*Channel)
	sent, err := ch.Reply(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	thanks := s.Post(t, channeltest.Post{Author: "an", Text: "thanks", InReplyTo: sent.NativeID})
	posts, cursor := s.heard(ch, "")
	for id, rule := range map[string]string{named: "", found: "cold", searched: "by", sent.NativeID: "", thanks: ""} {
		if p := pick(t, posts, id); p.Rule != rule {
			t.Errorf("%q: rule %q, want %q", p.Text, p.Rule, rule)
		}
	}
	if slices.ContainsFunc(posts, func(p listeners.Post) bool { return p.NativeID == chat }) {
		t.Error("heard what is not about us")
	}
	if p := pick(t, posts, thanks); p.Reason != listeners.Mentioned || p.ParentID != sent.NativeID {
		t.Errorf("an answer to us: %+v", p)
	}
	again, next := s.heard(ch, cursor)
	if len(again) > 4 || next != cursor { // what lies in the overlap of the newest posts, and nothing searched for twice
		t.Errorf("heard again: %+v, from %s to %s", again, cursor, next)
	}
}

// TestParents: the post that is answered is named though it is on no page of ours, and one that nobody can
// read any more is not.
func TestParents(t *testing.T) {
	s := newStage(t, "forum", clock.System)
	ch := s.open(channeltest.Options{}).(*Channel)
	long := clock.System().Add(-48 * time.Hour)
	root := s.Post(t, channeltest.Post{ID: s.At(long), Author: "an", Text: "@saomaicafe where is it?", CreatedAt: long})
	_, cursor := s.heard(ch, "")
	s.Post(t, channeltest.Post{Author: "chi", Text: "unrelated"})
	_, cursor = s.heard(ch, cursor)
	late := s.Post(t, channeltest.Post{Author: "binh", Text: "mine is missing too", InReplyTo: root})
	posts, _ := s.heard(ch, cursor)
	if slices.ContainsFunc(posts, func(p listeners.Post) bool { return p.NativeID == root }) {
		t.Fatal("the first post was heard again")
	}
	if p := pick(t, posts, late); p.ParentID != root || p.ThreadKey != root || p.ToID == "" {
		t.Errorf("heard %+v, want an answer to %s", p, root)
	}
	s.Delete(t, root)
	page, err := ch.Hydrate(t.Context(), []string{late})
	if err != nil || len(page.Posts) != 1 || page.Posts[0].ParentID != "" || page.Posts[0].ThreadKey != root {
		t.Errorf("looked up %+v, %v", page, err)
	}
}

// TestFirstRound reads as much of a forum's past as is reasonable, not all of it.
func TestFirstRound(t *testing.T) {
	s := newStage(t, "forum", clock.System)
	for i := range 1100 {
		s.Post(t, channeltest.Post{Author: "an", Text: fmt.Sprint("post ", i)})
	}
	ch := s.open(channeltest.Options{}).(*Channel)
	posts, cursor := s.heard(ch, "")
	if len(posts) != firstPages*50 {
		t.Errorf("heard %d posts, want %d", len(posts), firstPages*50)
	}
	if again, _ := s.heard(ch, cursor); len(again) > 1100 {
		t.Errorf("heard %d posts again", len(again))
	}
}

// TestEmptyPages: a page without posts is no end, for older forums give what is public among fifty ids.
func TestEmptyPages(t *testing.T) {
	s := newStage(t, "forum", clock.System)
	for i := range 120 {
		s.Post(t, channeltest.Post{Author: "an", Text: fmt.Sprint("post ", i)}) // of which no notification tells
	}
	s.Weather(t, "GET /posts.json", "empty_page", 0)
	if posts, _ := s.heard(s.open(channeltest.Options{}), ""); len(posts) != 120 {
		t.Errorf("heard %d posts, want 120", len(posts))
	}
}

// TestGone: why a post cannot be seen any more is told as far as the forum tells it.
func TestGone(t *testing.T) {
	s := newStage(t, "forum", clock.System)
	deleted, moved := s.Post(t, channeltest.Post{Author: "an", Text: "one"}), s.Post(t, channeltest.Post{Author: "an", Text: "two"})
	s.Delete(t, deleted)
	ch := s.open(channeltest.Options{Wrap: func(next http.RoundTripper) http.RoundTripper {
		forbidden := func(res *http.Response, _ string) string {
			res.StatusCode = 403
			return `{"errors":["You are not permitted to view the requested resource."],"error_type":"invalid_access"}`
		}
		none := func(*http.Response, string) string { return `{"latest_posts":[]}` }
		return edited{edited{next, "/posts/" + moved, forbidden}, "/discourse/posts.json", none}
	}}).(*Channel)
	page, err := ch.Hydrate(t.Context(), []string{deleted, moved})
	want := []listeners.Removal{{NativeID: moved, Why: listeners.Withheld}, {NativeID: deleted, Why: listeners.Deleted}}
	if err != nil || len(page.Posts) != 0 || !slices.Equal(page.Gone, want) {
		t.Errorf("got %+v, %v, want %v gone", page, err, want)
	}
}

// TestPoison: a post that cannot be understood keeps nobody from looking at its neighbours.
func TestPoison(t *testing.T) {
	s := newStage(t, "forum", clock.System)
	good := s.Post(t, channeltest.Post{Author: "an", Text: "one"})
	bad := s.Post(t, channeltest.Post{Author: "zoe", Text: "two"})
	ch := s.open(changing("/posts", func(_ *http.Response, body string) string {
		return strings.ReplaceAll(body, `"username":"zoe"`, `"username":""`)
	})).(*Channel)
	if page, err := ch.Hydrate(t.Context(), []string{good}); err != nil || len(page.Posts) != 1 {
		t.Errorf("the neighbour: %+v, %v", page, err)
	}
	_, err := ch.Hydrate(t.Context(), []string{good, bad})
	wantClass(t, "the post itself", err, listeners.Malformed)
	if page, err := ch.Fetch(t.Context(), ""); err != nil || len(page.Posts) != 1 || len(page.Rejected) != 1 {
		t.Errorf("fetched %+v, %v", page, err)
	}
}

// TestTwoSecrets: while a webhook's secret is changed, both it and the one before it are good.
func TestTwoSecrets(t *testing.T) {
	s := newStage(t, "forum", clock.System)
	ch := s.open(s.Rotate(t)).(*Channel)
	for secret, good := range map[string]bool{"a-new-webhook-secret": true, hookSecret: true, "another": false, "": false} {
		h := http.Header{}
		h.Set(headerSignature, fmt.Sprintf("sha256=%x", hmacOf(secret, []byte("{}"))))
		if err := ch.Verify(h, []byte("{}")); (err == nil) != good {
			t.Errorf("signed with %q: %v", secret, err)
		}
	}
}

func TestExamine(t *testing.T) {
	s := newStage(t, "forum", clock.System)
	codes := func(as string, secrets map[string]string) []string {
		t.Helper()
		s.settings["as_member"] = as
		found, err := s.open(channeltest.Options{Secrets: secrets}).(*Channel).Examine(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var codes []string
		for _, f := range found {
			codes = append(codes, f.Code)
		}
		return codes
	}
	if got, want := codes("yes", nil), []string{"discourse_account"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := codes("no", map[string]string{"key": s.key}), []string{"discourse_account", "discourse_key_of_all", "discourse_no_webhook_secret"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	s.settings["user"] = "system" // who sees the forum's webhooks
	if got, want := codes("yes", nil), []string{"discourse_other_account", "discourse_no_webhook"}; !slices.Equal(got[:2], want) {
		t.Errorf("got %v, want %v", got, want)
	}
	s.Subscribe(t, "https://kith.example/hooks/x")
	failing := s.open(changing("web_hooks.json", func(_ *http.Response, body string) string {
		return strings.ReplaceAll(body, `"last_delivery_status":1`, `"last_delivery_status":2`)
	})).(*Channel)
	found, err := failing.Examine(t.Context())
	if last := found[len(found)-1]; err != nil || last.Code != "discourse_webhook_fails" || last.Detail[0] != "kith.example" || last.Level != listeners.Problem {
		t.Errorf("got %v, %v", found, err)
	}
}

func TestLink(t *testing.T) {
	s := listeners.Settings{"host": "https://forum.example/community/"}
	for link, want := range map[string]string{
		"https://forum.example/community/p/30": "30", "https://forum.example/community/p/30?u=an": "30", "https://forum.example/community/p/30#x": "30",
		"https://forum.example/p/30": "", "https://forum.example/community/t/slug/4/3": "", "https://forum.example/community/p/x": "", "https://elsewhere.example/p/3": "", "": "",
	} {
		if got := Network.Link(s, link); got != want {
			t.Errorf("%s: got %q, want %q", link, got, want)
		}
	}
	if got := Network.Link(listeners.Settings{}, "/p/30"); got != "" {
		t.Errorf("without an address: %q", got)
	}
}

func TestOpen(t *testing.T) {
	good := func() listeners.Access {
		return listeners.Access{NativeID: "7", Settings: listeners.Settings{"host": "https://forum.example"}, Secrets: map[string]string{"key": "k"}, Now: clock.System}
	}
	for what, change := range map[string]func(*listeners.Access){
		"no account": func(a *listeners.Access) { a.NativeID = "" }, "no key": func(a *listeners.Access) { a.Secrets = nil },
		"no host": func(a *listeners.Access) { a.Settings["host"] = "forum.example" }, "another scheme": func(a *listeners.Access) { a.Settings["host"] = "file:///etc" },
		"a query": func(a *listeners.Access) { a.Settings["host"] = "https://forum.example/?a=" }, "a user": func(a *listeners.Access) { a.Settings["host"] = "https://u:p@forum.example" },
		"what is heard": func(a *listeners.Access) { a.Settings["hear"] = "some" }, "rules": func(a *listeners.Access) { a.Rules = make([]listeners.Rule, 11) },
	} {
		a := good()
		change(&a)
		if _, err := Open(a, nil); err == nil {
			t.Errorf("%s: opened", what)
		}
	}
	ch, err := Open(good(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := ch.Capabilities().MinPoll; got*2880/2 < 24*time.Hour {
		t.Errorf("one user's key is good for 2,880 calls a day; a round of two every %v is more", got)
	}
}

// TestCanary: what a forum repeats of our secrets is in no error, of whatever we wanted from it.
func TestCanary(t *testing.T) {
	s := newStage(t, "forum", clock.System)
	out := s.answer(s.Post(t, channeltest.Post{Author: "an", Text: "@saomaicafe where is it?"}), "it is on its way")
	said := strings.Join(s.Secrets, " and ")
	for _, status := range []int{200, 302, 400, 401, 403, 404, 409, 422, 429, 500, 503} {
		for _, body := range []string{said, fmt.Sprintf(`{"errors":[%q],"error_type":%q}`, said, said), fmt.Sprintf(`{"latest_posts":[{"id":%q}]}`, said)} {
			ch := s.open(changing("", func(res *http.Response, _ string) string {
				res.StatusCode, res.Status = status, said
				return body
			})).(*Channel)
			_, examining := ch.Examine(t.Context())
			_, filling := ch.Backfill(t.Context(), 0, clock.System(), "")
			_, posting := ch.Reply(t.Context(), out)
			_, decoding := ch.Decode(t.Context(), nil, []byte(body))
			for what, err := range map[string]error{
				"examine": examining, "backfill": filling, "reply": posting, "decode": decoding,
				"edit": ch.Edit(t.Context(), out.ParentID, "other words"), "delete": ch.Delete(t.Context(), out.ParentID),
			} {
				for ; err != nil; err = errors.Unwrap(err) {
					for _, secret := range s.Secrets {
						if text := fmt.Sprintf("%v %+v", err, err); strings.Contains(text, secret) {
							t.Errorf("%s, %d: %s", what, status, text)
						}
					}
				}
			}
		}
	}
}
