package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server"
)

type connectionAddCmd struct {
	server.Config
	Brand     string            `required:"" help:"Short name of the brand."`
	Network   string            `help:"Kind of network: discourse, facebook, feed, nodebb or x." default:"x"`
	TokenFile string            `xor:"secrets" help:"File with the account's token or key, - for standard input; tokens do not belong on a command line." placeholder:"FILE"`
	Secrets   string            `name:"secrets-file" xor:"secrets" help:"File with all that the network wants to be kept secret, a line each as name=value, - for standard input." placeholder:"FILE"`
	Set       map[string]string `help:"Settings of the network, as name=value; host for example." placeholder:"NAME=VALUE"`
	Rule      []string          `help:"A search to listen for besides what names the account, as the network writes searches; may be given several times." placeholder:"QUERY" sep:"none"`
	Budget    string            `help:"The most that the connection may cost a month, in US dollars. Default: no limit." placeholder:"AMOUNT"`
}

func (c *connectionAddCmd) Run(ctx context.Context, streams IO) error {
	budget, ok := listeners.ReadDollars(c.Budget)
	if !ok {
		return fmt.Errorf("%w: --budget %s is no amount in US dollars", errUsage, c.Budget)
	}
	return withApp(ctx, c.Config, streams, func(app *server.App) error {
		form, err := c.form(ctx, app, streams.In)
		if err != nil {
			return err
		}
		conn, err := app.Connector.Connect(ctx, form, func(ctx context.Context, tx listeners.Tx, conn listeners.Connection) error {
			return community.NoteConnected(ctx, tx, operator(conn), conn)
		})
		var field *listeners.FieldFault
		if errors.As(err, &field) {
			return fmt.Errorf("%w: %w", errUsage, err)
		} else if err != nil {
			return listeners.Scrub(err, form.Secrets)
		}
		fmt.Fprintf(streams.Err, "connected %s on %s as connection %d\n", conn.Title(), conn.Network, conn.ID)
		if budget > 0 {
			if err := setBudget(ctx, app, conn, budget); err != nil {
				return err
			}
		}
		for _, query := range c.Rule {
			if err := app.Listen(ctx, conn, query); err != nil {
				return fmt.Errorf("listen for %q: %w", query, err)
			}
		}
		return app.Connector.Welcome(ctx, app.Doctor, conn)
	})
}

// form puts together what the flags say, as somebody fills it in on the page.
func (c *connectionAddCmd) form(ctx context.Context, app *server.App, in io.Reader) (f listeners.Form, err error) {
	n, err := app.Connector.Network(c.Network)
	if err != nil {
		return f, fmt.Errorf("%w: this version knows no network %q; it knows %s", errUsage, c.Network, strings.Join(server.Networks(), ", "))
	}
	brand, err := community.FindBrand(ctx, app.DB.Read(), c.Brand)
	if err != nil {
		return f, err
	}
	if err := c.checkSettings(n); err != nil {
		return f, err
	}
	f.BrandID, f.Network = brand.ID, c.Network
	f.Settings, _ = n.Fill(c.Set)
	if f.Secrets, err = c.secrets(n, in); err != nil {
		return f, err
	}
	if !n.Pasted(f.Secrets) {
		return f, fmt.Errorf("%w: connect %s on the page Connections, or bring the account's token: --token-file", errUsage, n.Name)
	}
	return f, nil
}

// furtherSettings are what a connection can be given besides what its network's form asks for.
var furtherSettings = []string{"backfill", "dialect", "owned", "pace", "plan", "poll", "training"}

// checkSettings refuses settings that nobody would read, and secrets that others on this machine could.
func (c *connectionAddCmd) checkSettings(n listeners.Network) error {
	known := slices.Clone(furtherSettings)
	for _, f := range n.Fields {
		if _, given := c.Set[f.Name]; f.Secret && given {
			return fmt.Errorf("%w: %s is a secret; it belongs into --secrets-file", errUsage, f.Name)
		}
		if !f.Secret {
			known = append(known, f.Name)
		}
	}
	for name := range c.Set {
		if !slices.Contains(known, name) {
			slices.Sort(known)
			return fmt.Errorf("%w: %s has no setting %q; it has %s (searches are named by --rule)", errUsage, n.Name, name, strings.Join(known, ", "))
		}
	}
	return nil
}

var errSecretLine = errors.New("a line of the secrets is not name=value")

// secrets reads what must not stand on a command line.
func (c *connectionAddCmd) secrets(n listeners.Network, in io.Reader) (map[string]string, error) {
	file := cmp.Or(c.Secrets, c.TokenFile)
	secrets := map[string]string{}
	if file == "" {
		return secrets, nil
	}
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
		secrets[tokenName(n)] = strings.TrimSpace(string(text))
		return secrets, nil
	}
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

// tokenName is what a network calls the one secret that it cannot do without.
func tokenName(n listeners.Network) string {
	if n.Grant == nil {
		for _, f := range n.Fields {
			if f.Secret && !f.Optional {
				return f.Name
			}
		}
	}
	return "token"
}
