package moderation_test

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
)

// wall is a network on which posts can be changed: what stands on it, by id, and what it was asked for.
type wall struct {
	*fakeNetwork
	stands map[string]string // texts of our own posts; none once a post is gone
	hidden map[string]bool
	asked  []string // the changes that were asked for, in order
	refuse error    // instead of changing
	lost   error    // after changing
}

// onWall puts the brand's network behind a wall, on which what the brand posted stands.
func (s *shop) onWall() *wall {
	w := &wall{fakeNetwork: s.net, stands: map[string]string{}, hidden: map[string]bool{}}
	s.out.Open = func(listeners.Connection) (listeners.Channel, error) { return w, nil }
	return w
}

func (w *wall) Capabilities() listeners.Capabilities {
	return listeners.Capabilities{MaxLength: 280, EditFor: 24 * time.Hour, Privately: 7 * 24 * time.Hour}
}

func (w *wall) Reply(ctx context.Context, r listeners.Outgoing) (listeners.Sent, error) {
	if w.hidden[r.ParentID] && r.Surface == listeners.InPublic {
		return listeners.Sent{}, failing(listeners.Forbidden)
	}
	sent, err := w.fakeNetwork.Reply(ctx, r)
	w.stands[sent.NativeID] = r.Text
	return sent, err
}

func (w *wall) Hydrate(_ context.Context, ids []string) (page listeners.Page, err error) {
	for _, id := range ids {
		text, stands := w.stands[id]
		switch {
		case w.hidden[id]:
			page.Gone = append(page.Gone, listeners.Removal{NativeID: id, Why: listeners.Hidden})
		case !stands && id[0] == 'r':
			page.Gone = append(page.Gone, listeners.Removal{NativeID: id, Why: listeners.Deleted})
		default:
			page.Posts = append(page.Posts, listeners.Post{NativeID: id, Text: text})
		}
	}
	return page, nil
}

func (w *wall) change(what string, do func()) error {
	w.asked = append(w.asked, what)
	if w.refuse != nil {
		return w.refuse
	}
	do()
	return w.lost
}

func (w *wall) Edit(_ context.Context, id, text string) error {
	return w.change("edit", func() { w.stands[id] = text })
}

func (w *wall) Delete(_ context.Context, id string) error {
	if _, stands := w.stands[id]; !stands {
		return failing(listeners.Gone)
	}
	return w.change("delete", func() { delete(w.stands, id) })
}

func (w *wall) Hide(_ context.Context, id string, hide bool) error {
	return w.change("hide", func() { w.hidden[id] = hide })
}

// stands gives a case whose answer by lan is on the network.
func (s *shop) isThere(author string) (community.Case, community.Answer, listeners.Reply) {
	s.t.Helper()
	c, a := s.isAnswered(author)
	s.passes(time.Minute, time.Minute)
	return c, a, s.wantReply(a, listeners.Delivered, "")
}

func (s *shop) correct(who string, r listeners.Reply, text string) (a community.Answer, err error) {
	s.t.Helper()
	can := s.out.Changeable(s.connection(), r)
	err = s.try(func(ctx context.Context, tx listeners.Tx) error {
		a, err = s.desk.Correct(ctx, tx, s.people[who], r.ID, text, can)
		return err
	})
	return a, err
}

func (s *shop) deletes(who string, r listeners.Reply, why string, reopen bool) error {
	s.t.Helper()
	can := s.out.Changeable(s.connection(), r)
	return s.try(func(ctx context.Context, tx listeners.Tx) error {
		return community.DeleteReply(ctx, tx, s.people[who], r.ID, can, community.Deletion{ID: s.desk.NewID(), Why: why, Reopen: reopen})
	})
}

