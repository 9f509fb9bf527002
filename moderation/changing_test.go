package moderation_test

import (
	"context"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// edits lets a customer change a post.
func (s *shop) edits(author, id, text string, version int64) {
	s.t.Helper()
	s.hears(listeners.Post{
		NativeID: id, ThreadKey: id, Author: listeners.Author{NativeID: author, Handle: author, Name: author},
		Reason: listeners.Mentioned, Text: text, Delivery: listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}, CreatedAt: s.clock.Now(), Version: version,
	})
}

// removed lets the network take posts away.
func (s *shop) removed(why listeners.GoneWhy, ids ...string) {
	s.t.Helper()
	var all []listeners.Removal
	for _, id := range ids {
		all = append(all, listeners.Removal{NativeID: id, Why: why})
	}
	s.do(func(ctx context.Context, tx listeners.Tx) error { return community.Remove(ctx, tx, s.conn, all) })
}

func (s *shop) text(id string) string {
	s.t.Helper()
	var text string
	if err := s.db.Read().NewRaw("SELECT text FROM mentions WHERE native_id = ?", id).Scan(s.t.Context(), &text); err != nil {
		s.t.Fatal(err)
	}
	return text
}

func (s *shop) number(query string, args ...any) (n int) {
	s.t.Helper()
	if err := s.db.Read().NewRaw(query, args...).Scan(s.t.Context(), &n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *shop) drafts(who, thread, text string) {
	s.t.Helper()
	c := s.caseOf(thread)
	s.claim(who, c)
	s.do(func(ctx context.Context, tx listeners.Tx) error {
		_, _, _, err := community.SaveDraft(ctx, tx, s.people[who], c.ID, text)
		return err
	})
}

func TestAnEditReplacesATextAndAnOlderOneNever(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		id := s.writes("an", "Quán mở mấy giờ vậy ạ?", "")
		s.drafts("huy", id, "Dạ quán mở từ 7h ạ")
		s.edits("an", id, "Quán đóng cửa mấy giờ vậy ạ?", 2)
		s.edits("an", id, "Quán mở mấy giờ vậy?", 1) // brought late
		if got := s.text(id); got != "Quán đóng cửa mấy giờ vậy ạ?" {
			t.Errorf("the post says %q", got)
		}
		c := s.caseOf(id)
		if c.State != community.Claimed || c.Mentions != 1 || s.number("SELECT COUNT(*) FROM mentions") != 1 {
			t.Errorf("the case is %s with %d posts, want the same case of one", c.State, c.Mentions)
		}
		if n := s.number("SELECT COUNT(*) FROM activities WHERE kind = 'post_edited' AND detail LIKE '%mở mấy giờ vậy ạ%'"); n != 1 {
			t.Errorf("the history tells of %d edits with the text before", n)
		}
		if n := s.number("SELECT COUNT(*) FROM river_job WHERE kind = ? AND CAST(args AS TEXT) LIKE '%post_edited%'", community.NoticeJob{}.Kind()); n != 1 && !s.db.IsPostgres() {
			t.Errorf("whoever writes an answer is told %d times", n)
		}
	})
}

func TestAnEditIsScoredAnew(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		id := s.writes("an", "Cho mình hỏi giao hàng mấy ngày vậy?", "")
		s.drafts("huy", id, "Dạ 2 ngày ạ")
		s.edits("an", id, "Tôi sẽ kiện quán ra toà, luật sư của tôi sẽ liên hệ!", 2)
		if c := s.caseOf(id); c.Lane != community.Staff || c.State != community.Open {
			t.Errorf("a threat edited in leaves the case %s in lane %s, want open with staff", c.State, c.Lane)
		}
	})
}

func TestAnEditOfWhatWasAnsweredOpensItAgain(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		id := s.writes("an", "Quán mở mấy giờ vậy ạ?", "")
		s.brandWrites("Dạ 7h ạ", id, id, "an")
		if c := s.caseOf(id); c.State != community.AnsweredElsewhere {
			t.Fatalf("the case is %s", c.State)
		}
		s.edits("an", id, "Quán mở mấy giờ vậy ạ??", 2) // the same question
		if c := s.caseOf(id); c.State != community.AnsweredElsewhere {
			t.Errorf("an edited comma makes the case %s", c.State)
		}
		s.edits("an", id, "Đơn hàng của mình bị giao thiếu hai ly, quán xử lý sao ạ?", 3)
		if c := s.caseOf(id); c.State != community.Open {
			t.Errorf("another question leaves the case %s", c.State)
		}
	})
}

