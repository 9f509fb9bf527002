package moderation_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
)

// Announce makes the fake network take posts that answer nobody.
func (n *fakeNetwork) Announce(_ context.Context, o listeners.Outgoing) (listeners.Sent, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.posted = append(n.posted, o)
	return listeners.Sent{NativeID: "r" + o.ID, URL: "https://x.example/" + o.ID}, n.lose
}

func (n *fakeNetwork) Announced(_ context.Context, o listeners.Outgoing, _ clock.Time) (listeners.Verdict, listeners.Sent, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.posted {
		if p.ParentID == "" && p.Text == o.Text {
			return listeners.Found, listeners.Sent{NativeID: "r" + p.ID, URL: "https://x.example/" + p.ID}, nil
		}
	}
	return listeners.Absent, listeners.Sent{}, nil
}

var outage = []string{
	"@saomaicafe mất mạng từ sáng tới giờ rồi, bao giờ có lại vậy?", "mat mang tu sang toi gio chua co lai",
	"Mạng nhà mình mất từ sáng, bao giờ sửa xong ạ?", "mất mạng cả khu rồi ad ơi", "lại mất mạng nữa rồi, mất từ sáng tới giờ", "Mất mạng cả buổi sáng rồi",
}

// storm lets customers write of one cause and an employee open an incident from it.
func (s *shop) storm() community.Incident {
	s.t.Helper()
	for n, text := range outage {
		s.writes(fmt.Sprintf("khach%d", n), text, "")
	}
	s.writes("khac", "Quán mở cửa mấy giờ vậy ạ?", "")
	found, err := moderation.Clusters(s.t.Context(), s.db.Read(), s.brand.ID, s.clock.Now(), 10)
	if err != nil || len(found) != 1 || found[0].Mentions != len(outage) {
		s.t.Fatalf("clusters: %+v, %v; want one of %d", found, err, len(outage))
	}
	var i community.Incident
	s.do(func(ctx context.Context, tx listeners.Tx) (err error) {
		i, err = moderation.OpenIncident(ctx, tx, s.people["minh"], community.Incident{Title: "Mất mạng quận 7"}, found[0].ID)
		return err
	})
	return i
}

func (s *shop) locks(i community.Incident, vi string) (n int) {
	s.t.Helper()
	s.do(func(ctx context.Context, tx listeners.Tx) (err error) {
		_, n, err = community.LockFacts(ctx, tx, s.people["minh"], i.ID, "", vi)
		return err
	})
	return n
}

// states posts a statement: minh writes it, mai approves it.
func (s *shop) states(i community.Incident) community.Statement {
	s.t.Helper()
	var st community.Statement
	s.do(func(ctx context.Context, tx listeners.Tx) (err error) {
		st, err = community.WriteStatement(ctx, tx, s.people["minh"], i.ID, "Mạng ở quận 7 đang mất, tụi mình sửa xong trước 15h.")
		return err
	})
	where := []listeners.Announcement{{ID: s.desk.NewID(), ConnectionID: s.conn.ID}}
	approve := func(who string) error {
		return s.try(func(ctx context.Context, tx listeners.Tx) (err error) {
			_, err = moderation.ApproveStatement(ctx, tx, s.desk, s.people[who], i.ID, st.ID, where)
			return err
		})
	}
	wants(s.t, "who wrote it approves it", approve("minh"), community.ErrOwnStatement)
	wants(s.t, "an advocate approves it", approve("lan"), community.ErrNotAllowed)
	s.must(approve("mai"))
	wants(s.t, "a second approval", approve("mai"), community.ErrChanged)
	return st
}

