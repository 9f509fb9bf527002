package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server"
)

type connectionCmd struct {
	Add    connectionAddCmd    `cmd:"" help:"Connect a brand's account on a network with its token."`
	List   connectionListCmd   `cmd:"" help:"List connections, and what they cost."`
	Test   connectionTestCmd   `cmd:"" help:"Ask the network how a connection stands."`
	Pause  connectionPauseCmd  `cmd:"" help:"Hear nothing from a connection and let nothing leave, until it is resumed."`
	Resume connectionResumeCmd `cmd:"" help:"Listen again from where a connection stopped."`
	Stop   connectionStopCmd   `cmd:"" help:"Let no answer leave from a connection, at once; everything is still heard."`
	Start  connectionStartCmd  `cmd:"" help:"Let answers leave again."`
	Budget connectionBudgetCmd `cmd:"" help:"Show what a connection has cost this month, or bound it."`
	Remove connectionRemoveCmd `cmd:"" help:"Disconnect an account: its secrets are erased, what was heard stays."`
}

// named is what a command calls a connection.
type named struct {
	Connection string `arg:"" help:"Id of the connection, or the account's name on its network."`
	Brand      string `help:"Short name of the brand, where several have an account of that name."`
}

// find finds the one connection of that name.
func (n *named) find(ctx context.Context, app *server.App) (listeners.Connection, error) {
	brandID := int64(0)
	if n.Brand != "" {
		brand, err := community.FindBrand(ctx, app.DB.Read(), n.Brand)
		if err != nil {
			return listeners.Connection{}, err
		}
		brandID = brand.ID
	}
	all, err := listeners.Connections(ctx, app.DB.Read(), brandID)
	if err != nil {
		return listeners.Connection{}, err
	}
	return pick(all, n.Connection)
}

// pick is the connection with an id or an account's name. One that is there goes before one that was
// disconnected.
func pick(all []listeners.Connection, name string) (listeners.Connection, error) {
	var found []listeners.Connection
	for _, c := range all {
		if strconv.FormatInt(c.ID, 10) == name {
			return c, nil
		}
		if strings.EqualFold(c.Handle, strings.TrimPrefix(name, "@")) {
			found = append(found, c)
		}
	}
	if there := slices.DeleteFunc(slices.Clone(found), func(c listeners.Connection) bool { return c.State == listeners.Removed }); len(there) > 0 {
		found = there
	}
	switch len(found) {
	case 0:
		return listeners.Connection{}, fmt.Errorf("%w: there is no connection %q; kith connection list shows them", errUsage, name)
	case 1:
		return found[0], nil
	}
	ids := make([]string, len(found))
	for i, c := range found {
		ids[i] = fmt.Sprintf("%d (%s)", c.ID, c.Network)
	}
	return listeners.Connection{}, fmt.Errorf("%w: several connections are called %q; name one by its id: %s", errUsage, name, strings.Join(ids, ", "))
}

type connectionListCmd struct {
	server.Config
	Brand string `help:"Short name of the brand. Default: every brand."`
	JSON  bool   `name:"json" help:"One JSON object a line."`
}

// listed is a connection as programs read it.
type listed struct {
	ID        string                    `json:"id"`
	Brand     string                    `json:"brand"`
	Network   string                    `json:"network"`
	NativeID  string                    `json:"native_id"`
	Handle    string                    `json:"handle"`
	State     listeners.ConnectionState `json:"state"`
	Error     string                    `json:"error"`
	HeardAt   clock.Time                `json:"heard_at"`
	BroughtAt clock.Time                `json:"brought_at"`
	StoppedAt clock.Time                `json:"stopped_at"`
	Spent     float64                   `json:"spent_usd"`
	Budget    float64                   `json:"budget_usd"`
}

func (c *connectionListCmd) Run(ctx context.Context, streams IO) error {
	return withApp(ctx, c.Config, streams, func(app *server.App) error {
		brandID, err := brandNamed(ctx, app, c.Brand)
		if err != nil {
			return err
		}
		all, err := listeners.Connections(ctx, app.DB.Read(), brandID)
		if err != nil {
			return err
		}
		brands, err := community.Brands(ctx, app.DB.Read())
		if err != nil {
			return err
		}
		encode := json.NewEncoder(streams.Out)
		for _, conn := range all {
			spent, err := listeners.MonthSpent(ctx, app.DB.Read(), conn.ID, app.Now())
			if err != nil {
				return err
			}
			if !c.JSON {
				state := string(conn.State)
				if conn.StoppedAt != 0 {
					state += ", answers stopped"
				}
				fmt.Fprintf(streams.Out, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", conn.ID, brands[conn.BrandID].Slug, conn.Network, conn.Title(), state, costs(conn, spent), conn.Error)
				continue
			}
			err = encode.Encode(listed{
				fmt.Sprint(conn.ID), brands[conn.BrandID].Slug, conn.Network, conn.NativeID, conn.Handle, conn.State, conn.Error,
				conn.HeardAt, conn.BroughtAt, conn.StoppedAt, float64(spent) / 1e6, float64(conn.Budget) / 1e6,
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// costs says what a connection has cost this month, and how much it may.
func costs(c listeners.Connection, spent listeners.MicroUSD) string {
	if c.Budget == 0 {
		return listeners.Dollars(spent)
	}
	return listeners.Dollars(spent) + " of " + listeners.Dollars(c.Budget)
}

type connectionTestCmd struct {
	server.Config
	named
	Language string `help:"Language of what is said: en or vi." default:"en" enum:"en,vi"`
	JSON     bool   `name:"json" help:"One JSON object a finding, one a line."`
}

func (c *connectionTestCmd) Run(ctx context.Context, streams IO) error {
	return withApp(ctx, c.Config, streams, func(app *server.App) error {
		conn, err := c.find(ctx, app)
		if err != nil {
			return err
		}
		brands, err := community.Brands(ctx, app.DB.Read())
		if err != nil {
			return err
		}
		found, err := examine(ctx, app, conn, brands[conn.BrandID].Slug, c.Language)
		if err != nil {
			return err
		}
		return tell(streams, found, c.JSON)
	})
}
