package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/kith-social/kith/server"
	"github.com/kith-social/kith/server/bench"
)

type benchCmd struct {
	Ingest benchIngestCmd `cmd:"" help:"Hear a brand's month of posts from a sandbox in a process of its own, beside the bare inserts of the same mentions."`
	Start  benchStartCmd  `cmd:"" help:"Start the product on the database of a month: time to the first page, memory at rest, size of the binary."`
}

type benchIngestCmd struct {
	DB       string `name:"db" help:"PostgreSQL server, postgres://…, in which databases may be made. Default: SQLite in a temporary folder." placeholder:"URL"`
	Mentions int    `help:"Customers' posts in the month." default:"115257"`
	Runs     int    `help:"How often each is measured, in turn." default:"3"`
	JSON     bool   `name:"json" help:"Print the whole report as JSON."`
}

func (c *benchIngestCmd) Run(ctx context.Context, streams IO) error {
	if c.Mentions < 1 || c.Runs < 1 {
		return fmt.Errorf("%w: --mentions and --runs are at least 1", errUsage)
	}
	return inFolder(func(binary, folder string) error {
		b := bench.Ingest{Binary: binary, Folder: folder, DB: c.DB, Mentions: c.Mentions, Runs: c.Runs, Log: logTo(streams, server.Config{})}
		r, err := b.Run(ctx, streams.Err)
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(streams.Out).Encode(r)
		}
		fmt.Fprintf(streams.Out, "%s, %d mentions: B to A1 %.2f (%.2f to %.2f)", r.Database, r.Mentions, r.BToA1.Median, r.BToA1.Min, r.BToA1.Max)
		if r.BToA2 != nil {
			fmt.Fprintf(streams.Out, ", B to A2 %.2f (%.2f to %.2f)", r.BToA2.Median, r.BToA2.Min, r.BToA2.Max)
		}
		fmt.Fprintln(streams.Out)
		return nil
	})
}

type benchStartCmd struct {
	Mentions int           `help:"Customers' posts in the month." default:"115257"`
	Runs     int           `help:"How often it is started." default:"5"`
	Rest     time.Duration `help:"How long it rests before its memory is read." default:"5s"`
}

func (c *benchStartCmd) Run(ctx context.Context, streams IO) error {
	if c.Mentions < 1 || c.Runs < 1 {
		return fmt.Errorf("%w: --mentions and --runs are at least 1", errUsage)
	}
	return inFolder(func(binary, folder string) error {
		b := bench.Start{Binary: binary, Folder: folder, Mentions: c.Mentions, Runs: c.Runs, Rest: c.Rest, Log: logTo(streams, server.Config{})}
		r, err := b.Run(ctx)
		if err != nil {
			return err
		}
		return json.NewEncoder(streams.Out).Encode(r)
	})
}

// inFolder gives f this binary and an empty folder, which it removes afterwards.
func inFolder(f func(binary, folder string) error) error {
	binary, err := os.Executable()
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "kith-bench-")
	if err != nil {
		return err
	}
	return errors.Join(f(binary, folder), os.RemoveAll(folder))
}
