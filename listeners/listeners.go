// Package listeners hears the networks and speaks back.
//
// A network is X, a forum, a Facebook page; a Channel is the adapter for one; a Connection is one
// account on a network that a brand has connected. A Poller reads Pages of posts from a Channel and
// stores each with its Cursor in one transaction; what a customer wrote becomes a Mention, exactly
// once. A Reply is an approved answer in the outbox; the Deliverer posts it exactly once, and where
// it cannot know whether a post went through it reads the network before it does anything else.
//
// It owns the tables connections, accounts, mentions, mention_sources, dead_letters and replies.
package listeners

import (
	"context"
	"net/http"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/riverqueue/river"
	"github.com/uptrace/bun"
)

// Tx is a transaction in which follow-up work can be enqueued: both commit or neither does.
type Tx = interface {
	bun.IDB
	// NextIDs reserves n ids of a table, ascending, so that rows can name each other before they are stored.
	NextIDs(ctx context.Context, table string, n int) ([]int64, error)
	// InsertRows stores rows of a table the fastest way the engine has. A column is a name and its
	// PostgreSQL type ("id bigint"); values fills one row, in the order of the columns, nil for NULL.
	InsertRows(ctx context.Context, table string, columns []string, rows int, values func(row int, into []any)) error
	// Enqueue adds jobs that exist exactly if the transaction commits.
	Enqueue(ctx context.Context, jobs ...river.InsertManyParams) error
	// Now is the one moment at which the transaction happens.
	Now() clock.Time
}

// Transact runs f in a transaction and commits if it returns nil.
type Transact func(ctx context.Context, f func(context.Context, Tx) error) error

// Channel is the adapter for one connected account on one network. What it can do besides is told by
// the small interfaces below. Every method makes the network calls it says and no others, never
// retries by itself, honours ctx, and returns the network's failures as *Error.
type Channel interface {
	// Capabilities are the facts that hold for this account.
	Capabilities() Capabilities
	// Check asks the network who we are over a route that a stranger cannot use.
	Check(ctx context.Context) (Identity, error)
}

// Fetcher is a Channel that can be asked for new posts.
type Fetcher interface {
	// Fetch reads the page after the cursor; an empty cursor starts from what the network still gives.
	// It may return posts that were returned before. Page.Next is where to go on, also after an empty page.
	Fetch(ctx context.Context, after Cursor) (Page, error)
}

// Hydrator is a Channel that can look at posts again.
type Hydrator interface {
	// Hydrate reads the posts with these native ids; those that are gone are left out.
	Hydrate(ctx context.Context, nativeIDs []string) ([]Post, error)
}

// Replier is a Channel that can post answers as the brand.
type Replier interface {
	// Measure tells how long a text is in the network's own counting.
	Measure(text string) Length
	// Reply makes exactly one attempt to post. After an error of class Ambiguous or Duplicate the post
	// may exist; after any other it does not.
	Reply(ctx context.Context, r Outgoing) (Sent, error)
	// Reconcile reads back whether r was posted since the moment given.
	Reconcile(ctx context.Context, r Outgoing, since clock.Time) (Verdict, Sent, error)
}

// Open makes the Channel of a connection. Calls go through rt, which the caller guards.
type Open func(a Access, rt http.RoundTripper) (Channel, error)

// Access is what a Channel is opened with: the account and its decrypted secrets.
type Access struct {
	NativeID string            // the account's id on the network
	Handle   string            // the account's name on the network, without @
	Settings Settings          // what an operator may read and change
	Secrets  map[string]string // tokens; never logged, never in an error
	Now      clock.Func
}

// Settings of a connection, as text by name.
type Settings map[string]string

// Capabilities are the facts about one account on one network.
type Capabilities struct {
	MaxLength int           // longest reply, in the unit of Measure
	MinPoll   time.Duration // shortest pause between two rounds of Fetch that the network's limits allow
}

// Identity is the account that the network knows us as.
type Identity struct {
	NativeID string
	Handle   string
	Name     string
}

// Cursor is an opaque place in what a network has to tell, at most 4 KiB of text; it belongs to the
// Channel that made it and is stored in the same transaction as the page before it.
type Cursor string

// Page is what one network call brought.
type Page struct {
	Posts    []Post
	Rejected []Rejected // what could not be read; kept as dead letters
	Next     Cursor     // where to go on
	More     bool       // another page is waiting now
}

// Rejected is a piece of a page that could not be understood.
type Rejected struct {
	Raw    []byte
	Reason string
}

// Post is what a network gave for one post, normalised by Clean: valid UTF-8 without NUL.
type Post struct {
	NativeID  string // the network's id; of an edited post the first one
	ThreadKey string // the conversation's id on the network
	ParentID  string // the post it answers, or ""
	ToID      string // native id of the account it answers, or ""
	Author    Author
	Reason    Reason
	Text      string
	URL       string // where a person can see it; the human exit
	Delivery  Delivery
	CreatedAt clock.Time
}

// Author is the account that wrote a post.
type Author struct {
	NativeID string
	Handle   string
	Name     string
}

// Reason tells why a post was given to us.
type Reason string

// The reasons for a post.
const (
	Mentioned Reason = "mention" // it names the connected account
	Keyword   Reason = "keyword" // it matched a search
	Own       Reason = "own"     // the connected account wrote it
)

// Delivery tells before anybody writes how an answer can reach the customer.
type Delivery struct {
	Mode Mode
	Why  string // a code with a sentence in the catalogs: ok, not_summoned, …
}

// Mode is how an answer reaches the network.
type Mode string

// The delivery modes.
const (
	ByAPI    Mode = "api"      // the brand's account posts it
	Assisted Mode = "assisted" // the member posts it by hand through a link
	Blocked  Mode = "blocked"  // it cannot be answered
)

// Length is a text's length as a network counts it.
type Length struct {
	Used, Limit int
}

// Outgoing is a reply as the network needs it.
type Outgoing struct {
	ID       string // ours, a UUIDv7
	ParentID string // native id of the post answered
	Text     string
}

// Sent is a post of ours as the network knows it.
type Sent struct {
	NativeID string
	URL      string
}

// Verdict is what reading back found.
type Verdict string

// The verdicts. Absent may be said only of a read that was complete for the time asked.
const (
	Found   Verdict = "found"
	Absent  Verdict = "absent"
	Unknown Verdict = "unknown"
)
