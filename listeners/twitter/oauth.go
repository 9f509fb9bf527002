package twitter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/tidwall/gjson"
	"golang.org/x/oauth2"
)

// permissions are what Kith asks for: reading mentions and who wrote them, answering, hiding answers under
// own posts, and renewing the token without asking again.
var permissions = []string{"tweet.read", "tweet.write", "tweet.moderate.write", "users.read", "offline.access"}

// fields are what a brand's own app on X has. Only client_id is needed to listen and to answer: the rest
// is for webhooks and for the app's usage.
var fields = []listeners.Field{
	{Name: "client_id"},
	{Name: "client_secret", Secret: true, Optional: true, Kind: "token"},
	{Name: "consumer_secret", Secret: true, Optional: true, Kind: "token"},
	{Name: "consumer_secret_before", Secret: true, Optional: true, Rare: true, Kind: "token"},
	{Name: "app_token", Secret: true, Optional: true, Kind: "token"},
	{Name: "host", Optional: true, Rare: true, Default: defaultHost, Kind: "url"},
}

// The secrets that a grant brings besides the token.
const (
	secretRefresh = "refresh_token"
	secretExpires = "expires_at" // seconds since 1970
	secretScope   = "scope"
)

var errNoClient = errors.New("the connection does not say which app on X it uses")

// oauthOf is an app as the OAuth library knows it. X has the page for people on another host than the API.
func oauthOf(s listeners.Settings, secrets map[string]string, redirect string) (*oauth2.Config, error) {
	base, err := baseOf(s)
	if err != nil {
		return nil, err
	}
	id := s["client_id"]
	if id == "" {
		id = secrets["client_id"]
	}
	if id == "" {
		return nil, errNoClient
	}
	people := base.String()
	if people == defaultHost {
		people = "https://x.com"
	}
	style := oauth2.AuthStyleInParams // never tried out: a code and a refresh token are good once
	if secrets["client_secret"] != "" {
		style = oauth2.AuthStyleInHeader
	}
	return &oauth2.Config{
		ClientID: id, ClientSecret: secrets["client_secret"], RedirectURL: redirect, Scopes: permissions,
		Endpoint: oauth2.Endpoint{AuthURL: people + "/i/oauth2/authorize", TokenURL: base.String() + "/2/oauth2/token", AuthStyle: style},
	}, nil
}

// grantURL is X's page on which the person allows the app to act for the account they are signed in with.
func grantURL(g listeners.Grant) (string, error) {
	app, err := oauthOf(g.Settings, g.Secrets, g.Redirect)
	if err != nil {
		return "", err
	}
	return app.AuthCodeURL(g.State, oauth2.S256ChallengeOption(g.Verifier)), nil
}

// exchange turns a code into the one account that it opens.
func exchange(ctx context.Context, g listeners.Grant, code string, rt http.RoundTripper) ([]listeners.Granted, error) {
	app, err := oauthOf(g.Settings, g.Secrets, g.Redirect)
	if err != nil {
		return nil, err
	}
	secrets, err := spendFor(ctx, rt, clock.System, g.Secrets, func(ctx context.Context) (*oauth2.Token, error) {
		return app.Exchange(ctx, code, oauth2.VerifierOption(g.Verifier))
	}, code, g.Verifier)
	if err != nil {
		return nil, err
	}
	ch, err := Open(listeners.Access{NativeID: "0", Settings: g.Settings, Secrets: secrets, Now: clock.System}, rt)
	if err != nil {
		return nil, err
	}
	who, err := ch.Check(ctx)
	if err != nil {
		return nil, err
	}
	granted := listeners.Granted{Identity: who, Settings: listeners.Settings{}, Secrets: secrets}
	for name, value := range g.Settings {
		granted.Settings[name] = value
	}
	return []listeners.Granted{granted}, nil
}

