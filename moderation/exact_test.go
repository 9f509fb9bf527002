package moderation_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/kith-social/kith/listeners"
)

// Only the text that was approved leaves, letter by letter.
func TestOnlyTheApprovedTextLeaves(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c := s.caseOf(s.writes("lananh", "quán mở cửa mấy giờ ạ?", ""))
		s.claim("lan", c)
		s.answer("lan", c, "Dạ quán mở từ 7h tới 22h ạ")
		var approved listeners.Reply
		if err := s.db.Read().NewSelect().Model(&approved).Where("case_id = ?", c.ID).Scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		another := approved
		another.ID, another.Text = uuid.NewString(), "Dạ quán mở từ 8h tới 22h ạ"

		refused := func(what, why string, do func(context.Context, listeners.Tx) error) {
			t.Helper()
			if err := s.try(do); err == nil || !strings.Contains(err.Error(), why) {
				t.Errorf("%s gave %v, want it refused: %s", what, err, why)
			}
		}
		refused("another text under the same approval", "approval of exactly its text", func(ctx context.Context, tx listeners.Tx) error {
			if _, err := listeners.Cancel(ctx, tx, c.ID, "test"); err != nil {
				return err
			}
			return listeners.Queue(ctx, tx, another)
		})
		refused("another text in place of the approved one", "never changes", func(ctx context.Context, tx listeners.Tx) error {
			_, err := tx.NewUpdate().Model(&another).Set("text = ?", another.Text).Where("id = ?", approved.ID).Exec(ctx)
			return err
		})
		s.do(func(ctx context.Context, tx listeners.Tx) error { // which lies about what it says
			if _, err := listeners.Cancel(ctx, tx, c.ID, "test"); err != nil {
				return err
			}
			_, err := tx.NewInsert().Model(&another).Exec(ctx)
			return err
		})
		s.clock.Advance(time.Minute)
		s.out.Tick(t.Context())
		if len(s.net.posted) != 0 {
			t.Errorf("%q left", s.net.posted[0].Text)
		}
	})
}
