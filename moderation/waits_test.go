package moderation_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
)

// brings lets a network bring one post, as a scripted channel would, and gives its case.
func (s *shop) brings(id string, change func(*listeners.Post)) community.Case {
	s.t.Helper()
	p := listeners.Post{
		NativeID: id, ThreadKey: id, Author: listeners.Author{NativeID: "c" + id, Handle: "c" + id, Name: "c" + id},
		Reason: listeners.Mentioned, Text: "Quán mở cửa mấy giờ ạ?", Delivery: listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}, CreatedAt: s.clock.Now(),
	}
	change(&p)
	s.do(s.intake.Sink(s.conn, []listeners.Post{p}))
	return s.caseOf(id)
}

// admin is somebody who may set things.
func (s *shop) admin() *community.Member {
	m := *s.people["minh"]
	m.Role = community.Admin
	return &m
}

func (s *shop) setWaits(change func(*community.Waits)) {
	s.t.Helper()
	w := community.DefaultWaits
	change(&w)
	s.do(func(ctx context.Context, tx listeners.Tx) error { return moderation.SetWaits(ctx, tx, s.admin(), w) })
	if err := s.intake.Refresh(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.intake.Forget(s.brand.ID)
}

// TestAChatIsDueInSeconds: whoever writes in a chat sits in front of it. They come first, are nobody's but the
// employees', and starve nobody who wrote in public.
func TestAChatIsDueInSeconds(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		public := s.brings("90001", func(*listeners.Post) {})
		chat := s.brings("90002", func(p *listeners.Post) { p.Surface = listeners.InChat })
		if chat.Lane != community.Staff || chat.LaneWhy != "private" || !chat.Private || chat.Span() != 30*time.Second || public.Span() != 2*time.Hour {
			t.Fatalf("a chat is %+v, a post %+v", chat, public)
		}
		if left := chat.DueAt.Sub(chat.CustomerAt); left <= 0 || left > 30*time.Second || chat.PromisedAt() != chat.CustomerAt.Add(30*time.Second) {
			t.Errorf("a chat is due after %v, promised until %v", left, chat.PromisedAt())
		}
		later := s.clock.Now().Add(time.Minute)
		if c, p := chat.Priority(later), public.Priority(later); c <= p || c < 80 {
			t.Errorf("after a minute a chat has priority %d, a post %d", c, p)
		}
		s.clock.Advance(3 * time.Hour)
		fresh := s.brings("90003", func(p *listeners.Post) { p.Surface, p.Text = listeners.InChat, furious })
		if fresh.DueAt <= public.DueAt || fresh.Priority(s.clock.Now()) > public.Priority(s.clock.Now()) {
			t.Errorf("a chat that just began stands before a post of three hours ago: %d, %d", fresh.DueAt, public.DueAt)
		}
		s.setWaits(func(w *community.Waits) { w.Chat = 90 })
		if c := s.brings("90004", func(p *listeners.Post) { p.Surface = listeners.InChat }); c.Span() != 90*time.Second {
			t.Errorf("with 90 seconds set a chat may wait %v", c.Span())
		}
		for _, wrong := range []community.Waits{{Review: 120, Private: 120, Chat: 4}, {Review: 9, Private: 120, Chat: 30}, {Review: 120, Private: 20000, Chat: 30}} {
			if wrong.Check() == nil {
				t.Errorf("%+v is taken", wrong)
			}
		}
		err := s.try(func(ctx context.Context, tx listeners.Tx) error {
			return moderation.SetWaits(ctx, tx, s.people["minh"], community.DefaultWaits)
		})
		if !errors.Is(err, community.ErrNotAllowed) {
			t.Errorf("a moderator sets how long places wait: %v", err)
		}
	})
}

