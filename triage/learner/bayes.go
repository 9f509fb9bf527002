package learner

import "math"

// Bayes weighs each feature by how much more often the meant rows have it than the others (Rennie et al. 2003). It is
// learned in one pass, and errs elsewhere than a machine does.
type Bayes struct{ Smooth float32 }

func (b Bayes) learn(rows []row, meant func(i int) bool, importance []float32, columns int) []float32 {
	with, without := make([]float32, columns), make([]float32, columns)
	for i, r := range rows {
		factor := float32(1)
		if importance != nil {
			factor = importance[i]
		}
		if meant(i) {
			r.addTo(with, factor)
		} else {
			r.addTo(without, factor)
		}
	}
	a, o := b.shares(with), b.shares(without)
	for c := range with {
		with[c] = float32(a(c) - o(c))
	}
	with[0] = 0
	return with
}

// shares returns the logarithm of each column's share of a sum.
func (b Bayes) shares(sum []float32) func(column int) float64 {
	total := 0.0
	for _, v := range sum[1:] {
		total += float64(max(v, 0) + b.Smooth)
	}
	return func(c int) float64 { return math.Log(float64(max(sum[c], 0)+b.Smooth) / total) }
}
