package db

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

const (
	// connections is how many PostgreSQL connections a process may use for transactions, and again
	// for reading, unless pool_max_conns in the address says otherwise; River's workers use a few more.
	connections      = 8
	riverConnections = 4
	idleTime         = 5 * time.Minute
	lifeTime         = time.Hour

	postgresNow  = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, "
	postgresFull = postgresNow + "''" // as the operator has set it, on by default
	postgresPage = postgresNow + "set_config('synchronous_commit', 'off', true)"
)

func (d *DB) openPostgres(ctx context.Context, address string) error {
	cfg, err := pgxpool.ParseConfig(address)
	if err != nil {
		// The library's message may repeat the address, password and all.
		return fmt.Errorf("read the address of the PostgreSQL database: %w", ErrAddress)
	}
	d.url = address
	conns := connections
	if u, err := url.Parse(address); err == nil && u.Query().Has("pool_max_conns") {
		conns = int(cfg.MaxConns)
	}
	cfg.MaxConns = int32(conns + riverConnections)
	cfg.MaxConnIdleTime = idleTime
	reading := cfg.ConnConfig.Copy()
	if d.pool, err = pgxpool.NewWithConfig(ctx, cfg); err != nil {
		return fmt.Errorf("open the PostgreSQL database: %w", err)
	}
	if err := d.pool.Ping(ctx); err != nil {
		return fmt.Errorf("reach the PostgreSQL database: %w", err)
	}
	d.write = bun.NewDB(limited(stdlib.OpenDBFromPool(d.pool), conns), pgdialect.New())

	reading.RuntimeParams["default_transaction_read_only"] = "on"
	d.read = bun.NewDB(limited(stdlib.OpenDB(*reading), conns), pgdialect.New())

	d.jobs, err = newPostgresQueue(d)
	return err
}

// limited lets a pool keep its connections for a while: a statement prepared on one lives as long.
func limited(pool *sql.DB, conns int) *sql.DB {
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	pool.SetConnMaxIdleTime(idleTime)
	pool.SetConnMaxLifetime(lifeTime)
	return pool
}
