package nodebb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kith-social/kith/listeners"
	"github.com/tidwall/gjson"
)

// place is what a Cursor holds. A round reads the list of topics, newest first, as far as somebody wrote
// in them since the last one, and of each the posts since then. Times are milliseconds of the forum.
type place struct {
	Version int   `json:"v"`
	Since   int64 `json:"since"`           // everything up to then was read
	First   int64 `json:"first,omitempty"` // the newest time when the round began
	Page    int   `json:"page,omitempty"`  // of the list, to be read next
	// While a long list is read, a topic may move to a page that was read already. So the first page is
	// looked at once more, for topics that were written in since the round began.
	Again  bool     `json:"again,omitempty"`
	Listed bool     `json:"listed,omitempty"` // the list has been read to its end
	Topics []string `json:"topics,omitempty"` // to be read, as tid:page
}

const (
	placeVersion = 1
	// overlap is how far behind the newest post the next round starts: what is written at once is not
	// shown at once. Posts that are read twice are known by their id.
	overlap    = int64(time.Minute / time.Millisecond)
	mostAhead  = int64(24 * time.Hour / time.Millisecond) // how far the forum's clock may be ahead of ours
	firstRound = 7 * 24 * time.Hour                       // how far back the first round looks
	mostCalls  = 25                                       // of one Fetch
	mostTopics = 60                                       // of one page of the list; forums show 20
	mostPages  = 10_000
)

func (c *Channel) readPlace(cur listeners.Cursor) (place, error) {
	if cur == "" {
		return place{Version: placeVersion, Since: int64(c.now().Add(-firstRound)) / 1000, Page: 1}, nil
	}
	var p place
	if err := json.Unmarshal([]byte(cur), &p); err != nil || p.Version != placeVersion || p.Page < 0 || p.Page > mostPages || len(p.Topics) > mostTopics {
		return p, listeners.ErrPlace
	}
	p.Page = max(p.Page, 1)
	return p, nil
}

func (p place) cursor() listeners.Cursor {
	b, _ := json.Marshal(p) // strings and numbers: it cannot fail
	return listeners.Cursor(b)
}

// done is where the next round starts.
func (p place) done() place {
	return place{Version: placeVersion, Since: max(p.Since, p.First-overlap)}
}

// Fetch reads some of what was written since the last round: pages of the list of topics and of topics,
// in up to 25 calls.
func (c *Channel) Fetch(ctx context.Context, after listeners.Cursor) (listeners.Page, error) {
	p, err := c.readPlace(after)
	if err != nil {
		return listeners.Page{}, err
	}
	var page listeners.Page
	for range mostCalls {
		switch {
		case len(p.Topics) > 0:
			err = c.readTopic(ctx, &p, &page)
		case !p.Listed:
			err = c.readList(ctx, &p)
		}
		if err != nil {
			return listeners.Page{}, err
		}
		if p.Listed && len(p.Topics) == 0 {
			page.Next = p.done().cursor()
			return page, nil
		}
	}
	page.Next, page.More = p.cursor(), true
	return page, nil
}

// readList reads a page of the list of topics and notes those that somebody wrote in.
func (c *Channel) readList(ctx context.Context, p *place) error {
	const doing = "list the topics"
	list, call, err := c.get(ctx, doing, "/api/recent", url.Values{"page": {strconv.Itoa(p.Page)}})
	if err != nil {
		return err
	}
	if !list.Get("topics").IsArray() {
		return c.failed(doing, call, listeners.Malformed, errors.New("the answer has no topics"))
	}
	from := p.Since
	if p.Again {
		from = p.First
	}
	last, limit, older := p.First, int64(c.now())/1000+mostAhead, false
	list.Get("topics").ForEach(func(_, t gjson.Result) bool {
		tid, at := idOr(t.Get("tid")), t.Get("lastposttime").Int()
		switch {
		case tid == "" || t.Get("deleted").Bool() || t.Get("scheduled").Bool() || at > limit:
		case at <= from:
			older = older || !t.Get("pinned").Bool() // pinned topics stand in front, however old
		case len(p.Topics) < mostTopics && !slices.Contains(p.Topics, tid+":1"):
			p.Topics = append(p.Topics, tid+":1")
			last = max(last, at)
		}
		return true
	})
	pages := list.Get("pagination.pageCount").Int()
	switch {
	case !older && int64(p.Page) < pages && p.Page < mostPages:
		if p.Page++; !p.Again {
			p.First = last
		}
	case !p.Again && p.Page > 1:
		p.First = max(p.First, last)
		p.Page, p.Again = 1, true
	default:
		if p.Listed = true; !p.Again {
			p.First = last
		}
	}
	return nil
}

// readTopic reads a page of the topic that comes first, newest posts first.
func (c *Channel) readTopic(ctx context.Context, p *place, page *listeners.Page) error {
	const doing = "read a topic"
	tid, number, _ := strings.Cut(p.Topics[0], ":")
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 {
		return listeners.ErrPlace
	}
	t, err := c.topic(ctx, doing, tid, n)
	var e *listeners.Error
	if errors.As(err, &e) && (e.Class == listeners.Gone || e.Class == listeners.Forbidden) {
		p.Topics = p.Topics[1:] // deleted or moved to where we may not read, since it was listed
		return nil
	}
	if err != nil {
		return err
	}
	oldest := c.collect(t, p.Since, page)
	if oldest > p.Since && int64(n) < t.Get("pagination.pageCount").Int() && n < mostPages {
		p.Topics[0] = fmt.Sprint(tid, ":", n+1)
	} else {
		p.Topics = p.Topics[1:]
	}
	return nil
}

func (c *Channel) topic(ctx context.Context, doing, tid string, page int) (gjson.Result, error) {
	t, call, err := c.get(ctx, doing, "/api/topic/"+url.PathEscape(tid), url.Values{"sort": {"newest_to_oldest"}, "page": {strconv.Itoa(page)}})
	if err == nil && !t.Get("posts").IsArray() {
		err = c.failed(doing, call, listeners.Malformed, errors.New("the answer has no posts"))
	}
	return t, err
}

// collect adds the posts of a topic's page that are newer than since, and returns how far back the page
// goes. The main post stands on every page.
func (c *Channel) collect(t gjson.Result, since int64, page *listeners.Page) (oldest int64) {
	oldest = int64(c.now())/1000 + mostAhead
	mainPid := t.Get("mainPid").String()
	t.Get("posts").ForEach(func(_, p gjson.Result) bool {
		pid, at := idOr(p.Get("pid")), p.Get("timestamp").Int()
		if pid != mainPid && at > 0 {
			oldest = min(oldest, at)
		}
		switch {
		case at > 0 && at <= since:
			return true
		case pid != "" && p.Get("deleted").Bool():
			page.Gone = append(page.Gone, listeners.Removal{NativeID: pid, Why: listeners.Deleted})
			return true
		}
		post, err := c.post(p, t)
		if err != nil {
			page.Rejected = append(page.Rejected, listeners.Rejected{Raw: []byte(p.Raw), Reason: err.Error()})
		} else if c.heard(&post) {
			page.Posts = append(page.Posts, post)
		}
		return true
	})
	return oldest
}
