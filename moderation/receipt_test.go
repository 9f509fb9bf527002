package moderation_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/moderation/rules"
)

// acknowledges switches rules on that answer questions with an automatic receipt, on a network whose terms are these.
func (s *shop) acknowledges(terms listeners.Policy) {
	s.t.Helper()
	s.join("boss", community.Admin, 0)
	set := asked()
	set.Rules[0].Do = []rules.Do{{Action: "receipt"}}
	s.decides(set)
	s.intake.NewID = s.desk.NewID
	s.intake.Network = func(string) listeners.Network { return listeners.Network{Policy: terms} }
}

func (s *shop) receipts() (all []listeners.Receipt) {
	s.t.Helper()
	if err := s.db.Read().NewSelect().Model(&all).Order("created_at", "id").Scan(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return all
}

// wantReceipts compares where each receipt stands, as "state" or "state error".
func (s *shop) wantReceipts(want ...string) {
	s.t.Helper()
	var got []string
	for _, r := range s.receipts() {
		got = append(got, strings.TrimSpace(string(r.State)+" "+r.Error))
	}
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		s.t.Errorf("receipts are %q, want %q", got, want)
	}
}

// TestAReceiptIsNoAnswer: a customer is told once a case that the message has arrived; the case stays open, no clock
// stops, the answer leaves behind it, and our own post is not somebody else's answer.
func TestAReceiptIsNoAnswer(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.acknowledges(listeners.Policy{})
		post := s.writes("Lan Anh", calmPost, "")
		c := s.caseOf(post)
		s.writes("Lan Anh", "còn chỗ ngồi không ạ?", post)
		s.passes(2*time.Second, time.Second)
		if len(s.net.posted) != 1 || s.net.posted[0].ParentID != post || s.net.posted[0].Text != moderation.DefaultReceipts.For("vi", "vi", "Lan Anh") {
			t.Fatalf("posted %+v", s.net.posted)
		}
		if got := s.net.posted[0].Text; !strings.Contains(got, "Lan Anh") || !strings.Contains(got, "tự động") {
			t.Errorf("it says %q", got)
		}
		s.wantReceipts("sent")
		sent := s.receipts()[0]
		s.hears(listeners.Post{ // as the network shows it to us
			NativeID: sent.NativeID, ThreadKey: post, ParentID: post, ToID: "Lan Anh", Author: listeners.Author{NativeID: "100", Handle: "saomaicafe"},
			Reason: listeners.Own, Text: "@lananh " + sent.Text, Delivery: listeners.Delivery{Mode: listeners.Blocked, Why: "own"}, CreatedAt: s.clock.Now(),
		})
		if c = s.want(c, community.Open); c.FirstAnswerAt != 0 || c.AnsweredAt != 0 {
			t.Errorf("a clock stopped: %+v", c)
		}
		if n := s.happened(c, community.ReceiptSent); n != 1 {
			t.Errorf("told %d times", n)
		}
		s.clock.Advance(time.Minute)
		s.claim("minh", c)
		a := s.answer("minh", c, "Dạ 7h tới 22h ạ, còn nhiều chỗ lắm ạ")
		s.passes(time.Minute, 10*time.Second)
		s.wantReply(a, listeners.Delivered, "")
		if len(s.net.posted) != 2 {
			t.Errorf("posted %d", len(s.net.posted))
		}
		s.writes("Lan Anh", "vậy thứ bảy có mở cửa không ạ?", post)
		s.passes(time.Minute, 10*time.Second)
		if s.wantReceipts("sent"); len(s.net.posted) != 2 {
			t.Errorf("a case was acknowledged twice: %+v", s.net.posted)
		}
	})
}

