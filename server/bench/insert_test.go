package bench

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/db"
	"github.com/kith-social/kith/server/db/dbtest"
	"github.com/kith-social/kith/server/servertest"
)

// BenchmarkInsertPage stores pages of 100 posts, scored and routed, and after each the same mentions
// bare into another database: x-raw is how much longer it took.
func BenchmarkInsertPage(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		benchmarkInsertPage(b, dbtest.SQLite(b), func(d *sql.DB) *sql.DB {
			table, err := mentionsTable(b.Context(), d)
			must(b, err)
			raw, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "raw.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)")
			must(b, err)
			_, err = raw.Exec(table)
			must(b, err)
			return raw
		})
	})
	b.Run("postgres", func(b *testing.B) {
		benchmarkInsertPage(b, dbtest.PostgreSQL(b), func(*sql.DB) *sql.DB {
			address := dbtest.PostgreSQL(b)
			schema, err := db.Open(b.Context(), address, db.Options{})
			must(b, err)
			must(b, schema.Migrate(b.Context()))
			must(b, schema.Close())
			raw, err := sql.Open("pgx", address)
			must(b, err)
			_, err = raw.Exec("SET synchronous_commit = off")
			must(b, err)
			return raw
		})
	})
}

func benchmarkInsertPage(b *testing.B, address string, open func(*sql.DB) *sql.DB) {
	w := servertest.New(b, address)
	conn := w.Connect(servertest.Handle)
	read := w.App.DB.Read().(*bun.DB).DB
	raw := open(read)
	defer raw.Close()
	raw.SetMaxOpenConns(1)
	var kith, bare time.Duration
	timed := func(sum *time.Duration, f func()) {
		start := clock.System()
		f()
		*sum += clock.System().Sub(start)
	}
	posts := newMonth(20_000, seed, clock.System().Std()).posts
	pages, last := 0, int64(0)
	for b.Loop() {
		page := pageOf(posts, pages, conn)
		pages++
		timed(&kith, func() {
			must(b, w.App.DB.Transact(b.Context(), db.Page, w.App.Intake.Sink(conn, page)))
		})
		r, err := readRows(b.Context(), read, fmt.Sprint("id > ", last))
		must(b, err)
		last = r.values[len(r.values)-1][0].(int64)
		if w.App.DB.IsPostgres() {
			query, args := r.arrays()
			timed(&bare, func() {
				_, err := raw.Exec(query, args[0]...)
				must(b, err)
			})
			continue
		}
		timed(&bare, func() {
			tx, err := raw.Begin()
			must(b, err)
			stmt, err := tx.Prepare(r.insert())
			must(b, err)
			must(b, insertEach(context.Background(), stmt, r.values))
			must(b, tx.Commit())
		})
	}
	b.ReportMetric(float64(kith.Microseconds())/float64(pages*pageSize), "µs/mention")
	b.ReportMetric(float64(bare.Microseconds())/float64(pages*pageSize), "µs/raw-mention")
	b.ReportMetric(float64(kith)/float64(bare), "x-raw")
}

// pageOf is page n of the posts as a Channel gives them; after the last one it goes on with new ids.
func pageOf(posts []wirePost, n int, conn listeners.Connection) []listeners.Post {
	pages := len(posts) / pageSize
	round, from := n/pages, n%pages*pageSize
	roots := map[string]string{}
	page := make([]listeners.Post, pageSize)
	for i, p := range posts[from : from+pageSize] {
		author := listeners.Author{NativeID: fmt.Sprint(p.Author, round), Handle: p.Author, Name: strings.ToUpper(p.Author)}
		if p.Author == brandHandle {
			author = listeners.Author{NativeID: conn.NativeID, Handle: conn.Handle, Name: conn.Handle}
		}
		id := fmt.Sprint(p.ID, round)
		roots[id] = id
		if root := roots[fmt.Sprint(p.InReplyTo, round)]; root != "" {
			roots[id] = root
		}
		page[i] = listeners.Post{
			NativeID: id, ThreadKey: roots[id], Author: author, Reason: listeners.Mentioned, Text: p.Text, URL: "https://x.com/" + p.Author + "/status/" + id,
			Delivery: listeners.Delivery{Mode: listeners.ByAPI, Why: "ok"}, CreatedAt: clock.At(p.CreatedAt),
		}
	}
	return page
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
