package facebook

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	sdk "github.com/huandu/facebook/v2"
	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/tidwall/gjson"
)

var (
	errNoApp       = errors.New("the id and the secret of the app on Facebook are needed")
	errNoPages     = errors.New("no Page was chosen on Facebook")
	errNoUserToken = errors.New("the connection has nothing to renew its token with")
	errNoNewToken  = errors.New("the answer has no token")
)

// dialogURL is where a person lets Kith use their Pages. A permission that was refused before is asked for
// again.
func dialogURL(g listeners.Grant) (string, error) {
	at, err := dial(g.Settings, g.Secrets, nil)
	if err != nil {
		return "", err
	}
	if g.Settings["app_id"] == "" {
		return "", errNoApp
	}
	q := url.Values{
		"client_id": {g.Settings["app_id"]}, "redirect_uri": {g.Redirect}, "state": {g.State},
		"scope": {strings.Join(permissions, ",")}, "response_type": {"code"}, "auth_type": {"rerequest"},
	}
	return at.dialog + "/" + at.version + "/dialog/oauth?" + q.Encode(), nil
}

// exchange spends a code for the person's token, that for one which lives 60 days, and that for those of
// the person's Pages, which do not end.
func exchange(ctx context.Context, g listeners.Grant, code string, rt http.RoundTripper) ([]listeners.Granted, error) {
	at, err := dial(g.Settings, g.Secrets, rt)
	if err != nil {
		return nil, err
	}
	if g.Settings["app_id"] == "" || g.Secrets["app_secret"] == "" {
		return nil, &listeners.Error{Class: listeners.Invalid, Err: errNoApp}
	}
	at.app.RedirectUri = g.Redirect
	hidden := maps.Clone(g.Secrets)
	hidden["code"], hidden["proof"] = code, ""
	// The few methods used of it are those that need no account.
	c := &Channel{now: clock.System, scrub: func(err error) error { return listeners.Scrub(err, hidden) }}

	short, _, err := c.redeem(ctx, at, func(app *sdk.App) (string, int, error) {
		token, ends, _, err := app.ParseCodeInfo(code, "")
		return token, ends, err
	})
	if err != nil {
		return nil, err
	}
	hidden["short"] = short
	long, ends, err := c.redeem(ctx, at, func(app *sdk.App) (string, int, error) { return app.ExchangeToken(short) })
	if err != nil {
		return nil, err
	}
	hidden["long"] = long
	person := at.session(long)
	hidden["proof"] = person.AppsecretProof()
	me, _, err := c.read(ctx, "ask Facebook who granted access", person, "me", sdk.Params{"fields": "id"})
	if err != nil {
		return nil, err
	}
	var all []listeners.Granted
	after := ""
	for range mostLooks {
		v, _, err := c.read(ctx, "list the Pages", person, "me/accounts", paged(sdk.Params{"fields": "id,name,username,access_token,tasks", "limit": 100}, after))
		if err != nil {
			return nil, err
		}
		for _, page := range v.Get("data").Array() {
			if granted, ok := c.granted(g, page, me.Get("id").Str, long, ends); ok {
				all = append(all, granted)
			}
		}
		if after, err = next(v); err != nil {
			return nil, c.malformed("list the Pages", err)
		}
		if after == "" {
			break
		}
	}
	if len(all) == 0 {
		return nil, &listeners.Error{Class: listeners.Forbidden, Err: errNoPages}
	}
	return all, nil
}

// granted is one Page with what it takes to use it.
func (c *Channel) granted(g listeners.Grant, page gjson.Result, person, userToken string, ends int) (listeners.Granted, bool) {
	who := listeners.Identity{NativeID: page.Get("id").Str, Name: listeners.CleanLine(page.Get("name").Str)}
	who.Handle = cmp.Or(listeners.CleanLine(page.Get("username").Str), who.Name)
	token := page.Get("access_token").Str
	if !isID(who.NativeID) || token == "" {
		return listeners.Granted{}, false
	}
	settings, secrets := maps.Clone(g.Settings), maps.Clone(g.Secrets)
	settings["user"] = person
	secrets["token"] = token
	maps.Copy(secrets, c.lasting(userToken, ends))
	return listeners.Granted{Identity: who, Settings: settings, Secrets: secrets}, true
}

