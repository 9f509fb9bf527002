package twitter

import (
	"encoding/json"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/kith-social/kith/listeners"
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
