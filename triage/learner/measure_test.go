package learner

import (
	"math"
	"testing"
)

func TestMetrics(t *testing.T) {
	all := []Judged{
		{Truth: 0, Said: 0, P: 0.9, Is: true},
		{Truth: 0, Said: 1, P: 0.4, Is: true},
		{Truth: 1, Said: 1, P: 0.4},
		{Truth: 1, Said: 1, P: 0.1},
	}
	for name, c := range map[string]struct {
		m    Metric
		want float64
	}{
		"accuracy":    {Accuracy, 0.75},
		"macro-F1":    {F1(false), (2.0/3 + 0.8) / 2},
		"weighted F1": {F1(true), (2.0/3 + 0.8) / 2},
		"F1 of one":   {F1Of, 2.0 / 3},
		"AUC":         {AUC, 3.5 / 4},
		"calibration": {CalibrationError, (0.1 + 0.2 + 0.1) / 4},
	} {
		if got := c.m(all); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s is %v, want %v", name, got, c.want)
		}
	}
	if low, high := Interval(all, Accuracy); low >= 0.75 || high <= 0.75 {
		t.Errorf("accuracy lies between %v and %v, want 0.75 in between", low, high)
	}
}

func TestChanceAloneMakesACalibrationError(t *testing.T) {
	all := make([]Judged, 1000)
	for i := range all {
		all[i].P = float64(i%10)/10 + 0.05
	}
	if noise := CalibrationNoise(all); noise < 0.02 || noise > 0.04 {
		t.Errorf("chance alone makes %.3f of 1,000 texts, want about 0.03", noise)
	}
	if noise := CalibrationNoise(all[:100]); noise < 0.06 {
		t.Errorf("chance alone makes %.3f of 100 texts, want more than of 1,000", noise)
	}
}
