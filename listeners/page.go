package listeners

import "github.com/kith-social/kith/clock"

// Cursor is an opaque place in what a network has to tell, at most 4 KiB of text; it belongs to the
// Channel that made it and is stored in the same transaction as the page before it.
type Cursor string

// Page is what one network call brought.
type Page struct {
	Posts     []Post
	Gone      []Removal  // posts that the network does not show any more
	Rejected  []Rejected // what could not be read; kept as dead letters
	Next      Cursor     // where to go on
	More      bool       // another page is waiting now
	NotBefore clock.Time // the network wants no further call before; 0: it did not say
	Spend     []Spend
	Revoked   bool // the network says that our access was taken away
}

// Removal is a post that was taken from sight. What is stored of it goes too, and a late copy of it that
// arrives afterwards is not stored again, unless it was only hidden and is shown again as a Post.
type Removal struct {
	NativeID string
	Why      GoneWhy
}

// GoneWhy tells why a post cannot be seen any more.
type GoneWhy string

// Why a post is gone.
const (
	Deleted  GoneWhy = "deleted"
	Hidden   GoneWhy = "hidden"   // by the page or forum it stands on
	Withheld GoneWhy = "withheld" // protected, suspended, withheld in a country
)

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
	Rule      string // id of the Rule it matched, or ""
	Surface   Surface
	Text      string
	Media     string // links to what is attached, one a line
	Rating    int    // of a review: stars from 1 to 5; 0: none
	URL       string // where a person can see it; the human exit
	Delivery  Delivery
	Target    string // what the Channel needs to answer it besides its id; opaque
	CreatedAt clock.Time
	Version   int64 // grows with every edit; the same post with a higher one replaces what is stored
}

// Copied is a post as a person copied it from a screen.
type Copied struct {
	Link   Link
	Text   string
	Author string // the name above the post
}

// Surface is the kind of place that a post stands in.
type Surface string

// The surfaces of posts.
const (
	InPublic  Surface = "public"  // a post or an answer that anybody can read
	InReview  Surface = "review"  // a rating with or without words
	InPrivate Surface = "private" // a message: no advocate may read it unless an employee releases it
	InChat    Surface = "chat"    // a message whose author sits in front of it and waits; private as well
)

// Closed tells whether only the author and the brand can read what stands there.
func (s Surface) Closed() bool { return s == InPrivate || s == InChat }

// Author is the account that wrote a post.
type Author struct {
	NativeID string
	Handle   string
	Name     string
	// Followers is how many accounts follow it, where the network says so; 0: nobody knows.
	Followers int
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
	Mode  Mode
	Why   string     // a code with a sentence in the catalogs: ok, not_summoned, …
	Until clock.Time // the end of the network's window, after which only a person can answer; 0: no end
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
	Cost        MicroUSD // what it costs to post it; 0 where the network is free
}

// Outgoing is a reply as the network needs it.
type Outgoing struct {
	ID        string // ours, a UUIDv7
	ParentID  string // native id of the post answered
	ThreadKey string // the conversation of the post answered
	Target    string // Post.Target of the post answered
	Surface   Surface
	Text      string
	As        string // the member's own name on the network, where they answer under it; "" for the brand
}

// Sent is a post of ours as the network knows it.
type Sent struct {
	NativeID string
	URL      string
	Spend    []Spend
}

// Verdict is what reading back found.
type Verdict string

// The verdicts. Absent may be said only of a read that was complete for the time asked.
const (
	Found   Verdict = "found"
	Absent  Verdict = "absent"
	Unknown Verdict = "unknown"
	Refused Verdict = "refused" // it was held for approval, and the network's people said no
)
