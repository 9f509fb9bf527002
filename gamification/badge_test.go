package gamification_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/server/db"
	"github.com/kith-social/kith/server/db/dbtest"
)

// decorated looks at a member's ledger, and says what was given and taken back.
func decorated(t *testing.T, d *db.DB, now clock.Time, tested ...int64) (given, taken []string) {
	t.Helper()
	err := d.Transact(t.Context(), db.Full, func(ctx context.Context, tx db.Tx) error {
		g, k, err := gamification.Decorate(ctx, tx, now, 1, 1, tested)
		for _, a := range g {
			given = append(given, fmt.Sprintf("%s%d%d", a.Badge, a.TopicID, a.Tier))
		}
		for _, a := range k {
			taken = append(taken, fmt.Sprintf("%s%d%d", a.Badge, a.TopicID, a.Tier))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(given)
	slices.Sort(taken)
	return given, taken
}

func TestBadgesAreWhatTheLedgerShows(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		withMembers(t, d, 1)
		withCases(t, d, 20)
		solves := func(n int, marks gamification.Mark) {
			err := d.Transact(t.Context(), db.Full, func(ctx context.Context, tx db.Tx) error {
				e := gamification.Entry{BrandID: 1, MemberID: 1, CaseID: int64(n), AccountID: int64(n), TopicID: 4, Event: fmt.Sprintf("answered:%d", n), Rule: gamification.Solved}
				e.Note(marks)
				return gamification.Earn(ctx, tx, start.Add(time.Duration(n)*day), e)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		want := func(what string, now clock.Time, given, taken []string, tested ...int64) {
			t.Helper()
			if g, k := decorated(t, d, now, tested...); !slices.Equal(g, given) || !slices.Equal(k, taken) {
				t.Errorf("%s: given %v, taken %v; want %v and %v", what, g, k, given, taken)
			}
		}
		solves(1, gamification.Hot)
		want("what is pending", start.Add(day), nil, nil)
		want("what has matured", start.Add(4*day), []string{"calm01", "solver01"}, nil)
		want("the same again", start.Add(4*day), nil, nil)
		for n := 2; n <= 8; n++ {
			solves(n, "")
		}
		want("eight of a topic", start.Add(12*day), nil, nil)
		want("with a passed test they are ten", start.Add(12*day), []string{"topic41"}, nil, 4)
		reverse(t, d, start.Add(13*day), "answered:1")
		want("the customer came back", start.Add(13*day), nil, []string{"calm01", "topic41"}, 4)
		solves(14, "")
		want("solved again", start.Add(17*day), []string{"topic41"}, nil, 4)

		err := d.Transact(t.Context(), db.Full, func(ctx context.Context, tx db.Tx) error {
			_, err := gamification.Praise(ctx, tx, start, 1, 1, 1, "thank you")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		want("what a person gave stays", start.Add(18*day), nil, nil, 4)
		held, err := gamification.Awards(t.Context(), d.Read(), 1)
		if err != nil || len(held) != 3 || held[0].Badge != gamification.Given {
			t.Errorf("held %+v, %v", held, err)
		}
	})
}

func TestEveryMaturedEntryIsLookedAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		withMembers(t, d, 6)
		for m := range int64(6) {
			for i := range 3 {
				earn(t, d, start.Add(time.Duration(i)*time.Minute), m+1, gamification.Approved, fmt.Sprintf("review:%d:%d", m, i))
			}
		}
		now := start.Add(time.Hour)
		seen := map[int64]bool{}
		for round := 0; ; round++ {
			due, err := gamification.BadgesDue(t.Context(), d.Read(), 1, now)
			if err != nil {
				t.Fatal(err)
			}
			if !due {
				break
			}
			if round > 20 {
				t.Fatal("it never ends")
			}
			err = d.Transact(t.Context(), db.Full, func(ctx context.Context, tx db.Tx) error {
				members, err := gamification.NextDecorated(ctx, tx, 1, now, 4)
				for _, m := range members {
					seen[m] = true
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if len(seen) != 6 {
			t.Errorf("looked at %v", seen)
		}
		earn(t, d, now, 2, gamification.Approved, "review:late")
		if due, err := gamification.BadgesDue(t.Context(), d.Read(), 1, now.Add(time.Minute)); err != nil || !due {
			t.Errorf("what came later is due: %t, %v", due, err)
		}
	})
}

func TestProgressIsHonest(t *testing.T) {
	f := gamification.Facts{Solved: 250, Topics: map[int64]int{2: 3}}
	for _, p := range f.Progresses([]int64{1}) {
		switch {
		case p.ID == "solver" && (p.Tier != gamification.Tiers || p.Goal() != 300):
			t.Errorf("beyond the last tier the ring goes to %d", p.Goal())
		case p.ID == gamification.TopicHand && p.TopicID == 1 && (p.Is != 2 || !p.Tested || p.Goal() != 10):
			t.Errorf("a passed test: %+v", p)
		case p.ID == gamification.TopicHand && p.TopicID == 2 && (p.Is != 3 || p.Tested):
			t.Errorf("no test: %+v", p)
		}
	}
}