func (s *shop) voices(who string, c community.Case, opening, closing string) (a community.Answer, err error) {
	s.t.Helper()
	err = s.try(func(ctx context.Context, tx listeners.Tx) error {
		c, err := community.FindCase(ctx, tx, s.people[who], c.ID)
		if err != nil {
			return err
		}
		core, err := community.CoreOf(ctx, tx, &c)
		if err != nil {
			return err
		}
		if _, _, _, err = community.SaveWords(ctx, tx, s.people[who], c.ID, opening, closing); err != nil {
			return err
		}
		a, err = s.desk.Submit(ctx, tx, s.people[who], c.ID, 0, core.Compose(opening, closing))
		return err
	})
	return a, err
}

func TestAnIncidentGathersItsCases(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		i := s.storm()
		count := func() int {
			n, err := community.CountOf(t.Context(), s.db.Read(), &i)
			s.must(err)
			return n.All()
		}
		if n := count(); n != len(outage) {
			t.Fatalf("%d cases belong to it, want %d", n, len(outage))
		}
		late := s.caseOf(s.writes("tre", "mất mạng từ sáng tới giờ, khi nào có lại?", ""))
		if late.IncidentID != i.ID {
			t.Error("a post that says the same later does not belong to it")
		}
		s.must(s.on(late, "huy", community.LeaveIncident))
		if c := s.caseOf(late.ThreadKey); c.IncidentID != 0 || s.happened(late, community.CaseLeft) != 1 {
			t.Errorf("the case is of incident %d after it was taken out", c.IncidentID)
		}
		err := s.try(func(ctx context.Context, tx listeners.Tx) error {
			return community.EndIncident(ctx, tx, s.people["huy"], i.ID)
		})
		wants(t, "an advocate ends it", err, community.ErrNotAllowed)
		s.must(s.try(func(ctx context.Context, tx listeners.Tx) error {
			return community.EndIncident(ctx, tx, s.people["minh"], i.ID)
		}))
		if c := s.caseOf(s.writes("sau", "mất mạng từ sáng tới giờ nè", "")); c.IncidentID != 0 {
			t.Error("a case belongs to an incident that is over")
		}
		s.clock.Advance(7 * time.Hour)
		if old, err := moderation.ClustersOld(t.Context(), s.db.Read(), s.clock.Now()); err != nil || !old {
			t.Errorf("no cluster is old: %v", err)
		}
		s.must(s.try(moderation.EndClusters))
		var left []moderation.Cluster
		s.must(s.db.Read().NewSelect().Model(&left).Scan(t.Context()))
		for _, k := range left {
			if k.Live || len(k.Shared) > 0 {
				t.Errorf("cluster %d still knows what its texts share", k.ID)
			}
		}
		news, err := community.IncidentNews(t.Context(), s.db.Read(), &i)
		if err != nil || len(news) != 3 || news[0].Detail.Rule != community.ToldOver || news[0].ActorID != s.people["minh"].ID {
			t.Errorf("history: %+v, %v", news, err)
		}
	})
}

