package discourse

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/channeltest"
)

// document is what the forum's OpenAPI document says of its routes.
type document struct {
	Paths map[string]map[string]struct {
		Parameters  []struct{ Name, In string }
		RequestBody struct {
			Content map[string]struct{ Schema *schema }
		}
		Responses map[string]struct {
			Content map[string]struct{ Schema *schema }
		}
	}
}

type schema struct {
	Type       any
	Required   []string
	Properties map[string]*schema
	Items      *schema
	Enum       []any
	Additional any `json:"additionalProperties"`
}

// Where the document was made from an example that does not show what a forum sends.
var (
	beyondRoutes = []string{
		"/session/current.json", "/posts/by_number/", "/pending.json", "/review.json", "/admin/",
	}
	beyondParameters = []string{"after", "limit", "offset", "post_ids[]"}
	beyondMembers    = regexp.MustCompile(`\.(reply_to_post_number|reply_to_user|more_full_page_results)$`)
)

// check returns what is wrong with a value.
func (s *schema) check(v any, at string) []string {
	if s == nil || beyondMembers.MatchString(at) {
		return nil
	}
	var kinds []string
	switch kind := s.Type.(type) {
	case string:
		kinds = []string{kind}
	case []any:
		for _, k := range kind {
			kinds = append(kinds, k.(string))
		}
	}
	is := ""
	switch v := v.(type) {
	case nil:
		is = "null"
	case bool:
		is = "boolean"
	case string:
		is = "string"
	case float64:
		if is = "number"; v == float64(int64(v)) && !slices.Contains(kinds, "number") {
			is = "integer"
		}
	case []any:
		is = "array"
	case map[string]any:
		is = "object"
	}
	if len(kinds) > 0 && !slices.Contains(kinds, is) {
		return []string{fmt.Sprintf("%s: %v is %s, not %v", at, v, is, kinds)}
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, v) {
		return []string{fmt.Sprintf("%s: %v is none of %v", at, v, s.Enum)}
	}
	var wrong []string
	switch v := v.(type) {
	case []any:
		for i, item := range v {
			wrong = append(wrong, s.Items.check(item, fmt.Sprintf("%s[%d]", at, i))...)
		}
	case map[string]any:
		for _, name := range s.Required {
			if _, ok := v[name]; !ok {
				wrong = append(wrong, at+"."+name+" is missing")
			}
		}
		for name, member := range v {
			if p := s.Properties[name]; p != nil {
				wrong = append(wrong, p.check(member, at+"."+name)...)
			} else if s.Additional == false && !beyondMembers.MatchString(at+"."+name) {
				wrong = append(wrong, at+"."+name+" is not in the document")
			}
		}
	}
	return wrong
}

// template is the path of the document that a path of ours is.
func (d *document) template(path string) string {
	for known := range d.Paths {
		pattern := regexp.MustCompile(`\\\{[a-z_]+\\\}`).ReplaceAllString(regexp.QuoteMeta(known), `[^/]+`)
		if regexp.MustCompile("^" + pattern + "$").MatchString(path) {
			return known
		}
	}
	return ""
}

// checked makes calls and holds both sides of each against the document.
type checked struct {
	t    *testing.T
	doc  *document
	next http.RoundTripper
	seen map[string]int // calls by method and route
}

func (c checked) RoundTrip(req *http.Request) (*http.Response, error) {
	var asked []byte
	if req.Body != nil {
		asked, _ = io.ReadAll(req.Body)
		req.Body = io.NopCloser(bytes.NewReader(asked))
	}
	res, err := c.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(answer))
	c.look(req, asked, res.StatusCode, answer)
	return res, nil
}

func (c checked) look(req *http.Request, asked []byte, status int, answer []byte) {
	_, path, _ := strings.Cut(req.URL.Path, "/discourse")
	route := c.doc.template(path)
	what := req.Method + " " + route
	operation, known := c.doc.Paths[route][strings.ToLower(req.Method)]
	if !known {
		if !slices.ContainsFunc(beyondRoutes, func(b string) bool { return strings.Contains(path, b) }) {
			c.t.Errorf("%s %s is not in the document", req.Method, path)
		}
		return
	}
	c.seen[what]++
	for name := range req.URL.Query() {
		if !slices.ContainsFunc(operation.Parameters, func(p struct{ Name, In string }) bool { return p.Name == name && p.In == "query" }) && !slices.Contains(beyondParameters, name) {
			c.t.Errorf("%s takes no %s", what, name)
		}
	}
	body := operation.RequestBody.Content["application/json"].Schema
	if body == nil && len(asked) > 0 {
		c.t.Errorf("%s takes no body", what)
	}
	if req.Method != http.MethodGet {
		c.fits(what+" request", body, asked)
	}
	said, known := operation.Responses[fmt.Sprint(status)]
	if !known && status < 400 {
		c.t.Errorf("%s does not answer %d", what, status)
	}
	if !bytes.Contains(answer, []byte(`"action":"enqueued"`)) { // the document knows no held posts
		c.fits(what, said.Content["application/json"].Schema, answer)
	}
}

