package simulation

import (
	"cmp"
	"container/heap"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/riverqueue/river"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/listeners/sandbox"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/moderation/rules"
	"github.com/kith-social/kith/server"
	"github.com/kith-social/kith/server/access"
)

const (
	hearEvery  = time.Minute     // how often the network is heard, while there is something
	sweepEvery = 5 * time.Minute // what falls due by itself
	undo       = 10 * time.Second
)

// engine plays one scenario once.
type engine struct {
	s      Scenario
	opt    Options
	folder string

	hands *clock.Manual
	wire  *wire
	stage stage
	app   *server.App
	jobs  []river.InsertManyParams

	events events
	turn   int // counts the events, so that those of one moment stay in order

	brand      community.Brand
	connection int64
	people     []*person
	weather    *rand.Rand
	jitter     *rand.Rand
	crowd      *rand.Rand

	hearing   bool       // a look at the network is due
	sending   clock.Time // when the next look at the outbox is; 0: none is
	talked    int        // customers so far
	speakers  map[string]tongue
	poor      map[int64]bool       // answers that do not help
	reading   map[int64]clock.Time // answers that somebody reads, until when
	refusedBy map[pair]bool        // cases that somebody could not answer
	heardOf   map[string]bool      // replies whose customers have read them
	crashes   int
	refusals  map[string]int
	posts     int

	breath   breather
	trace    hash.Hash
	steps    int
	violated []Violation
	offers   int
	changed  bool // since the invariants looked last
	known    memory
	deleted  map[string]bool // posts that their authors took away
	alarmed  int64           // the latest alert that employees have looked at
}

func newEngine(s Scenario, opt Options, folder string) *engine {
	e := &engine{
		s: s, opt: opt, folder: folder, trace: sha256.New(), breath: breather{share: opt.Share},
		weather: dice(opt.Seed, 1), jitter: dice(opt.Seed, 2), crowd: dice(opt.Seed, 3),
		speakers: map[string]tongue{}, poor: map[int64]bool{}, reading: map[int64]clock.Time{}, refusedBy: map[pair]bool{},
		heardOf: map[string]bool{}, refusals: map[string]int{}, deleted: map[string]bool{},
		known: memory{network: map[string]posted{}, cases: map[int64]caseRow{}, holders: map[claimed]int64{}, asked: map[string]int{}},
	}
	start := s.midnight(0)
	e.hands = clock.NewManual(func() clock.Time { return start })
	e.stage.net = sandbox.New(sandbox.Config{Now: func() time.Time { return e.hands.Now().Std() }, Seed: opt.Seed})
	e.wire = &wire{net: e.stage.net, hands: e.hands, kill: func() bool { return e.draws(e.s.Trouble.Crash) }, fault: e.fault}
	return e
}

const quarter = 15 * time.Minute

// chance is a number from 0 to 1 that is always the same for the same thing.
func (e *engine) chance(thing string) float64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d/%s", e.opt.Seed, thing))
	return float64(binary.BigEndian.Uint64(sum[:8])>>11) / (1 << 53)
}

// dark tells whether the network shows and answers nothing now; never for two quarters of an hour in a row.
func (e *engine) dark() bool {
	share, q := e.s.Trouble.Outages, int64(e.now())/quarter.Microseconds()
	drawn := func(q int64) bool { return e.chance(fmt.Sprint("outage ", q)) < share }
	return share > 0 && drawn(q) && !drawn(q-1)
}

// fault is what happens to a call, always the same to the same call at the same moment.
func (e *engine) fault(req *http.Request) fault {
	switch {
	case e.s.Trouble == Trouble{}:
	case e.dark() && req.Method != http.MethodGet:
		return lostAfter
	case e.dark():
		return broken
	default:
		call := fmt.Sprint(e.now(), req.Method, req.URL.Path, req.URL.RawQuery)
		if share := e.s.Trouble.Network; e.chance(call) < share {
			return tooMany + fault(e.chance(call+" which")*float64(late))
		}
	}
	return fine
}

