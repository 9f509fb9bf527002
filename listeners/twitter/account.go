package twitter

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/kith-social/kith/listeners"
	"github.com/tidwall/gjson"
)

// Check asks X whose token this is, and what the account has subscribed to.
func (c *Channel) Check(ctx context.Context) (listeners.Identity, error) {
	const doing = "ask X who we are"
	body, err := c.get(ctx, doing, c.user, "/2/users/me", url.Values{"user.fields": {"name,subscription_type,username"}})
	if err != nil {
		return listeners.Identity{}, err
	}
	u := gjson.GetBytes(body, "data")
	who := listeners.Identity{
		NativeID: u.Get("id").Str, Handle: cleanLine(u.Get("username").Str), Name: cleanLine(u.Get("name").Str), Plan: cleanLine(u.Get("subscription_type").Str),
	}
	if !isID(who.NativeID) || who.Handle == "" {
		return listeners.Identity{}, c.malformed(doing, errors.New("the answer names no account"))
	}
	return who, nil
}

// Examine asks X who we are, what was granted, which calls and credits are left, and whether webhooks
// reach us.
func (c *Channel) Examine(ctx context.Context) ([]listeners.Finding, error) {
	who, err := c.Check(ctx)
	if err != nil {
		return nil, err
	}
	var found []listeners.Finding
	add := func(level listeners.Level, code string, detail ...string) {
		found = append(found, listeners.Finding{Code: code, Level: level, Detail: detail})
	}
	if who.NativeID != c.id {
		add(listeners.Problem, "x_another_account", who.Handle)
	} else {
		add(listeners.Fine, "x_account", who.Handle)
	}
	c.examineGrant(add)
	if err := c.examineCalls(ctx, add); err != nil {
		return found, err
	}
	if c.app == nil {
		add(listeners.Warning, "x_no_app_token")
		return found, nil
	}
	if err := c.examineUsage(ctx, add); err != nil {
		return found, err
	}
	return found, c.examineWebhooks(ctx, add)
}

// adding notes a finding.
type adding func(level listeners.Level, code string, detail ...string)

func (c *Channel) examineGrant(add adding) {
	if c.renewal == nil {
		add(listeners.Warning, "x_no_renewal")
	}
	var missing []string
	for _, p := range permissions {
		if c.scope != "" && !slices.Contains(strings.Fields(c.scope), p) {
			missing = append(missing, p)
		}
	}
	if len(missing) > 0 {
		add(listeners.Problem, "x_permissions", strings.Join(missing, ", "))
	}
}

// fewCalls is the share of a window's calls below which the doctor warns.
const fewCalls = 0.1

// examineCalls makes the smallest read of the mentions, for the headers of its answer.
func (c *Channel) examineCalls(ctx context.Context, add adding) error {
	ctx, call := listeners.Record(ctx, nil)
	err := c.call(ctx, call, c.user, http.MethodGet, "/2/users/"+c.id+"/mentions", url.Values{"max_results": {"5"}}, nil)
	if err := c.readError("ask how many calls are left", call, err); err != nil {
		return err
	}
	limit, _ := strconv.Atoi(call.Header.Get("x-rate-limit-limit"))
	left, err := strconv.Atoi(call.Header.Get("x-rate-limit-remaining"))
	if err == nil && limit > 0 && float64(left) < fewCalls*float64(limit) {
		add(listeners.Warning, "x_few_calls", strconv.Itoa(left), strconv.Itoa(limit))
	}
	return nil
}

// examineUsage compares the posts the app read this month with its cap.
func (c *Channel) examineUsage(ctx context.Context, add adding) error {
	body, err := c.get(ctx, "ask for the app's usage", c.app, "/2/usage/tweets", url.Values{"usage.fields": {"cap_reset_day,project_cap,project_usage"}})
	if err != nil {
		return err
	}
	used, most := gjson.GetBytes(body, "data.project_usage").Int(), gjson.GetBytes(body, "data.project_cap").Int()
	detail := []string{strconv.FormatInt(used, 10), strconv.FormatInt(most, 10)}
	switch {
	case most <= 0:
	case used >= most:
		add(listeners.Problem, "x_usage", detail...)
	case used >= most*9/10:
		add(listeners.Warning, "x_usage", detail...)
	default:
		add(listeners.Fine, "x_usage", detail...)
	}
	return nil
}

// examineWebhooks looks for an address of the app that works and brings what concerns the account.
func (c *Channel) examineWebhooks(ctx context.Context, add adding) error {
	body, err := c.get(ctx, "list the app's webhooks", c.app, "/2/webhooks", nil)
	if err != nil {
		return err
	}
	var works string
	invalid := false
	gjson.GetBytes(body, "data").ForEach(func(_, hook gjson.Result) bool {
		if hook.Get("valid").Bool() {
			works = hook.Get("id").Str
		}
		invalid = invalid || !hook.Get("valid").Bool()
		return true
	})
	if works == "" {
		if invalid {
			add(listeners.Problem, "x_webhook_invalid")
		} else {
			add(listeners.Warning, "x_no_webhook")
		}
		return nil
	}
	have, err := c.subscriptions(ctx, works)
	if err != nil {
		return err
	}
	var missing []string
	for _, event := range events {
		if !slices.Contains(have, event) {
			missing = append(missing, event)
		}
	}
	if len(missing) > 0 {
		add(listeners.Warning, "x_subscriptions", strings.Join(missing, ", "))
	} else {
		add(listeners.Fine, "x_webhook")
	}
	return nil
}
