package learner

import (
	"math"
	"slices"
)

// Corrected is a text for which a margin was known before, and what a person said of it.
type Corrected struct {
	Text  string
	Known float64 // log-odds
	Is    bool
	Weak  bool // no person said so, it was concluded: it teaches a little and measures nothing
	Old   bool // what is in force was learned from it
}

// Correcting says how to learn from corrections.
type Correcting struct {
	Machine Machine
	Costs   []float32 // of the machine; of these the best on texts held back is taken. 0 mends slope and bias only
	Weights Weights
	Tilt    float32 // how readily all texts move together
	Weak    float32 // what a weak text costs beside others
	Folds   int
	Hold    float64 // how strongly a head keeps its slope of 1 and no bias
}

// DefaultCorrecting are the settings for a brand's own corrections.
var DefaultCorrecting = Correcting{
	Machine: Machine{Passes: 60, Close: 0.05},
	Costs:   []float32{0, 0.02, 0.1, 1},
	Weights: Weights{Word: 1, Letters: 0.5},
	Tilt:    0.3,
	Weak:    0.1,
	Folds:   5,
	Hold:    1,
}

// Corrections are what corrections teach: for each lesson, what to add to the margins known before.
type Corrections struct {
	Slopes []float64    // of the known margins, by lesson
	Held   [][]HeldBack // by lesson
	s      Correcting
	words  *vocabulary
	beside [][]float32
	mends  []mend
}

// mend is what corrections make of a head's slope and bias when words have no part in it.
type mend struct{ slope, bias float64 }

// HeldBack is a text with its margins before and after correction, where the latter was learned without it.
type HeldBack struct {
	Before, After float64
	Mended        float64 // as After, but with another slope and bias only
	Force         float64 // as After, but learned from old texts only; Before where there are none
	Is            bool
	Fold          int // those of one fold are from one learning, and compare
}

// Correct learns from lessons, one for each head: its margin becomes slope*known plus what the features add. The same
// text is never in what is learned and in what is held back at once, and the order of texts plays no part in the folds.
func Correct(read Reader, lessons [][]Corrected, s Correcting) *Corrections {
	var texts []string
	index := map[string]int{}
	for _, lesson := range lessons {
		for _, c := range lesson {
			if _, known := index[c.Text]; !known {
				index[c.Text] = len(texts)
				texts = append(texts, c.Text)
			}
		}
	}
	seen := make([][]Feature, len(texts))
	each(len(texts), func(i int) { seen[i] = read(texts[i], nil) })
	c := &Corrections{
		s: s, words: newVocabulary(seen, 1), Slopes: make([]float64, len(lessons)),
		Held: make([][]HeldBack, len(lessons)), beside: make([][]float32, len(lessons)), mends: make([]mend, len(lessons)),
	}
	for i := range c.words.rarity {
		c.words.rarity[i] = 1 // how telling a word is, the corrections themselves say
	}
	rows := make([]row, len(texts))
	each(len(rows), func(i int) { rows[i] = c.words.row(seen[i], s.Weights) })
	each(len(lessons), func(k int) {
		own := make([]row, len(lessons[k]))
		for i, text := range lessons[k] {
			own[i] = rows[index[text.Text]]
		}
		c.lesson(k, lessons[k], own)
	})
	return c
}

// lesson learns one head.
func (c *Corrections) lesson(k int, texts []Corrected, rows []row) {
	known, importance := make([]float32, len(texts)), make([]float32, len(texts))
	folds := make([]int, len(texts))
	for i, t := range texts {
		known[i], importance[i] = float32(t.Known), 1
		folds[i] = foldOf(t.Text, c.s.Folds)
		if t.Weak {
			importance[i] = c.s.Weak
		}
	}
	var after []float64
	after, c.Slopes[k], c.beside[k] = c.best(texts, rows, known, importance, folds)
	unchanged := known64(texts)
	mended, _ := c.s.hold(texts, unchanged, folds)
	c.mends[k].slope, c.mends[k].bias = c.s.calibrate(texts, unchanged, folds, -1)
	force := unchanged
	if old := onlyOld(texts); old != nil {
		for i := range old {
			if !texts[i].Old && !texts[i].Weak {
				importance[i] = 0
			}
		}
		force, _, _ = c.best(old, rows, known, importance, folds)
	}
	for i, t := range texts {
		if !t.Weak {
			c.Held[k] = append(c.Held[k], HeldBack{Before: t.Known, After: after[i], Mended: mended[i], Force: force[i], Is: t.Is, Fold: folds[i]})
		}
	}
}

