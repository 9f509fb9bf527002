package facebook

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	sdk "github.com/huandu/facebook/v2"
	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/tidwall/gjson"
)

// source is one list that a round reads, the newest first.
type source struct {
	name   string
	edge   string
	params sdk.Params
	depth  int  // items that are looked at however old they are
	needed bool // a round fails where we may not read it
	// item reads one of the list: what it is itself, where it is anything; when it was made, and when the
	// newest below it was; whether it goes by the one or the other in the list.
	item func(gjson.Result) (e *entry, made, below clock.Time, err error)
	// inner reads a page below an item.
	inner func(ctx context.Context, id, after string, from clock.Time) (gjson.Result, *listeners.Exchange, error)
	// within reads one of that page.
	within func(v gjson.Result, id string) (entry, error)
	falls  bool // the page below has the newest first
}

// sources are the lists that are read, and their names.
func (c *Channel) sources() (list []source, names []string) {
	posts := func(name string, needed bool) source {
		return source{
			name: name, edge: c.id + "/" + name, params: sdk.Params{"fields": postFields}, depth: depth, needed: needed,
			item: c.listedPost, inner: c.readComments,
			within: func(v gjson.Result, id string) (entry, error) { return c.comment(v, id) },
		}
	}
	list = []source{
		posts("published_posts", true), posts("visitor_posts", false), posts("tagged", false),
		{name: "ratings", edge: c.id + "/ratings", params: sdk.Params{"fields": reviewFields}, item: c.listedReview},
		{
			name: "conversations", edge: c.id + "/conversations", params: sdk.Params{"fields": "id,updated_time", "platform": "messenger"},
			item: listedConversation, inner: c.readMessages, falls: true,
			within: func(v gjson.Result, _ string) (entry, error) { return c.message(v) },
		},
	}
	for _, s := range list {
		names = append(names, s.name)
	}
	return list, names
}

func (c *Channel) listedPost(v gjson.Result) (*entry, clock.Time, clock.Time, error) {
	e, err := c.post(v)
	return &e, e.CreatedAt, newestBelow(v), err
}

func (c *Channel) listedReview(v gjson.Result) (*entry, clock.Time, clock.Time, error) {
	e, err := c.review(v)
	return &e, e.CreatedAt, 0, err
}

func listedConversation(v gjson.Result) (*entry, clock.Time, clock.Time, error) {
	at, err := timeOf(v.Get("updated_time"))
	return nil, at, at, err
}

func (c *Channel) readComments(ctx context.Context, post, after string, from clock.Time) (gjson.Result, *listeners.Exchange, error) {
	params := sdk.Params{
		"fields": commentFields, "filter": "stream", "order": "chronological", "limit": innerSize,
		"since": strconv.FormatInt(seconds(from), 10),
	}
	return c.get(ctx, "read comments", post+"/comments", paged(params, after))
}

func (c *Channel) readMessages(ctx context.Context, conversation, after string, _ clock.Time) (gjson.Result, *listeners.Exchange, error) {
	return c.get(ctx, "read messages", conversation+"/messages", paged(sdk.Params{"fields": messageFields, "limit": innerSize}, after))
}

// paged adds the cursor to the parameters of a call.
func paged(params sdk.Params, after string) sdk.Params {
	if after != "" {
		params["after"] = after
	}
	return params
}

// span is the time that is wanted; what was made or edited in it is returned.
type span struct{ from, to clock.Time }

func (s span) has(t clock.Time) bool { return t >= s.from && (s.to == 0 || t < s.to) }

// Fetch reads one page of the source whose turn it is, or below one of its items. A round goes through
// every source to its last page; More is false after it. A round without a cursor goes 30 days back: what
// is older is for Backfill.
func (c *Channel) Fetch(ctx context.Context, after listeners.Cursor) (listeners.Page, error) {
	return c.round(ctx, after, func(m mark) span {
		if m.Since == 0 {
			return span{from: c.now().Add(-firstLook)}
		}
		return span{from: atSecond(m.Since).Add(-overlap)}
	})
}

// Backfill reads what was written in [from, to), also below the newest posts that are older.
func (c *Channel) Backfill(ctx context.Context, from, to clock.Time, after listeners.Cursor) (listeners.Page, error) {
	return c.round(ctx, after, func(mark) span { return span{from, to} })
}

func (c *Channel) round(ctx context.Context, after listeners.Cursor, wanted func(mark) span) (listeners.Page, error) {
	turns, err := listeners.ReadTurns[mark](after)
	if err != nil {
		return listeners.Page{}, err
	}
	if until := atSecond(turns.Until); turns.Until > 0 && c.now() < until {
		return listeners.Page{}, &listeners.Error{Class: listeners.RateLimited, Until: until, Err: errUsedUp}
	}
	turns.Until = 0
	sources, names := c.sources()
	turn, m := turns.Whose(names)
	s := sources[turn]
	page, m, call, err := c.step(ctx, s, m, wanted(m))
	switch refused := classIn(err); {
	case err == nil:
	case refused == listeners.Invalid && (m.After != "" || m.Inner != "") && strings.Contains(strings.ToLower(err.Error()), "cursor"):
		m = mark{Since: m.Since} // the cursor has gone stale: the pages once more, next round
	case refused == listeners.Forbidden && !s.needed:
		m = mark{Since: m.Since} // the doctor tells of it; the others are heard
	default:
		return listeners.Page{}, err
	}
	page.More = turns.Read(names, m, !m.working())
	if call != nil {
		var stop bool
		if page.NotBefore, stop = c.pause(call); stop {
			turns.Until = seconds(page.NotBefore)
		}
	}
	page.Next = turns.Cursor()
	return page, nil
}

