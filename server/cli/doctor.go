package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server"
	"github.com/kith-social/kith/web"
)

type doctorCmd struct {
	server.Config
	Brand    string `help:"Short name of the brand that is looked at. Default: every brand."`
	Language string `help:"Language of what is said: en or vi." default:"en" enum:"en,vi"`
	JSON     bool   `name:"json" help:"One JSON object a finding, one a line."`
}

// finding is one thing that was looked at: fine, worth a word, or to be mended.
type finding struct {
	Code       string          `json:"code"`
	Level      listeners.Level `json:"level"`
	OK         bool            `json:"ok"` // false where it must be mended
	Says       string          `json:"says"`
	Fix        string          `json:"fix,omitempty"`
	Brand      string          `json:"brand,omitempty"`
	Connection string          `json:"connection,omitempty"` // its id
	Network    string          `json:"network,omitempty"`
	Account    string          `json:"account,omitempty"`
}

var errUnwell = errors.New("something needs attention")

func (c *doctorCmd) Run(ctx context.Context, streams IO) error {
	return withApp(ctx, c.Config, streams, func(app *server.App) error {
		brandID, err := brandNamed(ctx, app, c.Brand)
		if err != nil {
			return err
		}
		all, err := lookAtDatabase(ctx, app)
		if err != nil {
			return err
		}
		connections, err := lookAtConnections(ctx, app, brandID, c.Language)
		if err != nil {
			return err
		}
		people, err := lookAtPeople(ctx, app, brandID)
		if err != nil {
			return err
		}
		return tell(streams, append(append(all, connections...), people...), c.JSON)
	})
}

// marks stand before a finding, as wide as each other.
var marks = map[listeners.Level]string{listeners.Fine: "ok  ", listeners.Warning: "note", listeners.Problem: "FIX "}

// tell prints what was found; errUnwell where something must be mended.
func tell(streams IO, all []finding, asJSON bool) error {
	encode, well := json.NewEncoder(streams.Out), true
	for _, f := range all {
		f.OK = f.Level != listeners.Problem
		well = well && f.OK
		if asJSON {
			if err := encode.Encode(f); err != nil {
				return err
			}
			continue
		}
		about := ""
		if f.Connection != "" {
			about = fmt.Sprintf("%s %s (%s): ", f.Network, f.Account, f.Connection)
		}
		fmt.Fprintf(streams.Out, "%s %-18s %s%s\n", marks[f.Level], f.Code, about, f.Says)
		if f.Fix != "" {
			fmt.Fprintf(streams.Out, "     %-18s → %s\n", "", f.Fix)
		}
	}
	if !well {
		return errUnwell
	}
	return nil
}

func lookAtDatabase(ctx context.Context, app *server.App) ([]finding, error) {
	version, err := app.DB.Version(ctx)
	if err != nil {
		return nil, err
	}
	return []finding{{Code: "database", Level: listeners.Fine, Says: fmt.Sprintf("answers, schema %d", version)}}, nil
}

// lookAtConnections asks every network that is connected how things stand.
func lookAtConnections(ctx context.Context, app *server.App, brandID int64, language string) ([]finding, error) {
	all, err := listeners.Connections(ctx, app.DB.Read(), brandID)
	if err != nil {
		return nil, err
	}
	brands, err := community.Brands(ctx, app.DB.Read())
	if err != nil {
		return nil, err
	}
	var found []finding
	for _, c := range all {
		if c.State == listeners.Removed {
			continue
		}
		of, err := examine(ctx, app, c, brands[c.BrandID].Slug, language)
		if err != nil {
			return nil, err
		}
		found = append(found, of...)
	}
	if len(found) == 0 {
		return []finding{{Code: "connections", Level: listeners.Problem, Says: "no account is connected", Fix: "connect one on the page Connections, or with kith connection add"}}, nil
	}
	return found, nil
}

// examine asks the network of a connection how it stands, keeps that for the connection's page, and tells
// what the page tells.
func examine(ctx context.Context, app *server.App, c listeners.Connection, brand, language string) ([]finding, error) {
	asked, plan := app.Doctor.Examine(ctx, c)
	err := app.Write(ctx, func(ctx context.Context, tx listeners.Tx) error { return listeners.Keep(ctx, tx, c.ID, asked, plan) })
	if err != nil {
		return nil, err
	}
	if c, err = listeners.FindConnection(ctx, app.DB.Read(), c.ID); err != nil { // its secrets may be new
		return nil, err
	}
	own, err := app.Doctor.Look(ctx, c)
	if err != nil {
		return nil, err
	}
	ctx = web.WithView(ctx, web.View{Lang: language, Zone: time.Local, Now: app.Now()})
	var found []finding
	for _, f := range append(own, asked...) {
		says, fix := web.FindingTexts(ctx, f)
		found = append(found, finding{
			Code: f.Code, Level: f.Level, Says: says, Fix: fix, Brand: brand, Connection: fmt.Sprint(c.ID), Network: c.Network, Account: c.Title(),
		})
	}
	return found, nil
}

func lookAtPeople(ctx context.Context, app *server.App, brandID int64) ([]finding, error) {
	q := app.DB.Read().NewSelect().Table("members").Where("role = 'admin' AND state = 'active'")
	if brandID != 0 {
		q = q.Where("brand_id = ?", brandID)
	}
	admins, err := q.Count(ctx)
	if err != nil {
		return nil, err
	}
	f := finding{Code: "people", Level: listeners.Fine, Says: fmt.Sprintf("%d administrators", admins)}
	if admins == 0 {
		f.Level, f.Fix = listeners.Problem, "kith member add EMAIL --role admin --brand B"
	}
	return []finding{f}, nil
}
