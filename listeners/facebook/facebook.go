// Package facebook is the Channel for a Facebook Page, over the Graph API. It is the only home of
// huandu/facebook, which builds and makes the calls; what comes back is read here, because the library
// drops the status, so that a broken answer looks like a success, and follows links that end too early.
//
// A source is one of the lists a round reads: what the Page published, what visitors wrote on it, what
// tags it, its reviews and its conversations. What happens below an item of a list, the comments of a post
// or the messages of a conversation, is read where the item says that something new is there. A post is
// known by the id OWNER_POST, a comment by POST_COMMENT, a message by m_…, a review by its story.
package facebook

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	sdk "github.com/huandu/facebook/v2"
	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/tidwall/gjson"
)

const (
	defaultHost    = "https://graph.facebook.com"
	defaultVersion = "v25.0"
	dialogHost     = "https://www.facebook.com"
	minPoll        = 20 * time.Second // five calls and more a round, of 4,800 a day for each person who deals with the Page
	maxPoll        = 15 * time.Minute
)

// What Open refuses.
var (
	errNoPage  = errors.New("the connection does not say which Facebook Page it is")
	errNoToken = errors.New("the connection has no token for Facebook")
	errHost    = errors.New("the address of Facebook must be a URL with a scheme and a host")
	errVersion = errors.New("the version of the Graph API is written like v25.0")
)

var versionForm = regexp.MustCompile(`^v[0-9]{1,3}\.[0-9]$`)

// Channel is one brand's Facebook Page.
type Channel struct {
	id      string
	appID   string
	own     string // the person who let us use the Page, as the app knows them
	sandbox string // where people read the posts of a sandbox network; "" on Facebook itself
	window  time.Duration
	expires clock.Time
	page    *sdk.Session // acts as the Page
	app     *sdk.Session // acts as the app; nil where its secret is not known
	hook    hook
	renew   func(context.Context) (map[string]string, error)
	now     clock.Func
	scrub   func(error) error
}

// Network is Facebook as the registry lists it. Meta forbids to build profiles without consent, and wants
// what is deleted or asked to be deleted gone.
var Network = listeners.Network{
	Name: "Facebook", Open: Open, Measure: Measure, Link: Link,
	Policy: listeners.Policy{NoMatching: true, DeleteWithin: 24 * time.Hour, TextOnce: true},
	Fields: []listeners.Field{
		{Name: "app_id"},
		{Name: "app_secret", Secret: true, Kind: "token"},
		{Name: "app_secret_old", Secret: true, Optional: true, Rare: true, Kind: "token"},
		{Name: "version", Optional: true, Rare: true, Default: defaultVersion},
		{Name: "human_agent", Optional: true, Default: "yes", Options: []string{"yes", "no"}},
		{Name: "host", Optional: true, Rare: true, Default: defaultHost, Kind: "url"},
	},
	AppSecrets:  []string{"app_secret", "app_secret_old"},
	HidesPhones: true,
	Permissions: permissions,
	Grant:       &listeners.OAuth{URL: dialogURL, Exchange: exchange},
}

// permissions are what a Page is heard and answered with. Meta writes the last but one also as
// pages_read_user_engagement; what an app has is what it was granted.
var permissions = []string{
	"pages_show_list", "pages_manage_metadata", "pages_read_engagement", "pages_manage_engagement",
	"pages_read_user_content", "pages_messaging",
}

// Open makes the Channel of a connection. Settings: "host" and "version" of the Graph API, "app_id",
// "human_agent" ("no" where the app may answer messages only within 24 hours), "user" (who let us use the
// Page). Secrets: "token", the Page's; "app_secret" and, while it is changed, "app_secret_old"; "user_token"
// and "user_expires" (Unix seconds), with which the Page's is renewed.
func Open(a listeners.Access, rt http.RoundTripper) (listeners.Channel, error) {
	g, err := dial(a.Settings, a.Secrets, rt)
	switch {
	case err != nil:
		return nil, err
	case !isID(a.NativeID):
		return nil, errNoPage
	case a.Secrets["token"] == "":
		return nil, errNoToken
	}
	c := &Channel{
		id: a.NativeID, appID: a.Settings["app_id"], own: a.Settings["user"], sandbox: g.sandbox, window: humanWindow,
		expires: expiry(a.Secrets), page: g.session(a.Secrets["token"]), now: a.Now,
		hook: newHook(a.Secrets, a.NativeID),
	}
	if a.Settings["human_agent"] == "no" {
		c.window = window
	}
	hidden := map[string]string{"proof": c.page.AppsecretProof()}
	if c.appID != "" && a.Secrets["app_secret"] != "" {
		c.app = g.session(c.appID + "|" + a.Secrets["app_secret"])
		hidden["app proof"], hidden["app token"] = c.app.AppsecretProof(), c.app.AccessToken()
	}
	for name, s := range a.Secrets {
		if name != "user_expires" {
			hidden[name] = s
		}
	}
	c.scrub = func(err error) error { return listeners.Scrub(err, hidden) }
	c.renew = func(ctx context.Context) (map[string]string, error) { return c.renewed(ctx, g, a.Secrets) }
	return c, nil
}

