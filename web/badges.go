package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// badges are what a member holds and what comes next.
type badges struct {
	Held   []gamification.Award // the highest tier of each, newest first
	Next   []gamification.Progress
	Topics map[int64]string
	Names  map[int64]community.Member // of who gave one by hand
	Thanks bool                       // an employee, who earns thanks instead
	Own    bool                       // the reader's, who may take them along
}

func (a *App) readBadges(ctx context.Context, read bun.IDB, m *community.Member) (v badges, err error) {
	v.Thanks, v.Own = m.Role.Employee(), m.ID == access.From(ctx).Member.ID
	awards, err := gamification.Awards(ctx, read, m.ID)
	if err != nil {
		return v, err
	}
	v.Held = highest(awards)
	facts, err := gamification.FactsOf(ctx, read, m.ID, view(ctx).Now)
	if err != nil {
		return v, err
	}
	tested, err := community.TestedTopics(ctx, read, m)
	if err != nil {
		return v, err
	}
	v.Next = facts.Progresses(tested)
	slices.SortStableFunc(v.Next, func(a, b gamification.Progress) int { // what is nearest first
		return b.Is*a.Goal() - a.Is*b.Goal()
	})
	topics, err := community.Topics(ctx, read, m.BrandID)
	if err != nil {
		return v, err
	}
	v.Topics = map[int64]string{}
	for _, t := range topics {
		v.Topics[t.ID] = t.Name
	}
	v.Names, err = community.Members(ctx, read, m.BrandID)
	return v, err
}

// highest keeps of each badge the highest tier, and all that were given by hand.
func highest(awards []gamification.Award) (all []gamification.Award) {
	for _, a := range awards {
		lower := func(b gamification.Award) bool {
			return a.GivenBy == 0 && b.Badge == a.Badge && b.TopicID == a.TopicID && b.Tier > a.Tier
		}
		if !slices.ContainsFunc(awards, lower) {
			all = append(all, a)
		}
	}
	return all
}

// name says what a badge is called, with its topic.
func (v badges) name(ctx context.Context, id gamification.BadgeID, topic int64) string {
	return T(ctx, "badge."+string(id), "topic", v.Topics[topic])
}

func (a *App) badges(w http.ResponseWriter, r *http.Request) error {
	var v badges
	err := a.DB.ReadTx(r.Context(), func(ctx context.Context, read bun.IDB) (err error) {
		v, err = a.readBadges(ctx, read, access.From(ctx).Member)
		return err
	})
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, badgesPage(v))
}

// giveAward lets an employee thank a member with a badge of their own words.
func (a *App) giveAward(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "member")
	if err != nil {
		return err
	}
	words := strings.TrimSpace(newlines(r.PostFormValue("words")))
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return community.GiveAward(ctx, tx, access.From(ctx).Member, id, words)
	})
	if err == nil {
		goTo(w, r, trustPath(id))
		return nil
	}
	f := access.Explain(err)
	if f.Field == "" {
		return err
	}
	return a.showTrustOf(w, r, f.Status, &f)
}

// jobOf is what a badge is for, which gives it its shape.
func jobOf(id gamification.BadgeID) gamification.Job {
	for _, b := range gamification.Badges {
		if b.ID == id {
			return b.Job
		}
	}
	return gamification.Surprise
}

// glyphs are drawn for this product, as strokes in a field of 24 by 24.
var glyphs = map[gamification.BadgeID]string{
	"first_answer":         "M7 8h10v6h-6l-3 3v-3H7z",
	"as_written":           "M7 12.5l3.5 3.5L17 9",
	"sourced":              "M8 8h8M8 12h8M8 16h4",
	"restraint":            "M7 12h9M13 8.5l3.5 3.5-3.5 3.5",
	"solver":               "M9.5 13.5a4 4 0 1 1 5 0V16h-5zM10.5 18.5h3",
	gamification.TopicHand: "M12 6.5l1.8 3.7 3.7 1.8-3.7 1.8L12 17.5l-1.8-3.7L6.5 12l3.7-1.8z",
	"reused":               "M8 10a4.5 4.5 0 0 1 8-1M16 14a4.5 4.5 0 0 1-8 1M16 6.5V9h-2.5M8 17.5V15h2.5",
	"peer":                 "M6 12s2.5-4.5 6-4.5 6 4.5 6 4.5-2.5 4.5-6 4.5S6 12 6 12zM12 10.7a1.3 1.3 0 1 0 0 2.6 1.3 1.3 0 0 0 0-2.6z",
	"people":               "M9.5 11a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM6 17c0-2.2 1.6-3.5 3.5-3.5S13 14.8 13 17M14.5 11a1.8 1.8 0 1 0-.6-3.5M15 13.6c1.8.2 3 1.5 3 3.4",
	"thanks":               "M12 17s-5-3-5-6.3a2.7 2.7 0 0 1 5-1.4 2.7 2.7 0 0 1 5 1.4C17 14 12 17 12 17z",
	"calm":                 "M6 10.5c2-2 4-2 6 0s4 2 6 0M6 14.5c2-2 4-2 6 0s4 2 6 0",
	"weeks":                "M7 8.5h10V17H7zM7 11.5h10M9.5 7v2.5M14.5 7v2.5",
	gamification.Given:     "M12 6.5l1.6 3.6 3.9.4-2.9 2.6.8 3.9-3.4-2-3.4 2 .8-3.9-2.9-2.6 3.9-.4z",
}

// outlines are the shapes of the jobs.
var outlines = map[gamification.Job]string{
	gamification.Teach:    "M12 1.5a10.5 10.5 0 1 0 0 21 10.5 10.5 0 0 0 0-21z",
	gamification.Craft:    "M12 1l9.5 5.5v11L12 23l-9.5-5.5v-11z",
	gamification.Kindness: "M12 1.5c3 2 6 2.5 9 2.5v8c0 5.5-4 9-9 10.5C7 21 3 17.5 3 12V4c3 0 6-.5 9-2.5z",
	gamification.Surprise: "M12 1l2.8 3.2 4-1.2.4 4.2 3.8 1.8-2 3.500 2 3.500-3.8 1.8-.4 4.2-4-1.2L12 24l-2.8-3.2-4 1.2-.4-4.2L1 16l2-3.500L1 9l3.8-1.8.4-4.2 4 1.2z",
}

// drawnIn are the colours of the jobs in a drawing that stands by itself, on white.
var drawnIn = map[gamification.Job]string{
	gamification.Teach: "#0b6e4f", gamification.Craft: "#0b6e4f", gamification.Kindness: "#1d5fa8", gamification.Surprise: "#a3541a",
}

func pipFill(id gamification.BadgeID, on bool) string {
	if on {
		return drawnIn[jobOf(id)]
	}
	return "none"
}
