package moderation_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// solves lets a customer ask, Lan answer, and the customer take it one way or another.
func (s *shop) solves(question, answer string, o community.Outcome) community.Answer {
	s.t.Helper()
	c := s.caseOf(s.writes("khach", question, ""))
	s.claim("lan", c)
	a := s.answer("lan", c, answer)
	s.do(func(ctx context.Context, tx listeners.Tx) error {
		if a.State == community.Submitted {
			if _, err := s.desk.Approve(ctx, tx, s.people["minh"], a.ID, ""); err != nil {
				return err
			}
		}
		_, err := tx.NewUpdate().Table("answers").Set("outcome = ?", o).Where("id = ?", a.ID).Exec(ctx)
		return err
	})
	return a
}

func TestSimilarAnswersThatHelpedComeFirst(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.solves("Quán Nguyễn Trãi mở cửa tới mấy giờ ạ?", "Dạ quán mở cửa từ 7h tới 22h mỗi ngày ạ.", "")
		solved := s.solves("cho hoi quan mo cua luc nao", "Chào bạn, quán mở cửa 7h tới 22h, cuối tuần tới 23h ạ.", community.OutcomeSolved)
		broken := s.solves("Mở cửa mấy giờ vậy shop?", "Dạ chắc là 9h đó bạn, mở cửa trễ lắm.", community.OutcomeBroken)
		other := s.solves("Hạt rang mộc bao nhiêu một ký?", "Dạ 320k một ký ạ.", community.OutcomeSolved)
		staff := s.solves("Chủ nhật quán mở cửa mấy giờ?", "Dạ mở cửa 7h, mời bạn ghé.", community.OutcomeSolved)
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := tx.NewUpdate().Table("cases").Set("lane = ?", community.Staff).Where("id = ?", staff.CaseID).Exec(ctx)
			return err
		})

		asked := s.caseOf(s.writes("lananh", "Hôm nay quán mở cửa mấy giờ vậy ạ?", ""))
		similar := func(who string) []int64 {
			found, err := community.SimilarAnswers(t.Context(), s.db.Read(), s.people[who], &asked, "Hôm nay quán mở cửa mấy giờ vậy ạ?", 5)
			if err != nil {
				t.Fatal(err)
			}
			ids := make([]int64, len(found))
			for i, f := range found {
				ids[i] = f.Answer.ID
				if f.Question == "" {
					t.Error("an answer comes without its question")
				}
			}
			return ids
		}
		got := similar("huy")
		if len(got) != 2 || got[0] != solved.ID {
			t.Errorf("got %v, want two of which %d, which solved it, is first", got, solved.ID)
		}
		for _, never := range []int64{broken.ID, other.ID, staff.ID} {
			if slices.Contains(got, never) {
				t.Errorf("an advocate was shown answer %d, which is broken, about something else, or for staff", never)
			}
		}
		if !slices.Contains(similar("minh"), staff.ID) {
			t.Error("staff do not see their own answers")
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := tx.NewUpdate().Table("answers").Set("state = ?", community.Withdrawn).Where("id = ?", solved.ID).Exec(ctx)
			return err
		})
		if slices.Contains(similar("huy"), solved.ID) {
			t.Error("an answer that was not sent in the end is shown as an example")
		}
	})
}

