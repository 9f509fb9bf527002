package moderation_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/kith-social/kith/moderation"
)

// past is what an hour is held against: a brand that was heard from minute 0 on, in slots of five minutes,
// each with the sum of all until its end.
type past []moderation.Pulse

// sums adds slots up.
func sums(slots []moderation.Pulse) past {
	p := make(past, len(slots)+1)
	for i, s := range slots {
		p[i+1] = moderation.Pulse{Posts: p[i].Posts + s.Posts, Angry: p[i].Angry + s.Angry}
	}
	return p
}

const (
	hourSlots = 12
	daySlots  = 24 * hourSlots
)

func (p past) hour(end int) moderation.Pulse {
	return moderation.Pulse{Posts: p[end].Posts - p[end-hourSlots].Posts, Angry: p[end].Angry - p[end-hourSlots].Angry}
}

// storm is what the hour is that ends with a slot.
func (p past) storm(end int) moderation.Storm {
	var r moderation.Rhythm
	for d := 1; d <= 28; d++ {
		if at := end - d*daySlots; at >= hourSlots && d%7 == 0 {
			r.Weekly = append(r.Weekly, p.hour(at))
		} else if at >= hourSlots {
			r.Daily = append(r.Daily, p.hour(at))
		}
	}
	for h := 1; h <= 3; h++ {
		if at := end - h*hourSlots; at >= hourSlots {
			r.Before = append(r.Before, p.hour(at))
		}
	}
	return moderation.StormOf(p.hour(end), r)
}

// begins counts how often a storm begins, as whoever is called hears of it: once it is over for an hour.
func (p past) begins() (spikes, crises int) {
	live, quiet := moderation.Calm, 0
	for end := hourSlots; end < len(p); end++ {
		switch s := p.storm(end); {
		case s > live && s >= moderation.Spike:
			if s == moderation.Crisis {
				crises++
			}
			if live == moderation.Calm {
				spikes++
			}
			live, quiet = s, 0
		case s >= moderation.Rough:
			quiet = 0
		default:
			if quiet++; quiet > hourSlots {
				live = moderation.Calm
			}
		}
	}
	return spikes, crises
}

// poisson is how many posts come in when so many are expected.
func poisson(r *rand.Rand, expected float64) (n int) {
	for at := r.ExpFloat64(); at < expected; at += r.ExpFloat64() {
		n++
	}
	return n
}

// days are days of a rhythm: from low posts an hour at night to high in the afternoon.
func days(r *rand.Rand, n int, low, high float64) []moderation.Pulse {
	p := make([]moderation.Pulse, n*daySlots)
	for i := range p {
		share := (1 - math.Cos(2*math.Pi*float64(i%daySlots)/daySlots)) / 2
		posts := poisson(r, (low+(high-low)*share)/hourSlots)
		for range posts {
			if p[i].Posts++; r.Float64() < 0.1 {
				p[i].Angry++
			}
		}
	}
	return p
}

// worlds are brands that differ in how much is written, the same in every run.
func worlds(t *testing.T, check func(t *testing.T, r *rand.Rand, low, high float64)) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 1))
		low := 20 * r.Float64() * r.Float64()
		check(t, r, low, low+120*r.Float64()*r.Float64())
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func TestADailyRhythmIsNoStorm(t *testing.T) {
	worlds(t, func(t *testing.T, r *rand.Rand, low, high float64) {
		if spikes, crises := sums(days(r, 9, low, high)).begins(); spikes+crises > 0 {
			t.Errorf("%d storms of a rhythm from %.0f to %.0f posts an hour", spikes+crises, low, high)
		}
	})
}

func TestAStormIsToldOnce(t *testing.T) {
	worlds(t, func(t *testing.T, r *rand.Rand, low, high float64) {
		p := days(r, 10, low, high)
		at := (2+r.IntN(7))*daySlots + r.IntN(daySlots)
		for i := at; i < at+3*hourSlots; i++ { // 1,000 posts an hour for three hours, most of them angry
			p[i] = moderation.Pulse{Posts: 83, Angry: 60}
		}
		if spikes, crises := sums(p).begins(); spikes != 1 || crises != 1 {
			t.Errorf("a storm was told %d times, as a crisis %d times; from %.0f to %.0f posts an hour", spikes, crises, low, high)
		}
	})
}

func TestOnlyAnger(t *testing.T) {
	p := days(rand.New(rand.NewPCG(1, 1)), 9, 20, 20)
	for i := 8 * daySlots; i < 8*daySlots+hourSlots; i++ { // no more posts than usual, and all of them angry
		p[i].Angry = p[i].Posts
	}
	if spikes, crises := sums(p).begins(); crises != 1 || spikes != 1 {
		t.Errorf("anger without more posts was told %d times, as a crisis %d times", spikes, crises)
	}
	if s := moderation.StormOf(moderation.Pulse{Posts: 1000, Angry: 900}, moderation.Rhythm{}); s != moderation.Calm {
		t.Errorf("with nothing to compare with it is storm %d", s)
	}
}
