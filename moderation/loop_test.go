package moderation_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/db"
	"github.com/kith-social/kith/server/db/dbtest"
)

// shop is a brand with its people, on a clock that moves by hand, and a network that is a list.
type shop struct {
	t      *testing.T
	db     *db.DB
	clock  *clock.Manual
	brand  community.Brand
	conn   listeners.Connection
	people map[string]*community.Member
	intake *moderation.Intake
	desk   *moderation.Desk
	out    *listeners.Deliverer
	net    *fakeNetwork
	posts  int
}

func each(t *testing.T, story func(*testing.T, *shop)) {
	start := clock.At(time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC))
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			hands := clock.NewManual(func() clock.Time { return start })
			var s *shop
			if engine == "postgres" {
				dbtest.Postgres(t)
			} else {
				t.Setenv("KITH_TEST_POSTGRES", "")
			}
			s = newShop(t, dbtest.New(t, dbtest.Clock(hands.Now)), hands)
			story(t, s)
			if wrong, err := moderation.VerifyPoints(t.Context(), s.db.Read()); err != nil || len(wrong) > 0 {
				t.Errorf("points do not equal their events: %v %q", err, wrong)
			}
		})
	}
}

func newShop(t *testing.T, d *db.DB, hands *clock.Manual) *shop {
	s := &shop{t: t, db: d, clock: hands, people: map[string]*community.Member{}, net: &fakeNetwork{now: hands.Now}}
	s.intake = &moderation.Intake{Read: d.Read(), Rules: moderation.DefaultRules}
	s.desk = &moderation.Desk{
		Network: func(string) listeners.Network {
			return listeners.Network{Measure: func(text string) listeners.Length { return listeners.Length{Used: len([]rune(text)), Limit: 280} }}
		},
		Undo:  10 * time.Second,
		NewID: func() string { return uuid.Must(uuid.NewV7()).String() },
	}
	s.out = &listeners.Deliverer{
		Transact: s.transact, Read: d.Read(), Done: community.Done, Changed: community.Changed, Announced: community.Announced, Acknowledged: community.Acknowledged, Now: hands.Now, Jitter: func() float64 { return 0 },
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Readback: listeners.DefaultReadback, Lease: time.Minute, Timeout: 10 * time.Second, AtOnce: 8,
		Open: func(listeners.Connection) (listeners.Channel, error) { return s.net, nil },
	}
	s.do(func(ctx context.Context, tx listeners.Tx) (err error) {
		s.brand, err = community.AddBrand(ctx, tx, community.Brand{Slug: "saomai", Name: "Sao Mai", Language: "vi", ReviewSeed: "seed"},
			[]community.Topic{{Name: "Giao hàng", Keywords: []string{"giao hàng", "ship"}}})
		if err != nil {
			return err
		}
		for i, p := range []struct {
			name  string
			role  community.Role
			trust int
		}{{"huy", community.Advocate, 1}, {"lan", community.Advocate, 3}, {"minh", community.Moderator, 0}, {"mai", community.Moderator, 0}, {"out", community.Advocate, 0}} {
			var person int64
			err := tx.NewRaw("INSERT INTO persons (email, name, language, password_hash, epoch, created_at) VALUES (?, ?, 'vi', '', 1, ?) RETURNING id",
				fmt.Sprint(i), p.name, tx.Now()).Scan(ctx, &person)
			if err != nil {
				return err
			}
			m, err := community.AddMember(ctx, tx, community.Member{
				BrandID: s.brand.ID, PersonID: person, Role: p.role, Trust: p.trust, PublicName: p.name, Languages: []string{"vi", "en"}, Topics: []int64{1},
			})
			if err != nil {
				return err
			}
			s.people[p.name] = &m
		}
		keys, err := listeners.ParseKeyring(key(t), zero{})
		if err != nil {
			return err
		}
		s.conn, err = listeners.Connect(ctx, tx, keys, listeners.Connection{BrandID: s.brand.ID, Network: "x", NativeID: "100", Handle: "saomaicafe"}, nil)
		return err
	})
	return s
}

