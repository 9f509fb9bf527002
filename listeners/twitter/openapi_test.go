package twitter

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/channeltest"
	"github.com/tidwall/gjson"
)

// TestQuestionsFitOpenAPI holds what we ask in the post dialect against X's own document, where it is at
// hand: every parameter is known, and so is every name in it.
func TestQuestionsFitOpenAPI(t *testing.T) {
	b, err := os.ReadFile("../../../shared/specs/x/openapi-2.167-2026-08-22.json")
	if err != nil {
		t.Skipf("X's OpenAPI document is not here: %v", err)
	}
	type parameter struct {
		Ref    string `json:"$ref"`
		Name   string
		Schema struct {
			MaxLength int
			Items     struct{ Enum []string }
		}
	}
	var document struct {
		Paths map[string]struct {
			Get struct{ Parameters []parameter }
		}
		Components struct{ Parameters map[string]parameter }
	}
	if err := json.Unmarshal(b, &document); err != nil {
		t.Fatal(err)
	}
	wire := &script{answers: []answering{tweets(""), tweets(""), tweets(""), tweets(""), {status: 200, body: `{"data":{"id":"1","username":"a"}}`}}}
	c := open(t, wire, listeners.Settings{"dialect": "post"}, "cà phê")
	for _, cursor := range []listeners.Cursor{"", `{"v":1,"turn":1,"marks":{"own":{"since":"9","token":"t"}}}`, `{"v":1,"turn":2,"marks":{}}`} {
		if _, err := c.Fetch(t.Context(), cursor); err != nil {
			t.Fatal(err)
		}
	}
	c.Hydrate(t.Context(), []string{"1", "2"})
	c.Check(t.Context())
	if len(wire.asked) != len(wire.answers) {
		t.Fatalf("%d calls", len(wire.asked))
	}
	for _, asked := range wire.asked {
		known := make(map[string]parameter)
		for _, p := range document.Paths[template(asked)].Get.Parameters {
			if p.Ref != "" {
				p = document.Components.Parameters[p.Ref[strings.LastIndexByte(p.Ref, '/')+1:]]
			}
			known[p.Name] = p
		}
		if len(known) == 0 {
			t.Errorf("%s is not a path of X", asked.Path)
		}
		for name, values := range asked.Query() {
			p, ok := known[name]
			if !ok {
				t.Errorf("%s takes no %s", asked.Path, name)
			}
			for _, v := range strings.Split(values[0], ",") {
				if names := p.Schema.Items.Enum; len(names) > 0 && !slices.Contains(names, v) {
					t.Errorf("%s: %s knows no %s", asked.Path, name, v)
				}
			}
		}
	}
}

func template(u *url.URL) string { return strings.Replace(u.Path, "/"+me+"/", "/{id}/", 1) }

