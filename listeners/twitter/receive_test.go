package twitter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/channeltest"
)

// receiver is a Channel with two secrets of its app.
func receiver(tb testing.TB, rt http.RoundTripper) *Channel {
	tb.Helper()
	c := open(tb, rt, nil)
	c.sign = signer("the consumer secret", "", "the one before")
	return c
}

// TestSignature: the forms are those of X's documentation, computed with another tool.
func TestSignature(t *testing.T) {
	c := receiver(t, &answering{})
	r := httptest.NewRequest(http.MethodGet, "/hooks/key?crc_token=challenge&nonce=x", nil)
	answer, kind, asked, err := c.Challenge(r, nil)
	if want := `{"response_token":"sha256=KKNHM2uPYLxDksqDf/FayuTHX/QdAwXay3tubxEAMBI="}`; !asked || err != nil || kind != "application/json" || string(answer) != want {
		t.Errorf("challenge: got %s, %s, %t, %v", answer, kind, asked, err)
	}
	if _, _, asked, _ := c.Challenge(httptest.NewRequest(http.MethodPost, "/hooks/key?crc_token=challenge", nil), nil); asked {
		t.Error("a POST is taken for a challenge")
	}
	without := open(t, &answering{}, nil)
	if _, _, asked, err := without.Challenge(r, nil); !asked || !errors.Is(err, listeners.ErrSignature) {
		t.Errorf("without a secret: got %t, %v", asked, err)
	}
	body := []byte(`{"data":{}}`)
	signed := c.sign(body)
	for _, want := range []struct {
		header string
		err    error
	}{
		{string(signed[0]), nil},
		{string(signed[1]), nil},
		{"", listeners.ErrSignature},
		{"sha256=", listeners.ErrSignature},
		{strings.TrimPrefix(string(signed[0]), "sha256="), listeners.ErrSignature},
		{string(signed[0]) + " ", listeners.ErrSignature},
		{string(signer("another")(body)[0]), listeners.ErrSignature},
	} {
		if err := c.Verify(http.Header{signatureHeader: {want.header}}, body); !errors.Is(err, want.err) {
			t.Errorf("%q: got %v, want %v", want.header, err, want.err)
		}
	}
	if err := without.Verify(http.Header{signatureHeader: {""}}, body); !errors.Is(err, listeners.ErrSignature) {
		t.Errorf("without a secret everything is taken: %v", err)
	}
}

// event is what X brings about a user.
func event(kind, user, payload, includes string) []byte {
	return []byte(fmt.Sprintf(`{"data":{"event_uuid":"2080765813578191303","filter":{"user_id":%q},"event_type":%q,"payload":%s%s}}`, user, kind, payload, includes))
}

