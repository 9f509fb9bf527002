package channeltest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

// Brand is the handle of the account that Sandbox opens.
const Brand = "saomaicafe"

// Sandbox serves a sandbox network over HTTP for one test and plays it through its admin API. The
// caller adds what is particular to the network: Open, the routes and At. base is where the server is,
// token the brand's.
func Sandbox(t *testing.T, handler http.Handler, network string) (n *Network, base, token string) {
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = nil
	server.Start()
	t.Cleanup(server.Close)
	a := admin{server.URL, network}
	var brand struct{ ID, Token string }
	a.call(t, "POST", "/admin/accounts", map[string]any{"network": network, "handle": Brand, "name": "Sao Mai Café", "brand": true}, &brand)
	return &Network{
		Brand:   listeners.Identity{NativeID: brand.ID, Handle: Brand, Name: "Sao Mai Café"},
		Post:    a.post,
		Delete:  func(t *testing.T, id string) { a.call(t, "DELETE", "/admin/posts/"+id, nil, nil) },
		Weather: a.weather,
		Ledger:  a.ledger,
		Edit: func(t *testing.T, id, text string) {
			a.call(t, "PATCH", "/admin/posts/"+id, map[string]any{"text": text}, nil)
		},
		Hide: func(t *testing.T, id string, hidden bool) {
			a.call(t, "PATCH", "/admin/posts/"+id, map[string]any{"hidden": hidden}, nil)
		},
		Protect: func(t *testing.T, handle string) {
			a.call(t, "POST", "/admin/accounts", map[string]any{"network": network, "handle": handle, "protected": true}, nil)
		},
		Decide: func(t *testing.T, id string, approve bool) {
			a.call(t, "PATCH", "/admin/posts/"+id, map[string]any{"approved": approve}, nil)
		},
		Secrets: []string{brand.Token},
	}, server.URL, brand.Token
}

type admin struct{ base, network string }

type ledgerEntry struct {
	ID        string     `json:"id,omitempty"`
	Network   string     `json:"network"`
	Author    string     `json:"author"`
	Text      string     `json:"text"`
	InReplyTo string     `json:"in_reply_to,omitempty"`
	CreatedAt clock.Time `json:"created_at,omitzero"`
}

func (a admin) post(t *testing.T, p Post) string {
	t.Helper()
	var made struct{ ID string }
	a.call(t, "POST", "/admin/posts", ledgerEntry{p.ID, a.network, p.Author, p.Text, p.InReplyTo, p.CreatedAt}, &made)
	return made.ID
}

func (a admin) ledger(t *testing.T) []Post {
	t.Helper()
	var list struct{ Items []ledgerEntry }
	a.call(t, "GET", "/admin/posts?network="+a.network, nil, &list)
	posts := make([]Post, len(list.Items))
	for i, e := range list.Items {
		posts[i] = Post{e.ID, e.Author, e.Text, e.InReplyTo, e.CreatedAt}
	}
	return posts
}

func (a admin) weather(t *testing.T, route, fault string, count int) {
	t.Helper()
	if fault == "" {
		a.call(t, "PUT", "/admin/weather", map[string]any{"network": a.network, "fault": "none"}, nil)
		return
	}
	a.call(t, "PUT", "/admin/weather", map[string]any{"network": a.network, "route": route, "fault": fault, "count": count}, nil)
}

func (a admin) call(t *testing.T, method, path string, in, out any) {
	t.Helper()
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, a.base+path, body)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode > 299 {
		t.Fatalf("%s %s: %s %s %v", method, path, res.Status, answer, err)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, answer)
		}
	}
}
