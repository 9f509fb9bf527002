package demo

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/riverqueue/river"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server"
	"github.com/kith-social/kith/server/access"
)

// player acts the script out, on a network of its own and in the product, both on a clock that stands
// at the time of each step.
type player struct {
	app    *server.App
	stage  stage
	hands  *clock.Manual
	script *script
	brand  community.Brand
	cast   map[string]*community.Member // by nick
}

// talk is how far a conversation has come.
type talk struct {
	caseID int64  // of the first customer
	last   string // native id of the latest post
	answer int64  // the latest answer
}

// cue is a step with the moment at which it happens.
type cue struct {
	at   clock.Time
	talk *talk
	step step
}

const (
	before    = time.Hour       // how long before the first step the brand began
	undo      = 3 * time.Second // for taking a reply back
	listening = 2 * time.Second // from a post to the round that hears it
	reviewing = 4 * time.Minute // until an answer drawn for review is looked at
)

// play writes the script's past into an empty database, as of now.
func play(ctx context.Context, cfg server.Config, script *script, now clock.Time, log *slog.Logger) (err error) {
	cues := script.cues(now)
	hands := clock.NewManual(func() clock.Time { return cues[0].at.Add(-before) })
	network, stop, err := serve(ctx, "127.0.0.1:0", hands.Now)
	if err != nil {
		return err
	}
	defer func() { _ = stop() }()
	cfg.Clock, cfg.Undo, cfg.AllowHost = hands.Now, undo, []string{host(network)}
	app, err := server.Open(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer app.Close()
	p := &player{app: app, stage: stage{network}, hands: hands, script: script, cast: map[string]*community.Member{}}
	app.Poller.Transact, app.Deliverer.Transact = p.transact, p.transact
	if err := p.transact(ctx, p.gather); err != nil {
		return err
	}
	if err := p.transact(ctx, p.welcome); err != nil {
		return err
	}
	for handle, name := range script.Customers {
		if _, err := p.stage.account(ctx, "x", handle, name, false); err != nil {
			return err
		}
	}
	if err := connect(ctx, app, p.brand, script, p.stage, "x", 0, listeners.Settings{inThePast: "being written"}); err != nil {
		return err
	}
	for _, c := range cues {
		if err := p.wait(ctx, c.at.Sub(hands.Now())); err != nil {
			return err
		}
		if err := p.act(ctx, c.talk, c.step); err != nil {
			return fmt.Errorf("%s %s %q: %w", c.step.Who, c.step.Does, c.step.Text, err)
		}
	}
	return connect(ctx, app, p.brand, script, p.stage, "x", 0, nil)
}

// cues are the steps of all conversations in the order of their times.
func (s *script) cues(now clock.Time) []cue {
	var all []cue
	for _, c := range s.Conversations {
		t := &talk{}
		for _, st := range c.Steps {
			all = append(all, cue{now.Add(-st.Ago), t, st})
		}
	}
	slices.SortStableFunc(all, func(a, b cue) int { return cmp.Compare(a.at, b.at) })
	return all
}

// gather makes the brand and its people.
func (p *player) gather(ctx context.Context, tx listeners.Tx) (err error) {
	topics := make([]community.Topic, len(p.script.Topics))
	for i, t := range p.script.Topics {
		topics[i] = community.Topic{Name: t.Name, Keywords: t.Keywords}
	}
	b := p.script.Brand
	p.brand, err = community.AddBrand(ctx, tx, community.Brand{Slug: b.Slug, Name: b.Name, Language: b.Language, ReviewSeed: b.ReviewSeed}, topics)
	if err != nil {
		return err
	}
	known, err := community.Topics(ctx, tx, p.brand.ID)
	if err != nil {
		return err
	}
	for i := range p.script.Members {
		who := &p.script.Members[i]
		one, err := access.AddPerson(ctx, tx, access.Person{Email: who.Email, Name: who.Name, Language: cmp.Or(who.Language, b.Language)})
		if err != nil {
			return err
		}
		m := community.Member{
			BrandID: p.brand.ID, PersonID: one.ID, Role: who.Role, Trust: who.Trust, PublicName: who.Name, SignOff: who.SignOff,
			Languages: who.Languages,
		}
		if len(m.Languages) == 0 {
			m.Languages = []string{"vi", "en"}
		}
		for _, t := range known {
			if len(who.Topics) == 0 || slices.Contains(who.Topics, t.Name) {
				m.Topics = append(m.Topics, t.ID)
			}
		}
		if m, err = community.AddMember(ctx, tx, m); err != nil {
			return err
		}
		if len(who.OnDuty) == 2 {
			if err := community.SetDuty(ctx, tx, &m, m.ID, true, everyDay(who.OnDuty[0], who.OnDuty[1])); err != nil {
				return err
			}
		}
		p.cast[who.nick()] = &m
	}
	return nil
}

// everyDay are the same hours on each day of the week, at the brand's place.
func everyDay(from, to int) community.Hours {
	h := community.Hours{Zone: "Asia/Ho_Chi_Minh"}
	for day := time.Sunday; day <= time.Saturday; day++ {
		h.Spans = append(h.Spans, community.Span{Day: day, From: from * 60, To: to * 60})
	}
	return h
}

// wait lets time go by and ends the claims that run out in it.
func (p *player) wait(ctx context.Context, d time.Duration) error {
	if d > 0 {
		p.hands.Advance(d)
	}
	over, err := community.LeasesOver(ctx, p.app.DB.Read(), p.hands.Now())
	if err != nil || !over {
		return err
	}
	return p.transact(ctx, func(ctx context.Context, tx listeners.Tx) error {
		_, err := community.EndLeases(ctx, tx, len(p.script.Conversations))
		return err
	})
}

// act does one step.
func (p *player) act(ctx context.Context, t *talk, s step) (err error) {
	switch s.Does {
	case posts:
		if t.last, err = p.stage.say(ctx, s.Who, s.Text, t.last); err != nil {
			return err
		}
		return p.hear(ctx, t)
	case deletes:
		return p.stage.remove(ctx, t.last)
	case states:
		return p.state(ctx, t, s)
	}
	a, err := p.work(ctx, t, s)
	if err != nil {
		return err
	}
	if a.WhyReviewed == "sampled" && a.State == community.Submitted { // the seed drew it: somebody looks at it
		if err := p.wait(ctx, reviewing); err != nil {
			return err
		}
		if a, err = p.work(ctx, t, step{Who: p.reviewer(), Does: approves}); err != nil {
			return err
		}
	}
	if a.State == community.Approved {
		return p.deliver(ctx, t, a)
	}
	return nil
}

// reviewer is the nick of the first moderator.
func (p *player) reviewer() string {
	for i := range p.script.Members {
		if m := &p.script.Members[i]; m.Role == community.Moderator {
			return m.nick()
		}
	}
	return ""
}

// work does what a member does, after they have read what they were told, and returns the answer that
// was submitted or decided about.
func (p *player) work(ctx context.Context, t *talk, s step) (a community.Answer, err error) {
	m := p.cast[s.Who]
	err = p.transact(ctx, func(ctx context.Context, tx listeners.Tx) error {
		news, err := community.Unread(ctx, tx, m.ID, 1)
		if err != nil {
			return err
		}
		for _, n := range news {
			if err := community.MarkRead(ctx, tx, m.ID, n.ID); err != nil {
				return err
			}
		}
		switch s.Does {
		case claims:
			_, err = community.ClaimCase(ctx, tx, m, t.caseID)
		case releases:
			_, err = community.ReleaseCase(ctx, tx, m, t.caseID)
		case drafts:
			_, _, _, err = community.SaveDraft(ctx, tx, m, t.caseID, s.Text)
		case answers:
			if _, err = community.ClaimCase(ctx, tx, m, t.caseID); err == nil {
				a, err = p.app.Desk.Submit(ctx, tx, m, t.caseID, 0, s.Text)
				t.answer = a.ID
			}
		case approves:
			a, err = p.app.Desk.Approve(ctx, tx, m, t.answer, s.Text)
		case returns:
			_, err = p.app.Desk.Return(ctx, tx, m, t.answer, s.Text)
		case handsOver:
			_, err = community.HandToStaff(ctx, tx, m, t.caseID, s.Text)
		case closes:
			_, err = community.CloseCase(ctx, tx, m, t.caseID, s.Text)
		}
		return err
	})
	return a, err
}

// state opens an incident with a case and posts a statement about it, which a second employee approves and which
// speaks for the case from then on.
func (p *player) state(ctx context.Context, t *talk, s step) error {
	m := p.cast[s.Who]
	title, _, _ := strings.Cut(s.Text, ".")
	var i community.Incident
	err := p.transact(ctx, func(ctx context.Context, tx listeners.Tx) (err error) {
		if i, err = community.OpenIncident(ctx, tx, m, community.Incident{Title: title}); err != nil {
			return err
		}
		if _, err := community.PutInto(ctx, tx, m, i.ID, []int64{t.caseID}); err != nil {
			return err
		}
		c, err := community.FindCase(ctx, tx, m, t.caseID)
		if err != nil {
			return err
		}
		said, err := community.WriteStatement(ctx, tx, m, i.ID, s.Text)
		if err != nil {
			return err
		}
		where := []listeners.Announcement{{ID: p.app.Desk.NewID(), ConnectionID: c.ConnectionID, Mode: listeners.ByAPI, DueAt: tx.Now().Add(undo)}}
		_, err = moderation.ApproveStatement(ctx, tx, p.app.Desk, p.cast[p.reviewer()], i.ID, said.ID, where)
		return err
	})
	if err != nil {
		return err
	}
	if err := p.wait(ctx, undo+time.Second); err != nil {
		return err
	}
	p.app.Deliverer.Tick(ctx)
	return p.transact(ctx, func(ctx context.Context, tx listeners.Tx) error {
		_, err := community.CoverCases(ctx, tx, m, i.ID, []int64{t.caseID})
		return err
	})
}

// deliver lets the time to take a reply back go by and sends it. It may find the post deleted.
func (p *player) deliver(ctx context.Context, t *talk, a community.Answer) error {
	if err := p.wait(ctx, undo+time.Second); err != nil {
		return err
	}
	p.app.Deliverer.Tick(ctx)
	replies, err := listeners.Replies(ctx, p.app.DB.Read(), []int64{a.ID})
	if err != nil {
		return err
	}
	switch r := replies[a.ID]; {
	case r.State == listeners.Delivered:
		t.last = r.NativeID
	case r.State != listeners.Failed || r.Error != string(listeners.Gone):
		return fmt.Errorf("the reply is %s: %s", r.State, r.Error)
	}
	return p.hear(ctx, t)
}

// hear listens to the network until the latest post is known.
func (p *player) hear(ctx context.Context, t *talk) error {
	if err := p.wait(ctx, listening); err != nil {
		return err
	}
	p.app.Poller.Tick(ctx)
	var heard listeners.Mention
	err := p.app.DB.Read().NewSelect().Model(&heard).Where("brand_id = ? AND native_id = ?", p.brand.ID, t.last).Scan(ctx)
	if err != nil {
		return fmt.Errorf("post %s was not heard: %w", t.last, err)
	}
	t.caseID = cmp.Or(t.caseID, heard.CaseID)
	return nil
}

func (p *player) transact(ctx context.Context, f func(context.Context, listeners.Tx) error) error {
	return p.app.Write(ctx, func(ctx context.Context, tx listeners.Tx) error { return f(ctx, atOnce{tx}) })
}

// atOnce is a transaction in which members hear at once what is enqueued for them.
type atOnce struct{ listeners.Tx }

// Enqueue gives notices and leaves other jobs to the queue.
func (tx atOnce) Enqueue(ctx context.Context, jobs ...river.InsertManyParams) error {
	for _, job := range jobs {
		if n, ok := job.Args.(community.NoticeJob); ok {
			if err := community.Give(ctx, tx, n); err != nil {
				return err
			}
		} else if err := tx.Tx.Enqueue(ctx, job); err != nil {
			return err
		}
	}
	return nil
}
