package facebook

import (
	"context"
	"errors"

	sdk "github.com/huandu/facebook/v2"
	"github.com/kith-social/kith/listeners"
)

// What a Page tells of. The second half needs the permission to read messages.
const (
	publicFields  = "feed,mention,ratings"
	privateFields = ",messages,message_echoes,message_edits"
)

var errNoSecret = errors.New("the app's id and secret are needed to hear from Facebook at once")

// Subscribe makes Facebook bring news of the Page to callback. An app has one such address, for all of its
// Pages: the one asked for last.
func (c *Channel) Subscribe(ctx context.Context, callback string) error {
	if c.app == nil {
		return &listeners.Error{Class: listeners.Invalid, Err: errNoSecret}
	}
	const doing = "ask Facebook to bring news"
	err := c.ask(ctx, doing, c.app, c.appID+"/subscriptions", sdk.Params{
		"object": "page", "callback_url": callback, "verify_token": c.hook.token(), "include_values": "true", "fields": publicFields + privateFields,
	})
	if err != nil {
		return err
	}
	err = c.ask(ctx, doing, c.page, c.id+"/subscribed_apps", sdk.Params{"subscribed_fields": publicFields + privateFields})
	if classIn(err) == listeners.Forbidden {
		err = c.ask(ctx, doing, c.page, c.id+"/subscribed_apps", sdk.Params{"subscribed_fields": publicFields})
	}
	return err
}

func (c *Channel) ask(ctx context.Context, doing string, as *sdk.Session, path string, params sdk.Params) error {
	ctx, call := listeners.Record(ctx, emptyAnswer)
	_, err := as.WithContext(ctx).Post(path, params)
	v, call, err := c.written(call, err)
	return c.done(doing, v, call, err)
}
