// Package listeners hears the networks and speaks back.
//
// A network is X, a forum, a Facebook page; a Channel is the adapter for one; a Connection is one
// account on a network that a brand has connected. A Poller reads Pages of posts from a Channel and
// stores each with its Cursor in one transaction; what a customer wrote becomes a Mention, exactly
// once. A Reply is an approved answer in the outbox; the Deliverer posts it exactly once, and where
// it cannot know whether a post went through it reads the network before it does anything else.
//
// It owns the tables connections, listening_rules, accounts, mentions, mention_sources, tombstones,
// deliveries, dead_letters, gaps, pledges, spending, replies, changes, announcements and receipts.
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
	// Hydrate reads the posts with these native ids. Page.Gone names those that the network does not show
	// us any more; every id is in one of the two. Page.Spend is what it cost, also beside an error.
	Hydrate(ctx context.Context, nativeIDs []string) (Page, error)
}

// Backfiller is a Channel that can be asked for a time that has passed.
type Backfiller interface {
	// Backfill reads the page of [from, to) after the cursor; an empty cursor starts it. Page.More is
	// false after the last one.
	Backfill(ctx context.Context, from, to clock.Time, after Cursor) (Page, error)
}

// Receiver is a Channel whose network brings the news itself. Challenge and Verify are pure and take
// microseconds; Decode runs later, over the stored body, and may make calls.
type Receiver interface {
	// Challenge answers a network that asks whether this address is ours; asked is false where the
	// request is something else. ErrSignature where it is not the network that asks.
	Challenge(r *http.Request, body []byte) (answer []byte, contentType string, asked bool, err error)
	// Verify tells whether the network signed these very bytes; ErrSignature where it did not.
	Verify(h http.Header, body []byte) error
	// DeliveryID names a delivery: the same when it is brought again, another for another.
	DeliveryID(h http.Header, body []byte) string
	// Decode reads a stored delivery; h has the headers that KeptHeaders names. Page.Next and Page.More
	// mean nothing.
	Decode(ctx context.Context, h http.Header, body []byte) (Page, error)
}

// Sharer is a Receiver whose network has one address for all accounts of an app.
type Sharer interface {
	// Accounts are the native ids of the accounts that a delivery is about; none where it does not say, so
	// that it may be about every account at the address. It is pure, and called for what was verified.
	Accounts(body []byte) []string
}

// Copier is a Channel of places that no program may read: people bring what they saw there.
type Copier interface {
	// Copy makes a post of what somebody has copied. It makes no network call.
	Copy(c Copied) Post
}

// Subscriber is a Receiver that can ask its network to bring the news.
type Subscriber interface {
	// Subscribe makes the network bring news to callback, a URL of ours; doing it again changes nothing.
	Subscribe(ctx context.Context, callback string) error
}

// Replier is a Channel that can post answers as the brand.
type Replier interface {
	// Measure tells how long a text is in the network's own counting.
	Measure(text string) Length
	// Reply makes exactly one attempt to post. After an error of class Ambiguous or Duplicate the post
	// may exist; after any other it does not.
	Reply(ctx context.Context, r Outgoing) (Sent, error)
	// Reconcile reads back whether r was posted since the moment given. Sent.Spend is what reading cost, also
	// beside an error.
	Reconcile(ctx context.Context, r Outgoing, since clock.Time) (Verdict, Sent, error)
}

// Editor is a Channel that can change and take away what it posted, each in one attempt.
type Editor interface {
	Edit(ctx context.Context, nativeID, text string) error
	Delete(ctx context.Context, nativeID string) error
}

// Hider is a Channel that can hide a post of somebody else, or show it again.
type Hider interface {
	Hide(ctx context.Context, nativeID string, hidden bool) error
}

// AuthKeeper is a Channel whose secrets end and can be renewed.
type AuthKeeper interface {
	// Expires is when the secrets end; 0 where they do not or nobody knows.
	Expires() clock.Time
	// Renew spends the secrets for new ones, all of them. It is called by one process at a time, and what
	// it returns is stored before it is used: some networks take the old ones once only. An error of class
	// AuthRevoked says that a person must connect anew.
	Renew(ctx context.Context) (map[string]string, error)
}

// Examiner is a Channel that can tell what is wrong with its connection.
type Examiner interface {
	// Examine asks the network what only the network knows: scopes, roles, limits, webhooks.
	Examine(ctx context.Context) ([]Finding, error)
}

// Finding is what a doctor found: a code with a sentence and a fix in the catalogs.
type Finding struct {
	Code   string   `json:"code"`
	Level  Level    `json:"level"`
	Detail []string `json:"detail,omitempty"` // fills the sentence's places: names, numbers; never a secret
}

// Level tells how much a Finding matters.
type Level string

// The levels of findings.
const (
	Fine    Level = "fine"
	Warning Level = "warning" // it works, but not as well as it could, or not for long
	Problem Level = "problem" // something is not heard or not answered
)

// Access is what a Channel is opened with: the account and its decrypted secrets.
type Access struct {
	NativeID string            // the account's id on the network
	Handle   string            // the account's name on the network, without @
	Settings Settings          // what an operator may read and change
	Secrets  map[string]string // tokens; never logged, never in an error
	Rules    []Rule            // what to listen for besides what is addressed to the account
	Now      clock.Func
}

// Rule is something to listen for, in the network's own way to write searches.
type Rule struct {
	ID    string
	Query string
}

// Settings of a connection, as text by name.
type Settings map[string]string

// Capabilities are the facts about one account on one network.
type Capabilities struct {
	MaxLength int           // longest reply, in the unit of Measure
	MinPoll   time.Duration // shortest pause between two rounds of Fetch that the network's limits allow
	MaxPoll   time.Duration // longest pause that still loses nothing; 0: a minute
	PageCost  MicroUSD      // the most that one call of Fetch, Backfill or Hydrate can cost
	Pace      []Pace        // how many replies the network takes
	EditFor   time.Duration // how long an own reply can be edited; 0: not at all, Forever: always
	AsMember  bool          // Outgoing.As is honoured
	Privately time.Duration // how long after a post its author can be answered in private; 0: not at all

	ChangeCost map[ChangeKind]MicroUSD // of one request for a change; a kind that is not in it is free
}

// Forever is a time span without an end.
const Forever = time.Duration(1<<63 - 1)

// Pace is a limit of a network: at most Posts replies in any span of Per.
type Pace struct {
	Posts int
	Per   time.Duration
}

// MicroUSD is money: a millionth of a US dollar.
type MicroUSD int64

// Spend is what a call cost.
type Spend struct {
	Unit string // what was bought: post_read, reply, …
	N    int
	Cost MicroUSD // of all N
	Rule string   // id of the Rule that caused it, or ""
}

// Identity is the account that the network knows us as.
type Identity struct {
	NativeID string
	Handle   string
	Name     string
	// Plan is what the account has subscribed to, as its network calls it; "" where that changes nothing. It is
	// kept as the setting "plan" when the account is connected and whenever it is examined.
	Plan string
}
