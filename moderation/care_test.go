package moderation_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/moderation/rules"
)

func (s *shop) cares(name string, on bool) error {
	return s.try(func(ctx context.Context, tx listeners.Tx) error {
		return community.SetCare(ctx, tx, s.people[name], on)
	})
}

// flows lets cases overflow until none moves.
func (s *shop) flows() {
	s.t.Helper()
	for range 20 {
		due, err := s.intake.OverflowDue(s.t.Context(), s.db.Read(), s.brand.ID, s.clock.Now())
		if err != nil {
			s.t.Fatal(err)
		}
		moved := 0
		s.do(func(ctx context.Context, tx listeners.Tx) (err error) {
			moved, err = s.intake.Overflow(ctx, tx, s.brand.ID)
			return err
		})
		if due != (moved > 0) {
			s.t.Fatalf("something is due: %v, and %d cases moved", due, moved)
		}
		if moved == 0 {
			return
		}
	}
	s.t.Fatal("cases move to and fro")
}

func (s *shop) feedOf(name string) (all []int64) {
	s.t.Helper()
	cases, _, err := community.List(s.t.Context(), s.db.Read(), s.people[name], community.Wanted{Limit: 100})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range cases {
		all = append(all, c.ID)
	}
	return all
}

func (s *shop) claims(name string, id int64) error {
	return s.try(func(ctx context.Context, tx listeners.Tx) error {
		_, err := community.ClaimCase(ctx, tx, s.people[name], id)
		return err
	})
}

// asked are rules that send questions to the staff, up to two of which may wait, or for half an hour.
func asked() rules.Set {
	set := hours()
	set.Rules[0].Do = set.Rules[0].Do[:1]
	set.Rules[0].Groups[0].Conditions = set.Rules[0].Groups[0].Conditions[:1]
	set.Overflow = &rules.Overflow{Waiting: 2, Minutes: 30}
	return set
}

func (s *shop) decides(set rules.Set) {
	s.t.Helper()
	s.ruled(set)
	s.do(func(ctx context.Context, tx listeners.Tx) error {
		return moderation.WatchRules(ctx, tx, s.people["boss"])
	})
	s.clock.Advance(moderation.WatchTime)
	if err := s.switchOn(); err != nil {
		s.t.Fatal(err)
	}
}

// TestCareIsForWhoAskedForIt: an advocate from T2 on who said so sees and claims what is in community-care;
// nobody else does, and who leaves does no longer. Whatever they answer is read.
func TestCareIsForWhoAskedForIt(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.join("boss", community.Admin, 0)
		s.join("new", community.Advocate, 1)
		s.join("able", community.Advocate, 3)
		s.join("calm", community.Advocate, 3)
		if wrong := (*community.Invalid)(nil); !errors.As(s.cares("new", true), &wrong) {
			t.Error("a newcomer is let into community-care")
		}
		if err := s.cares("able", true); err != nil {
			t.Fatal(err)
		}
		set := asked()
		set.Rules[0].Do[0].Value = string(community.Care)
		s.decides(set)
		c := s.caseOf(s.writes("an", calmPost, ""))
		if c.Lane != community.Care || c.LaneWhy != rules.Own+"Hỏi giờ mở cửa" {
			t.Fatalf("the case is in %s (%s)", c.Lane, c.LaneWhy)
		}
		for name, sees := range map[string]bool{"new": false, "calm": false, "able": true, "boss": true} {
			if got := slices.Contains(s.feedOf(name), c.ID); got != sees {
				t.Errorf("%s is offered it: %v", name, got)
			}
			if err := s.claims(name, c.ID); name != "able" && name != "boss" && err == nil {
				t.Errorf("%s claimed it", name)
			}
			if _, err := community.FindCase(t.Context(), s.db.Read(), s.people[name], c.ID); (err == nil) != sees {
				t.Errorf("%s finds it: %v", name, err)
			}
			s.do(func(ctx context.Context, tx listeners.Tx) error {
				_, err := community.ReleaseCase(ctx, tx, s.people[name], c.ID)
				if errors.Is(err, community.ErrNotHeld) || !sees {
					return nil
				}
				return err
			})
		}
		if err := s.claims("able", c.ID); err != nil {
			t.Fatal(err)
		}
		needed, err := s.desk.WhyReview(t.Context(), s.db.Read(), s.people["able"], &c, "Dạ 7h ạ", s.clock.Now())
		if err != nil || needed.Why != string(moderation.CareCase) || !needed.LowRisk {
			t.Errorf("an answer to it needs %+v, %v", needed, err)
		}
		if err := s.cares("able", false); err != nil {
			t.Fatal(err)
		}
		if now := s.caseOf(c.ThreadKey); now.State != community.Open || now.HolderID != 0 {
			t.Errorf("after its holder left, the case is %s", now.State)
		}
		if len(s.feedOf("able")) != 0 || s.claims("able", c.ID) == nil {
			t.Error("who left community-care still sees it")
		}
		s.flows()
		if now := s.caseOf(c.ThreadKey); now.Lane != community.Staff {
			t.Errorf("with nobody there the case is in %s", now.Lane)
		}
	})
}

