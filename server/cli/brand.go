package cli

import (
	"context"
	"fmt"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server"
)

type brandCmd struct {
	Add brandAddCmd `cmd:"" help:"Add a brand."`
}

type brandAddCmd struct {
	server.Config
	Slug     string `arg:"" help:"Short name: small letters, digits, dashes."`
	Name     string `required:"" help:"The name that people know."`
	Language string `help:"Language of the brand's staff: en or vi." default:"en" enum:"en,vi"`
	Topics   string `help:"TOML file of topics, each [[topic]] with name and keywords." type:"existingfile" placeholder:"FILE"`
}

func (c *brandAddCmd) Run(ctx context.Context, streams IO) error {
	wanted, err := readTopics(c.Topics)
	if err != nil {
		return err
	}
	topics := make([]community.Topic, len(wanted))
	for i, t := range wanted {
		topics[i] = community.Topic{Name: t.Name, Keywords: t.Keywords}
	}
	return withApp(ctx, c.Config, streams, func(app *server.App) error {
		return app.Write(ctx, func(ctx context.Context, tx listeners.Tx) error {
			seed := app.Desk.NewID()
			b, err := community.AddBrand(ctx, tx, community.Brand{Slug: c.Slug, Name: c.Name, Language: c.Language, ReviewSeed: seed}, topics)
			if err == nil {
				fmt.Fprintf(streams.Err, "brand %s added with %d topics\n", b.Slug, len(topics))
			}
			return err
		})
	})
}

// brandNamed is the id of the brand with a short name; 0, for every brand, where none is named.
func brandNamed(ctx context.Context, app *server.App, slug string) (int64, error) {
	if slug == "" {
		return 0, nil
	}
	b, err := community.FindBrand(ctx, app.DB.Read(), slug)
	return b.ID, err
}
