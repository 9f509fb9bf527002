package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	graphApp       = "1000"              // whose tokens the admin API hands out
	graphShortLife = time.Hour           // of a person's token from the dialog
	graphLongLife  = 60 * 24 * time.Hour // of one that was exchanged
)

// graphSecret is the secret of an app in this sandbox.
func graphSecret(app string) string { return "sandbox-secret-" + app }

// graphScopes are the permissions that the dialog grants, all of them.
var graphScopes = []string{
	"pages_show_list", "pages_manage_metadata", "pages_read_engagement", "pages_manage_engagement",
	"pages_read_user_content", "pages_messaging", "public_profile",
}

// graphToken is what a token allows.
type graphToken struct {
	App     string
	Account *account // a Page or a person; nil: the app itself
	Person  *account // who gave a Page's token away; nil: the admin API
	Until   time.Time
	Issued  time.Time
}

func (t graphToken) kind() string {
	switch {
	case t.Account == nil:
		return "APP"
	case t.Account.Brand:
		return "PAGE"
	}
	return "USER"
}

// person is who stands behind a token.
func (t graphToken) person() string {
	switch {
	case t.Person != nil:
		return formatID(t.Person.ID)
	case t.Account != nil:
		return formatID(t.Account.ID)
	}
	return ""
}

func graphBadToken(subcode int, message string) *graphError {
	return &graphError{Code: 190, Subcode: subcode, Type: "OAuthException", Message: message}
}

// token looks a token up.
func (g *graph) token(token string) (graphToken, error) {
	if token == "" {
		return graphToken{}, &graphError{Code: 2500, Type: "OAuthException", Message: "An active access token must be used to query information about the current user."}
	}
	if app, secret, both := strings.Cut(token, "|"); both {
		if secret != graphSecret(app) {
			return graphToken{}, graphBadToken(0, "Invalid OAuth access token signature.")
		}
		return graphToken{App: app}, nil
	}
	t, known := g.tokens[token]
	if !known {
		granted, ok := g.world.granted(token)
		if !ok || granted.Account == nil || granted.Account.Network != "facebook" {
			return graphToken{}, graphBadToken(0, "Invalid OAuth access token - Cannot parse access token")
		}
		t = graphToken{App: graphApp, Account: granted.Account}
	}
	switch {
	case g.revoked[t.App+"/"+t.person()]:
		return t, graphBadToken(458, "Error validating access token: The user has not authorized application "+t.App+".")
	case !t.Until.IsZero() && !g.cfg.Now().Before(t.Until):
		return t, graphBadToken(463, "Error validating access token: Session has expired.")
	}
	return t, nil
}

func (g *graph) issue(t graphToken, life time.Duration) string {
	t.Issued = g.cfg.Now()
	if life > 0 {
		t.Until = t.Issued.Add(life)
	}
	token := g.world.secret("graph", t.App, t.person(), formatID(t.Account.ID), t.Issued.String(), formatID(int64(len(g.tokens))))
	g.tokens[token] = t
	return token
}

// pageToken is a Page's token for whoever asks: that of a person ends with theirs, if theirs is short.
func (g *graph) pageToken(as graphToken, page *account) (any, error) {
	switch {
	case as.Account == page && as.Person == nil:
		return page.Token, nil
	case as.Account == nil || as.Account.Brand && as.Account != page:
		return nil, nil
	}
	person, life := as.Account, time.Duration(0)
	if as.Account == page {
		person = as.Person
	}
	if !as.Until.IsZero() && as.Until.Sub(as.Issued) <= graphShortLife {
		life = as.Until.Sub(g.cfg.Now())
	}
	return g.issue(graphToken{App: as.App, Account: page, Person: person}, life), nil
}

// graphCode is what the dialog sends a person back with; it is good once, for ten minutes.
type graphCode struct {
	App, Redirect string
	Person        *account
	Until         time.Time
}

