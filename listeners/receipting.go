package listeners

import (
	"context"
	"sync"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/kith-social/kith/clock"
)

const (
	// receiptsToSend is what a sweep looks for, of connections that may post and have no answer to post first.
	receiptsToSend = `receipt.state IN ('queued', 'retry') AND receipt.due_at <= ? AND EXISTS (
	SELECT 1 FROM connections c JOIN brands b ON b.id = c.brand_id WHERE c.id = receipt.connection_id AND c.state = 'on'
		AND c.stopped_at IS NULL AND b.stopped_at IS NULL AND (c.send_at IS NULL OR c.send_at <= ?))
	AND NOT EXISTS (SELECT 1 FROM replies r WHERE r.connection_id = receipt.connection_id AND r.state IN ('waiting', 'queued', 'retry') AND r.due_at <= ?)`
	// receiptsToRead is what it looks for of what was requested, of a stopped connection as well.
	receiptsToRead = `receipt.state IN ('sending', 'ambiguous', 'held') AND receipt.due_at <= ? AND EXISTS (
	SELECT 1 FROM connections c WHERE c.id = receipt.connection_id AND c.state = 'on')`
	// mostReceipts bounds how many receipts one sweep begins.
	mostReceipts = 4
)

// sweepReceipts begins the receipts that are due, with calls for what it does on the network.
func (d *Deliverer) sweepReceipts(ctx, calls context.Context, underWay *sync.WaitGroup) {
	most := min(d.free(), mostReceipts)
	if most <= 0 || ctx.Err() != nil {
		return
	}
	batch, err := d.takeReceipts(ctx, most)
	if err != nil {
		if ctx.Err() == nil {
			d.Log.Error("receipts cannot be read", "error", err)
		}
		return
	}
	for _, r := range batch {
		d.occupy(r.ConnectionID, 1)
		underWay.Go(func() {
			defer d.occupy(r.ConnectionID, -1)
			d.acknowledge(calls, r)
		})
	}
}

// takeReceipts leases due receipts. They have the same share of what a network takes as answers, behind these. What
// is to be sent is committed as sending here, before any request; what was being sent and is due again has lost its
// Deliverer and is in doubt.
func (d *Deliverer) takeReceipts(ctx context.Context, most int) (batch []Receipt, err error) {
	now := d.Now()
	var due []Receipt
	for _, look := range []struct {
		where string
		args  []any
	}{{receiptsToRead, []any{now}}, {receiptsToSend, []any{now, now, now}}} {
		var some []Receipt
		err := d.Read.NewSelect().Model(&some).Column("receipt.id", "receipt.connection_id", "receipt.state").Where(look.where, look.args...).
			Order("receipt.due_at", "receipt.id").Limit(int64(most)).Scan(ctx)
		if err != nil {
			return nil, err
		}
		due = append(due, some...)
	}
	if len(due) == 0 {
		return nil, nil
	}
	outlets := map[int64]outlet{}
	for _, r := range due {
		if _, known := outlets[r.ConnectionID]; known {
			continue
		}
		c, err := FindConnection(ctx, d.Read, r.ConnectionID)
		if err != nil {
			return nil, err
		}
		outlets[c.ID] = outlet{c, d.Pace(c)}
	}
	err = d.Transact(ctx, func(ctx context.Context, tx Tx) error {
		batch = nil
		for _, r := range due[:min(most, len(due))] {
			o := outlets[r.ConnectionID]
			if r.State == Queued || r.State == Retry {
				if room, err := o.room(ctx, tx, now, 1); err != nil || room == 0 {
					if err != nil {
						return err
					}
					continue
				}
			}
			if err := d.leaseReceipt(ctx, tx, &batch, r.ID, now); err != nil {
				return err
			}
		}
		return nil
	})
	return batch, err
}

// leaseReceipt commits that a receipt which is still due is being worked on, and adds it to batch.
func (d *Deliverer) leaseReceipt(ctx context.Context, tx Tx, batch *[]Receipt, id string, now clock.Time) error {
	ids := tx.NewSelect().Table("receipts").Column("id").
		Where("id = ? AND state IN ('queued', 'retry', 'sending', 'ambiguous', 'held') AND due_at <= ?", id, now)
	if tx.Dialect().Name() == dialect.PG {
		ids = ids.For("UPDATE SKIP LOCKED")
	}
	var leased []Receipt
	_, err := tx.NewUpdate().Model(&leased).ModelTableExpr("receipts").
		Set("attempts = attempts + CASE WHEN state IN ('queued', 'retry') THEN 1 ELSE 0 END").
		Set("started_at = COALESCE(started_at, ?)", now).
		Set("tried_at = CASE WHEN state IN ('queued', 'retry') THEN ? ELSE tried_at END", now).
		Set("state = CASE WHEN state IN ('queued', 'retry') THEN 'sending' WHEN state = 'held' THEN 'held' ELSE 'ambiguous' END").
		Set("due_at = ?, version = version + 1", now.Add(d.Lease)).
		Where("id IN (?)", ids).Returning("*").Exec(ctx)
	*batch = append(*batch, leased...)
	return err
}

