package gamification

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/kith-social/kith/clock"
)

// RewardKind is what a programme gives.
type RewardKind string

// The kinds. Rewards that one works for crowd out what one does gladly (Deci, Koestner and Ryan 1999), and thanks do
// not: they come first, and what is like money is off until an admin has read what it means.
const (
	ThanksGift  RewardKind = "thanks"       // words, which cost nothing and oblige nobody
	EarlyAccess RewardKind = "early_access" // seeing something before others do
	EventSeat   RewardKind = "event_seat"
	Charity     RewardKind = "charity"   // a gift to somebody else
	CashLike    RewardKind = "cash_like" // vouchers, money, what can be sold
)

// RewardKinds lists every kind, in the order in which people read it.
var RewardKinds = []RewardKind{ThanksGift, EarlyAccess, EventSeat, Charity, CashLike}

// Material tells whether somebody gets something for what they say, which readers then have a right to know.
func (k RewardKind) Material() bool { return k != ThanksGift }

// Programme is what a brand gives its volunteers besides thanks. It never depends on points: those buy nothing.
type Programme struct {
	bun.BaseModel `bun:"table:reward_programmes,alias:programme"`

	ID         int64 `bun:",pk,autoincrement"`
	BrandID    int64
	Kind       RewardKind
	Name       string
	What       string // what one gets, for members
	ReceivesEn string // what one may receive, as replies say it; "" for thanks
	ReceivesVi string
	Budget     int // in whole things, or whole money
	Cost       int // of one
	MadeBy     int64
	CreatedAt  clock.Time
	EndedAt    clock.Time `bun:",nullzero"`
}

// Receives is what somebody may receive, in a language.
func (p *Programme) Receives(lang string) string {
	if lang == "en" {
		return p.ReceivesEn
	}
	return p.ReceivesVi
}

// Programmes reads a brand's programmes that run, or all, newest first.
func Programmes(ctx context.Context, db bun.IDB, brandID int64, all bool) ([]Programme, error) {
	var found []Programme
	q := db.NewSelect().Model(&found).Where("brand_id = ?", brandID).Order("id DESC")
	if !all {
		q = q.Where("ended_at IS NULL")
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the reward programmes of brand %d: %w", brandID, err)
	}
	return found, nil
}

// Receivable is what volunteers of a brand may receive now, in a language, as one reads it in a sentence; "" for
// nothing.
func Receivable(ctx context.Context, db bun.IDB, brandID int64, lang string) (string, error) {
	running, err := Programmes(ctx, db, brandID, false)
	var all []string
	for i := range running {
		if running[i].Kind.Material() {
			all = append(all, running[i].Receives(lang))
		}
	}
	return strings.Join(all, ", "), err
}

// Step is what happened to a request for a reward.
type Step string

// The steps.
const (
	Asked     Step = "asked"    // its cost is kept back
	Granted   Step = "granted"  // by an employee
	Seconded  Step = "seconded" // by another one, where it is like money
	Refused   Step = "refused"  // with a reason; its cost is free again
	TakenBack Step = "reversed" // it was given and is not any more; its cost is free again
)

// Redemption is one step of one request, written once and never changed.
type Redemption struct {
	bun.BaseModel `bun:"table:redemptions,alias:redemption"`

	ID          int64 `bun:",pk,autoincrement"`
	ProgrammeID int64
	MemberID    int64
	Request     string
	Step        Step
	Amount      int // that the step takes from the budget
	Words       string
	ByID        int64
	CreatedAt   clock.Time
}

// What asking and deciding can meet.
var (
	ErrBudget = errors.New("the budget of this programme is used up")
	ErrEnded  = errors.New("this programme has ended")
	ErrAsked  = errors.New("you have asked for this already")
	ErrStep   = errors.New("somebody has decided about this request already")
	ErrSecond = errors.New("somebody else must approve this, too")
)

// oneAtATime lets one transaction at a time spend the budget of a programme. On SQLite there is nobody else.
func (p *Programme) oneAtATime(ctx context.Context, tx bun.IDB) error {
	if tx.Dialect().Name() != dialect.PG {
		return nil
	}
	const rewards = 0x72657761 // a class of locks of our own
	if _, err := tx.NewRaw("SELECT pg_advisory_xact_lock(?, ?)", rewards, int32(p.ID)).Exec(ctx); err != nil {
		return fmt.Errorf("wait for the budget of programme %d: %w", p.ID, err)
	}
	return nil
}

