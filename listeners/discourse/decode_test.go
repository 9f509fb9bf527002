package discourse

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/tidwall/gjson"
)

// still opens a Channel that makes no calls.
func still(t testing.TB) *Channel {
	ch, err := Open(listeners.Access{
		NativeID: "7", Handle: "saomai", Now: clock.System,
		Settings: listeners.Settings{"host": "https://forum.example/community/", "user": "saomai"},
		Secrets:  map[string]string{"key": "k", "webhook_secret": "s"},
		Rules:    []listeners.Rule{{ID: "r1", Query: "coffee"}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return ch.(*Channel)
}

// given is a post as a forum gives it, with some members changed.
func given(t *testing.T, change map[string]any) gjson.Result {
	t.Helper()
	m := map[string]any{
		"id": 30, "topic_id": 4, "post_number": 3, "post_type": 1, "user_id": 9, "username": "an", "name": "An Nguyễn", "version": 1,
		"created_at": "2026-11-03T08:00:00.123Z", "updated_at": "2026-11-03T08:00:00.123Z", "raw": "my coffee is cold", "cooked": "<p>my coffee is cold</p>",
	}
	maps.Copy(m, change)
	for name, v := range change {
		if v == "absent" {
			delete(m, name)
		}
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return gjson.ParseBytes(b)
}

func TestDecode(t *testing.T) {
	c := still(t)
	read := func(change map[string]any) post {
		t.Helper()
		p, err := c.decode(given(t, change), false)
		if err != nil {
			t.Fatalf("%v: %v", change, err)
		}
		return p
	}
	p := read(nil)
	want := listeners.Post{
		NativeID: "30", ThreadKey: "4", Author: listeners.Author{NativeID: "9", Handle: "an", Name: "An Nguyễn"}, Reason: listeners.Keyword, Rule: "r1",
		Surface: listeners.InPublic, Text: "my coffee is cold", URL: "https://forum.example/community/p/30", Target: "4:3",
		Delivery: listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}, CreatedAt: p.CreatedAt, Version: 1793692800123,
	}
	if p.Post != want || !p.shown() || p.CreatedAt.Std().UTC().Format("15:04:05.000") != "08:00:00.123" {
		t.Errorf("got  %+v\nwant %+v", p.Post, want)
	}
	for name, c := range map[string]struct {
		change map[string]any
		is     func(post) bool
	}{
		"an edit in the grace period is a new version": {map[string]any{"updated_at": "2026-11-03T08:01:00Z"}, func(q post) bool { return q.Version > p.Version }},
		"without raw the shown text counts":            {map[string]any{"raw": "absent", "cooked": `<aside class="quote"><blockquote>x</blockquote></aside><p>so &lt; what<br>now</p>`}, func(q post) bool { return q.Text == "so < what\nnow" }},
		"pictures have whole addresses":                {map[string]any{"cooked": `<img src="/uploads/a.png"><img src="//cdn.example/b.png">`}, func(q post) bool { return q.Media == "https://forum.example/uploads/a.png\nhttps://cdn.example/b.png" }},
		"own by id":                                    {map[string]any{"user_id": 7}, func(q post) bool { return q.Reason == listeners.Own && q.Delivery.Mode == listeners.Blocked }},
		"own by name":                                  {map[string]any{"username": "SaoMai"}, func(q post) bool { return q.Reason == listeners.Own }},
		"named":                                        {map[string]any{"raw": "hey @SaoMai"}, func(q post) bool { return q.Reason == listeners.Mentioned }},
		"answers us":                                   {map[string]any{"reply_to_user": map[string]any{"username": "saomai"}}, func(q post) bool { return q.Reason == listeners.Mentioned && q.ToID == "7" }},
		"the staff's whispers":                         {map[string]any{"post_type": 4}, func(q post) bool { return q.Surface == listeners.InPrivate && q.shown() }},
		"private messages":                             {map[string]any{"topic_archetype": "private_message"}, func(q post) bool { return q.Surface == listeners.InPrivate && q.Reason == listeners.Mentioned }},
		"notes of the forum":                           {map[string]any{"post_type": 3}, func(q post) bool { return !q.shown() }},
		"bots":                                         {map[string]any{"user_id": -1, "username": "system"}, func(q post) bool { return !q.shown() }},
		"hidden":                                       {map[string]any{"hidden": true}, func(q post) bool { return !q.shown() && q.why() == listeners.Hidden }},
		"deleted by its author":                        {map[string]any{"user_deleted": true}, func(q post) bool { return !q.shown() && q.why() == listeners.Deleted }},
		"deleted":                                      {map[string]any{"deleted_at": "2026-11-03T09:00:00Z"}, func(q post) bool { return !q.shown() && q.why() == listeners.Deleted }},
		"ids as text":                                  {map[string]any{"id": "30", "reply_to_post_number": "2"}, func(q post) bool { return q.NativeID == "30" && q.answers == "2" }},
	} {
		if q := read(c.change); !c.is(q) {
			t.Errorf("%s: got %+v", name, q)
		}
	}
	for name, change := range map[string]map[string]any{
		"no id": {"id": "absent"}, "an id that is no number": {"id": "x"}, "an id below one": {"id": 0}, "no topic": {"topic_id": nil}, "no number": {"post_number": "absent"},
		"no author": {"user_id": "absent"}, "no name": {"username": ""}, "no time": {"created_at": "yesterday"}, "no text": {"raw": "absent", "cooked": "absent"},
	} {
		if q, err := c.decode(given(t, change), false); err == nil {
			t.Errorf("%s: taken for %+v", name, q)
		}
	}
}

// FuzzDecode: whatever a forum brings is read without a panic, and what is kept of it is harmless.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"post":{"id":30,"topic_id":4,"post_number":3,"post_type":1,"user_id":9,"username":"an","created_at":"2026-11-03T08:00:00.123Z","raw":"[quote]a[/quote]b<!-- c -->","cooked":"<p>b</p>"}}`,
		`{"post":{"id":"1e3","topic_id":-1,"user_id":-2,"deleted_at":"x","reply_to_user":[],"cooked":"<aside><img src=//>"}}`,
		`{"post":[]}`, `{"ping":"OK"}`, `[[[[`, ``,
	} {
		f.Add([]byte(seed), "post_created")
	}
	c := still(f)
	f.Fuzz(func(t *testing.T, body []byte, event string) {
		h := map[string][]string{headerEvent: {event}, headerEventType: {"post"}}
		v, err := listeners.ReadJSON(body)
		if err != nil {
			if _, err := c.Decode(t.Context(), h, body); !isClass(err, listeners.Malformed) {
				t.Errorf("what is no JSON: %v", err)
			}
			return
		}
		p, err := c.decode(v.Get("post"), false)
		if err != nil {
			return
		}
		for _, kept := range []string{p.Text, p.Author.Name, p.Author.Handle, p.Media} {
			if !utf8.ValidString(kept) || strings.ContainsRune(kept, 0) || len(kept) > 64<<10 {
				t.Errorf("kept %.100q", kept)
			}
		}
		if !isID(p.NativeID) || !isID(p.ThreadKey) || p.URL != c.base+"/p/"+p.NativeID || strings.Contains(p.Text, "<!-- kith:") && !strings.Contains(p.Text, "```") {
			t.Errorf("decoded %+v", p)
		}
	})
}

// FuzzVerify: only what was signed with one of the secrets passes.
func FuzzVerify(f *testing.F) {
	f.Add([]byte(`{"ping":"OK"}`), "sha256=00")
	f.Add([]byte(``), "")
	f.Add([]byte("x"), "sha256="+strings.Repeat("0", 64))
	f.Add([]byte("x"), "sha1=0000")
	c := still(f)
	f.Fuzz(func(t *testing.T, body []byte, signature string) {
		right := "sha256=" + fmt.Sprintf("%x", hmacOf("s", body))
		if err := c.Verify(map[string][]string{headerSignature: {signature}}, body); err == nil && !strings.EqualFold(signature, right) {
			t.Errorf("%q passes for %q", signature, body)
		}
		if err := c.Verify(map[string][]string{headerSignature: {right}}, body); err != nil {
			t.Errorf("a true signature of %q: %v", body, err)
		}
	})
}

func hmacOf(secret string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return mac.Sum(nil)
}
