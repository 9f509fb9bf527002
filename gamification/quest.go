package gamification

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
)

// QuestKind is what all of a brand's members try together for a week; its sentences stand in the catalogs as
// "quest.<kind>" and "quest_how.<kind>".
type QuestKind string

// The kinds. None of them is met by doing more of the same: they are about nobody being left alone, and about what the
// next one can use.
const (
	TogetherQuick QuestKind = "quick"   // so many percent of the week's questions answered within two hours
	NobodyWaits   QuestKind = "nobody"  // no question waits over a day
	SourcedTopics QuestKind = "sourced" // topics with an approved answer that names its source
)

// QuestKinds lists every kind, in the order in which weeks choose them.
var QuestKinds = []QuestKind{TogetherQuick, NobodyWaits, SourcedTopics}

// QuestState is how a quest stands.
type QuestState string

// The states of a quest.
const (
	QuestOn     QuestState = "on"
	QuestMet    QuestState = "met"
	QuestMissed QuestState = "missed"
	QuestQuiet  QuestState = "quiet" // nobody asked anything
)

// Quest is one week's. What it gives is a mark of the team, and no points.
type Quest struct {
	bun.BaseModel `bun:"table:quests,alias:quest"`

	ID       int64 `bun:",pk,autoincrement"`
	BrandID  int64
	Kind     QuestKind
	Goal     int
	StartsAt clock.Time
	EndsAt   clock.Time
	State    QuestState
	Result   *int  // nil until it is over
	ChosenBy int64 `bun:",nullzero"` // 0 where the week chose
}

// Met tells whether a measure meets the goal.
func (q *Quest) Met(is int) bool {
	if q.Kind == NobodyWaits {
		return is <= q.Goal
	}
	return is >= q.Goal
}

// KindOfWeek is what a week chooses where nobody does: one kind after the other.
func KindOfWeek(start clock.Time) QuestKind {
	week := start.Std().Unix() / int64((7 * aDay).Seconds())
	return QuestKinds[int(week%int64(len(QuestKinds)))]
}

// QuestAt reads the quest of a brand that runs at a moment; sql.ErrNoRows where none does.
func QuestAt(ctx context.Context, db bun.IDB, brandID int64, at clock.Time) (Quest, error) {
	var q Quest
	err := db.NewSelect().Model(&q).Where("brand_id = ? AND starts_at <= ? AND ends_at > ?", brandID, at, at).Scan(ctx)
	if err != nil {
		return q, fmt.Errorf("find the quest of brand %d: %w", brandID, err)
	}
	return q, nil
}

// Quests reads a brand's quests, latest first.
func Quests(ctx context.Context, db bun.IDB, brandID int64, most int) ([]Quest, error) {
	var all []Quest
	err := db.NewSelect().Model(&all).Where("brand_id = ?", brandID).Order("starts_at DESC").Limit(int64(most)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the quests of brand %d: %w", brandID, err)
	}
	return all, nil
}

// QuestsOver reads the quests of a brand that have ended and are not settled.
func QuestsOver(ctx context.Context, db bun.IDB, brandID int64, now clock.Time) ([]Quest, error) {
	var all []Quest
	err := db.NewSelect().Model(&all).Where("brand_id = ? AND state = ? AND ends_at <= ?", brandID, QuestOn, now).Order("starts_at").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the quests of brand %d that are over: %w", brandID, err)
	}
	return all, nil
}

// Begin stores a quest for a week that has none.
func (q *Quest) Begin(ctx context.Context, tx bun.IDB) (bool, error) {
	q.State = QuestOn
	res, err := tx.NewInsert().Model(q).On("CONFLICT DO NOTHING").Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("begin a quest of brand %d: %w", q.BrandID, err)
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// Choose stores a quest for a week, in the place of what was chosen for it before.
func (q *Quest) Choose(ctx context.Context, tx bun.IDB) error {
	q.State = QuestOn
	_, err := tx.NewInsert().Model(q).On("CONFLICT (brand_id, starts_at) DO UPDATE").
		Set("kind = EXCLUDED.kind, goal = EXCLUDED.goal, chosen_by = EXCLUDED.chosen_by").Exec(ctx)
	if err != nil {
		return fmt.Errorf("choose a quest of brand %d: %w", q.BrandID, err)
	}
	return nil
}

// Settle writes how a quest ended, and tells whether it was this call that did.
func (q *Quest) Settle(ctx context.Context, tx bun.IDB, state QuestState, is int) (bool, error) {
	res, err := tx.NewUpdate().Model(q).Set("state = ?, result = ?", state, is).Where("id = ? AND state = ?", q.ID, QuestOn).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("settle quest %d: %w", q.ID, err)
	}
	n, err := res.RowsAffected()
	q.State, q.Result = state, &is
	return n > 0, err
}

// SourcedIn counts the topics about which an approved answer named its source from a moment until before another.
func SourcedIn(ctx context.Context, db bun.IDB, brandID int64, from, to clock.Time) (int, error) {
	var n int
	err := db.NewSelect().Model((*Entry)(nil)).ColumnExpr("COUNT(DISTINCT topic_id)").
		Where("brand_id = ? AND matures_at >= ? AND created_at >= ? AND created_at < ?", brandID, from, from, to).
		Where("rule IN ('approved', 'approved_edited') AND marks LIKE '%sourced%' AND topic_id <> 0").Where(matured, clock.Time(1<<62)).Scan(ctx, &n)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("count the topics of brand %d with a source: %w", brandID, err)
	}
	return n, nil
}
