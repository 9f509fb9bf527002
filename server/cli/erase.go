package cli

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server"
)

type eraseCmd struct {
	server.Config
	Brand   string `required:"" help:"Short name of the brand."`
	Network string `required:"" help:"Kind of network: discourse, facebook, feed, nodebb or x."`
	Account string `arg:"" help:"The account's id on the network, or its name there."`
}

// Run deletes what a brand has stored of a customer and prints the receipt.
func (c *eraseCmd) Run(ctx context.Context, streams IO) error {
	return withApp(ctx, c.Config, streams, func(app *server.App) error {
		brand, err := community.FindBrand(ctx, app.DB.Read(), c.Brand)
		if err != nil {
			return err
		}
		account, err := community.FindAccount(ctx, app.DB.Read(), brand.ID, c.Network, strings.TrimPrefix(c.Account, "@"))
		if err != nil {
			return err
		}
		var receipt community.Erasure
		err = app.Write(ctx, func(ctx context.Context, tx listeners.Tx) (err error) {
			receipt, err = community.Erase(ctx, tx, account, 0)
			return err
		})
		if err != nil {
			return err
		}
		return json.NewEncoder(streams.Out).Encode(map[string]any{
			"id": receipt.ID, "brand": brand.Slug, "network": receipt.Network, "account_hash": receipt.AccountHash,
			"posts": receipt.Counts.Posts, "cases": receipt.Counts.Cases, "notes": receipt.Counts.Notes, "erased_at": receipt.CreatedAt,
		})
	})
}
