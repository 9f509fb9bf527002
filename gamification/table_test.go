package gamification_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/server/db"
	"github.com/kith-social/kith/server/db/dbtest"
)

func terms(name string, change map[gamification.Rule]int) map[gamification.Rule]gamification.Terms {
	all := map[gamification.Rule]gamification.Terms{}
	p := gamification.Presets[name]
	for _, r := range gamification.Rules {
		all[r] = p.Pays(r)
		if n, ok := change[r]; ok {
			all[r] = gamification.Terms{Amount: n, Daily: all[r].Daily}
		}
	}
	return all
}

func TestPresetsAreTables(t *testing.T) {
	for _, name := range gamification.PresetNames {
		p := gamification.Presets[name]
		if _, err := p.Of(terms(name, nil), p.Full); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for field, change := range map[string]map[gamification.Rule]int{
		"solved": {gamification.Solved: 1}, "approved": {gamification.Approved: -1}, "thanked": {gamification.Thanked: 1000}, "tone": {gamification.Rude: 5},
	} {
		var invalid *gamification.Invalid
		if _, err := (gamification.Table{}).Of(terms("startup", change), 200); !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%v was refused with %v, want %s", change, err, field)
		}
	}
}

func switchOn(t *testing.T, d *db.DB, now clock.Time, change map[gamification.Rule]int, full, after int) (made gamification.Table, err error) {
	t.Helper()
	table, err := gamification.Table{BrandID: 1, Preset: "startup"}.Of(terms("startup", change), full)
	if err != nil {
		t.Fatal(err)
	}
	err = d.Transact(t.Context(), db.Full, func(ctx context.Context, tx db.Tx) error {
		made, err = table.SwitchOn(ctx, tx, now, 1, after)
		return err
	})
	return made, err
}

func TestATableChanges(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		withMembers(t, d, 2)
		for i := range 10 {
			earn(t, d, start.Add(time.Duration(i)*day), 1, gamification.Solved, fmt.Sprintf("answered:%d", i))
			earn(t, d, start.Add(time.Duration(i)*day), 2, gamification.Approved, fmt.Sprintf("review:%d", i))
		}
		reverse(t, d, start.Add(9*day), "answered:0")
		before, err := gamification.TableOf(t.Context(), d.Read(), 1)
		if err != nil || before.Own() || before.Preset != gamification.DefaultPreset {
			t.Fatalf("a brand that chose nothing has %+v, %v", before, err)
		}
		other, err := gamification.Table{BrandID: 1}.Of(terms("startup", map[gamification.Rule]int{gamification.Approved: 6}), 200)
		if err != nil {
			t.Fatal(err)
		}
		f, err := other.Foresee(t.Context(), d.Read(), start.Add(10*day))
		if err != nil || f.Paid != 9*15+10*3 || f.Would != 9*15+10*6 || f.Members[0] != (gamification.Changed{MemberID: 2, Rule: gamification.Approved, Paid: 30, Would: 60}) {
			t.Fatalf("forecast %+v, %v", f, err)
		}
		made, err := switchOn(t, d, start.Add(10*day), map[gamification.Rule]int{gamification.Approved: 6}, 200, before.Version)
		if err != nil || !made.Own() {
			t.Fatalf("switched on: %+v, %v", made, err)
		}
		if _, err := switchOn(t, d, start.Add(10*day), nil, 200, before.Version); !errors.Is(err, gamification.ErrChanged) {
			t.Errorf("a change made from an old version gave %v", err)
		}
		earn(t, d, start.Add(11*day), 2, gamification.Approved, "review:11")
		if p := points(t, d, 2, start.Add(11*day)); p.Balance != 30+6 {
			t.Errorf("with the new table member 2 has %+v", p)
		}
		all, err := gamification.TablesOf(t.Context(), d.Read(), 1)
		if err != nil || len(all) != 2 || all[0].Version != made.Version || all[0].Pays(gamification.Approved).Amount != 6 || all[1].Pays(gamification.Approved).Amount != 3 {
			t.Errorf("versions %+v, %v", all, err)
		}
		verifies(t, d)
	})
}