var errUsedUp = errors.New("what Facebook lets us call is nearly used up")

func classIn(err error) listeners.Class {
	var e *listeners.Error
	if errors.As(err, &e) {
		return e.Class
	}
	return ""
}

// step reads one page of a source and moves its mark over it.
func (c *Channel) step(ctx context.Context, s source, m mark, wanted span) (listeners.Page, mark, *listeners.Exchange, error) {
	if len(m.Queue) > 0 {
		return c.below(ctx, s, m, wanted)
	}
	params := paged(sdk.Params{"limit": listSize}, m.After)
	for name, v := range s.params {
		params[name] = v
	}
	doing := "read " + s.name
	v, call, err := c.get(ctx, doing, s.edge, params)
	if err != nil {
		return listeners.Page{}, m, call, err
	}
	var page listeners.Page
	oldest, last := clock.Time(0), c.now().Add(mostAhead)
	items := v.Get("data").Array()
	for _, item := range items {
		e, made, below, err := s.item(item)
		if err != nil {
			page.Rejected = append(page.Rejected, reject(item, err))
			continue
		}
		if oldest == 0 || made < oldest {
			oldest = made
		}
		if newest := max(made, below); newest >= wanted.from && newest <= last { // after a time of the future nothing would be heard any more
			m.Newest = max(m.Newest, seconds(newest))
		}
		if e != nil && (wanted.has(made) || made < wanted.from && e.Version > seconds(made) && wanted.has(atSecond(e.Version))) {
			take(&page, *e)
		}
		if id := item.Get("id").Str; s.inner != nil && below >= wanted.from && below > 0 && (wanted.to == 0 || made < wanted.to || s.falls) && isID(id) {
			m.Queue = append(m.Queue, id)
		}
	}
	m.Seen += len(items)
	if m.After, err = next(v); err != nil {
		return page, m, call, c.malformed(doing, err)
	}
	if oldest > 0 && oldest < wanted.from && m.Seen >= s.depth {
		m.After = ""
	}
	if !m.working() {
		m = m.finished()
	}
	return page, m, call, nil
}

// below reads one page below the first item of the queue.
func (c *Channel) below(ctx context.Context, s source, m mark, wanted span) (listeners.Page, mark, *listeners.Exchange, error) {
	id := m.Queue[0]
	v, call, err := s.inner(ctx, id, m.Inner, wanted.from)
	switch classIn(err) {
	case "":
	case listeners.Gone, listeners.Forbidden: // deleted meanwhile, or shut to us
		return listeners.Page{}, m.popped(), call, nil
	default:
		return listeners.Page{}, m, call, err
	}
	var page listeners.Page
	items, beyond := v.Get("data").Array(), false
	for _, item := range items {
		e, err := s.within(item, id)
		switch {
		case err != nil:
			page.Rejected = append(page.Rejected, reject(item, err))
		case wanted.has(e.CreatedAt):
			take(&page, e)
		default:
			beyond = beyond || s.falls == (e.CreatedAt < wanted.from)
		}
	}
	if m.Inner, err = next(v); err != nil {
		return page, m, call, c.malformed("read below "+s.name, err)
	}
	if m.Inner == "" || beyond {
		m = m.popped()
	}
	return page, m, call, nil
}

// popped is a mark after everything below the first item of its queue was read.
func (m mark) popped() mark {
	m.Queue, m.Inner = m.Queue[1:], ""
	if !m.working() {
		return m.finished()
	}
	return m
}

// take adds what was read to a page: what the Page hides from others is gone.
func take(page *listeners.Page, e entry) {
	if e.hidden {
		page.Gone = append(page.Gone, listeners.Removal{NativeID: e.NativeID, Why: listeners.Hidden})
		return
	}
	page.Posts = append(page.Posts, e.Post)
}

func reject(v gjson.Result, why error) listeners.Rejected {
	return listeners.Rejected{Raw: []byte(v.Raw), Reason: why.Error()}
}

// next is the cursor of the page after this one; "" where there is none. An empty page may have a next
// one, because Facebook leaves out after it has counted.
func next(v gjson.Result) (string, error) {
	to := v.Get("paging.next").Str
	if to == "" {
		return "", nil
	}
	after := v.Get("paging.cursors.after").Str
	if u, err := url.Parse(to); after == "" && err == nil {
		after = u.Query().Get("after")
	}
	if after == "" || len(after) > maxCursor {
		return "", fmt.Errorf("%w: %d bytes", errCursor, len(after))
	}
	return after, nil
}
