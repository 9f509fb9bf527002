package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// standing is how an advocate stands, for themselves and for the brand's people.
type standing struct {
	community.TrustView
	Member community.Member
	Names  map[int64]community.Member // of who changed something
	Badges badges                     // for the brand's people
	Failed *access.Failure            // of the form that was sent, nil for none
}

func (a *App) readStanding(ctx context.Context, db bun.IDB, m *community.Member) (standing, error) {
	v := standing{Member: *m}
	var err error
	if v.TrustView, err = community.TrustOf(ctx, db, m); err != nil {
		return v, err
	}
	v.Names, err = community.Members(ctx, db, m.BrandID)
	return v, err
}

// trust tells a member what they may do and what is missing for the next level.
func (a *App) trust(w http.ResponseWriter, r *http.Request) error {
	var v standing
	err := a.DB.ReadTx(r.Context(), func(ctx context.Context, read bun.IDB) (err error) {
		v, err = a.readStanding(ctx, read, access.From(ctx).Member)
		return err
	})
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, trustPage(v))
}

// memberTrust shows the brand's people how an advocate stands, and what they can do about it.
func (a *App) memberTrust(w http.ResponseWriter, r *http.Request) error {
	return a.showTrustOf(w, r, http.StatusOK, nil)
}

func (a *App) showTrustOf(w http.ResponseWriter, r *http.Request, status int, failed *access.Failure) error {
	id, err := pathID(r, "member")
	if err != nil {
		return err
	}
	var v standing
	err = a.DB.ReadTx(r.Context(), func(ctx context.Context, read bun.IDB) error {
		m, err := community.AdvocateOf(ctx, read, access.From(ctx).Member, id)
		if err != nil {
			return err
		}
		if v, err = a.readStanding(ctx, read, &m); err != nil {
			return err
		}
		v.Badges, err = a.readBadges(ctx, read, &m)
		return err
	})
	if err != nil {
		return err
	}
	v.Failed = failed
	return render(w, r, status, memberTrustPage(v))
}

func (a *App) grantTrust(w http.ResponseWriter, r *http.Request) error {
	level, _ := strconv.Atoi(r.PostFormValue("level"))
	return a.changeTrust(w, r, "", func(ctx context.Context, tx listeners.Tx, me *community.Member, id int64) error {
		return community.GrantTrust(ctx, tx, me, id, level, r.PostFormValue("reason"))
	})
}

func (a *App) proposeGuide(w http.ResponseWriter, r *http.Request) error {
	return a.changeTrust(w, r, "guide_", func(ctx context.Context, tx listeners.Tx, me *community.Member, id int64) error {
		return community.ProposeGuide(ctx, tx, me, id, r.PostFormValue("reason"))
	})
}

func (a *App) reportLeak(w http.ResponseWriter, r *http.Request) error {
	return a.changeTrust(w, r, "leak_", func(ctx context.Context, tx listeners.Tx, me *community.Member, id int64) error {
		return community.ReportLeak(ctx, tx, me, id, r.PostFormValue("reason"))
	})
}

// changeTrust does what one of the forms asks for. Their fields have the same names, so that prefix
// tells beside which of them an error stands.
func (a *App) changeTrust(w http.ResponseWriter, r *http.Request, prefix string, change func(context.Context, listeners.Tx, *community.Member, int64) error) error {
	id, err := pathID(r, "member")
	if err != nil {
		return err
	}
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return change(ctx, tx, access.From(ctx).Member, id)
	})
	if err == nil {
		goTo(w, r, trustPath(id))
		return nil
	}
	f := access.Explain(err)
	if f.Field == "" {
		return err
	}
	f.Field = prefix + f.Field
	return a.showTrustOf(w, r, f.Status, &f)
}

// trustPath is the page of an advocate's trust for the brand's people.
func trustPath(id int64) string { return fmt.Sprintf("/people/%d/trust", id) }

// wrong is the sentence about a field of the form that was sent, "" where nothing is wrong with it.
func (v standing) wrong(ctx context.Context, field string) string {
	if v.Failed == nil || v.Failed.Field != field {
		return ""
	}
	return Sentence(ctx, v.Failed.Sentence)
}

// level is the name of a level of trust.
func level(ctx context.Context, n int) string { return T(ctx, fmt.Sprintf("trust.t%d", n)) }

// demand is one thing that a level asks, and how far somebody is.
type demand struct {
	Text     string
	Has, Of  int
	HasShare bool // both are percents
}

func (d demand) met() bool { return d.Has >= d.Of }

// demands are what the next level asks; none where only people can give it.
func (v standing) demands(ctx context.Context) []demand {
	step, ok := v.Rules.Next(v.Standing.Earned)
	if !ok {
		return nil
	}
	all := []demand{
		{Text: T(ctx, "trust_page.pieces"), Has: v.Record.Pieces, Of: step.Pieces},
		{Text: T(ctx, "trust_page.bound"), Has: int(100 * v.Record.Bound()), Of: int(100*step.Bound + 0.5), HasShare: true},
		{Text: T(ctx, "trust_page.voices"), Has: v.Record.Voices, Of: step.Voices},
	}
	if step.Days > 0 {
		days := int(view(ctx).Now.Sub(v.Since).Hours() / 24)
		all = append(all, demand{Text: T(ctx, "trust_page.days"), Has: days, Of: step.Days})
	}
	return all
}

func (d demand) figures(ctx context.Context) string {
	if d.HasShare {
		return T(ctx, "trust_page.share_of", "has", d.Has, "of", d.Of)
	}
	return T(ctx, "trust_page.has_of", "has", d.Has, "of", d.Of)
}

// graceEnds is when a level that slipped is lost.
func (v standing) graceEnds() clock.Time {
	return v.Standing.BelowSince.Add(time.Duration(v.Rules.Grace) * 24 * time.Hour)
}

// shownWeeks is how far back the trend of answers goes.
const shownWeeks = 12

// grantable are the levels that an employee may give.
func (v standing) grantable() []int {
	var levels []int
	for n := community.Newcomer + 1; n <= community.Trusted; n++ {
		if n > v.Standing.Earned {
			levels = append(levels, n)
		}
	}
	return levels
}

// told says what happened to somebody's trust.
func (v standing) told(ctx context.Context, c community.TrustChange) string {
	who := v.Names[c.ByID].PublicName
	if who == "" {
		who = T(ctx, "activity_by_rule")
	}
	return T(ctx, "trust_change."+string(c.Kind), "who", who, "from", level(ctx, c.LevelFrom), "to", level(ctx, c.LevelTo),
		"good", c.Good, "pieces", c.Pieces)
}

// mayPropose tells whether the reader's word for a guide is still asked for.
func (v standing) mayPropose(ctx context.Context) bool {
	role := community.Role(view(ctx).User.Role)
	if v.Standing.Earned != community.Trusted || role != community.Moderator && role != community.Admin {
		return false
	}
	for _, vote := range v.Votes {
		if vote.Role == role {
			return false
		}
	}
	return true
}
