// Package discourse is the Channel for a forum that runs Discourse, over its JSON API.
//
// A source is one of the lists that news comes from: the newest posts of the whole forum, a search for
// each rule, and the account's notifications, which alone tell of private messages. A round reads each
// source to where the round before it began. A topic is the forum's word for a conversation; within it
// posts are numbered, and an answer names the number of the post it answers.
//
// Every answer carries a mark, an HTML comment with the reply's id that no reader of the forum sees, so
// that an answer can be found again for certain and no two are alike.
package discourse

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

const (
	maxLength = 31_900 // characters: the forum's 32,000 less the mark
	editFor   = 24 * time.Hour
	maxRules  = 10

	// Of the calls a minute that a forum takes for all its keys together, 60, a third is for listening.
	callPause = 3 * time.Second
	minPoll   = 10 * time.Second
	// A key of one user is good for 2,880 calls a day, of which two thirds are for listening.
	userCallPause = 45 * time.Second
)

// What Open refuses.
var (
	errNoAccount = errors.New("the connection does not say which account of the forum it is")
	errNoKey     = errors.New("the connection has no key for the forum")
	errAddress   = errors.New("the address of the forum must be a URL with a scheme and a host")
	errHear      = errors.New("what is heard is either all or addressed")
	errRules     = errors.New("a forum can be searched by at most 10 rules")
)

// What a connection hears of a forum.
const (
	hearAll       = "all"       // every post that the account can read: the forum is about the brand
	hearAddressed = "addressed" // what names or answers the account, or matches a rule
)

// Channel is a brand's account on one forum.
type Channel struct {
	id, name string
	base     string // the forum's address without a slash at its end
	rules    []listeners.Rule
	matches  listeners.Matcher
	all      bool // hear every post
	asMember bool
	userKey  bool // the key is one user's, not the forum's
	client   *http.Client
	sign     func(r *http.Request, as string)
	signed   func(body []byte, signature string) bool
	hooked   bool // a webhook secret is known
	now      clock.Func
	scrub    func(error) error
}

// Network is a Discourse forum as the registry lists it.
//
// What members write on a forum is licensed to its readers by the forum's own terms; the terms that
// Discourse ships with allow no commercial use beyond that (CC BY-NC-SA 3.0, as of November 2026), so
// nothing is learned from it. A forum's members are known there by names they chose: they are not
// matched elsewhere. An automatic receipt would be one more post for everybody in the topic.
var Network = listeners.Network{
	Name: "Discourse", Open: Open, Measure: measure,
	Policy: listeners.Policy{
		NoTraining: true, NoMatching: true, NoReceipts: true, Disclosure: true,
		DeleteWithin: 24 * time.Hour, RecheckAfter: 24 * time.Hour,
	},
	Fields: []listeners.Field{
		{Name: "host", Kind: "url"},
		{Name: "key", Secret: true, Kind: "token"},
		{Name: "user", Optional: true},
		{Name: "webhook_secret", Secret: true, Optional: true, Kind: "token"},
		{Name: "webhook_secret_old", Secret: true, Optional: true, Rare: true, Kind: "token"},
		{Name: "hear", Optional: true, Default: hearAll, Options: []string{hearAll, hearAddressed}},
		{Name: "as_member", Optional: true, Default: "no", Options: []string{"no", "yes"}},
	},
	Place:       "host",
	Permissions: []string{"read", "write", "notifications", "session_info"},
	Link:        link,
}

