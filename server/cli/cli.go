// Package cli is the command line: one file a command. Data goes to standard output, messages to
// standard error; commands end with 0 when all went well, 1 when something failed and 2 when they
// were called wrongly.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/alecthomas/kong"

	"github.com/kith-social/kith/server"
)

// IO are the streams of a command.
type IO struct {
	In       io.Reader
	Out, Err io.Writer
}

// commands is the whole command line.
type commands struct {
	Demo       demoCmd       `cmd:"" help:"Run the product with a demo brand and a sandbox network."`
	Serve      serveCmd      `cmd:"" help:"Run the product."`
	Sandbox    sandboxCmd    `cmd:"" help:"Run the sandbox network alone."`
	Brand      brandCmd      `cmd:"" help:"Brands and their topics."`
	Member     memberCmd     `cmd:"" help:"People and their API tokens."`
	Connection connectionCmd `cmd:"" help:"Accounts on networks."`
	Import     importCmd     `cmd:"" help:"Read past mentions from a file."`
	Triage     triageCmd     `cmd:"" help:"Score texts."`
	Points     pointsCmd     `cmd:"" help:"The points ledger."`
	Rule       ruleCmd       `cmd:"" help:"A brand's rules."`
	Simulate   simulateCmd   `cmd:"" help:"Play a month with simulated people against the real code, and say how questions fare."`
	Erase      eraseCmd      `cmd:"" help:"Delete what is stored of a customer and print a receipt."`
	Migrate    migrateCmd    `cmd:"" help:"Bring the database to this version's schema."`
	Doctor     doctorCmd     `cmd:"" help:"Look for what keeps the product from working."`
	Backup     backupCmd     `cmd:"" help:"Write a backup of the database to a file."`
	Restore    restoreCmd    `cmd:"" help:"Make a database from a backup."`
	Bench      benchCmd      `cmd:"" help:"Measure the main jobs on this machine."`
	Version    versionCmd    `cmd:"" help:"Print the version."`
}

// errUsage marks a command that was called wrongly.
var errUsage = errors.New("wrong use")

// Main runs one command and returns the process's exit code.
func Main(ctx context.Context, args []string, streams IO) (code int) {
	var c commands
	exit := -1
	parser, err := kong.New(&c,
		kong.Name("kith"),
		kong.Description("Kith lets vetted customers answer for a brand, where the question was asked."),
		kong.DefaultEnvars("KITH"),
		kong.UsageOnError(),
		kong.Writers(streams.Out, streams.Err),
		kong.Exit(func(code int) { exit = code }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(streams),
	)
	if err != nil {
		fmt.Fprintln(streams.Err, err)
		return 1
	}
	run, err := parser.Parse(args)
	if exit >= 0 {
		return exit // --help
	}
	if err != nil {
		fmt.Fprintf(streams.Err, "kith: %v\nTry kith --help.\n", err)
		return 2
	}
	switch err := run.Run(); {
	case err == nil:
		return 0
	case errors.Is(err, errUsage):
		fmt.Fprintf(streams.Err, "kith: %v\n", err)
		return 2
	default:
		fmt.Fprintf(streams.Err, "kith: %v\n", err)
		return 1
	}
}

// withApp opens the product for a command that works on its database.
func withApp(ctx context.Context, cfg server.Config, streams IO, f func(*server.App) error) error {
	app, err := server.Open(ctx, cfg, logTo(streams, cfg))
	if err != nil {
		return err
	}
	return errors.Join(f(app), app.Close())
}

func logTo(streams IO, cfg server.Config) *slog.Logger {
	return server.NewLog(streams.Err, cfg.LogFormat)
}