// spendFor spends a code or a refresh token and returns all secrets, old and new.
func spendFor(ctx context.Context, rt http.RoundTripper, now clock.Func, before map[string]string, spend func(context.Context) (*oauth2.Token, error), spent ...string) (map[string]string, error) {
	ctx, call := listeners.Record(ctx, nil)
	token, err := spend(context.WithValue(ctx, oauth2.HTTPClient, &http.Client{
		Transport:     listeners.Recorder{Next: rt},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}))
	if err != nil {
		hidden := map[string]string{}
		for name, value := range before {
			hidden[name] = value
		}
		for i, s := range spent {
			hidden["spent"+strconv.Itoa(i)] = s
		}
		return nil, &listeners.Error{Class: grantClass(call), Status: call.Status, Err: listeners.Scrub(fmt.Errorf("get a token from X: %w", said(call, err)), hidden)}
	}
	after := map[string]string{}
	for name, value := range before {
		after[name] = value
	}
	after["token"] = token.AccessToken
	if token.RefreshToken != "" {
		after[secretRefresh] = token.RefreshToken
	}
	if token.ExpiresIn > 0 {
		after[secretExpires] = strconv.FormatInt(now().Add(time.Duration(token.ExpiresIn)*time.Second).Std().Unix(), 10)
	}
	if scope, ok := token.Extra("scope").(string); ok {
		after[secretScope] = scope
	}
	return after, nil
}

// said is what X said of a refused token, without the rest of its answer.
func said(call *listeners.Exchange, err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		return fmt.Errorf("%s: %s %s", refused.Response.Status, cleanLine(refused.ErrorCode), cleanLine(refused.ErrorDescription))
	}
	var wire *url.Error
	if errors.As(err, &wire) {
		return wire.Err
	}
	if call.Status != 0 {
		return fmt.Errorf("the answer with status %d has no token", call.Status)
	}
	return err
}

// grantClass tells what a failure to get a token means. X refuses a spent or revoked refresh token with
// 400; what a server error did to it only the next attempt tells.
func grantClass(call *listeners.Exchange) listeners.Class {
	code := gjson.GetBytes(call.Body, "error").Str
	switch {
	case call.Status == 0 && !call.Sent():
		return listeners.Transient
	case call.Status == http.StatusTooManyRequests:
		return listeners.RateLimited
	case call.Status >= 400 && call.Status < 500 && code != "":
		return listeners.AuthRevoked
	case call.Status >= 500:
		return listeners.Transient
	}
	return listeners.Ambiguous
}

// Expires is when the token ends.
func (c *Channel) Expires() clock.Time { return c.expires }

var errNoRefresh = errors.New("this token cannot be renewed: connect the account anew")

// Renew spends the refresh token, which X takes once.
func (c *Channel) Renew(ctx context.Context) (map[string]string, error) {
	if c.renewal == nil {
		return nil, &listeners.Error{Class: listeners.AuthRevoked, Err: errNoRefresh}
	}
	return c.renewal(ctx)
}

// renewalOf is how a connection's secrets are renewed; nil where there is no refresh token.
func renewalOf(a listeners.Access, rt http.RoundTripper) func(context.Context) (map[string]string, error) {
	app, err := oauthOf(a.Settings, a.Secrets, "")
	refresh := a.Secrets[secretRefresh]
	if err != nil || refresh == "" {
		return nil
	}
	return func(ctx context.Context) (map[string]string, error) {
		return spendFor(ctx, rt, a.Now, a.Secrets, func(ctx context.Context) (*oauth2.Token, error) {
			return app.TokenSource(ctx, &oauth2.Token{RefreshToken: refresh}).Token()
		})
	}
}

// expiry reads when a token ends; 0 where nobody knows.
func expiry(secrets map[string]string) clock.Time {
	seconds, err := strconv.ParseInt(secrets[secretExpires], 10, 64)
	if err != nil || seconds <= 0 {
		return 0
	}
	return clock.At(time.Unix(seconds, 0))
}
