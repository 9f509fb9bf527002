package web

import (
	"context"
	"net/http"
	"strconv"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// ownAccount is a connection where a member can answer under a name of their own.
type ownAccount struct {
	listeners.Connection
	Name string
}

// readAccounts reads where a member can answer under a name of their own: where the network lets us.
func (a *App) readAccounts(ctx context.Context, read bun.IDB, m *community.Member) ([]ownAccount, error) {
	all, err := listeners.Connections(ctx, read, m.BrandID)
	if err != nil {
		return nil, err
	}
	names, err := community.MemberAccounts(ctx, read, m.ID)
	if err != nil {
		return nil, err
	}
	var own []ownAccount
	for _, c := range all {
		if a.Deliverer.AsMember(c) || names[c.ID] != "" {
			own = append(own, ownAccount{c, names[c.ID]})
		}
	}
	return own, nil
}

// nameAccount sets the name under which a member answers on a network.
func (a *App) nameAccount(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "member")
	if err != nil {
		return err
	}
	connection, _ := strconv.ParseInt(r.PostFormValue("connection"), 10, 64)
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return community.NameAccount(ctx, tx, access.From(ctx).Member, id, connection, r.PostFormValue("name"))
	})
	if err != nil {
		return err
	}
	goTo(w, r, memberPath(id))
	return nil
}
