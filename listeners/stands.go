package listeners

import (
	"context"
	"fmt"
	"slices"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// Why a reply is not posted any more that could be, as its Error.
const (
	UnwelcomeReply = "opted_out"          // its reader wants to hear nothing more
	ElsewhereReply = "answered_elsewhere" // the brand has answered the post with another tool since
)

// WindowClosed is the error of a reply to a post that the network takes no answer to any more.
const WindowClosed Class = "window_closed"

// SecondReply is the error of a reply to a post that has had the one which its network takes from an app.
const SecondReply = "second_reply"

// Answered tells whether a post of a case has had a reply through the API.
func Answered(ctx context.Context, db bun.IDB, caseID, mentionID int64) (bool, error) {
	found, err := db.NewSelect().Model((*Reply)(nil)).
		Where("case_id = ? AND mention_id = ? AND mode = ? AND state IN (?)", caseID, mentionID, ByAPI, bun.List([]ReplyState{Delivered, OnHold})).Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("look whether post %d was answered: %w", mentionID, err)
	}
	return found, nil
}

// standing is what we know of the post that a reply answers.
type standing struct {
	BrandID                       int64
	Network                       string
	CreatedAt, Until, Gone, OptAt clock.Time
}

// stands looks for reasons not to post a reply that we know of without asking the network. Where there is
// one, not is true and r is as it is then.
func (d *Deliverer) stands(ctx context.Context, r *Reply) (not bool, err error) {
	stopped, err := Stopped(ctx, d.Read, r.ConnectionID)
	if err != nil {
		return false, err
	}
	if stopped {
		r.State, r.DueAt, r.Attempts = Queued, d.Now(), r.Attempts-1
		return true, nil
	}
	var s standing
	err = d.Read.NewSelect().TableExpr("mentions AS m").Join("JOIN accounts AS a ON a.id = m.account_id").
		ColumnExpr("m.brand_id, m.network, m.created_at, COALESCE(m.delivery_until, 0) AS until, COALESCE(m.gone_at, 0) AS gone, COALESCE(a.opted_out_at, 0) AS opt_at").
		Where("m.id = ?", r.MentionID).Scan(ctx, &s)
	if err != nil {
		return false, fmt.Errorf("look at the post that reply %s answers: %w", r.ID, err)
	}
	elsewhere, err := d.elsewhere(ctx, r, s)
	if err != nil {
		return false, err
	}
	switch {
	case s.OptAt != 0 && s.OptAt >= s.CreatedAt:
		r.State, r.Error = Cancelled, UnwelcomeReply
	case s.Gone != 0:
		*r = r.failed(Gone)
	case elsewhere:
		r.State, r.Error = Cancelled, ElsewhereReply
	case s.Until != 0 && s.Until <= d.Now():
		*r = r.byHand(d.Now())
		r.Error = string(WindowClosed)
	default:
		return false, nil
	}
	return true, nil
}

// elsewhere tells whether the brand has answered the same post with another tool.
func (d *Deliverer) elsewhere(ctx context.Context, r *Reply, s standing) (bool, error) {
	var own []Mention
	err := d.Read.NewSelect().Model(&own).Column("native_id", "text").
		Where("m.ours AND m.parent_id = ? AND m.brand_id = ? AND m.network = ? AND m.gone_at IS NULL AND m.created_at >= ?", r.ParentID, s.BrandID, s.Network, s.CreatedAt).
		Scan(ctx)
	if err != nil || len(own) == 0 {
		return false, err
	}
	var replies []Reply
	err = d.Read.NewSelect().Model(&replies).Column("native_id", "parent_id", "text").Where("case_id = ?", r.CaseID).Scan(ctx)
	if err != nil {
		return false, fmt.Errorf("read the replies of case %d: %w", r.CaseID, err)
	}
	receipts, err := receiptsOf(ctx, d.Read, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("case_id = ?", r.CaseID) })
	if err != nil {
		return false, err
	}
	replies = append(replies, receipts...)
	for _, m := range own {
		ours := slices.ContainsFunc(replies, func(known Reply) bool {
			return known.NativeID == m.NativeID || known.ParentID == r.ParentID && carries(m.Text, known.Text)
		})
		if !ours {
			return true, nil
		}
	}
	return false, nil
}
