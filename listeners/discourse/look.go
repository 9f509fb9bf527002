package discourse

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

// mostParents is how many posts outside a page are looked up because posts on it answer them. The answers
// beyond that come without the post they answer, but in their topic.
const mostParents = 30

// Hydrate reads posts again. The forum has no route for many posts at once, but its newest posts are read
// fifty at a time, and those asked for are mostly close together. What is not among them is looked at by
// itself: it is gone, or it stands where not everybody can read it, or it cannot be understood.
func (c *Channel) Hydrate(ctx context.Context, nativeIDs []string) (listeners.Page, error) {
	const doing = "read posts again"
	for _, id := range nativeIDs {
		if !isID(id) {
			return listeners.Page{}, c.failure(listeners.Invalid, 0, doing, fmt.Errorf("%q is not the id of a post on a forum", id))
		}
	}
	rest := slices.SortedFunc(slices.Values(nativeIDs), func(a, b string) int { return cmp.Compare(number(b), number(a)) })
	var found []post
	var page listeners.Page
	for rest = slices.Compact(rest); len(rest) > 0; {
		some, lowest, err := c.latest(ctx, doing, number(rest[0])+1)
		if err != nil {
			return listeners.Page{}, err
		}
		for first := true; len(rest) > 0 && (first || number(rest[0]) >= lowest); rest, first = rest[1:], false {
			at := slices.IndexFunc(some.posts, func(p post) bool { return p.NativeID == rest[0] })
			if at >= 0 {
				found = append(found, some.posts[at])
				continue
			}
			p, gone, err := c.single(ctx, doing, rest[0])
			switch {
			case err != nil:
				return listeners.Page{}, err
			case gone != "":
				page.Gone = append(page.Gone, listeners.Removal{NativeID: rest[0], Why: gone})
			default:
				found = append(found, p)
			}
		}
	}
	var err error
	page.Posts, err = c.settled(ctx, doing, found)
	return page, err
}

// single looks at one post that is not among those that everybody can read; gone tells why there is none.
func (c *Channel) single(ctx context.Context, doing, id string) (p post, gone listeners.GoneWhy, err error) {
	v, err := c.get(ctx, doing, "/posts/"+id+".json", nil, "")
	switch {
	case isClass(err, listeners.Gone):
		return p, listeners.Deleted, nil
	case isClass(err, listeners.Forbidden):
		return p, listeners.Withheld, nil
	case err != nil:
		return p, "", err
	}
	if p, err = c.decode(v, true); err != nil {
		return p, "", c.malformed(doing, err)
	}
	if p.NativeID != id {
		return p, "", c.malformed(doing, fmt.Errorf("asked for post %s and got %s", id, p.NativeID))
	}
	if !p.shown() {
		return p, p.why(), nil
	}
	return p, "", nil
}

// latestPage are the newest posts of a forum below some id.
type latestPage struct {
	posts []post
	listeners.Page
}

// latest reads the newest posts that everybody can read, of all topics, with ids below before; 0: all.
// lowest is the lowest id on the page, 0 for a page without posts.
func (c *Channel) latest(ctx context.Context, doing string, before int64) (page latestPage, lowest int64, err error) {
	query := url.Values{}
	if before > 0 {
		query.Set("before", strconv.FormatInt(before, 10))
	}
	v, err := c.get(ctx, doing, "/posts.json", query, "")
	if isClass(err, listeners.Gone) {
		err = c.malformed(doing, errNotForum)
	}
	if isClass(err, listeners.Forbidden) { // everybody may read this, but for a key without the right to
		err = c.failure(listeners.AuthRevoked, 403, doing, err)
	}
	if err != nil {
		return page, 0, err
	}
	list := v.Get("latest_posts")
	if !list.IsArray() {
		return page, 0, c.malformed(doing, errNotForum)
	}
	list.ForEach(func(_, item gjson.Result) bool {
		p, err := c.decode(item, false)
		if err != nil {
			page.Rejected = append(page.Rejected, listeners.Rejected{Raw: []byte(item.Raw), Reason: err.Error()})
		}
		if id := number(p.NativeID); id > 0 && (lowest == 0 || id < lowest) {
			lowest = id
		}
		if err == nil {
			page.posts = append(page.posts, p)
		}
		return true
	})
	return page, lowest, nil
}

// settled finds out which posts are answered, which the forum tells by their number in the topic only,
// and gives the posts as they are stored.
func (c *Channel) settled(ctx context.Context, doing string, found []post) ([]listeners.Post, error) {
	type parent struct{ id, author string }
	known := make(map[string]parent, len(found)) // by topic and number
	for _, p := range found {
		known[p.Target] = parent{p.NativeID, p.Author.NativeID}
	}
	looked := 0
	posts := make([]listeners.Post, 0, len(found))
	for _, p := range found {
		if p.answers != "" {
			at, seen := known[p.ThreadKey+":"+p.answers]
			if !seen && looked < mostParents {
				looked++
				v, err := c.get(ctx, doing, "/posts/by_number/"+p.ThreadKey+"/"+p.answers+".json", nil, "")
				if err != nil && !isClass(err, listeners.Gone) && !isClass(err, listeners.Forbidden) {
					return nil, err
				}
				at = parent{digits(v.Get("id")), digits(v.Get("user_id"))}
				known[p.ThreadKey+":"+p.answers] = at
			}
			p.ParentID, p.ToID = at.id, cmp.Or(at.author, p.ToID)
			if p.Reason == listeners.Keyword && p.ToID == c.id {
				p.Reason = listeners.Mentioned
			}
		}
		posts = append(posts, p.Post)
	}
	return posts, nil
}

// Backfill reads back from the newest post: the forum cannot be asked for a time.
func (c *Channel) Backfill(ctx context.Context, from, to clock.Time, after listeners.Cursor) (listeners.Page, error) {
	const doing = "read what was missed"
	before := int64(0)
	if after != "" {
		if !isID(string(after)) {
			return listeners.Page{}, c.failure(listeners.Invalid, 0, doing, listeners.ErrPlace)
		}
		before = number(string(after))
	}
	some, lowest, err := c.latest(ctx, doing, before)
	if err != nil {
		return listeners.Page{}, err
	}
	earlier := true // one old post among newer ones was moved there
	var wanted []post
	for _, p := range some.posts {
		earlier = earlier && p.CreatedAt < from
		if p.CreatedAt >= from && p.CreatedAt < to && c.wants(p) {
			wanted = append(wanted, p)
		}
	}
	some.Page.Posts, err = c.settled(ctx, doing, wanted)
	if err != nil {
		return listeners.Page{}, err
	}
	some.More = !earlier && lowest > 1
	if some.More {
		some.Next = listeners.Cursor(strconv.FormatInt(lowest, 10))
	}
	return some.Page, nil
}

// wants tells whether a post of the forum is to be heard.
func (c *Channel) wants(p post) bool {
	return p.shown() && (c.all || p.Reason != listeners.Keyword || p.Rule != "")
}