func (s *shop) changes(c community.Case) []listeners.Change {
	s.t.Helper()
	all, err := listeners.ChangesOf(s.t.Context(), s.db.Read(), c.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	return all[c.ID]
}

func (s *shop) wantChange(c community.Case, state listeners.ChangeState, why string) listeners.Change {
	s.t.Helper()
	all := s.changes(c)
	if len(all) == 0 {
		s.t.Fatal("no change was asked for")
	}
	last := all[len(all)-1]
	if last.State != state || last.Error != why {
		s.t.Fatalf("the change is %s (%s), want %s (%s)", last.State, last.Error, state, why)
	}
	return last
}

const right = "Dạ quán mở từ 8h tới 22h nha lananh"

func TestCorrectionOfASentAnswer(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		w := s.onWall()
		c, a, r := s.isThere("lananh")
		points := s.points("lan")
		for who, want := range map[string]error{"huy": sql.ErrNoRows, "out": sql.ErrNoRows} {
			if _, err := s.correct(who, r, right); !errors.Is(err, want) {
				t.Errorf("%s corrects another's answer: %v, want %v", who, err, want)
			}
		}
		var invalid *community.Invalid
		for _, text := range []string{"", a.Text, "Chuyển khoản vào stk 0123456789 Vietcombank nha", "Đồ ngu, quán mở 8h"} {
			if _, err := s.correct("lan", r, text); !errors.As(err, &invalid) {
				t.Errorf("%q was taken for a correction: %v", text, err)
			}
		}
		if _, err := s.correct("lan", r, right); err != nil {
			t.Fatal(err)
		}
		if _, err := s.correct("minh", r, right+"!"); !errors.Is(err, listeners.ErrChanging) {
			t.Errorf("a second correction on its way: %v", err)
		}
		s.passes(time.Second, time.Second)
		ch := s.wantChange(c, listeners.Changed, "")
		if w.stands[r.NativeID] != right || ch.Before != a.Text || ch.MemberID != s.people["lan"].ID || len(w.asked) != 1 {
			t.Errorf("on the network stands %q, before it %q, asked %v", w.stands[r.NativeID], ch.Before, w.asked)
		}
		if s.want(c, community.Answered); s.points("lan") != points {
			t.Errorf("a correction changed the points to %+v", s.points("lan"))
		}
		now := r.Now(s.changes(c))
		if now.Text != right || now.Edited == nil || now.Deleted != nil {
			t.Errorf("the reply has become %+v", now)
		}
		if _, err := s.correct("minh", r, "Dạ 9h nha"); err != nil { // staff corrects it again
			t.Fatal(err)
		}
		s.passes(time.Second, time.Second)
		if w.stands[r.NativeID] != "Dạ 9h nha" || s.told("lan", community.ReplyEdited) != 1 {
			t.Errorf("on the network stands %q; the author was told %d times", w.stands[r.NativeID], s.told("lan", community.ReplyEdited))
		}
		s.clock.Advance(25 * time.Hour)
		if _, err := s.correct("minh", r, "Dạ 10h nha"); !errors.Is(err, listeners.ErrNoChange) {
			t.Errorf("edited after the network's time for it: %v", err)
		}
	})
}