type zero struct{}

func (zero) Read(p []byte) (int, error) { return len(p), nil }

func key(t *testing.T) string {
	line, err := listeners.NewKeyLine("k1", zero{})
	if err != nil {
		t.Fatal(err)
	}
	return line
}

const (
	calmPost  = "quán mở cửa mấy giờ ạ?"
	riskyPost = "Tôi bị ngộ độc vì đồ uống của quán, tôi sẽ kiện các người ra tòa và báo công an!"
)

func (s *shop) join(name string, role community.Role, trust int) {
	s.do(func(ctx context.Context, tx listeners.Tx) error {
		var person int64
		err := tx.NewRaw("INSERT INTO persons (email, name, language, password_hash, epoch, created_at) VALUES (?, ?, 'vi', '', 1, ?) RETURNING id",
			name+"@example.com", name, tx.Now()).Scan(ctx, &person)
		if err != nil {
			return err
		}
		m, err := community.AddMember(ctx, tx, community.Member{
			BrandID: s.brand.ID, PersonID: person, Role: role, Trust: trust, PublicName: name, Languages: []string{"vi", "en"}, Topics: []int64{1},
		})
		s.people[name] = &m
		return err
	})
}

// around the clock, every day of the week.
func always() community.Hours {
	var h community.Hours
	for day := time.Sunday; day <= time.Saturday; day++ {
		h.Spans = append(h.Spans, community.Span{Day: day, From: 0, To: 24 * 60})
	}
	return h
}

func (s *shop) transact(ctx context.Context, f func(context.Context, listeners.Tx) error) error {
	return s.db.Transact(ctx, db.Full, func(ctx context.Context, tx db.Tx) error { return f(ctx, tx) })
}

func (s *shop) try(f func(context.Context, listeners.Tx) error) error {
	return s.transact(s.t.Context(), f)
}

func (s *shop) do(f func(context.Context, listeners.Tx) error) {
	s.t.Helper()
	if err := s.try(f); err != nil {
		s.t.Fatal(err)
	}
}

// writes lets a customer post; in is the post answered, "" for a new thread.
func (s *shop) writes(author, text, in string) string {
	s.t.Helper()
	s.posts++
	id := fmt.Sprint(1000 + s.posts)
	thread := in
	if in == "" {
		thread = id
	}
	s.hears(listeners.Post{
		NativeID: id, ThreadKey: thread, ParentID: in, Author: listeners.Author{NativeID: author, Handle: author, Name: author},
		Reason: listeners.Mentioned, Text: text, Delivery: listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}, CreatedAt: s.clock.Now(),
	})
	return id
}

func (s *shop) brandWrites(text, in, thread, to string) {
	s.t.Helper()
	s.posts++
	s.hears(listeners.Post{
		NativeID: fmt.Sprint(1000 + s.posts), ThreadKey: thread, ParentID: in, ToID: to,
		Author: listeners.Author{NativeID: "100", Handle: "saomaicafe"}, Reason: listeners.Own, Text: text,
		Delivery: listeners.Delivery{Mode: listeners.Blocked, Why: "own"}, CreatedAt: s.clock.Now(),
	})
}

func (s *shop) hears(posts ...listeners.Post) {
	s.t.Helper()
	s.do(s.intake.Sink(s.conn, posts))
}

func (s *shop) caseOf(thread string) community.Case {
	s.t.Helper()
	var c community.Case
	if err := s.db.Read().NewSelect().Model(&c).Where("c.thread_key = ?", thread).Scan(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s *shop) claim(who string, c community.Case) {
	s.t.Helper()
	s.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := community.ClaimCase(ctx, tx, s.people[who], c.ID)
		return err
	})
}

