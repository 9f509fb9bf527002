package db_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kith-social/kith/server/db"
	"github.com/kith-social/kith/server/db/dbtest"
)

// elsewhere is the address of a database to restore into, of the same engine as address.
func elsewhere(t *testing.T, address string) string {
	t.Helper()
	if strings.HasPrefix(address, "sqlite:") {
		return "sqlite:" + filepath.Join(t.TempDir(), "restored", "kith.db")
	}
	return dbtest.NewPostgres(t, dbtest.Postgres(t), "")
}

func texts(t *testing.T, address string, opt db.Options) string {
	t.Helper()
	d := open(t, address, opt)
	defer d.Close()
	var found []string
	must(t, d.Read().NewSelect().Table("posts").Column("text").Order("id").Scan(t.Context(), &found))
	return strings.Join(found, ",")
}

func TestBackupAndRestore(t *testing.T) {
	eachEmpty(t, func(t *testing.T, address string) {
		d := open(t, address, db.Options{Migrations: one})
		must(t, d.Migrate(t.Context()))
		addPost(t, d, "kept")
		file := filepath.Join(t.TempDir(), "kith.backup")
		must(t, d.Backup(t.Context(), file))
		addPost(t, d, "written later")

		info, err := os.Stat(file)
		must(t, err)
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("the backup has mode %o, want 600", mode)
		}
		mustBe(t, d.Backup(t.Context(), file), db.ErrFileExists)
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".*")); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}

		// A newer program restores it: it migrates, and then what was unfinished is looked at.
		to, hooked := elsewhere(t, address), 0
		opt := db.Options{Migrations: two, AfterRestore: func(ctx context.Context, tx db.Tx) error {
			hooked++
			_, err := tx.ExecContext(ctx, "UPDATE posts SET text = text || '?', likes = 1")
			return err
		}}
		must(t, db.Restore(t.Context(), to, file, opt))
		if got := texts(t, to, opt); got != "kept?" || hooked != 1 {
			t.Errorf("restored %q with the hook run %d times, want kept? and once", got, hooked)
		}
		mustBe(t, db.Restore(t.Context(), to, file, opt), db.ErrNotEmpty)
		if got := texts(t, to, opt); got != "kept?" {
			t.Errorf("a refused restore left %q", got)
		}
	})
}

// TestRestoreWithoutItsHookIsNoDatabase: replies that may have gone out must not be sent again
// because the process died in between.
func TestRestoreWithoutItsHookIsNoDatabase(t *testing.T) {
	eachEmpty(t, func(t *testing.T, address string) {
		d := open(t, address, db.Options{Migrations: one})
		must(t, d.Migrate(t.Context()))
		addPost(t, d, "kept")
		file := filepath.Join(t.TempDir(), "kith.backup")
		must(t, d.Backup(t.Context(), file))

		to, killed := elsewhere(t, address), errors.New("killed")
		opt := db.Options{Migrations: one, AfterRestore: func(context.Context, db.Tx) error { return killed }}
		mustBe(t, db.Restore(t.Context(), to, file, opt), killed)
		if path, ok := strings.CutPrefix(to, "sqlite:"); ok {
			if left, _ := filepath.Glob(path + "*"); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
			return
		}
		_, err := db.Open(t.Context(), to, opt)
		mustBe(t, err, db.ErrUnfinishedRestore)
		mustBe(t, db.Restore(t.Context(), to, file, opt), db.ErrNotEmpty)
	})
}

