package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// rewardsView is what the page of rewards shows.
type rewardsView struct {
	Me         *community.Member
	Programmes []gamification.Programme
	Left       map[int64]int // of a programme's budget
	Requests   []community.Request
	Members    map[int64]community.Member
	Rules      community.RewardRules
	Admin      bool
	Typed      gamification.Programme
	Failed     *access.Failure
}

// mostRequests is how many requests a page shows.
const mostRequests = 100

func (v rewardsView) wrong(ctx context.Context, field string) string {
	if v.Failed == nil || v.Failed.Field != field {
		return ""
	}
	return Sentence(ctx, v.Failed.Sentence)
}

// asked tells whether the reader has a request with a programme that lives.
func (v rewardsView) asked(programme int64) bool {
	for _, r := range v.Requests {
		if r.Programme.ID == programme && r.MemberID == v.Me.ID && r.Step != gamification.Refused && r.Step != gamification.TakenBack {
			return true
		}
	}
	return false
}

func (a *App) readRewards(r *http.Request) (rewardsView, error) {
	v := rewardsView{Me: access.From(r.Context()).Member, Left: map[int64]int{}, Typed: gamification.Programme{Kind: gamification.ThanksGift}}
	v.Admin = v.Me.Role == community.Admin
	err := a.DB.ReadTx(r.Context(), func(ctx context.Context, read bun.IDB) (err error) {
		if v.Programmes, err = gamification.Programmes(ctx, read, v.Me.BrandID, false); err != nil {
			return err
		}
		for i := range v.Programmes {
			spent, err := v.Programmes[i].Spent(ctx, read)
			if err != nil {
				return err
			}
			v.Left[v.Programmes[i].ID] = v.Programmes[i].Budget - spent
		}
		whose := v.Me.ID
		if v.Me.Role.Employee() {
			whose = 0
		}
		if v.Requests, err = community.RequestsOf(ctx, read, v.Me.BrandID, whose, mostRequests); err != nil {
			return err
		}
		if v.Rules, err = community.Setting(ctx, read, v.Me.BrandID, community.DefaultRewards); err != nil {
			return err
		}
		v.Members, err = community.Members(ctx, read, v.Me.BrandID)
		return err
	})
	return v, err
}

func (a *App) rewards(w http.ResponseWriter, r *http.Request) error {
	v, err := a.readRewards(r)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, rewardsPage(v))
}

// changesRewards does one thing about rewards and shows the page again, with what was wrong.
func (a *App) changesRewards(do func(context.Context, listeners.Tx, *community.Member, *http.Request) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		err := a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error { return do(ctx, tx, access.From(ctx).Member, r) })
		if err == nil {
			goTo(w, r, "/rewards")
			return nil
		}
		f := access.Explain(err)
		if f.Field == "" {
			return err
		}
		v, readErr := a.readRewards(r)
		if readErr != nil {
			return readErr
		}
		v.Failed, v.Typed = &f, typedProgramme(r)
		return render(w, r, f.Status, rewardsPage(v))
	}
}

func typedProgramme(r *http.Request) gamification.Programme {
	number := func(name string) int {
		n, err := strconv.Atoi(strings.TrimSpace(r.PostFormValue(name)))
		if err != nil {
			return -1
		}
		return n
	}
	return gamification.Programme{
		Kind: gamification.RewardKind(r.PostFormValue("kind")), Name: r.PostFormValue("name"), What: newlines(r.PostFormValue("what")),
		ReceivesEn: r.PostFormValue("receives_en"), ReceivesVi: r.PostFormValue("receives_vi"), Budget: number("budget"), Cost: number("cost"),
	}
}

func startProgramme(ctx context.Context, tx listeners.Tx, m *community.Member, r *http.Request) error {
	_, err := community.StartProgramme(ctx, tx, m, typedProgramme(r))
	return err
}

func endProgramme(ctx context.Context, tx listeners.Tx, m *community.Member, r *http.Request) error {
	id, err := pathID(r, "programme")
	if err != nil {
		return err
	}
	return community.EndProgramme(ctx, tx, m, id)
}

func askForReward(ctx context.Context, tx listeners.Tx, m *community.Member, r *http.Request) error {
	id, err := pathID(r, "programme")
	if err != nil {
		return err
	}
	return community.AskForReward(ctx, tx, m, id, newlines(r.PostFormValue("words")))
}

func decideReward(ctx context.Context, tx listeners.Tx, m *community.Member, r *http.Request) error {
	id, err := pathID(r, "programme")
	if err != nil {
		return err
	}
	return community.DecideReward(ctx, tx, m, id, chi.URLParam(r, "request"), gamification.Step(r.PostFormValue("step")), newlines(r.PostFormValue("words")))
}

func allowCashLike(ctx context.Context, tx listeners.Tx, m *community.Member, r *http.Request) error {
	return community.AllowCashLike(ctx, tx, m, r.PostFormValue("on") != "", r.PostFormValue("confirmed") != "")
}

// wall is what customers said, and to whom.
type wall struct {
	Thanks  []community.Thanks
	Members map[int64]community.Member
	Me      *community.Member
}

// mostThanks is how many words of thanks a page shows.
const mostThanks = 60

func (a *App) thanks(w http.ResponseWriter, r *http.Request) error {
	v := wall{Me: access.From(r.Context()).Member}
	err := a.DB.ReadTx(r.Context(), func(ctx context.Context, read bun.IDB) (err error) {
		if v.Thanks, err = community.ThanksFor(ctx, read, v.Me, 0, mostThanks); err != nil {
			return err
		}
		v.Members, err = community.Members(ctx, read, v.Me.BrandID)
		return err
	})
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, thanksPage(v))
}

// progressView is all that one's work has come to.
type progressView struct {
	leagueView
	Points  gamification.Points
	Badges  badges
	Thanks  []community.Thanks
	Members map[int64]community.Member
}

func (a *App) progress(w http.ResponseWriter, r *http.Request) error {
	me := access.From(r.Context()).Member
	v := progressView{leagueView: leagueView{Me: me}}
	err := a.DB.ReadTx(r.Context(), func(ctx context.Context, read bun.IDB) (err error) {
		if v.League, err = community.LeagueOf(ctx, read, me); err != nil {
			return err
		}
		if v.Points, err = gamification.PointsOf(ctx, read, me.ID, view(ctx).Now); err != nil {
			return err
		}
		if v.Badges, err = a.readBadges(ctx, read, me); err != nil {
			return err
		}
		if v.Thanks, err = community.ThanksFor(ctx, read, me, me.ID, 12); err != nil {
			return err
		}
		v.Members, err = community.Members(ctx, read, me.BrandID)
		return err
	})
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, progressPage(v))
}
