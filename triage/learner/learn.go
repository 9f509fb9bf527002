package learner

import (
	"math"
	"slices"
)

// Example is a text and its label.
type Example struct{ Text, Label string }

// Classifier tells the labels of texts apart.
type Classifier struct {
	Labels []string // in an order that does not depend on their names

	read  Reader
	words *vocabulary
	bases []learned
	stack *stack
	start []float64 // of each label, when one is chosen
}

// learned is what became of a base.
type learned struct {
	weights [][]float32 // by label and column
	sees    Weights
}

// Base is a machine and what it sees.
type Base struct {
	Machine Machine
	Weights Weights
	Meant   float32 // how much a text of the label counts beside one of another, for which there must be many labels; 0 is as much
	Telling bool    // features count as much as they tell, for which there must be enough texts of each label
}

// learn finds the weights of one label.
func (b Base) learn(words *vocabulary, rows []row, labels []int, label int, importance []float32) []float32 {
	meant := func(i int) bool { return labels[i] == label }
	if b.Meant > 0 {
		importance = heavier(importance, len(rows), meant, b.Meant)
	}
	if !b.Telling {
		return b.Machine.learn(rows, meant, importance, words.size())
	}
	return b.Machine.learnTelling(nil, rows, meant, importance, words.tells(rows, meant, importance))
}

// heavier makes the texts that are meant count a factor more.
func heavier(importance []float32, n int, meant func(i int) bool, factor float32) []float32 {
	if importance == nil {
		importance = slices.Repeat([]float32{1}, n)
	} else {
		importance = slices.Clone(importance)
	}
	for i := range importance {
		if meant(i) {
			importance[i] *= factor
		}
	}
	return importance
}

// Settings say how to learn. They are the same for every task.
type Settings struct {
	Bases []Base // where there are enough texts for each label
	Small Base   // where there are not
	Many  Base   // where there are many labels
	Rare  Base   // where there are many labels and few texts of each
	Least int
	Folds int
	Hold  float64
	Few   int // examples of a label on average up to which they are few, and unlabelled texts help
}

// manyTexts are enough to weigh several bases against each other.
const manyTexts = 1000

// Default are the settings: of several that were tried by cross-validation, those that did well on many tasks.
var Default = Settings{
	Bases: []Base{
		{Machine: Machine{Cost: 0.15, Passes: 30, Close: 0.1}, Weights: Weights{Word: 1, Letters: 1.2, Sign: 0.3, Meaning: 0.1}, Telling: true},
		{Machine: Machine{Cost: 0.2, Passes: 30, Close: 0.1}, Weights: Weights{Word: 1, Sign: 0.3}},
	},
	Small: Base{Machine: Machine{Cost: 0.1, Passes: 30, Close: 0.1}, Weights: Weights{Word: 1, Letters: 1.2, Sign: 0.2, Meaning: 0.1, Company: 0.8}},
	Many:  Base{Machine: Machine{Cost: 0.2, Passes: 30, Close: 0.1}, Weights: Weights{Word: 1, Letters: 0.8, Sign: 0.2, Meaning: 0.1, Company: 0.8}},
	Rare:  Base{Machine: Machine{Cost: 0.2, Passes: 30, Close: 0.1}, Weights: Weights{Word: 1, Letters: 1.2, Sign: 0.2, Meaning: 0.2, Company: 0.8}, Meant: 5},
	Least: 1,
	Folds: 5,
	Hold:  1,
	Few:   30,
}

// Teaching is what there is to learn from.
type Teaching struct {
	Read       Reader
	Variant    func(text string) string // another way to write the same, learned as well; nil if there is none
	Examples   []Example
	Dev        []Example // further ones, learned from as well if they are a third of the others or fewer
	Unlabelled []string  // texts of the same kind
}

