package gamification_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/server/db"
	"github.com/kith-social/kith/server/db/dbtest"
)

// found runs one detector and returns whom it found.
func found(t *testing.T, d gamification.Detector, s gamification.Signs) (members []int64) {
	t.Helper()
	for _, w := range gamification.Watches {
		if w.Detector == d {
			for _, h := range w.Detect(&s, start) {
				members = append(members, h.MemberID)
				if h.Detector != d || h.Evidence.Is == 0 || h.To == 0 && len(h.Evidence.Cases) == 0 {
					t.Errorf("%s says too little: %+v", d, h)
				}
			}
		}
	}
	return members
}

func TestDetectors(t *testing.T) {
	today := int64(start) / day.Microseconds()
	days := func(member int64, lately int, before ...int) (all []gamification.Day) {
		for i, points := range before {
			all = append(all, gamification.Day{MemberID: member, Day: today - 2 - int64(i), Points: points})
		}
		return append(all, gamification.Day{MemberID: member, Day: today, Points: lately})
	}
	steady := []int{40, 50, 60, 45, 55, 50, 40, 60, 50, 50, 45}
	written := func(member int64, n int, change func(int, *gamification.Written)) (all []gamification.Written) {
		for i := range n {
			a := gamification.Written{
				MemberID: member, CaseID: member*100 + int64(i), TopicID: 1, Text: fmt.Sprintf("Answer %d of %d says where it is written and what to do next.", i, member),
				Claimed: start, Submitted: start.Add(time.Minute),
			}
			if change != nil {
				change(i, &a)
			}
			all = append(all, a)
		}
		return all
	}
	quick := func(_ int, a *gamification.Written) { a.Submitted = start.Add(2 * time.Second) }
	same := func(_ int, a *gamification.Written) {
		a.Text = "Please restart the app and it will work again, thank you."
	}
	words := func(member int64, n int, change func(*gamification.Word)) (all []gamification.Word) {
		for i := range n {
			o := gamification.Word{
				MemberID: member, CaseID: member*100 + int64(i), AccountID: member*100 + int64(i), First: start, Opened: start, Claimed: start.Add(20 * time.Minute),
				Answered: start.Add(25 * time.Minute), Said: start.Add(3 * time.Hour), Others: i%3 == 0,
			}
			if change != nil {
				change(&o)
			}
			all = append(all, o)
		}
		return all
	}
	staged := func(o *gamification.Word) {
		o.Claimed, o.Answered, o.Said, o.Others = start.Add(30*time.Second), start.Add(time.Minute), start.Add(3*time.Minute), false
	}
	handed := func(member int64, right, needless int) (all []gamification.Handover) {
		for i := range right + needless {
			all = append(all, gamification.Handover{MemberID: member, CaseID: int64(i + 1), Right: i < right})
		}
		return all
	}
	approvals := func(language string, n int, givers, authors []int64) (all []gamification.Approval) {
		dice := rand.New(rand.NewPCG(uint64(n), 7))
		for len(all) < n {
			g, a := givers[dice.IntN(len(givers))], authors[dice.IntN(len(authors))]
			if a != g {
				all = append(all, gamification.Approval{GiverID: g, MemberID: a, CaseID: int64(len(all) + 1), Language: language})
			}
		}
		return all
	}
	ids := func(from, to int64) (all []int64) {
		for id := from; id <= to; id++ {
			all = append(all, id)
		}
		return all
	}
	crowd := approvals("vi", 150, ids(11, 15), ids(11, 30))
	for _, c := range []struct {
		name  string
		of    gamification.Detector
		signs gamification.Signs
		want  []int64
	}{
		{"a day five times the usual", gamification.Jump, gamification.Signs{Days: days(1, 260, steady...)}, ids(1, 1)},
		{"twice the usual is a good day", gamification.Jump, gamification.Signs{Days: days(1, 110, steady...)}, nil},
		{"a newcomer has no history", gamification.Jump, gamification.Signs{Days: days(1, 400, steady[:5]...)}, nil},
		{"a storm makes all busy", gamification.Jump, gamification.Signs{Days: slices.Concat(days(1, 260, steady...), days(2, 250, steady...))}, nil},
		{"answers in two seconds", gamification.TooFast, gamification.Signs{Answers: written(1, 8, quick)}, ids(1, 1)},
		{"of a template, and said so", gamification.TooFast, gamification.Signs{Answers: written(1, 8, func(i int, a *gamification.Written) { quick(i, a); a.Declared = true })}, nil},
		{"a few quick ones", gamification.TooFast, gamification.Signs{Answers: append(written(1, 6, quick), written(1, 10, nil)...)}, nil},
		{"one text for two topics", gamification.Copied, gamification.Signs{Answers: written(1, 8, func(i int, a *gamification.Written) { same(i, a); a.TopicID = int64(i % 2) })}, ids(1, 1)},
		{"one text from hand to hand", gamification.Copied, gamification.Signs{Answers: append(written(1, 4, same), written(2, 4, same)...)}, ids(1, 2)},
		{"somebody who knows their answer", gamification.Copied, gamification.Signs{Answers: written(1, 12, same)}, nil},
		{"thanks is short", gamification.Copied, gamification.Signs{Answers: written(1, 12, func(i int, a *gamification.Written) { a.Text, a.TopicID = "You are welcome!", int64(i) })}, nil},
		{"customers of one's own", gamification.Puppets, gamification.Signs{Words: append(words(1, 5, staged), words(2, 20, nil)...)}, ids(1, 1)},
		{"a crowd that is always content at once", gamification.Puppets, gamification.Signs{Words: append(words(1, 5, staged), words(2, 20, staged)...)}, nil},
		{"customers", gamification.Puppets, gamification.Signs{Words: append(words(1, 9, nil), words(2, 20, nil)...)}, nil},
		{"everything is handed over", gamification.Needful, gamification.Signs{Handovers: handed(1, 2, 7)}, ids(1, 1)},
		{"careful, and mostly right", gamification.Needful, gamification.Signs{Handovers: handed(1, 8, 7)}, nil},
		{"six who approve each other", gamification.Circle, gamification.Signs{Approvals: append(approvals("vi", 60, ids(1, 6), ids(1, 6)), crowd...)}, ids(1, 6)},
		{"six in a community of six", gamification.Circle, gamification.Signs{Approvals: approvals("vi", 60, ids(1, 6), ids(1, 6))}, nil},
		{"those who read another language", gamification.Circle, gamification.Signs{Approvals: append(approvals("en", 60, ids(1, 6), ids(1, 6)), crowd...)}, nil},
		{"a community", gamification.Circle, gamification.Signs{Approvals: crowd}, nil},
	} {
		if got := found(t, c.of, c.signs); !slices.Equal(got, c.want) {
			t.Errorf("%s: %s finds %v, want %v", c.name, c.of, got, c.want)
		}
	}
}

