package server_test

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server"
	"github.com/kith-social/kith/server/db/dbtest"
	"github.com/kith-social/kith/server/servertest"
)

// publicAddress is where the networks of these stories send people back to.
const publicAddress = "http://kith.test"

// arrival is a page at the end of all redirects.
type arrival struct {
	status int
	path   string
	body   string
}

// wizard is an administrator who connects accounts, and everything that they were shown.
type wizard struct {
	*person
	net   string // address of the network as they enter it
	shown strings.Builder
}

// newWizard is a world that can be connected to a network, with an administrator of each name.
func newWizard(w *servertest.World, name string) *wizard {
	w.Join(community.Member{PublicName: name, Role: community.Admin})
	return &wizard{person: desk(w, name), net: w.Net}
}

func reachable(c *server.Config) { c.PublicURL = publicAddress }

// goes asks for a page, and notes what is shown and where.
func (z *wizard) goes(method, path string, form url.Values) arrival {
	z.w.T.Helper()
	req, err := http.NewRequestWithContext(z.w.T.Context(), method, z.w.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		z.w.T.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "text/html")
	res, err := z.client.Do(req)
	if err != nil {
		z.w.T.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		z.w.T.Fatal(err)
	}
	fmt.Fprintln(&z.shown, res.Request.URL.Path, res.Header, string(body))
	return arrival{res.StatusCode, res.Request.URL.Path, string(body)}
}

// begins fills in the form of a network and gives the address of the network's own page.
func (z *wizard) begins(network string, form url.Values) string {
	z.w.T.Helper()
	return z.leads(z.goes(http.MethodPost, "/connections/add/"+network, form))
}

// leads is where a page of an attempt sends the person.
func (z *wizard) leads(page arrival) string {
	z.w.T.Helper()
	link := regexp.MustCompile(`href="(` + regexp.QuoteMeta(z.net) + `[^"]*oauth[^"]*)"`).FindStringSubmatch(page.body)
	if !strings.HasPrefix(page.path, "/connections/") || link == nil {
		z.w.T.Fatalf("status %d at %s leads nowhere", page.status, page.path)
	}
	return html.UnescapeString(link[1])
}

// decides says yes or no on the network's own page, and gives the path and query that it sends back to.
func (z *wizard) decides(page, who, allow string) string {
	z.w.T.Helper()
	at, err := url.Parse(page)
	if err != nil {
		z.w.T.Fatal(err)
	}
	form := at.Query()
	for _, name := range []string{"account", "as"} {
		form.Set(name, who)
	}
	form.Set("allow", allow)
	at.RawQuery = ""
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.PostForm(at.String(), form)
	if err != nil {
		z.w.T.Fatal(err)
	}
	res.Body.Close()
	back, ok := strings.CutPrefix(res.Header.Get("Location"), publicAddress)
	if !ok {
		z.w.T.Fatalf("the network answers %s and sends to %q", res.Status, res.Header.Get("Location"))
	}
	return back
}

// app is the brand's own app on X.
func (z *wizard) app() url.Values {
	z.w.T.Helper()
	var app map[string]string
	sandboxed(z.w.T.(*testing.T), z.w, http.MethodGet, "/x/developer/cafe", nil, &app)
	return url.Values{
		"field_client_id": {"cafe"}, "field_client_secret": {app["client_secret"]}, "field_consumer_secret": {app["consumer_secret"]},
		"field_app_token": {app["app_token"]}, "field_host": {z.net + "/x"},
	}
}

// keepsSecrets fails where a secret of any connection was shown or logged.
func (z *wizard) keepsSecrets(further ...string) {
	z.w.T.Helper()
	all, err := listeners.Connections(z.w.T.Context(), z.w.App.DB.Read(), 0)
	if err != nil {
		z.w.T.Fatal(err)
	}
	for _, c := range all {
		a, err := c.Open(z.w.App.Keys, z.w.App.Now)
		if err != nil {
			z.w.T.Fatal(err)
		}
		for name, secret := range a.Secrets {
			if name != "scope" && name != "expires_at" && name != "user_expires" {
				further = append(further, secret)
			}
		}
	}
	stored, err := json.Marshal(z.stored())
	if err != nil {
		z.w.T.Fatal(err)
	}
	for place, text := range map[string]string{"a page": z.shown.String(), "the log": z.w.Log(), "the database": string(stored)} {
		for _, secret := range further {
			if len(secret) > 5 && strings.Contains(text, secret) {
				z.w.T.Errorf("%s holds a secret: %.24s…", place, secret)
			}
		}
	}
}

// stored are the texts about connections that people can read.
func (z *wizard) stored() (texts []string) {
	z.w.T.Helper()
	err := z.w.App.DB.Read().NewRaw(`SELECT error FROM connections UNION ALL SELECT settings FROM connections
		UNION ALL SELECT findings FROM examinations UNION ALL SELECT detail FROM activities`).Scan(z.w.T.Context(), &texts)
	if err != nil {
		z.w.T.Fatal(err)
	}
	return texts
}

// asks lets a customer ask an account on X, and waits until the question is a case.
func (z *wizard) asks(handle, text string) (id string) {
	z.w.T.Helper()
	id = z.w.Says("lananh", "@"+handle+" "+text, "")
	z.w.Wait(servertest.Soon, handle+" does not hear", func() bool {
		z.w.Advance(10 * time.Second)
		return z.w.Count("SELECT COUNT(*) FROM mentions WHERE native_id = ?", id) == 1
	})
	return id
}

