package community

import (
	"context"
	"fmt"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// waitsBack is how far back the reviews of this hour are looked at, and mostWaits how many of them.
const (
	waitsBack = 14 * 24 * time.Hour
	mostWaits = 500
)

// ReviewWaits reads how long a brand's answers lately waited until a person decided about them, of those
// that came in at this hour of the day, an hour earlier or an hour later; shortest first.
func ReviewWaits(ctx context.Context, db bun.IDB, brandID int64, now clock.Time) ([]time.Duration, error) {
	const day, hour = 24 * time.Hour, time.Hour
	var waits []int64
	err := db.NewSelect().TableExpr("(?) AS w", db.NewSelect().Model((*Answer)(nil)).ColumnExpr("decided_at - submitted_at AS waited").
		Where("brand_id = ? AND decided_at IS NOT NULL AND why_reviewed <> ''", brandID). // names the partial index
		Where("submitted_at > ? AND submitted_at < ? AND state IN ('approved', 'returned')", now.Add(-waitsBack), now).
		Where("(? - submitted_at) % ? NOT BETWEEN ? AND ?", now, day.Microseconds(), hour.Microseconds(), (day-hour).Microseconds()).
		Order("submitted_at DESC").Limit(mostWaits)).
		ColumnExpr("w.waited").OrderExpr("w.waited").Scan(ctx, &waits)
	if err != nil {
		return nil, fmt.Errorf("read how long reviews of brand %d take: %w", brandID, err)
	}
	all := make([]time.Duration, len(waits))
	for i, w := range waits {
		all[i] = time.Duration(w) * time.Microsecond
	}
	return all, nil
}
