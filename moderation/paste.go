package moderation

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// Paster takes in what members bring by its link. A link that leads to a connected network is read there;
// of any other the member copies the words, and nothing is fetched from where it leads.
type Paster struct {
	Poller    *listeners.Poller
	Connector *listeners.Connector
}

// Pasting is what a member brings.
type Pasting struct {
	Link   string
	Text   string // the customer's words, where nobody reads the place
	Author string // and the name above them
	// Another says that another customer wrote under a link that was brought before: many places give a
	// comment no link of its own.
	Another bool
}

// Landing is where a link led.
type Landing struct {
	Link   listeners.Link
	Case   community.Case // that the member may see; 0 where there is none
	Lane   community.Lane // of a case that the member may not see
	Known  bool           // it was here before
	Asks   bool           // nobody reads that place: the words are needed
	Unseen bool           // its network was asked, and does not show it to us
}

// What may be copied, in characters.
const (
	longestCopy = 10_000
	longestName = 100
)

// pasted is the kind of network of everything that nobody reads.
const pasted = "pasted"

// Paste leads from a link to a case: one that is there, one of the post as its network shows it, or one of
// the words that the member has copied. Without words it may come back to ask for them.
func (p *Paster) Paste(ctx context.Context, m *community.Member, in Pasting) (Landing, error) {
	if !m.MayPaste() {
		return Landing{}, community.ErrNotAllowed
	}
	link, ok := listeners.ReadLink(in.Link)
	if !ok {
		return Landing{}, &community.Invalid{Field: "link", Sentence: "this is no link to a post; copy it from the network or the browser"}
	}
	l := Landing{Link: link}
	if read, err := p.read(ctx, m, &l); err != nil || read {
		return l, err
	}
	if !in.Another {
		before, err := community.PastedBefore(ctx, p.Poller.Read, m.BrandID, link)
		if err != nil {
			return l, err
		}
		if before != 0 {
			return l, p.land(ctx, m, &l, before)
		}
	}
	if in.Text == "" && in.Author == "" {
		l.Asks = true
		return l, nil
	}
	return l, p.copy(ctx, m, &l, in)
}

// Asks tells, without asking anybody, whether a link will need the words copied: nobody has brought it yet,
// and it leads to no network that the brand has connected.
func (p *Paster) Asks(ctx context.Context, m *community.Member, written string) (listeners.Link, bool, error) {
	link, ok := listeners.ReadLink(written)
	if !ok {
		return link, false, nil
	}
	before, err := community.PastedBefore(ctx, p.Poller.Read, m.BrandID, link)
	if err != nil || before != 0 {
		return link, false, err
	}
	led, err := p.leads(ctx, m, link)
	return link, len(led) == 0, err
}

// lead is a connection that knows how to read a link, and the post that it names there.
type lead struct {
	listeners.Connection
	nativeID string
}

func (p *Paster) leads(ctx context.Context, m *community.Member, link listeners.Link) ([]lead, error) {
	connections, err := listeners.Connections(ctx, p.Poller.Read, m.BrandID)
	if err != nil {
		return nil, err
	}
	var led []lead
	for _, c := range connections {
		n, err := p.Connector.Network(c.Network)
		if err != nil || n.Link == nil {
			continue
		}
		if id := n.Link(c.Settings, link.URL); id != "" {
			led = append(led, lead{c, id})
		}
	}
	return led, nil
}

// read follows a link that leads to a network which the brand has connected; false where none shows it.
func (p *Paster) read(ctx context.Context, m *community.Member, l *Landing) (bool, error) {
	led, err := p.leads(ctx, m, l.Link)
	if err != nil {
		return false, err
	}
	for _, c := range led {
		post, err := listeners.MentionOf(ctx, p.Poller.Read, m.BrandID, c.Network, c.nativeID)
		if err == nil {
			return true, p.land(ctx, m, l, post.ID)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return false, err
		}
		if c.State != listeners.On {
			continue
		}
		if read, err := p.look(ctx, m, l, c.Connection, c.nativeID); err != nil || read {
			return read, err
		}
	}
	return false, nil
}

