package facebook

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	sdk "github.com/huandu/facebook/v2"
	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/tidwall/gjson"
)

const (
	maxComment = 8000 // characters
	maxMessage = 2000
)

var (
	errNoParent  = errors.New("a reply needs the id of the post it answers")
	errNoReplyID = errors.New("the answer does not say which post was made")
	errLongText  = errors.New("a message on Facebook has at most 2,000 characters")
	errNotDone   = errors.New("the answer does not say that it was done")
)

// Measure counts a text as Facebook does. A message may have 2,000 characters only, which Reply refuses.
func Measure(text string) listeners.Length {
	return listeners.Length{Used: utf8.RuneCountInString(text), Limit: maxComment}
}

// Measure counts a text as Facebook does.
func (c *Channel) Measure(text string) listeners.Length { return Measure(text) }

// Reply posts an answer as the Page, in one attempt: a comment below a post, comment or review; a message
// in a conversation; and, where a comment is to be answered in private, a message to who wrote it.
func (c *Channel) Reply(ctx context.Context, r listeners.Outgoing) (listeners.Sent, error) {
	if !isID(r.ParentID) {
		return listeners.Sent{}, &listeners.Error{Class: listeners.Invalid, Err: errNoParent}
	}
	if r.Surface == listeners.InPrivate {
		return c.send(ctx, r)
	}
	const doing = "post a comment"
	v, call, err := c.write(ctx, r.ParentID+"/comments", sdk.Params{"message": r.Text})
	if id := v.Get("id").Str; err == nil && isID(id) {
		return listeners.Sent{NativeID: id, URL: c.url(r.ThreadKey, id)}, nil
	} else if err == nil {
		err = errNoReplyID
	}
	return listeners.Sent{}, c.writeError(doing, call, err)
}

// send writes a message. Who wrote within 24 hours may be sent any; later it must be a person who answers,
// which in Kith it always is.
func (c *Channel) send(ctx context.Context, r listeners.Outgoing) (listeners.Sent, error) {
	const doing = "send a message"
	if utf8.RuneCountInString(r.Text) > maxMessage {
		return listeners.Sent{}, &listeners.Error{Class: listeners.Invalid, Err: errLongText}
	}
	to := readTarget(r.Target)
	params := sdk.Params{"message": map[string]string{"text": r.Text}, "messaging_type": "RESPONSE"}
	if to.To == "" {
		params["recipient"] = map[string]string{"comment_id": r.ParentID}
	} else {
		params["recipient"] = map[string]string{"id": to.To}
		if heard := atSecond(to.At); c.now() >= heard.Add(window-time.Minute) && c.window > window {
			params["messaging_type"], params["tag"] = "MESSAGE_TAG", "HUMAN_AGENT"
		}
	}
	v, call, err := c.write(ctx, c.id+"/messages", params)
	if id := v.Get("message_id").Str; err == nil && isID(id) {
		return listeners.Sent{NativeID: id, URL: c.inbox(id)}, nil
	} else if err == nil {
		err = errNoReplyID
	}
	return listeners.Sent{}, c.writeError(doing, call, err)
}

// write makes one call that changes something, as the Page. The library takes a broken answer for a
// success, so the status and the body count.
func (c *Channel) write(ctx context.Context, path string, params sdk.Params) (gjson.Result, *listeners.Exchange, error) {
	ctx, call := listeners.Record(ctx, emptyAnswer)
	_, err := c.page.WithContext(ctx).Post(path, params)
	return c.written(call, err)
}

func (c *Channel) written(call *listeners.Exchange, err error) (gjson.Result, *listeners.Exchange, error) {
	v, ok := parse(call.Body)
	switch {
	case err != nil:
	case call.Status < 200 || call.Status > 299 || v.Get("error").Exists():
		err = errRefused
	case !ok:
		err = listeners.ErrNotJSON
	}
	return v, call, err
}

const (
	// What is that much older than the attempt cannot be it, whichever clock is wrong.
	clockSkew = 10 * time.Minute
	mostLooks = 20 // pages that are looked through for a reply
)

// Reconcile looks for r among what the Page wrote below the post answered, or to the person.
func (c *Channel) Reconcile(ctx context.Context, r listeners.Outgoing, since clock.Time) (listeners.Verdict, listeners.Sent, error) {
	var none listeners.Sent
	if !isID(r.ParentID) {
		return listeners.Unknown, none, &listeners.Error{Class: listeners.Invalid, Err: errNoParent}
	}
	to := readTarget(r.Target)
	switch {
	case r.Surface == listeners.InPrivate && to.To != "":
		return c.lookInMessages(ctx, r, to, since)
	case r.Surface == listeners.InPrivate:
		v, _, err := c.get(ctx, doingReconcile, r.ParentID, sdk.Params{"fields": "from{id},private_reply_conversation{id}"})
		if err != nil {
			return listeners.Unknown, none, err
		}
		if !isID(v.Get("private_reply_conversation.id").Str) {
			return listeners.Absent, none, nil
		}
		return c.lookInConversation(ctx, r, v.Get("private_reply_conversation.id").Str, since.Add(-clockSkew))
	}
	verdict, sent, err := c.lookInComments(ctx, r, r.ParentID, since)
	if verdict == listeners.Absent && isID(to.Top) {
		// Facebook may hang an answer to a comment below a comment beside it.
		return c.lookInComments(ctx, r, to.Top, since)
	}
	return verdict, sent, err
}

