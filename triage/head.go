package triage

import "slices"

// Heads are all heads, in their order.
func Heads() []Head { return slices.Clone(heads[:]) }

// Of is the probability that a text carries a head.
func (s *Score) Of(h Head) float32 {
	switch h {
	case Anger:
		return s.Anger
	case Negative:
		return s.Negative
	case Complaint:
		return s.Complaint
	case Question:
		return s.Question
	case Praise:
		return s.Praise
	case Spam:
		return s.Spam
	case Risk:
		return s.Risk
	case NeedsAccount:
		return s.NeedsAccount
	case Human:
		return s.Human
	case OptOut:
		return s.OptOut
	case Staff:
		return s.Staff
	default:
		return 0
	}
}

// Correct sets a head to what a person said of the text, and what follows from it.
func (s *Score) Correct(h Head, is bool) {
	p := float32(0)
	if is {
		p = 1
	}
	fields := map[Head]*float32{
		Anger: &s.Anger, Negative: &s.Negative, Complaint: &s.Complaint, Question: &s.Question, Praise: &s.Praise, Spam: &s.Spam,
		Risk: &s.Risk, NeedsAccount: &s.NeedsAccount, Human: &s.Human, OptOut: &s.OptOut, Staff: &s.Staff,
	}
	field := fields[h]
	if field == nil {
		return
	}
	was := s.need()
	*field = p
	s.Urgency = urgency(s)
	switch need := s.need(); {
	case h == Staff:
	case need > was:
		s.Staff = max(s.Staff, need)
	case need < was:
		s.Staff = min(s.Staff, need)
	}
}

// need is what the heads say of Staff.
func (s *Score) need() float32 {
	var margins [headCount]float64
	for i, h := range heads {
		margins[i] = logOdds(float64(s.Of(h)))
	}
	return float32(staffNeed(&margins))
}

// Rank sets Urgency, which is not stored with a score.
func (s *Score) Rank() { s.Urgency = urgency(s) }
