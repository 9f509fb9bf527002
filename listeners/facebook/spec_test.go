package facebook

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/channeltest"
)

// node is one kind of thing in Meta's own description of the Graph API. An edge without a name is the
// thing itself.
type node struct {
	APIs []struct {
		Method, Endpoint, Return string
		Params                   []struct{ Name string }
	}
	Fields []struct{ Name string }
}

func readNodes(t *testing.T) map[string]node {
	t.Helper()
	nodes := make(map[string]node)
	for _, name := range []string{"Page", "PagePost", "Comment", "Profile", "UnifiedThread", "Application"} {
		b, err := os.ReadFile("../../../shared/specs/facebook/" + name + ".json")
		if err != nil {
			t.Skipf("Meta's description of the Graph API is not here: %v", err)
		}
		var n node
		if err := json.Unmarshal(b, &n); err != nil {
			t.Fatal(err)
		}
		nodes[name] = n
	}
	return nodes
}

func (n node) has(name string) bool {
	for _, f := range n.Fields {
		if f.Name == name {
			return true
		}
	}
	for _, a := range n.APIs { // an edge can be asked for as a field
		if a.Endpoint == name && a.Method == http.MethodGet {
			return true
		}
	}
	return false
}

var (
	// everywhere are parameters of every call or list, described elsewhere.
	everywhere = []string{"fields", "limit", "after", "since", "format", "appsecret_proof", "method"}
	// below are the kinds of what fields hold.
	below = map[string]string{
		"Comment.from": "Profile", "Comment.parent": "Comment", "Comment.object": "PagePost", "Comment.private_reply_conversation": "UnifiedThread",
		"PagePost.from": "Profile", "PagePost.comments": "Comment",
	}
	// described are the kinds that the files tell of; of reviews, messages and subscriptions they know the
	// names only.
	described = []string{"Page", "PagePost", "Comment", "Profile", "UnifiedThread", "Application"}
)

// fits tells which fields of a list a kind does not have, also in what they hold.
func fits(t *testing.T, nodes map[string]node, kind, fields string) {
	t.Helper()
	for fields != "" && slices.Contains(described, kind) {
		end := strings.IndexAny(fields, ",.{")
		if end < 0 {
			end = len(fields)
		}
		name, inner := fields[:end], ""
		fields = fields[end:]
		if stop := strings.IndexByte(fields, '{'); strings.HasPrefix(fields, ".") && stop > 0 {
			fields = fields[stop:]
		}
		if strings.HasPrefix(fields, "{") {
			depth, close := 0, 0
			for i, r := range fields {
				if r == '{' {
					depth++
				} else if r == '}' {
					depth--
				}
				if depth == 0 {
					close = i
					break
				}
			}
			inner, fields = fields[1:close], fields[close+1:]
		}
		fields = strings.TrimPrefix(fields, ",")
		if !nodes[kind].has(name) {
			t.Errorf("%s has no %s", kind, name)
		}
		if inner != "" {
			fits(t, nodes, below[kind+"."+name], inner)
		}
	}
}

