package moderation_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
)

// waits lets somebody answer a new post; the answer waits for its review.
func (s *shop) waits(who, post, text string) community.Answer {
	s.t.Helper()
	c := s.caseOf(s.writes("lananh", post, ""))
	s.claim(who, c)
	a := s.answer(who, c, text)
	if a.State != community.Submitted {
		s.t.Fatalf("answer is %s, want it to wait", a.State)
	}
	return a
}

func (s *shop) approves(who string, a community.Answer, edited string) (community.Answer, error) {
	err := s.try(func(ctx context.Context, tx listeners.Tx) (err error) {
		a, err = s.desk.Approve(ctx, tx, s.people[who], a.ID, edited)
		return err
	})
	return a, err
}

func (s *shop) sets(change func(*moderation.ReviewSettings)) error {
	settings := moderation.DefaultReview
	change(&settings)
	return s.try(func(ctx context.Context, tx listeners.Tx) error {
		return moderation.SetReview(ctx, tx, s.people["an"], settings)
	})
}

func (s *shop) keepsDuty(who string, on bool) {
	s.t.Helper()
	s.do(func(ctx context.Context, tx listeners.Tx) error {
		return community.SetDuty(ctx, tx, s.people[who], s.people[who].ID, on, always())
	})
}

func wants(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestPeersReviewWhatIsOfLittleRisk(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.join("khoa", community.Advocate, community.Guide)
		s.join("an", community.Admin, 0)
		a := s.waits("huy", calmPost, "Dạ 7h tới 22h ạ")
		phone := s.waits("huy", calmPost, "Dạ bạn gọi 0901 234 567 nhé")
		_, err := s.approves("out", a, "")
		wants(t, "an applicant", err, community.ErrNotAllowed)
		_, err = s.approves("huy", a, "")
		wants(t, "the author", err, community.ErrNotAllowed)
		_, err = s.approves("khoa", phone, "")
		wants(t, "a guide, of a phone number", err, sql.ErrNoRows)
		_, err = s.approves("khoa", a, "Dạ 7h ạ, gọi 0901 234 567 nhé")
		if invalid := (*community.Invalid)(nil); !errors.As(err, &invalid) || invalid.Field != "text" {
			t.Errorf("a guide writes a phone number into it: %v", err)
		}
		queue, err := moderation.Queue(t.Context(), s.db.Read(), s.people["lan"], 10)
		if n, _ := community.CountReviewQueue(t.Context(), s.db.Read(), s.people["lan"], 10); err != nil || len(queue) != 1 || queue[0].Answer.ID != a.ID || n != 1 {
			t.Errorf("a peer's queue: %v, %d, %v; want the calm one alone", queue, n, err)
		}
		got, err := s.approves("lan", a, "")
		if err != nil || got.State != community.Submitted {
			t.Errorf("a peer's approval alone: %s, %v; want it kept", got.State, err)
		}
		_, err = s.approves("lan", a, "")
		wants(t, "a peer, twice", err, community.ErrAgreed)
		if got, err = s.approves("khoa", a, ""); err != nil || got.State != community.Approved {
			t.Errorf("a guide's approval: %s, %v", got.State, err)
		}

		s.must(s.sets(func(r *moderation.ReviewSettings) { r.PeersAlone = true }))
		night := s.waits("huy", calmPost, "Dạ quán mở từ 7h ạ")
		s.keepsDuty("minh", true)
		if got, err = s.approves("lan", night, ""); err != nil || got.State != community.Submitted {
			t.Errorf("a peer while somebody is on duty: %s, %v", got.State, err)
		}
		s.keepsDuty("minh", false)
		if got, err = s.approves("lan", night, ""); err != nil || got.State != community.Approved {
			t.Errorf("a peer while nobody is: %s, %v", got.State, err)
		}
	})
}

