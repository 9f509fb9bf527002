package simulation

import (
	"math/rand/v2"
	"time"

	"github.com/kith-social/kith/clock"
)

// arrival is a post to be.
type arrival struct {
	at        clock.Time
	text      string
	inReplyTo string
	author    string // "" for somebody new
}

// arrivals are the posts of a day, in no order.
func (s *Scenario) arrivals(day int, dice *rand.Rand) []arrival {
	midnight := s.midnight(day)
	if s.past != nil {
		return s.past.day(day, midnight)
	}
	var all []arrival
	weights := s.Customers.ByHour
	if len(weights) == 0 {
		weights = make([]float64, 24)
		for i := range weights {
			weights[i] = 1
		}
	}
	for range s.Customers.Posts {
		hour := time.Duration(draw(dice, weights))
		at := midnight.Add(hour*time.Hour + time.Duration(dice.Int64N(int64(time.Hour))))
		all = append(all, s.post(at, s.Customers.Mix, nil, dice))
	}
	for _, storm := range s.Storms {
		if storm.Day-1 != day {
			continue
		}
		begin := midnight.Add(time.Duration(storm.Hour) * time.Hour)
		length := time.Duration(storm.Hours) * time.Hour
		for range storm.Posts * storm.Hours {
			all = append(all, s.post(begin.Add(time.Duration(dice.Int64N(int64(length)))), storm.Mix, storm.About, dice))
		}
	}
	return all
}

func (s *Scenario) post(at clock.Time, mix Mix, about []string, dice *rand.Rand) arrival {
	t := vietnamese
	if dice.Float64() < s.Customers.English {
		t = english
	}
	return arrival{at: at, text: "@" + handle + " " + write(dice, kind(draw(dice, mix.weights())), t, about)}
}

// draw draws a place of a list by its weights.
func draw(dice *rand.Rand, weights []float64) int {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	left := dice.Float64() * sum
	for i, w := range weights {
		if left -= w; left < 0 {
			return i
		}
	}
	return len(weights) - 1
}
