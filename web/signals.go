package web

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/kith-social/kith/triage"
)

// strongest is how many spans of each head are shown as the reason of a score.
const strongest = 3

// evident is the probability from which a head is named, and spans that speak for it are marked.
const evident = 0.5

// signal is something triage heard in a post.
type signal struct {
	Head triage.Head
	P    float32
}

// signals are the heads that a post evidently carries, strongest first.
func signals(s triage.Score) []signal {
	all := []signal{
		{triage.Anger, s.Anger},
		{triage.Negative, s.Negative},
		{triage.Complaint, s.Complaint},
		{triage.Question, s.Question},
		{triage.Praise, s.Praise},
		{triage.Spam, s.Spam},
		{triage.Risk, s.Risk},
		{triage.NeedsAccount, s.NeedsAccount},
		{triage.Human, s.Human},
		{triage.OptOut, s.OptOut},
	}
	all = slices.DeleteFunc(all, func(s signal) bool { return s.P < evident })
	slices.SortStableFunc(all, func(a, b signal) int { return cmp.Compare(b.P, a.P) })
	return all
}

func (s signal) text(ctx context.Context) string {
	return T(ctx, "head."+string(s.Head)) + " " + Percent(ctx, s.P)
}

// Percent writes a share of 1 as 82 %.
func Percent(ctx context.Context, share float32) string {
	return Number(ctx, int(math.Round(100*float64(share)))) + " %"
}

// stretch is a part of a text; Head names what it speaks for, "" for nothing.
type stretch struct {
	Text string
	Head triage.Head
}

// stretches cuts a text where spans begin and end. Of spans that overlap the strongest counts, and
// only those that speak for one of the signals.
func stretches(text string, spans []triage.Span, heard []signal) []stretch {
	runes := []rune(text)
	heads := make([]triage.Head, len(runes))
	spans = slices.Clone(spans)
	slices.SortStableFunc(spans, func(a, b triage.Span) int { return cmp.Compare(a.Weight, b.Weight) })
	for _, span := range spans {
		if span.Weight <= 0 || !slices.ContainsFunc(heard, func(s signal) bool { return s.Head == span.Head }) {
			continue
		}
		for i := max(span.Start, 0); i < min(span.End, len(runes)); i++ {
			heads[i] = span.Head
		}
	}
	var parts []stretch
	for start := 0; start < len(runes); {
		end := start + 1
		for end < len(runes) && heads[end] == heads[start] {
			end++
		}
		parts = append(parts, stretch{string(runes[start:end]), heads[start]})
		start = end
	}
	return parts
}

// moodOf is how a customer sounds by the score of what they wrote.
func moodOf(s triage.Score) Mood {
	switch {
	case s.Risk >= evident:
		return Crisis
	case s.Anger >= 0.8:
		return Angry
	case s.Anger >= evident, s.Complaint >= evident && s.Negative >= evident:
		return Upset
	case s.Complaint >= evident || s.Negative >= evident:
		return Uneasy
	}
	return Calm
}
