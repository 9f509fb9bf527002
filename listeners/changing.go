package listeners

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/kith-social/kith/clock"
)

// changesDue is what a sweep looks for. A stopped connection is only looked at.
const changesDue = `change.state IN ('queued', 'doing', 'ambiguous') AND change.due_at <= ? AND EXISTS (
	SELECT 1 FROM connections c JOIN brands b ON b.id = c.brand_id WHERE c.id = change.connection_id AND c.state = 'on'
		AND (change.state <> 'queued' OR c.stopped_at IS NULL AND b.stopped_at IS NULL AND (c.send_at IS NULL OR c.send_at <= ?)))`

// mostChanges bounds how many changes one sweep begins.
const mostChanges = 4

// sweepChanges begins the changes that are due, with calls for what it does on the network.
func (d *Deliverer) sweepChanges(ctx, calls context.Context, underWay *sync.WaitGroup) {
	most := min(d.free(), mostChanges)
	if most <= 0 || ctx.Err() != nil {
		return
	}
	batch, err := d.takeChanges(ctx, most)
	if err != nil {
		if ctx.Err() == nil {
			d.Log.Error("changes of posts cannot be read", "error", err)
		}
		return
	}
	for _, c := range batch {
		d.occupy(c.ConnectionID, 1)
		underWay.Go(func() {
			defer d.occupy(c.ConnectionID, -1)
			d.makeChange(calls, c)
		})
	}
}

// takeChanges leases due changes. What is to be done is committed as doing here, before any request; what
// was being done and is due again has lost its Deliverer and is in doubt.
func (d *Deliverer) takeChanges(ctx context.Context, most int) (batch []Change, err error) {
	now := d.Now()
	due := func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Model((*Change)(nil)).Where(changesDue, now, now)
	}
	if some, err := due(d.Read.NewSelect()).Exists(ctx); err != nil || !some {
		return nil, err
	}
	err = d.Transact(ctx, func(ctx context.Context, tx Tx) error {
		batch = nil
		ids := due(tx.NewSelect()).Column("change.id").Order("change.due_at", "change.id").Limit(int64(most))
		if tx.Dialect().Name() == dialect.PG {
			ids = ids.For("UPDATE OF change SKIP LOCKED")
		}
		_, err := tx.NewUpdate().Model(&batch).ModelTableExpr("changes").
			Set("attempts = attempts + CASE WHEN state = 'queued' THEN 1 ELSE 0 END").
			Set("state = CASE WHEN state = 'queued' THEN 'doing' ELSE 'ambiguous' END").
			Set("due_at = ?, version = version + 1", now.Add(d.Lease)).
			Where("id IN (?)", ids).Returning("*").Exec(ctx)
		return err
	})
	return batch, err
}

func (d *Deliverer) makeChange(ctx context.Context, c Change) {
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	next, err := d.changeStep(ctx, c)
	if err != nil {
		d.Log.Error("post not changed", "change", c.ID, "error", err)
		return // the lease ends and the next sweep takes it up
	}
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), d.Lease)
	defer cancel()
	if err := d.settleChange(ctx, next, c.Version); err != nil {
		d.Log.Error("change not settled", "change", c.ID, "error", err)
	}
}

// changeStep makes the network calls that c's state asks for and returns c as it is afterwards.
func (d *Deliverer) changeStep(ctx context.Context, c Change) (Change, error) {
	conn, err := FindConnection(ctx, d.Read, c.ConnectionID)
	if err != nil {
		return c, err
	}
	ch, err := d.Open(conn)
	if err != nil {
		return c, err
	}
	l := line{d: d, connection: conn, ch: ch}
	if c.State == ChangeInDoubt {
		return d.lookAtChange(ctx, &l, c), nil
	}
	stopped, err := Stopped(ctx, d.Read, c.ConnectionID)
	if err != nil || stopped {
		c.State, c.DueAt, c.Attempts = ChangeQueued, d.Now(), c.Attempts-1
		return c, err
	}
	return d.doChange(ctx, &l, c), nil
}

