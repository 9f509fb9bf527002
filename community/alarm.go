package community

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
)

// atRisk is what is left of the promise to a case that is at risk; mostAtRisk is as far as they are counted.
const (
	atRisk     = 30 * time.Minute
	mostAtRisk = 100
)

// CountAtRisk counts the open cases of a brand that nobody answers and to which the promise soon ends, up to
// a hundred.
func CountAtRisk(ctx context.Context, db bun.IDB, brandID int64, now clock.Time) (int, error) {
	n := 0
	for _, lane := range []Lane{Community, Care, Staff} {
		soon, err := soonLate(ctx, db, brandID, lane, now, atRisk)
		if err != nil {
			return 0, err
		}
		var ids []int64
		if err := soon.Column("c.id").Limit(mostAtRisk).Scan(ctx, &ids); err != nil {
			return 0, fmt.Errorf("count the cases of brand %d at risk: %w", brandID, err)
		}
		n += len(ids)
	}
	return min(n, mostAtRisk), nil
}

// soonLate selects the open cases of a lane to which less than left of the promise is left and which are not
// late yet: of a short promise no more than its last third. The feed's index bounds what is looked at.
func soonLate(ctx context.Context, db bun.IDB, brandID int64, lane Lane, now clock.Time, left time.Duration) (*bun.SelectQuery, error) {
	topics, err := Topics(ctx, db, brandID)
	if err != nil {
		return nil, err
	}
	ids := []int64{OtherTopic}
	for _, t := range topics {
		ids = append(ids, t.ID)
	}
	promised, err := Setting(ctx, db, brandID, DefaultPromised)
	if err != nil {
		return nil, err
	}
	span := time.Duration(promised.Minutes) * time.Minute
	left = min(left, span/3)
	return db.NewSelect().Model((*Case)(nil)).
		Where("c.state = 'open' AND c.brand_id = ? AND c.lane = ? AND c.language IN (?) AND c.topic_id IN (?)", brandID, lane, bun.List(Languages), bun.List(ids)).
		Where("c.due_at > ? AND c.due_at <= ?", now.Add(-span), now.Add(left)).
		Where("c.customer_at > ? AND c.customer_at <= ?", now.Add(-span), now.Add(left-span)), nil
}

// CallToAlert wakes a member's devices because of alerts.
func CallToAlert(ctx context.Context, tx Tx, m *Member) error {
	return wake(ctx, tx, m, PushJob{About: AlertOpened})
}

// RecordAlert writes into the history what happened to an alert of a kind, and by whom: 0 for nobody.
func RecordAlert(ctx context.Context, tx Tx, brandID, by int64, what Kind, alert, name string) error {
	return record(ctx, tx, Activity{BrandID: brandID, ActorID: by, Kind: what, Lane: Staff, Detail: Detail{Rule: alert, Text: name}})
}
