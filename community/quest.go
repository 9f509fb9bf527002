package community

import (
	"context"
	"fmt"

	"github.com/kith-social/kith/gamification"
)

// What is told of a team quest.
const (
	QuestBegan   Kind = "quest_began"  // Rule: its kind
	QuestWasMet  Kind = "quest_met"    // Rule: its kind
	QuestWasLost Kind = "quest_missed" // Rule: its kind
)

// RecordQuest writes down that a quest began or how it ended; its end is told to everybody who takes part.
func RecordQuest(ctx context.Context, tx Tx, q *gamification.Quest, by int64) error {
	kind := QuestBegan
	event := fmt.Sprintf("quest:%d", q.ID)
	var err error
	switch q.State {
	case gamification.QuestMet:
		kind, err = QuestWasMet, tellEverybody(ctx, tx, q.BrandID, QuestWasMet, event)
	case gamification.QuestMissed:
		kind, err = QuestWasLost, tellEverybody(ctx, tx, q.BrandID, QuestWasLost, event)
	}
	if err != nil {
		return err
	}
	return record(ctx, tx, Activity{BrandID: q.BrandID, ActorID: by, Kind: kind, Lane: Staff, Detail: Detail{Rule: string(q.Kind)}})
}

// tellEverybody gives all of a brand's members who take part a notice, in one statement. Nobody's phone rings for it.
func tellEverybody(ctx context.Context, tx Tx, brandID int64, about Kind, event string) error {
	_, err := tx.NewRaw(`INSERT INTO notices (brand_id, member_id, kind, event, created_at)
		SELECT brand_id, id, ?, ?, ? FROM members WHERE brand_id = ? AND state = ? ON CONFLICT DO NOTHING`, about, event, tx.Now(), brandID, Active).Exec(ctx)
	if err != nil {
		return fmt.Errorf("tell everybody of %s: %w", about, err)
	}
	return nil
}
