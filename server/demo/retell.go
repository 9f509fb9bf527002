package demo

import (
	"context"
	"fmt"
	"strconv"

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
		Where("m.brand_id = ? AND m.network = 'x' AND (m.case_id IS NULL OR m.case_id NOT IN (?))", brand.ID, gone).
		Order("m.created_at", "m.id").Scan(ctx)
	if err != nil {
		return fmt.Errorf("read what was heard: %w", err)
	}
	var all []post
	known := map[string]bool{}
	named := map[int64]bool{}
	for _, m := range mentions {
		if _, err := strconv.ParseInt(m.NativeID, 10, 64); err != nil {
			continue // imported, never on this network
		}
		if !named[m.AccountID] {
			named[m.AccountID] = true
			if _, err := s.account(ctx, m.Account.Handle, m.Account.Name, m.Ours); err != nil {
				return err
			}
		}
		known[m.NativeID] = true
		at := m.CreatedAt.Std()
		all = append(all, post{Network: "x", ID: m.NativeID, Author: m.Account.Handle, Text: m.Text, InReplyTo: m.ParentID, CreatedAt: &at})
	}
	unheard, err := s.unheard(ctx, app.DB.Read(), brand, known)
	if err != nil {
		return err
	}
	return s.restore(ctx, append(all, unheard...))
}

// unheard are replies that were sent and whose posts had not come back yet.
func (s stage) unheard(ctx context.Context, read bun.IDB, brand community.Brand, known map[string]bool) ([]post, error) {
	var replies []struct {
		listeners.Reply
		Handle string
	}
	err := read.NewSelect().Model((*listeners.Reply)(nil)).Column("r.*").ColumnExpr("c.handle").
		Join("JOIN connections AS c ON c.id = r.connection_id").
		Where("r.brand_id = ? AND c.network = 'x' AND r.state = ?", brand.ID, listeners.Delivered).Order("r.sent_at").Scan(ctx, &replies)
	if err != nil {
		return nil, fmt.Errorf("read what was sent: %w", err)
	}
	var all []post
	for _, r := range replies {
		if r.NativeID != "" && !known[r.NativeID] {
			at := r.SentAt.Std()
			all = append(all, post{Network: "x", ID: r.NativeID, Author: r.Handle, Text: r.Text, InReplyTo: r.ParentID, CreatedAt: &at})
		}
	}
	return all, nil
}