// TestPairsDecideWhileNobodyIsOnDuty: at night two who are trusted let an answer go, of community-care too, and one may
// give it back; by day, and where the brand does not want it, an employee decides.
func TestPairsDecideWhileNobodyIsOnDuty(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.join("an", community.Admin, 0)
		s.join("boss", community.Admin, 0)
		for name, trust := range map[string]int{"able": 2, "lien": 3, "loan": 3, "khoa": 4} {
			s.join(name, community.Advocate, trust)
			s.must(s.cares(name, true))
		}
		s.keepsDuty("minh", true)
		a := s.waits("huy", calmPost, "Dạ 7h tới 22h ạ")
		for _, who := range []string{"lan", "lien"} {
			if got, err := s.approves(who, a, ""); err != nil || got.State != community.Submitted {
				t.Errorf("%s while somebody is on duty: %s, %v", who, got.State, err)
			}
		}
		s.keepsDuty("minh", false)
		if got, err := s.approves("loan", a, ""); err != nil || got.State != community.Approved {
			t.Errorf("another one while nobody is: %s, %v", got.State, err)
		}

		set := asked()
		set.Rules[0].Do[0].Value = string(community.Care)
		s.decides(set)
		cared := func() community.Answer {
			return s.waits("able", calmPost, fmt.Sprint("Dạ mình nghe bạn, quán mở từ 7h ạ ", s.posts))
		}
		b := cared()
		if b.WhyReviewed != string(moderation.CareCase) || !b.LowRisk {
			t.Fatalf("an answer of community-care: %s, %v", b.WhyReviewed, b.LowRisk)
		}
		_, err := s.approves("lan", b, "") // who is not ready for angry cases does not know of it
		wants(t, "a peer who is not ready for it", err, sql.ErrNoRows)
		_, err = s.approves("able", b, "")
		wants(t, "its author", err, community.ErrNotAllowed)
		if got, err := s.approves("lien", b, ""); err != nil || got.State != community.Submitted {
			t.Errorf("one peer: %s, %v", got.State, err)
		}
		_, err = s.approves("lien", b, "")
		wants(t, "the same one again", err, community.ErrAgreed)
		if got, err := s.approves("loan", b, "Dạ mình nghe bạn ạ, quán mở từ 7h tới 22h"); err != nil || got.State != community.Submitted {
			t.Errorf("another one, of another text: %s, %v; want it to count anew", got.State, err)
		}
		if got, err := s.approves("lien", b, ""); err != nil || got.State != community.Approved {
			t.Errorf("both of this text: %s, %v", got.State, err)
		}
		c := cared()
		s.must(s.try(func(ctx context.Context, tx listeners.Tx) error {
			_, err := s.desk.Return(ctx, tx, s.people["loan"], c.ID, "thêm lời xin lỗi nhé")
			return err
		}))
		c = cared()
		if got, err := s.approves("khoa", c, ""); err != nil || got.State != community.Approved {
			t.Errorf("a guide: %s, %v", got.State, err)
		}
		c = cared()
		s.keepsDuty("minh", true)
		if got, err := s.approves("khoa", c, ""); err != nil || got.State != community.Submitted {
			t.Errorf("a guide, of an angry case, while somebody is on duty: %s, %v", got.State, err)
		}
		s.must(s.sets(func(r *moderation.ReviewSettings) { r.Pairs, r.FourEyes = false, false }))
		s.keepsDuty("minh", false)
		if got, err := s.approves("lien", c, ""); err != nil || got.State != community.Submitted {
			t.Errorf("two, where the brand does not want it: %s, %v", got.State, err)
		}
		wants(t, "giving it back", s.try(func(ctx context.Context, tx listeners.Tx) error {
			_, err := s.desk.Return(ctx, tx, s.people["lien"], c.ID, "thêm lời xin lỗi nhé")
			return err
		}), community.ErrNotAllowed)
		if d := cared(); d.LowRisk {
			t.Error("advocates are shown what they have no say in")
		}
	})
}

