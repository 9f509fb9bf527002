package moderation

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

const (
	// seenEvery is how often an alert notes that its cause is still there.
	seenEvery = time.Minute
	// manyAtRisk is from how many cases on people are called because of promises.
	manyAtRisk = 5
	// failedRounds is after how many rounds in a row an account counts as one that cannot be heard.
	failedRounds = 5
	// ruleCalls is how long the call of a rule counts as its cause, and mostCalls how many are read.
	ruleCalls = 10 * time.Minute
	mostCalls = 200
)

// sighting is the cause of an alert, as it is now. A weak one keeps an alert going and opens none.
type sighting struct {
	kind   AlertKind
	about  string
	urgent bool
	weak   bool
	detail AlertDetail
}

// look gathers what a brand's people should be called for.
func look(ctx context.Context, db bun.IDB, brandID int64, now clock.Time) ([]sighting, error) {
	var seen []sighting
	for _, of := range []func(context.Context, bun.IDB, int64, clock.Time) ([]sighting, error){storms, promisesAtRisk, failing, ruleCalled, passedGuards} {
		some, err := of(ctx, db, brandID, now)
		if err != nil {
			return nil, err
		}
		seen = append(seen, some...)
	}
	return seen, nil
}

// storms finds a storm, one for all topics it is about.
func storms(ctx context.Context, db bun.IDB, brandID int64, now clock.Time) ([]sighting, error) {
	heard, err := hours(ctx, db, brandID, now)
	if err != nil {
		return nil, err
	}
	worst, detail := Calm, AlertDetail{Posts: heard[AllTopics].now.Posts, Angry: heard[AllTopics].now.Angry}
	for topic, h := range heard {
		s := StormOf(h.now, h.rhythm)
		worst = max(worst, s)
		if s >= Spike && topic > community.OtherTopic {
			detail.Topics = append(detail.Topics, topic)
		}
	}
	if worst == Calm {
		return nil, nil
	}
	slices.Sort(detail.Topics)
	return []sighting{{kind: StormAlert, urgent: worst == Crisis, weak: worst == Rough, detail: detail}}, nil
}

func promisesAtRisk(ctx context.Context, db bun.IDB, brandID int64, now clock.Time) ([]sighting, error) {
	n, err := community.CountAtRisk(ctx, db, brandID, now)
	if err != nil || n == 0 {
		return nil, err
	}
	return []sighting{{kind: PromiseAlert, weak: n < manyAtRisk, detail: AlertDetail{Cases: n}}}, nil
}

func failing(ctx context.Context, db bun.IDB, brandID int64, now clock.Time) ([]sighting, error) {
	all, err := listeners.Connections(ctx, db, brandID)
	var seen []sighting
	for _, c := range all {
		if c.State == listeners.Broken || c.State == listeners.On && c.Failures >= failedRounds {
			seen = append(seen, sighting{kind: ConnectionAlert, about: strconv.FormatInt(c.ID, 10), detail: AlertDetail{Network: c.Network, Name: c.Title()}})
		}
		dear, err := spending(ctx, db, &c, now)
		if err != nil {
			return nil, err
		}
		seen = append(seen, dear...)
	}
	return seen, err
}

// nearBudget is from which part of a month's budget, in percent, people are called.
const nearBudget = 80

// spending finds the budget of an account that is nearly or wholly spent.
func spending(ctx context.Context, db bun.IDB, c *listeners.Connection, now clock.Time) ([]sighting, error) {
	if c.Budget <= 0 || c.State != listeners.On {
		return nil, nil
	}
	spent, err := listeners.MonthSpent(ctx, db, c.ID, now)
	if err != nil {
		return nil, err
	}
	percent := int(100 * float64(spent) / float64(c.Budget))
	if percent < nearBudget {
		return nil, nil
	}
	detail := AlertDetail{Network: c.Network, Name: c.Title(), Percent: percent}
	return []sighting{{kind: SpendAlert, about: strconv.FormatInt(c.ID, 10), urgent: percent >= 100, detail: detail}}, nil
}

// passedGuards finds answers that an admin sent past the guards and the review, and that nobody has looked at since.
func passedGuards(ctx context.Context, db bun.IDB, brandID int64, _ clock.Time) ([]sighting, error) {
	n, err := unlooked(db, brandID).Count(ctx)
	if err != nil {
		return nil, fmt.Errorf("count the overrides of brand %d: %w", brandID, err)
	}
	if n == 0 {
		return nil, nil
	}
	return []sighting{{kind: GuardAlert, detail: AlertDetail{Answers: int(n)}}}, nil
}

