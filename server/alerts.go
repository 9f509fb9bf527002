package server

import (
	"context"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
)

// watch opens alerts for what is not as usual, and ends those whose cause is gone.
func (a *App) watch(ctx context.Context) error {
	brands, err := community.Brands(ctx, a.DB.Read())
	if err != nil {
		return err
	}
	for id := range brands {
		due, err := moderation.WatchDue(ctx, a.DB.Read(), id, a.Now())
		if err != nil {
			return err
		}
		if !due {
			continue
		}
		err = a.Write(ctx, func(ctx context.Context, tx listeners.Tx) error { return moderation.Watch(ctx, tx, id) })
		if err != nil {
			return err
		}
	}
	return nil
}

// tellAlerts calls people for alerts that nobody has taken.
func (a *App) tellAlerts(ctx context.Context) error {
	brands, err := moderation.AlertsToTell(ctx, a.DB.Read(), a.Now())
	if err != nil {
		return err
	}
	for _, id := range brands {
		err := a.Write(ctx, func(ctx context.Context, tx listeners.Tx) error { return moderation.TellAlerts(ctx, tx, id) })
		if err != nil {
			return err
		}
	}
	return nil
}

// forgetPulse deletes minutes that no hour is held against any more.
func (a *App) forgetPulse(ctx context.Context) error {
	old, err := moderation.PulseOld(ctx, a.DB.Read(), a.Now())
	if err != nil || !old {
		return err
	}
	return a.Write(ctx, moderation.ForgetPulse)
}
