package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// pointsSettings is the page on which staff see and change what helps are thanked with.
type pointsSettings struct {
	Now     gamification.Table
	Tried   *gamification.Table // what is filled in; nil: what is in force
	Foresee gamification.Forecast
	Names   map[int64]community.Member
	Past    []gamification.Table // versions, newest first
	May     bool
	Kept    bool
	Wrong   *gamification.Invalid
	Typed   map[string]string // what was typed, where it cannot be so
}

// shown is the table in the form.
func (v *pointsSettings) shown() *gamification.Table {
	if v.Tried != nil {
		return v.Tried
	}
	return &v.Now
}

// value is what stands in a field of the form.
func (v pointsSettings) value(field string, n int) string {
	if text, ok := v.Typed[field]; ok {
		return text
	}
	return strconv.Itoa(n)
}

func (v pointsSettings) wrong(ctx context.Context, field string) string {
	if v.Wrong == nil || v.Wrong.Field != field {
		return ""
	}
	return T(ctx, "points_wrong."+string(v.Wrong.Reason))
}

// who are the members whose points a change would move most.
func (v pointsSettings) who() []gamification.Changed {
	var moved []gamification.Changed
	for _, c := range v.Foresee.Members {
		if c.Would != c.Paid && len(moved) < 5 {
			moved = append(moved, c)
		}
	}
	return moved
}

// verdict says in a sentence what the tried table would have paid.
func (v pointsSettings) verdict(ctx context.Context) string {
	switch share := float32(v.Foresee.Share()); {
	case share > 0.005:
		return T(ctx, "points_table.more", "share", Percent(ctx, share))
	case share < -0.005:
		return T(ctx, "points_table.less", "share", Percent(ctx, -share))
	}
	return T(ctx, "points_table.same")
}

func dailyField(r gamification.Rule) string { return string(r) + "_daily" }

// pointsSettings shows the table; ?preset= fills in another one to try, ?version= one from before.
func (a *App) pointsSettings(w http.ResponseWriter, r *http.Request) error {
	var v pointsSettings
	err := a.DB.ReadTx(r.Context(), func(ctx context.Context, read bun.IDB) error {
		if err := a.readPointsSettings(ctx, read, &v); err != nil {
			return err
		}
		q := r.URL.Query()
		v.Kept = q.Get("kept") != ""
		if p, ok := gamification.Presets[q.Get("preset")]; ok {
			p.BrandID, p.Preset = v.Now.BrandID, q.Get("preset")
			v.Tried = &p
		}
		for _, t := range v.Past {
			if strconv.Itoa(t.Version) == q.Get("version") {
				v.Tried = &t
			}
		}
		return v.foresee(ctx, read)
	})
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, pointsSettingsPage(v))
}

func (a *App) readPointsSettings(ctx context.Context, read bun.IDB, v *pointsSettings) (err error) {
	me := access.From(ctx).Member
	v.May = a.Guard.May(ctx, "settings", "change")
	if v.Names, err = community.Members(ctx, read, me.BrandID); err != nil {
		return err
	}
	if v.Past, err = gamification.TablesOf(ctx, read, me.BrandID); err != nil {
		return err
	}
	v.Now = v.Past[0]
	return nil
}

func (v *pointsSettings) foresee(ctx context.Context, read bun.IDB) (err error) {
	if v.Tried == nil {
		return nil
	}
	v.Foresee, err = v.Tried.Foresee(ctx, read, view(ctx).Now)
	return err
}

// changePoints tries a table that was filled in on the last 30 days, or switches on what was tried.
func (a *App) changePoints(w http.ResponseWriter, r *http.Request) error {
	var v pointsSettings
	tried, invalid := readTable(r, &v)
	after, err := strconv.Atoi(r.PostFormValue("after"))
	if err != nil {
		after = -1
	}
	if invalid == nil && r.PostFormValue("do") == "switch" {
		err := a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
			return community.SetPoints(ctx, tx, access.From(ctx).Member, tried, after)
		})
		if err != nil {
			return err
		}
		goTo(w, r, "/settings/points?kept=yes")
		return nil
	}
	err = a.DB.ReadTx(r.Context(), func(ctx context.Context, read bun.IDB) error {
		if err := a.readPointsSettings(ctx, read, &v); err != nil {
			return err
		}
		if v.Wrong = invalid; invalid != nil {
			return nil
		}
		tried.BrandID = v.Now.BrandID
		v.Tried, v.Typed = &tried, nil
		return v.foresee(ctx, read)
	})
	if err != nil {
		return err
	}
	status := http.StatusOK
	if invalid != nil {
		status = http.StatusUnprocessableEntity
	}
	return render(w, r, status, pointsSettingsPage(v))
}

// readTable reads the form, and keeps what was typed.
func readTable(r *http.Request, v *pointsSettings) (gamification.Table, *gamification.Invalid) {
	v.Typed = map[string]string{}
	number := func(field string) int {
		v.Typed[field] = r.PostFormValue(field)
		n, err := strconv.Atoi(v.Typed[field])
		if err != nil {
			return -1 << 20 // out of every range
		}
		return n
	}
	terms := map[gamification.Rule]gamification.Terms{}
	for _, rule := range gamification.Rules {
		t := gamification.Terms{Amount: number(string(rule))}
		if !rule.Fault() {
			t.Daily = number(dailyField(rule))
		}
		terms[rule] = t
	}
	preset := r.PostFormValue("preset")
	if _, ok := gamification.Presets[preset]; !ok {
		preset = gamification.DefaultPreset
	}
	table, err := gamification.Table{Preset: preset}.Of(terms, number("full"))
	var invalid *gamification.Invalid
	errors.As(err, &invalid)
	return table, invalid
}
