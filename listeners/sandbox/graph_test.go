package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/huandu/facebook/v2"
)

const (
	fbApp    = "1000"
	fbSecret = "sandbox-secret-1000"
)

// page opens a Page and gives its id and an unmodified client that acts as it.
func (s *stage) page(handle string) (id string, as *facebook.Session) {
	s.t.Helper()
	a := s.admin("POST", "/admin/accounts", `{"network":"facebook","handle":"`+handle+`","name":"Sao Mai Café","brand":true}`, 201)
	return a["id"].(string), s.graphClient(a["token"].(string))
}

func (s *stage) graphClient(token string) *facebook.Session {
	app := facebook.New(fbApp, fbSecret)
	app.EnableAppsecretProof = true
	as := app.Session(token)
	as.BaseURL, as.Version = s.url+"/graph/", "v25.0"
	return as
}

func (s *stage) onFacebook(author, text, more string) string {
	s.t.Helper()
	s.advance(time.Second)
	return s.admin("POST", "/admin/posts", fmt.Sprintf(`{"network":"facebook","author":%q,"text":%q%s}`, author, text, more), 201)["id"].(string)
}

// TestGraphClient: an unmodified client reads, pages through, writes, edits, hides and deletes, with the
// token in the query, the form or the header, with a method of its own or a true one.
func TestGraphClient(t *testing.T) {
	s := open(t, false)
	id, as := s.page("saomaicafe")
	post := s.onFacebook("saomaicafe", "Khai trương", "")
	for i := range 7 {
		s.onFacebook("an_nguyen", fmt.Sprintf("bình luận %d", i), `,"in_reply_to":"`+post+`"`)
	}
	res, err := as.Get(id+"_"+post+"/comments", facebook.Params{"limit": 3, "fields": "id,message,from{name}", "filter": "stream"})
	if err != nil {
		t.Fatal(err)
	}
	paging, err := res.Paging(as)
	if err != nil {
		t.Fatal(err)
	}
	var read []string
	for {
		for _, c := range paging.Data() {
			read = append(read, fmt.Sprint(c["message"]))
		}
		if end, err := paging.Next(); err != nil {
			t.Fatal(err)
		} else if end {
			break
		}
	}
	if len(read) != 7 || read[0] != "bình luận 0" || read[6] != "bình luận 6" {
		t.Errorf("read %q", read)
	}
	if u := res.UsageInfo(); u == nil || u.BusinessUseCase[id] == nil {
		t.Errorf("no usage: %+v", u)
	}

	as.UseAuthorizationHeader()
	made, err := as.Post(id+"_"+post+"/comments", facebook.Params{"message": "Cảm ơn 👩‍👩‍👧‍👦"})
	if err != nil {
		t.Fatal(err)
	}
	comment := fmt.Sprint(made["id"])
	_, err = as.Post(comment, facebook.Params{"message": "Cảm ơn cả nhà"})
	if err != nil {
		t.Error(err)
	}
	if got, err := as.Get(comment, facebook.Params{"fields": "message,parent,object{id},can_comment,permalink_url"}); err != nil || got["message"] != "Cảm ơn cả nhà" || got["parent"] != nil {
		t.Errorf("edited: %v, %v", got, err)
	}
	if _, err = as.Delete(comment, nil); err != nil {
		t.Error(err)
	}
	_, err = as.Get(comment, nil)
	if e, ok := err.(*facebook.Error); !ok || e.Code != 100 || e.ErrorSubcode != 33 {
		t.Errorf("deleted: %v", err)
	}
	theirs := fmt.Sprint(paging.Data()[0]["id"])
	if _, err = as.Post(theirs, facebook.Params{"is_hidden": true}); err != nil {
		t.Error(err)
	}
	req, _ := http.NewRequest(http.MethodDelete, s.url+"/graph/"+theirs, nil) // no version, a true DELETE
	if _, err := as.Request(req); err != nil {
		t.Errorf("a true DELETE: %v", err)
	}
	all, err := as.Batch(facebook.Params{}, facebook.Params{"method": "GET", "relative_url": id + "?fields=name"}, facebook.Params{"method": "GET", "relative_url": theirs})
	if err != nil || len(all) != 2 {
		t.Fatalf("batch: %v, %v", all, err)
	}
	for i, code := range []int{200, 400} {
		if b, err := all[i].Batch(); err != nil || b.StatusCode != code {
			t.Errorf("call %d of the batch: %+v, %v, want %d", i, b, err, code)
		}
	}
}

