package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server"
	"github.com/kith-social/kith/server/access"
)

type memberCmd struct {
	Add   memberAddCmd   `cmd:"" help:"Give a person a part in a brand and print a link to sign in with."`
	Token memberTokenCmd `cmd:"" help:"Make an API token for a person and print it; it is shown once."`
	Link  memberLinkCmd  `cmd:"" help:"Print a new link to sign in with, once."`
}

// linkLife is long, because the link is handed over by a person.
const linkLife = 24 * time.Hour

type memberAddCmd struct {
	server.Config
	Email     string   `arg:"" help:"E-mail address the person signs in with."`
	Brand     string   `required:"" help:"Short name of the brand."`
	Role      string   `required:"" help:"advocate, moderator, expert or admin." enum:"advocate,moderator,expert,admin"`
	Name      string   `help:"Name that others see. Default: the first part of the address."`
	Language  string   `help:"Language of the person: en or vi." default:"en" enum:"en,vi"`
	Languages []string `help:"Languages of the cases they answer." default:"en,vi"`
	Topics    []string `help:"Names of the topics they know. Default: all of the brand's."`
	Trust     int      `help:"Trust level of an advocate, 0 to 4." default:"1"`
}

func (c *memberAddCmd) Run(ctx context.Context, streams IO) error {
	if c.Name == "" {
		c.Name, _, _ = strings.Cut(c.Email, "@")
	}
	if c.Trust < 0 || c.Trust > 4 {
		return fmt.Errorf("%w: trust goes from 0 to 4", errUsage)
	}
	return withApp(ctx, c.Config, streams, func(app *server.App) error {
		brand, err := community.FindBrand(ctx, app.DB.Read(), c.Brand)
		if err != nil {
			return err
		}
		topics, err := c.topicIDs(ctx, app, brand)
		if err != nil {
			return err
		}
		var secret string
		err = app.Write(ctx, func(ctx context.Context, tx listeners.Tx) error {
			p, err := access.AddPerson(ctx, tx, access.Person{Email: c.Email, Name: c.Name, Language: c.Language})
			if err != nil {
				return err
			}
			_, err = community.AddMember(ctx, tx, community.Member{
				BrandID: brand.ID, PersonID: p.ID, Role: community.Role(c.Role), Trust: c.Trust, PublicName: c.Name,
				Languages: c.Languages, Topics: topics,
			})
			if err != nil {
				return err
			}
			secret, err = access.AddLink(ctx, tx, access.Link{PersonID: p.ID, Life: linkLife})
			return err
		})
		if err == nil {
			printLink(streams, app, c.Email, secret)
		}
		return err
	})
}

func (c *memberAddCmd) topicIDs(ctx context.Context, app *server.App, brand community.Brand) ([]int64, error) {
	all, err := community.Topics(ctx, app.DB.Read(), brand.ID)
	if err != nil {
		return nil, err
	}
	byName, ids := map[string]int64{}, []int64{}
	for _, t := range all {
		byName[strings.ToLower(t.Name)] = t.ID
		if len(c.Topics) == 0 {
			ids = append(ids, t.ID)
		}
	}
	for _, name := range c.Topics {
		id, ok := byName[strings.ToLower(name)]
		if !ok {
			return nil, fmt.Errorf("%w: brand %s has no topic %q", errUsage, brand.Slug, name)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

type memberTokenCmd struct {
	server.Config
	Email string        `arg:"" help:"E-mail address of the person."`
	Name  string        `help:"What the token is for." default:"command line"`
	Read  bool          `help:"Only for reading."`
	Life  time.Duration `help:"How long it works; 0 for ever." default:"0s"`
}

func (c *memberTokenCmd) Run(ctx context.Context, streams IO) error {
	scopes := []access.Scope{access.Read, access.Write}
	if c.Read {
		scopes = scopes[:1]
	}
	return withApp(ctx, c.Config, streams, func(app *server.App) error {
		p, err := access.FindPerson(ctx, app.DB.Read(), c.Email)
		if err != nil {
			return err
		}
		var ends clock.Time
		if c.Life > 0 {
			ends = app.Now().Add(c.Life)
		}
		var shown string
		err = app.Write(ctx, func(ctx context.Context, tx listeners.Tx) (err error) {
			shown, _, err = access.AddToken(ctx, tx, access.Token{PersonID: p.ID, Name: c.Name, Scopes: scopes, ExpiresAt: ends})
			return err
		})
		if err == nil {
			fmt.Fprintln(streams.Out, shown)
		}
		return err
	})
}

type memberLinkCmd struct {
	server.Config
	Email string `arg:"" help:"E-mail address of the person."`
}

func (c *memberLinkCmd) Run(ctx context.Context, streams IO) error {
	return withApp(ctx, c.Config, streams, func(app *server.App) error {
		p, err := access.FindPerson(ctx, app.DB.Read(), c.Email)
		if err != nil {
			return err
		}
		var secret string
		err = app.Write(ctx, func(ctx context.Context, tx listeners.Tx) (err error) {
			secret, err = access.AddLink(ctx, tx, access.Link{PersonID: p.ID, Life: linkLife, Newest: true})
			return err
		})
		if err == nil {
			printLink(streams, app, p.Email, secret)
		}
		return err
	})
}

func printLink(streams IO, app *server.App, email, secret string) {
	fmt.Fprintf(streams.Out, "sign-in %s %s\n", email, app.SignInURL(secret))
}