// outage is how long the network may have been dark.
func (e *engine) outage() time.Duration {
	if e.s.Trouble.Outages == 0 {
		return 0
	}
	return quarter
}

// dice are those of one thing, so that nothing else changes what they show.
func dice(seed, thing uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, thing)) }

func (e *engine) draws(share float64) bool { return share > 0 && e.weather.Float64() < share }

func (e *engine) now() clock.Time { return e.hands.Now() }

// day is which of the scenario's days it is.
func (e *engine) day() int {
	return int(e.now().Sub(e.s.midnight(0)) / (24 * time.Hour))
}

// note adds to the trace what happened.
func (e *engine) note(what string, ids ...int64) {
	fmt.Fprintf(e.trace, "%d %s %d\n", e.now(), what, ids)
}

// hash is the trace's so far.
func (e *engine) hash() string { return hex.EncodeToString(e.trace.Sum(nil)) }

// open opens the product on the scenario's database, for the first time or after it was killed.
func (e *engine) open(ctx context.Context) (err error) {
	e.wire.dead, e.jobs = false, nil
	e.app, err = server.Open(ctx, server.Config{
		Data: e.folder, DB: "sqlite:" + filepath.Join(e.folder, "kith.db"), Roles: []string{"listen", "work"}, Undo: undo,
		Clock: e.hands.Now, Outside: e.wire, Fleeting: true, Enqueue: func(jobs []river.InsertManyParams) { e.jobs = append(e.jobs, jobs...) },
	}, e.opt.Log)
	if err != nil {
		return err
	}
	// One thing at a time, with dice that can be thrown again.
	e.app.Poller.Jitter, e.app.Deliverer.Jitter = e.jitter.Float64, e.jitter.Float64
	e.app.Poller.Apart, e.app.Poller.Lease = true, 2*time.Minute
	e.app.Poller.AtOnce, e.app.Deliverer.AtOnce = 1, 1
	e.app.Poller.Transact, e.app.Deliverer.Transact = e.mortal(e.app.Poller.Transact), e.mortal(e.app.Deliverer.Transact)
	return nil
}

func (e *engine) close() error {
	if e.app == nil {
		return nil
	}
	return e.app.Close()
}

// mortal makes transactions in which the process may be killed: before one, at its end, or after it.
func (e *engine) mortal(transact listeners.Transact) listeners.Transact {
	return func(ctx context.Context, f func(context.Context, listeners.Tx) error) error {
		if e.wire.killed() {
			return errKilled
		}
		e.changed = true
		err := transact(ctx, func(ctx context.Context, tx listeners.Tx) error {
			if err := f(ctx, tx); err != nil {
				return err
			}
			if e.wire.killed() {
				return errKilled
			}
			return nil
		})
		if err == nil && e.wire.killed() {
			return errKilled
		}
		return err
	}
}

// killed draws whether the process is killed here; once it was, it stays so.
func (w *wire) killed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = w.dead || w.kill()
	return w.dead
}

// transact is a transaction of a member.
func (e *engine) transact(ctx context.Context, f func(context.Context, listeners.Tx) error) error {
	return e.mortal(e.app.Write)(ctx, f)
}

// refused notes that the product said no to a member; an error of the product itself ends the simulation.
func (e *engine) refused(what string, err error, ids ...int64) error {
	var invalid *community.Invalid
	known := errors.As(err, &invalid)
	for _, no := range []error{
		errKilled, community.ErrTaken, community.ErrNotOpen, community.ErrNotHeld, community.ErrLeaseLost, community.ErrChanged, community.ErrDecided,
		community.ErrNotAllowed, community.ErrOwnAnswer, listeners.ErrTooLate, sql.ErrNoRows, community.ErrNotByAPI, community.ErrAgreed, community.ErrRest, listeners.ErrInFlight,
	} {
		known = known || errors.Is(err, no)
	}
	if !known {
		return fmt.Errorf("%s %v: %w", what, ids, err)
	}
	e.refusals[what+": "+err.Error()]++
	e.note(what+" refused", ids...)
	return nil
}

// event is something that happens at a moment.
type event struct {
	at   clock.Time
	turn int
	do   func(context.Context) error
}

