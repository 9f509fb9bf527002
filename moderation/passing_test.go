package moderation_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

const opening = "@saomaicafe Cho mình hỏi quán mở cửa mấy giờ ạ?"

// asks lets a customer ask something that everybody may answer, and gives the case.
func (s *shop) asks(who string) community.Case {
	s.t.Helper()
	return s.caseOf(s.writes(who, opening, ""))
}

// offered tells whether a case is in a member's feed.
func (s *shop) offered(who string, c community.Case) bool {
	s.t.Helper()
	cases, _, err := community.List(s.t.Context(), s.db.Read(), s.people[who], community.Wanted{Now: s.clock.Now()})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, got := range cases {
		if got.ID == c.ID {
			return true
		}
	}
	return false
}

func (s *shop) happened(c community.Case, kind community.Kind) int {
	s.t.Helper()
	n, err := s.db.Read().NewSelect().Model((*community.Activity)(nil)).Where("a.case_id = ? AND a.kind = ?", c.ID, kind).Count(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return int(n)
}

func (s *shop) on(c community.Case, who string, do func(context.Context, community.Tx, *community.Member, int64) (community.Case, error)) error {
	return s.try(func(ctx context.Context, tx listeners.Tx) error {
		_, err := do(ctx, tx, s.people[who], c.ID)
		return err
	})
}

func decline(ctx context.Context, tx community.Tx, m *community.Member, id int64) (community.Case, error) {
	return community.DeclineCase(ctx, tx, m, id, "không rành")
}

func TestDecliningHidesACaseAndCostsNothing(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c := s.asks("lananh")
		s.claim("huy", c)
		s.must(s.on(c, "huy", decline))
		s.must(s.on(c, "huy", decline))
		if s.offered("huy", c) || !s.offered("lan", c) {
			t.Error("a declined case is in the feed of who declined it, or gone for others")
		}
		if got := s.want(c, community.Open); got.HolderID != 0 {
			t.Errorf("the case is held by %d", got.HolderID)
		}
		if n := s.happened(c, community.CaseDeclined); n != 1 {
			t.Errorf("%d declines are in the history, want one", n)
		}
		timeline, err := community.Timeline(t.Context(), s.db.Read(), s.people["lan"], c.ID)
		s.must(err)
		for _, a := range timeline {
			if a.Kind == community.CaseDeclined {
				t.Error("other advocates see who declined")
			}
		}
		s.must(s.on(c, "huy", community.ReconsiderCase))
		if !s.offered("huy", c) {
			t.Error("a case that was reconsidered is not in the feed")
		}
	})
}

func TestWhatAllDeclineGoesToStaff(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c := s.asks("lananh")
		s.must(s.on(c, "huy", decline))
		if got := s.caseOf(c.ThreadKey); got.Lane != community.Community {
			t.Fatalf("the case went to %s while lan could answer it", got.Lane)
		}
		s.must(s.on(c, "lan", decline))
		if got := s.caseOf(c.ThreadKey); got.Lane != community.Staff || got.LaneWhy != "declined" || got.State != community.Open {
			t.Errorf("the case is in %s (%s), %s; want it with staff", got.Lane, got.LaneWhy, got.State)
		}
		if !s.offered("minh", c) {
			t.Error("staff do not see what all have declined")
		}
		if err := s.on(c, "huy", decline); !errors.Is(err, sql.ErrNoRows) {
			t.Errorf("who may not see it any more declines it: %v", err)
		}
	})
}

func TestPassingOnSuggestsAndLeavesTheDraft(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c := s.asks("lananh")
		s.claim("huy", c)
		s.draft("huy", c, "Dạ quán mở từ 7h tới 22h mỗi ngày ạ")
		pass := func(to int64, note string) error {
			return s.on(c, "huy", func(ctx context.Context, tx community.Tx, m *community.Member, id int64) (community.Case, error) {
				return community.PassOn(ctx, tx, m, id, to, note)
			})
		}
		var invalid *community.Invalid
		for name, to := range map[string]int64{"nobody, without a note": 0, "themselves": s.people["huy"].ID, "who has no trust": s.people["out"].ID, "who does not exist": 999} {
			if err := pass(to, ""); !errors.As(err, &invalid) {
				t.Errorf("passed on to %s: %v", name, err)
			}
		}
		s.must(pass(s.people["lan"].ID, "Lan rành giờ mở cửa hơn"))
		s.want(c, community.Open)
		if len(s.notices("lan", community.CasePassedOn)) != 1 {
			t.Error("lan was not told")
		}
		if left := s.left("lan", c); len(left) != 0 {
			t.Error("a draft is shown to who does not hold the case")
		}
		s.claim("lan", c)
		if left := s.left("lan", c); len(left) != 1 || left[0].MemberID != s.people["huy"].ID {
			t.Errorf("lan finds %v, want what huy has written", left)
		}
	})
}

