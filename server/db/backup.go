package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

var (
	// ErrFileExists means that a backup would overwrite a file.
	ErrFileExists = errors.New("a file of that name already exists; choose another name")
	// ErrNoClientTools means that PostgreSQL's own programs are missing on this machine.
	ErrNoClientTools = errors.New("pg_dump and pg_restore are needed for this; install the PostgreSQL client tools")
)

// Backup writes the whole database as it is at one moment into a new file of mode 0600, while others
// go on working: an SQLite database, or a dump in PostgreSQL's custom format. The file has its name
// only when it is complete and on disk. It never overwrites: ErrFileExists.
func (d *DB) Backup(ctx context.Context, file string) error {
	if err := d.backup(ctx, file); err != nil {
		return fmt.Errorf("back up to %s: %w", file, err)
	}
	return nil
}

func (d *DB) backup(ctx context.Context, file string) error {
	if err := mustNotExist(file); err != nil {
		return err
	}
	part, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".part-") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(part.Name())
	defer part.Close()
	if d.IsPostgres() {
		err = postgresTool(ctx, d.url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--file="+part.Name())
	} else {
		// SQLite accepts a file that exists if it is empty, and keeps its mode.
		_, err = d.maintain.ExecContext(ctx, "VACUUM INTO ?", part.Name())
	}
	if err != nil {
		return err
	}
	if err := part.Sync(); err != nil {
		return err
	}
	return nameNew(part.Name(), file)
}

func mustNotExist(file string) error {
	_, err := os.Lstat(file)
	switch {
	case err == nil:
		return ErrFileExists
	case errors.Is(err, fs.ErrNotExist):
		return nil
	default:
		return err
	}
}

// nameNew gives a finished file its name for good, unless the name is taken.
func nameNew(part, file string) error {
	if err := mustNotExist(file); err != nil {
		return err
	}
	if err := os.Rename(part, file); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(file))
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

// postgresTool runs one of PostgreSQL's programs on the database at address. The password goes by
// the environment: everybody on a machine may read command lines.
func postgresTool(ctx context.Context, address, name string, args ...string) error {
	path, err := exec.LookPath(name)
	if err != nil {
		return ErrNoClientTools
	}
	u, err := url.Parse(address)
	if err != nil {
		return ErrAddress
	}
	params := u.Query()
	password := params.Get("password")
	if p, ok := u.User.Password(); ok {
		password = p
		u.User = url.User(u.User.Username())
	}
	for key := range params {
		if key == "password" || strings.HasPrefix(key, "pool_") { // the second are ours, not libpq's
			params.Del(key)
		}
	}
	u.RawQuery = params.Encode()
	cmd := exec.CommandContext(ctx, path, append(args, "--no-password", "--dbname="+u.String())...)
	cmd.Env = os.Environ()
	if password != "" {
		cmd.Env = append(cmd.Env, "PGPASSWORD="+password)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}
