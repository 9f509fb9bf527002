package web

import (
	"context"
	"math"
	"net/http"
	"strconv"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
)

// quantity is one number of a page of settings.
type quantity struct {
	name string   // of the field, and of its text under "quantity"
	at   *int     // where it is kept
	part *float64 // where it is kept, for a share that people read in percent
}

// number is the quantity as people read it.
func (q quantity) number() int {
	if q.part != nil {
		return int(math.Round(100 * *q.part))
	}
	return *q.at
}

// set takes what somebody entered; what is no number is out of every range.
func (q quantity) set(text string) {
	n, err := strconv.Atoi(text)
	if err != nil {
		n = -1
	}
	if q.part != nil {
		*q.part = float64(n) / 100
		return
	}
	*q.at = n
}

// yesNo is something on such a page that is on or off.
type yesNo struct {
	name string // of the field, and of its text under "quantity"
	at   *bool
}

// quantities is a page of numbers that a brand's admins set.
type quantities struct {
	Path, Title, Why string // ids of texts, but for the path
	All              []quantity
	Switches         []yesNo
	May              bool // the reader may change them
	Kept             bool // they were stored just now
	Failed           *access.Failure
}

func (v quantities) wrong(ctx context.Context, field string) string {
	if v.Failed == nil || v.Failed.Field != field {
		return ""
	}
	return Sentence(ctx, v.Failed.Sentence)
}

func trustQuantities(r *community.TrustRules) quantities {
	return quantities{Path: "/settings/trust", Title: "trust_rules.title", Why: "trust_rules.why", All: []quantity{
		{"steady_pieces", &r.Steady.Pieces, nil},
		{"steady_bound", nil, &r.Steady.Bound},
		{"steady_voices", &r.Steady.Voices, nil},
		{"steady_days", &r.Steady.Days, nil},
		{"trusted_pieces", &r.Trusted.Pieces, nil},
		{"trusted_bound", nil, &r.Trusted.Bound},
		{"trusted_voices", &r.Trusted.Voices, nil},
		{"trusted_days", &r.Trusted.Days, nil},
		{"window", &r.Window, nil},
		{"keep", nil, &r.Keep},
		{"grace", &r.Grace, nil},
		{"grant", &r.Grant, nil},
	}}
}

func wellbeingQuantities(w *community.Wellbeing) quantities {
	return quantities{Path: "/settings/wellbeing", Title: "wellbeing_rules.title", Why: "wellbeing_rules.why", All: []quantity{
		{"nudge", &w.Nudge, nil}, {"tell", &w.Tell, nil}, {"rest", &w.Rest, nil},
	}}
}

func promiseQuantities(p *community.Promised) quantities {
	return quantities{Path: "/settings/promise", Title: "promise.title", Why: "promise.why", All: []quantity{
		{"minutes", &p.Minutes, nil}, {"raise", &p.Raise, nil}, {"staff", &p.Staff, nil},
	}}
}

func (a *App) promiseSettings(w http.ResponseWriter, r *http.Request) error {
	return showQuantities(a, w, r, community.DefaultPromised, promiseQuantities)
}

func (a *App) setPromiseSettings(w http.ResponseWriter, r *http.Request) error {
	return setQuantities(a, w, r, community.DefaultPromised, promiseQuantities, moderation.Set)
}

func waitsQuantities(p *community.Waits) quantities {
	return quantities{
		Path: "/settings/waits", Title: "waits.title", Why: "waits.why",
		All:      []quantity{{"chat_seconds", &p.Chat, nil}, {"private_minutes", &p.Private, nil}, {"review_minutes", &p.Review, nil}},
		Switches: []yesNo{{"reach", &p.Reach}},
	}
}

func (a *App) waitsSettings(w http.ResponseWriter, r *http.Request) error {
	return showQuantities(a, w, r, community.DefaultWaits, waitsQuantities)
}

func (a *App) setWaitsSettings(w http.ResponseWriter, r *http.Request) error {
	return setQuantities(a, w, r, community.DefaultWaits, waitsQuantities, moderation.SetWaits)
}

func (a *App) trustSettings(w http.ResponseWriter, r *http.Request) error {
	return showQuantities(a, w, r, community.DefaultTrust, trustQuantities)
}

func (a *App) setTrustSettings(w http.ResponseWriter, r *http.Request) error {
	return setQuantities(a, w, r, community.DefaultTrust, trustQuantities, community.Set)
}

func (a *App) wellbeingSettings(w http.ResponseWriter, r *http.Request) error {
	return showQuantities(a, w, r, community.DefaultWellbeing, wellbeingQuantities)
}

func (a *App) setWellbeingSettings(w http.ResponseWriter, r *http.Request) error {
	return setQuantities(a, w, r, community.DefaultWellbeing, wellbeingQuantities, community.Set)
}

func showQuantities[S community.Section](a *App, w http.ResponseWriter, r *http.Request, defaults S, page func(*S) quantities) error {
	ctx, me := r.Context(), access.From(r.Context()).Member
	value, err := community.Setting(ctx, a.DB.Read(), me.BrandID, defaults)
	if err != nil {
		return err
	}
	v := page(&value)
	v.May, v.Kept = a.Guard.May(ctx, "settings", "change"), r.URL.Query().Get("kept") != ""
	return render(w, r, http.StatusOK, quantitiesPage(v))
}

func setQuantities[S community.Section](a *App, w http.ResponseWriter, r *http.Request, value S, page func(*S) quantities,
	set func(context.Context, listeners.Tx, *community.Member, S) error,
) error {
	v := page(&value)
	v.May = true
	for _, q := range v.All {
		q.set(r.PostFormValue(q.name))
	}
	for _, s := range v.Switches {
		*s.at = r.PostFormValue(s.name) != ""
	}
	err := a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		me := access.From(ctx).Member
		if me.Role != community.Admin {
			return community.ErrNotAllowed
		}
		return set(ctx, tx, me, value)
	})
	if err == nil {
		goTo(w, r, v.Path+"?kept=yes")
		return nil
	}
	f := access.Explain(err)
	if f.Field == "" {
		return err
	}
	v.Failed = &f
	return render(w, r, f.Status, quantitiesPage(v))
}
