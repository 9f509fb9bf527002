package simulation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
)

// Crisis is what employees do about a storm, as the product offers it: one opens an incident from what many write
// about, locks the facts and writes a public statement, another one approves it, and it speaks for calm posts, those
// that come later too. Nothing is done where Write is 0.
type Crisis struct {
	Call    float64 // minutes until an employee looks who was called out of hours
	Notice  float64 // the same in their hours
	Write   float64 // minutes that facts and statement take
	Approve float64 // minutes of who approves it
	Cover   float64 // minutes of each later look at what else belongs to it
	Core    float64 // minutes that an answer takes around locked facts, which leave two sentences to write
}

// incident is one storm that employees are at work about.
type incident struct {
	id     int64
	writer *person
	began  clock.Time
}

// lookAfter is how often somebody looks at what else belongs to an incident, and incidentLasts for how long.
const (
	lookAfter     = 20 * time.Minute
	incidentLasts = 24 * time.Hour
	// leastAlike is from how many posts that say the same an employee takes them for part of the storm.
	leastAlike = 15
)

// watchStorm lets employees hear of a storm that is new.
func (e *engine) watchStorm(ctx context.Context) error {
	if e.s.Crisis.Write == 0 {
		return nil
	}
	var alerts []moderation.Alert
	err := e.app.DB.Read().NewSelect().Model(&alerts).Where("kind = ? AND urgent AND id > ?", moderation.StormAlert, e.alarmed).Order("id").Scan(ctx)
	if err != nil {
		return err
	}
	for _, a := range alerts {
		e.alarmed = a.ID
		staff, after := e.calledStaff()
		if len(staff) < 2 {
			continue // nobody approves their own statement
		}
		e.note("storm", a.ID, staff[0].member)
		e.after(after, func(ctx context.Context) error { return e.openIncident(ctx, staff, a) })
	}
	return nil
}

// calledStaff are the employees, those first who are there, and how long it takes until the first one looks.
func (e *engine) calledStaff() ([]*person, time.Duration) {
	var staff []*person
	for _, p := range e.people {
		if p.kind.Role.Employee() {
			staff = append(staff, p)
		}
	}
	slices.SortStableFunc(staff, func(a, b *person) int {
		switch {
		case a.here && !b.here:
			return -1
		case b.here && !a.here:
			return 1
		}
		return 0
	})
	wait := e.s.Crisis.Call
	if len(staff) > 0 && staff[0].here {
		wait = e.s.Crisis.Notice
	}
	return staff, minutes(wait)
}

func minutes(n float64) time.Duration { return time.Duration(n * float64(time.Minute)) }

// storming are the clusters that an employee sees to be part of a storm: many posts, the latest since, and some angry.
func (e *engine) storming(ctx context.Context, since clock.Time) ([]moderation.Cluster, error) {
	all, err := moderation.Clusters(ctx, e.app.DB.Read(), e.brand.ID, e.now(), 20)
	return slices.DeleteFunc(all, func(k moderation.Cluster) bool {
		return k.Mentions < leastAlike || k.LastAt < since || k.Angry*10 < k.Mentions
	}), err
}

// does lets an employee do something about an incident in one transaction.
func (e *engine) does(ctx context.Context, p *person, what string, took float64, do func(context.Context, listeners.Tx, *community.Member) error) (bool, error) {
	m, err := e.member(ctx, p)
	if err != nil {
		return false, err
	}
	p.spend(e.day(), minutes(took))
	err = e.transact(ctx, func(ctx context.Context, tx listeners.Tx) error { return do(ctx, tx, m) })
	if err != nil {
		return false, e.refused(what, err, p.member)
	}
	e.note(what, p.member)
	return true, nil
}

// openIncident is the first look of an employee: the incident, its facts and a statement.
func (e *engine) openIncident(ctx context.Context, staff []*person, a moderation.Alert) error {
	alike, err := e.storming(ctx, a.OpenedAt.Add(-2*time.Hour))
	if err != nil || len(alike) == 0 {
		return err
	}
	i := &incident{writer: staff[0], began: e.now()}
	var s community.Statement
	e.after(minutes(e.s.Crisis.Write), func(ctx context.Context) error {
		done, err := e.does(ctx, i.writer, "open an incident", e.s.Crisis.Write, func(ctx context.Context, tx listeners.Tx, m *community.Member) error {
			made, err := moderation.OpenIncident(ctx, tx, m, community.Incident{Title: fmt.Sprintf("Outage %d", a.ID), AlertID: a.ID}, alike[0].ID)
			if err != nil {
				return err
			}
			i.id = made.ID
			if _, _, err := community.LockFacts(ctx, tx, m, i.id, coreFacts[english], coreFacts[vietnamese]); err != nil {
				return err
			}
			s, err = community.WriteStatement(ctx, tx, m, i.id, statement)
			return err
		})
		if err != nil || !done {
			return err
		}
		e.after(minutes(e.s.Crisis.Approve), func(ctx context.Context) error { return e.approve(ctx, staff[1], i, s) })
		return nil
	})
	return nil
}

