package twitter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	sdk "github.com/g8rswimmer/go-twitter/v2"
	"github.com/kith-social/kith/listeners"
)

// place is what a Cursor holds: how far each source was read, and whose turn it is.
type place struct {
	Version int             `json:"v"`
	Turn    int             `json:"turn"`
	Marks   map[string]mark `json:"marks"`
}

const placeVersion = 1

// mark is how far one source was read. X gives the newest posts first, so Since moves only when the
// last page is done: after a crash in between, the pages are read once more from the first.
type mark struct {
	Since  string `json:"since,omitempty"`  // everything up to this id was read
	Newest string `json:"newest,omitempty"` // the newest id of the pages read since then
	Token  string `json:"token,omitempty"`  // of the next page
}

// overlap is how far behind the newest post the next round starts, as a difference of ids: X shows some
// posts a few seconds after younger ones. Posts that are read twice are known by their id.
const overlap = 60_000 << idTimeShift

// mostAhead is how far the clock of X may be ahead of ours.
const mostAhead = 24 * time.Hour

const maxToken = 1024 // bytes of a page token, so that a Cursor stays small

var errPlace = errors.New("this place in the timelines of X was not written by this version")

func readPlace(cur listeners.Cursor) (place, error) {
	if cur == "" {
		return place{Version: placeVersion, Marks: make(map[string]mark)}, nil
	}
	var p place
	if err := json.Unmarshal([]byte(cur), &p); err != nil || p.Version != placeVersion || p.Turn < 0 || p.Marks == nil {
		return p, errPlace
	}
	return p, nil
}

func (p place) cursor() listeners.Cursor {
	b, _ := json.Marshal(p) // strings and numbers: it cannot fail
	return listeners.Cursor(b)
}

// source is one list that posts are read from.
type source struct {
	name   string
	reason listeners.Reason
	read   func(context.Context, mark) error
}

func (c *Channel) sources() []source {
	list := []source{
		{"mentions", listeners.Mentioned, c.readMentions},
		{"own", listeners.Own, c.readOwn},
	}
	if c.listen != "" {
		list = append(list, source{"search", listeners.Keyword, c.readSearch})
	}
	return list
}

// Fetch reads one page of the source whose turn it is. A round goes through every source to its last
// page; More is false after it.
func (c *Channel) Fetch(ctx context.Context, after listeners.Cursor) (listeners.Page, error) {
	p, err := readPlace(after)
	if err != nil {
		return listeners.Page{}, err
	}
	sources := c.sources()
	if p.Turn >= len(sources) {
		p.Turn = 0 // the search was taken away
	}
	s := sources[p.Turn]
	m := p.Marks[s.name]
	page := listeners.Page{}

	ctx, call := listeners.Record(ctx, emptyAnswer)
	err = c.readError("read "+s.name, call, s.read(ctx, m))
	switch refused := refusedParameter(call); {
	case err == nil:
		if page, m, err = c.page(call.Body, s, m); err != nil {
			return listeners.Page{}, c.malformed("read "+s.name, err)
		}
	case refused == "since_id" && m.Since != "":
		m = mark{} // too old: from what X still gives
		p.Marks[s.name] = m
		return listeners.Page{Next: p.cursor(), More: true}, nil
	case refused == "token" && m.Token != "":
		m.Token = "" // gone stale: the pages once more, next round
	default:
		return listeners.Page{}, err
	}
	p.Marks[s.name] = m
	if m.Token == "" {
		p.Turn++
	}
	page.More = p.Turn < len(sources)
	p.Turn %= len(sources)
	page.Next = p.cursor()
	return page, nil
}

// page reads an answer and moves the source's mark over it.
func (c *Channel) page(body []byte, s source, m mark) (listeners.Page, mark, error) {
	a, err := decode(body)
	if err != nil {
		return listeners.Page{}, m, err
	}
	if len(a.posts) == 0 && slices.Contains(a.gone, c.id) {
		return listeners.Page{}, m, fmt.Errorf("the account %s is unknown to X", c.id)
	}
	if len(a.next) > maxToken {
		return listeners.Page{}, m, fmt.Errorf("the token of the next page has %d bytes", len(a.next))
	}
	newest, last := number(m.Newest), idAt(c.now().Add(mostAhead))
	for i := range a.posts {
		if n := number(a.posts[i].id); n <= last { // beyond an id of the future nothing would be heard any more
			newest = max(newest, n)
		}
	}
	if newest > 0 {
		m.Newest = strconv.FormatUint(newest, 10)
	}
	if m.Token = a.next; m.Token == "" {
		m.Since, m.Newest = since(m.Since, newest), ""
	}
	return c.normalise(a, s.reason), m, nil
}

// since is where the next round of a source starts.
func since(before string, newest uint64) string {
	if newest > overlap {
		newest -= overlap // a small id carries no time, so there is nothing to go back by
	}
	if newest <= number(before) {
		return before
	}
	return strconv.FormatUint(newest, 10)
}

func (c *Channel) readMentions(ctx context.Context, m mark) error {
	_, err := c.client.UserMentionTimeline(ctx, c.id, sdk.UserMentionTimelineOpts{
		TweetFields: c.ask.fields, Expansions: c.ask.expansions, UserFields: userFields,
		MaxResults: pageSize, SinceID: m.Since, PaginationToken: m.Token,
	})
	return err
}

func (c *Channel) readOwn(ctx context.Context, m mark) error {
	_, err := c.client.UserTweetTimeline(ctx, c.id, sdk.UserTweetTimelineOpts{
		TweetFields: c.ask.fields, Expansions: c.ask.expansions, UserFields: userFields,
		MaxResults: pageSize, SinceID: m.Since, PaginationToken: m.Token,
	})
	return err
}

func (c *Channel) readSearch(ctx context.Context, m mark) error {
	_, err := c.client.TweetRecentSearch(ctx, c.listen, sdk.TweetRecentSearchOpts{
		TweetFields: c.ask.fields, Expansions: slices.Concat(c.ask.quoted, c.ask.expansions), UserFields: userFields,
		MaxResults: pageSize, SinceID: m.Since, NextToken: m.Token,
	})
	return err
}

// refusedParameter tells which parameter of a call X did not take: "since_id", "token" or neither.
func refusedParameter(call *listeners.Exchange) string {
	if call.Status != http.StatusBadRequest {
		return ""
	}
	return readProblem(call.Body).parameter()
}
