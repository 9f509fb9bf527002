package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
)

// dutyPage is who reviews when.
type dutyPage struct {
	Staff   []community.Member
	Now     []string // the names of who is on duty
	Missing int      // how many more people the review settings count on
	Peers   bool     // advocates review while nobody is on duty
	Person  community.Member
	Form    profileForm // of the person whose hours are set
	All     bool        // the reader sets everybody's
}

// duty shows who is on duty, and the reader's own hours or, to an admin, those of the member named.
func (a *App) duty(w http.ResponseWriter, r *http.Request) error {
	id, _ := strconv.ParseInt(r.URL.Query().Get("member"), 10, 64)
	v, err := a.readDuty(r.Context(), id)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, dutyView(v))
}

func (a *App) readDuty(ctx context.Context, member int64) (v dutyPage, err error) {
	me, read := access.From(ctx).Member, a.DB.Read()
	if v.Staff, err = community.Employees(ctx, read, me.BrandID); err != nil {
		return v, err
	}
	v.All = me.Role == community.Admin
	for i := range v.Staff {
		m := &v.Staff[i]
		if m.OnDuty(view(ctx).Now) {
			v.Now = append(v.Now, m.PublicName)
		}
		if m.ID == me.ID && v.Person.ID == 0 || m.ID == member && v.All {
			v.Person = *m
		}
	}
	settings, err := moderation.ReviewSettingsOf(ctx, read, me.BrandID)
	if err != nil {
		return v, err
	}
	v.Peers = settings.PeersAlone || settings.Pairs
	able, err := moderation.Reviewers(ctx, read, me.BrandID)
	if settings.FourEyes {
		v.Missing = max(0, settings.Quorum-able)
	}
	v.Form = profileForm{Zone: cmp.Or(v.Person.Hours.Zone, cmp.Or(view(ctx).Zone, time.UTC).String()), Rows: padded(rowsOf(v.Person.Hours))}
	return v, err
}

func (a *App) setDuty(w http.ResponseWriter, r *http.Request) error {
	me := access.From(r.Context()).Member
	id, err := strconv.ParseInt(r.PostFormValue("member"), 10, 64)
	if err != nil {
		id = me.ID
	}
	on, hours := r.PostFormValue("duty") != "", readHours(r.PostForm)
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return community.SetDuty(ctx, tx, me, id, on, hours)
	})
	if wrong := (*community.Invalid)(nil); errors.As(err, &wrong) {
		v, err := a.readDuty(r.Context(), id)
		if err != nil {
			return err
		}
		failed := access.Explain(wrong)
		v.Person.Duty, v.Form.Failed, v.Form.Rows = on, &failed, padded(rowsOf(hours))
		return render(w, r, http.StatusUnprocessableEntity, dutyView(v))
	}
	if err != nil {
		return err
	}
	goTo(w, r, "/duty")
	return nil
}

// dutyNow says in a line who is on duty.
func (v dutyPage) dutyNow(ctx context.Context) string {
	switch {
	case len(v.Now) > 0:
		return T(ctx, "duty.now", "names", names(v.Now))
	case v.Peers:
		return T(ctx, "duty.nobody_peers")
	}
	return T(ctx, "duty.nobody")
}
