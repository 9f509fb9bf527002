package moderation

import (
	"context"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/uptrace/bun"
)

// fewestWaits is how many reviews it takes to tell how long the next one will.
const fewestWaits = 3

// ReviewWait is what an author may expect at this hour of the day: the median time that reviews took
// within the last two weeks. It is 0 where too few tell.
func ReviewWait(ctx context.Context, db bun.IDB, brandID int64, now clock.Time) (time.Duration, error) {
	waits, err := community.ReviewWaits(ctx, db, brandID, now)
	if err != nil || len(waits) < fewestWaits {
		return 0, err
	}
	return (waits[(len(waits)-1)/2] + waits[len(waits)/2]) / 2, nil
}
