package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server"
)

type pointsCmd struct {
	Verify pointsVerifyCmd `cmd:"" help:"Check that every entry has its cause and every cause its entry."`
}

type pointsVerifyCmd struct {
	server.Config
}

var errLedger = errors.New("the ledger contradicts what happened")

func (c *pointsVerifyCmd) Run(ctx context.Context, streams IO) error {
	return withApp(ctx, c.Config, streams, func(app *server.App) error {
		wrong, err := moderation.VerifyPoints(ctx, app.DB.Read())
		if err != nil {
			return err
		}
		for _, w := range wrong {
			fmt.Fprintln(streams.Out, w)
		}
		if len(wrong) > 0 {
			return fmt.Errorf("%w in %d places", errLedger, len(wrong))
		}
		fmt.Fprintln(streams.Err, "every entry has its cause, every cause its entry")
		return nil
	})
}
