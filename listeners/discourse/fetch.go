package discourse

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/tidwall/gjson"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

// mark is how far one source was read. The newest comes first everywhere, so Since and ID move only when
// the last page is done: after a crash in between, the pages are read once more from the first.
type mark struct {
	Since  clock.Time `json:"since,omitempty"`  // what is older was read, unless its id is above ID
	ID     int64      `json:"id,omitempty"`     // the newest id that was read
	Newest clock.Time `json:"newest,omitempty"` // of the pages read since then
	Top    int64      `json:"top,omitempty"`    // the newest id of the pages read since then
	Next   int64      `json:"next,omitempty"`   // where the next page begins: an id, a page or an offset; 0: at the front
	Pages  int        `json:"pages,omitempty"`  // read since then
	Empty  int        `json:"empty,omitempty"`  // pages without posts, in a row
	Seen   []string   `json:"seen,omitempty"`   // ids that were read and will be given again
}

const (
	// overlap is how far behind the newest post the next round starts: the forum shows some posts a moment
	// after younger ones.
	overlap = time.Minute
	// searchOverlap is longer, for a post is searched for only when a job has put it into the index.
	searchOverlap = 10 * time.Minute
	// mostAhead is how far the clock of a forum may be ahead of ours.
	mostAhead = 24 * time.Hour
	// firstPages is how much of a forum's past a first round reads, fifty posts each.
	firstPages = 20
	// mostEmpty is how many pages without posts are no end yet: forums before 2025 give what is public among
	// the next fifty ids, which may be nothing.
	mostEmpty = 5
	idStep    = 50
	// searchBack is how far back the first round of a search goes.
	searchBack = 7 * 24 * time.Hour
	mostSeen   = 120 // ids in all marks together, so that a Cursor stays small
	atOnce     = 20  // posts looked up for one page
	noticePage = 60
)

// source is one list that news is read from. read returns a page of it and the mark after it, whose Next
// is 0 after the last page.
type source struct {
	name string
	read func(context.Context, mark) (listeners.Page, mark, error)
}

// sources are the lists that are read, and their names.
func (c *Channel) sources() (list []source, names []string) {
	list = []source{{"posts", c.readPosts}, {"notices", c.readNotices}}
	for _, r := range c.rules {
		list = append(list, source{"rule " + r.ID, func(ctx context.Context, m mark) (listeners.Page, mark, error) {
			return c.readSearch(ctx, r, m)
		}})
	}
	for _, s := range list {
		names = append(names, s.name)
	}
	return list, names
}

// Fetch reads one page of the source whose turn it is. A round goes through every source to its last
// page; More is false after it.
func (c *Channel) Fetch(ctx context.Context, after listeners.Cursor) (listeners.Page, error) {
	turns, err := listeners.ReadTurns[mark](after)
	if err != nil {
		return listeners.Page{}, err
	}
	sources, names := c.sources()
	turn, m := turns.Whose(names)
	page, m, err := sources[turn].read(ctx, m)
	if err != nil {
		return listeners.Page{}, err
	}
	page.More = turns.Read(names, m, m.Next == 0)
	page.Next = turns.Cursor()
	return page, nil
}

// readPosts reads a page of the newest posts of the whole forum.
func (c *Channel) readPosts(ctx context.Context, m mark) (listeners.Page, mark, error) {
	const doing = "read the newest posts"
	some, lowest, err := c.latest(ctx, doing, m.Next)
	if err != nil {
		return listeners.Page{}, m, err
	}
	var wanted []post
	reached := false
	for _, p := range some.posts {
		id := number(p.NativeID)
		fresh := p.CreatedAt >= m.Since || id > m.ID
		reached = reached || !fresh
		if fresh && c.wants(p) {
			wanted = append(wanted, p)
		}
		if p.CreatedAt <= c.now().Add(mostAhead) { // beyond a time of the future nothing would be heard any more
			m.Newest, m.Top = max(m.Newest, p.CreatedAt), max(m.Top, id)
		}
	}
	if some.Posts, err = c.settled(ctx, doing, wanted); err != nil {
		return listeners.Page{}, m, err
	}
	m.Pages++
	switch {
	case lowest > 0:
		m.Next, m.Empty = lowest, 0
	case m.Next > 0:
		m.Next, m.Empty = max(m.Next-idStep<<m.Empty, 0), m.Empty+1
	}
	if reached || m.Next <= 1 || m.Empty > mostEmpty || m.Since == 0 && m.Pages >= firstPages {
		m = m.done(overlap)
	}
	return some.Page, m, nil
}

