package moderation_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// paidNetwork takes money for replies.
type paidNetwork struct{ *fakeNetwork }

func (n paidNetwork) Measure(text string) listeners.Length {
	l := n.fakeNetwork.Measure(text)
	l.Cost = 15_000
	return l
}

func (n paidNetwork) Reply(ctx context.Context, r listeners.Outgoing) (listeners.Sent, error) {
	sent, err := n.fakeNetwork.Reply(ctx, r)
	sent.Spend = []listeners.Spend{{Unit: "reply", N: 1, Cost: 15_000}}
	return sent, err
}

func TestAReplyBeyondTheBudgetWaits(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.out.Open = func(listeners.Connection) (listeners.Channel, error) { return paidNetwork{s.net}, nil }
		budget := func(most listeners.MicroUSD) {
			s.do(func(ctx context.Context, tx listeners.Tx) error { return listeners.SetBudget(ctx, tx, s.conn.ID, most) })
		}
		budget(20_000) // one reply
		for _, who := range []string{"an", "binh"} {
			id := s.writes(who, "Giao hàng mấy ngày vậy?", "")
			c := s.caseOf(id)
			s.claim("minh", c)
			s.do(func(ctx context.Context, tx listeners.Tx) error {
				_, err := s.desk.Submit(ctx, tx, s.people["minh"], c.ID, 0, "Dạ hàng đi trong nội thành một ngày, đi tỉnh hai đến ba ngày ạ, "+who)
				return err
			})
			s.clock.Advance(11 * time.Second)
			s.out.Tick(t.Context())
		}
		spent := func() listeners.MicroUSD {
			sum, err := listeners.MonthSpent(t.Context(), s.db.Read(), s.conn.ID, s.clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			return sum
		}
		if len(s.net.posted) != 1 || spent() != 15_000 {
			t.Fatalf("%d replies left for %d, want one for 15000", len(s.net.posted), spent())
		}
		if n := s.number("SELECT COUNT(*) FROM replies WHERE state = 'retry' AND error = 'over_budget'"); n != 1 {
			t.Error("the other does not wait for the budget")
		}
		budget(40_000)
		s.clock.Advance(time.Second)
		s.out.Tick(t.Context())
		if len(s.net.posted) != 2 || spent() != 30_000 {
			t.Errorf("with a raised budget %d replies left for %d", len(s.net.posted), spent())
		}
	})
}

// payingReads is a paidNetwork that takes money for reads too: 1000 for a look at a post, 2000 for looking
// for a reply.
type payingReads struct{ paidNetwork }

func (n payingReads) Capabilities() listeners.Capabilities {
	facts := n.fakeNetwork.Capabilities()
	facts.PageCost = 2_000
	return facts
}

func (n payingReads) Hydrate(ctx context.Context, ids []string) (listeners.Page, error) {
	page, err := n.fakeNetwork.Hydrate(ctx, ids)
	page.Spend = []listeners.Spend{{Unit: "post_read", N: 1, Cost: 1_000}}
	return page, err
}

func (n payingReads) Reconcile(ctx context.Context, r listeners.Outgoing, since clock.Time) (listeners.Verdict, listeners.Sent, error) {
	verdict, sent, err := n.fakeNetwork.Reconcile(ctx, r, since)
	sent.Spend = []listeners.Spend{{Unit: "owned_read", N: 2, Cost: 2_000}}
	return verdict, sent, err
}

func (s *shop) pays() {
	s.out.Open = func(listeners.Connection) (listeners.Channel, error) { return payingReads{paidNetwork{s.net}}, nil }
}

func (s *shop) budget(most listeners.MicroUSD) {
	s.t.Helper()
	s.do(func(ctx context.Context, tx listeners.Tx) error { return listeners.SetBudget(ctx, tx, s.conn.ID, most) })
}

