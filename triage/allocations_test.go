//go:build !race

package triage

import "testing"

// The race detector makes pools forget at random, so that they allocate; without it nothing may.
func TestScoringAllocatesNothing(t *testing.T) {
	s := New([]Topic{{ID: 1, Name: "Warranty"}})
	text := "Shop ơi mình đặt từ thứ hai mà chưa thấy giao, so annoying!!! 😡 https://x.example #12345"
	s.Score(text)
	if got := testing.AllocsPerRun(100, func() { s.Score(text) }); got >= 1 {
		t.Errorf("%v allocations a text, want none", got)
	}
}
