package listeners

import (
	"cmp"
	"context"
	"errors"
	"fmt"
)

// progress are the columns that change on a reply's way; what it says and why it may never do.
var progress = []string{"state", "due_at", "attempts", "reads", "absent", "sent_at", "native_id", "url", "error", "mode", "evidence", "surface", "target", "version"}

// settle stores what became of a reply unless somebody else settled it meanwhile.
func (d *Deliverer) settle(ctx context.Context, r Reply, version int64) error {
	return d.Transact(ctx, func(ctx context.Context, tx Tx) error {
		if err := Spent(ctx, tx, r.ConnectionID, r.spend); err != nil {
			return err
		}
		r.Version = version + 1
		res, err := tx.NewUpdate().Model(&r).Column(progress...).WherePK().Where("version = ?", version).Exec(ctx)
		if err != nil {
			return fmt.Errorf("settle reply %s: %w", r.ID, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		if err := d.consider(ctx, tx, r); err != nil {
			return err
		}
		if r.told() {
			return d.Done(ctx, tx, r)
		}
		return nil
	})
}

// consider keeps a connection from posting more where what a reply met holds for all of them.
func (d *Deliverer) consider(ctx context.Context, tx Tx, r Reply) error {
	switch why := Class(r.Error); {
	case why.stops():
		return Break(ctx, tx, r.ConnectionID, r.Error)
	case r.State == Retry && (why == RateLimited || why == OverBudget):
		return rest(ctx, tx, r.ConnectionID, r.DueAt)
	}
	return nil
}

// told tells whether somebody should hear where a reply is now.
func (r *Reply) told() bool {
	switch r.State {
	case Delivered, Failed, Cancelled, AskHuman, ByHand:
		return true
	case OnHold:
		return r.Reads == 0
	case InDoubt:
		return r.unread
	}
	return false
}

// Word is what a person who has looked on the network says of a doubtful reply.
type Word struct {
	There  bool // it is there
	Sent   Sent // and this is it, where they brought the link
	ByHand bool // it is not, and its author is to post it; else it is sent again
}

// waitsForWord tells whether only a person can end the doubt about a reply: reading back gave no certainty,
// or there is no money for it.
func (r *Reply) waitsForWord() bool {
	return r.State == AskHuman || r.State == InDoubt && r.Error == string(OverBudget)
}

// Decide ends the doubt about a reply by a person's word. sql.ErrNoRows if the brand has no such reply,
// ErrNotInDoubt if it is not waiting for a person.
func (d *Deliverer) Decide(ctx context.Context, tx Tx, brandID int64, replyID string, w Word) error {
	var r Reply
	if err := tx.NewSelect().Model(&r).Where("id = ? AND brand_id = ?", replyID, brandID).Scan(ctx); err != nil {
		return fmt.Errorf("find reply %s: %w", replyID, err)
	}
	if !r.waitsForWord() {
		return ErrNotInDoubt
	}
	switch {
	case w.There:
		if err := d.paid(ctx, tx, r); err != nil {
			return err
		}
		r = r.sent(w.Sent, tx.Now())
	case w.ByHand:
		r = r.byHand(tx.Now())
	default:
		r.State, r.DueAt, r.Attempts, r.Reads, r.Absent = Queued, tx.Now(), 0, 0, 0
	}
	r.Version++
	res, err := tx.NewUpdate().Model(&r).Column(progress...).WherePK().Where("version = ?", r.Version-1).Exec(ctx)
	if err != nil {
		return fmt.Errorf("decide reply %s: %w", replyID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 { // somebody else was faster
		return cmp.Or(err, ErrNotInDoubt)
	}
	if r.told() {
		return d.Done(ctx, tx, r)
	}
	return nil
}

// paid books a reply that a person has found on the network. Where its connection cannot be opened, nobody
// knows the price.
func (d *Deliverer) paid(ctx context.Context, tx Tx, r Reply) error {
	c, err := FindConnection(ctx, tx, r.ConnectionID)
	if err != nil {
		return err
	}
	ch, err := d.Open(c)
	if _, replies := ch.(Replier); err != nil || !replies {
		return nil
	}
	return Spent(ctx, tx, r.ConnectionID, written(ch, r))
}

var errLeaseLost = errors.New("another process has taken this connection over")
