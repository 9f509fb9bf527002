// Package channeltest is the conformance suite that every network's Channel runs against a server that
// speaks the network's protocol. A case has the number it has in the project's list of cases; a case
// that says nothing about a network, or about Channels at all, is listed with the reason.
package channeltest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

// Network is one network as a test plays it: it is the customers, the weather and the brand.
type Network struct {
	Brand listeners.Identity
	// Open opens the Channel of the brand's account.
	Open func(*testing.T, Options) listeners.Channel
	// Post writes as a customer, or as the brand, and returns the native id.
	Post func(*testing.T, Post) string
	// Delete takes a post away.
	Delete func(t *testing.T, nativeID string)
	// Weather makes calls to a route suffer a fault, count times, or always for 0. No fault clears all.
	Weather func(t *testing.T, route, fault string, count int)
	// Ledger lists what is on the network, in order.
	Ledger func(*testing.T) []Post
	// Secrets are what must never be seen in an error.
	Secrets []string

	// ReadRoute and ReplyRoute are what Weather calls the reading of new posts and the posting of answers.
	ReadRoute, ReplyRoute string
	// At gives a native id as the network makes it at a moment, for posts that arrive late.
	At func(clock.Time) (nativeID string)
	// NA are cases that cannot be on this network, with the reason. A Channel that lacks an interface needs
	// a reason for each case that asks for it.
	NA map[string]string

	// What only some networks know. A test of one that has it sets it.

	Edit    func(t *testing.T, nativeID, text string)
	Hide    func(t *testing.T, nativeID string, hidden bool)
	Protect func(t *testing.T, handle string) // hides all that an account writes from us
	// Hold makes the network keep the brand's answers back, and lets through or refuses one that it keeps.
	Hold   func(t *testing.T, on bool)
	Decide func(t *testing.T, nativeID string, approve bool)
	// Subscribe makes the network bring news to a URL; nil where the Channel is a Subscriber.
	Subscribe func(t *testing.T, callback string)
	// Rotate gives Options of a Channel whose first webhook secret is a new one and whose second is the one
	// in use.
	Rotate func(*testing.T) Options
	// Renewable gives secrets that a person has just granted; Expire ends those that are in use, Revoke takes
	// the grant away.
	Renewable func(*testing.T) map[string]string
	Expire    func(t *testing.T, secrets map[string]string)
	Revoke    func(t *testing.T, secrets map[string]string)
}

// Options of one opening.
type Options struct {
	Listen  string                                         // words to listen for besides mentions
	Secrets map[string]string                              // instead of those of the brand's account
	Now     clock.Func                                     // default clock.System
	Wrap    func(next http.RoundTripper) http.RoundTripper // stands between the Channel and the network
}

// Post is a post as a customer writes it, or as it stands in the ledger.
type Post struct {
	ID        string
	Author    string // handle
	Text      string
	InReplyTo string
	CreatedAt clock.Time // 0: now
}

type testCase struct {
	id, name string
	run      func(*testing.T, *Network)
	// needs tells whether a network can be asked this at all; nil: every one.
	needs func(*Network, listeners.Channel) bool
}

// elsewhere are the cases that no Channel can decide alone, with the reason.
var elsewhere = map[string]string{
	"C07":     "what stays deleted is decided where posts are stored",
	"C10":     "the dialects of a network are run as two networks",
	"C20-C27": "no Channel reads a stream: the SDK's reader loses messages, and webhooks with a slow poll behind them hear the same",
	"C33":     "body limit and content type belong to the address that takes webhooks",
	"C34":     "how fast a webhook is taken belongs to the address that takes it",
	"C47":     "crashes between commit and send belong to the Deliverer",
	"C53":     "budgets are kept by the Poller and the Deliverer",
	"C54":     "replicas belong to the Deliverer",
}

// Case is one case of the suite: what it is called, and what it asks, or why it is shown elsewhere.
type Case struct{ ID, Name string }

func suite() []testCase { return slices.Concat(reading, changing, bringing, replying, keeping) }

// Cases are those that Run runs, in its order.
func Cases() []Case {
	var list []Case
	for _, c := range suite() {
		list = append(list, Case{c.id, c.name})
	}
	return list
}

// Elsewhere are the cases that no Channel can decide alone.
func Elsewhere() []Case {
	var list []Case
	for _, id := range slices.Sorted(maps.Keys(elsewhere)) {
		list = append(list, Case{id, elsewhere[id]})
	}
	return list
}

// Run runs every case against a fresh network each.
func Run(t *testing.T, start func(*testing.T) *Network) {
	for _, c := range suite() {
		t.Run(c.id+" "+c.name, func(t *testing.T) {
			n := start(t)
			if why, ok := n.NA[c.id]; ok {
				t.Skipf("%s n/a: %s", c.id, why)
			}
			if c.needs != nil && !c.needs(n, n.Open(t, Options{})) {
				t.Fatalf("this network has nothing to play %s with, and no reason for that", c.id)
			}
			c.run(t, n)
		})
	}
}