// ruleCalled finds the rules of the brand that have called its people lately.
func ruleCalled(ctx context.Context, db bun.IDB, brandID int64, now clock.Time) ([]sighting, error) {
	var calls []community.Activity
	err := db.NewSelect().Model(&calls).Where("a.kind = 'rule_alert' AND a.brand_id = ? AND a.created_at > ?", brandID, now.Add(-ruleCalls)).
		Order("a.created_at DESC").Limit(mostCalls).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read which rules of brand %d call: %w", brandID, err)
	}
	cases := map[string]int{}
	for _, c := range calls {
		cases[c.Detail.Rule]++
	}
	var seen []sighting
	for rule, n := range cases {
		seen = append(seen, sighting{kind: RuleAlert, about: rule, detail: AlertDetail{Name: rule, Cases: n}})
	}
	slices.SortFunc(seen, func(a, b sighting) int { return strings.Compare(a.about, b.about) })
	return seen, nil
}

// turn is what becomes of an alert, or a new one, with what the history tells of it: "" for nothing.
type turn struct {
	Alert
	told community.Kind
}

// reconcile compares the alerts whose cause was there with the causes that are.
func reconcile(brandID int64, live []Alert, seen []sighting, now clock.Time) []turn {
	var turns []turn
	for _, a := range live {
		i := slices.IndexFunc(seen, func(s sighting) bool { return s.kind == a.Kind && s.about == a.About })
		switch {
		case i < 0 && now.Sub(a.SeenAt) >= quiet[a.Kind]:
			told := community.AlertOver
			if a.State == AlertOver {
				told = "" // a member has said so
			} else {
				a.State, a.EndedAt = AlertOver, now
			}
			a.ClearedAt, a.TellAt = now, 0
			turns = append(turns, turn{a, told})
		case i >= 0 && seen[i].urgent && !a.Urgent:
			a.Urgent, a.State, a.SeenAt, a.Detail = true, AlertOpen, now, seen[i].detail
			a.TakenBy, a.TakenAt, a.EndedBy, a.EndedAt, a.Told, a.TellAt = 0, 0, 0, 0, 0, now
			turns = append(turns, turn{a, community.AlertRaised})
		case i >= 0 && now.Sub(a.SeenAt) >= seenEvery:
			a.SeenAt = now
			if !seen[i].weak {
				a.Detail = seen[i].detail
			}
			turns = append(turns, turn{a, ""})
		}
	}
	for _, s := range seen {
		known := slices.ContainsFunc(live, func(a Alert) bool { return s.kind == a.Kind && s.about == a.About })
		if !known && !s.weak {
			turns = append(turns, turn{Alert{
				BrandID: brandID, Kind: s.kind, About: s.about, State: AlertOpen, Urgent: s.urgent, Detail: s.detail,
				OpenedAt: now, SeenAt: now, TellAt: now, Version: 1,
			}, community.AlertOpened})
		}
	}
	return turns
}

func turns(ctx context.Context, db bun.IDB, brandID int64, now clock.Time) ([]turn, error) {
	live, err := liveAlerts(ctx, db, brandID)
	if err != nil {
		return nil, err
	}
	seen, err := look(ctx, db, brandID, now)
	if err != nil {
		return nil, err
	}
	return reconcile(brandID, live, seen, now), nil
}

// WatchDue finds, without writing, whether Watch has something to do.
func WatchDue(ctx context.Context, db bun.IDB, brandID int64, now clock.Time) (bool, error) {
	all, err := turns(ctx, db, brandID, now)
	return len(all) > 0, err
}

// Watch opens alerts for what a brand's people should know of, and ends those whose cause is gone. Several
// processes may do so at once: each alert is opened by one of them.
func Watch(ctx context.Context, tx listeners.Tx, brandID int64) error {
	all, err := turns(ctx, tx, brandID, tx.Now())
	if err != nil {
		return err
	}
	for i := range all {
		if err := all[i].store(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

func (t *turn) store(ctx context.Context, tx listeners.Tx) error {
	var done bool
	if t.ID == 0 {
		res, err := tx.NewInsert().Model(&t.Alert).On("CONFLICT DO NOTHING").Exec(ctx)
		if done, err = changedOne(res, err); err != nil {
			return fmt.Errorf("open an alert of brand %d: %w", t.BrandID, err)
		}
	} else {
		before := t.Version
		t.Version++
		res, err := tx.NewUpdate().Model(&t.Alert).ExcludeColumn("id", "brand_id", "kind", "about", "opened_at").
			Where("id = ? AND version = ?", t.ID, before).Exec(ctx)
		if done, err = changedOne(res, err); err != nil {
			return fmt.Errorf("change alert %d: %w", t.ID, err)
		}
	}
	if !done || t.told == "" {
		return nil
	}
	if t.told == community.AlertOpened || t.told == community.AlertRaised {
		if err := t.plan(ctx, tx); err != nil {
			return err
		}
	}
	return recordAlert(ctx, tx, &t.Alert, 0, t.told)
}

// changedOne tells whether a statement changed a row.
func changedOne(res interface{ RowsAffected() (int64, error) }, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}