func TestFourEyes(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.intake.Rules = nil
		s.join("an", community.Admin, 0)
		a := s.waits("huy", riskyPost, "Mình rất tiếc, quản lý sẽ liên hệ ngay ạ")
		if a.WhyReviewed != string(moderation.FourEyes) || a.Quorum != 2 {
			t.Fatalf("it needs %d, %s", a.Quorum, a.WhyReviewed)
		}
		if got, err := s.approves("minh", a, ""); err != nil || got.State != community.Submitted {
			t.Fatalf("the first approval: %s, %v", got.State, err)
		}
		_, err := s.approves("minh", a, "")
		wants(t, "the same person again", err, community.ErrAgreed)
		if got, err := s.approves("mai", a, "Mình rất tiếc ạ."); err != nil || got.State != community.Submitted {
			t.Fatalf("a second approval of another text: %s, %v; want it to count anew", got.State, err)
		}
		if got, err := s.approves("minh", a, ""); err != nil || got.State != community.Approved || got.Text != "Mình rất tiếc ạ." {
			t.Errorf("the second approval of this text: %s %q, %v", got.State, got.Text, err)
		}

		b := s.waits("huy", riskyPost, "Mình rất tiếc ạ")
		override := func(who, reason string) error {
			return s.try(func(ctx context.Context, tx listeners.Tx) error {
				_, err := s.desk.Override(ctx, tx, s.people[who], b.ID, reason)
				return err
			})
		}
		wants(t, "a moderator overrides", override("minh", "gấp"), community.ErrNotAllowed)
		if invalid := (*community.Invalid)(nil); !errors.As(override("an", " "), &invalid) {
			t.Error("an override without a reason is taken")
		}
		s.must(override("an", "khách đang ở bệnh viện"))
		again := func(who, wrong string) error {
			return s.try(func(ctx context.Context, tx listeners.Tx) error {
				return s.desk.LookAgain(ctx, tx, s.people[who], b.ID, wrong)
			})
		}
		waiting, err := moderation.Overrides(t.Context(), s.db.Read(), s.people["minh"], 10)
		if err != nil || len(waiting) != 1 || waiting[0].DueAt != s.clock.Now().Add(24*time.Hour) {
			t.Errorf("overrides: %v, %v", waiting, err)
		}
		wants(t, "the admin looks again", again("an", ""), community.ErrSecondLook)
		s.must(again("minh", "nên hỏi luật sư trước"))
		wants(t, "a third look", again("mai", ""), community.ErrDecided)
		if waiting, _ = moderation.Overrides(t.Context(), s.db.Read(), s.people["minh"], 10); len(waiting) != 0 {
			t.Errorf("overrides after the look: %v", waiting)
		}

		s.keepsDuty("minh", true)
		err = s.sets(func(r *moderation.ReviewSettings) { r.Quorum = 2 })
		if invalid := (*community.Invalid)(nil); !errors.As(err, &invalid) || invalid.Field != "quorum" {
			t.Errorf("two approvals with one on duty: %v", err)
		}
		s.keepsDuty("mai", true)
		s.must(s.sets(func(r *moderation.ReviewSettings) { r.Quorum, r.StaffToo = 2, true }))
		own := s.waits("minh", riskyPost, "Quản lý sẽ gọi cho bạn ngay ạ")
		_, err = s.approves("minh", own, "")
		wants(t, "an employee's own", err, community.ErrOwnAnswer)
		if got, err := s.approves("mai", own, ""); err != nil || got.State != community.Approved {
			t.Errorf("the other pair of eyes: %s, %v", got.State, err)
		}
	})
}

// Sixty-four approvals at once by two people: one of them publishes.
func TestOneOfManyApprovals(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		a := s.waits("huy", calmPost, "Dạ 7h tới 22h ạ")
		var all sync.WaitGroup
		results := make(chan error, 64)
		for i := range 64 {
			all.Go(func() {
				_, err := s.approves([]string{"minh", "mai"}[i%2], a, "")
				results <- err
			})
		}
		all.Wait()
		close(results)
		published := 0
		for err := range results {
			if err == nil {
				published++
			} else {
				wants(t, "the others", err, community.ErrDecided)
			}
		}
		replies, err := s.db.Read().NewSelect().Table("replies").Count(t.Context())
		if published != 1 || replies != 1 || err != nil {
			t.Errorf("%d published, %d replies, %v", published, replies, err)
		}
	})
}

