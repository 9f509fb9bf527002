// Package db opens Kith's database, SQLite in a file or PostgreSQL, and is the only maker of
// transactions.
//
// The words: a transaction (Tx) writes and enqueues jobs, which commit together or not at all; its
// durability says what a power cut may take; reads go through Read or ReadTx and cannot write; a
// migration is one numbered step of the schema; a worker runs the jobs.
//
// Inside a transaction use only its tx: on SQLite there is one writer, so a second transaction asked
// for inside the first would wait for itself (Transact refuses it), and Read sees the state before
// it. Network calls do not belong inside. A function given to Transact may run more than once, so it
// changes nothing but the database.
//
// Both engines read a list with bun: Where("id IN (?)", bun.List(ids)), where an empty list finds
// nothing. Many rows are stored with Tx.InsertRows: bun writes arguments into the text of a query.
//
// The package owns the tables schema_migrations and, through River, river_*.
package db

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"runtime"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/kith-social/kith/clock"
)

// ErrAddress means that a database was named in a way that is not understood.
var ErrAddress = errors.New("the database must be given as sqlite:PATH or postgres://…")

// Options are what Open and Restore may be told beside the address. The zero value is ready for use.
type Options struct {
	// Clock tells transactions and jobs the time. Nil means the machine's clock on SQLite and the
	// database's on PostgreSQL, so that replicas agree.
	Clock clock.Func
	// Logger hears of retries, migrations and failed background work. Nil is silent.
	Logger *slog.Logger
	// Readers is how many connections read an embedded database; 0: one a core, and at least two. With one, whoever
	// reads outside of the transaction that they read in waits for ever, which tests want to see.
	Readers int
	// Migrations holds NNNN_name.sql files at its root. Nil means Kith's own.
	Migrations fs.FS
	// Enqueue, if set, is handed the jobs of each transaction after its commit instead of River, so
	// that a simulation runs them itself, one by one and in order.
	Enqueue func(jobs []river.InsertManyParams)
	// AfterRestore runs in a transaction on a restored and migrated database, before anybody can
	// open it: what was about to happen when the backup was made may have happened since.
	AfterRestore func(ctx context.Context, tx Tx) error
	// Force lets Restore move an SQLite file that is in the way aside, keeping it.
	Force bool
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	opt   Options
	log   *slog.Logger
	steps []migration
	path  string // of the SQLite file; empty on PostgreSQL
	url   string // of the PostgreSQL database; empty on SQLite

	write    *bun.DB
	read     *bun.DB
	maintain *sql.DB       // SQLite: checkpoints and backups, beside the writer
	pool     *pgxpool.Pool // PostgreSQL: what write takes its connections from, shared with River
	jobs     queue
	bell     bell

	stop    context.CancelFunc
	stopped sync.WaitGroup
}

// Open opens the database at "sqlite:PATH" or "postgres://…". It makes a missing SQLite file (mode
// 0600, its folder 0700) but no schema: that is Migrate's. The caller closes the DB.
func Open(ctx context.Context, url string, opt Options) (*DB, error) {
	d, err := open(ctx, url, opt)
	if err != nil {
		return nil, err
	}
	if err := d.refuseUnfinishedRestore(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func open(ctx context.Context, url string, opt Options) (*DB, error) {
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	steps, err := loadMigrations(opt.Migrations)
	if err != nil {
		return nil, err
	}
	d := &DB{opt: opt, log: opt.Logger, steps: steps}
	switch {
	case strings.HasPrefix(url, "sqlite:") && len(url) > len("sqlite:"):
		err = d.openSQLite(ctx, strings.TrimPrefix(url, "sqlite:"), cmp.Or(opt.Readers, max(2, runtime.GOMAXPROCS(0))))
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		err = d.openPostgres(ctx, url)
	default:
		return nil, ErrAddress
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Close ends background work and closes every connection. Transactions still running fail.
func (d *DB) Close() error {
	if d.stop != nil {
		d.stop()
	}
	d.stopped.Wait()
	var errs []error
	if d.read != nil {
		errs = append(errs, d.read.Close())
	}
	if d.maintain != nil {
		errs = append(errs, d.maintain.Close())
	}
	if d.write != nil {
		errs = append(errs, d.write.Close())
	}
	if d.pool != nil {
		d.pool.Close()
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close the database: %w", err)
	}
	return nil
}

// IsPostgres tells the engine apart where a query must differ.
func (d *DB) IsPostgres() bool { return d.pool != nil }

// Dialect is bun's name for the engine.
func (d *DB) Dialect() schema.Dialect { return d.write.Dialect() }

// Read is the pool for reading; a write through it fails. Each query sees what was committed before
// it; use ReadTx where several must agree.
func (d *DB) Read() bun.IDB { return d.read }

// ReadTx runs f on one unchanging view of the database. A write in it fails.
func (d *DB) ReadTx(ctx context.Context, f func(ctx context.Context, tx bun.IDB) error) error {
	opts := &sql.TxOptions{ReadOnly: true}
	if d.IsPostgres() {
		opts.Isolation = sql.LevelRepeatableRead
	}
	tx, err := d.read.BeginTx(ctx, opts)
	if err != nil {
		return fmt.Errorf("begin reading: %w", err)
	}
	// A read has nothing to keep, so it always ends with a rollback.
	defer func() { _ = tx.Rollback() }()
	return f(ctx, tx)
}
