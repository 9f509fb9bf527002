package moderation_test

import (
	"context"
	"testing"
	"time"

	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
)

func TestReviewWait(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		expect := func(want time.Duration) {
			t.Helper()
			if got, err := moderation.ReviewWait(t.Context(), s.db.Read(), s.brand.ID, s.clock.Now()); err != nil || got != want {
				t.Errorf("a review takes %v, %v; want %v", got, err, want)
			}
		}
		review := func(wait time.Duration) {
			t.Helper()
			c := s.caseOf(s.writes("lananh", "quán mở cửa mấy giờ ạ?", ""))
			s.claim("huy", c)
			a := s.answer("huy", c, "Dạ 7h tới 22h ạ")
			s.clock.Advance(wait)
			s.do(func(ctx context.Context, tx listeners.Tx) error {
				_, err := s.desk.Approve(ctx, tx, s.people["minh"], a.ID, "")
				return err
			})
		}
		expect(0)
		morning := s.clock.Now()
		review(4 * time.Minute)
		review(12 * time.Minute)
		expect(0) // two are too few
		review(9 * time.Minute)
		expect(9 * time.Minute)
		s.clock.Advance(6*time.Hour - s.clock.Now().Sub(morning))
		expect(0) // nobody knows of the afternoon
		for range 3 {
			review(40 * time.Second)
		}
		expect(40 * time.Second)
		s.clock.Advance(18*time.Hour - 8*time.Minute)
		expect(9 * time.Minute)
		review(13 * time.Minute)
		expect(10*time.Minute + 30*time.Second)
		s.clock.Advance(15 * 24 * time.Hour)
		expect(0)
	})
}
