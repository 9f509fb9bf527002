package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/db"
)

// Version is set when the binary is built.
var Version = "dev"

// App is the product wired together over one database, whether it serves or a command uses it.
type App struct {
	Config    Config
	DB        *db.DB
	Keys      *listeners.Keyring
	Now       clock.Func
	Intake    *moderation.Intake
	Desk      *moderation.Desk
	Assistant *moderation.Assistant // nil where none is named
	Poller    *listeners.Poller
	Deliverer *listeners.Deliverer
	Renewer   *listeners.Renewer
	Connector *listeners.Connector
	Doctor    *listeners.Doctor
	Paster    *moderation.Paster
	Log       *slog.Logger

	outside http.RoundTripper
	mail    *mailer // nil where no mail server is named
	book    pledgeBook
}

// Open opens and migrates the database and wires the domain. The caller closes the App.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (*App, error) {
	keys, err := cfg.keys(rand.Reader)
	if err != nil {
		return nil, err
	}
	readback, err := cfg.readback()
	if err != nil {
		return nil, err
	}
	d, err := db.Open(ctx, cfg.Address(), db.Options{Clock: cfg.Clock, Logger: log, Enqueue: cfg.Enqueue})
	if err != nil {
		return nil, err
	}
	if err := d.Migrate(ctx); err != nil {
		d.Close()
		return nil, err
	}
	a := &App{Config: cfg, DB: d, Keys: keys, Now: cfg.now(), Log: log, outside: cfg.Outside, book: pledgeBook{file: cfg.PledgeBook()}}
	if a.outside == nil {
		a.outside = listeners.Guard(cfg.AllowHost, Version)
	}
	a.Intake = &moderation.Intake{Read: d.Read(), Rules: moderation.DefaultRules, Network: network, NewID: newID}
	a.Intake.Hides = func(c listeners.Connection) bool { return a.Deliverer.Hides(c) }
	a.Desk = &moderation.Desk{
		Network: network,
		Undo:    cfg.Undo,
		NewID:   newID,
	}
	if a.Assistant, err = cfg.assistant(a.outside); err != nil {
		d.Close()
		return nil, err
	}
	if a.mail, err = cfg.mailer(); err != nil {
		d.Close()
		return nil, err
	}
	a.Renewer = &listeners.Renewer{Transact: a.Write, Read: d.Read(), Keys: keys, Open: a.OpenChannel, Log: log}
	a.Poller = &listeners.Poller{
		Transact: a.pages, Read: d.Read(), Open: a.OpenChannel, Renew: a.Renewer.Renew, Sink: a.Intake.Sink, Gone: community.Remove, Now: a.Now, Jitter: mathrand.Float64, Log: log,
		Period: 100 * time.Millisecond, Interval: 5 * time.Second, Lease: 10 * time.Second, AtOnce: 32, Alone: !cfg.Postgres(),
	}
	a.Deliverer = &listeners.Deliverer{
		Transact: a.Write, Read: d.Read(), Open: a.openToSpeak, Renew: a.Renewer.Renew, Done: community.Done, Changed: community.Changed, Announced: community.Announced, Acknowledged: community.Acknowledged, Now: a.Now, Jitter: mathrand.Float64, Log: log,
		Readback: readback, Period: 200 * time.Millisecond, Lease: 30 * time.Second, Timeout: 20 * time.Second, Drain: drain - 2*time.Second, AtOnce: 16, Alone: !cfg.Postgres(),
	}
	a.Connector = &listeners.Connector{
		Networks: networks, Transact: a.Write, Read: d.Read(), Keys: keys, Outside: a.outside, Now: a.Now, Secret: rand.Text,
		PublicURL: a.publicURL(), Open: a.OpenChannel,
	}
	a.Doctor = &listeners.Doctor{Read: d.Read(), Now: a.Now, Open: a.OpenChannel, Renew: a.Renewer.Renew, Outside: a.outside, PublicURL: a.publicURL()}
	a.Paster = &moderation.Paster{Poller: a.Poller, Connector: a.Connector}
	return a, nil
}

// newID makes ids that grow with the time.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// Close writes down what was promised last and closes the database.
func (a *App) Close() error {
	return errors.Join(a.followPledges(context.Background()), a.DB.Close())
}

// Write runs f in a transaction that is on disk when it returns: everything that people do.
func (a *App) Write(ctx context.Context, f func(context.Context, listeners.Tx) error) error {
	if a.Config.Fleeting {
		return a.pages(ctx, f)
	}
	return a.DB.Transact(ctx, db.Full, f)
}

// pages runs f in a transaction that a power cut may undo together with its cursor.
func (a *App) pages(ctx context.Context, f func(context.Context, listeners.Tx) error) error {
	return a.DB.Transact(ctx, db.Page, f)
}

// OpenChannel opens the adapter of a connection with its decrypted secrets and what it listens for.
func (a *App) OpenChannel(c listeners.Connection) (listeners.Channel, error) {
	var heard []listeners.Rule
	if networks[c.Network].CheckQuery != nil {
		var err error
		if heard, err = listeners.Rules(context.Background(), a.DB.Read(), c.ID); err != nil {
			return nil, err
		}
	}
	return a.open(c, heard)
}

// openToSpeak opens the adapter of a connection for what is done to posts. It reads nothing from the database, so
// that it can be asked in the middle of a transaction, which holds one of few connections.
func (a *App) openToSpeak(c listeners.Connection) (listeners.Channel, error) { return a.open(c, nil) }

func (a *App) open(c listeners.Connection, heard []listeners.Rule) (listeners.Channel, error) {
	n, ok := networks[c.Network]
	if !ok {
		return nil, fmt.Errorf("connection %d: this version knows no network %q", c.ID, c.Network)
	}
	access, err := c.Open(a.Keys, a.Now)
	if err != nil {
		return nil, err
	}
	access.Rules = heard
	return n.Open(access, a.outside)
}

// Connect checks a token with its network and stores the account that it belongs to as a connection.
func (a *App) Connect(ctx context.Context, brandID int64, kind string, settings listeners.Settings, secrets map[string]string) (listeners.Connection, error) {
	return a.Connector.Connect(ctx, listeners.Form{BrandID: brandID, Network: kind, Settings: settings, Secrets: secrets}, nil)
}

// Listen makes a connection listen for what a query matches, besides what is addressed to it.
func (a *App) Listen(ctx context.Context, c listeners.Connection, query string) error {
	return a.Write(ctx, func(ctx context.Context, tx listeners.Tx) error {
		name := []rune(query)
		_, err := listeners.KeepRule(ctx, tx, network(c.Network), listeners.ListeningRule{
			ConnectionID: c.ID, Name: string(name[:min(len(name), 80)]), Query: query, Active: true,
		})
		return err
	})
}

// Networks names the networks that can be connected.
func Networks() []string {
	var names []string
	for name := range networks {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// NewLog writes log lines in the form asked for; what is named like a secret is left out.
func NewLog(w io.Writer, format string) *slog.Logger {
	opt := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		switch strings.ToLower(a.Key) {
		case "token", "password", "secret", "secrets", "authorization", "cookie":
			return slog.String(a.Key, "[left out]")
		}
		return a
	}}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, opt))
	}
	return slog.New(slog.NewTextHandler(w, opt))
}
