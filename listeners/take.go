package listeners

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/kith-social/kith/clock"
)

// What a sweep looks for, each with its index.
const (
	toSend = "state IN ('waiting', 'queued', 'retry') AND due_at <= ?"
	toRead = "state IN ('sending', 'ambiguous', 'held') AND due_at <= ?"
)

// free is how many more replies may be under way.
func (d *Deliverer) free() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	free := d.AtOnce
	for _, n := range d.busy {
		free -= n
	}
	return free
}

// share is how many more replies of one connection may be under way: one whose network is slow leaves
// room for the others.
func (d *Deliverer) share(connectionID int64) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.AtOnce - d.AtOnce/4 - d.busy[connectionID]
}

func (d *Deliverer) occupy(connectionID int64, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.busy == nil {
		d.busy = map[int64]int{}
	}
	if d.busy[connectionID] += n; d.busy[connectionID] == 0 {
		delete(d.busy, connectionID)
	}
}

// take leases due replies: of each connection what is most urgent, as many as its network takes now. What
// is to be sent is committed as sending here, before any request; what was sending and is due again has
// lost its Deliverer and is in doubt. A stopped connection is only read back.
func (d *Deliverer) take(ctx context.Context) ([]Reply, error) {
	now := d.Now()
	looks, err := d.Read.NewSelect().Table("replies").Where(toRead, now).
		Where("connection_id IN (SELECT id FROM connections WHERE state = 'on')").Exists(ctx)
	if err != nil {
		return nil, err
	}
	outlets, err := d.outlets(ctx, now)
	if err != nil || !looks && len(outlets) == 0 {
		return nil, err
	}
	var batch []Reply
	turn := int(d.turns.Add(1) & 0xFFFF)
	err = d.Transact(ctx, func(ctx context.Context, tx Tx) error {
		batch = nil
		if looks {
			if err := d.lease(ctx, tx, &batch, now, d.free(), doubtful(now)); err != nil {
				return err
			}
		}
		for i := range outlets {
			o := &outlets[(i+turn)%len(outlets)]
			most := min(d.free()-len(batch), d.share(o.ID))
			if most <= 0 {
				continue
			}
			if most, err = o.room(ctx, tx, now, most); err != nil || most == 0 {
				if err != nil {
					return err
				}
				continue
			}
			if err := d.lease(ctx, tx, &batch, now, most, o.urgent(now)); err != nil {
				return err
			}
		}
		return nil
	})
	return batch, err
}

// lease commits that replies are being worked on and adds them to batch.
func (d *Deliverer) lease(ctx context.Context, tx Tx, batch *[]Reply, now clock.Time, most int, pick func(*bun.SelectQuery) *bun.SelectQuery) error {
	ids := tx.NewSelect().Table("replies").Column("id").Apply(pick).Limit(int64(most))
	if tx.Dialect().Name() == dialect.PG {
		ids = ids.For("UPDATE SKIP LOCKED")
	}
	var leased []Reply
	_, err := tx.NewUpdate().Model(&leased).ModelTableExpr("replies").
		Set("attempts = attempts + CASE WHEN state IN ('waiting', 'queued', 'retry') THEN 1 ELSE 0 END").
		Set("started_at = COALESCE(started_at, ?)", now).
		Set("tried_at = CASE WHEN state IN ('waiting', 'queued', 'retry') THEN ? ELSE tried_at END", now).
		Set("state = CASE WHEN state IN ('waiting', 'queued', 'retry') THEN 'sending' WHEN state = 'held' THEN 'held' ELSE 'ambiguous' END").
		Set("due_at = ?, version = version + 1", now.Add(d.Lease)).
		Where("id IN (?)", ids).Returning("*").Exec(ctx)
	*batch = append(*batch, leased...)
	return err
}

func doubtful(now clock.Time) func(*bun.SelectQuery) *bun.SelectQuery {
	return func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where(toRead, now).Where("connection_id IN (SELECT id FROM connections WHERE state = 'on')").Order("due_at")
	}
}

// outlet is a connection that has something to send and may.
type outlet struct {
	Connection
	pace []Pace
}

func (o *outlet) urgent(now clock.Time) func(*bun.SelectQuery) *bun.SelectQuery {
	return func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("connection_id = ?", o.ID).Where(toSend, now).Order("deadline", "due_at", "id")
	}
}

// outlets finds the connections that have something to send and may.
func (d *Deliverer) outlets(ctx context.Context, now clock.Time) ([]outlet, error) {
	var all []Connection
	err := d.Read.NewSelect().Model(&all).
		Where("connection.state = 'on' AND connection.stopped_at IS NULL AND (connection.send_at IS NULL OR connection.send_at <= ?)", now).
		Where("NOT EXISTS (SELECT 1 FROM brands WHERE brands.id = connection.brand_id AND brands.stopped_at IS NOT NULL)").
		Where("EXISTS (SELECT 1 FROM replies WHERE replies.connection_id = connection.id AND "+toSend+")", now).
		Order("id").Scan(ctx)
	if err != nil {
		return nil, err
	}
	var open []outlet
	for _, c := range all {
		ch, err := d.Open(c)
		if err != nil {
			d.Log.Error("answers wait for a connection that cannot be opened", "connection", c.ID, "error", err)
			err = d.Transact(ctx, func(ctx context.Context, tx Tx) error { return rest(ctx, tx, c.ID, now.Add(time.Minute)) })
			if err != nil {
				return nil, err
			}
			continue
		}
		open = append(open, outlet{c, c.Pace(ch)})
	}
	return open, nil
}

// rest lets a connection post nothing before a moment.
func rest(ctx context.Context, tx Tx, connectionID int64, until clock.Time) error {
	_, err := tx.NewUpdate().Model((*Connection)(nil)).Set("send_at = ?", until).
		Where("id = ? AND (send_at IS NULL OR send_at < ?)", connectionID, until).Exec(ctx)
	if err != nil {
		return fmt.Errorf("let connection %d rest: %w", connectionID, err)
	}
	return nil
}
