package db_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/server/db"
	"github.com/kith-social/kith/server/db/dbtest"
)

type greet struct {
	Name string `json:"name"`
}

func (greet) Kind() string { return "greet" }

// greeter hands the names of the jobs it works to the test.
type greeter struct {
	river.WorkerDefaults[greet]
	greeted chan string
}

func (g greeter) Work(_ context.Context, job *river.Job[greet]) error {
	g.greeted <- job.Args.Name
	return nil
}

func startGreeter(t testing.TB, d *db.DB, pollEvery time.Duration) chan string {
	t.Helper()
	g := greeter{greeted: make(chan string, 1000)}
	workers := river.NewWorkers()
	river.AddWorker(workers, g)
	w, err := d.NewRiver(&river.Config{
		Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 4}},
		Workers:           workers,
		FetchPollInterval: pollEvery,
		TestOnly:          true,
	})
	must(t, err)
	must(t, w.Start(context.Background()))
	t.Cleanup(func() {
		if err := w.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return g.greeted
}

func enqueue(name string) func(context.Context, db.Tx) error {
	return func(ctx context.Context, tx db.Tx) error {
		return tx.Enqueue(ctx, river.InsertManyParams{Args: greet{name}})
	}
}

func TestWriteAndJobCommitTogether(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		refused := errors.New("refused")
		both := func(name string, result error) error {
			return d.Transact(t.Context(), db.Full, func(ctx context.Context, tx db.Tx) error {
				must(t, write(ctx, tx, name))
				must(t, enqueue(name)(ctx, tx))
				must(t, enqueue(name+" again")(ctx, tx))
				must(t, write(ctx, tx, name))
				return result
			})
		}
		mustBe(t, both("Lost", refused), refused)
		if notes, jobs := count(t, d, "notes"), count(t, d, "river_job"); notes != 0 || jobs != 0 {
			t.Fatalf("a rolled back transaction left %d notes and %d jobs", notes, jobs)
		}
		must(t, both("Huy", nil))
		if notes, jobs := count(t, d, "notes"), count(t, d, "river_job"); notes != 2 || jobs != 2 {
			t.Fatalf("got %d notes and %d jobs, want 2 and 2", notes, jobs)
		}
		greeted := startGreeter(t, d, 0)
		got := map[string]bool{receive(t, greeted): true, receive(t, greeted): true}
		if !got["Huy"] || !got["Huy again"] {
			t.Errorf("greeted %v", got)
		}
	})
}

func receive(t testing.TB, from <-chan string) string {
	t.Helper()
	select {
	case s := <-from:
		return s
	case <-time.After(20 * time.Second):
		t.Fatal("no job ran within 20 s")
		return ""
	}
}

// TestCommitWakesTheWorker polls SQLite so rarely that only being woken explains the second job.
// PostgreSQL may need its poll: see there.
func TestCommitWakesTheWorker(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		pollEvery := time.Hour
		if d.IsPostgres() {
			pollEvery = 0
		}
		greeted := startGreeter(t, d, pollEvery)
		for _, name := range []string{"Huy", "Lan", "Minh"} {
			must(t, d.Transact(t.Context(), db.Full, enqueue(name)))
			if got := receive(t, greeted); got != name {
				t.Errorf("greeted %s, want %s", got, name)
			}
		}
	})
}

func TestNoJobsIsNoWork(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		must(t, d.Transact(t.Context(), db.Full, func(ctx context.Context, tx db.Tx) error { return tx.Enqueue(ctx) }))
	})
}

func TestSimulationRunsTheJobsItself(t *testing.T) {
	var got []string
	own := func(o *db.Options) {
		o.Enqueue = func(jobs []river.InsertManyParams) {
			for _, j := range jobs {
				got = append(got, j.Args.(greet).Name)
			}
		}
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		got = nil
		refused := errors.New("refused")
		mustBe(t, d.Transact(t.Context(), db.Full, func(ctx context.Context, tx db.Tx) error {
			return errors.Join(enqueue("Lost")(ctx, tx), refused)
		}), refused)
		must(t, d.Transact(t.Context(), db.Full, enqueue("Huy")))
		if len(got) != 1 || got[0] != "Huy" {
			t.Errorf("got jobs %q, want Huy's", got)
		}
		if n := count(t, d, "river_job"); n != 0 {
			t.Errorf("River got %d jobs as well", n)
		}
	}, dbtest.Options(own))
}

// TestScheduledJobFollowsTheClock moves the clock by hand instead of waiting for an hour.
func TestScheduledJobFollowsTheClock(t *testing.T) {
	manual := clock.NewManual(nil)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		must(t, d.Transact(t.Context(), db.Full, func(ctx context.Context, tx db.Tx) error {
			return tx.Enqueue(ctx, river.InsertManyParams{
				Args:       greet{"later"},
				InsertOpts: &river.InsertOpts{ScheduledAt: tx.Now().Add(time.Hour).Std()},
			})
		}))
		manual.Advance(2 * time.Hour)
		if got := receive(t, startGreeter(t, d, 0)); got != "later" {
			t.Errorf("got %s", got)
		}
	}, dbtest.Clock(manual.Now))
}

// BenchmarkPickup is the time from the commit of a job to its work.
func BenchmarkPickup(b *testing.B) {
	benchmarkEach(b, func(b *testing.B, d *db.DB) {
		greeted := startGreeter(b, d, 0)
		for b.Loop() {
			must(b, d.Transact(b.Context(), db.Full, enqueue("Huy")))
			receive(b, greeted)
		}
	})
}
