package demo

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server"
)

// retell makes an empty network know the accounts and posts that the product heard there or sent, with
// their ids and times, so that old posts can be answered and are not heard a second time.
func (s stage) retell(ctx context.Context, app *server.App, brand community.Brand) error {
	var mentions []listeners.Mention
	gone := app.DB.Read().NewSelect().Table("cases").Column("id").Where("state = ?", community.Gone)
	err := app.DB.Read().NewSelect().Model(&mentions).Relation("Account").
		Where("m.brand_id = ? AND (m.case_id IS NULL OR m.case_id NOT IN (?))", brand.ID, gone).
		Order("m.created_at", "m.id").Scan(ctx)
	if err != nil {
		return fmt.Errorf("read what was heard: %w", err)
	}
	own, err := handles(ctx, app.DB.Read(), brand)
	if err != nil {
		return err
	}
	var all []post
	known := map[string]bool{}
	named := map[int64]bool{}
	for _, m := range mentions {
		if !onStage(m.Network, m.NativeID) {
			continue // imported, or heard somewhere else
		}
		author := cmp.Or(m.Account.Handle, m.Account.NativeID) // Facebook tells no handles
		if m.Ours {
			author = own[m.Network]
		}
		if !named[m.AccountID] {
			named[m.AccountID] = true
			if _, err := s.account(ctx, m.Network, author, m.Account.Name, m.Ours); err != nil {
				return err
			}
		}
		known[m.NativeID] = true
		at := m.CreatedAt.Std()
		all = append(all, post{Network: m.Network, ID: number(m.NativeID), Author: author, Text: m.Text, InReplyTo: number(m.ParentID), CreatedAt: &at})
	}
	unheard, err := s.unheard(ctx, app.DB.Read(), brand, known)
	if err != nil {
		return err
	}
	return s.restore(ctx, append(all, unheard...))
}

// handles are the brand's own, by network.
func handles(ctx context.Context, read bun.IDB, brand community.Brand) (map[string]string, error) {
	all, err := listeners.Connections(ctx, read, brand.ID)
	if err != nil {
		return nil, err
	}
	own := map[string]string{}
	for _, c := range all {
		own[c.Network] = c.Handle
	}
	return own, nil
}

// onStage tells whether a post was made on the sandbox.
func onStage(network, nativeID string) bool {
	_, err := strconv.ParseInt(number(nativeID), 10, 64)
	_, plays := places[network]
	return err == nil && plays
}

// number is the sandbox's number of a post; Facebook puts another one in front of it.
func number(nativeID string) string { return nativeID[strings.LastIndexByte(nativeID, '_')+1:] }

// unheard are replies that were sent and whose posts had not come back yet.
func (s stage) unheard(ctx context.Context, read bun.IDB, brand community.Brand, known map[string]bool) ([]post, error) {
	var replies []struct {
		listeners.Reply
		Handle, Network string
	}
	err := read.NewSelect().Model((*listeners.Reply)(nil)).Column("r.*").ColumnExpr("c.handle, c.network").
		Join("JOIN connections AS c ON c.id = r.connection_id").
		Where("r.brand_id = ? AND r.state = ?", brand.ID, listeners.Delivered).Order("r.sent_at").Scan(ctx, &replies)
	if err != nil {
		return nil, fmt.Errorf("read what was sent: %w", err)
	}
	var all []post
	for _, r := range replies {
		if onStage(r.Network, r.NativeID) && !known[r.NativeID] {
			at := r.SentAt.Std()
			all = append(all, post{Network: r.Network, ID: number(r.NativeID), Author: r.Handle, Text: r.Text, InReplyTo: number(r.ParentID), CreatedAt: &at})
		}
	}
	return all, nil
}