func TestABlankIsNeverSent(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		var kept community.Snippet
		s.do(func(ctx context.Context, tx listeners.Tx) (err error) {
			kept, err = community.KeepSnippet(ctx, tx, s.people["minh"], community.Snippet{
				Name: "Giờ mở cửa", Text: "Chào [tên khách], quán mở cửa [giờ mở cửa] ạ.", Language: "vi",
			})
			return err
		})
		c := s.caseOf(s.writes("lananh", "Quán mở cửa mấy giờ?", ""))
		s.claim("huy", c)
		var a community.Answer
		s.do(func(ctx context.Context, tx listeners.Tx) (err error) {
			a, err = community.BeginWith(ctx, tx, s.people["huy"], c.ID, "", community.Begun{SnippetID: kept.ID}, strings.TrimSpace)
			return err
		})
		var invalid *community.Invalid
		err := s.try(func(ctx context.Context, tx listeners.Tx) error {
			_, err := s.desk.Submit(ctx, tx, s.people["huy"], c.ID, 0, a.Text)
			return err
		})
		if !errors.As(err, &invalid) || invalid.Field != "text" {
			t.Fatalf("a blank was sent: %v", err)
		}
		sent := s.answer("huy", c, "Chào Lan Anh, quán mở cửa 7h ạ.")
		if sent.SnippetID != kept.ID {
			t.Errorf("the answer does not know its snippet: %d", sent.SnippetID)
		}
		err = s.try(func(ctx context.Context, tx listeners.Tx) error {
			_, err := s.desk.Approve(ctx, tx, s.people["minh"], sent.ID, "Chào [tên khách], 7h ạ.")
			return err
		})
		if !errors.As(err, &invalid) {
			t.Errorf("a reviewer sent a blank: %v", err)
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := s.desk.Approve(ctx, tx, s.people["minh"], sent.ID, "")
			return err
		})
		uses, err := community.SnippetUses(t.Context(), s.db.Read(), []int64{kept.ID})
		if err != nil || uses[kept.ID].Uses != 1 || uses[kept.ID].Good != 0 {
			t.Errorf("got uses %+v (%v), want one", uses, err)
		}
	})
}

func TestABetterWordingIsDecidedByStaff(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		var kept community.Snippet
		s.do(func(ctx context.Context, tx listeners.Tx) (err error) {
			if _, err := community.KeepSnippet(ctx, tx, s.people["huy"], community.Snippet{Name: "x", Text: "y", Language: "vi"}); !errors.Is(err, community.ErrNotAllowed) {
				t.Errorf("an advocate kept a snippet: %v", err)
			}
			kept, err = community.KeepSnippet(ctx, tx, s.people["minh"], community.Snippet{Name: "Chào", Text: "Chào bạn.", Language: "vi"})
			if err != nil {
				return err
			}
			if err := community.SuggestWording(ctx, tx, s.people["huy"], kept.ID, "Chào bạn."); err != nil {
				return err
			}
			return community.SuggestWording(ctx, tx, s.people["huy"], kept.ID, "Sao Mai chào bạn ạ.")
		})
		all, err := community.Wordings(t.Context(), s.db.Read(), s.people["minh"])
		if err != nil || len(all) != 1 || all[0].Text != "Sao Mai chào bạn ạ." {
			t.Fatalf("got %+v (%v), want the second wording alone", all, err)
		}
		if others, err := community.Wordings(t.Context(), s.db.Read(), s.people["lan"]); err != nil || len(others) != 0 {
			t.Errorf("Lan sees what Huy suggested: %+v (%v)", others, err)
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			if err := community.DecideWording(ctx, tx, s.people["lan"], all[0].ID, true); !errors.Is(err, community.ErrNotAllowed) {
				t.Errorf("an advocate decided: %v", err)
			}
			return community.DecideWording(ctx, tx, s.people["minh"], all[0].ID, true)
		})
		now, err := community.FindSnippet(t.Context(), s.db.Read(), s.people["huy"], kept.ID)
		if err != nil || now.Text != "Sao Mai chào bạn ạ." {
			t.Errorf("got %q (%v)", now.Text, err)
		}
		err = s.try(func(ctx context.Context, tx listeners.Tx) error {
			_, err := community.KeepSnippet(ctx, tx, s.people["mai"], kept) // as it was before
			return err
		})
		if !errors.Is(err, community.ErrChanged) {
			t.Errorf("an older page overwrote a newer wording: %v", err)
		}
	})
}

