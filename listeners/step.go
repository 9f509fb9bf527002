package listeners

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/kith-social/kith/clock"
)

// step makes the network calls that r's state asks for and returns r as it is afterwards. An error
// leaves the reply as it is.
func (d *Deliverer) step(ctx context.Context, r Reply) (Reply, error) {
	c, err := FindConnection(ctx, d.Read, r.ConnectionID)
	if err != nil {
		return r, err
	}
	ch, err := d.Open(c)
	if err != nil {
		return r, err
	}
	if _, ok := ch.(Replier); !ok {
		return r.byHand(d.Now()), nil
	}
	if Class(r.Error).stops() {
		r.Error = "" // the connection goes on since
	}
	l := line{d: d, connection: c, ch: ch}
	if r.State == InDoubt || r.State == OnHold {
		return d.readBack(ctx, &l, r)
	}
	return d.send(ctx, &l, r)
}

// readBack looks whether a reply is on the network. One that is found there was paid for when it was sent.
func (d *Deliverer) readBack(ctx context.Context, l *line, r Reply) (Reply, error) {
	var verdict Verdict
	var sent Sent
	err := Affordable(ctx, d.Read, l.connection, l.ch.Capabilities().PageCost, d.Now())
	if err == nil {
		err = l.call(ctx, func(ch Channel) (err error) {
			verdict, sent, err = ch.(Replier).Reconcile(ctx, r.outgoing(), r.StartedAt)
			return err
		})
	}
	r.spend = append(r.spend, sent.Spend...)
	if err == nil && verdict == Found {
		r.spend = append(r.spend, written(l.ch, r)...)
	}
	if r.State == OnHold {
		return d.afterWatching(r, verdict, sent, err), nil
	}
	return d.afterReading(r, verdict, sent, err), nil
}

// written is what the network took for a reply of which it did not tell us that it was made.
func written(ch Channel, r Reply) []Spend {
	if cost := ch.(Replier).Measure(r.Text).Cost; cost > 0 {
		return []Spend{{Unit: ReplyUnit, N: 1, Cost: cost}}
	}
	return nil
}

// errOverdue keeps a process that stood still from sending: another one has looked for the reply since, has not
// found it, and may have sent it.
var errOverdue = errors.New("the lease on this reply ended before it was sent")

// send posts a reply unless there is a reason not to, looked for as late as can be.
func (d *Deliverer) send(ctx context.Context, l *line, r Reply) (Reply, error) {
	if Hash(r.Text) != r.TextHash {
		return r.failed(Invalid), nil
	}
	if not, err := d.stands(ctx, &r); err != nil || not {
		return r, err
	}
	if err := d.affordable(ctx, l, r); err != nil {
		return d.afterFailure(r, classify(err, Transient)), nil
	}
	if _, ok := l.ch.(Hydrator); ok {
		var look Page
		err := l.call(ctx, func(ch Channel) (err error) {
			look, err = ch.(Hydrator).Hydrate(ctx, []string{r.ParentID})
			return err
		})
		r.spend = append(r.spend, look.Spend...)
		if err != nil {
			return d.afterFailure(r, classify(err, Transient)), nil
		}
		if len(look.Posts) == 0 {
			hidden, err := d.hidden(ctx, r, look)
			if err != nil {
				return r, err
			}
			if !hidden {
				return r.failed(Gone), nil
			}
		}
		if not, err := d.stands(ctx, &r); err != nil || not {
			return r, err
		}
	}
	if d.Now() >= r.DueAt {
		return r, errOverdue
	}
	var sent Sent
	err := l.call(ctx, func(ch Channel) (err error) {
		sent, err = ch.(Replier).Reply(ctx, r.outgoing())
		return err
	})
	if err != nil {
		e := classify(err, Ambiguous)
		if private, err := d.inPrivate(ctx, l, r, e); err != nil || private != nil {
			return *cmp.Or(private, &r), err
		}
		return d.afterFailure(r, e), nil
	}
	r.spend = append(r.spend, sent.Spend...)
	return r.sent(sent, d.Now()), nil
}

// affordable asks the budget for a look at the post and the reply to it, before either is paid for.
func (d *Deliverer) affordable(ctx context.Context, l *line, r Reply) error {
	cost := l.ch.(Replier).Measure(r.Text).Cost
	if _, ok := l.ch.(Hydrator); ok {
		cost += l.ch.Capabilities().PageCost
	}
	return Affordable(ctx, d.Read, l.connection, cost, d.Now())
}

// line is an open connection whose secrets are renewed once where the network says that they are over.
type line struct {
	d          *Deliverer
	connection Connection
	ch         Channel
	renewed    bool
}

// call makes a call, and makes it again with new secrets where the old ones had ended: then the network
// has done nothing.
func (l *line) call(ctx context.Context, f func(Channel) error) error {
	err := f(l.ch)
	var e *Error
	if l.renewed || l.d.Renew == nil || !errors.As(err, &e) || e.Class != AuthExpired {
		return err
	}
	l.renewed = true
	c, failed := l.d.Renew(ctx, l.connection)
	if failed != nil {
		return classify(failed, Transient)
	}
	ch, failed := l.d.Open(c)
	if failed != nil {
		return classify(failed, Transient)
	}
	l.connection, l.ch = c, ch
	return f(ch)
}

