package server_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/servertest"
)

// sandboxed calls the sandbox's admin API.
func sandboxed(t *testing.T, w *servertest.World, method, path string, in, out any) {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, w.Net+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode > 299 {
		t.Fatalf("%s %s: %s", method, path, res.Status)
	}
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		t.Fatal(err)
	}
}

// TestFacebook: a comment on the brand's Page becomes a case, its answer stands below it once, though
// Facebook took it and answered with an error, and what the team answered on Facebook itself is known.
func TestFacebook(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		lan := w.As("lan")
		var page struct{ ID, Token string }
		sandboxed(t, w, http.MethodPost, "/admin/accounts", map[string]any{"network": "facebook", "handle": servertest.Handle, "name": "Sao Mai", "brand": true}, &page)
		say := func(author, text, parent string) string {
			t.Helper()
			var made struct{ ID string }
			sandboxed(t, w, http.MethodPost, "/admin/posts", map[string]any{"network": "facebook", "author": author, "text": text, "in_reply_to": parent}, &made)
			return made.ID
		}
		below := func(parent string) (found []servertest.Post) {
			t.Helper()
			var list struct{ Items []servertest.Post }
			sandboxed(t, w, http.MethodGet, "/admin/posts?network=facebook", nil, &list)
			return slices.DeleteFunc(list.Items, func(p servertest.Post) bool { return p.InReplyTo != parent })
		}
		settings := maps.Clone(w.Settings)
		settings["host"], settings["app_id"] = w.Net+"/graph", "1000"
		_, err := w.App.Connect(t.Context(), w.Brand.ID, "facebook", settings, map[string]string{"token": page.Token, "app_secret": "sandbox-secret-1000"})
		if err != nil {
			t.Fatal(err)
		}

		post := say(servertest.Handle, "Cuối tuần này quán có món mới", "")
		first, second := say("lananh", "Quán mở cửa mấy giờ vậy ạ?", post), say("hoang", "Quán có chỗ đậu xe không ạ?", post)
		c, other := lan.Finds(post+"_"+first), lan.Finds(post+"_"+second)
		if c.ID == other.ID || c.Delivery.Mode != "api" || len(c.Mentions) != 1 {
			t.Errorf("two customers below one post are %+v and %+v", c, other)
		}

		var weather any
		sandboxed(t, w, http.MethodPut, "/admin/weather", map[string]any{"network": "facebook", "route": "POST /v25.0/" + post + "_" + first, "fault": "status_after:500", "count": 1}, &weather)
		lan.Claims(c.ID)
		a := lan.Answers(c.ID, "Dạ quán mở cửa từ 7h ạ")
		w.Wait(servertest.Soon, "the answer is not known as sent", func() bool {
			w.Advance(time.Second) // it is read back after a while
			sent := lan.Sees(c.ID).Answers[0].Reply
			return sent != nil && sent.State == "sent"
		})
		if got := below(first); len(got) != 1 || got[0].Author != servertest.Handle || got[0].Text != a.Text {
			t.Errorf("below the comment stands %+v, want the answer once", got)
		}

		say(servertest.Handle, "Dạ quán có chỗ đậu xe ạ", second)
		lan.Becomes(other.ID, "answered_elsewhere")
	})
}

// TestFacebookForgetsWhoConnected: a person who removes the app, or asks for their data to be deleted, is
// heard only where Facebook signed it, and their access is gone.
func TestFacebookForgetsWhoConnected(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		const appSecret, person = "sandbox-secret-1000", "7700112233"
		var page struct{ ID, Token string }
		sandboxed(t, w, http.MethodPost, "/admin/accounts", map[string]any{"network": "facebook", "handle": servertest.Handle, "name": "Sao Mai", "brand": true}, &page)
		settings := maps.Clone(w.Settings)
		settings["host"], settings["app_id"], settings["user"] = w.Net+"/graph", "1000", person
		c, err := w.App.Connect(t.Context(), w.Brand.ID, "facebook", settings, map[string]string{"token": page.Token, "app_secret": appSecret})
		if err != nil {
			t.Fatal(err)
		}
		post := func(path, secret, who string) (int, map[string]string) {
			t.Helper()
			payload := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"algorithm":"HMAC-SHA256","user_id":%q,"issued_at":1}`, who))
			mac := hmac.New(sha256.New, []byte(secret))
			mac.Write([]byte(payload))
			form := url.Values{"signed_request": {base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) + "." + payload}}
			res, err := http.PostForm(w.URL+path, form)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			var said map[string]string
			_ = json.NewDecoder(res.Body).Decode(&said) // a refusal is no JSON
			return res.StatusCode, said
		}
		state := func() string {
			t.Helper()
			now, err := listeners.FindConnection(t.Context(), w.App.DB.Read(), c.ID)
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprintf("%s, %t", now.State, len(now.Secrets) > 0)
		}
		for _, path := range []string{"/facebook/deauthorize", "/facebook/data-deletion"} {
			if status, _ := post(path, "somebody else's secret", person); status != http.StatusForbidden {
				t.Errorf("%s with a wrong signature: status %d", path, status)
			}
			if status, _ := post(path, appSecret, "42"); status != http.StatusOK {
				t.Errorf("%s of a stranger: status %d", path, status)
			}
		}
		if got := state(); got != "on, true" {
			t.Fatalf("after requests that were not the person's the connection is %s", got)
		}
		if status, _ := post("/facebook/deauthorize", appSecret, person); status != http.StatusOK || state() != "broken, true" {
			t.Errorf("deauthorized: status %d, the connection is %s", status, state())
		}
		status, said := post("/facebook/data-deletion", appSecret, person)
		if status != http.StatusOK || said["confirmation_code"] == "" || state() != "removed, false" {
			t.Errorf("deletion: status %d, said %v, the connection is %s", status, said, state())
		}
		_, path, _ := strings.Cut(said["url"], "/facebook/")
		res, err := http.Get(w.URL + "/facebook/" + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", said["url"], res.Status)
		}
	})
}
