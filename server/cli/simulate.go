package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/server"
	"github.com/kith-social/kith/server/db"
	"github.com/kith-social/kith/server/simulation"
)

type simulateCmd struct {
	server.Config
	Scenario string `help:"TOML file of a scenario. Default: the month of a brand with three employees and twenty advocates, or the brand's own." type:"existingfile" placeholder:"FILE"`
	Brand    string `help:"Short name of a brand whose own people, posts, settings and rules of the last days are played. Its database is only read." placeholder:"BRAND"`
	Days     int    `help:"How many days are played. Default: all of the scenario, and of a brand's own past 30." placeholder:"N"`
	Seed     uint64 `help:"Of the dice: the same seed plays the same." default:"1" placeholder:"S"`
	Levers   bool   `help:"Also play it with more people where most questions wait, to say what would help; takes four times as long." default:"true" negatable:""`
}

// ownDays is how much of a brand's past is played.
const ownDays = 30

var errSchema = errors.New("the database is not of this version; run kith migrate first")

func (c *simulateCmd) Run(ctx context.Context, streams IO) error {
	s, err := c.scenario(ctx)
	if err != nil {
		return err
	}
	r, err := simulation.Run(ctx, s, simulation.Options{
		Seed: c.Seed, Levers: c.Levers, Log: nil,
		Progress: func(day, days int) { fmt.Fprintf(streams.Err, "day %d of %d\n", day+1, days) },
	})
	if err != nil {
		return err
	}
	for _, line := range r.Said {
		fmt.Fprintln(streams.Err, line)
	}
	out := json.NewEncoder(streams.Out)
	out.SetIndent("", "  ")
	return out.Encode(r)
}

func (c *simulateCmd) scenario(ctx context.Context) (simulation.Scenario, error) {
	switch {
	case c.Days < 0:
		return simulation.Scenario{}, fmt.Errorf("%w: --days is at least 1", errUsage)
	case c.Scenario != "" && c.Brand != "":
		return simulation.Scenario{}, fmt.Errorf("%w: give a --scenario or a --brand", errUsage)
	case c.Brand != "":
		return c.own(ctx)
	case c.Scenario != "":
		text, err := os.ReadFile(c.Scenario)
		if err != nil {
			return simulation.Scenario{}, err
		}
		s, err := simulation.Read(string(text))
		if err != nil {
			return s, fmt.Errorf("%w: %w", errUsage, err)
		}
		return s.Shorter(c.Days), nil
	}
	return simulation.Month().Shorter(c.Days), nil
}

// own reads a brand's own last days.
func (c *simulateCmd) own(ctx context.Context) (s simulation.Scenario, err error) {
	if !c.Postgres() {
		if _, err := os.Stat(c.Address()[len("sqlite:"):]); err != nil {
			return s, err
		}
	}
	d, err := db.Open(ctx, c.Address(), db.Options{})
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	pending, err := d.Pending(ctx)
	if err != nil {
		return s, err
	}
	if pending > 0 {
		return s, errSchema
	}
	err = d.ReadTx(ctx, func(ctx context.Context, tx bun.IDB) error {
		brand, err := community.FindBrand(ctx, tx, c.Brand)
		if err != nil {
			return err
		}
		s, err = simulation.Own(ctx, tx, brand, cmp.Or(c.Days, ownDays), clock.System())
		return err
	})
	return s, err
}
