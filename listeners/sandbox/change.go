package sandbox

import (
	"slices"
	"strings"
	"time"
)

// event is something that happened to a post, as networks bring news of it.
type event struct {
	Kind eventKind
	Post *post
}

type eventKind string

const (
	created  eventKind = "created"
	edited   eventKind = "edited"
	deleted  eventKind = "deleted"
	hidden   eventKind = "hidden"
	unhidden eventKind = "unhidden"
	approved eventKind = "approved" // what was held can be seen from now on
	rejected eventKind = "rejected" // what was held is gone
)

// watch makes f hear of every event, with the lock held: it must be quick and not wait for the world.
func (w *world) watch(f func(event)) { w.watchers = append(w.watchers, f) }

func (w *world) tell(e event) {
	for _, f := range w.watchers {
		f(e)
	}
}

// feedsOf are the feeds that a post stands in. What is held stands in none but its author's.
func (w *world) feedsOf(p *post) []*feed {
	if p.Kind == kindMessage {
		feeds := []*feed{w.inbox(p.Author)}
		if p.To != p.Author {
			feeds = append(feeds, w.inbox(p.To))
		}
		return feeds
	}
	feeds := []*feed{&p.Author.posts}
	if p.Held {
		return feeds
	}
	feeds = append(feeds, w.feed(p.Network))
	for _, h := range p.mentions {
		feeds = append(feeds, w.mentionsOf(keyOf(p.Network, h)))
	}
	return feeds
}

// inbox is the feed of the messages that an account wrote or got.
func (w *world) inbox(a *account) *feed {
	f := w.inboxes[a.ID]
	if f == nil {
		f = new(feed)
		w.inboxes[a.ID] = f
	}
	return f
}

// edit gives a post another text. Where newID is set the post gets a new id too and is known by it.
func (w *world) edit(id int64, text string, newID bool) (*post, error) {
	p := w.posts[id]
	if p == nil {
		return nil, errNoPost
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	if strings.TrimSpace(text) == "" {
		return nil, errNoText
	}
	for _, f := range w.feedsOf(p) {
		f.remove(p)
	}
	p.Text, p.EditedAt, p.Edits = text, w.now().UTC().Truncate(time.Millisecond), p.Edits+1
	p.mentions = mentionsIn(text)
	if p.Addressed && p.ParentAuthor != nil && !p.names(p.ParentAuthor) {
		p.mentions = append(p.mentions, keyOf(p.Network, p.ParentAuthor.Handle).handle)
	}
	if newID {
		delete(w.posts, p.ID)
		p.EarlierIDs = append(p.EarlierIDs, p.ID)
		p.ID = w.newID(p.EditedAt, true)
		w.posts[p.ID] = p
	}
	for _, f := range w.feedsOf(p) {
		w.put(f, p)
	}
	w.settle()
	w.tell(event{Kind: edited, Post: p})
	return p, nil
}

// hide takes a post from sight on the page it stands on, or shows it again.
func (w *world) hide(id int64, away bool) error {
	p := w.posts[id]
	if p == nil {
		return errNoPost
	}
	if p.Hidden != away {
		p.Hidden = away
		kind := hidden
		if !away {
			kind = unhidden
		}
		w.tell(event{Kind: kind, Post: p})
	}
	return nil
}

// decide lets a held post be seen, or takes it away.
func (w *world) decide(id int64, approve bool) error {
	p := w.posts[id]
	switch {
	case p == nil || !p.Held:
		return errNoPost
	case !approve:
		w.tell(event{Kind: rejected, Post: p})
		return w.remove(id)
	}
	for _, f := range w.feedsOf(p) {
		f.remove(p)
	}
	p.Held = false
	for _, f := range w.feedsOf(p) {
		w.put(f, p)
	}
	w.settle()
	w.tell(event{Kind: approved, Post: p})
	return nil
}

// newest is the post that an id was, whatever edits made of it since.
func (w *world) newest(id int64) *post {
	if p := w.posts[id]; p != nil {
		return p
	}
	at := slices.IndexFunc(w.ledger, func(p *post) bool { return slices.Contains(p.EarlierIDs, id) })
	if at < 0 {
		return nil
	}
	return w.ledger[at]
}
