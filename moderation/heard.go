package moderation

import (
	"context"
	"fmt"
	"slices"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/triage"
	"github.com/uptrace/bun"
)

// steps is how many steps the probabilities of a head are counted in.
const steps = 20

// HeardDay is what customers wrote on a day, in numbers.
type HeardDay struct {
	bun.BaseModel `bun:"table:heard_days,alias:h"`

	BrandID      int64 `bun:",pk"`
	Day          int64 `bun:",pk"` // UTC, since 1970
	Posts        int
	Counts       map[triage.Head][]int `bun:"type:text"` // of posts, by probability in steps of 5 %
	FirstMention int64
	LastMention  int64
}

func dayOf(t clock.Time) int64 { return int64(t) / (24 * 3600 * 1e6) }

func (d *HeardDay) add(mentionID int64, score *triage.Score) {
	if d.Counts == nil {
		d.Counts = map[triage.Head][]int{}
	}
	d.Posts++
	if d.FirstMention == 0 || mentionID < d.FirstMention {
		d.FirstMention = mentionID
	}
	d.LastMention = max(d.LastMention, mentionID)
	for _, h := range append(triage.Heads(), triage.Staff) {
		if len(d.Counts[h]) != steps {
			d.Counts[h] = make([]int, steps)
		}
		d.Counts[h][min(int(score.Of(h)*steps), steps-1)]++
	}
}

// countHeard adds customers' posts to the days on which they were written. Those who store posts of one
// brand take turns, so that no count is lost.
func countHeard(ctx context.Context, tx listeners.Tx, brandID int64, customer []community.Incoming) error {
	if len(customer) == 0 {
		return nil
	}
	var days []int64
	for i := range customer {
		days = append(days, dayOf(customer[i].Mention.CreatedAt))
	}
	slices.Sort(days)
	days = slices.Compact(days)
	var known []HeardDay
	if err := tx.NewSelect().Model(&known).Where("h.brand_id = ? AND h.day IN (?)", brandID, bun.List(days)).Scan(ctx); err != nil {
		return fmt.Errorf("read what brand %d heard: %w", brandID, err)
	}
	counted := make([]HeardDay, len(days))
	for i, day := range days {
		counted[i] = HeardDay{BrandID: brandID, Day: day}
	}
	of := func(day int64) *HeardDay {
		i, _ := slices.BinarySearch(days, day)
		return &counted[i]
	}
	for _, d := range known {
		*of(d.Day) = d
	}
	for i := range customer {
		of(dayOf(customer[i].Mention.CreatedAt)).add(customer[i].Mention.ID, &customer[i].Score)
	}
	_, err := tx.NewInsert().Model(&counted).On("CONFLICT (brand_id, day) DO UPDATE").
		Set("posts = EXCLUDED.posts, counts = EXCLUDED.counts, first_mention = EXCLUDED.first_mention, last_mention = EXCLUDED.last_mention").Exec(ctx)
	if err != nil {
		return fmt.Errorf("count what brand %d heard: %w", brandID, err)
	}
	return nil
}

// latestHeard is the newest mention that a brand heard; 0 if there is none.
func latestHeard(ctx context.Context, db bun.IDB, brandID int64) (int64, error) {
	var last []int64
	err := db.NewSelect().Model((*HeardDay)(nil)).Column("last_mention").Where("h.brand_id = ?", brandID).Order("h.day DESC").Limit(3).Scan(ctx, &last)
	if err != nil {
		return 0, fmt.Errorf("read what brand %d heard: %w", brandID, err)
	}
	return slices.Max(append(last, 0)), nil
}

// heardSince reads what a brand heard from a day on, oldest first.
func heardSince(ctx context.Context, db bun.IDB, brandID, day int64) ([]HeardDay, error) {
	var all []HeardDay
	if err := db.NewSelect().Model(&all).Where("h.brand_id = ? AND h.day >= ?", brandID, day).Order("h.day").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read what brand %d heard: %w", brandID, err)
	}
	return all, nil
}
