package server

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
)

// sweep is work that falls due as the product's time passes. It looks first, without writing, whether
// there is anything to do; several processes may run it at once, and one that ran twice has done no harm.
type sweep struct {
	what  string // for the log, where it fails
	every time.Duration
	run   func(context.Context) error
}

// sweeps are all of them.
func (a *App) sweeps() []sweep {
	return []sweep{
		{"end claims that are over", time.Second, a.endLeases},
		{"tell of answers that wait", 10 * time.Second, a.remindReviewers},
		{"raise cases that nobody takes", 30 * time.Second, a.climb},
		{"let cases be late", 10 * time.Second, a.runLate},
		{"let cases overflow", 2 * time.Second, a.overflow},
		{"weigh trust", 2 * time.Second, a.weighTrust},
		{"give badges", 5 * time.Second, a.awardBadges},
		{"look for unfair points", 5 * time.Second, a.watchPoints},
		{"turn seasons", time.Minute, a.turnSeasons},
		{"tell people of their long weeks", time.Minute, a.tellHours},
		{"forget old hours", time.Hour, a.forgetHours},
		{"end suspensions that are over", time.Minute, a.endSuspensions},
		{"forget who has left", time.Minute, a.forgetPresence},
		{"call for help", time.Minute, a.callForHelp},
		{"forget what networks brought", 10 * time.Minute, a.forgetBrought},
		{"write down what was promised", 2 * time.Second, a.followPledges},
		{"look at posts again", 10 * time.Minute, a.recheck},
		{"remind of what is to be posted by hand", 10 * time.Second, a.remindHands},
		{"watch for what is not as usual", 10 * time.Second, a.watch},
		{"tell of alerts", 2 * time.Second, a.tellAlerts},
		{"tell receivers of alerts", 2 * time.Second, a.tellReceivers},
		{"end old clusters", 10 * time.Minute, a.endClusters},
		{"forget old minutes", 10 * time.Minute, a.forgetPulse},
		{"learn from corrections", time.Second, a.learn},
		{"take over what others have learned", 2 * time.Second, a.Intake.Refresh},
	}
}

// Sweep runs every sweep once, in order.
func (a *App) Sweep(ctx context.Context) error {
	for _, s := range a.sweeps() {
		if err := s.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", s.what, err)
		}
	}
	return nil
}

// runSweeps runs every sweep at its pace until ctx ends.
func (a *App) runSweeps(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	for _, s := range a.sweeps() {
		running.Go(func() {
			tick := time.NewTicker(s.every)
			defer tick.Stop()
			for {
				if err := s.run(ctx); err != nil && ctx.Err() == nil {
					a.Log.Error("could not "+s.what, "error", err)
				}
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
			}
		})
	}
}

// leasesAtOnce bounds how many claims end in one transaction.
const leasesAtOnce = 200

// endLeases frees cases whose claim ran out.
func (a *App) endLeases(ctx context.Context) error {
	for {
		over, err := community.LeasesOver(ctx, a.DB.Read(), a.Now())
		if err != nil || !over {
			return err
		}
		ended := 0
		err = a.Write(ctx, func(ctx context.Context, tx listeners.Tx) (err error) {
			ended, err = community.EndLeases(ctx, tx, leasesAtOnce)
			return err
		})
		if err != nil || ended < leasesAtOnce {
			return err
		}
	}
}

// remindHands reminds of what is to be posted by hand, and puts back what nobody has posted.
func (a *App) remindHands(ctx context.Context) error {
	for {
		due, err := community.HandsDue(ctx, a.DB.Read(), a.Now())
		if err != nil || !due {
			return err
		}
		reminded := 0
		err = a.Write(ctx, func(ctx context.Context, tx listeners.Tx) (err error) {
			reminded, err = community.RemindHands(ctx, tx, leasesAtOnce)
			return err
		})
		if err != nil || reminded < leasesAtOnce {
			return err
		}
	}
}