func (s *shop) answer(who string, c community.Case, text string) community.Answer {
	s.t.Helper()
	var a community.Answer
	s.do(func(ctx context.Context, tx listeners.Tx) (err error) {
		a, err = s.desk.Submit(ctx, tx, s.people[who], c.ID, 0, text)
		return err
	})
	return a
}

func (s *shop) points(who string) gamification.Points {
	s.t.Helper()
	p, err := gamification.PointsOf(s.t.Context(), s.db.Read(), s.people[who].ID, s.clock.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

func (s *shop) want(c community.Case, state community.State) community.Case {
	s.t.Helper()
	now := s.caseOf(c.ThreadKey)
	if now.State != state {
		s.t.Fatalf("case is %s, want %s", now.State, state)
	}
	return now
}

// fakeNetwork is the far side of the wire: a list of what was posted, and a mood.
type fakeNetwork struct {
	mu     sync.Mutex
	now    clock.Func
	posted []listeners.Outgoing
	fail   error // instead of posting
	lose   error // after posting
	hide   bool  // what was posted is not shown
	gone   bool  // the post answered was deleted

	pace    []listeners.Pace
	doubt   string            // the post under which nothing is ever certain
	verdict listeners.Verdict // of reading back, whatever is there
	shown   []listeners.Post  // by members, for Hydrate
}

func (n *fakeNetwork) Capabilities() listeners.Capabilities {
	return listeners.Capabilities{MaxLength: 280, Pace: n.pace}
}

func (n *fakeNetwork) Check(context.Context) (listeners.Identity, error) {
	return listeners.Identity{NativeID: "100"}, nil
}

func (n *fakeNetwork) Measure(text string) listeners.Length {
	return listeners.Length{Used: len(text), Limit: 280}
}

func (n *fakeNetwork) Hydrate(_ context.Context, ids []string) (page listeners.Page, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, id := range ids {
		post := listeners.Post{NativeID: id}
		for _, p := range n.shown {
			if p.NativeID == id {
				post = p
			}
		}
		if n.gone {
			page.Gone = append(page.Gone, listeners.Removal{NativeID: id, Why: listeners.Deleted})
		} else {
			page.Posts = append(page.Posts, post)
		}
	}
	return page, nil
}

func (n *fakeNetwork) Reply(_ context.Context, r listeners.Outgoing) (listeners.Sent, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.fail != nil {
		return listeners.Sent{}, n.fail
	}
	if n.doubt == r.ParentID {
		return listeners.Sent{}, &listeners.Error{Class: listeners.Ambiguous, Err: errors.New("connection reset")}
	}
	n.posted = append(n.posted, r)
	return listeners.Sent{NativeID: "r" + r.ID}, n.lose
}

func (n *fakeNetwork) Reconcile(_ context.Context, r listeners.Outgoing, _ clock.Time) (listeners.Verdict, listeners.Sent, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.verdict != "" {
		return n.verdict, listeners.Sent{NativeID: "r" + r.ID}, nil
	}
	if n.doubt == r.ParentID {
		return listeners.Unknown, listeners.Sent{}, nil
	}
	for _, p := range n.posted {
		if p.ParentID == r.ParentID && p.Text == r.Text && !n.hide {
			return listeners.Found, listeners.Sent{NativeID: "r" + p.ID}, nil
		}
	}
	return listeners.Absent, listeners.Sent{}, nil
}

var _ http.RoundTripper // the channel below the fake is never reached

func TestLoop(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		post := s.writes("lananh", "@saomaicafe Cho mình hỏi quán mở cửa mấy giờ ạ?", "")
		feed, _, err := community.List(ctx, s.db.Read(), s.people["huy"], community.Wanted{})
		if err != nil || len(feed) != 1 || feed[0].ThreadKey != post {
			t.Fatalf("feed = %v, %v; want the new case", feed, err)
		}
		c := feed[0]
		s.claim("huy", c)
		if err := s.try(func(ctx context.Context, tx listeners.Tx) error {
			_, err := community.ClaimCase(ctx, tx, s.people["lan"], c.ID)
			return err
		}); !errors.Is(err, community.ErrTaken) {
			t.Fatalf("a second claim gave %v, want ErrTaken", err)
		}
		a := s.answer("huy", c, "Dạ quán mở từ 7h tới 22h ạ")
		if a.State != community.Submitted || a.WhyReviewed != "newcomer" {
			t.Fatalf("a newcomer's answer is %s (%s), want it in review", a.State, a.WhyReviewed)
		}
		s.want(c, community.InReview)
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := s.desk.Approve(ctx, tx, s.people["minh"], a.ID, "")
			return err
		})
		s.want(c, community.Answered)
		if got := s.points("huy"); got != (gamification.Points{Balance: 3}) {
			t.Errorf("points after the approval: %+v, want 3", got)
		}
		s.out.Tick(ctx)
		if len(s.net.posted) != 0 {
			t.Fatal("the reply left before the time to take it back was over")
		}
		s.clock.Advance(11 * time.Second)
		s.out.Tick(ctx)
		s.out.Tick(ctx)
		if len(s.net.posted) != 1 || s.net.posted[0].ParentID != post {
			t.Fatalf("posted %v, want one reply to %s", s.net.posted, post)
		}
		s.clock.Advance(time.Minute)
		s.writes("lananh", "Được rồi nha, cảm ơn bạn nhiều!", post)
		s.want(c, community.Resolved)
		if got := s.points("huy"); got != (gamification.Points{Balance: 3, Pending: 15}) {
			t.Errorf("points after the customer's thanks: %+v, want 3 and 15 pending", got)
		}
		s.clock.Advance(49 * time.Hour)
		if got := s.points("huy"); got.Balance != 18 {
			t.Errorf("points after two days: %+v, want 18", got)
		}
		s.writes("lananh", "Hmm vẫn không được, lại hỏng rồi", post)
		s.want(c, community.Open)
		if got := s.points("huy"); got.Balance != 3 {
			t.Errorf("points after the case came back: %+v, want 3", got)
		}
	})
}

