package facebook

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/channeltest"
	"github.com/kith-social/kith/listeners/sandbox"
)

func TestConformance(t *testing.T) { channeltest.Run(t, network) }

// The sandbox's app, whose tokens its admin API hands out.
const (
	app    = "1000"
	secret = "sandbox-secret-1000"
)

// stage is a sandbox whose clock a test can put forward.
type stage struct {
	*channeltest.Network
	base, token string
	ahead       atomic.Int64
}

func (s *stage) now() time.Time          { return time.Now().Add(time.Duration(s.ahead.Load())) }
func (s *stage) advance(d time.Duration) { s.ahead.Add(int64(d)) }

func network(t *testing.T) *channeltest.Network { return newStage(t, false).Network }

func newStage(t *testing.T, limits bool) *stage {
	s := new(stage)
	s.Network, s.base, s.token = channeltest.Sandbox(t, sandbox.New(sandbox.Config{Now: s.now, Limits: limits}), "facebook")
	n := s.Network
	n.Open = func(t *testing.T, o channeltest.Options) listeners.Channel {
		rt := listeners.Guard([]string{s.base[len("http://"):]}, "test")
		if o.Wrap != nil {
			rt = o.Wrap(rt)
		}
		secrets := map[string]string{"token": s.token, "app_secret": secret}
		if o.Secrets != nil {
			secrets = o.Secrets
		}
		ch, err := Open(listeners.Access{
			NativeID: n.Brand.NativeID, Handle: n.Brand.Handle, Secrets: secrets,
			Settings: listeners.Settings{"host": s.base + "/graph", "app_id": app},
			Now: func() clock.Time {
				if o.Now != nil {
					return o.Now()
				}
				return clock.At(s.now())
			},
		}, rt)
		if err != nil {
			t.Fatal(err)
		}
		return ch
	}
	n.ReadRoute, n.ReplyRoute = "GET /", "POST /"
	made := int64(0)
	n.At = func(at clock.Time) string { // numbers of the sandbox carry their time
		made++
		return strconv.FormatInt(max(at.Std().UnixMilli()-1288834974657, 1)<<22+made, 10)
	}
	n.Secrets = append(n.Secrets, secret, app+"|"+secret)
	n.NA = map[string]string{
		"C08": "Facebook gives no errors beside data: what was deleted takes with it what stood below",
		"C11": "Facebook says of what is protected what it says of what is deleted",
		"C42": "a Page hears only what it may answer",
		"C51": "Facebook keeps no answer of a Page back",
	}
	s.translate()
	n.Rotate = func(*testing.T) channeltest.Options {
		return channeltest.Options{Secrets: map[string]string{"token": s.token, "app_secret": "a new secret", "app_secret_old": secret}}
	}
	n.Renewable = s.grant
	n.Expire = func(*testing.T, map[string]string) { s.advance(2 * time.Hour) }
	n.Revoke = func(t *testing.T, secrets map[string]string) {
		s.graph(t, http.MethodDelete, "me/permissions", url.Values{"access_token": {secrets["user_token"]}})
	}
	return s
}

// translate lets the suite name posts as Facebook does, where the sandbox's admin API knows only its own
// numbers.
func (s *stage) translate() {
	n := s.Network
	post, ledger, deleted, edit, hide := n.Post, n.Ledger, n.Delete, n.Edit, n.Hide
	n.Ledger = func(t *testing.T) []channeltest.Post {
		all := ledger(t)
		byID := make(map[string]channeltest.Post, len(all))
		for _, p := range all {
			byID[p.ID] = p
		}
		authors := s.accounts(t)
		named := func(id string) string {
			p, ok := byID[id]
			switch {
			case !ok:
				return id
			case p.InReplyTo == "":
				return authors[strings.ToLower(p.Author)] + "_" + id
			}
			top := p
			for byID[top.InReplyTo].ID != "" {
				top = byID[top.InReplyTo]
			}
			return top.ID + "_" + id
		}
		out := slices.Clone(all)
		for i, p := range all {
			out[i].ID = named(p.ID)
			if p.InReplyTo != "" {
				out[i].InReplyTo = named(p.InReplyTo)
			}
		}
		return out
	}
	n.Post = func(t *testing.T, p channeltest.Post) string {
		t.Helper()
		p.ID, p.InReplyTo = last(p.ID), last(p.InReplyTo)
		id := post(t, p)
		if p.InReplyTo == "" {
			return s.accounts(t)[strings.ToLower(p.Author)] + "_" + id
		}
		all := n.Ledger(t)
		return all[slices.IndexFunc(all, func(p channeltest.Post) bool { return last(p.ID) == id })].ID
	}
	n.Delete = func(t *testing.T, id string) { deleted(t, last(id)) }
	n.Edit = func(t *testing.T, id, text string) {
		time.Sleep(1100 * time.Millisecond) // Facebook counts whole seconds
		edit(t, last(id), text)
	}
	n.Hide = func(t *testing.T, id string, hidden bool) { hide(t, last(id), hidden) }
}

