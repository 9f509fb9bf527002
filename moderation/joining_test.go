package moderation_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// hopeful is a person who is nobody to the brand yet.
func (s *shop) hopeful(name string) int64 {
	s.t.Helper()
	var id int64
	s.do(func(ctx context.Context, tx listeners.Tx) error {
		return tx.NewRaw("INSERT INTO persons (email, name, language, password_hash, epoch, created_at) VALUES (?, ?, 'vi', '', 1, ?) RETURNING id",
			name+"@example.com", name, tx.Now()).Scan(ctx, &id)
	})
	return id
}

// opens makes the programme one that people may apply to.
func (s *shop) opens() {
	s.t.Helper()
	admin := *s.people["minh"]
	admin.Role = community.Admin
	s.do(func(ctx context.Context, tx listeners.Tx) error {
		p, err := community.ProgrammeOf(ctx, tx, s.brand.ID)
		if err != nil {
			return err
		}
		p.Open = true
		return community.SetProgramme(ctx, tx, &admin, p)
	})
}

func (s *shop) applies(person int64, change func(*community.Applying)) (a community.Application, err error) {
	f := community.Applying{
		PersonID: person, Profile: community.Profile{PublicName: "Tú", Languages: []string{"vi"}, Topics: []int64{1}},
		Motivation: "Mình hay giúp bạn bè.", CodeVersion: 1, Agrees: true, Discloses: true,
	}
	if change != nil {
		change(&f)
	}
	err = s.try(func(ctx context.Context, tx listeners.Tx) error {
		a, err = community.Apply(ctx, tx, s.brand.ID, f)
		return err
	})
	return a, err
}

// takes lets an applicant take the test of the topic with so many right choices.
func (s *shop) takes(person int64, rights int) (test community.Test) {
	s.t.Helper()
	s.do(func(ctx context.Context, tx listeners.Tx) error {
		who, err := community.LearnerOf(ctx, tx, person, nil)
		if err != nil {
			return err
		}
		if test, err = community.StartTest(ctx, tx, who, 1, "vi"); err != nil {
			return err
		}
		for i, c := range test.Cases {
			choice := c.Right
			if i >= rights {
				choice = (c.Right + 1) % (len(c.Choices) + 1)
			}
			if test, err = community.AnswerTest(ctx, tx, who, 1, i, choice); err != nil {
				return err
			}
		}
		return nil
	})
	return test
}