// Communities that review by the queue, of many sizes, hold no circles.
func TestChanceMakesNoCircles(t *testing.T) {
	for seed := range uint64(300) {
		dice := rand.New(rand.NewPCG(seed, 1))
		reviewers, members, n := 2+dice.IntN(10), 12+dice.IntN(40), 30+dice.IntN(400)
		var all []gamification.Approval
		for len(all) < n {
			g, a := int64(1+dice.IntN(reviewers)), int64(1+dice.IntN(1+dice.IntN(members))) // some write much more than others
			if g != a {
				all = append(all, gamification.Approval{GiverID: g, MemberID: a, CaseID: int64(len(all)), Language: []string{"vi", "vi", "en"}[a%3]})
			}
		}
		if got := found(t, gamification.Circle, gamification.Signs{Approvals: all}); len(got) > 0 {
			t.Errorf("seed %d: %d reviewers, %d members, %d approvals: a circle of %v", seed, reviewers, members, n, got)
		}
	}
}

// However awards, reversals, freezes, decisions and appeals follow each other: what a member has is the sum of what
// stands, no freeze outlives its week, the ledger verifies, and taking everything back leaves nothing.
func TestFairPlayKeepsTheLedger(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const member, cases = 1, 6
		withMembers(t, d, 3)
		withCases(t, d, cases)
		rapid.Check(t, func(r *rapid.T) {
			now := start
			type standing struct{ undone, unfair, restored bool }
			known := map[string]*standing{}
			amounts := map[string]int{}
			entry := map[int64]string{} // of the ledger, by id
			err := d.Transact(context.Background(), db.Full, func(ctx context.Context, tx db.Tx) error {
				sum := func() (n int) {
					for event, s := range known {
						if !s.undone && (!s.unfair || s.restored) {
							n += amounts[event]
						}
					}
					return n
				}
				for i := range rapid.IntRange(1, 16).Draw(r, "steps") {
					now = now.Add(time.Duration(rapid.IntRange(0, 60).Draw(r, "hours")) * time.Hour)
					cases, err := gamification.FairCasesOf(ctx, tx, member, 100)
					if err != nil {
						return err
					}
					var c *gamification.FairCase
					if len(cases) > 0 {
						c = &cases[rapid.IntRange(0, len(cases)-1).Draw(r, "case")]
					}
					settle := func(take, decided bool) error {
						all, err := c.EntriesOf(ctx, tx)
						for _, e := range all {
							s := known[entry[e.ID]]
							switch {
							case decided && take && !s.undone:
								s.unfair = true
							case !decided && s.unfair:
								s.restored = true
							}
						}
						return err
					}
					switch rapid.IntRange(0, 6).Draw(r, "what") {
					case 0, 1:
						e := gamification.Entry{
							BrandID: 1, MemberID: member, CaseID: rapid.Int64Range(1, 6).Draw(r, "of"), Event: fmt.Sprintf("f:%d:%d:%d", member, now, i),
							Rule: rapid.SampledFrom(gamification.Rules).Draw(r, "rule"),
						}
						if err := gamification.Earn(ctx, tx, now, e); err != nil {
							return err
						}
						latest, err := gamification.Entries(ctx, tx, member, 1)
						if err != nil {
							return err
						}
						known[e.Event], amounts[e.Event], entry[latest[0].ID] = &standing{}, latest[0].Amount, e.Event
					case 2:
						if len(known) == 0 {
							continue
						}
						event := rapid.SampledFrom(slices.Sorted(maps.Keys(known))).Draw(r, "event")
						if err := gamification.Reverse(ctx, tx, now, event, gamification.CameBack); err != nil {
							return err
						}
						known[event].undone = true
					case 3:
						hit := gamification.Hit{MemberID: member, Detector: gamification.Copied, Evidence: gamification.Evidence{Is: 6, Cases: []int64{1, 2, 3}}}
						if rapid.Bool().Draw(r, "all") {
							hit.Detector, hit.From, hit.To = gamification.Jump, 0, now+1
						}
						if _, _, err := gamification.OpenFair(ctx, tx, now, 1, hit); err != nil {
							return err
						}
					case 4:
						if _, err := gamification.LapseFair(ctx, tx, now, 10); err != nil {
							return err
						}
					case 5:
						if c == nil {
							continue
						}
						take := rapid.Bool().Draw(r, "take")
						err := gamification.DecideFair(ctx, tx, now, c, member+1, take, "as it seems to me")
						if err == nil {
							err = settle(take, true)
						}
						if err != nil && !errors.Is(err, gamification.ErrFairDecided) {
							return err
						}
					case 6:
						if c == nil {
							continue
						}
						if err := gamification.AppealFair(ctx, tx, now, c, "I wrote each of them"); errors.Is(err, gamification.ErrFairDecided) {
							continue
						} else if err != nil {
							return err
						}
						give := rapid.Bool().Draw(r, "give")
						if err := gamification.DecideFairAppeal(ctx, tx, now, c, member+2, give, "I looked at each of them"); err != nil {
							return err
						}
						if give {
							if err := settle(false, false); err != nil {
								return err
							}
						}
					}
					if p, err := gamification.PointsOf(ctx, tx, member, now); err != nil || p.Balance+p.Pending+p.Frozen != sum() {
						return fmt.Errorf("step %d: %+v, want together %d; %w", i, p, sum(), err)
					}
				}
				wrong, err := gamification.Verify(ctx, tx)
				if err != nil || len(wrong) > 0 {
					return fmt.Errorf("the ledger contradicts itself: %q, %w", wrong, err)
				}
				later := now.Add(gamification.LongestFreeze)
				if p, err := gamification.PointsOf(ctx, tx, member, later); err != nil || p != (gamification.Points{Balance: sum()}) {
					return fmt.Errorf("a week later: %+v, want %d; %w", p, sum(), err)
				}
				for event := range known {
					if err := gamification.Reverse(ctx, tx, now, event, gamification.NotSent); err != nil {
						return err
					}
				}
				if p, err := gamification.PointsOf(ctx, tx, member, later); err != nil || p != (gamification.Points{}) {
					return fmt.Errorf("all taken back: %+v, want nothing; %w", p, err)
				}
				wrong, err = gamification.Verify(ctx, tx)
				if err != nil || len(wrong) > 0 {
					return fmt.Errorf("the ledger contradicts itself in the end: %q, %w", wrong, err)
				}
				return errDone // leave nothing for the next run of the same member
			})
			if !errors.Is(err, errDone) {
				r.Fatal(err)
			}
		})
	})
}

