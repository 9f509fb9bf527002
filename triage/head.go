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