func TestCorrectionIsReviewed(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		w := s.onWall()
		c := s.caseOf(s.writes("lananh", "quán mở cửa mấy giờ ạ?", ""))
		s.claim("huy", c)
		a := s.answer("huy", c, "Dạ quán mở từ 7h")
		approve := func(id int64, text string) error {
			return s.try(func(ctx context.Context, tx listeners.Tx) error {
				_, err := s.desk.Approve(ctx, tx, s.people["minh"], id, text)
				return err
			})
		}
		if err := approve(a.ID, ""); err != nil {
			t.Fatal(err)
		}
		s.passes(time.Minute, time.Minute)
		r := s.wantReply(a, listeners.Delivered, "")
		first, err := s.correct("huy", r, "Dạ quán mở từ 8h")
		if err != nil || first.State != community.Submitted || first.WhyReviewed != "newcomer" {
			t.Fatalf("a newcomer's correction is %s (%s), %v", first.State, first.WhyReviewed, err)
		}
		s.want(c, community.Answered)
		s.passes(time.Minute, time.Minute)
		if len(w.asked) != 0 {
			t.Fatal("a correction left that nobody has read")
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			if _, err := s.desk.TakeOver(ctx, tx, s.people["minh"], first.ID); !errors.Is(err, community.ErrNotAllowed) {
				t.Errorf("a correction is taken over: %v", err)
			}
			_, err := s.desk.Return(ctx, tx, s.people["minh"], first.ID, "7h mới đúng")
			return err
		})
		if s.want(c, community.Answered); s.told("huy", community.CorrectionReturned) != 1 {
			t.Error("the author does not hear that the correction came back")
		}
		if draft, err := community.DraftOf(t.Context(), s.db.Read(), s.people["huy"], c.ID); err != nil || draft.ID != 0 {
			t.Errorf("a returned correction is a draft of the case: %+v, %v", draft, err)
		}
		s.writes("lananh", "còn chỗ ngồi không ạ?", c.ThreadKey) // a case in review besides
		s.claim("huy", c)
		second, err := s.correct("huy", r, "Dạ quán mở từ 9h")
		if err != nil {
			t.Fatal(err)
		}
		other := s.answer("huy", c, "Dạ còn nhiều chỗ ạ")
		if err := approve(second.ID, "Dạ quán mở từ 7h30"); err != nil {
			t.Fatal(err)
		}
		s.passes(time.Second, time.Second)
		if w.stands[r.NativeID] != "Dạ quán mở từ 7h30" || s.told("huy", community.CorrectionApproved) != 1 {
			t.Errorf("on the network stands %q", w.stands[r.NativeID])
		}
		s.want(c, community.InReview)
		if err := approve(other.ID, ""); err != nil {
			t.Errorf("the other answer: %v", err)
		}
	})
}

// TestOnlyApprovedWordsReplaceAReply: the database itself refuses others.
func TestOnlyApprovedWordsReplaceAReply(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c, a, r := s.isThere("lananh")
		ask := listeners.Change{
			ID: uuid.NewString(), BrandID: s.brand.ID, ConnectionID: s.conn.ID, CaseID: c.ID, ReplyID: r.ID, AnswerID: a.ID, ReviewID: r.ReviewID,
			NativeID: r.NativeID, Kind: listeners.EditReply, Text: "Dạ quán đóng cửa rồi",
		}
		if err := s.try(func(ctx context.Context, tx listeners.Tx) error { return listeners.AskChange(ctx, tx, ask) }); err == nil {
			t.Error("words that nobody approved were taken")
		}
	})
}

