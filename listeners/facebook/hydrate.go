package facebook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	sdk "github.com/huandu/facebook/v2"
	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/tidwall/gjson"
)

const (
	batchSize   = 50
	mostReviews = 20 // pages of reviews that are looked through for one
)

var (
	errUnanswered = errors.New("part of the batch was not answered")
	errManyPages  = errors.New("too many pages to look through")
)

// Hydrate reads posts, comments, reviews and messages again, 50 in one call. What is gone and what was
// never ours to see look the same; where a permission is missing that is an error instead.
func (c *Channel) Hydrate(ctx context.Context, nativeIDs []string) (listeners.Page, error) {
	var all listeners.Page
	var reviews, unsure []string
	ask := func(ids []string, read reading) error {
		for len(ids) > 0 {
			n := min(len(ids), batchSize)
			missed, err := c.lookUp(ctx, ids[:n], read, &all)
			if err != nil {
				return err
			}
			unsure, ids = append(unsure, missed...), ids[n:]
		}
		return nil
	}
	byKind := make(map[*reading][]string)
	for _, id := range nativeIDs {
		switch {
		case strings.HasPrefix(id, "review:"):
			reviews = append(reviews, id)
		case !isID(id):
			return listeners.Page{}, &listeners.Error{Class: listeners.Invalid, Err: fmt.Errorf("%q is not the id of anything on Facebook", id)}
		case strings.HasPrefix(id, "m_"):
			byKind[&asMessage] = append(byKind[&asMessage], id)
		case !strings.Contains(id, "_"):
			reviews = append(reviews, id)
		case strings.HasPrefix(id, c.id+"_"):
			byKind[&asPost] = append(byKind[&asPost], id)
		default:
			byKind[&asComment] = append(byKind[&asComment], id)
		}
	}
	for _, kind := range []*reading{&asComment, &asMessage} {
		if err := ask(byKind[kind], *kind); err != nil {
			return listeners.Page{}, err
		}
	}
	posts := append(unsure, byKind[&asPost]...)
	unsure = nil
	if err := ask(posts, asPost); err != nil {
		return listeners.Page{}, err
	}
	if len(unsure) > 0 {
		return listeners.Page{}, c.malformed(doingHydrate, fmt.Errorf("%s is neither a post nor a comment", unsure[0]))
	}
	if err := c.lookForReviews(ctx, reviews, &all); err != nil {
		return listeners.Page{}, err
	}
	return all, nil
}

const doingHydrate = "read posts again"

// reading is how one kind of thing is read by its id.
type reading struct {
	fields string
	read   func(*Channel, gjson.Result) (entry, error)
}

var (
	asPost    = reading{postFields, (*Channel).post}
	asComment = reading{commentFields, func(c *Channel, v gjson.Result) (entry, error) { return c.comment(v, "") }}
	asMessage = reading{messageFields, (*Channel).message}
)

// lookUp reads up to 50 ids into a page. It returns those that are no such thing, but another.
func (c *Channel) lookUp(ctx context.Context, ids []string, how reading, into *listeners.Page) (others []string, err error) {
	calls := make([]sdk.Params, len(ids))
	for i, id := range ids {
		calls[i] = sdk.Params{"method": http.MethodGet, "relative_url": id + "?fields=" + how.fields}
	}
	ctx, call := listeners.Record(ctx, []byte("[]"))
	_, err = c.page.WithContext(ctx).Batch(sdk.Params{"include_headers": "false"}, calls...)
	v, err := c.answer(doingHydrate, call, err)
	if err != nil {
		return nil, err
	}
	answers := v.Array()
	if !v.IsArray() || len(answers) != len(ids) {
		return nil, c.malformed(doingHydrate, errUnanswered)
	}
	for i, answer := range answers {
		if answer.Type == gjson.Null { // Facebook ran out of time
			return nil, &listeners.Error{Class: listeners.Transient, Err: fmt.Errorf("%s: %w", doingHydrate, errUnanswered)}
		}
		inner := &listeners.Exchange{Status: int(answer.Get("code").Int()), Header: call.Header, Body: []byte(answer.Get("body").Str)}
		what, err := c.answer(doingHydrate, inner, nil)
		switch {
		case classIn(err) == listeners.Gone:
			into.Gone = append(into.Gone, listeners.Removal{NativeID: ids[i], Why: listeners.Deleted})
			continue
		case err != nil && strings.Contains(said(inner.Body).Get("message").Str, "nonexisting field"):
			others = append(others, ids[i])
			continue
		case err != nil:
			return nil, err
		}
		e, err := how.read(c, what)
		switch {
		case err != nil:
			return nil, c.malformed(doingHydrate, err)
		case e.NativeID != ids[i]:
			return nil, c.malformed(doingHydrate, fmt.Errorf("asked for %s, the answer tells of %s", ids[i], e.NativeID))
		}
		take(into, e)
	}
	return others, c.enough(call)
}

// enough is an error where what we may call is nearly used up: reading again can wait, and so can the
// answer that it is done for.
func (c *Channel) enough(call *listeners.Exchange) error {
	if until, stop := c.pause(call); stop {
		return &listeners.Error{Class: listeners.RateLimited, Until: until, Status: call.Status, Err: errUsedUp}
	}
	return nil
}

// lookForReviews finds reviews in the list of all: they cannot be read one by one.
func (c *Channel) lookForReviews(ctx context.Context, ids []string, into *listeners.Page) error {
	missing := make(map[string]bool, len(ids))
	for _, id := range ids {
		missing[id] = true
	}
	after := ""
	for range mostReviews {
		if len(missing) == 0 {
			return nil
		}
		v, call, err := c.get(ctx, doingHydrate, c.id+"/ratings", paged(sdk.Params{"fields": reviewFields, "limit": innerSize}, after))
		if err != nil {
			return err
		}
		for _, item := range v.Get("data").Array() {
			if e, err := c.review(item); err == nil && missing[e.NativeID] {
				delete(missing, e.NativeID)
				take(into, e)
			}
		}
		if after, err = next(v); err != nil {
			return c.malformed(doingHydrate, err)
		}
		if after == "" {
			for id := range missing {
				into.Gone = append(into.Gone, listeners.Removal{NativeID: id, Why: listeners.Deleted})
			}
			return c.enough(call)
		}
	}
	return &listeners.Error{Class: listeners.Transient, Err: fmt.Errorf("%s: %w", doingHydrate, errManyPages)}
}

// newestFirst reads pages of what an account wrote until f has found it, or everything is older than since.
func (c *Channel) newestFirst(ctx context.Context, doing, edge string, params func() sdk.Params, since clock.Time, f func(gjson.Result) bool) (listeners.Verdict, error) {
	after := ""
	for range mostLooks {
		v, _, err := c.get(ctx, doing, edge, paged(params(), after))
		if err != nil {
			return listeners.Unknown, err
		}
		older := false
		for _, item := range v.Get("data").Array() {
			if f(item) {
				return listeners.Found, nil
			}
			at, err := timeOf(item.Get("created_time"))
			if err != nil {
				return listeners.Unknown, c.malformed(doing, err)
			}
			older = older || at < since
		}
		if after, err = next(v); err != nil {
			return listeners.Unknown, c.malformed(doing, err)
		}
		if after == "" || older {
			return listeners.Absent, nil
		}
	}
	return listeners.Unknown, &listeners.Error{Class: listeners.Transient, Err: fmt.Errorf("%s: %w", doing, errManyPages)}
}