// TestShieldAndCareExclude: nobody is spared what they ask for.
func TestShieldAndCareExclude(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.join("able", community.Advocate, 2)
		shield := func() {
			s.do(func(ctx context.Context, tx listeners.Tx) error {
				return community.SetShield(ctx, tx, s.people["able"], true)
			})
		}
		is := func(care, shield bool) {
			t.Helper()
			all, err := community.Members(t.Context(), s.db.Read(), s.brand.ID)
			if m := all[s.people["able"].ID]; err != nil || m.Care != care || m.Shield != shield {
				t.Errorf("care %v, shield %v, %v", m.Care, m.Shield, err)
			}
		}
		shield()
		is(false, true)
		if err := s.cares("able", true); err != nil {
			t.Fatal(err)
		}
		is(true, false)
		shield()
		is(false, true)
	})
}

// TestOverflow: what waits for the staff goes to community-care while too much does, the longest waiting first,
// and comes back; what is risky stays, whatever waits. Each move is in the history with why.
func TestOverflow(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.join("boss", community.Admin, 0)
		s.join("able", community.Advocate, 3)
		s.decides(asked())
		var all []string
		for i := range 5 {
			all = append(all, s.writes(fmt.Sprint("c", i), calmPost, ""))
			s.clock.Advance(time.Minute)
		}
		risky := s.writes("r", riskyPost, "")
		in := func(lane community.Lane) (n int) {
			for _, k := range all {
				if s.caseOf(k).Lane == lane {
					n++
				}
			}
			return n
		}
		s.flows()
		if in(community.Staff) != 5 {
			t.Fatalf("with nobody in community-care %d cases are with the staff", in(community.Staff))
		}
		if err := s.cares("able", true); err != nil {
			t.Fatal(err)
		}
		s.flows()
		if in(community.Care) != 4 || s.caseOf(all[4]).Lane != community.Staff {
			t.Errorf("%d cases went over, the last one is in %s", in(community.Care), s.caseOf(all[4]).Lane)
		}
		if c := s.caseOf(all[0]); c.LaneWhy != community.LaneOverflow || c.Overflow != rules.Own+"Hỏi giờ mở cửa" {
			t.Errorf("the case is %+v", c)
		}
		if c := s.caseOf(s.writes("late", calmPost, "")); c.Lane != community.Care || c.LaneWhy != community.LaneOverflow {
			t.Errorf("what comes while too much waits is in %s (%s)", c.Lane, c.LaneWhy)
		}
		if n := s.number("SELECT COUNT(*) FROM activities WHERE kind = 'case_overflowed' AND detail LIKE '%waiting%'"); n != 4 {
			t.Errorf("%d moves are in the history", n)
		}
		again := s.writes("c0", "còn giờ đóng cửa thì sao ạ?", all[0])
		if c := s.caseOf(all[0]); c.Lane != community.Care {
			t.Errorf("after another question (%s) the case is in %s", again, c.Lane)
		}
		s.writes("c1", riskyPost, all[1])
		if c := s.caseOf(all[1]); c.Lane != community.Staff || c.Overflow != "" {
			t.Errorf("with a risk in it the case is in %s, and may overflow for %q", c.Lane, c.Overflow)
		}
		if _, err := s.db.Read().NewRaw("SELECT 1").Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error { // the staff see to what waits
			for _, k := range []string{all[1], all[4], risky} {
				c := s.caseOf(k)
				if _, err := community.CloseCase(ctx, tx, s.people["boss"], c.ID, "xong"); err != nil {
					return err
				}
			}
			return nil
		})
		s.flows()
		if in(community.Staff) != 2 || in(community.Care) != 3 { // all[1] and all[4] are closed there
			t.Errorf("%d cases are with the staff, %d in community-care", in(community.Staff), in(community.Care))
		}
		if n := s.number("SELECT COUNT(*) FROM activities WHERE kind = 'case_flowed_back'"); n != 1 {
			t.Errorf("%d cases came back", n)
		}
		s.clock.Advance(time.Hour)
		s.flows()
		if n := s.number("SELECT COUNT(*) FROM cases WHERE state = 'open' AND lane = 'staff' AND overflow <> ''"); n != 0 {
			t.Errorf("%d cases still wait for the staff after an hour", n)
		}
	})
}

// TestRulesMustOverflow: rules that send cases to the staff are not switched on while they do not say what
// happens when too much waits there.
func TestRulesMustOverflow(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.join("boss", community.Admin, 0)
		set := asked()
		set.Overflow = nil
		s.ruled(set)
		if err := s.switchOn(); !errors.Is(err, rules.ErrNoOverflow) {
			t.Errorf("switching on gives %v", err)
		}
	})
}
