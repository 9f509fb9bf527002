package facebook

import (
	"time"

	"github.com/kith-social/kith/clock"
)

// seconds is a moment in Unix seconds, as Facebook counts time.
func seconds(t clock.Time) int64 { return t.Std().Unix() }

// atSecond is the moment of Unix seconds.
func atSecond(s int64) clock.Time { return clock.At(time.Unix(s, 0)) }
