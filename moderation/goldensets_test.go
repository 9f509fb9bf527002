package moderation

import (
	"maps"
	"slices"
	"testing"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/triage"
	"github.com/kith-social/kith/triage/golden"
)

// guarded are the flags that have a golden set, with what the halves must reach.
var guarded = map[Flag]struct{ tune, held float64 }{
	HasPhone: {0.95, 0.9}, HasEmail: {0.95, 0.9}, HasCard: {0.95, 0.95}, HasID: {0.95, 0.95}, HasAddress: {0.95, 0.7}, HasLink: {0.95, 0.9},
	HasPromise: {0.95, 0.9}, HasLegal: {0.9, 0.7}, HasMedical: {0.95, 0.6}, HasInsult: {0.95, 0.9}, HasBlame: {0.95, 0.7},
}

// TestGoldenSetsOfGuards holds the guards against texts that they must catch and texts that they must let
// pass: who is stopped for nothing soon stops reading what the guards say.
func TestGoldenSetsOfGuards(t *testing.T) {
	for _, flag := range slices.Sorted(maps.Keys(guarded)) {
		floors := guarded[flag]
		texts, err := golden.Read("testdata/golden/" + string(flag) + ".tsv")
		if err != nil {
			t.Fatal(err)
		}
		has := func(text golden.Text) bool { return slices.Contains(flagsIn(text.Said()), flag) }
		for _, half := range []string{golden.Tune, golden.Held} {
			least := floors.held
			if half == golden.Tune {
				least = floors.tune
			}
			got := golden.Of(texts, half, "yes", has)
			t.Logf("%-10s  %s  %s", flag, half, got)
			if half == golden.Tune {
				for _, text := range got.Missed {
					t.Logf("    missed: %s", text)
				}
				for _, text := range got.Wrong {
					t.Logf("    wrong:  %s", text)
				}
			}
			if got.Precision() < least || got.Recall() < least {
				t.Errorf("%s, %s half: %s, want %.2f of both", flag, half, got, least)
			}
		}
	}
}

func flagsIn(text string, recent ...string) []Flag {
	return Flags(check(&draft{
		text: text, folded: fold(text), said: triage.ReadAnswer(text), recent: recent,
		author: &community.Member{Role: community.Advocate}, network: listeners.Network{Policy: listeners.Policy{TextOnce: true}}, cased: &community.Case{Network: "x"},
		voice: Voice{Domains: []string{"kithcoffee.com", "kith.vn"}},
	}))
}

// TestGoldenSetOfCopies has pairs of answers: a short standard answer may be sent again and again, a long
// one goes to a network that takes a text once only in other words.
func TestGoldenSetOfCopies(t *testing.T) {
	texts, err := golden.Read("testdata/golden/copies.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		flags := flagsIn(text.Said(), text.Fields[0])
		got := "none"
		switch {
		case slices.Contains(flags, SameText):
			got = "same"
		case slices.Contains(flags, NearCopy):
			got = "near"
		}
		if got == "near" && refusal(check(&draft{text: text.Said(), folded: fold(text.Said()), recent: text.Fields[:1], author: &community.Member{Role: community.Moderator}, network: listeners.Network{Policy: listeners.Policy{TextOnce: true}}, cased: &community.Case{Network: "x"}})) != nil {
			t.Errorf("%q is refused", text.Said())
		}
		if got != text.Label {
			t.Errorf("%q after %q is %s, want %s", text.Said(), text.Fields[0], got, text.Label)
		}
	}
}
