package gamification

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
)

// Rule names what is thanked for; its sentence for people stands in the catalogs as "points.<rule>".
type Rule string

// The rules.
const (
	Approved       Rule = "approved"        // an answer was approved as written
	ApprovedEdited Rule = "approved_edited" // an answer was approved after an edit
	Thanked        Rule = "thanked"         // the customer said thanks
	Solved         Rule = "solved"          // the customer said that it is solved
	Escalated      Rule = "escalated"       // what they handed to the employees was theirs to answer
	Reused         Rule = "reused"          // somebody else's answer that began with theirs solved a case
	Reviewed       Rule = "reviewed"        // an answer that they approved as a peer turned out well
	Wrong          Rule = "wrong"           // an answer was taken from the network: it was wrong
	Rude           Rule = "tone"            // an answer was taken from the network: for its tone
	Leaked         Rule = "private"         // an answer was taken from the network: it told what is private
	Reversed       Rule = "reversed"        // an earlier entry lost its cause
)

// Rules lists what a table has terms for, in the order in which people read it.
var Rules = []Rule{Solved, Thanked, Approved, ApprovedEdited, Escalated, Reviewed, Reused, Wrong, Rude, Leaked}

// Terms of a rule: what it pays, and how often a day.
type Terms struct {
	Amount int `json:"amount"`
	Daily  int `json:"daily,omitempty"` // entries that pay within 24 hours; 0 = no limit
}

// nature of a rule, which no table changes.
type nature struct {
	matures time.Duration // an outcome waits two days, because customers come back when it was not solved
	untaped bool          // pays in full on the busiest day: nobody should stop when customers are happy
	free    bool          // of brakes that look at the customer, the topic and who gave it
}

var natures = map[Rule]nature{
	Thanked:   {matures: 48 * time.Hour},
	Solved:    {matures: 48 * time.Hour, untaped: true},
	Escalated: {free: true},
	Reused:    {matures: 48 * time.Hour, free: true},
	Reviewed:  {matures: 48 * time.Hour, free: true},
	Wrong:     {free: true},
	Rude:      {free: true},
	Leaked:    {free: true},
}

// Table is what a brand pays: small for the approval, much for the outcome, nothing for sending, signing in or
// reading.
type Table struct {
	bun.BaseModel `bun:"table:point_tables,alias:points_of"`

	BrandID   int64  `bun:",pk"`
	Version   int    `bun:",pk"`
	Preset    string // whose amounts it began with
	Terms     string // by rule, as JSON
	Full      int    // points within 24 hours that count in full; beyond, half, and beyond twice as many a quarter
	MadeBy    int64  `bun:",nullzero"`
	CreatedAt clock.Time

	terms map[Rule]Terms
}

// The versions that ship: entries of the first were written before there were brakes.
const (
	firstVersion   = 1
	shippedVersion = 2
)

// first is what the first version paid.
var first = map[Rule]Terms{
	Approved: {Amount: 3, Daily: 10}, ApprovedEdited: {Amount: 1, Daily: 10}, Thanked: {Amount: 5}, Solved: {Amount: 15},
}

// Presets are tables to begin with, by name: few friends who help out, a young brand, a big one where much is at
// stake. The first leans towards
// thanks, the last towards care.
var Presets = map[string]Table{
	"friends": {Full: 100, terms: preset(map[Rule]int{Approved: 5, ApprovedEdited: 2, Thanked: 8, Wrong: -2, Rude: -3, Leaked: -15})},
	"startup": {Full: 200, terms: preset(nil)},
	"big":     {Full: 200, terms: preset(map[Rule]int{Approved: 2, Solved: 20, Escalated: 6, Reviewed: 3, Wrong: -10, Rude: -10, Leaked: -50})},
}

// PresetNames lists them in the order in which they are offered.
var PresetNames = []string{"friends", "startup", "big"}

// DefaultPreset is what a brand has that chose nothing.
const DefaultPreset = "startup"

func preset(other map[Rule]int) map[Rule]Terms {
	terms := map[Rule]Terms{
		Approved: {3, 10}, ApprovedEdited: {1, 10}, Thanked: {5, 0}, Solved: {15, 0}, Escalated: {4, 5}, Reviewed: {2, 20},
		Reused: {2, 20}, Wrong: {-5, 0}, Rude: {-5, 0}, Leaked: {-25, 0},
	}
	for rule, amount := range other {
		terms[rule] = Terms{amount, terms[rule].Daily}
	}
	return terms
}

// Pays is what the table has for a rule.
func (t *Table) Pays(r Rule) Terms { return t.terms[r] }