type events []event

func (q events) Len() int { return len(q) }
func (q events) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(q[i].at, q[j].at), cmp.Compare(q[i].turn, q[j].turn)) < 0
}
func (q events) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *events) Push(x any)   { *q = append(*q, x.(event)) }
func (q *events) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}

func (e *engine) at(at clock.Time, do func(context.Context) error) {
	e.turn++
	heap.Push(&e.events, event{max(at, e.now()), e.turn, do})
}

func (e *engine) after(d time.Duration, do func(context.Context) error) { e.at(e.now().Add(d), do) }

// begin makes the brand, its people and its account, and plans what happens.
func (e *engine) begin(ctx context.Context) error {
	trouble := e.s.Trouble
	e.s.Trouble = Trouble{}
	defer func() { e.s.Trouble = trouble }()
	if err := e.open(ctx); err != nil {
		return err
	}
	if err := e.app.Write(ctx, e.gather); err != nil {
		return err
	}
	if err := e.connect(ctx); err != nil {
		return err
	}
	for day := range e.s.Days {
		e.at(e.s.midnight(day), func(ctx context.Context) error { return e.dawn(ctx, day) })
	}
	e.at(e.now().Add(sweepEvery), e.sweep)
	return nil
}

// connect connects the brand's account on the network.
func (e *engine) connect(ctx context.Context) error {
	at := places[e.s.Network]
	token, err := e.stage.account(ctx, e.s.Network)
	if err != nil {
		return err
	}
	settings := listeners.Settings{"host": host + at.path, "poll": "30s", "training": "allowed"}
	for k, v := range at.settings {
		settings[k] = v
	}
	c, err := e.app.Connect(ctx, e.brand.ID, e.s.Network, settings, map[string]string{at.secret: token})
	e.connection = c.ID
	return err
}

// gather makes the brand and its people.
func (e *engine) gather(ctx context.Context, tx listeners.Tx) (err error) {
	topics := make([]community.Topic, len(e.s.Topics))
	for i, t := range e.s.Topics {
		topics[i] = community.Topic{ID: t.known.ID, Name: t.Name, Keywords: t.Keywords, Examples: t.known.Examples, ArchivedAt: t.known.ArchivedAt}
	}
	e.brand, err = community.AddBrand(ctx, tx, community.Brand{Slug: "brand", Name: "Brand", Language: e.s.Language, ReviewSeed: fmt.Sprint(e.opt.Seed)}, topics)
	if err != nil {
		return err
	}
	known, err := community.Topics(ctx, tx, e.brand.ID)
	if err != nil {
		return err
	}
	for i := range e.s.People {
		for n := range e.s.People[i].Count {
			if err := e.hire(ctx, tx, &e.s.People[i], n, known); err != nil {
				return err
			}
		}
	}
	return e.settle(ctx, tx)
}

// hire makes one of the people a member.
func (e *engine) hire(ctx context.Context, tx listeners.Tx, k *People, n int, topics []community.Topic) error {
	name := fmt.Sprintf("%s %d", k.Name, n+1)
	one, err := access.AddPerson(ctx, tx, access.Person{Email: strings.ReplaceAll(name, " ", ".") + "@example.com", Name: name, Language: e.s.Language})
	if err != nil {
		return err
	}
	m := community.Member{BrandID: e.brand.ID, PersonID: one.ID, Role: k.Role, Trust: k.Trust, PublicName: name, Languages: k.Languages}
	if len(m.Languages) == 0 {
		m.Languages = []string{"vi", "en"}
	}
	for _, t := range topics {
		if len(k.Topics) == 0 || slices.Contains(k.Topics, t.Name) {
			m.Topics = append(m.Topics, t.ID)
		}
	}
	if m, err = community.AddMember(ctx, tx, m); err != nil {
		return err
	}
	if k.Role.Employee() && k.Hours == 0 {
		if err := community.SetDuty(ctx, tx, &m, m.ID, true, dutyOf(k, e.s.Zone)); err != nil {
			return err
		}
	}
	if k.Care {
		if err := community.SetCare(ctx, tx, &m, true); err != nil {
			return fmt.Errorf("people %q: %w", k.Name, err)
		}
	}
	if k.Push > 0 {
		d := community.Device{
			PersonID: one.ID, Epoch: one.Epoch, Endpoint: fmt.Sprintf("https://push.test/%d", m.ID), Name: "phone",
			P256dh: base64.RawURLEncoding.EncodeToString(make([]byte, 65)), Auth: base64.RawURLEncoding.EncodeToString(make([]byte, 16)),
		}
		if _, err := community.AddDevice(ctx, tx, d); err != nil {
			return fmt.Errorf("people %q: %w", k.Name, err)
		}
	}
	e.people = append(e.people, &person{
		kind: k, member: m.ID, name: name, dice: dice(e.opt.Seed, 1000+uint64(m.ID)), agreed: map[int64]bool{}, days: map[int]time.Duration{},
	})
	return nil
}