func TestAQuestionAmongColleagues(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c := s.caseOf(s.writes("lananh", "Voucher sinh nhật dùng sao ạ?", ""))
		s.claim("huy", c)
		var asked, opinion community.Note
		s.do(func(ctx context.Context, tx listeners.Tx) (err error) {
			if asked, err = community.AskStaff(ctx, tx, s.people["huy"], c.ID, "Voucher này còn hạn không ạ?"); err != nil {
				return err
			}
			if _, err := community.AskPeer(ctx, tx, s.people["huy"], c.ID, s.people["out"].ID, "?"); !errors.Is(err, community.ErrNotAPeer) {
				t.Errorf("somebody who is not trusted yet was asked: %v", err)
			}
			opinion, err = community.AskPeer(ctx, tx, s.people["huy"], c.ID, s.people["lan"].ID, "Viết vậy ổn không?")
			return err
		})
		notes := func(who string) int {
			all, err := community.Notes(t.Context(), s.db.Read(), s.people[who], &c)
			if err != nil {
				t.Fatal(err)
			}
			return len(all)
		}
		if notes("huy") != 2 || notes("lan") != 1 || notes("minh") != 2 || notes("out") != 0 {
			t.Errorf("Huy, Lan, Minh and a stranger see %d, %d, %d, %d notes; want 2, 1, 2, 0", notes("huy"), notes("lan"), notes("minh"), notes("out"))
		}
		reply := func(who string, n community.Note) error {
			return s.try(func(ctx context.Context, tx listeners.Tx) error {
				_, err := community.ReplyToNote(ctx, tx, s.people[who], n.ID, "Còn tới 31/12 nhé.")
				return err
			})
		}
		if err := reply("lan", asked); !errors.Is(err, sql.ErrNoRows) {
			t.Errorf("a peer answered a question that was put to staff: %v", err)
		}
		if err := errors.Join(reply("minh", asked), reply("lan", opinion)); err != nil {
			t.Fatal(err)
		}
		if notes("huy") != 4 || notes("out") != 0 {
			t.Errorf("Huy sees %d notes, want 4; a stranger %d", notes("huy"), notes("out"))
		}
	})
}

func TestANoteNamesColleagues(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c := s.caseOf(s.writes("lananh", "Voucher sinh nhật dùng sao ạ?", ""))
		named := func(who string) string { return "@" + strings.ToUpper(s.people[who].PublicName) }
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := community.AddNote(ctx, tx, s.people["minh"], c.ID, fmt.Sprintf("Nhờ %s, %s xem giúp; %sx và an@%s thì không. %s", named("lan"), named("mai"), named("huy"), "example.com", named("minh")))
			return err
		})
		timeline, err := community.Timeline(t.Context(), s.db.Read(), s.people["minh"], c.ID)
		if err != nil {
			t.Fatal(err)
		}
		var told []int64
		for _, a := range timeline {
			if a.Kind == community.Mentioned {
				told = append(told, a.Detail.Member)
			}
		}
		want := []int64{s.people["lan"].ID, s.people["mai"].ID}
		slices.Sort(want)
		if !slices.Equal(told, want) {
			t.Errorf("told were %v, want Lan and Mai, %v", told, want)
		}
	})
}

func TestAnExpertIsAskedAboutWhatTheyKnow(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c := s.caseOf(s.writes("lananh", "Voucher sinh nhật dùng sao ạ?", ""))
		s.claim("huy", c)
		khoa := *s.people["mai"]
		become := func(topics string, m community.Member) {
			s.do(func(ctx context.Context, tx listeners.Tx) error {
				_, err := tx.NewUpdate().Model(&m).Set("role = 'expert', topics = ?", topics).WherePK().Exec(ctx)
				return err
			})
		}
		ask := func() error {
			return s.try(func(ctx context.Context, tx listeners.Tx) error {
				_, err := community.AskPeer(ctx, tx, s.people["huy"], c.ID, khoa.ID, "Viết vậy đúng không?")
				return err
			})
		}
		if err := ask(); !errors.Is(err, community.ErrNotAPeer) {
			t.Errorf("a moderator was asked in person: %v", err)
		}
		become(fmt.Sprintf("[%d]", c.TopicID), khoa)
		if err := ask(); err != nil {
			t.Error(err)
		}
	})
}

