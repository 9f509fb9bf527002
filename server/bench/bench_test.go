package bench_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"testing"

	"github.com/kith-social/kith/server/bench"
	"github.com/kith-social/kith/server/cli"
	"github.com/kith-social/kith/server/db/dbtest"
)

// TestMain makes the test binary a kith binary that knows one command: the sandbox.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "sandbox" {
		os.Exit(cli.Main(context.Background(), os.Args[1:], cli.IO{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
	}
	os.Exit(m.Run())
}

// ingest is the short form of a month.
func ingest(t testing.TB, mentions int) bench.Ingest {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return bench.Ingest{Binary: binary, Folder: t.TempDir(), Mentions: mentions, Runs: 1, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
}

// TestWorkOfAMonth bounds what a mention costs on any machine, in the short form: 20,000 mentions.
func TestWorkOfAMonth(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: 20,000 mentions in short mode")
	}
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			b := ingest(t, 20_000)
			if engine == "postgres" {
				b.DB = dbtest.Postgres(t)
			}
			w, err := bench.CountWork(t.Context(), b) // nothing lost, nothing doubled
			if err != nil {
				t.Fatal(err)
			}
			each := func(n int) float64 { return float64(n) / float64(w.Posts) }
			t.Logf("%d posts in %d cases: %d transactions, %d statements, %.2f rows and %.0f bytes of log a mention", w.Posts, w.Cases, w.Transactions, w.Statements, each(w.Rows), each(w.WALBytes))

			// At worst each page has a transaction of its own: 20,000 mentions come in some 213 pages.
			if w.Transactions > 250 {
				t.Errorf("%d transactions, want no more than pages", w.Transactions)
			}
			if perTransaction := float64(w.Statements) / float64(w.Transactions); perTransaction > 25 {
				t.Errorf("%.1f statements a transaction, want at most 25 however many posts it stores", perTransaction)
			}
			if each(w.Rows) > 2.7 {
				t.Errorf("%.2f rows a mention, want at most a mention, an account, a case and a bit", each(w.Rows))
			}
			if each(w.WALBytes) > 6000 {
				t.Errorf("%.0f bytes of write-ahead log a mention, want at most 6,000", each(w.WALBytes))
			}
		})
	}
}

// TestIngestReports tells each figure and both ratios.
func TestIngestReports(t *testing.T) {
	b := ingest(t, 2000)
	r, err := b.Run(t.Context(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.A1) != 1 || len(r.A2) != 1 || len(r.B) != 1 || r.BToA1.Median <= 0 || r.BToA2.Median <= 0 {
		t.Errorf("the report is not complete: %+v", r)
	}
	if r.Mentions != 2000 || r.Stored <= r.Mentions || r.OnWire <= r.Stored || r.Cases < r.Mentions/2 {
		t.Errorf("not a month: %+v", r)
	}
	t.Logf("2,000 mentions: B to A1 %.2f, B to A2 %.2f", r.BToA1.Median, r.BToA2.Median)
}
