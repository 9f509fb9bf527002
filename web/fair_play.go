package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// fairLook is a fair-play case with what a person decides by.
type fairLook struct {
	gamification.FairCase
	Names   map[int64]community.Member
	Entries []gamification.Entry
	Barred  string // why the reader does not decide; "" where they may
	Failed  *access.Failure
}

// fairList is the page of a brand's people: what waits, and what was decided.
type fairList struct {
	Waiting, Decided []gamification.FairCase
	Names            map[int64]community.Member
}

// mostFair is how many fair-play cases a page shows.
const mostFair = 50

func (a *App) fairPlay(w http.ResponseWriter, r *http.Request) error {
	var v fairList
	err := a.DB.ReadTx(r.Context(), func(ctx context.Context, read bun.IDB) (err error) {
		brand := access.From(ctx).Member.BrandID
		if v.Waiting, err = gamification.FairCases(ctx, read, brand, true, mostFair); err != nil {
			return err
		}
		if v.Decided, err = gamification.FairCases(ctx, read, brand, false, mostFair); err != nil {
			return err
		}
		v.Names, err = community.Members(ctx, read, brand)
		return err
	})
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, fairPlayPage(v))
}

func (a *App) fairCase(w http.ResponseWriter, r *http.Request) error {
	return a.showFair(w, r, http.StatusOK, nil)
}

func (a *App) showFair(w http.ResponseWriter, r *http.Request, status int, failed *access.Failure) error {
	id, err := pathID(r, "fair")
	if err != nil {
		return err
	}
	v := fairLook{Failed: failed}
	err = a.DB.ReadTx(r.Context(), func(ctx context.Context, read bun.IDB) (err error) {
		me := access.From(ctx).Member
		if v.FairCase, err = gamification.FindFair(ctx, read, me.BrandID, id); err != nil {
			return err
		}
		if v.Entries, err = v.EntriesOf(ctx, read); err != nil {
			return err
		}
		if err := community.MayDecideFair(me, &v.FairCase); err != nil {
			v.Barred = access.Explain(err).Sentence
		}
		v.Names, err = community.Members(ctx, read, me.BrandID)
		return err
	})
	if err != nil {
		return err
	}
	return render(w, r, status, fairCasePage(v))
}

func (a *App) decideFair(w http.ResponseWriter, r *http.Request) error {
	return a.changeFair(w, r, func(ctx context.Context, tx listeners.Tx, me *community.Member, id int64) error {
		return community.DecideFair(ctx, tx, me, id, r.PostFormValue("take") == "yes", newlines(r.PostFormValue("word")))
	})
}

func (a *App) hearFairAppeal(w http.ResponseWriter, r *http.Request) error {
	return a.changeFair(w, r, func(ctx context.Context, tx listeners.Tx, me *community.Member, id int64) error {
		return community.DecideFairAppeal(ctx, tx, me, id, r.PostFormValue("give") == "yes", newlines(r.PostFormValue("word")))
	})
}

func (a *App) changeFair(w http.ResponseWriter, r *http.Request, change func(context.Context, listeners.Tx, *community.Member, int64) error) error {
	id, err := pathID(r, "fair")
	if err != nil {
		return err
	}
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error { return change(ctx, tx, access.From(ctx).Member, id) })
	if err == nil {
		goTo(w, r, fairPath(id))
		return nil
	}
	f := access.Explain(err)
	if f.Field == "" {
		return err
	}
	return a.showFair(w, r, f.Status, &f)
}

// appealFair is a member's wish that somebody else looks at a taking back.
func (a *App) appealFair(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "fair")
	if err != nil {
		return err
	}
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return community.AppealFair(ctx, tx, access.From(ctx).Member, id, newlines(r.PostFormValue("reason")))
	})
	if err == nil {
		goTo(w, r, "/points")
		return nil
	}
	f := access.Explain(err)
	if f.Field == "" {
		return err
	}
	return a.showPoints(w, r, f.Status, map[int64]*access.Failure{id: &f})
}

// fairPath is the page of a fair-play case for the brand's people.
func fairPath(id int64) string { return fmt.Sprintf("/fair-play/%d", id) }

func fairAppealPath(id int64) string { return fmt.Sprintf("/points/fair/%d/appeal", id) }

// wrong is the sentence about the form that was sent, "" where nothing is wrong with it.
func (v fairLook) wrong(ctx context.Context) string {
	if v.Failed == nil {
		return ""
	}
	return Sentence(ctx, v.Failed.Sentence)
}

// sum is what the entries of a case paid.
func (v fairLook) sum() (n int) {
	for _, e := range v.Entries {
		n += e.Amount
	}
	return n
}

// fairStory says what was found, in figures.
func fairStory(ctx context.Context, c gamification.FairCase) string {
	return T(ctx, "fair_why."+string(c.Detector), "is", Number(ctx, c.Evidence.Is), "usual", Number(ctx, c.Evidence.Usual))
}

// fairState says where a case stands.
func fairState(ctx context.Context, c gamification.FairCase) string {
	if c.AppealState != gamification.NoAppeal {
		return T(ctx, "fair_appeal."+string(c.AppealState))
	}
	return T(ctx, "fair_state."+string(c.State), "when", When(ctx, c.UntilAt))
}

// mostLinks bounds how many cases are linked one by one.
const mostLinks = 20

func some(ids []int64) []int64 { return ids[:min(len(ids), mostLinks)] }

// state says until when an entry is only on the way.
func (v earned) state(e gamification.Entry) clock.Time {
	return max(e.MaturesAt, v.Frozen[cmp.Or(e.ReversesID, e.ID)])
}
