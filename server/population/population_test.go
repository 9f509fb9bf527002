package population

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/db/dbtest"
	"github.com/kith-social/kith/server/servertest"
)

// sort is a way of taking part.
type sort string

const (
	honest sort = "honest"
	peer   sort = "peer" // honest, a guide, and reviews
	lazy   sort = "lazy"
	copier sort = "copier" // one text for everything
	ring   sort = "ring"   // writes rubbish, approved by
	keeper sort = "keeper" // the half of the ring who are guides
	puppet sort = "puppet" // asks with accounts of their own
	spam   sort = "spam"   // hands everything over
	speed  sort = "speed"  // row upon row within seconds
)

// habits are what a sort does in a sitting: answers, minutes for each, and how likely a customer is content.
var habits = map[sort]struct {
	answers int
	minutes float64
	content float64
}{
	honest: {2, 6, 0.6}, peer: {1, 6, 0.6}, lazy: {1, 4, 0.3}, copier: {4, 1, 0.15}, ring: {3, 1, 0.1}, keeper: {0, 0, 0}, puppet: {2, 3, 1}, spam: {4, 0.5, 0},
	speed: {5, 0.4, 0.1},
}

type person struct {
	name string
	sort sort
	id   int64
	work time.Duration
}

func (p *person) fair() bool { return p.sort == honest || p.sort == peer || p.sort == lazy }

// scene is one population and its days.
type scene struct {
	*testing.T
	w      *servertest.World
	dice   *rand.Rand
	people []*person
	staff  []string
	byID   map[int64]*person
	asked  int
	posts  int
	began  clock.Time // of the ring
	taken  int
}

func play(t *testing.T, seed uint64, cast map[sort]int, staff, days int) *scene {
	t.Helper()
	s := &scene{T: t, w: servertest.Start(t, dbtest.SQLite(t)), dice: rand.New(rand.NewPCG(seed, 7)), byID: map[int64]*person{}}
	join := func(name string, role community.Role, trust int) int64 {
		s.w.Join(community.Member{PublicName: name, Role: role, Trust: trust})
		return int64(s.w.Count("SELECT id FROM members WHERE public_name = ?", name))
	}
	for i := range staff {
		name := fmt.Sprint("staff", i)
		role := community.Moderator
		if i == 0 {
			role = community.Admin
		}
		join(name, role, 1)
		s.staff = append(s.staff, name)
	}
	for _, kind := range []sort{honest, peer, lazy, copier, ring, keeper, puppet, spam, speed} {
		for i := range cast[kind] {
			p := &person{name: fmt.Sprint(kind, i), sort: kind}
			trust := 1
			if kind == peer || kind == keeper {
				trust = community.Guide
			}
			p.id = join(p.name, community.Advocate, trust)
			s.people, s.byID[p.id] = append(s.people, p), p
		}
	}
	s.w.Write(func(ctx context.Context, tx listeners.Tx) error { // a day is full early, so that the taper bites
		t, err := gamification.TableOf(ctx, tx, s.w.Brand.ID)
		if err != nil {
			return err
		}
		terms := map[gamification.Rule]gamification.Terms{}
		for _, r := range gamification.Rules {
			terms[r] = t.Pays(r)
		}
		if t, err = t.Of(terms, 20); err != nil {
			return err
		}
		var admin community.Member
		if err := tx.NewSelect().Model(&admin).Where("public_name = ?", s.staff[0]).Scan(ctx); err != nil {
			return err
		}
		return community.SetPoints(ctx, tx, &admin, t, t.Version)
	})
	for day := range days {
		for range 2 {
			s.sitting(day)
		}
		s.w.Advance(15 * time.Hour)
		s.decide()
	}
	return s
}

// task is an answer that somebody is to write.
type task struct {
	by     *person
	post   string
	author string
	id     string
	topic  int
}

