package listeners

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/kith-social/kith/clock"
)

// Pace is how many replies the network takes from the connection. The setting "pace" says "off" for an
// account that has agreed on other limits with its network; then only the network's own refusals count.
func (c *Connection) Pace(ch Channel) []Pace {
	if c.Settings["pace"] == "off" {
		return nil
	}
	return ch.Capabilities().Pace
}

// room is how many replies, up to most, the network takes now from the connection. Where it takes none,
// the connection rests until it does. On PostgreSQL it keeps other processes from sending meanwhile.
func (o *outlet) room(ctx context.Context, tx Tx, now clock.Time, most int) (int, error) {
	if len(o.pace) == 0 {
		return most, nil
	}
	if tx.Dialect().Name() == dialect.PG {
		if _, err := tx.NewSelect().Model(&o.Connection).WherePK().For("UPDATE").Exec(ctx); err != nil {
			return 0, fmt.Errorf("keep connection %d: %w", o.ID, err)
		}
	}
	tried, err := tried(ctx, tx, o.ID, o.pace, now)
	if err != nil {
		return 0, err
	}
	next := now
	for _, p := range o.pace {
		inSpan := since(tried, now.Add(-p.Per))
		if most = min(most, p.Posts-len(inSpan)); most <= 0 {
			next = max(next, inSpan[len(inSpan)-p.Posts].Add(p.Per))
		}
	}
	if most > 0 {
		return most, nil
	}
	return 0, rest(ctx, tx, o.ID, next)
}

// tried reads when a connection has posted within the longest span of its network's limits, oldest first.
func tried(ctx context.Context, db bun.IDB, connectionID int64, pace []Pace, now clock.Time) ([]clock.Time, error) {
	from, most := now, 0
	for _, p := range pace {
		from, most = min(from, now.Add(-p.Per)), max(most, p.Posts)
	}
	var all []clock.Time
	err := db.NewSelect().Table("replies").Column("tried_at").Where("connection_id = ? AND tried_at > ?", connectionID, from).
		Order("tried_at DESC").Limit(int64(most)).Scan(ctx, &all)
	if err != nil {
		return nil, fmt.Errorf("read when connection %d has posted: %w", connectionID, err)
	}
	var receipts []clock.Time
	err = db.NewSelect().Table("receipts").Column("tried_at").Where("connection_id = ? AND tried_at > ?", connectionID, from).
		Order("tried_at DESC").Limit(int64(most)).Scan(ctx, &receipts)
	if err != nil {
		return nil, fmt.Errorf("read when connection %d has posted receipts: %w", connectionID, err)
	}
	all = append(all, receipts...)
	slices.Sort(all)
	return all[max(0, len(all)-most):], nil
}

// since are the moments after from, of moments in order.
func since(moments []clock.Time, from clock.Time) []clock.Time {
	at, _ := slices.BinarySearch(moments, from+1)
	return moments[at:]
}

// departures foretells when each of n replies leaves that wait in a row from now on, given when the latest
// ones left, in order.
func departures(pace []Pace, left []clock.Time, now clock.Time, n int) []clock.Time {
	all := slices.Grow(slices.Clone(left), n)
	for range n {
		at := now
		for _, p := range pace {
			if len(all) >= p.Posts {
				at = max(at, all[len(all)-p.Posts].Add(p.Per))
			}
		}
		all, now = append(all, at), at
	}
	return all[len(left):]
}

// Pace is what the network of a connection takes; nil where nobody can say.
func (d *Deliverer) Pace(c Connection) []Pace {
	ch, err := d.Open(c)
	if err != nil {
		return nil
	}
	return c.Pace(ch)
}

// AsMember tells whether the network of a connection lets a member answer under a name of their own.
func (d *Deliverer) AsMember(c Connection) bool {
	ch, err := d.Open(c)
	return err == nil && ch.Capabilities().AsMember
}

// Outlook is what a connection can post by itself of what waits.
type Outlook struct {
	Waiting int        // replies that wait to leave
	Now     int        // of these can leave now
	Last    clock.Time // when the last one leaves; 0 where none waits
	Held    bool       // somebody has stopped everything, or the connection needs a person
	Pace    []Pace     // why it takes long

	left []clock.Time // when the latest ones left
}

// Ahead foretells what becomes of the replies that wait for a connection, whose network takes pace.
func Ahead(ctx context.Context, db bun.IDB, c Connection, pace []Pace, now clock.Time) (Outlook, error) {
	o := Outlook{Pace: pace}
	n, err := db.NewSelect().Table("replies").Where("connection_id = ? AND state IN ('waiting', 'queued', 'retry')", c.ID).Count(ctx)
	if err != nil {
		return o, fmt.Errorf("count what waits for connection %d: %w", c.ID, err)
	}
	o.Waiting = int(n)
	if o.Held, err = Stopped(ctx, db, c.ID); err != nil {
		return o, err
	}
	if o.left, err = tried(ctx, db, c.ID, pace, now); err != nil || o.Waiting == 0 {
		return o, err
	}
	leave := departures(pace, o.left, max(now, c.SendAt), o.Waiting)
	for _, at := range leave {
		if at <= now {
			o.Now++
		}
	}
	o.Last = leave[len(leave)-1]
	return o, nil
}

// Leaves foretells when a reply that waits leaves; 0 where nobody can say, because it does not wait or
// because everything is stopped.
func Leaves(ctx context.Context, db bun.IDB, c Connection, pace []Pace, r Reply, now clock.Time) (clock.Time, error) {
	if r.State != Waiting && r.State != Queued && r.State != Retry {
		return 0, nil
	}
	if held, err := Stopped(ctx, db, c.ID); err != nil || held {
		return 0, err
	}
	before, err := db.NewSelect().Table("replies").Where("connection_id = ? AND state IN ('waiting', 'queued', 'retry')", c.ID).
		Where("(deadline, due_at, id) < (?, ?, ?)", r.Deadline, r.DueAt, r.ID).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count what leaves before reply %s: %w", r.ID, err)
	}
	left, err := tried(ctx, db, c.ID, pace, now)
	if err != nil {
		return 0, err
	}
	return max(departures(pace, left, max(now, c.SendAt), int(before)+1)[before], r.DueAt), nil
}
