package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

type threadView struct {
	ID       string
	RootGone bool
	Posts    []postView
	Hidden   int
	More     string
}

type postView struct {
	personView
	T            *pageWords
	ID, To, On   string // To wrote what is answered, On is whose page it stands on
	Ago, Exact   string
	Network      string
	Back         string
	Mine         bool
	Depth        int
	Replies      int
	Stars        string
	Edited       bool
	Held, Hidden bool
	Private      bool
	Parts        []textPart
}

// textPart is a piece of a text; marked are mentions, hashtags and links.
type textPart struct {
	Text   string
	Marked bool
}

func (n *Network) pageTimeline(w http.ResponseWriter, r *http.Request) {
	network := r.PathValue("network")
	if network != "" && !slices.Contains(networkNames, network) {
		http.NotFound(w, r)
		return
	}
	v := n.view(w, r, network)
	if show := r.URL.Query().Get("show"); slices.Contains(v.place.Shows, show) {
		v.look(show)
	}
	if to := r.URL.Query().Get("to"); to != "" {
		v.Draft = "@" + to + " "
	}
	n.timelineInto(v)
	v.show(w, http.StatusOK)
}

// timelineInto fills in the part of the network's page that v looks at.
func (n *Network) timelineInto(v *pageView) {
	n.world.mu.RLock()
	defer n.world.mu.RUnlock()
	waiting := n.heldOn(v.Network)
	if len(v.place.Shows) > 1 {
		for _, show := range v.place.Shows {
			t := tab{URL: v.place.path(show), Label: v.T.Shows[show], Current: show == v.Show}
			if show == showHeld {
				t.Count = len(waiting)
			}
			v.Shows = append(v.Shows, t)
		}
	}
	switch v.Show {
	case showMessages:
		n.conversations(v)
	case showHeld:
		v.Closed = true
		for _, p := range waiting {
			v.Threads = append(v.Threads, threadView{ID: formatID(p.ID), Posts: []postView{n.postView(v, p, 0)}})
		}
	default:
		kind := kindPost
		if v.Show == showReviews {
			kind = kindReview
		}
		n.latest(v, kind)
	}
	v.Closed = v.Closed || v.Show != showPosts && (len(v.Brands) == 0 || v.Me.Brand)
}

// latest fills in the threads that somebody wrote in last.
func (n *Network) latest(v *pageView, kind string) {
	seen := make(map[int64]bool)
	newest, _ := n.world.feeds[v.Network].take(window{Match: func(p *post) bool {
		again := seen[p.RootID]
		seen[p.RootID] = true
		return !again && n.world.top(p).Kind == kind
	}}, pageThreads)
	for _, p := range newest {
		v.Threads = append(v.Threads, n.threadView(v, p, pageTeaser))
	}
}

// heldOn lists what waits for the moderators of a network, oldest first.
func (n *Network) heldOn(network string) (waiting []*post) {
	for _, p := range n.world.ledger {
		if p.Held && p.Network == network {
			waiting = append(waiting, p)
		}
	}
	return waiting
}

// conversations fills in what v's person and others wrote to each other, the latest first.
func (n *Network) conversations(v *pageView) {
	me := n.world.accounts[keyOf(v.Network, v.Me.Handle)]
	if me == nil || n.world.inboxes[me.ID] == nil {
		return
	}
	var with []*account
	for _, p := range slices.Backward(n.world.inboxes[me.ID].posts) {
		if other := otherOf(p, me); !slices.Contains(with, other) {
			with = append(with, other)
		}
	}
	for _, other := range with[:min(len(with), pageThreads)] {
		v.Threads = append(v.Threads, n.conversation(v, me, other))
	}
}

// otherOf is whom a message connects an account with.
func otherOf(p *post, a *account) *account {
	if p.Author == a {
		return p.To
	}
	return p.Author
}

func (n *Network) conversation(v *pageView, a, b *account) (t threadView) {
	for _, p := range n.world.inboxes[a.ID].posts {
		if otherOf(p, a) == b && p.Kind == kindMessage {
			t.ID = formatID(p.ID)
			t.Posts = append(t.Posts, n.postView(v, p, 0))
		}
	}
	if most := len(t.Posts) - pagePosts; most > 0 {
		t.Posts = t.Posts[most:]
	}
	return t
}

func (n *Network) pageThread(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	v := n.view(w, r, n.networkOf(id))
	v.Draft = r.URL.Query().Get("text")
	if err == nil && n.threadInto(v, id) {
		if edit := r.URL.Query().Get("edit"); edit != "" {
			n.editInto(v, edit)
		}
		v.show(w, http.StatusOK)
		return
	}
	v.Problem = v.T.Refused[errNoPost]
	n.timelineInto(v)
	v.show(w, http.StatusNotFound)
}