// Mend leaves of what a lesson teaches the slope and bias only, which move the level of a head and never its order.
func (c *Corrections) Mend(k int) {
	c.Slopes[k] = c.mends[k].slope
	c.beside[k] = make([]float32, c.words.size())
	c.beside[k][0] = float32(c.mends[k].bias)
}

func known64(texts []Corrected) []float64 {
	known := make([]float64, len(texts))
	for i, t := range texts {
		known[i] = t.Known
	}
	return known
}

// onlyOld are the texts where only the old ones are what a person said; nil if there are none with and without the head.
func onlyOld(texts []Corrected) []Corrected {
	old := slices.Clone(texts)
	yes, no := false, false
	for i, t := range texts {
		old[i].Weak = t.Weak || !t.Old
		yes, no = yes || !old[i].Weak && t.Is, no || !old[i].Weak && !t.Is
	}
	if !yes || !no {
		return nil
	}
	return old
}

// best learns one head with the cost that does best on texts held back. It gives the margins that the texts have with what
// was learned without their own fold, and what was learned from all of them.
func (c *Corrections) best(texts []Corrected, rows []row, known, importance []float32, folds []int) (margins []float64, slope float64, beside []float32) {
	meant := func(i int) bool { return texts[i].Is }
	m, least := c.s.Machine, math.Inf(1)
	for _, cost := range c.s.Costs {
		m.Cost = cost
		after := make([]float64, len(texts))
		for fold := range c.s.Folds {
			some := slices.Clone(importance)
			for i := range some {
				if folds[i] == fold {
					some[i] = 0
				}
			}
			w := c.learn(m, known, rows, meant, some)
			for i, t := range texts {
				if folds[i] == fold {
					after[i] = t.Known + float64(rows[i].dot(w))
				}
			}
		}
		held, loss := c.s.hold(texts, after, folds)
		if loss >= least {
			continue
		}
		least, margins = loss, held
		s, bias := c.s.calibrate(texts, after, folds, -1)
		w := c.learn(m, known, rows, meant, importance)
		for i := range w {
			w[i] *= float32(s)
		}
		w[0] += float32(bias)
		slope, beside = s, w
	}
	return margins, slope, beside
}

// hold gives the margins of texts that were held back, calibrated without their own fold, and the mean logarithmic loss of
// those of which a person said something.
func (s *Correcting) hold(texts []Corrected, after []float64, folds []int) (held []float64, loss float64) {
	held = make([]float64, len(texts))
	said := 0
	for fold := range s.Folds {
		slope, bias := s.calibrate(texts, after, folds, fold)
		for i, t := range texts {
			if folds[i] != fold {
				continue
			}
			if held[i] = slope*after[i] + bias; !t.Weak {
				said++
				loss += Loss(held[i], t.Is)
			}
		}
	}
	return held, loss / float64(said)
}

// Loss is the logarithmic loss of a margin in log-odds; lower is better.
func Loss(margin float64, is bool) float64 {
	if is {
		margin = -margin
	}
	return max(margin, 0) + math.Log1p(math.Exp(-math.Abs(margin)))
}

// learn finds the weights of one head.
func (c *Corrections) learn(m Machine, known []float32, rows []row, meant func(i int) bool, importance []float32) []float32 {
	if m.Cost == 0 {
		return make([]float32, c.words.size())
	}
	tells := c.words.tells(rows, meant, importance)
	tells[0] = c.s.Tilt
	return m.learnTelling(known, rows, meant, importance, tells)
}

// calibrate fits slope and bias to margins of texts that were held back, but for those of one fold. Few texts move them
// little, and no slope turns the order around.
func (s *Correcting) calibrate(texts []Corrected, margins []float64, folds []int, without int) (slope, bias float64) {
	truths, costs := make([]bool, len(texts)), make([]float64, len(texts))
	for i, t := range texts {
		if truths[i] = t.Is; !t.Weak && folds[i] != without {
			costs[i] = 1
		}
	}
	slope, bias = calibrate(margins, truths, costs, s.Hold)
	return max(slope, 0), bias
}

// Pack packs what some of the lessons teach, in the order given, as Heads whose margins are to be added to Slopes times
// what was known.
func (c *Corrections) Pack(lessons []int) []byte {
	weights := make([][]float32, len(lessons))
	for i, k := range lessons {
		weights[i] = c.beside[k]
	}
	return c.words.pack(weights, c.s.Weights)
}
