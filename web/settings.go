package web

import "net/http"

// settingsPages are the parts of a brand that its people can set, each with a page of its own.
var settingsPages = []struct{ href, title, why string }{
	{"/settings/programme", "programme.title", "programme.why"},
	{"/settings/limits", "limits.title", "limits.in_short"},
	{"/snippets", "snippet.title", "snippet.in_short"},
	{"/settings/trust", "trust_rules.title", "trust_rules.in_short"},
	{"/settings/wellbeing", "wellbeing_rules.title", "wellbeing_rules.in_short"},
	{"/settings/review", "review_rules.title", "review_rules.why"},
	{"/settings/promise", "promise.title", "promise.in_short"},
	{"/settings/voice", "voice.title", "voice.why"},
	{"/settings/topics", "topic.title", "topic.in_short"},
	{"/quality", "quality.title", "quality.in_short"},
}

func (a *App) settings(w http.ResponseWriter, r *http.Request) error {
	return render(w, r, http.StatusOK, settingsPage())
}
