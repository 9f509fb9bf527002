package web

import (
	"context"
	"net/http"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
)

// secondLook is a decision that somebody else should look at: an override, or what an author appealed.
type secondLook struct {
	Answer  community.Answer
	Author  string
	By      string // who decided
	Reason  string // of the admin, or of the author
	Advice  string // of the reviewer whose decision is appealed
	Changes []community.Change
	DueAt   clock.Time
	Appeal  bool
	May     bool // the reader may give it
}

// readAgain reads what waits for a second look.
func (a *App) readAgain(ctx context.Context, me *community.Member) ([]secondLook, error) {
	read := a.DB.Read()
	overrides, err := moderation.Overrides(ctx, read, me, mostWaiting)
	if err != nil {
		return nil, err
	}
	appeals, err := moderation.OpenAppeals(ctx, read, me, mostWaiting)
	if err != nil || len(overrides)+len(appeals) == 0 {
		return nil, err
	}
	members, err := community.Members(ctx, read, me.BrandID)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(appeals))
	for i, ap := range appeals {
		ids[i] = ap.AnswerID
	}
	answers, err := community.FindAnswers(ctx, read, me, ids)
	if err != nil {
		return nil, err
	}
	reviews, err := moderation.Reviews(ctx, read, ids)
	if err != nil {
		return nil, err
	}
	var all []secondLook
	for _, ap := range appeals {
		answer, r := answers[ap.AnswerID], reviews[ap.AnswerID]
		look := secondLook{
			Answer: answer, Author: members[ap.MemberID].PublicName, By: members[r.ReviewerID].PublicName, Reason: ap.Reason, Advice: r.Reason,
			DueAt: ap.DueAt, Appeal: true, May: r.ReviewerID != me.ID && ap.MemberID != me.ID,
		}
		if r.Edited {
			look.Changes = community.Changes(answer.OwnText, answer.Text)
		}
		all = append(all, look)
	}
	for _, o := range overrides {
		all = append(all, secondLook{
			Answer: o.Answer, Author: members[o.Answer.MemberID].PublicName, By: members[o.Review.ReviewerID].PublicName, Reason: o.Review.Reason,
			DueAt: o.DueAt, May: o.Review.ReviewerID != me.ID && o.Answer.MemberID != me.ID,
		})
	}
	return all, nil
}

func (a *App) lookAgain(w http.ResponseWriter, r *http.Request) error {
	return a.settle(w, r, func(ctx context.Context, tx listeners.Tx, me *community.Member, id int64) error {
		wrong := newlines(r.PostFormValue("wrong"))
		if r.PostFormValue("fine") == "" && wrong == "" {
			return &community.Invalid{Field: "wrong", Sentence: "say what was wrong, or that it was right"}
		}
		return a.Desk.LookAgain(ctx, tx, me, id, wrong)
	})
}

func (a *App) decideAppeal(w http.ResponseWriter, r *http.Request) error {
	return a.settle(w, r, func(ctx context.Context, tx listeners.Tx, me *community.Member, id int64) error {
		return a.Desk.DecideAppeal(ctx, tx, me, id, r.PostFormValue("stands") != "yes", newlines(r.PostFormValue("word")))
	})
}

// settle gives a second look and stays on the page of reviews.
func (a *App) settle(w http.ResponseWriter, r *http.Request, look func(context.Context, listeners.Tx, *community.Member, int64) error) error {
	id, err := pathID(r, "answer")
	if err != nil {
		return err
	}
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error { return look(ctx, tx, access.From(ctx).Member, id) })
	if err != nil {
		return err
	}
	goTo(w, r, "/review")
	return nil
}
