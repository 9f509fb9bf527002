package server

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
)

// Simulator plays days of a brand, tells how far it is in percent, and gives what came of it as JSON. Where progress
// fails, nobody waits for it any more.
type Simulator func(ctx context.Context, a *App, s moderation.Simulation, progress func(percent int) error) ([]byte, error)

type simulate struct {
	river.WorkerDefaults[moderation.SimulateJob]
	app *App
}

// Timeout is how long a simulation may take.
func (w *simulate) Timeout(*river.Job[moderation.SimulateJob]) time.Duration {
	return moderation.SimulationTime
}

// Work is called by River; after a crash the simulation begins anew.
func (w *simulate) Work(ctx context.Context, job *river.Job[moderation.SimulateJob]) error {
	return w.app.simulate(ctx, job.Args)
}

func (a *App) simulate(ctx context.Context, job moderation.SimulateJob) error {
	s, err := moderation.FindSimulation(ctx, a.DB.Read(), 0, job.ID)
	if err != nil || !s.Under(a.Now()) || a.Config.Simulate == nil {
		return err
	}
	progress := func(percent int) error {
		return a.Write(ctx, func(ctx context.Context, tx listeners.Tx) error { return moderation.Played(ctx, tx, s.ID, percent) })
	}
	result, failed := a.Config.Simulate(ctx, a, s, progress)
	if ctx.Err() != nil && context.Cause(ctx) != context.DeadlineExceeded {
		return ctx.Err() // the process ends; the next one plays it
	}
	if failed != nil && !errors.Is(failed, moderation.ErrStopped) {
		a.Log.Error("simulation failed", "simulation", s.ID, "error", failed)
	}
	return a.Write(context.WithoutCancel(ctx), func(ctx context.Context, tx listeners.Tx) error {
		return moderation.EndSimulation(ctx, tx, s.ID, result, failed)
	})
}