func TestWhatTheNetworkDeletedIsGoneHere(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		const canary = "chim hoàng yến bay qua quán"
		s.posts = 1_000_000 // ids that mean a post wherever they stand
		id := s.writes("an", "Giao hàng mấy ngày vậy? "+canary, "")
		s.copies(id, "Giao hàng mấy ngày vậy? "+canary, id)
		s.edits("an", id, "Giao hàng đi tỉnh mấy ngày vậy? "+canary, 1)
		if n := len(s.holding("hoàng yến")); n < 8 {
			t.Fatalf("the canary stands in %d columns only; the test proves nothing", n)
		}
		s.removed(listeners.Deleted, id)
		if n := s.number("SELECT COUNT(*) FROM gaps WHERE source = 'unread' AND state = 'open'"); n != 1 {
			t.Errorf("%d gaps for what else a delivery told", n)
		}
		c := s.caseOf(id)
		if c.State != community.Gone || c.HolderID != 0 {
			t.Errorf("the case is %s, held by %d", c.State, c.HolderID)
		}
		s.edits("an", id, "Giao hàng mấy ngày vậy? "+canary, 9) // a late copy
		s.edits("an", "never-stored", "x", 1)
		if s.text(id) != "" || s.caseOf(id).State != community.Gone {
			t.Errorf("a late copy brings back %q", s.text(id))
		}
		if found := s.holding("hoàng yến"); len(found) > 0 {
			t.Errorf("it still stands in %v", found)
		}
		if n := s.number("SELECT COUNT(*) FROM activities WHERE kind = 'post_gone'"); n != 1 {
			t.Errorf("the history tells %d times that the post is gone", n)
		}
	})
}

func TestADeletionBeatsAPostThatComesLate(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.removed(listeners.Deleted, "77")
		s.removed(listeners.Hidden, "78")
		s.edits("an", "77", "Giao hàng mấy ngày vậy?", 0)
		s.edits("an", "78", "Giao hàng mấy ngày vậy?", 0)
		if n := s.number("SELECT COUNT(*) FROM mentions WHERE native_id = '77'"); n != 0 {
			t.Error("what was deleted before we heard of it is stored")
		}
		if n := s.number("SELECT COUNT(*) FROM mentions WHERE native_id = '78'"); n != 1 {
			t.Error("what was hidden and is shown again is not stored")
		}
		s.removed(listeners.Deleted, "78")
		s.edits("an", "78", "Giao hàng mấy ngày vậy?", 0)
		if s.text("78") != "" {
			t.Error("what was shown again and then deleted comes back")
		}
	})
}

func TestWhatWasHiddenIsShownAgain(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		id := s.writes("an", "Giao hàng mấy ngày vậy?", "")
		s.removed(listeners.Hidden, id)
		if c := s.caseOf(id); c.State != community.Gone || s.text(id) != "" {
			t.Fatalf("hidden, the case is %s and says %q", c.State, s.text(id))
		}
		s.edits("an", id, "Giao hàng mấy ngày vậy?", 0)
		if c := s.caseOf(id); c.State != community.Open || s.text(id) == "" || c.Delivery != listeners.ByAPI {
			t.Errorf("shown again, the case is %s, delivery %s, and says %q", c.State, c.Delivery, s.text(id))
		}
	})
}

func TestOnePostOfSeveralIsGone(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		first := s.writes("an", "Giao hàng mấy ngày vậy?", "")
		s.clock.Advance(time.Minute)
		second := s.writes("an", "Alo quán ơi?", first)
		s.drafts("huy", first, "Dạ 2 ngày ạ")
		s.removed(listeners.Deleted, second)
		c := s.caseOf(first)
		var latest string
		if err := s.db.Read().NewRaw("SELECT native_id FROM mentions WHERE id = ?", c.MentionID).Scan(t.Context(), &latest); err != nil || latest != first {
			t.Errorf("an answer now goes to %q (%v), want %q", latest, err, first)
		}
		if c.State != community.Claimed || c.Delivery != listeners.ByAPI {
			t.Errorf("the case is %s, %s", c.State, c.Delivery)
		}
	})
}

func TestAReplyToWhatIsGoneDoesNotLeave(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		id := s.writes("an", "Giao hàng mấy ngày vậy?", "")
		c := s.caseOf(id)
		s.claim("minh", c)
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := s.desk.Submit(ctx, tx, s.people["minh"], c.ID, 0, "Dạ hàng đi trong nội thành một ngày, đi tỉnh hai đến ba ngày ạ")
			return err
		})
		if n := s.number("SELECT COUNT(*) FROM replies WHERE state = 'waiting'"); n != 1 {
			t.Fatalf("%d replies wait", n)
		}
		s.removed(listeners.Deleted, id)
		if n := s.number("SELECT COUNT(*) FROM replies WHERE state = 'cancelled' AND error = 'gone'"); n != 1 {
			t.Error("the reply would still leave")
		}
		if c := s.caseOf(id); c.State != community.Gone {
			t.Errorf("the case is %s", c.State)
		}
		if n := s.number("SELECT COALESCE(SUM(amount), 0) FROM point_entries"); n != 0 {
			t.Errorf("%d points for what nobody reads", n)
		}
	})
}

func TestWhatWasAnsweredStaysWithoutThePost(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		id := s.writes("an", "Giao hàng mấy ngày vậy?", "")
		s.brandWrites("Dạ 2 ngày ạ", id, id, "an")
		s.removed(listeners.Deleted, id)
		if c := s.caseOf(id); c.State != community.AnsweredElsewhere || s.text(id) != "" {
			t.Errorf("the case is %s and the post says %q", c.State, s.text(id))
		}
	})
}
