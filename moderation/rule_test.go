package moderation_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/moderation/rules"
)

// hours are a brand's rules: questions about opening hours are the staff's business.
func hours() rules.Set {
	return rules.Set{Zone: "Asia/Ho_Chi_Minh", Overflow: &rules.Overflow{Waiting: 20}, Rules: []rules.Rule{
		{
			Name:   "Hỏi giờ mở cửa",
			Groups: []rules.Group{{Conditions: []rules.Condition{{Fact: "question", Op: rules.AtLeast, Values: []string{"50"}}, {Fact: "customer_cases", Op: rules.Below, Values: []string{"2"}}}}},
			Do:     []rules.Do{{Action: "lane", Value: "staff"}, {Action: "team", Value: "Quầy"}, {Action: "tag", Value: "giờ"}, {Action: "review"}, {Action: "alert"}},
		},
		{Name: "Còn lại", Do: []rules.Do{{Action: "lane", Value: "community"}}},
	}}
}

func (s *shop) ruled(set rules.Set) {
	s.t.Helper()
	s.do(func(ctx context.Context, tx listeners.Tx) error {
		return moderation.KeepDraft(ctx, tx, s.people["boss"], set)
	})
}

func (s *shop) switchOn() error {
	defer s.intake.Forget(s.brand.ID)
	return s.try(func(ctx context.Context, tx listeners.Tx) error {
		_, err := moderation.SwitchOn(ctx, tx, s.people["boss"])
		return err
	})
}

func (s *shop) replay(set rules.Set) (r moderation.Replay) {
	s.t.Helper()
	err := s.db.ReadTx(s.t.Context(), func(ctx context.Context, read bun.IDB) (err error) {
		r, err = s.intake.Replay(ctx, read, s.brand.ID, set, s.clock.Now())
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// TestRulesAreTriedOnThePast: rules that nobody has tried are not switched on; a replay of enough posts says
// what would change and writes nothing; then they decide, and who asks for a person still gets one.
func TestRulesAreTriedOnThePast(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.join("boss", community.Admin, 0)
		for i := range moderation.EnoughPosts {
			text := calmPost
			if i%4 == 0 {
				text = riskyPost
			}
			s.writes(fmt.Sprint("customer", i/2), text, "")
			s.clock.Advance(time.Minute)
		}
		s.ruled(hours())
		if err := s.switchOn(); !errors.Is(err, moderation.ErrNotTried) {
			t.Fatalf("switched on untried: %v", err)
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			if err := moderation.KeepDraft(ctx, tx, s.people["minh"], hours()); !errors.Is(err, community.ErrNotAllowed) {
				t.Errorf("a moderator wrote rules: %v", err)
			}
			return nil
		})
		r := s.replay(hours())
		if r.Posts != 100 || r.Changed != 75 || r.Hits[0] != 75 || r.Hits[1] != 100 || r.Alerts != 75 || len(r.Moves) != 1 || r.Moves[0] != (moderation.Move{From: "community", To: "staff", Posts: 75}) {
			t.Errorf("replayed %+v", r)
		}
		if len(r.Cases) != 50 || r.Cases[0].Before != rules.Default || r.Cases[0].After != rules.Own+"Hỏi giờ mở cửa" {
			t.Errorf("the cases are %+v", r.Cases)
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			return moderation.NoteReplay(ctx, tx, s.people["boss"], hours(), r)
		})
		changed := hours()
		changed.Rules[0].Do = changed.Rules[0].Do[:1]
		s.ruled(changed) // what was tried is not true of it
		if err := s.switchOn(); !errors.Is(err, moderation.ErrNotTried) {
			t.Fatalf("switched on what was changed after it was tried: %v", err)
		}
		s.ruled(hours())
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			return moderation.NoteReplay(ctx, tx, s.people["boss"], hours(), r)
		})
		if err := s.switchOn(); err != nil {
			t.Fatal(err)
		}
		c := s.caseOf(s.writes("somebody", calmPost, ""))
		if c.Lane != community.Staff || c.LaneWhy != rules.Own+"Hỏi giờ mở cửa" || c.Team != "Quầy" || fmt.Sprint(c.TagList()) != "[giờ]" || c.Review != community.ReviewAlways {
			t.Errorf("the case is %+v", c)
		}
		if n := s.number("SELECT COUNT(*) FROM activities WHERE kind = 'rule_alert' AND case_id = " + fmt.Sprint(c.ID)); n != 1 {
			t.Errorf("%d alerts", n)
		}
		if n := s.number("SELECT COUNT(*) FROM activities WHERE kind = 'rules_switched'"); n != 1 {
			t.Errorf("%d activities of switching", n)
		}
		if c := s.caseOf(s.writes("somebody", riskyPost, "")); c.Lane != community.Staff || c.LaneWhy != "risky" {
			t.Errorf("a risk is in %s (%s)", c.Lane, c.LaneWhy)
		}
		if c := s.caseOf(s.writes("somebody", calmPost, "")); c.Lane != community.Community || c.LaneWhy != rules.Own+"Còn lại" {
			t.Errorf("the third case of a customer is in %s (%s)", c.Lane, c.LaneWhy)
		}
		if r := s.replay(hours()); r.Changed != 0 {
			t.Errorf("rules that decide already would change %d posts", r.Changed)
		}
		all, err := moderation.RuleVersions(t.Context(), s.db.Read(), s.brand.ID, 10)
		if err != nil || len(all) != 1 || all[0].MadeBy != s.people["boss"].ID {
			t.Fatalf("versions are %+v, %v", all, err)
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			return moderation.RestoreRules(ctx, tx, s.people["boss"], all[0].ID)
		})
		if d, err := moderation.DraftOf(t.Context(), s.db.Read(), s.brand.ID); err != nil || len(d.Value.Rules) != 2 {
			t.Errorf("restored %+v, %v", d, err)
		}
	})
}

