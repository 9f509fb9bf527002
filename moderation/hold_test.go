package moderation_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation/rules"
)

// TestRulesHoldAndHide: what a rule holds nobody claims until an employee has looked, and who volunteers is not
// offered it; a comment that a rule hides is hidden where its network lets us, once.
func TestRulesHoldAndHide(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.join("boss", community.Admin, 0)
		s.join("able", community.Advocate, 3)
		set := asked()
		set.Rules[0].Do = []rules.Do{{Action: "hold"}, {Action: "hide"}}
		s.decides(set)
		hides := true
		s.intake.NewID = s.desk.NewID
		s.intake.Hides = func(listeners.Connection) bool { return hides }
		c := s.caseOf(s.writes("an", calmPost, ""))
		if c.Hold != "Hỏi giờ mở cửa" || c.Lane != community.Community {
			t.Fatalf("the case is in %s, held by %q", c.Lane, c.Hold)
		}
		if slices.Contains(s.feedOf("able"), c.ID) || !slices.Contains(s.feedOf("boss"), c.ID) {
			t.Error("it is offered to who cannot claim it, or nobody of the staff sees it")
		}
		for _, name := range []string{"able", "boss"} {
			if err := s.claims(name, c.ID); !errors.Is(err, community.ErrNotAllowed) {
				t.Errorf("%s claims it: %v", name, err)
			}
		}
		letGo := func(name string) error {
			return s.try(func(ctx context.Context, tx listeners.Tx) error {
				_, err := community.LetGo(ctx, tx, s.people[name], c.ID)
				return err
			})
		}
		if err := letGo("able"); !errors.Is(err, community.ErrNotAllowed) {
			t.Errorf("an advocate lets it go: %v", err)
		}
		if err := errors.Join(letGo("boss"), letGo("boss")); err != nil {
			t.Error(err)
		}
		if n := s.number("SELECT COUNT(*) FROM activities WHERE kind = 'hold_ended'"); n != 1 {
			t.Errorf("%d activities of it", n)
		}
		if !slices.Contains(s.feedOf("able"), c.ID) {
			t.Error("what was let go is not offered")
		}
		if err := s.claims("able", c.ID); err != nil {
			t.Errorf("after it was let go: %v", err)
		}
		if n := s.number("SELECT COUNT(*) FROM changes"); n != 0 {
			t.Errorf("%d posts that are nobody's comments are hidden", n)
		}
		comments := func(who string) {
			s.hears(listeners.Post{
				NativeID: who + "-comment", ThreadKey: c.ThreadKey, ParentID: c.ThreadKey, Author: listeners.Author{NativeID: who, Handle: who}, Reason: listeners.Mentioned,
				Text: calmPost, Surface: listeners.InPublic, Delivery: listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}, CreatedAt: s.clock.Now(),
			})
		}
		comments("chi")
		if n := s.number("SELECT COUNT(*) FROM changes WHERE kind = 'hide' AND why = 'rule:Hỏi giờ mở cửa'"); n != 1 {
			t.Errorf("%d comments are hidden", n)
		}
		hides = false
		comments("dung")
		if n := s.number("SELECT COUNT(*) FROM changes"); n != 1 {
			t.Errorf("%d comments are hidden where the network does not let us", n)
		}
	})
}
