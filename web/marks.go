package web

import (
	"context"

	"github.com/kith-social/kith/clock"
)

// ringPercent is how much of the time between since and due is over, 0 to 100.
func ringPercent(ctx context.Context, since, due clock.Time) int {
	if due <= since {
		return 100
	}
	share := 100 * int64(view(ctx).Now-since) / int64(due-since)
	return int(min(max(share, 0), 100))
}

func ringState(ctx context.Context, since, due clock.Time) string {
	switch percent := ringPercent(ctx, since, due); {
	case percent >= 100:
		return "over"
	case percent >= 75:
		return "soon"
	}
	return ""
}
