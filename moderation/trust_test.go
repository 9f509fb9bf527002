package moderation_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

func TestHostileCases(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		rage := s.writes("hung", "@saomaicafe Đồ lừa đảo, làm ăn mất dạy, tao tẩy chay tụi mày!!!", "")
		calm := s.writes("lananh", "@saomaicafe quán mở cửa mấy giờ ạ?", "")
		if !s.caseOf(rage).Hostile || s.caseOf(calm).Hostile {
			t.Errorf("hostile: %v and %v, want the rage only", s.caseOf(rage).Hostile, s.caseOf(calm).Hostile)
		}
		s.writes("lananh", "@saomaicafe Đồ lừa đảo, làm ăn mất dạy, tao tẩy chay tụi mày!!!", calm)
		if !s.caseOf(calm).Hostile {
			t.Error("a customer who begins to rage is not hostile")
		}
	})
}

// past gives a member answers to a case of some time ago that a reviewer let go, or nobody looked at.
func (s *shop) past(who string, c community.Case, reviewer string, kept ...float64) {
	s.t.Helper()
	s.do(func(ctx context.Context, tx listeners.Tx) error {
		for _, share := range kept {
			a := community.Answer{
				BrandID: s.brand.ID, CaseID: c.ID, MemberID: s.people[who].ID, MentionID: c.MentionID, State: community.Approved,
				Text: "Dạ 7h ạ", OwnText: "Dạ 7h ạ", CreatedAt: tx.Now(), UpdatedAt: tx.Now(), SubmittedAt: tx.Now(), DecidedAt: tx.Now(),
			}
			if reviewer != "" {
				a.Kept, a.ReviewerID = &share, s.people[reviewer].ID
			}
			if _, err := tx.NewInsert().Model(&a).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

func shares(n int, share float64) []float64 {
	all := make([]float64, n)
	for i := range all {
		all[i] = share
	}
	return all
}

// approved lets a member answer a new question and a moderator let it go as it is.
func (s *shop) approved(who string) community.Case {
	s.t.Helper()
	c := s.caseOf(s.writes("lananh", "@saomaicafe quán mở cửa mấy giờ ạ?", ""))
	s.claim(who, c)
	a := s.answer(who, c, "Dạ quán mở từ 7h tới 22h ạ")
	if a.State == community.Submitted {
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := s.desk.Approve(ctx, tx, s.people["minh"], a.ID, "")
			return err
		})
	}
	return s.caseOf(c.ThreadKey)
}

// weighs runs the sweep until there is nothing to do, and reads how a member stands.
func (s *shop) weighs(who string) community.TrustView {
	s.t.Helper()
	for range 10 {
		due, err := community.TrustDue(s.t.Context(), s.db.Read(), s.clock.Now())
		if err != nil {
			s.t.Fatal(err)
		}
		if !due {
			break
		}
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := community.WeighTrust(ctx, tx, 1)
			return err
		})
	}
	members, err := community.Members(s.t.Context(), s.db.Read(), s.brand.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	m := members[s.people[who].ID]
	*s.people[who] = m
	v, err := community.TrustOf(s.t.Context(), s.db.Read(), &m)
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

func (v *wantedTrust) check(t *testing.T, got community.TrustView, m *community.Member) {
	t.Helper()
	var last community.Kind
	if len(got.Changes) > 0 {
		last = got.Changes[0].Kind
	}
	if m.Trust != v.level || got.Standing.Earned != v.earned || last != v.last || len(got.Changes) != v.changes {
		t.Fatalf("level %d, earned %d, last of %d changes %q, record %+v; want %+v", m.Trust, got.Standing.Earned, len(got.Changes), last, got.Record, *v)
	}
}

type wantedTrust struct {
	level, earned int
	last          community.Kind
	changes       int
}

func TestTrustIsEarnedAndLost(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c := s.approved("huy")
		(&wantedTrust{1, 1, "", 0}).check(t, s.weighs("huy"), s.people["huy"])

		s.past("huy", c, "", shares(300, 1)...) // nobody looked at these
		s.past("huy", c, "minh", shares(19, 1)...)
		s.approved("huy")
		(&wantedTrust{1, 1, "", 0}).check(t, s.weighs("huy"), s.people["huy"]) // one voice only

		s.past("huy", c, "mai", 0.95, 0.5)
		s.approved("huy")
		v := s.weighs("huy")
		(&wantedTrust{2, 2, community.TrustRaised, 1}).check(t, v, s.people["huy"])
		if got := v.Changes[0]; got.Pieces != 24 || got.Good != 23 || got.LevelFrom != 1 || got.LevelTo != 2 || got.ByID != 0 {
			t.Errorf("the change tells %+v", got)
		}

		s.past("huy", c, "mai", shares(40, 0.2)...)
		s.people["huy"].Trust = 1 // the desk sends the next one to a reviewer
		s.approved("huy")
		(&wantedTrust{2, 2, community.TrustWarned, 2}).check(t, s.weighs("huy"), s.people["huy"])
		s.clock.Advance(13 * 24 * time.Hour)
		(&wantedTrust{2, 2, community.TrustWarned, 2}).check(t, s.weighs("huy"), s.people["huy"])
		s.clock.Advance(24 * time.Hour)
		(&wantedTrust{1, 1, community.TrustLowered, 3}).check(t, s.weighs("huy"), s.people["huy"])
	})
}