// graph is how the Graph API is reached for one app.
type graph struct {
	app     *sdk.App
	base    string
	version string
	dialog  string // where people grant access
	sandbox string
	client  *http.Client
}

func dial(s listeners.Settings, secrets map[string]string, rt http.RoundTripper) (*graph, error) {
	g := &graph{
		base: strings.TrimRight(cmp.Or(s["host"], defaultHost), "/"), version: cmp.Or(s["version"], defaultVersion), dialog: dialogHost,
		app: sdk.New(s["app_id"], secrets["app_secret"]),
		client: &http.Client{
			Transport:     listeners.Recorder{Next: rt},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	at, err := url.Parse(g.base)
	switch {
	case err != nil || at.Host == "" || at.Scheme != "https" && at.Scheme != "http":
		return nil, errHost
	case !versionForm.MatchString(g.version):
		return nil, errVersion
	}
	if g.base != defaultHost {
		g.dialog = g.base
	}
	if at.Path == "/graph" { // a sandbox network plays Facebook below it
		g.sandbox = at.Scheme + "://" + at.Host + "/post/"
	}
	g.app.EnableAppsecretProof = secrets["app_secret"] != ""
	return g, nil
}

// session is a library session with the connection's version. The token goes in a header, so that it
// stands in no URL.
func (g *graph) session(token string) *sdk.Session {
	s := g.app.Session(token)
	s.BaseURL, s.Version, s.HttpClient = g.base+"/", g.version, g.client
	s.UseAuthorizationHeader()
	return s
}

// Capabilities are the facts about a Page.
func (c *Channel) Capabilities() listeners.Capabilities {
	return listeners.Capabilities{MaxLength: maxComment, MinPoll: minPoll, MaxPoll: maxPoll, EditFor: listeners.Forever, Privately: humanWindow}
}

// Check asks Facebook whose token this is.
func (c *Channel) Check(ctx context.Context) (listeners.Identity, error) {
	const doing = "ask Facebook who we are"
	me, _, err := c.get(ctx, doing, "me", sdk.Params{"fields": "id,name,username"})
	if err != nil {
		return listeners.Identity{}, err
	}
	who := listeners.Identity{NativeID: me.Get("id").Str, Name: listeners.CleanLine(me.Get("name").Str)}
	who.Handle = cmp.Or(listeners.CleanLine(me.Get("username").Str), who.Name)
	if !isID(who.NativeID) || who.Name == "" {
		return listeners.Identity{}, c.malformed(doing, errors.New("the answer names no account"))
	}
	return who, nil
}

// emptyAnswer is what the library decodes in place of what is read here.
var emptyAnswer = []byte("{}")

// get makes one call that reads. The parameters are the library's to change.
func (c *Channel) get(ctx context.Context, doing, path string, params sdk.Params) (gjson.Result, *listeners.Exchange, error) {
	return c.read(ctx, doing, c.page, path, params)
}

func (c *Channel) read(ctx context.Context, doing string, as *sdk.Session, path string, params sdk.Params) (gjson.Result, *listeners.Exchange, error) {
	ctx, call := listeners.Record(ctx, emptyAnswer)
	_, err := as.WithContext(ctx).Get(path, params)
	v, err := c.answer(doing, call, err)
	return v, call, err
}

// answer is what a read brought, or why it failed.
func (c *Channel) answer(doing string, call *listeners.Exchange, err error) (gjson.Result, error) {
	v, ok := parse(call.Body)
	switch {
	case err != nil || call.Status >= 300 || v.Get("error").Exists():
		return v, c.readError(doing, call, err)
	case !ok:
		return v, c.malformed(doing, listeners.ErrNotJSON)
	}
	return v, nil
}
