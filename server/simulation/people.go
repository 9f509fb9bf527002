package simulation

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
)

// person is a simulated member.
type person struct {
	kind   *People
	member int64
	name   string
	dice   *rand.Rand

	here  bool
	until clock.Time // the end of the sitting
	began clock.Time
	idle  clock.Time    // since when there is nothing to do; 0: there is
	spent time.Duration // of the sitting
	did   int           // things done in it
	doing func(context.Context) error
	visit int // counts the sittings, so that a call of an earlier one is known

	agreed map[int64]bool // answers that are not for them to decide any more
	stale  []abandoned    // cases they went away from

	days    map[int]time.Duration // time spent, by day
	empty   int                   // evenings in a row in which there was nothing to do
	emptied int                   // the most
	came    int
	ahead   time.Duration // given when the phone rang, and left out of the next sittings
	rung    int           // times that they came because it did
	missed  int
	answers int
	reviews int
}

// abandoned is a claim that somebody went away from, and comes back to when it is somebody else's.
type abandoned struct{ caseID, fence int64 }

// sitting is a stretch of time in which somebody is there.
type sitting struct{ from, to clock.Time }

// sittings draws when somebody comes in the week that begins with a day.
func (p *person) sittings(s *Scenario, from int) []sitting {
	k := p.kind
	days := 7
	var all []sitting
	if k.Hours == 0 {
		for day := range min(days, s.Days-from) {
			midnight := s.midnight(from + day)
			weekday := int(midnight.Std().In(s.zone()).Weekday())
			if len(k.Days) == 0 || slices.Contains(k.Days, weekday) {
				all = append(all, sitting{midnight.Add(time.Duration(k.From) * time.Hour), midnight.Add(time.Duration(k.To) * time.Hour)})
			}
		}
		return all
	}
	n := int(k.Hours)
	if p.dice.Float64() < k.Hours-float64(n) {
		n++
	}
	order := p.dice.Perm(days)
	for i := range n {
		day := order[i%days]
		hour := float64(k.From) + p.dice.Float64()*float64(k.To-k.From-1)
		if p.dice.Float64() < k.Elsewhen {
			hour = 7 + p.dice.Float64()*12
		}
		if i >= days { // a second hour on the same day follows the first ones
			hour = math.Mod(hour+float64(i/days), 23)
		}
		if from+day >= s.Days {
			continue
		}
		begin := s.midnight(from + day).Add(time.Duration(hour * float64(time.Hour))).Add(0)
		all = append(all, sitting{begin, begin.Add(time.Hour)})
	}
	return all
}

// takes draws how long something takes that takes so many minutes on the whole.
func (p *person) takes(minutes float64) time.Duration {
	m := minutes * math.Exp(p.dice.NormFloat64()*0.4-0.08)
	return time.Duration(max(0.25, min(m, 12)) * float64(time.Minute))
}

// come begins a sitting.
func (e *engine) come(ctx context.Context, p *person, until clock.Time) error {
	if p.here {
		p.until = max(p.until, until)
		return nil
	}
	if p.dice.Float64() < p.kind.NoShow {
		p.missed++
		e.note("missed", p.member)
		return nil
	}
	if early := min(p.ahead, until.Sub(e.now())); early > 0 {
		p.ahead -= early
		if until = until.Add(-early); until <= e.now() {
			return nil
		}
	}
	return e.arrives(ctx, p, until)
}

// rings lets a phone tell somebody of a case.
func (e *engine) rings(push community.PushJob) {
	for _, p := range e.people {
		if p.member != push.MemberID || p.here || p.dice.Float64() >= p.kind.Push {
			continue
		}
		e.after(2*time.Minute, func(ctx context.Context) error {
			if p.here {
				return nil
			}
			p.ahead += quarter
			p.rung++
			e.note("rung", p.member)
			return e.arrives(ctx, p, e.now().Add(quarter))
		})
	}
}

// arrives begins to be there.
func (e *engine) arrives(ctx context.Context, p *person, until clock.Time) error {
	p.here, p.until, p.began, p.idle, p.did, p.spent, p.doing = true, until, e.now(), 0, 0, 0, nil
	p.visit++
	p.came++
	e.note("came", p.member)
	return e.next(ctx, p)
}

// leave ends a sitting.
func (e *engine) leave(p *person) {
	p.here = false
	if p.kind.Hours > 0 {
		if p.did == 0 {
			p.empty++
			p.emptied = max(p.emptied, p.empty)
		} else {
			p.empty = 0
		}
	}
	e.note("left", p.member, int64(p.did))
}

