package server

import (
	"context"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// nightly is how often stored posts are looked at again where the network's terms do not ask for more.
const nightly = 24 * time.Hour

// recheck looks at stored posts again, so that what a network has taken away without telling is gone here.
func (a *App) recheck(ctx context.Context) error {
	for kind, n := range networks {
		every := nightly
		if n.Policy.RecheckAfter > 0 {
			every = min(every, n.Policy.RecheckAfter)
		}
		before := a.Now().Add(-every)
		waits, err := listeners.RecheckWaits(ctx, a.DB.Read(), kind, before)
		if err != nil {
			return err
		}
		if !waits {
			continue
		}
		var due []listeners.Connection
		err = a.Write(ctx, func(ctx context.Context, tx listeners.Tx) (err error) {
			due, err = listeners.RecheckDue(ctx, tx, kind, before, leasesAtOnce)
			return err
		})
		if err != nil {
			return err
		}
		for _, c := range due {
			open, err := community.OpenPosts(ctx, a.DB.Read(), c)
			if err != nil {
				return err
			}
			looked, err := a.Poller.Recheck(ctx, c, open)
			if err != nil && ctx.Err() == nil {
				a.Log.Warn("posts are not looked at again", "connection", c.ID, "network", c.Network, "looked", looked, "error", err)
			}
		}
	}
	return nil
}