// TestQuestionsFitMeta holds every call against Meta's own description, where it is at hand: each edge,
// parameter and field is in it.
func TestQuestionsFitMeta(t *testing.T) {
	nodes := readNodes(t)
	s := newStage(t, false)
	kindOf := func(id string) string {
		switch {
		case id == s.Brand.NativeID, id == "me":
			return "Page"
		case id == app:
			return "Application"
		case strings.HasPrefix(id, "t_"):
			return "UnifiedThread"
		case strings.HasPrefix(id, s.Brand.NativeID+"_"), !strings.Contains(id, "_"):
			return "PagePost"
		}
		return "Comment"
	}
	seen := make(map[string]bool)
	look := func(method, at string, q url.Values) {
		id, edge, _ := strings.Cut(strings.Trim(at, "/"), "/")
		if id == "" || id == "debug_token" || strings.HasPrefix(id, "m_") { // a batch; and what the files do not tell of
			return
		}
		kind := kindOf(id)
		seen[strings.TrimSpace(method+" "+kind+" "+edge)] = true
		for _, a := range nodes[kind].APIs {
			if a.Method != method || strings.TrimPrefix(a.Endpoint, "#") != edge && !(edge == "" && (a.Endpoint == "" || strings.HasPrefix(a.Endpoint, "#"))) {
				continue
			}
			for name := range q {
				if !slices.Contains(everywhere, name) && !slices.ContainsFunc(a.Params, func(p struct{ Name string }) bool { return p.Name == name }) {
					t.Errorf("%s %s of a %s takes no %s", method, edge, kind, name)
				}
			}
			fits(t, nodes, a.Return, q.Get("fields"))
			return
		}
		t.Errorf("a %s has no %s %s", kind, method, edge)
	}
	ch := s.Open(t, channeltest.Options{Wrap: func(next http.RoundTripper) http.RoundTripper {
		return rewriting(func(req *http.Request) (*http.Response, error) {
			q, method := req.URL.Query(), req.Method
			if req.Body != nil {
				b, _ := io.ReadAll(req.Body)
				req.Body = io.NopCloser(strings.NewReader(string(b)))
				q, _ = url.ParseQuery(string(b))
			}
			if m := q.Get("method"); m != "" {
				method = m
			}
			var batch []struct {
				URL string `json:"relative_url"`
			}
			_ = json.Unmarshal([]byte(q.Get("batch")), &batch)
			for _, one := range batch {
				u, _ := url.Parse(one.URL)
				look(http.MethodGet, u.Path, u.Query())
			}
			look(method, strings.TrimPrefix(req.URL.Path, "/graph/"+defaultVersion), q)
			return next.RoundTrip(req)
		})
	}}).(*Channel)

	post := s.say(t, map[string]any{"author": "saomaicafe", "text": "Tin mới"})
	s.say(t, map[string]any{"author": "an", "text": "hay", "in_reply_to": post})
	s.say(t, map[string]any{"author": "an", "to": "saomaicafe", "kind": "message", "text": "alô"})
	s.say(t, map[string]any{"author": "an", "to": "saomaicafe", "kind": "review", "rating": 4, "text": "tốt"})
	posts := hear(t, ch, "").Posts
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	var ids []string
	for _, p := range posts {
		ids = append(ids, p.NativeID)
	}
	_, err := ch.Hydrate(t.Context(), ids)
	must(err)
	_, err = ch.Check(t.Context())
	must(err)
	comment := find(t, posts, "hay")
	for _, p := range []listeners.Post{comment, find(t, posts, "alô"), find(t, posts, "tốt")} {
		out := listeners.Outgoing{ParentID: p.NativeID, ThreadKey: p.ThreadKey, Target: p.Target, Surface: p.Surface, Text: "Dạ"}
		_, err := ch.Reply(t.Context(), out)
		must(err)
		_, _, err = ch.Reconcile(t.Context(), out, clock.System())
		must(err)
	}
	private := listeners.Outgoing{ParentID: comment.NativeID, ThreadKey: comment.ThreadKey, Surface: listeners.InPrivate, Text: "Chào"}
	_, err = ch.Reply(t.Context(), private)
	must(err)
	_, _, err = ch.Reconcile(t.Context(), private, clock.System())
	must(err)
	must(ch.Hide(t.Context(), comment.NativeID, true))
	own, err := ch.Reply(t.Context(), listeners.Outgoing{ParentID: comment.NativeID, Text: "sửa"})
	must(err)
	must(ch.Edit(t.Context(), own.NativeID, "đã sửa"))
	must(ch.Delete(t.Context(), own.NativeID))
	must(ch.Subscribe(t.Context(), serveHook(t, ch).URL))
	_, err = ch.Examine(t.Context())
	must(err)
	for _, call := range []string{
		"GET Page published_posts", "GET Page visitor_posts", "GET Page tagged", "GET Page ratings", "GET Page conversations", "GET UnifiedThread messages",
		"GET PagePost comments", "GET Comment comments", "GET Comment", "GET PagePost", "GET Page", "POST Comment comments", "POST PagePost comments", "POST Page messages",
		"POST Comment", "DELETE Comment", "POST Page subscribed_apps", "GET Page subscribed_apps", "POST Application subscriptions", "GET Application subscriptions", "GET Application permissions",
	} {
		if !seen[call] {
			t.Errorf("%s was not called: the test does not see it", call)
		}
	}
}
