package db

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river"
	"github.com/uptrace/bun"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/kith-social/kith/clock"
)

// Tx is a transaction that can also enqueue jobs. Packages that write declare the same unnamed
// interface as an alias, so that they need not import this one.
type Tx = interface {
	bun.IDB

	// NextIDs reserves n ids of a table, ascending, so that rows can name each other before they are stored.
	NextIDs(ctx context.Context, table string, n int) ([]int64, error)
	// InsertRows stores rows of a table the fastest way the engine has. A column is a name and its
	// PostgreSQL type ("id bigint"); values fills one row, in the order of the columns, nil for NULL.
	InsertRows(ctx context.Context, table string, columns []string, rows int, values func(row int, into []any)) error
	// Enqueue adds jobs that exist exactly if the transaction commits.
	Enqueue(ctx context.Context, jobs ...river.InsertManyParams) error
	// Now is the time of the transaction: read once, the same for everything in it.
	Now() clock.Time
}

// Durability says how hard a commit must be.
type Durability int

const (
	// Full commits are on disk when Transact returns: everything that people did, and what a network
	// was told we have.
	Full Durability = iota
	// Page commits may be undone by a power cut, as a whole and in order: a fetched page stored with
	// its cursor, which is then fetched again.
	Page
)

// ErrNested means that a transaction was asked for inside another one.
var ErrNested = errors.New("a transaction was started inside another one")

const (
	maxRetries = 4
	firstPause = 10 * time.Millisecond // doubled for each retry
)

type insideKey struct{}

func (d *DB) inside(ctx context.Context) bool { return ctx.Value(insideKey{}) == d }

// Transact runs f in a transaction and commits it if f returns nil. Waiting for the writer ends with
// ctx. When the database asks for it (two transactions in each other's way), f runs again from the
// start, at most five times. Nested calls give ErrNested.
func (d *DB) Transact(ctx context.Context, how Durability, f func(ctx context.Context, tx Tx) error) error {
	if d.inside(ctx) {
		return ErrNested
	}
	for retry := 0; ; retry++ {
		err := d.transact(ctx, how, f)
		if err == nil || retry == maxRetries || !worthRetrying(err) {
			return err
		}
		d.log.DebugContext(ctx, "transaction runs again", slog.Int("retry", retry+1), slog.Any("error", err))
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(firstPause << retry):
		}
	}
}

func worthRetrying(err error) bool {
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01" // serialization failure, deadlock
	}
	return isSQLite(err, sqlite3.SQLITE_BUSY)
}

// isSQLite compares primary result codes; the extended ones only say more of the same.
func isSQLite(err error, code int) bool {
	lite := (*sqlite.Error)(nil)
	return errors.As(err, &lite) && lite.Code()&0xff == code
}

func (d *DB) transact(ctx context.Context, how Durability, f func(ctx context.Context, tx Tx) error) error {
	conn, err := d.write.Conn(ctx)
	if err != nil {
		return fmt.Errorf("wait for the writer: %w", err)
	}
	defer conn.Close()
	if !d.IsPostgres() && how == Page {
		// The setting belongs to the connection and must stand before BEGIN; at rest it is FULL.
		if _, err := conn.Conn.ExecContext(ctx, "PRAGMA synchronous = NORMAL"); err != nil {
			return fmt.Errorf("set durability: %w", err)
		}
		defer d.hardenWriter(ctx, conn)
	}
	btx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = btx.Rollback() }() // does nothing after a commit

	tx := &transaction{Tx: btx, d: d, conn: conn}
	if err := tx.start(ctx, how); err != nil {
		return err
	}
	if err := f(context.WithValue(ctx, insideKey{}, d), tx); err != nil {
		return err
	}
	if err := btx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	tx.committed()
	return nil
}

// transaction is the one implementation of Tx.
type transaction struct {
	bun.Tx
	d      *DB
	conn   bun.Conn
	now    clock.Time
	queues []string                 // in which jobs are ready to run
	held   []river.InsertManyParams // for Options.Enqueue
}

// start reads the time and, on PostgreSQL, sets the durability, in one round trip.
func (t *transaction) start(ctx context.Context, how Durability) error {
	if t.d.IsPostgres() && (how == Page || t.d.opt.Clock == nil) {
		query := postgresFull
		if how == Page {
			query = postgresPage
		}
		var setting string
		if err := t.Tx.Tx.QueryRowContext(ctx, query).Scan(&t.now, &setting); err != nil {
			return fmt.Errorf("ask the database for the time: %w", err)
		}
	}
	if !t.d.IsPostgres() || t.d.opt.Clock != nil {
		t.now = t.d.now()
	}
	return nil
}

func (t *transaction) Now() clock.Time { return t.now }

func (t *transaction) Enqueue(ctx context.Context, jobs ...river.InsertManyParams) error {
	if len(jobs) == 0 {
		return nil
	}
	if t.d.opt.Enqueue != nil {
		t.held = append(t.held, jobs...)
		return nil
	}
	queues, err := t.d.jobs.insert(ctx, t, jobs)
	if err != nil {
		return fmt.Errorf("enqueue %s: %w", jobs[0].Args.Kind(), err)
	}
	t.queues = append(t.queues, queues...)
	return nil
}

func (t *transaction) committed() {
	if len(t.held) > 0 {
		t.d.opt.Enqueue(t.held)
	}
	t.d.bell.ring(t.queues)
}
