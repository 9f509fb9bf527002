package triage

import (
	"cmp"
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// dataFolder holds public labelled texts that may be measured with but not shipped; a checkout has it beside it or not.
const dataFolder = "../../shared/data/measure"

// TestMeasure prints how well the heads rank real posts and keeps them from getting worse by more than chance.
// The floors lie a little under what was reached; nothing is learned from these texts.
func TestMeasure(t *testing.T) {
	for _, c := range []struct {
		name, set, label string
		fold             bool
		p                func(Score) float32
		floor            float64
	}{
		{"airline negative", "airline", "negative", false, func(s Score) float32 { return s.Negative }, 0.81},
		{"airline complaint", "airline", "negative", false, func(s Score) float32 { return s.Complaint }, 0.80},
		{"tweets negative", "tweeteval-sentiment", "negative", false, func(s Score) float32 { return s.Negative }, 0.72},
		{"tweets anger", "tweeteval-emotion", "anger", false, func(s Score) float32 { return s.Anger }, 0.76},
		{"vi phone reviews complaint", "vi-visfd", "complaint", false, func(s Score) float32 { return s.Complaint }, 0.88},
		{"vi phone reviews complaint, folded", "vi-visfd", "complaint", true, func(s Score) float32 { return s.Complaint }, 0.83},
		{"vi shop reviews negative", "vi-aivivn", "negative", false, func(s Score) float32 { return s.Negative }, 0.94},
		{"vi shop reviews negative, folded", "vi-aivivn", "negative", true, func(s Score) float32 { return s.Negative }, 0.91},
		{"vi comments anger", "vi-vsmec", "Anger", false, func(s Score) float32 { return s.Anger }, 0.78},
		{"vi comments anger, folded", "vi-vsmec", "Anger", true, func(s Score) float32 { return s.Anger }, 0.73},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows := labelled(t, c.set)
			scorer := New(nil)
			ranks := make([]ranked, 0, len(rows))
			for _, row := range rows {
				text := row[0]
				if c.fold {
					text = Fold(text)
				}
				ranks = append(ranks, ranked{p: c.p(scorer.Score(text)), yes: row[1] == c.label})
			}
			got := auc(ranks)
			t.Logf("AUC %.3f over %d texts", got, len(ranks))
			if got < c.floor {
				t.Errorf("AUC %.3f, want at least %.3f", got, c.floor)
			}
		})
	}
}

func labelled(t *testing.T, set string) [][]string {
	t.Helper()
	f, err := os.Open(filepath.Join(dataFolder, set, "dev.csv"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("SKIPPED, not measured: %s is absent", err)
	} else if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

type ranked struct {
	p   float32
	yes bool
}

// auc is the chance that a text with the label ranks above one without; ties count half.
func auc(all []ranked) float64 {
	slices.SortFunc(all, func(a, b ranked) int { return cmp.Compare(a.p, b.p) })
	var yes, no, above float64
	for i := 0; i < len(all); {
		j := i
		var y, n float64
		for ; j < len(all) && all[j].p == all[i].p; j++ {
			if all[j].yes {
				y++
			} else {
				n++
			}
		}
		above += y*no + y*n/2
		yes, no, i = yes+y, no+n, j
	}
	return above / (yes * no)
}
