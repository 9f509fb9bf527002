package moderation

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/triage"
	"github.com/uptrace/bun"
)

// Drawn is a mention to be labelled.
type Drawn struct {
	Mention listeners.Mention
	Score   triage.Score
	Source  Source // how it was drawn
}

const (
	draws     = 24   // mentions that are looked at to find one
	drawReach = 2000 // mentions of all brands that are looked at for each
)

// Draw draws a mention of the last weeks that nobody has labelled as to a head: by lot, and every other time
// one of which triage was not sure. The same label count and skip draw the same one again. nil: there is none.
func Draw(ctx context.Context, db bun.IDB, m *community.Member, head triage.Head, skip int, now clock.Time) (*Drawn, error) {
	if !m.Role.Employee() {
		return nil, community.ErrNotAllowed
	}
	days, err := heardSince(ctx, db, m.BrandID, dayOf(now.Add(-sinceHeard)))
	if err != nil || len(days) == 0 {
		return nil, err
	}
	first, last := days[0].FirstMention, days[0].LastMention
	for _, d := range days {
		first, last = min(first, d.FirstMention), max(last, d.LastMention)
	}
	labels, err := lastLabel(ctx, db, m.BrandID)
	if err != nil {
		return nil, err
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %d %s %d %d", m.BrandID, m.ID, head, labels, skip)
	random := rand.New(rand.NewPCG(h.Sum64(), 1))
	source := FromRandom
	if random.IntN(2) == 0 {
		source = FromUnsure
	}
	var best *Drawn
	doubt := math.Inf(1)
	for range draws {
		d, err := drawFrom(ctx, db, m.BrandID, head, first+random.Int64N(last-first+1))
		if err != nil {
			return nil, err
		}
		if d == nil {
			continue
		}
		d.Source = source
		if source == FromRandom {
			return d, nil
		}
		if far := math.Abs(float64(d.Score.Of(head)) - 0.5); far < doubt {
			best, doubt = d, far
		}
	}
	return best, nil
}

// drawFrom finds the first mention from an id on that a customer wrote and nobody has labelled; nil if there
// is none near.
func drawFrom(ctx context.Context, db bun.IDB, brandID int64, head triage.Head, id int64) (*Drawn, error) {
	var found []listeners.Mention
	err := db.NewSelect().Model(&found).Relation("Account").
		Where("m.id >= ? AND m.id < ? AND m.brand_id = ? AND NOT m.ours AND m.gone_at IS NULL AND m.case_id IS NOT NULL AND m.score <> ''", id, id+drawReach, brandID).
		Where("NOT EXISTS (SELECT 1 FROM labels AS l WHERE l.mention_id = m.id AND l.head = ?)", head).
		Order("m.id").Limit(1).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("draw a mention of brand %d: %w", brandID, err)
	}
	if len(found) == 0 {
		return nil, nil
	}
	d := &Drawn{Mention: found[0]}
	if err := json.Unmarshal([]byte(found[0].Score), &d.Score); err != nil {
		return nil, fmt.Errorf("read the score of mention %d: %w", found[0].ID, err)
	}
	return d, nil
}