func TestTrustedAnswerLeavesWithoutReview(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c := s.caseOf(s.writes("lananh", "quán mở cửa mấy giờ ạ?", ""))
		s.claim("lan", c)
		if a := s.answer("lan", c, "Dạ 7h tới 22h ạ"); a.State != community.Approved {
			t.Fatalf("answer is %s (%s), want approved by the rule", a.State, a.WhyReviewed)
		}
		s.want(c, community.Answered)
	})
}

func TestTakeBack(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c := s.caseOf(s.writes("lananh", "quán mở cửa mấy giờ ạ?", ""))
		s.claim("lan", c)
		a := s.answer("lan", c, "Dạ 7h tới 22h ạ")
		back := func(ctx context.Context, tx listeners.Tx) error {
			_, err := s.desk.TakeBack(ctx, tx, s.people["lan"], a.ID)
			return err
		}
		s.do(back)
		s.want(c, community.Claimed)
		if got := s.points("lan"); got.Balance != 0 {
			t.Errorf("points after taking back: %+v, want none", got)
		}
		s.clock.Advance(time.Minute)
		s.out.Tick(t.Context())
		if len(s.net.posted) != 0 {
			t.Fatal("a reply that was taken back left")
		}
		a = s.answer("lan", c, "Dạ 7h tới 23h ạ")
		s.clock.Advance(time.Minute)
		s.out.Tick(t.Context())
		if err := s.try(back); err == nil {
			t.Fatal("a reply that is on the network was taken back")
		}
		s.want(c, community.Answered)
	})
}

