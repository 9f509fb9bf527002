package moderation_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
)

// offers lets the brand start a programme.
func (s *shop) offers(kind gamification.RewardKind) gamification.Programme {
	s.t.Helper()
	if s.people["an"] == nil {
		s.join("an", community.Admin, 0)
	}
	var p gamification.Programme
	s.do(func(ctx context.Context, tx listeners.Tx) (err error) {
		p, err = community.StartProgramme(ctx, tx, s.people["an"], gamification.Programme{
			Kind: kind, Name: "Đêm nếm thử", What: "Một chỗ ngồi", ReceivesEn: "a seat at our tasting", ReceivesVi: "một chỗ ở đêm nếm thử", Budget: 3, Cost: 1,
		})
		return err
	})
	return p
}

func TestRepliesSayWhatMayBeReceived(t *testing.T) {
	const said = "(Mình là tình nguyện viên giúp Sao Mai và có thể nhận một chỗ ở đêm nếm thử.)"
	each(t, func(t *testing.T, s *shop) {
		_, before := s.approvedFor("huy", "khach0", "Dạ quán mở cửa từ 7h tới 22h mỗi ngày nha bạn.", "minh", 0)
		c := s.caseOf(s.writes("khach9", "Cho mình hỏi chỗ gửi xe ở đâu ạ?", ""))
		s.claim("huy", c)
		s.clock.Advance(5 * time.Second)
		late := s.answer("huy", c, "Dạ gửi xe ngay bên hông quán, miễn phí ạ.")
		s.offers(gamification.ThanksGift)
		_, thanked := s.approvedFor("huy", "khach1", "Chào bạn, quán mở từ 7h sáng tới 22h ạ, mời bạn ghé chơi!", "minh", 0)
		for _, a := range []community.Answer{before, thanked} {
			if strings.Contains(a.Text, "có thể nhận") {
				t.Errorf("nobody may receive anything, and a reply says %q", a.Text)
			}
		}
		p := s.offers(gamification.EventSeat)
		_, a := s.approvedFor("huy", "khach2", "Quán em mở bảy giờ sáng, đóng mười giờ đêm, ngày nào cũng vậy ạ.", "minh", 0)
		if a.Text != "Quán em mở bảy giờ sáng, đóng mười giờ đêm, ngày nào cũng vậy ạ.\n"+said || a.Edited() {
			t.Errorf("the answer is %q (edited %v)", a.Text, a.Edited())
		}
		if sent := s.sentTo(a); sent != a.Text {
			t.Errorf("sent was %q", sent)
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			found, err := s.desk.Check(ctx, tx, s.people["huy"], &c, "Quán em mở bảy giờ.\n"+said)
			if len(found) > 0 {
				t.Errorf("what the product adds is found fault with: %+v", found)
			}
			return err
		})
		balance := s.points("huy").Balance
		now, err := s.approves("minh", late, "") // written before there was anything to say
		s.must(err)
		if !strings.HasSuffix(now.Text, said) || now.Edited() || s.points("huy").Balance != balance+3 {
			t.Errorf("what was written before says %q, edited %v, %d points more", now.Text, now.Edited(), s.points("huy").Balance-balance)
		}

		long := "Dạ " + strings.Repeat("quán mở cửa ", 18) + "cả tuần ạ."
		_, short := s.approvedFor("huy", "khach3", long, "minh", 0)
		if !strings.HasSuffix(short.Text, "\n(tình nguyện viên có thưởng)") {
			t.Errorf("where there is little room it says %q", short.Text)
		}
		full := s.caseOf(s.writes("khach4", "Cho mình hỏi chỗ gửi xe ở đâu ạ?", ""))
		s.claim("huy", full)
		err = s.try(func(ctx context.Context, tx listeners.Tx) error {
			_, err := s.desk.Submit(ctx, tx, s.people["huy"], full.ID, 0, strings.Repeat("a b ", 69))
			return err
		})
		if err == nil {
			t.Error("an answer with no room to say it was taken")
		}
		_, staff := s.approvedFor("mai", "khach5", "Dạ cửa hàng mở mỗi sáng lúc bảy giờ, hẹn gặp bạn ở quán nhé.", "minh", 0)
		if strings.Contains(staff.Text, "có thể nhận") {
			t.Errorf("an employee says %q", staff.Text)
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			return community.EndProgramme(ctx, tx, s.people["an"], p.ID)
		})
		_, after := s.approvedFor("huy", "khach6", "Mỗi ngày quán đón khách từ sáng sớm, bảy giờ là có cà phê rồi ạ.", "minh", 0)
		if strings.Contains(after.Text, "có thể nhận") || strings.Contains(after.Text, "có thưởng") {
			t.Errorf("after its end a reply says %q", after.Text)
		}
	})
}

// sentTo is the text that left for an answer.
func (s *shop) sentTo(a community.Answer) string {
	s.t.Helper()
	replies, err := listeners.Replies(s.t.Context(), s.db.Read(), []int64{a.ID})
	s.must(err)
	return replies[a.ID].Text
}