// doChange makes one request. A correction looks at the reply first: it may be gone, or say so already.
func (d *Deliverer) doChange(ctx context.Context, l *line, c Change) Change {
	price := l.ch.Capabilities().ChangeCost[c.Kind]
	if err := Affordable(ctx, d.Read, l.connection, price, d.Now()); err != nil {
		return d.afterChange(c, classify(err, Transient))
	}
	if c.Kind == EditReply {
		if Hash(c.Text) != c.TextHash {
			return c.failed(Invalid)
		}
		stands, err := c.look(ctx, l)
		switch {
		case err != nil:
			return d.afterChange(c, classify(err, Transient))
		case stands == asAsked:
			return c.made(price).done(d.Now())
		case stands == notThere:
			return c.failed(Gone)
		}
	}
	err := l.call(ctx, func(ch Channel) error { return c.request(ctx, ch) })
	if err == nil {
		return c.costs(price).done(d.Now())
	}
	e := classify(err, Ambiguous)
	if c.Kind == DeleteReply && e.Class == Gone {
		return c.made(price).done(d.Now())
	}
	return d.afterChange(c, e)
}

// costs books a request that the network has done.
func (c Change) costs(price MicroUSD) Change {
	if price > 0 {
		c.spend = append(c.spend, Spend{Unit: string(c.Kind), N: 1, Cost: price})
	}
	return c
}

// made books what was found to be done before this attempt, where an earlier one may have done it.
func (c Change) made(price MicroUSD) Change {
	if c.Attempts > 1 {
		return c.costs(price)
	}
	return c
}

// request asks the network for the change, in one attempt.
func (c *Change) request(ctx context.Context, ch Channel) error {
	editor, edits := ch.(Editor)
	hider, hides := ch.(Hider)
	switch {
	case c.Kind == EditReply && edits:
		return editor.Edit(ctx, c.NativeID, c.Text)
	case c.Kind == DeleteReply && edits:
		return editor.Delete(ctx, c.NativeID)
	case (c.Kind == HidePost || c.Kind == ShowPost) && hides:
		return hider.Hide(ctx, c.NativeID, c.Kind == HidePost)
	}
	return &Error{Class: Forbidden, Err: ErrNoChange}
}

// standsAs is how a post was seen to stand.
type standsAs int

const (
	otherwise standsAs = iota // not, or not certainly, as it is to be
	asAsked
	notThere
)

// look sees how the post stands on the network, where it can be seen. The words of a reply as they were
// before it was given others are kept.
func (c *Change) look(ctx context.Context, l *line) (standsAs, error) {
	if _, ok := l.ch.(Hydrator); !ok || c.Kind == ShowPost { // whoever wrote it sees it in any case
		return otherwise, nil
	}
	if err := Affordable(ctx, l.d.Read, l.connection, l.ch.Capabilities().PageCost, l.d.Now()); err != nil {
		return otherwise, err
	}
	var seen Page
	err := l.call(ctx, func(ch Channel) (err error) {
		seen, err = ch.(Hydrator).Hydrate(ctx, []string{c.NativeID})
		return err
	})
	c.spend = append(c.spend, seen.Spend...)
	if err != nil {
		return otherwise, err
	}
	away := slices.ContainsFunc(seen.Gone, func(r Removal) bool { return r.Why == Hidden })
	switch {
	case len(seen.Posts) == 0 && c.Kind == HidePost && away:
		return asAsked, nil
	case len(seen.Posts) == 0 && c.Kind == DeleteReply && !away:
		return asAsked, nil
	case len(seen.Posts) == 0 && !away:
		return notThere, nil
	case len(seen.Posts) > 0 && c.Kind == EditReply:
		text := seen.Posts[0].Text
		if SameText(c.Text, text) {
			return asAsked, nil
		}
		c.Before = text
	}
	return otherwise, nil
}

func (c Change) done(now clock.Time) Change {
	c.State, c.DoneAt, c.Error = Changed, now, ""
	return c
}

func (c Change) failed(why Class) Change {
	c.State, c.Error = NotChanged, string(why)
	return c
}

