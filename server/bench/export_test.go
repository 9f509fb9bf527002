package bench

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"os"
	"strings"

	"github.com/kith-social/kith/listeners"
	"github.com/uptrace/bun"
)

// Work is what hearing a month took of a database, whatever the machine.
type Work struct {
	Posts, Stored, Cases int
	Transactions         int
	Statements           int // a prepared statement that stores many rows is one
	Rows                 int // rows stored by those
	WALBytes             int // written to SQLite's write-ahead log
}

// CountWork hears a month of n customers' posts once and counts.
func CountWork(ctx context.Context, b Ingest) (w Work, err error) {
	net, err := startNetwork(ctx, b.Binary)
	if err != nil {
		return w, err
	}
	defer net.stop()
	who, month, err := net.load(ctx, b.Mentions)
	if err != nil {
		return w, err
	}
	var engine engine = &sqliteEngine{b.Folder}
	if b.DB != "" {
		if engine, err = newPostgresEngine(ctx, b.DB); err != nil {
			return w, err
		}
	}
	address, drop, err := engine.fresh(ctx)
	if err != nil {
		return w, err
	}
	defer drop()
	app, err := b.open(ctx, address, net, who)
	if err != nil {
		return w, err
	}
	defer app.Close()

	log := func() (round uint32, pages int) { return 0, 0 }
	if file, ok := strings.CutPrefix(address, "sqlite:"); ok {
		side, err := sql.Open("sqlite", file)
		if err != nil {
			return w, err
		}
		defer side.Close()
		log = func() (round uint32, pages int) {
			var busy, moved int
			err = errors.Join(err, side.QueryRowContext(ctx, "PRAGMA wal_checkpoint(NOOP)").Scan(&busy, &pages, &moved))
			wal, failed := os.Open(file + "-wal")
			if err = errors.Join(err, failed); failed != nil {
				return 0, 0
			}
			defer wal.Close()
			head := make([]byte, 16) // ends with the number of the log's round
			_, failed = wal.ReadAt(head, 0)
			err = errors.Join(err, failed)
			return binary.BigEndian.Uint32(head[12:]), pages
		}
	}
	inner := app.Poller.Transact
	round, pages := log()
	hooked := false
	app.Poller.Transact = func(ctx context.Context, f func(context.Context, listeners.Tx) error) error {
		w.Transactions++
		failed := inner(ctx, func(ctx context.Context, tx listeners.Tx) error {
			if !hooked {
				hooked = true
				//lint:ignore SA1019 the hook must be on the very database that transactions begin on
				tx.NewSelect().DB().AddQueryHook(counter{&w.Statements})
			}
			return f(ctx, counted{tx, &w})
		})
		roundNow, now := log()
		if roundNow != round { // the log began anew
			pages = 0
		}
		w.WALBytes += (now - pages) * walPage
		round, pages = roundNow, now
		return failed
	}
	app.Poller.Tick(ctx)
	if err != nil {
		return w, err
	}
	w.Posts = month.all
	w.Stored, w.Cases, err = b.check(ctx, app, month)
	return w, err
}

// walPage is a page in the write-ahead log, in bytes.
const walPage = 4096 + 24

// counted counts what a transaction does besides bun's queries.
type counted struct {
	listeners.Tx
	w *Work
}

func (c counted) NextIDs(ctx context.Context, table string, n int) ([]int64, error) {
	c.w.Statements++
	return c.Tx.NextIDs(ctx, table, n)
}

func (c counted) InsertRows(ctx context.Context, table string, columns []string, rows int, values func(int, []any)) error {
	c.w.Statements++
	c.w.Rows += rows
	return c.Tx.InsertRows(ctx, table, columns, rows, values)
}

// counter counts bun's queries.
type counter struct{ n *int }

func (c counter) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }
func (c counter) AfterQuery(context.Context, *bun.QueryEvent)                        { *c.n++ }
