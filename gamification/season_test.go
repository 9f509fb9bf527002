package gamification_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/gamification"
)

func TestSeasonsFollowEachOther(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(month time.Month, d, hour int) clock.Time {
		return clock.At(time.Date(2026, month, d, hour, 0, 0, 0, zone))
	}
	first := gamification.Season{BrandID: 1}.Next(at(10, 8, 15), time.Monday, zone)
	if first.Number != 1 || first.StartsAt != at(10, 5, 0) || first.EndsAt != at(11, 2, 0) { // the clocks go back on the 25th
		t.Errorf("the first season is %d, %v to %v", first.Number, first.StartsAt.Std(), first.EndsAt.Std())
	}
	if s := (gamification.Season{}).Next(at(10, 5, 0), time.Monday, zone); s.StartsAt != at(10, 5, 0) {
		t.Errorf("one that is opened as its day begins starts %v", s.StartsAt.Std())
	}
	second := first.Next(first.EndsAt, time.Monday, zone)
	if second.Number != 2 || second.StartsAt != first.EndsAt || second.EndsAt != at(11, 30, 0) {
		t.Errorf("the second season is %d, %v to %v", second.Number, second.StartsAt.Std(), second.EndsAt.Std())
	}
	late := first.Next(at(12, 15, 9), time.Monday, zone)
	if late.Number != 2 || late.StartsAt != at(11, 30, 0) || late.EndsAt != at(12, 28, 0) {
		t.Errorf("after a pause the second season is %d, %v to %v", late.Number, late.StartsAt.Std(), late.EndsAt.Std())
	}
}

func contenders(t *rapid.T, most int) []gamification.Contender {
	all := make([]gamification.Contender, rapid.IntRange(0, most).Draw(t, "contenders"))
	for i := range all {
		pieces := rapid.IntRange(0, 80).Draw(t, "pieces")
		all[i] = gamification.Contender{
			MemberID: int64(i + 1), Pieces: pieces, Volume: pieces + rapid.IntRange(0, 10).Draw(t, "carried"),
			Quality: float64(rapid.IntRange(0, 20).Draw(t, "quality")) / 20,
		}
	}
	return all
}

// However contenders are listed, the order is the same, is by quality, and equal quality shares a place.
func TestOrderIsByQuality(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := contenders(t, 40)
		ranked := gamification.Order(all, "1:1")
		if again := gamification.Order(rapid.Permutation(all).Draw(t, "listed"), "1:1"); !slices.Equal(ranked, again) {
			t.Fatalf("the order depends on how contenders are listed: %+v, %+v", ranked, again)
		}
		for i := 1; i < len(ranked); i++ {
			a, b := ranked[i-1], ranked[i]
			switch {
			case b.Proven() && !a.Proven():
				t.Fatalf("%+v stands before %+v", a, b)
			case a.Proven() != b.Proven():
			case b.Quality > a.Quality:
				t.Fatalf("%+v stands before %+v", a, b)
			case (a.Quality == b.Quality) != (a.Place == b.Place):
				t.Fatalf("%+v and %+v", a, b)
			}
		}
	})
}

// Nobody gets another place among the same people by answers that are no better: the order of those with enough
// answers does not look at how many there are.
func TestVolumeMovesNobody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := contenders(t, 40)
		for i := range all {
			all[i].Pieces += gamification.EnoughPieces
		}
		more := slices.Clone(all)
		for i := range more {
			more[i].Pieces += rapid.IntRange(0, 1000).Draw(t, "more")
			more[i].Volume += rapid.IntRange(0, 1000).Draw(t, "more")
		}
		was, is := gamification.Order(all, "1:1"), gamification.Order(more, "1:1")
		for i := range was {
			if was[i].MemberID != is[i].MemberID || was[i].Place != is[i].Place {
				t.Fatalf("place %d was of %+v, is of %+v", i, was[i], is[i])
			}
		}
	})
}

// Leagues part the members: everybody is in one, each has about 25, and nobody in a busier one writes less.
func TestLeaguesPartTheMembers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := contenders(t, 300)
		ranked := gamification.Leagues(all, "1:1")
		seen, sizes, least, most := map[int64]bool{}, map[int]int{}, map[int]int{}, map[int]int{}
		for _, r := range ranked {
			if seen[r.MemberID] {
				t.Fatalf("%d is in two leagues", r.MemberID)
			}
			seen[r.MemberID] = true
			if sizes[r.League]++; sizes[r.League] == 1 {
				least[r.League] = r.Volume
			}
			least[r.League], most[r.League] = min(least[r.League], r.Volume), max(most[r.League], r.Volume)
			if (r.Place == 0) != (len(all) < gamification.LeaguesFrom || !r.Proven()) {
				t.Fatalf("of %d, %+v has this place", len(all), r)
			}
		}
		if len(seen) != len(all) {
			t.Fatalf("%d of %d are in a league", len(seen), len(all))
		}
		if len(all) < gamification.LeaguesFrom {
			if sizes[0] != len(all) {
				t.Fatalf("%d members have leagues: %v", len(all), sizes)
			}
			return
		}
		for league, size := range sizes {
			if size < 20 || size > 31 {
				t.Fatalf("league %d of %d members has %d", league, len(all), size)
			}
			if below, ok := most[league+1]; ok && below > least[league] {
				t.Fatalf("league %d goes down to %d, the one below up to %d", league, least[league], below)
			}
		}
	})
}

// Whatever somebody ended with, they begin with less and no better.
func TestSoftReset(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.IntRange(0, 500).Draw(t, "pieces")
		good := rapid.IntRange(0, pieces).Draw(t, "good")
		p, g := gamification.Carried(pieces, good)
		if p > 10 || p > pieces/2 || g > p || g*pieces > good*p {
			t.Fatalf("%d of %d begin as %d of %d", good, pieces, g, p)
		}
	})
	if p, g := gamification.Carried(40, 36); p != 10 || g != 9 {
		t.Errorf("36 of 40 begin as %d of %d", g, p)
	}
}

func TestLotsDifferBySeason(t *testing.T) {
	var all []gamification.Contender
	for i := range int64(12) {
		all = append(all, gamification.Contender{MemberID: i + 1, Pieces: 9, Quality: 0.5})
	}
	orders := map[string]bool{}
	for season := range 4 {
		orders[fmt.Sprint(gamification.Order(all, fmt.Sprintf("1:%d", season)))] = true
	}
	if len(orders) < 3 {
		t.Errorf("four seasons draw %d orders", len(orders))
	}
}