func (d *Deliverer) acknowledge(ctx context.Context, r Receipt) {
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	next, err := d.receiptStep(ctx, r)
	if err != nil {
		d.Log.Error("receipt not posted", "receipt", r.ID, "error", err)
		return // the lease ends and the next sweep takes it up
	}
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), d.Lease)
	defer cancel()
	if err := d.settleReceipt(ctx, next, r.Version); err != nil {
		d.Log.Error("receipt not settled", "receipt", r.ID, "error", err)
	}
}

// receiptStep makes the network call that a receipt's state asks for. What follows it is decided as for a reply.
func (d *Deliverer) receiptStep(ctx context.Context, receipt Receipt) (Receipt, error) {
	conn, err := FindConnection(ctx, d.Read, receipt.ConnectionID)
	if err != nil {
		return receipt, err
	}
	ch, err := d.Open(conn)
	if err != nil {
		return receipt, err
	}
	r := receipt.asReply()
	m, can := ch.(Replier)
	if !can {
		return receipt.as(r.failed(NotEligible)), nil
	}
	l := line{d: d, connection: conn, ch: ch}
	if r.State == InDoubt || r.State == OnHold {
		r, err = d.readBack(ctx, &l, r)
		return receipt.as(r), err
	}
	if Hash(r.Text) != r.TextHash {
		return receipt.as(r.failed(Invalid)), nil
	}
	if not, err := d.stands(ctx, &r); err != nil || not {
		return receipt.as(r), err
	}
	switch moot, err := d.moot(ctx, receipt); {
	case err != nil:
		return receipt, err
	case moot:
		r.State, r.Error = Cancelled, MootReceipt
		return receipt.as(r), nil
	case d.Now() >= receipt.Until:
		r.State, r.Error = Cancelled, LateReceipt
		return receipt.as(r), nil
	}
	if err := Affordable(ctx, d.Read, l.connection, m.Measure(r.Text).Cost, d.Now()); err != nil {
		return receipt.as(d.afterFailure(r, classify(err, Transient))), nil
	}
	if d.Now() >= r.DueAt {
		return receipt, errOverdue
	}
	var sent Sent
	err = l.call(ctx, func(ch Channel) (err error) {
		sent, err = ch.(Replier).Reply(ctx, r.outgoing())
		return err
	})
	if err != nil {
		return receipt.as(d.afterFailure(r, classify(err, Ambiguous))), nil
	}
	r.spend = append(r.spend, sent.Spend...)
	return receipt.as(r.sent(sent, d.Now())), nil
}

// moot tells whether a receipt says nothing any more: its reader wants to hear nothing, or is answered.
func (d *Deliverer) moot(ctx context.Context, r Receipt) (bool, error) {
	since, _, err := OptedOut(ctx, d.Read, r.MentionID)
	if err != nil || since != 0 {
		return since != 0, err
	}
	return d.Read.NewSelect().Model((*Reply)(nil)).Where("case_id = ? AND state NOT IN (?)", r.CaseID, bun.List([]ReplyState{Failed, Cancelled})).Exists(ctx)
}

// receiptProgress are the columns that change on a receipt's way.
var receiptProgress = []string{"state", "due_at", "attempts", "reads", "absent", "sent_at", "native_id", "url", "error", "version"}

// settleReceipt stores what became of a receipt unless somebody else settled it meanwhile.
func (d *Deliverer) settleReceipt(ctx context.Context, r Receipt, version int64) error {
	return d.Transact(ctx, func(ctx context.Context, tx Tx) error {
		if err := Spent(ctx, tx, r.ConnectionID, r.spend); err != nil {
			return err
		}
		r.Version = version + 1
		res, err := tx.NewUpdate().Model(&r).Column(receiptProgress...).WherePK().Where("version = ?", version).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		if err := d.consider(ctx, tx, Reply{ConnectionID: r.ConnectionID, State: r.State, Error: r.Error, DueAt: r.DueAt}); err != nil {
			return err
		}
		if r.State == Delivered && d.Acknowledged != nil {
			return d.Acknowledged(ctx, tx, r)
		}
		return nil
	})
}