func TestDoubtfulChanges(t *testing.T) {
	ambiguous := failing(listeners.Ambiguous)
	t.Run("an edit that was made", func(t *testing.T) {
		each(t, func(t *testing.T, s *shop) {
			w := s.onWall()
			c, _, r := s.isThere("lananh")
			if _, err := s.correct("lan", r, right); err != nil {
				t.Fatal(err)
			}
			w.lost = ambiguous
			s.passes(time.Second, time.Second)
			s.wantChange(c, listeners.ChangeInDoubt, "ambiguous")
			s.passes(time.Minute, 5*time.Second)
			if s.wantChange(c, listeners.Changed, ""); len(w.asked) != 1 {
				t.Errorf("asked for %v, want one edit", w.asked)
			}
		})
	})
	t.Run("an edit that was not", func(t *testing.T) {
		each(t, func(t *testing.T, s *shop) {
			w := s.onWall()
			c, _, r := s.isThere("lananh")
			if _, err := s.correct("lan", r, right); err != nil {
				t.Fatal(err)
			}
			w.refuse = ambiguous
			s.passes(10*time.Second, 5*time.Second) // it is seen not to be there, once
			if w.refuse = nil; len(w.asked) != 1 {
				t.Fatalf("asked for %v after one look", w.asked)
			}
			s.passes(time.Minute, 5*time.Second)
			if s.wantChange(c, listeners.Changed, ""); w.stands[r.NativeID] != right || len(w.asked) != 2 {
				t.Errorf("asked for %v; on the network stands %q", w.asked, w.stands[r.NativeID])
			}
		})
	})
	t.Run("a delete that was made is made once", func(t *testing.T) {
		each(t, func(t *testing.T, s *shop) {
			w := s.onWall()
			c, _, r := s.isThere("lananh")
			if err := s.deletes("minh", r, community.WasWrong, true); err != nil {
				t.Fatal(err)
			}
			w.lost = ambiguous
			s.passes(time.Minute, 5*time.Second)
			if s.wantChange(c, listeners.Changed, ""); !slices.Equal(w.asked, []string{"delete"}) {
				t.Errorf("asked for %v, want one delete", w.asked)
			}
		})
	})
	t.Run("an edit that somebody has made there already", func(t *testing.T) {
		each(t, func(t *testing.T, s *shop) {
			w := s.onWall()
			c, _, r := s.isThere("lananh")
			if _, err := s.correct("lan", r, right); err != nil {
				t.Fatal(err)
			}
			w.stands[r.NativeID] = right
			s.passes(time.Second, time.Second)
			if s.wantChange(c, listeners.Changed, ""); len(w.asked) != 0 {
				t.Errorf("asked for %v", w.asked)
			}
		})
	})
	t.Run("a process dies after the request", func(t *testing.T) {
		each(t, func(t *testing.T, s *shop) {
			w := s.onWall()
			c, _, r := s.isThere("lananh")
			if _, err := s.correct("lan", r, right); err != nil {
				t.Fatal(err)
			}
			w.stands[r.NativeID] = right
			s.do(func(ctx context.Context, tx listeners.Tx) error {
				_, err := tx.NewUpdate().Model((*listeners.Change)(nil)).Set("state = ?, attempts = 1, due_at = ?", listeners.Changing, tx.Now().Add(time.Minute)).Where("TRUE").Exec(ctx)
				return err
			})
			s.passes(30*time.Second, 5*time.Second)
			s.wantChange(c, listeners.Changing, "")
			s.passes(time.Minute, 5*time.Second)
			if s.wantChange(c, listeners.Changed, ""); len(w.asked) != 0 {
				t.Errorf("asked for %v again", w.asked)
			}
		})
	})
	t.Run("a restored backup", func(t *testing.T) {
		each(t, func(t *testing.T, s *shop) {
			w := s.onWall()
			c, _, r := s.isThere("lananh")
			if err := s.deletes("minh", r, community.WasWrong, true); err != nil {
				t.Fatal(err)
			}
			delete(w.stands, r.NativeID) // after the backup was made
			s.do(func(ctx context.Context, tx listeners.Tx) error {
				n, err := listeners.DoubtChanges(ctx, tx)
				if n != 1 {
					t.Errorf("%d changes are doubtful, want 1", n)
				}
				return err
			})
			s.passes(time.Second, time.Second)
			if s.wantChange(c, listeners.Changed, ""); len(w.asked) != 0 {
				t.Errorf("asked for %v again", w.asked)
			}
		})
	})
}

