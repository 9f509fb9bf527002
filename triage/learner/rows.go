package learner

import (
	"math"
	"slices"
)

// row is a sparse vector, sorted by column.
type row struct {
	columns []int32
	values  []float32
}

// vocabulary gives the features that a learner knows their columns. Column 0 is always 1.
type vocabulary struct {
	columns map[uint64]int32
	kinds   []Kind
	rarity  []float32 // what a word or letters weigh: the rarer, the more
	weights [kinds]float32
}

// newVocabulary notes the features that at least least of the texts have.
func newVocabulary(seen [][]Feature, least int, weights [kinds]float32) *vocabulary {
	type tally struct {
		texts, last int32
		kind        Kind
	}
	counts := make(map[uint64]tally, 1<<16)
	var order []uint64 // in which they were first seen, so that columns do not depend on the map
	for i, features := range seen {
		for _, f := range features {
			c, known := counts[f.ID]
			if !known {
				order = append(order, f.ID)
				c.kind, c.last = f.Kind, -1
			}
			if c.last != int32(i) {
				c.texts, c.last = c.texts+1, int32(i)
				counts[f.ID] = c
			}
		}
	}
	v := &vocabulary{columns: make(map[uint64]int32, len(order)), kinds: []Kind{Sign}, rarity: []float32{1}, weights: weights}
	for _, id := range order {
		c := counts[id]
		if int(c.texts) < least && c.kind != Sign {
			continue
		}
		v.columns[id] = int32(len(v.kinds))
		v.kinds = append(v.kinds, c.kind)
		v.rarity = append(v.rarity, float32(math.Log(float64(len(seen)+1)/float64(c.texts))+1))
	}
	return v
}

func (v *vocabulary) size() int { return len(v.kinds) }

// row makes the vector of a text.
func (v *vocabulary) row(features []Feature) row {
	columns := make([]int32, 1, len(features)+1) // column 0
	signs := map[int32]float32{0: 1}
	for _, f := range features {
		c, known := v.columns[f.ID]
		if !known {
			continue
		}
		if f.Kind == Sign {
			signs[c] += f.Value
		}
		columns = append(columns, c)
	}
	slices.Sort(columns)
	columns = slices.Compact(columns)
	values := make([]float32, len(columns))
	var squares [kinds]float64
	for i, c := range columns {
		values[i] = v.rarity[c]
		squares[v.kinds[c]] += float64(values[i]) * float64(values[i])
	}
	for i, c := range columns {
		if v.kinds[c] == Sign {
			values[i] = signs[c]
			if c != 0 {
				values[i] *= v.weights[Sign]
			}
			continue
		}
		values[i] *= v.weights[v.kinds[c]] / float32(math.Sqrt(squares[v.kinds[c]]))
	}
	return row{columns, values}
}

func (r row) dot(w []float32) float32 {
	var sum float32
	for i, c := range r.columns {
		sum += w[c] * r.values[i]
	}
	return sum
}

func (r row) addTo(w []float32, factor float32) {
	for i, c := range r.columns {
		w[c] += factor * r.values[i]
	}
}
