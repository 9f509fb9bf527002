package listeners

import (
	"context"
	"errors"
	"sync"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/kith-social/kith/clock"
)

// announcementsDue is what a sweep looks for. A stopped connection is only read back.
const announcementsDue = `announcement.state IN ('queued', 'sending', 'retry', 'ambiguous', 'held') AND announcement.due_at <= ? AND EXISTS (
	SELECT 1 FROM connections c JOIN brands b ON b.id = c.brand_id WHERE c.id = announcement.connection_id AND c.state = 'on'
		AND (announcement.state IN ('sending', 'ambiguous', 'held') OR c.stopped_at IS NULL AND b.stopped_at IS NULL AND (c.send_at IS NULL OR c.send_at <= ?)))`

// mostAnnounced bounds how many announcements one sweep begins.
const mostAnnounced = 4

// sweepAnnouncements begins the announcements that are due, with calls for what it does on the network.
func (d *Deliverer) sweepAnnouncements(ctx, calls context.Context, underWay *sync.WaitGroup) {
	most := min(d.free(), mostAnnounced)
	if most <= 0 || ctx.Err() != nil {
		return
	}
	batch, err := d.takeAnnouncements(ctx, most)
	if err != nil {
		if ctx.Err() == nil {
			d.Log.Error("announcements cannot be read", "error", err)
		}
		return
	}
	for _, a := range batch {
		d.occupy(a.ConnectionID, 1)
		underWay.Go(func() {
			defer d.occupy(a.ConnectionID, -1)
			d.announce(calls, a)
		})
	}
}

// takeAnnouncements leases due announcements. What is to be sent is committed as sending here, before any
// request; what was being sent and is due again has lost its Deliverer and is in doubt.
func (d *Deliverer) takeAnnouncements(ctx context.Context, most int) (batch []Announcement, err error) {
	now := d.Now()
	due := func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Model((*Announcement)(nil)).Where(announcementsDue, now, now)
	}
	if some, err := due(d.Read.NewSelect()).Exists(ctx); err != nil || !some {
		return nil, err
	}
	err = d.Transact(ctx, func(ctx context.Context, tx Tx) error {
		batch = nil
		ids := due(tx.NewSelect()).Column("announcement.id").Order("announcement.due_at", "announcement.id").Limit(int64(most))
		if tx.Dialect().Name() == dialect.PG {
			ids = ids.For("UPDATE OF announcement SKIP LOCKED")
		}
		_, err := tx.NewUpdate().Model(&batch).ModelTableExpr("announcements").
			Set("attempts = attempts + CASE WHEN state IN ('queued', 'retry') THEN 1 ELSE 0 END").
			Set("started_at = COALESCE(started_at, ?)", now).
			Set("state = CASE WHEN state IN ('queued', 'retry') THEN 'sending' WHEN state = 'held' THEN 'held' ELSE 'ambiguous' END").
			Set("due_at = ?, version = version + 1", now.Add(d.Lease)).
			Where("id IN (?)", ids).Returning("*").Exec(ctx)
		return err
	})
	return batch, err
}

func (d *Deliverer) announce(ctx context.Context, a Announcement) {
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	next, err := d.announceStep(ctx, a)
	if err != nil {
		d.Log.Error("statement not posted", "announcement", a.ID, "error", err)
		return // the lease ends and the next sweep takes it up
	}
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), d.Lease)
	defer cancel()
	if err := d.settleAnnounced(ctx, next); err != nil {
		d.Log.Error("announcement not settled", "announcement", a.ID, "error", err)
	}
}

