package moderation_test

import (
	"context"
	"testing"
	"time"

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
