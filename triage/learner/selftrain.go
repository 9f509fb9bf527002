package learner

import (
	"cmp"
	"hash/fnv"
	"slices"
)

// How unlabelled texts are taken in: in each round a larger share of those whose label is clearest.
var takenIn = []float64{0.2, 0.4, 0.6, 0.8, 0.9}

// guess is how much an unlabelled text counts beside an example.
const guess = 1

// selfTrain learns the bases anew from the examples and from unlabelled texts under the labels that the classifier itself
// gives them. Words that stand beside those of the examples get their weights that way.
func (c *Classifier) selfTrain(l *lesson, seen, pool [][]Feature, s Settings) {
	all := slices.Concat(seen, pool)
	words := newVocabulary(all, 2)
	words.weigh(seen)
	for _, share := range takenIn {
		labels, importance := c.guesses(all[len(seen):], share)
		labels = append(slices.Clone(l.labels), labels...)
		importance = append(slices.Repeat([]float32{1}, len(seen)), importance...)
		next := &Classifier{Labels: c.Labels, read: c.read, words: words, bases: make([]learned, len(s.Bases)), stack: c.stack}
		for b, base := range s.Bases {
			rows := next.rows(all, base.Weights)
			next.bases[b] = learned{make([][]float32, len(c.Labels)), base.Weights}
			each(len(c.Labels), func(k int) {
				next.bases[b].weights[k] = base.learn(words, rows, labels, k, importance)
			})
		}
		c.words, c.bases = next.words, next.bases
	}
}

// guesses labels texts and gives importance to a share of them: those whose label is clearest, and of no label many more
// than of the others.
func (c *Classifier) guesses(texts [][]Feature, share float64) (labels []int, importance []float32) {
	labels, importance = make([]int, len(texts)), make([]float32, len(texts))
	lead := make([]float64, len(texts))
	each(len(texts), func(i int) {
		p := c.judge(texts[i])
		labels[i] = Best(p)
		top := p[labels[i]]
		p[labels[i]] = 0
		lead[i] = top - p[Best(p)]
	})
	order := make([]int, len(texts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(lead[b], lead[a]) })
	most := max(int(share*float64(len(texts))/float64(len(c.Labels))), 1)
	taken := make([]int, len(c.Labels))
	for _, i := range order {
		if taken[labels[i]] < most {
			taken[labels[i]]++
			importance[i] = guess
		}
	}
	for i, k := range labels {
		importance[i] *= min(float32(most)/float32(max(taken[k], 1)), 3) // a label that is rarely guessed is not drowned
	}
	return labels, importance
}

// sorted returns texts in an order that theirs has no part in.
func sorted(texts []string) []string {
	hash := map[string]uint64{}
	for _, text := range texts {
		h := fnv.New64a()
		h.Write([]byte(text))
		hash[text] = h.Sum64()
	}
	texts = slices.Clone(texts)
	slices.SortFunc(texts, func(a, b string) int { return cmp.Compare(hash[a], hash[b]) })
	return slices.Compact(texts)
}