const doingReconcile = "look for a reply"

func (c *Channel) lookInComments(ctx context.Context, r listeners.Outgoing, below string, since clock.Time) (listeners.Verdict, listeners.Sent, error) {
	params := func() sdk.Params {
		return sdk.Params{"fields": "id,message,from{id},created_time", "order": "reverse_chronological", "limit": innerSize}
	}
	return c.look(ctx, r, below+"/comments", params, since.Add(-clockSkew), func(id string) string { return c.url(r.ThreadKey, id) })
}

func (c *Channel) lookInMessages(ctx context.Context, r listeners.Outgoing, to target, since clock.Time) (listeners.Verdict, listeners.Sent, error) {
	v, _, err := c.get(ctx, doingReconcile, c.id+"/conversations", sdk.Params{"platform": "messenger", "user_id": to.To, "fields": "id", "limit": 1})
	if err != nil {
		return listeners.Unknown, listeners.Sent{}, err
	}
	conversation := v.Get("data.0.id").Str
	if !isID(conversation) {
		return listeners.Unknown, listeners.Sent{}, c.malformed(doingReconcile, errNoThread) // they wrote to us, so there is one
	}
	// The same short text may have been sent before: an answer is younger than the message it answers.
	return c.lookInConversation(ctx, r, conversation, max(since.Add(-clockSkew), atSecond(to.At)))
}

func (c *Channel) lookInConversation(ctx context.Context, r listeners.Outgoing, id string, since clock.Time) (listeners.Verdict, listeners.Sent, error) {
	params := func() sdk.Params {
		return sdk.Params{"fields": "id,message,from,created_time", "limit": innerSize}
	}
	return c.look(ctx, r, id+"/messages", params, since, c.inbox)
}

// look finds what the Page wrote since, with the text of r.
func (c *Channel) look(ctx context.Context, r listeners.Outgoing, edge string, params func() sdk.Params, since clock.Time, url func(string) string) (listeners.Verdict, listeners.Sent, error) {
	want, id := canonical(r.Text), ""
	verdict, err := c.newestFirst(ctx, doingReconcile, edge, params, since, func(v gjson.Result) bool {
		at, err := timeOf(v.Get("created_time"))
		id = v.Get("id").Str
		return v.Get("from.id").Str == c.id && err == nil && at >= since && isID(id) && canonical(v.Get("message").Str) == want
	})
	if verdict != listeners.Found {
		return verdict, listeners.Sent{}, err
	}
	return verdict, listeners.Sent{NativeID: id, URL: url(id)}, nil
}

// canonical is the part of a text that Facebook leaves as it was written: it trims.
func canonical(text string) string { return strings.Join(strings.Fields(listeners.Clean(text)), " ") }

// Edit gives a comment of the Page another text, in one attempt. Messages cannot be edited.
func (c *Channel) Edit(ctx context.Context, nativeID, text string) error {
	return c.change(ctx, "edit a comment", nativeID, sdk.Params{"message": text})
}

// Hide hides a post or comment of somebody else from everybody but its author and their friends, or shows
// it again, in one attempt.
func (c *Channel) Hide(ctx context.Context, nativeID string, hidden bool) error {
	return c.change(ctx, "hide a post", nativeID, sdk.Params{"is_hidden": strconv.FormatBool(hidden)})
}

func (c *Channel) change(ctx context.Context, doing, id string, params sdk.Params) error {
	if err := changeable(doing, id); err != nil {
		return err
	}
	v, call, err := c.write(ctx, id, params)
	return c.done(doing, v, call, err)
}

// Delete takes away what the Page wrote, in one attempt.
func (c *Channel) Delete(ctx context.Context, nativeID string) error {
	const doing = "delete a comment"
	if err := changeable(doing, nativeID); err != nil {
		return err
	}
	ctx, call := listeners.Record(ctx, emptyAnswer)
	_, err := c.page.WithContext(ctx).Delete(nativeID, sdk.Params{})
	v, call, err := c.written(call, err)
	return c.done(doing, v, call, err)
}

func changeable(doing, id string) error {
	if !isID(id) || strings.HasPrefix(id, "m_") {
		return &listeners.Error{Class: listeners.Invalid, Err: fmt.Errorf("%s: %q is not the id of a post or comment", doing, id)}
	}
	return nil
}

func (c *Channel) done(doing string, v gjson.Result, call *listeners.Exchange, err error) error {
	if err == nil && v.Get("success").Bool() {
		return nil
	} else if err == nil {
		err = errNotDone
	}
	return c.writeError(doing, call, err)
}