func TestRewardsAreAskedForAndDecided(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		p := s.offers(gamification.EventSeat)
		ask := func(who string) error {
			return s.try(func(ctx context.Context, tx listeners.Tx) error {
				return community.AskForReward(ctx, tx, s.people[who], p.ID, "")
			})
		}
		decide := func(who, request string, step gamification.Step, words string) error {
			return s.try(func(ctx context.Context, tx listeners.Tx) error {
				return community.DecideReward(ctx, tx, s.people[who], p.ID, request, step, words)
			})
		}
		if ask("minh") == nil {
			t.Error("an employee asks")
		}
		s.must(ask("huy"))
		wants(t, "twice", ask("huy"), community.ErrRewardAsked)
		requests, err := community.RequestsOf(t.Context(), s.db.Read(), s.brand.ID, 0, 10)
		s.must(err)
		if len(requests) != 1 || !requests[0].Open || requests[0].MemberID != s.people["huy"].ID {
			t.Fatalf("asked for is %+v", requests)
		}
		id := requests[0].ID
		wants(t, "an advocate decides", decide("lan", id, gamification.Granted, ""), community.ErrNotAllowed)
		if decide("minh", id, gamification.Refused, "") == nil {
			t.Error("a no without a reason")
		}
		s.must(decide("minh", id, gamification.Granted, ""))
		if n := s.told("huy", community.RewardGranted); n != 1 {
			t.Errorf("told of it %d times", n)
		}
		s.must(decide("minh", id, gamification.TakenBack, "Đêm nếm thử bị hoãn."))
		if left, err := p.Spent(t.Context(), s.db.Read()); err != nil || left != 0 {
			t.Errorf("%d is spent, %v", left, err)
		}
		start := func(m string) error {
			return s.try(func(ctx context.Context, tx listeners.Tx) error {
				_, err := community.StartProgramme(ctx, tx, s.people[m], gamification.Programme{
					Kind: gamification.CashLike, Name: "Phiếu", What: "Phiếu mua hàng", ReceivesEn: "a voucher", ReceivesVi: "phiếu mua hàng", Budget: 100, Cost: 10,
				})
				return err
			})
		}
		allow := func(m string, read bool) error {
			return s.try(func(ctx context.Context, tx listeners.Tx) error {
				return community.AllowCashLike(ctx, tx, s.people[m], true, read)
			})
		}
		if start("an") == nil || allow("an", false) == nil || allow("minh", true) == nil {
			t.Error("what is like money is on without an admin who has read the note")
		}
		s.must(allow("an", true))
		s.must(start("an"))
	})
}

func TestThanksGoWithTheirCustomer(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		wall := func(reader string) []community.Thanks {
			t.Helper()
			all, err := community.ThanksFor(t.Context(), s.db.Read(), s.people[reader], 0, 10)
			s.must(err)
			return all
		}
		if len(wall("lan")) != 0 {
			t.Error("there are thanks already")
		}
		for _, who := range []string{"khach1", "khach2"} {
			c, _ := s.approvedFor("huy", who, "Dạ quán mở cửa từ 7h tới 22h mỗi ngày nha "+who+" ơi.", "minh", 0)
			s.writes(who, "Được rồi nha, cảm ơn bạn nhiều!", c.ThreadKey)
		}
		all := wall("lan")
		if len(all) != 2 || all[0].Text != "Được rồi nha, cảm ơn bạn nhiều!" || all[0].MemberID != s.people["huy"].ID || all[0].Customer.Handle != "khach2" {
			t.Fatalf("the wall has %+v", all)
		}
		mine, err := community.ThanksFor(t.Context(), s.db.Read(), s.people["lan"], s.people["lan"].ID, 10)
		if err != nil || len(mine) != 0 {
			t.Errorf("lan was told %+v, %v", mine, err)
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := community.Erase(ctx, tx, all[0].Customer, 0)
			return err
		})
		if left := wall("lan"); len(left) != 1 || left[0].Customer.Handle != "khach1" {
			t.Errorf("after one was forgotten the wall has %+v", left)
		}
	})
}

func TestQuestsAreTheTeams(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		turn := func() {
			s.t.Helper()
			s.do(func(ctx context.Context, tx listeners.Tx) error { return moderation.TurnQuest(ctx, tx, s.brand.ID) })
		}
		due := func(want bool) {
			t.Helper()
			if got, err := moderation.QuestDue(t.Context(), s.db.Read(), s.brand.ID, s.clock.Now()); err != nil || got != want {
				t.Errorf("due is %v, %v", got, err)
			}
		}
		due(true)
		turn()
		due(false)
		wants(t, "an advocate chooses", s.try(func(ctx context.Context, tx listeners.Tx) error {
			return moderation.ChooseQuest(ctx, tx, s.people["lan"], gamification.NobodyWaits)
		}), community.ErrNotAllowed)
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			return moderation.ChooseQuest(ctx, tx, s.people["minh"], gamification.NobodyWaits)
		})
		s.clock.Advance(7 * 24 * time.Hour)
		due(true)
		turn() // a quiet week, and the one that was chosen
		due(false)
		s.approvedFor("huy", "khach1", "Dạ quán mở cửa từ 7h tới 22h mỗi ngày nha bạn.", "minh", 0)
		s.clock.Advance(7 * 24 * time.Hour)
		turn()
		all, err := gamification.Quests(t.Context(), s.db.Read(), s.brand.ID, 10)
		s.must(err)
		if len(all) != 3 || all[2].State != gamification.QuestQuiet || all[1].Kind != gamification.NobodyWaits || all[1].State != gamification.QuestMet || all[0].State != gamification.QuestOn {
			t.Errorf("quests are %+v", all)
		}
		if n, err := s.db.Read().NewSelect().Table("notices").Where("kind = ?", community.QuestWasMet).Count(t.Context()); err != nil || int(n) != len(s.people) {
			t.Errorf("%d of %d are told, %v", n, len(s.people), err)
		}
	})
}
