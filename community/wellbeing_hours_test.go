package community

import (
	"testing"
	"time"
)

func TestAtWork(t *testing.T) {
	for name, c := range map[string]struct {
		minutes []int64
		want    time.Duration
	}{
		"nothing":                {nil, 0},
		"one moment":             {[]int64{100}, time.Minute},
		"a session":              {[]int64{100, 104, 114}, 15 * time.Minute},
		"two with a pause":       {[]int64{100, 111}, 2 * time.Minute},
		"a long one and a short": {[]int64{0, 10, 20, 30, 500}, 32 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			if got := atWork(c.minutes); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestWellbeingIsChecked(t *testing.T) {
	if err := DefaultWellbeing.Check(); err != nil {
		t.Fatalf("the defaults: %v", err)
	}
	for field, w := range map[string]Wellbeing{"nudge": {0, 15, 20}, "tell": {10, 9, 20}, "rest": {10, 15, 60}} {
		if err, ok := w.Check().(*Invalid); !ok || err.Field != field {
			t.Errorf("%+v: %v, want something about %s", w, w.Check(), field)
		}
	}
}