// announceStep makes the network call that a's state asks for. What follows it is decided as for a reply.
func (d *Deliverer) announceStep(ctx context.Context, a Announcement) (Announcement, error) {
	conn, err := FindConnection(ctx, d.Read, a.ConnectionID)
	if err != nil {
		return a, err
	}
	ch, err := d.Open(conn)
	if err != nil {
		return a, err
	}
	r := a.asReply()
	if _, can := ch.(Announcer); !can {
		return a.as(r.byHand(d.Now())), nil
	}
	l := line{d: d, connection: conn, ch: ch}
	if r.State == InDoubt || r.State == OnHold {
		return a.as(d.lookForAnnounced(ctx, &l, r)), nil
	}
	if Hash(r.Text) != r.TextHash {
		return a.as(r.failed(Invalid)), nil
	}
	stopped, err := Stopped(ctx, d.Read, a.ConnectionID)
	if err != nil || stopped {
		r.State, r.DueAt, r.Attempts = Queued, d.Now(), r.Attempts-1
		return a.as(r), err
	}
	cost := MicroUSD(0)
	if m, ok := ch.(Replier); ok {
		cost = m.Measure(r.Text).Cost
	}
	if err := Affordable(ctx, d.Read, l.connection, cost, d.Now()); err != nil {
		return a.as(d.afterFailure(r, classify(err, Transient))), nil
	}
	if d.Now() >= r.DueAt {
		return a, errOverdue
	}
	var sent Sent
	err = l.call(ctx, func(ch Channel) (err error) {
		sent, err = ch.(Announcer).Announce(ctx, r.outgoing())
		return err
	})
	if err != nil {
		return a.as(d.afterFailure(r, classify(err, Ambiguous))), nil
	}
	r.spend = append(r.spend, sent.Spend...)
	return a.as(r.sent(sent, d.Now())), nil
}

func (d *Deliverer) lookForAnnounced(ctx context.Context, l *line, r Reply) Reply {
	var verdict Verdict
	var sent Sent
	err := Affordable(ctx, d.Read, l.connection, l.ch.Capabilities().PageCost, d.Now())
	if err == nil {
		err = l.call(ctx, func(ch Channel) (err error) {
			verdict, sent, err = ch.(Announcer).Announced(ctx, r.outgoing(), r.StartedAt)
			return err
		})
	}
	r.spend = append(r.spend, sent.Spend...)
	if m, ok := l.ch.(Replier); ok && err == nil && verdict == Found {
		if cost := m.Measure(r.Text).Cost; cost > 0 {
			r.spend = append(r.spend, Spend{Unit: ReplyUnit, N: 1, Cost: cost})
		}
	}
	if r.State == OnHold {
		return d.afterWatching(r, verdict, sent, err)
	}
	return d.afterReading(r, verdict, sent, err)
}

// asReply is the announcement as one that is decided about as replies are.
func (a *Announcement) asReply() Reply {
	why := a.Error
	if Class(why).stops() {
		why = "" // the connection goes on since
	}
	return Reply{
		ID: a.ID, ConnectionID: a.ConnectionID, Text: a.Text, TextHash: a.TextHash, State: a.State, DueAt: a.DueAt, Attempts: a.Attempts,
		Reads: a.Reads, Absent: a.Absent, StartedAt: a.StartedAt, Mode: a.Mode, Surface: InPublic, Error: why,
	}
}

// as is the announcement with what was decided.
func (a Announcement) as(r Reply) Announcement {
	a.Mode, a.State, a.DueAt, a.Attempts, a.Reads, a.Absent = r.Mode, r.State, r.DueAt, r.Attempts, r.Reads, r.Absent
	a.SentAt, a.NativeID, a.URL, a.Error, a.spend = r.SentAt, r.NativeID, r.URL, r.Error, r.spend
	return a
}

func (d *Deliverer) settleAnnounced(ctx context.Context, a Announcement) error {
	return d.Transact(ctx, func(ctx context.Context, tx Tx) error {
		if err := Spent(ctx, tx, a.ConnectionID, a.spend); err != nil {
			return err
		}
		next := a
		if err := next.settle(ctx, tx, d.Announced); err != nil {
			if errors.Is(err, ErrNotInDoubt) { // somebody else has settled it
				return nil
			}
			return err
		}
		switch why := Class(a.Error); {
		case why.stops():
			return Break(ctx, tx, a.ConnectionID, a.Error)
		case a.State == Retry && (why == RateLimited || why == OverBudget):
			return rest(ctx, tx, a.ConnectionID, a.DueAt)
		}
		return nil
	})
}

// inheritAnnounced makes due what an earlier process was posting besides replies.
func inheritAnnounced(ctx context.Context, tx Tx, now clock.Time) error {
	for _, outbox := range []any{(*Announcement)(nil), (*Receipt)(nil)} {
		if _, err := tx.NewUpdate().Model(outbox).Set("due_at = ?", now).Where("state = ?", Sending).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
