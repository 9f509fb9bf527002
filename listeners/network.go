package listeners

import (
	"context"
	"net/http"
	"time"
)

// Network is a kind of network as the registry lists it: everything the product needs to know of it
// without an account there.
type Network struct {
	Name string // as people write it: "X", "Facebook"
	// Open makes the Channel of a connection. Calls go through rt, which the caller guards.
	Open func(a Access, rt http.RoundTripper) (Channel, error)
	// Measure counts a text, and prices it where the network is paid, for any account there.
	Measure func(text string) Length
	// Longest is the most that Measure may come to for an account with these settings. Nil: the same for all.
	Longest func(s Settings) int
	Policy  Policy
	// Fields are what a person fills in to connect an account, in this order.
	Fields []Field
	// Place is the field with the address, where the network is many places and each numbers its own posts
	// and accounts: a brand can have one of them, or ids would mean several things. "": ids are the network's.
	Place string
	// Permissions are what Kith asks the network for, each with a sentence in the catalogs that says why.
	Permissions []string
	// Grant is how a person lets Kith use an account on the network's own pages; nil where a token is pasted.
	Grant *OAuth
	// AppSecrets are the secrets with which the network signs what it brings to an app: connections that have
	// one of them in common share the app's address. None: every connection has an address of its own.
	AppSecrets []string
	// Link reads a link to a post: its native id, "" where the link shows none. Nil: links are not known.
	Link func(s Settings, link string) (nativeID string)
	// CheckQuery tells what is wrong with the query of a Rule, as a sentence. Nil: no rules here.
	CheckQuery func(query string) error
	// HidesPhones tells whether a comment that holds a phone number can be hidden by itself.
	HidesPhones bool
	// Compose is a link that opens the network with an answer to a mention ready to be posted by hand.
	// Nil: the mention's own link, and the text is copied.
	Compose func(m Mention, text string) string
}

// Count measures a text for an account with these settings.
func (n Network) Count(s Settings, text string) Length {
	length := n.Measure(text)
	if n.Longest != nil {
		length.Limit = n.Longest(s)
	}
	return length
}

// Field is one thing to fill in when a connection is made. Its label and help are in the catalogs as
// network.<network>.<name> and network.<network>.<name>.help, an option's as network.<network>.<name>.<option>.
type Field struct {
	Name     string
	Secret   bool // kept sealed and never shown again
	Optional bool
	Default  string
	Kind     string   // "": a line of text; "url", "token" or "lines"
	Options  []string // what it can be; empty: anything
	Rare     bool     // most people leave it as it is
}

// OAuth is how a network grants access on its own pages.
type OAuth struct {
	// URL is where the person is sent.
	URL func(g Grant) (string, error)
	// Exchange turns the code that the person came back with into the accounts it opens.
	Exchange func(ctx context.Context, g Grant, code string, rt http.RoundTripper) ([]Granted, error)
}

// Grant is one attempt of a person to let Kith use an account.
type Grant struct {
	Settings Settings          // filled in before, as Field says
	Secrets  map[string]string // filled in before: the id and secret of the brand's own app
	Redirect string            // where the network sends the person back to
	State    string            // comes back with the person; unguessable
	Verifier string            // of PKCE; never leaves us before the exchange
}

// Granted is an account that a Grant opened.
type Granted struct {
	Identity
	Settings Settings
	Secrets  map[string]string
}

// Policy is what a network's terms allow, as data that the rest of the product asks and shows. A rule
// with a date of its source is named where the network defines it.
type Policy struct {
	NoTraining   bool          // nothing may be learned from its posts; measuring is allowed
	NoMatching   bool          // accounts are not matched with those of other networks without consent
	DeleteWithin time.Duration // how soon what the network deleted must be gone here; 0: at the next sweep
	RecheckAfter time.Duration // how old a stored post may be when it is shown without looking again; 0: any
	OneReply     bool          // at most one reply through the API to each post
	NoReceipts   bool          // no automatic "we have got it"
	NoDrafts     bool          // no machine may draft what is then posted
	Disclosure   bool          // whoever answers for the brand under another name must say so
	TextOnce     bool          // the network refuses a text that it has had lately
	Reach        bool          // it says how many follow an account, and that may be stored and counted
}