func (s *shop) stands(id int64) community.ApplicationState {
	s.t.Helper()
	var a community.Application
	if err := s.db.Read().NewSelect().Model(&a).Where("id = ?", id).Scan(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return a.State
}

func (s *shop) memberships(person int64) []community.Member {
	s.t.Helper()
	all, err := community.MembersOf(s.t.Context(), s.db.Read(), person)
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

// A stranger applies, fails, sleeps on it, passes, and is accepted.
func TestFromApplicationToMember(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		tu := s.hopeful("tu")
		if _, err := s.applies(tu, nil); !errors.Is(err, community.ErrNoProgramme) {
			t.Fatalf("applied to a programme that is closed: %v", err)
		}
		s.opens()
		for field, change := range map[string]func(*community.Applying){
			"agrees":      func(f *community.Applying) { f.Agrees = false },
			"discloses":   func(f *community.Applying) { f.Discloses = false },
			"motivation":  func(f *community.Applying) { f.Motivation = " " },
			"topics":      func(f *community.Applying) { f.Profile.Topics = []int64{99} },
			"languages":   func(f *community.Applying) { f.Profile.Languages = nil },
			"public_name": func(f *community.Applying) { f.Profile.PublicName = "" },
		} {
			var invalid *community.Invalid
			if _, err := s.applies(tu, change); !errors.As(err, &invalid) || invalid.Field != field {
				t.Errorf("without %s: %v", field, err)
			}
		}
		if _, err := s.applies(tu, func(f *community.Applying) { f.CodeVersion = 7 }); err == nil {
			t.Error("a code of conduct was agreed to that nobody has read")
		}
		a, err := s.applies(tu, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.applies(tu, nil); !errors.Is(err, community.ErrApplied) {
			t.Errorf("applied twice: %v", err)
		}
		accept := func() error {
			return s.try(func(ctx context.Context, tx listeners.Tx) error {
				_, err := community.Accept(ctx, tx, s.people["minh"], a.ID)
				return err
			})
		}
		if err := accept(); !errors.Is(err, community.ErrUntested) {
			t.Errorf("accepted without a test: %v", err)
		}
		if test := s.takes(tu, 6); test.Passed || s.stands(a.ID) != community.Testing {
			t.Errorf("six of eight: passed %v, the application is %s", test.Passed, s.stands(a.ID))
		}
		again := s.try(func(ctx context.Context, tx listeners.Tx) error {
			_, err := community.StartTest(ctx, tx, community.Learner{BrandID: s.brand.ID, PersonID: tu, Application: &a}, 1, "vi")
			return err
		})
		if !errors.Is(again, community.ErrTestTooSoon) {
			t.Errorf("tried again at once: %v", again)
		}
		s.clock.Advance(25 * time.Hour)
		if test := s.takes(tu, 7); !test.Passed || s.stands(a.ID) != community.Tested {
			t.Errorf("seven of eight: passed %v, the application is %s", test.Passed, s.stands(a.ID))
		}
		if len(s.memberships(tu)) != 0 {
			t.Error("an applicant is a member already")
		}
		byAdvocate := s.try(func(ctx context.Context, tx listeners.Tx) error {
			_, err := community.Accept(ctx, tx, s.people["lan"], a.ID)
			return err
		})
		if !errors.Is(byAdvocate, community.ErrNotAllowed) {
			t.Errorf("an advocate accepted somebody: %v", byAdvocate)
		}
		if err := accept(); err != nil {
			t.Fatal(err)
		}
		m := s.memberships(tu)[0]
		if m.State != community.Active || m.Trust != 1 || m.Role != community.Advocate || len(m.Topics) != 1 {
			t.Errorf("the new member is %+v", m)
		}
		if err := accept(); !errors.Is(err, community.ErrDecidedAbout) {
			t.Errorf("accepted twice: %v", err)
		}
	})
}

func TestDeclinedMayApplyAgainAfterAMonth(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.opens()
		tu := s.hopeful("tu")
		a, err := s.applies(tu, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			if _, err := community.Decline(ctx, tx, s.people["minh"], a.ID, "  "); err == nil {
				t.Error("declined without a reason")
			}
			_, err := community.Decline(ctx, tx, s.people["minh"], a.ID, "Chủ đề này đã đủ người.")
			return err
		})
		s.clock.Advance(29 * 24 * time.Hour)
		if _, err := s.applies(tu, nil); !errors.Is(err, community.ErrReapply) {
			t.Errorf("after 29 days: %v", err)
		}
		s.clock.Advance(24 * time.Hour)
		if _, err := s.applies(tu, nil); err != nil {
			t.Errorf("after 30 days: %v", err)
		}
	})
}

// An invitation works once, in its time, for its brand, and spares the wait.
func TestInvitedWaitsForNobody(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		invite := func() (secret string, i community.Invitation) {
			s.do(func(ctx context.Context, tx listeners.Tx) (err error) {
				secret, i, err = community.Invite(ctx, tx, s.people["minh"], community.Invitation{Name: "Tú", Level: 2})
				return err
			})
			return secret, i
		}
		by := func(secret string) func(*community.Applying) {
			return func(f *community.Applying) { f.Secret, f.Motivation = secret, "" }
		}
		secret, _ := invite()
		tu := s.hopeful("tu")
		a, err := s.applies(tu, by(secret))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.applies(s.hopeful("second"), by(secret)); !errors.Is(err, community.ErrInvitation) {
			t.Errorf("an invitation worked twice: %v", err)
		}
		s.takes(tu, 8)
		if got := s.stands(a.ID); got != community.TakenIn {
			t.Errorf("after the test the application is %s", got)
		}
		if m := s.memberships(tu); len(m) != 1 || m[0].State != community.Active || m[0].Trust != 2 {
			t.Errorf("after the test there is %+v", m)
		}
		revoked, i := invite()
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			return community.RevokeInvitation(ctx, tx, s.people["mai"], i.ID)
		})
		old, _ := invite()
		for name, secret := range map[string]string{"revoked": revoked, "unknown": "x"} {
			if _, err := s.applies(s.hopeful(name), by(secret)); !errors.Is(err, community.ErrInvitation) {
				t.Errorf("%s: %v", name, err)
			}
		}
		s.clock.Advance(community.InvitationLife)
		if _, err := s.applies(s.hopeful("late"), by(old)); !errors.Is(err, community.ErrInvitation) {
			t.Errorf("after two weeks: %v", err)
		}
	})
}

