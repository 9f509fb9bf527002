package community

import (
	"context"
	"fmt"
)

// HoldEnded is told of a case that a rule held and an employee let go; Rule: the rule.
const HoldEnded Kind = "hold_ended"

// LetGo ends the hold of a case: an employee has looked at it, and whoever may answer it can claim it.
func LetGo(ctx context.Context, tx Tx, m *Member, caseID int64) (Case, error) {
	c, err := lockCase(ctx, tx, m, caseID)
	if err != nil {
		return c, err
	}
	if !m.Role.Employee() {
		return c, ErrNotAllowed
	}
	if c.Hold == "" {
		return c, nil // somebody was quicker
	}
	rule := c.Hold
	if _, err := tx.NewUpdate().Model(&c).Set("hold = '', version = version + 1").WherePK().Returning("*").Exec(ctx); err != nil {
		return c, fmt.Errorf("let case %d go: %w", c.ID, err)
	}
	return c, record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, ActorID: m.ID, Kind: HoldEnded, Lane: c.Lane, Detail: Detail{Rule: rule}})
}
