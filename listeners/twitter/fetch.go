package twitter

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	sdk "github.com/g8rswimmer/go-twitter/v2"
	"github.com/kith-social/kith/listeners"
)

// mark is how far one source was read. X gives the newest posts first, so Since moves only when the
// last page is done: after a crash in between, the pages are read once more from the first.
type mark struct {
	Since  string `json:"since,omitempty"`  // everything up to this id was read
	Newest string `json:"newest,omitempty"` // the newest id of the pages read since then
	Token  string `json:"token,omitempty"`  // of the next page
	Paid   string `json:"paid,omitempty"`   // on Day, everything up to this id was charged
	Day    int64  `json:"day,omitempty"`    // in UTC, since 1970
}

// overlap is how far behind the newest post the next round starts, as a difference of ids: X shows some
// posts a few seconds after younger ones. Posts that are read twice are known by their id.
const overlap = 60_000 << idTimeShift

// mostAhead is how far the clock of X may be ahead of ours.
const mostAhead = 24 * time.Hour

const maxToken = 1024 // bytes of a page token, so that a Cursor stays small

// source is one list that posts are read from.
type source struct {
	name   string
	reason listeners.Reason
	rule   string
	price  tariff
	read   func(context.Context, *listeners.Exchange, mark, times) error
}

// sources are the lists that are read, and their names.
func (c *Channel) sources() (list []source, names []string) {
	list = []source{
		{name: "mentions", reason: listeners.Mentioned, price: c.owned(), read: c.readMentions},
		{name: "own", reason: listeners.Own, price: c.owned(), read: c.readOwn},
	}
	for _, r := range c.rules {
		list = append(list, source{name: "rule " + r.ID, reason: listeners.Keyword, rule: r.ID, price: search(r.ID), read: c.readSearch(r.Query)})
	}
	for _, s := range list {
		names = append(names, s.name)
	}
	return list, names
}

// times are the bounds of a Backfill; zero times bound nothing.
type times struct{ from, to time.Time }

// Fetch reads one page of the source whose turn it is. A round goes through every source to its last
// page; More is false after it.
func (c *Channel) Fetch(ctx context.Context, after listeners.Cursor) (listeners.Page, error) {
	turns, err := listeners.ReadTurns[mark](after)
	if err != nil {
		return listeners.Page{}, err
	}
	sources, names := c.sources()
	turn, m := turns.Whose(names)
	s := sources[turn]
	page := listeners.Page{}

	ctx, call := listeners.Record(ctx, emptyAnswer)
	err = c.readError("read "+s.name, call, s.read(ctx, call, m, times{}))
	switch refused := refusedParameter(call); {
	case err == nil:
		if page, m, err = c.page(call.Body, s, m); err != nil {
			return listeners.Page{}, c.malformed("read "+s.name, err)
		}
	case refused == "since_id" && m.Since != "":
		turns.Read(names, mark{}, false) // too old: from what X still gives
		return listeners.Page{Next: turns.Cursor(), More: true}, nil
	case refused == "token" && m.Token != "":
		m.Token = "" // gone stale: the pages once more, next round
	default:
		return listeners.Page{}, err
	}
	page.More = turns.Read(names, m, m.Token == "")
	page.Next = turns.Cursor()
	return page, nil
}

// page reads an answer and moves the source's mark over it.
func (c *Channel) page(body []byte, s source, m mark) (listeners.Page, mark, error) {
	a, err := c.answered(body)
	if err != nil {
		return listeners.Page{}, m, err
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
	if today := int64(c.now()) / int64(24*time.Hour/time.Microsecond); m.Day != today {
		m.Day, m.Paid = today, ""
	}
	page := c.found(a, s)
	page.Spend = s.price.spend(a, func(p *post) bool { return number(p.id) > number(m.Paid) })
	if m.Token = a.next; m.Token == "" {
		if m.Since, m.Newest = since(m.Since, newest), ""; newest > number(m.Paid) {
			m.Paid = strconv.FormatUint(newest, 10)
		}
	}
	return page, m, nil
}

// answered decodes the answer of a source.
func (c *Channel) answered(body []byte) (*answer, error) {
	a, err := decode(body)
	switch {
	case err != nil:
		return nil, err
	case len(a.posts) == 0 && a.misses(c.id):
		return nil, fmt.Errorf("the account %s is unknown to X", c.id)
	case len(a.next) > maxToken:
		return nil, fmt.Errorf("the token of the next page has %d bytes", len(a.next))
	}
	return a, nil
}

// found is what an answer of a source tells. Posts that its posts refer to and that X does not show are
// gone too.
func (c *Channel) found(a *answer, s source) listeners.Page {
	page := c.normalise(a, s.reason)
	for i := range page.Posts {
		if page.Posts[i].Reason == listeners.Keyword {
			page.Posts[i].Rule = s.rule
		}
	}
	for _, m := range a.gone {
		if m.of == "tweet" || m.of == "post" {
			page.Gone = append(page.Gone, listeners.Removal{NativeID: m.id, Why: m.why})
		}
	}
	return page
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

func (c *Channel) readMentions(ctx context.Context, _ *listeners.Exchange, m mark, when times) error {
	_, err := c.client.UserMentionTimeline(ctx, c.id, sdk.UserMentionTimelineOpts{
		TweetFields: c.ask.fields, Expansions: c.ask.expansions, UserFields: userFields,
		MaxResults: pageSize, SinceID: m.Since, PaginationToken: m.Token, StartTime: when.from, EndTime: when.to,
	})
	return err
}

func (c *Channel) readOwn(ctx context.Context, _ *listeners.Exchange, m mark, when times) error {
	_, err := c.client.UserTweetTimeline(ctx, c.id, sdk.UserTweetTimelineOpts{
		TweetFields: c.ask.fields, Expansions: c.ask.expansions, UserFields: userFields,
		MaxResults: pageSize, SinceID: m.Since, PaginationToken: m.Token, StartTime: when.from, EndTime: when.to,
	})
	return err
}

func (c *Channel) readSearch(query string) func(context.Context, *listeners.Exchange, mark, times) error {
	return func(ctx context.Context, call *listeners.Exchange, m mark, when times) error {
		return c.search(ctx, call, query, pageSize, m, when)
	}
}

// search asks for one page of posts that match a query, the newest first.
func (c *Channel) search(ctx context.Context, call *listeners.Exchange, query string, most int, m mark, when times) error {
	q := c.ask.parameters(c.ask.quoted...)
	q.Set("query", query)
	q.Set("max_results", strconv.Itoa(most))
	for name, value := range map[string]string{"since_id": m.Since, "next_token": m.Token, "start_time": instant(when.from), "end_time": instant(when.to)} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return c.call(ctx, call, c.user, http.MethodGet, "/2/tweets/search/recent", q, nil)
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// refusedParameter tells which parameter of a call X did not take: "since_id", "token" or neither.
func refusedParameter(call *listeners.Exchange) string {
	if call.Status != http.StatusBadRequest {
		return ""
	}
	return readProblem(call.Body).parameter()
}