// Suspending frees what somebody holds: claims return, drafts stay, answers in review are withdrawn.
func TestSuspensionFreesWhatIsHeld(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		held := s.caseOf(s.writes("a", "Có ship về quận 7 không shop?", ""))
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, _, _, err := community.SaveDraft(ctx, tx, s.people["huy"], held.ID, "Dạ có")
			return err
		})
		reviewed := s.caseOf(s.writes("b", "Ship quận 1 bao lâu ạ?", ""))
		s.claim("huy", reviewed)
		a := s.answer("huy", reviewed, "Dạ khoảng 30 phút ạ.")
		stake, err := community.StakeOf(t.Context(), s.db.Read(), s.people["huy"])
		if err != nil || stake != (community.Stake{Claims: 1, InReview: 1, Drafts: 1}) {
			t.Fatalf("at stake are %+v, %v", stake, err)
		}
		suspend := func(by, who string, reason string) error {
			return s.try(func(ctx context.Context, tx listeners.Tx) error {
				_, err := community.Suspend(ctx, tx, s.people[by], s.people[who].ID, reason, 7*24*time.Hour)
				return err
			})
		}
		for _, c := range [][2]string{{"lan", "huy"}, {"minh", "mai"}, {"minh", "minh"}} {
			if err := suspend(c[0], c[1], "vì"); !errors.Is(err, community.ErrNotAllowed) {
				t.Errorf("%s suspended %s: %v", c[0], c[1], err)
			}
		}
		if err := suspend("minh", "huy", ""); err == nil {
			t.Error("suspended without a reason")
		}
		if err := suspend("minh", "huy", "Chép lại số điện thoại của khách."); err != nil {
			t.Fatal(err)
		}
		for _, k := range []community.Case{held, reviewed} {
			if now := s.want(k, community.Open); now.HolderID != 0 {
				t.Errorf("case %d is still held", k.ID)
			}
		}
		var answers []community.Answer
		if err := s.db.Read().NewSelect().Model(&answers).Where("member_id = ?", s.people["huy"].ID).Order("id").Scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, one := range answers {
			want := community.Draft
			if one.ID == a.ID {
				want = community.Withdrawn
			}
			if one.State != want {
				t.Errorf("answer %d is %s, want %s", one.ID, one.State, want)
			}
		}
		huy := s.memberships(s.people["huy"].PersonID)[0]
		if huy.State != community.Suspended || huy.MaySee(&held) {
			t.Errorf("huy is %s and may see the case: %v", huy.State, huy.MaySee(&held))
		}
		over := func() bool {
			over, err := community.SuspensionsOver(t.Context(), s.db.Read(), s.clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			return over
		}
		if over() {
			t.Error("a suspension is over at once")
		}
		s.clock.Advance(7 * 24 * time.Hour)
		if !over() {
			t.Error("a suspension does not end")
		}
		for range 2 {
			s.do(func(ctx context.Context, tx listeners.Tx) error { return community.EndSuspensions(ctx, tx, 10) })
		}
		if huy := s.memberships(s.people["huy"].PersonID)[0]; huy.State != community.Active || huy.StateReason != "" {
			t.Errorf("afterwards huy is %s because of %q", huy.State, huy.StateReason)
		}
	})
}

