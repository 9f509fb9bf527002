package bench_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/db/dbtest"
	"github.com/kith-social/kith/server/servertest"
)

// BenchmarkFeed reads the first 50 of an advocate's open cases among 100,000.
func BenchmarkFeed(b *testing.B) {
	b.Run("100k", func(b *testing.B) {
		for engine, database := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.PostgreSQL} {
			b.Run(engine, func(b *testing.B) { benchmarkFeed(b, database(b), 100_000) })
		}
	})
}

func benchmarkFeed(b *testing.B, database string, cases int) {
	w := servertest.New(b, database)
	s := fill(b, w.App, w.Brand.ID, w.Connect(servertest.Handle), cases)
	read := w.App.DB.Read()
	w.Write(func(ctx context.Context, tx listeners.Tx) error {
		_, err := tx.NewRaw("ANALYZE").Exec(ctx)
		return err
	})
	members := make([]community.Member, 50)
	for i := range members {
		members[i] = community.Member{
			ID: s.member(i), BrandID: s.brand, Role: community.Advocate, State: community.Active, Trust: 1,
			Languages: [][]string{{"en"}, {"vi"}, {"en", "vi"}}[i%3], Topics: s.topics[i%3 : i%3+3],
		}
	}
	var took []time.Duration
	for b.Loop() {
		start := clock.System()
		all, _, err := community.List(b.Context(), read, &members[len(took)%len(members)], community.Wanted{})
		if err != nil || len(all) != 50 {
			b.Fatalf("%d cases, %v", len(all), err)
		}
		took = append(took, clock.System().Sub(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}
