package server

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/server/db"
)

// giveNotice stores a notice that something in the domain asked for.
type giveNotice struct {
	river.WorkerDefaults[community.NoticeJob]
	app *App
}

// Work is called by River; a job that fails is tried again.
func (w *giveNotice) Work(ctx context.Context, job *river.Job[community.NoticeJob]) error {
	return w.app.Do(ctx, job.Args)
}

// Do does an outward job at once, for who holds the queue in their own hands, see Config.Enqueue. Jobs that only
// River runs are left out.
func (a *App) Do(ctx context.Context, args river.JobArgs) error {
	switch job := args.(type) {
	case community.NoticeJob:
		return a.Write(ctx, func(ctx context.Context, tx listeners.Tx) error { return community.Give(ctx, tx, job) })
	case community.PushJob:
		return a.push(ctx, job)
	case moderation.SimulateJob:
		return a.simulate(ctx, job)
	}
	return nil
}

// tidyJob asks for what nobody needs any more to be deleted.
type tidyJob struct{}

// Kind names the job.
func (tidyJob) Kind() string { return "tidy" }

type tidy struct {
	river.WorkerDefaults[tidyJob]
	app *App
}

// Work deletes sessions and sign-in links that are over.
func (w *tidy) Work(ctx context.Context, _ *river.Job[tidyJob]) error {
	return w.app.Write(ctx, func(ctx context.Context, tx listeners.Tx) error {
		return access.Tidy(ctx, tx)
	})
}

// jobs makes the worker of the outward jobs; with several replicas one of them leads the hourly one.
func (a *App) jobs() (db.Worker, error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, &giveNotice{app: a})
	river.AddWorker(workers, &push{app: a})
	river.AddWorker(workers, &tellReceiver{app: a})
	river.AddWorker(workers, &simulate{app: a})
	river.AddWorker(workers, &tidy{app: a})
	w, err := a.DB.NewRiver(&river.Config{
		Queues:  map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 4}},
		Workers: workers,
		PeriodicJobs: []*river.PeriodicJob{
			river.NewPeriodicJob(river.PeriodicInterval(time.Hour), func() (river.JobArgs, *river.InsertOpts) { return tidyJob{}, nil }, nil),
		},
	})
	if err != nil {
		return nil, fmt.Errorf("prepare the jobs: %w", err)
	}
	return w, nil
}
