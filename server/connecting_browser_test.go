package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/server"
	"github.com/kith-social/kith/server/db/dbtest"
	"github.com/kith-social/kith/server/servertest"
	"github.com/kith-social/kith/web"
	"github.com/kith-social/kith/web/browsertest"
)

// door is the address at which people reach a world, known before the world is there.
type door struct {
	*httptest.Server
	URL string // of another site than the network's
	to  *url.URL
}

func newDoor(t *testing.T) *door {
	t.Helper()
	d := &door{}
	d.Server = httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(d.to)
		r.Out.Host = r.In.Host
	}})
	t.Cleanup(d.Close)
	d.URL = strings.Replace(d.Server.URL, "127.0.0.1", "localhost", 1)
	return d
}

// TestConnectOverXInABrowser goes from the list of connections over X's own page to an account that hears, in
// Chromium: the way leaves our site and comes back, and no page breaks its policy.
func TestConnectOverXInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("drives a browser")
	}
	if err := web.CheckAssets(); err != nil {
		t.Fatal(err)
	}
	here := newDoor(t)
	w := servertest.Start(t, dbtest.SQLite(t), func(c *server.Config) { c.PublicURL = here.URL })
	var err error
	if here.to, err = url.Parse(w.URL); err != nil {
		t.Fatal(err)
	}
	w.Join(community.Member{PublicName: "an", Role: community.Admin})
	w.Account("saomaitra")
	var app map[string]string
	sandboxed(t, w, http.MethodGet, "/x/developer/cafe", nil, &app)

	b := browsertest.New(t)
	b.Open(here.URL+"/sign-in/"+signInLink(w, "an"), 1440, 900)
	b.Click("main form button")
	b.Wait(`!location.pathname.startsWith("/sign-in")`)
	b.Open(here.URL+"/connections/add", 1440, 900)
	b.Click(`a[href="/connections/add/x"]`)
	b.Wait(`document.querySelector("#field_client_id") !== null`)
	for name, value := range map[string]string{
		"client_id": "cafe", "client_secret": app["client_secret"], "consumer_secret": app["consumer_secret"], "app_token": app["app_token"], "host": w.Net + "/x",
	} {
		b.Type("#field_"+name, value)
	}
	b.Click(`form[action="/connections/add/x"] button.primary`)
	b.Click(`a[href^="` + w.Net + `/x/i/oauth2/authorize"]`)
	b.Wait(fmt.Sprintf(`location.origin === %q && document.querySelector("select[name=account]") !== null`, w.Net))
	browsertest.Value[bool](b, `(document.querySelector("select[name=account]").value = "saomaitra", true)`)
	b.Click(`button[name=allow][value=yes]`)
	b.Wait(fmt.Sprintf(`location.origin === %q`, here.URL) + ` && /^\/connections\/[0-9]+$/.test(location.pathname)`)
	b.Reads("@saomaitra")
	b.Quiet()
	if n := w.Count("SELECT COUNT(*) FROM connections WHERE handle = 'saomaitra' AND state = 'on'"); n != 1 {
		t.Errorf("%d accounts are connected", n)
	}
	asked := w.Says("lananh", "@saomaitra quán mở cửa mấy giờ vậy ạ?", "")
	w.Wait(servertest.Soon, "the account does not hear", func() bool {
		w.Advance(10 * time.Second)
		return w.Count("SELECT COUNT(*) FROM mentions WHERE native_id = ?", asked) == 1
	})
}
