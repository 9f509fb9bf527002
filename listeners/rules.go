package listeners

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// What a person may be told about a rule. What is wrong with its query is said by Network.CheckQuery.
var (
	ErrRuleName      = errors.New("give the rule a name of up to 80 characters")
	ErrManyRules     = errors.New("a connection listens for at most 20 rules")
	ErrNoRules       = errors.New("this network cannot be searched")
	ErrQueryEmpty    = errors.New("write the words to listen for")
	ErrQueryLong     = errors.New("the search is longer than 512 characters")
	ErrQueryQuote    = errors.New("a quotation mark is not closed")
	ErrQueryParens   = errors.New("the parentheses do not match")
	ErrQueryOr       = errors.New("OR needs words on both sides")
	ErrQueryNot      = errors.New("a minus sign needs a word right behind it")
	ErrQueryAlone    = errors.New("add a word, a phrase, a hashtag or an account: lang:, is: and has: cannot stand alone")
	ErrQueryOperator = errors.New("the network knows no such search operator")
)

const (
	mostRules    = 20
	mostRuleName = 80 // characters
)

// ListeningRule is something that a connection listens for besides what is addressed to it.
type ListeningRule struct {
	bun.BaseModel `bun:"table:listening_rules,alias:rule"`

	ID           int64 `bun:",pk,autoincrement"`
	ConnectionID int64
	Name         string // for people
	Query        string // in the network's own way to write searches
	Active       bool
	CreatedAt    clock.Time
}

// ListeningRules reads the rules of a connection in the order they were made, also those that rest.
func ListeningRules(ctx context.Context, db bun.IDB, connectionID int64) ([]ListeningRule, error) {
	var all []ListeningRule
	if err := db.NewSelect().Model(&all).Where("connection_id = ?", connectionID).Order("id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list the rules of connection %d: %w", connectionID, err)
	}
	return all, nil
}

// Rules are the rules of a connection as its Channel is opened with them: those that do not rest.
func Rules(ctx context.Context, db bun.IDB, connectionID int64) ([]Rule, error) {
	all, err := ListeningRules(ctx, db, connectionID)
	var active []Rule
	for _, r := range all {
		if r.Active {
			active = append(active, Rule{ID: strconv.FormatInt(r.ID, 10), Query: r.Query})
		}
	}
	return active, err
}

// KeepRule stores a new rule, for id 0, or another name, query or rest of one. sql.ErrNoRows where the
// connection has no such rule; what is wrong with the query as the network says it.
func KeepRule(ctx context.Context, tx Tx, n Network, r ListeningRule) (ListeningRule, error) {
	r.Name, r.Query = strings.Join(strings.Fields(r.Name), " "), strings.TrimSpace(r.Query)
	switch {
	case n.CheckQuery == nil:
		return r, ErrNoRules
	case r.Name == "" || len([]rune(r.Name)) > mostRuleName:
		return r, ErrRuleName
	}
	if err := n.CheckQuery(r.Query); err != nil {
		return r, err
	}
	if r.ID != 0 {
		res, err := tx.NewUpdate().Model(&r).Column("name", "query", "active").Where("id = ? AND connection_id = ?", r.ID, r.ConnectionID).Exec(ctx)
		return r, changed(res, err, "change rule %d", r.ID)
	}
	count, err := tx.NewSelect().Model((*ListeningRule)(nil)).Where("connection_id = ?", r.ConnectionID).Count(ctx)
	switch {
	case err != nil:
		return r, fmt.Errorf("count the rules of connection %d: %w", r.ConnectionID, err)
	case count >= mostRules:
		return r, ErrManyRules
	}
	r.CreatedAt = tx.Now()
	if _, err := tx.NewInsert().Model(&r).Returning("id").Exec(ctx); err != nil {
		return r, fmt.Errorf("add a rule to connection %d: %w", r.ConnectionID, err)
	}
	return r, nil
}

// RemoveRule ends a rule; what it found stays. sql.ErrNoRows where the connection has no such rule.
func RemoveRule(ctx context.Context, tx Tx, connectionID, id int64) error {
	res, err := tx.NewDelete().Model((*ListeningRule)(nil)).Where("id = ? AND connection_id = ?", id, connectionID).Exec(ctx)
	return changed(res, err, "remove rule %d", id)
}

func changed(res sql.Result, err error, doing string, id int64) error {
	if err == nil {
		var n int64
		if n, err = res.RowsAffected(); err == nil && n == 0 {
			err = sql.ErrNoRows
		}
	}
	if err != nil {
		return fmt.Errorf(doing+": %w", id, err)
	}
	return nil
}

// Previewer is a Channel that can tell what a Rule would find before it listens for it.
type Previewer interface {
	// PreviewCost is the most that a Preview of so many posts costs.
	PreviewCost(most int) MicroUSD
	// Preview asks how often a query matched lately, and for the newest of what matched.
	Preview(ctx context.Context, query string, most int) (Preview, error)
}

// Preview is what a query matched lately.
type Preview struct {
	Posts   []Post      // the newest
	Days    []DayVolume // oldest first; the last one is not over
	Matched int         // in all Days
	Monthly MicroUSD    // what thirty days like these cost
	Spend   []Spend     // what the preview cost
}

// DayVolume is how many posts matched on one day.
type DayVolume struct {
	Day   clock.Time // its beginning
	Posts int
}
