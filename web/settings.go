package web

import (
	"net/http"
	"slices"

	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// settingsPages are the parts of a brand that its people can set, each with a page of its own.
var settingsPages = []struct{ href, title, why string }{
	{"/alerts", "alerts.title", "alerts.in_short"},
	{"/connections", "connection.title", "connection.in_short"},
	{"/customers", "customer.title", "customer.in_short"},
	{"/settings/programme", "programme.title", "programme.why"},
	{"/settings/limits", "limits.title", "limits.in_short"},
	{"/snippets", "snippet.title", "snippet.in_short"},
	{"/settings/trust", "trust_rules.title", "trust_rules.in_short"},
	{"/settings/points", "points_table.title", "points_table.in_short"},
	{"/settings/seasons", "seasons.title", "seasons.in_short"},
	{"/rewards", "rewards.title", "rewards.why"},
	{"/settings/wellbeing", "wellbeing_rules.title", "wellbeing_rules.in_short"},
	{"/settings/review", "review_rules.title", "review_rules.why"},
	{"/settings/promise", "promise.title", "promise.in_short"},
	{"/settings/waits", "waits.title", "waits.in_short"},
	{"/settings/voice", "voice.title", "voice.why"},
	{"/rules", "rules.title", "rules.in_short"},
	{"/settings/topics", "topic.title", "topic.in_short"},
	{"/reports", "report.title", "report.in_short"},
	{"/quality", "quality.title", "quality.in_short"},
}

func (a *App) settings(w http.ResponseWriter, r *http.Request) error {
	var searched []listeners.Connection
	if a.Guard.May(r.Context(), "listening", "change") {
		all, err := listeners.Connections(r.Context(), a.DB.Read(), access.From(r.Context()).Member.BrandID)
		if err != nil {
			return err
		}
		searched = slices.DeleteFunc(all, func(c listeners.Connection) bool { return a.Desk.Network(c.Network).CheckQuery == nil })
	}
	return render(w, r, http.StatusOK, settingsPage(searched))
}
