package cli

import (
	"context"
	"fmt"
	"net/http"

	"github.com/kith-social/kith/listeners/sandbox"
	"github.com/kith-social/kith/server"
	"github.com/kith-social/kith/server/simulation"
)

type serveCmd struct {
	server.Config
}

func (c *serveCmd) Run(ctx context.Context, streams IO) error {
	c.Simulate = simulation.Asked
	return withApp(ctx, c.Config, streams, func(app *server.App) error {
		return app.Serve(ctx, func(url string) { fmt.Fprintln(streams.Out, "ready", url) })
	})
}

type sandboxCmd struct {
	Listen  string `help:"Address to serve on." default:"127.0.0.1:8090" placeholder:"ADDR"`
	Limits  string `help:"The networks' own limits: on or off." default:"on" enum:"on,off"`
	Threads string `help:"CSV of real conversations to put on the network (columns of the Customer Support on Twitter set)." type:"existingfile" placeholder:"FILE"`
}

func (c *sandboxCmd) Run(ctx context.Context, streams IO) error {
	network := sandbox.New(sandbox.Config{Limits: c.Limits == "on"})
	if c.Threads != "" {
		if err := loadThreads(network, c.Threads, streams); err != nil {
			return err
		}
	}
	return server.ServeUntil(ctx, c.Listen, http.Handler(network), func(url string) { fmt.Fprintln(streams.Out, "ready", url) })
}
