package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"

	"github.com/kith-social/kith/clock"
)

// Worker runs jobs from Start until Stop, which lets running ones finish within its context.
type Worker interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
}

const (
	fetchCooldown = 10 * time.Millisecond
	// On PostgreSQL River sends no second notification within notifyCooldown of another, so a job of a
	// busy moment may have to wait for the poll. On SQLite every commit of this process rings the bell, and
	// polling is for scheduled jobs and for those of another process (a command run by hand).
	notifyCooldown = time.Millisecond
	pollPostgres   = 200 * time.Millisecond
	pollSQLite     = time.Second
	// rescueAfter is when a job is taken from a worker that died; jobs end within a minute.
	rescueAfter = 2 * time.Minute
)

// NewRiver makes a worker for this database from cfg, which names queues and workers; what cfg
// leaves zero of timing, logging and time gets Kith's values. cfg is not changed.
func (d *DB) NewRiver(cfg *river.Config) (Worker, error) {
	c := d.riverConfig(*cfg)
	var (
		w   Worker
		err error
	)
	if d.IsPostgres() {
		w, err = river.NewClient(riverpgxv5.New(d.pool), c)
	} else {
		w, err = river.NewClient(d.sqliteDriver(), c)
	}
	if err != nil {
		return nil, fmt.Errorf("make a job worker: %w", err)
	}
	return w, nil
}

func (d *DB) riverConfig(c river.Config) *river.Config {
	if c.FetchCooldown == 0 {
		c.FetchCooldown = fetchCooldown
	}
	if c.FetchPollInterval == 0 {
		c.FetchPollInterval = pollSQLite
		if d.IsPostgres() {
			c.FetchPollInterval = pollPostgres
		}
	}
	if c.RescueStuckJobsAfter == 0 {
		c.RescueStuckJobsAfter = rescueAfter
	}
	if c.Logger == nil {
		c.Logger = warnings(d.log)
	}
	if c.Test.Time == nil && d.opt.Clock != nil {
		c.Test.Time = riverTime(d.opt.Clock)
	}
	return &c
}

// riverTime lets River live by our clock, so that moving it by hand makes scheduled jobs due.
type riverTime clock.Func

func (t riverTime) Now() time.Time { return t().Std() }

func (t riverTime) NowOrNil() *time.Time {
	now := t().Std()
	return &now
}

// queue inserts jobs in a transaction and tells in which queues some can run at once.
type queue interface {
	insert(ctx context.Context, tx *transaction, jobs []river.InsertManyParams) ([]string, error)
}

type sqliteQueue struct{ client *river.Client[*sql.Tx] }

func newSQLiteQueue(d *DB) (queue, error) {
	client, err := river.NewClient(d.sqliteDriver(), d.riverConfig(river.Config{}))
	if err != nil {
		return nil, fmt.Errorf("make the job queue: %w", err)
	}
	return sqliteQueue{client}, nil
}

func (q sqliteQueue) insert(ctx context.Context, tx *transaction, jobs []river.InsertManyParams) ([]string, error) {
	inserted, err := q.client.InsertManyTx(ctx, tx.Tx.Tx, jobs)
	var queues []string
	for _, r := range inserted {
		if r.Job.State == rivertype.JobStateAvailable && !slices.Contains(queues, r.Job.Queue) {
			queues = append(queues, r.Job.Queue)
		}
	}
	return queues, err
}

type postgresQueue struct{ client *river.Client[pgx.Tx] }

func newPostgresQueue(d *DB) (queue, error) {
	client, err := river.NewClient(riverpgxv5.New(d.pool), d.riverConfig(river.Config{FetchCooldown: notifyCooldown}))
	if err != nil {
		return nil, fmt.Errorf("make the job queue: %w", err)
	}
	return postgresQueue{client}, nil
}

// insert needs no bell: River sends its notification with the commit.
func (q postgresQueue) insert(ctx context.Context, tx *transaction, jobs []river.InsertManyParams) ([]string, error) {
	return nil, tx.conn.Raw(func(c any) error {
		_, err := q.client.InsertManyTx(ctx, joinedTx{c.(*stdlib.Conn).Conn()}, jobs)
		return err
	})
}

type pgxConn = pgx.Conn

// joinedTx shows River a connection on which Transact has begun a transaction. It ends none.
type joinedTx struct{ *pgxConn }

var errJoined = errors.New("this transaction belongs to Transact")

func (t joinedTx) Conn() *pgx.Conn                       { return t.pgxConn }
func (t joinedTx) Begin(context.Context) (pgx.Tx, error) { return nil, errJoined }
func (t joinedTx) Commit(context.Context) error          { return errJoined }
func (t joinedTx) Rollback(context.Context) error        { return errJoined }
func (t joinedTx) LargeObjects() pgx.LargeObjects        { return pgx.LargeObjects{} }

// bell wakes the workers of this process after a commit with jobs. River's own way on SQLite is a
// table of notifications that is written with each job and read twenty times a second.
type bell struct {
	mu        sync.Mutex
	listeners map[*bellListener]struct{}
}

func (b *bell) ring(queues []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for l := range b.listeners {
		for _, q := range queues {
			select {
			case l.rung <- q:
			default: // so many wait already that the worker is about to look anyhow
			}
		}
	}
}

// sqliteDriver is River's driver with the bell in place of the table. The interface is River's
// internal one: look here when its version changes.
func (d *DB) sqliteDriver() riverdriver.Driver[*sql.Tx] {
	return bellDriver{riversqlite.New(d.write.DB), &d.bell}
}

type bellDriver struct {
	*riversqlite.Driver
	bell *bell
}

func (d bellDriver) SupportsListenNotify() bool { return false } // write no notifications

func (d bellDriver) GetListener(*riverdriver.GetListenenerParams) riverdriver.Listener {
	return &bellListener{bell: d.bell, rung: make(chan string, 64)}
}

type bellListener struct {
	bell *bell
	rung chan string
}

func (l *bellListener) Connect(context.Context) error {
	l.bell.mu.Lock()
	defer l.bell.mu.Unlock()
	if l.bell.listeners == nil {
		l.bell.listeners = map[*bellListener]struct{}{}
	}
	l.bell.listeners[l] = struct{}{}
	return nil
}

func (l *bellListener) Close(context.Context) error {
	l.bell.mu.Lock()
	defer l.bell.mu.Unlock()
	delete(l.bell.listeners, l)
	return nil
}

func (l *bellListener) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case q := <-l.rung:
		return &riverdriver.Notification{Topic: "river_insert", Payload: fmt.Sprintf(`{"queue":%q}`, q)}, nil
	}
}

func (l *bellListener) Listen(context.Context, string) error   { return nil }
func (l *bellListener) Unlisten(context.Context, string) error { return nil }
func (l *bellListener) Ping(context.Context) error             { return nil }
func (l *bellListener) Schema() string                         { return "" }
func (l *bellListener) SetAfterConnectExec(string)             {}

// warnings is a logger that leaves out what River tells of its every step.
func warnings(log *slog.Logger) *slog.Logger { return slog.New(atLeast{log.Handler(), slog.LevelWarn}) }

type atLeast struct {
	slog.Handler
	level slog.Level
}

func (h atLeast) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= h.level && h.Handler.Enabled(ctx, l)
}

func (h atLeast) WithAttrs(attrs []slog.Attr) slog.Handler {
	return atLeast{h.Handler.WithAttrs(attrs), h.level}
}

func (h atLeast) WithGroup(name string) slog.Handler {
	return atLeast{h.Handler.WithGroup(name), h.level}
}
