package learner

import (
	"cmp"
	"hash/fnv"
	"slices"
)

// lesson is the examples in an order that neither their own order nor the names of the labels have a part in.
type lesson struct {
	texts  []string
	labels []int
	names  []string
	folds  []int
}

// vary appends the other way to write each text, where it differs.
func (l *lesson) vary(variant func(string) string) {
	if variant == nil {
		return
	}
	for i, text := range l.texts {
		if other := variant(text); other != text {
			l.texts, l.labels, l.folds = append(l.texts, other), append(l.labels, l.labels[i]), append(l.folds, l.folds[i])
		}
	}
}

// newLesson sorts the examples by what their texts hash to. Labels are sorted by the texts they have.
func newLesson(examples []Example, folds int) *lesson {
	type hashed struct {
		hash uint64
		Example
	}
	all := make([]hashed, len(examples))
	of := map[string][]uint64{}
	for i, e := range examples {
		h := fnv.New64a()
		h.Write([]byte(e.Text))
		all[i] = hashed{h.Sum64(), e}
		of[e.Label] = append(of[e.Label], h.Sum64())
	}
	l := &lesson{}
	for name, hashes := range of {
		slices.Sort(hashes)
		l.names = append(l.names, name)
	}
	slices.SortFunc(l.names, func(a, b string) int { return slices.Compare(of[a], of[b]) })
	index := map[string]int{}
	for i, name := range l.names {
		index[name] = i
	}
	slices.SortFunc(all, func(a, b hashed) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(index[a.Label], index[b.Label]))
	})
	taken := make([]int, len(l.names))
	for i, e := range all {
		k := index[e.Label]
		fold := taken[k] % folds
		if i > 0 && all[i-1].hash == e.hash {
			fold = l.folds[i-1] // the same text stays on one side
		}
		taken[k]++
		l.texts, l.labels, l.folds = append(l.texts, e.Text), append(l.labels, k), append(l.folds, fold)
	}
	return l
}
