package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server"
)

// Ingest measures how fast a brand's month is heard: from a sandbox network in a process of its own,
// over HTTP, to deduplicated, scored and routed cases that are durable.
type Ingest struct {
	Binary   string // a kith binary, to run the sandbox with
	Folder   string // for SQLite files and keys; its owner empties it
	DB       string // a PostgreSQL server's URL, in which databases may be made; "" measures SQLite
	Mentions int    // customers' posts in the month
	Runs     int    // of A and B each
	Log      *slog.Logger
}

// IngestReport is what Ingest found. B is Kith. On SQLite A1 is a bare loop that inserts the same
// mentions, decoded and in memory, with a prepared statement and a transaction a page of 100, and A2
// the same with Kith's grouping and settings; on PostgreSQL A1 is a bare insert of arrays a page.
type IngestReport struct {
	Database string   `json:"database"`
	Mentions int      `json:"mentions"` // customers' posts
	Stored   int      `json:"stored"`   // with the brand's own
	OnWire   int      `json:"on_wire"`  // with those that came twice
	Cases    int      `json:"cases"`
	A1       []Figure `json:"a1"`
	A2       []Figure `json:"a2,omitempty"`
	B        []Figure `json:"b"`
	BToA1    Ratio    `json:"b_to_a1"`
	BToA2    *Ratio   `json:"b_to_a2,omitempty"`
}

// seed makes every month the same.
const seed = 2026

var errLost = errors.New("mentions were lost or doubled")

// Run measures, telling each figure to progress as it comes.
func (b Ingest) Run(ctx context.Context, progress io.Writer) (IngestReport, error) {
	net, err := startNetwork(ctx, b.Binary)
	if err != nil {
		return IngestReport{}, err
	}
	defer net.stop()
	who, month, err := net.load(ctx, b.Mentions)
	if err != nil {
		return IngestReport{}, err
	}
	var engine engine = &sqliteEngine{b.Folder}
	if b.DB != "" {
		if engine, err = newPostgresEngine(ctx, b.DB); err != nil {
			return IngestReport{}, err
		}
	}
	r := IngestReport{Database: engine.name(), Mentions: b.Mentions, OnWire: month.all + month.doubly}
	for run := range b.Runs {
		err := func() error {
			address, drop, err := engine.fresh(ctx)
			if err != nil {
				return err
			}
			defer drop()
			figure, err := b.kith(ctx, address, net, who, month, &r)
			if err != nil {
				return err
			}
			r.B = append(r.B, figure)
			fmt.Fprintf(progress, "run %d of %d: B  %+v\n", run+1, b.Runs, figure)
			raws, err := engine.raw(ctx, address)
			if err != nil {
				return err
			}
			for i, into := range []*[]Figure{&r.A1, &r.A2}[:len(raws)] {
				figure, err := raws[i](ctx, r.Stored)
				if err != nil {
					return err
				}
				*into = append(*into, figure)
				fmt.Fprintf(progress, "run %d of %d: A%d %+v\n", run+1, b.Runs, i+1, figure)
			}
			return nil
		}()
		if err != nil {
			return r, err
		}
	}
	r.BToA1 = compare(r.B, r.A1)
	if len(r.A2) > 0 {
		ratio := compare(r.B, r.A2)
		r.BToA2 = &ratio
	}
	return r, nil
}

// kith hears the month once, until the network has nothing more, and checks that all of it is there.
func (b Ingest) kith(ctx context.Context, address string, net *network, who account, month size, r *IngestReport) (Figure, error) {
	app, err := b.open(ctx, address, net, who)
	if err != nil {
		return Figure{}, err
	}
	defer app.Close()
	figure, err := measure(ctx, month.all, func(ctx context.Context) error {
		app.Poller.Tick(ctx)
		return ctx.Err()
	})
	if err != nil {
		return figure, err
	}
	r.Stored, r.Cases, err = b.check(ctx, app, month)
	return figure, err
}

// check counts what is stored, and fails unless it is the whole month, each post once.
func (b Ingest) check(ctx context.Context, app *server.App, month size) (stored, cases int, err error) {
	count := func(q *bun.SelectQuery) int {
		n, failed := q.Count(ctx)
		err = errors.Join(err, failed)
		return int(n)
	}
	read := app.DB.Read()
	stored, cases = count(read.NewSelect().Table("mentions")), count(read.NewSelect().Table("cases"))
	ours := count(read.NewSelect().Table("mentions").Where("ours"))
	if err == nil && (stored != month.all || ours != month.own) {
		err = fmt.Errorf("%w: %d posts are stored, %d of them the brand's; want %d and %d", errLost, stored, ours, month.all, month.own)
	}
	return stored, cases, err
}

// open opens the product on an empty database with one brand that is connected to the network.
func (b Ingest) open(ctx context.Context, address string, net *network, who account) (*server.App, error) {
	key := filepath.Join(b.Folder, "secret.key")
	if err := writeKey(key); err != nil {
		return nil, err
	}
	app, err := server.Open(ctx, server.Config{
		DB: address, SecretKeyFile: key, AllowHost: []string{strings.TrimPrefix(net.url, "http://")},
	}, b.Log)
	if err != nil {
		return nil, err
	}
	var brand community.Brand
	err = app.Write(ctx, func(ctx context.Context, tx listeners.Tx) (err error) {
		brand, err = community.AddBrand(ctx, tx, community.Brand{Slug: brandHandle, Name: brandName, Language: "vi", ReviewSeed: "bench"}, topics)
		return err
	})
	if err == nil {
		var conn listeners.Connection
		if conn, err = app.Connect(ctx, brand.ID, "x", listeners.Settings{"host": net.url + "/x"}, map[string]string{"token": who.Token}); err == nil {
			err = app.Listen(ctx, conn, listenFor)
		}
	}
	if err != nil {
		return nil, errors.Join(err, app.Close())
	}
	return app, nil
}

func writeKey(file string) error {
	line, err := listeners.NewKeyLine("bench", strings.NewReader(strings.Repeat("not secret", 100)))
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(line), 0o600)
}
