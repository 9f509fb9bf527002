package moderation_test

import (
	"context"
	"testing"
	"time"

	"github.com/kith-social/kith/listeners"
)

// replica is another process that delivers from the same database.
func (s *shop) replica() *listeners.Deliverer {
	o := s.out
	return &listeners.Deliverer{
		Transact: o.Transact, Read: o.Read, Open: o.Open, Done: o.Done, Now: o.Now, Jitter: o.Jitter, Log: o.Log,
		Readback: o.Readback, Lease: o.Lease, Timeout: o.Timeout, AtOnce: o.AtOnce,
	}
}

// standing is a network as a process sees it that stands still in the middle of a call: in the look before a
// reply, or when the reply has been made and nobody has said so yet.
type standing struct {
	*fakeNetwork
	inLook       bool
	enter, leave chan struct{}
}

func (n standing) still() {
	n.enter <- struct{}{}
	<-n.leave
}

func (n standing) Hydrate(ctx context.Context, ids []string) (listeners.Page, error) {
	if n.inLook {
		n.still()
	}
	return n.fakeNetwork.Hydrate(ctx, ids)
}

func (n standing) Reply(ctx context.Context, r listeners.Outgoing) (listeners.Sent, error) {
	sent, err := n.fakeNetwork.Reply(ctx, r)
	if !n.inLook {
		n.still()
	}
	return sent, err
}

// TestTwoProcessesFinishOneDelivery: the lease of one ends in the middle of its call, and another takes the
// reply up. It is sent once, and told once, whatever the first one does when it goes on.
func TestTwoProcessesFinishOneDelivery(t *testing.T) {
	for name, inLook := range map[string]bool{"before it is sent": true, "after it is sent": false} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, s *shop) {
				_, a := s.isAnswered("lananh")
				second := s.replica()
				n := standing{s.net, inLook, make(chan struct{}), make(chan struct{})}
				s.out.Open = func(listeners.Connection) (listeners.Channel, error) { return n, nil }
				s.clock.Advance(11 * time.Second)
				ended := make(chan struct{})
				go func() { s.out.Tick(t.Context()); close(ended) }()
				<-n.enter
				second.Tick(t.Context())
				if r := s.wantReply(a, listeners.Sending, ""); r.Attempts != 1 {
					t.Errorf("a reply with a lease was taken: %d attempts", r.Attempts)
				}
				for range 12 { // the lease takes a minute
					s.clock.Advance(10 * time.Second)
					second.Tick(t.Context())
				}
				before := s.wantReply(a, listeners.Delivered, "")
				close(n.leave)
				<-ended
				if after := s.wantReply(a, listeners.Delivered, ""); after.Version != before.Version || len(s.net.posted) != 1 {
					t.Errorf("%d posts; the first process made version %d of %d", len(s.net.posted), after.Version, before.Version)
				}
				if n := s.number("SELECT COUNT(*) FROM activities WHERE kind = 'reply_sent'"); n != 1 {
					t.Errorf("the history tells %d times that it was sent", n)
				}
			})
		})
	}
}
