package model

import (
	"testing"

	"github.com/kith-social/kith/triage/learner"
)

// Everyone who runs the product downloads the weights.
func TestWeightsStaySmall(t *testing.T) {
	if size := len(emotions) + len(heads) + len(words); size > 12<<20 {
		t.Errorf("the weights are %d bytes, want at most 12 MB", size)
	}
}

func TestWeightsCanBeRead(t *testing.T) {
	for name, h := range map[string]*learner.Heads{"emotions": Emotions(), "heads": Heads()} {
		margins := make([]float32, h.Count)
		h.Margins(h.See(nil, nil), margins)
		for i, m := range margins {
			if m != h.Bias(i) {
				t.Errorf("%s: head %d of nothing has margin %v, want its bias %v", name, i, m, h.Bias(i))
			}
		}
	}
	if found := Words().Find(0, make([]float32, Words().Size)); found {
		t.Error("a word that does not exist has a vector")
	}
}
