package learner

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Rows that rest while the others are learned must wake up before the machine says that it is done: at the optimum the
// weights are the sum of what the rows on the wrong side pull.
func TestTheMachineEndsAtTheOptimum(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 8))
	const columns = 12
	rows := make([]row, 300)
	meant := func(i int) bool { return rows[i].values[1]+0.5*rows[i].values[2] > 0.4 }
	for i := range rows {
		rows[i] = row{columns: make([]int32, columns), values: make([]float32, columns)}
		for c := range columns {
			rows[i].columns[c], rows[i].values[c] = int32(c), float32(random.NormFloat64())
		}
		rows[i].values[0] = 1
	}
	m := Machine{Cost: 0.5, Passes: 2000, Close: 1e-4}
	w := m.learn(rows, meant, nil, columns)
	left := make([]float32, columns)
	copy(left, w)
	for i, r := range rows {
		sign := float32(-1)
		if meant(i) {
			sign = 1
		}
		if short := 1 - sign*r.dot(w); short > 0 {
			r.addTo(left, -2*m.Cost*short*sign)
		}
	}
	for c, v := range left {
		if math.Abs(float64(v)) > 0.01 {
			t.Errorf("weight %d is %v, %v more than the rows pull", c, w[c], v)
		}
	}
}

func TestWordsCountAsMuchAsTheyTell(t *testing.T) {
	texts := []string{"late again today", "late once more today", "late today", "fine today", "fine again today", "fine today too"}
	seen := make([][]Feature, len(texts))
	for i, text := range texts {
		seen[i] = letters(text, nil)
	}
	v := newVocabulary(seen, 1)
	rows := make([]row, len(seen))
	for i := range rows {
		rows[i] = v.row(seen[i], Weights{Word: 1, Sign: 1})
	}
	tells := v.tells(rows, func(i int) bool { return i < 3 }, nil)
	of := func(word string) float32 { return tells[v.columns[letters(word, nil)[0].ID]] }
	if of("late") != of("fine") || of("late") <= of("once") || of("once") <= of("again") {
		t.Errorf("late tells %v, fine %v, once %v, again %v", of("late"), of("fine"), of("once"), of("again"))
	}
	if of("again") != 0 || of("today") != 0 {
		t.Errorf("again tells %v and today %v, want 0: both kinds of texts have them as often", of("again"), of("today"))
	}
	if sign := tells[v.columns[1]]; sign != 1 {
		t.Errorf("a sign counts %v, want 1", sign)
	}
	lent := v.tells(rows, func(i int) bool { return i < 3 }, []float32{1, 1, 1, 1, 0, 1})
	if again := lent[v.columns[letters("again", nil)[0].ID]]; again <= 0 {
		t.Errorf("again tells %v where one text with it counts nothing, want more than 0", again)
	}
}

// What is held back stays held back, and what was passed is not changed: other labels are learned with it at the same time.
func TestTextsThatAreMeantCountMore(t *testing.T) {
	meant := func(i int) bool { return i < 2 }
	folds := []float32{1, 0, 1, 0}
	if got := heavier(folds, 4, meant, 5); !slices.Equal(got, []float32{5, 0, 1, 0}) || !slices.Equal(folds, []float32{1, 0, 1, 0}) {
		t.Errorf("importance %v, from %v", got, folds)
	}
	if got := heavier(nil, 3, meant, 5); !slices.Equal(got, []float32{5, 5, 1}) {
		t.Errorf("importance %v", got)
	}
}
