package server_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/kith-social/kith/server/servertest"
)

// TestDirtyInput: what a program sends may be refused; it never makes the product fail, nor reaches the
// database as anything but a value.
func TestDirtyInput(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		huy, minh := w.As("huy"), w.As("minh")
		c := huy.Finds(w.Says("lananh", question, ""))
		for _, dirt := range []string{"\x00", "a\x00b", "\xff\xfe", "'; DROP TABLE cases; --", `\'; DROP TABLE cases; --`, "?", "%s", "\u202e\u200b", "$1", "{}"} {
			text := map[string]string{"text": dirt, "reason": dirt}
			only := func(field string) map[string]string { return map[string]string{field: text[field]} }
			huy.Claims(c.ID)
			for _, call := range []struct {
				method, path string
				in           any
			}{
				{http.MethodPut, "/cases/" + c.ID + "/draft", only("text")},
				{http.MethodPost, "/cases/" + c.ID + "/answers", only("text")},
				{http.MethodPost, "/cases/" + url.PathEscape(dirt) + "/claim", nil},
				{http.MethodGet, "/cases?brand=" + url.QueryEscape(dirt), nil},
				{http.MethodGet, "/cases?topic=" + url.QueryEscape(dirt), nil},
				{http.MethodGet, "/cases?cursor=" + url.QueryEscape(dirt), nil},
				{http.MethodGet, "/cases?state=" + url.QueryEscape(dirt), nil},
			} {
				if status := huy.Try(call.method, call.path, call.in, nil); status >= 500 {
					t.Errorf("%q: %s %s gives status %d", dirt, call.method, call.path, status)
				}
			}
			huy.Try(http.MethodPost, "/cases/"+c.ID+"/answers", map[string]string{"text": "Dạ 7h ạ"}, nil)
			for _, a := range minh.Sees(c.ID).Answers {
				if a.State != "submitted" {
					continue
				}
				for _, path := range []string{"/return", "/approve"} {
					if status := minh.Try(http.MethodPost, "/answers/"+a.ID+path, only(map[string]string{"/return": "reason", "/approve": "text"}[path]), nil); status >= 500 {
						t.Errorf("%q: %s gives status %d", dirt, path, status)
					}
					if path == "/return" {
						huy.Try(http.MethodPost, "/cases/"+c.ID+"/answers", map[string]string{"text": "Dạ 7h ạ"}, nil)
					}
				}
				minh.Try(http.MethodPost, "/answers/"+a.ID+"/approve", nil, nil)
				huy.Try(http.MethodPost, "/answers/"+a.ID+"/take-back", nil, nil)
			}
			other := huy.Finds(w.Says("hoa", question, ""))
			if status := huy.Try(http.MethodPost, "/cases/"+other.ID+"/escalate", only("reason"), nil); status >= 500 {
				t.Errorf("%q: escalating gives status %d", dirt, status)
			}
			minh.Try(http.MethodPost, "/cases/"+other.ID+"/escalate", map[string]string{"reason": "xong"}, nil)
		}
	}, servertest.Undo(time.Hour))
}
