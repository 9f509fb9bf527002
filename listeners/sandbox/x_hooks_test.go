package sandbox_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
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
)

// xApp is an application that hears of an account.
type xApp struct {
	Secret string `json:"consumer_secret"`
	Token  string `json:"app_token"`

	mu   sync.Mutex
	got  []string // "event_type id" of what was brought and signed
	lame bool     // answers the challenge with another secret
	url  string
}

func (s *stage) app(client string) *xApp {
	s.t.Helper()
	a := new(xApp)
	_, body := s.raw("GET", "/x/developer/"+client, "", "")
	if err := json.Unmarshal(body, a); err != nil {
		s.t.Fatal(err)
	}
	srv := httptest.NewServer(http.HandlerFunc(a.serve))
	s.t.Cleanup(srv.Close)
	a.url = srv.URL + "/hook"
	return a
}

func (a *xApp) sign(text []byte) string {
	mac := hmac.New(sha256.New, []byte(a.Secret))
	mac.Write(text)
	return "sha256=" + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func (a *xApp) serve(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if token := r.URL.Query().Get("crc_token"); token != "" {
		if a.lame {
			token += "x"
		}
		fmt.Fprintf(w, `{"response_token":%q}`, a.sign([]byte(token)))
		return
	}
	body, _ := io.ReadAll(r.Body)
	var e struct {
		Data struct {
			Type    string `json:"event_type"`
			Payload struct{ ID string }
		}
	}
	if json.Unmarshal(body, &e) == nil && r.Header.Get("x-twitter-webhooks-signature") == a.sign(body) {
		a.got = append(a.got, e.Data.Type+" "+e.Data.Payload.ID)
	}
}

// hears waits until exactly these events were brought, in any order.
func (a *xApp) hears(t *testing.T, want ...string) {
	t.Helper()
	want = slices.Sorted(slices.Values(want))
	var got []string
	for range 200 {
		a.mu.Lock()
		got = slices.Sorted(slices.Values(a.got))
		a.mu.Unlock()
		if slices.Equal(got, want) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("brought %q, want %q", got, want)
}

func TestActivityWebhooks(t *testing.T) {
	s := open(t, false)
	brand, app := s.connect("saomaicafe"), s.app("kith")
	app.lame = true
	if res, body := s.raw("POST", "/x/2/webhooks", app.Token, `{"url":"`+app.url+`"}`); res.StatusCode != 400 || !strings.Contains(string(body), "CrcValidationFailed") {
		t.Errorf("a wrong answer to the challenge: %d %s", res.StatusCode, body)
	}
	app.lame = false
	if res, _ := s.raw("POST", "/x/2/webhooks", brand.Token, `{"url":"`+app.url+`"}`); res.StatusCode != 403 {
		t.Errorf("an account adds a webhook: %d", res.StatusCode)
	}
	_, body := s.raw("POST", "/x/2/webhooks", app.Token, `{"url":"`+app.url+`"}`)
	var made struct{ Data struct{ ID string } }
	if err := json.Unmarshal(body, &made); err != nil || made.Data.ID == "" {
		t.Fatalf("%s %v", body, err)
	}
	subscribe := func(token, event, user string) int {
		res, _ := s.raw("POST", "/x/2/activity/subscriptions", token, fmt.Sprintf(`{"event_type":%q,"filter":{"user_id":%q},"webhook_id":%q}`, event, user, made.Data.ID))
		return res.StatusCode
	}
	for _, event := range []string{"post.mention.create", "post.quote.create", "post.reply.create", "post.delete"} {
		if status := subscribe(brand.Token, event, brand.ID); status != 200 {
			t.Errorf("subscribe to %s: %d", event, status)
		}
	}
	if subscribe(brand.Token, "post.delete", brand.ID) != 400 || subscribe(brand.Token, "post.burn", brand.ID) != 400 || subscribe(brand.Token, "post.create", "5") != 400 {
		t.Error("twice, unknown or somebody else's is taken")
	}
	own, err := brand.reply(s.say("an_nguyen", "@saomaicafe mở cửa chưa?", ""), "Dạ rồi ạ")
	if err != nil {
		t.Fatal(err)
	}
	first := s.ledgerIDs()[0]
	answer := s.say("an_nguyen", "cảm ơn quán", own)
	quote := s.admin("POST", "/admin/posts", `{"author":"chi_le","text":"hay","quotes":"`+own+`"}`, 201)["id"].(string)
	s.say("binhtran88", "trà sữa", "")
	s.admin("POST", "/admin/accounts", `{"network":"x","handle":"shy","protected":true}`, 201)
	s.say("shy", "@saomaicafe bí mật", "")
	want := []string{"post.mention.create " + first, "post.mention.create " + answer, "post.reply.create " + answer, "post.quote.create " + quote}
	app.hears(t, want...)
	s.admin("DELETE", "/admin/posts/"+first, "", 200)
	s.admin("DELETE", "/admin/posts/"+own, "", 200)
	want = append(want, "post.delete "+own)
	app.hears(t, want...)

	at := s.now().UTC()
	minutes := func(d time.Duration) string { return at.Add(d).Format("200601021504") }
	replay := fmt.Sprintf(`{"webhook_id":%q,"from_date":%q,"to_date":%q}`, made.Data.ID, minutes(-time.Hour), minutes(time.Hour))
	if res, body := s.raw("POST", "/x/2/webhooks/replay", app.Token, replay); res.StatusCode != 200 {
		t.Errorf("replay: %d %s", res.StatusCode, body)
	}
	want = append(want, want...)
	app.hears(t, want...)

	form := url.Values{"token": {brand.Token}, "client_id": {"kith"}}
	res, err := http.PostForm(s.url+"/x/2/oauth2/revoke", form)
	if err != nil || res.StatusCode != 200 {
		t.Fatal(res, err)
	}
	res.Body.Close()
	want = append(want, "oauth.revoke ")
	app.hears(t, want...)
	if res, _ := s.raw("GET", "/x/2/users/me", brand.Token, ""); res.StatusCode != 401 {
		t.Errorf("a revoked token: %d", res.StatusCode)
	}
	s.raw("DELETE", "/x/2/webhooks/"+made.Data.ID, app.Token, "")
	s.say("an_nguyen", "@saomaicafe còn đó không?", "")
	time.Sleep(50 * time.Millisecond)
	app.hears(t, want...)
}

// ledgerIDs lists the ids of all posts, in order.
func (s *stage) ledgerIDs() (ids []string) {
	s.t.Helper()
	for _, item := range s.admin("GET", "/admin/posts", "", 200)["items"].([]any) {
		ids = append(ids, item.(map[string]any)["id"].(string))
	}
	return ids
}

func TestHiddenFromStrangers(t *testing.T) {
	s := open(t, false)
	brand := s.connect("saomaicafe")
	id := s.say("shy", "@saomaicafe bí mật", "")
	for _, c := range []struct{ change, problem string }{
		{`"protected":true`, "not-authorized-for-resource"},
		{`"protected":false,"suspended":true`, "resource-unavailable"},
	} {
		s.admin("POST", "/admin/accounts", `{"network":"x","handle":"shy",`+c.change+`}`, 201)
		for _, path := range []string{"/x/2/tweets?ids=" + id, "/x/2/tweets/" + id} {
			if _, body := s.raw("GET", path, brand.Token, ""); !strings.Contains(string(body), c.problem) || strings.Contains(string(body), "bí mật") {
				t.Errorf("%s: %s", path, body)
			}
		}
		for _, path := range []string{"/x/2/users/" + brand.ID + "/mentions", "/x/2/tweets/search/recent?query=saomaicafe", "/x/2/tweets/counts/recent?query=saomaicafe"} {
			if _, body := s.raw("GET", path, brand.Token, ""); strings.Contains(string(body), id) || strings.Contains(string(body), `"total_post_count":1`) {
				t.Errorf("%s: %s", path, body)
			}
		}
	}
}

func TestEditsOnTheWire(t *testing.T) {
	s := open(t, false)
	brand := s.connect("saomaicafe")
	id := s.say("an_nguyen", "@saomaicafe mở của chưa?", "")
	s.advance(time.Minute)
	newest := s.admin("PATCH", "/admin/posts/"+id, `{"text":"@saomaicafe mở cửa chưa?"}`, 200)["id"].(string)
	_, body := s.raw("GET", "/x/2/tweets?ids="+id, brand.Token, "")
	if want := fmt.Sprintf(`"edit_history_tweet_ids":["%s","%s"]`, id, newest); newest == id || !strings.Contains(string(body), want) || !strings.Contains(string(body), "mở cửa") {
		t.Errorf("got %s, want %s", body, want)
	}
	res, body := s.raw("POST", "/x/2/tweets", brand.Token, `{"text":"chào cả nhà"}`)
	var own struct{ Data struct{ ID string } }
	if err := json.Unmarshal(body, &own); err != nil || res.StatusCode != 201 {
		t.Fatal(res.Status, err)
	}
	edit := func(id string) int {
		res, _ := s.raw("POST", "/x/2/tweets", brand.Token, `{"text":"chào cả nhà mình","edit_options":{"previous_post_id":"`+id+`"}}`)
		return res.StatusCode
	}
	reply, err := brand.reply(newest, "Dạ rồi ạ")
	if err != nil || edit(own.Data.ID) != 201 || edit(reply) != 403 || edit(id) != 403 {
		t.Errorf("only own posts that answer nobody can be edited: %v", err)
	}
}
