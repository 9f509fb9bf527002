package community

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"
)

// CareTrust is from which level on an advocate may answer angry cases, if they are ready to.
const CareTrust = Steady

// An advocate's word that they answer angry cases, or no longer do.
const (
	CareJoined Kind = "care_joined"
	CareLeft   Kind = "care_left"
)

// SetCare says whether a member answers the cases of community-care. Nobody has to, and everybody may leave at
// any time: what they hold of it goes back to the others, with their draft.
func SetCare(ctx context.Context, tx Tx, m *Member, on bool) error {
	if m.State != Active {
		return ErrNotAllowed
	}
	if m.Role.Employee() {
		return &Invalid{"care", "employees see the angry cases anyway"}
	}
	if on && m.Trust < CareTrust {
		return &Invalid{"care", "angry cases are for advocates from T2 on; a few more answers and you may"}
	}
	if on == m.Care {
		return nil
	}
	q := tx.NewUpdate().Model((*Member)(nil)).Set("care = ?", on).Where("id = ?", m.ID)
	if on {
		q = q.Set("shield = FALSE") // one cannot be spared what one asks for
	}
	if _, err := q.Exec(ctx); err != nil {
		return fmt.Errorf("set whether member %d answers angry cases: %w", m.ID, err)
	}
	news := Activity{BrandID: m.BrandID, ActorID: m.ID, Kind: CareJoined, Lane: Staff, Detail: Detail{Member: m.ID}}
	if !on {
		news.Kind = CareLeft
		if err := leaveCare(ctx, tx, m); err != nil {
			return err
		}
	}
	m.Care, m.Shield = on, m.Shield && !on
	return record(ctx, tx, news)
}

// leaveCare gives back what a member holds of community-care.
func leaveCare(ctx context.Context, tx Tx, m *Member) error {
	var held []Case
	err := locked(tx, tx.NewSelect().Model(&held).Where("c.holder_id = ? AND c.state = 'claimed' AND c.lane = ?", m.ID, Care)).Scan(ctx)
	if err != nil {
		return fmt.Errorf("read the claims of member %d: %w", m.ID, err)
	}
	for i := range held {
		c := &held[i]
		if err := leaveDraft(ctx, tx, c, m.ID); err != nil {
			return err
		}
		if err := c.move(ctx, tx, Release, nil); err != nil {
			return err
		}
		if err := record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, ActorID: m.ID, Kind: CaseReleased, Lane: c.Lane}); err != nil {
			return err
		}
	}
	return nil
}

// mayGoOnIn tells whether who holds a case may go on with it in another lane.
func mayGoOnIn(ctx context.Context, tx Tx, lane Lane, holderID int64) (bool, error) {
	if lane != Care || holderID == 0 {
		return false, nil
	}
	holder, err := findMember(ctx, tx, holderID)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return slices.Contains(holder.Lanes(), lane), err
}

// rested leaves out who has been at it for so long that an angry case is the last thing they should be called to.
func rested(ctx context.Context, tx Tx, c *Case, all []Member) ([]Member, error) {
	if c.Lane != Care || len(all) == 0 {
		return all, nil
	}
	limits, err := Setting(ctx, tx, c.BrandID, DefaultWellbeing)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(all))
	for i, m := range all {
		ids[i] = m.ID
	}
	weeks, err := weeksOf(ctx, tx, ids, tx.Now())
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(m Member) bool { return weeks[m.ID] >= time.Duration(limits.Rest)*time.Hour }), nil
}

// Caring counts the advocates of a brand who answer its angry cases.
func Caring(ctx context.Context, db bun.IDB, brandID int64) (int, error) {
	n, err := db.NewSelect().Model((*Member)(nil)).Where("brand_id = ? AND care AND role = ? AND state = ? AND trust >= ?", brandID, Advocate, Active, CareTrust).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count who answers angry cases: %w", err)
	}
	return int(n), nil
}