// sitting is a part of a day: questions come, people answer and review, customers come back.
func (s *scene) sitting(day int) {
	var tasks []*task
	var posts []servertest.Post
	for _, p := range s.people {
		if (p.sort == ring || p.sort == keeper) && day < 1 {
			continue
		}
		n := habits[p.sort].answers
		switch {
		case p.name == "honest0":
			n += 4 // the best
		case p.fair() && s.dice.Float64() < 0.3:
			n-- // nobody is always there
		}
		for range n {
			s.asked++
			t := &task{by: p, author: fmt.Sprint("khach", s.asked), topic: s.dice.IntN(2)}
			if p.sort == puppet {
				t.author = fmt.Sprint("nick", s.asked)
			}
			if p.fair() && s.dice.IntN(8) == 0 { // some customers come again
				t.author = fmt.Sprint("khachquen", s.dice.IntN(30))
			}
			tasks = append(tasks, t)
			posts = append(posts, servertest.Post{Author: t.author, Text: fmt.Sprintf("@%s %s số %d ạ?", servertest.Handle, []string{"cho mình hỏi quán mở cửa mấy giờ ở chi nhánh", "bao lâu thì giao hàng tới quận"}[t.topic], s.asked)})
		}
	}
	s.posts += len(posts)
	ids := s.w.Say(posts)
	for i, t := range tasks {
		t.post = ids[i]
	}
	s.heard()
	for _, t := range tasks {
		t.id = fmt.Sprint(s.w.Count("SELECT case_id FROM mentions WHERE native_id = ?", t.post))
	}
	at := func(sorts ...sort) (some []*task) {
		for _, t := range tasks {
			if slices.Contains(sorts, t.by.sort) {
				some = append(some, t)
			}
		}
		return some
	}
	s.w.Advance(20 * time.Second)
	for _, t := range at(speed) {
		s.claims(t)
		s.answers(t, fmt.Sprintf("Dạ bạn xem trên trang của quán giúp em nhé, chuyện số %d thì trên đó có cả ạ.", s.dice.IntN(1e6)))
	}
	staged := at(puppet)
	for _, t := range staged {
		s.claims(t)
	}
	s.w.Advance(time.Minute)
	for _, t := range staged {
		s.answers(t, fmt.Sprintf("Dạ quán mở từ bảy giờ sáng tới mười giờ tối mỗi ngày nhé bạn %d.", s.dice.IntN(1e6)))
	}
	s.review(day)
	s.sent()
	s.w.Advance(2 * time.Minute)
	s.back(staged)
	rest := at(honest, peer, lazy, copier, ring)
	s.w.Advance(time.Duration(5+s.dice.IntN(20)) * time.Minute)
	for _, t := range append(rest, at(spam)...) {
		s.claims(t)
	}
	s.w.Advance(6 * time.Minute)
	for _, t := range rest {
		text := fmt.Sprintf("Dạ chuyện của bạn em đã xem, câu %d thì bạn ghé chi nhánh gần nhất hoặc nhắn em thêm nhé.", s.dice.IntN(1e6))
		if t.by.sort == copier {
			text = "Dạ bạn vui lòng tắt ứng dụng rồi mở lại, sau đó thử lại lần nữa giúp em nhé ạ."
		}
		s.answers(t, text)
	}
	for _, t := range at(spam) {
		s.hands(t)
	}
	s.review(day)
	s.sent()
	s.w.Advance(90 * time.Minute)
	s.back(append(rest, at(speed)...))
	s.w.Advance(2 * time.Hour)
}

func (s *scene) heard() {
	s.w.Wait(2*servertest.Soon, "posts are not heard", func() bool {
		return s.w.Count("SELECT COUNT(*) FROM mentions WHERE NOT ours AND case_id IS NOT NULL") >= s.posts
	})
}

func (s *scene) sent() {
	s.w.Wait(2*servertest.Soon, "answers do not leave", func() bool {
		return s.w.Count("SELECT COUNT(*) FROM replies WHERE state IN ('waiting', 'queued', 'sending', 'retry', 'ambiguous')") == 0
	})
}

func (s *scene) claims(t *task) {
	if status := s.w.As(t.by.name).Try(http.MethodPost, "/cases/"+t.id+"/claim", nil, nil); status != http.StatusOK {
		t.id = ""
	}
}

func (s *scene) answers(t *task, text string) {
	t.by.work += time.Duration(habits[t.by.sort].minutes * float64(time.Minute))
	if t.id == "" {
		return
	}
	if status := s.w.As(t.by.name).Try(http.MethodPost, "/cases/"+t.id+"/answers", map[string]string{"text": text}, nil); status != http.StatusCreated {
		t.id = ""
	}
}