var errDone = errors.New("done")

func TestFreeze(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		withMembers(t, d, 3)
		withCases(t, d, 4)
		do := func(f func(context.Context, db.Tx) error) {
			t.Helper()
			if err := d.Transact(t.Context(), db.Full, f); err != nil {
				t.Fatal(err)
			}
		}
		want := func(what string, now clock.Time, p gamification.Points) {
			t.Helper()
			if got := points(t, d, 1, now); got != p {
				t.Errorf("%s: %+v, want %+v", what, got, p)
			}
		}
		for i := range int64(3) {
			do(func(ctx context.Context, tx db.Tx) error {
				return gamification.Earn(ctx, tx, start, gamification.Entry{BrandID: 1, MemberID: 1, CaseID: i + 1, Event: fmt.Sprint("review:", i), Rule: gamification.Approved})
			})
		}
		hit := func(now clock.Time, cases ...int64) (opened bool) {
			do(func(ctx context.Context, tx db.Tx) (err error) {
				h := gamification.Hit{MemberID: 1, Detector: gamification.Copied, Evidence: gamification.Evidence{Is: 6, Cases: cases}}
				_, opened, err = gamification.OpenFair(ctx, tx, now, 1, h)
				return err
			})
			return opened
		}
		want("before", start, gamification.Points{Balance: 9})
		if !hit(start.Add(day), 1, 2) || hit(start.Add(day), 1, 2) {
			t.Error("a hit opens no case, or two")
		}
		want("under review", start.Add(day), gamification.Points{Balance: 3, Frozen: 6})
		reverse(t, d, start.Add(2*day), "review:0")
		want("its cause is gone meanwhile", start.Add(2*day), gamification.Points{Balance: 3, Frozen: 3})
		want("nobody decides", start.Add(8*day), gamification.Points{Balance: 6})
		if hit(start.Add(9*day), 1, 2) {
			t.Error("what was under review is so once more")
		}
		want("and it stays so", start.Add(9*day), gamification.Points{Balance: 6})
		// 64 people decide at once; one of them does.
		const many = 64
		done := make(chan error, many)
		for i := range many {
			go func() {
				done <- d.Transact(context.Background(), db.Full, func(ctx context.Context, tx db.Tx) error {
					c, err := gamification.FindFair(ctx, tx, 1, 1)
					if err != nil {
						return err
					}
					return gamification.DecideFair(ctx, tx, start.Add(9*day), &c, 2, i%2 == 0, "as it seems to me")
				})
			}()
		}
		decided := 0
		for range many {
			switch err := <-done; {
			case err == nil:
				decided++
			case !errors.Is(err, gamification.ErrFairDecided):
				t.Error(err)
			}
		}
		c, err := gamification.FindFair(t.Context(), d.Read(), 1, 1)
		if err != nil || decided != 1 {
			t.Fatalf("%d decided: %v", decided, err)
		}
		balance := 6
		if c.State == gamification.FairTaken {
			balance = 3
		}
		want("decided once, at any age", start.Add(9*day), gamification.Points{Balance: balance})
		verifies(t, d)
	})
}
