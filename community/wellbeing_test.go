package community

import (
	"testing"
	"time"

	"github.com/kith-social/kith/clock"
)

func TestQuiet(t *testing.T) {
	evenings := Hours{Zone: "Asia/Ho_Chi_Minh", Spans: []Span{{Day: time.Saturday, From: 18 * 60, To: 23 * 60}}}
	for name, c := range map[string]struct {
		member Member
		at     string // on a Saturday in Vietnam
		want   bool
	}{
		"a morning":                           {Member{Languages: []string{"vi"}}, "08:00", false},
		"before seven":                        {Member{Languages: []string{"vi"}}, "06:59", true},
		"late":                                {Member{Languages: []string{"vi"}}, "22:00", true},
		"just before":                         {Member{Languages: []string{"vi"}}, "21:59", false},
		"a morning there is a night in UTC":   {Member{Languages: []string{"en"}}, "08:00", true},
		"within one's hours":                  {Member{Hours: evenings}, "19:00", false},
		"outside one's hours":                 {Member{Hours: evenings}, "17:59", true},
		"one's hours do not reach into night": {Member{Hours: evenings}, "22:30", true},
		"another zone than one's language's":  {Member{Languages: []string{"vi"}, Hours: Hours{Zone: "Europe/Berlin"}}, "23:00", false},
	} {
		t.Run(name, func(t *testing.T) {
			at, err := time.ParseInLocation("2006-01-02 15:04", "2026-11-21 "+c.at, time.FixedZone("", 7*3600))
			if err != nil {
				t.Fatal(err)
			}
			if got := Quiet(&c.member, clock.At(at)); got != c.want {
				t.Errorf("at %s in Vietnam quiet is %v, want %v", c.at, got, c.want)
			}
		})
	}
}
