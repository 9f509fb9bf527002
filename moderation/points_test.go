package moderation_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
)

// approvedFor lets somebody answer a case of an author, with what the answer began with, and somebody approve it.
func (s *shop) approvedFor(who, author, text, reviewer string, similar int64) (community.Case, community.Answer) {
	s.t.Helper()
	c := s.caseOf(s.writes(author, "Quán mình mở cửa tới mấy giờ vậy ạ?", ""))
	s.claim(who, c)
	a := s.answer(who, c, text)
	s.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := tx.NewUpdate().Table("answers").Set("similar_id = NULLIF(?, 0)", similar).Where("id = ?", a.ID).Exec(ctx)
		if err == nil && a.State == community.Submitted {
			a, err = s.desk.Approve(ctx, tx, s.people[reviewer], a.ID, "")
		}
		return err
	})
	s.passes(time.Minute, time.Second)
	return c, a
}

func (s *shop) verifies() {
	s.t.Helper()
	if wrong, err := moderation.VerifyPoints(s.t.Context(), s.db.Read()); err != nil || len(wrong) > 0 {
		s.t.Errorf("the ledger contradicts what happened: %q, %v", wrong, err)
	}
}

func TestManyHandsArePaid(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		_, first := s.approvedFor("lan", "khach1", "Dạ quán mở cửa từ 7h tới 22h mỗi ngày nha bạn.", "minh", 0)
		before := s.points("lan")
		c, a := s.approvedFor("huy", "khach2", "Chào bạn, quán mở từ 7h tới 22h ạ, mời bạn ghé!", "minh", first.ID)
		if a.State != community.Approved {
			t.Fatalf("the answer is %s", a.State)
		}
		s.writes("khach2", "Được rồi nha, cảm ơn bạn nhiều!", c.ThreadKey)
		s.want(c, community.Resolved)
		if p := s.points("huy"); p.Pending != 15 {
			t.Errorf("huy has %+v for what is solved", p)
		}
		if p := s.points("lan"); p.Pending-before.Pending != 2 {
			t.Errorf("lan has %+v, had %+v; their answer helped", p, before)
		}
		s.clock.Advance(time.Hour)
		s.writes("khach2", "Hmm vẫn không được, lại hỏng rồi", c.ThreadKey)
		if p := s.points("lan"); p != before {
			t.Errorf("the customer came back, and lan has %+v, had %+v", p, before)
		}
		s.verifies()
	})
}

func TestAPeerIsPaidForWhatTurnsOutWell(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c, a := s.approvedFor("huy", "khach1", "Dạ quán mở cửa từ 7h tới 22h mỗi ngày nha bạn.", "minh", 0)
		s.do(func(ctx context.Context, tx listeners.Tx) error { // as if Lan had let it out
			_, err := tx.NewUpdate().Table("answers").Set("reviewer_id = ?", s.people["lan"].ID).Where("id = ?", a.ID).Exec(ctx)
			return err
		})
		s.writes("khach1", "Được rồi nha, cảm ơn bạn nhiều!", c.ThreadKey)
		if p := s.points("lan"); p.Pending != 2 {
			t.Errorf("who let it out has %+v", p)
		}
		s.verifies()
	})
}

func TestNobodyIsPaidByThemselves(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.do(func(ctx context.Context, tx listeners.Tx) error { // Lan says so on her profile
			_, err := tx.NewUpdate().Table("members").Set("handles = ?", `{"x":"@KhachCuaLan"}`).Where("id = ?", s.people["lan"].ID).Exec(ctx)
			return err
		})
		c, _ := s.approvedFor("huy", "khachcualan", "Dạ quán mở cửa từ 7h tới 22h mỗi ngày nha bạn.", "minh", 0)
		s.writes("khachcualan", "Được rồi nha, cảm ơn bạn nhiều!", c.ThreadKey)
		entries, err := gamification.Entries(t.Context(), s.db.Read(), s.people["huy"].ID, 10)
		if err != nil || len(entries) != 2 || entries[0].Amount != 0 || entries[1].Amount != 0 || entries[0].Brake != string(gamification.Linked) {
			t.Errorf("for a customer who is one of us: %+v, %v", entries, err)
		}
		s.verifies()
	})
}

