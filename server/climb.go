package server

import (
	"context"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// climbsAtOnce bounds how many cases of a brand climb in one transaction.
const climbsAtOnce = 100

// lateAtOnce bounds how many cases stand back in one transaction.
const lateAtOnce = 2000

// runLate lets cases whose promise cannot be kept stand behind those that can still be answered in time.
func (a *App) runLate(ctx context.Context) error {
	for {
		some, err := community.RunsLate(ctx, a.DB.Read(), a.Now())
		if err != nil || !some {
			return err
		}
		moved := 0
		err = a.Write(ctx, func(ctx context.Context, tx listeners.Tx) (err error) {
			moved, err = community.RunLate(ctx, tx, lateAtOnce)
			return err
		})
		if err != nil || moved < lateAtOnce {
			return err
		}
	}
}

// climb tells of cases that nobody took whoever must look.
func (a *App) climb(ctx context.Context) error {
	some, err := community.Climbs(ctx, a.DB.Read(), a.Now())
	if err != nil || !some {
		return err
	}
	return a.Write(ctx, func(ctx context.Context, tx listeners.Tx) error {
		_, err := community.Climb(ctx, tx, climbsAtOnce)
		return err
	})
}
