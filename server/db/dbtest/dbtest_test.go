package dbtest_test

import (
	"context"
	"testing"

	"github.com/kith-social/kith/server/db"
	"github.com/kith-social/kith/server/db/dbtest"
)

// TestEachIsMigratedAndItsOwn changes one database and looks for the change in the next.
func TestEachIsMigratedAndItsOwn(t *testing.T) {
	for range 2 {
		dbtest.Each(t, func(t *testing.T, d *db.DB) {
			if pending, err := d.Pending(t.Context()); err != nil || pending != 0 {
				t.Errorf("%d migrations are pending (%v)", pending, err)
			}
			err := d.Transact(t.Context(), db.Page, func(ctx context.Context, tx db.Tx) error {
				_, err := tx.ExecContext(ctx, "CREATE TABLE mine (id INTEGER)")
				return err
			})
			if err != nil {
				t.Errorf("the database was not empty: %v", err)
			}
		})
	}
}

// BenchmarkNew is what a test pays for its database.
func BenchmarkNew(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		b.Setenv("KITH_TEST_POSTGRES", "")
		for b.Loop() {
			dbtest.New(b)
		}
	})
	b.Run("postgres", func(b *testing.B) {
		dbtest.Postgres(b)
		for b.Loop() {
			dbtest.New(b)
		}
	})
}
