package triage

import (
	"testing"

	"github.com/kith-social/kith/triage/golden"
)

// floor is what a half of a golden set must reach.
type floor struct{ precision, recall float64 }

// TestGoldenSets holds the readers against the golden sets. What pays people, closes cases or silences a
// thread has to be precise; who asks for a person has to be heard.
func TestGoldenSets(t *testing.T) {
	s := New(nil)
	head := func(h Head) func(string) string {
		return func(text string) string {
			score := s.Score(text)
			if score.Of(h) >= 0.5 {
				return "yes"
			}
			return "no"
		}
	}
	outcome := func(text string) string { return string(ReadOutcome(text)) }
	for _, set := range []struct {
		name, label string
		read        func(string) string
		tune, held  floor
	}{
		{"human_exit", "yes", head(Human), floor{0.95, 0.95}, floor{0.85, 0.75}},
		{"opt_out", "yes", head(OptOut), floor{0.95, 0.9}, floor{0.85, 0.75}},
		{"outcome", "solved", outcome, floor{0.95, 0.9}, floor{0.95, 0.85}},
		{"outcome", "thanks", outcome, floor{0.95, 0.9}, floor{0.9, 0.8}},
		{"outcome", "still_broken", outcome, floor{0.9, 0.95}, floor{0.9, 0.95}},
		{"outcome", "sarcastic", outcome, floor{0.95, 0.95}, floor{0.95, 0.4}},
	} {
		texts, err := golden.Read("testdata/golden/" + set.name + ".tsv")
		if err != nil {
			t.Fatal(err)
		}
		for _, half := range []string{golden.Tune, golden.Held} {
			least := set.held
			if half == golden.Tune {
				least = set.tune
			}
			got := golden.Of(texts, half, set.label, func(text golden.Text) bool { return set.read(text.Said()) == set.label })
			t.Logf("%-10s  %-12s  %s  %s", set.name, set.label, half, got)
			if half == golden.Tune {
				for _, text := range got.Missed {
					t.Logf("    missed: %s (%s)", text, set.read(text))
				}
				for _, text := range got.Wrong {
					t.Logf("    wrong:  %s", text)
				}
			}
			if got.Precision() < least.precision || got.Recall() < least.recall {
				t.Errorf("%s %s, %s half: %s, want %.2f and %.2f", set.name, set.label, half, got, least.precision, least.recall)
			}
		}
	}
}
