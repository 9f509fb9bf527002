package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server"
)

type connectionCmd struct {
	Add  connectionAddCmd  `cmd:"" help:"Connect a brand's account on a network."`
	List connectionListCmd `cmd:"" help:"List connections."`
}

type connectionAddCmd struct {
	server.Config
	Brand     string            `required:"" help:"Short name of the brand."`
	Network   string            `help:"Kind of network." default:"x"`
	TokenFile string            `xor:"secrets" required:"" help:"File with the account's access token, - for standard input; tokens do not belong on a command line." placeholder:"FILE"`
	Secrets   string            `name:"secrets-file" xor:"secrets" required:"" help:"File with all that the network wants to be kept secret, a line each as name=value, - for standard input." placeholder:"FILE"`
	Set       map[string]string `help:"Settings of the network, as name=value: host, dialect, poll." placeholder:"NAME=VALUE"`
	Rule      []string          `help:"A search to listen for besides what names the account, as the network writes searches; may be given several times." placeholder:"QUERY" sep:"none"`
}

func (c *connectionAddCmd) Run(ctx context.Context, streams IO) error {
	secrets, err := c.secrets(streams.In)
	if err != nil {
		return err
	}
	return withApp(ctx, c.Config, streams, func(app *server.App) error {
		brand, err := community.FindBrand(ctx, app.DB.Read(), c.Brand)
		if err != nil {
			return err
		}
		conn, err := app.Connect(ctx, brand.ID, c.Network, c.Set, secrets)
		for _, query := range c.Rule {
			if err == nil {
				err = app.Listen(ctx, conn, query)
			}
		}
		if err == nil {
			fmt.Fprintf(streams.Err, "connected @%s on %s as connection %d\n", conn.Handle, conn.Network, conn.ID)
		}
		return err
	})
}

var errSecretLine = errors.New("a line of the secrets is not name=value")

// secrets reads what must not stand on a command line.
func (c *connectionAddCmd) secrets(in io.Reader) (map[string]string, error) {
	file := cmp.Or(c.Secrets, c.TokenFile)
	var text []byte
	var err error
	if file == "-" {
		text, err = io.ReadAll(io.LimitReader(in, 64<<10))
	} else {
		text, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, fmt.Errorf("read the secrets: %w", err)
	}
	if c.TokenFile != "" {
		return map[string]string{"token": strings.TrimSpace(string(text))}, nil
	}
	secrets := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok || name == "" {
			return nil, errSecretLine
		}
		secrets[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	return secrets, nil
}

type connectionListCmd struct {
	server.Config
	JSON bool `name:"json" help:"One JSON object a line."`
}

func (c *connectionListCmd) Run(ctx context.Context, streams IO) error {
	return withApp(ctx, c.Config, streams, func(app *server.App) error {
		all, err := listeners.Connections(ctx, app.DB.Read(), 0)
		if err != nil {
			return err
		}
		brands, err := community.Brands(ctx, app.DB.Read())
		if err != nil {
			return err
		}
		encode := json.NewEncoder(streams.Out)
		for _, conn := range all {
			if !c.JSON {
				fmt.Fprintf(streams.Out, "%d\t%s\t%s\t@%s\t%s\t%s\n", conn.ID, brands[conn.BrandID].Slug, conn.Network, conn.Handle, conn.State, conn.Error)
				continue
			}
			err := encode.Encode(map[string]any{
				"id": fmt.Sprint(conn.ID), "brand": brands[conn.BrandID].Slug, "network": conn.Network, "handle": conn.Handle,
				"state": conn.State, "error": conn.Error, "heard_at": conn.HeardAt,
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}