func verifies(t *testing.T, d *db.DB) {
	t.Helper()
	if wrong, err := gamification.Verify(t.Context(), d.Read()); err != nil || len(wrong) > 0 {
		t.Errorf("the ledger contradicts itself: %q, %v", wrong, err)
	}
}

// withCases stores n cases, whose ids are 1 to n.
func withCases(t *testing.T, d *db.DB, n int) {
	t.Helper()
	err := d.Transact(t.Context(), db.Full, func(ctx context.Context, tx db.Tx) error {
		for i := range n {
			_, err := tx.NewRaw(`INSERT INTO cases (brand_id, connection_id, account_id, network, thread_key, state, lane, lane_why, language, topic_id, urgency, due_at,
				delivery, delivery_why, mention_id, mentions, opened_at, customer_at, fence, version) VALUES (1, 1, 1, 'x', ?, 'open', 'community', '', 'vi', 0, 0, 0, 'api', '', 1, 1, 0, 0, 0, 0)`,
				fmt.Sprint(i)).Exec(ctx)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What the database reckons when an entry is written and what is reckoned from the entries again is the same,
// on any row of events, and taking everything back leaves nothing.
func TestTheLedgerCanBeReckonedAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const mostRuns = 200
		withMembers(t, d, mostRuns)
		withCases(t, d, 9)
		member := int64(0)
		rapid.Check(t, func(r *rapid.T) {
			member = member%mostRuns + 1
			now := start
			var events []string
			err := d.Transact(context.Background(), db.Full, func(ctx context.Context, tx db.Tx) error {
				for i := range rapid.IntRange(1, 30).Draw(r, "entries") {
					now = now.Add(time.Duration(rapid.IntRange(0, 400).Draw(r, "minutes")) * time.Minute)
					e := gamification.Entry{
						BrandID: 1, MemberID: member, Event: fmt.Sprintf("e:%d:%d:%d", member, now, i), Rule: rapid.SampledFrom(gamification.Rules).Draw(r, "rule"),
						TopicID: rapid.Int64Range(0, 2).Draw(r, "topic"), CaseID: rapid.Int64Range(1, 9).Draw(r, "case"), GiverID: rapid.Int64Range(0, 2).Draw(r, "giver"),
					}
					e.AccountID = e.CaseID % 4
					if rapid.IntRange(0, 9).Draw(r, "hasty") == 0 {
						e.Hinder(gamification.Hasty)
					}
					events = append(events, e.Event)
					if err := gamification.Earn(ctx, tx, now, e); err != nil {
						return err
					}
					if rapid.IntRange(0, 4).Draw(r, "reverse") == 0 {
						if err := gamification.Reverse(ctx, tx, now, e.Event, gamification.CameBack); err != nil {
							return err
						}
					}
				}
				return nil
			})
			if err != nil {
				r.Fatal(err)
			}
			if wrong, err := gamification.Verify(context.Background(), d.Read()); err != nil || len(wrong) > 0 {
				r.Fatalf("the ledger contradicts itself: %q, %v", wrong, err)
			}
			err = d.Transact(context.Background(), db.Full, func(ctx context.Context, tx db.Tx) error {
				for _, event := range events {
					if err := gamification.Reverse(ctx, tx, now, event, gamification.CameBack); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				r.Fatal(err)
			}
			if p := points(t, d, member, now.Add(10*day)); p != (gamification.Points{}) {
				r.Fatalf("all taken back: %+v, want nothing", p)
			}
		})
	})
}

// However many earn at once, each entry knows those before it.
func TestManyEarnAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		withMembers(t, d, 1)
		const many = 64
		done := make(chan error, many)
		for i := range many {
			go func() {
				done <- d.Transact(context.Background(), db.Full, func(ctx context.Context, tx db.Tx) error {
					return gamification.Earn(ctx, tx, start, gamification.Entry{BrandID: 1, MemberID: 1, Event: fmt.Sprintf("review:%d", i/2), Rule: gamification.Approved})
				})
			}()
		}
		for range many {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if p := points(t, d, 1, start); p.Balance != 10*3 {
			t.Errorf("%d approvals at once paid %+v, want what ten do", many/2, p)
		}
		verifies(t, d)
	})
}
