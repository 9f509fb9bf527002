package db_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/sync/errgroup"

	"github.com/kith-social/kith/server/db"
	"github.com/kith-social/kith/server/db/dbtest"
)

// files makes a folder of migrations from pairs of name and text.
func files(pairs ...string) fstest.MapFS {
	out := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return out
}

const (
	first = `CREATE TABLE posts (id @id, body @bytes, score @float, text TEXT NOT NULL DEFAULT 'user@identity', at BIGINT, seen BOOLEAN);`

	firstSQLite = `CREATE TRIGGER posts_keep BEFORE DELETE ON posts BEGIN
	SELECT RAISE(ABORT, 'posts are kept; always');
	SELECT 1;
END;
CREATE INDEX posts_at ON posts (at);`

	firstPostgres = `CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'posts are kept; always'; END $$;
CREATE TRIGGER posts_keep BEFORE DELETE ON posts FOR EACH ROW EXECUTE FUNCTION keep();
CREATE INDEX posts_at ON posts (at);`

	second = `ALTER TABLE posts ADD COLUMN likes BIGINT NOT NULL DEFAULT 0;`
)

var (
	one = files("0001_posts.sql", first, "0001_posts.sqlite.sql", firstSQLite, "0001_posts.postgres.sql", firstPostgres)
	two = files("0001_posts.sql", first, "0001_posts.sqlite.sql", firstSQLite, "0001_posts.postgres.sql", firstPostgres, "0002_likes.sql", second)
)

// eachEmpty tells the story f on the address of a database without any table, on both engines.
func eachEmpty(t *testing.T, f func(t *testing.T, address string)) {
	t.Run("sqlite", func(t *testing.T) { f(t, "sqlite:"+filepath.Join(t.TempDir(), "kith.db")) })
	t.Run("postgres", func(t *testing.T) { f(t, dbtest.NewPostgres(t, dbtest.Postgres(t), "")) })
}

func open(t testing.TB, address string, opt db.Options) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), address, opt)
	must(t, err)
	t.Cleanup(func() { d.Close() })
	return d
}

func version(t testing.TB, d *db.DB) int {
	t.Helper()
	v, err := d.Version(context.Background())
	must(t, err)
	return v
}

func addPost(t testing.TB, d *db.DB, text string) {
	t.Helper()
	must(t, d.Transact(context.Background(), db.Full, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO posts (body, score, text, at, seen) VALUES (?, 0.5, ?, 1, true)", []byte{0, 255}, text)
		return err
	}))
}

