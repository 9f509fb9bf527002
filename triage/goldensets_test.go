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

// TestGoldenSetOfPosts holds the heads against posts of customers of many kinds of brands, with what each asks for or says.
// The half that is held has taught nothing. The texts have sarcasm, dialect and teencode; Vietnamese is also read without its
// marks.
func TestGoldenSetOfPosts(t *testing.T) {
	texts, err := golden.Read("testdata/golden/posts.tsv")
	if err != nil {
		t.Fatal(err)
	}
	s := New(nil)
	type read struct {
		language string
		folded   bool
	}
	for _, c := range []struct {
		head   Head
		floors map[read]float64
	}{
		{Question, map[read]float64{{"en", false}: 0.9, {"vi", false}: 0.88, {"vi", true}: 0.85}},
		{NeedsAccount, map[read]float64{{"en", false}: 0.8, {"vi", false}: 0.78, {"vi", true}: 0.75}},
		{Human, map[read]float64{{"en", false}: 0.9, {"vi", false}: 0.88, {"vi", true}: 0.8}},
		{Complaint, map[read]float64{{"en", false}: 0.65, {"vi", false}: 0.74, {"vi", true}: 0.74}},
	} {
		for r, least := range c.floors {
			var some []golden.Text
			for _, text := range texts {
				if text.Language == r.language {
					some = append(some, text)
				}
			}
			got := golden.Of(some, golden.Held, string(c.head), func(text golden.Text) bool {
				said := text.Said()
				if r.folded {
					said = Strip(said)
				}
				score := s.Score(said)
				return score.Of(c.head) >= 0.5
			})
			t.Logf("%-14s %s folded %-5v F1 %.3f  %s", c.head, r.language, r.folded, got.F1(), got)
			if got.F1() < least {
				t.Errorf("%s, %s, folded %v: F1 %.3f, want %.2f", c.head, r.language, r.folded, got.F1(), least)
			}
		}
	}
}

// TestSarcasmIsNoPraise has posts that praise and mean the opposite.
func TestSarcasmIsNoPraise(t *testing.T) {
	texts, err := golden.Read("testdata/golden/posts.tsv")
	if err != nil {
		t.Fatal(err)
	}
	s := New(nil)
	seen, heard := map[string]int{}, map[string]int{}
	for _, text := range texts {
		if !text.Has("sarcasm") {
			continue
		}
		score := s.Score(text.Said())
		seen[text.Language]++
		if score.Complaint > score.Praise {
			heard[text.Language]++
		} else {
			t.Logf("taken for praise %.2f, complaint %.2f: %s", score.Praise, score.Complaint, text.Said())
		}
	}
	for _, language := range []string{"en", "vi"} {
		if seen[language] < 10 || heard[language]*10 < seen[language]*6 {
			t.Errorf("%s: of %d sarcastic posts %d are rather complaints, want 6 of 10", language, seen[language], heard[language])
		}
	}
}
