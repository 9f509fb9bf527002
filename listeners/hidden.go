package listeners

import (
	"context"
	"fmt"
	"slices"
)

// hidden tells whether a post that a look did not show is only hidden by the brand, so that it can be
// answered.
func (d *Deliverer) hidden(ctx context.Context, r Reply, look Page) (bool, error) {
	if !slices.ContainsFunc(look.Gone, func(gone Removal) bool { return gone.Why == Hidden }) {
		return false, nil
	}
	return d.hides(ctx, r)
}

// hides tells whether the brand hides the post that a reply answers.
func (d *Deliverer) hides(ctx context.Context, r Reply) (bool, error) {
	mentions, err := FindMentions(ctx, d.Read, []int64{r.MentionID})
	if err != nil {
		return false, fmt.Errorf("look at the post that reply %s answers: %w", r.ID, err)
	}
	m := mentions[r.MentionID]
	ours, err := hiddenByUs(ctx, d.Read, []Mention{m})
	return ours[m.ID], err
}

// inPrivate is a reply that the network does not take below a post which the brand hides, as it goes to the
// post's author alone. It is nil where there is no such way.
func (d *Deliverer) inPrivate(ctx context.Context, l *line, r Reply, e *Error) (*Reply, error) {
	refused := e.Class == Forbidden || e.Class == NotEligible || e.Class == Gone
	if !refused || r.Surface != InPublic {
		return nil, nil
	}
	hidden, err := d.hides(ctx, r)
	if err != nil || !hidden {
		return nil, err
	}
	asked, err := FindMentions(ctx, d.Read, []int64{r.MentionID})
	if err != nil || d.Now().Sub(asked[r.MentionID].CreatedAt) >= l.ch.Capabilities().Privately {
		return nil, err
	}
	r.State, r.DueAt, r.Surface, r.Target, r.Error = Queued, d.Now(), InPrivate, "", ""
	return &r, nil
}
