package gamification_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/server/db"
	"github.com/kith-social/kith/server/db/dbtest"
)

// However many ask at once, the budget is never overspent, and what is refused or taken back is there again.
func TestBudgetsHold(t *testing.T) {
	const atOnce = 64
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		withMembers(t, d, atOnce+2)
		for round := range 3 {
			p := gamification.Programme{
				BrandID: 1, Kind: gamification.EventSeat, Name: "n", What: "w", Cost: 1 + rand.IntN(9), Budget: rand.IntN(200), MadeBy: 1, CreatedAt: start,
			}
			in(t, d, func(ctx context.Context, tx db.Tx) error {
				_, err := tx.NewInsert().Model(&p).Exec(ctx)
				return err
			})
			var all sync.WaitGroup
			got := make([]error, atOnce)
			for i := range got {
				all.Go(func() {
					mine := p
					got[i] = d.Transact(t.Context(), db.Full, func(ctx context.Context, tx db.Tx) error {
						return mine.Ask(ctx, tx, start, int64(i+1), fmt.Sprintf("%d:%d", round, i), "")
					})
				})
			}
			all.Wait()
			given := 0
			for _, err := range got {
				if err == nil {
					given++
				} else if !errors.Is(err, gamification.ErrBudget) {
					t.Fatal(err)
				}
			}
			spent := func() int {
				t.Helper()
				n, err := p.Spent(t.Context(), d.Read())
				if err != nil {
					t.Fatal(err)
				}
				return n
			}
			if want := min(atOnce, p.Budget/p.Cost); given != want || spent() != given*p.Cost {
				t.Fatalf("of a budget of %d, %d each, %d were given, and %d is spent", p.Budget, p.Cost, given, spent())
			}
			for i, err := range got {
				if err != nil {
					continue
				}
				steps := []gamification.Step{gamification.Refused}
				if i%2 == 0 {
					steps = []gamification.Step{gamification.Granted, gamification.TakenBack}
				}
				for _, step := range steps {
					in(t, d, func(ctx context.Context, tx db.Tx) error {
						_, err := p.Decide(ctx, tx, start, fmt.Sprintf("%d:%d", round, i), step, "", atOnce+1)
						return err
					})
				}
			}
			if spent() != 0 {
				t.Fatalf("all is given back, and %d is spent", spent())
			}
		}
	})
}

func in(t *testing.T, d *db.DB, f func(context.Context, db.Tx) error) {
	t.Helper()
	if err := d.Transact(t.Context(), db.Full, f); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsLikeMoneyTakesTwo(t *testing.T) {
	d := dbtest.New(t)
	withMembers(t, d, 4)
	p := gamification.Programme{BrandID: 1, Kind: gamification.CashLike, Name: "n", What: "w", Cost: 5, Budget: 10, MadeBy: 1, CreatedAt: start}
	in(t, d, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewInsert().Model(&p).Exec(ctx)
		return err
	})
	decide := func(by int64, step gamification.Step) error {
		return d.Transact(t.Context(), db.Full, func(ctx context.Context, tx db.Tx) error {
			_, err := p.Decide(ctx, tx, start, "r", step, "", by)
			return err
		})
	}
	ask := func() error {
		return d.Transact(t.Context(), db.Full, func(ctx context.Context, tx db.Tx) error { return p.Ask(ctx, tx, start, 1, "r", "") })
	}
	for _, s := range []struct {
		what string
		err  error
		want error
	}{
		{"nobody asked", decide(2, gamification.Granted), gamification.ErrStep},
		{"asked", ask(), nil},
		{"asked again", ask(), gamification.ErrAsked},
		{"the first approves", decide(2, gamification.Granted), nil},
		{"and again", decide(2, gamification.Granted), gamification.ErrSecond},
		{"taken back before it was given", decide(3, gamification.TakenBack), gamification.ErrStep},
		{"the second approves", decide(3, gamification.Granted), nil},
		{"refused after it was given", decide(3, gamification.Refused), gamification.ErrStep},
		{"taken back", decide(3, gamification.TakenBack), nil},
		{"twice", decide(3, gamification.TakenBack), gamification.ErrStep},
	} {
		if !errors.Is(s.err, s.want) {
			t.Errorf("%s: %v, want %v", s.what, s.err, s.want)
		}
	}
	err := d.Transact(t.Context(), db.Full, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewRaw("DELETE FROM redemptions").Exec(ctx)
		return err
	})
	if err == nil {
		t.Error("a step was deleted")
	}
}
