package web

import (
	"context"
	"time"

	"github.com/a-h/templ"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
)

// View is what every page knows of the request it answers. It travels in the context.
type View struct {
	Lang  string         // "en" or "vi"
	Theme string         // "light", "dark", or "" to follow the system
	Zone  *time.Location // in which times are shown; nil is UTC
	Now   clock.Time
	Since int64            // the latest change that this page is sure to show
	Nonce string           // of this response's Content-Security-Policy
	Path  string           // path and query, to come back to after changing a preference
	User  *User            // nil before sign-in
	Stops []community.Stop // of what leaves the brand
}

// User is the signed-in member as the frame of a page shows them.
type User struct {
	Name     string
	Brand    string // the brand's display name
	Role     string // advocate, moderator, expert or admin
	Review   int    // answers that wait for this member's review
	Reviews  bool   // may review at all
	People   bool   // may see who takes part
	Settings bool   // may see what the brand has set
	Sends    bool   // may see what leaves
	Alerts   int    // that wait for somebody to take them
}

type viewKey struct{}

// WithView stores the view for the components that render the page.
func WithView(ctx context.Context, v View) context.Context {
	return context.WithValue(ctx, viewKey{}, &v)
}

func view(ctx context.Context) *View {
	if v, ok := ctx.Value(viewKey{}).(*View); ok {
		return v
	}
	return &View{Lang: "en"}
}

// hx gives an element the htmx attributes named in pairs ("get", url, "target", "#work"), signed with
// the page's nonce: htmx ignores elements without it, so that markup which slipped in cannot act.
func hx(ctx context.Context, pairs ...string) templ.Attributes {
	attrs := templ.Attributes{"hx-nonce": view(ctx).Nonce}
	for i := 0; i+1 < len(pairs); i += 2 {
		attrs["hx-"+pairs[i]] = pairs[i+1]
	}
	return attrs
}
