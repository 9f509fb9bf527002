package sandbox

import (
	"encoding/base32"
	"encoding/binary"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// How far back timelines and search go when limits are on.
const (
	xMentionDepth = 800
	xTweetDepth   = 3200
	xSearchDays   = 7 * 24 * time.Hour
)

func (x *xFacade) me(w http.ResponseWriter, r *http.Request, g grant) error {
	return x.oneUser(w, r, func() *account { return g.Account }, "", "")
}

func (x *xFacade) userByID(w http.ResponseWriter, r *http.Request, _ grant) error {
	id := r.PathValue("id")
	n, err := parseID("id", id)
	if err != nil {
		return err
	}
	return x.oneUser(w, r, func() *account { return x.userWithID(n) }, "id", id)
}

func (x *xFacade) userByName(w http.ResponseWriter, r *http.Request, _ grant) error {
	name := r.PathValue("username")
	return x.oneUser(w, r, func() *account { return x.world.accounts[keyOf("x", name)] }, "username", name)
}

func (x *xFacade) oneUser(w http.ResponseWriter, r *http.Request, find func() *account, parameter, value string) error {
	shape, err := xShapeOf(r.URL.Query())
	if err != nil {
		return err
	}
	x.world.mu.RLock()
	a := x.answer(shape)
	if u := find(); u != nil {
		a.key("data")
		a.account(u)
	} else {
		a.fails = append(a.fails, xNotFound("user", parameter, value))
	}
	a.rest()
	x.world.mu.RUnlock()
	a.send(w, http.StatusOK)
	return nil
}

// userWithID finds an account of this network; the lock is held.
func (x *xFacade) userWithID(id int64) *account {
	if u := x.world.accountIDs[id]; u != nil && u.Network == "x" {
		return u
	}
	return nil
}

// tweetWithID finds a post of this network by the id of any of its versions; the lock is held.
func (x *xFacade) tweetWithID(id int64) *post {
	if p := x.world.newest(id); p != nil && p.Network == "x" && !p.Held {
		return p
	}
	return nil
}

// shows tells whether a caller may see what an account writes.
func (g grant) shows(a *account) bool { return a == g.Account || !a.Protected && !a.Suspended }

func (x *xFacade) usersByID(w http.ResponseWriter, r *http.Request, _ grant) error {
	return x.manyUsers(w, r, "ids", "id", func(value string) *account {
		id, _ := parseID("ids", value)
		return x.userWithID(id)
	})
}

func (x *xFacade) usersByName(w http.ResponseWriter, r *http.Request, _ grant) error {
	return x.manyUsers(w, r, "usernames", "username", func(value string) *account {
		return x.world.accounts[keyOf("x", value)]
	})
}

func (x *xFacade) manyUsers(w http.ResponseWriter, r *http.Request, param, kind string, find func(string) *account) error {
	values, err := listOf(r.URL.Query(), param)
	if err != nil {
		return err
	}
	shape, err := xShapeOf(r.URL.Query())
	if err != nil {
		return err
	}
	x.world.mu.RLock()
	a := x.answer(shape)
	var found []*account
	for _, value := range values {
		if u := find(value); u != nil {
			found = append(found, u)
		} else {
			a.fails = append(a.fails, xNotFound("user", kind, value))
		}
	}
	list(a, "data", found, a.account)
	a.rest()
	x.world.mu.RUnlock()
	a.send(w, http.StatusOK)
	return nil
}

func (x *xFacade) tweetByID(w http.ResponseWriter, r *http.Request, g grant) error {
	value := r.PathValue("id")
	id, err := parseID("id", value)
	if err != nil {
		return err
	}
	shape, err := xShapeOf(r.URL.Query())
	if err != nil {
		return err
	}
	x.world.mu.RLock()
	a := x.answer(shape)
	switch p := x.tweetWithID(id); {
	case p == nil:
		a.fails = append(a.fails, xNotFound("tweet", "id", value))
	case !g.shows(p.Author):
		a.fails = append(a.fails, xNotShown(p, "id", value))
	default:
		a.include(p)
		a.key("data")
		a.tweet(p)
	}
	a.rest()
	x.world.mu.RUnlock()
	a.send(w, http.StatusOK)
	return nil
}

func (x *xFacade) tweetsByID(w http.ResponseWriter, r *http.Request, g grant) error {
	values, err := listOf(r.URL.Query(), "ids")
	if err != nil {
		return err
	}
	shape, err := xShapeOf(r.URL.Query())
	if err != nil {
		return err
	}
	ids := make([]int64, len(values))
	for i, value := range values {
		if ids[i], err = parseID("ids", value); err != nil {
			return err
		}
	}
	x.world.mu.RLock()
	a := x.answer(shape)
	var found []*post
	for i, id := range ids {
		p := x.tweetWithID(id)
		if p == nil {
			a.fails = append(a.fails, xNotFound("tweet", "ids", values[i]))
			continue
		}
		if !g.shows(p.Author) {
			a.fails = append(a.fails, xNotShown(p, "ids", values[i]))
			continue
		}
		found = append(found, p)
		a.include(p)
	}
	list(a, "data", found, a.tweet)
	a.rest()
	x.world.mu.RUnlock()
	a.send(w, http.StatusOK)
	return nil
}

func (x *xFacade) mentions(w http.ResponseWriter, r *http.Request, g grant) error {
	return x.timeline(w, r, func(u *account, v *window) *feed {
		v.Match = func(p *post) bool { return p.Author != u && g.shows(p.Author) }
		v.Depth = xMentionDepth
		return x.world.mentions[keyOf("x", u.Handle)]
	})
}

func (x *xFacade) tweetsOf(w http.ResponseWriter, r *http.Request, g grant) error {
	return x.timeline(w, r, func(u *account, v *window) *feed {
		v.Match = func(p *post) bool { return !p.Held && g.shows(p.Author) }
		v.Depth = xTweetDepth
		return &u.posts
	})
}

func (x *xFacade) timeline(w http.ResponseWriter, r *http.Request, choose func(*account, *window) *feed) error {
	id, err := parseID("id", r.PathValue("id"))
	if err != nil {
		return err
	}
	page, err := xPageOf(r, 5)
	if err != nil {
		return err
	}
	x.world.mu.RLock()
	a := x.answer(page.shape)
	if u := x.userWithID(id); u != nil {
		f := choose(u, &page.window)
		if !x.cfg.Limits {
			page.window.Depth = 0
		}
		x.page(a, page, f)
	} else {
		a.fails = append(a.fails, xNotFound("user", "id", r.PathValue("id")))
		a.rest()
	}
	x.world.mu.RUnlock()
	a.send(w, http.StatusOK)
	return nil
}

func (x *xFacade) search(w http.ResponseWriter, r *http.Request, g grant) error {
	match, err := parseQuery(r.URL.Query().Get("query"))
	if err != nil {
		return xInvalid("query", r.URL.Query().Get("query"), err.Error())
	}
	page, err := xPageOf(r, 10)
	if err != nil {
		return err
	}
	page.window.Match = func(p *post) bool { return g.shows(p.Author) && match(p) }
	if oldest := x.cfg.Now().Add(-xSearchDays); x.cfg.Limits && page.window.From.Before(oldest) {
		page.window.From = oldest
	}
	x.world.mu.RLock()
	a := x.answer(page.shape)
	x.page(a, page, x.world.feeds["x"])
	x.world.mu.RUnlock()
	a.send(w, http.StatusOK)
	return nil
}

// xPage is what a caller asked of a timeline.
type xPage struct {
	shape  xShape
	window window
	size   int
	faults pageFaults
}

// xPageOf reads the parameters that all timelines share. With both a token and
// until_id the older bound wins, so that every page stays in the window.
func xPageOf(r *http.Request, least int) (xPage, error) {
	q := r.URL.Query()
	p := xPage{size: 10, faults: pageFaultsOf(r.Context())}
	var err error
	if p.shape, err = xShapeOf(q); err != nil {
		return p, err
	}
	if s := q.Get("max_results"); s != "" {
		if p.size, err = strconv.Atoi(s); err != nil || p.size < least || p.size > 100 {
			return p, xInvalid("max_results", s, "The `max_results` query parameter value ["+s+"] is not between "+strconv.Itoa(least)+" and 100")
		}
	}
	for param, id := range map[string]*int64{"since_id": &p.window.After, "until_id": &p.window.Before} {
		if s := q.Get(param); s != "" {
			if *id, err = parseID(param, s); err != nil {
				return p, err
			}
		}
	}
	for param, at := range map[string]*time.Time{"start_time": &p.window.From, "end_time": &p.window.To} {
		if s := q.Get(param); s != "" {
			if *at, err = time.Parse(time.RFC3339, s); err != nil {
				return p, xInvalid(param, s, "The `"+param+"` query parameter value ["+s+"] is not a valid RFC 3339 time")
			}
		}
	}
	for _, param := range []string{"pagination_token", "next_token"} {
		s := q.Get(param)
		if s == "" {
			continue
		}
		before, unveiled, ok := readPageToken(s)
		if !ok {
			return p, xInvalid(param, s, "The `"+param+"` query parameter value ["+s+"] is not valid")
		}
		if p.window.Before == 0 || before < p.window.Before {
			p.window.Before = before
		}
		p.faults.empty = p.faults.empty && !unveiled
	}
	return p, nil
}

// page writes data, includes and meta of one page of a feed.
func (x *xFacade) page(a *xAnswer, page xPage, f *feed) {
	posts, more := f.take(page.window, page.size)
	next := ""
	if more {
		next = pageToken(posts[len(posts)-1].ID, false)
	}
	newest, oldest := int64(0), int64(0)
	if len(posts) > 0 {
		newest, oldest = posts[0].ID, posts[len(posts)-1].ID
		if page.faults.twice {
			if more && len(posts) > 1 {
				next = pageToken(oldest+1, false)
			}
			posts = append(posts, posts[0])
		}
		if page.faults.shuffle != nil {
			page.faults.shuffle(posts)
		}
		if page.faults.empty {
			posts, next = nil, pageToken(newest+1, true)
		}
	}
	for _, p := range posts {
		a.include(p)
	}
	list(a, "data", posts, a.tweet)
	a.rest()
	a.key("meta")
	a.buf = append(a.buf, '{')
	if len(posts) > 0 {
		a.key("newest_id")
		a.buf = appendID(a.buf, newest)
		a.key("oldest_id")
		a.buf = appendID(a.buf, oldest)
	}
	a.key("result_count")
	a.buf = strconv.AppendInt(a.buf, int64(len(posts)), 10)
	if next != "" {
		a.key("next_token")
		a.buf = appendString(a.buf, next)
	}
	a.buf = append(a.buf, '}')
}

var pageTokens = base32.HexEncoding.WithPadding(base32.NoPadding)

// pageToken leads to the posts older than an id. New posts do not move it.
// unveiled marks the token of a page that the weather hid, so that it is
// hidden only once.
func pageToken(before int64, unveiled bool) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(before))
	if unveiled {
		b = append(b, 1)
	}
	return strings.ToLower(pageTokens.EncodeToString(b))
}

func readPageToken(s string) (before int64, unveiled, ok bool) {
	b, err := pageTokens.DecodeString(strings.ToUpper(s))
	if err != nil || len(b) != 8 && len(b) != 9 {
		return 0, false, false
	}
	before = int64(binary.BigEndian.Uint64(b))
	return before, len(b) == 9, before > 0
}

func parseID(param, s string) (int64, error) {
	id, err := strconv.ParseInt(s, 10, 64)
	if err != nil || id <= 0 || s[0] == '+' {
		return 0, xInvalid(param, s, "The `"+param+"` query parameter value ["+s+"] is not valid")
	}
	return id, nil
}

// listOf reads a list of 1 to 100 values.
func listOf(q url.Values, param string) ([]string, error) {
	values := strings.Split(q.Get(param), ",")
	if values[0] == "" || len(values) > 100 {
		return nil, xInvalid(param, q.Get(param), "The `"+param+"` query parameter must hold 1 to 100 values")
	}
	return values, nil
}
