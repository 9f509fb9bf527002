package moderation

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// Waits are times that something waited, to the minute.
type Waits struct {
	N       int
	Minutes map[int]int // how many waited so many whole minutes
}

func (w *Waits) add(wait time.Duration) {
	if w.Minutes == nil {
		w.Minutes = map[int]int{}
	}
	w.N++
	w.Minutes[max(int(wait.Minutes()), 0)]++
}

// Within is the time within which a share (0 to 1) of all were over, to the minute; 0 where there was none.
func (w Waits) Within(share float64) time.Duration {
	left := int(share*float64(w.N)+0.5) - 1
	for _, minutes := range slices.Sorted(maps.Keys(w.Minutes)) {
		if left -= w.Minutes[minutes]; left < 0 {
			return time.Duration(minutes) * time.Minute
		}
	}
	return 0
}

// Tally counts questions.
type Tally struct {
	Asked int
	Quick int   // answered within the promise of two hours
	Waits Waits // of those that were answered
	// Stated is how many of those that were answered a public statement speaks for, which is no reply.
	Stated int
}

// Answered is how many were.
func (t Tally) Answered() int { return t.Waits.N }

// Rate is the share that was answered.
func (t Tally) Rate() Share { return ShareOf(t.Waits.N, t.Asked) }

// InTime is the share that was answered within two hours, of all that were asked.
func (t Tally) InTime() Share { return ShareOf(t.Quick, t.Asked) }

func (t *Tally) add(q question) {
	t.Asked++
	if q.answeredAt == 0 {
		return
	}
	if q.stated {
		t.Stated++
	}
	wait := q.answeredAt.Sub(q.askedAt)
	if t.Waits.add(wait); wait <= community.Promise {
		t.Quick++
	}
}

// sums are a report while it is added up.
type sums struct {
	r                                *Report
	members                          map[int64]community.Member
	networks, lanes, topics, answers map[string]*Tally
	parts                            map[Side]*Part
	shares                           map[int64]map[Side]int // answered questions, by connection
}

func newSums(r *Report, members map[int64]community.Member) *sums {
	s := &sums{
		r: r, members: members, parts: map[Side]*Part{}, shares: map[int64]map[Side]int{},
		networks: map[string]*Tally{}, lanes: map[string]*Tally{}, topics: map[string]*Tally{}, answers: map[string]*Tally{},
	}
	for _, side := range Sides {
		s.parts[side] = &Part{Side: side}
	}
	return s
}

func (s *sums) add(q question) {
	s.r.All.add(q)
	s.r.Hours[s.r.hour(q.askedAt)].add(q)
	if i, found := slices.BinarySearchFunc(s.r.Slots, q, func(slot Slot, q question) int {
		switch {
		case slot.To <= q.askedAt:
			return -1
		case slot.From > q.askedAt:
			return 1
		}
		return 0
	}); found {
		s.r.Slots[i].add(q)
	}
	tallyOf(s.networks, q.network).add(q)
	tallyOf(s.lanes, q.lane).add(q)
	tallyOf(s.topics, strconv.FormatInt(q.topic, 10)).add(q)
	if q.answeredAt == 0 {
		return
	}
	if q.member != 0 {
		tallyOf(s.answers, strconv.FormatInt(q.member, 10)).add(q)
	}
	side := s.sideOf(q)
	part := s.parts[side]
	part.add(q)
	if q.outcome == community.OutcomeSolved || q.outcome == community.OutcomeThanks {
		part.Liked++
	}
	if s.shares[q.connection] == nil {
		s.shares[q.connection] = map[Side]int{}
	}
	s.shares[q.connection][side]++
}

func (s *sums) sideOf(q question) Side {
	switch {
	case q.stated:
		return ByStatement
	case q.member == 0:
		return ByElsewhere
	case s.members[q.member].Role.Employee():
		return ByStaff
	}
	return ByCommunity
}

func tallyOf(of map[string]*Tally, key string) *Tally {
	if of[key] == nil {
		of[key] = &Tally{}
	}
	return of[key]
}

// finish shares out what was spent, and lists the groups, the largest first.
func (s *sums) finish(spent map[int64]listeners.MicroUSD) {
	for connection, cost := range spent {
		s.r.Cost += cost
		answered := 0
		for _, n := range s.shares[connection] {
			answered += n
		}
		for side, n := range s.shares[connection] {
			s.parts[side].Cost += cost * listeners.MicroUSD(n) / listeners.MicroUSD(answered)
		}
	}
	for _, side := range Sides {
		s.r.Parts = append(s.r.Parts, *s.parts[side])
	}
	s.r.Networks, s.r.Lanes, s.r.Topics, s.r.Members = grouped(s.networks), grouped(s.lanes), grouped(s.topics), grouped(s.answers)
}

func grouped(of map[string]*Tally) []Group {
	var all []Group
	for key, t := range of {
		all = append(all, Group{key, *t})
	}
	slices.SortFunc(all, func(a, b Group) int { return cmp.Or(cmp.Compare(b.Asked, a.Asked), cmp.Compare(a.Key, b.Key)) })
	return all
}