// look asks the network of a connection for a post that is not known yet.
func (p *Paster) look(ctx context.Context, m *community.Member, l *Landing, c listeners.Connection, nativeID string) (bool, error) {
	var noted int64
	err := p.Connector.Transact(ctx, func(ctx context.Context, tx listeners.Tx) (err error) {
		noted, err = community.Paste(ctx, tx, m, l.Link) // first, because looking may cost money
		return err
	})
	if err != nil {
		return false, err
	}
	shown, err := p.Poller.Look(ctx, c, nativeID)
	if err != nil || !shown {
		l.Unseen = err == nil
		return false, err
	}
	var post listeners.Mention
	err = p.Connector.Transact(ctx, func(ctx context.Context, tx listeners.Tx) (err error) {
		post, err = p.stored(ctx, tx, m, noted, l, c, nativeID)
		return err
	})
	if err != nil {
		return false, err
	}
	return true, p.show(ctx, m, l, post)
}

// copy stores what a member has copied as a post.
func (p *Paster) copy(ctx context.Context, m *community.Member, l *Landing, in Pasting) error {
	switch in.Text, in.Author = strings.TrimSpace(listeners.Clean(in.Text)), listeners.CleanLine(in.Author); {
	case in.Text == "":
		return &community.Invalid{Field: "text", Sentence: "copy what the customer wrote"}
	case utf8.RuneCountInString(in.Text) > longestCopy:
		return &community.Invalid{Field: "text", Sentence: "this is too long; copy what matters"}
	case in.Author == "":
		return &community.Invalid{Field: "author", Sentence: "copy the name above the post"}
	case utf8.RuneCountInString(in.Author) > longestName:
		return &community.Invalid{Field: "author", Sentence: "this name is too long"}
	}
	note := func(ctx context.Context, tx listeners.Tx, c listeners.Connection) error {
		return community.NoteConnected(ctx, tx, m, c)
	}
	c, err := p.Connector.Formless(ctx, m.BrandID, pasted, note)
	if err != nil {
		return err
	}
	if c.State != listeners.On {
		return community.ErrNoPasting
	}
	ch, err := p.Connector.Open(c)
	if err != nil {
		return err
	}
	post := ch.(listeners.Copier).Copy(listeners.Copied{Link: l.Link, Text: in.Text, Author: in.Author})
	known, err := listeners.MentionOf(ctx, p.Poller.Read, m.BrandID, pasted, post.NativeID)
	if err == nil {
		return p.land(ctx, m, l, known.ID)
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	store := p.Poller.Sink(c, []listeners.Post{post})
	var there listeners.Mention
	err = p.Connector.Transact(ctx, func(ctx context.Context, tx listeners.Tx) error {
		noted, err := community.Paste(ctx, tx, m, l.Link)
		if err != nil {
			return err
		}
		if err := store(ctx, tx); err != nil {
			return err
		}
		there, err = p.stored(ctx, tx, m, noted, l, c, post.NativeID)
		return err
	})
	if err != nil {
		return err
	}
	return p.show(ctx, m, l, there)
}

// stored finds the post that a link led to, and notes that it did.
func (p *Paster) stored(ctx context.Context, tx listeners.Tx, m *community.Member, noted int64, l *Landing, c listeners.Connection, nativeID string) (listeners.Mention, error) {
	post, err := listeners.MentionOf(ctx, tx, m.BrandID, c.Network, nativeID)
	if errors.Is(err, sql.ErrNoRows) {
		return post, community.ErrTakenDown // a tombstone kept it out
	}
	if err != nil {
		return post, err
	}
	return post, community.Pasted(ctx, tx, m, noted, post, l.Link.Host)
}

// land leads to the case of a post that was here before.
func (p *Paster) land(ctx context.Context, m *community.Member, l *Landing, mentionID int64) error {
	posts, err := listeners.FindMentions(ctx, p.Poller.Read, []int64{mentionID})
	if err != nil {
		return err
	}
	l.Known = true
	return p.show(ctx, m, l, posts[mentionID])
}

// show tells of a post's case what the member may know.
func (p *Paster) show(ctx context.Context, m *community.Member, l *Landing, post listeners.Mention) error {
	switch {
	case post.GoneWhy != "":
		return community.ErrTakenDown
	case post.CaseID == 0:
		return community.ErrBrandsOwn
	}
	cases, err := community.CasesByID(ctx, p.Poller.Read, []int64{post.CaseID})
	if err != nil {
		return err
	}
	c := cases[post.CaseID]
	if !m.MaySee(&c) {
		l.Lane = c.Lane
		return nil
	}
	l.Case = c
	return nil
}
