package listeners

import (
	"time"

	"github.com/kith-social/kith/clock"
)

// Takes is how long it takes until the last of n more replies has left, after what waits already; 0 where the
// network sets no pace, or they leave at once.
func (o Outlook) Takes(now clock.Time, n int) time.Duration {
	if len(o.Pace) == 0 || n == 0 {
		return 0
	}
	leave := departures(o.Pace, o.left, now, o.Waiting+n)
	return leave[len(leave)-1].Sub(now)
}
