package community

import (
	"context"
	"fmt"
	"strings"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// Reveal lets an advocate who holds a case read the personal data in it, for as long as they hold it.
// The reason stays in the history.
func Reveal(ctx context.Context, tx Tx, m *Member, caseID int64, reason string) (Case, error) {
	c, err := FindCase(ctx, tx, m, caseID)
	if err != nil {
		return c, err
	}
	if !c.HeldBy(m, tx.Now()) {
		return c, ErrNotHeld
	}
	if reason = strings.TrimSpace(reason); reason == "" || len(reason) > 500 || !Storable(reason) {
		return c, &Invalid{"reason", "say in a few words what you need it for"}
	}
	return c, record(ctx, tx, Activity{
		BrandID: c.BrandID, CaseID: c.ID, ActorID: m.ID, Kind: PersonalRevealed, Lane: c.Lane, Detail: Detail{Text: reason},
	})
}

// SeesPersonal tells whether a member may read the personal data of a case: the brand's own people, and
// who holds it and has asked for them since they claimed it. history is the case's, oldest first.
func SeesPersonal(m *Member, c *Case, history []Activity, now clock.Time) bool {
	if m.Role.Employee() {
		return true
	}
	asked := false
	for _, a := range history {
		if a.ActorID != m.ID {
			continue
		}
		switch a.Kind {
		case CaseClaimed, AnswerTakenBack:
			asked = false
		case PersonalRevealed:
			asked = true
		}
	}
	return asked && c.HeldBy(m, now)
}

// RevealsOf counts how often personal data were shown in the cases of a customer.
func RevealsOf(ctx context.Context, db bun.IDB, brandID, accountID int64) (int64, error) {
	n, err := db.NewSelect().Table("cases").Join("JOIN activities AS a ON a.case_id = cases.id").
		Where("cases.account_id = ? AND cases.brand_id = ? AND a.kind = ?", accountID, brandID, PersonalRevealed).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count how often data of customer %d were shown: %w", accountID, err)
	}
	return n, nil
}
