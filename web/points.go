package web

import (
	"cmp"
	"context"
	"net/http"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/server/access"
)

// earned is what the points page shows.
type earned struct {
	gamification.Points
	Entries []gamification.Entry // newest first
	Thanks  bool                 // an employee, who earns thanks instead
	Fair    []gamification.FairCase
	Frozen  map[int64]clock.Time // until when entries are under review
	Names   map[int64]community.Member
	Failed  map[int64]*access.Failure // of the appeal that was sent, by case
}

// mostEntries is how far back the page of points goes.
const mostEntries = 100

func (a *App) points(w http.ResponseWriter, r *http.Request) error {
	return a.showPoints(w, r, http.StatusOK, nil)
}

func (a *App) showPoints(w http.ResponseWriter, r *http.Request, status int, failed map[int64]*access.Failure) error {
	v := earned{Failed: failed}
	err := a.DB.ReadTx(r.Context(), func(ctx context.Context, read bun.IDB) (err error) {
		me := access.From(ctx).Member
		v.Thanks = me.Role.Employee()
		if v.Points, err = gamification.PointsOf(ctx, read, me.ID, view(ctx).Now); err != nil {
			return err
		}
		if v.Entries, err = gamification.Entries(ctx, read, me.ID, mostEntries); err != nil {
			return err
		}
		if v.Frozen, err = gamification.FrozenOf(ctx, read, me.ID, view(ctx).Now); err != nil {
			return err
		}
		if v.Fair, err = gamification.FairCasesOf(ctx, read, me.ID, mostFair); err != nil || len(v.Fair) == 0 {
			return err
		}
		v.Names, err = community.Members(ctx, read, me.BrandID)
		return err
	})
	if err != nil {
		return err
	}
	return render(w, r, status, pointsPage(v))
}

// reason says what an entry is for; what was taken back says why.
func (v earned) reason(ctx context.Context, e gamification.Entry) string {
	for _, other := range v.Entries {
		if e.ReversesID != 0 && other.ID == e.ReversesID {
			if other.ReversesID != 0 { // what was given back after an appeal
				other.Rule = v.first(other).Rule
			}
			return T(ctx, "points_back."+string(cmp.Or(e.Reason, before(other.Rule))), "what", T(ctx, "points."+string(other.Rule)))
		}
	}
	return T(ctx, "points."+string(e.Rule))
}

// first is the entry that a row of entries undid, and gave back.
func (v earned) first(e gamification.Entry) gamification.Entry {
	for _, other := range v.Entries {
		if e.ReversesID != 0 && other.ID == e.ReversesID {
			return v.first(other)
		}
	}
	return e
}

// before is why entries were taken back that were written when nobody noted it.
func before(r gamification.Rule) gamification.Why {
	if r == gamification.Thanked || r == gamification.Solved {
		return gamification.CameBack
	}
	return gamification.NotSent
}
