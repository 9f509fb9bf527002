// Package twitter is the Channel for X, over API v2. It is the only home of go-twitter, which builds
// and makes the calls; what comes back is read here, because the library knows neither long posts nor
// edits nor the names X has given its fields since August 2026.
//
// A source is one of the lists a page of posts comes from: posts that mention the account, the account's
// own posts, and a recent search where the connection listens for words. A round reads each source to
// its end. A dialect is a set of field names, "tweet" or "post"; requests use one, answers may use either.
package twitter

import (
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
	"github.com/tidwall/gjson"
)

const (
	defaultHost = "https://api.x.com"
	minPoll     = 3 * time.Second // 300 calls in 15 minutes for mentions and for search
	pageSize    = 100
	maxQuery    = 512 // the library counts bytes
)

// What Open refuses.
var (
	errNoAccount = errors.New("the connection does not say which X account it is")
	errNoToken   = errors.New("the connection has no token for X")
	errHost      = errors.New("the address of X must be a URL with a scheme and a host")
	errDialect   = errors.New("the dialect of X is either tweet or post")
	errQuery     = errors.New("the words to listen for are longer than 512 bytes")
)

// Channel is one brand's account on X.
type Channel struct {
	id, handle string
	listen     string
	sandbox    string // where people read the posts of a sandbox network; "" on X itself
	client     *sdk.Client
	ask        dialect
	now        clock.Func
	scrub      func(error) error
}

// Network is X as the registry lists it.
var Network = listeners.Network{
	Name: "X", Open: Open, Measure: Measure,
	Policy: listeners.Policy{NoTraining: true, NoMatching: true, DeleteWithin: 24 * time.Hour, OneReply: true, NoReceipts: true, TextOnce: true},
}

// Open makes the Channel of a connection. Settings: "host" (default https://api.x.com), "listen" (a
// search query, optional), "dialect" ("tweet", the default, or "post"). Secrets: "token", a bearer token
// of the brand's account.
func Open(a listeners.Access, rt http.RoundTripper) (listeners.Channel, error) {
	host := strings.TrimRight(a.Settings["host"], "/")
	if host == "" {
		host = defaultHost
	}
	base, err := url.Parse(host)
	ask, known := dialects[a.Settings["dialect"]]
	token := a.Secrets["token"]
	switch {
	case a.NativeID == "":
		return nil, errNoAccount
	case token == "":
		return nil, errNoToken
	case err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http":
		return nil, errHost
	case !known:
		return nil, errDialect
	case len(a.Settings["listen"]) > maxQuery:
		return nil, errQuery
	}
	return &Channel{
		id: a.NativeID, handle: strings.TrimPrefix(a.Handle, "@"), listen: a.Settings["listen"],
		sandbox: sandboxPosts(base), ask: ask, now: a.Now,
		client: &sdk.Client{
			Host:       host,
			Authorizer: authorize(func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }),
			Client: &http.Client{
				Transport:     renamer{ask.fieldsName, listeners.Recorder{Next: rt}},
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			},
		},
		scrub: func(err error) error { return listeners.Scrub(err, a.Secrets) },
	}, nil
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

// Capabilities are the facts about an account without Premium.
func (c *Channel) Capabilities() listeners.Capabilities {
	return listeners.Capabilities{MaxLength: maxWeight, MinPoll: minPoll}
}

// Check asks X whose token this is.
func (c *Channel) Check(ctx context.Context) (listeners.Identity, error) {
	ctx, call := listeners.Record(ctx, nil)
	_, err := c.client.AuthUserLookup(ctx, sdk.UserLookupOpts{})
	if err := c.readError("ask X who we are", call, err); err != nil {
		return listeners.Identity{}, err
	}
	u := gjson.GetBytes(call.Body, "data")
	who := listeners.Identity{NativeID: u.Get("id").Str, Handle: cleanLine(u.Get("username").Str), Name: cleanLine(u.Get("name").Str)}
	if !isID(who.NativeID) || who.Handle == "" {
		return listeners.Identity{}, c.malformed("ask X who we are", errors.New("the answer names no account"))
	}
	return who, nil
}

// Hydrate reads posts again. A post is gone only where X says that it is gone or hidden from us.
func (c *Channel) Hydrate(ctx context.Context, nativeIDs []string) (listeners.Page, error) {
	var all listeners.Page
	for len(nativeIDs) > 0 {
		n := min(len(nativeIDs), pageSize)
		some, err := c.lookUp(ctx, nativeIDs[:n])
		if err != nil {
			return listeners.Page{}, err
		}
		all.Posts, all.Gone, nativeIDs = append(all.Posts, some.Posts...), append(all.Gone, some.Gone...), nativeIDs[n:]
	}
	return all, nil
}

func (c *Channel) lookUp(ctx context.Context, ids []string) (listeners.Page, error) {
	const doing = "read posts again"
	var none listeners.Page
	for _, id := range ids {
		if !isID(id) {
			return none, &listeners.Error{Class: listeners.Invalid, Err: fmt.Errorf("%s: %q is not the id of a post on X", doing, id)}
		}
	}
	ctx, call := listeners.Record(ctx, emptyAnswer)
	_, err := c.client.TweetLookup(ctx, ids, sdk.TweetLookupOpts{
		TweetFields: c.ask.fields, Expansions: c.ask.expansions, UserFields: userFields,
	})
	if call.Status == http.StatusNotFound && len(ids) == 1 {
		return listeners.Page{Gone: []listeners.Removal{{NativeID: ids[0], Why: listeners.Deleted}}}, nil
	}
	if err := c.readError(doing, call, err); err != nil {
		return none, err
	}
	a, err := decode(call.Body)
	if err != nil {
		return none, c.malformed(doing, err)
	}
	page := c.normalise(a, listeners.Mentioned)
	if len(page.Rejected) > 0 {
		return none, c.malformed(doing, errors.New(page.Rejected[0].Reason))
	}
	known := make(map[string]bool, len(ids))
	for _, p := range a.posts {
		known[p.id] = true
		for _, id := range p.versions {
			known[id] = true
		}
	}
	for _, id := range a.gone {
		known[id] = true
		if slices.Contains(ids, id) {
			page.Gone = append(page.Gone, listeners.Removal{NativeID: id, Why: listeners.Deleted})
		}
	}
	for _, id := range ids {
		if !known[id] {
			return none, c.malformed(doing, fmt.Errorf("the answer says nothing about post %s", id))
		}
	}
	return page, nil
}
