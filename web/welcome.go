package web

import (
	"context"
	"net/http"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/server/db"
)

// welcome is what a feed tells of the reader's work since last time, and how a customer thanked them.
type welcome struct {
	Since  clock.Time
	Lines  []string
	Praise *praise
}

// praise is a customer's thanks in their own words.
type praise struct {
	Who  string
	Text string
	Href string
	At   clock.Time
}

// meanwhileTexts are what is told of the time since the last visit, in this order.
var meanwhileTexts = []struct {
	kind community.Kind
	text string
}{
	{community.CaseSolved, "meanwhile.case_solved"},
	{community.CustomerThanks, "meanwhile.customer_thanks"},
	{community.AnswerReturned, "meanwhile.answer_returned"},
	{community.AnswerApproved, "meanwhile.answer_approved"},
	{community.DraftReused, "meanwhile.draft_reused"},
}

// visit notes that the reader looks at their feed, and reads what to welcome them with on its first page.
func (a *App) visit(r *http.Request, v *feed) error {
	ctx, me := r.Context(), access.From(r.Context()).Member
	if me.Unseen(view(ctx).Now) {
		err := a.DB.Transact(ctx, db.Page, func(ctx context.Context, tx listeners.Tx) error {
			return community.Visit(ctx, tx, me)
		})
		if err != nil {
			return err
		}
	}
	if v.Filter.narrow() || v.Filter.After != "" {
		return nil
	}
	var err error
	v.Back, err = a.readWelcome(ctx, a.DB.Read(), me)
	return err
}

func (a *App) readWelcome(ctx context.Context, read bun.IDB, me *community.Member) (welcome, error) {
	v := welcome{Since: me.AwaySince}
	count, err := community.SinceLastTime(ctx, read, me)
	if err != nil {
		return v, err
	}
	for _, m := range meanwhileTexts {
		if n := count[m.kind]; n > 0 {
			v.Lines = append(v.Lines, T(ctx, m.text, "count", n))
		}
	}
	c, err := community.Praised(ctx, read, me, view(ctx).Now)
	if err != nil || c.ID == 0 {
		return v, err
	}
	mentions, err := listeners.FindMentions(ctx, read, []int64{c.MentionID})
	if m, ok := mentions[c.MentionID]; ok && m.Account != nil {
		v.Praise = &praise{handle(m.Account), shorten(shownTo(me, m.Text), longestRow), casePath(c.ID), c.CustomerAt}
	}
	return v, err
}
