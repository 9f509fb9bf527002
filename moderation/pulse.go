package moderation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// HeardSlot is how much customers wrote within five minutes about a topic.
type HeardSlot struct {
	bun.BaseModel `bun:"table:heard_slots"`

	BrandID int64 `bun:",pk"`
	Slot    int64 `bun:",pk"` // five minutes each, since 1970
	TopicID int64 `bun:",pk"`
	Posts   int
	Angry   int
}

const (
	slotTime  = 5 * time.Minute
	hourSlots = int64(time.Hour / slotTime)
	daySlots  = 24 * hourSlots
	// rhythmDays is how many days an hour is held against, and rhythmHours how many hours where no day is known.
	rhythmDays  = 28
	rhythmHours = 3
	// angryFrom is the probability from which a post counts as angry.
	angryFrom = 0.6
)

func slotOf(t clock.Time) int64 { return int64(t) / slotTime.Microseconds() }

// countPulse adds customers' posts to the minutes in which they were written, so that what is imported from
// earlier days is no storm of today.
func countPulse(ctx context.Context, tx listeners.Tx, brandID int64, customer []community.Incoming) error {
	if len(customer) == 0 {
		return nil
	}
	type key struct{ slot, topic int64 }
	counted := map[key]HeardSlot{}
	for i := range customer {
		score := &customer[i].Score
		k := key{slotOf(customer[i].Mention.CreatedAt), community.OtherTopic}
		if len(score.Topics) > 0 {
			k.topic = score.Topics[0].ID
		}
		s := counted[k]
		s.BrandID, s.Slot, s.TopicID = brandID, k.slot, k.topic
		if s.Posts++; score.Anger >= angryFrom {
			s.Angry++
		}
		counted[k] = s
	}
	rows := make([]HeardSlot, 0, len(counted))
	for _, s := range counted {
		rows = append(rows, s)
	}
	slices.SortFunc(rows, func(a, b HeardSlot) int {
		if a.Slot != b.Slot {
			return int(a.Slot - b.Slot)
		}
		return int(a.TopicID - b.TopicID)
	})
	_, err := tx.NewInsert().Model(&rows).On("CONFLICT (brand_id, slot, topic_id) DO UPDATE").
		Set("posts = heard_slot.posts + EXCLUDED.posts, angry = heard_slot.angry + EXCLUDED.angry").Exec(ctx)
	if err != nil {
		return fmt.Errorf("count what brand %d heard in minutes: %w", brandID, err)
	}
	return nil
}

// heardHour is what was written about a topic in the hour that ends with the slot of now, and in the same
// hour of earlier days.
type heardHour struct {
	now    Pulse
	rhythm Rhythm
}

// hours reads what a brand heard in the last hour and in those to hold it against: of every topic that the
// last hour was about, and of all together as AllTopics. Hours before the brand was heard are left out.
func hours(ctx context.Context, db bun.IDB, brandID int64, now clock.Time) (map[int64]heardHour, error) {
	last := slotOf(now)
	q := db.NewSelect().Model((*HeardSlot)(nil)).Where("brand_id = ?", brandID).Where("slot <= ?", last)
	var began []int64
	err := db.NewSelect().Model((*HeardSlot)(nil)).Column("slot").Where("brand_id = ?", brandID).Order("slot").Limit(1).Scan(ctx, &began)
	if err != nil || len(began) == 0 {
		return nil, err
	}
	known := []int64{last} // the ends of the hours, in slots
	for back := int64(1); back <= rhythmHours; back++ {
		known = append(known, last-back*hourSlots)
	}
	for day := int64(1); day <= rhythmDays; day++ {
		known = append(known, last-day*daySlots)
	}
	since, err := heardFrom(ctx, db, brandID, began[0])
	if err != nil {
		return nil, err
	}
	known = slices.DeleteFunc(known, func(end int64) bool { return end != last && end-hourSlots+1 < since })
	q = q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
		for _, end := range known {
			q = q.WhereOr("slot > ? AND slot <= ?", end-hourSlots, end)
		}
		return q
	})
	var rows []HeardSlot
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("read what brand %d heard lately: %w", brandID, err)
	}
	sums := map[int64]map[int64]Pulse{AllTopics: {}} // by topic and end
	for _, r := range rows {
		for _, end := range known {
			if r.Slot <= end-hourSlots || r.Slot > end {
				continue
			}
			for _, topic := range []int64{r.TopicID, AllTopics} {
				if sums[topic] == nil {
					sums[topic] = map[int64]Pulse{}
				}
				p := sums[topic][end]
				sums[topic][end] = Pulse{p.Posts + r.Posts, p.Angry + r.Angry}
			}
		}
	}
	heard := make(map[int64]heardHour, len(sums))
	for topic, byEnd := range sums {
		h := heardHour{now: byEnd[last]}
		for _, end := range known[1:] {
			switch back := last - end; {
			case back <= rhythmHours*hourSlots:
				h.rhythm.Before = append(h.rhythm.Before, byEnd[end])
			case back%(7*daySlots) == 0:
				h.rhythm.Weekly = append(h.rhythm.Weekly, byEnd[end])
			default:
				h.rhythm.Daily = append(h.rhythm.Daily, byEnd[end])
			}
		}
		heard[topic] = h
	}
	return heard, nil
}

// heardFrom is the slot from which on a brand's silence says that nobody wrote.
func heardFrom(ctx context.Context, db bun.IDB, brandID, first int64) (int64, error) {
	var connected []clock.Time
	err := db.NewSelect().Table("connections").ColumnExpr("MIN(created_at)").Where("brand_id = ?", brandID).Having("MIN(created_at) IS NOT NULL").Scan(ctx, &connected)
	if err != nil {
		return first, fmt.Errorf("look since when brand %d is heard: %w", brandID, err)
	}
	for _, at := range connected {
		first = min(first, slotOf(at))
	}
	return first, nil
}

// PulseOld finds, without writing, whether there are minutes that no hour is held against any more.
func PulseOld(ctx context.Context, db bun.IDB, now clock.Time) (bool, error) {
	old, err := db.NewSelect().Model((*HeardSlot)(nil)).Where("slot < ?", pulseKept(now)).Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("look for old minutes: %w", err)
	}
	return old, nil
}

// ForgetPulse deletes minutes that no hour is held against any more.
func ForgetPulse(ctx context.Context, tx listeners.Tx) error {
	_, err := tx.NewDelete().Model((*HeardSlot)(nil)).Where("slot < ?", pulseKept(tx.Now())).Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget old minutes: %w", err)
	}
	return nil
}

// pulseKept is the first slot that is kept: a day longer than it is needed.
func pulseKept(now clock.Time) int64 { return slotOf(now) - (rhythmDays+2)*daySlots }