// spend notes time that a member has given.
func (p *person) spend(day int, d time.Duration) {
	p.days[day] += d
	p.spent += d
}

// again lets the person look again later.
func (e *engine) again(p *person, after time.Duration) {
	visit := p.visit
	e.after(after, func(ctx context.Context) error {
		if !p.here || p.visit != visit {
			return nil
		}
		if do := p.doing; do != nil {
			p.doing = nil
			if err := do(ctx); err != nil {
				return err
			}
		}
		return e.next(ctx, p)
	})
}

const (
	lookAgain = 3 * time.Minute  // between two looks of somebody who finds nothing to do
	patience  = 20 * time.Minute // after which somebody goes who finds nothing to do
	ahead     = 12 * time.Minute // that somebody may give before their share of the day
)

// next is what somebody does who is there and has nothing in hand.
func (e *engine) next(ctx context.Context, p *person) error {
	if e.now() >= p.until {
		e.leave(p)
		return nil
	}
	if p.kind.Minutes > 0 { // so many minutes a day, in equal parts
		day := time.Duration(p.kind.Minutes) * time.Minute
		share := time.Duration(float64(day) * float64(e.now().Sub(p.began)) / float64(p.until.Sub(p.began)))
		if p.spent+time.Duration(p.kind.Answer*float64(time.Minute)) >= min(day, share+ahead) {
			e.again(p, lookAgain)
			return nil
		}
	}
	m, err := e.member(ctx, p)
	if err != nil {
		return err
	}
	if m.State != community.Active {
		e.leave(p)
		return nil
	}
	if m.Unseen(e.now()) { // the feed notes who looks at it
		if err := e.app.Write(ctx, func(ctx context.Context, tx listeners.Tx) error { return community.Visit(ctx, tx, m) }); err != nil {
			return err
		}
	}
	if e.s.Trouble.Careless > 0 && p.dice.Float64() < e.s.Trouble.Careless {
		if err := e.grab(ctx, p, m); err != nil {
			return err
		}
		if e.wire.dead {
			return nil
		}
	}
	for _, look := range []func(context.Context, *person, *community.Member) (bool, error){e.comeBack, e.rewrite, e.review, e.claim} {
		if busy, err := look(ctx, p, m); err != nil || busy {
			return err
		}
	}
	if p.idle == 0 {
		p.idle = e.now()
	}
	if p.kind.Hours > 0 && e.now().Sub(p.idle) >= patience {
		e.leave(p)
		return nil
	}
	e.again(p, lookAgain)
	return nil
}

// member reads the person's own row: trust may have changed.
func (e *engine) member(ctx context.Context, p *person) (*community.Member, error) {
	var m community.Member
	err := e.app.DB.Read().NewSelect().Model(&m).Where("id = ?", p.member).Scan(ctx)
	return &m, err
}

// work lets somebody be busy and then do something.
func (e *engine) work(p *person, minutes float64, do func(context.Context) error) {
	took := p.takes(minutes)
	p.idle = 0
	p.did++
	p.spend(e.day(), took)
	p.doing = do
	e.again(p, took)
}

// comeBack lets somebody go on with what they went away from, as if nothing had happened.
func (e *engine) comeBack(ctx context.Context, p *person, m *community.Member) (bool, error) {
	if len(p.stale) == 0 {
		return false, nil
	}
	old := p.stale[0]
	p.stale = p.stale[1:]
	var before, after community.Case
	if err := e.readCase(ctx, old.caseID, &before); err != nil {
		return false, err
	}
	holds := before.HeldBy(m, e.now()) && before.Fence == old.fence
	err := e.submit(ctx, p, old.caseID, old.fence, answer(p.dice, tongueOf(before.Language)), false)
	if err != nil {
		return false, err
	}
	if e.wire.dead {
		return true, nil
	}
	if err := e.readCase(ctx, old.caseID, &after); err != nil {
		return false, err
	}
	if !holds && (after.State != before.State || after.HolderID != before.HolderID || after.Fence != before.Fence) {
		e.broken("I5", "case %d was changed by member %d, whose claim %d was over", old.caseID, p.member, old.fence)
	}
	return false, nil
}