// done is the mark after the last page of a round.
func (m mark) done(overlap time.Duration) mark {
	next := mark{Since: m.Since, ID: max(m.ID, m.Top), Seen: m.Seen}
	if m.Newest > 0 {
		next.Since = max(m.Since, m.Newest.Add(-overlap))
	}
	return next
}

// newest are the n greatest of some ids.
func newest(ids []string, n int) []string {
	slices.SortFunc(ids, func(a, b string) int { return cmp.Compare(number(b), number(a)) })
	return ids[:min(n, len(ids))]
}

// readSearch reads a page of what a rule finds. The forum searches by the day and shows parts of texts,
// so what has not been given yet is looked up.
func (c *Channel) readSearch(ctx context.Context, r listeners.Rule, m mark) (listeners.Page, mark, error) {
	const doing = "search the forum"
	from := cmp.Or(m.Since, c.now().Add(-searchBack))
	query := url.Values{"q": {r.Query + " after:" + from.Add(-24*time.Hour).Std().UTC().Format(time.DateOnly) + " order:latest"}}
	if m.Next > 1 {
		query.Set("page", strconv.FormatInt(m.Next, 10))
	}
	v, err := c.get(ctx, doing, "/search.json", query, "")
	if err != nil {
		return listeners.Page{}, m, err
	}
	var ids []string
	left, old := false, false
	v.Get("posts").ForEach(func(_, hit gjson.Result) bool {
		id := digits(hit.Get("id"))
		at, err := moment(hit.Get("created_at"))
		switch {
		case id == "" || err != nil:
		case at < from:
			old = true
		case slices.Contains(m.Seen, id):
		case len(ids) == atOnce:
			left = true
		default:
			ids, m.Seen = append(ids, id), append(m.Seen, id)
			if at <= c.now().Add(mostAhead) {
				m.Newest = max(m.Newest, at)
			}
		}
		return true
	})
	page, err := c.Hydrate(ctx, ids)
	if err != nil {
		return listeners.Page{}, m, err
	}
	for i := range page.Posts {
		page.Posts[i].Rule = r.ID
	}
	more := v.Get("grouped_search_result.more_full_page_results").Bool() && !old && m.Pages < firstPages
	switch {
	case left: // the same page again
		m.Next = max(m.Next, 1)
	case more:
		m.Next, m.Pages, m.Seen = max(m.Next, 1)+1, m.Pages+1, newest(m.Seen, mostSeen/4)
	default:
		m = m.done(searchOverlap)
		m.Seen = newest(m.Seen, mostSeen/2/len(c.rules))
	}
	return page, m, nil
}

// The types of notifications that are about a post for us.
var noticeTypes = map[int64]bool{1: true, 2: true, 3: true, 6: true, 15: true} // mentioned, replied, quoted, private message, group mentioned

// readNotices reads a page of the account's notifications and looks up the posts of those that are new.
func (c *Channel) readNotices(ctx context.Context, m mark) (listeners.Page, mark, error) {
	const doing = "read the notifications"
	query := url.Values{"limit": {strconv.Itoa(noticePage)}, "offset": {strconv.FormatInt(m.Next, 10)}}
	v, err := c.get(ctx, doing, "/notifications.json", query, "")
	if isClass(err, listeners.Forbidden) { // a key that may not read them hears the rest
		return listeners.Page{}, mark{}, nil
	}
	if err != nil {
		return listeners.Page{}, m, err
	}
	var ids, seen []string
	listed, fresh := 0, 0
	v.Get("notifications").ForEach(func(_, n gjson.Result) bool {
		listed++
		id := digits(n.Get("id"))
		at, err := moment(n.Get("created_at"))
		if id == "" || err != nil || slices.Contains(m.Seen, id) || number(id) <= m.ID && at < m.Since {
			return true
		}
		fresh, seen = fresh+1, append(seen, id)
		m.Newest, m.Top = max(m.Newest, at), max(m.Top, number(id))
		if post := digits(n.Get("data.original_post_id")); post != "" && noticeTypes[n.Get("notification_type").Int()] {
			ids = append(ids, post)
		}
		return true
	})
	page, err := c.Hydrate(ctx, ids)
	if err != nil {
		return listeners.Page{}, m, err
	}
	m.Seen = newest(append(m.Seen, seen...), mostSeen/4)
	page.Gone = nil
	m.Pages++
	if fresh < listed || listed < noticePage || m.Pages >= firstPages {
		m = m.done(overlap)
	} else {
		m.Next += noticePage
	}
	return page, m, nil
}