// round fetches until nothing more is waiting. Between pages the Channel is opened anew: it must keep
// nothing that is not in the cursor.
func round(t *testing.T, n *Network, o Options, from listeners.Cursor) ([]listeners.Post, listeners.Cursor) {
	t.Helper()
	var posts []listeners.Post
	for range 100 {
		page := fetch(t, n.Open(t, o), from)
		for _, r := range page.Rejected {
			t.Errorf("rejected: %s: %.200s", r.Reason, r.Raw)
		}
		posts, from = append(posts, page.Posts...), page.Next
		if !page.More {
			return posts, from
		}
	}
	t.Fatal("100 pages and no end")
	return nil, ""
}

func fetch(t *testing.T, ch listeners.Channel, from listeners.Cursor) listeners.Page {
	t.Helper()
	page, err := ch.(listeners.Fetcher).Fetch(context.Background(), from)
	if err != nil {
		t.Fatalf("fetch from %q: %v", from, err)
	}
	if len(page.Next) > 4096 {
		t.Errorf("the cursor has %d bytes, at most 4096 are allowed", len(page.Next))
	}
	return page
}

// ids are the native ids of posts, sorted, each once.
func ids(posts []listeners.Post) []string {
	var list []string
	for _, p := range posts {
		list = append(list, p.NativeID)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func wantIDs(t *testing.T, what string, posts []listeners.Post, want []string) {
	t.Helper()
	want = slices.Sorted(slices.Values(want))
	if got := ids(posts); !slices.Equal(got, want) {
		t.Errorf("%s: got %d posts, want %d\ngot  %.300q\nwant %.300q", what, len(got), len(want), got, want)
	}
}

func find(t *testing.T, posts []listeners.Post, id string) listeners.Post {
	t.Helper()
	at := slices.IndexFunc(posts, func(p listeners.Post) bool { return p.NativeID == id })
	if at < 0 {
		t.Fatalf("post %s was not heard; heard %.300q", id, ids(posts))
	}
	return posts[at]
}

// reply makes one attempt and wants its error to have the class, or none where class is "".
func reply(t *testing.T, ch listeners.Channel, out listeners.Outgoing, class listeners.Class) (listeners.Sent, error) {
	t.Helper()
	sent, err := ch.(listeners.Replier).Reply(context.Background(), out)
	wantClass(t, "reply", err, class)
	return sent, err
}

func wantClass(t *testing.T, what string, err error, class listeners.Class) {
	t.Helper()
	var e *listeners.Error
	switch {
	case class == "" && err != nil:
		t.Fatalf("%s: %v", what, err)
	case class != "" && !errors.As(err, &e):
		t.Fatalf("%s: got error %v, want class %s", what, err, class)
	case class != "" && e.Class != class:
		t.Fatalf("%s: got class %s, want %s: %v", what, e.Class, class, err)
	}
}

func reconcile(t *testing.T, ch listeners.Channel, out listeners.Outgoing, since clock.Time, want listeners.Verdict) listeners.Sent {
	t.Helper()
	verdict, sent, err := ch.(listeners.Replier).Reconcile(context.Background(), out, since)
	if err != nil || verdict != want {
		t.Fatalf("reconcile: got %s, %v, want %s", verdict, err, want)
	}
	return sent
}

// answer is an answer to a post, with everything that the network needs to place it.
func answer(t *testing.T, n *Network, parent, text string) listeners.Outgoing {
	t.Helper()
	page, err := n.Open(t, Options{}).(listeners.Hydrator).Hydrate(context.Background(), []string{parent})
	if err != nil || len(page.Posts) != 1 {
		t.Fatalf("read post %s: %+v, %v", parent, page, err)
	}
	p := page.Posts[0]
	replies++
	return listeners.Outgoing{
		ID: fmt.Sprintf("0190b5a0-0000-7000-8000-%012x", replies), ParentID: p.NativeID, ThreadKey: p.ThreadKey, Target: p.Target,
		Surface: p.Surface, Text: text,
	}
}

var replies int // of this run; cases run one after the other

// answers are the brand's posts that answer a post.
func answers(t *testing.T, n *Network, parent string) []Post {
	t.Helper()
	return slices.DeleteFunc(n.Ledger(t), func(p Post) bool {
		return p.InReplyTo != parent || !strings.EqualFold(p.Author, n.Brand.Handle)
	})
}

func wantAnswers(t *testing.T, n *Network, parent string, want int) {
	t.Helper()
	if got := answers(t, n, parent); len(got) != want {
		t.Errorf("the network has %d answers to post %s, want %d: %v", len(got), parent, want, got)
	}
}