func TestAReturnedDraftIsTakenUpByTheNext(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		const text = "Dạ quán mở từ 7h tới 22h mỗi ngày, cuối tuần cũng vậy ạ"
		c := s.asks("lananh")
		s.claim("huy", c)
		a := s.answer("huy", c, text)
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := s.desk.Return(ctx, tx, s.people["minh"], a.ID, "chào khách trước nhé")
			return err
		})
		s.clock.Advance(29 * time.Minute)
		s.endLeases()
		s.want(c, community.Claimed)
		s.clock.Advance(time.Minute)
		s.endLeases()
		s.want(c, community.Open)
		s.claim("lan", c)
		left := s.left("lan", c)
		if len(left) != 1 || left[0].ID != a.ID {
			t.Fatalf("lan finds %v, want the returned answer", left)
		}
		s.must(s.startFrom("lan", c, a.ID))
		var invalid *community.Invalid
		if err := s.startFrom("lan", c, a.ID); !errors.As(err, &invalid) {
			t.Errorf("what lan has begun was replaced: %v", err)
		}
		b := s.answer("lan", c, "Chào bạn! "+text)
		if b.BasedOn != a.ID {
			t.Errorf("the answer is based on %d, want %d", b.BasedOn, a.ID)
		}
		s.approve(b)
		if n := s.happened(c, community.DraftReused); n != 1 || len(s.notices("huy", community.DraftReused)) != 1 {
			t.Errorf("%d times in the history that the draft was of use, and huy was told %d times; want one each", n, len(s.notices("huy", community.DraftReused)))
		}
		origins, err := community.Origins(t.Context(), s.db.Read(), []community.Answer{a, b})
		s.must(err)
		if origins[b.ID].From != "huy" || origins[a.ID].Into != "lan" {
			t.Errorf("the origins are %+v", origins)
		}
	})
}

func TestADraftRewrittenHasNoOrigin(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c := s.asks("lananh")
		s.claim("huy", c)
		s.draft("huy", c, "Dạ quán mở từ 7h tới 22h mỗi ngày ạ")
		s.must(s.on(c, "minh", community.TakeOver))
		s.must(s.startFrom("minh", c, s.left("minh", c)[0].ID))
		a := s.answer("minh", c, "Chào bạn, bên mình nghỉ lễ hết tuần này, hẹn bạn thứ hai tuần sau!")
		if a.BasedOn != 0 || s.happened(c, community.DraftReused) != 0 {
			t.Errorf("an answer that kept nothing is based on %d", a.BasedOn)
		}
	})
}

func TestTakingOver(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c := s.asks("lananh")
		s.claim("huy", c)
		fence := s.caseOf(c.ThreadKey).Fence
		s.draft("huy", c, "Dạ quán mở từ 7h")
		if err := s.on(c, "lan", community.TakeOver); !errors.Is(err, community.ErrNotAllowed) {
			t.Fatalf("an advocate took a case over: %v", err)
		}
		s.must(s.on(c, "minh", community.TakeOver))
		if got := s.want(c, community.Claimed); got.HolderID != s.people["minh"].ID || got.Fence <= fence {
			t.Errorf("the case is held by %d with fence %d", got.HolderID, got.Fence)
		}
		if len(s.notices("huy", community.CaseTakenOver)) != 1 {
			t.Error("huy was not told")
		}
		if left := s.left("minh", c); len(left) != 1 {
			t.Errorf("minh finds %d drafts, want huy's", len(left))
		}
		// What huy sends late changes nothing, but is kept for him.
		err := s.try(func(ctx context.Context, tx listeners.Tx) error {
			_, err := s.desk.Submit(ctx, tx, s.people["huy"], c.ID, fence, "Dạ quán mở từ 7h tới 22h ạ")
			return err
		})
		if !errors.Is(err, community.ErrLeaseLost) {
			t.Errorf("a late answer gave %v, want ErrLeaseLost", err)
		}
		s.draft("huy", c, "Dạ quán mở từ 7h tới 22h ạ")
		if got := s.want(c, community.Claimed); got.HolderID != s.people["minh"].ID {
			t.Error("a late draft took the case back")
		}
	})
}

