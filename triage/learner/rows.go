package learner

import (
	"cmp"
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
	ids     []uint64
	kinds   []Kind
	texts   []int32   // that have the feature
	rarity  []float32 // what a word or letters weigh: the rarer, the more
}

// newVocabulary notes the features that at least least of the texts have.
func newVocabulary(seen [][]Feature, least int) *vocabulary {
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
	v := &vocabulary{columns: make(map[uint64]int32, len(order))}
	v.add(0, Sign, 0, 1)
	for _, id := range order {
		c := counts[id]
		if int(c.texts) < least && !c.kind.valued() {
			continue
		}
		v.add(id, c.kind, c.texts, float32(math.Log(float64(len(seen)+1)/float64(c.texts))+1))
	}
	return v
}

func (v *vocabulary) add(id uint64, kind Kind, texts int32, rarity float32) {
	v.columns[id] = int32(len(v.ids))
	v.ids, v.kinds, v.texts, v.rarity = append(v.ids, id), append(v.kinds, kind), append(v.texts, texts), append(v.rarity, rarity)
}

// favour makes what is in some of the texts be kept before what is in others: a text counts as often as it says.
func (v *vocabulary) favour(seen [][]Feature, often func(i int) int32) {
	for i, features := range seen {
		if more := often(i) - 1; more > 0 {
			for _, f := range features {
				if c, known := v.columns[f.ID]; known {
					v.texts[c] += more
				}
			}
		}
	}
}

// prune keeps the signs and, of the other features, at most most that the most texts have.
func (v *vocabulary) prune(most int) {
	if v.size() <= most {
		return
	}
	order := make([]int, 0, v.size())
	for c := 1; c < v.size(); c++ {
		order = append(order, c)
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(v.kinds[b]/Sign, v.kinds[a]/Sign), cmp.Compare(v.texts[b], v.texts[a]))
	})
	kept := &vocabulary{columns: make(map[uint64]int32, most)}
	kept.add(0, Sign, 0, 1)
	for _, c := range order[:most] {
		kept.add(v.ids[c], v.kinds[c], v.texts[c], v.rarity[c])
	}
	*v = *kept
}

// weigh sets how much rare features count by other texts than those that they were noted in.
func (v *vocabulary) weigh(seen [][]Feature) {
	counts := make([]int32, v.size())
	last := make([]int, v.size())
	for i, features := range seen {
		for _, f := range features {
			if c, known := v.columns[f.ID]; known && last[c] != i+1 {
				counts[c]++
				last[c] = i + 1
			}
		}
	}
	for c, n := range counts[1:] {
		v.rarity[c+1] = float32(math.Log(float64(len(seen)+1)/float64(max(n, 1))) + 1)
	}
}

func (v *vocabulary) size() int { return len(v.kinds) }

// row makes the vector of a text.
func (v *vocabulary) row(features []Feature, weights Weights) row {
	type part struct {
		column int32
		value  float32
	}
	parts := make([]part, 0, len(features))
	var squares [kinds]float32
	for _, f := range features {
		c, known := v.columns[f.ID]
		if !known || weights[f.Kind] == 0 {
			continue
		}
		value := f.Value
		if !f.Kind.valued() {
			value = v.rarity[c]
			squares[f.Kind] += value * value
		}
		parts = append(parts, part{c, value})
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(a.column, b.column) })
	factors := weights
	for kind := range factors {
		if squares[kind] > 0 {
			factors[kind] /= float32(math.Sqrt(float64(squares[kind])))
		}
	}
	r := row{columns: make([]int32, 1, len(parts)+1), values: make([]float32, 1, len(parts)+1)}
	r.values[0] = 1
	for _, p := range parts {
		value := p.value * factors[v.kinds[p.column]]
		if last := len(r.columns) - 1; r.columns[last] == p.column {
			r.values[last] += value
			continue
		}
		r.columns, r.values = append(r.columns, p.column), append(r.values, value)
	}
	return r
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