// accessToken spends a code, or exchanges a person's token for one that lives long.
func (g *graph) accessToken(c *graphCall) (any, error) {
	app := c.params.Get("client_id")
	if app == "" || c.params.Get("client_secret") != graphSecret(app) {
		return nil, &graphError{Code: 1, Type: "OAuthException", Message: "Error validating client secret."}
	}
	g.world.mu.Lock()
	defer g.world.mu.Unlock()
	life, person := graphShortLife, (*account)(nil)
	switch c.params.Get("grant_type") {
	case "client_credentials":
		return map[string]any{"access_token": app + "|" + graphSecret(app), "token_type": "bearer"}, nil
	case "fb_exchange_token":
		t, err := g.token(c.params.Get("fb_exchange_token"))
		if err != nil {
			return nil, err
		}
		if t.App != app || t.kind() != "USER" {
			return nil, graphBadToken(0, "The token is not a person's token of this app")
		}
		life, person = graphLongLife, t.Account
	case "", "authorization_code":
		code, known := g.codes[c.params.Get("code")]
		delete(g.codes, c.params.Get("code"))
		switch {
		case !known || code.App != app || !g.cfg.Now().Before(code.Until):
			return nil, &graphError{Code: 100, Subcode: 36009, Type: "OAuthException", Message: "This authorization code has been used."}
		case code.Redirect != c.params.Get("redirect_uri"):
			return nil, &graphError{Code: 100, Subcode: 36008, Type: "OAuthException", Message: "Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request"}
		}
		person = code.Person
	default:
		return nil, graphInvalid("Unknown grant_type")
	}
	token := g.issue(graphToken{App: app, Account: person}, life)
	return map[string]any{"access_token": token, "token_type": "bearer", "expires_in": int(life.Seconds())}, nil
}

// managed lists the Pages that a person may act as: in this sandbox, every one.
func (g *graph) managed(c *graphCall) (any, error) {
	if c.as.kind() != "USER" {
		return nil, graphDenied("A person's token is required")
	}
	asked, err := graphFields(c.params.Get("fields"), "access_token", "category", "name", "tasks")
	if err != nil {
		return nil, err
	}
	data := []any{}
	for _, a := range g.world.joined {
		if a.Network != "facebook" || !a.Brand {
			continue
		}
		one, err := graphProfile.show(g, c, a, asked)
		if err != nil {
			return nil, err
		}
		data = append(data, one)
	}
	return map[string]any{"data": data}, nil
}

// permissions takes the app's rights away, or lists them.
func (g *graph) permissions(c *graphCall) (any, error) {
	if c.method == http.MethodDelete {
		g.revoked[c.as.App+"/"+c.as.person()] = true
		return map[string]any{"success": true}, nil
	}
	var data []any
	for _, s := range graphScopes {
		data = append(data, map[string]any{"permission": s, "status": "granted"})
	}
	return map[string]any{"data": data}, nil
}

func (g *graph) debugToken(c *graphCall) (any, error) {
	if c.as.Account != nil {
		return nil, graphDenied("An app's token is required")
	}
	t, err := g.token(c.params.Get("input_token"))
	if t.App != c.as.App {
		return nil, graphInvalid("The access token is not of this app")
	}
	data := map[string]any{
		"app_id": t.App, "application": "App " + t.App, "type": t.kind(), "is_valid": err == nil, "scopes": graphScopes,
		"expires_at": 0, "data_access_expires_at": g.cfg.Now().Add(90 * 24 * time.Hour).Unix(), "user_id": t.person(),
	}
	if t.Account != nil && t.Account.Brand {
		data["profile_id"] = formatID(t.Account.ID)
	}
	if !t.Until.IsZero() {
		data["expires_at"] = t.Until.Unix()
	}
	return map[string]any{"data": data}, nil
}

// appEdge is what an app may do with its own token.
func (g *graph) appEdge(c *graphCall, name string) (any, error) {
	s := g.apps[c.as.App]
	switch {
	case name == "permissions" && c.method == http.MethodGet:
		data := []any{}
		for _, p := range graphScopes {
			data = append(data, map[string]any{"permission": p, "status": "live"})
		}
		return map[string]any{"data": data}, nil
	case name == "subscriptions" && c.method == http.MethodDelete:
		delete(g.apps, c.as.App)
		return map[string]any{"success": true}, nil
	case name == "subscriptions" && s == nil:
		return map[string]any{"data": []any{}}, nil
	case name == "subscriptions":
		var fields []any
		for _, f := range slices.Sorted(slices.Values(s.Fields)) {
			fields = append(fields, map[string]any{"name": f, "version": "v25.0"})
		}
		return map[string]any{"data": []any{map[string]any{"object": "page", "callback_url": s.URL, "active": true, "fields": fields}}}, nil
	}
	return nil, graphUnknown(c.as.App)
}