func TestPresence(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		c := s.asks("lananh")
		here := func(who string, kind community.PresenceKind, moved bool) error {
			return s.on(c, who, func(ctx context.Context, tx community.Tx, m *community.Member, id int64) (community.Case, error) {
				return community.Present(ctx, tx, m, id, kind, moved)
			})
		}
		seen := func(who string) map[int64]community.PresenceKind {
			all, err := community.Others(t.Context(), s.db.Read(), s.people[who], c.ID, s.clock.Now())
			s.must(err)
			kinds := map[int64]community.PresenceKind{}
			for _, p := range all {
				kinds[p.MemberID] = p.Kind
			}
			return kinds
		}
		s.claim("huy", c)
		s.must(here("huy", community.Reading, false))
		s.must(here("lan", community.Reading, false))
		if got := seen("lan"); len(got) != 1 || got[s.people["huy"].ID] != community.Reading {
			t.Errorf("lan sees %v, want huy reading", got)
		}
		s.must(here("huy", community.Writing, false))
		if got := seen("lan"); got[s.people["huy"].ID] != community.Writing {
			t.Errorf("lan sees %v, want huy writing", got)
		}
		s.clock.Advance(51 * time.Second)
		if got := seen("lan"); len(got) != 0 {
			t.Errorf("lan still sees %v", got)
		}
		before := s.caseOf(c.ThreadKey).HeldUntil
		s.clock.Advance(time.Minute)
		s.must(here("huy", community.Reading, false))
		if got := s.caseOf(c.ThreadKey).HeldUntil; got != before {
			t.Error("a page that was left open renewed the claim")
		}
		s.must(here("huy", community.Reading, true))
		if got := s.caseOf(c.ThreadKey).HeldUntil; got != s.clock.Now().Add(community.Lease) {
			t.Error("a sign of life did not renew the claim")
		}
		s.must(here("lan", community.Reading, true))
		if got := s.caseOf(c.ThreadKey); got.HolderID != s.people["huy"].ID {
			t.Error("who only reads took the case")
		}
		s.clock.Advance(time.Hour)
		s.do(community.ForgetPresence)
		if over, err := community.PresenceOver(t.Context(), s.db.Read(), s.clock.Now()); err != nil || over {
			t.Errorf("who has left is still known (%v)", err)
		}
	})
}

func (s *shop) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) draft(who string, c community.Case, text string) {
	s.t.Helper()
	s.do(func(ctx context.Context, tx listeners.Tx) error {
		_, _, _, err := community.SaveDraft(ctx, tx, s.people[who], c.ID, text)
		return err
	})
}

func (s *shop) left(who string, c community.Case) []community.Answer {
	s.t.Helper()
	now := s.caseOf(c.ThreadKey)
	all, err := community.LeftDrafts(s.t.Context(), s.db.Read(), s.people[who], &now, s.clock.Now())
	s.must(err)
	return all
}

func (s *shop) startFrom(who string, c community.Case, answer int64) error {
	return s.on(c, who, func(ctx context.Context, tx community.Tx, m *community.Member, id int64) (community.Case, error) {
		return community.StartFrom(ctx, tx, m, id, answer)
	})
}

func (s *shop) approve(a community.Answer) {
	s.t.Helper()
	if a.State == community.Approved {
		return
	}
	s.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := s.desk.Approve(ctx, tx, s.people["minh"], a.ID, "")
		return err
	})
}

func (s *shop) endLeases() {
	s.t.Helper()
	s.do(func(ctx context.Context, tx listeners.Tx) error {
		_, err := community.EndLeases(ctx, tx, 10)
		return err
	})
}

// notices reads what a member was asked to be told of a kind.
func (s *shop) notices(who string, about community.Kind) []community.NoticeJob {
	s.t.Helper()
	text := map[bool]string{true: "CAST(args AS TEXT)", false: "json(args)"}[s.db.IsPostgres()]
	var args []string
	s.must(s.db.Read().NewRaw("SELECT "+text+" FROM river_job WHERE kind = 'notice'").Scan(s.t.Context(), &args))
	var told []community.NoticeJob
	for _, text := range args {
		var job community.NoticeJob
		s.must(json.Unmarshal([]byte(text), &job))
		if job.MemberID == s.people[who].ID && job.About == about {
			told = append(told, job)
		}
	}
	return told
}