// rewrite goes on with an answer that a reviewer gave back.
func (e *engine) rewrite(ctx context.Context, p *person, m *community.Member) (bool, error) {
	held, err := community.HeldCases(ctx, e.app.DB.Read(), m)
	if err != nil || len(held) == 0 {
		return false, err
	}
	c := held[0]
	if !c.HeldBy(m, e.now()) {
		return false, nil
	}
	e.work(p, p.kind.Answer/2, func(ctx context.Context) error {
		text, err := e.words(ctx, p, &c)
		if err != nil {
			return err
		}
		return e.submit(ctx, p, c.ID, c.Fence, text, false)
	})
	return true, nil
}

// review looks for an answer that waits for somebody like them.
func (e *engine) review(ctx context.Context, p *person, m *community.Member) (bool, error) {
	if !m.MayReview() {
		return false, nil
	}
	waiting, err := moderation.Queue(ctx, e.app.DB.Read(), m, 50)
	if err != nil {
		return false, err
	}
	for _, w := range waiting {
		if w.Answer.MemberID == m.ID || p.agreed[w.Answer.ID] || e.reading[w.Answer.ID] > e.now() || !m.MayDecide(&w.Answer, &w.Case) {
			continue
		}
		say, err := moderation.SayOf(ctx, e.app.DB.Read(), m, &w.Case, e.now())
		if err != nil {
			return false, err
		}
		if say == moderation.Heard {
			continue // the page says that an employee decides
		}
		id := w.Answer.ID
		e.reading[id] = e.now().Add(10 * time.Minute) // the page shows who has it open
		e.work(p, p.kind.Reviewing, func(ctx context.Context) error { return e.decide(ctx, p, id) })
		return true, nil
	}
	return false, nil
}

// decide approves an answer or gives it back.
func (e *engine) decide(ctx context.Context, p *person, answerID int64) error {
	m, err := e.member(ctx, p)
	if err != nil {
		return err
	}
	p.agreed[answerID] = true
	p.reviews++
	var a community.Answer
	what := "approved"
	err = e.transact(ctx, func(ctx context.Context, tx listeners.Tx) (err error) {
		if e.poor[answerID] && p.dice.Float64() < p.kind.Quality {
			what = "returned"
			a, err = e.app.Desk.ReturnWith(ctx, tx, m, answerID, moderation.Word{Lessons: []moderation.Lesson{moderation.LessonFacts}})
			return err
		}
		a, err = e.app.Desk.Approve(ctx, tx, m, answerID, "")
		return err
	})
	if err == nil {
		e.note(what, p.member, answerID, a.CaseID)
		if what == "returned" {
			delete(p.agreed, answerID)
			delete(e.poor, answerID)
		}
		e.expectReply()
		return nil
	}
	return e.refused("decide", err, p.member, answerID)
}

// claim takes the first case of the feed.
func (e *engine) claim(ctx context.Context, p *person, m *community.Member) (bool, error) {
	if !m.Role.Employee() && m.Trust < 1 {
		return false, nil
	}
	if any, err := e.anyOpen(ctx, m); err != nil || !any {
		return false, err
	}
	cases, _, err := community.List(ctx, e.app.DB.Read(), m, community.Wanted{Limit: 10, Now: e.now()})
	if err != nil {
		return false, err
	}
	for i := range cases {
		c := &cases[i]
		e.offered(m, c)
		if c.Delivery == listeners.Blocked || e.refusedBy[pair{p.member, c.ID}] {
			continue
		}
		var got community.Case
		err := e.transact(ctx, func(ctx context.Context, tx listeners.Tx) (err error) {
			got, err = community.ClaimCase(ctx, tx, m, c.ID)
			return err
		})
		if errors.Is(err, community.ErrRest) {
			e.note("rests", p.member)
			p.until = e.now()
			return false, nil
		}
		if err != nil {
			if err := e.refused("claim", err, p.member, c.ID); err != nil {
				return false, err
			}
			return e.wire.dead, nil
		}
		e.note("claimed", p.member, c.ID, got.Fence)
		if p.dice.Float64() < e.s.Trouble.Careless {
			if p.dice.IntN(2) == 0 {
				p.stale = append(p.stale, abandoned{c.ID, got.Fence})
			}
			p.idle = 0
			e.again(p, community.Lease+2*time.Minute)
			return true, nil
		}
		takes, err := e.answering(ctx, p, &got)
		if err != nil {
			return false, err
		}
		e.work(p, takes, func(ctx context.Context) error {
			text, err := e.words(ctx, p, &got)
			if err != nil {
				return err
			}
			return e.submit(ctx, p, got.ID, got.Fence, text, p.dice.Float64() >= p.kind.Quality)
		})
		return true, nil
	}
	return false, nil
}