// hands lets somebody hand over what they could answer; employees say so, mostly.
func (s *scene) hands(t *task) {
	t.by.work += time.Duration(habits[spam].minutes * float64(time.Minute))
	if t.id == "" || s.w.As(t.by.name).Try(http.MethodPost, "/cases/"+t.id+"/escalate", map[string]string{"reason": "cần tra đơn"}, nil) >= 300 {
		return
	}
	right := s.dice.Float64() < 0.2
	s.w.Write(func(ctx context.Context, tx listeners.Tx) error {
		var m community.Member
		if err := tx.NewSelect().Model(&m).Where("public_name = ?", s.staff[0]).Scan(ctx); err != nil {
			return err
		}
		var id int64
		if _, err := fmt.Sscan(t.id, &id); err != nil {
			return err
		}
		return community.JudgeHandover(ctx, tx, &m, id, right)
	})
}

// review lets keepers wave their own through, peers read some of the rest, and employees what is left.
func (s *scene) review(int) {
	var queue struct {
		Items []struct{ Answer servertest.Answer }
	}
	s.w.As(s.staff[0]).Do(http.MethodGet, "/reviews?limit=100", nil, &queue)
	var keepers, peers []*person
	for _, p := range s.people {
		switch p.sort {
		case keeper:
			keepers = append(keepers, p)
		case peer:
			peers = append(peers, p)
		}
	}
	for _, waits := range queue.Items {
		a := waits.Answer
		by := s.byID[int64(s.w.Count("SELECT member_id FROM answers WHERE id = "+a.ID))]
		approve := func(p *person, minutes float64) bool {
			if p.id == by.id {
				return false
			}
			p.work += time.Duration(minutes * float64(time.Minute))
			return s.w.As(p.name).Try(http.MethodPost, "/answers/"+a.ID+"/approve", nil, nil) == http.StatusOK
		}
		if by.sort == ring && len(keepers) > 0 {
			if s.began == 0 {
				s.began = s.w.App.Now()
			}
			if approve(keepers[s.dice.IntN(len(keepers))], 0.2) {
				continue
			}
		}
		if by.fair() && len(peers) > 0 && s.dice.Float64() < 0.5 && approve(peers[s.dice.IntN(len(peers))], 2) {
			continue
		}
		who := s.w.As(s.staff[s.dice.IntN(len(s.staff))])
		if by.sort == copier && s.dice.Float64() < 0.3 {
			who.Try(http.MethodPost, "/answers/"+a.ID+"/return", map[string]string{"reason": "Bạn đọc lại câu hỏi giúp mình nhé."}, nil)
			continue
		}
		who.Try(http.MethodPost, "/answers/"+a.ID+"/approve", nil, nil)
	}
}

// back lets customers say whether it helped.
func (s *scene) back(tasks []*task) {
	var posts []servertest.Post
	for _, t := range tasks {
		said := ""
		switch luck, content := s.dice.Float64(), habits[t.by.sort].content; {
		case t.id == "":
		case luck < content:
			said = "xong rồi, cảm ơn quán nhé"
		case luck > 1-(1-content)/4:
			said = "vẫn chưa được ạ"
		}
		if said != "" {
			posts = append(posts, servertest.Post{Author: t.author, Text: fmt.Sprintf("@%s %s", servertest.Handle, said), InReplyTo: t.post})
		}
	}
	if len(posts) > 0 {
		s.posts += len(posts)
		s.w.Say(posts)
		s.heard()
	}
}

// decide waits until detectors have run, and lets an employee decide what is open: they see through cheaters and
// clear who is honest.
func (s *scene) decide() {
	now := s.w.App.Now()
	s.w.Wait(servertest.Soon, "detectors do not run", func() bool {
		return s.w.Count("SELECT COUNT(*) FROM fair_looks WHERE detector = 'circle' AND looked_at >= ?", now.Add(-time.Hour)) > 0
	})
	open, err := gamification.FairCases(s.Context(), s.w.App.DB.Read(), s.w.Brand.ID, true, 100)
	if err != nil {
		s.Fatal(err)
	}
	for _, c := range open {
		p := s.byID[c.MemberID]
		s.w.Write(func(ctx context.Context, tx listeners.Tx) error {
			var m community.Member
			if err := tx.NewSelect().Model(&m).Where("public_name = ?", s.staff[len(s.staff)-1]).Scan(ctx); err != nil {
				return err
			}
			if !p.fair() {
				s.taken++
			}
			return community.DecideFair(ctx, tx, &m, c.ID, !p.fair(), "I have looked at each of these cases.")
		})
	}
}

// perHour is what somebody earned for an hour of work.
func (s *scene) perHour(p *person) float64 {
	points := s.w.As(p.name).Points()
	return float64(points.Balance+points.Pending+points.Frozen) / max(p.work.Hours(), 1.0/60)
}