// networkOf is the network that a post stands on, "" for none.
func (n *Network) networkOf(id int64) string {
	n.world.mu.RLock()
	defer n.world.mu.RUnlock()
	if p := n.world.newest(id); p != nil {
		return p.Network
	}
	return ""
}

// threadInto fills in the conversation around a post and a form to answer it.
func (n *Network) threadInto(v *pageView, id int64) bool {
	n.world.mu.RLock()
	defer n.world.mu.RUnlock()
	p := n.world.newest(id)
	if p == nil {
		return false
	}
	if p.Kind == kindReview {
		v.look(showReviews)
	}
	v.Title, v.Thread, v.Back = v.T.Thread, true, "/post/"+formatID(p.ID)
	v.Rated, v.Addressed = false, false
	v.ReplyTo = formatID(p.ID)
	v.Prompt = fmt.Sprintf(v.T.Answer, v.Me.Name) + " @" + p.Author.Handle
	if p.Kind == kindMessage {
		me := n.world.accounts[keyOf(v.Network, v.Me.Handle)]
		v.Show, v.ReplyTo = showMessages, ""
		v.Closed = me != p.Author && me != p.To
		if !v.Closed {
			v.To = otherOf(p, me).Handle
			v.Prompt = fmt.Sprintf(v.T.Answer, v.Me.Name) + " @" + v.To
		}
		v.Threads = []threadView{n.conversation(v, p.Author, p.To)}
		return true
	}
	v.Threads = []threadView{n.threadView(v, p, pagePosts)}
	return true
}

// editInto turns the form to changing a post.
func (n *Network) editInto(v *pageView, edit string) {
	n.world.mu.RLock()
	defer n.world.mu.RUnlock()
	id, _ := strconv.ParseInt(edit, 10, 64)
	if p := n.world.newest(id); p != nil && p.Author.Handle == v.Me.Handle && p.Kind != kindMessage {
		v.Edit, v.Draft, v.Closed = formatID(p.ID), p.Text, false
		v.Prompt = fmt.Sprintf(v.T.Change, v.Me.Name)
	}
}

// threadView shows the thread of a post: its first post and the last of the
// replies, oldest first.
func (n *Network) threadView(v *pageView, p *post, replies int) threadView {
	top := n.world.top(p)
	var below []*post
	for todo := slices.Clone(top.replies); len(todo) > 0; todo = todo[1:] {
		below = append(below, todo[0])
		todo = append(todo, todo[0].replies...)
	}
	below = slices.DeleteFunc(below, func(p *post) bool { return p.gone || p.Held && p.Author.Handle != v.Me.Handle })
	slices.SortFunc(below, byID)
	hidden := max(0, len(below)-replies)
	t := threadView{ID: formatID(p.ID), RootGone: top.gone, Hidden: hidden, More: fmt.Sprintf(v.T.More, hidden)}
	if !top.gone {
		t.Posts = append(t.Posts, n.postView(v, top, 0))
	}
	for _, p := range below[hidden:] {
		t.Posts = append(t.Posts, n.postView(v, p, 1))
	}
	return t
}

func (n *Network) postView(v *pageView, p *post, depth int) postView {
	view := postView{
		personView: person(p.Author.Handle, p.Author.Name), T: v.T, ID: formatID(p.ID), Network: v.Network, Back: v.Back,
		Ago: v.T.ago(n.cfg.Now().Sub(p.CreatedAt)), Exact: p.CreatedAt.Format(time.RFC3339),
		Mine: p.Author.Handle == v.Me.Handle, Depth: depth, Replies: p.replyCount(), Parts: textParts(p.Text),
		Stars: strings.Repeat("★", p.Rating), Edited: p.Edits > 0, Held: p.Held, Hidden: p.Hidden, Private: p.Kind == kindMessage,
	}
	view.Brand = p.Author.Brand
	switch {
	case p.ParentAuthor != nil:
		view.To = p.ParentAuthor.Handle
	case p.To != nil:
		view.On = p.To.Handle
	}
	return view
}

func textParts(text string) []textPart {
	if runes := []rune(text); len(runes) > pageMaxRunes {
		text = string(runes[:pageMaxRunes]) + "…"
	}
	var parts []textPart
	last := 0
	spans(text, func(s span) {
		parts = append(parts, textPart{Text: text[last:s.Start]}, textPart{text[s.Start:s.End], true})
		last = s.End
	})
	return append(parts, textPart{Text: text[last:]})
}
