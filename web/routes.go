package web

import (
	"context"
	"net/http"

	"github.com/kith-social/kith/server/access"
)

// Routes lists every page, as an outline of the app, with what the policy must allow.
func (a *App) Routes() []access.Route {
	return []access.Route{
		{Method: "GET", Pattern: "/assets/*", Object: "asset", Action: "read", Handler: Assets()},
		{Method: "GET", Pattern: "/stream", Object: "stream", Action: "read", Handler: a.page(a.stream)},
	}
}

func (a *App) stream(w http.ResponseWriter, r *http.Request) error {
	id := access.From(r.Context())
	a.Listen(w, r, *id.Member, func(ctx context.Context) bool { return a.Guard.Still(ctx, id) == nil })
	return nil
}