func TestAStatementIsPostedOnceAndSpeaks(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		i := s.storm()
		cover := func(who string, chosen []int64) (n int, err error) {
			err = s.try(func(ctx context.Context, tx listeners.Tx) (err error) {
				n, err = community.CoverCases(ctx, tx, s.people[who], i.ID, chosen)
				return err
			})
			return n, err
		}
		if _, err := cover("minh", nil); err == nil {
			t.Error("cases are covered by a statement that nobody has made")
		}
		st := s.states(i)
		s.net.lose = &listeners.Error{Class: listeners.Ambiguous, Err: errors.New("connection reset")} // after posting
		s.clock.Advance(20 * time.Second)
		s.out.Tick(t.Context())
		s.net.lose = nil
		for range 4 {
			s.clock.Advance(time.Minute)
			s.out.Tick(t.Context())
		}
		said, err := listeners.Announcements(t.Context(), s.db.Read(), st.ID)
		s.must(err)
		if got := said[st.ID]; len(s.net.posted) != 1 || len(got) != 1 || got[0].State != listeners.Delivered || got[0].URL == "" {
			t.Fatalf("posted %d times, %+v", len(s.net.posted), got)
		}

		held := s.caseOf("1001")
		s.claim("huy", held)
		n, err := cover("minh", nil)
		if err != nil || n != len(outage)-1 {
			t.Fatalf("%d covered, %v; want all but the one that is claimed", n, err)
		}
		if _, err := cover("huy", nil); !errors.Is(err, community.ErrNotAllowed) {
			t.Errorf("an advocate covers: %v", err)
		}
		s.want(held, community.Claimed)
		c := s.want(s.caseOf("1002"), community.Covered)
		if s.offered("lan", c) || s.happened(c, community.CaseCovered) != 1 {
			t.Error("a covered case is in the feed, or not in its history")
		}
		if risk, err := community.CountAtRisk(t.Context(), s.db.Read(), s.brand.ID, s.clock.Now().Add(100*time.Minute)); err != nil || risk > 1 {
			t.Errorf("%d promises are at risk, %v; what is covered asks for nothing", risk, err)
		}
		s.writes("khach1", "vẫn chưa có mạng, bao giờ sửa xong?", "1002")
		s.want(c, community.Open)
		other := s.caseOf("1003")
		var back int
		s.do(func(ctx context.Context, tx listeners.Tx) (err error) {
			back, err = community.UncoverCases(ctx, tx, s.people["minh"], i.ID, []int64{other.ID})
			return err
		})
		if s.want(other, community.Open); back != 1 {
			t.Errorf("%d opened again", back)
		}
		if p := s.points("huy"); p.Balance+p.Pending != 0 {
			t.Errorf("covering earns %+v", p)
		}
	})
}

// TestAStatementSpeaksForWhatComesLater: once staff say so, for first posts that are not angry; whoever writes again
// waits for a person, and reports count it apart from answers, for as long as it is enough.
func TestAStatementSpeaksForWhatComesLater(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		i := s.storm()
		covers := func(who string, on bool) error {
			return s.try(func(ctx context.Context, tx listeners.Tx) error {
				return community.SetCovers(ctx, tx, s.people[who], i.ID, on)
			})
		}
		wants(t, "an advocate lets it", covers("lan", true), community.ErrNotAllowed)
		s.must(covers("minh", true))
		early := s.want(s.caseOf(s.writes("som", "mất mạng từ sáng tới giờ, bao giờ có lại vậy?", "")), community.Open) // nothing has been said
		s.states(i)
		s.clock.Advance(20 * time.Second)
		s.out.Tick(t.Context())
		s.clock.Advance(time.Minute)

		later := s.want(s.caseOf(s.writes("sau", "mất mạng từ sáng tới giờ, bao giờ có lại vậy ạ?", "")), community.Covered)
		if later.CoveredAt != s.clock.Now() || s.happened(later, community.CaseCovered) != 1 || s.offered("lan", later) {
			t.Errorf("covered at %d, %d times", later.CoveredAt, s.happened(later, community.CaseCovered))
		}
		angry := s.caseOf(s.writes("gian", "MẤT MẠNG TỪ SÁNG TỚI GIỜ!!! lừa đảo à, bực mình hết chịu nổi, quá tệ, vô trách nhiệm 😡", ""))
		if angry.State != community.Open || angry.IncidentID != i.ID {
			t.Errorf("an angry one is %s, of incident %d (hostile: %v)", angry.State, angry.IncidentID, angry.Hostile)
		}
		s.want(early, community.Open)
		tally := func() moderation.Report {
			r, err := moderation.ReportOf(t.Context(), s.db.Read(), s.brand.ID, moderation.Period{From: s.clock.Now().Add(-24 * time.Hour), To: s.clock.Now().Add(time.Hour), Zone: time.UTC})
			s.must(err)
			return r
		}
		before := tally()
		if before.All.Stated != 1 || before.All.Answered() != 1 || before.All.Quick != 1 {
			t.Errorf("the report says %+v", before.All)
		}
		for _, p := range before.Parts {
			if (p.Answered() == 1) != (p.Side == moderation.ByStatement) {
				t.Errorf("%s answered %d", p.Side, p.Answered())
			}
		}
		behind, _, err := moderation.CasesBehind(t.Context(), s.db.Read(), s.people["minh"], moderation.Behind{Period: before.Period, Side: moderation.ByStatement, Limit: 10})
		if err != nil || len(behind) != 1 || behind[0].ID != later.ID {
			t.Errorf("behind it: %v, %v", behind, err)
		}
		s.clock.Advance(time.Minute)
		s.writes("sau", "vẫn mất mạng từ sáng tới giờ nè, bao giờ có lại?", later.ThreadKey)
		if c := s.want(later, community.Open); c.CoveredAt != 0 {
			t.Error("who writes again is still covered")
		}
		if r := tally(); r.All.Stated != 0 || r.All.Answered() != 0 {
			t.Errorf("the report says %+v of what was not enough", r.All)
		}
		s.must(covers("mai", false))
		s.want(s.caseOf(s.writes("cuoi", "mất mạng từ sáng tới giờ, bao giờ có lại vậy shop?", "")), community.Open)
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			n, err := community.CoverCases(ctx, tx, s.people["minh"], i.ID, nil)
			if err == nil && n < len(outage) {
				err = fmt.Errorf("%d are covered", n)
			}
			return err
		})
		s.want(angry, community.Open)
		s.want(early, community.Covered)
	})
}

