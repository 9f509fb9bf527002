package listeners

import (
	"time"

	"github.com/kith-social/kith/clock"
)

const (
	// silenceShare is the part of the silence so far that may pass until the next look: who wrote after an
	// hour of silence is heard within three minutes.
	silenceShare = 20
	// mostPause is the longest pause where the Channel names none.
	mostPause = time.Minute
	// While a network brings its news, looking is only there to find what was lost on the way.
	reconcile     = 10 * time.Minute
	bringsWithin  = time.Hour // after which silence a network does not count as one that brings
	refillingSoon = time.Second
)

// next is when a connection is due again after a round that went well.
func (p *Poller) next(c Connection, now clock.Time) clock.Time {
	pause := c.pauseAt(now, p.Interval)
	if len(c.gaps) > 0 {
		pause = min(pause, max(refillingSoon, c.caps.MinPoll))
	}
	return max(now.Add(pause), c.notBefore)
}

// pauseAt is how long nobody need look: the longer nothing was written, the longer. The setting "poll"
// overrules everything.
func (c *Connection) pauseAt(now clock.Time, busy time.Duration) time.Duration {
	if own, err := time.ParseDuration(c.Settings["poll"]); err == nil {
		return own
	}
	least := max(busy, c.caps.MinPoll)
	if c.BroughtAt != 0 && c.BroughtAt >= c.BusyAt && now.Sub(c.BroughtAt) < bringsWithin {
		return max(least, reconcile)
	}
	longest := c.caps.MaxPoll
	if longest == 0 {
		longest = mostPause
	}
	silence := now.Sub(max(c.BusyAt, c.BroughtAt, c.CreatedAt))
	return max(least, min(silence/silenceShare, longest))
}