// Open makes the Channel of a connection. Settings: "host", the forum's address with its path, if it has
// one; "user", the account's name there, empty where the key is a User-Api-Key and not the forum's; "hear",
// "all" (the default) or "addressed"; "as_member", "yes" where members answer under their own names there,
// for which the forum's key must be one for all users. Secrets: "key"; "webhook_secret" and, while it is
// being changed, "webhook_secret_old".
func Open(a listeners.Access, rt http.RoundTripper) (listeners.Channel, error) {
	base, err := url.Parse(strings.TrimRight(a.Settings["host"], "/"))
	hear, key, user := a.Settings["hear"], a.Secrets["key"], strings.TrimPrefix(a.Settings["user"], "@")
	switch {
	case a.NativeID == "":
		return nil, errNoAccount
	case key == "":
		return nil, errNoKey
	case err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" || base.RawQuery != "" || base.User != nil:
		return nil, errAddress
	case hear != "" && hear != hearAll && hear != hearAddressed:
		return nil, errHear
	case len(a.Rules) > maxRules:
		return nil, errRules
	}
	base.Fragment = ""
	hooks := []string{a.Secrets["webhook_secret"], a.Secrets["webhook_secret_old"]}
	return &Channel{
		id: a.NativeID, name: strings.TrimPrefix(a.Handle, "@"), base: base.String(), rules: a.Rules, matches: listeners.NewMatcher(a.Rules),
		all: hear != hearAddressed, asMember: user != "" && a.Settings["as_member"] == "yes", userKey: user == "",
		client: &http.Client{
			Transport:     listeners.Recorder{Next: rt},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		sign: func(r *http.Request, as string) {
			if user == "" {
				r.Header.Set("User-Api-Key", key)
				return
			}
			if as == "" {
				as = user
			}
			r.Header.Set("Api-Key", key)
			r.Header.Set("Api-Username", as)
		},
		signed: func(body []byte, signature string) bool { return signedBy(hooks, body, signature) },
		hooked: hooks[0]+hooks[1] != "",
		now:    a.Now,
		scrub:  func(err error) error { return listeners.Scrub(err, a.Secrets) },
	}, nil
}

// Capabilities are the facts about the account: how often it may call depends on its key.
func (c *Channel) Capabilities() listeners.Capabilities {
	calls := time.Duration(2 + len(c.rules)) // of a round that brings nothing
	pause := max(calls*callPause, minPoll)
	if c.userKey {
		pause = calls * userCallPause
	}
	return listeners.Capabilities{
		MaxLength: maxLength, MinPoll: pause, EditFor: editFor, AsMember: c.asMember,
		Pace: []listeners.Pace{{Posts: 30, Per: time.Minute}},
	}
}

// Check asks the forum whose key this is; a stranger is told that there is nobody.
func (c *Channel) Check(ctx context.Context) (listeners.Identity, error) {
	const doing = "ask the forum who we are"
	u, err := c.current(ctx, doing, "")
	if err != nil {
		return listeners.Identity{}, err
	}
	who := listeners.Identity{NativeID: digits(u.Get("id")), Handle: listeners.CleanLine(u.Get("username").Str), Name: listeners.CleanLine(u.Get("name").Str)}
	if who.NativeID == "" || who.Handle == "" {
		return listeners.Identity{}, c.malformed(doing, errors.New("the answer names no account"))
	}
	return who, nil
}

// current is the account that a call is made as.
func (c *Channel) current(ctx context.Context, doing, as string) (gjson.Result, error) {
	a, err := c.get(ctx, doing, "/session/current.json", nil, as)
	if isClass(err, listeners.Gone) {
		err = c.failure(listeners.AuthRevoked, http.StatusNotFound, doing, errGuest)
	}
	return a.Get("current_user"), err
}

// measure counts as the forum does: characters, without the spaces at the end. What is too short for a
// forum is found out when it is posted, for every forum has its own least length.
func measure(text string) listeners.Length {
	return listeners.Length{Used: utf8.RuneCountInString(text), Limit: maxLength}
}

// Measure tells how long a text is in the forum's counting.
func (c *Channel) Measure(text string) listeners.Length { return measure(text) }

// link reads the short address of a post, /p/ and its id. The long address names a topic and a number
// in it, which only the forum can turn into an id.
func link(s listeners.Settings, link string) string {
	base := strings.TrimRight(s["host"], "/")
	rest, ok := strings.CutPrefix(link, base+"/p/")
	if !ok || base == "" {
		return ""
	}
	id, _, _ := strings.Cut(rest, "/")
	id, _, _ = strings.Cut(id, "?")
	if id, _, _ = strings.Cut(id, "#"); !isID(id) {
		return ""
	}
	return id
}

func (c *Channel) url(id string) string { return c.base + "/p/" + id }