func TestLockedFactsInOnesOwnVoice(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		i := s.storm()
		const first, second = "Mạng quận 7 mất từ 8h, sửa xong trước 15h.", "Mạng quận 7 mất từ 8h, sửa xong trước 18h."
		s.locks(i, first)
		one, two, three := s.caseOf("1001"), s.caseOf("1002"), s.caseOf("1003")
		for who, c := range map[string]community.Case{"huy": one, "lan": two, "mai": three} {
			s.claim(who, c)
		}
		invalid := func(what string, err error, part string) {
			t.Helper()
			if wrong := (*community.Invalid)(nil); !errors.As(err, &wrong) || !strings.Contains(wrong.Sentence, part) {
				t.Errorf("%s: %v", what, err)
			}
		}
		_, err := s.try2(func(ctx context.Context, tx listeners.Tx) (community.Answer, error) {
			return s.desk.Submit(ctx, tx, s.people["huy"], one.ID, 0, "Dạ mạng sắp có lại rồi ạ")
		})
		invalid("without the facts", err, "locked")
		_, err = s.voices("huy", one, " ", "")
		invalid("without a word of one's own", err, "your own")
		a, err := s.voices("huy", one, "Chào chị, em xin lỗi vì buổi sáng khó khăn này ạ.", "Em sẽ báo chị khi có mạng lại nha.")
		s.must(err)
		if a.State != community.Submitted || !strings.Contains(a.Text, first) {
			t.Fatalf("%s %q", a.State, a.Text)
		}
		_, err = s.voices("lan", two, "Chào chị, em xin lỗi vì buổi sáng khó khăn này ạ!", "em sẽ báo chị KHI có mạng lại nha.")
		invalid("the same words to somebody else", err, "just these words")
		b, err := s.voices("lan", two, "Dạ chào bạn, Lan đây ạ.", "Mình theo dõi cùng bạn nhé!")
		s.must(err)
		if b.State == community.Submitted {
			b, err = s.approves("mai", b, "")
			s.must(err)
		}
		c, err := s.voices("mai", three, "Chào anh ạ.", "")
		s.must(err)
		if b.State != community.Approved || c.State != community.Approved {
			t.Fatalf("lan's is %s, mai's %s", b.State, c.State)
		}
		s.clock.Advance(20 * time.Second)
		s.out.Tick(t.Context()) // both are out
		sent := len(s.net.posted)

		_, err = s.approves("minh", a, "Dạ chị chờ chút nha")
		invalid("a reviewer takes the facts out", err, "locked")
		four := s.caseOf("1004")
		s.claim("lan", four)
		d, err := s.voices("lan", four, "Chào anh, Lan nghe ạ.", "Cảm ơn anh đã báo.")
		s.must(err)
		if d.State == community.Submitted {
			d, err = s.approves("mai", d, "")
			s.must(err)
		}
		if n := s.locks(i, second); n != 2 { // the one that waits for a reviewer, and the one that waits to leave
			t.Errorf("%d answers say the new facts", n)
		}
		s.clock.Advance(time.Minute)
		s.out.Tick(t.Context())
		if len(s.net.posted) != sent {
			t.Fatalf("an answer with old facts left: %+v", s.net.posted[sent:])
		}
		s.want(four, community.InReview)
		if p := s.points("lan"); p.Balance+p.Pending <= 0 {
			t.Errorf("lan has %+v for the answer that is out", p)
		}
		d, err = s.approves("mai", d, "")
		s.must(err)
		if d.State != community.Approved || !strings.Contains(d.Text, second) || strings.Contains(d.Text, first) || !strings.HasPrefix(d.Text, "Chào anh, Lan nghe ạ.") {
			t.Errorf("%s %q", d.State, d.Text)
		}
		s.clock.Advance(20 * time.Second)
		s.out.Tick(t.Context())
		if len(s.net.posted) != sent+1 || s.net.posted[sent].Text != d.Text {
			t.Errorf("posted: %+v", s.net.posted[sent:])
		}
		wants(t, "old facts change", s.try(func(ctx context.Context, tx listeners.Tx) error {
			_, err := tx.NewRaw("UPDATE incident_facts SET vi = 'x'").Exec(ctx)
			if err == nil {
				return nil
			}
			return errFrozen
		}), errFrozen)
	})
}

