package learner

import "math"

// tells says of each feature how much more often texts that are meant have it than the others, or the other way round, as
// the logarithm of a ratio; of signs and meanings 1. Importance is what a text counts; nil means 1.
func (v *vocabulary) tells(rows []row, meant func(i int) bool, importance []float32) []float32 {
	const unseen = 1 // what each feature is counted before it is seen
	yes, no := make([]float32, v.size()), make([]float32, v.size())
	var allYes, allNo float32
	for i, r := range rows {
		in, all, counts := no, &allNo, float32(1)
		if meant(i) {
			in, all = yes, &allYes
		}
		if importance != nil {
			counts = importance[i]
		}
		*all += counts
		for _, column := range r.columns {
			in[column] += counts
		}
	}
	tells := yes
	for column, kind := range v.kinds {
		ratio := (yes[column] + unseen) / (allYes + 2*unseen) * (allNo + 2*unseen) / (no[column] + unseen)
		if tells[column] = 1; !kind.valued() {
			tells[column] = float32(math.Abs(math.Log(float64(ratio))))
		}
	}
	return tells
}

// learnTelling is learnBeside where each feature counts as much as it tells by itself (Wang and Manning 2012): a few texts
// would otherwise teach every word that they happen to have.
func (m Machine) learnTelling(known []float32, rows []row, meant func(i int) bool, importance, tells []float32) []float32 {
	scaled := make([]row, len(rows))
	for i, r := range rows {
		scaled[i] = row{columns: r.columns, values: make([]float32, len(r.values))}
		for j, column := range r.columns {
			scaled[i].values[j] = r.values[j] * tells[column]
		}
	}
	w := m.learnBeside(known, scaled, meant, importance, len(tells))
	for i := range w {
		w[i] *= tells[i]
	}
	return w
}
