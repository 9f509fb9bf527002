package bench

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing/fstest"

	"github.com/kith-social/kith/server/db"
)

// sqliteEngine makes its databases in a folder.
type sqliteEngine struct{ folder string }

func (e *sqliteEngine) name() string { return "sqlite" }

func (e *sqliteEngine) fresh(context.Context) (string, func(), error) {
	folder, err := os.MkdirTemp(e.folder, "run-")
	return "sqlite:" + filepath.Join(folder, "kith.db"), func() { _ = os.RemoveAll(folder) }, err
}

func (e *sqliteEngine) raw(_ context.Context, address string) ([]job, error) {
	file := strings.TrimPrefix(address, "sqlite:")
	a1 := func(ctx context.Context, n int) (Figure, error) {
		return e.again(ctx, file, n, e.a1)
	}
	a2 := func(ctx context.Context, n int) (Figure, error) {
		return e.again(ctx, file, n, e.a2)
	}
	return []job{a1, a2}, nil
}

// again writes the mentions of a file into another one with nothing but their table.
func (e *sqliteEngine) again(ctx context.Context, file string, n int, how func(context.Context, string, string, *rows) (func(context.Context) error, func() error, error)) (Figure, error) {
	from, err := sql.Open("sqlite", file)
	if err != nil {
		return Figure{}, err
	}
	table, err := mentionsTable(ctx, from)
	if err != nil {
		return Figure{}, errors.Join(err, from.Close())
	}
	r, err := readRows(ctx, from, "true")
	if err := errors.Join(err, from.Close()); err != nil {
		return Figure{}, err
	}
	into := filepath.Join(filepath.Dir(file), "raw.db")
	write, done, err := how(ctx, into, table, r)
	if err != nil {
		return Figure{}, err
	}
	figure, err := measure(ctx, n, write)
	err = errors.Join(err, done())
	for _, end := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(into + end)
	}
	return figure, err
}

// mentionsTable is the statements that make the table and its indexes, and nothing else.
func mentionsTable(ctx context.Context, d *sql.DB) (string, error) {
	found, err := d.QueryContext(ctx, "SELECT sql FROM sqlite_schema WHERE tbl_name = 'mentions' AND sql IS NOT NULL ORDER BY type DESC")
	if err != nil {
		return "", err
	}
	defer found.Close()
	var all strings.Builder
	for found.Next() {
		var text string
		if err := found.Scan(&text); err != nil {
			return "", err
		}
		all.WriteString(text + ";\n")
	}
	return all.String(), found.Err()
}

// a1 is the raw limit that most programs have: a prepared INSERT for each row and a transaction for
// each page, with the settings that SQLite comes with in WAL mode.
func (e *sqliteEngine) a1(ctx context.Context, file, table string, r *rows) (func(context.Context) error, func() error, error) {
	params := url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(NORMAL)"}}
	d, err := sql.Open("sqlite", "file:"+file+"?"+params.Encode())
	if err != nil {
		return nil, nil, err
	}
	d.SetMaxOpenConns(1)
	if _, err := d.ExecContext(ctx, table); err != nil {
		return nil, nil, errors.Join(err, d.Close())
	}
	insert, err := d.PrepareContext(ctx, r.insert())
	if err != nil {
		return nil, nil, errors.Join(err, d.Close())
	}
	write := func(ctx context.Context) error {
		ctx = context.WithoutCancel(ctx) // the driver watches any other with a goroutine for each row
		for page := range slices.Chunk(r.values, pageSize) {
			tx, err := d.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			if err := insertEach(ctx, tx.StmtContext(ctx, insert), page); err != nil {
				return errors.Join(err, tx.Rollback())
			}
			if err := tx.Commit(); err != nil {
				return err
			}
		}
		return nil
	}
	return write, func() error { return errors.Join(insert.Close(), d.Close()) }, nil
}

// a2 is a1 with what Kith knows of SQLite: pages share a commit, and its settings.
func (e *sqliteEngine) a2(ctx context.Context, file, table string, r *rows) (func(context.Context) error, func() error, error) {
	d, err := db.Open(ctx, "sqlite:"+file, db.Options{Migrations: fstest.MapFS{"0001_mentions.sql": {Data: []byte(table)}}})
	if err != nil {
		return nil, nil, err
	}
	if err := d.Migrate(ctx); err != nil {
		return nil, nil, errors.Join(err, d.Close())
	}
	write := func(ctx context.Context) error {
		ctx = context.WithoutCancel(ctx)
		for pages := range slices.Chunk(r.values, pageSize*group) {
			err := d.Transact(ctx, db.Page, func(ctx context.Context, tx db.Tx) error {
				stmt, err := tx.(interface {
					PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
				}).PrepareContext(ctx, r.insert())
				if err != nil {
					return err
				}
				defer stmt.Close()
				return insertEach(ctx, stmt, pages)
			})
			if err != nil {
				return err
			}
		}
		return nil
	}
	return write, d.Close, nil
}

func insertEach(ctx context.Context, insert *sql.Stmt, page [][]any) error {
	for _, row := range page {
		if _, err := insert.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
	return nil
}
