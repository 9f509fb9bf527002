package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
)

// leagueView is what the page of the season shows.
type leagueView struct {
	community.League
	Me   *community.Member
	Week moderation.Team // how all together answered since the week began
	Past []gamification.Past

	Quest  *gamification.Quest // that runs; nil for none
	Is     int                 // how far all are with it
	Quests []gamification.Quest
}

// mostSeasons is how many closed seasons a page goes back.
const mostSeasons = 13

func (a *App) league(w http.ResponseWriter, r *http.Request) error {
	v := leagueView{Me: access.From(r.Context()).Member}
	err := a.DB.ReadTx(r.Context(), func(ctx context.Context, read bun.IDB) (err error) {
		if v.League, err = community.LeagueOf(ctx, read, v.Me); err != nil {
			return err
		}
		rules, err := community.Setting(ctx, read, v.Me.BrandID, community.DefaultSeasons)
		if err != nil {
			return err
		}
		now := view(ctx).Now
		from, to := rules.Week(now)
		if v.Week, err = moderation.TeamOf(ctx, read, v.Me.BrandID, from, to, now); err != nil {
			return err
		}
		if err := v.readQuests(ctx, read); err != nil {
			return err
		}
		v.Past, err = gamification.PastSeasons(ctx, read, v.Me.ID, mostSeasons)
		return err
	})
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, leaguePage(v))
}

// mostQuests is how many past quests a page shows.
const mostQuests = 12

func (v *leagueView) readQuests(ctx context.Context, read bun.IDB) error {
	all, err := gamification.Quests(ctx, read, v.Me.BrandID, mostQuests)
	if err != nil {
		return err
	}
	now := view(ctx).Now
	for i := range all {
		switch q := &all[i]; {
		case q.State != gamification.QuestOn:
			v.Quests = append(v.Quests, *q)
		case q.StartsAt <= now && now < q.EndsAt:
			v.Quest = q
			if v.Is, _, err = moderation.MeasureQuest(ctx, read, q, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// chooseQuest lets an employee choose what all try next week.
func (a *App) chooseQuest(w http.ResponseWriter, r *http.Request) error {
	err := a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return moderation.ChooseQuest(ctx, tx, access.From(ctx).Member, gamification.QuestKind(r.PostFormValue("kind")))
	})
	if err != nil {
		return err
	}
	goTo(w, r, "/league#quest")
	return nil
}

// board is where the leaderboard was.
func (a *App) board(w http.ResponseWriter, r *http.Request) error {
	goTo(w, r, "/league")
	return nil
}

// Strong tells whether somebody has helped more people than who is in the middle: what spurs others on, to be told of
// the middle, makes them slow down (Chen, Harper, Konstan and Li 2010), so that they are told what they did instead.
func (v leagueView) Strong() bool { return v.Mine.Helped > 0 && v.Mine.Helped >= v.Median }

// missing is how many more judged answers it takes to have a place.
func (v leagueView) missing() int { return max(gamification.EnoughPieces-v.Fresh.Pieces, 0) }

// daysLeft is how many days of the season are left, today among them.
func (v leagueView) daysLeft(now clock.Time) int {
	return max(int((v.Season.EndsAt.Sub(now)+24*time.Hour-1)/(24*time.Hour)), 0)
}

// rank says whether a member is ranked.
func (a *App) rank(w http.ResponseWriter, r *http.Request) error {
	err := a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return community.SetRanked(ctx, tx, access.From(ctx).Member, r.PostFormValue("ranked") != "")
	})
	if err != nil {
		return err
	}
	goTo(w, r, "/league#ranked")
	return nil
}

var weekdays = []string{"weekday.d0", "weekday.d1", "weekday.d2", "weekday.d3", "weekday.d4", "weekday.d5", "weekday.d6"}

// seasonSettings is what the page about seasons shows.
type seasonSettings struct {
	community.SeasonRules
	May    bool
	Kept   bool
	Failed *access.Failure
}

func (v seasonSettings) wrong(ctx context.Context, field string) string {
	if v.Failed == nil || v.Failed.Field != field {
		return ""
	}
	return Sentence(ctx, v.Failed.Sentence)
}

// places are the zones to choose from.
func (v seasonSettings) places() []string {
	if slices.Contains(zones, v.Zone) || v.Zone == "" {
		return zones
	}
	return append([]string{v.Zone}, zones...)
}

func (a *App) seasonsSettings(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	rules, err := community.Setting(ctx, a.DB.Read(), access.From(ctx).Member.BrandID, community.DefaultSeasons)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, seasonsPage(seasonSettings{SeasonRules: rules, May: a.Guard.May(ctx, "settings", "change"), Kept: r.URL.Query().Get("kept") != ""}))
}

func (a *App) setSeasonsSettings(w http.ResponseWriter, r *http.Request) error {
	weekday, err := strconv.Atoi(r.PostFormValue("weekday"))
	if err != nil {
		weekday = -1
	}
	v := seasonSettings{May: true, SeasonRules: community.SeasonRules{
		On: r.PostFormValue("on") != "", Quests: r.PostFormValue("quests") != "", Weekday: weekday, Zone: r.PostFormValue("zone"),
	}}
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		me := access.From(ctx).Member
		if me.Role != community.Admin {
			return community.ErrNotAllowed
		}
		return community.Set(ctx, tx, me, v.SeasonRules)
	})
	if err == nil {
		goTo(w, r, "/settings/seasons?kept=yes")
		return nil
	}
	f := access.Explain(err)
	if f.Field == "" {
		return err
	}
	v.Failed = &f
	return render(w, r, f.Status, seasonsPage(v))
}
