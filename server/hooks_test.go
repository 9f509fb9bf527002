package server_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/db/dbtest"
	"github.com/kith-social/kith/server/servertest"
)

// forum connects a forum that signs what it brings; nobody is there when it is looked at.
func forum(w *servertest.World) listeners.Connection {
	c := listeners.Connection{
		BrandID: w.Brand.ID, Network: "discourse", NativeID: "http://127.0.0.1:9/1", Handle: "saomai",
		Settings: listeners.Settings{"host": "http://127.0.0.1:9", "user": "saomai", "poll": "1h"},
	}
	w.Write(func(ctx context.Context, tx listeners.Tx) (err error) {
		c, err = listeners.Connect(ctx, tx, w.App.Keys, c, map[string]string{"key": "k", "webhook_secret": "s3cret"})
		return err
	})
	return c
}

func signature(body []byte) string {
	mac := hmac.New(sha256.New, []byte("s3cret"))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// knock brings a body to an address and returns the status.
func knock(t testing.TB, url string, body []byte, change func(http.Header)) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Discourse-Event-Type", "post")
	req.Header.Set("X-Discourse-Event", "post_created")
	req.Header.Set("X-Discourse-Event-Signature", signature(body))
	if change != nil {
		change(req.Header)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

func TestOnlyTheNetworkBringsNews(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		c := forum(w)
		if len(c.Hook) < 32 {
			t.Fatalf("the address %q can be guessed", c.Hook)
		}
		at := w.URL + "/hooks/" + c.Hook
		news := []byte(`{"post":{"id":5}}`)
		stored := func() int { return w.Count("SELECT COUNT(*) FROM deliveries WHERE connection_id = ?", c.ID) }
		for _, refused := range []struct {
			what   string
			url    string
			body   []byte
			change func(http.Header)
			status int
		}{
			{"another address", w.URL + "/hooks/" + strings.Repeat("0", 32), news, nil, 404},
			{"no address", w.URL + "/hooks/", news, nil, 404},
			{"no signature", at, news, func(h http.Header) { h.Del("X-Discourse-Event-Signature") }, 403},
			{"another's signature", at, news, func(h http.Header) { h.Set("X-Discourse-Event-Signature", signature([]byte("x"))) }, 403},
			{"a page", at, news, func(h http.Header) { h.Set("Content-Type", "text/html") }, 415},
			{"too much", at, bytes.Repeat([]byte("x"), 4<<20+1), nil, 413},
		} {
			if status := knock(t, refused.url, refused.body, refused.change); status != refused.status {
				t.Errorf("%s: status %d, want %d", refused.what, status, refused.status)
			}
		}
		if n := stored(); n != 0 {
			t.Fatalf("%d deliveries of strangers are stored", n)
		}
		for range 3 { // a foreign origin and a cookie change nothing: there is no session
			status := knock(t, at, news, func(h http.Header) { h.Set("Origin", "https://forum.example"); h.Set("Sec-Fetch-Site", "cross-site") })
			if status != http.StatusOK {
				t.Fatalf("signed news: status %d", status)
			}
		}
		if n := stored(); n != 1 {
			t.Errorf("news brought three times is stored %d times", n)
		}
		res, err := http.Get(at)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusNotFound {
			t.Errorf("looking at the address: status %d", res.StatusCode)
		}
		if n := w.Count("SELECT COUNT(*) FROM sessions"); n != 0 {
			t.Errorf("%d sessions for networks", n)
		}
	})
}

func TestNewsIsTakenInTime(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		c := forum(w)
		took := make([]time.Duration, 300)
		for i := range took {
			body := fmt.Appendf(nil, `{"ping":%d}`, i)
			start := clock.System()
			if status := knock(t, w.URL+"/hooks/"+c.Hook, body, nil); status != http.StatusOK {
				t.Fatalf("status %d", status)
			}
			took[i] = clock.System().Sub(start)
		}
		slices.Sort(took)
		t.Logf("half within %v, all but 1 %% within %v, all within %v", took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
		w.Wait(servertest.Soon, "what was brought is not understood", func() bool {
			return w.Count("SELECT COUNT(*) FROM deliveries WHERE state = 'done' AND LENGTH(body) = 0") == len(took)
		})
	})
}

func FuzzNews(f *testing.F) {
	f.Add("application/json", "sha256=00", []byte(`{"post":{"id":1}}`))
	f.Add("application/json; charset=utf-8", "", []byte(`{`))
	f.Add("text/xml;;", "sha256=", []byte("\x00\xff"))
	f.Add("", "sha1=00", []byte(nil))
	w := servertest.New(f, dbtest.SQLite(f))
	c := forum(w)
	handler := w.App.Hooks()
	f.Fuzz(func(t *testing.T, kind, sign string, body []byte) {
		for _, query := range []string{"", "?hub.mode=subscribe&hub.challenge=x&crc_token=x"} {
			req := httptest.NewRequest(http.MethodPost, "/hooks/"+c.Hook+query, bytes.NewReader(body))
			req.Header["Content-Type"], req.Header["X-Discourse-Event-Signature"] = []string{kind}, []string{sign}
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, req)
			if answer.Code == http.StatusOK && sign != signature(body) || answer.Code >= 500 {
				t.Fatalf("status %d for a signature %q of %q", answer.Code, sign, body)
			}
		}
	})
}
