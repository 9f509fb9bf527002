package weights

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
		margins := make([]float64, h.Count)
		h.Margins(h.See(nil, nil), margins)
		for i, m := range margins {
			if m != 0 || h.Bias(i) == 0 {
				t.Errorf("%s: nothing adds %v to head %d, whose bias is %v; want 0 and a bias", name, m, i, h.Bias(i))
			}
		}
	}
	if found := Words().Find(0, make([]float32, Words().Size)); found {
		t.Error("a word that does not exist has a vector")
	}
}
