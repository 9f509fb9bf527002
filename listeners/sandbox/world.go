package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// What the world refuses.
var (
	errNetwork = errors.New("this network is not known here")
	errNoText  = errors.New("a post needs a text")
	errTaken   = errors.New("a post with this id exists already")
	errNoPost  = errors.New("there is no such post")
	errKind    = errors.New("kind is empty, review or message; a review and a message name whom they are to; a rating is 0 to 5")
)

// networkNames are the networks that accounts and posts may belong to.
var networkNames = []string{"x", "facebook", "discourse", "nodebb", "feed"}

// The kinds of posts that a network tells apart.
const (
	kindPost    = ""        // in public, wherever the network puts it
	kindReview  = "review"  // of the account To, with a rating
	kindMessage = "message" // seen by its author and To only
)

// post is one text of one account.
type post struct {
	ID           int64
	Network      string
	Author       *account
	Text         string // as its author wrote it
	ParentID     int64  // 0: answers nothing
	ParentAuthor *account
	RootID       int64
	QuoteID      int64
	CreatedAt    time.Time
	Lang         string
	Kind         string
	To           *account // of a review, a message, or a post on somebody's page
	Rating       int      // of a review, 1 to 5
	Hidden       bool     // by the page it stands on
	Held         bool     // seen by nobody until it is approved
	EditedAt     time.Time
	Edits        int
	EarlierIDs   []int64 // on networks where every edit makes a new id, oldest first
	// Addressed says that the post answers somebody it does not name: the
	// network then puts the parent's author in front of the text.
	Addressed bool
	// Verbatim posts come from an archive and name everybody they should.
	Verbatim bool

	mentions []string // handles named, in lower case, each once
	replies  []*post
	quotes   int
	seq      uint64 // order of creation
	gone     bool   // deleted; its replies may still hold it in its thread
}

// names reports whether the post mentions the account.
func (p *post) names(a *account) bool {
	return slices.Contains(p.mentions, keyOf(a.Network, a.Handle).handle)
}

// draft is what it takes to make a post. Zero values are filled in: the
// network is x, the id and time are the clock's, the language is guessed.
type draft struct {
	ID       int64
	Network  string
	Author   string // handle; the account is made if it does not exist
	Text     string
	ParentID int64
	QuoteID  int64
	At       time.Time
	Lang     string
	Verbatim bool
	Kind     string
	To       string // handle
	Rating   int
	Held     bool
}

// world holds every account and post of every network. Its methods expect the
// lock to be held, but for those that say they take it.
type world struct {
	mu   sync.RWMutex
	now  func() time.Time
	seed uint64

	accounts   map[handleKey]*account
	accountIDs map[int64]*account
	joined     []*account // in order of creation
	grants     map[string]grant
	refresh    map[string]*account
	scopes     map[string]string // of the refresh tokens that do not allow everything

	posts    map[int64]*post
	gone     map[int64]*post // deleted posts that hold a thread together
	ledger   []*post         // in order of creation
	feeds    map[string]*feed
	mentions map[handleKey]*feed
	inboxes  map[int64]*feed // messages by an account that wrote or got them
	watchers []func(event)
	orphans  map[int64][]*post // by the parent that has not arrived
	unsorted []*feed

	seq    uint64
	lastID int64 // of the posts that took the clock's time
}

func newWorld(now func() time.Time, seed uint64) *world {
	w := &world{now: now, seed: seed, grants: make(map[string]grant), scopes: make(map[string]string)}
	w.clear()
	return w
}

// clear forgets everything but the accounts that were opened on purpose, so
// that connections made with their tokens go on working.
func (w *world) clear() {
	kept := slices.DeleteFunc(w.joined, func(a *account) bool { return !a.Opened })
	w.joined = nil
	w.accounts = make(map[handleKey]*account)
	w.accountIDs = make(map[int64]*account)
	w.refresh = make(map[string]*account)
	maps.DeleteFunc(w.grants, func(_ string, g grant) bool { return g.Account != nil && !g.Account.Opened })
	for _, a := range kept {
		a.posts = feed{}
		w.join(a)
	}
	w.posts = make(map[int64]*post)
	w.gone = make(map[int64]*post)
	w.ledger = nil
	w.feeds = make(map[string]*feed)
	w.mentions = make(map[handleKey]*feed)
	w.inboxes = make(map[int64]*feed)
	w.orphans = make(map[int64][]*post)
	w.unsorted = nil
}

// add makes posts of the drafts, all or none. Parents may follow their replies.
func (w *world) add(drafts []draft) ([]*post, error) {
	ids := make(map[int64]bool, len(drafts))
	for i := range drafts {
		if err := w.check(&drafts[i], ids); err != nil {
			if len(drafts) > 1 {
				err = fmt.Errorf("post %d of %d: %w", i+1, len(drafts), err)
			}
			return nil, err
		}
	}
	made := make([]*post, len(drafts))
	for i := range drafts {
		made[i] = w.make(&drafts[i])
	}
	w.settle()
	for _, p := range made {
		w.tell(event{Kind: created, Post: p})
	}
	return made, nil
}