func TestRestoreRefusesWhatIsNoBackup(t *testing.T) {
	eachEmpty(t, func(t *testing.T, address string) {
		d := open(t, address, db.Options{Migrations: two})
		must(t, d.Migrate(t.Context()))
		good := filepath.Join(t.TempDir(), "good")
		must(t, d.Backup(t.Context(), good))
		bytes, err := os.ReadFile(good)
		must(t, err)

		mustBe(t, db.Restore(t.Context(), elsewhere(t, address), good, db.Options{Migrations: one}), db.ErrNewerSchema)
		mustBe(t, db.Restore(t.Context(), elsewhere(t, address), good+" missing", db.Options{}), os.ErrNotExist)
		overwritten := slices.Clone(bytes)
		copy(overwritten[len(bytes)/2:], strings.Repeat("garbage ", 1000))
		for name, content := range map[string][]byte{
			"empty": nil, "text": []byte("not a database at all"), "cut": bytes[:len(bytes)/2], "overwritten": overwritten,
		} {
			file := filepath.Join(t.TempDir(), name)
			must(t, os.WriteFile(file, content, 0o600))
			to := elsewhere(t, address)
			if err := db.Restore(t.Context(), to, file, db.Options{Migrations: two}); !errors.Is(err, db.ErrNotBackup) {
				t.Errorf("%s: got %v, want ErrNotBackup", name, err)
			}
		}
	})
}

func TestForceMovesTheOldFileAside(t *testing.T) {
	opt := db.Options{Migrations: one, Force: true}
	path := filepath.Join(t.TempDir(), "kith.db")
	d := open(t, "sqlite:"+path, opt)
	must(t, d.Migrate(t.Context()))
	file := filepath.Join(t.TempDir(), "kith.backup")
	must(t, d.Backup(t.Context(), file))
	addPost(t, d, "old")

	mustBe(t, db.Restore(t.Context(), "sqlite:"+path, file, opt), db.ErrInUse)
	addPost(t, d, "still works")
	must(t, d.Close())

	must(t, db.Restore(t.Context(), "sqlite:"+path, file, opt))
	if got := texts(t, "sqlite:"+path, opt); got != "" {
		t.Errorf("got %q in the restored database, want nothing", got)
	}
	aside, _ := filepath.Glob(path + ".replaced-*")
	if len(aside) != 1 {
		t.Fatalf("got %q aside, want one file", aside)
	}
	if got := texts(t, "sqlite:"+aside[0], opt); got != "old,still works" {
		t.Errorf("got %q in the old database", got)
	}
}

func TestBackupBeforeMigrating(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kith.db")
	d := open(t, "sqlite:"+path, db.Options{Migrations: one})
	must(t, d.Migrate(t.Context()))
	addPost(t, d, "kept")
	must(t, d.Close())
	if made, _ := filepath.Glob(path + ".*backup"); len(made) != 0 {
		t.Fatalf("an empty database was backed up: %q", made)
	}

	must(t, open(t, "sqlite:"+path, db.Options{Migrations: two}).Migrate(t.Context()))
	made, _ := filepath.Glob(path + ".v1-*.backup")
	if len(made) != 1 {
		t.Fatalf("got backups %q, want one of version 1", made)
	}
	to := elsewhere(t, "sqlite:")
	must(t, db.Restore(t.Context(), to, made[0], db.Options{Migrations: one}))
	if got := texts(t, to, db.Options{Migrations: one}); got != "kept" {
		t.Errorf("got %q", got)
	}
}

// TestPasswordStaysOffTheCommandLine puts a program in the place of pg_dump that tells what it sees.
func TestPasswordStaysOffTheCommandLine(t *testing.T) {
	admin := dbtest.Postgres(t)
	address := strings.Replace(dbtest.NewPostgres(t, admin, ""), "kith@", "kith:geheim@", 1) + "&pool_max_conns=4"
	d := open(t, address, db.Options{})
	bin, seen := t.TempDir(), filepath.Join(t.TempDir(), "seen")
	must(t, os.WriteFile(filepath.Join(bin, "pg_dump"), []byte("#!/bin/sh\necho \"$* / $PGPASSWORD\" > "+seen+"\n"), 0o700))
	t.Setenv("PATH", bin)
	must(t, d.Backup(t.Context(), filepath.Join(t.TempDir(), "dump")))
	got, err := os.ReadFile(seen)
	must(t, err)
	args, password, _ := strings.Cut(strings.TrimSpace(string(got)), " / ")
	if strings.Contains(args, "geheim") || strings.Contains(args, "pool_") || password != "geheim" {
		t.Errorf("arguments %q, password %q", args, password)
	}

	t.Setenv("PATH", t.TempDir())
	mustBe(t, d.Backup(t.Context(), filepath.Join(t.TempDir(), "dump")), db.ErrNoClientTools)
}
