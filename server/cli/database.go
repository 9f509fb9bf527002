package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server"
	"github.com/kith-social/kith/server/db"
)

type migrateCmd struct {
	server.Config
}

func (c *migrateCmd) Run(ctx context.Context, streams IO) error {
	d, err := db.Open(ctx, c.Address(), db.Options{Clock: c.Clock, Logger: logTo(streams, c.Config)})
	if err != nil {
		return err
	}
	if err := d.Migrate(ctx); err != nil {
		return errors.Join(err, d.Close())
	}
	version, err := d.Version(ctx)
	fmt.Fprintf(streams.Err, "the database has schema %d\n", version)
	return errors.Join(err, d.Close())
}

type backupCmd struct {
	server.Config
	File string `arg:"" help:"New file for the backup." type:"path"`
}

func (c *backupCmd) Run(ctx context.Context, streams IO) error {
	if path, ok := strings.CutPrefix(c.Address(), "sqlite:"); ok {
		if _, err := os.Stat(path); err != nil { // opening it would make a new one
			return fmt.Errorf("there is no database to back up: %w", err)
		}
	}
	d, err := db.Open(ctx, c.Address(), db.Options{Logger: logTo(streams, c.Config)})
	if err != nil {
		return err
	}
	if err := errors.Join(d.Backup(ctx, c.File), d.Close()); err != nil {
		return err
	}
	fmt.Fprintf(streams.Err, "written to %s; keep the key file with it, or the connections' tokens are lost\n", c.File)
	if book := c.PledgeBook(); book != "" {
		fmt.Fprintf(streams.Err, "keep %s too, the newest there is: it says what must stay forgotten when this is restored\n", book)
	}
	return nil
}

type restoreCmd struct {
	server.Config
	File  string `arg:"" help:"Backup to restore." type:"existingfile"`
	Force bool   `help:"Move an existing embedded database aside instead of refusing."`
}

func (c *restoreCmd) Run(ctx context.Context, streams IO) error {
	var pledges []listeners.Pledge
	if book := c.PledgeBook(); book != "" {
		var err error
		if pledges, err = server.ReadPledges(book); err != nil {
			return err
		}
	}
	upheld := 0
	err := db.Restore(ctx, c.Address(), c.File, db.Options{
		Logger: logTo(streams, c.Config), AfterRestore: server.AfterRestore(pledges, func(n int) { upheld = n }), Force: c.Force,
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(streams.Err, "restored; replies that had not finished are looked for on their network before anything is sent")
	switch {
	case c.PledgeBook() == "":
		fmt.Fprintln(streams.Err, "no file of pledges is named (--pledges): what was erased, deleted or opted out of after the backup may be back")
	case len(pledges) == 0:
		fmt.Fprintf(streams.Err, "%s has nothing: what was erased, deleted or opted out of after the backup may be back\n", c.PledgeBook())
	default:
		fmt.Fprintf(streams.Err, "%d erasures, deletions and opt-outs since the backup were done again\n", upheld)
	}
	return nil
}

type versionCmd struct{}

func (c *versionCmd) Run(streams IO) error {
	fmt.Fprintln(streams.Out, "kith", strings.TrimPrefix(server.Version, "v"))
	return nil
}