// Fault tells whether a rule is for something that went wrong.
func (r Rule) Fault() bool { return r == Wrong || r == Rude || r == Leaked }

// Own tells whether the brand wrote it itself.
func (t *Table) Own() bool { return t.Version > shippedVersion }

// Invalid says which field of a table cannot be so.
type Invalid struct {
	Field  string
	Reason Problem
}

func (i *Invalid) Error() string { return i.Field + ": " + string(i.Reason) }

// Problem is what is wrong with a field; its sentence stands in the catalogs as "points_wrong.<problem>".
type Problem string

// The problems.
const (
	Missing      Problem = "missing"
	WrongAmount  Problem = "amount"
	WrongFine    Problem = "fault"
	WrongDaily   Problem = "daily"
	WrongOutcome Problem = "outcome" // it pays less than an approval, and writing much better than helping
	WrongFull    Problem = "full"
)

// Of is the table with other terms, checked: good things pay something or nothing, faults cost something or
// nothing, and the largest amount is one that people can take seriously.
func (t Table) Of(terms map[Rule]Terms, full int) (Table, error) {
	const most = 200
	t.terms = maps.Clone(terms)
	t.Full = full
	for _, r := range Rules {
		at, ok := terms[r]
		fault := r.Fault()
		switch {
		case !ok:
			return t, &Invalid{string(r), Missing}
		case fault && (at.Amount > 0 || at.Amount < -most):
			return t, &Invalid{string(r), WrongFine}
		case !fault && (at.Amount < 0 || at.Amount > most):
			return t, &Invalid{string(r), WrongAmount}
		case at.Daily < 0 || at.Daily > 1000:
			return t, &Invalid{string(r), WrongDaily}
		}
	}
	if terms[Solved].Amount < terms[Approved].Amount {
		return t, &Invalid{string(Solved), WrongOutcome}
	}
	if full < 20 || full > 10_000 {
		return t, &Invalid{"full", WrongFull}
	}
	return t, nil
}

// shipped is the table of a brand that has none of its own.
func shipped(brandID int64) Table {
	t := Presets[DefaultPreset]
	t.BrandID, t.Version, t.Preset = brandID, shippedVersion, DefaultPreset
	return t
}

// TableOf reads what a brand pays now.
func TableOf(ctx context.Context, db bun.IDB, brandID int64) (Table, error) {
	t := Table{}
	err := db.NewSelect().Model(&t).Where("brand_id = ?", brandID).Order("version DESC").Limit(1).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return shipped(brandID), nil
	}
	if err != nil {
		return t, fmt.Errorf("read the points table of brand %d: %w", brandID, err)
	}
	return t, t.read()
}

func (t *Table) read() error {
	if err := json.Unmarshal([]byte(t.Terms), &t.terms); err != nil {
		return fmt.Errorf("read version %d of the points table of brand %d: %w", t.Version, t.BrandID, err)
	}
	return nil
}

// TablesOf reads all versions of a brand, newest first, down to the one that shipped.
func TablesOf(ctx context.Context, db bun.IDB, brandID int64) ([]Table, error) {
	var all []Table
	if err := db.NewSelect().Model(&all).Where("brand_id = ?", brandID).Order("version DESC").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the points tables of brand %d: %w", brandID, err)
	}
	for i := range all {
		if err := all[i].read(); err != nil {
			return nil, err
		}
	}
	return append(all, shipped(brandID)), nil
}

// ErrChanged says that somebody else has changed the table meanwhile.
var ErrChanged = errors.New("the points table was changed meanwhile")

// SwitchOn makes a table the brand's next version. after is the version that it was made from.
func (t Table) SwitchOn(ctx context.Context, tx bun.IDB, now clock.Time, by int64, after int) (Table, error) {
	before, err := TableOf(ctx, tx, t.BrandID)
	if err != nil {
		return t, err
	}
	if before.Version != after {
		return t, ErrChanged
	}
	terms, err := json.Marshal(t.terms)
	if err != nil {
		return t, fmt.Errorf("write the points table of brand %d: %w", t.BrandID, err)
	}
	t.Terms, t.Version, t.MadeBy, t.CreatedAt = string(terms), before.Version+1, by, now
	res, err := tx.NewInsert().Model(&t).On("CONFLICT DO NOTHING").Exec(ctx)
	if err != nil {
		return t, fmt.Errorf("store the points table of brand %d: %w", t.BrandID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return t, errors.Join(ErrChanged, err)
	}
	return t, nil
}
