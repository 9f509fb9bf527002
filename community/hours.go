package community

import "time"

// Hours are the times of a week at which somebody is usually there, in their own time zone. Nobody
// owes them: they tell whom to ask, and when to leave somebody in peace.
type Hours struct {
	Zone  string `json:"zone,omitempty"` // IANA's name, "Asia/Ho_Chi_Minh"; "" is UTC
	Spans []Span `json:"spans,omitempty"`
}

// Span is one stretch of a day. One that ends at or before its start goes on into the next day.
type Span struct {
	Day  time.Weekday `json:"day"`
	From int          `json:"from"` // minutes after midnight, 0 to 1439
	To   int          `json:"to"`   // minutes after midnight, 0 to 1440
}

const day = 24 * 60

// Check tells what is wrong with hours that somebody entered.
func (h Hours) Check() error {
	if _, err := time.LoadLocation(h.Zone); err != nil {
		return &Invalid{"zone", "choose a time zone from the list"}
	}
	for _, s := range h.Spans {
		if s.Day < time.Sunday || s.Day > time.Saturday || s.From < 0 || s.From >= day || s.To < 0 || s.To > day {
			return &Invalid{"hours", "a time of the day is from 0:00 to 24:00"}
		}
	}
	return nil
}

// Include tells whether a moment lies in the hours.
func (h Hours) Include(at time.Time) bool {
	zone, err := time.LoadLocation(h.Zone)
	if err != nil {
		zone = time.UTC
	}
	at = at.In(zone)
	minute := at.Hour()*60 + at.Minute()
	for _, s := range h.Spans {
		overnight := s.To <= s.From
		switch {
		case at.Weekday() == s.Day && minute >= s.From && (overnight || minute < s.To):
			return true
		case overnight && at.Weekday() == (s.Day+1)%7 && minute < s.To:
			return true
		}
	}
	return false
}
