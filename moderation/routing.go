package moderation

import (
	"context"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/moderation/rules"
	"github.com/uptrace/bun"
)

// Routing is from which probability, in percent, triage decides about a mention's lane for a brand.
type Routing struct {
	// Staff sends to the employees what reaches it as to whether only they should answer; 0: it is not asked.
	Staff int `json:"staff"`
	// Anger sends to the employees what reaches it; above 100 nothing does. Where Staff is set, anger counts
	// in it.
	Anger int `json:"anger"`
	// Noise leaves out what reaches it and asks nothing.
	Noise int `json:"noise"`
}

// DefaultRouting is what holds while a brand has set nothing.
var DefaultRouting = Routing{Anger: 80, Noise: 80}

// Section is the settings' name.
func (Routing) Section() string { return "routing" }

// Check tells what is wrong with thresholds that somebody entered.
func (r Routing) Check() error {
	if r.Staff < 0 || r.Staff > 100 || r.Anger < 50 || r.Anger > 101 || r.Noise < 50 || r.Noise > 101 {
		return &community.Invalid{Field: "staff", Sentence: "choose a threshold from the list"}
	}
	return nil
}

// RouteToStaff sets from which probability, in percent, a mention goes to the employees; 0 goes back to what
// every brand begins with.
func RouteToStaff(ctx context.Context, tx community.Tx, m *community.Member, staff int) error {
	if m.Role != community.Admin {
		return community.ErrNotAllowed
	}
	own, err := LiveRules(ctx, tx, m.BrandID)
	if err != nil {
		return err
	}
	if own.ID != 0 {
		return &community.Invalid{Field: "threshold", Sentence: "your own rules decide who answers; change them there"}
	}
	r, err := community.Setting(ctx, tx, m.BrandID, DefaultRouting)
	if err != nil {
		return err
	}
	if r.Staff, r.Anger = staff, DefaultRouting.Anger; staff > 0 {
		r.Anger = 101
	}
	if err := community.Set(ctx, tx, m, r); err != nil {
		return err
	}
	return scoreAnew(ctx, tx, m.BrandID)
}

// DefaultRules decide for a brand that has set nothing.
var DefaultRules = RulesFor(DefaultRouting)

// RulesFor are the rules of a brand that has set its thresholds and has no rules of its own. Who asks for a
// person gets one, and risks go to employees, whatever is set.
func RulesFor(r Routing) *rules.Ready {
	return rules.Standard(rules.Standing(), rules.Starting(rules.Thresholds(r)))
}

// rulesOf are the rules of a brand; standard are those of one that has set nothing.
func rulesOf(ctx context.Context, db bun.IDB, brandID int64, standard *rules.Ready) (*rules.Ready, error) {
	own, err := LiveRules(ctx, db, brandID)
	if err != nil {
		return nil, err
	}
	if own.ID != 0 {
		return rules.Prepare(rules.Standing(), own.Value)
	}
	r, err := community.Setting(ctx, db, brandID, DefaultRouting)
	if err != nil || r == DefaultRouting {
		return standard, err
	}
	return RulesFor(r), nil
}
