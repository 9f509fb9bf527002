package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// resting is the advice to take a break instead of another case.
type resting struct {
	Week time.Duration
	Case int64 // that was to be claimed, 0 for none
}

// restPath is the page that asks whether a break would not be better than a case.
func restPath(caseID string) string { return "/rest?case=" + caseID }

func (a *App) rest(w http.ResponseWriter, r *http.Request) error {
	ctx, me := r.Context(), access.From(r.Context()).Member
	v := resting{}
	v.Case, _ = strconv.ParseInt(r.URL.Query().Get("case"), 10, 64)
	var err error
	if v.Week, err = community.WeekOf(ctx, a.DB.Read(), me.ID, view(ctx).Now); err != nil {
		return err
	}
	return render(w, r, http.StatusOK, restPage(v))
}

// goOn is one press: it claims the case that was asked for, if it is still to be had.
func (a *App) goOn(w http.ResponseWriter, r *http.Request) error {
	id, _ := strconv.ParseInt(r.PostFormValue("case"), 10, 64)
	err := a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		me := access.From(ctx).Member
		if err := community.GoOn(ctx, tx, me); err != nil || id == 0 {
			return err
		}
		_, err := community.ClaimCase(ctx, tx, me, id)
		if errors.Is(err, community.ErrTaken) || errors.Is(err, community.ErrNotOpen) {
			return nil // its page says who has it
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case id == 0:
		goTo(w, r, "/feed")
	default:
		goTo(w, r, casePath(id))
	}
	return nil
}

// shield says whether a member is shown cases in which customers rage.
func (a *App) shield(w http.ResponseWriter, r *http.Request) error {
	err := a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return community.SetShield(ctx, tx, access.From(ctx).Member, r.PostFormValue("shield") != "")
	})
	if err != nil {
		return err
	}
	goTo(w, r, "/me#week")
	return nil
}

// care says whether a member answers angry cases.
func (a *App) care(w http.ResponseWriter, r *http.Request) error {
	err := a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return community.SetCare(ctx, tx, access.From(ctx).Member, r.PostFormValue("care") != "")
	})
	if err != nil {
		return err
	}
	goTo(w, r, "/me#care")
	return nil
}

// plenty is from how much of a week on a page says that it is enough.
const plenty = 10 * time.Hour

// hoursIn writes a length of work in its largest unit.
func hoursIn(ctx context.Context, d time.Duration) string {
	if d < time.Hour {
		return T(ctx, "wellbeing.minutes", "count", int(d.Minutes()))
	}
	return T(ctx, "wellbeing.hours", "count", int(d.Hours()))
}

// weekPath is where the brand's people read of somebody's hours.
func weekPath(event string) string {
	var id int64
	if _, err := fmt.Sscanf(event, "week:%d:", &id); err != nil {
		return "/people"
	}
	return memberPath(id)
}
