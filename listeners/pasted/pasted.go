// Package pasted is the Channel for every place that no program of ours may read: groups, films, boards,
// any forum. A member brings the link to a post and copies its words; whoever answers posts the answer by
// hand. It makes no network call, neither to the place nor to anything that a link leads to.
//
// Such a place has no account. A post is known by its link and by who wrote it, because many places give a
// comment no link of its own. A name is all that is known of somebody, so it is taken to be the same
// person on the whole website and nobody elsewhere.
package pasted

import (
	"context"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

// maxLength is what about every website takes of a comment, in characters.
const maxLength = 2_000

// account stands for the brand where it has no account; no author is known as this.
const account = "pasted"

// Network is the places that links lead to. Nobody there was asked whether machines may learn from them.
var Network = listeners.Network{
	Name: "Web", Open: Open, Measure: Measure,
	Policy: listeners.Policy{NoTraining: true, NoMatching: true, NoReceipts: true, Disclosure: true},
}

// Channel is everything that is brought to one brand.
type Channel struct{ now clock.Func }

// Open makes the Channel of a connection. It needs no settings and makes no calls.
func Open(a listeners.Access, _ http.RoundTripper) (listeners.Channel, error) {
	return Channel{a.Now}, nil
}

// Measure counts characters.
func Measure(text string) listeners.Length {
	return listeners.Length{Used: utf8.RuneCountInString(text), Limit: maxLength}
}

// Capabilities are the facts about every such place.
func (Channel) Capabilities() listeners.Capabilities {
	return listeners.Capabilities{MaxLength: maxLength}
}

// Check says who we are without asking anybody.
func (Channel) Check(context.Context) (listeners.Identity, error) {
	return listeners.Identity{NativeID: account, Handle: Network.Name, Name: Network.Name}, nil
}

// Copy makes a post of what somebody has copied. Nobody knows when it was written, so that is now.
func (c Channel) Copy(p listeners.Copied) listeners.Post {
	name := listeners.CleanLine(p.Author)
	who := strings.ToLower(name)
	return listeners.Post{
		NativeID: listeners.Bounded(p.Link.Key + " " + who), ThreadKey: listeners.Bounded(p.Link.Key),
		Author: listeners.Author{NativeID: listeners.Bounded(p.Link.Host + " " + who), Handle: name, Name: name},
		Reason: listeners.Keyword, Surface: listeners.InPublic, Text: strings.TrimSpace(listeners.Clean(p.Text)), URL: p.Link.URL,
		Delivery: listeners.Delivery{Mode: listeners.Assisted, Why: "pasted"}, CreatedAt: c.now(),
	}
}
