package moderation_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// atWork lets a member be at it for hours, some of every day, until now.
func (s *shop) atWork(who string, hours int) {
	s.t.Helper()
	s.do(func(ctx context.Context, tx listeners.Tx) error {
		for i := range hours * 6 {
			at := tx.Now().Add(-time.Duration(i) * 10 * time.Minute)
			_, err := tx.NewRaw("INSERT INTO worked (member_id, minute) VALUES (?, ?) ON CONFLICT DO NOTHING", s.people[who].ID, int64(at)/time.Minute.Microseconds()).Exec(ctx)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// spoken runs the sweep and counts the notices of a kind that it asked for so far.
func (s *shop) spoken(kind community.Kind) int {
	s.t.Helper()
	due, err := community.HoursDue(s.t.Context(), s.db.Read(), s.clock.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	if due {
		s.do(community.TellHours)
	}
	var n int
	err = s.db.Read().NewRaw("SELECT COUNT(*) FROM river_job WHERE kind = 'notice' AND CAST(args AS TEXT) LIKE ?", "%"+string(kind)+"%").Scan(s.t.Context(), &n)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func TestLongWeeks(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		huy := s.people["huy"]
		week := func() time.Duration {
			d, err := community.WeekOf(t.Context(), s.db.Read(), huy.ID, s.clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		c := s.caseOf(s.writes("lananh", "@saomaicafe quán mở cửa mấy giờ ạ?", ""))
		s.claim("huy", c)
		s.clock.Advance(4 * time.Minute)
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, _, _, err := community.SaveDraft(ctx, tx, huy, c.ID, "Dạ")
			return err
		})
		if got := week(); got != 5*time.Minute {
			t.Errorf("a claim and a draft four minutes later are %v of work, want 5m", got)
		}
		if s.spoken(community.WeekLong) != 0 {
			t.Error("told after five minutes")
		}

		s.atWork("huy", 11)
		for range 2 { // a sweep that runs again tells nothing again
			if s.spoken(community.WeekLong) != 1 || s.spoken(community.WeekTooLong) != 0 {
				t.Error("after eleven hours the member is told once, and nobody else")
			}
		}
		s.atWork("huy", 16)
		if got := s.spoken(community.WeekTooLong); got != 2 {
			t.Errorf("after sixteen hours %d employees are told, want both moderators", got)
		}

		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := community.ReleaseCase(ctx, tx, huy, c.ID)
			return err
		})
		s.atWork("huy", 21)
		if s.spoken(community.RestAdvised) != 1 {
			t.Error("after twenty-one hours nobody advises a rest")
		}
		claim := func() error {
			return s.try(func(ctx context.Context, tx listeners.Tx) error {
				_, err := community.ClaimCase(ctx, tx, huy, c.ID)
				return err
			})
		}
		if err := claim(); !errors.Is(err, community.ErrRest) {
			t.Fatalf("a new case after twenty-one hours: %v, want the advice to rest", err)
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			a, _, held, err := community.SaveDraft(ctx, tx, huy, c.ID, "Dạ quán mở 7h")
			if held || a.Text != "Dạ quán mở 7h" {
				t.Errorf("what was typed: held %v, %q", held, a.Text)
			}
			return err
		})
		s.do(func(ctx context.Context, tx listeners.Tx) error { return community.GoOn(ctx, tx, huy) })
		if err := claim(); err != nil {
			t.Errorf("after the press: %v", err)
		}
		s.claim("lan", s.caseOf(s.writes("minhtr", "@saomaicafe có ship không ạ?", "")))

		s.clock.Advance(8 * 24 * time.Hour)
		if got := week(); got != 0 {
			t.Errorf("eight days later the week has %v", got)
		}
		s.clock.Advance(28 * 24 * time.Hour)
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			n, err := community.ForgetHours(ctx, tx, 1000)
			if n < 100 {
				t.Errorf("%d old minutes are forgotten", n)
			}
			return err
		})
	})
}