// wantSpent compares the book of the month: units with what each cost.
func (s *shop) wantSpent(want map[string]listeners.MicroUSD) {
	s.t.Helper()
	all, err := listeners.Spending(s.t.Context(), s.db.Read(), s.conn.ID, s.clock.Now())
	got := map[string]listeners.MicroUSD{}
	for _, e := range all {
		got[e.Unit] = e.Cost
	}
	if err != nil || !maps.Equal(got, want) {
		s.t.Errorf("spent %v (%v), want %v", got, err, want)
	}
}

// TestEveryCallOfADeliveryIsBooked: the look before, the reply, the reply that was made although nobody said
// so, each look for it, and the look at a member's link.
func TestEveryCallOfADeliveryIsBooked(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.pays()
		_, a := s.isAnswered("lananh")
		s.passes(time.Minute, 20*time.Second)
		s.wantReply(a, listeners.Delivered, "")
		s.wantSpent(map[string]listeners.MicroUSD{"post_read": 1_000, "reply": 15_000})

		_, lost := s.isAnswered("minhtu")
		s.net.lose, s.net.hide = failing(listeners.Ambiguous), true
		s.passes(18*time.Second, 6*time.Second) // sent, and looked for once
		s.net.hide = false
		s.passes(time.Minute, 10*time.Second)
		s.wantReply(lost, listeners.Delivered, "")
		s.wantSpent(map[string]listeners.MicroUSD{"post_read": 2_000, "reply": 30_000, "owned_read": 4_000})

		s.net.lose, s.net.doubt = nil, s.nextPost()
		_, unsure := s.isAnswered("hoang")
		s.passes(15*time.Minute, 20*time.Second)
		r := s.wantReply(unsure, listeners.AskHuman, "ambiguous")
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			return s.out.Decide(ctx, tx, s.brand.ID, r.ID, listeners.Word{There: true})
		})
		s.wantSpent(map[string]listeners.MicroUSD{"post_read": 3_000, "reply": 45_000, "owned_read": 12_000})

		hand := s.replyTo(a)
		hand.ParentID = "1"
		network := listeners.Network{Link: func(listeners.Settings, string) string { return "9000" }}
		if _, _, err := s.out.Verify(t.Context(), hand, network, "https://x.example/lan/9000", "", false); err == nil {
			t.Error("a link to an empty post is taken")
		}
		s.wantSpent(map[string]listeners.MicroUSD{"post_read": 4_000, "reply": 45_000, "owned_read": 12_000})
		s.budget(62_000)
		if _, _, err := s.out.Verify(t.Context(), hand, network, "https://x.example/lan/9000", "", false); classOf(err) != listeners.OverBudget {
			t.Errorf("a look that the budget does not bear gives %v", err)
		}
		s.wantSpent(map[string]listeners.MicroUSD{"post_read": 4_000, "reply": 45_000, "owned_read": 12_000})
	})
}