func TestAppeal(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		a := s.waits("huy", calmPost, "Dạ quán mở cửa từ 7h sáng tới 22h tối mỗi ngày ạ")
		appeal := func(who string) error {
			return s.try(func(ctx context.Context, tx listeners.Tx) error {
				_, err := s.desk.AppealReview(ctx, tx, s.people[who], a.ID, "em viết đúng giờ rồi mà")
				return err
			})
		}
		decide := func(who string, changed bool) error {
			return s.try(func(ctx context.Context, tx listeners.Tx) error {
				return s.desk.DecideAppeal(ctx, tx, s.people[who], a.ID, changed, "bạn nói đúng")
			})
		}
		wants(t, "before a decision", appeal("huy"), community.ErrNoAppeal)
		if _, err := s.approves("minh", a, "7h"); err != nil {
			t.Fatal(err)
		}
		wants(t, "somebody else's", appeal("lan"), community.ErrNoAppeal)
		s.must(appeal("huy"))
		wants(t, "a second time", appeal("huy"), community.ErrNoAppeal)
		if n := len(s.notices("mai", community.ReviewAppealed)); n != 1 {
			t.Errorf("the second reviewer has %d notices", n)
		}
		wants(t, "the first reviewer", decide("minh", false), community.ErrSecondLook)
		wants(t, "the author", decide("huy", true), community.ErrNotAllowed)
		s.must(decide("mai", true))
		wants(t, "again", decide("mai", false), community.ErrDecided)
		got, _, err := community.FindAnswer(t.Context(), s.db.Read(), s.people["mai"], a.ID)
		if err != nil || got.Kept == nil || *got.Kept != 1 {
			t.Errorf("after the decision changed %v of the text counts as kept, %v", got.Kept, err)
		}
		if n := len(s.notices("huy", community.AppealChanged)); n != 1 {
			t.Errorf("the author has %d notices", n)
		}
	})
}

func TestLateReviewsAreToldOf(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.keepsDuty("minh", true)
		s.waits("huy", calmPost, "Dạ 7h tới 22h ạ")
		sweep := func() {
			t.Helper()
			brands, err := moderation.LateBrands(t.Context(), s.db.Read(), s.clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range append(brands, brands...) { // twice does no harm
				s.do(func(ctx context.Context, tx listeners.Tx) error { return moderation.Remind(ctx, tx, b) })
			}
		}
		told := func(when string, minh, mai int) {
			t.Helper()
			if a, b := len(s.notices("minh", community.ReviewLate)), len(s.notices("mai", community.ReviewLate)); a != minh || b != mai {
				t.Errorf("%s: who is on duty was told %d times, the other %d times; want %d and %d", when, a, b, minh, mai)
			}
		}
		s.clock.Advance(4 * time.Minute)
		sweep()
		told("after 4 minutes", 0, 0)
		s.clock.Advance(time.Minute)
		sweep()
		sweep()
		told("after 5 minutes", 1, 0)
		s.clock.Advance(10 * time.Minute)
		sweep()
		sweep()
		told("after 15 minutes", 2, 1)
	})
}

func TestReviewerTakesOver(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		a := s.waits("huy", calmPost, "Dạ 7h tới 22h ạ")
		var draft community.Answer
		s.do(func(ctx context.Context, tx listeners.Tx) (err error) {
			draft, err = s.desk.TakeOver(ctx, tx, s.people["minh"], a.ID)
			return err
		})
		c, err := community.FindCase(t.Context(), s.db.Read(), s.people["minh"], a.CaseID)
		if err != nil || !c.HeldBy(s.people["minh"], s.clock.Now()) || draft.Text != a.Text || draft.BasedOn != a.ID {
			t.Fatalf("case %+v, draft %+v, %v", c, draft, err)
		}
		if got := s.answer("minh", c, "Dạ 7h tới 22h nha bạn"); got.State != community.Approved || got.BasedOn != a.ID {
			t.Errorf("what the reviewer sent is %s, based on %d", got.State, got.BasedOn)
		}
		if n := len(s.notices("huy", community.AnswerTakenOver)); n != 1 {
			t.Errorf("the author has %d notices", n)
		}
	})
}
