package web

import (
	"net/http"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/server/access"
)

// boardSpan is how far back the board looks: long enough that a week away costs nobody their place.
const boardSpan = 28 * 24 * time.Hour

// boardRows is how many places the board shows, besides one's own.
const boardRows = 20

// mostRanked is up to which place one learns one's own.
const mostRanked = 1000

// placed is one line of the board.
type placed struct {
	gamification.Standing
	Place int
	Name  string
	Mine  bool
}

func (a *App) board(w http.ResponseWriter, r *http.Request) error {
	ctx, me := r.Context(), access.From(r.Context()).Member
	now := view(ctx).Now
	standings, err := gamification.Board(ctx, a.DB.Read(), me.BrandID, now.Add(-boardSpan), now, mostRanked)
	if err != nil {
		return err
	}
	members, err := community.Members(ctx, a.DB.Read(), me.BrandID)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, boardPage(places(standings, members, me.ID)))
}

// places are the first places and, further down, one's own. Equal points share a place.
func places(standings []gamification.Standing, members map[int64]community.Member, me int64) []placed {
	var shown []placed
	place := 0
	for i, s := range standings {
		if s.Points <= 0 {
			break
		}
		if i == 0 || s.Points < standings[i-1].Points {
			place = i + 1
		}
		if i < boardRows || s.MemberID == me {
			shown = append(shown, placed{s, place, members[s.MemberID].PublicName, s.MemberID == me})
		}
	}
	return shown
}
