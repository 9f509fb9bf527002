package web

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
)

func subscription() url.Values {
	return url.Values{
		"endpoint": {"https://push.example/1"}, "name": {"Chrome · Android"},
		"p256dh": {base64.RawURLEncoding.EncodeToString(make([]byte, 65))}, "auth": {base64.RawURLEncoding.EncodeToString(make([]byte, 16))},
	}
}

func TestABrowserIsLetRingAndStopped(t *testing.T) {
	c := newCafe(t)
	huy, lan := c.visits("huy", "vi"), c.visits("lan", "vi")
	huy.post("/me/devices", subscription())
	page := huy.get("/me")
	page.says("#push", "Chrome · Android")
	remove := ""
	for _, form := range page.all("#push form") {
		if action := attr(form, "action"); strings.HasSuffix(action, "/remove") {
			remove = action
		}
	}
	if remove == "" {
		t.Fatal("the browser cannot be stopped")
	}
	lan.post(remove, nil)
	huy.get("/me").says("#push", "Chrome · Android") // nobody stops somebody else's
	huy.post(remove, nil)
	huy.get("/me").lacks("#push", "Chrome · Android")

	huy.post("/me/devices", subscription())
	huy.post("/sign-out", nil)
	c.visits("huy", "vi").get("/me").lacks("#push", "Chrome · Android")
}

func TestHowOftenAPhoneRings(t *testing.T) {
	c := newCafe(t)
	huy := c.visits("huy", "vi")
	if got := huy.get("/me").text("#pushes option[selected]"); got != "2" {
		t.Errorf("at first a phone rings %s times a day", got)
	}
	huy.post("/me/pushes", url.Values{"pushes": {"0"}})
	if got := huy.get("/me").text("#pushes option[selected]"); got != "0" {
		t.Errorf("a phone that should not rings %s times a day", got)
	}
	for _, odd := range []string{"6", "-1", "x", ""} {
		if page := huy.post("/me/pushes", url.Values{"pushes": {odd}}); page.status != 422 {
			t.Errorf("%q times a day gave %d", odd, page.status)
		}
	}
}

func TestTheServiceWorkerHasAFixedAddress(t *testing.T) {
	c := newCafe(t)
	page := c.stranger("vi").get("/service-worker.js")
	if page.status != 200 || page.header.Get("Cache-Control") != "no-cache" || !strings.HasPrefix(page.header.Get("Content-Type"), "text/javascript") {
		t.Errorf("status %d, %v", page.status, page.header)
	}
	c.stranger("vi").get("/offline").says("main", "Mất mạng rồi")
	c.stranger("en").get("/offline").says("main", "No network")
}
