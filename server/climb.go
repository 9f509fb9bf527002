package server

import (
	"context"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// climbsAtOnce bounds how many cases of a brand climb in one transaction.
const climbsAtOnce = 100

// climb takes cases that nobody took to who must look.
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