// TestConnectOverX goes over X's own page: refused, forged, replayed, by somebody else, too late, and at last
// to an account that hears and answers, also after its token has ended.
func TestConnectOverX(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		an, binh := newWizard(w, "an"), newWizard(w, "binh")
		w.Account("saomaitra")
		w.Account("saomaihcm")
		page := an.begins("x", an.app())

		back := an.decides(page, "saomaitra", "no")
		denied := an.goes(http.MethodGet, back, nil)
		if denied.status != http.StatusConflict && denied.status != http.StatusUnprocessableEntity {
			t.Errorf("after a no: status %d", denied.status)
		}
		if page = an.leads(denied); strings.Contains(page, between(t, back, "state=", "&")) {
			t.Error("the next try has the state of the last one")
		}
		refused := func(what string, who *wizard, back string) {
			t.Helper()
			if got := who.goes(http.MethodGet, back, nil); got.status != http.StatusGone {
				t.Errorf("%s: status %d at %s, want 410", what, got.status, got.path)
			}
		}
		refused("a state of an earlier try", an, back)
		refused("a forged state", an, "/connections/callback?code=x&state=forged")
		refused("no state", an, "/connections/callback?code=x")
		back = an.decides(page, "saomaitra", "yes")
		refused("somebody else's way back", binh, back)
		if done := an.goes(http.MethodGet, back, nil); done.status != http.StatusOK || !strings.HasPrefix(done.path, "/connections/") || strings.Contains(done.path, "attempts") {
			t.Fatalf("allowed: status %d at %s", done.status, done.path)
		}
		refused("the same way back again", an, back)
		late := an.decides(an.begins("x", an.app()), "saomaihcm", "yes")
		w.Advance(61 * time.Minute)
		refused("after an hour", an, late)

		asked := an.asks("saomaitra", "quán mở cửa mấy giờ vậy ạ?")
		lan := w.As("lan")
		c := lan.Finds(asked)
		lan.Claims(c.ID)
		lan.Answers(c.ID, "Dạ quán mở cửa từ 7h tới 22h ạ")
		w.Wait(servertest.Soon, "the answer is not on X", func() bool { w.Advance(10 * time.Second); return len(w.Replies(asked)) == 1 })
		version := w.Count("SELECT secrets_version FROM connections WHERE handle = 'saomaitra'")
		w.Advance(3 * time.Hour)
		an.asks("saomaitra", "cuối tuần thì sao ạ?")
		if now := w.Count("SELECT secrets_version FROM connections WHERE handle = 'saomaitra'"); now <= version {
			t.Error("the token ended and was not renewed")
		}

		renewing := an.app()
		renewing.Set("renews", fmt.Sprint(w.Count("SELECT id FROM connections WHERE handle = 'saomaitra'")))
		other := an.goes(http.MethodGet, an.decides(an.begins("x", renewing), "saomaihcm", "yes"), nil)
		if other.status < 400 || w.Count("SELECT COUNT(*) FROM connections WHERE handle = 'saomaihcm'") != 0 {
			t.Errorf("another account instead of the one to renew: status %d at %s", other.status, other.path)
		}
		if same := an.goes(http.MethodGet, an.decides(an.begins("x", renewing), "saomaitra", "yes"), nil); same.status != http.StatusOK {
			t.Errorf("connected again: status %d at %s", same.status, same.path)
		}
		an.keepsSecrets()
	}, reachable)
}

// TestConnectPages lets somebody choose among their Pages, none at first.
func TestConnectPages(t *testing.T) {
	w := servertest.Start(t, dbtest.SQLite(t), reachable)
	an := newWizard(w, "an")
	for _, handle := range []string{"saomaitra", "saomaihcm", "saomaidn"} {
		w.AccountOn("facebook", handle)
	}
	form := url.Values{"field_app_id": {"1000"}, "field_app_secret": {"sandbox-secret-1000"}, "field_host": {w.Net + "/graph"}}
	choice := an.goes(http.MethodGet, an.decides(an.begins("facebook", form), "an_nguyen", "yes"), nil)
	boxes := regexp.MustCompile(`name="account" value="([0-9]+)"`).FindAllStringSubmatch(choice.body, -1)
	if choice.status != http.StatusOK || len(boxes) != 3 {
		t.Fatalf("status %d at %s offers %d Pages", choice.status, choice.path, len(boxes))
	}
	if none := an.goes(http.MethodPost, choice.path, url.Values{}); none.status != http.StatusUnprocessableEntity {
		t.Errorf("without a choice: status %d", none.status)
	}
	if unknown := an.goes(http.MethodPost, choice.path, url.Values{"account": {"42"}}); unknown.status < 400 {
		t.Errorf("a Page that was not offered: status %d", unknown.status)
	}
	two := an.goes(http.MethodPost, choice.path, url.Values{"account": {boxes[0][1], boxes[2][1]}})
	if two.status != http.StatusOK || w.Count("SELECT COUNT(*) FROM connections WHERE network = 'facebook' AND state = 'on'") != 2 {
		t.Errorf("two of three: status %d at %s", two.status, two.path)
	}
	if again := an.goes(http.MethodPost, choice.path, url.Values{"account": {boxes[1][1]}}); again.status != http.StatusGone {
		t.Errorf("the same attempt again: status %d", again.status)
	}
	an.keepsSecrets()
}
