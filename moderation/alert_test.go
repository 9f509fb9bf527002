package moderation_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
)

const furious = "Quán lừa đảo! Phục vụ quá tệ, tôi cực kỳ tức giận, đồ mất dạy!"

// manyWrite lets many customers write the same at once.
func (s *shop) manyWrite(n int, text string) {
	s.t.Helper()
	posts := make([]listeners.Post, n)
	for i := range posts {
		s.posts++
		id := fmt.Sprint(50000 + s.posts)
		posts[i] = listeners.Post{
			NativeID: id, ThreadKey: id, Author: listeners.Author{NativeID: "c" + id, Handle: "c" + id, Name: "c" + id},
			Reason: listeners.Mentioned, Text: text, Delivery: listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}, CreatedAt: s.clock.Now(),
		}
	}
	s.do(s.intake.Sink(s.conn, posts))
}

// watches does what the product does every few seconds, and gives the alerts that are not over.
func (s *shop) watches() (live, over []moderation.Alert) {
	s.t.Helper()
	due, err := moderation.WatchDue(s.t.Context(), s.db.Read(), s.brand.ID, s.clock.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	if due {
		s.do(func(ctx context.Context, tx listeners.Tx) error { return moderation.Watch(ctx, tx, s.brand.ID) })
	}
	brands, err := moderation.AlertsToTell(s.t.Context(), s.db.Read(), s.clock.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, id := range brands {
		s.do(func(ctx context.Context, tx listeners.Tx) error { return moderation.TellAlerts(ctx, tx, id) })
	}
	if live, over, err = moderation.Alerts(s.t.Context(), s.db.Read(), s.brand.ID, 10); err != nil {
		s.t.Fatal(err)
	}
	return live, over
}

// calmly lets time pass in which little is written.
func (s *shop) calmly(d time.Duration) {
	for range int(d / (10 * time.Minute)) {
		s.clock.Advance(10 * time.Minute)
		s.manyWrite(1, calmPost)
		s.do(func(ctx context.Context, tx listeners.Tx) error { // somebody answers them
			_, err := tx.NewRaw("UPDATE cases SET state = 'closed'").Exec(ctx)
			return err
		})
		s.watches()
	}
}

func (s *shop) storms() {
	for range 6 {
		s.clock.Advance(5 * time.Minute)
		s.manyWrite(40, furious)
		s.watches()
	}
}

func TestOneAlertAStorm(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.calmly(5 * time.Hour)
		if live, over := s.watches(); len(live)+len(over) != 0 {
			t.Fatalf("nothing happens and people are called for %+v %+v", live, over)
		}
		s.storms()
		live, _ := s.watches()
		if len(live) != 1 || live[0].Kind != moderation.StormAlert || !live[0].Urgent || live[0].Told == 0 {
			t.Fatalf("in a storm people are called for %+v, want one crisis", live)
		}
		first := live[0]
		if err := s.try(func(ctx context.Context, tx listeners.Tx) error {
			return moderation.TakeAlert(ctx, tx, s.people["lan"], first.ID)
		}); !errors.Is(err, community.ErrNotAllowed) {
			t.Errorf("an advocate takes an alert: %v", err)
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			return moderation.TakeAlert(ctx, tx, s.people["minh"], first.ID)
		})
		told := s.alert(first.ID).Told
		s.storms() // goes on
		if live, over := s.watches(); len(live) != 1 || len(over) != 0 || live[0].Told != told || live[0].Detail.Posts <= first.Detail.Posts {
			t.Errorf("a storm that goes on and that somebody has: %+v %+v", live, over)
		}
		s.calmly(4 * time.Hour) // on its first day a brand is held against the three hours before
		live, over := s.watches()
		if len(live) != 0 || len(over) != 1 || over[0].ClearedAt == 0 {
			t.Fatalf("after the storm: %+v %+v", live, over)
		}
		s.storms()
		if live, _ := s.watches(); len(live) != 1 || live[0].ID == first.ID {
			t.Errorf("a second storm calls for %+v", live)
		}
	})
}

func (s *shop) alert(id int64) (a moderation.Alert) {
	s.t.Helper()
	if err := s.db.Read().NewSelect().Model(&a).Where("id = ?", id).Scan(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return a
}

func TestAnAlertCallsUntilSomebodyTakesIt(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := tx.NewRaw("UPDATE connections SET state = 'broken'").Exec(ctx)
			return err
		})
		live, _ := s.watches()
		if len(live) != 1 || live[0].Kind != moderation.ConnectionAlert || live[0].Told != 1 {
			t.Fatalf("a broken connection calls for %+v", live)
		}
		for range 12 {
			s.clock.Advance(5 * time.Minute)
			s.watches()
		}
		if a := s.alert(live[0].ID); a.Told != 4 || a.TellAt != 0 {
			t.Errorf("called %d times, next at %d; want 4 times and no more", a.Told, a.TellAt)
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			return moderation.CloseAlert(ctx, tx, s.people["minh"], live[0].ID)
		})
		if err := s.try(func(ctx context.Context, tx listeners.Tx) error {
			return moderation.TakeAlert(ctx, tx, s.people["mai"], live[0].ID)
		}); !errors.Is(err, community.ErrChanged) {
			t.Errorf("an alert that is over is taken: %v", err)
		}
		s.clock.Advance(time.Hour)
		if live, over := s.watches(); len(live) != 0 || len(over) != 1 {
			t.Errorf("what somebody has closed calls again: %+v %+v", live, over)
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := tx.NewRaw("UPDATE connections SET state = 'on'").Exec(ctx)
			return err
		})
		for range 3 {
			s.clock.Advance(5 * time.Minute)
			s.watches()
		}
		if a := s.alert(live[0].ID); a.ClearedAt == 0 || a.EndedBy != s.people["minh"].ID {
			t.Errorf("with its cause gone the alert is %+v", a)
		}
	})
}

// TestAlertsAtNight: what is not urgent wakes nobody, and is told in the morning.
func TestAlertsAtNight(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.clock.Advance(8 * time.Hour) // midnight in Vietnam
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := tx.NewRaw("UPDATE connections SET state = 'broken'").Exec(ctx)
			return err
		})
		live, _ := s.watches()
		if len(live) != 1 || live[0].Told != 0 || live[0].TellAt == 0 {
			t.Fatalf("at night people are called for %+v", live)
		}
		for range 8 * 4 {
			s.clock.Advance(15 * time.Minute)
			s.watches()
		}
		if a := s.alert(live[0].ID); a.Told == 0 {
			t.Error("in the morning nobody is called")
		}
	})
}

func TestPromisesAtRisk(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.manyWrite(6, calmPost)
		if live, _ := s.watches(); len(live) != 0 {
			t.Fatalf("new cases call for %+v", live)
		}
		s.clock.Advance(95 * time.Minute)
		live, _ := s.watches()
		if len(live) != 1 || live[0].Kind != moderation.PromiseAlert || live[0].Detail.Cases != 6 {
			t.Errorf("six cases that are late in 25 minutes call for %+v", live)
		}
	})
}