// dutyOf are the hours in which employees of a kind are there.
func dutyOf(k *People, zone string) community.Hours {
	h := community.Hours{Zone: zone}
	for day := time.Sunday; day <= time.Saturday; day++ {
		if len(k.Days) == 0 || slices.Contains(k.Days, int(day)) {
			h.Spans = append(h.Spans, community.Span{Day: day, From: k.From * 60, To: k.To * 60})
		}
	}
	return h
}

// settle makes what the scenario sets hold.
func (e *engine) settle(ctx context.Context, tx listeners.Tx) error {
	if e.s.Review == nil && e.s.Pack == "" && e.s.past == nil {
		return nil
	}
	one, err := access.AddPerson(ctx, tx, access.Person{Email: "admin@example.com", Name: "Admin", Language: e.s.Language})
	if err != nil {
		return err
	}
	admin, err := community.AddMember(ctx, tx, community.Member{BrandID: e.brand.ID, PersonID: one.ID, Role: community.Admin, PublicName: "Admin", Languages: []string{"vi", "en"}})
	if err != nil {
		return err
	}
	if e.s.Review != nil {
		if err := community.Set(ctx, tx, &admin, *e.s.Review); err != nil {
			return err
		}
	}
	v := moderation.RuleVersion{BrandID: e.brand.ID, MadeBy: admin.ID, CreatedAt: tx.Now()}
	for _, p := range rules.Packs {
		if p.Name == e.s.Pack {
			v.Value = rules.Set{Zone: e.s.Zone, Rules: p.Rules, Overflow: &p.Overflow}
		}
	}
	if e.s.past != nil {
		v.Value = e.s.past.rules.Value
		for _, row := range e.s.past.settings {
			row.BrandID = e.brand.ID
			if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
				return fmt.Errorf("copy the setting %s: %w", row.Section, err)
			}
		}
	}
	if len(v.Value.Rules) == 0 {
		return nil
	}
	if _, err := tx.NewInsert().Model(&v).Exec(ctx); err != nil {
		return fmt.Errorf("set the rules: %w", err)
	}
	return nil
}

// dawn plans a day: what customers write, and once a week who comes when.
func (e *engine) dawn(_ context.Context, day int) error {
	if e.opt.Progress != nil {
		e.opt.Progress(day, e.s.Days)
	}
	for _, a := range e.s.arrivals(day, e.crowd) {
		e.at(a.at, func(ctx context.Context) error { return e.arrive(ctx, a) })
	}
	if day%7 != 0 {
		return nil
	}
	for _, p := range e.people {
		for _, s := range p.sittings(&e.s, day) {
			e.at(s.from, func(ctx context.Context) error { return e.come(ctx, p, s.to) })
		}
	}
	return nil
}

// run plays to the end of the last day.
func (e *engine) run(ctx context.Context) error {
	end := e.s.midnight(e.s.Days)
	if e.s.until > 0 {
		end = e.s.midnight(0).Add(e.s.until)
	}
	if err := e.until(ctx, end); err != nil {
		return err
	}
	return e.settleAll(ctx)
}