func (r Reply) sent(s Sent, now clock.Time) Reply {
	r.State, r.NativeID, r.URL, r.SentAt, r.Error = Delivered, s.NativeID, s.URL, now, ""
	return r
}

func (r Reply) failed(why Class) Reply {
	r.State, r.Error = Failed, string(why)
	return r
}

// byHand leaves a reply to a member, because the network does not take it from us.
func (r Reply) byHand(now clock.Time) Reply {
	r.State, r.Mode, r.DueAt, r.Reads, r.Error = ByHand, Assisted, now.Add(RemindAfter), 0, string(NotEligible)
	return r
}

// afterFailure decides what follows a request that did not simply succeed.
func (d *Deliverer) afterFailure(r Reply, e *Error) Reply {
	now := d.Now()
	r.Error = string(e.Class)
	switch e.Class {
	case NotEligible:
		return r.byHand(now)
	case Forbidden, Invalid, Gone:
		r.State = Failed
	case RateLimited, OverBudget:
		r.State, r.DueAt = Retry, d.patience(e).Add(d.spread(2*time.Second))
	case Transient, AuthExpired, AuthRevoked, Banned: // of the last three, the connection stops
		r.State, r.DueAt = Retry, now.Add(d.spread(time.Second<<min(r.Attempts, 8)))
	case Held:
		r.State, r.DueAt, r.Reads, r.Absent = OnHold, now.Add(watches[0]), 0, 0
	default: // Ambiguous, Duplicate, Malformed: it may be there
		r.State, r.DueAt, r.Reads, r.Absent = InDoubt, now.Add(d.Readback[0]), 0, 0
	}
	if r.State == Retry && r.Attempts >= mostAttempts && e.Class == Transient {
		r.State = AskHuman
	}
	return r
}

// patience is until when a connection posts nothing whose network wants no more for now. Money may be
// added at any time, so that is looked at again within the hour.
func (d *Deliverer) patience(e *Error) clock.Time {
	now := d.Now()
	if e.Class == OverBudget {
		hour := now.Add(time.Hour)
		if e.Until == 0 {
			return hour
		}
		return max(min(e.Until, hour), now.Add(time.Second))
	}
	return max(e.Until, now.Add(time.Second))
}

// afterReading decides what follows a look at the network for a doubtful reply. Networks show new
// posts late, so only the second complete read in a row that does not find it lets it be sent again.
func (d *Deliverer) afterReading(r Reply, verdict Verdict, s Sent, err error) Reply {
	now := d.Now()
	switch {
	case err != nil:
		e := classify(err, Transient)
		r.Absent = 0
		switch {
		case e.Class == Held:
			return d.afterFailure(r, e)
		case e.Class == RateLimited || e.Class == OverBudget:
			r.unread = e.Class == OverBudget && r.Error != string(OverBudget)
			r.Error, r.DueAt = string(e.Class), d.patience(e).Add(d.spread(2*time.Second))
			return r
		case e.Class.stops(): // it is looked for when a person has connected it anew
			r.Error, r.DueAt = string(e.Class), now.Add(d.Readback[0])
			return r
		}
	case verdict == Found:
		return r.sent(s, now)
	case verdict == Refused:
		return r.failed(refused)
	case verdict == Absent:
		r.Absent++
		if r.Absent >= 2 && r.Attempts < mostAttempts {
			r.State, r.DueAt, r.Reads, r.Absent = Queued, now, 0, 0
			return r
		}
	default:
		r.Absent = 0
	}
	if why := Class(r.Error); why == RateLimited || why == OverBudget {
		r.Error = string(Ambiguous) // it could be looked for again
	}
	r.Reads++
	if r.Reads >= len(d.Readback) {
		r.State = AskHuman
		return r
	}
	r.DueAt = now.Add(d.Readback[r.Reads])
	return r
}

// watches are the pauses between looks for a reply that the network's people hold; the last one repeats.
var watches = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour}

// watchFor is how long a held reply is looked for before a person decides.
const watchFor = 7 * 24 * time.Hour

// refused is the error of a reply that the network's people did not let through.
const refused Class = "refused"

// afterWatching decides what follows a look for a reply that the network's people hold.
func (d *Deliverer) afterWatching(r Reply, verdict Verdict, s Sent, err error) Reply {
	now := d.Now()
	switch {
	case err == nil && verdict == Found:
		return r.sent(s, now)
	case err == nil && verdict == Refused:
		return r.failed(refused)
	case now.Sub(r.StartedAt) >= watchFor:
		r.State = AskHuman
		return r
	}
	if err != nil {
		if e := classify(err, Transient); e.Class.stops() {
			r.Error = string(e.Class)
		}
	}
	r.Reads++
	r.DueAt = now.Add(watches[min(r.Reads, len(watches)-1)])
	return r
}

// spread is full jitter: somewhere between half of and the whole pause.
func (d *Deliverer) spread(pause time.Duration) time.Duration {
	return pause/2 + time.Duration(d.Jitter()*float64(pause/2))
}
