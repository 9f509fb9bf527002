// Package dbtest gives a test a real, migrated and empty database of its own: SQLite in the test's
// folder, or a PostgreSQL database when KITH_TEST_POSTGRES holds the URL of a cluster's
// administrative database (cluster.sh starts such a cluster). Migrating happens once; each test gets
// a copy of the result.
//
// KITH_TEST_REQUIRE=postgres makes a missing PostgreSQL a failure where it would be skipped.
package dbtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/server/db"
)

// Option changes how the test's database is opened.
type Option func(*db.Options)

// Clock makes the database live by now.
func Clock(now clock.Func) Option { return func(o *db.Options) { o.Clock = now } }

// Options sets everything else that db.Open knows.
func Options(set func(*db.Options)) Option { return set }

// New gives a migrated, empty database, closed and removed when the test ends: PostgreSQL if
// KITH_TEST_POSTGRES is set, else SQLite.
func New(t testing.TB, opts ...Option) *db.DB {
	t.Helper()
	if admin := os.Getenv("KITH_TEST_POSTGRES"); admin != "" {
		return postgres(t, admin, opts)
	}
	return sqlite(t, opts)
}

// Each tells the story f on both engines, as subtests "sqlite" and "postgres".
func Each(t *testing.T, f func(t *testing.T, d *db.DB), opts ...Option) {
	t.Run("sqlite", func(t *testing.T) { f(t, sqlite(t, opts)) })
	t.Run("postgres", func(t *testing.T) { f(t, postgres(t, Postgres(t), opts)) })
}

// Postgres is the URL of the cluster's administrative database. Without one the test is skipped, or
// fails if KITH_TEST_REQUIRE asks for it.
func Postgres(t testing.TB) string {
	t.Helper()
	admin := os.Getenv("KITH_TEST_POSTGRES")
	if admin != "" {
		return admin
	}
	if strings.Contains(os.Getenv("KITH_TEST_REQUIRE"), "postgres") {
		t.Fatal("no PostgreSQL: KITH_TEST_REQUIRE asks for it, but KITH_TEST_POSTGRES is not set")
	}
	t.Skip("skipped: no PostgreSQL, set KITH_TEST_POSTGRES to the URL of a cluster (server/db/dbtest/cluster.sh starts one)")
	return ""
}

func open(t testing.TB, address string, opts []Option) *db.DB {
	t.Helper()
	var o db.Options
	for _, set := range opts {
		set(&o)
	}
	d, err := db.Open(context.Background(), address, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// sqliteTemplate is the file that every test's database starts as.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "kith-dbtest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "template.db")
	if err := migrate("sqlite:" + file); err != nil {
		return nil, err
	}
	return os.ReadFile(file) // complete, for closing has emptied the write-ahead log into it
})

func migrate(address string) error {
	ctx := context.Background()
	d, err := db.Open(ctx, address, db.Options{})
	if err != nil {
		return err
	}
	if err := d.Migrate(ctx); err != nil {
		d.Close()
		return err
	}
	return d.Close()
}

func sqlite(t testing.TB, opts []Option) *db.DB {
	t.Helper()
	return open(t, SQLite(t), opts)
}

// SQLite is the address of a migrated, empty embedded database in the test's folder.
func SQLite(t testing.TB) string {
	t.Helper()
	template, err := sqliteTemplate()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "kith.db")
	if err := os.WriteFile(file, template, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + file
}

func postgres(t testing.TB, admin string, opts []Option) *db.DB {
	t.Helper()
	return open(t, migrated(t, admin), opts)
}

// PostgreSQL is the address of a migrated, empty PostgreSQL database, dropped when the test ends; the test
// is skipped where there is no cluster.
func PostgreSQL(t testing.TB) string {
	t.Helper()
	return migrated(t, Postgres(t))
}

func migrated(t testing.TB, admin string) string {
	t.Helper()
	template, err := postgresTemplate(admin)
	if err != nil {
		t.Fatal(err)
	}
	return NewPostgres(t, admin, template)
}

// NewPostgres makes a database from a template, or an empty one if template is "", and returns its
// URL. It is dropped when the test ends.
func NewPostgres(t testing.TB, admin, template string) string {
	t.Helper()
	name := "kith_test_" + strings.ToLower(rand.Text()[:12])
	if template == "" {
		template = "template0"
	}
	if err := inCluster(admin, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, template)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := inCluster(admin, fmt.Sprintf("DROP DATABASE IF EXISTS %s WITH (FORCE)", name)); err != nil {
			t.Error(err)
		}
	})
	return databaseURL(admin, name)
}

var (
	templateMu   sync.Mutex
	templateName string
)

// postgresTemplate makes the template database unless this or another test process has: its name
// says what is in it, and it gets that name when it is complete.
func postgresTemplate(admin string) (string, error) {
	templateMu.Lock()
	defer templateMu.Unlock()
	if templateName != "" {
		return templateName, nil
	}
	ctx := context.Background()
	d, err := db.Open(ctx, admin, db.Options{})
	if err != nil {
		return "", err
	}
	name := "kith_template_" + d.Fingerprint()
	if err := d.Close(); err != nil {
		return "", err
	}
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	// The lock is given back with the connection.
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(hashtext('kith dbtest'))"); err != nil {
		return "", err
	}
	var made bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", name).Scan(&made); err != nil {
		return "", err
	}
	if !made {
		if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS kith_template_part WITH (FORCE)"); err != nil {
			return "", err
		}
		if _, err := conn.Exec(ctx, "CREATE DATABASE kith_template_part TEMPLATE template0"); err != nil {
			return "", err
		}
		if err := migrate(databaseURL(admin, "kith_template_part")); err != nil {
			return "", err
		}
		if _, err := conn.Exec(ctx, "ALTER DATABASE kith_template_part RENAME TO "+name); err != nil {
			return "", err
		}
	}
	templateName = name
	return name, nil
}

func inCluster(admin, statement string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

func databaseURL(admin, name string) string {
	u, err := url.Parse(admin)
	if err != nil {
		return admin
	}
	u.Path = "/" + name
	return u.String()
}
