package facebook

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/channeltest"
)

type hookServer struct {
	*httptest.Server
	mu     sync.Mutex
	bodies [][]byte
}

// serveHook is an address of ours.
func serveHook(t *testing.T, ch listeners.Receiver) *hookServer {
	s := new(hookServer)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		answer, _, asked, err := ch.Challenge(r, body)
		switch {
		case asked:
			_, _ = w.Write(answer)
		case err != nil || ch.Verify(r.Header, body) != nil:
			w.WriteHeader(http.StatusForbidden)
		default:
			s.mu.Lock()
			s.bodies = append(s.bodies, body)
			s.mu.Unlock()
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *hookServer) until(t *testing.T, n int) [][]byte {
	t.Helper()
	for range 500 {
		s.mu.Lock()
		got := slices.Clone(s.bodies)
		s.mu.Unlock()
		if len(got) >= n {
			return got
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%d deliveries were awaited", n)
	return nil
}

func replaceBody(t *testing.T, res *http.Response, old, fresh string) {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	b = bytes.ReplaceAll(b, []byte(old), []byte(fresh))
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	res.Header.Del("Content-Length")
}

// TestBrought: what the sandbox brings of every surface is what a round hears, and what happens to it later
// is brought too.
func TestBrought(t *testing.T) {
	s := newStage(t, false)
	ch := s.Open(t, channeltest.Options{})
	hook := serveHook(t, ch.(listeners.Receiver))
	if err := ch.(listeners.Subscriber).Subscribe(t.Context(), hook.URL); err != nil {
		t.Fatal(err)
	}
	post := s.say(t, map[string]any{"author": "saomaicafe", "text": "Tin mới"})
	s.say(t, map[string]any{"author": "an", "to": "saomaicafe", "text": "Xin chào"})
	s.say(t, map[string]any{"author": "binh", "text": "ở @saomaicafe"})
	comment := s.say(t, map[string]any{"author": "chi", "text": "Giá bao nhiêu? 👩‍👩‍👧‍👦", "in_reply_to": post})
	s.say(t, map[string]any{"author": "saomaicafe", "text": "45k ạ", "in_reply_to": comment})
	s.say(t, map[string]any{"author": "dung", "to": "saomaicafe", "kind": "review", "rating": 1, "text": "Tệ"})
	s.say(t, map[string]any{"author": "dung", "to": "saomaicafe", "kind": "message", "text": "Có ai không?"})
	s.say(t, map[string]any{"author": "saomaicafe", "to": "dung", "kind": "message", "text": "Dạ có"})
	heard := hear(t, ch, "").Posts
	var brought []listeners.Post
	for _, body := range hook.until(t, 8) {
		page, err := ch.(listeners.Receiver).Decode(t.Context(), nil, body)
		if err != nil || len(page.Rejected) > 0 {
			t.Fatalf("%v, %v: %s", err, page.Rejected, body)
		}
		brought = append(brought, page.Posts...)
	}
	if len(brought) != 8 || len(heard) != 8 {
		t.Errorf("brought %d posts, heard %d", len(brought), len(heard))
	}
	for _, p := range heard {
		if got := find(t, brought, p.Text); got != p {
			t.Errorf("brought and heard differ:\n%+v\n%+v", got, p)
		}
	}

	before := find(t, heard, "Giá bao nhiêu? 👩‍👩‍👧‍👦")
	change := func(body string, n int) listeners.Page {
		t.Helper()
		s.call(t, http.MethodPatch, "/admin/posts/"+comment, body, new(any))
		page, err := ch.(listeners.Receiver).Decode(t.Context(), nil, hook.until(t, n)[n-1])
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	if page := change(`{"text":"Giá sao?"}`, 9); len(page.Posts) != 1 || page.Posts[0].Text != "Giá sao?" || page.Posts[0].Version <= before.Version || page.Posts[0].CreatedAt != before.CreatedAt {
		t.Errorf("edited: %+v", page)
	}
	hidden := listeners.Removal{NativeID: before.NativeID, Why: listeners.Hidden}
	if page := change(`{"hidden":true}`, 10); len(page.Posts) != 0 || !slices.Equal(page.Gone, []listeners.Removal{hidden}) {
		t.Errorf("hidden: %+v", page)
	}
	if page := change(`{"hidden":false}`, 11); len(page.Gone) != 0 || len(page.Posts) != 1 || page.Posts[0].Text != "Giá sao?" {
		t.Errorf("shown again: %+v", page)
	}
	var gone any
	s.call(t, http.MethodDelete, "/admin/posts/"+comment, "", &gone)
	page, err := ch.(listeners.Receiver).Decode(t.Context(), nil, hook.until(t, 12)[11])
	if err != nil || !slices.Equal(page.Gone, []listeners.Removal{{NativeID: before.NativeID, Why: listeners.Deleted}}) {
		t.Errorf("deleted: %+v, %v", page, err)
	}
}

// TestManyChanges: one delivery may hold 1,000 changes; each counts once, the last word of each post is
// kept, what is broken stands alone, and what is of another Page or no post is left.
func TestManyChanges(t *testing.T) {
	calls := 0
	s := newStage(t, false)
	ch := s.Open(t, channeltest.Options{Wrap: func(next http.RoundTripper) http.RoundTripper {
		return rewriting(func(req *http.Request) (*http.Response, error) { calls++; return next.RoundTrip(req) })
	}})
	page := s.Brand.NativeID
	var changes []any
	add := func(verb string, i int, more map[string]any) {
		v := map[string]any{
			"item": "comment", "verb": verb, "post_id": page + "_1", "parent_id": page + "_1", "comment_id": fmt.Sprintf("1_%d", i), "created_time": 1790000000 + i,
			"from": map[string]any{"id": fmt.Sprint(5000 + i%7), "name": "Khách"}, "message": fmt.Sprintf("bình luận %d", i),
		}
		for k, x := range more {
			v[k] = x
		}
		changes = append(changes, map[string]any{"field": "feed", "value": v})
	}
	for i := range 990 {
		add("add", i, nil)
	}
	add("edited", 3, map[string]any{"message": "sửa rồi"})
	add("remove", 4, nil)
	add("hide", 5, nil)
	add("add", 6, nil) // again
	add("add", 7, map[string]any{"item": "reaction", "reaction_type": "like"})
	add("add", 8, map[string]any{"comment_id": "../me"})
	changes = append(changes, map[string]any{"field": "leadgen", "value": map[string]any{"post_id": "1"}}, "nonsense")
	body, err := json.Marshal(map[string]any{"object": "page", "entry": []any{
		map[string]any{"id": page, "time": 1790009999, "changes": changes},
		map[string]any{"id": "31337", "time": 1790009999, "changes": changes[:5]},
	}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := ch.(listeners.Receiver).Decode(t.Context(), nil, body)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Posts) != 988 || len(got.Rejected) != 1 || calls != 0 {
		t.Errorf("%d posts, %d rejected, %d calls; want 988, 1, 0", len(got.Posts), len(got.Rejected), calls)
	}
	want := []listeners.Removal{{NativeID: "1_4", Why: listeners.Deleted}, {NativeID: "1_5", Why: listeners.Hidden}}
	if !slices.Equal(got.Gone, want) {
		t.Errorf("gone: %v, want %v", got.Gone, want)
	}
	if p := find(t, got.Posts, "sửa rồi"); p.NativeID != "1_3" || p.Version != 1790009999 {
		t.Errorf("edited: %+v", p)
	}
}

// TestChallenge: only who knows the token that the app was given is answered.
func TestChallenge(t *testing.T) {
	c := newStage(t, false).Open(t, channeltest.Options{}).(*Channel)
	ask := func(method, query string) (string, bool, error) {
		answer, _, asked, err := c.Challenge(httptest.NewRequest(method, "/hooks/x?"+query, nil), nil)
		return string(answer), asked, err
	}
	good := url.Values{"hub.mode": {"subscribe"}, "hub.challenge": {"42"}, "hub.verify_token": {c.hook.token()}}
	if answer, asked, err := ask(http.MethodGet, good.Encode()); answer != "42" || !asked || err != nil {
		t.Errorf("got %q, %t, %v", answer, asked, err)
	}
	if _, asked, err := ask(http.MethodPost, good.Encode()); asked || err != nil {
		t.Errorf("a POST: %t, %v", asked, err)
	}
	for name, wrong := range map[string]string{"hub.mode": "unsubscribe", "hub.verify_token": "guess"} {
		q := url.Values{"hub.mode": good["hub.mode"], "hub.challenge": good["hub.challenge"], "hub.verify_token": good["hub.verify_token"]}
		q.Set(name, wrong)
		if answer, asked, err := ask(http.MethodGet, q.Encode()); asked || answer != "" || !errors.Is(err, listeners.ErrSignature) {
			t.Errorf("%s=%s: %q, %t, %v", name, wrong, answer, asked, err)
		}
	}
	bare := newStage(t, false).Open(t, channeltest.Options{Secrets: map[string]string{"token": "t"}}).(*Channel)
	if _, _, _, err := bare.Challenge(httptest.NewRequest(http.MethodGet, "/?hub.mode=subscribe&hub.challenge=1&hub.verify_token=", nil), nil); !errors.Is(err, listeners.ErrSignature) {
		t.Errorf("without an app secret: %v", err)
	}
	if err := bare.Verify(http.Header{"X-Hub-Signature-256": {"sha256=" + hex.EncodeToString(sign("", []byte("{}")))}}, []byte("{}")); !errors.Is(err, listeners.ErrSignature) {
		t.Errorf("signed with an empty secret: %v", err)
	}
}

// signedForm is what Facebook posts to the deauthorize and data deletion callbacks.
func signedForm(key, payload string) []byte {
	text := base64.RawURLEncoding.EncodeToString([]byte(payload))
	signature := base64.RawURLEncoding.EncodeToString(sign(key, []byte(text)))
	return []byte(url.Values{"signed_request": {signature + "." + text}}.Encode())
}

// TestSignedRequest: a person who removes the app, or asks it to delete their data, is known by a request
// that Facebook signed; if it is who connected the Page, access is gone.
func TestSignedRequest(t *testing.T) {
	s := newStage(t, false)
	secrets := map[string]string{"token": s.token, "app_secret": "the new one", "app_secret_old": secret}
	ch, err := Open(listeners.Access{NativeID: s.Brand.NativeID, Settings: listeners.Settings{"app_id": app, "user": "4711"}, Secrets: secrets}, http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	const payload = `{"user_id":"4711","algorithm":"HMAC-SHA256","issued_at":1790000000}`
	for _, key := range []string{"the new one", secret} {
		form := signedForm(key, payload)
		if person, err := SignedRequest(form, secrets); person != "4711" || err != nil {
			t.Errorf("%q, %v", person, err)
		}
		if err := ch.(listeners.Receiver).Verify(http.Header{}, form); err != nil {
			t.Errorf("verify: %v", err)
		}
		if page, err := ch.(listeners.Receiver).Decode(t.Context(), nil, form); err != nil || !page.Revoked {
			t.Errorf("decode: %+v, %v", page, err)
		}
	}
	other := signedForm(secret, strings.Replace(payload, "4711", "4712", 1))
	if page, err := ch.(listeners.Receiver).Decode(t.Context(), nil, other); err != nil || page.Revoked {
		t.Errorf("somebody else: %+v, %v", page, err)
	}
	for name, form := range map[string][]byte{
		"another secret": signedForm("guess", payload), "no secret": signedForm("", payload), "nothing": nil, "no form": []byte("%zz"),
		"another algorithm": signedForm(secret, strings.Replace(payload, "HMAC-SHA256", "none", 1)),
		"a number":          signedForm(secret, `{"user_id":4711,"algorithm":"HMAC-SHA256"}`),
		"no person":         signedForm(secret, `{"algorithm":"HMAC-SHA256"}`),
	} {
		if person, err := SignedRequest(form, secrets); person != "" || !errors.Is(err, listeners.ErrSignature) {
			t.Errorf("%s: %q, %v", name, person, err)
		}
	}
}
