package server_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kith-social/kith/server"
	"github.com/kith-social/kith/server/db/dbtest"
	"github.com/kith-social/kith/server/servertest"
)

// gossip stands between the product and a network, and answers one call with an error that repeats every
// secret of the call and of the app.
type gossip struct {
	mu    sync.Mutex
	to    http.Handler
	calls int
	fail  int // which call
	way   string
	given []string        // the app's
	told  map[string]bool // in errors
}

// secrets are those of a request and of the app, in every form that they have there.
func (g *gossip) secrets(req *http.Request, body []byte) (all []string) {
	form, _ := url.ParseQuery(string(body))
	for _, name := range []string{"code", "code_verifier", "refresh_token", "client_secret", "access_token", "fb_exchange_token", "appsecret_proof", "input_token"} {
		all = append(all, form.Get(name), req.URL.Query().Get(name))
	}
	kind, credentials, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	all = append(all, credentials)
	if kind == "Basic" {
		plain, _ := base64.StdEncoding.DecodeString(credentials)
		_, secret, _ := strings.Cut(string(plain), ":")
		all = append(all, secret)
	}
	all = append(all, g.given...)
	return slices.DeleteFunc(all, func(secret string) bool { return secret == "" })
}

func (g *gossip) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	if g.calls++; g.calls != g.fail {
		g.to.ServeHTTP(w, r)
		return
	}
	all := g.secrets(r, body)
	for _, secret := range all {
		g.told[secret] = true
	}
	said := strings.Join(all, " ")
	switch g.way {
	case "x":
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": "invalid_grant", "error_description": said, "title": said, "detail": said, "errors": []any{map[string]string{"message": said}}})
	case "facebook":
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"message": said, "type": said, "code": 190, "error_user_msg": said}})
	case "plain":
		http.Error(w, said, http.StatusInternalServerError)
	case "elsewhere":
		http.Redirect(w, r, "http://127.0.0.1:9/?"+url.Values{"said": {said}}.Encode(), http.StatusFound)
	case "garbage":
		fmt.Fprintf(w, `{"id":%q`, said)
	case "silence":
		panic(http.ErrAbortHandler)
	}
}

// TestConnectingTellsNoSecret lets every call on the way to a connection fail in every way, with an error
// that repeats each secret: none is on a page, in the log or in the database.
func TestConnectingTellsNoSecret(t *testing.T) {
	for _, network := range []string{"x", "facebook"} {
		t.Run(network, func(t *testing.T) {
			g := &gossip{way: network, told: map[string]bool{}}
			between := httptest.NewServer(g)
			t.Cleanup(between.Close)
			at, err := url.Parse(between.URL)
			if err != nil {
				t.Fatal(err)
			}
			w := servertest.Start(t, dbtest.SQLite(t), reachable, func(c *server.Config) { c.AllowHost = append(c.AllowHost, at.Host) })
			real, err := url.Parse(w.Net)
			if err != nil {
				t.Fatal(err)
			}
			g.to = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(real); r.Out.Host = real.Host }}
			an := newWizard(w, "an")
			an.net = between.URL
			w.AccountOn(network, "saomaitra")
			form, who := url.Values{"field_app_id": {"1000"}, "field_app_secret": {"sandbox-secret-1000"}, "field_host": {an.net + "/graph"}}, "an_nguyen"
			if network == "x" {
				form, who = an.app(), "saomaitra"
			}
			for name, values := range form {
				if strings.Contains(name, "secret") || strings.Contains(name, "token") {
					g.given = append(g.given, values[0])
				}
			}
			failed := 0
			for _, way := range []string{network, "plain", "elsewhere", "garbage", "silence"} {
				for call := 1; call <= 14; call++ {
					page := strings.Replace(an.begins(network, form), between.URL, w.Net, 1)
					back := an.decides(page, who, "yes")
					g.mu.Lock()
					g.calls, g.fail, g.way = 0, call, way
					g.mu.Unlock()
					an.goes(http.MethodGet, back, nil)
					g.mu.Lock()
					over := g.calls < call
					g.fail = 0
					g.mu.Unlock()
					an.goes(http.MethodGet, "/connections", nil)
					if over {
						break
					}
					failed++
				}
			}
			if failed < 15 {
				t.Errorf("only %d calls failed", failed)
			}
			g.mu.Lock()
			all := slices.Collect(maps.Keys(g.told))
			g.mu.Unlock()
			t.Logf("%d calls failed, and told %d secrets", failed, len(all))
			an.keepsSecrets(all...)
		})
	}
}