// lasting are the secrets that a Page's token is renewed with.
func (c *Channel) lasting(userToken string, ends int) map[string]string {
	kept := map[string]string{"user_token": userToken, "user_expires": ""}
	if ends > 0 {
		kept["user_expires"] = strconv.FormatInt(seconds(c.now().Add(time.Duration(ends)*time.Second)), 10)
	}
	return kept
}

// redeem makes one call of the library that gives a token and the seconds it lives.
func (c *Channel) redeem(ctx context.Context, at *graph, call func(*sdk.App) (string, int, error)) (string, int, error) {
	ctx, made := listeners.Record(ctx, nil)
	app := *at.app
	app.SetSession((&sdk.Session{HttpClient: at.client, BaseURL: at.base + "/", Version: at.version}).WithContext(ctx))
	token, ends, err := call(&app)
	v, _ := parse(made.Body)
	if err != nil || made.Status < 200 || made.Status > 299 || v.Get("error").Exists() || token == "" {
		return "", 0, c.readError("ask Facebook for a token", made, cmp.Or(err, errNoNewToken))
	}
	return token, ends, nil
}

// Expires is when what the Page's token is renewed with ends; the token itself does not.
func (c *Channel) Expires() clock.Time { return c.expires }

func expiry(secrets map[string]string) clock.Time {
	if s, err := strconv.ParseInt(secrets["user_expires"], 10, 64); err == nil && s > 0 {
		return atSecond(s)
	}
	return 0
}

// Renew exchanges the person's token for a fresh one, and that for the Page's. Where the person's has ended
// but the Page's has not, the connection goes on without it.
func (c *Channel) Renew(ctx context.Context) (map[string]string, error) { return c.renew(ctx) }

func (c *Channel) renewed(ctx context.Context, at *graph, old map[string]string) (map[string]string, error) {
	fresh := maps.Clone(old)
	if old["user_token"] == "" || old["app_secret"] == "" {
		return nil, &listeners.Error{Class: listeners.AuthRevoked, Err: errNoUserToken}
	}
	token, ends, err := c.redeem(ctx, at, func(app *sdk.App) (string, int, error) { return app.ExchangeToken(old["user_token"]) })
	if ended(err) {
		if _, alive := c.Check(ctx); alive != nil {
			return nil, revoked(err, alive)
		}
		delete(fresh, "user_token")
		delete(fresh, "user_expires")
		return fresh, nil
	} else if err != nil {
		return nil, err
	}
	person := at.session(token)
	proof := person.AppsecretProof()
	scrub := func(err error) error {
		var e *listeners.Error
		if errors.As(err, &e) {
			e.Err = listeners.Scrub(e.Err, map[string]string{"token": token, "proof": proof})
		}
		return err
	}
	v, _, err := c.read(ctx, "ask Facebook for the Page's token", person, c.id, sdk.Params{"fields": "access_token"})
	if err = scrub(err); ended(err) || classIn(err) == listeners.Forbidden || classIn(err) == listeners.Gone {
		return nil, revoked(err, err)
	} else if err != nil {
		return nil, err
	}
	if v.Get("access_token").Str == "" { // the person has no say on the Page any more
		return nil, &listeners.Error{Class: listeners.AuthRevoked, Err: errNoNewToken}
	}
	fresh["token"] = v.Get("access_token").Str
	maps.Copy(fresh, c.lasting(token, ends))
	return fresh, nil
}

// ended tells whether Facebook said that a token is good no more.
func ended(err error) bool {
	class := classIn(err)
	return class == listeners.AuthExpired || class == listeners.AuthRevoked || class == listeners.Invalid
}

// revoked is the end of an attempt to renew: only where Facebook refused both tokens must a person act.
func revoked(renewing, checking error) error {
	if !ended(checking) && classIn(checking) != listeners.Forbidden && classIn(checking) != listeners.Gone {
		return checking
	}
	return &listeners.Error{Class: listeners.AuthRevoked, Err: fmt.Errorf("the Page must be connected anew: %w", renewing)}
}
