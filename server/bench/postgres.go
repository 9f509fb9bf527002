package bench

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/kith-social/kith/server/db"
)

// postgresEngine makes its databases on a server.
type postgresEngine struct {
	admin *sql.DB
	url   *url.URL
}

func newPostgresEngine(ctx context.Context, address string) (*postgresEngine, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("read the address of the PostgreSQL server: %w", db.ErrAddress)
	}
	admin, err := sql.Open("pgx", address)
	if err != nil {
		return nil, err
	}
	return &postgresEngine{admin, u}, admin.PingContext(ctx)
}

func (e *postgresEngine) name() string { return "postgres" }

func (e *postgresEngine) fresh(ctx context.Context) (string, func(), error) {
	name := "kith_bench_" + strings.ToLower(rand.Text()[:12])
	if _, err := e.admin.ExecContext(ctx, "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		return "", nil, err
	}
	u := *e.url
	u.Path = "/" + name
	return u.String(), func() {
		_, _ = e.admin.ExecContext(context.WithoutCancel(ctx), "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
	}, nil
}

// raw is one insert of arrays a page, which was the fastest way in trials, with commits that wait for
// the disk as little as Kith's pages do.
func (e *postgresEngine) raw(ctx context.Context, address string) ([]job, error) {
	return []job{func(_ context.Context, n int) (figure Figure, err error) {
		from, err := sql.Open("pgx", address)
		if err != nil {
			return figure, err
		}
		r, err := readRows(ctx, from, "true")
		if err := errors.Join(err, from.Close()); err != nil {
			return figure, err
		}
		into, drop, err := e.fresh(ctx)
		if err != nil {
			return figure, err
		}
		defer drop()
		schema, err := db.Open(ctx, into, db.Options{})
		if err != nil {
			return figure, err
		}
		if err := errors.Join(schema.Migrate(ctx), schema.Close()); err != nil {
			return figure, err
		}
		d, err := sql.Open("pgx", into)
		if err != nil {
			return figure, err
		}
		defer d.Close()
		d.SetMaxOpenConns(1)
		if _, err := d.ExecContext(ctx, "SET synchronous_commit = off"); err != nil {
			return figure, err
		}
		query, pages := r.arrays()
		return measure(ctx, n, func(ctx context.Context) error {
			for _, page := range pages {
				if _, err := d.ExecContext(ctx, query, page...); err != nil {
					return err
				}
			}
			return nil
		})
	}}, nil
}

// arrays gives an insert of arrays and its arguments for each page, an array a column.
func (r *rows) arrays() (query string, pages [][]any) {
	types := make([]string, len(r.columns))
	params := make([]string, len(r.columns))
	for i, v := range r.values[0] {
		types[i] = map[string]string{"int64": "bigint", "bool": "boolean"}[fmt.Sprintf("%T", v)]
		if types[i] == "" {
			types[i] = "text"
		}
		if r.columns[i] == "case_id" {
			types[i] = "bigint"
		}
		params[i] = fmt.Sprintf("$%d::%s[]", i+1, types[i])
	}
	for page := range slices.Chunk(r.values, pageSize) {
		args := make([]any, len(r.columns))
		for i := range r.columns {
			switch types[i] {
			case "bigint":
				args[i] = column[int64](page, i)
			case "boolean":
				args[i] = column[bool](page, i)
			default:
				args[i] = column[string](page, i)
			}
		}
		pages = append(pages, args)
	}
	return fmt.Sprintf("INSERT INTO mentions (%s) SELECT * FROM unnest(%s)", strings.Join(r.columns, ", "), strings.Join(params, ", ")), pages
}

// column is an array of one column of a page: values, or pointers where some are NULL.
func column[T any](page [][]any, i int) any {
	values, pointers, null := make([]T, len(page)), make([]*T, len(page)), false
	for n, row := range page {
		if v, ok := row[i].(T); ok {
			values[n], pointers[n] = v, &values[n]
		} else {
			null = true
		}
	}
	if null {
		return pointers
	}
	return values
}
