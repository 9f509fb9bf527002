package moderation_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

func (s *shop) hides(who string, c community.Case, hide bool) error {
	return s.try(func(ctx context.Context, tx listeners.Tx) error {
		return community.HidePost(ctx, tx, s.people[who], c.MentionID, hide, s.out.Hides(s.connection()), s.desk.NewID(), "nặng lời")
	})
}

func (s *shop) mention(id int64) listeners.Mention {
	s.t.Helper()
	all, err := listeners.FindMentions(s.t.Context(), s.db.Read(), []int64{id})
	if err != nil {
		s.t.Fatal(err)
	}
	return all[id]
}

func (s *shop) isHidden(id string) {
	s.t.Helper()
	s.do(func(ctx context.Context, tx listeners.Tx) error {
		return community.Remove(ctx, tx, s.conn, []listeners.Removal{{NativeID: id, Why: listeners.Hidden}})
	})
}

func TestTheBrandHidesAPost(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		w := s.onWall()
		post := s.writes("lananh", "quán mở cửa tới mấy giờ vậy ạ?", "")
		c := s.caseOf(post)
		if err := s.hides("lan", c, true); !errors.Is(err, community.ErrNotAllowed) {
			t.Errorf("an advocate hides a post: %v", err)
		}
		if err := s.hides("minh", c, false); !errors.Is(err, community.ErrChanged) {
			t.Errorf("what is not hidden is shown: %v", err)
		}
		if err := s.hides("minh", c, true); err != nil {
			t.Fatal(err)
		}
		w.lost = failing(listeners.Ambiguous)
		s.isHidden(post) // the network may tell of it before we know that it was done
		s.want(c, community.Open)
		s.passes(time.Minute, 5*time.Second)
		if s.wantChange(c, listeners.Changed, ""); len(w.asked) != 1 || !w.hidden[post] {
			t.Errorf("asked for %v", w.asked)
		}
		w.lost = nil
		hiddenAt := s.mention(c.MentionID).HiddenAt
		set := func(at clock.Time) {
			s.do(func(ctx context.Context, tx listeners.Tx) error {
				_, err := tx.NewUpdate().Table("mentions").Set("hidden_at = ?", sql.NullInt64{Int64: int64(at), Valid: at != 0}).Where("id = ?", c.MentionID).Exec(ctx)
				return err
			})
		}
		set(0) // as whoever hears of it saw the post, who read it before it was settled
		s.isHidden(post)
		s.want(c, community.Open)
		set(hiddenAt)
		s.isHidden(post) // heard again, and again in the nightly look
		if m := s.mention(c.MentionID); m.Text == "" || m.GoneAt != 0 || m.HiddenAt == 0 {
			t.Errorf("of what the brand hides is left %+v", m)
		}
		s.want(c, community.Open)
		if err := s.hides("minh", c, false); err != nil {
			t.Fatal(err)
		}
		s.passes(time.Minute, 5*time.Second)
		if m := s.mention(c.MentionID); m.HiddenAt != 0 || w.hidden[post] {
			t.Error("it is hidden still")
		}
		s.isHidden(post) // by somebody else, on the network
		if s.want(c, community.Gone); s.mention(c.MentionID).Text != "" {
			t.Error("what somebody else hid is stored still")
		}
	})
}

// TestAnAnswerBelowWhatIsHidden: where the network takes none, it goes to the customer alone.
func TestAnAnswerBelowWhatIsHidden(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		w := s.onWall()
		c, a := s.isAnswered("lananh")
		if err := s.hides("minh", c, true); err != nil {
			t.Fatal(err)
		}
		s.out.Tick(t.Context())
		s.passes(time.Minute, 10*time.Second)
		r := s.wantReply(a, listeners.Delivered, "")
		if len(w.posted) != 1 || w.posted[0].Surface != listeners.InPrivate || r.Surface != listeners.InPrivate || w.posted[0].Target != "" {
			t.Errorf("posted %+v", w.posted)
		}
		if can := s.out.Changeable(s.connection(), r); can.Edit || can.Delete || can.Why != "private" {
			t.Errorf("a message can be changed: %+v", can)
		}
	})
}

func TestCommentsWithPhoneNumbersAreHidden(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		w := s.onWall()
		s.intake.NewID = s.desk.NewID
		s.intake.Network = func(string) listeners.Network { return listeners.Network{HidesPhones: true} }
		top := s.writes("nam", "Quán có món gì mới không ạ?", "")
		comment := func(text string) community.Case {
			s.posts++
			id := "c" + time.Duration(s.posts).String()
			s.hears(listeners.Post{
				NativeID: id, ThreadKey: id, ParentID: top, Author: listeners.Author{NativeID: id, Handle: id}, Reason: listeners.Mentioned,
				Text: text, Surface: listeners.InPublic, Delivery: listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}, CreatedAt: s.clock.Now(),
			})
			return s.caseOf(id)
		}
		const number = "Giao trễ quá, gọi mình 0912 345 678 nha"
		if c := comment(number); len(s.changes(c)) != 0 {
			t.Error("hidden though nobody asked for it")
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			return listeners.HidePhones(ctx, tx, s.conn.ID, true)
		}) // a round that began before goes on with the connection as it was
		if c := comment("Quán mở cửa mấy giờ ạ?"); len(s.changes(c)) != 0 {
			t.Error("hidden though it holds no number")
		}
		c := comment(number)
		s.passes(time.Minute, 10*time.Second)
		if ch := s.wantChange(c, listeners.Changed, ""); ch.Why != listeners.HoldsPhone || ch.MemberID != 0 || !w.hidden[c.ThreadKey] {
			t.Errorf("the change is %+v", ch)
		}
		s.isHidden(c.ThreadKey)
		if m := s.mention(c.MentionID); m.Text != number {
			t.Errorf("of the comment is left %q", m.Text)
		}
		if s.want(c, community.Open); len(w.asked) != 1 {
			t.Errorf("asked for %v", w.asked)
		}
	})
}
