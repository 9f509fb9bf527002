package twitter

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/kith-social/kith/listeners"
	"github.com/tidwall/gjson"
)

var (
	errNoDeleted  = errors.New("the event does not say which post was deleted")
	errNoAppToken = errors.New("webhooks need the app's own token and its consumer secret")
)

// events are what is brought about the account: what names, answers or quotes it, and which of its own
// posts it deleted. X tells nobody else what a customer deletes; looking at posts again finds that. That
// access was taken away X tells unasked.
var events = []string{"post.mention.create", "post.reply.create", "post.quote.create", "post.delete"}

// Subscribe registers callback as the app's webhook, or lets X check it again, and asks for what concerns
// the account. X wants an https address without a port.
func (c *Channel) Subscribe(ctx context.Context, callback string) error {
	const doing = "ask X to bring the news"
	if c.app == nil || len(c.sign(nil)) == 0 {
		return &listeners.Error{Class: listeners.Forbidden, Err: errNoAppToken}
	}
	hook, err := c.webhook(ctx, callback)
	if err != nil {
		return err
	}
	id, valid := hook.Get("id").Str, hook.Get("valid").Bool()
	switch {
	case id == "":
		_, err = c.send(ctx, doing, c.app, http.MethodPost, "/2/webhooks", map[string]string{"url": callback})
		if err == nil {
			hook, err = c.webhook(ctx, callback)
			id = hook.Get("id").Str
		}
	case !valid:
		_, err = c.send(ctx, doing, c.app, http.MethodPut, "/2/webhooks/"+url.PathEscape(id), nil)
	}
	if err != nil {
		return err
	}
	have, err := c.subscriptions(ctx, id)
	if err != nil {
		return err
	}
	for _, event := range events {
		if slices.Contains(have, event) {
			continue
		}
		_, err := c.send(ctx, doing, c.user, http.MethodPost, "/2/activity/subscriptions", map[string]any{
			"event_type": event, "filter": map[string]string{"user_id": c.id}, "tag": "kith", "webhook_id": id,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// webhook finds the app's webhook at an address; of none, every member is empty.
func (c *Channel) webhook(ctx context.Context, callback string) (gjson.Result, error) {
	body, err := c.get(ctx, "list the app's webhooks", c.app, "/2/webhooks", nil)
	if err != nil {
		return gjson.Result{}, err
	}
	var found gjson.Result
	gjson.GetBytes(body, "data").ForEach(func(_, hook gjson.Result) bool {
		if hook.Get("url").Str == callback {
			found = hook
		}
		return found.Raw == ""
	})
	return found, nil
}

// subscriptions are the events that a webhook already brings of the account.
func (c *Channel) subscriptions(ctx context.Context, hook string) (have []string, err error) {
	body, err := c.get(ctx, "list what X brings", c.app, "/2/activity/subscriptions", url.Values{"max_results": {"1000"}})
	gjson.GetBytes(body, "data").ForEach(func(_, s gjson.Result) bool {
		if s.Get("webhook_id").Str == hook && s.Get("filter.user_id").Str == c.id {
			have = append(have, s.Get("event_type").Str)
		}
		return true
	})
	return have, err
}

// get and send make one call that the library does not know, and tell what its failure means.
func (c *Channel) get(ctx context.Context, doing string, as authorize, path string, query url.Values) ([]byte, error) {
	ctx, call := listeners.Record(ctx, nil)
	if err := c.readError(doing, call, c.call(ctx, call, as, http.MethodGet, path, query, nil)); err != nil {
		return nil, err
	}
	return call.Body, nil
}

func (c *Channel) send(ctx context.Context, doing string, as authorize, method, path string, body any) ([]byte, error) {
	ctx, call := listeners.Record(ctx, nil)
	if err := c.call(ctx, call, as, method, path, nil, body); err != nil {
		return nil, c.writeError(doing, call, err)
	}
	return call.Body, nil
}
