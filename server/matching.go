package server

import (
	"context"

	"github.com/kith-social/kith/community"
)

// forgetPresence deletes who had a case open and has left.
func (a *App) forgetPresence(ctx context.Context) error {
	over, err := community.PresenceOver(ctx, a.DB.Read(), a.Now())
	if err != nil || !over {
		return err
	}
	return a.pages(ctx, community.ForgetPresence)
}