func TestDeleteOfASentAnswer(t *testing.T) {
	for why, want := range map[string]gamification.Points{community.WasWrong: {Balance: -5}, community.WasNeeded: {Balance: 3, Pending: 15}} {
		t.Run(why, func(t *testing.T) {
			each(t, func(t *testing.T, s *shop) {
				w := s.onWall()
				c, a, r := s.isThere("lananh")
				s.clock.Advance(time.Minute)
				s.writes("lananh", "Được rồi nha, cảm ơn bạn nhiều!", c.ThreadKey)
				s.want(c, community.Resolved)
				if got := s.points("lan"); got.Balance != 3 || got.Pending != 15 {
					t.Fatalf("points before: %+v", got)
				}
				if err := s.deletes("lan", r, why, true); !errors.Is(err, community.ErrNotAllowed) {
					t.Errorf("an advocate deletes: %v", err)
				}
				if err := s.deletes("minh", r, "because", true); err == nil {
					t.Error("deleted for no reason")
				}
				if err := s.deletes("minh", r, why, why == community.WasWrong); err != nil {
					t.Fatal(err)
				}
				s.passes(time.Second, time.Second)
				ch := s.wantChange(c, listeners.Changed, "")
				if _, stands := w.stands[r.NativeID]; stands || ch.Before != a.Text {
					t.Errorf("it stands there still: %t; before was %q", stands, ch.Before)
				}
				state := community.Resolved
				if why == community.WasWrong {
					state = community.Open
				}
				if c := s.want(c, state); c.AnsweredBy != 0 || c.AnsweredAt != 0 {
					t.Errorf("the case was answered at %d by %d", c.AnsweredAt, c.AnsweredBy)
				}
				if got := s.points("lan"); got != want || s.told("lan", community.ReplyDeleted) != 1 {
					t.Errorf("points %+v, want %+v; told %d times", got, want, s.told("lan", community.ReplyDeleted))
				}
				if _, err := s.correct("minh", r, right); !errors.Is(err, community.ErrNotSent) {
					t.Errorf("what is deleted is corrected: %v", err)
				}
				if err := s.deletes("minh", r, why, true); !errors.Is(err, community.ErrNotSent) {
					t.Errorf("deleted twice: %v", err)
				}
			})
		})
	}
}

// TestCustomerDeletesWhileWeCorrect: the post and what stood below it are gone when the correction arrives.
func TestCustomerDeletesWhileWeCorrect(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		w := s.onWall()
		c, _, r := s.isThere("lananh")
		if _, err := s.correct("lan", r, right); err != nil {
			t.Fatal(err)
		}
		delete(w.stands, r.NativeID)
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			return community.Remove(ctx, tx, s.conn, []listeners.Removal{{NativeID: c.ThreadKey, Why: listeners.Deleted}})
		})
		s.passes(time.Minute, 5*time.Second)
		if s.wantChange(c, listeners.NotChanged, "gone"); len(w.asked) != 0 || s.told("lan", community.ChangeFailed) != 1 {
			t.Errorf("asked for %v; told %d times", w.asked, s.told("lan", community.ChangeFailed))
		}
	})
}

func TestStoppedAndUnpaidChangesWait(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		w := s.onWall()
		c, _, r := s.isThere("lananh")
		stop := func(do func(context.Context, listeners.Tx, *community.Member, int64) error) {
			s.do(func(ctx context.Context, tx listeners.Tx) error { return do(ctx, tx, s.people["minh"], 0) })
		}
		if _, err := s.correct("lan", r, right); err != nil {
			t.Fatal(err)
		}
		stop(func(ctx context.Context, tx listeners.Tx, m *community.Member, id int64) error {
			return community.StopSending(ctx, tx, m, id, "")
		})
		s.passes(time.Hour, time.Minute)
		s.wantChange(c, listeners.ChangeQueued, "")
		stop(community.ResumeSending)
		w.refuse = failing(listeners.OverBudget)
		s.passes(time.Second, time.Second)
		s.wantChange(c, listeners.ChangeQueued, "over_budget")
		w.refuse = nil
		s.passes(2*time.Hour, time.Minute)
		if s.wantChange(c, listeners.Changed, ""); w.stands[r.NativeID] != right {
			t.Errorf("on the network stands %q", w.stands[r.NativeID])
		}
	})
}

func TestRefusedChange(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		w := s.onWall()
		c, _, r := s.isThere("lananh")
		w.refuse = failing(listeners.Forbidden)
		if err := s.deletes("minh", r, community.WasWrong, true); err != nil {
			t.Fatal(err)
		}
		s.passes(time.Minute, time.Second)
		if s.wantChange(c, listeners.NotChanged, "forbidden"); s.told("minh", community.ChangeFailed) != 1 || len(w.asked) != 1 {
			t.Errorf("told %d times, asked %v", s.told("minh", community.ChangeFailed), w.asked)
		}
		if s.want(c, community.Answered); s.points("lan").Balance != 3 {
			t.Error("what stands there still was taken back")
		}
	})
}
