package moderation

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
)

// MeasureQuest says how far all are with a quest at a moment, and whether anybody has asked anything.
func MeasureQuest(ctx context.Context, db bun.IDB, q *gamification.Quest, now clock.Time) (is int, asked bool, err error) {
	t, err := TeamOf(ctx, db, q.BrandID, q.StartsAt, q.EndsAt, min(now, q.EndsAt))
	if err != nil {
		return 0, false, err
	}
	switch q.Kind {
	case gamification.TogetherQuick:
		is = int(math.Floor(100 * t.InTime().P))
	case gamification.NobodyWaits:
		is = t.Overdue
	case gamification.SourcedTopics:
		is, err = gamification.SourcedIn(ctx, db, q.BrandID, q.StartsAt, q.EndsAt)
	}
	return is, t.Asked > 0, err
}

// The goals of quests.
const (
	quickFirst  = 80 // percent, where nothing is known yet
	quickLeast  = 50
	quickMost   = 95
	quickBetter = 5
	mostSourced = 10
)

// questFor makes the quest of a week: a little more than the week before, so that it can be met.
func questFor(ctx context.Context, db bun.IDB, brandID int64, kind gamification.QuestKind, from, to, now clock.Time) (gamification.Quest, error) {
	q := gamification.Quest{BrandID: brandID, Kind: kind, StartsAt: from, EndsAt: to}
	switch kind {
	case gamification.TogetherQuick:
		before, err := TeamOf(ctx, db, brandID, from-(to-from), from, now)
		if err != nil {
			return q, err
		}
		if q.Goal = quickFirst; before.Asked > 0 {
			q.Goal = min(max(int(100*before.InTime().P)+quickBetter, quickLeast), quickMost)
		}
	case gamification.SourcedTopics:
		topics, err := community.Topics(ctx, db, brandID)
		if err != nil {
			return q, err
		}
		q.Goal = max(min(len(topics), mostSourced), 1)
	}
	return q, nil
}

// QuestDue tells, without writing, whether TurnQuest has something to do for a brand.
func QuestDue(ctx context.Context, db bun.IDB, brandID int64, now clock.Time) (bool, error) {
	over, err := gamification.QuestsOver(ctx, db, brandID, now)
	if err != nil || len(over) > 0 {
		return len(over) > 0, err
	}
	rules, err := community.Setting(ctx, db, brandID, community.DefaultSeasons)
	if err != nil || !rules.Quests {
		return false, err
	}
	_, err = gamification.QuestAt(ctx, db, brandID, now)
	if errors.Is(err, sql.ErrNoRows) {
		return true, nil
	}
	return false, err
}

// TurnQuest settles the quests of a brand that are over, and begins the one of the week. Two that do it at once do it
// once.
func TurnQuest(ctx context.Context, tx community.Tx, brandID int64) error {
	if err := community.TakeTurns(ctx, tx, brandID); err != nil {
		return err
	}
	over, err := gamification.QuestsOver(ctx, tx, brandID, tx.Now())
	if err != nil {
		return err
	}
	for i := range over {
		q := &over[i]
		is, asked, err := MeasureQuest(ctx, tx, q, tx.Now())
		if err != nil {
			return err
		}
		state := gamification.QuestMissed
		switch {
		case !asked:
			state = gamification.QuestQuiet
		case q.Met(is):
			state = gamification.QuestMet
		}
		settled, err := q.Settle(ctx, tx, state, is)
		if err != nil {
			return err
		}
		if settled && state != gamification.QuestQuiet {
			if err := community.RecordQuest(ctx, tx, q, 0); err != nil {
				return err
			}
		}
	}
	rules, err := community.Setting(ctx, tx, brandID, community.DefaultSeasons)
	if err != nil || !rules.Quests {
		return err
	}
	if _, err := gamification.QuestAt(ctx, tx, brandID, tx.Now()); err == nil || !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	from, to := rules.Week(tx.Now())
	q, err := questFor(ctx, tx, brandID, gamification.KindOfWeek(from), from, to, tx.Now())
	if err != nil {
		return err
	}
	began, err := q.Begin(ctx, tx)
	if err != nil || !began {
		return err
	}
	return community.RecordQuest(ctx, tx, &q, 0)
}

// ChooseQuest lets an employee choose what all try next week.
func ChooseQuest(ctx context.Context, tx community.Tx, m *community.Member, kind gamification.QuestKind) error {
	if !m.Role.Employee() {
		return community.ErrNotAllowed
	}
	if !slices.Contains(gamification.QuestKinds, kind) {
		return &community.Invalid{Field: "kind", Sentence: "there is no such choice"}
	}
	rules, err := community.Setting(ctx, tx, m.BrandID, community.DefaultSeasons)
	if err != nil {
		return err
	}
	_, next := rules.Week(tx.Now())
	from, to := rules.Week(next)
	q, err := questFor(ctx, tx, m.BrandID, kind, from, to, tx.Now())
	if err != nil {
		return err
	}
	q.ChosenBy = m.ID
	if err := q.Choose(ctx, tx); err != nil {
		return err
	}
	return community.RecordQuest(ctx, tx, &q, m.ID)
}
