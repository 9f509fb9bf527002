// Package learner learns to tell texts apart from labelled examples, with linear models only: what it learns is quick,
// small, the same every time, and every score is a sum that can be taken apart again.
//
// A feature is something that a reader saw in a text: a word, a few letters of one, or a sign such as how loud it is. A
// row is the features of one text as a vector. A margin is the sum of a row's weighted features for one label. A base
// is one set of margins; the stack turns the margins of the bases into probabilities.
//
// The package knows nothing of languages: whoever uses it passes a [Reader].
package learner

// Kind says how a feature is weighed.
type Kind uint8

// The kinds. Words and letters count the more, the rarer they are, and the more of them a text has, the less each counts;
// signs and meanings count with their values.
const (
	Word Kind = iota
	Letters
	Sign    // of how a text is written
	Meaning // where it lies in a space of meanings
	Company // where it lies among the texts of its kind
	kinds
)

// Weights say how much each kind counts; 0 is not at all.
type Weights [kinds]float32

func (k Kind) valued() bool { return k >= Sign }

// Feature is something seen in a text.
type Feature struct {
	ID         uint64
	Value      float32 // of a sign or meaning
	Start, End int32   // where it was seen, in runes; 0, 0 for the whole text
	Kind       Kind
}

// Reader appends the features of a text to a slice.
type Reader func(text string, to []Feature) []Feature
