package web

import (
	"context"
	"slices"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// firstStep is something to do before a brand hears its first customer.
type firstStep struct {
	Title, Why string // ids of its texts
	Href       string // "" where the reader may not do it
	Done       bool
}

// firstSteps lead the staff of a brand that nobody wrote to yet; nil for everybody else.
func (a *App) firstSteps(ctx context.Context, v feed) ([]firstStep, error) {
	me, read := access.From(ctx).Member, a.DB.Read()
	if !v.Staff || len(v.Rows)+len(v.Held) > 0 || v.Filter.narrow() || v.Filter.After != "" {
		return nil, nil
	}
	if answered, err := community.HasAnswered(ctx, read, me.BrandID); answered || err != nil {
		return nil, err
	}
	accounts, err := listeners.Connections(ctx, read, me.BrandID)
	if err != nil {
		return nil, err
	}
	members, err := community.Members(ctx, read, me.BrandID)
	if err != nil {
		return nil, err
	}
	steps := []firstStep{
		{Title: "first.connect", Why: "first.connect_why", Done: slices.ContainsFunc(accounts, func(c listeners.Connection) bool { return c.State != listeners.Removed })},
		{Title: "first.topics", Why: "first.topics_why", Href: "/settings/topics", Done: len(v.Topics) > 0},
		{Title: "first.people", Why: "first.people_why", Done: len(members) > 1},
	}
	if a.Guard.May(ctx, "connection", "change") {
		steps[0].Href = "/connections/add"
	}
	if a.Guard.May(ctx, "invitation", "make") {
		steps[2].Href = "/people/invitations"
	}
	return steps, nil
}

// nextStep is the first that the reader can still do; nil where nothing is left.
func nextStep(steps []firstStep) *firstStep {
	for i := range steps {
		if !steps[i].Done && steps[i].Href != "" {
			return &steps[i]
		}
	}
	return nil
}
