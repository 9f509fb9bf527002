package web

import (
	"context"
	"net/http"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// vetting is the page on which staff decide who takes part.
type vetting struct {
	Open     []community.Vetted
	Decided  []community.Application
	Code     int   // the present version of the code of conduct
	FailedAt int64 // the application whose form was wrong
	Failed   *access.Failure
	Reason   string
}

func (a *App) applications(w http.ResponseWriter, r *http.Request) error {
	return a.showApplications(w, r, vetting{})
}

func (a *App) showApplications(w http.ResponseWriter, r *http.Request, v vetting) (err error) {
	ctx, me := r.Context(), access.From(r.Context()).Member
	if v.Open, v.Decided, err = community.Applications(ctx, a.DB.Read(), me); err != nil {
		return err
	}
	p, err := community.ProgrammeOf(ctx, a.DB.Read(), me.BrandID)
	if err != nil {
		return err
	}
	v.Code = p.CodeVersion
	status := http.StatusOK
	if v.Failed != nil {
		status = v.Failed.Status
	}
	return render(w, r, status, applicationsPage(v))
}

// wrong is what is wrong with the form of one application.
func (v vetting) wrong(ctx context.Context, id int64) string {
	if v.Failed == nil || v.FailedAt != id {
		return ""
	}
	return Sentence(ctx, v.Failed.Sentence)
}

// reason is what was sent about one application.
func (v vetting) reason(id int64) string {
	if v.FailedAt != id {
		return ""
	}
	return v.Reason
}

func (a *App) acceptApplicant(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "application")
	if err != nil {
		return err
	}
	var m community.Member
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		m, err = community.Accept(ctx, tx, access.From(ctx).Member, id)
		return err
	})
	if err != nil {
		return err
	}
	goTo(w, r, memberPath(m.ID))
	return nil
}

func (a *App) declineApplicant(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "application")
	if err != nil {
		return err
	}
	reason := r.PostFormValue("reason")
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		_, err := community.Decline(ctx, tx, access.From(ctx).Member, id, reason)
		return err
	})
	if f := access.Explain(err); err != nil && f.Field != "" {
		return a.showApplications(w, r, vetting{FailedAt: id, Failed: &f, Reason: reason})
	}
	if err != nil {
		return err
	}
	goTo(w, r, "/people/applications")
	return nil
}