// TestGraphRefuses what Facebook refuses.
func TestGraphRefuses(t *testing.T) {
	s := open(t, false)
	id, as := s.page("saomaicafe")
	_, other := s.page("saomaitea")
	post := id + "_" + s.onFacebook("saomaicafe", "Tin", "")
	long := strings.Repeat("ế", 8001)
	debug := s.graphClient(as.AccessToken())
	debug.SetDebug(facebook.DEBUG_ALL)
	dated := s.graphClient(as.AccessToken())
	dated.RFC3339Timestamps = true
	old := s.graphClient(as.AccessToken())
	old.Version = "v20.0"
	forged := facebook.New(fbApp, "guess")
	forged.EnableAppsecretProof = true
	wrong := forged.Session(as.AccessToken())
	wrong.BaseURL, wrong.Version = s.url+"/graph/", "v25.0"
	if _, err := as.Post(post+"/comments", facebook.Params{"message": "một lần"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		call func() error
		code int
	}{
		{"the parameter debug", get(debug, "me", nil), 100},
		{"the parameter date_format", get(dated, "me", nil), 100},
		{"the parameter pretty", get(as, "me", facebook.Params{"pretty": 1}), 100},
		{"many ids", get(as, "", facebook.Params{"ids": post}), 100},
		{"an old version", get(old, "me", nil), 2635},
		{"a token that is none", get(s.graphClient("guess"), "me", nil), 190},
		{"no token", get(s.graphClient(""), "me", nil), 2500},
		{"a proof with another secret", get(wrong, "me", nil), 100},
		{"a field that is not there", get(as, post, facebook.Params{"fields": "id,can_comment"}), 100},
		{"fields that do not end", get(as, post, facebook.Params{"fields": "from{id"}), 100},
		{"a Page that is somebody else's", get(other, id+"/feed", nil), 190},
		{"the same again", posting(as, post+"/comments", facebook.Params{"message": "một lần"}), 506},
		{"too long", posting(as, post+"/comments", facebook.Params{"message": long}), 100},
		{"nothing", posting(as, post+"/comments", facebook.Params{"message": " "}), 100},
		{"below what is not there", posting(as, "1_2/comments", facebook.Params{"message": "x"}), 100},
		{"an edit of what another wrote", posting(other, post, facebook.Params{"message": "x"}), 200},
		{"a message to a stranger", posting(as, id+"/messages", facebook.Params{"recipient": `{"id":"1"}`, "message": `{"text":"x"}`}), 551},
		{"a subscription of another app", posting(as, "77/subscriptions", facebook.Params{"object": "page"}), 200},
		{"a field that no Page has", posting(as, id+"/subscribed_apps", facebook.Params{"subscribed_fields": "everything"}), 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.call()
			if e, ok := err.(*facebook.Error); !ok || e.Code != c.code {
				t.Errorf("got %v, want code %d", err, c.code)
			}
		})
	}
}

func get(as *facebook.Session, path string, p facebook.Params) func() error {
	return func() error { _, err := as.Get(path, p); return err }
}

func posting(as *facebook.Session, path string, p facebook.Params) func() error {
	return func() error { _, err := as.Post(path, p); return err }
}

// TestGraphWeather: faults in Facebook's own words.
func TestGraphWeather(t *testing.T) {
	s := open(t, false)
	_, as := s.page("saomaicafe")
	for fault, want := range map[string]int{"status:401": 190, "status:403": 200, "status:404": 100, "status:400": 100, "status:503": 2, "rate_limit:90": 80001} {
		s.admin("PUT", "/admin/weather", `{"network":"facebook","fault":"`+fault+`"}`, 200)
		res, err := as.Get("me", nil)
		e, ok := err.(*facebook.Error)
		if !ok || e.Code != want {
			t.Errorf("%s: got %v, want code %d", fault, err, want)
		}
		if fault == "rate_limit:90" {
			if u := res.UsageInfo(); u == nil || u.BusinessUseCase["0"][0].EstimatedTimeToRegainAccess != 2 {
				t.Errorf("%s: usage %+v", fault, u)
			}
		}
	}
	s.admin("PUT", "/admin/weather", `{"network":"facebook","fault":"status:500"}`, 200)
	if res, err := as.Get("me", nil); err != nil || len(res) != 1 { // the trap of the client: a success, with usage only
		t.Errorf("500: %v, %v", res, err)
	}
}

// TestGraphLimits: with limits on, a Page's calls are counted.
func TestGraphLimits(t *testing.T) {
	s := open(t, true)
	id, as := s.page("saomaicafe")
	for range 4800 {
		if _, err := as.Get("me", nil); err != nil {
			t.Fatal(err)
		}
	}
	res, err := as.Get("me", nil)
	if e, ok := err.(*facebook.Error); !ok || e.Code != 80001 || res.UsageInfo().BusinessUseCase["0"][0].EstimatedTimeToRegainAccess != 24*60 {
		t.Errorf("got %v, %v", res, err)
	}
	s.advance(24 * time.Hour)
	res, err = as.Get("me", nil)
	if err != nil || res.UsageInfo().BusinessUseCase[id][0].CallCount != 0 {
		t.Errorf("a day later: %v, %v", res, err)
	}
}

