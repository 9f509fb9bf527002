package moderation_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

func (s *shop) noticed(who string) []community.Kind {
	s.t.Helper()
	var kinds []community.Kind
	err := s.db.Read().NewRaw(`SELECT json_extract(args, '$.about') FROM river_job WHERE kind = 'notice' AND json_extract(args, '$.member_id') = ? ORDER BY id`,
		s.people[who].ID).Scan(s.t.Context(), &kinds)
	if err != nil {
		err = s.db.Read().NewRaw(`SELECT args->>'about' FROM river_job WHERE kind = 'notice' AND (args->>'member_id')::bigint = ? ORDER BY id`,
			s.people[who].ID).Scan(s.t.Context(), &kinds)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return kinds
}

func has(kinds []community.Kind, kind community.Kind) bool {
	for _, k := range kinds {
		if k == kind {
			return true
		}
	}
	return false
}

func (s *shop) wantStaff(c community.Case, why string) community.Case {
	s.t.Helper()
	now := s.caseOf(c.ThreadKey)
	if now.Lane != community.Staff || now.LaneWhy != why {
		s.t.Fatalf("case is in the lane %s (%s), want staff (%s)", now.Lane, now.LaneWhy, why)
	}
	return now
}

func TestAPersonIsAskedFor(t *testing.T) {
	t.Run("at first", func(t *testing.T) {
		each(t, func(t *testing.T, s *shop) {
			s.wantStaff(s.caseOf(s.writes("lananh", "gap nv", "")), "wants_person")
		})
	})
	t.Run("while somebody writes", func(t *testing.T) {
		each(t, func(t *testing.T, s *shop) {
			post := s.writes("lananh", "quán mở cửa mấy giờ ạ?", "")
			c := s.caseOf(post)
			s.claim("huy", c)
			s.clock.Advance(time.Minute)
			s.writes("lananh", "cho em gặp người thật với", post)
			if now := s.wantStaff(c, "wants_person"); now.State != community.Open || now.HolderID != 0 {
				t.Errorf("case is %s, held by %d; want it free", now.State, now.HolderID)
			}
			if !has(s.noticed("huy"), community.LaneRaised) {
				t.Error("the holder was not told")
			}
		})
	})
	t.Run("while an answer waits for review", func(t *testing.T) {
		each(t, func(t *testing.T, s *shop) {
			post := s.writes("lananh", "quán mở cửa mấy giờ ạ?", "")
			c := s.caseOf(post)
			s.claim("huy", c)
			a := s.answer("huy", c, "Dạ quán mở từ 7h tới 22h ạ")
			s.clock.Advance(time.Minute)
			s.writes("lananh", "I want to talk to a human", post)
			now := s.wantStaff(c, "wants_person")
			notes, err := community.Notes(t.Context(), s.db.Read(), s.people["minh"], &now)
			if err != nil || len(notes) != 1 || notes[0].Handover.Draft != a.Text || len(notes[0].Handover.Asked) != 1 {
				t.Errorf("staff find %+v (%v), want what was asked and what huy had written", notes, err)
			}
			if err := s.try(func(ctx context.Context, tx listeners.Tx) error {
				_, err := s.desk.Approve(ctx, tx, s.people["minh"], a.ID, "")
				return err
			}); !errors.Is(err, community.ErrDecided) {
				t.Errorf("approval gave %v, want that nothing waits any more", err)
			}
		})
	})
	t.Run("after the case has ended, with thanks", func(t *testing.T) {
		each(t, func(t *testing.T, s *shop) {
			post := s.writes("lananh", "quán mở cửa mấy giờ ạ?", "")
			c := s.caseOf(post)
			s.claim("lan", c)
			s.answer("lan", c, "Dạ quán mở từ 7h tới 22h ạ")
			s.clock.Advance(time.Minute)
			s.out.Tick(t.Context())
			s.clock.Advance(time.Minute)
			s.writes("lananh", "cảm ơn bạn, cho mình gặp nhân viên nha", post)
			s.wantStaff(s.want(c, community.Open), "wants_person")
			if p := s.points("lan"); p.Pending != 0 {
				t.Errorf("%+v: thanks were paid to somebody who did not help", p)
			}
		})
	})
}

func TestOptOutIsHonoured(t *testing.T) {
	t.Run("what waits does not leave, in any thread", func(t *testing.T) {
		each(t, func(t *testing.T, s *shop) {
			first := s.writes("lananh", "quán mở cửa mấy giờ ạ?", "")
			c := s.caseOf(first)
			s.claim("lan", c)
			s.answer("lan", c, "Dạ quán mở từ 7h tới 22h ạ")
			other := s.caseOf(s.writes("lananh", "có ship về bình dương không shop?", ""))
			s.claim("huy", other)
			b := s.answer("huy", other, "Dạ có nha")
			s.clock.Advance(time.Second)
			last := s.writes("lananh", "đừng nhắn nữa", "")
			s.want(s.caseOf(last), community.Closed)
			s.clock.Advance(time.Minute)
			s.out.Tick(t.Context())
			if len(s.net.posted) != 0 {
				t.Fatalf("posted %v to somebody who wants to hear nothing", s.net.posted)
			}
			s.wantStaff(c, community.LaneOptedOut)
			s.wantStaff(other, community.LaneOptedOut)
			for _, who := range []string{"lan", "huy"} {
				if !has(s.noticed(who), community.CustomerOptedOut) {
					t.Errorf("%s was not told", who)
				}
			}
			if err := s.try(func(ctx context.Context, tx listeners.Tx) error {
				_, err := s.desk.Approve(ctx, tx, s.people["minh"], b.ID, "")
				return err
			}); err == nil {
				t.Error("an answer was approved to somebody who opted out")
			}
			if p := s.points("lan"); p.Balance != 0 {
				t.Errorf("%+v for an answer that did not leave", p)
			}
		})
	})
	t.Run("only a question asked later, only by an employee", func(t *testing.T) {
		each(t, func(t *testing.T, s *shop) {
			s.writes("lananh", "stop messaging me", "")
			s.clock.Advance(time.Hour)
			said := s.caseOf(s.writes("lananh", "ly nước hôm nay dở quá, thất vọng", ""))
			asked := s.caseOf(s.writes("lananh", "mấy giờ quán đóng cửa vậy?", ""))
			s.wantStaff(said, community.LaneOptedOut)
			s.wantStaff(asked, community.LaneOptedOut)
			submit := func(who string, c community.Case) error {
				return s.try(func(ctx context.Context, tx listeners.Tx) error {
					if _, err := community.ClaimCase(ctx, tx, s.people[who], c.ID); err != nil {
						return err
					}
					_, err := s.desk.Submit(ctx, tx, s.people[who], c.ID, 0, "Dạ quán đóng cửa lúc 22h ạ")
					return err
				})
			}
			if err := submit("minh", said); !errors.Is(err, community.ErrOptedOut) {
				t.Errorf("an answer to what asks nothing gave %v, want ErrOptedOut", err)
			}
			if err := submit("lan", asked); err == nil {
				t.Error("an advocate answered somebody who opted out")
			}
			if err := submit("minh", asked); err != nil {
				t.Errorf("an employee's answer to a question gave %v", err)
			}
			s.clock.Advance(time.Minute)
			s.out.Tick(t.Context())
			if len(s.net.posted) != 1 {
				t.Errorf("posted %d answers, want the one that was asked for", len(s.net.posted))
			}
		})
	})
	t.Run("a reply that is tried again meanwhile", func(t *testing.T) {
		each(t, func(t *testing.T, s *shop) {
			c := s.caseOf(s.writes("lananh", "quán mở cửa mấy giờ ạ?", ""))
			s.claim("lan", c)
			s.answer("lan", c, "Dạ quán mở từ 7h tới 22h ạ")
			s.do(func(ctx context.Context, tx listeners.Tx) error { // heard where no case could cancel the reply
				return listeners.OptOut(ctx, tx, c.AccountID, s.clock.Now())
			})
			s.clock.Advance(time.Minute)
			s.out.Tick(t.Context())
			if len(s.net.posted) != 0 {
				t.Fatal("the outbox sent it")
			}
			s.wantStaff(c, community.LaneOptedOut)
			if !has(s.noticed("lan"), community.CustomerOptedOut) {
				t.Error("the author was not told")
			}
		})
	})
}

func TestUntakenCasesClimb(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c := s.caseOf(s.writes("lananh", "quán mở cửa mấy giờ ạ?", ""))
		taken := s.caseOf(s.writes("tuan", "có wifi không ạ?", ""))
		promised := s.clock.Now().Add(community.Promise)
		climb := func() int {
			n := 0
			due, err := community.Climbs(t.Context(), s.db.Read(), s.clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			s.do(func(ctx context.Context, tx listeners.Tx) (err error) {
				n, err = community.Climb(ctx, tx, 100)
				return err
			})
			if due != (n > 0) {
				t.Errorf("Climbs says %v, and %d climbed", due, n)
			}
			return n
		}
		left := func(percent int64) time.Duration { return community.Promise * time.Duration(100-percent) / 100 }
		s.clock.Advance(promised.Sub(s.clock.Now()) - left(69))
		if n := climb(); n != 0 {
			t.Fatalf("%d cases climbed too early", n)
		}
		s.claim("huy", taken)
		s.clock.Advance(community.Promise * 2 / 100)
		if n := climb(); n != 1 || !has(s.noticed("lan"), community.CaseWaits) || has(s.noticed("huy"), community.CaseWaits) {
			t.Fatalf("%d climbed; trusted were told %v, newcomers %v", n, s.noticed("lan"), s.noticed("huy"))
		}
		if n := climb(); n != 0 {
			t.Fatalf("%d climbed twice", n)
		}
		if c := s.caseOf(c.ThreadKey); c.Lane != community.Community {
			t.Fatalf("case is in the lane %s before its time", c.Lane)
		}
		s.clock.Advance(promised.Sub(s.clock.Now()) - left(91))
		if n := climb(); n != 1 || !has(s.noticed("minh"), community.CaseWaits) {
			t.Fatalf("%d climbed; staff were told %v", n, s.noticed("minh"))
		}
		// The employees look now, and whoever could answer it still can.
		if now := s.want(c, community.Open); now.Lane != community.Community || s.happened(c, community.CaseWaits) != 2 || !s.offered("lan", c) || !s.offered("minh", c) {
			t.Errorf("case is in the lane %s (%s), told of %d times", now.Lane, now.LaneWhy, s.happened(c, community.CaseWaits))
		}
		if now := s.caseOf(taken.ThreadKey); now.State != community.Claimed || now.Lane != community.Community {
			t.Errorf("a case that somebody holds is %s in the lane %s", now.State, now.Lane)
		}
		if n := climb(); n != 0 {
			t.Errorf("%d climbed past the end", n)
		}
	})
}