// TestRulesSeeTimeCrowdsFollowersAndMoney: what is left of the promise, how many say the same, who follows the
// customer and what the month has cost decide when a post is heard, and a replay sees them as they were.
func TestRulesSeeTimeCrowdsFollowersAndMoney(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.join("boss", community.Admin, 0)
		s.intake.Network = func(string) listeners.Network { return listeners.Network{Policy: listeners.Policy{Reach: true}} }
		waits := community.DefaultWaits
		waits.Reach = true
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			s.conn.Budget = 10_000_000
			return errors.Join(community.SetWaits(ctx, tx, s.people["boss"], waits), listeners.SetBudget(ctx, tx, s.conn.ID, s.conn.Budget),
				listeners.Spent(ctx, tx, s.conn.ID, []listeners.Spend{{Unit: "read", N: 1, Cost: 7_900_000}}))
		})
		tagged := func(name, fact string, op rules.Operator, value string) rules.Rule {
			return rules.Rule{Name: name, Do: []rules.Do{{Action: "tag", Value: name}}, Groups: []rules.Group{{Conditions: []rules.Condition{{Fact: fact, Op: op, Values: []string{value}}}}}}
		}
		set := rules.Set{Rules: []rules.Rule{
			tagged("late", "minutes_left", rules.Below, "30"), tagged("crowd", "cluster_size", rules.AtLeast, "3"),
			tagged("known", "reach", rules.AtLeast, "5000"), tagged("dear", "spend", rules.AtLeast, "80"),
		}}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			v := moderation.RuleVersion{BrandID: s.brand.ID, Value: set, MadeBy: s.people["boss"].ID, CreatedAt: tx.Now()}
			_, err := tx.NewInsert().Model(&v).Exec(ctx)
			return err
		})
		s.intake.Forget(s.brand.ID)
		wrote := 0
		hears := func(want string, text string, followers int, ago time.Duration) {
			t.Helper()
			wrote++
			id := fmt.Sprint("facts", wrote)
			s.do(s.intake.Sink(s.conn, []listeners.Post{{
				NativeID: id, ThreadKey: id, Author: listeners.Author{NativeID: id, Handle: id, Followers: followers}, Reason: listeners.Mentioned,
				Text: text, Delivery: listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}, CreatedAt: s.clock.Now().Add(-ago),
			}}))
			var c community.Case
			s.must(s.db.Read().NewSelect().Model(&c).Where("c.thread_key = ?", id).Scan(t.Context()))
			if got := fmt.Sprint(c.TagList()); got != want {
				t.Errorf("%q is tagged %s, want %s", text, got, want)
			}
		}
		promised := time.Duration(community.DefaultPromised.Minutes) * time.Minute
		hears("[]", outage[0], 4999, 0)
		hears("[]", outage[1], 0, promised-30*time.Minute)
		hears("[late crowd]", outage[2], 0, promised-29*time.Minute)
		hears("[known]", "Quán mở cửa tới mấy giờ vậy ạ?", 5000, 0)
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			return listeners.Spent(ctx, tx, s.conn.ID, []listeners.Spend{{Unit: "read", N: 1, Cost: 100_000}})
		})
		hears("[dear]", "Hôm nay có bánh sừng bò không shop?", 0, 0)
		hears("[late dear]", "Cho mình hỏi chỗ đậu xe ô tô ở đâu?", 0, 48*time.Hour)
		r := s.replay(set)
		if want := fmt.Sprint([]int{2, 1, 1, 6}); fmt.Sprint(r.Hits) != want || r.Blind { // of a budget the day is known, not the minute
			t.Errorf("replayed %v, want %s", r.Hits, want)
		}
	})
}

