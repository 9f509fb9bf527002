package learner

import (
	"cmp"
	"hash/fnv"
	"slices"
)

// Example is a text and its label.
type Example struct{ Text, Label string }

// Classifier tells the labels of texts apart.
type Classifier struct {
	Labels []string // in an order that does not depend on their names

	read    Reader
	words   *vocabulary
	bases   [][][]float32 // weights, by base, label and column
	weights []Weights     // by base
	stack   *stack
}

// Base is a machine and what it sees.
type Base struct {
	Machine Machine
	Weights Weights
}

// Settings say how to learn. They are the same for every task.
type Settings struct {
	Bases []Base
	Least int
	Folds int
	Hold  float64
}

// Default are the settings that cross-validation chose.
var Default = Settings{
	Bases: []Base{
		{Machine{Cost: 0.2, Passes: 30, Close: 0.1}, Weights{Word: 1, Letters: 0.8, Sign: 0.15, Meaning: 0.1}},
	},
	Least: 1,
	Folds: 5,
	Hold:  1,
}

// Teaching is what there is to learn from.
type Teaching struct {
	Read       Reader
	Variant    func(text string) string // another way to write the same, learned as well; nil if there is none
	Examples   []Example
	Dev        []Example // further ones; learned from if they are the smaller part, otherwise they only say how sure to be
	Unlabelled []string  // texts of the same kind
}

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

// Learn learns from examples.
func Learn(t Teaching, s Settings) *Classifier {
	read := t.Read
	examples := t.Examples
	if len(t.Dev)*3 <= len(examples) {
		examples = slices.Concat(examples, t.Dev)
	}
	l := newLesson(examples, s.Folds)
	l.vary(t.Variant)
	seen := make([][]Feature, len(l.texts))
	for i, text := range l.texts {
		seen[i] = read(text, nil)
	}
	c := &Classifier{Labels: l.names, read: read, words: newVocabulary(seen, s.Least)}
	margins := make([][]float32, len(seen))
	for i := range margins {
		margins[i] = make([]float32, len(s.Bases)*len(l.names))
	}
	for b, base := range s.Bases {
		rows := make([]row, len(seen))
		for i, features := range seen {
			rows[i] = c.words.row(features, base.Weights)
		}
		m := base.Machine
		weights := make([][]float32, len(l.names))
		each(len(l.names)*(s.Folds+1), func(job int) {
			k, fold := job/(s.Folds+1), job%(s.Folds+1)-1
			meant := func(i int) bool { return l.labels[i] == k }
			if fold < 0 {
				weights[k] = m.learn(rows, meant, nil, c.words.size())
				return
			}
			w := m.learn(rows, meant, without(l.folds, fold), c.words.size())
			for i, r := range rows {
				if l.folds[i] == fold {
					margins[i][b*len(l.names)+k] = r.dot(w)
				}
			}
		})
		c.bases = append(c.bases, weights)
	}
	for _, base := range s.Bases {
		c.weights = append(c.weights, base.Weights)
	}
	c.stack = learnStack(margins, l.labels, len(l.names), len(s.Bases), s.Hold)
	return c
}

// without gives the rows of a fold no importance and all others 1.
func without(folds []int, fold int) []float32 {
	importance := make([]float32, len(folds))
	for i, f := range folds {
		if f != fold {
			importance[i] = 1
		}
	}
	return importance
}

// Probabilities says how probable each of the labels is.
func (c *Classifier) Probabilities(text string) []float64 {
	features := c.read(text, nil)
	margins := make([]float32, 0, len(c.bases)*len(c.Labels))
	for b, base := range c.bases {
		r := c.words.row(features, c.weights[b])
		for _, w := range base {
			margins = append(margins, r.dot(w))
		}
	}
	p := make([]float64, len(c.Labels))
	c.stack.probabilities(margins, p)
	return p
}

// Best is the index of the most probable label.
func Best(p []float64) int {
	best := 0
	for i, v := range p {
		if v > p[best] {
			best = i
		}
	}
	return best
}

// Bytes is how much memory the weights take.
func (c *Classifier) Bytes() int {
	return 4 * c.words.size() * len(c.bases) * len(c.Labels)
}
