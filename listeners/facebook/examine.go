package facebook

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	sdk "github.com/huandu/facebook/v2"
	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/tidwall/gjson"
)

// soon is how long before an end the doctor speaks of it.
const soon = 14 * 24 * time.Hour

// Examine asks Facebook about the token, what it may do, whether news is brought, and whether the app has
// been reviewed: until then only people with a role on it are heard.
func (c *Channel) Examine(ctx context.Context) ([]listeners.Finding, error) {
	if c.app == nil {
		return []listeners.Finding{{Code: "app_secret_missing", Level: listeners.Warning}}, nil
	}
	token, err := c.inspect(ctx)
	if err != nil {
		return nil, err
	}
	found := c.tokenFindings(token)
	brought, err := c.bringing(ctx)
	if err != nil {
		return nil, err
	}
	found = append(found, brought...)
	v, _, err := c.read(ctx, "ask Facebook what the app may do", c.app, c.appID+"/permissions", sdk.Params{"limit": 100})
	switch classIn(err) {
	case "":
		found = append(found, unreviewed(v)...)
	case listeners.Forbidden, listeners.Invalid, listeners.Gone: // some apps are not told
	default:
		return nil, err
	}
	return found, nil
}

// inspect asks what Facebook knows of the Page's token. The call is posted, so that the token stands in no
// URL.
func (c *Channel) inspect(ctx context.Context) (gjson.Result, error) {
	ctx, call := listeners.Record(ctx, emptyAnswer)
	_, err := c.app.WithContext(ctx).Post("debug_token", sdk.Params{"method": http.MethodGet, "input_token": c.page.AccessToken()})
	v, err := c.answer("ask Facebook about the token", call, err)
	return v.Get("data"), err
}

func (c *Channel) tokenFindings(token gjson.Result) (found []listeners.Finding) {
	if !token.Get("is_valid").Bool() {
		return []listeners.Finding{{Code: "token_refused", Level: listeners.Problem}}
	}
	for name, code := range map[string]string{"expires_at": "token_ends", "data_access_expires_at": "data_access_ends"} {
		at := token.Get(name).Int()
		if at > 0 && atSecond(at) < c.now().Add(soon) {
			found = append(found, listeners.Finding{Code: code, Level: listeners.Warning, Detail: []string{day(atSecond(at))}})
		}
	}
	slices.SortFunc(found, func(a, b listeners.Finding) int { return strings.Compare(a.Code, b.Code) })
	granted := names(token.Get("scopes"), "")
	if missing := lacking(granted); len(missing) > 0 {
		found = append(found, listeners.Finding{Code: "scopes_missing", Level: listeners.Problem, Detail: missing})
	}
	return found
}

func day(t clock.Time) string { return t.Std().UTC().Format(time.DateOnly) }

// lacking are the permissions that are not among those given. One of them has two names.
func lacking(given []string) (missing []string) {
	for _, p := range permissions {
		if !slices.Contains(given, p) && (p != "pages_read_user_content" || !slices.Contains(given, "pages_read_user_engagement")) {
			missing = append(missing, p)
		}
	}
	return missing
}

func names(list gjson.Result, path string) (all []string) {
	for _, one := range list.Array() {
		if path != "" {
			one = one.Get(path)
		}
		all = append(all, one.Str)
	}
	return all
}

// bringing tells whether the Page tells the app, and the app us.
func (c *Channel) bringing(ctx context.Context) ([]listeners.Finding, error) {
	const doing = "ask Facebook whether it brings news"
	v, _, err := c.get(ctx, doing, c.id+"/subscribed_apps", sdk.Params{})
	if err != nil {
		return nil, err
	}
	var missing []string
	installed := false
	for _, app := range v.Get("data").Array() {
		if app.Get("id").String() != c.appID {
			continue
		}
		installed = true
		told := names(app.Get("subscribed_fields"), "")
		if len(told) == 0 { // it was not told
			continue
		}
		for _, f := range strings.Split(publicFields+privateFields, ",") {
			if !slices.Contains(told, f) {
				missing = append(missing, f)
			}
		}
	}
	if !installed {
		return []listeners.Finding{{Code: "webhook_missing", Level: listeners.Warning}}, nil
	}
	v, _, err = c.read(ctx, doing, c.app, c.appID+"/subscriptions", sdk.Params{})
	if err != nil {
		return nil, err
	}
	active := slices.ContainsFunc(v.Get("data").Array(), func(s gjson.Result) bool {
		return s.Get("object").Str == "page" && s.Get("active").Bool()
	})
	switch {
	case !active:
		return []listeners.Finding{{Code: "webhook_missing", Level: listeners.Warning}}, nil
	case len(missing) > 0:
		return []listeners.Finding{{Code: "webhook_fields", Level: listeners.Warning, Detail: missing}}, nil
	}
	return nil, nil
}

// unreviewed tells of permissions that the app has not been given for everybody.
func unreviewed(v gjson.Result) []listeners.Finding {
	var live []string
	for _, p := range v.Get("data").Array() {
		if status := p.Get("status").Str; status == "live" || status == "approved" {
			live = append(live, p.Get("permission").Str)
		}
	}
	if missing := lacking(live); len(missing) > 0 {
		return []listeners.Finding{{Code: "app_not_reviewed", Level: listeners.Problem, Detail: missing}}
	}
	return nil
}