// TestWhoGetsNoReceipt: nobody whose network forbids them, who wants to hear nothing, who wrote long ago, or whose
// words are not for us; and no second one of the same words where a network refuses these.
func TestWhoGetsNoReceipt(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.acknowledges(listeners.Policy{NoReceipts: true})
		s.writes("an", calmPost, "")
		s.wantReceipts()
		s.intake.Network = func(string) listeners.Network { return listeners.Network{Policy: listeners.Policy{TextOnce: true}} }
		s.writes("binh", "Quán mình ngon quá, cảm ơn cả nhà!", "")
		quiet := s.caseOf(s.writes("chi", "Quán mình ngon quá, cảm ơn nha!", ""))
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			return listeners.OptOut(ctx, tx, quiet.AccountID, tx.Now())
		})
		s.clock.Advance(time.Minute)
		s.writes("chi", calmPost, "")
		old := func(p listeners.Post) listeners.Post {
			p.ThreadKey, p.Author = p.NativeID, listeners.Author{NativeID: p.NativeID, Handle: p.NativeID}
			p.Reason, p.Text = listeners.Mentioned, calmPost
			return p
		}
		s.hears(
			old(listeners.Post{NativeID: "old", Delivery: listeners.Delivery{Mode: listeners.ByAPI}, CreatedAt: s.clock.Now().Add(-time.Hour)}),
			old(listeners.Post{NativeID: "hand", Delivery: listeners.Delivery{Mode: listeners.Assisted}, CreatedAt: s.clock.Now()}),
			old(listeners.Post{NativeID: "stars", Surface: listeners.InReview, Delivery: listeners.Delivery{Mode: listeners.ByAPI}, CreatedAt: s.clock.Now()}),
		)
		s.wantReceipts()
		s.writes("100 fans!", calmPost, "") // is called by no name
		s.writes("http://x.vn", calmPost, "")
		s.writes("Dung", calmPost, "")
		s.wantReceipts("queued", "queued")
		late := s.caseOf(s.writes("Giang", calmPost, ""))
		s.do(func(ctx context.Context, tx listeners.Tx) error { return listeners.OptOut(ctx, tx, late.AccountID, 1) }) // long before
		s.passes(2*time.Second, time.Second)
		s.wantReceipts("sent", "sent", "cancelled moot")
	})
}

// TestReceiptsAreHeld: by the stop switch and the pace of the network, behind the answers; and what comes too late, or
// after the answer, does not leave.
func TestReceiptsAreHeld(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.acknowledges(listeners.Policy{})
		stop := func(on bool) {
			s.do(func(ctx context.Context, tx listeners.Tx) error {
				f := listeners.RestartBrand
				if on {
					_, err := listeners.StopBrand(ctx, tx, s.brand.ID, 0, "")
					return err
				}
				_, err := f(ctx, tx, s.brand.ID)
				return err
			})
		}
		stop(true)
		s.writes("an", calmPost, "")
		s.passes(5*time.Minute, time.Minute)
		s.wantReceipts("queued")
		stop(false)
		s.passes(time.Second, time.Second)
		s.wantReceipts("sent")
		stop(true)
		s.writes("binh", calmPost, "")
		s.passes(listeners.ReceiptFor, 10*time.Minute)
		stop(false)
		s.passes(time.Second, time.Second)
		s.wantReceipts("sent", "cancelled late")

		c := s.caseOf(s.writes("chi", calmPost, ""))
		s.claim("minh", c)
		s.answer("minh", c, "Dạ 7h tới 22h ạ")
		s.passes(time.Second, time.Second) // the answer waits to be taken back
		s.wantReceipts("sent", "cancelled late", "cancelled moot")

		s.passes(time.Hour, time.Minute)
		s.net.posted, s.net.pace = nil, []listeners.Pace{{Posts: 1, Per: 10 * time.Minute}}
		s.writes("dung", calmPost, "")
		s.writes("em", calmPost, "")
		s.passes(time.Minute, time.Second)
		if len(s.net.posted) != 1 {
			t.Errorf("%d left in ten minutes, want one", len(s.net.posted))
		}
		asked := s.caseOf(s.writes("giang", "Giao hàng mấy ngày vậy?", ""))
		s.claim("minh", asked)
		s.answer("minh", asked, "Dạ hàng đi trong nội thành một ngày ạ")
		s.passes(11*time.Minute, 5*time.Second)
		if len(s.net.posted) != 2 || s.net.posted[1].ParentID != asked.ThreadKey {
			t.Errorf("the answer did not leave first: %+v", s.net.posted)
		}
	})
}

