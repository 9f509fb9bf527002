package db_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/server/db"
	"github.com/kith-social/kith/server/db/dbtest"
)

func TestTransactKeepsAllOrNothing(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		refused := errors.New("refused")
		err := d.Transact(t.Context(), db.Full, func(ctx context.Context, tx db.Tx) error {
			must(t, write(ctx, tx, "lost"))
			return refused
		})
		mustBe(t, err, refused)
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic did not come through")
				}
			}()
			_ = d.Transact(t.Context(), db.Page, func(ctx context.Context, tx db.Tx) error {
				must(t, write(ctx, tx, "lost"))
				panic("in the middle")
			})
		}()
		must(t, d.Transact(t.Context(), db.Full, func(ctx context.Context, tx db.Tx) error { return write(ctx, tx, "kept") }))
		if n := count(t, d, "notes"); n != 1 {
			t.Errorf("got %d notes, want the kept one", n)
		}
	})
}

func TestTransactRefusesNesting(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		err := d.Transact(t.Context(), db.Full, func(ctx context.Context, _ db.Tx) error {
			return d.Transact(ctx, db.Full, func(context.Context, db.Tx) error { return nil })
		})
		mustBe(t, err, db.ErrNested)
	})
}

// TestDurabilityIsInForce asks the database itself, in each kind of transaction and after it.
func TestDurabilityIsInForce(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		setting, full, page := "PRAGMA synchronous", "2", "1"
		if d.IsPostgres() {
			setting, full, page = "SHOW synchronous_commit", "on", "off"
		}
		failing := errors.New("rolled back")
		for _, step := range []struct {
			name string
			how  db.Durability
			want string
			err  error
		}{
			{"full", db.Full, full, nil},
			{"page", db.Page, page, nil},
			{"full after page", db.Full, full, nil},
			{"page that fails", db.Page, page, failing},
			{"full after a failed page", db.Full, full, nil},
		} {
			err := d.Transact(t.Context(), step.how, func(ctx context.Context, tx db.Tx) error {
				var got string
				must(t, tx.QueryRowContext(ctx, setting).Scan(&got))
				if got != step.want {
					t.Errorf("%s: got %s, want %s", step.name, got, step.want)
				}
				return step.err
			})
			mustBe(t, err, step.err)
		}
	})
}

func TestWaitingForTheWriterEndsWithContext(t *testing.T) {
	d := sqliteOnly(t)
	inside, leave := make(chan struct{}), make(chan struct{})
	var group errgroup.Group
	group.Go(func() error {
		return d.Transact(context.Background(), db.Full, func(context.Context, db.Tx) error {
			close(inside)
			<-leave
			return nil
		})
	})
	<-inside
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err := d.Transact(ctx, db.Full, func(context.Context, db.Tx) error {
		t.Error("two writers at once")
		return nil
	})
	mustBe(t, err, context.DeadlineExceeded)
	close(leave)
	must(t, group.Wait())
	must(t, d.Transact(t.Context(), db.Full, func(context.Context, db.Tx) error { return nil }))
}

func sqliteOnly(t *testing.T, opts ...dbtest.Option) *db.DB {
	t.Helper()
	t.Setenv("KITH_TEST_POSTGRES", "")
	return dbtest.New(t, opts...)
}

func TestCancelledTransactionLeavesTheWriterUsable(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		err := d.Transact(ctx, db.Page, func(ctx context.Context, tx db.Tx) error {
			must(t, write(ctx, tx, "lost"))
			cancel()
			return write(ctx, tx, "also lost")
		})
		mustBe(t, err, context.Canceled)
		must(t, d.Transact(t.Context(), db.Full, func(ctx context.Context, tx db.Tx) error { return write(ctx, tx, "kept") }))
		if n := count(t, d, "notes"); n != 1 {
			t.Errorf("got %d notes, want 1", n)
		}
	})
}

