package moderation

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation/rules"
)

// watched is what a draft would have made of a mention.
type watched struct {
	bun.BaseModel `bun:"table:rule_watches,alias:w"`

	BrandID    int64          `bun:",pk"`
	MentionID  int64          `bun:",pk"`
	Before     community.Lane `bun:"before_lane"`
	BeforeRule string
	After      community.Lane `bun:"after_lane"`
	AfterRule  string
	Same       bool
}

// WatchRules lets the draft of the member's brand decide about everything that comes in, and does nothing of
// it: what it would have done is written down.
func WatchRules(ctx context.Context, tx listeners.Tx, m *community.Member) error {
	if m.Role != community.Admin {
		return community.ErrNotAllowed
	}
	d, err := DraftOf(ctx, tx, m.BrandID)
	if err != nil {
		return err
	}
	if d.BrandID == 0 {
		return &community.Invalid{Field: "rules", Sentence: "there is no draft to switch on"}
	}
	if d.WatchedSince != 0 {
		return nil
	}
	d.WatchedSince = tx.Now()
	if _, err := tx.NewUpdate().Model(&d).Column("watched_since").WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("watch the draft of brand %d: %w", m.BrandID, err)
	}
	return scoreAnew(ctx, tx, m.BrandID)
}

// stopWatching throws away what was watched of a draft.
func stopWatching(ctx context.Context, tx listeners.Tx, d RuleDraft) error {
	if d.WatchedSince == 0 {
		return nil
	}
	if _, err := tx.NewDelete().Model((*watched)(nil)).Where("brand_id = ?", d.BrandID).Exec(ctx); err != nil {
		return fmt.Errorf("stop watching the draft of brand %d: %w", d.BrandID, err)
	}
	return scoreAnew(ctx, tx, d.BrandID)
}

// watchedRules are the rules of a brand that are watched; nil where none are.
func watchedRules(ctx context.Context, db bun.IDB, brandID int64) (*rules.Ready, error) {
	d, err := DraftOf(ctx, db, brandID)
	if err != nil || d.WatchedSince == 0 {
		return nil, err
	}
	return rules.Prepare(rules.Standing(), d.Value)
}

func noteWatched(ctx context.Context, tx listeners.Tx, all []watched) error {
	if len(all) == 0 {
		return nil
	}
	columns := []string{"brand_id bigint", "mention_id bigint", "before_lane text", "before_rule text", "after_lane text", "after_rule text", "same boolean"}
	return tx.InsertRows(ctx, "rule_watches", columns, len(all), func(i int, into []any) {
		w := &all[i]
		into[0], into[1], into[2], into[3], into[4], into[5], into[6] = w.BrandID, w.MentionID, string(w.Before), w.BeforeRule, string(w.After), w.AfterRule, w.Same
	})
}

// Watched counts the mentions that a brand's draft was watched with, and those that would have gone another
// way.
func Watched(ctx context.Context, db bun.IDB, brandID int64) (posts, changed int, err error) {
	err = db.NewSelect().Model((*watched)(nil)).ColumnExpr("COUNT(*), COALESCE(SUM(CASE WHEN same THEN 0 ELSE 1 END), 0)").
		Where("w.brand_id = ?", brandID).Scan(ctx, &posts, &changed)
	if err != nil {
		return 0, 0, fmt.Errorf("read what was watched of brand %d: %w", brandID, err)
	}
	return posts, changed, nil
}
