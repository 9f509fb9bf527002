package db

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	sqlite3 "modernc.org/sqlite/lib"
)

var (
	// ErrNotEmpty means that Restore would replace data.
	ErrNotEmpty = errors.New("the database to restore into already holds data; name a new one, or use --force to move an old SQLite file aside")
	// ErrInUse means that a process has the database open that Restore should move aside.
	ErrInUse = errors.New("the database to replace is in use; stop Kith first")
	// ErrNotBackup means that a file is no intact backup of Kith.
	ErrNotBackup = errors.New("this file is not an intact backup of a Kith database of this kind")
	// ErrUnfinishedRestore means that a restore was interrupted before AfterRestore was done.
	ErrUnfinishedRestore = errors.New("restoring this database was interrupted; make it anew, empty, and restore again")
)

// unfinished is a table that marks a PostgreSQL database during Restore.
const unfinished = "restore_unfinished"

// Restore makes the database at address from a file of Backup, migrates it and runs
// opt.AfterRestore. An SQLite file appears under its name only when all is done; a PostgreSQL
// database must be there and empty, and cannot be opened until all is done. Errors: ErrNotEmpty,
// ErrInUse, ErrNotBackup, ErrNewerSchema.
func Restore(ctx context.Context, address, file string, opt Options) error {
	var err error
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		err = restoreSQLite(ctx, path, file, opt)
	} else {
		err = restorePostgres(ctx, address, file, opt)
	}
	if err != nil {
		return fmt.Errorf("restore %s: %w", file, err)
	}
	return nil
}

func restoreSQLite(ctx context.Context, path, file string, opt Options) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	err = mustNotExist(path)
	inTheWay := errors.Is(err, ErrFileExists)
	if inTheWay && !opt.Force {
		return ErrNotEmpty
	}
	if err != nil && !inTheWay {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	part := path + ".restoring"
	defer removeSQLite(part)
	if err := copySQLite(file, part); err != nil {
		return err
	}
	d, err := open(ctx, "sqlite:"+part, opt)
	if isSQLite(err, sqlite3.SQLITE_CORRUPT) || isSQLite(err, sqlite3.SQLITE_NOTADB) {
		return errors.Join(ErrNotBackup, err)
	}
	if err != nil {
		return err
	}
	err = errors.Join(d.finishRestore(ctx), d.Close())
	if err != nil {
		return err
	}
	if inTheWay {
		aside := path + ".replaced-" + d.now().Std().Format(fileTime)
		if err := moveSQLite(ctx, path, aside); err != nil {
			return err
		}
		d.log.InfoContext(ctx, "the old database was moved aside", slog.String("file", aside))
	}
	return nameNew(part, path)
}

// finishRestore takes a copied database to where it may be opened.
func (d *DB) finishRestore(ctx context.Context) error {
	if !d.IsPostgres() {
		var intact string
		if err := d.read.DB.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&intact); err != nil || intact != "ok" {
			return ErrNotBackup
		}
	}
	version, err := d.Version(ctx)
	if err != nil {
		return err
	}
	if version == 0 {
		return ErrNotBackup
	}
	if err := d.migrate(ctx); err != nil {
		return err
	}
	return d.Transact(ctx, Full, func(ctx context.Context, tx Tx) error {
		if d.opt.AfterRestore != nil {
			if err := d.opt.AfterRestore(ctx, tx); err != nil {
				return fmt.Errorf("after restoring: %w", err)
			}
		}
		_, err := tx.ExecContext(ctx, "DROP TABLE IF EXISTS "+unfinished)
		return err
	})
}

func copySQLite(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	const magic = "SQLite format 3\x00"
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(src, head); err != nil || string(head) != magic {
		return ErrNotBackup
	}
	if _, err := src.Seek(0, io.SeekStart); err != nil {
		return err
	}
	removeSQLite(to) // left by an interrupted restore
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer dst.Close()
	if _, err := io.Copy(dst, src); err != nil {
		return err
	}
	return dst.Sync()
}

func removeSQLite(path string) {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(path + suffix)
	}
}

// moveSQLite renames a database that nobody has open. Taking the exclusive lock proves that, and
// closing after it leaves everything in the one file; a file that is broken moves with its logs.
func moveSQLite(ctx context.Context, from, to string) error {
	pool, err := sqliteConn(from, url.Values{"_txlock": {"exclusive"}, "_busy_timeout": {"200"}}, "locking_mode(EXCLUSIVE)")
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(1)
	tx, err := pool.BeginTx(ctx, nil)
	if isSQLite(err, sqlite3.SQLITE_BUSY) {
		return errors.Join(ErrInUse, pool.Close())
	}
	if err == nil {
		_ = tx.Rollback()
	}
	_ = pool.Close()
	for _, suffix := range []string{"-wal", "-shm", ""} {
		if err := os.Rename(from+suffix, to+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func restorePostgres(ctx context.Context, address, file string, opt Options) error {
	if _, err := os.Stat(file); err != nil {
		return err
	}
	d, err := open(ctx, address, opt)
	if err != nil {
		return err
	}
	return errors.Join(d.restoreInto(ctx, file), d.Close())
}

func (d *DB) restoreInto(ctx context.Context, file string) error {
	var tables int
	err := d.read.DB.QueryRowContext(ctx, `SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
			AND c.relname <> $1`, unfinished).Scan(&tables)
	if err != nil {
		return fmt.Errorf("look whether the database is empty: %w", err)
	}
	if tables > 0 {
		return ErrNotEmpty
	}
	if _, err := d.write.DB.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS "+unfinished+" ()"); err != nil {
		return fmt.Errorf("mark the database: %w", err)
	}
	if err := postgresTool(ctx, d.url, "pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", file); err != nil {
		return errors.Join(ErrNotBackup, err)
	}
	return d.finishRestore(ctx)
}

func (d *DB) refuseUnfinishedRestore(ctx context.Context) error {
	half, err := d.tableExists(ctx, d.read.DB, unfinished)
	if err != nil {
		return err
	}
	if half {
		return ErrUnfinishedRestore
	}
	return nil
}