func TestHasteEarnsNothing(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		_, first := s.approvedFor("lan", "khach1", "Dạ quán mở cửa từ 7h tới 22h mỗi ngày nha bạn.", "minh", 0)
		_, copied := s.approvedFor("huy", "khach2", "Dạ quán mở cửa từ 7h  tới 22h mỗi ngày nha bạn.", "minh", first.ID)
		if p := s.points("huy"); p.Balance != 0 || copied.State != community.Approved {
			t.Errorf("a copy (%s) earns %+v", copied.State, p)
		}
		before := s.points("huy")
		for i := range 5 { // the first after a while may have been thought about elsewhere
			c := s.caseOf(s.writes(fmt.Sprint("voi", i), "Cho mình hỏi chỗ gửi xe ở đâu ạ?", ""))
			s.claim("huy", c)
			s.clock.Advance(2 * time.Second)
			a := s.answer("huy", c, fmt.Sprint("Dạ gửi xe ngay bên hông quán, miễn phí, chỗ số ", i, " ạ."))
			_, err := s.approves("minh", a, "")
			s.must(err)
		}
		if p := s.points("huy"); p.Balance-before.Balance != 2*3 {
			t.Errorf("a row of answers, two seconds each, earns %+v, before %+v", p, before)
		}
		s.verifies()
	})
}

func TestARightHandoverIsThanked(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c := s.caseOf(s.writes("khach1", "Đơn của mình đâu rồi ạ, hỏi hoài?", ""))
		judge := func(who string, right bool) error {
			return s.try(func(ctx context.Context, tx listeners.Tx) error {
				return community.JudgeHandover(ctx, tx, s.people[who], c.ID, right)
			})
		}
		if err := judge("minh", true); err == nil {
			t.Error("nobody handed it over, and it is judged")
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := community.HandToStaff(ctx, tx, s.people["lan"], c.ID, "cần tra đơn hàng")
			return err
		})
		if err := judge("huy", true); err == nil {
			t.Error("an advocate judges")
		}
		for range 2 {
			s.must(judge("minh", true))
		}
		if p := s.points("lan"); p.Balance != 4 {
			t.Errorf("a right handover earns %+v", p)
		}
		s.must(judge("minh", false))
		if p := s.points("lan"); p.Balance != 0 {
			t.Errorf("after all it was not: %+v", p)
		}
		s.verifies()
	})
}

func TestBadgesAreAnnounced(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		look := func() {
			s.t.Helper()
			s.clock.Advance(time.Minute)
			s.do(func(ctx context.Context, tx listeners.Tx) error { return community.AwardBadges(ctx, tx, s.brand.ID) })
		}
		c, _ := s.approvedFor("huy", "khach1", "Dạ quán mở cửa từ 7h tới 22h mỗi ngày, xem https://saomai.example/gio-mo-cua nha.", "minh", 0)
		look()
		if n := s.told("huy", community.BadgeGiven); n != 2 { // first answer, and with its source
			t.Errorf("told of %d badges", n)
		}
		s.writes("khach1", "Được rồi nha, cảm ơn bạn nhiều!", c.ThreadKey)
		s.clock.Advance(49 * time.Hour)
		look()
		if n := s.told("huy", community.BadgeGiven); n != 3 {
			t.Errorf("told of %d badges once it is solved", n)
		}
		s.writes("khach1", "Hmm vẫn không được, lại hỏng rồi", c.ThreadKey)
		look()
		if n := s.told("huy", community.BadgeTaken); n != 1 {
			t.Errorf("told %d times that a badge is gone", n)
		}
		give := func(who, words string) error {
			return s.try(func(ctx context.Context, tx listeners.Tx) error {
				return community.GiveAward(ctx, tx, s.people[who], s.people["huy"].ID, words)
			})
		}
		wants(t, "an advocate gives one", give("lan", "Bạn đã rất kiên nhẫn với khách."), community.ErrNotAllowed)
		if give("minh", "tốt") == nil {
			t.Error("a badge without a sentence")
		}
		s.must(give("minh", "Bạn đã rất kiên nhẫn với khách suốt buổi tối."))
		if n := s.told("huy", community.BadgeGiven); n != 4 {
			t.Errorf("told of %d badges after one by hand", n)
		}
	})
}

func TestWhoWasGivenACaseIsPaidAsWell(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c := s.caseOf(s.writes("khach1", "Cho mình hỏi chỗ gửi xe ở đâu ạ?", ""))
		s.do(func(ctx context.Context, tx listeners.Tx) error { // by an employee: huy has claimed nothing
			_, err := tx.NewUpdate().Table("cases").Set("state = 'claimed', holder_id = ?, held_until = ?, fence = fence + 1", s.people["huy"].ID, tx.Now().Add(community.Lease)).
				Where("id = ?", c.ID).Exec(ctx)
			return err
		})
		a := s.answer("huy", c, "Dạ gửi xe ngay bên hông quán, miễn phí ạ.")
		_, err := s.approves("minh", a, "")
		s.must(err)
		if p := s.points("huy"); p.Balance != 3 {
			t.Errorf("huy has %+v", p)
		}
		s.verifies()
	})
}
