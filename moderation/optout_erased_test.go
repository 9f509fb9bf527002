package moderation_test

import (
	"context"
	"testing"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// TestAnOptOutOutlivesTheErasure: who opted out and was then erased comes back as a stranger, and is still
// left in peace; until an employee notes that they asked to be written to.
func TestAnOptOutOutlivesTheErasure(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.writes("yen", "Giao hàng mấy ngày vậy?", "")
		find := func() listeners.Account {
			a, err := community.FindAccount(t.Context(), s.db.Read(), s.brand.ID, "x", "yen")
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			if err := community.OptCustomerOut(ctx, tx, s.people["lan"], find(), "gọi điện"); err != community.ErrNotAllowed {
				t.Errorf("an advocate changes the list: %v", err)
			}
			if err := community.OptCustomerOut(ctx, tx, s.people["minh"], find(), "yen gọi tổng đài sáng nay"); err != nil {
				return err
			}
			return nil
		})
		if n := s.number("SELECT COUNT(*) FROM cases WHERE lane_why = 'opted_out'"); n != 1 {
			t.Errorf("%d cases wait for employees because of it, want 1", n)
		}
		all, err := listeners.OptOuts(t.Context(), s.db.Read(), s.brand.ID, 0, 10)
		if err != nil || len(all) != 1 || all[0].OptedOutBy != s.people["minh"].ID || all[0].OptedOutWhy == "" {
			t.Errorf("the list says %+v, %v", all, err)
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := community.Erase(ctx, tx, find(), 0)
			return err
		})
		if found := s.holding("yen"); len(found) > 0 {
			t.Errorf("the name still stands in %v", found)
		}
		s.writes("yen", "Quán ơi, có wifi không?", "")
		back := find()
		if back.OptedOutAt == 0 {
			t.Error("as somebody new they would be written to")
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			return community.OptCustomerIn(ctx, tx, s.people["minh"], back, "nhờ nhắn lại")
		})
		if find().OptedOutAt != 0 {
			t.Error("they asked to be written to and are not")
		}
	})
}