// TestGraphFitsMeta holds the answers against Meta's own description, where it is at hand: there is no
// field in them that it does not know.
func TestGraphFitsMeta(t *testing.T) {
	s := open(t, false)
	id, as := s.page("saomaicafe")
	post := s.onFacebook("saomaicafe", "Tin của @saomaicafe", "")
	comment := s.onFacebook("an_nguyen", "hay", `,"in_reply_to":"`+post+`"`)
	deep := s.onFacebook("chi_le", "đúng", `,"in_reply_to":"`+comment+`"`)
	s.onFacebook("an_nguyen", "alô", `,"kind":"message","to":"saomaicafe"`)
	for _, c := range []struct{ kind, path, fields string }{
		{"PagePost", id + "_" + post, "id,message,from,created_time,updated_time,is_hidden,message_tags,permalink_url,can_reply_privately,comments,full_picture,is_published,status_type"},
		{"Comment", post + "_" + deep, "id,message,from,created_time,parent,object,is_hidden,message_tags,permalink_url,can_reply_privately,comments,attachment,is_private,can_comment,can_hide,can_remove,comment_count,like_count,private_reply_conversation"},
		{"Page", id, "id,name,category,link,username,access_token"},
		{"UnifiedThread", id + "/conversations", "id,updated_time,snippet,message_count,can_reply,link,participants,messages"},
	} {
		b, err := os.ReadFile("../../../shared/specs/facebook/" + c.kind + ".json")
		if err != nil {
			t.Skipf("SKIPPED, no document: %v", err)
		}
		var doc struct {
			Fields []struct{ Name string }
			APIs   []struct{ Method, Endpoint string }
		}
		if err := json.Unmarshal(b, &doc); err != nil {
			t.Fatal(err)
		}
		res, err := as.Get(c.path, facebook.Params{"fields": c.fields})
		if err != nil {
			t.Errorf("%s: %v", c.kind, err)
			continue
		}
		if c.kind == "UnifiedThread" {
			var list []facebook.Result
			if err := res.DecodeField("data", &list); err != nil || len(list) != 1 {
				t.Fatalf("%v, %v", res, err)
			}
			res = list[0]
		}
		if len(res) < 6 {
			t.Errorf("%s answered only %v", c.kind, res)
		}
		for name := range res {
			known := slices.ContainsFunc(doc.Fields, func(f struct{ Name string }) bool { return f.Name == name }) ||
				slices.ContainsFunc(doc.APIs, func(a struct{ Method, Endpoint string }) bool { return a.Method == "GET" && a.Endpoint == name })
			if !known && !strings.HasPrefix(name, "__") {
				t.Errorf("%s: %s is not in the document", c.kind, name)
			}
		}
	}
}

// TestGraphDialog: a person is asked, may refuse, and a code is good once and for its own address.
func TestGraphDialog(t *testing.T) {
	s := open(t, false)
	s.page("saomaicafe")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := url.Values{"client_id": {fbApp}, "redirect_uri": {"https://kith.example/back"}, "state": {"a&b"}, "scope": {"pages_show_list,pages_messaging"}}
	answer := func(allow string) url.Values {
		t.Helper()
		form := url.Values{"as": {"an_nguyen"}, "allow": {allow}}
		for name, v := range ask {
			form[name] = v
		}
		res, err := client.PostForm(s.url+"/graph/v25.0/dialog/oauth", form)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		back, err := res.Location()
		if err != nil || back.Host != "kith.example" || back.Query().Get("state") != "a&b" {
			t.Fatalf("%s to %v, %v", res.Status, back, err)
		}
		return back.Query()
	}
	if q := answer("no"); q.Get("error") != "access_denied" || q.Has("code") {
		t.Errorf("refused: %v", q)
	}
	redeem := func(code, redirect, secret string) error {
		app := facebook.New(fbApp, secret)
		app.RedirectUri = redirect
		app.SetSession(&facebook.Session{BaseURL: s.url + "/graph/", Version: "v25.0"})
		_, err := app.ParseCode(code)
		return err
	}
	good := ask.Get("redirect_uri")
	for name, err := range map[string]error{
		"another address": redeem(answer("yes").Get("code"), "https://evil.example/", fbSecret),
		"another secret":  redeem(answer("yes").Get("code"), good, "guess"),
		"no code":         redeem("guess", good, fbSecret),
	} {
		if err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	code := answer("yes").Get("code")
	if err := redeem(code, good, fbSecret); err != nil {
		t.Errorf("a code: %v", err)
	}
	if err := redeem(code, good, fbSecret); err == nil {
		t.Error("a code was good twice")
	}
	for _, wrong := range []url.Values{{"client_id": {fbApp}, "redirect_uri": {"/back"}}, {"redirect_uri": {good}}, {"client_id": {fbApp}, "redirect_uri": {good}, "scope": {"everything"}}} {
		res, err := http.Get(s.url + "/graph/dialog/oauth?" + wrong.Encode())
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 400 {
			t.Errorf("%v: %s", wrong, res.Status)
		}
	}
}
