package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// xCodeLife is how long an application may take to spend a code.
const xCodeLife = 30 * time.Second

// xAllScopes is what a token allows that nobody asked a scope for.
const xAllScopes = "tweet.read tweet.write tweet.moderate.write users.read offline.access"

// xCode is what a person allowed.
type xCode struct {
	Account                            *account
	Client, Redirect, Challenge, Scope string
	Until                              time.Time
}

// xAsk is what an application asks a person for.
type xAsk struct {
	Client, Redirect, Scope, State, Challenge string

	Problem  string
	Scopes   []string
	Accounts []*account
}

// xAskPage is X's page on which a person lets an application act for an account.
var xAskPage = template.Must(template.New("ask").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Authorize app</title><link rel="stylesheet" href="/static/style.css"></head><body><main>
{{if .Problem}}<p class="problem" role="alert">{{.Problem}}</p>{{else}}
<h1>{{.Client}} wants to use an account / muốn dùng một tài khoản</h1>
<ul>{{range .Scopes}}<li><code>{{.}}</code></li>{{end}}</ul>
<form method="post" action="?">
<input type="hidden" name="client_id" value="{{.Client}}"><input type="hidden" name="redirect_uri" value="{{.Redirect}}">
<input type="hidden" name="scope" value="{{.Scope}}"><input type="hidden" name="state" value="{{.State}}">
<input type="hidden" name="code_challenge" value="{{.Challenge}}"><input type="hidden" name="code_challenge_method" value="S256">
<input type="hidden" name="response_type" value="code">
<p><label>Account / Tài khoản <select name="account">{{range .Accounts}}<option value="{{.Handle}}">@{{.Handle}}</option>{{end}}</select></label></p>
<p><button name="allow" value="yes">Allow / Cho phép</button> <button name="allow" value="no">Cancel / Hủy</button></p>
</form>{{end}}</main></body></html>`))

// asked reads and checks what an application asks for.
func (x *xFacade) asked(r *http.Request) xAsk {
	v := r.FormValue
	ask := xAsk{Client: v("client_id"), Redirect: v("redirect_uri"), Scope: v("scope"), State: v("state"), Challenge: v("code_challenge"), Scopes: strings.Fields(v("scope"))}
	back, err := url.Parse(ask.Redirect)
	switch {
	case ask.Client == "":
		ask.Problem = "client_id is missing"
	case err != nil || back.Host == "" || back.Scheme != "https" && back.Scheme != "http":
		ask.Problem = "redirect_uri is not a URL"
	case v("response_type") != "code":
		ask.Problem = "response_type is not code"
	case ask.Challenge == "" || v("code_challenge_method") != "S256":
		ask.Problem = "code_challenge with the method S256 is missing"
	case ask.State == "":
		ask.Problem = "state is missing"
	case !slices.Contains(ask.Scopes, "users.read") || !slices.Contains(ask.Scopes, "tweet.read"):
		ask.Problem = "scope lacks users.read or tweet.read"
	}
	return ask
}

func (x *xFacade) authorize(w http.ResponseWriter, r *http.Request) {
	ask := x.asked(r)
	x.world.mu.RLock()
	for _, a := range x.world.joined {
		if a.Network == "x" && a.Brand {
			ask.Accounts = append(ask.Accounts, a)
		}
	}
	x.world.mu.RUnlock()
	showAsk(w, ask)
}

func showAsk(w http.ResponseWriter, ask xAsk) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'")
	w.Header().Set("Cache-Control", "no-store")
	if ask.Problem != "" {
		w.WriteHeader(http.StatusBadRequest)
	}
	_ = xAskPage.Execute(w, ask) // whoever asked has gone
}

// allow sends the person back to the application, with a code or with a refusal.
func (x *xFacade) allow(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	ask := x.asked(r)
	if ask.Problem != "" {
		showAsk(w, ask)
		return
	}
	back := url.Values{"state": {ask.State}}
	x.world.mu.Lock()
	a := x.world.accounts[keyOf("x", r.PostFormValue("account"))]
	switch {
	case r.PostFormValue("allow") != "yes":
		back.Set("error", "access_denied")
	case a == nil:
		back.Set("error", "server_error")
	default:
		x.world.seq++
		code := x.world.secret("code", ask.State, ask.Challenge, formatID(int64(x.world.seq)))
		x.codes[code] = xCode{a, ask.Client, ask.Redirect, ask.Challenge, ask.Scope, x.world.now().Add(xCodeLife)}
		back.Set("code", code)
	}
	x.world.mu.Unlock()
	join := "?"
	if strings.Contains(ask.Redirect, "?") {
		join = "&"
	}
	http.Redirect(w, r, ask.Redirect+join+back.Encode(), http.StatusSeeOther)
}

// developer shows the secrets of an application, as X's developer pages do.
func (x *xFacade) developer(w http.ResponseWriter, r *http.Request) {
	client := r.PathValue("client")
	x.world.mu.Lock()
	shown := map[string]string{
		"client_id": client, "client_secret": x.world.secret("client", client),
		"consumer_secret": x.consumerSecret(client), "app_token": x.world.grantApp(client),
	}
	x.world.mu.Unlock()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(shown)
}

// consumerSecret signs what webhooks of an application bring.
func (x *xFacade) consumerSecret(client string) string { return x.world.secret("consumer", client) }

// token hands out bearer tokens: to applications (client_credentials), to accounts that allowed it
// (authorization_code) and to those that spend a refresh token. Codes and refresh tokens are good once.
func (x *xFacade) token(w http.ResponseWriter, r *http.Request) {
	client, ok := x.client(w, r)
	if !ok {
		return
	}
	x.world.mu.Lock()
	defer x.world.mu.Unlock()
	refresh := r.PostFormValue("refresh_token")
	switch r.PostFormValue("grant_type") {
	case "client_credentials":
		_ = json.NewEncoder(w).Encode(map[string]string{"token_type": "bearer", "access_token": x.world.grantApp(client)})
		return
	case "authorization_code":
		code := r.PostFormValue("code")
		given, known := x.codes[code]
		delete(x.codes, code)
		sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		if !known || given.Client != client || given.Redirect != r.PostFormValue("redirect_uri") || !x.world.now().Before(given.Until) ||
			given.Challenge != base64.RawURLEncoding.EncodeToString(sum[:]) {
			xRefuse(w, http.StatusBadRequest, "invalid_request", "Value passed for the authorization code was invalid.")
			return
		}
		refresh = x.world.secret("refresh", code)
		x.world.refresh[refresh], x.world.scopes[refresh] = given.Account, given.Scope
	case "refresh_token":
	default:
		xRefuse(w, http.StatusBadRequest, "unsupported_grant_type", "Value passed for the grant_type was invalid.")
		return
	}
	if a := x.world.refresh[refresh]; a == nil || a.Network != "x" {
		xRefuse(w, http.StatusBadRequest, "invalid_grant", "Value passed for the token was invalid.")
		return
	}
	token, a, _ := x.world.renew(refresh)
	scope := x.world.scopes[a.Refresh]
	if scope == "" {
		scope = xAllScopes
	}
	answer := map[string]any{"token_type": "bearer", "access_token": token, "expires_in": int(grantLife.Seconds()), "scope": scope}
	if slices.Contains(strings.Fields(scope), "offline.access") {
		answer["refresh_token"] = a.Refresh
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// client tells which application calls; one that gives a secret gives the right one.
func (x *xFacade) client(w http.ResponseWriter, r *http.Request) (client string, ok bool) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	client, secret, basic := r.BasicAuth()
	if !basic {
		client = r.PostFormValue("client_id")
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if client == "" || basic && secret != x.world.secret("client", client) {
		xRefuse(w, http.StatusUnauthorized, "unauthorized_client", "Missing valid authorization header")
		return "", false
	}
	return client, true
}

func xRefuse(w http.ResponseWriter, status int, code, description string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": description})
}

// revoke ends a token and the refresh token that came with it.
func (x *xFacade) revoke(w http.ResponseWriter, r *http.Request) {
	if _, ok := x.client(w, r); !ok {
		return
	}
	token := r.PostFormValue("token")
	x.world.mu.Lock()
	defer x.world.mu.Unlock()
	a := x.world.refresh[token]
	if g, ok := x.world.grants[token]; ok {
		a = g.Account
		delete(x.world.grants, token)
	}
	if a != nil && a.Network == "x" {
		delete(x.world.refresh, a.Refresh)
		delete(x.world.refresh, token)
		x.hooks.revoked(a)
	}
	_ = json.NewEncoder(w).Encode(map[string]bool{"revoked": true})
}
