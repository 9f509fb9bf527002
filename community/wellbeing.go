package community

import (
	"slices"
	"time"

	"github.com/kith-social/kith/clock"
)

// The night, in hours of the member's day, in which nothing rings whatever hours they gave: somebody
// who is often awake at midnight is not on call at midnight.
const (
	nightFrom = 22
	nightTo   = 7
)

// Quiet tells whether a member is to be left in peace at a moment: at night, and outside the hours they
// gave, where they gave any.
func Quiet(m *Member, now clock.Time) bool {
	at := now.Std().In(m.zone())
	if at.Hour() >= nightFrom || at.Hour() < nightTo {
		return true
	}
	return len(m.Hours.Spans) > 0 && !m.Hours.Include(at)
}

// zone is where the member's day begins. Who has told none is thought to be where their language is
// spoken: Vietnam has one zone, and its night must not be taken for its morning.
func (m *Member) zone() *time.Location {
	name := m.Hours.Zone
	if name == "" && slices.Contains(m.Languages, "vi") {
		name = "Asia/Ho_Chi_Minh"
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return zone
}
