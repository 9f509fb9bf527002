package server

import (
	"context"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// turnSeasons closes seasons that are over and opens the next ones.
func (a *App) turnSeasons(ctx context.Context) error {
	brands, err := community.Brands(ctx, a.DB.Read())
	if err != nil {
		return err
	}
	for id := range brands {
		due, err := community.SeasonDue(ctx, a.DB.Read(), id, a.Now())
		if err != nil {
			return err
		}
		if !due {
			continue
		}
		if err := a.Write(ctx, func(ctx context.Context, tx listeners.Tx) error { return community.TurnSeason(ctx, tx, id) }); err != nil {
			return err
		}
	}
	return nil
}
