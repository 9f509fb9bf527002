package web

import (
	"context"
	"fmt"
	"net/http"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
)

// verdict is what a reviewer decided about an answer, as its author reads it.
type verdict struct {
	Answer  community.Answer
	Review  moderation.Review
	By      string
	Changes []community.Change // between the author's words and the reviewer's, nil for none
	Appeal  moderation.Appeal  // zero where there is none
	Judge   string             // who decided about the appeal
}

// mayAppeal tells whether the author can still ask for a second look.
func (v *verdict) mayAppeal() bool { return v.Appeal.ID == 0 && moderation.Appealable(&v.Review) }

// readVerdicts reads what there is to say about the reader's own answers, by answer: those that came
// back, were edited, or were appealed.
func (a *App) readVerdicts(ctx context.Context, read bun.IDB, answers []community.Answer) (map[int64]*verdict, error) {
	me := access.From(ctx).Member
	var ids []int64
	for i := range answers {
		if answers[i].MemberID == me.ID {
			ids = append(ids, answers[i].ID)
		}
	}
	reviews, err := moderation.Reviews(ctx, read, ids)
	if err != nil {
		return nil, err
	}
	appeals, err := moderation.Appeals(ctx, read, ids)
	if err != nil {
		return nil, err
	}
	members, err := community.Members(ctx, read, me.BrandID)
	if err != nil {
		return nil, err
	}
	found := map[int64]*verdict{}
	for i := range answers {
		answer := &answers[i]
		r, reviewed := reviews[answer.ID]
		if !reviewed || answer.State != community.Returned && answer.State != community.Approved {
			continue
		}
		v := &verdict{Answer: *answer, Review: r, By: members[r.ReviewerID].PublicName, Appeal: appeals[answer.ID]}
		v.Judge = members[v.Appeal.DecidedBy].PublicName
		switch {
		case r.Decision == moderation.Returned && answer.State == community.Returned:
			if r.Suggestion != "" {
				v.Changes = community.Changes(answer.OwnText, r.Suggestion)
			}
		case r.Decision == moderation.Approved && answer.State == community.Approved && r.Edited:
			v.Changes = community.Changes(answer.OwnText, answer.Text)
		case v.Appeal.ID == 0:
			continue
		}
		found[answer.ID] = v
	}
	return found, nil
}

// latestVerdict is the one about the reader's latest answer to a case, nil where there is nothing to say.
func (a *App) latestVerdict(ctx context.Context, read bun.IDB, c *community.Case) (*verdict, error) {
	answers, err := community.Answers(ctx, read, access.From(ctx).Member, c.ID)
	if err != nil {
		return nil, err
	}
	verdicts, err := a.readVerdicts(ctx, read, answers)
	if err != nil {
		return nil, err
	}
	var latest *verdict
	for i := range answers {
		if answers[i].MemberID == access.From(ctx).Member.ID {
			latest = verdicts[answers[i].ID]
		}
	}
	return latest, nil
}

// title says in a line what was decided.
func (v *verdict) title(ctx context.Context) string {
	switch {
	case v.Answer.State == community.Returned:
		return T(ctx, "verdict.returned", "name", v.By)
	case v.Review.Edited:
		return T(ctx, "verdict.edited", "name", v.By)
	}
	return T(ctx, "verdict.approved", "name", v.By)
}

// appeal asks for a second look at what was decided about one's own answer.
func (a *App) appeal(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "answer")
	if err != nil {
		return err
	}
	reason := newlines(r.PostFormValue("reason"))
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		_, err := a.Desk.AppealReview(ctx, tx, access.From(ctx).Member, id, reason)
		return err
	})
	if err != nil {
		return err
	}
	goTo(w, r, access.Next(r.PostFormValue("back")))
	return nil
}

func appealPath(answer int64) string { return fmt.Sprintf("/answers/%d/appeal", answer) }
