// Package nodebb is the Channel for NodeBB forums, over their read API and write API v3.
//
// The words used here: a topic is a thread with a tid; its posts have pids, the first of them is the main
// post; a post may answer another, its toPid. A token is a user's own, or a master token, which acts as
// any user: every call then says as whom, by uid. A token that is wrong makes us a guest on what guests
// may read, so every answer is looked at for whom it was given to.
package nodebb

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/tidwall/gjson"
)

const (
	minPoll   = 10 * time.Second // a forum runs on one machine
	maxPoll   = 10 * time.Minute
	maxLength = 32_767 // as forums are set up, in UTF-16 units
	// New users may answer once in ten seconds.
	newbiePause = 10 * time.Second
)

// What Open refuses.
var (
	errNoToken = errors.New("the connection has no token for the forum")
	errAddress = errors.New("the address of a forum must be a URL with http or https and a host")
	errUID     = errors.New("the user of a master token is a number")
	errHear    = errors.New("a forum is heard wholly (all) or where the brand is named (named)")
)

// Network is NodeBB as the registry lists it. A forum's own terms may allow more, but who writes there has
// been asked by nobody whether machines may learn from it.
var Network = listeners.Network{
	Name: "NodeBB", Open: Open, Measure: Measure, Link: link,
	Policy: listeners.Policy{NoTraining: true, NoMatching: true, Disclosure: true},
	Fields: []listeners.Field{
		{Name: "address", Kind: "url"},
		{Name: "token", Secret: true, Kind: "token"},
		{Name: "uid", Optional: true, Rare: true},
		{Name: "hear", Optional: true, Default: hearAll, Options: []string{hearAll, hearNamed}},
	},
	Place:       "address",
	Permissions: []string{"topics:read", "topics:reply", "posts:edit", "posts:delete"},
}

// What of a forum is heard.
const (
	hearAll   = "all"   // every post: it is the brand's own forum
	hearNamed = "named" // posts that name or answer the account, and those that fit a rule
)

// Channel is one user of one forum.
type Channel struct {
	id, handle string
	base       *url.URL // without a slash at the end
	master     bool
	named      bool
	rules      listeners.Matcher
	client     *http.Client
	sign       func(*http.Request)
	scrub      func(error) error
	now        clock.Func
}

// Open makes the Channel of a connection. Settings: "address" of the forum, also in a subfolder; "uid" of
// the brand's user, only with a master token; "hear": "all", the default, or "named". Secrets: "token".
func Open(a listeners.Access, rt http.RoundTripper) (listeners.Channel, error) {
	base, err := url.Parse(strings.TrimRight(strings.TrimSpace(a.Settings["address"]), "/"))
	uid, hear, token := a.Settings["uid"], a.Settings["hear"], a.Secrets["token"]
	switch {
	case err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" || base.User != nil || base.RawQuery != "":
		return nil, errAddress
	case token == "":
		return nil, errNoToken
	case uid != "" && !isNumber(uid):
		return nil, errUID
	case hear != "" && hear != hearAll && hear != hearNamed:
		return nil, errHear
	}
	c := &Channel{
		id: a.NativeID, handle: a.Handle, base: base, master: uid != "", named: hear == hearNamed,
		rules: listeners.NewMatcher(a.Rules), now: a.Now,
		sign:  func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) },
		scrub: func(err error) error { return listeners.Scrub(err, a.Secrets) },
		client: &http.Client{
			Transport:     listeners.Recorder{Next: rt},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	if c.master {
		c.id = uid
	}
	return c, nil
}

// Measure counts UTF-16 units, as the forum's script does, which forgives spaces at the end.
func Measure(text string) listeners.Length {
	return listeners.Length{Used: len(utf16.Encode([]rune(text))), Limit: maxLength}
}

// Measure counts a text.
func (c *Channel) Measure(text string) listeners.Length { return Measure(text) }

// Capabilities are the facts about a user of a forum that is set up as usual.
func (c *Channel) Capabilities() listeners.Capabilities {
	return listeners.Capabilities{
		MaxLength: maxLength, MinPoll: minPoll, MaxPoll: maxPoll, EditFor: listeners.Forever, AsMember: c.master,
		Pace: []listeners.Pace{{Posts: 1, Per: newbiePause}},
	}
}

// Check asks the forum whose token this is.
func (c *Channel) Check(ctx context.Context) (listeners.Identity, error) {
	me, err := c.self(ctx)
	if err != nil {
		return listeners.Identity{}, err
	}
	return listeners.Identity{
		NativeID: me.Get("uid").String(), Handle: listeners.CleanLine(me.Get("username").Str), Name: nameOf(me),
	}, nil
}

func (c *Channel) self(ctx context.Context) (gjson.Result, error) {
	const doing = "ask the forum who we are"
	me, call, err := c.get(ctx, doing, "/api/self", nil)
	if err != nil {
		return me, err
	}
	if uid := me.Get("uid").String(); !isNumber(uid) || uid == "0" {
		return me, c.failed(doing, call, listeners.AuthExpired, errGuest)
	}
	return me, nil
}

// Examine looks at what keeps a user from answering.
func (c *Channel) Examine(ctx context.Context) ([]listeners.Finding, error) {
	me, err := c.self(ctx)
	if err != nil {
		return nil, err
	}
	var found []listeners.Finding
	if me.Get("banned").Bool() {
		found = append(found, listeners.Finding{Code: "forum_banned", Level: listeners.Problem, Detail: []string{me.Get("username").Str}})
	}
	if c.master {
		found = append(found, listeners.Finding{Code: "forum_as_members", Level: listeners.Fine})
	} else {
		found = append(found, listeners.Finding{Code: "forum_as_brand_only", Level: listeners.Fine})
	}
	return found, nil
}

var postPath = regexp.MustCompile(`^/post/([0-9]{1,19})$`)

// link reads a link to a post. Links to a place in a topic count posts and do not say which one it is.
func link(s listeners.Settings, link string) string {
	base, err := url.Parse(strings.TrimRight(s["address"], "/"))
	u, err2 := url.Parse(strings.TrimSpace(link))
	if err != nil || err2 != nil || !strings.EqualFold(base.Host, u.Host) {
		return ""
	}
	path, below := strings.CutPrefix(u.Path, base.Path)
	if m := postPath.FindStringSubmatch(path); below && m != nil {
		return m[1]
	}
	return ""
}

// isNumber tells whether s is a number as forums count posts and users.
func isNumber(s string) bool {
	return s != "" && len(s) <= 19 && strings.Trim(s, "0123456789") == ""
}