func TestDoubtIsReadBackNotResent(t *testing.T) {
	lost := &listeners.Error{Class: listeners.Ambiguous, Err: errors.New("connection reset")}
	for name, mood := range map[string]struct {
		set  func(*fakeNetwork)
		then func(*fakeNetwork)
		want listeners.ReplyState
		sent int
	}{
		"the answer was lost":            {set: func(n *fakeNetwork) { n.lose = lost }, want: listeners.Delivered, sent: 1},
		"the request was lost":           {set: func(n *fakeNetwork) { n.fail = lost }, then: func(n *fakeNetwork) { n.fail = nil }, want: listeners.Delivered, sent: 1},
		"the network hides it, then not": {set: func(n *fakeNetwork) { n.lose, n.hide = lost, true }, then: func(n *fakeNetwork) { n.hide = false }, want: listeners.Delivered, sent: 1},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, s *shop) {
				c := s.caseOf(s.writes("lananh", "quán mở cửa mấy giờ ạ?", ""))
				s.claim("lan", c)
				a := s.answer("lan", c, "Dạ 7h tới 22h ạ")
				mood.set(s.net)
				s.clock.Advance(time.Minute)
				s.out.Tick(t.Context())
				if mood.then != nil {
					mood.then(s.net)
				}
				for range 20 {
					s.clock.Advance(time.Minute)
					s.out.Tick(t.Context())
				}
				replies, err := listeners.Replies(t.Context(), s.db.Read(), []int64{a.ID})
				if err != nil || replies[a.ID].State != mood.want {
					t.Fatalf("reply is %s, %v; want %s", replies[a.ID].State, err, mood.want)
				}
				if len(s.net.posted) != mood.sent {
					t.Fatalf("posted %d times, want %d", len(s.net.posted), mood.sent)
				}
			})
		})
	}
}

func TestAnsweredElsewhere(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		post := s.writes("lananh", "quán mở cửa mấy giờ ạ?", "")
		c := s.caseOf(post)
		s.claim("lan", c)
		s.answer("lan", c, "Dạ 7h tới 22h ạ")
		s.clock.Advance(time.Second)
		s.brandWrites("7h-22h nha", post, post, "lananh")
		s.want(c, community.AnsweredElsewhere)
		s.clock.Advance(time.Minute)
		s.out.Tick(t.Context())
		if len(s.net.posted) != 0 {
			t.Fatal("a second answer left after the brand answered elsewhere")
		}
		if got := s.points("lan"); got.Balance != 0 {
			t.Errorf("points for an answer that did not leave: %+v", got)
		}
	})
}

func TestOwnPostHeardBeforeItsCustomer(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		other := s.writes("lananh", "chào quán", "")
		thread := "500"
		s.clock.Advance(time.Hour)
		s.brandWrites("Dạ 7h ạ", "501", thread, "lananh")
		s.hears(listeners.Post{
			NativeID: "501", ThreadKey: thread, Author: listeners.Author{NativeID: "lananh", Handle: "lananh", Name: "lananh"}, Reason: listeners.Mentioned,
			Text: "mấy giờ mở?", Delivery: listeners.Delivery{Mode: listeners.ByAPI}, CreatedAt: s.clock.Now().Add(-time.Minute),
		})
		c := s.caseOf(thread)
		if c.State != community.AnsweredElsewhere {
			t.Fatalf("case is %s, want answered elsewhere", c.State)
		}
		posts, err := listeners.Thread(t.Context(), s.db.Read(), c.ID)
		if err != nil || len(posts) != 2 {
			t.Fatalf("thread has %d posts, %v; want both", len(posts), err)
		}
		_ = other
	})
}

func TestStaffLaneIsUnknownToAdvocates(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c := s.caseOf(s.writes("tuan", "Tôi sẽ kiện các người ra tòa! Lừa đảo!!!", ""))
		if c.Lane != community.Staff {
			t.Fatalf("lane is %s (%s), want staff", c.Lane, c.LaneWhy)
		}
		err := s.try(func(ctx context.Context, tx listeners.Tx) error {
			_, err := community.ClaimCase(ctx, tx, s.people["lan"], c.ID)
			return err
		})
		if !errors.Is(err, sql.ErrNoRows) {
			t.Fatalf("claim gave %v, want nothing known", err)
		}
	})
}