// approve is the second pair of eyes; from then on somebody looks at what else belongs to the incident.
func (e *engine) approve(ctx context.Context, p *person, i *incident, s community.Statement) error {
	done, err := e.does(ctx, p, "approve a statement", e.s.Crisis.Approve, func(ctx context.Context, tx listeners.Tx, m *community.Member) error {
		where := []listeners.Announcement{{ID: e.app.Desk.NewID(), ConnectionID: e.connection, Mode: listeners.ByAPI}}
		if _, err := moderation.ApproveStatement(ctx, tx, e.app.Desk, m, i.id, s.ID, where); err != nil {
			return err
		}
		return community.SetCovers(ctx, tx, m, i.id, true)
	})
	if err != nil || !done {
		return err
	}
	e.expectReply()
	e.after(2*time.Minute, func(ctx context.Context) error { return e.lookAfter(ctx, i) })
	return nil
}

// lookAfter puts what else belongs to an incident into it, and lets the statement speak for what has not been covered.
func (e *engine) lookAfter(ctx context.Context, i *incident) error {
	over := e.now().Sub(i.began) > incidentLasts
	_, err := e.does(ctx, i.writer, "look after an incident", e.s.Crisis.Cover, func(ctx context.Context, tx listeners.Tx, m *community.Member) error {
		if over {
			return community.EndIncident(ctx, tx, m, i.id)
		}
		alike, err := e.storming(ctx, i.began.Add(-2*time.Hour))
		if err != nil {
			return err
		}
		for _, k := range alike {
			if _, err := moderation.PutCluster(ctx, tx, m, i.id, k.ID); err != nil {
				return err
			}
		}
		_, err = community.CoverCases(ctx, tx, m, i.id, nil)
		return err
	})
	if err != nil || over {
		return err
	}
	next := lookAfter
	if e.now().Sub(i.began) > 4*time.Hour {
		next *= 9
	}
	e.after(next, func(ctx context.Context) error { return e.lookAfter(ctx, i) })
	return nil
}

// What the brand says in an outage.
const statement = "Ứng dụng đang gặp sự cố đăng nhập, tụi mình đang sửa và sẽ báo ở đây khi xong. Xin lỗi cả nhà. / Signing in does not work right now; we are on it and will tell you here."

var coreFacts = [2]string{
	vietnamese: "Ứng dụng đang lỗi đăng nhập với nhiều khách, đội kỹ thuật đang sửa, đơn đã đặt vẫn được giữ.",
	english:    "Signing in fails for many customers, our engineers are on it, orders are kept.",
}

// core is what an answer to a case carries; zero for nothing.
func (e *engine) core(ctx context.Context, c *community.Case) (community.Core, error) {
	if c.IncidentID == 0 {
		return community.Core{}, nil
	}
	return community.CoreOf(ctx, e.app.DB.Read(), c)
}

// words is what a member writes to the customer of a case: all of it, or around what staff have locked.
func (e *engine) words(ctx context.Context, p *person, c *community.Case) (string, error) {
	core, err := e.core(ctx, c)
	t := tongueOf(c.Language)
	if err != nil || core.FactsID == 0 {
		return answer(p.dice, t), err
	}
	at := c.CustomerAt.Std().In(e.s.zone())
	pick := func(all []string) string { return all[p.dice.IntN(len(all))] }
	opening := fmt.Sprintf([2]string{"%s, mình đọc tin bạn gửi lúc %d:%02d rồi.", "%s, I have read what you wrote at %d:%02d."}[t], pick(parts[t][0]), at.Hour(), at.Minute())
	return core.Compose(opening, pick(parts[t][3])+"."), nil
}

// answering is how many minutes an answer to a case takes.
func (e *engine) answering(ctx context.Context, p *person, c *community.Case) (float64, error) {
	core, err := e.core(ctx, c)
	if core.FactsID != 0 && e.s.Crisis.Core > 0 {
		return min(e.s.Crisis.Core, p.kind.Answer), err
	}
	return p.kind.Answer, err
}
