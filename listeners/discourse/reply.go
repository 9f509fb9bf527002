package discourse

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

var (
	errNoTarget  = errors.New("a reply needs the topic and the number of the post it answers")
	errNoMark    = errors.New("a reply needs an id of letters, digits and dashes")
	errEmpty     = errors.New("a reply needs words")
	errLong      = errors.New("the reply is longer than the forum takes")
	errNotMember = errors.New("this connection does not answer under the names of members")
	errNoReplyID = errors.New("the answer does not say which post was made")
	errHeld      = errors.New("the forum's moderators look at the post first")
	errManyPosts = errors.New("too many answers to look through")
)

var markable = regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`)

// markOf is what makes the reply with an id known: no reader of the forum sees it.
func markOf(id string) string { return "<!-- kith:" + id + " -->" }

// Reply posts an answer, as the brand or as the member that Outgoing.As names, in one attempt. Where the
// forum refuses it in words that we do not know, a look at the topic tells why.
func (c *Channel) Reply(ctx context.Context, r listeners.Outgoing) (listeners.Sent, error) {
	const doing = "post a reply"
	topic, nth, placed := strings.Cut(r.Target, ":")
	var wrong error
	switch {
	case !placed || !isID(topic) || !isID(nth):
		wrong = errNoTarget
	case !markable.MatchString(r.ID):
		wrong = errNoMark
	case strings.TrimSpace(r.Text) == "":
		wrong = errEmpty
	case measure(r.Text).Used > maxLength:
		wrong = errLong
	case r.As != "" && !c.asMember:
		wrong = errNotMember
	}
	if wrong != nil {
		return listeners.Sent{}, c.failure(listeners.Invalid, 0, doing, wrong)
	}
	in := struct {
		Raw   string `json:"raw"`
		Topic int64  `json:"topic_id"`
		Reply int64  `json:"reply_to_post_number"`
	}{strings.TrimSpace(r.Text) + "\n\n" + markOf(r.ID), number(topic), number(nth)}
	call, v, err := c.put(ctx, doing, http.MethodPost, "/posts.json", in, r.As)
	switch {
	case err != nil && call != nil && call.Status == http.StatusUnprocessableEntity && !isClass(err, listeners.Duplicate):
		return listeners.Sent{}, c.explain(ctx, doing, r, topic, call, err)
	case err != nil:
		return listeners.Sent{}, err
	case v.Get("action").Str == "enqueued":
		return listeners.Sent{}, c.failure(listeners.Held, call.Status, doing, errHeld)
	}
	if id := digits(v.Get("id")); id != "" {
		return c.sent(id), nil
	}
	if id := digits(v.Get("post.id")); id != "" { // as forums give it to whom they take for a browser
		return c.sent(id), nil
	}
	return listeners.Sent{}, c.failure(listeners.Ambiguous, call.Status, doing, errNoReplyID)
}

func (c *Channel) sent(id string) listeners.Sent { return listeners.Sent{NativeID: id, URL: c.url(id)} }

// explain finds out what a refusal in the forum's own language means: the topic is gone or closed, or the
// same was posted before. What none of it explains is about the text.
func (c *Channel) explain(ctx context.Context, doing string, r listeners.Outgoing, topic string, call *listeners.Exchange, refused error) error {
	t, err := c.get(ctx, doing, "/t/"+topic+".json", nil, r.As)
	switch {
	case isClass(err, listeners.Gone), isClass(err, listeners.Forbidden):
		return c.failed(doing, call, listeners.Gone, refused)
	case err == nil && (t.Get("closed").Bool() || t.Get("archived").Bool()):
		return c.failed(doing, call, listeners.NotEligible, refused)
	}
	if verdict, _, err := c.find(ctx, r, 0); err != nil || verdict != listeners.Absent {
		return c.failed(doing, call, listeners.Duplicate, refused) // it may be there: read back first
	}
	return refused
}

const (
	clockSkew = 10 * time.Minute
	maxPages  = 10 // of twenty answers to one post
	lookedAt  = 20 // posts of the author's among them
)

// Reconcile looks for the mark of r among the answers to the post it answers, then among what the forum
// holds for approval, then, where the account may see that, among what its moderators refused.
func (c *Channel) Reconcile(ctx context.Context, r listeners.Outgoing, since clock.Time) (listeners.Verdict, listeners.Sent, error) {
	const doing = "look for a reply"
	verdict, sent, err := c.find(ctx, r, since)
	if err != nil || verdict != listeners.Absent {
		return verdict, sent, err
	}
	author := c.author(r)
	held, err := c.get(ctx, doing, "/posts/"+url.PathEscape(author)+"/pending.json", nil, r.As)
	switch {
	case err == nil && marked(held.Get("pending_posts"), "raw_text", r.ID):
		return listeners.Unknown, listeners.Sent{}, nil
	case err != nil && !isClass(err, listeners.Gone) && !isClass(err, listeners.Forbidden):
		return listeners.Unknown, listeners.Sent{}, err
	}
	query := url.Values{"status": {"rejected"}, "type": {"ReviewableQueuedPost"}, "username": {author}}
	refused, err := c.get(ctx, doing, "/review.json", query, "")
	switch {
	case err == nil && marked(refused.Get("reviewables"), "payload.raw", r.ID):
		return listeners.Refused, listeners.Sent{}, nil
	case err != nil && !isClass(err, listeners.Gone) && !isClass(err, listeners.Forbidden):
		return listeners.Unknown, listeners.Sent{}, err
	}
	return listeners.Absent, listeners.Sent{}, nil
}

func (c *Channel) author(r listeners.Outgoing) string {
	if r.As != "" {
		return r.As
	}
	return c.name
}

func marked(list gjson.Result, field, id string) (found bool) {
	list.ForEach(func(_, item gjson.Result) bool {
		found = strings.Contains(item.Get(field).Str, markOf(id))
		return !found
	})
	return found
}

// find looks for the mark of r among the answers to the post it answers. The list of answers comes
// without what their authors wrote, so those by our author are looked at one by one.
func (c *Channel) find(ctx context.Context, r listeners.Outgoing, since clock.Time) (listeners.Verdict, listeners.Sent, error) {
	const doing = "look for a reply"
	none := listeners.Sent{}
	if !isID(r.ParentID) || !markable.MatchString(r.ID) {
		return listeners.Unknown, none, c.failure(listeners.Invalid, 0, doing, errNoTarget)
	}
	author, after, looked := c.author(r), int64(1), 0
	for range maxPages {
		query := url.Values{"after": {strconv.FormatInt(after, 10)}}
		list, err := c.get(ctx, doing, "/posts/"+r.ParentID+"/replies.json", query, r.As)
		if err != nil {
			return listeners.Unknown, none, err
		}
		if !list.IsArray() {
			return listeners.Unknown, none, c.malformed(doing, errNotForum)
		}
		before := after
		for _, v := range list.Array() {
			id, at := digits(v.Get("id")), v.Get("created_at")
			after = max(after, v.Get("post_number").Int())
			made, err := moment(at)
			if id == "" || err != nil {
				return listeners.Unknown, none, c.malformed(doing, errNoTime)
			}
			if made < since.Add(-clockSkew) || !strings.EqualFold(v.Get("username").Str, author) {
				continue
			}
			if looked++; looked > lookedAt {
				return listeners.Unknown, none, c.failure(listeners.Transient, 0, doing, errManyPosts)
			}
			whole, err := c.get(ctx, doing, "/posts/"+id+".json", nil, r.As)
			switch {
			case isClass(err, listeners.Gone):
				continue
			case err != nil:
				return listeners.Unknown, none, err
			case strings.Contains(whole.Get("raw").Str, markOf(r.ID)):
				return listeners.Found, c.sent(id), nil
			}
		}
		if after == before {
			return listeners.Absent, none, nil
		}
	}
	return listeners.Unknown, none, c.failure(listeners.Transient, 0, doing, errManyPosts)
}

// Edit changes a post of ours. Its mark goes: it has been found by then.
func (c *Channel) Edit(ctx context.Context, nativeID, text string) error {
	const doing = "change a post"
	switch {
	case !isID(nativeID):
		return c.failure(listeners.Invalid, 0, doing, fmt.Errorf("%q is not the id of a post on a forum", nativeID))
	case strings.TrimSpace(text) == "":
		return c.failure(listeners.Invalid, 0, doing, errEmpty)
	case measure(text).Used > maxLength:
		return c.failure(listeners.Invalid, 0, doing, errLong)
	}
	type change struct {
		Raw string `json:"raw"`
	}
	_, _, err := c.put(ctx, doing, http.MethodPut, "/posts/"+nativeID+".json", map[string]change{"post": {strings.TrimSpace(text)}}, "")
	return err
}

// Delete takes a post of ours away.
func (c *Channel) Delete(ctx context.Context, nativeID string) error {
	const doing = "delete a post"
	if !isID(nativeID) {
		return c.failure(listeners.Invalid, 0, doing, fmt.Errorf("%q is not the id of a post on a forum", nativeID))
	}
	_, _, err := c.put(ctx, doing, http.MethodDelete, "/posts/"+nativeID+".json", struct{}{}, "")
	return err
}
