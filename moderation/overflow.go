package moderation

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation/rules"
)

// mostCounted is up to how many waiting cases the rules want them counted.
func mostCounted(asking []*rules.Ready) int {
	most := 0
	for _, r := range asking {
		most = max(most, r.Counts())
	}
	return most
}

// flows are the steps of overflow that a brand's rules ask for now.
func (in *Intake) flows(ctx context.Context, db bun.IDB, brandID int64, now clock.Time) ([]community.Flow, error) {
	brand, err := in.ready(ctx, db, brandID)
	if err != nil {
		return nil, err
	}
	load, err := community.LoadOf(ctx, db, brandID, now, brand.rules.Counts())
	if err != nil {
		return nil, err
	}
	return brand.rules.Flows(load, now), nil
}

// OverflowDue tells, without writing, whether Overflow has something to do.
func (in *Intake) OverflowDue(ctx context.Context, db bun.IDB, brandID int64, now clock.Time) (bool, error) {
	all, err := in.flows(ctx, db, brandID, now)
	if err != nil {
		return false, err
	}
	for _, f := range all {
		if due, err := community.FlowDue(ctx, db, brandID, f); err != nil || due {
			return due, err
		}
	}
	return false, nil
}

// Overflow decides anew about the cases of a brand that wait for the employees and for community-care, at most a
// batch of each, and returns how many moved.
func (in *Intake) Overflow(ctx context.Context, tx listeners.Tx, brandID int64) (int, error) {
	all, err := in.flows(ctx, tx, brandID, tx.Now())
	if err != nil {
		return 0, err
	}
	moved := 0
	for _, f := range all {
		n, err := community.Overflows(ctx, tx, brandID, f)
		if err != nil {
			return moved, err
		}
		moved += n
	}
	return moved, nil
}