// check completes a draft and says what is wrong with it.
func (w *world) check(d *draft, ids map[int64]bool) error {
	if d.Network == "" {
		d.Network = "x"
	}
	if !slices.Contains(networkNames, d.Network) {
		return errNetwork
	}
	author, err := cleanHandle(d.Author)
	if err != nil {
		return err
	}
	d.Author = author
	if d.To != "" {
		if d.To, err = cleanHandle(d.To); err != nil {
			return err
		}
	}
	if !slices.Contains([]string{kindPost, kindReview, kindMessage}, d.Kind) || d.Kind != kindPost && d.To == "" || d.Rating < 0 || d.Rating > 5 {
		return errKind
	}
	d.Text = strings.ToValidUTF8(d.Text, "\uFFFD")
	if strings.TrimSpace(d.Text) == "" {
		return errNoText
	}
	if d.ID != 0 {
		if w.posts[d.ID] != nil || ids[d.ID] {
			return fmt.Errorf("%w: %d", errTaken, d.ID)
		}
		ids[d.ID] = true
	}
	return nil
}

func (w *world) make(d *draft) *post {
	w.seq++
	p := &post{
		ID: d.ID, Network: d.Network, Author: w.account(d.Network, d.Author), Text: d.Text,
		ParentID: d.ParentID, QuoteID: d.QuoteID, CreatedAt: d.At, Lang: d.Lang, Verbatim: d.Verbatim, seq: w.seq,
		Kind: d.Kind, Rating: d.Rating, Held: d.Held,
	}
	if d.To != "" {
		p.To = w.account(d.Network, d.To)
	}
	if p.CreatedAt.IsZero() {
		p.CreatedAt = w.now()
	}
	p.CreatedAt = p.CreatedAt.UTC().Truncate(time.Millisecond)
	if p.ID == 0 {
		p.ID = w.newID(p.CreatedAt, d.At.IsZero())
	}
	if p.Lang == "" {
		p.Lang = guessLanguage(p.Text)
	}
	p.RootID = p.ID
	p.mentions = mentionsIn(p.Text)

	w.posts[p.ID] = p
	w.ledger = append(w.ledger, p)
	for _, f := range w.feedsOf(p) {
		w.put(f, p)
	}
	if q := w.posts[p.QuoteID]; q != nil {
		q.quotes++
	}
	if p.ParentID != 0 {
		if parent := w.posts[p.ParentID]; parent != nil && parent != p {
			w.attach(p, parent)
		} else {
			w.orphans[p.ParentID] = append(w.orphans[p.ParentID], p)
		}
	}
	for _, child := range w.orphans[p.ID] {
		// A post must not end up below itself.
		if p.RootID != child.ID {
			w.attach(child, p)
		}
	}
	delete(w.orphans, p.ID)
	return p
}

// attach hangs a post below its parent. An answer that does not name the
// parent's author counts as naming it, as on the networks themselves.
func (w *world) attach(p, parent *post) {
	if parent.Network != p.Network {
		return
	}
	parent.replies = append(parent.replies, p)
	p.ParentAuthor = parent.Author
	w.setRoot(p, parent.RootID)
	if p.Verbatim || parent.Author == p.Author || p.names(parent.Author) {
		return
	}
	p.Addressed = true
	key := keyOf(p.Network, parent.Author.Handle)
	p.mentions = append(p.mentions, key.handle)
	w.put(w.mentionsOf(key), p)
}

func (w *world) setRoot(p *post, root int64) {
	for todo := []*post{p}; len(todo) > 0; {
		p, todo = todo[len(todo)-1], todo[:len(todo)-1]
		p.RootID = root
		todo = append(todo, p.replies...)
	}
}

// replyCount is how many answers to a post there are.
func (p *post) replyCount() int {
	n := 0
	for _, r := range p.replies {
		if !r.gone {
			n++
		}
	}
	return n
}

// top is the first post of a post's thread, deleted or not.
func (w *world) top(p *post) *post {
	if root := w.posts[p.RootID]; root != nil {
		return root
	}
	if root := w.gone[p.RootID]; root != nil {
		return root
	}
	return p
}

// remove deletes a post. Its replies stay, answering something that is gone.
func (w *world) remove(id int64) error {
	p := w.posts[id]
	if p == nil {
		return errNoPost
	}
	delete(w.posts, id)
	at, _ := slices.BinarySearchFunc(w.ledger, p.seq, func(p *post, seq uint64) int { return cmp.Compare(p.seq, seq) })
	w.ledger = slices.Delete(w.ledger, at, at+1)
	for _, f := range w.feedsOf(p) {
		f.remove(p)
	}
	if q := w.posts[p.QuoteID]; q != nil {
		q.quotes--
	}
	p.gone = true
	isThis := func(r *post) bool { return r == p }
	if p.ParentAuthor == nil && p.ParentID != 0 {
		w.orphans[p.ParentID] = slices.DeleteFunc(w.orphans[p.ParentID], isThis)
	}
	if len(p.replies) > 0 {
		w.gone[p.ID] = p
	} else if parent := w.posts[p.ParentID]; parent != nil {
		parent.replies = slices.DeleteFunc(parent.replies, isThis)
	}
	w.tell(event{Kind: deleted, Post: p})
	return nil
}

// since returns the posts of the ledger made after the one named, oldest
// first. A post that is gone stands for its id: greater ids are newer.
func (w *world) since(id int64) func(yield func(*post) bool) {
	start, floor := 0, id
	if p := w.posts[id]; p != nil {
		start, _ = slices.BinarySearchFunc(w.ledger, p.seq+1, func(p *post, seq uint64) int { return cmp.Compare(p.seq, seq) })
		floor = 0
	}
	return func(yield func(*post) bool) {
		for _, p := range w.ledger[start:] {
			if (floor == 0 || p.ID > floor) && !yield(p) {
				return
			}
		}
	}
}
