package moderation

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

const (
	// callAgain is when people are called again for an alert that nobody has taken, mostCalled how often.
	callAgain  = 10 * time.Minute
	mostCalled = 4
	// askLater is when an alert that wakes nobody is looked at again.
	askLater = 15 * time.Minute
	// toldAtOnce bounds the alerts of a brand that are told together.
	toldAtOnce = 50
)

// AlertsToTell finds, without writing, the brands whose people are to be called now.
func AlertsToTell(ctx context.Context, db bun.IDB, now clock.Time) ([]int64, error) {
	var brands []int64
	err := db.NewSelect().Model((*Alert)(nil)).ColumnExpr("DISTINCT brand_id").Where("tell_at <= ?", now).Order("brand_id").Scan(ctx, &brands)
	if err != nil {
		return nil, fmt.Errorf("look for alerts to tell: %w", err)
	}
	return brands, nil
}

// TellAlerts calls a brand's people for the alerts that nobody has taken: first those on duty, then everybody,
// again and again until somebody has. What is not urgent leaves people in peace who are not there, and is told
// together once somebody is.
func TellAlerts(ctx context.Context, tx listeners.Tx, brandID int64) error {
	var due []Alert
	err := tx.NewSelect().Model(&due).Where("brand_id = ? AND tell_at <= ?", brandID, tx.Now()).Order("id").Limit(toldAtOnce).Scan(ctx)
	if err != nil {
		return fmt.Errorf("read the alerts of brand %d: %w", brandID, err)
	}
	staff, err := community.Employees(ctx, tx, brandID)
	if err != nil {
		return err
	}
	var called []community.Member
	known := map[int64]bool{}
	for _, a := range due {
		to := callable(staff, &a, tx.Now())
		next := tx.Now().Add(callAgain)
		if len(to) == 0 {
			next = tx.Now().Add(askLater)
		} else if a.Told++; a.Told >= mostCalled {
			next = 0
		}
		_, err := tx.NewUpdate().Model(&a).Set("told = ?, tell_at = NULLIF(?, 0), version = version + 1", a.Told, next).
			Where("id = ? AND version = ?", a.ID, a.Version).Exec(ctx)
		if err != nil {
			return fmt.Errorf("tell alert %d: %w", a.ID, err)
		}
		for _, m := range to {
			if !known[m.ID] {
				known[m.ID] = true
				called = append(called, m)
			}
		}
	}
	for i := range called {
		if err := community.CallToAlert(ctx, tx, &called[i]); err != nil {
			return err
		}
	}
	return nil
}

// callable are the people to call for an alert now.
func callable(staff []community.Member, a *Alert, now clock.Time) []community.Member {
	var onDuty, there []community.Member
	for i := range staff {
		m := &staff[i]
		if m.OnDuty(now) {
			onDuty = append(onDuty, *m)
		}
		if a.Urgent || m.OnDuty(now) || !community.Quiet(m, now) {
			there = append(there, *m)
		}
	}
	if a.Told == 0 && len(onDuty) > 0 {
		return onDuty
	}
	return there
}
