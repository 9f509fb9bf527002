package access_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/go-chi/chi/v5/middleware"

	"github.com/kith-social/kith/server/access"
)

// Others sent people on to any site that a link's next= named.
func TestCVE_OpenRedirect(t *testing.T) {
	for text, want := range map[string]string{
		"/feed":              "/feed",
		"/cases/1?lane=s#x":  "/cases/1?lane=s",
		"/t%C3%ACm?q=cà":     "/t%C3%ACm?q=cà",
		"":                   "/",
		"feed":               "/",
		"//evil.example":     "/",
		"///evil.example":    "/",
		"/\\evil.example":    "/",
		"\\\\evil.example":   "/",
		"/%5Cevil.example":   "/",
		"/%2Fevil.example":   "/",
		"/\t/evil.example":   "/",
		"/\n/evil.example":   "/",
		" //evil.example":    "/",
		"https://evil":       "/",
		"https:/evil":        "/",
		"javascript:alert()": "/",
		"//user@evil":        "/",
		"/a\r\nSet-Cookie:x": "/",
		"/feed\x00":          "/",
		"/%zz":               "/",
	} {
		if got := access.Next(text); got != want {
			t.Errorf("Next(%q) = %q, want %q", text, got, want)
		}
	}
	// However it is written, a browser that follows it must stay.
	base := &url.URL{Scheme: "https", Host: "kith.example", Path: "/sign-in"}
	for _, evil := range []string{"/.//evil.example", "/..//evil.example", "/%2e%2e//evil.example", "/;//evil.example", "/?//evil.example", "/#//evil.example"} {
		u, err := base.Parse(access.Next(evil))
		if err != nil || u.Host != "kith.example" || len(u.Path) > 1 && u.Path[1] == '/' {
			t.Errorf("Next(%q) leads to %v, %v", evil, u, err)
		}
	}
}

// Others believed whatever address a header named, and with it gave everybody endless attempts.
func TestCVE_SpoofedAddress(t *testing.T) {
	for name, c := range map[string]struct {
		trusted []string
		peer    string
		headers []string
		want    string
	}{
		"no proxy":                          {nil, "203.0.113.9:1", []string{"1.2.3.4"}, "203.0.113.9"},
		"the proxy":                         {[]string{"10.0.0.0/8"}, "10.1.1.1:1", []string{"198.51.100.7"}, "198.51.100.7"},
		"the proxy by its address":          {[]string{"10.1.1.1"}, "10.1.1.1:1", []string{"198.51.100.7"}, "198.51.100.7"},
		"the proxy, with a lie before":      {[]string{"10.0.0.0/8"}, "10.1.1.1:1", []string{"1.2.3.4, 198.51.100.7"}, "198.51.100.7"},
		"the proxy, with a header before":   {[]string{"10.0.0.0/8"}, "10.1.1.1:1", []string{"1.2.3.4", "198.51.100.7"}, "198.51.100.7"},
		"the proxy, with a lie of its kind": {[]string{"10.0.0.0/8"}, "10.1.1.1:1", []string{"1.2.3.4, 198.51.100.7, 10.2.2.2"}, "198.51.100.7"},
		"past the proxy":                    {[]string{"10.0.0.0/8"}, "203.0.113.9:1", []string{"1.2.3.4"}, "203.0.113.9"},
		"garbage":                           {[]string{"10.0.0.0/8"}, "10.1.1.1:1", []string{"1.2.3.4, garbage"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			from, err := access.ClientIP(c.trusted)
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = c.peer
			for _, v := range c.headers {
				r.Header.Add("X-Forwarded-For", v)
				r.Header.Set("X-Real-IP", v)
				r.Header.Set("True-Client-IP", v)
				r.Header.Set("Forwarded", "for="+v)
			}
			got := ""
			from(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = middleware.GetClientIP(r.Context()) })).ServeHTTP(nil, r)
			if got != c.want {
				t.Errorf("comes from %q, want %q", got, c.want)
			}
		})
	}
	if _, err := access.ClientIP([]string{"10.0.0.0/8", "proxy"}); err == nil {
		t.Error("a proxy that is no address is accepted")
	}
}

func TestSignInIsLimited(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		from, err := access.ClientIP([]string{"10.0.0.0/8"})
		if err != nil {
			t.Fatal(err)
		}
		handler := from(h.guard.LimitSignIn(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
		try := func(email, ip string) int {
			w, r := httptest.NewRecorder(), httptest.NewRequest("POST", "/sign-in?email="+url.QueryEscape(ip), nil)
			r.PostForm = url.Values{"email": {email}}
			r.RemoteAddr = "10.1.1.1:1"
			r.Header.Set("X-Forwarded-For", "1.2.3.4, "+ip)
			handler.ServeHTTP(w, r)
			return w.Code
		}
		for i := range 10 { // each from elsewhere, each in another spelling
			if got := try([]string{"lan@example.com", " LAN@EXAMPLE.COM"}[i%2], fmt.Sprint("198.51.100.", i)); got != http.StatusOK {
				t.Fatalf("attempt %d for an account gave %d", i+1, got)
			}
		}
		if got := try("Lan@example.com", "198.51.100.99"); got != http.StatusTooManyRequests {
			t.Errorf("attempt 11 for an account gave %d", got)
		}
		for i := range 30 { // each for another account, or for none
			if got := try([]string{fmt.Sprintf("a%d@example.com", i), ""}[i%2], fmt.Sprintf("2001:db8::%x", i)); got != http.StatusOK {
				t.Fatalf("attempt %d of a network gave %d", i+1, got)
			}
		}
		if got := try("b@example.com", "2001:db8::ffff"); got != http.StatusTooManyRequests {
			t.Errorf("attempt 31 of a network gave %d", got)
		}
		if got := try("b@example.com", "2001:db9::1"); got != http.StatusOK {
			t.Errorf("another network is refused too: %d", got)
		}
	})
}

func TestForeignSitesCannotWrite(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		browser := h.cookie()
		for name, c := range map[string]struct {
			headers []string // name, value
			status  int
		}{
			"our own page":            {[]string{"Sec-Fetch-Site", "same-origin"}, 200},
			"typed by hand":           {[]string{"Sec-Fetch-Site", "none"}, 200},
			"an old browser":          {[]string{"Origin", "https://kith.example"}, 200},
			"another site":            {[]string{"Sec-Fetch-Site", "cross-site"}, 403},
			"another site of ours":    {[]string{"Sec-Fetch-Site", "same-site"}, 403},
			"another, an old browser": {[]string{"Origin", "https://evil.example"}, 403},
			"nowhere, an old browser": {[]string{"Origin", "null"}, 403},
		} {
			t.Run(name, func(t *testing.T) {
				h.want(h.ask("POST", "/cases/1/claim", nil, browser, header(c.headers[0], c.headers[1])), c.status, "")
			})
		}
		h.want(h.ask("GET", "/feed", nil, browser, header("Sec-Fetch-Site", "cross-site")), 200, "here") // a link from elsewhere
	})
}