// TestReachCountsWhereItMay: how many follow a customer is kept, roughly, where the brand wants it and the network's
// terms allow it; it moves the case up, goes with the customer, and is forgotten when it is switched off.
func TestReachCountsWhereItMay(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		allowed := true
		s.intake.Network = func(string) listeners.Network { return listeners.Network{Policy: listeners.Policy{Reach: allowed}} }
		known := func(c community.Case) (a listeners.Account) {
			if err := s.db.Read().NewSelect().Model(&a).Where("id = ?", c.AccountID).Scan(t.Context()); err != nil {
				t.Fatal(err)
			}
			return a
		}
		popular := func(p *listeners.Post) { p.Author.Followers = 123_456 }
		if c := s.brings("91001", popular); c.Reach != 0 || known(c).Reach != 0 {
			t.Errorf("a brand that wants to know nothing keeps %v, %d", c.Reach, known(c).Reach)
		}
		s.setWaits(func(w *community.Waits) { w.Reach = true })
		quiet, star := s.brings("91002", func(*listeners.Post) {}), s.brings("91003", popular)
		if known(star).Reach != 100_000 || star.Reach < 2.4 || star.Reach > 2.6 || star.Urgency != quiet.Urgency {
			t.Errorf("of 123,456 followers %d are kept, which count %v (%+v)", known(star).Reach, star.Reach, star)
		}
		if star.DueAt >= quiet.DueAt || star.Priority(s.clock.Now()) <= quiet.Priority(s.clock.Now()) {
			t.Errorf("with followers due %d, without %d", star.DueAt, quiet.DueAt)
		}
		noise := s.brings("91004", func(p *listeners.Post) { popular(p); p.Text = "kiếm tiền online, lh zalo 0912345678" })
		if noise.Reach > star.Reach/2 {
			t.Errorf("the followers of noise count %v", noise.Reach)
		}
		again := s.brings("91005", func(p *listeners.Post) {
			p.Author = listeners.Author{NativeID: "c91003", Handle: "c91003", Name: "c91003"}
		})
		if again.AccountID != star.AccountID || again.Reach != star.Reach || known(again).Reach != 100_000 {
			t.Errorf("a post that says nothing of followers: %+v", again)
		}
		allowed = false
		if c := s.brings("91006", popular); c.Reach != 0 || known(c).Reach != 0 {
			t.Errorf("a network that forbids it: %v, %d kept", c.Reach, known(c).Reach)
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := community.Erase(ctx, tx, known(star), s.people["minh"].ID)
			return err
		})
		if c := s.now(star); c.Reach != 0 || known(c).Reach != 0 {
			t.Errorf("after the customer was erased %v stays, %d followers", c.Reach, known(c).Reach)
		}
		allowed = true
		other := s.brings("91007", popular)
		s.setWaits(func(*community.Waits) {})
		if kept := known(other).Reach; kept != 0 {
			t.Errorf("switched off, %d followers stay", kept)
		}
	})
}

// TestPromisesAtRiskAreTheBrands: a brand that promises an hour is called before the hour is over.
func TestPromisesAtRiskAreTheBrands(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			return moderation.Set(ctx, tx, s.admin(), community.Promised{Minutes: 60, Raise: 70, Staff: 90})
		})
		s.intake.Forget(s.brand.ID)
		s.manyWrite(6, calmPost)
		s.clock.Advance(35 * time.Minute)
		if live, _ := s.watches(); len(live) != 0 {
			t.Fatalf("with 25 minutes left people are called for %+v", live)
		}
		s.clock.Advance(10 * time.Minute)
		if live, _ := s.watches(); len(live) != 1 || live[0].Kind != moderation.PromiseAlert || live[0].Detail.Cases != 6 {
			t.Errorf("with 15 minutes left people are called for %+v", live)
		}
		s.clock.Advance(16 * time.Minute)
		if n, err := community.CountAtRisk(t.Context(), s.db.Read(), s.brand.ID, s.clock.Now()); err != nil || n != 0 {
			t.Errorf("what is late counts as at risk: %d (%v)", n, err)
		}
	})
}
