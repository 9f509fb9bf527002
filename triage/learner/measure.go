package learner

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// Judged is what was said of a text, and the truth.
type Judged struct {
	Truth, Said int     // labels
	P           float64 // of the label that matters
	Is          bool    // the truth is the label that matters
}

// Metric is a figure of many judgements.
type Metric func([]Judged) float64

// Accuracy is the share of right labels.
func Accuracy(all []Judged) float64 {
	right := 0.0
	for _, j := range all {
		if j.Said == j.Truth {
			right++
		}
	}
	return right / float64(len(all))
}

// F1 is the mean of the labels' F1, each label counting the same or, if weighted, as often as it is true.
func F1(weighted bool) Metric {
	return func(all []Judged) float64 {
		truths, said, right := map[int]float64{}, map[int]float64{}, map[int]float64{}
		for _, j := range all {
			truths[j.Truth]++
			said[j.Said]++
			if j.Truth == j.Said {
				right[j.Truth]++
			}
		}
		sum, total := 0.0, 0.0
		for label, n := range truths {
			weight := 1.0
			if weighted {
				weight = n
			}
			sum += weight * 2 * right[label] / (n + said[label])
			total += weight
		}
		return sum / total
	}
}

// F1Of is the F1 of the label that matters.
func F1Of(all []Judged) float64 {
	var is, said, right float64
	for _, j := range all {
		if j.Is {
			is++
		}
		if j.P >= 0.5 {
			said++
			if j.Is {
				right++
			}
		}
	}
	return 2 * right / max(is+said, 1)
}

// AUC is the chance that a text with the label that matters ranks above one without; ties count half.
func AUC(all []Judged) float64 {
	ranked := slices.Clone(all)
	slices.SortFunc(ranked, func(a, b Judged) int { return cmp.Compare(a.P, b.P) })
	var yes, no, above float64
	for i := 0; i < len(ranked); {
		j := i
		var y, n float64
		for ; j < len(ranked) && ranked[j].P == ranked[i].P; j++ {
			if ranked[j].Is {
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

// CalibrationError is how far the probabilities are from the shares that turned out true, on average over ten bins.
func CalibrationError(all []Judged) float64 {
	var p, is [10]float64
	for _, j := range all {
		bin := min(int(j.P*10), 9)
		p[bin] += j.P
		if j.Is {
			is[bin]++
		}
	}
	sum := 0.0
	for bin := range p {
		sum += max(p[bin]-is[bin], is[bin]-p[bin])
	}
	return sum / float64(len(all))
}

// CalibrationNoise is what CalibrationError would be on average if the probabilities were exactly right: the fewer texts, the
// further the shares that turn out true are from them.
func CalibrationNoise(all []Judged) float64 {
	const draws = 100
	random := rand.New(rand.NewPCG(7, 11))
	drawn := slices.Clone(all)
	sum := 0.0
	for range draws {
		for i := range drawn {
			drawn[i].Is = random.Float64() < drawn[i].P
		}
		sum += CalibrationError(drawn) / draws
	}
	return sum
}

// Interval is where a metric lies in 95 of 100 samples of the judgements, drawn with replacement.
func Interval(all []Judged, m Metric) (low, high float64) {
	const samples = 400
	random := rand.New(rand.NewPCG(3, 5))
	figures := make([]float64, samples)
	sample := make([]Judged, len(all))
	for i := range figures {
		for j := range sample {
			sample[j] = all[random.IntN(len(all))]
		}
		figures[i] = m(sample)
	}
	slices.Sort(figures)
	return figures[samples*25/1000], figures[samples*975/1000]
}
