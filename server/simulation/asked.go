package simulation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server"
)

// share is the part of a processor that a play takes beside a running product.
const share = 0.5

// errNothing is told where a brand has no past.
var errNothing = errors.New("nobody wrote to this brand on those days")

// Asked plays what somebody has asked for on a page, one thing at a time and with pauses, so that the product that
// they ask goes on. It is a server.Simulator.
func Asked(ctx context.Context, a *server.App, asked moderation.Simulation, progress func(percent int) error) ([]byte, error) {
	s := Month().Shorter(asked.Days)
	if asked.Source == moderation.OwnDays {
		err := a.DB.ReadTx(ctx, func(ctx context.Context, read bun.IDB) error {
			brands, err := community.Brands(ctx, read)
			if err != nil {
				return err
			}
			s, err = Own(ctx, read, brands[asked.BrandID], asked.Days, a.Now())
			return err
		})
		if err != nil {
			return nil, err
		}
		if s.past.posts() == 0 {
			return nil, errNothing
		}
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	played, plays := 0, 1+len((&Hole{}).levers())
	r, err := Run(ctx, s, Options{Seed: 1, Levers: true, Share: share, Progress: func(_, days int) {
		played++
		if err := progress(min(99, 100*played/(days*plays))); err != nil {
			stop(err)
		}
	}})
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return nil, cause
	}
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("write the report: %w", err)
	}
	return text, nil
}

// posts counts what customers wrote.
func (p *past) posts() (n int) {
	for _, d := range p.days {
		n += len(d)
	}
	return n
}

// breather lets others work in turn: it rests so that only a share of the time is worked.
type breather struct {
	share float64
	since clock.Time // of the machine: it is work that is measured
}

// breathe rests for a while where there was work for one.
func (b *breather) breathe(ctx context.Context) error {
	if b.share <= 0 || b.share >= 1 {
		return nil
	}
	if b.since == 0 {
		b.since = clock.System()
	}
	worked := clock.System().Sub(b.since)
	if worked < 50*time.Millisecond {
		return nil
	}
	rest := time.NewTimer(time.Duration(float64(worked) * (1/b.share - 1)))
	defer rest.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-rest.C:
	}
	b.since = clock.System()
	return nil
}
