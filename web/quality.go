package web

import (
	"context"
	"math"
	"net/http"
	"slices"
	"strconv"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/triage"
)

// qualityPage is how well what is heard is understood.
type qualityPage struct {
	moderation.Quality
	Capacity int // of all posts, in percent, that staff can bear
	Best     *moderation.Point
	Topics   map[int64]string
	Members  map[int64]community.Member
	May      bool // the reader may set thresholds
	Said     string
}

// capacities are the parts of all posts, in percent, that staff may be able to bear.
var capacities = []int{5, 10, 15, 20, 30, 40}

// defaultCapacity is asked for first.
const defaultCapacity = 10

// qualitySaid are words about what was just done.
var qualitySaid = map[string]string{
	"learned": "quality.learned", "refused": "quality.refused", "used": "quality.used", "threshold": "quality.threshold_kept",
}

func (a *App) quality(w http.ResponseWriter, r *http.Request) error {
	ctx, me := r.Context(), access.From(r.Context()).Member
	v := qualityPage{Capacity: defaultCapacity, Topics: map[int64]string{}, May: a.Guard.May(ctx, "settings", "change"), Said: qualitySaid[r.URL.Query().Get("said")]}
	if n, err := strconv.Atoi(r.URL.Query().Get("capacity")); err == nil && slices.Contains(capacities, n) {
		v.Capacity = n
	}
	err := a.DB.ReadTx(ctx, func(ctx context.Context, read bun.IDB) (err error) {
		if v.Quality, err = a.Intake.QualityOf(ctx, read, me.BrandID, view(ctx).Now); err != nil {
			return err
		}
		topics, err := community.Topics(ctx, read, me.BrandID)
		if err != nil {
			return err
		}
		for _, t := range topics {
			v.Topics[t.ID] = t.Name
		}
		v.Members, err = community.Members(ctx, read, me.BrandID)
		return err
	})
	if err != nil {
		return err
	}
	v.Best = v.Quality.Best(float64(v.Capacity) / 100)
	return render(w, r, http.StatusOK, qualityView(v))
}

// percent writes a share as a whole number of percent.
func percent(ctx context.Context, p float64) string { return Percent(ctx, float32(p)) }

// interval writes where a share lies: "93 % (88–96)".
func interval(ctx context.Context, s moderation.Share) string {
	if s.Of == 0 {
		return "–"
	}
	bound := func(p float64) string { return Number(ctx, int(math.Round(100*p))) }
	return percent(ctx, s.P) + " (" + bound(s.Low) + "–" + bound(s.High) + ")"
}

// named is a head or topic that a lesson was about.
func (v qualityPage) named(ctx context.Context, l triage.Learned) string {
	if l.Head == "" {
		return v.Topics[l.Topic]
	}
	return T(ctx, "head."+string(l.Head))
}

// learnedParts are the lessons of a version that ended so.
func learnedParts(l moderation.Layer, verdict triage.Verdict) []triage.Learned {
	var found []triage.Learned
	for _, how := range l.How {
		if how.Verdict == verdict {
			found = append(found, how)
		}
	}
	return found
}

// learnNow makes a new version at once.
func (a *App) learnNow(w http.ResponseWriter, r *http.Request) error {
	me := access.From(r.Context()).Member
	store := func(ctx context.Context, f func(context.Context, listeners.Tx) error) error { return a.write(ctx, f) }
	layer, err := a.Intake.Learn(r.Context(), store, me.BrandID, me)
	if err != nil {
		return err
	}
	outcome := "refused"
	if layer.Accepted() {
		outcome = "learned"
	}
	goTo(w, r, "/quality?said="+outcome)
	return nil
}

// pinVersion makes one version speak: a number, 0 for the shipped heads alone, "newest" for whatever is
// learned next.
func (a *App) pinVersion(w http.ResponseWriter, r *http.Request) error {
	wanted := r.PostFormValue("version")
	id, err := strconv.ParseInt(wanted, 10, 64)
	if err != nil && wanted != "newest" {
		return &community.Invalid{Field: "version", Sentence: "this form cannot be read"}
	}
	var me *community.Member
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		if me = access.From(ctx).Member; wanted == "newest" {
			return moderation.Unpin(ctx, tx, me)
		}
		return moderation.Pin(ctx, tx, me, id)
	})
	if err != nil {
		return err
	}
	a.Intake.Forget(me.BrandID)
	goTo(w, r, "/quality?said=used")
	return nil
}

// setThreshold sets from which probability staff get a post.
func (a *App) setThreshold(w http.ResponseWriter, r *http.Request) error {
	threshold, err := strconv.Atoi(r.PostFormValue("threshold"))
	if err != nil {
		return &community.Invalid{Field: "threshold", Sentence: "choose a threshold from the list"}
	}
	var me *community.Member
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		me = access.From(ctx).Member
		return moderation.RouteToStaff(ctx, tx, me, threshold)
	})
	if err != nil {
		return err
	}
	a.Intake.Forget(me.BrandID)
	goTo(w, r, "/quality?said=threshold")
	return nil
}
