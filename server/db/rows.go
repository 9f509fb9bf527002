package db

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"
)

// NextIDs reserves n ids of a table, ascending. On SQLite there is one writer, so the ids after the
// last row are free until the transaction ends; PostgreSQL takes them from the column's sequence.
func (t *transaction) NextIDs(ctx context.Context, table string, n int) ([]int64, error) {
	if n == 0 {
		return nil, nil
	}
	ids := make([]int64, n)
	if !t.d.IsPostgres() {
		var last int64
		if err := t.Tx.Tx.QueryRowContext(ctx, "SELECT COALESCE(MAX(id), 0) FROM "+table).Scan(&last); err != nil {
			return nil, fmt.Errorf("reserve ids of %s: %w", table, err)
		}
		for i := range ids {
			ids[i] = last + 1 + int64(i)
		}
		return ids, nil
	}
	rows, err := t.Tx.Tx.QueryContext(ctx, `SELECT nextval(name) FROM (SELECT pg_get_serial_sequence($1, 'id')::regclass AS name OFFSET 0) AS of,
		generate_series(1, $2::int)`, table, n) // OFFSET keeps the name from being looked up for each id
	if err != nil {
		return nil, fmt.Errorf("reserve ids of %s: %w", table, err)
	}
	defer rows.Close()
	for i := 0; rows.Next(); i++ {
		if err := rows.Scan(&ids[i]); err != nil {
			return nil, fmt.Errorf("reserve ids of %s: %w", table, err)
		}
	}
	return ids, rows.Err()
}

// InsertRows stores many rows: on SQLite by one prepared statement run for each, on PostgreSQL by one
// statement with an array for each column. Both were the fastest way of their engine in trials. A
// column is a name and its PostgreSQL type; values fills one row with int64, float64, string, bool or
// nil, in the order of the columns.
func (t *transaction) InsertRows(ctx context.Context, table string, columns []string, rows int, values func(row int, into []any)) error {
	if rows == 0 {
		return nil
	}
	insert := t.insertSQLite
	if t.d.IsPostgres() {
		insert = t.insertPostgres
	}
	if err := insert(ctx, table, columns, rows, values); err != nil {
		return fmt.Errorf("insert into %s: %w", table, err)
	}
	return nil
}

// insertSQLite speaks to the driver itself: database/sql would cost a sixth of the time again.
func (t *transaction) insertSQLite(ctx context.Context, table string, columns []string, rows int, values func(int, []any)) error {
	names, _ := split(columns)
	query := fmt.Sprintf("INSERT INTO %s (%s) VALUES (?%s)", table, strings.Join(names, ", "), strings.Repeat(", ?", len(names)-1))
	return t.conn.Raw(func(c any) error {
		stmt, err := c.(driver.ConnPrepareContext).PrepareContext(ctx, query)
		if err != nil {
			return err
		}
		defer stmt.Close()
		insert := stmt.(driver.StmtExecContext)
		uncancelled := context.WithoutCancel(ctx) // the driver watches any other with a goroutine for each row
		row, args := make([]any, len(columns)), make([]driver.NamedValue, len(columns))
		for i := range rows {
			values(i, row)
			for n, v := range row {
				args[n] = driver.NamedValue{Ordinal: n + 1, Value: v}
			}
			if _, err := insert.ExecContext(uncancelled, args); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
}

func (t *transaction) insertPostgres(ctx context.Context, table string, columns []string, rows int, values func(int, []any)) error {
	names, types := split(columns)
	arrays, params := make([]array, len(columns)), make([]string, len(columns))
	for i, typ := range types {
		switch typ {
		case "bigint":
			arrays[i] = &arrayOf[int64]{values: make([]int64, rows)}
		case "double precision":
			arrays[i] = &arrayOf[float64]{values: make([]float64, rows)}
		case "boolean":
			arrays[i] = &arrayOf[bool]{values: make([]bool, rows)}
		case "text":
			arrays[i] = &arrayOf[string]{values: make([]string, rows)}
		default:
			return fmt.Errorf("column %s has type %q, which is not one of bigint, double precision, boolean, text", names[i], typ)
		}
		params[i] = fmt.Sprintf("$%d::%s[]", i+1, typ)
	}
	row := make([]any, len(columns))
	for i := range rows {
		values(i, row)
		for c, v := range row {
			if err := arrays[c].set(i, v); err != nil {
				return fmt.Errorf("column %s: %w", names[c], err)
			}
		}
	}
	args := make([]any, len(columns))
	for i, a := range arrays {
		args[i] = a.argument()
	}
	_, err := t.Tx.Tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO %s (%s) SELECT * FROM unnest(%s)",
		table, strings.Join(names, ", "), strings.Join(params, ", ")), args...)
	return err
}

// array is a column of values.
type array interface {
	set(row int, v any) error
	argument() any
}

// arrayOf holds values themselves, which are encoded much faster than pointers to them; where some
// are NULL it has to be pointers.
type arrayOf[T any] struct {
	values []T
	null   map[int]bool
}

func (a *arrayOf[T]) set(row int, v any) error {
	if v == nil {
		if a.null == nil {
			a.null = map[int]bool{}
		}
		a.null[row] = true
		return nil
	}
	t, ok := v.(T)
	if !ok {
		return fmt.Errorf("a value of type %T", v)
	}
	a.values[row] = t
	return nil
}

func (a *arrayOf[T]) argument() any {
	if a.null == nil {
		return a.values
	}
	pointers := make([]*T, len(a.values))
	for i := range a.values {
		if !a.null[i] {
			pointers[i] = &a.values[i]
		}
	}
	return pointers
}

func split(columns []string) (names, types []string) {
	for _, c := range columns {
		name, typ, _ := strings.Cut(c, " ")
		names, types = append(names, name), append(types, typ)
	}
	return names, types
}
