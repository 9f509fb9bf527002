package web

import "net/http"

// settingsPages are the parts of a brand that its people can set, each with a page of its own.
var settingsPages = []struct{ href, title, why string }{
	{"/settings/programme", "programme.title", "programme.why"},
	{"/settings/limits", "limits.title", "limits.in_short"},
	{"/snippets", "snippet.title", "snippet.in_short"},
	{"/settings/trust", "trust_rules.title", "trust_rules.why"},
	{"/settings/wellbeing", "wellbeing_rules.title", "wellbeing_rules.why"},
	{"/settings/review", "review_rules.title", "review_rules.why"},
	{"/settings/voice", "voice.title", "voice.why"},
}

func (a *App) settings(w http.ResponseWriter, r *http.Request) error {
	return render(w, r, http.StatusOK, settingsPage())
}
