package moderation

import (
	"math"
	"slices"
)

// Pulse is how many posts customers wrote within an hour, and how many of them in anger.
type Pulse struct {
	Posts, Angry int
}

// Rhythm is what the same hour of earlier days brought. Weekly are the hours a week, two weeks, … ago, Daily
// those of every other day, Before the hours just before this one. A day of which nothing is known is left out.
type Rhythm struct {
	Weekly, Daily, Before []Pulse
}

// Storm is how far what customers write is from what they usually do.
type Storm int

// The storms. Rough is not enough to call anybody, and enough not to say that a storm is over.
const (
	Calm Storm = iota
	Rough
	Spike  // far more posts than usual
	Crisis // far more angry posts than usual, and many of all that is written
)

// Below these many posts, or angry posts, an hour is no storm, whatever is usual.
const (
	leastPosts = 12
	leastAngry = 8
)

// crisisShare is the part of the posts that is angry in a crisis at least.
const crisisShare = 0.3

// usual is what is expected of an hour, with how far it is usually off.
type usual struct{ mean, spread float64 }

// most is the count from which an hour is far from usual: twice as much and then some, and farther than
// chance goes once in years of hours.
func (u usual) most() float64 { return max(2*u.mean, u.mean+6*u.spread) }

// rough is the count down to which a storm goes on.
func (u usual) rough() float64 { return max(1.3*u.mean, u.mean+3*u.spread) }

// StormOf tells what an hour is, after the rhythm of earlier ones. While nothing is known of earlier hours
// nobody can tell, and it is calm. It counts, so that one odd day changes nothing: medians are not moved by it.
func StormOf(hour Pulse, r Rhythm) Storm {
	posts, known := r.usual(func(p Pulse) int { return p.Posts })
	angry, _ := r.usual(func(p Pulse) int { return p.Angry })
	if !known {
		return Calm
	}
	n, a := float64(hour.Posts), float64(hour.Angry)
	switch {
	case hour.Angry >= leastAngry && a > angry.most() && a >= crisisShare*n:
		return Crisis
	case hour.Posts >= leastPosts && n > posts.most():
		return Spike
	case hour.Posts >= leastPosts/2 && n > posts.rough(), hour.Angry >= leastAngry/2 && a > angry.rough() && a >= crisisShare/2*n:
		return Rough
	}
	return Calm
}

// usual is the larger of what the same hour brought on all days and on this day of the week. Before a day is
// known, it is the most that one of the hours before brought: a day that begins is no storm.
func (r Rhythm) usual(count func(Pulse) int) (u usual, known bool) {
	all := counts(append(slices.Clone(r.Weekly), r.Daily...), count)
	samples := 1.0
	switch {
	case len(all) > 0:
		samples = float64(len(all))
		u.mean = median(all)
		off := make([]float64, len(all))
		for i, n := range all {
			off[i] = math.Abs(n - u.mean)
		}
		u.spread = madToSigma * median(off)
		if len(r.Weekly) > 0 {
			u.mean = max(u.mean, median(counts(r.Weekly, count)))
		}
	case len(r.Before) >= fewestBefore:
		u.mean = slices.Max(counts(r.Before, count))
	default:
		return u, false
	}
	u.mean += doubt * math.Sqrt((u.mean+1)/samples) // few days may have been quiet ones
	u.spread = max(u.spread, math.Sqrt(u.mean+1))
	return u, true
}

const (
	madToSigma   = 1.4826 // of the median deviation of what is spread normally
	doubt        = 3      // standard errors by which the mean may be higher than it looks
	fewestBefore = 2      // hours that tell something before a day is known
)

func counts(all []Pulse, count func(Pulse) int) []float64 {
	found := make([]float64, len(all))
	for i, p := range all {
		found[i] = float64(count(p))
	}
	return found
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}