// Learn learns from examples.
func Learn(t Teaching, s Settings) *Classifier {
	examples := t.Examples
	if len(t.Dev)*3 <= len(examples) {
		examples = slices.Concat(examples, t.Dev)
	}
	l := newLesson(examples, s.Folds)
	l.vary(t.Variant)
	few := len(l.texts) <= s.Few*len(l.names)
	switch many := len(l.names) > mostCrossed; {
	case many && few:
		s.Bases = []Base{s.Rare}
	case many:
		s.Bases = []Base{s.Many}
	case len(l.texts) < manyTexts:
		s.Bases = []Base{s.Small}
	}
	seen := make([][]Feature, len(l.texts))
	each(len(seen), func(i int) { seen[i] = t.Read(l.texts[i], nil) })
	var pool [][]Feature
	var space *space
	read := t.Read
	if few && len(t.Unlabelled) > len(l.texts) {
		texts := sorted(t.Unlabelled)
		pool = make([][]Feature, len(texts))
		each(len(pool), func(i int) { pool[i] = t.Read(texts[i], nil) })
		space = newSpace(slices.Concat(seen, pool))
		each(len(pool), func(i int) { pool[i] = space.place(pool[i]) })
		each(len(seen), func(i int) { seen[i] = space.place(seen[i]) })
		read = func(text string, to []Feature) []Feature { return space.place(t.Read(text, to)) }
	}
	c := &Classifier{Labels: l.names, read: read, words: newVocabulary(seen, s.Least), bases: make([]learned, len(s.Bases))}
	margins := make([][]float32, len(seen))
	for i := range margins {
		margins[i] = make([]float32, len(s.Bases)*len(l.names))
	}
	for b, base := range s.Bases {
		rows := c.rows(seen, base.Weights)
		c.bases[b] = learned{make([][]float32, len(l.names)), base.Weights}
		each(len(l.names)*(s.Folds+1), func(job int) {
			k, fold := job/(s.Folds+1), job%(s.Folds+1)-1
			if fold < 0 {
				c.bases[b].weights[k] = base.learn(c.words, rows, l.labels, k, nil)
				return
			}
			w := base.learn(c.words, rows, l.labels, k, without(l.folds, fold))
			for i, r := range rows {
				if l.folds[i] == fold {
					margins[i][b*len(l.names)+k] = r.dot(w)
				}
			}
		})
	}
	c.stack = learnStack(margins, l.labels, len(l.names), len(s.Bases), s.Hold)
	c.start = c.stack.headStart(margins, l.labels)
	if pool != nil {
		c.selfTrain(l, seen, pool, s)
	}
	return c
}

func (c *Classifier) rows(seen [][]Feature, w Weights) []row {
	rows := make([]row, len(seen))
	each(len(rows), func(i int) { rows[i] = c.words.row(seen[i], w) })
	return rows
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
	return c.judge(c.read(text, nil))
}

func (c *Classifier) judge(features []Feature) []float64 {
	margins := make([]float32, 0, len(c.bases)*len(c.Labels))
	for _, base := range c.bases {
		r := c.words.row(features, base.sees)
		for _, w := range base.weights {
			margins = append(margins, r.dot(w))
		}
	}
	p := make([]float64, len(c.Labels))
	c.stack.probabilities(margins, p)
	return p
}

// Choose is the index of the label to give: the most probable one, where rare labels have a head start that was worth it on
// the examples.
func (c *Classifier) Choose(p []float64) int {
	return choose(p, c.start)
}

func choose(p, start []float64) int {
	best := 0
	for i, v := range p {
		if v*start[i] > p[best]*start[best] {
			best = i
		}
	}
	return best
}

// headStart finds how far rare labels should be preferred, so that the labels given are right often, and right for every
// label. The margins are those of texts that the bases had not seen.
func (s *stack) headStart(margins [][]float32, labels []int) []float64 {
	share := make([]float64, s.labels)
	for _, k := range labels {
		share[k] += 1 / float64(len(labels))
	}
	judged := make([]Judged, len(margins))
	probabilities := make([][]float64, len(margins))
	for i, m := range margins {
		probabilities[i] = make([]float64, s.labels)
		s.probabilities(m, probabilities[i])
	}
	var best []float64
	top := -1.0
	for _, power := range []float64{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6} {
		start := make([]float64, s.labels)
		for k := range start {
			start[k] = math.Pow(share[k], -power)
		}
		for i, p := range probabilities {
			judged[i] = Judged{Truth: labels[i], Said: choose(p, start)}
		}
		if worth := Accuracy(judged) + F1(false)(judged); worth > top {
			top, best = worth, start
		}
	}
	return best
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
