package triage

import (
	"math"
	"time"
)

// calmest is the least urgency that counts: even noise moves up while it waits, so nothing starves.
const calmest = 0.01

// urgency weighs what makes a text urgent. Spam takes it away again.
func urgency(s *Score) float64 {
	loud := 0.3 + 3*float64(s.Anger) + 1.5*float64(s.Complaint) + 1.2*float64(s.Question) + 2*float64(s.Risk)
	return loud * (1 - float64(s.Spam))
}

// mostReach is the most that an audience adds to how urgent something is: that of a million followers, as much as rage.
const mostReach = 3

// Reach is what an audience adds to how urgent a text is: half of its order of magnitude. Nobody is less urgent for
// having none.
func Reach(followers int) float64 {
	return min(0.5*math.Log10(1+float64(max(followers, 0))), mostReach)
}

// Priority is the priority, 0 to 100, of something of the given urgency that has been waiting this long and should be
// answered within target. It never falls while one waits or as urgency grows, and in the end everything that waits
// reaches 100.
func Priority(urgency float64, waiting, target time.Duration) int {
	late := float64(max(waiting, 0)) / float64(max(target, 1))
	return int(100 * (1 - math.Exp(-atLeastCalm(urgency)*(1+late*late)/4)))
}

// Target is how long after its creation something of the given urgency is due, where target is what the calmest may
// wait: the more urgent, the sooner. It is never less than a nanosecond.
func Target(urgency float64, target time.Duration) time.Duration {
	return max(time.Duration(float64(target)/(1+atLeastCalm(urgency))), 1)
}

// atLeastCalm also takes what is not a number for calm.
func atLeastCalm(urgency float64) float64 {
	if urgency > calmest {
		return urgency
	}
	return calmest
}