func TestTrustTakesTheCustomersWord(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c := s.approved("huy")
		s.clock.Advance(time.Minute)
		s.out.Tick(t.Context())
		s.clock.Advance(time.Minute)
		s.writes("lananh", "Được rồi nha, cảm ơn bạn nhiều!", c.ThreadKey)
		if got := s.weighs("huy").Record; got != (community.Record{Pieces: 1, Good: 1, Voices: 2}) {
			t.Errorf("solved: %+v", got)
		}
	})
}

func TestTrustByPeople(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		var rival, admin community.Member
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			other, err := community.AddBrand(ctx, tx, community.Brand{Slug: "khac", Name: "Quán Khác", Language: "vi", ReviewSeed: "s"}, nil)
			if err != nil {
				return err
			}
			rival, err = community.AddMember(ctx, tx, community.Member{BrandID: other.ID, PersonID: s.people["out"].PersonID, Role: community.Admin, PublicName: "Khác"})
			if err != nil {
				return err
			}
			admin, err = community.AddMember(ctx, tx, community.Member{BrandID: s.brand.ID, PersonID: s.people["out"].PersonID, Role: community.Admin, PublicName: "An"})
			return err
		})
		huy, lan, minh, mai := s.people["huy"], s.people["lan"], s.people["minh"], s.people["mai"]
		grant := func(by *community.Member, to int64, level int, reason string) error {
			return s.try(func(ctx context.Context, tx listeners.Tx) error {
				return community.GrantTrust(ctx, tx, by, to, level, reason)
			})
		}
		propose := func(by *community.Member, who *community.Member) error {
			return s.try(func(ctx context.Context, tx listeners.Tx) error {
				return community.ProposeGuide(ctx, tx, by, who.ID, "dìu dắt người mới rất khéo")
			})
		}
		leak := func(by *community.Member, to int64) error {
			return s.try(func(ctx context.Context, tx listeners.Tx) error {
				return community.ReportLeak(ctx, tx, by, to, "số điện thoại của khách")
			})
		}

		var invalid *community.Invalid
		if err := grant(minh, huy.ID, 4, "x"); !errors.As(err, &invalid) {
			t.Errorf("one employee makes a guide: %v", err)
		}
		if err := grant(minh, huy.ID, 3, " "); !errors.As(err, &invalid) || invalid.Field != "reason" {
			t.Errorf("a grant without a reason: %v", err)
		}
		for name, try := range map[string]struct {
			err, want error
		}{
			"an advocate grants":           {grant(lan, huy.ID, 3, "bạn bè"), community.ErrNotAllowed},
			"another brand's admin grants": {grant(&rival, huy.ID, 3, "x"), sql.ErrNoRows},
			"an employee is granted":       {grant(minh, mai.ID, 3, "x"), community.ErrNoTrust},
			"an advocate reports a leak":   {leak(lan, huy.ID), community.ErrNotAllowed},
			"another brand reports a leak": {leak(&rival, huy.ID), sql.ErrNoRows},
			"a guide without the level":    {propose(minh, huy), community.ErrNotTrusted},
			"an advocate proposes":         {propose(huy, lan), community.ErrNotAllowed},
		} {
			if !errors.Is(try.err, try.want) {
				t.Errorf("%s: %v, want %v", name, try.err, try.want)
			}
		}

		if err := grant(minh, huy.ID, 3, "đã giúp cộng đồng ở diễn đàn nhiều năm"); err != nil {
			t.Fatal(err)
		}
		(&wantedTrust{3, 1, community.TrustGranted, 1}).check(t, s.weighs("huy"), huy)
		if err := propose(minh, huy); !errors.Is(err, community.ErrNotTrusted) {
			t.Errorf("a guide by a granted level: %v", err)
		}
		s.clock.Advance(29 * 24 * time.Hour)
		(&wantedTrust{3, 1, community.TrustGranted, 1}).check(t, s.weighs("huy"), huy)
		s.clock.Advance(25 * time.Hour)
		(&wantedTrust{1, 1, community.TrustGrantEnded, 2}).check(t, s.weighs("huy"), huy)

		if err := propose(minh, lan); err != nil {
			t.Fatal(err)
		}
		if err := propose(mai, lan); !errors.Is(err, community.ErrOtherRole) {
			t.Errorf("a second moderator: %v", err)
		}
		(&wantedTrust{3, 3, community.GuideProposed, 1}).check(t, s.weighs("lan"), lan)
		if err := propose(&admin, lan); err != nil {
			t.Fatal(err)
		}
		(&wantedTrust{4, 4, community.TrustGuide, 2}).check(t, s.weighs("lan"), lan)

		c := s.approved("huy")
		s.past("lan", c, "minh", shares(80, 1)...)
		s.clock.Advance(time.Second)
		if err := leak(minh, lan.ID); err != nil {
			t.Fatal(err)
		}
		v := s.weighs("lan")
		(&wantedTrust{1, 1, community.TrustDropped, 3}).check(t, v, lan)
		if v.Record.Pieces != 0 || len(v.Votes) != 0 {
			t.Errorf("after a leak %d answers from before count, and %d votes", v.Record.Pieces, len(v.Votes))
		}
		s.approved("lan")
		(&wantedTrust{1, 1, community.TrustDropped, 3}).check(t, s.weighs("lan"), lan)
	})
}