func TestDecodeEvents(t *testing.T) {
	users := "," + goodUsers
	inPosts := strings.ReplaceAll(goodPost, "edit_history_tweet_ids", "edit_history_post_ids")
	edited := strings.Replace(goodPost, `["1857712345678900001"]`, `["1857712345678800000","1857712345678900001"]`, 1)
	quoting := `{"id":"12","author_id":"7","text":"x","created_at":"2026-11-21T10:00:00Z","referenced_tweets":[{"type":"quoted","id":"5"}]}`
	gone := func(id string) listeners.Page {
		return listeners.Page{Gone: []listeners.Removal{{NativeID: id, Why: listeners.Deleted}}}
	}
	for _, c := range []struct {
		name string
		body []byte
		want string // of the only post: id, version, delivery
		page listeners.Page
	}{
		{"a mention", event("post.mention.create", me, goodPost, users), "1857712345678900001 0 ok", listeners.Page{}},
		{"a mention in the names of August 2026", event("post.mention.create", me, inPosts, users), "1857712345678900001 0 ok", listeners.Page{}},
		{"what came along stands outside", []byte(`{"data":{"filter":{"user_id":"1000"},"event_type":"post.mention.create","payload":` + goodPost + `},` + goodUsers + `}`), "1857712345678900001 0 ok", listeners.Page{}},
		{"an edit", event("post.mention.create", me, edited, users), "1857712345678800000 1 ok", listeners.Page{}},
		{"a quote", event("post.quote.create", me, quoting, users), "12 0 ok", listeners.Page{}},
		{"a protected author", event("post.mention.create", me, goodPost, strings.Replace(users, `"name"`, `"protected":true,"name"`, 1)), "", listeners.Page{Gone: []listeners.Removal{{NativeID: "1857712345678900001", Why: listeners.Withheld}}}},
		{"withheld somewhere", event("post.mention.create", me, strings.Replace(goodPost, "{", `{"withheld":{"country_codes":["VN"]},`, 1), users), "", listeners.Page{Gone: []listeners.Removal{{NativeID: "1857712345678900001", Why: listeners.Withheld}}}},
		{"of another account", event("post.mention.create", "5", goodPost, users), "", listeners.Page{}},
		{"of a kind nobody asked for", event("like.create", me, `{}`, ""), "", listeners.Page{}},
		{"a deletion", event("post.delete", me, `{"id":"12","author_id":"1000"}`, ""), "", gone("12")},
		{"a deletion, as streams word it", event("post.delete", me, `{"delete":{"tweet":{"id":"12"}}}`, ""), "", gone("12")},
		{"access taken away", event("oauth.revoke", me, `{"user_id":"1000"}`, ""), "", listeners.Page{Revoked: true}},
		{"a post that cannot be read", event("post.mention.create", me, `{"id":7}`, users), "", listeners.Page{Rejected: []listeners.Rejected{{Raw: []byte(`{"id":7}`), Reason: "the post's id is not text"}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			wire := &answering{}
			page, err := receiver(t, wire).Decode(t.Context(), nil, c.body)
			if err != nil || wire.calls != 0 {
				t.Fatalf("got %+v, %v after %d calls", page, err, wire.calls)
			}
			got := ""
			for _, p := range page.Posts {
				got += fmt.Sprint(p.NativeID, " ", p.Version, " ", p.Delivery.Why)
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if !slices.Equal(page.Gone, c.page.Gone) || page.Revoked != c.page.Revoked || fmt.Sprint(page.Rejected) != fmt.Sprint(c.page.Rejected) {
				t.Errorf("got %+v, want %+v", page, c.page)
			}
			if posts := strings.Contains(string(c.body), ".create") && !strings.Contains(c.name, "of a"); posts != (total(page.Spend) == eventPrice) {
				t.Errorf("spent %+v", page.Spend)
			}
		})
	}
	for _, body := range []string{"", "[]x", `{"data":`, strings.Repeat("[", 100_000), string(event("post.delete", me, `{}`, ""))} {
		if page, err := receiver(t, &answering{}).Decode(t.Context(), nil, []byte(body)); classIn(err) != listeners.Malformed {
			t.Errorf("%.40s: got %+v, %v", body, page, err)
		}
	}
}

// TestDecodeWithoutAuthor: a post that came without its author is read again.
func TestDecodeWithoutAuthor(t *testing.T) {
	wire := &answering{status: 200, body: `{"data":[` + goodPost + `],` + goodUsers + `}`}
	page, err := receiver(t, wire).Decode(t.Context(), nil, event("post.mention.create", me, goodPost, ""))
	if err != nil || wire.calls != 1 || len(page.Posts) != 1 || page.Posts[0].Author.Handle != "an_nguyen" {
		t.Errorf("got %+v, %v after %d calls", page, err, wire.calls)
	}
	if want := listeners.MicroUSD(eventPrice + postPrice + userPrice); total(page.Spend) != want {
		t.Errorf("spent %d, want %d", total(page.Spend), want)
	}
}

func TestDeliveryID(t *testing.T) {
	c := receiver(t, &answering{})
	ids := map[string]bool{}
	for _, body := range [][]byte{
		event("post.mention.create", me, goodPost, ""), event("post.delete", me, `{"id":"1"}`, ""), []byte(`{}`), []byte(`{"data":{"event_uuid":"../1"}}`), nil,
		[]byte(`{"data":{"event_uuid":"1","event_type":"` + strings.Repeat("x", 200) + `"}}`),
	} {
		id := c.DeliveryID(nil, body)
		if id == "" || len(id) > 128 || ids[id] {
			t.Errorf("%.60s: got %q", body, id)
		}
		ids[id] = true
	}
}

// TestSubscribe: asking again changes nothing, and an address that stopped working is asked again.
func TestSubscribe(t *testing.T) {
	n := network(t, "tweet")
	ch := n.Open(t, channeltest.Options{}).(*Channel)
	asked := 0
	works := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer, _, is, err := ch.Challenge(r, nil); is && err == nil {
			if asked++; works {
				_, _ = w.Write(answer)
			}
		}
	}))
	defer server.Close()
	for range 2 {
		if err := ch.Subscribe(t.Context(), server.URL+"/hooks/1"); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := ch.subscriptions(t.Context(), mustHook(t, ch, server.URL+"/hooks/1")); err != nil || !slices.Equal(have, events) || asked != 1 {
		t.Errorf("subscribed to %q, %v; challenged %d times", have, err, asked)
	}
	works = false
	if err := ch.Subscribe(t.Context(), server.URL+"/hooks/2"); classIn(err) != listeners.Invalid {
		t.Errorf("an address that is not ours: got %v", err)
	}
	if err := open(t, &answering{}, nil).Subscribe(t.Context(), server.URL); classIn(err) != listeners.Forbidden {
		t.Errorf("without the app's token: got %v", err)
	}
}

func mustHook(t *testing.T, ch *Channel, callback string) string {
	t.Helper()
	hook, err := ch.webhook(t.Context(), callback)
	if err != nil || hook.Get("id").Str == "" {
		t.Fatal(hook, err)
	}
	return hook.Get("id").Str
}

// FuzzReceive: whatever is brought, it is taken only where it is signed, has an id, and is read without a
// panic; what is kept of it is harmless.
func FuzzReceive(f *testing.F) {
	for _, body := range [][]byte{event("post.mention.create", me, goodPost, ","+goodUsers), event("post.delete", me, `{"id":"12"}`, ""), event("oauth.revoke", me, `{}`, "")} {
		f.Add("sha256=", body)
	}
	c := receiver(f, &answering{status: 503})
	f.Fuzz(func(t *testing.T, signature string, body []byte) {
		err := c.Verify(http.Header{signatureHeader: {signature}}, body)
		if taken := err == nil; taken != (signature == string(c.sign(body)[0]) || signature == string(c.sign(body)[1])) {
			t.Fatalf("%q: %v", signature, err)
		}
		if id := c.DeliveryID(nil, body); id == "" || len(id) > 128 || !utf8.ValidString(id) {
			t.Fatalf("id %q", id)
		}
		page, err := c.Decode(context.Background(), nil, body)
		if err != nil {
			return
		}
		for _, p := range page.Posts {
			if !isID(p.NativeID) || !utf8.ValidString(p.Text) || strings.ContainsRune(p.Text, 0) || p.CreatedAt <= 0 {
				t.Fatalf("kept %+v", p)
			}
		}
	})
}
