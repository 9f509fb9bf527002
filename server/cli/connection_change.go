package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server"
)

// operator is who works at the command line: nobody of the brand, with an administrator's rights. The
// history shows what they did without a name.
func operator(c listeners.Connection) *community.Member {
	return &community.Member{BrandID: c.BrandID, Role: community.Admin}
}

// change does something to a connection and says that it is done.
func change(ctx context.Context, cfg server.Config, n named, streams IO, done string, do func(context.Context, listeners.Tx, *community.Member, int64) error) error {
	return withApp(ctx, cfg, streams, func(app *server.App) error {
		conn, err := n.find(ctx, app)
		if err != nil {
			return err
		}
		err = app.Write(ctx, func(ctx context.Context, tx listeners.Tx) error { return do(ctx, tx, operator(conn), conn.ID) })
		if err == nil {
			fmt.Fprintf(streams.Err, "%s on %s (connection %d): %s\n", conn.Title(), conn.Network, conn.ID, done)
		}
		return err
	})
}

// noted is a change of a connection that the history tells of.
func noted(what string, do func(context.Context, listeners.Tx, int64) error) func(context.Context, listeners.Tx, *community.Member, int64) error {
	return func(ctx context.Context, tx listeners.Tx, m *community.Member, id int64) error {
		return community.ChangeConnection(ctx, tx, m, id, what, "", "", do)
	}
}

type connectionPauseCmd struct {
	server.Config
	named
}

func (c *connectionPauseCmd) Run(ctx context.Context, streams IO) error {
	return change(ctx, c.Config, c.named, streams, "nothing is heard and nothing leaves", noted("paused", listeners.Pause))
}

type connectionResumeCmd struct {
	server.Config
	named
}

func (c *connectionResumeCmd) Run(ctx context.Context, streams IO) error {
	return change(ctx, c.Config, c.named, streams, "it is listened to again", noted("resumed", listeners.Resume))
}

type connectionStopCmd struct {
	server.Config
	named
	Why string `help:"What members are told of it." placeholder:"REASON"`
}

func (c *connectionStopCmd) Run(ctx context.Context, streams IO) error {
	return change(ctx, c.Config, c.named, streams, "no answer leaves any more", func(ctx context.Context, tx listeners.Tx, m *community.Member, id int64) error {
		return community.StopSending(ctx, tx, m, id, c.Why)
	})
}

type connectionStartCmd struct {
	server.Config
	named
}

func (c *connectionStartCmd) Run(ctx context.Context, streams IO) error {
	return change(ctx, c.Config, c.named, streams, "answers leave again", community.ResumeSending)
}

type connectionRemoveCmd struct {
	server.Config
	named
}

func (c *connectionRemoveCmd) Run(ctx context.Context, streams IO) error {
	return change(ctx, c.Config, c.named, streams, "disconnected; its secrets are erased", noted("removed", listeners.Disconnect))
}

type connectionBudgetCmd struct {
	server.Config
	named
	Amount string `arg:"" optional:"" help:"The most that it may cost a calendar month (UTC), in US dollars; none for no limit. Default: show it."`
}

func (c *connectionBudgetCmd) Run(ctx context.Context, streams IO) error {
	amount := c.Amount
	if amount == "none" {
		amount = ""
	}
	budget, ok := listeners.ReadDollars(amount)
	if !ok {
		return fmt.Errorf("%w: %s is no amount in US dollars", errUsage, c.Amount)
	}
	return withApp(ctx, c.Config, streams, func(app *server.App) error {
		conn, err := c.find(ctx, app)
		if err == nil && c.Amount != "" {
			if err = setBudget(ctx, app, conn, budget); err == nil {
				conn.Budget = budget
			}
		}
		if err != nil {
			return err
		}
		spent, err := listeners.MonthSpent(ctx, app.DB.Read(), conn.ID, app.Now())
		if err != nil {
			return err
		}
		fmt.Fprintln(streams.Out, costs(conn, spent))
		expenses, err := listeners.Spending(ctx, app.DB.Read(), conn.ID, app.Now())
		for _, e := range expenses {
			rule := ""
			if e.Rule != "" {
				rule = "\trule " + e.Rule
			}
			fmt.Fprintf(streams.Out, "%s\t%d %s%s\n", listeners.Dollars(e.Cost), e.N, strings.ReplaceAll(e.Unit, "_", " "), rule)
		}
		return err
	})
}

// setBudget bounds what a connection may cost, and writes it into the history.
func setBudget(ctx context.Context, app *server.App, c listeners.Connection, budget listeners.MicroUSD) error {
	return app.Write(ctx, func(ctx context.Context, tx listeners.Tx) error {
		before, after := listeners.Dollars(c.Budget), listeners.Dollars(budget)
		return community.ChangeConnection(ctx, tx, operator(c), c.ID, "budget", before, after, func(ctx context.Context, tx listeners.Tx, id int64) error {
			return listeners.SetBudget(ctx, tx, id, budget)
		})
	})
}