// TestDeadlockRunsAgain lets two transactions take two rows in opposite order.
func TestDeadlockRunsAgain(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		if !d.IsPostgres() {
			t.Skip("one writer cannot deadlock")
		}
		must(t, d.Transact(t.Context(), db.Full, func(ctx context.Context, tx db.Tx) error {
			return errors.Join(write(ctx, tx, "a"), write(ctx, tx, "b"))
		}))
		runs := make(chan string, 10)
		tookFirst := map[string]chan struct{}{"a": make(chan struct{}, 10), "b": make(chan struct{}, 10)}
		take := func(first, second string) error {
			attempt := 0
			return d.Transact(t.Context(), db.Full, func(ctx context.Context, tx db.Tx) error {
				attempt++
				runs <- first
				if _, err := tx.ExecContext(ctx, "UPDATE notes SET text = text WHERE text = ?", first); err != nil {
					return err
				}
				if attempt == 1 { // be sure that the other holds its row too
					tookFirst[first] <- struct{}{}
					<-tookFirst[second]
				}
				_, err := tx.ExecContext(ctx, "UPDATE notes SET text = text WHERE text = ?", second)
				return err
			})
		}
		var group errgroup.Group
		group.Go(func() error { return take("a", "b") })
		group.Go(func() error { return take("b", "a") })
		must(t, group.Wait())
		if len(runs) < 3 {
			t.Errorf("ran %d times, want 3: no deadlock happened", len(runs))
		}
	})
}

// TestAnotherProcessHoldsTheFile waits for it instead of failing.
func TestAnotherProcessHoldsTheFile(t *testing.T) {
	address := "sqlite:" + filepath.Join(t.TempDir(), "kith.db")
	server, command := open(t, address, db.Options{Migrations: one}), open(t, address, db.Options{Migrations: one})
	must(t, server.Migrate(t.Context()))
	var group errgroup.Group
	must(t, command.Transact(t.Context(), db.Full, func(context.Context, db.Tx) error {
		starting := make(chan struct{})
		group.Go(func() error {
			close(starting)
			return server.Transact(context.Background(), db.Full, func(context.Context, db.Tx) error { return nil })
		})
		<-starting
		return nil
	}))
	must(t, group.Wait())
}

// TestLogIsMovedIntoTheFile sees the background checkpoint by the file growing while it is open.
func TestLogIsMovedIntoTheFile(t *testing.T) {
	d := open(t, "sqlite:"+filepath.Join(t.TempDir(), "kith.db"), db.Options{Migrations: one})
	must(t, d.Migrate(t.Context()))
	before, err := d.Size(t.Context())
	must(t, err)
	for range 8 {
		addPost(t, d, strings.Repeat("a long text ", 100_000))
	}
	for deadline := time.After(20 * time.Second); ; {
		now, err := d.Size(t.Context())
		must(t, err)
		if now.Data > before.Data+5_000_000 {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("the file still has %+v", now)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func TestNowIsReadOnce(t *testing.T) {
	manual := clock.NewManual(func() clock.Time { return 1_700_000_000_000_000 })
	withNotes(t, func(t *testing.T, d *db.DB) {
		must(t, d.Transact(t.Context(), db.Full, func(_ context.Context, tx db.Tx) error {
			start := tx.Now()
			manual.Advance(time.Hour)
			if tx.Now() != start {
				t.Errorf("time went from %s to %s inside a transaction", start, tx.Now())
			}
			return nil
		}))
		must(t, d.Transact(t.Context(), db.Full, func(_ context.Context, tx db.Tx) error {
			if tx.Now() != manual.Now() {
				t.Errorf("got %s, want the manual clock's %s", tx.Now(), manual.Now())
			}
			return nil
		}))
	}, dbtest.Clock(manual.Now))
}

func TestNowWithoutAClockIsNow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		must(t, d.Transact(t.Context(), db.Full, func(_ context.Context, tx db.Tx) error {
			if off := clock.System().Sub(tx.Now()).Abs(); off > 10*time.Second {
				t.Errorf("the transaction's time is off by %s", off)
			}
			return nil
		}))
	})
}

func benchmarkEach(b *testing.B, f func(b *testing.B, d *db.DB)) {
	b.Run("sqlite", func(b *testing.B) { b.Setenv("KITH_TEST_POSTGRES", ""); f(b, dbtest.New(b)) })
	b.Run("postgres", func(b *testing.B) { dbtest.Postgres(b); f(b, dbtest.New(b)) })
}

// BenchmarkTransact is one transaction with one insert.
func BenchmarkTransact(b *testing.B) {
	for name, how := range map[string]db.Durability{"full": db.Full, "page": db.Page} {
		b.Run(name, func(b *testing.B) {
			benchmarkEach(b, func(b *testing.B, d *db.DB) {
				must(b, d.Transact(b.Context(), db.Full, func(ctx context.Context, tx db.Tx) error {
					_, err := tx.ExecContext(ctx, "CREATE TABLE notes (text TEXT NOT NULL)")
					return err
				}))
				for b.Loop() {
					must(b, d.Transact(b.Context(), how, func(ctx context.Context, tx db.Tx) error {
						return write(ctx, tx, "xin chào")
					}))
				}
			})
		})
	}
}