func TestAlumniMayComeBack(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.opens()
		lan := s.people["lan"]
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := community.Leave(ctx, tx, lan, lan.ID, "")
			return err
		})
		if m := s.memberships(lan.PersonID)[0]; m.State != community.Alumni {
			t.Fatalf("who left is %s", m.State)
		}
		a, err := s.applies(lan.PersonID, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.takes(lan.PersonID, 8)
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := community.Accept(ctx, tx, s.people["minh"], a.ID)
			return err
		})
		if m := s.memberships(lan.PersonID); len(m) != 1 || m[0].State != community.Active || m[0].Trust != 1 || m[0].PublicName != "Tú" {
			t.Errorf("who came back is %+v", m)
		}
	})
}

// Scout finds who helps others, and nobody who asks, answers themselves or is answered by the brand.
func TestScoutFindsWhoHelps(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		says := func(who, text, thread, to string) {
			s.posts++
			s.clock.Advance(time.Minute)
			s.hears(listeners.Post{
				NativeID: fmt.Sprint(1000 + s.posts), ThreadKey: thread, ParentID: thread, ToID: to,
				Author: listeners.Author{NativeID: who, Handle: who, Name: who}, Reason: listeners.Mentioned, Text: text,
				Delivery: listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}, CreatedAt: s.clock.Now(),
			})
		}
		first := s.writes("asker", "Ship quận 7 phí bao nhiêu vậy shop?", "")
		says("helper", "Trong 5 km là 18k bạn nhé, mình ở quận 7 đặt hoài.", first, "asker")
		says("asker", "Cảm ơn bạn nhiều nha, mình đặt được rồi!", first, "helper")
		second := s.writes("other", "Ship quận 2 được không ạ?", "")
		says("helper", "Được đó bạn.", second, "other")
		says("other", "Shop ơi trả lời giúp mình với", second, "100")
		says("other", "Mình hỏi thêm xíu ạ", second, "other")
		found := func() []community.Helper {
			all, err := community.Helpers(t.Context(), s.db.Read(), s.people["minh"], 0, s.clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		all := found()
		if len(all) != 1 || all[0].Account.Handle != "helper" || len(all[0].Helps) != 2 || all[0].Solved != 1 {
			t.Fatalf("found %+v", all)
		}
		if proven := all[0].Proven(); len(proven) != 1 || proven[0] != 1 {
			t.Errorf("proven topics are %v", proven)
		}
		var secret string
		invite := func(account int64) error {
			return s.try(func(ctx context.Context, tx listeners.Tx) (err error) {
				secret, _, err = community.InviteHelper(ctx, tx, s.people["minh"], account)
				return err
			})
		}
		if err := invite(99); !errors.Is(err, sql.ErrNoRows) {
			t.Errorf("somebody was invited who helps nobody: %v", err)
		}
		if err := invite(all[0].Account.ID); err != nil {
			t.Fatal(err)
		}
		if i := found()[0].Invitation; i == nil || !i.Live(s.clock.Now()) {
			t.Error("it is not remembered who was invited")
		}
		who := s.hopeful("helper")
		if _, err := s.applies(who, func(f *community.Applying) {
			f.Secret, f.Profile.Handles = secret, community.Handles{"x": "@Helper"}
		}); err != nil {
			t.Fatal(err)
		}
		if m := s.memberships(who); len(m) != 1 || m[0].State != community.Active || len(m[0].Topics) != 1 {
			t.Errorf("who solved a thread does not begin one step further: %+v", m)
		}
		if left := found(); len(left) != 0 {
			t.Errorf("a member is still found: %+v", left)
		}
		if _, err := community.Helpers(t.Context(), s.db.Read(), s.people["lan"], 0, clock.Time(0)); !errors.Is(err, community.ErrNotAllowed) {
			t.Errorf("an advocate looked: %v", err)
		}
	})
}