func TestStaffGetWhatWasTried(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		first := s.writes("lananh", "Đặt ship từ sáng chưa thấy đâu", "")
		s.clock.Advance(time.Minute)
		s.brandWrites("Chào bạn, cho mình xin mã đơn nhé?", first, first, "lananh")
		s.clock.Advance(time.Minute)
		s.writes("lananh", "Mã SM1234 nha, bao giờ tới vậy ạ?", first)
		c := s.caseOf(first)
		s.claim("huy", c)
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			if _, _, _, err := community.SaveDraft(ctx, tx, s.people["huy"], c.ID, "Mình kiểm tra đơn SM1234 ngay"); err != nil {
				return err
			}
			if _, err := community.AddNote(ctx, tx, s.people["huy"], c.ID, "Quán bảo chưa có shipper."); err != nil {
				return err
			}
			_, err := community.HandToStaff(ctx, tx, s.people["huy"], c.ID, "cần tra đơn")
			return err
		})
		c = s.caseOf(first)
		all, err := community.Notes(t.Context(), s.db.Read(), s.people["minh"], &c)
		if err != nil || len(all) != 2 {
			t.Fatalf("got %d notes (%v), want 2", len(all), err)
		}
		h := all[1].Handover
		if all[1].Kind != community.NoteHandover || all[1].Text != "cần tra đơn" || h.Draft != "Mình kiểm tra đơn SM1234 ngay" {
			t.Errorf("got %+v", all[1])
		}
		if !slices.Equal(h.Asked, []string{"Mã SM1234 nha, bao giờ tới vậy ạ?"}) || len(h.Answered) != 1 || !slices.Equal(h.Noted, []string{"Quán bảo chưa có shipper."}) {
			t.Errorf("got %+v", h)
		}
		if seen, err := community.Notes(t.Context(), s.db.Read(), s.people["huy"], &c); err != nil || len(seen) != 0 {
			t.Errorf("an advocate still reads %d notes of a staff case (%v)", len(seen), err)
		}
	})
}

func TestPersonalDataForTheHolderAlone(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c := s.caseOf(s.writes("lananh", "Đơn của mình theo số 0912345678 tới đâu rồi ạ?", ""))
		sees := func(who string) bool {
			now := s.caseOf(c.ThreadKey)
			history, err := community.Timeline(t.Context(), s.db.Read(), s.people[who], c.ID)
			if err != nil {
				t.Fatal(err)
			}
			return community.SeesPersonal(s.people[who], &now, history, s.clock.Now())
		}
		reveal := func(who, why string) error {
			return s.try(func(ctx context.Context, tx listeners.Tx) error {
				_, err := community.Reveal(ctx, tx, s.people[who], c.ID, why)
				return err
			})
		}
		if err := reveal("huy", "gọi shipper"); !errors.Is(err, community.ErrNotHeld) {
			t.Errorf("data were shown to somebody without a claim: %v", err)
		}
		s.claim("huy", c)
		var invalid *community.Invalid
		if err := reveal("huy", " "); !errors.As(err, &invalid) {
			t.Errorf("data were shown for no reason: %v", err)
		}
		if sees("huy") || !sees("minh") {
			t.Error("an advocate sees by itself, or staff do not")
		}
		if err := reveal("huy", "gọi shipper"); err != nil {
			t.Fatal(err)
		}
		if !sees("huy") || sees("lan") {
			t.Error("the holder does not see what they asked for, or somebody else does")
		}
		s.clock.Advance(community.Lease + 1)
		if sees("huy") {
			t.Error("the claim is over and the data are still shown")
		}
		s.claim("huy", c)
		if sees("huy") {
			t.Error("an old reason opens a new claim")
		}
		if n, err := community.RevealsOf(t.Context(), s.db.Read(), s.brand.ID, c.AccountID); err != nil || n != 1 {
			t.Errorf("the customer's card counts %d looks (%v), want 1", n, err)
		}
	})
}

func TestAMachinesDraftIsMadeOnesOwn(t *testing.T) {
	const machine = "Chào bạn, quán mở cửa từ bảy giờ sáng tới mười giờ đêm mỗi ngày trong tuần."
	each(t, func(t *testing.T, s *shop) {
		c := s.caseOf(s.writes("lananh", "Quán mở cửa mấy giờ?", ""))
		s.claim("huy", c)
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			a, err := community.BeginWith(ctx, tx, s.people["huy"], c.ID, "", community.Begun{Machine: machine}, strings.TrimSpace)
			if err == nil && !a.Assisted {
				t.Error("the draft does not say that a machine wrote it")
			}
			return err
		})
		err := s.try(func(ctx context.Context, tx listeners.Tx) error {
			_, err := s.desk.Submit(ctx, tx, s.people["huy"], c.ID, 0, machine)
			return err
		})
		if !errors.Is(err, community.ErrUntouched) {
			t.Errorf("a machine's words left untouched: %v", err)
		}
		if a := s.answer("huy", c, "Dạ em chào chị Lan Anh ạ, bên em mở 7h–22h, chị ghé lúc nào cũng được nha!"); a.Assisted {
			t.Error("a text that somebody wrote anew is still called a machine's")
		}
	})
}
