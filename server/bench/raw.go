package bench

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// pageSize is how many posts a page has; group how many pages Kith commits together.
const (
	pageSize = 100
	group    = 20
)

// engine makes empty databases and knows the raw limits of writing mentions.
type engine interface {
	name() string
	// fresh gives the address of a new database and what removes it.
	fresh(ctx context.Context) (address string, drop func(), err error)
	// raw gives the raw limits of writing once more what Kith stored at an address.
	raw(ctx context.Context, address string) ([]job, error)
}

// job writes n mentions and tells what it cost.
type job func(ctx context.Context, n int) (Figure, error)

// rows are stored mentions, decoded and in memory.
type rows struct {
	columns []string
	values  [][]any
}

// readRows reads the mentions for which a condition holds in the order in which Kith stored them.
func readRows(ctx context.Context, d *sql.DB, where string) (*rows, error) {
	found, err := d.QueryContext(ctx, "SELECT * FROM mentions WHERE "+where+" ORDER BY id")
	if err != nil {
		return nil, err
	}
	defer found.Close()
	r := &rows{}
	if r.columns, err = found.Columns(); err != nil {
		return nil, err
	}
	for found.Next() {
		row := make([]any, len(r.columns))
		into := make([]any, len(row))
		for i := range row {
			into[i] = &row[i]
		}
		if err := found.Scan(into...); err != nil {
			return nil, err
		}
		r.values = append(r.values, row)
	}
	return r, found.Err()
}

func (r *rows) insert() string {
	return fmt.Sprintf("INSERT INTO mentions (%s) VALUES (?%s)", strings.Join(r.columns, ", "), strings.Repeat(", ?", len(r.columns)-1))
}
