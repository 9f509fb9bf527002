package moderation_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
)

// answers lets a member answer a case so that it is on the network.
func (s *shop) answers(who string, c community.Case) {
	s.t.Helper()
	s.claim(who, c)
	a := s.answer(who, c, "Chào bạn, quán mở cửa từ 7h tới 22h mỗi ngày nhé.")
	if a.State == community.Submitted {
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			_, err := s.desk.Approve(ctx, tx, s.people["mai"], a.ID, "")
			return err
		})
	}
	s.clock.Advance(s.desk.Undo)
	s.out.Tick(s.t.Context())
	s.want(c, community.Answered)
}

// TestReport counts a day with five conversations: an advocate, an employee and another tool answered one
// each, one is not answered, and one asks nothing.
func TestReport(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		zone := time.FixedZone("", 7*3600)
		p := moderation.Period{From: s.clock.Now().Add(-9 * time.Hour), To: s.clock.Now().Add(15 * time.Hour), Zone: zone} // 9:00 UTC is 16:00
		const asks = "Cho mình hỏi quán mở cửa mấy giờ ạ?"
		quick, slow := s.caseOf(s.writes("ha", asks, "")), s.caseOf(s.writes("minhtr", asks, ""))
		open := s.writes("thu", asks, "")
		s.writes("an", "Cà phê ngon quá, cảm ơn quán nhiều!", "")
		s.clock.Advance(30 * time.Minute)
		s.answers("lan", quick)
		s.clock.Advance(30 * time.Minute)
		other := s.writes("tuan", asks, "")
		s.clock.Advance(time.Hour)
		s.brandWrites("Dạ 7h ạ", other, other, "tuan")
		s.clock.Advance(time.Hour)
		s.answers("minh", slow)
		s.writes("ha", "Được rồi nha, cảm ơn bạn nhiều!", quick.ThreadKey)
		s.do(func(ctx context.Context, tx listeners.Tx) error {
			return listeners.Spent(ctx, tx, s.conn.ID, []listeners.Spend{{Unit: listeners.ReplyUnit, N: 2, Cost: 300_000}})
		})

		r, err := moderation.ReportOf(t.Context(), s.db.Read(), s.brand.ID, p)
		if err != nil {
			t.Fatal(err)
		}
		if r.All.Asked != 4 || r.All.Answered() != 3 || r.All.Quick != 2 {
			t.Errorf("%d asked, %d answered, %d in time; want 4, 3, 2", r.All.Asked, r.All.Answered(), r.All.Quick)
		}
		if got := r.All.Waits.Within(0.5); got != time.Hour {
			t.Errorf("half were answered within %v, want an hour", got)
		}
		if r.Hours[16].Asked != 3 || r.Hours[17].Asked != 1 || len(r.Slots) != 1 || r.Slots[0].Asked != 4 {
			t.Errorf("asked at 16: %d, at 17: %d, by day: %+v", r.Hours[16].Asked, r.Hours[17].Asked, r.Slots)
		}
		if r.Reviews.N > 1 || r.Cost != 300_000 {
			t.Errorf("%d reviews, %d spent", r.Reviews.N, r.Cost)
		}
		for i, want := range []moderation.Part{{Liked: 1}, {}, {}} {
			if got := r.Parts[i]; got.Answered() != 1 || got.Liked != want.Liked || got.Cost != 100_000 {
				t.Errorf("%s answered %d, liked %d, cost %d; want 1, %d, 100000", got.Side, got.Answered(), got.Liked, got.Cost, want.Liked)
			}
		}

		list := func(b moderation.Behind) (threads []string) {
			t.Helper()
			b.Period, b.Limit = p, 1
			for {
				cases, next, err := moderation.CasesBehind(t.Context(), s.db.Read(), s.people["minh"], b)
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range cases {
					threads = append(threads, c.ThreadKey)
				}
				if b.After = next; next == "" {
					return threads
				}
			}
		}
		hour, topic := 17, community.OtherTopic
		for name, c := range map[string]struct {
			behind moderation.Behind
			want   []string
		}{
			"all":         {moderation.Behind{}, []string{other, open, slow.ThreadKey, quick.ThreadKey}},
			"an hour":     {moderation.Behind{Hour: &hour}, []string{other}},
			"answered":    {moderation.Behind{End: moderation.EndAnswered}, []string{other, slow.ThreadKey, quick.ThreadKey}},
			"unanswered":  {moderation.Behind{End: moderation.EndUnanswered}, []string{open}},
			"in time":     {moderation.Behind{End: moderation.EndQuick}, []string{other, quick.ThreadKey}},
			"late":        {moderation.Behind{End: moderation.EndLate}, []string{slow.ThreadKey}},
			"a member":    {moderation.Behind{Member: s.people["minh"].ID}, []string{slow.ThreadKey}},
			"community":   {moderation.Behind{Side: moderation.ByCommunity}, []string{quick.ThreadKey}},
			"staff":       {moderation.Behind{Side: moderation.ByStaff}, []string{slow.ThreadKey}},
			"elsewhere":   {moderation.Behind{Side: moderation.ByElsewhere}, []string{other}},
			"a network":   {moderation.Behind{Network: "facebook"}, nil},
			"a lane":      {moderation.Behind{Lane: string(community.Staff)}, nil},
			"other topic": {moderation.Behind{Topic: &topic, End: moderation.EndLate}, []string{slow.ThreadKey}},
		} {
			if got := list(c.behind); !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", name, got, c.want)
			}
		}
	})
}

// TestAReportCountsWhatPeopleSay takes a question out that an employee says is none, and counts one that
// triage did not hear.
func TestAReportCountsWhatPeopleSay(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		asked := s.caseOf(s.writes("ha", "Cho mình hỏi quán mở cửa mấy giờ ạ?", ""))
		silent := s.caseOf(s.writes("tuan", "Cà phê ngon quá, cảm ơn quán nhiều!", ""))
		if asked.AskedAt != s.clock.Now() || silent.AskedAt != 0 {
			t.Fatalf("asked at %v and %v", asked.AskedAt, silent.AskedAt)
		}
		for _, say := range []struct {
			c   community.Case
			yes bool
		}{{asked, false}, {silent, true}} {
			in := community.Incoming{Mention: &listeners.Mention{ID: say.c.MentionID, CaseID: say.c.ID, CreatedAt: say.c.CustomerAt}, Lane: community.Community, LaneWhy: "default"}
			if say.yes {
				in.Score.Question = 1
			}
			s.do(func(ctx context.Context, tx listeners.Tx) error {
				return community.Rejudge(ctx, tx, s.people["minh"], in, nil)
			})
		}
		if a, b := s.caseOf(asked.ThreadKey).AskedAt, s.caseOf(silent.ThreadKey).AskedAt; a != 0 || b != silent.CustomerAt {
			t.Errorf("after the corrections they asked at %v and %v", a, b)
		}
	})
}
