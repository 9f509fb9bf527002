package community

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

// By hand: where a network does not take an answer from us, the member who wrote it opens the post, posts
// the approved text and brings the link; employees may do it for them. What nobody posts in time goes back
// to the pool.

// LeftToHand tells the author of a reply that was just queued that they are to post it themselves.
func LeftToHand(ctx context.Context, tx Tx, replyID string) error {
	r, c, a, err := handOf(ctx, tx, replyID)
	if err != nil {
		return err
	}
	return c.leftToHand(ctx, tx, &a, r)
}

func handOf(ctx context.Context, tx Tx, replyID string) (r listeners.Reply, c Case, a Answer, err error) {
	if err = tx.NewSelect().Model(&r).Where("r.id = ?", replyID).Scan(ctx); err != nil {
		return r, c, a, fmt.Errorf("find reply %s: %w", replyID, err)
	}
	if c, err = caseByID(ctx, tx, r.CaseID); err != nil {
		return r, c, a, err
	}
	if err = tx.NewSelect().Model(&a).Where("id = ?", r.AnswerID).Scan(ctx); err != nil {
		return r, c, a, fmt.Errorf("find answer %d: %w", r.AnswerID, err)
	}
	return r, c, a, nil
}

// ToPost reads a reply that the member may post by hand, with its case and answer; sql.ErrNoRows for any
// other, so that nobody learns of what they may not know.
func ToPost(ctx context.Context, db bun.IDB, m *Member, replyID string) (listeners.Reply, Case, Answer, error) {
	var r listeners.Reply
	if err := db.NewSelect().Model(&r).Where("r.id = ? AND r.brand_id = ? AND r.mode = ?", replyID, m.BrandID, listeners.Assisted).Scan(ctx); err != nil {
		return r, Case{}, Answer{}, fmt.Errorf("find reply %s: %w", replyID, err)
	}
	a, c, err := FindAnswer(ctx, db, m, r.AnswerID)
	if err == nil && a.MemberID != m.ID && !m.Role.Employee() {
		err = fmt.Errorf("find reply %s: %w", replyID, sql.ErrNoRows)
	}
	return r, c, a, err
}

// HandsOf reads what a member is to post by hand, longest waiting first; employees see everybody's.
func HandsOf(ctx context.Context, db bun.IDB, m *Member, most int) ([]listeners.Reply, error) {
	var all []listeners.Reply
	q := db.NewSelect().Model(&all).Where("r.state = 'by_hand' AND r.brand_id = ?", m.BrandID).Order("r.due_at", "r.id").Limit(int64(most))
	if !m.Role.Employee() {
		q = q.Where("r.answer_id IN (SELECT id FROM answers WHERE member_id = ?)", m.ID)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("read what member %d is to post: %w", m.ID, err)
	}
	return all, nil
}

// PostedByHand notes that a reply is on the network, with how we know.
func PostedByHand(ctx context.Context, tx Tx, m *Member, replyID string, e listeners.Evidence, s listeners.Sent) error {
	r, _, _, err := ToPost(ctx, tx, m, replyID)
	if err != nil {
		return err
	}
	if r, err = listeners.Posted(ctx, tx, r, e, s); err != nil {
		return err
	}
	return Done(ctx, tx, r)
}

// SeenByHand notes replies that were posted by hand and heard on the network: they are certain now.
func SeenByHand(ctx context.Context, tx Tx, seen []listeners.Reply) error {
	for _, r := range seen {
		if err := Done(ctx, tx, r); err != nil {
			return err
		}
	}
	return nil
}

// GiveUpHand puts a case back that a member does not answer by hand after all, with the reason.
func GiveUpHand(ctx context.Context, tx Tx, m *Member, replyID, why string) error {
	r, c, a, err := ToPost(ctx, tx, m, replyID)
	if err != nil {
		return err
	}
	if len(why) > 1000 || !Storable(why) {
		return &Invalid{"reason", "this text has characters that cannot be sent"}
	}
	if r, err = listeners.Unposted(ctx, tx, r); err != nil {
		return err
	}
	if err := c.move(ctx, tx, SendFailed, nil); err != nil {
		return err
	}
	if err := undeliver(ctx, tx, &c, r); err != nil {
		return err
	}
	if a.MemberID != m.ID {
		if err := tell(ctx, tx, &c, a.MemberID, ReplyFailed, "failed:"+r.ID); err != nil {
			return err
		}
	}
	return record(ctx, tx, Activity{
		BrandID: c.BrandID, CaseID: c.ID, ActorID: m.ID, Kind: HandGivenUp, Lane: c.Lane, Detail: Detail{Answer: a.ID, Reply: r.ID, Text: why},
	})
}

// HandsDue tells, without writing, whether RemindHands has something to do.
func HandsDue(ctx context.Context, db bun.IDB, now clock.Time) (bool, error) {
	return db.NewSelect().Table("replies").Where("state = 'by_hand' AND due_at <= ?", now).Exists(ctx)
}

// RemindHands reminds members of what they are to post by hand, and puts back what nobody has posted, at
// most so much at once; it returns how much.
func RemindHands(ctx context.Context, tx Tx, most int) (int, error) {
	due, err := listeners.HandsDue(ctx, tx, most)
	if err != nil {
		return 0, err
	}
	for _, r := range due {
		if r.State == listeners.Failed {
			err = Done(ctx, tx, r)
		} else {
			err = remindHand(ctx, tx, r)
		}
		if err != nil {
			return 0, err
		}
	}
	return len(due), nil
}

func remindHand(ctx context.Context, tx Tx, r listeners.Reply) error {
	_, c, a, err := handOf(ctx, tx, r.ID)
	if err != nil {
		return err
	}
	return tell(ctx, tx, &c, a.MemberID, HandReminded, "reminded:"+r.ID)
}