func (c checked) fits(what string, s *schema, body []byte) {
	if s == nil {
		return
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		c.t.Errorf("%s: %v in %.200s", what, err, body)
		return
	}
	for i, wrong := range s.check(v, what) {
		if i < 5 {
			c.t.Error(wrong)
		}
	}
}

// TestFitsOpenAPI holds everything that the adapter asks and that the sandbox answers against the
// forum's own document, where it is at hand.
func TestFitsOpenAPI(t *testing.T) {
	b, err := os.ReadFile("../../../shared/specs/discourse/openapi.json")
	if err != nil {
		t.Skipf("the forum's OpenAPI document is not here: %v", err)
	}
	var doc document
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	s := newStage(t, "forum", clock.System)
	c := checked{t: t, doc: &doc, seen: map[string]int{}}
	wrap := channeltest.Options{Listen: "coffee", Wrap: func(next http.RoundTripper) http.RoundTripper { c.next = next; return c }}
	ch := s.open(wrap).(*Channel)

	root := s.Post(t, channeltest.Post{Author: "an", Text: "@saomaicafe my coffee is cold\n\n[quote=\"binh\"]so?[/quote]"})
	below := s.Post(t, channeltest.Post{Author: "binh", Text: "mine too <b>", InReplyTo: root})
	s.as("binh", "POST", "/posts.json", "application/json", fmt.Appendf(nil, `{"topic_id":%s,"raw":"and mine is a cold coffee as well","reply_to_post_number":2}`, root))
	var cursor listeners.Cursor
	for more := true; more; {
		page, err := ch.Fetch(t.Context(), cursor)
		if err != nil || len(page.Rejected) > 0 {
			t.Fatalf("%v, rejected %v", err, page.Rejected)
		}
		cursor, more = page.Next, page.More
	}
	if _, err := ch.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	page, err := ch.Hydrate(t.Context(), []string{root, below, "5"})
	if err != nil || len(page.Posts) != 2 || len(page.Gone) != 1 {
		t.Fatalf("hydrated %+v: %v", page, err)
	}
	var hold, gone listeners.Outgoing
	for _, out := range []*listeners.Outgoing{&hold, &gone} {
		*out = s.answer(root, "it is on its way to you")
	}
	sent, err := ch.Reply(t.Context(), hold)
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range []listeners.Outgoing{hold, gone} {
		if _, _, err := ch.Reconcile(t.Context(), out, 0); err != nil {
			t.Error(err)
		}
	}
	s.Hold(t, true)
	if _, err := ch.Reply(t.Context(), gone); !isClass(err, listeners.Held) {
		t.Errorf("held: %v", err)
	}
	if err := ch.Edit(t.Context(), sent.NativeID, "it is there by now, is it not?"); err != nil {
		t.Error(err)
	}
	if _, err := ch.Examine(t.Context()); err != nil {
		t.Error(err)
	}
	if err := ch.Delete(t.Context(), sent.NativeID); err != nil {
		t.Error(err)
	}

	// What a forum has besides.
	client := http.Client{Transport: c}
	for _, call := range []struct{ method, path, body string }{
		{"GET", "/latest.json", ""},
		{"GET", "/t/" + root + ".json", ""},
		{"GET", "/t/" + root + "/posts.json?post_ids[]=" + below, ""},
		{"GET", "/u/" + s.Brand.Handle + ".json", ""},
		{"GET", "/search.json?q=cold&page=1", ""},
		{"GET", "/posts/" + root + "/replies.json", ""},
		{"POST", "/post_actions.json", `{"id":` + root + `,"post_action_type_id":8}`},
		{"PUT", "/t/" + root + "/status.json", `{"status":"closed","enabled":"true"}`},
	} {
		req, err := http.NewRequestWithContext(t.Context(), call.method, s.base+call.path, strings.NewReader(call.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Api-Key", s.key)
		req.Header.Set("Api-Username", "system")
		c.next = http.DefaultTransport
		client.Transport = c
		res, err := client.Do(req)
		if err != nil || res.StatusCode != 200 {
			t.Errorf("%s %s: %v, %v", call.method, call.path, res, err)
			continue
		}
		res.Body.Close()
	}
	for _, route := range []string{
		"GET /posts.json", "POST /posts.json", "GET /posts/{id}.json", "PUT /posts/{id}.json", "DELETE /posts/{id}.json", "GET /posts/{id}/replies.json",
		"GET /t/{id}.json", "GET /t/{id}/posts.json", "GET /latest.json", "GET /search.json", "GET /notifications.json", "GET /u/{username}.json", "POST /post_actions.json",
	} {
		if c.seen[route] == 0 {
			t.Errorf("%s was not called", route)
		}
	}
}
