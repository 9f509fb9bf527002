package nodebb

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/tidwall/gjson"
)

// Hydrate reads posts again, each in two calls: its state, and how it is shown.
func (c *Channel) Hydrate(ctx context.Context, nativeIDs []string) (listeners.Page, error) {
	var page listeners.Page
	for _, id := range nativeIDs {
		post, err := c.lookUp(ctx, id)
		var e *listeners.Error
		switch {
		case errors.As(err, &e) && e.Class == listeners.Gone:
			page.Gone = append(page.Gone, listeners.Removal{NativeID: id, Why: listeners.Deleted})
		case errors.As(err, &e) && e.Class == listeners.Forbidden:
			page.Gone = append(page.Gone, listeners.Removal{NativeID: id, Why: listeners.Withheld})
		case err != nil:
			return listeners.Page{}, err
		default:
			page.Posts = append(page.Posts, post)
		}
	}
	return page, nil
}

func (c *Channel) lookUp(ctx context.Context, id string) (listeners.Post, error) {
	const doing = "read a post again"
	if !isID(id) {
		return listeners.Post{}, &listeners.Error{Class: listeners.Invalid, Err: fmt.Errorf("%s: %q is not the id of a post", doing, id)}
	}
	state, call, err := c.raw(ctx, doing, id)
	if err != nil {
		return listeners.Post{}, err
	}
	shown, call2, err := c.get(ctx, doing, "/api/v3/posts/"+url.PathEscape(id)+"/summary", nil)
	if err != nil {
		return listeners.Post{}, err
	}
	if idOr(shown.Get("pid")) != id {
		return listeners.Post{}, c.failed(doing, call2, listeners.Malformed, fmt.Errorf("the answer is not about post %s", id))
	}
	post, err := c.post(shown, shown.Get("topic"))
	post.Version = max(state.Get("edited").Int(), 0) // the summary does not say it
	if err != nil {
		return post, c.failed(doing, call, listeners.Malformed, err)
	}
	c.heard(&post)
	return post, nil
}

// raw reads a post as the forum keeps it. One that was deleted is gone, though moderators still see it.
func (c *Channel) raw(ctx context.Context, doing, id string) (gjson.Result, *listeners.Exchange, error) {
	p, call, err := c.get(ctx, doing, "/api/v3/posts/"+url.PathEscape(id), nil)
	if err != nil {
		return p, call, err
	}
	if p.Get("deleted").Bool() {
		return p, call, c.failed(doing, call, listeners.Gone, errors.New("the post was deleted"))
	}
	if idOr(p.Get("pid")) != id {
		return p, call, c.failed(doing, call, listeners.Malformed, fmt.Errorf("the answer is not about post %s", id))
	}
	return p, call, nil
}

// Backfill reads a time that has passed, topic by topic.
func (c *Channel) Backfill(ctx context.Context, from, to clock.Time, after listeners.Cursor) (listeners.Page, error) {
	if after == "" {
		after = place{Version: placeVersion, Since: int64(from)/1000 - 1, Page: 1}.cursor()
	}
	page, err := c.Fetch(ctx, after)
	if err != nil {
		return page, err
	}
	posts := page.Posts[:0]
	for _, p := range page.Posts {
		if p.CreatedAt >= from && p.CreatedAt < to {
			posts = append(posts, p)
		}
	}
	page.Posts = posts
	return page, nil
}
