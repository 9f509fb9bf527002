// Package feed is the Channel for anything that publishes an RSS, Atom or JSON feed: forums, blogs and
// their comments, search alerts. It is the only home of gofeed. A feed can be read by everybody and
// answered by nobody, so its posts are answered by hand, on the page they link to.
//
// A feed has no account. Its address is the native id of the connection, and an item is known by the
// guid its publisher gave it, or else by its link and title.
package feed

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

// What Open refuses.
var (
	errAddress = errors.New("the address of a feed must be a URL with http or https and a host")
	errUser    = errors.New("the address of a feed must not hold a name or a password")
)

const (
	minPoll = time.Minute      // what a small website bears
	maxPoll = 30 * time.Minute // busy forums have few items in their feeds
	// maxLength is what about every forum and blog takes of an answer, in characters.
	maxLength = 10_000
)

// Network is feeds as the registry lists them. Who writes in one has not been asked by anybody whether
// machines may learn from it.
var Network = listeners.Network{
	Name: "RSS", Open: Open, Measure: Measure,
	Policy: listeners.Policy{NoTraining: true, NoMatching: true, NoReceipts: true, Disclosure: true},
	Fields: []listeners.Field{{Name: "address", Kind: "url"}},
}

// Channel is one feed.
type Channel struct {
	address *url.URL
	rules   listeners.Matcher
	client  *http.Client
	now     clock.Func
}

// Open makes the Channel of a connection. Settings: "address" of the feed, by default the native id. A
// connection with rules hears the items that fit one of them, any other hears all.
func Open(a listeners.Access, rt http.RoundTripper) (listeners.Channel, error) {
	typed := strings.TrimSpace(a.Settings["address"])
	if typed == "" {
		typed = a.NativeID
	}
	address, err := url.Parse(typed)
	switch {
	case err != nil || address.Host == "" || address.Scheme != "https" && address.Scheme != "http":
		return nil, errAddress
	case address.User != nil:
		return nil, errUser
	}
	address.Fragment = ""
	c := &Channel{
		address: address, now: a.Now, rules: listeners.NewMatcher(a.Rules),
		client: &http.Client{Transport: listeners.Recorder{Next: rt}},
	}
	return c, nil
}

// Measure counts characters.
func Measure(text string) listeners.Length {
	return listeners.Length{Used: utf8.RuneCountInString(text), Limit: maxLength}
}

// Capabilities are the facts about every feed.
func (c *Channel) Capabilities() listeners.Capabilities {
	return listeners.Capabilities{MaxLength: maxLength, MinPoll: minPoll, MaxPoll: maxPoll}
}

// Check reads the feed, which is named by its title. Strangers can read it too: there is no account that
// could be the wrong one.
func (c *Channel) Check(ctx context.Context) (listeners.Identity, error) {
	call, err := c.get(ctx, place{})
	if err != nil {
		return listeners.Identity{}, err
	}
	doc, err := decode(call)
	if err != nil {
		return listeners.Identity{}, c.malformed(err)
	}
	who := listeners.Identity{NativeID: c.address.String(), Handle: c.address.Hostname(), Name: doc.title}
	if who.Name == "" {
		who.Name = who.Handle
	}
	return who, nil
}
