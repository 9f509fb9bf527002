package community

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/listeners"
)

// Edited is a customer's post that changed, with what was decided about its new text.
type Edited struct {
	listeners.Edit
	Incoming // without its mention
}

// What happens to posts that are stored.
const (
	PostEdited Kind = "post_edited" // Mention, Before: its text until then
	PostGone   Kind = "post_gone"   // Mention, Rule: why
	PostShown  Kind = "post_shown"  // Mention; it was hidden
)

// Revise continues the cases of posts that were edited or are shown again. Their mentions have the new
// texts already.
func Revise(ctx context.Context, tx Tx, conn listeners.Connection, edits []Edited) error {
	if len(edits) == 0 {
		return nil
	}
	ids := make([]int64, len(edits))
	for i, e := range edits {
		ids[i] = e.CaseID
	}
	cases, err := lockCases(ctx, tx, ids)
	if err != nil {
		return err
	}
	var news []Activity
	var changed []*Case
	var told []int64
	for _, e := range edits {
		c := cases[e.CaseID]
		if c == nil {
			continue
		}
		activities, err := c.edited(ctx, tx, e)
		if err != nil {
			return fmt.Errorf("an edit in case %d: %w", c.ID, err)
		}
		news = append(news, activities...)
		if !slices.Contains(told, c.ID) {
			changed, told = append(changed, c), append(told, c.ID)
		}
	}
	if err := save(ctx, tx, changed); err != nil {
		return err
	}
	if err := recordAll(ctx, tx, news); err != nil {
		return err
	}
	return RecordHeard(ctx, tx, conn, told, 0)
}

// lockCases reads cases by id, and keeps everybody else from changing them until the transaction ends.
func lockCases(ctx context.Context, tx Tx, ids []int64) (map[int64]*Case, error) {
	var all []*Case
	if err := locked(tx, tx.NewSelect().Model(&all).Where("c.id IN (?)", bun.List(ids)).Order("c.id")).Scan(ctx); err != nil {
		return nil, fmt.Errorf("find the cases of posts: %w", err)
	}
	byID := make(map[int64]*Case, len(all))
	for _, c := range all {
		byID[c.ID] = c
	}
	return byID, nil
}

// edited continues a case with the new text of a post, in memory: save writes it. A case that had ended
// opens again where the post is the customer's latest and says something else now.
func (c *Case) edited(ctx context.Context, tx Tx, e Edited) ([]Activity, error) {
	before := *c
	c.Urgency, c.Hostile = max(c.Urgency, e.Score.Urgency), c.Hostile || hostile(e.Score)
	if c.AskedAt == 0 && asks(e.Score) {
		c.AskedAt = e.CreatedAt
	}
	if len(e.Score.Topics) > 0 && c.TopicID == OtherTopic {
		c.TopicID = e.Score.Topics[0].ID
	}
	if e.Shown && e.CreatedAt >= c.CustomerAt {
		c.MentionID, c.CustomerAt = e.MentionID, e.CreatedAt
	}
	latest := c.MentionID == e.MentionID
	if latest {
		c.Delivery, c.DeliveryWhy, c.DeliveryUntil = e.Delivery.Mode, e.Delivery.Why, e.Delivery.Until
		c.Language = string(e.Score.Language)
	}
	event := CustomerSaid
	switch {
	case e.Shown && before.State == Gone, before.State == Ignored && e.Lane != None:
		event = CustomerWrote
	case latest && e.Lane != None && before.ended() && before.State != Gone && Kept(e.Before, e.Text) < AsWritten:
		event = CustomerWrote
	}
	c.mark(e.Incoming)
	if event == CustomerWrote {
		if err := c.forgetTopic(ctx, tx, e.Score); err != nil {
			return nil, err
		}
	}
	c.sendTo(e.Incoming)
	if harder(c.Lane, before.Lane) {
		ready, err := mayGoOnIn(ctx, tx, c.Lane, before.HolderID)
		if err != nil {
			return nil, err
		}
		if before.State == Claimed && !ready || before.State == InReview {
			event = Escalate
		}
	}
	if event == Escalate {
		if err := c.handToStaff(ctx, tx, &before); err != nil {
			return nil, err
		}
	}
	if err := c.pass(event); err != nil {
		return nil, err
	}
	told := Activity{BrandID: c.BrandID, CaseID: c.ID, Kind: PostEdited, Lane: before.Lane, Detail: Detail{Mention: e.MentionID, Before: e.Before}}
	if e.Shown {
		told.Kind = PostShown
	}
	news := []Activity{told}
	about := fmt.Sprintf("edited:%d:%d", e.MentionID, e.Version)
	if event == Escalate {
		news = append(news, Activity{BrandID: c.BrandID, CaseID: c.ID, Kind: LaneRaised, Lane: before.Lane, Detail: Detail{Rule: c.LaneWhy}})
		return news, tell(ctx, tx, c, before.HolderID, LaneRaised, about)
	}
	if c.State == Open && before.State != Open {
		news = append(news, Activity{BrandID: c.BrandID, CaseID: c.ID, Kind: CaseReopened, Lane: c.Lane})
	}
	return news, tell(ctx, tx, c, before.HolderID, PostEdited, about)
}

// handToStaff leaves what the holder of a case has written to the employees, and takes back what waits
// for a reviewer.
func (c *Case) handToStaff(ctx context.Context, tx Tx, before *Case) error {
	if holder, err := findMember(ctx, tx, before.HolderID); err == nil {
		if err := handOver(ctx, tx, &holder, before, ""); err != nil {
			return err
		}
	} else if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if before.State == InReview { // what waits was written before the customer asked for somebody else
		return withdraw(ctx, tx, c.ID)
	}
	return nil
}
