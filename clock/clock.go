// Package clock is the product's only source of time. Nothing outside it calls time.Now, so that
// leases, promises and maturing points can be stepped, replayed and moved by hand.
package clock

import (
	"encoding/json"
	"sync"
	"time"
)

// Time is a moment in UTC microseconds since 1970, which is also how both databases store it: an
// integer that SQLite and PostgreSQL order, index and subtract alike. Zero means "never" and is
// stored as NULL where the column is marked nullzero.
type Time int64

// At converts a standard time, dropping what is finer than a microsecond.
func At(t time.Time) Time {
	if t.IsZero() {
		return 0
	}
	return Time(t.UnixMicro())
}

// Std is the moment as a standard time in UTC; the zero Time gives the zero time.Time.
func (t Time) Std() time.Time {
	if t == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(t)).UTC()
}

// Add is the moment d later.
func (t Time) Add(d time.Duration) Time { return t + Time(d.Microseconds()) }

// Sub is how much later t is than u.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t-u) * time.Microsecond }

// IsZero tells whether the moment was never set.
func (t Time) IsZero() bool { return t == 0 }

// String formats as RFC 3339, or "never".
func (t Time) String() string {
	if t == 0 {
		return "never"
	}
	return t.Std().Format(time.RFC3339Nano)
}

// MarshalJSON writes RFC 3339, or null for never.
func (t Time) MarshalJSON() ([]byte, error) {
	if t == 0 {
		return []byte("null"), nil
	}
	return json.Marshal(t.Std())
}

// UnmarshalJSON reads what MarshalJSON writes.
func (t *Time) UnmarshalJSON(b []byte) error {
	var std time.Time
	if err := json.Unmarshal(b, &std); err != nil {
		return err
	}
	*t = At(std)
	return nil
}

// Func tells the present moment.
type Func func() Time

// System reads the machine's clock.
func System() Time { return At(time.Now()) }

// Manual is a clock that also moves by hand: it runs with the machine's clock, ahead of it by what
// was added with Advance.
type Manual struct {
	mu    sync.Mutex
	ahead time.Duration
	base  Func
}

// NewManual returns a clock that runs with base; nil means System. A base that never moves gives a
// clock that stands still between calls of Advance.
func NewManual(base Func) *Manual {
	if base == nil {
		base = System
	}
	return &Manual{base: base}
}

// Now is the present moment of this clock.
func (m *Manual) Now() Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.base().Add(m.ahead)
}

// Advance moves the clock forward by d and returns the new moment.
func (m *Manual) Advance(d time.Duration) Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ahead += d
	return m.base().Add(m.ahead)
}
