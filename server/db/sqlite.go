package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

const (
	// checkpointEvery is how often the write-ahead log is looked at, checkpointFrames how many of its
	// pages (4 KiB) must wait before they are moved into the file. Done here rather than by the
	// writer, a checkpoint costs no transaction its time; the writer's own limit is a safety net.
	checkpointEvery  = 250 * time.Millisecond
	checkpointFrames = 1000
	writerFrames     = 20000
	walBytesAtRest   = 64 << 20
	busyTimeout      = 5 * time.Second // another process holds the file
)

func (d *DB) openSQLite(ctx context.Context, path string, readers int) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("find the database file: %w", err)
	}
	d.path = path
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the database's folder: %w", err)
	}
	// SQLite would make the file readable by others; its log files take over the file's mode.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open the database file: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("open the database file: %w", err)
	}

	writer, err := sqliteConn(path, url.Values{"_txlock": {"immediate"}},
		"journal_mode(WAL)", "synchronous(FULL)", "cache_size(-8000)",
		"secure_delete(ON)", // what is erased is overwritten; costs nothing that can be measured
		fmt.Sprintf("wal_autocheckpoint(%d)", writerFrames), fmt.Sprintf("journal_size_limit(%d)", walBytesAtRest))
	if err != nil {
		return err
	}
	writer.SetMaxOpenConns(1)
	d.write = bun.NewDB(writer, sqlitedialect.New())
	if err := writer.PingContext(ctx); err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}

	reader, err := sqliteConn(path, url.Values{"_query_only": {"1"}}, "cache_size(-4000)")
	if err != nil {
		return err
	}
	reader.SetMaxOpenConns(readers)
	reader.SetMaxIdleConns(readers)
	reader.SetConnMaxIdleTime(5 * time.Minute)
	d.read = bun.NewDB(reader, sqlitedialect.New())

	d.maintain, err = sqliteConn(path, nil, "cache_size(-1000)")
	if err != nil {
		return err
	}
	d.maintain.SetMaxOpenConns(1)

	if d.jobs, err = newSQLiteQueue(d); err != nil {
		return err
	}
	ctx, d.stop = context.WithCancel(context.WithoutCancel(ctx))
	d.stopped.Go(func() { d.checkpoint(ctx) })
	return nil
}

func sqliteConn(path string, params url.Values, pragmas ...string) (*sql.DB, error) {
	q := url.Values{
		"_busy_timeout": {fmt.Sprint(busyTimeout.Milliseconds())},
		"_foreign_keys": {"1"},
		"_dqs":          {"0"},
		"_defensive":    {"1"},
		"_pragma":       append(pragmas, "temp_store(MEMORY)", "trusted_schema(0)"),
	}
	for k, v := range params {
		q[k] = v
	}
	pool, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return pool, nil
}

// hardenWriter makes commits durable again after a Page transaction. A connection on which that
// fails is thrown away, and the next one starts hard.
func (d *DB) hardenWriter(ctx context.Context, conn bun.Conn) {
	_, err := conn.Conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA synchronous = FULL")
	if err != nil {
		_ = conn.Conn.Raw(func(any) error { return driver.ErrBadConn })
	}
}

// checkpoint moves the write-ahead log into the file, little by little, until ctx ends.
func (d *DB) checkpoint(ctx context.Context) {
	tick := time.NewTicker(checkpointEvery)
	defer tick.Stop()
	var seen time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		info, err := os.Stat(d.path + "-wal")
		if err != nil || info.ModTime().Equal(seen) {
			continue
		}
		seen = info.ModTime()
		if err := d.checkpointOnce(ctx); err != nil && ctx.Err() == nil {
			d.log.WarnContext(ctx, "the write-ahead log could not be moved into the database file", slog.Any("error", err))
		}
	}
}

func (d *DB) checkpointOnce(ctx context.Context) error {
	var busy, frames, moved int
	err := d.maintain.QueryRowContext(ctx, "PRAGMA wal_checkpoint(NOOP)").Scan(&busy, &frames, &moved)
	if err != nil || frames-moved < checkpointFrames {
		return err
	}
	return d.maintain.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &frames, &moved)
}

// Size tells how much room the database takes, in bytes; WAL is SQLite's write-ahead log.
type Size struct{ Data, WAL int64 }

// Size measures the database.
func (d *DB) Size(ctx context.Context) (Size, error) {
	var s Size
	if d.IsPostgres() {
		err := d.read.DB.QueryRowContext(ctx, "SELECT pg_database_size(current_database())").Scan(&s.Data)
		if err != nil {
			return s, fmt.Errorf("measure the database: %w", err)
		}
		return s, nil
	}
	for file, size := range map[string]*int64{d.path: &s.Data, d.path + "-wal": &s.WAL} {
		info, err := os.Stat(file)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return s, fmt.Errorf("measure the database: %w", err)
		}
		if err == nil {
			*size = info.Size()
		}
	}
	return s, nil
}