// TestReceiptsExactlyOnce: what may be there is looked for, what cannot be known ends, and nobody is asked.
func TestReceiptsExactlyOnce(t *testing.T) {
	lost := &listeners.Error{Class: listeners.Ambiguous, Err: errors.New("connection reset")}
	for name, mood := range map[string]struct {
		set, then func(*fakeNetwork)
		want      string
		sent      int
	}{
		"the answer was lost":   {set: func(n *fakeNetwork) { n.lose = lost }, want: "sent", sent: 1},
		"the request was lost":  {set: func(n *fakeNetwork) { n.fail = lost }, then: func(n *fakeNetwork) { n.fail = nil }, want: "sent", sent: 1},
		"nobody can know":       {set: func(n *fakeNetwork) { n.lose, n.verdict = lost, listeners.Unknown }, want: "failed ambiguous", sent: 1},
		"not allowed after all": {set: func(n *fakeNetwork) { n.fail = &listeners.Error{Class: listeners.NotEligible, Err: errors.New("no")} }, want: "failed not_eligible"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, s *shop) {
				s.acknowledges(listeners.Policy{})
				c := s.caseOf(s.writes("an", calmPost, ""))
				mood.set(s.net)
				s.passes(time.Second, time.Second)
				if mood.then != nil {
					mood.then(s.net)
				}
				s.passes(25*time.Minute, time.Minute)
				s.wantReceipts(mood.want)
				if len(s.net.posted) != mood.sent {
					t.Errorf("posted %d times", len(s.net.posted))
				}
				if s.want(c, community.Open); s.number("SELECT COUNT(*) FROM replies") != 0 {
					t.Error("it is a reply")
				}
			})
		})
	}
}

// TestAReceiptOfACrash: what was being sent when its process died is looked for, by this one and after a backup.
func TestAReceiptOfACrash(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.acknowledges(listeners.Policy{})
		s.writes("an", calmPost, "")
		s.net.lose = errors.New("the process is gone")
		s.passes(time.Second, time.Second)
		s.net.lose = nil
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := tx.NewRaw("UPDATE receipts SET state = 'sending', native_id = ''").Exec(ctx)
			return err
		})
		s.passes(5*time.Minute, 10*time.Second)
		if s.wantReceipts("sent"); len(s.net.posted) != 1 {
			t.Errorf("posted %d times", len(s.net.posted))
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			if _, err := tx.NewRaw("UPDATE receipts SET state = 'queued', native_id = '', started_at = NULL").Exec(ctx); err != nil {
				return err
			}
			_, err := listeners.DoubtReceipts(ctx, tx)
			return err
		})
		s.passes(5*time.Minute, 10*time.Second)
		if s.wantReceipts("sent"); len(s.net.posted) != 1 {
			t.Errorf("posted %d times after a backup", len(s.net.posted))
		}
	})
}

func TestReceiptTexts(t *testing.T) {
	ok := moderation.DefaultReceipts
	if err := ok.Check(); err != nil {
		t.Error(err)
	}
	for name, s := range map[string]moderation.Receipts{
		"nothing": {}, "no language": {Vietnamese: ok.Vietnamese}, "not said": {Vietnamese: "Chào bạn", English: ok.English},
		"long": {Vietnamese: ok.Vietnamese, English: "automatic" + strings.Repeat("y", 500)},
	} {
		if wrong := (*community.Invalid)(nil); !errors.As(s.Check(), &wrong) {
			t.Errorf("%s: %v", name, s.Check())
		}
	}
	for _, c := range [][3]string{{"en", "An O'Neil", "Hello An O'Neil,"}, {"other", "", "Chào bạn,"}, {"en", "@hack", "Hello there,"}, {"vi", strings.Repeat("x", 41), "Chào bạn,"}} {
		if got := ok.For(c[0], "vi", c[1]); !strings.HasPrefix(got, c[2]) {
			t.Errorf("%q in %s: %q", c[1], c[0], got)
		}
	}
}

// TestReceiptsAreRefused where a rule names a network that forbids them.
func TestReceiptsAreRefused(t *testing.T) {
	terms := func(n string) listeners.Policy { return listeners.Policy{NoReceipts: n == "x"} }
	on := func(op rules.Operator, networks ...string) error {
		set := asked()
		set.Rules[0].Do = []rules.Do{{Action: "receipt"}}
		set.Rules[0].Groups[0].Conditions = append(set.Rules[0].Groups[0].Conditions, rules.Condition{Fact: "network", Op: op, Values: networks})
		return set.Permitted(terms)
	}
	for _, err := range []error{on(rules.OneOf, "x"), on(rules.OneOf, "facebook", "x")} {
		if wrong := (*community.Invalid)(nil); !errors.As(err, &wrong) {
			t.Errorf("allowed: %v", err)
		}
	}
	for _, err := range []error{on(rules.OneOf, "facebook"), on(rules.NoneOf, "x")} {
		if err != nil {
			t.Error(err)
		}
	}
}