// TestBodiesFitOpenAPI holds what we send besides questions against the same document: the paths are
// known, and so is every member of every body, with its pattern.
func TestBodiesFitOpenAPI(t *testing.T) {
	b, err := os.ReadFile("../../../shared/specs/x/openapi-2.167-2026-08-22.json")
	if err != nil {
		t.Skipf("X's OpenAPI document is not here: %v", err)
	}
	doc := gjson.ParseBytes(b)
	n := network(t, "post")
	var sent []*http.Request
	var bodies []string
	ch := n.Open(t, channeltest.Options{Wrap: func(next http.RoundTripper) http.RoundTripper {
		return noting(func(r *http.Request) (*http.Response, error) {
			body := ""
			if r.Body != nil {
				read, err := io.ReadAll(r.Body)
				if err != nil {
					return nil, err
				}
				body = string(read)
				r.Body = io.NopCloser(strings.NewReader(body))
			}
			sent, bodies = append(sent, r), append(bodies, body)
			return next.RoundTrip(r)
		})
	}}).(*Channel)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, _, _, _ := ch.Challenge(r, nil)
		_, _ = w.Write(answer)
	}))
	defer server.Close()
	id := n.Post(t, channeltest.Post{Author: "an", Text: "@" + n.Brand.Handle + " cà phê"})
	if err := ch.Subscribe(t.Context(), server.URL); err != nil {
		t.Fatal(err)
	}
	if _, err := ch.Examine(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := ch.Preview(t.Context(), "cà phê", 10); err != nil {
		t.Fatal(err)
	}
	if _, err := ch.Backfill(t.Context(), now, now.Add(time.Hour), ""); err != nil {
		t.Fatal(err)
	}
	reply, err := ch.Reply(t.Context(), listeners.Outgoing{ParentID: id, Text: "chào bạn"})
	if err != nil {
		t.Fatal(err)
	}
	_ = ch.Hide(t.Context(), id, true) // refused: the conversation is not ours
	if err := ch.Delete(t.Context(), reply.NativeID); err != nil {
		t.Fatal(err)
	}
	_, _ = ch.send(t.Context(), "validate", ch.app, http.MethodPut, "/2/webhooks/"+mustHook(t, ch, server.URL), nil)
	checked := 0
	for i, r := range sent {
		op := operation(doc, strings.TrimPrefix(r.URL.Path, "/x"), strings.ToLower(r.Method))
		if !op.Exists() {
			t.Errorf("%s %s is not in the document", r.Method, r.URL.Path)
			continue
		}
		for name := range r.URL.Query() {
			if !op.Get(`parameters.#(name="`+name+`")`).Exists() && !strings.HasSuffix(name, ".fields") && name != "expansions" {
				t.Errorf("%s %s takes no %s", r.Method, r.URL.Path, name)
			}
		}
		if bodies[i] == "" {
			continue
		}
		checked++
		for _, wrong := range misfits(doc, op.Get("requestBody.content.application/json.schema"), gjson.Parse(bodies[i]), "body") {
			t.Errorf("%s %s: %s in %s", r.Method, r.URL.Path, wrong, bodies[i])
		}
	}
	if checked < 7 || len(sent) < 15 {
		t.Errorf("only %d calls and %d bodies were checked", len(sent), checked)
	}
}

// noting makes a call.
type noting func(*http.Request) (*http.Response, error)

func (f noting) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// operation finds what a document says of a path that was called.
func operation(doc gjson.Result, path, method string) (found gjson.Result) {
	doc.Get("paths").ForEach(func(name, p gjson.Result) bool {
		pattern := regexp.MustCompile("^" + regexp.MustCompile(`\{[a-z_]+\}`).ReplaceAllString(name.Str, "[0-9]+") + "$")
		if pattern.MatchString(path) && p.Get(method).Exists() {
			found = p.Get(method)
		}
		return !found.Exists()
	})
	return found
}

// misfits are the members of a body that a schema does not know, lacks or writes otherwise.
func misfits(doc, schema, v gjson.Result, at string) (wrong []string) {
	if ref := schema.Get("$ref").Str; ref != "" {
		schema = doc.Get(strings.ReplaceAll(strings.TrimPrefix(ref, "#/"), "/", "."))
	}
	schema.Get("required").ForEach(func(_, name gjson.Result) bool {
		if !v.Get(name.Str).Exists() {
			wrong = append(wrong, at+"."+name.Str+" is missing")
		}
		return true
	})
	if v.IsObject() {
		v.ForEach(func(name, member gjson.Result) bool {
			if p := schema.Get("properties." + name.Str); p.Exists() {
				wrong = append(wrong, misfits(doc, p, member, at+"."+name.Str)...)
			} else {
				wrong = append(wrong, at+"."+name.Str+" is unknown")
			}
			return true
		})
	}
	if pattern := schema.Get("pattern").Str; pattern != "" && !regexp.MustCompile(pattern).MatchString(v.Str) {
		wrong = append(wrong, at+" does not match "+pattern)
	}
	if enum := schema.Get("enum"); enum.Exists() && !slices.ContainsFunc(enum.Array(), func(e gjson.Result) bool { return e.Str == v.Str }) {
		wrong = append(wrong, at+" is none of those that are known")
	}
	return wrong
}
