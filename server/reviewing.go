package server

import (
	"context"

	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
)

// remindReviewers tells those on duty, and later everybody, of answers that wait for too long.
func (a *App) remindReviewers(ctx context.Context) error {
	late, err := moderation.LateBrands(ctx, a.DB.Read(), a.Now())
	if err != nil {
		return err
	}
	for _, brand := range late {
		err := a.Write(ctx, func(ctx context.Context, tx listeners.Tx) error { return moderation.Remind(ctx, tx, brand) })
		if err != nil {
			return err
		}
	}
	return nil
}
