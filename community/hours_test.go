package community

import (
	"testing"
	"time"
)

func TestHours(t *testing.T) {
	hours := Hours{Zone: "Asia/Ho_Chi_Minh", Spans: []Span{
		{time.Monday, 8 * 60, 12 * 60}, {time.Friday, 22 * 60, 2 * 60}, {time.Saturday, 18 * 60, 24 * 60},
	}}
	at := func(day, hour, minute int) time.Time { // November 2026 in Vietnam; the 16th is a Monday
		return time.Date(2026, 11, day, hour, minute, 0, 0, time.FixedZone("", 7*3600)).UTC()
	}
	for name, c := range map[string]struct {
		at time.Time
		in bool
	}{
		"at the beginning":           {at(16, 8, 0), true},
		"in the last minute":         {at(16, 11, 59), true},
		"at the end":                 {at(16, 12, 0), false},
		"the same time another day":  {at(17, 9, 0), false},
		"late on the evening":        {at(20, 23, 0), true},
		"after midnight of it":       {at(21, 1, 59), true},
		"the end after midnight":     {at(21, 2, 0), false},
		"a night that is not theirs": {at(20, 1, 0), false},
		"up to midnight":             {at(21, 23, 59), true},
		"not beyond midnight":        {at(22, 0, 0), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := hours.Include(c.at); got != c.in {
				t.Errorf("%s: %v", c.at, got)
			}
		})
	}
	if err := (Hours{Zone: "Mars/Olympus"}).Check(); err == nil {
		t.Error("a zone that does not exist was accepted")
	}
	if err := (Hours{Spans: []Span{{time.Monday, 1500, 60}}}).Check(); err == nil {
		t.Error("a time that does not exist was accepted")
	}
}