// afterChange decides what follows a request that did not simply succeed.
func (d *Deliverer) afterChange(c Change, e *Error) Change {
	now := d.Now()
	c.Error = string(e.Class)
	switch e.Class {
	case NotEligible, Forbidden, Invalid, Gone:
		c.State = NotChanged
	case RateLimited, OverBudget:
		c.State, c.DueAt = ChangeQueued, d.patience(e).Add(d.spread(2*time.Second))
	case Transient, AuthExpired, AuthRevoked, Banned: // of the last three, the connection stops
		c.State, c.DueAt = ChangeQueued, now.Add(d.spread(time.Second<<min(c.Attempts, 8)))
		if e.Class == Transient && c.Attempts >= mostAttempts {
			c.State = NotChanged
		}
	default: // Ambiguous, Malformed, Held, Duplicate: it may be done
		c.State, c.DueAt, c.Reads, c.Absent = ChangeInDoubt, now.Add(d.Readback[0]), 0, 0
	}
	return c
}

// lookAtChange decides what follows a doubt. Networks show what was done late, so only the second look in a
// row that does not find it lets it be asked for again; and where nothing can be seen, asking twice does no
// more than asking once.
func (d *Deliverer) lookAtChange(ctx context.Context, l *line, c Change) Change {
	stands, err := c.look(ctx, l)
	now := d.Now()
	switch {
	case err != nil:
		e := classify(err, Transient)
		c.Absent = 0
		if e.Class == RateLimited || e.Class == OverBudget {
			c.Error, c.DueAt = string(e.Class), d.patience(e).Add(d.spread(2*time.Second))
			return c
		}
		if e.Class.stops() {
			c.Error, c.DueAt = string(e.Class), now.Add(d.Readback[0])
			return c
		}
	case stands == asAsked:
		return c.costs(l.ch.Capabilities().ChangeCost[c.Kind]).done(now)
	case stands == notThere:
		return c.failed(Gone)
	default:
		c.Absent++
	}
	c.Reads++
	switch {
	case c.Absent < 2 && c.Reads < len(d.Readback):
		c.DueAt = now.Add(d.Readback[c.Reads])
	case c.Attempts < mostAttempts:
		c.State, c.DueAt, c.Reads, c.Absent = ChangeQueued, now, 0, 0
	default:
		return c.failed(Ambiguous)
	}
	return c
}

// changeProgress are the columns that change on a change's way.
var changeProgress = []string{"state", "due_at", "attempts", "reads", "absent", "error", "before", "done_at", "version"}

// settleChange stores what became of a change unless somebody else settled it meanwhile.
func (d *Deliverer) settleChange(ctx context.Context, c Change, version int64) error {
	return d.Transact(ctx, func(ctx context.Context, tx Tx) error {
		if err := Spent(ctx, tx, c.ConnectionID, c.spend); err != nil {
			return err
		}
		c.Version = version + 1
		res, err := tx.NewUpdate().Model(&c).Column(changeProgress...).WherePK().Where("version = ?", version).Exec(ctx)
		if err != nil {
			return fmt.Errorf("settle change %s: %w", c.ID, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		if Class(c.Error).stops() {
			if err := Break(ctx, tx, c.ConnectionID, c.Error); err != nil {
				return err
			}
		}
		if c.State.InFlight() {
			return nil
		}
		if c.State == Changed {
			if err := c.apply(ctx, tx); err != nil {
				return err
			}
		}
		return d.Changed(ctx, tx, c)
	})
}

// apply does to what is stored of the post what was done to the post.
func (c *Change) apply(ctx context.Context, tx Tx) error {
	conn, err := FindConnection(ctx, tx, c.ConnectionID)
	if err != nil {
		return err
	}
	q := tx.NewUpdate().Model((*Mention)(nil)).Where("brand_id = ? AND network = ? AND native_id = ?", c.BrandID, conn.Network, c.NativeID)
	switch c.Kind {
	case EditReply:
		q = q.Set("text = ?, edited_at = ?", c.Text, tx.Now()).Where("ours")
	case DeleteReply:
		_, err := Remove(ctx, tx, conn, []Removal{{NativeID: c.NativeID, Why: Deleted}})
		return err
	case HidePost:
		q = q.Set("hidden_at = ?", tx.Now())
	default:
		q = q.Set("hidden_at = NULL")
	}
	if _, err := q.Exec(ctx); err != nil {
		return fmt.Errorf("note the change of post %s: %w", c.NativeID, err)
	}
	return nil
}
