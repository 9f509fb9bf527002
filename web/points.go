package web

import (
	"cmp"
	"context"
	"net/http"

	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/server/access"
)

// earned is what the points page shows.
type earned struct {
	gamification.Points
	Entries []gamification.Entry // newest first
	Thanks  bool                 // an employee, who earns thanks instead
}

// mostEntries is how far back the page of points goes.
const mostEntries = 100

func (a *App) points(w http.ResponseWriter, r *http.Request) error {
	ctx, me := r.Context(), access.From(r.Context()).Member
	v := earned{Thanks: me.Role.Employee()}
	var err error
	if v.Points, err = gamification.PointsOf(ctx, a.DB.Read(), me.ID, view(ctx).Now); err != nil {
		return err
	}
	if v.Entries, err = gamification.Entries(ctx, a.DB.Read(), me.ID, mostEntries); err != nil {
		return err
	}
	return render(w, r, http.StatusOK, pointsPage(v))
}

// reason says what an entry is for; what was taken back says why.
func (v earned) reason(ctx context.Context, e gamification.Entry) string {
	for _, other := range v.Entries {
		if e.ReversesID != 0 && other.ID == e.ReversesID {
			return T(ctx, "points_back."+string(cmp.Or(e.Reason, before(other.Rule))), "what", T(ctx, "points."+string(other.Rule)))
		}
	}
	return T(ctx, "points."+string(e.Rule))
}

// before is why entries were taken back that were written when nobody noted it.
func before(r gamification.Rule) gamification.Why {
	if r == gamification.Thanked || r == gamification.Solved {
		return gamification.CameBack
	}
	return gamification.NotSent
}