// TestADoubtWithoutMoneyIsShown: a reply that may be on the network and that nobody can pay to look for is
// neither sent again nor forgotten. It is shown to those who decide, and looked for once there is money.
func TestADoubtWithoutMoneyIsShown(t *testing.T) {
	for name, end := range map[string]func(*shop, listeners.Reply){
		"the budget is raised": func(s *shop, _ listeners.Reply) { s.budget(30_000) },
		"a new month begins":   func(s *shop, _ listeners.Reply) { s.passes(10*24*time.Hour, time.Hour) },
		"a person has looked": func(s *shop, r listeners.Reply) {
			s.do(func(ctx context.Context, tx listeners.Tx) error {
				return s.out.Decide(ctx, tx, s.brand.ID, r.ID, listeners.Word{There: true})
			})
			if err := s.try(func(ctx context.Context, tx listeners.Tx) error {
				return s.out.Decide(ctx, tx, s.brand.ID, r.ID, listeners.Word{})
			}); !errors.Is(err, listeners.ErrNotInDoubt) {
				s.t.Errorf("a second word gives %v", err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, s *shop) {
				s.pays()
				_, a := s.isAnswered("lananh")
				s.net.lose = failing(listeners.Ambiguous)
				s.passes(11*time.Second, 11*time.Second)
				s.budget(2_500) // the look before, but not the one after
				s.passes(2*time.Hour, time.Minute)
				r := s.wantReply(a, listeners.InDoubt, "over_budget")
				shown, err := listeners.Unsettled(t.Context(), s.db.Read(), s.brand.ID, 10)
				if err != nil || len(shown) != 1 || shown[0].ID != r.ID {
					t.Errorf("shown to those who decide: %v, %v", shown, err)
				}
				doctor := &listeners.Doctor{Read: s.db.Read(), Now: s.clock.Now}
				if tally, err := doctor.Tally(t.Context(), s.conn.ID); err != nil || tally.Asked != 1 {
					t.Errorf("the doctor counts %+v, %v", tally, err)
				}
				if n := s.number("SELECT COUNT(*) FROM activities WHERE kind = 'reply_doubtful'"); n != 1 {
					t.Errorf("the history tells of it %d times", n)
				}
				s.wantSpent(map[string]listeners.MicroUSD{"post_read": 1_000})
				end(s, r)
				s.passes(2*time.Minute, time.Minute)
				if s.wantReply(a, listeners.Delivered, ""); len(s.net.posted) != 1 || r.Attempts != 1 {
					t.Errorf("%d posts after %d attempts", len(s.net.posted), r.Attempts)
				}
			})
		})
	}
}

func classOf(err error) listeners.Class {
	var e *listeners.Error
	if errors.As(err, &e) {
		return e.Class
	}
	return ""
}

// nextPost is the id of the next post that a customer writes.
func (s *shop) nextPost() string { return fmt.Sprint(1001 + s.posts) }

// payingWall is a wall that takes money for what changes posts, and none for looking at them.
type payingWall struct{ *wall }

func (w payingWall) Capabilities() listeners.Capabilities {
	facts := w.wall.Capabilities()
	facts.ChangeCost = map[listeners.ChangeKind]listeners.MicroUSD{listeners.EditReply: 3_000, listeners.DeleteReply: 10_000, listeners.HidePost: 5_000}
	return facts
}

// TestEveryChangeIsBooked: once each, also one that was made although the network did not say so, and none that
// was refused. What the budget does not bear waits, and goes on once it does.
func TestEveryChangeIsBooked(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		w := s.onWall()
		s.out.Open = func(listeners.Connection) (listeners.Channel, error) { return payingWall{w}, nil }
		c, _, r := s.isThere("lananh")
		if _, err := s.correct("lan", r, right); err != nil {
			t.Fatal(err)
		}
		w.lost = failing(listeners.Ambiguous)
		s.passes(time.Minute, 5*time.Second)
		s.wantChange(c, listeners.Changed, "")
		s.wantSpent(map[string]listeners.MicroUSD{"edit": 3_000})
		w.lost, w.refuse = nil, failing(listeners.Forbidden)
		if err := s.hides("minh", c, true); err != nil {
			t.Fatal(err)
		}
		s.passes(time.Minute, 5*time.Second)
		s.wantChange(c, listeners.NotChanged, "forbidden")
		s.wantSpent(map[string]listeners.MicroUSD{"edit": 3_000})
		w.refuse = nil
		s.budget(10_000)
		if err := s.deletes("minh", r, community.WasWrong, true); err != nil {
			t.Fatal(err)
		}
		s.passes(10*time.Second, 5*time.Second)
		if s.wantChange(c, listeners.ChangeQueued, "over_budget"); w.stands[r.NativeID] != right {
			t.Errorf("on the network stands %q", w.stands[r.NativeID])
		}
		s.budget(13_000)
		s.passes(10*time.Second, 5*time.Second)
		s.wantChange(c, listeners.Changed, "")
		s.wantSpent(map[string]listeners.MicroUSD{"edit": 3_000, "delete": 10_000})
	})
}