var errFrozen = errors.New("locked facts never change")

func (s *shop) try2(f func(context.Context, listeners.Tx) (community.Answer, error)) (a community.Answer, err error) {
	err = s.try(func(ctx context.Context, tx listeners.Tx) (err error) {
		a, err = f(ctx, tx)
		return err
	})
	return a, err
}

func TestReservesAreCalledOnce(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		i := s.storm()
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			for n, who := range []string{"huy", "lan", "out"} {
				_, err := tx.NewRaw("INSERT INTO push_devices (person_id, epoch, endpoint, p256dh, auth, name, created_at) VALUES (?, 1, ?, 'p', 'a', 'Web', 1)",
					s.people[who].PersonID, fmt.Sprintf("https://push.example/%d", n)).Exec(ctx)
				if err != nil {
					return err
				}
			}
			_, err := tx.NewRaw("UPDATE members SET hours = ? WHERE id = ?", `{"zone":"UTC","spans":[{"day":1,"from":0,"to":60}]}`, s.people["lan"].ID).Exec(ctx)
			return err
		})
		call := func() (n int, err error) {
			err = s.try(func(ctx context.Context, tx listeners.Tx) (err error) {
				n, err = community.CallReserves(ctx, tx, s.people["minh"], i.ID)
				return err
			})
			return n, err
		}
		if n, err := call(); err != nil || n != 1 {
			t.Fatalf("%d were called, %v; want huy alone: lan wants peace, out may not answer", n, err)
		}
		if n, err := call(); err == nil {
			t.Errorf("%d were called again", n)
		}
		calls, err := community.CallsTo(t.Context(), s.db.Read(), &i)
		if err != nil || len(calls) != 1 || calls[0].MemberID != s.people["huy"].ID || calls[0].Came() {
			t.Fatalf("calls: %+v, %v", calls, err)
		}
		c := s.caseOf("1001")
		s.claim("huy", c)
		s.answer("huy", c, "Dạ tụi em đang sửa, chị chờ chút nha")
		if calls, err = community.CallsTo(t.Context(), s.db.Read(), &i); err != nil || !calls[0].Came() {
			t.Errorf("who came: %+v, %v", calls, err)
		}
	})
}