func TestMigrateRunsEveryStepOnce(t *testing.T) {
	eachEmpty(t, func(t *testing.T, address string) {
		d := open(t, address, db.Options{Migrations: two})
		pending, err := d.Pending(t.Context())
		must(t, err)
		if pending <= 2 {
			t.Errorf("got %d pending, want two and River's", pending)
		}
		must(t, d.Migrate(t.Context()))
		must(t, d.Migrate(t.Context()))
		if pending, err = d.Pending(t.Context()); err != nil || pending != 0 || version(t, d) != 2 {
			t.Errorf("afterwards: %d pending (%v), version %d", pending, err, version(t, d))
		}
		addPost(t, d, "one")
		addPost(t, d, "two")
		var id, likes int
		must(t, d.Read().QueryRowContext(t.Context(), "SELECT id, likes FROM posts ORDER BY id DESC LIMIT 1").Scan(&id, &likes))
		if id != 2 {
			t.Errorf("the second post has id %d", id)
		}
		err = d.Transact(t.Context(), db.Full, func(ctx context.Context, tx db.Tx) error {
			_, err := tx.ExecContext(ctx, "DELETE FROM posts")
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "posts are kept; always") {
			t.Errorf("the trigger said %v", err)
		}
	})
}

func TestNewerSchemaIsRefused(t *testing.T) {
	eachEmpty(t, func(t *testing.T, address string) {
		newer := open(t, address, db.Options{Migrations: two})
		must(t, newer.Migrate(t.Context()))
		older := open(t, address, db.Options{Migrations: one})
		mustBe(t, older.Migrate(t.Context()), db.ErrNewerSchema)
		_, err := older.Pending(t.Context())
		mustBe(t, err, db.ErrNewerSchema)

		must(t, newer.Transact(t.Context(), db.Full, func(ctx context.Context, tx db.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO river_migration (line, version) VALUES ('main', 999)")
			return err
		}))
		mustBe(t, newer.Migrate(t.Context()), db.ErrNewerSchema)
	})
}

func TestChangedMigrationIsRefused(t *testing.T) {
	eachEmpty(t, func(t *testing.T, address string) {
		must(t, open(t, address, db.Options{Migrations: files("0001_posts.sql", first)}).Migrate(t.Context()))
		changed := open(t, address, db.Options{Migrations: files("0001_posts.sql", first+" -- edited")})
		mustBe(t, changed.Migrate(t.Context()), db.ErrChangedMigration)
	})
}

func TestFailedMigrationLeavesNoTrace(t *testing.T) {
	eachEmpty(t, func(t *testing.T, address string) {
		must(t, open(t, address, db.Options{Migrations: one}).Migrate(t.Context()))
		half := files("0001_posts.sql", first, "0001_posts.sqlite.sql", firstSQLite, "0001_posts.postgres.sql", firstPostgres,
			"0002_likes.sql", second+" CREATE TABLE broken (;")
		d := open(t, address, db.Options{Migrations: half})
		if err := d.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "0002_likes") {
			t.Errorf("got %v, want an error that names 0002_likes", err)
		}
		must(t, open(t, address, db.Options{Migrations: two}).Migrate(t.Context()))
		if v := version(t, d); v != 2 {
			t.Errorf("got version %d after the corrected step", v)
		}
	})
}

func TestTwoMigratorsAtOnce(t *testing.T) {
	eachEmpty(t, func(t *testing.T, address string) {
		var group errgroup.Group
		for range 3 {
			d := open(t, address, db.Options{Migrations: two})
			group.Go(func() error { return d.Migrate(context.Background()) })
		}
		must(t, group.Wait())
	})
}

func TestMigrationNames(t *testing.T) {
	for name, set := range map[string]fstest.MapFS{
		"not numbered": files("posts.sql", first),
		"gap":          files("0001_posts.sql", first, "0003_likes.sql", second),
		"two names":    files("0001_posts.sql", first, "0001_post.sqlite.sql", second),
		"engine":       files("0001_posts.mysql.sql", first),
	} {
		if _, err := db.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "kith.db"), db.Options{Migrations: set}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestOurMigrations runs Kith's own on both engines and compares what they make.
func TestOurMigrations(t *testing.T) {
	columns := map[string]map[string]bool{}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		query, engine := `SELECT m.name || '.' || c.name FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table'`, "sqlite"
		if d.IsPostgres() {
			query, engine = `SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'`, "postgres"
		}
		var names []string
		must(t, d.Read().NewRaw(query).Scan(t.Context(), &names))
		columns[engine] = map[string]bool{}
		for _, n := range names {
			if !strings.HasPrefix(n, "river_") && !strings.HasPrefix(n, "sqlite_") {
				columns[engine][n] = true
			}
		}
	})
	if len(columns) < 2 {
		t.Skip("skipped: comparing needs both engines")
	}
	for a, b := range map[string]string{"sqlite": "postgres", "postgres": "sqlite"} {
		for name := range columns[a] {
			if !columns[b][name] && !engineOwn(name) {
				t.Errorf("%s is in %s but not in %s", name, a, b)
			}
		}
	}
}

// engineOwn tells columns of full-text search, which each engine does in its own way.
func engineOwn(column string) bool {
	table, name, _ := strings.Cut(column, ".")
	return strings.Contains(table, "_search") || strings.Contains(name, "search")
}