// until plays what happens before a moment.
func (e *engine) until(ctx context.Context, end clock.Time) error {
	for len(e.events) > 0 && e.events[0].at < end && len(e.violated) < mostViolations {
		if err := ctx.Err(); err != nil {
			return err
		}
		next := heap.Pop(&e.events).(event)
		if by := next.at.Sub(e.now()); by > 0 {
			e.hands.Advance(by)
		}
		if err := e.step(ctx, next.do); err != nil {
			return err
		}
	}
	if by := end.Sub(e.now()); by > 0 {
		e.hands.Advance(by)
	}
	return nil
}

// step does one thing and all that follows from it at once, and looks whether everything still holds.
func (e *engine) step(ctx context.Context, do func(context.Context) error) error {
	err := do(ctx)
	if e.wire.dead {
		err = e.restart(ctx)
	}
	if err != nil {
		return err
	}
	for len(e.jobs) > 0 {
		job := e.jobs[0]
		e.jobs = e.jobs[1:]
		e.note("job " + job.Args.Kind())
		e.changed = true
		if push, ok := job.Args.(community.PushJob); ok { // there is no push service in the tunnel
			e.rings(push)
			continue
		}
		if err := e.app.Do(ctx, job.Args); err != nil {
			return fmt.Errorf("job %s: %w", job.Args.Kind(), err)
		}
	}
	e.steps++
	if err := e.breath.breathe(ctx); err != nil {
		return err
	}
	return e.look(ctx, false)
}

// restart opens the product anew after it was killed. What people had open is lost to them; what they had not
// sent they do again.
func (e *engine) restart(ctx context.Context) error {
	e.crashes++
	e.note("killed")
	if err := e.app.Close(); err != nil {
		return fmt.Errorf("after a crash: %w", err)
	}
	if err := e.open(ctx); err != nil {
		return fmt.Errorf("after a crash: %w", err)
	}
	for _, p := range e.people {
		if p.here && p.doing == nil {
			p.visit++
			e.again(p, lookAgain)
		}
	}
	e.sending = 0
	e.hearing = false
	e.hear()
	e.expectReply()
	return nil
}

// arrive lets a customer write.
func (e *engine) arrive(ctx context.Context, a arrival) error {
	e.talked++
	author := cmp.Or(a.author, fmt.Sprintf("c%d", e.talked))
	id, err := e.stage.say(ctx, e.s.Network, author, a.text, a.inReplyTo)
	if err != nil {
		return err
	}
	e.posts++
	e.note("wrote " + id)
	e.changed = true
	e.hear()
	if e.draws(e.s.Trouble.Careless / 2) {
		e.after(time.Duration(1+e.weather.IntN(60))*time.Minute, func(ctx context.Context) error {
			e.deleted[id] = true
			e.note("deleted " + id)
			return e.stage.remove(ctx, id)
		})
	}
	return nil
}

// hear looks at the network soon.
func (e *engine) hear() {
	if e.hearing {
		return
	}
	e.hearing = true
	e.after(hearEvery, e.listen)
}

// listen hears what is new on the network.
func (e *engine) listen(ctx context.Context) error {
	e.hearing = false
	e.app.Poller.Tick(ctx)
	if e.wire.dead {
		return nil
	}
	var c listeners.Connection
	if err := e.app.DB.Read().NewSelect().Model(&c).Where("id = ?", e.connection).Scan(ctx); err != nil {
		return err
	}
	if c.State != listeners.On {
		return fmt.Errorf("the connection is %s: %s", c.State, c.Error)
	}
	if c.HeardAt != e.now() { // it failed, or somebody who died holds it
		e.hearing = true
		e.at(max(c.FetchAt, c.LeaseUntil, e.now().Add(time.Second)), e.listen)
	}
	e.note("heard", int64(c.Failures))
	return nil
}

// expectReply looks at the outbox when something falls due there.
func (e *engine) expectReply() {
	at := e.now().Add(undo)
	if e.sending != 0 && e.sending <= at {
		return
	}
	e.sending = at
	e.at(at, func(ctx context.Context) error {
		if e.sending != at {
			return nil
		}
		return e.deliver(ctx)
	})
}

