package community_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/server/db"
	"github.com/kith-social/kith/server/db/dbtest"
)

// seasonStart is a Wednesday in Vietnam.
var seasonStart = clock.At(time.Date(2026, 11, 18, 5, 0, 0, 0, time.UTC))

// crowd is a brand with advocates, whose ids are 1 to n, and an answered case.
type crowd struct {
	t     testing.TB
	db    *db.DB
	hands *clock.Manual
}

func newCrowd(t testing.TB, d *db.DB, hands *clock.Manual, n int) *crowd {
	t.Helper()
	c := &crowd{t, d, hands}
	c.do(func(ctx context.Context, tx db.Tx) error {
		for _, q := range []string{
			"INSERT INTO brands (id, slug, name, language, review_seed, created_at) VALUES (1, 'b', 'B', 'vi', '', 1)",
			`INSERT INTO cases (id, brand_id, connection_id, account_id, network, thread_key, state, lane, lane_why, language, topic_id, urgency, due_at, delivery, delivery_why, mention_id, mentions, opened_at, customer_at, fence, version)
				VALUES (1, 1, 1, 1, 'x', 't', 'answered', 'community', '', 'vi', 0, 0, 1, 'api', '', 1, 1, 1, 1, 0, 1)`,
			`INSERT INTO mentions (id, brand_id, connection_id, account_id, network, native_id, parent_id, thread_key, to_id, ours, reason, text, url, delivery, delivery_why, score, created_at, seen_at)
				VALUES (1, 1, 1, 1, 'x', '1', '', 't', '', FALSE, '', '', '', 'api', '', '{}', 1, 1)`,
		} {
			if _, err := tx.NewRaw(q).Exec(ctx); err != nil {
				return err
			}
		}
		numbers := "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
		_, err := tx.NewRaw(numbers+"INSERT INTO persons (id, email, name, language, password_hash, epoch, created_at) SELECT i, 'p' || i, 'p', 'vi', '', 1, 1 FROM n WHERE TRUE", n).Exec(ctx)
		if err == nil {
			_, err = tx.NewRaw(numbers+`INSERT INTO members (id, brand_id, person_id, role, state, trust, public_name, sign_off, languages, topics, created_at)
				SELECT i, 1, i, 'advocate', 'active', 1, 'p' || i, '', '[]', '[]', 1 FROM n WHERE TRUE`, n).Exec(ctx)
		}
		return err
	})
	return c
}

func (c *crowd) do(f func(context.Context, db.Tx) error) {
	c.t.Helper()
	if err := c.db.Transact(context.Background(), db.Full, f); err != nil {
		c.t.Fatal(err)
	}
}

