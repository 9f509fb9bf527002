// Package twitter is the Channel for X, over API v2. It is the only home of go-twitter, which builds
// and makes the calls it knows; what comes back is read here, because the library knows neither long posts
// nor edits nor the names X has given its fields since August 2026. Searches, webhooks and what is asked
// about the account are calls of our own: the library counts a search in bytes and does not know the rest.
//
// A source is one of the lists a page of posts comes from: posts that mention the account, the account's
// own posts, and a recent search for every rule. A round reads each source to its end. A dialect is a set
// of field names, "tweet" or "post"; requests use one, answers may use either.
package twitter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	sdk "github.com/g8rswimmer/go-twitter/v2"
	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

const (
	defaultHost = "https://api.x.com"
	minPoll     = 3 * time.Second // 300 calls in 15 minutes for mentions, and for all searches together
	pageSize    = 100
)

// What Open refuses.
var (
	errNoAccount = errors.New("the connection does not say which X account it is")
	errNoToken   = errors.New("the connection has no token for X")
	errHost      = errors.New("the address of X must be a URL with a scheme and a host")
	errDialect   = errors.New("the dialect of X is either tweet or post")
)

// Channel is one brand's account on X.
type Channel struct {
	id, handle string
	rules      []listeners.Rule
	limit      int    // of a post, in weight
	ownApp     bool   // the app belongs to the brand's account: its own timelines are cheap
	sandbox    string // where people read the posts of a sandbox network; "" on X itself
	host       string
	client     *sdk.Client
	http       *http.Client
	ask        dialect
	now        clock.Func
	scrub      func(error) error
	scope      string     // what was granted, as X writes it; "" where nobody knows
	expires    clock.Time // of the token; 0 where nobody knows

	// Secrets stay in functions, where no printing of a Channel finds them.
	user    authorize // as the brand's account
	app     authorize // as the app; nil without its own token
	sign    func(text []byte) [][]byte
	renewal func(context.Context) (map[string]string, error) // nil where the token is all there is
}

// Network is X as the registry lists it. The terms are those of X's developer agreement and guidelines of
// February 2026.
var Network = listeners.Network{
	Name: "X", Open: Open, Measure: Measure, Longest: limitOf, CheckQuery: CheckQuery, Link: link, Compose: compose,
	Fields: fields, AppSecrets: []string{"consumer_secret", "consumer_secret_before"}, Permissions: permissions, Grant: &listeners.OAuth{URL: grantURL, Exchange: exchange},
	Policy: listeners.Policy{NoTraining: true, NoMatching: true, DeleteWithin: 24 * time.Hour, OneReply: true, NoReceipts: true, TextOnce: true, Reach: true},
}

// Open makes the Channel of a connection. Settings: "host" (default https://api.x.com), "dialect" ("tweet",
// the default, or "post"), "plan" (the account's subscription_type: with Premium posts may be long),
// "owned" ("no" where the app belongs to somebody else than the brand, and reading the own timelines costs
// as much as any). Secrets: "token", a bearer token of the brand's account, and what else a grant brings
// (refresh_token, expires_at, scope) or a person fills in (see fields).
func Open(a listeners.Access, rt http.RoundTripper) (listeners.Channel, error) {
	base, err := baseOf(a.Settings)
	if err != nil {
		return nil, err
	}
	ask, known := dialects[a.Settings["dialect"]]
	token := a.Secrets["token"]
	switch {
	case a.NativeID == "":
		return nil, errNoAccount
	case token == "":
		return nil, errNoToken
	case !known:
		return nil, errDialect
	}
	for _, r := range a.Rules {
		if err := CheckQuery(r.Query); err != nil {
			return nil, fmt.Errorf("rule %s: %w", r.ID, err)
		}
	}
	c := &Channel{
		id: a.NativeID, handle: strings.TrimPrefix(a.Handle, "@"), rules: a.Rules, limit: limitOf(a.Settings), ownApp: a.Settings["owned"] != "no",
		sandbox: sandboxPosts(base), host: base.String(), ask: ask, now: a.Now,
		http: &http.Client{
			Transport:     renamer{ask.fieldsName, listeners.Recorder{Next: rt}},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		scrub: func(err error) error { return listeners.Scrub(err, a.Secrets) },
		user:  bearer(token), sign: signer(a.Secrets["consumer_secret"], a.Secrets["consumer_secret_before"]),
		renewal: renewalOf(a, rt), scope: a.Secrets[secretScope], expires: expiry(a.Secrets),
	}
	if app := a.Secrets["app_token"]; app != "" {
		c.app = bearer(app)
	}
	c.client = &sdk.Client{Host: c.host, Authorizer: c.user, Client: c.http}
	return c, nil
}

// baseOf is where a connection's X is.
func baseOf(s listeners.Settings) (*url.URL, error) {
	base, err := url.Parse(strings.TrimRight(cmp.Or(s["host"], defaultHost), "/"))
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return nil, errHost
	}
	return base, nil
}

// limitOf is the weight of the longest post of an account: with a subscription posts may be long.
func limitOf(s listeners.Settings) int {
	if slices.Contains([]string{"basic", "premium", "premiumplus"}, strings.ToLower(s[listeners.SettingPlan])) {
		return longWeight
	}
	return maxWeight
}

// sandboxPosts is where a sandbox network, which plays X below /x, shows its posts.
func sandboxPosts(host *url.URL) string {
	if host.Path != "/x" {
		return ""
	}
	return host.Scheme + "://" + host.Host + "/post/"
}

// authorize keeps the token in a function, where no printing of the client finds it.
type authorize func(*http.Request)

// Add signs a request.
func (f authorize) Add(r *http.Request) { f(r) }

func bearer(token string) authorize {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

// Capabilities are the facts about the account. Every rule is a search of its own, and all of them share
// one limit. X lets nobody edit an answer to somebody else.
func (c *Channel) Capabilities() listeners.Capabilities {
	return listeners.Capabilities{
		MaxLength: c.limit, MinPoll: minPoll * time.Duration(max(len(c.rules), 1)), PageCost: dearestPage,
		Pace:       []listeners.Pace{{Posts: 100, Per: 15 * time.Minute}, {Posts: 300, Per: 3 * time.Hour}, {Posts: 10_000, Per: 24 * time.Hour}},
		ChangeCost: changePrices,
	}
}