// figures logs a line for each sort, and returns the median of the honest.
func (s *scene) figures() float64 {
	by := map[sort][]float64{}
	for _, p := range s.people {
		by[p.sort] = append(by[p.sort], s.perHour(p))
	}
	for _, kind := range []sort{honest, peer, lazy, copier, ring, keeper, puppet, spam, speed} {
		if of := by[kind]; len(of) > 0 {
			slices.Sort(of)
			s.Logf("%-7s %2d: points an hour %6.1f to %6.1f, median %6.1f; frozen %d times", kind, len(of), of[0], of[len(of)-1], of[len(of)/2], s.freezes(func(p *person) bool { return p.sort == kind }))
		}
	}
	return by[honest][len(by[honest])/2]
}

func (s *scene) freezes(of func(*person) bool) (n int) {
	for _, p := range s.people {
		if of(p) {
			n += s.w.Count("SELECT COUNT(*) FROM fair_cases WHERE member_id = ?", p.id)
		}
	}
	return n
}

// proves checks the six conditions.
func (s *scene) proves() {
	median := s.figures()
	for _, p := range s.people { // (a)
		if !p.fair() && s.perHour(p) >= median {
			s.Errorf("%s earns %.1f points an hour, the median of the honest is %.1f", p.name, s.perHour(p), median)
		}
		earned := s.w.Count("SELECT COUNT(*) FROM point_entries WHERE member_id = ? AND amount > 0", p.id)
		if (p.sort == ring || p.sort == keeper) && earned > 0 { // (b); who has nothing has nothing to freeze
			found := clock.Time(s.w.Count("SELECT COALESCE(MIN(created_at), 0) FROM fair_cases WHERE detector = 'circle' AND member_id = ?", p.id))
			if found == 0 || found.Sub(s.began) > 48*time.Hour {
				s.Errorf("%s of the ring was found after %s", p.name, found.Sub(s.began))
			}
		}
	}
	all, frozen := 0, 0 // (c)
	for _, p := range s.people {
		if p.fair() {
			all += s.w.Count("SELECT COUNT(*) FROM point_entries WHERE member_id = ? AND amount > 0", p.id)
			frozen += s.w.Count("SELECT COUNT(*) FROM point_freezes WHERE member_id = ?", p.id)
		}
	}
	s.Logf("%d posts; of %d entries of honest people %d were frozen; %d cases were taken back", s.posts, all, frozen, s.taken)
	if float64(frozen) >= 0.005*float64(all) {
		s.Errorf("of %d entries of honest people %d were frozen", all, frozen)
	}
	s.tapers()
	s.verifies()
	s.reverses()
}

// tapers is (f): the best of the honest go on earning when their day is full.
func (s *scene) tapers() {
	var fair []*person
	for _, p := range s.people {
		if p.fair() {
			fair = append(fair, p)
		}
	}
	slices.SortFunc(fair, func(a, b *person) int {
		return -cmp.Compare(s.w.As(a.name).Points().Balance, s.w.As(b.name).Points().Balance)
	})
	for _, p := range fair[:max(1, len(fair)/20)] {
		paid := s.w.Count("SELECT COUNT(*) FROM point_entries WHERE member_id = ? AND brake LIKE '%taper%' AND amount > 0", p.id)
		none := s.w.Count("SELECT COUNT(*) FROM point_entries WHERE member_id = ? AND brake LIKE '%taper%' AND amount = 0", p.id)
		if paid == 0 || none > 0 {
			s.Errorf("%s, one of the best: %d entries of full days paid, %d did not", p.name, paid, none)
		}
	}
}

// verifies is (e): what is reckoned again from the ledger is what everybody has.
func (s *scene) verifies() {
	s.Helper()
	wrong, err := moderation.VerifyPoints(s.Context(), s.w.App.DB.Read())
	if err != nil || len(wrong) > 0 {
		s.Errorf("the ledger contradicts itself: %q, %v", wrong[:min(5, len(wrong))], err)
	}
	for _, p := range s.people {
		points := s.w.As(p.name).Points()
		if sum := s.w.Count("SELECT COALESCE(SUM(amount), 0) FROM point_entries WHERE member_id = ?", p.id); points.Balance+points.Pending+points.Frozen != sum {
			s.Errorf("%s has %+v, the entries add up to %d", p.name, points, sum)
		}
	}
}

