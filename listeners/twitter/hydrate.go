package twitter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	sdk "github.com/g8rswimmer/go-twitter/v2"
	"github.com/kith-social/kith/listeners"
)

// Hydrate reads posts again, each in its newest version. A post is gone only where X says that it is gone
// or hidden from us.
func (c *Channel) Hydrate(ctx context.Context, nativeIDs []string) (listeners.Page, error) {
	var page listeners.Page
	for len(nativeIDs) > 0 {
		n := min(len(nativeIDs), pageSize)
		some, err := c.lookUp(ctx, nativeIDs[:n])
		if err != nil {
			return listeners.Page{Spend: append(page.Spend, some.Spend...)}, err
		}
		page.Posts, page.Gone, nativeIDs = append(page.Posts, some.Posts...), append(page.Gone, some.Gone...), nativeIDs[n:]
		page.Spend = append(page.Spend, some.Spend...)
	}
	return page, nil
}

func (c *Channel) lookUp(ctx context.Context, ids []string) (listeners.Page, error) {
	const doing = "read posts again"
	var none listeners.Page
	for _, id := range ids {
		if !isID(id) {
			return none, &listeners.Error{Class: listeners.Invalid, Err: fmt.Errorf("%s: %q is not the id of a post on X", doing, id)}
		}
	}
	a, err := c.read(ctx, doing, ids)
	if err != nil {
		return none, err
	}
	none.Spend = search("").spend(a, all)
	if err := c.renew(ctx, doing, a); err != nil {
		return none, err
	}
	page := c.normalise(a, listeners.Mentioned)
	if len(page.Rejected) > 0 {
		return none, c.malformed(doing, errors.New(page.Rejected[0].Reason))
	}
	page.Spend = none.Spend
	known := make(map[string]bool, len(ids))
	for _, p := range a.posts {
		known[p.id] = true
		for _, id := range p.versions {
			known[id] = true
		}
	}
	for _, m := range a.gone {
		known[m.id] = true
		if slices.Contains(ids, m.id) {
			page.Gone = append(page.Gone, listeners.Removal{NativeID: m.id, Why: m.why})
		}
	}
	for _, id := range ids {
		if !known[id] {
			return none, c.malformed(doing, fmt.Errorf("the answer says nothing about post %s", id))
		}
	}
	return page, nil
}

// read asks for up to 100 posts by id.
func (c *Channel) read(ctx context.Context, doing string, ids []string) (*answer, error) {
	ctx, call := listeners.Record(ctx, emptyAnswer)
	_, err := c.client.TweetLookup(ctx, ids, sdk.TweetLookupOpts{
		TweetFields: c.ask.fields, Expansions: c.ask.expansions, UserFields: userFields,
	})
	if call.Status == http.StatusNotFound && len(ids) == 1 {
		a := newAnswer()
		a.gone = []missing{{id: ids[0], why: listeners.Deleted}}
		return a, nil
	}
	if err := c.readError(doing, call, err); err != nil {
		return nil, err
	}
	a, err := decode(call.Body)
	if err != nil {
		return nil, c.malformed(doing, err)
	}
	return a, nil
}

// renew puts the newest versions of posts in the place of older ones.
func (c *Channel) renew(ctx context.Context, doing string, a *answer) error {
	var newer []string
	for i := range a.posts {
		if id := a.posts[i].superseded(); id != "" {
			newer = append(newer, id)
		}
	}
	if len(newer) == 0 {
		return nil
	}
	b, err := c.read(ctx, doing, newer)
	if err != nil {
		return err
	}
	for i := range a.posts {
		id := a.posts[i].superseded()
		if at := slices.IndexFunc(b.posts, func(p post) bool { return p.id == id }); id != "" && at >= 0 {
			a.posts[i] = b.posts[at]
		}
	}
	return nil
}