// anyOpen tells whether a look at the feed is worth its time.
func (e *engine) anyOpen(ctx context.Context, m *community.Member) (bool, error) {
	return e.app.DB.Read().NewSelect().Table("cases").Where("state = 'open' AND brand_id = ? AND lane IN (?)", e.brand.ID, bun.List(m.Lanes())).Exists(ctx)
}

// holds tells whether a member has a live claim on a case.
func (e *engine) holds(ctx context.Context, m *community.Member, caseID, fence int64) (bool, error) {
	var c community.Case
	err := e.readCase(ctx, caseID, &c)
	return c.HeldBy(m, e.now()) && c.Fence == fence, err
}

// takeBack is the press of Undo.
func (e *engine) takeBack(ctx context.Context, p *person, m *community.Member, answerID int64) error {
	err := e.transact(ctx, func(ctx context.Context, tx listeners.Tx) error {
		_, err := e.app.Desk.TakeBack(ctx, tx, m, answerID)
		return err
	})
	if err != nil {
		return e.refused("take back", err, p.member, answerID)
	}
	e.note("took back", p.member, answerID)
	return nil
}

// grab tries what is not theirs: a case that somebody else holds, or one of the employees, and their own answer.
func (e *engine) grab(ctx context.Context, p *person, m *community.Member) error {
	var others []community.Case
	err := e.app.DB.Read().NewSelect().Model(&others).Where("c.state = 'claimed' AND c.holder_id <> ? OR c.lane = 'staff' AND c.state = 'open'", p.member).Order("c.id").Limit(20).Scan(ctx)
	if err != nil {
		return err
	}
	if len(others) > 0 {
		c := others[p.dice.IntN(len(others))]
		err := e.transact(ctx, func(ctx context.Context, tx listeners.Tx) error {
			_, err := community.ClaimCase(ctx, tx, m, c.ID)
			return err
		})
		switch {
		case err != nil:
			if err := e.refused("grab", err, p.member, c.ID); err != nil {
				return err
			}
		case c.State == community.Claimed && c.HeldUntil > e.now():
			e.broken("I4", "member %d claimed case %d, which member %d holds", p.member, c.ID, c.HolderID)
		case !m.Role.Employee() && c.Lane == community.Staff:
			e.broken("I14", "member %d claimed case %d of the employees", p.member, c.ID)
		}
	}
	var own []int64
	err = e.app.DB.Read().NewSelect().Table("answers").Column("id").Where("state = 'submitted' AND member_id = ?", p.member).Order("id").Scan(ctx, &own)
	if err != nil || len(own) == 0 {
		return err
	}
	err = e.transact(ctx, func(ctx context.Context, tx listeners.Tx) error {
		_, err := e.app.Desk.Approve(ctx, tx, m, own[0], "")
		return err
	})
	if err != nil {
		return e.refused("approve their own", err, p.member, own[0])
	}
	e.broken("I13", "member %d approved their own answer %d", p.member, own[0])
	return nil
}

// pair is a member and a case.
type pair struct{ member, cased int64 }

// submit sends an answer, and writes another where the first is one that the guards do not take.
func (e *engine) submit(ctx context.Context, p *person, caseID, fence int64, text string, poor bool) error {
	m, err := e.member(ctx, p)
	if err != nil {
		return err
	}
	var a community.Answer
	var held bool
	if held, err = e.holds(ctx, m, caseID, fence); err != nil {
		return err
	}
	for try := 0; ; try++ {
		err = e.transact(ctx, func(ctx context.Context, tx listeners.Tx) (err error) {
			a, err = e.app.Desk.Submit(ctx, tx, m, caseID, fence, text)
			return err
		})
		var invalid *community.Invalid
		if try == 3 || !errors.As(err, &invalid) {
			break
		}
		var c community.Case
		if err := e.readCase(ctx, caseID, &c); err != nil {
			return err
		}
		if text, err = e.words(ctx, p, &c); err != nil {
			return err
		}
	}
	if err != nil {
		e.refusedBy[pair{p.member, caseID}] = !e.wire.dead
		return e.refused("submit", err, p.member, caseID)
	}
	if !held {
		e.broken("I5", "member %d answered case %d, whose claim %d was over", p.member, caseID, fence)
	}
	if p.dice.Float64() < e.s.Trouble.Careless {
		if err := e.takeBack(ctx, p, m, a.ID); err != nil {
			return err
		}
	}
	p.answers++
	if poor {
		e.poor[a.ID] = true
	}
	e.note("answered", p.member, caseID, a.ID, int64(len(a.WhyReviewed)))
	e.expectReply()
	return nil
}