// TestReplayCannotWrite: where a replay reads, nothing can be written.
func TestReplayCannotWrite(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.writes("an", calmPost, "")
		before := s.number("SELECT COUNT(*) FROM activities")
		err := s.db.ReadTx(t.Context(), func(ctx context.Context, read bun.IDB) error {
			if _, err := s.intake.Replay(ctx, read, s.brand.ID, hours(), s.clock.Now()); err != nil {
				return err
			}
			_, err := read.NewRaw("UPDATE cases SET lane = 'none'").Exec(ctx)
			return err
		})
		if err == nil {
			t.Error("wrote in the transaction of a replay")
		}
		if c := s.number("SELECT COUNT(*) FROM cases WHERE lane = 'none'"); c != 0 || s.number("SELECT COUNT(*) FROM activities") != before {
			t.Error("a replay changed something")
		}
	})
}

// TestRulesAreWatched: without a past, rules decide for a day, which is written down and does nothing.
func TestRulesAreWatched(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.join("boss", community.Admin, 0)
		s.ruled(hours())
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			return moderation.WatchRules(ctx, tx, s.people["boss"])
		})
		s.intake.Forget(s.brand.ID)
		if c := s.caseOf(s.writes("an", calmPost, "")); c.Lane != community.Community || c.Tags != "" {
			t.Errorf("rules that are watched decided: %+v", c)
		}
		s.writes("binh", riskyPost, "")
		posts, changed, err := moderation.Watched(t.Context(), s.db.Read(), s.brand.ID)
		if err != nil || posts != 2 || changed != 1 {
			t.Errorf("watched %d posts, %d changed, %v", posts, changed, err)
		}
		s.clock.Advance(moderation.WatchTime - time.Minute)
		if err := s.switchOn(); !errors.Is(err, moderation.ErrNotTried) {
			t.Fatalf("switched on too early: %v", err)
		}
		s.clock.Advance(time.Minute)
		if err := s.switchOn(); err != nil {
			t.Fatal(err)
		}
		if c := s.caseOf(s.writes("chi", calmPost, "")); c.Lane != community.Staff || c.Team != "Quầy" {
			t.Errorf("the case is in %s of %q", c.Lane, c.Team)
		}
		if posts, _, err := moderation.Watched(t.Context(), s.db.Read(), s.brand.ID); err != nil || posts != 0 {
			t.Errorf("%d posts are still watched, %v", posts, err)
		}
	})
}