// deliver sends what is due, one reply after the other.
func (e *engine) deliver(ctx context.Context) error {
	e.sending = 0
	const most = 200
	for range most {
		before := e.now()
		due, pace, err := e.nextDue(ctx)
		if err != nil || due == 0 {
			return err
		}
		if due = max(due, pace); due > before {
			e.sending = due
			e.at(due, func(ctx context.Context) error {
				if e.sending != due {
					return nil
				}
				return e.deliver(ctx)
			})
			return nil
		}
		e.app.Deliverer.Tick(ctx)
		if e.wire.dead {
			return nil
		}
		if err := e.react(ctx, before); err != nil {
			return err
		}
	}
	e.after(time.Second, e.deliver)
	return nil
}

// nextDue is when the next reply falls due, and before when the connection posts nothing.
func (e *engine) nextDue(ctx context.Context) (due, pace clock.Time, err error) {
	err = e.app.DB.Read().NewRaw(`SELECT COALESCE(MIN(due_at), 0) FROM (SELECT due_at FROM replies WHERE state IN ('waiting', 'queued', 'sending', 'retry', 'ambiguous')
		UNION ALL SELECT due_at FROM announcements WHERE state IN ('queued', 'sending', 'retry', 'ambiguous')
		UNION ALL SELECT due_at FROM receipts WHERE state IN ('queued', 'sending', 'retry', 'ambiguous')) AS outbox`).Scan(ctx, &due)
	if err != nil || due == 0 {
		return 0, 0, err
	}
	var doubts clock.Time
	err = e.app.DB.Read().NewRaw(`SELECT COALESCE(MIN(due_at), 0) FROM replies WHERE state IN ('sending', 'ambiguous')`).Scan(ctx, &doubts)
	if err != nil || doubts != 0 && doubts <= e.now() { // is read back whatever the pace
		return due, 0, err
	}
	err = e.app.DB.Read().NewRaw(`SELECT COALESCE(send_at, 0) FROM connections WHERE id = ?`, e.connection).Scan(ctx, &pace)
	if doubts != 0 {
		pace = min(pace, doubts)
	}
	return due, pace, err
}

// react lets the customers of replies that have just arrived read them.
func (e *engine) react(ctx context.Context, since clock.Time) error {
	var sent []struct {
		ID, NativeID, Handle string
		AnswerID             int64
		Language             string
	}
	err := e.app.DB.Read().NewRaw(`SELECT r.id, r.native_id, r.answer_id, c.language, a.handle FROM replies r JOIN cases c ON c.id = r.case_id
		JOIN accounts a ON a.id = c.account_id WHERE r.state = 'sent' AND r.sent_at >= ? ORDER BY r.sent_at, r.answer_id`, since).Scan(ctx, &sent)
	if err != nil {
		return err
	}
	for _, r := range sent {
		if e.heardOf[r.ID] {
			continue
		}
		e.heardOf[r.ID] = true
		e.note("sent "+number(r.NativeID), r.AnswerID)
		e.hear() // our own post is heard as well
		own := dice(e.opt.Seed, 1<<40+uint64(r.AnswerID))
		share, words := e.s.Customers.Return, thanks
		if e.poor[r.AnswerID] {
			share, words = max(share, 0.6), again
		}
		if own.Float64() >= share {
			continue
		}
		all := words[tongueOf(r.Language)]
		a := arrival{text: all[own.IntN(len(all))], inReplyTo: number(r.NativeID), author: r.Handle}
		e.after(time.Duration(5+own.IntN(180))*time.Minute, func(ctx context.Context) error { return e.arrive(ctx, a) })
	}
	return nil
}

// sweep does what falls due by itself.
func (e *engine) sweep(ctx context.Context) error {
	e.after(sweepEvery, e.sweep)
	e.changed = true
	if err := e.app.Sweep(ctx); err != nil {
		return err
	}
	e.expectReply()
	return e.watchStorm(ctx)
}

func (e *engine) readCase(ctx context.Context, id int64, into *community.Case) error {
	return e.app.DB.Read().NewSelect().Model(into).Where("c.id = ?", id).Scan(ctx)
}
