package moderation

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// FollowLink looks on the network at what a member says they have posted by hand, an employee as the brand
// and an advocate under their own name. An error says what is wrong with the link.
func (d *Desk) FollowLink(ctx context.Context, db bun.IDB, out *listeners.Deliverer, m *community.Member, r listeners.Reply, network, link string) (listeners.Evidence, listeners.Sent, error) {
	as, err := community.AccountName(ctx, db, m.ID, r.ConnectionID)
	if err != nil {
		return "", listeners.Sent{}, err
	}
	return out.Verify(ctx, r, d.Network(network), link, as, m.Role.Employee())
}
