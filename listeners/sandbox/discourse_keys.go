package sandbox

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

// discourseAskPage is where a person lets an application act as them.
var discourseAskPage = template.Must(template.New("ask").Parse(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Authorize application access</title><link rel="stylesheet" href="/static/style.css">
<main><h1>Authorize application access</h1><p><b>{{.Name}}</b> is requesting the following access to your account: {{.Scopes}}</p>
<form method="post" action="{{.Action}}">{{range $name, $value := .Fields}}<input type="hidden" name="{{$name}}" value="{{$value}}">{{end}}
<label>Account <select name="as">{{range .Accounts}}<option>{{.}}</option>{{end}}</select></label> <button>Authorize</button></form></main></html>`))

var discourseShowPage = template.Must(template.New("show").Parse(`<!doctype html><html lang="en"><meta charset="utf-8"><title>Key</title>
<main><p>Please copy the following key and paste it into the application:</p><textarea readonly rows="8" cols="66">{{.}}</textarea></main></html>`))

var errDiscourseKey = errors.New("public_key is no RSA key in PEM")

// discourseAsked are what an application must say when it asks for a key.
var discourseAsked = []string{"public_key", "nonce", "scopes", "client_id", "application_name"}

func discoursePublicKey(text string) (*rsa.PublicKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errDiscourseKey
	}
	if key, err := x509.ParsePKCS1PublicKey(block.Bytes); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if rsaKey, ok := key.(*rsa.PublicKey); ok && err == nil {
		return rsaKey, nil
	}
	return nil, errDiscourseKey
}

// discourseAsks checks what an application asks for.
func discourseAsks(w http.ResponseWriter, r *http.Request) *rsa.PublicKey {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	for _, name := range discourseAsked {
		if r.FormValue(name) == "" {
			(&discourseProblem{Status: http.StatusBadRequest, Errors: []string{"param is missing or the value is empty: " + name}}).write(w)
			return nil
		}
	}
	known := map[string]bool{"read": true, "write": true, "message_bus": true, "push": true, "notifications": true, "session_info": true, "one_time_password": true}
	for _, scope := range strings.Split(r.FormValue("scopes"), ",") {
		if !known[scope] {
			discourseForbidden("You are not permitted to view the requested resource.").write(w)
			return nil
		}
	}
	key, err := discoursePublicKey(r.FormValue("public_key"))
	if err != nil {
		(&discourseProblem{Status: http.StatusBadRequest, Errors: []string{err.Error()}}).write(w)
		return nil
	}
	return key
}

func (d *discourseFacade) askForKey(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Auth-Api-Version", "4")
	if r.Method == http.MethodHead || discourseAsks(w, r) == nil {
		return
	}
	view := struct {
		Name, Scopes, Action string
		Fields               map[string]string
		Accounts             []string
	}{r.FormValue("application_name"), r.FormValue("scopes"), "/discourse/user-api-key", map[string]string{}, nil}
	for _, name := range append(discourseAsked, "auth_redirect") {
		if value := r.FormValue(name); value != "" {
			view.Fields[name] = value
		}
	}
	d.world.mu.RLock()
	for _, a := range d.world.joined {
		if a.Network == "discourse" {
			view.Accounts = append(view.Accounts, a.Handle)
		}
	}
	d.world.mu.RUnlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'")
	discourseAskPage.Execute(w, view)
}

// grantKey gives an application a key that is good for one account, sealed for the application alone.
func (d *discourseFacade) grantKey(w http.ResponseWriter, r *http.Request) {
	public := discourseAsks(w, r)
	if public == nil {
		return
	}
	d.world.mu.Lock()
	a := d.world.accounts[keyOf("discourse", r.FormValue("as"))]
	var key string
	if a != nil {
		key = d.world.secret("userkey", a.Handle, r.FormValue("client_id"), r.FormValue("nonce"))
		d.userKeys[key] = a
	}
	d.world.mu.Unlock()
	if a == nil {
		discourseNotLoggedIn.write(w)
		return
	}
	payload, err := json.Marshal(map[string]any{"key": key, "nonce": r.FormValue("nonce"), "push": false, "api": 4})
	var sealed []byte
	if err == nil {
		//lint:ignore SA1019 this is how a forum seals keys
		sealed, err = rsa.EncryptPKCS1v15(rand.Reader, public, payload)
	}
	if err != nil {
		(&discourseProblem{Status: http.StatusBadRequest, Errors: []string{err.Error()}}).write(w)
		return
	}
	text := base64.StdEncoding.EncodeToString(sealed)
	to, err := url.Parse(r.FormValue("auth_redirect"))
	if err != nil || to.Host == "" && to.Scheme == "" {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		discourseShowPage.Execute(w, text)
		return
	}
	q := to.Query()
	q.Set("payload", text)
	to.RawQuery = q.Encode()
	http.Redirect(w, r, to.String(), http.StatusFound)
}
