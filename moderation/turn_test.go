package moderation_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// late lets time be seen to have passed.
func (s *shop) late() (n int) {
	s.t.Helper()
	due, err := community.RunsLate(s.t.Context(), s.db.Read(), s.clock.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	s.do(func(ctx context.Context, tx listeners.Tx) (err error) {
		n, err = community.RunLate(ctx, tx, 1000)
		return err
	})
	if due != (n > 0) {
		s.t.Errorf("something is late: %v, and %d cases were", due, n)
	}
	return n
}

// first is what a member is offered before anything else, 0 for nothing.
func (s *shop) first(who string) int64 {
	s.t.Helper()
	all, _, err := community.List(s.t.Context(), s.db.Read(), s.people[who], community.Wanted{Limit: 1, Now: s.clock.Now()})
	if err != nil {
		s.t.Fatal(err)
	}
	if len(all) == 0 {
		return 0
	}
	return all[0].ID
}

// Three customers write where one can be answered: most promises that are kept at all are kept in time, and those who
// are late are all answered in the end, the longest waiting first.
func TestOverloadKeepsPromisesAndStarvesNobody(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		const rounds = 120
		dice := rand.New(rand.NewPCG(1, 1))
		written := map[int64]int{} // the round in which it was
		taken := map[int64]int{}
		praise := s.caseOf(s.writes("vui", "@saomaicafe quán dễ thương quá, cảm ơn cả nhà", ""))
		written[praise.ID] = 0
		inTime := 0
		for round := range rounds {
			for n := range 3 {
				c := s.caseOf(s.writes(fmt.Sprintf("khach%d-%d", round, n), opening, ""))
				written[c.ID] = round
			}
			s.clock.Advance(10 * time.Minute)
			s.late()
			who := []string{"huy", "lan", "minh"}[dice.IntN(3)]
			id := s.first(who)
			if id == 0 {
				t.Fatalf("round %d: %s is offered nothing", round, who)
			}
			if _, again := taken[id]; again {
				t.Fatalf("round %d: case %d is offered twice", round, id)
			}
			taken[id] = round
			if round-written[id] < 12 { // of ten minutes each: two hours
				inTime++
			}
			s.do(func(ctx context.Context, tx listeners.Tx) error {
				_, err := community.CloseCase(ctx, tx, s.people["minh"], id, "said on the phone")
				return err
			})
		}
		if inTime < rounds*7/10 {
			t.Errorf("%d of %d were taken in time", inTime, rounds)
		}
		if _, ok := taken[praise.ID]; !ok {
			t.Error("who said thanks was never heard")
		}
		lateOnes := 0
		for id, round := range taken {
			if round-written[id] < 12 || id == praise.ID {
				continue
			}
			lateOnes++
			for other, began := range written { // nobody who came earlier was passed over
				if _, ok := taken[other]; !ok && other < id && began < written[id] {
					t.Fatalf("case %d was taken late, and %d, which is older, never", id, other)
				}
			}
		}
		if lateOnes < rounds/25 {
			t.Errorf("only %d late cases had their turn", lateOnes)
		}
	})
}

func TestLateStandsBack(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		old := s.asks("lananh")
		s.clock.Advance(30 * time.Minute)
		if s.late() != 0 {
			t.Error("it is late already")
		}
		s.clock.Advance(time.Hour + 27*time.Minute)
		fresh := s.asks("tuan")
		if s.late() != 1 || s.late() != 0 {
			t.Error("the older one is not late, or twice")
		}
		feed := func(limit int) (all []int64) {
			after := ""
			for {
				some, next, err := community.List(t.Context(), s.db.Read(), s.people["minh"], community.Wanted{Limit: limit, After: after})
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range some {
					all = append(all, c.ID)
				}
				if after = next; next == "" {
					return all
				}
			}
		}
		praise := s.caseOf(s.writes("vui", "@saomaicafe quán dễ thương quá, cảm ơn cả nhà", ""))
		want := []int64{fresh.ID, old.ID, praise.ID}
		for _, limit := range []int{1, 2, 3, 50} {
			if got := feed(limit); !slices.Equal(got, want) {
				t.Errorf("in pages of %d the feed is %v, want %v", limit, got, want)
			}
		}
		for _, cursor := range []string{"1", "1.2", "0.0.x.1", "7.0.1.1", "0.3.1.1", "0.0.1.1x"} {
			if _, _, err := community.List(t.Context(), s.db.Read(), s.people["minh"], community.Wanted{After: cursor}); err == nil {
				t.Errorf("cursor %s is taken", cursor)
			}
		}
		// Whoever writes again has a promise again.
		s.writes("lananh", "@saomaicafe có ai trả lời mình không ạ?", old.ThreadKey)
		if got := feed(50); got[0] != old.ID {
			t.Errorf("who has written again stands at %v", got)
		}
	})
}