// writes gives members so many good and bad answers, decided now.
func (c *crowd) writes(from, to, good, bad int) {
	c.t.Helper()
	now := c.hands.Now()
	c.do(func(ctx context.Context, tx db.Tx) error {
		for kept, n := range map[int]int{1: good, 0: bad} {
			if n == 0 {
				continue
			}
			_, err := tx.NewRaw(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
				INSERT INTO answers (brand_id, case_id, member_id, mention_id, state, text, why_reviewed, version, created_at, updated_at, decided_at, kept)
				SELECT 1, 1, m.id, 1, 'approved', '', '', 1, ?, ?, ?, ? FROM members m, n WHERE m.id BETWEEN ? AND ?`, n, now, now, now, kept, from, to).Exec(ctx)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *crowd) turn() {
	c.t.Helper()
	c.do(func(ctx context.Context, tx db.Tx) error { return community.TurnSeason(ctx, tx, 1) })
}

func (c *crowd) league(member int64) community.League {
	c.t.Helper()
	members, err := community.Members(context.Background(), c.db.Read(), 1)
	if err != nil {
		c.t.Fatal(err)
	}
	m := members[member]
	l, err := community.LeagueOf(context.Background(), c.db.Read(), &m)
	if err != nil {
		c.t.Fatal(err)
	}
	return l
}

func eachCrowd(t *testing.T, n int, story func(*testing.T, *crowd)) {
	hands := clock.NewManual(func() clock.Time { return seasonStart })
	dbtest.Each(t, func(t *testing.T, d *db.DB) { story(t, newCrowd(t, d, hands, n)) }, dbtest.Clock(hands.Now))
}

func TestSeason(t *testing.T) {
	eachCrowd(t, 62, func(t *testing.T, c *crowd) {
		due := func(want bool) {
			t.Helper()
			if got, err := community.SeasonDue(t.Context(), c.db.Read(), 1, c.hands.Now()); err != nil || got != want {
				t.Errorf("due is %v, %v", got, err)
			}
		}
		due(true)
		c.turn()
		due(false)
		c.writes(1, 60, 6, 2)
		c.writes(1, 1, 14, 0)  // member 1: 20 of 22
		c.writes(2, 2, 90, 50) // member 2 writes most, and worse
		c.writes(61, 61, 4, 0) // too few to tell
		best := c.league(1)
		if best.Season.Number != 1 || best.Taking != 61 || best.Number != 1 || len(best.Neighbours) != 4 || best.Neighbours[0].MemberID != 1 || best.Neighbours[0].Place != 1 {
			t.Errorf("member 1 sees %+v", best)
		}
		if l := c.league(2); l.Neighbours[0].MemberID == 2 {
			t.Error("who writes most is first")
		}
		if l := c.league(61); l.Number == 0 || len(l.Neighbours) != 0 || l.Fresh.Pieces != 4 {
			t.Errorf("who has four answers sees %+v", l)
		}
		if l := c.league(62); l.Number != 0 || l.Taking != 61 {
			t.Errorf("who has none sees %+v", l)
		}

		members, err := community.Members(t.Context(), c.db.Read(), 1)
		if err != nil {
			t.Fatal(err)
		}
		m := members[1]
		c.do(func(ctx context.Context, tx db.Tx) error { return community.SetRanked(ctx, tx, &m, false) })
		after := c.league(2)
		if slices.ContainsFunc(after.Contest.Leagues(), func(r gamification.Ranked) bool { return r.MemberID == 1 }) || after.Taking != 60 {
			t.Error("who would rather not be ranked is")
		}
		if l := c.league(1); l.Number != 0 || len(l.Neighbours) != 0 || l.Fresh.Pieces != 22 {
			t.Errorf("who is not ranked sees %+v", l)
		}
		c.do(func(ctx context.Context, tx db.Tx) error { return community.SetRanked(ctx, tx, &m, true) })

		c.hands.Advance(28 * 24 * time.Hour)
		due(true)
		var both sync.WaitGroup
		errs := make([]error, 2)
		for i := range errs { // two replicas at once
			both.Go(func() {
				errs[i] = c.db.Transact(t.Context(), db.Full, func(ctx context.Context, tx db.Tx) error { return community.TurnSeason(ctx, tx, 1) })
			})
		}
		both.Wait()
		if errs[0] != nil || errs[1] != nil {
			t.Fatalf("two at once: %v", errs)
		}
		due(false)
		places, err := gamification.PlacesOf(t.Context(), c.db.Read(), 1, 1)
		if err != nil || len(places) != 61 {
			t.Errorf("%d places are kept, %v", len(places), err)
		}
		past, err := gamification.PastSeasons(t.Context(), c.db.Read(), 1, 10)
		if err != nil || len(past) != 1 || past[0].Place != 1 || past[0].League != 1 {
			t.Errorf("member 1 has the seasons %+v, %v", past, err)
		}
		n, err := c.db.Read().NewSelect().Table("seasons").Count(t.Context())
		if err != nil || n != 2 {
			t.Errorf("%d seasons, %v", n, err)
		}
		again := c.league(1)
		if again.Season.Number != 2 || again.Fresh.Pieces != 0 || again.Contest.Records[1] != (community.Record{Pieces: 10, Good: 9}) || again.Quality >= best.Quality {
			t.Errorf("the next season begins with %+v, quality %v after %v", again.Contest.Records[1], again.Quality, best.Quality)
		}
		err = c.db.Transact(t.Context(), db.Full, func(ctx context.Context, tx db.Tx) error {
			_, err := tx.NewRaw("UPDATE season_places SET place = 1").Exec(ctx)
			return err
		})
		if err == nil {
			t.Error("the standing of a closed season was changed")
		}
	})
}

func TestFewHaveNoLeagues(t *testing.T) {
	eachCrowd(t, 5, func(t *testing.T, c *crowd) {
		c.turn()
		c.writes(1, 5, 9, 1)
		if l := c.league(1); l.Taking != 5 || l.Number != 0 || len(l.Neighbours) != 0 || l.Quality < 0.5 {
			t.Errorf("one of five sees %+v", l)
		}
	})
}

// TestWhatIsJudgedCountsAsForTrust compares what the season adds up with what trust does, over every kind of answer.
func TestWhatIsJudgedCountsAsForTrust(t *testing.T) {
	eachCrowd(t, 2, func(t *testing.T, c *crowd) {
		now := c.hands.Now()
		var pieces, good int
		c.do(func(ctx context.Context, tx db.Tx) error {
			for _, state := range []string{"approved", "returned", "withdrawn"} {
				for _, outcome := range []string{"", "solved", "thanks", "broken"} {
					for _, kept := range []any{nil, 0.5, 0.89, 0.9, 1.0} {
						for returns := range 2 {
							_, err := tx.NewRaw(`INSERT INTO answers (brand_id, case_id, member_id, mention_id, state, text, why_reviewed, version, created_at, updated_at, decided_at, kept, returns, outcome, corrects_id)
								VALUES (1, 1, 1, 1, ?, '', '', 1, ?, ?, ?, ?, ?, ?, NULL)`, state, now, now, now, kept, returns, outcome).Exec(ctx)
							if state == "returned" {
								_, err = tx.NewRaw("UPDATE answers SET state = 'approved' WHERE state = 'returned'").Exec(ctx)
							}
							if err != nil {
								return err
							}
						}
					}
				}
			}
			return nil
		})
		members, err := community.Members(t.Context(), c.db.Read(), 1)
		if err != nil {
			t.Fatal(err)
		}
		m := members[1]
		c.do(func(ctx context.Context, tx db.Tx) error { // trust looks at all of them
			return community.Set(ctx, tx, &community.Member{ID: 1, BrandID: 1}, func() community.TrustRules { r := community.DefaultTrust; r.Window = 500; return r }())
		})
		trust, err := community.TrustOf(t.Context(), c.db.Read(), &m)
		if err != nil {
			t.Fatal(err)
		}
		pieces, good = trust.Record.Pieces, trust.Record.Good
		contest, err := community.ContestOf(t.Context(), c.db.Read(), 1, 1, now, now+1)
		if got := contest.Fresh[1]; err != nil || pieces == 0 || got.Pieces != pieces || got.Good != good {
			t.Errorf("the season adds up %+v, trust %d of %d (%v)", got, good, pieces, err)
		}
	})
}

// More answers of the same quality never lower somebody's quality, and more poor ones never raise it.
func TestQualityIsNoCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.IntRange(1, 300).Draw(t, "pieces")
		r := community.Record{Pieces: pieces, Good: rapid.IntRange(0, pieces).Draw(t, "good")}
		times := rapid.IntRange(2, 20).Draw(t, "times")
		const least = 1e-12
		if more := (community.Record{Pieces: times * r.Pieces, Good: times * r.Good}); more.Bound() < r.Bound()-least {
			t.Fatalf("%+v is %v, %+v is %v", r, r.Bound(), more, more.Bound())
		}
		if worse := (community.Record{Pieces: r.Pieces + times, Good: r.Good}); worse.Bound() > r.Bound()+least {
			t.Fatalf("%+v is %v, %+v is %v", r, r.Bound(), worse, worse.Bound())
		}
		p, g := gamification.Carried(r.Pieces, r.Good)
		if carried := (community.Record{Pieces: p, Good: g}); carried.Bound() > r.Bound()+least {
			t.Fatalf("%+v ends at %v and begins as %+v at %v", r, r.Bound(), carried, carried.Bound())
		}
	})
}

// BenchmarkSeasonClose closes a season of 5,000 members with 60 judged answers each.
func BenchmarkSeasonClose(b *testing.B) {
	hands := clock.NewManual(func() clock.Time { return seasonStart })
	c := newCrowd(b, dbtest.New(b, dbtest.Clock(hands.Now)), hands, 5000)
	c.turn()
	c.writes(1, 5000, 50, 10)
	hands.Advance(28 * 24 * time.Hour)
	undo := fmt.Errorf("undo")
	for b.Loop() {
		err := c.db.Transact(context.Background(), db.Full, func(ctx context.Context, tx db.Tx) error {
			if err := community.TurnSeason(ctx, tx, 1); err != nil {
				return err
			}
			return undo
		})
		if err == nil || err.Error() != undo.Error() {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/close")
}
