package server

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
)

// turnSeasons closes seasons and team quests that are over, and opens the next ones.
func (a *App) turnSeasons(ctx context.Context) error {
	brands, err := community.Brands(ctx, a.DB.Read())
	if err != nil {
		return err
	}
	for id := range brands {
		for _, turn := range []struct {
			due func(context.Context, bun.IDB, int64, clock.Time) (bool, error)
			do  func(context.Context, listeners.Tx, int64) error
		}{{community.SeasonDue, community.TurnSeason}, {moderation.QuestDue, moderation.TurnQuest}} {
			due, err := turn.due(ctx, a.DB.Read(), id, a.Now())
			if err != nil {
				return err
			}
			if !due {
				continue
			}
			if err := a.Write(ctx, func(ctx context.Context, tx listeners.Tx) error { return turn.do(ctx, tx, id) }); err != nil {
				return err
			}
		}
	}
	return nil
}
