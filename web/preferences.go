package web

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

var themes = []struct{ value, text string }{
	{"", "theme.system"},
	{"light", "theme.light"},
	{"dark", "theme.dark"},
}

var roleText = map[string]string{
	"advocate":  "role.advocate",
	"moderator": "role.moderator",
	"expert":    "role.expert",
	"admin":     "role.admin",
}

func pressed(on bool) string {
	if on {
		return "true"
	}
	return "false"
}

// zones are the time zones one can choose by hand; the browser tells its own where scripts run.
var zones = []string{
	"Asia/Ho_Chi_Minh", "Asia/Tokyo", "Asia/Singapore", "Australia/Sydney", "Europe/London", "Europe/Berlin", "America/New_York",
	"America/Los_Angeles", "UTC",
}

// keptFor is how long a browser remembers a preference.
const keptFor = 365 * 24 * time.Hour

// prefer remembers the theme, language or time zone that a form carries, and goes back to where it was.
func (a *App) prefer(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &community.Invalid{Field: "back", Sentence: "this form cannot be read"}
	}
	for name, known := range map[string]func(string) bool{
		"theme":    func(v string) bool { return v == "" || v == "light" || v == "dark" },
		"language": func(v string) bool { return slices.Contains(Languages, v) },
		"zone":     func(v string) bool { _, err := time.LoadLocation(v); return err == nil && v != "" },
	} {
		chosen, ok := r.PostForm[name]
		if !ok {
			continue
		}
		if !known(chosen[0]) {
			return &community.Invalid{Field: name, Sentence: "there is no such choice"}
		}
		c := &http.Cookie{
			Name: "kith_" + name, Value: chosen[0], Path: "/", MaxAge: int(keptFor.Seconds()), Secure: a.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		}
		if c.Value == "" {
			c.MaxAge = -1
		}
		http.SetCookie(w, c)
	}
	if err := a.speak(r.Context(), r.PostFormValue("language")); err != nil {
		return err
	}
	if fragment(r) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	goTo(w, r, access.Next(r.PostFormValue("back")))
	return nil
}

// speak makes a language that of the mails to who asks, too.
func (a *App) speak(ctx context.Context, language string) error {
	id := access.From(ctx)
	if id == nil || language == "" || language == id.Person.Language {
		return nil
	}
	return a.write(ctx, func(ctx context.Context, tx listeners.Tx) error {
		return access.SetLanguage(ctx, tx, id.Person.ID, language)
	})
}