// reverses is (d): every taking back that is appealed and given back restores the balance to the bit, and taking
// back all there is leaves nothing.
func (s *scene) reverses() {
	now := s.w.App.Now()
	for _, p := range s.people {
		taken := s.w.Count("SELECT COALESCE(SUM(-amount), 0) FROM point_entries WHERE member_id = ? AND reason = 'unfair'", p.id)
		before := s.w.Count("SELECT COALESCE(SUM(amount), 0) FROM point_entries WHERE member_id = ?", p.id)
		gone := s.w.Count("SELECT COALESCE(SUM(-r.amount), 0) FROM point_entries r JOIN point_freezes f ON f.entry_id = r.reverses_id WHERE r.member_id = ? AND r.reason = 'unfair' AND f.gone_at IS NOT NULL", p.id)
		s.w.Write(func(ctx context.Context, tx listeners.Tx) error {
			cases, err := gamification.FairCasesOf(ctx, tx, p.id, 1000)
			if err != nil {
				return err
			}
			for _, c := range cases {
				if c.State != gamification.FairTaken {
					continue
				}
				if err := gamification.AppealFair(ctx, tx, now, &c, "an appeal for the proof"); err != nil {
					return err
				}
				if err := gamification.DecideFairAppeal(ctx, tx, now, &c, s.people[0].id, true, "given back for the proof"); err != nil {
					return err
				}
			}
			return nil
		})
		if after := s.w.Count("SELECT COALESCE(SUM(amount), 0) FROM point_entries WHERE member_id = ?", p.id); after != before+taken-gone {
			s.Errorf("%s had %d, %d were taken back, and has %d after all was given back", p.name, before, taken, after)
		}
	}
	s.verifies()
	var events []string
	if err := s.w.App.DB.Read().NewRaw("SELECT DISTINCT event FROM point_entries WHERE reverses_id IS NULL").Scan(s.Context(), &events); err != nil {
		s.Fatal(err)
	}
	s.w.Write(func(ctx context.Context, tx listeners.Tx) error {
		for _, e := range events {
			if err := gamification.Reverse(ctx, tx, now, e, gamification.NotSent); err != nil {
				return err
			}
		}
		return nil
	})
	for _, p := range s.people {
		if sum := s.w.Count("SELECT COALESCE(SUM(amount), 0) FROM point_entries WHERE member_id = ?", p.id); sum != 0 {
			s.Errorf("%s keeps %d when all is taken back", p.name, sum)
		}
	}
}

// TestPopulation is of all sorts: with KITH_POPULATION=small few people for three days, with full more of them for 28.
func TestPopulation(t *testing.T) {
	if os.Getenv("KITH_POPULATION") == "" {
		t.Skip("skipped: KITH_POPULATION=small plays three days, full 28")
	}
	cast, days := map[sort]int{honest: 7, peer: 3, lazy: 1, copier: 1, ring: 3, keeper: 3, puppet: 1, spam: 1, speed: 1}, 3
	if os.Getenv("KITH_POPULATION") == "full" {
		cast[honest], cast[peer], cast[lazy], days = 30, 6, 4, 28
	}
	play(t, 1, cast, 3, days).proves()
}

// TestHonestPopulation is a community without a cheater: nobody is ever frozen.
func TestHonestPopulation(t *testing.T) {
	if os.Getenv("KITH_POPULATION") == "" {
		t.Skip("skipped: KITH_POPULATION=small plays three days, full 28")
	}
	cast, days := map[sort]int{honest: 16, peer: 4}, 1
	if os.Getenv("KITH_POPULATION") == "full" {
		days = 28
	}
	s := play(t, 2, cast, 3, days)
	s.figures()
	if n := s.freezes(func(*person) bool { return true }); n > 0 {
		t.Errorf("%d freezes among honest people", n)
	}
	s.verifies()
}

// TestWhatDetectorsRead reads what each of them looks at on both databases.
func TestWhatDetectorsRead(t *testing.T) {
	servertest.Each(t, func(t *testing.T, w *servertest.World) {
		for _, watch := range gamification.Watches {
			signs, err := community.ReadSigns(t.Context(), w.App.DB.Read(), w.Brand.ID, w.App.Now(), watch)
			if err != nil {
				t.Fatal(err)
			}
			if hits := watch.Detect(signs, w.App.Now()); len(hits) > 0 {
				t.Errorf("%s finds %v where nothing is", watch.Detector, hits)
			}
		}
	})
}
