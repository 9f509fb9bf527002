package server

import (
	"context"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// overflow takes cases that wait for the employees to community-care while too much waits, and back.
func (a *App) overflow(ctx context.Context) error {
	brands, err := community.Brands(ctx, a.DB.Read())
	if err != nil {
		return err
	}
	for id := range brands {
		due, err := a.Intake.OverflowDue(ctx, a.DB.Read(), id, a.Now())
		if err != nil {
			return err
		}
		if !due {
			continue
		}
		err = a.Write(ctx, func(ctx context.Context, tx listeners.Tx) error {
			_, err := a.Intake.Overflow(ctx, tx, id)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
