// Package simulation is the wind tunnel: the product's own intake, rules, matching, claims, reviews and
// delivery on a time that is moved by hand, with simulated customers and members around it.
//
// A scenario says who there is (people), what customers write and when (arrivals, storms), and what goes
// wrong (trouble). The engine plays it event by event against a real database in a temporary folder and a
// sandbox network that is called without a socket, and does everything that members do through the same
// functions as the pages. Each simulated thing draws from dice of its own, so that one more reviewer
// changes nothing about what customers write, and the same seed plays the same: the trace, a hash of all
// that happened, is the same too.
//
// A report says how questions fared, what it took, and what would close the hole that is left: a lever is a
// change of the people with which the scenario is played again. An invariant is something of which nothing
// that happens may be an exception; with trouble, each is looked at after every step.
package simulation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
)

// Options say how a scenario is played.
type Options struct {
	Seed uint64
	Log  *slog.Logger // of the product; nil is silent
	// Folder is where the temporary database is made; "" for the machine's own place.
	Folder string
	// Progress hears after each simulated day; nil: nobody does.
	Progress func(day, days int)
	// Invariants are looked at as the scenario goes on, see Invariants; nil: none is.
	Invariants []Invariant
	// Levers also plays the scenario with each lever, to say what would close the hole.
	Levers bool

	// Share is the part of a processor that it takes beside others, who come first; 0: as much as there is.
	Share float64

	template string // a migrated database to begin with, closed; "" for an empty one
}

// Run plays a scenario and says how it went. The database that it made is gone afterwards.
func Run(ctx context.Context, s Scenario, opt Options) (Report, error) {
	if err := s.Check(); err != nil {
		return Report{}, err
	}
	r, err := play(ctx, s, opt)
	if err != nil || !opt.Levers {
		return r, err
	}
	return r, r.pullLevers(ctx, s, opt)
}

// play plays a scenario once.
func play(ctx context.Context, s Scenario, opt Options) (r Report, err error) {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	folder, err := os.MkdirTemp(opt.Folder, "kith-simulation-")
	if err != nil {
		return r, fmt.Errorf("make a folder for the simulation: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if opt.template != "" {
		if err := os.CopyFS(folder, os.DirFS(opt.template)); err != nil {
			return r, fmt.Errorf("copy the database to begin with: %w", err)
		}
	}
	e := newEngine(s, opt, folder)
	defer func() { err = errors.Join(err, e.close()) }()
	if err := e.begin(ctx); err != nil {
		return r, fmt.Errorf("begin the simulation: %w", err)
	}
	if err := e.run(ctx); err != nil {
		return r, err
	}
	return e.report(ctx)
}
