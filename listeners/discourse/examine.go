package discourse

import (
	"context"
	"net/url"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/kith-social/kith/listeners"
)

// wary is the trust level from which a forum, as it comes, lets posts through without a look at them.
const wary = 1

// Examine asks the forum about the key, the account and the webhooks. An account that is no admin cannot
// see the webhooks; then nothing is said of them.
func (c *Channel) Examine(ctx context.Context) ([]listeners.Finding, error) {
	const doing = "examine the forum"
	u, err := c.current(ctx, doing, "")
	switch {
	case isClass(err, listeners.AuthRevoked), isClass(err, listeners.AuthExpired):
		return []listeners.Finding{{Code: "discourse_key_refused", Level: listeners.Problem}}, nil
	case isClass(err, listeners.RateLimited):
		return []listeners.Finding{{Code: "discourse_busy", Level: listeners.Warning}}, nil
	case err != nil:
		return nil, err
	}
	var found []listeners.Finding
	add := func(code string, level listeners.Level, detail ...string) {
		found = append(found, listeners.Finding{Code: code, Level: level, Detail: detail})
	}
	name := listeners.CleanLine(u.Get("username").Str)
	if id := digits(u.Get("id")); id != c.id {
		add("discourse_other_account", listeners.Problem, name)
	} else {
		add("discourse_account", listeners.Fine, name)
	}
	if level := u.Get("trust_level"); level.Exists() && level.Int() < wary && !u.Get("moderator").Bool() && !u.Get("admin").Bool() {
		add("discourse_new_account", listeners.Warning, strconv.FormatInt(level.Int(), 10))
	}
	if !c.userKey {
		everybody, err := c.everybody(ctx, doing)
		switch {
		case err != nil:
			return nil, err
		case c.asMember && !everybody:
			add("discourse_key_of_one", listeners.Problem)
		case !c.asMember && everybody:
			add("discourse_key_of_all", listeners.Warning)
		}
	}
	if !c.hooked {
		add("discourse_no_webhook_secret", listeners.Warning)
	}
	hooks, err := c.webhooks(ctx, doing)
	if err != nil {
		return nil, err
	}
	return append(found, hooks...), nil
}

// everybody tells whether the key is good for every user of the forum: then it is for the one that every
// forum has.
func (c *Channel) everybody(ctx context.Context, doing string) (bool, error) {
	_, err := c.get(ctx, doing, "/session/current.json", nil, "system")
	if isClass(err, listeners.Forbidden) || isClass(err, listeners.AuthRevoked) || isClass(err, listeners.Gone) {
		return false, nil
	}
	return err == nil, err
}

const deliveryFailed = 2 // what a forum says of a webhook whose last delivery was not taken

// webhooks tells how the forum's webhooks do, as far as the account may see them.
func (c *Channel) webhooks(ctx context.Context, doing string) ([]listeners.Finding, error) {
	v, err := c.get(ctx, doing, "/admin/api/web_hooks.json", url.Values{"limit": {"50"}}, "")
	if isClass(err, listeners.Gone) || isClass(err, listeners.Forbidden) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found []listeners.Finding
	active := false
	v.Get("web_hooks").ForEach(func(_, hook gjson.Result) bool {
		if !hook.Get("active").Bool() {
			return true
		}
		active = true
		if hook.Get("last_delivery_status").Int() == deliveryFailed {
			address, err := url.Parse(hook.Get("payload_url").Str)
			if err == nil {
				found = append(found, listeners.Finding{Code: "discourse_webhook_fails", Level: listeners.Problem, Detail: []string{listeners.CleanLine(address.Host)}})
			}
		}
		return true
	})
	if !active {
		found = append(found, listeners.Finding{Code: "discourse_no_webhook", Level: listeners.Warning})
	}
	return found, nil
}
