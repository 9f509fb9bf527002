package sandbox

import (
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

var graphDialogPage = template.Must(template.New("dialog").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Facebook (sandbox)</title></head>
<body><h1>Facebook (sandbox)</h1>
{{if .Problem}}<p role="alert">{{.Problem}}</p>{{else}}
<p>App {{.App}} would like to: {{range $i, $s := .Scopes}}{{if $i}}, {{end}}{{$s}}{{end}}</p>
<p>Pages: {{range .Pages}}{{.Name}} {{else}}none{{end}}</p>
<form method="post"><input type="hidden" name="client_id" value="{{.App}}"><input type="hidden" name="redirect_uri" value="{{.Redirect}}"><input type="hidden" name="state" value="{{.State}}"><input type="hidden" name="scope" value="{{.Scope}}">
<label>Continue as <select name="as">{{range .People}}<option value="{{.Handle}}">{{.Name}}</option>{{end}}</select></label>
<button name="allow" value="yes">Allow</button> <button name="allow" value="no">Not now</button></form>{{end}}
</body></html>
`))

// dialog asks a person whether an app may act for their Pages, and sends them back with a code.
func (g *graph) dialog(w http.ResponseWriter, r *http.Request) {
	v := struct {
		App, Redirect, State, Scope, Problem string
		Scopes                               []string
		Pages                                []*account
		People                               []customer
	}{App: r.FormValue("client_id"), Redirect: r.FormValue("redirect_uri"), State: r.FormValue("state"), Scope: r.FormValue("scope"), People: customers}
	v.Scopes = strings.FieldsFunc(v.Scope, func(c rune) bool { return c == ',' || c == ' ' })
	back, err := url.Parse(v.Redirect)
	switch {
	case v.App == "":
		v.Problem = "Invalid App ID"
	case err != nil || back.Host == "" || back.Scheme != "http" && back.Scheme != "https":
		v.Problem = "Can't load URL: redirect_uri is not an absolute URL"
	case slices.ContainsFunc(v.Scopes, func(s string) bool { return !slices.Contains(graphScopes, s) }):
		v.Problem = "Invalid Scopes: " + v.Scope
	}
	if v.Problem == "" && r.Method == http.MethodPost {
		q := back.Query()
		q.Set("state", v.State)
		if r.FormValue("allow") == "yes" {
			q.Set("code", g.code(v.App, v.Redirect, r.FormValue("as")))
		} else {
			q.Set("error", "access_denied")
			q.Set("error_reason", "user_denied")
			q.Set("error_description", "Permissions error")
		}
		back.RawQuery = q.Encode()
		http.Redirect(w, r, back.String(), http.StatusSeeOther)
		return
	}
	g.world.mu.RLock()
	for _, a := range g.world.joined {
		if a.Network == "facebook" && a.Brand {
			v.Pages = append(v.Pages, &account{Name: a.Name})
		}
	}
	g.world.mu.RUnlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'")
	if v.Problem != "" {
		w.WriteHeader(http.StatusBadRequest)
	}
	_ = graphDialogPage.Execute(w, v)
}

// code makes what the person's allowance is spent with.
func (g *graph) code(app, redirect, handle string) string {
	g.world.mu.Lock()
	defer g.world.mu.Unlock()
	handle, err := cleanHandle(handle)
	if err != nil {
		handle = customers[0].Handle
	}
	person := g.world.account("facebook", handle)
	delete(g.revoked, app+"/"+formatID(person.ID))
	code := g.world.secret("code", app, redirect, handle, g.cfg.Now().String(), formatID(int64(len(g.codes))))
	g.codes[code] = graphCode{App: app, Redirect: redirect, Person: person, Until: g.cfg.Now().Add(10 * time.Minute)}
	return code
}