// awardBadges gives badges for what has matured.
func (a *App) awardBadges(ctx context.Context) error {
	brands, err := community.Brands(ctx, a.DB.Read())
	if err != nil {
		return err
	}
	for id := range brands {
		for {
			due, err := community.BadgesDue(ctx, a.DB.Read(), id, a.Now())
			if err != nil {
				return err
			}
			if !due {
				break
			}
			if err := a.Write(ctx, func(ctx context.Context, tx listeners.Tx) error { return community.AwardBadges(ctx, tx, id) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// watchPoints runs the detectors that are due over what members earned, and ends reviews that nobody decided.
func (a *App) watchPoints(ctx context.Context) error {
	brands, err := community.Brands(ctx, a.DB.Read())
	if err != nil {
		return err
	}
	for id := range brands {
		due, err := gamification.WatchesDue(ctx, a.DB.Read(), id, a.Now())
		if err != nil {
			return err
		}
		for _, w := range due {
			signs, err := community.ReadSigns(ctx, a.DB.Read(), id, a.Now(), w)
			if err != nil {
				return err
			}
			hits := w.Detect(signs, a.Now())
			if err := a.Write(ctx, func(ctx context.Context, tx listeners.Tx) error { return community.Freeze(ctx, tx, id, w, hits) }); err != nil {
				return err
			}
		}
	}
	over, err := gamification.FairDue(ctx, a.DB.Read(), a.Now())
	if err != nil || !over {
		return err
	}
	return a.Write(ctx, func(ctx context.Context, tx listeners.Tx) error { return community.LapseFair(ctx, tx, leasesAtOnce) })
}

// weighedAtOnce bounds how many members' trust is weighed in one transaction.
const weighedAtOnce = 50

// weighTrust looks again at advocates whose answers somebody has judged since, and at grants and graces
// that end.
func (a *App) weighTrust(ctx context.Context) error {
	for {
		due, err := community.TrustDue(ctx, a.DB.Read(), a.Now())
		if err != nil || !due {
			return err
		}
		weighed := 0
		err = a.Write(ctx, func(ctx context.Context, tx listeners.Tx) (err error) {
			weighed, err = community.WeighTrust(ctx, tx, weighedAtOnce)
			return err
		})
		if err != nil || weighed < weighedAtOnce {
			return err
		}
	}
}

// endSuspensions gives members their place back whose time is over.
func (a *App) endSuspensions(ctx context.Context) error {
	over, err := community.SuspensionsOver(ctx, a.DB.Read(), a.Now())
	if err != nil || !over {
		return err
	}
	return a.Write(ctx, func(ctx context.Context, tx listeners.Tx) error {
		return community.EndSuspensions(ctx, tx, leasesAtOnce)
	})
}

// tellHours speaks to people whose week has become long.
func (a *App) tellHours(ctx context.Context) error {
	due, err := community.HoursDue(ctx, a.DB.Read(), a.Now())
	if err != nil || !due {
		return err
	}
	return a.Write(ctx, community.TellHours)
}

// forgottenAtOnce bounds how many minutes are forgotten in one transaction.
const forgottenAtOnce = 5000

// forgetHours deletes what no week needs any more.
func (a *App) forgetHours(ctx context.Context) error {
	for {
		old, err := community.HoursOld(ctx, a.DB.Read(), a.Now())
		if err != nil || !old {
			return err
		}
		err = a.Write(ctx, func(ctx context.Context, tx listeners.Tx) error {
			_, err := community.ForgetHours(ctx, tx, forgottenAtOnce)
			return err
		})
		if err != nil {
			return err
		}
	}
}

// forgetBrought deletes the ids of deliveries that no network brings again, and old dead letters.
func (a *App) forgetBrought(ctx context.Context) error {
	for {
		old, err := listeners.BroughtOld(ctx, a.DB.Read(), a.Now())
		if err != nil || !old {
			return err
		}
		err = a.Write(ctx, func(ctx context.Context, tx listeners.Tx) error {
			return listeners.ForgetBrought(ctx, tx, forgottenAtOnce)
		})
		if err != nil {
			return err
		}
	}
}
