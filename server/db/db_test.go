package db_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/uptrace/bun"
	"go.uber.org/goleak"

	"github.com/kith-social/kith/server/db"
	"github.com/kith-social/kith/server/db/dbtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// withNotes tells a story on both engines, in a database with one small table.
func withNotes(t *testing.T, f func(t *testing.T, d *db.DB), opts ...dbtest.Option) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		must(t, d.Transact(t.Context(), db.Full, func(ctx context.Context, tx db.Tx) error {
			_, err := tx.ExecContext(ctx, "CREATE TABLE notes (text TEXT NOT NULL)")
			return err
		}))
		f(t, d)
	}, opts...)
}

func write(ctx context.Context, tx db.Tx, text string) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO notes (text) VALUES (?)", text)
	return err
}

func count(t *testing.T, d *db.DB, table string) (n int) {
	t.Helper()
	must(t, d.Read().NewSelect().Table(table).ColumnExpr("count(*)").Scan(t.Context(), &n))
	return n
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mustBe(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

func TestOpenAddress(t *testing.T) {
	for _, address := range []string{"", "sqlite:", "mysql://x", "kith.db", "postgres://u:secret@h:port/x"} {
		_, err := db.Open(t.Context(), address, db.Options{})
		mustBe(t, err, db.ErrAddress)
		if got := err.Error(); strings.Contains(got, "secret") {
			t.Errorf("the error repeats the password: %s", got)
		}
	}
}

func TestSQLiteFileIsPrivate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a folder?", "kith #1.db")
	d, err := db.Open(t.Context(), "sqlite:"+file, db.Options{})
	must(t, err)
	must(t, d.Migrate(t.Context()))
	defer d.Close()
	for path, want := range map[string]os.FileMode{filepath.Dir(file): 0o700, file: 0o600, file + "-wal": 0o600, file + "-shm": 0o600} {
		info, err := os.Stat(path)
		must(t, err)
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
	}
}

func TestReadingCannotWrite(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		insert := func(ctx context.Context, on bun.IDB) error {
			_, err := on.ExecContext(ctx, "INSERT INTO notes (text) VALUES ('sneaked in')")
			return err
		}
		if err := insert(t.Context(), d.Read()); err == nil {
			t.Error("Read let a write through")
		}
		if err := d.ReadTx(t.Context(), insert); err == nil {
			t.Error("ReadTx let a write through")
		}
		if n := count(t, d, "notes"); n != 0 {
			t.Errorf("got %d notes, want none", n)
		}
	})
}

func TestReadTxSeesOneMoment(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		must(t, d.ReadTx(t.Context(), func(ctx context.Context, tx bun.IDB) error {
			before, err := tx.NewSelect().Table("notes").Count(ctx)
			must(t, err)
			must(t, d.Transact(ctx, db.Full, func(ctx context.Context, tx db.Tx) error { return write(ctx, tx, "meanwhile") }))
			after, err := tx.NewSelect().Table("notes").Count(ctx)
			if before != after {
				t.Errorf("counted %d, then %d", before, after)
			}
			return err
		}))
		if n := count(t, d, "notes"); n != 1 {
			t.Errorf("got %d notes afterwards, want 1", n)
		}
	})
}

func TestListFindsTheNamedAndNothingForNone(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		must(t, d.Transact(t.Context(), db.Page, func(ctx context.Context, tx db.Tx) error {
			return errors.Join(write(ctx, tx, "a"), write(ctx, tx, "b'"), write(ctx, tx, "c"))
		}))
		for want, list := range [][]string{{}, {"b'"}, {"a", "b'"}} {
			got, err := d.Read().NewSelect().Table("notes").Where("text IN (?)", bun.List(list)).Count(t.Context())
			must(t, err)
			if int(got) != want {
				t.Errorf("%q: got %d, want %d", list, got, want)
			}
		}
	})
}

func TestSizeGrows(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, err := d.Size(t.Context())
		must(t, err)
		if s.Data < 100_000 {
			t.Errorf("got %+v, want a schema's worth of bytes", s)
		}
	})
}

func TestCloseLeavesNothingBehind(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		must(t, d.Close())
		if err := d.Transact(t.Context(), db.Full, func(context.Context, db.Tx) error { return nil }); err == nil {
			t.Error("a closed database took a transaction")
		}
		goleak.VerifyNone(t, goleak.IgnoreCurrent())
	})
}
