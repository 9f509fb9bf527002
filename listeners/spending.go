package listeners

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// ReplyUnit is the unit of posting one reply.
const ReplyUnit = "reply"

// spent is a row of the book.
type spent struct {
	bun.BaseModel `bun:"table:spending"`

	ConnectionID, Day int64
	Unit, Rule        string
	N                 int64
	Cost              MicroUSD
}

// Spent adds what calls cost to a connection's book, by day, unit and rule, in the transaction that
// stores what they brought.
func Spent(ctx context.Context, tx Tx, connectionID int64, all []Spend) error {
	var rows []spent
	for _, s := range all {
		if s.N == 0 && s.Cost == 0 {
			continue
		}
		i := slices.IndexFunc(rows, func(r spent) bool { return r.Unit == s.Unit && r.Rule == s.Rule })
		if i < 0 {
			i, rows = len(rows), append(rows, spent{ConnectionID: connectionID, Day: dayOf(tx.Now()), Unit: s.Unit, Rule: s.Rule})
		}
		rows[i].N += int64(s.N)
		rows[i].Cost += s.Cost
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.NewInsert().Model(&rows).On("CONFLICT (connection_id, day, unit, rule) DO UPDATE").
		Set("n = ?TableAlias.n + EXCLUDED.n, cost = ?TableAlias.cost + EXCLUDED.cost").Exec(ctx)
	if err != nil {
		return fmt.Errorf("note what connection %d spent: %w", connectionID, err)
	}
	return nil
}

// book notes what calls cost that nothing else came of.
func (d *Deliverer) book(ctx context.Context, connectionID int64, all []Spend) error {
	if len(all) == 0 {
		return nil
	}
	return d.Transact(ctx, func(ctx context.Context, tx Tx) error { return Spent(ctx, tx, connectionID, all) })
}

// dayOf counts UTC days since 1970.
func dayOf(t clock.Time) int64 { return t.Std().Unix() / int64(24*time.Hour/time.Second) }

// month gives the first moments of t's calendar month (UTC) and of the next one.
func month(t clock.Time) (first, next clock.Time) {
	year, m, _ := t.Std().Date()
	start := time.Date(year, m, 1, 0, 0, 0, 0, time.UTC)
	return clock.At(start), clock.At(start.AddDate(0, 1, 0))
}

// MonthSpent is what a connection has cost in now's calendar month (UTC).
func MonthSpent(ctx context.Context, db bun.IDB, connectionID int64, now clock.Time) (MicroUSD, error) {
	first, next := month(now)
	var sum MicroUSD
	err := db.NewSelect().Table("spending").ColumnExpr("COALESCE(SUM(cost), 0)").
		Where("connection_id = ? AND day >= ? AND day < ?", connectionID, dayOf(first), dayOf(next)).Scan(ctx, &sum)
	if err != nil {
		return 0, fmt.Errorf("add up what connection %d spent: %w", connectionID, err)
	}
	return sum, nil
}

// SpentBy returns what tells what connections had cost in a moment's calendar month (UTC) by the end of its day, of
// moments after since.
func SpentBy(ctx context.Context, db bun.IDB, connectionIDs []int64, since clock.Time) (func(connectionID int64, at clock.Time) MicroUSD, error) {
	var days []spent
	if len(connectionIDs) > 0 {
		first, _ := month(since)
		err := db.NewSelect().Table("spending").ColumnExpr("connection_id, day, SUM(cost) AS cost").
			Where("connection_id IN (?) AND day >= ?", bun.List(connectionIDs), dayOf(first)).Group("connection_id", "day").Scan(ctx, &days)
		if err != nil {
			return nil, fmt.Errorf("add up what connections spent by day: %w", err)
		}
	}
	return func(connectionID int64, at clock.Time) (sum MicroUSD) {
		first, _ := month(at)
		for _, d := range days {
			if d.ConnectionID == connectionID && d.Day >= dayOf(first) && d.Day <= dayOf(at) {
				sum += d.Cost
			}
		}
		return sum
	}, nil
}

// Expense is what a connection spent on one thing in a month.
type Expense struct {
	Unit string   `json:"unit"` // what was bought, as in Spend
	Rule string   `json:"rule"` // id of the Rule that caused it, or ""
	N    int64    `json:"n"`
	Cost MicroUSD `json:"cost"`
}

// Spending lists what a connection spent in now's calendar month (UTC), the dearest first.
func Spending(ctx context.Context, db bun.IDB, connectionID int64, now clock.Time) ([]Expense, error) {
	first, next := month(now)
	var all []Expense
	err := db.NewSelect().Table("spending").ColumnExpr("unit, rule, SUM(n) AS n, SUM(cost) AS cost").
		Where("connection_id = ? AND day >= ? AND day < ?", connectionID, dayOf(first), dayOf(next)).
		Group("unit", "rule").OrderExpr("4 DESC, unit, rule").Scan(ctx, &all)
	if err != nil {
		return nil, fmt.Errorf("list what connection %d spent: %w", connectionID, err)
	}
	return all, nil
}

// SetBudget bounds what a connection may cost in a calendar month (UTC); 0 takes the bound away. A
// connection that had used up the old one is heard, and answers, again at once.
func SetBudget(ctx context.Context, tx Tx, connectionID int64, budget MicroUSD) error {
	_, err := tx.NewUpdate().Model((*Connection)(nil)).Set("budget = ?, fetch_at = ?, send_at = NULL", budget, tx.Now()).Where("id = ?", connectionID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("set the budget of connection %d: %w", connectionID, err)
	}
	for _, waits := range waitForMoney {
		_, err := tx.NewUpdate().Table(waits.table).Set("due_at = ?", tx.Now()).
			Where("connection_id = ? AND due_at > ? AND error = ?", connectionID, tx.Now(), OverBudget).Where(waits.states).Exec(ctx)
		if err != nil {
			return fmt.Errorf("let the %s of connection %d go on: %w", waits.table, connectionID, err)
		}
	}
	return nil
}

// waitForMoney are the states in which something can wait for a new budget, as the indexes of the outboxes have
// them.
var waitForMoney = []struct{ table, states string }{
	{"replies", "state IN ('waiting', 'queued', 'retry')"},
	{"replies", "state IN ('sending', 'ambiguous', 'held') AND state = 'ambiguous'"},
	{"changes", "state IN ('queued', 'doing', 'ambiguous') AND state <> 'doing'"},
}

// Affordable tells whether a connection's budget bears one more call of this cost. The error is of class
// OverBudget where it does not, until the next month.
func Affordable(ctx context.Context, db bun.IDB, c Connection, cost MicroUSD, now clock.Time) error {
	p, err := openPurse(ctx, db, c, cost, func() clock.Time { return now })
	if err != nil {
		return err
	}
	return p.bears()
}

var errBudget = errors.New("the budget of the month does not bear another call")

// purse is what a connection may still spend while it makes several calls.
type purse struct {
	budget, spent, call MicroUSD // call is the most that one can cost
	now                 clock.Func
}

func openPurse(ctx context.Context, db bun.IDB, c Connection, call MicroUSD, now clock.Func) (*purse, error) {
	p := &purse{budget: c.Budget, call: call, now: now}
	if p.budget == 0 || p.call == 0 {
		return p, nil
	}
	var err error
	p.spent, err = MonthSpent(ctx, db, c.ID, now())
	return p, err
}

func (p *purse) bears() error {
	if p.budget == 0 || p.call == 0 || p.spent+p.call <= p.budget {
		return nil
	}
	_, next := month(p.now())
	return &Error{Class: OverBudget, Until: next, Err: errBudget}
}

// buy makes a call that the purse bears.
func (p *purse) buy(call func() (Page, error)) (Page, error) {
	if err := p.bears(); err != nil {
		return Page{}, err
	}
	page, err := call()
	for _, s := range page.Spend {
		p.spent += s.Cost
	}
	return page, err
}