// Spent is what requests have taken from a programme's budget.
func (p *Programme) Spent(ctx context.Context, db bun.IDB) (int, error) {
	var n int
	err := db.NewSelect().Model((*Redemption)(nil)).ColumnExpr("COALESCE(SUM(amount), 0)").Where("programme_id = ?", p.ID).Scan(ctx, &n)
	if err != nil {
		return 0, fmt.Errorf("add up what programme %d has spent: %w", p.ID, err)
	}
	return n, nil
}

// Requests reads every step of a programme's requests, in the order in which they happened.
func (p *Programme) Requests(ctx context.Context, db bun.IDB) ([]Redemption, error) {
	var all []Redemption
	if err := db.NewSelect().Model(&all).Where("programme_id = ?", p.ID).Order("id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the requests of programme %d: %w", p.ID, err)
	}
	return all, nil
}

// Ask keeps back what one of a programme costs, for a member who has no other request there that lives.
func (p *Programme) Ask(ctx context.Context, tx bun.IDB, now clock.Time, memberID int64, request, words string) error {
	if err := p.oneAtATime(ctx, tx); err != nil {
		return err
	}
	if err := tx.NewSelect().Model(p).WherePK().Scan(ctx); err != nil {
		return fmt.Errorf("find programme %d: %w", p.ID, err)
	}
	if p.EndedAt != 0 {
		return ErrEnded
	}
	lives, err := tx.NewSelect().Model((*Redemption)(nil)).Where("programme_id = ? AND member_id = ? AND step = ?", p.ID, memberID, Asked).
		Where("NOT EXISTS (SELECT 1 FROM redemptions r WHERE r.request = redemption.request AND r.step IN (?, ?))", Refused, TakenBack).Exists(ctx)
	if err != nil {
		return fmt.Errorf("look what member %d has asked for: %w", memberID, err)
	}
	if lives {
		return ErrAsked
	}
	spent, err := p.Spent(ctx, tx)
	if err != nil {
		return err
	}
	if spent+p.Cost > p.Budget {
		return ErrBudget
	}
	return p.write(ctx, tx, Redemption{MemberID: memberID, Request: request, Step: Asked, Amount: p.Cost, Words: words, ByID: memberID, CreatedAt: now})
}

func (p *Programme) write(ctx context.Context, tx bun.IDB, r Redemption) error {
	r.ProgrammeID = p.ID
	if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
		return fmt.Errorf("store that a reward was %s: %w", r.Step, err)
	}
	return nil
}

// next are the steps that may follow a step. What is like money is given once two have approved it.
func (p *Programme) next(last Step) []Step {
	switch {
	case last == Asked:
		return []Step{Granted, Refused}
	case last == Granted && p.Kind == CashLike:
		return []Step{Seconded, Refused}
	case last == Granted, last == Seconded:
		return []Step{TakenBack}
	}
	return nil
}

// Given tells whether a request at a step was given.
func (p *Programme) Given(last Step) bool {
	return last == Seconded || last == Granted && p.Kind != CashLike
}

// Decide takes a request a step further, and returns whose it is.
func (p *Programme) Decide(ctx context.Context, tx bun.IDB, now clock.Time, request string, step Step, words string, by int64) (int64, error) {
	if err := p.oneAtATime(ctx, tx); err != nil {
		return 0, err
	}
	var steps []Redemption
	err := tx.NewSelect().Model(&steps).Where("programme_id = ? AND request = ?", p.ID, request).Order("id").Scan(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the request %s: %w", request, err)
	}
	if len(steps) == 0 {
		return 0, ErrStep
	}
	last := steps[len(steps)-1]
	if step == Granted && last.Step == Granted && p.Kind == CashLike {
		step = Seconded
	}
	allowed := false
	for _, s := range p.next(last.Step) {
		allowed = allowed || s == step
	}
	switch {
	case step == Seconded && last.ByID == by:
		return 0, ErrSecond
	case !allowed:
		return 0, ErrStep
	}
	r := Redemption{MemberID: last.MemberID, Request: request, Step: step, Words: words, ByID: by, CreatedAt: now}
	if step == Refused || step == TakenBack {
		r.Amount = -steps[0].Amount
	}
	return last.MemberID, p.write(ctx, tx, r)
}
