package sandbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// forum is a Discourse forum of the sandbox with a brand's and a customer's key.
type forum struct {
	*stage
	brand, customer string // tokens
}

func openForum(t *testing.T, limits bool) forum {
	s := open(t, limits)
	key := func(handle string, brand bool) string {
		return s.admin("POST", "/admin/accounts", fmt.Sprintf(`{"network":"discourse","handle":%q,"brand":%t}`, handle, brand), 201)["token"].(string)
	}
	return forum{s, key("saomai", true), key("an", false)}
}

// call makes one call as a user, with a key or without.
func (f forum) call(method, path, key, user, body string) (*http.Response, map[string]any) {
	f.t.Helper()
	req, err := http.NewRequest(method, f.url+"/discourse"+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Api-Key", key)
	}
	if user != "" {
		req.Header.Set("Api-Username", user)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	var answer map[string]any
	json.Unmarshal(b, &answer)
	return res, answer
}

func (f forum) wants(method, path, key, user, body string, status int) map[string]any {
	f.t.Helper()
	res, answer := f.call(method, path, key, user, body)
	if res.StatusCode != status {
		f.t.Errorf("%s %s as %q: got %d, want %d: %v", method, path, user, res.StatusCode, status, answer)
	}
	return answer
}

func (f forum) ask(text string) string {
	f.t.Helper()
	return f.admin("POST", "/admin/posts", fmt.Sprintf(`{"network":"discourse","author":"an","text":%q}`, text), 201)["id"].(string)
}

// TestDiscourseKeys: the forum's key is good for everybody, a member's for the member, no key for what a
// guest may.
func TestDiscourseKeys(t *testing.T) {
	f := openForum(t, false)
	id := f.ask("where is my order?")
	f.wants("GET", "/session/current.json", f.brand, "saomai", "", 200)
	f.wants("GET", "/session/current.json", f.brand, "system", "", 200)
	f.wants("GET", "/session/current.json", f.brand, "an", "", 200)
	f.wants("GET", "/session/current.json", f.brand, "nobody", "", 403)
	f.wants("GET", "/session/current.json", f.customer, "an", "", 200)
	f.wants("GET", "/session/current.json", f.customer, "", "", 200)
	f.wants("GET", "/session/current.json", f.customer, "saomai", "", 403)
	f.wants("GET", "/session/current.json", "wrong", "saomai", "", 403)
	f.wants("GET", "/session/current.json", "", "", "", 404)
	f.wants("GET", "/posts.json", "", "", "", 200)
	f.wants("GET", "/posts/"+id+".json", "", "", "", 200)
	f.wants("GET", "/notifications.json", "", "", "", 403)
	f.wants("POST", "/posts.json", "", "", `{"raw":"hello","topic_id":`+id+`}`, 403)
	f.wants("PUT", "/posts/"+id+".json", f.brand, "saomai", `{"post":{"raw":"something else altogether"}}`, 403)
	f.wants("DELETE", "/posts/"+id+".json", f.brand, "saomai", "", 403)
	f.wants("GET", "/review.json", f.brand, "saomai", "", 404)
	f.wants("GET", "/admin/api/web_hooks.json", f.brand, "saomai", "", 404)
	f.wants("GET", "/no/such/route.json", f.brand, "saomai", "", 404)
}

// TestDiscourseRules: what a forum takes and what it does not.
func TestDiscourseRules(t *testing.T) {
	f := openForum(t, false)
	id := f.ask("where is my order?")
	post := func(raw string, status int) map[string]any {
		t.Helper()
		b, _ := json.Marshal(map[string]any{"raw": raw, "topic_id": json.Number(id), "reply_to_post_number": 1})
		return f.wants("POST", "/posts.json", f.brand, "saomai", string(b), status)
	}
	post("too short", 422)
	post("too short <!-- but for what nobody sees -->", 422)
	post(strings.Repeat("a", 32_001), 422)
	made := post("it is on its way to you <!-- x -->", 200)
	if made["post_number"] != 2.0 || made["reply_to_post_number"] != 1.0 || strings.Contains(made["cooked"].(string), "<!--") || !strings.Contains(made["raw"].(string), "<!-- x -->") {
		t.Errorf("made %v", made)
	}
	if again := post("it is on its way to you <!-- x -->", 200); again["id"] != made["id"] {
		t.Errorf("the call made again made %v", again["id"])
	}
	f.advance(2 * time.Minute)
	post("it is on its way to you <!-- x -->", 422)
	f.advance(3 * time.Minute)
	if again := post("it is on its way to you <!-- x -->", 200); again["id"] == made["id"] || again["post_number"] != 3.0 {
		t.Errorf("after five minutes: %v", again)
	}
	f.wants("PUT", "/t/"+id+"/status.json", f.brand, "saomai", `{"status":"closed","enabled":"true"}`, 403)
	f.wants("PUT", "/t/"+id+"/status.json", f.brand, "system", `{"status":"closed","enabled":"true"}`, 200)
	post("an answer to what is closed", 422)
}

// TestDiscourseLimits: sixty calls a minute for the forum's keys together, twenty for one user's, and the
// refusal says how long to wait.
func TestDiscourseLimits(t *testing.T) {
	f := openForum(t, true)
	for i := range 60 {
		f.wants("GET", "/posts.json", []string{f.brand, f.customer}[i%2], "", "", 200)
	}
	f.advance(20 * time.Second)
	res, answer := f.call("GET", "/posts.json", f.brand, "", "")
	extras, _ := answer["extras"].(map[string]any)
	if res.StatusCode != 429 || res.Header.Get("Retry-After") != "40" || extras["wait_seconds"] != 40.0 || answer["error_type"] != "rate_limit" {
		t.Errorf("the 61st call: %d, %v, %v", res.StatusCode, res.Header, answer)
	}
	f.wants("GET", "/posts.json", "", "", "", 200) // guests have limits by address, which are not played
	f.advance(40 * time.Second)
	f.wants("GET", "/posts.json", f.brand, "", "", 200)
}

// TestDiscourseHooks: news is signed, tried again, and told to an address that a person asked to test.
func TestDiscourseHooks(t *testing.T) {
	f := openForum(t, false)
	type got struct{ event, id, body string }
	brought := make(chan got, 20)
	refuse := 3
	address := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		brought <- got{r.Header.Get("X-Discourse-Event"), r.Header.Get("X-Discourse-Event-Id"), string(b)}
		if refuse > 0 {
			refuse--
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	t.Cleanup(address.Close)
	next := func() got {
		t.Helper()
		select {
		case g := <-brought:
			return g
		case <-time.After(20 * time.Second):
			t.Fatal("nothing was brought")
			return got{}
		}
	}
	f.wants("POST", "/admin/api/web_hooks.json", f.brand, "system", `{"web_hook":{"payload_url":"`+address.URL+`","secret":"short"}}`, 422)
	f.wants("POST", "/admin/api/web_hooks.json", f.brand, "system", `{"web_hook":{"payload_url":"`+address.URL+`","secret":"long enough for a forum"}}`, 200)
	f.wants("POST", "/admin/api/web_hooks/1/ping", f.brand, "system", "", 200)
	ping := next()
	for range 3 {
		if again := next(); again != ping {
			t.Errorf("tried again as %v, was %v", again, ping)
		}
	}
	if ping.event != "ping" || ping.body != `{"ping":"OK"}` {
		t.Errorf("got %v", ping)
	}
	id := f.ask("where is my order?")
	created := next()
	f.admin("PATCH", "/admin/posts/"+id, `{"text":"where is my coffee?"}`, 200)
	edited := next()
	f.admin("DELETE", "/admin/posts/"+id, "", 200)
	destroyed := next()
	if names := []string{created.event, edited.event, destroyed.event}; !slices.Equal(names, []string{"post_created", "post_edited", "post_destroyed"}) ||
		!strings.Contains(created.body, `"id":`+id) || !strings.Contains(edited.body, "my coffee") || !strings.Contains(destroyed.body, `"deleted_at":"2026`) {
		t.Errorf("brought %v, %v, %v", created, edited, destroyed)
	}
	ids := []string{ping.id, created.id, edited.id, destroyed.id}
	slices.Sort(ids)
	if len(slices.Compact(ids)) != 4 {
		t.Errorf("the numbers of the deliveries are not unique: %v", ids)
	}
}

// TestDiscourseUserKey: an application that asks for too much, or not as one must, gets no key.
func TestDiscourseUserKey(t *testing.T) {
	f := openForum(t, false)
	good := url.Values{"application_name": {"Kith"}, "client_id": {"c"}, "nonce": {"n"}, "scopes": {"read,write"}, "public_key": {"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"}}
	for what, change := range map[string]func(url.Values){
		"no nonce": func(v url.Values) { v.Del("nonce") }, "unknown scope": func(v url.Values) { v.Set("scopes", "read,admin") }, "no key": func(url.Values) {},
	} {
		v := url.Values{}
		for name, values := range good {
			v[name] = values
		}
		change(v)
		if res, _ := f.call("GET", "/user-api-key/new?"+v.Encode(), "", "", ""); res.StatusCode < 400 {
			t.Errorf("%s: got %d", what, res.StatusCode)
		}
	}
}