// accounts are the ids of everybody by handle.
func (s *stage) accounts(t *testing.T) map[string]string {
	t.Helper()
	var list struct{ Items []struct{ ID, Handle string } }
	s.call(t, http.MethodGet, "/admin/accounts?network=facebook", "", &list)
	ids := make(map[string]string, len(list.Items))
	for _, a := range list.Items {
		ids[strings.ToLower(a.Handle)] = a.ID
	}
	return ids
}

func (s *stage) call(t *testing.T, method, path, body string, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(body, "{") && !strings.HasPrefix(body, "[") {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode > 299 {
		t.Fatalf("%s %s: %s %s %v", method, path, res.Status, answer, err)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		t.Fatalf("%s %s: %v in %s", method, path, err, answer)
	}
}

// say writes as a customer with everything that the sandbox's admin API knows, and returns its number.
func (s *stage) say(t *testing.T, fields map[string]any) string {
	t.Helper()
	fields["network"] = "facebook"
	body, _ := json.Marshal(fields)
	var made struct{ ID string }
	s.call(t, http.MethodPost, "/admin/posts", string(body), &made)
	return made.ID
}

// graph calls the Graph API as somebody else than the Channel.
func (s *stage) graph(t *testing.T, method, path string, q url.Values) map[string]any {
	t.Helper()
	var answer map[string]any
	if method == http.MethodPost {
		s.call(t, method, "/graph/v25.0/"+path, q.Encode(), &answer)
	} else {
		s.call(t, method, "/graph/v25.0/"+path+"?"+q.Encode(), "", &answer)
	}
	return answer
}

// allow presses the button of the dialog that a URL leads to, and returns the code.
func allow(t *testing.T, dialog, as string) (code, state string) {
	t.Helper()
	to, err := url.Parse(dialog)
	if err != nil {
		t.Fatal(err)
	}
	form := to.Query()
	form.Set("as", as)
	form.Set("allow", "yes")
	to.RawQuery = ""
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.PostForm(to.String(), form)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	back, err := res.Location()
	if err != nil {
		page, _ := io.ReadAll(res.Body)
		t.Fatalf("the dialog: %s %s", res.Status, page)
	}
	return back.Query().Get("code"), back.Query().Get("state")
}

// grant gives secrets whose Page's token ends within the hour, as it is before it was exchanged for one
// that does not.
func (s *stage) grant(t *testing.T) map[string]string {
	t.Helper()
	const back = "https://kith.example/back"
	code, _ := allow(t, s.base+"/graph/v25.0/dialog/oauth?client_id="+app+"&redirect_uri="+url.QueryEscape(back), "an_nguyen")
	keys := url.Values{"client_id": {app}, "client_secret": {secret}}
	with := func(more ...string) url.Values {
		q := url.Values{"client_id": keys["client_id"], "client_secret": keys["client_secret"]}
		for i := 0; i < len(more); i += 2 {
			q.Set(more[i], more[i+1])
		}
		return q
	}
	short := fmt.Sprint(s.graph(t, http.MethodPost, "oauth/access_token", with("code", code, "redirect_uri", back))["access_token"])
	page := s.graph(t, http.MethodGet, s.Brand.NativeID, url.Values{"fields": {"access_token"}, "access_token": {short}})
	long := s.graph(t, http.MethodPost, "oauth/access_token", with("grant_type", "fb_exchange_token", "fb_exchange_token", short))
	return map[string]string{
		"token": fmt.Sprint(page["access_token"]), "app_secret": secret, "user_token": fmt.Sprint(long["access_token"]),
		"user_expires": strconv.FormatInt(s.now().Add(60*24*time.Hour).Unix(), 10),
	}
}

// hear reads everything from a cursor to the end of a round.
func hear(t *testing.T, ch listeners.Channel, from listeners.Cursor) (all listeners.Page) {
	t.Helper()
	for range 100 {
		page, err := ch.(listeners.Fetcher).Fetch(t.Context(), from)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Rejected {
			t.Errorf("rejected: %s: %s", r.Reason, r.Raw)
		}
		if len(page.Next) > 4096 {
			t.Errorf("the cursor has %d bytes", len(page.Next))
		}
		all.Posts, all.Gone = append(all.Posts, page.Posts...), append(all.Gone, page.Gone...)
		all.Next, all.NotBefore = page.Next, cmp.Or(page.NotBefore, all.NotBefore)
		if from = page.Next; !page.More {
			return all
		}
	}
	t.Fatal("100 pages and no end")
	return all
}

func find(t *testing.T, posts []listeners.Post, text string) listeners.Post {
	t.Helper()
	at := slices.IndexFunc(posts, func(p listeners.Post) bool { return p.Text == text })
	if at < 0 {
		t.Fatalf("%q was not heard among %d posts: %+v", text, len(posts), posts)
	}
	return posts[at]
}
