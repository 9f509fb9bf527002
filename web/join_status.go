package web

import (
	"context"
	"net/http"
	"strconv"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

var (
	navApplication = navItem{"application", "/application", "clipboard-check", "nav.application", "g a"}
	navLearn       = navItem{"learn", "/learn", "graduation-cap", "nav.learn", "g l"}
)

// applicationStands is how an application stands, as its author reads it.
type applicationStands struct {
	community.Application
	Brand   community.Brand
	Lessons []community.Lesson // of the topics they want, where tests are under way
}

// memberStands is how a membership that is not active stands.
type memberStands struct {
	community.Member
	Brand community.Brand
}

func (a *App) application(w http.ResponseWriter, r *http.Request) error {
	ctx, db, id := r.Context(), a.DB.Read(), access.From(r.Context())
	mine, err := community.ApplicationsOf(ctx, db, id.Person.ID)
	if err != nil {
		return err
	}
	brands, err := community.Brands(ctx, db)
	if err != nil {
		return err
	}
	members, err := community.MembersOf(ctx, db, id.Person.ID)
	if err != nil {
		return err
	}
	var paused []memberStands
	for _, m := range members {
		if m.State != community.Active {
			paused = append(paused, memberStands{m, brands[m.BrandID]})
		}
	}
	stands := make([]applicationStands, len(mine))
	for i, one := range mine {
		stands[i] = applicationStands{Application: one, Brand: brands[one.BrandID]}
		if !one.Open() {
			continue // of open ones there is one a brand
		}
		if stands[i].Lessons, err = community.LessonsWanted(ctx, db, &one, view(ctx).Lang); err != nil {
			return err
		}
	}
	return render(w, r, http.StatusOK, applicationPage(stands, paused))
}

func (a *App) withdrawApplication(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseInt(r.PostFormValue("application"), 10, 64)
	if err != nil {
		return &community.Invalid{Field: "application", Sentence: "this form cannot be read"}
	}
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return community.Withdraw(ctx, tx, access.From(ctx).Person.ID, id)
	})
	if err != nil {
		return err
	}
	goTo(w, r, "/application")
	return nil
}

// standingForMe tells somebody why they have no access now, and until when.
func standingForMe(ctx context.Context, m community.Member) string {
	switch {
	case m.State == community.Alumni:
		return T(ctx, "application.left")
	case m.SuspendedUntil != 0:
		return T(ctx, "application.suspended_until", "when", When(ctx, m.SuspendedUntil))
	}
	return T(ctx, "application.suspended_open")
}
