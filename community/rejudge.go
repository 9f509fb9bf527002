package community

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/kith-social/kith/triage"
	"github.com/uptrace/bun"
)

// LabelCorrected is told of a case when somebody has said what its customer's post is; Rule: the head, Text: "yes", "no"
// or the topic.
const LabelCorrected Kind = "label_corrected"

// LaneCorrected is why a case is in its lane after somebody said whether only staff should answer it.
const LaneCorrected = "corrected"

// steadyLanes are reasons for a lane that no correction of a post takes back: somebody asked for it, or it
// is not about how the post sounds.
var steadyLanes = []string{"private", "escalated", LaneOptedOut, LaneNobody}

// MayCorrect tells whether the member may say what a customer's post is: employees, and advocates whose
// answers have been judged often enough (T2). What the latter say teaches, but moves no case.
func (m *Member) MayCorrect(c *Case) bool {
	return m.MaySee(c) && (m.Role.Employee() || m.Trust >= Steady)
}

// RecordLabel writes that somebody has said what a customer's post is.
func RecordLabel(ctx context.Context, tx Tx, m *Member, c *Case, head, said string) error {
	return record(ctx, tx, Activity{
		BrandID: c.BrandID, CaseID: c.ID, ActorID: m.ID, Kind: LabelCorrected, Lane: c.Lane, Detail: Detail{Rule: head, Text: said},
	})
}

// Rejudge lets what employees say of the customer's latest post decide about its case: its lane, its topic
// where one is given, and how urgent it is. A case that now is for employees leaves who held it; noise is
// closed, and what was taken for noise opens. A case that is over, or whose customer has written since, stays
// as it is.
func Rejudge(ctx context.Context, tx Tx, m *Member, in Incoming, topic *int64) error {
	c, err := lockCase(ctx, tx, m, in.Mention.CaseID)
	if err != nil || !m.Role.Employee() || c.MentionID != in.Mention.ID || c.ended() && c.State != Ignored {
		return err
	}
	before := c
	if in.Lane != None && !slices.Contains(steadyLanes, c.LaneWhy) {
		c.Lane, c.LaneWhy, c.Overflow = in.Lane, in.LaneWhy, in.Overflow
	}
	c.mark(in)
	c.Hold = before.Hold // an employee is looking at it
	if topic != nil {
		c.TopicID = *topic
	}
	c.Urgency, c.Hostile = in.Score.Urgency, hostile(in.Score)
	c.DueAt = c.CustomerAt.Add(triage.Target(c.Urgency+c.Reach, c.Span()))
	switch asked := asks(in.Score); {
	case asked && c.AskedAt == 0:
		c.AskedAt = in.Mention.CreatedAt
	case !asked && c.AskedAt == in.Mention.CreatedAt:
		c.AskedAt = 0
	}
	c.Tier = c.tier()
	judged := func(q *bun.UpdateQuery) *bun.UpdateQuery {
		return q.Set("lane = ?, lane_why = ?, topic_id = ?, urgency = ?, hostile = ?, due_at = ?, asked_at = ?, tier = ?", c.Lane, c.LaneWhy, c.TopicID, c.Urgency, c.Hostile, c.DueAt, bun.NullZero(c.AskedAt), c.Tier).
			Set("team = ?, tags = ?, review = ?, overflow = ?, hold = ?", c.Team, c.Tags, c.Review, c.Overflow, c.Hold)
	}
	switch {
	case in.Lane == None && before.State == Open:
		return before.move(ctx, tx, Close, judged)
	case in.Lane != None && before.State == Ignored:
		return before.move(ctx, tx, CustomerWrote, judged)
	case before.State == Ignored:
		return nil
	case harder(c.Lane, before.Lane) && before.State != Open:
		return raise(ctx, tx, &before, c.Lane, c.LaneWhy, judged)
	}
	_, err = judged(tx.NewUpdate().Model(&c)).Set("version = version + 1").Where("id = ?", c.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("judge case %d anew: %w", c.ID, err)
	}
	return nil
}

// raise takes a case from who holds it, because it is in a harder lane now; what they have written goes along.
func raise(ctx context.Context, tx Tx, c *Case, to Lane, why string, judged func(*bun.UpdateQuery) *bun.UpdateQuery) error {
	before := *c
	holder, err := findMember(ctx, tx, c.HolderID)
	if err == nil && slices.Contains(holder.Lanes(), to) {
		_, err = judged(tx.NewUpdate().Model(c)).Set("version = version + 1").Where("id = ?", c.ID).Exec(ctx)
		return err // who may go on with it does
	}
	if err == nil {
		err = handOver(ctx, tx, &holder, c, "")
	} else if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	if err == nil && c.State == InReview {
		err = withdraw(ctx, tx, c.ID)
	}
	if err == nil {
		err = c.move(ctx, tx, Escalate, judged)
	}
	if err != nil {
		return fmt.Errorf("raise case %d to %s: %w", c.ID, to, err)
	}
	err = record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, Kind: LaneRaised, Lane: before.Lane, Detail: Detail{Rule: why}})
	if err != nil {
		return err
	}
	return tell(ctx, tx, c, before.HolderID, LaneRaised, fmt.Sprintf("raised:%d:%d", c.ID, c.Version))
}
