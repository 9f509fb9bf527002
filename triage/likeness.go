package triage

import (
	"math"
	"slices"

	"github.com/kith-social/kith/triage/learner"
	"github.com/kith-social/kith/triage/weights"
)

// likeness compares a text with the examples and the keywords of a brand's topics: by the words that they share and, in
// English, by what their words mean. Five examples suffice to go beyond keywords; a layer needs more of them.
type likeness struct {
	features map[uint64][]exampleShare
	examples []exampleOf
	keywords []keywordMeaning
}

// exampleShare is how much a feature counts in an example.
type exampleShare struct {
	example int32
	weight  float32
}

type exampleOf struct {
	topic   int
	meaning []float32 // of length 1; nil where none of its words has one
}

type keywordMeaning struct {
	topic   int
	meaning []float32
}

// How a likeness becomes a margin. What its parts count was chosen on a third of the train part of HWU64, whose scenarios
// served as topics, slope and bias by hand; what an unlike text has stands in where words have no meaning, as in Vietnamese.
const (
	unlikeWord    = 0.45 // cosine of the nearest word to a keyword
	unlikeText    = 0.6  // cosine of a text to the nearest example
	alike         = 8
	sharedAlike   = 1.5 // what shared words count beside meanings
	sharedAlone   = 3.0 // and without any
	rivalShare    = 0.5 // of the topic that is nearest besides
	leastRival    = 5.0
	likenessSlope = 0.5
	likenessBias  = -4.0
	mostCompared  = 60 // words of a text
)

// newLikeness is nil where no topic has examples.
func newLikeness(topics []Topic) *likeness {
	if !slices.ContainsFunc(topics, func(t Topic) bool { return len(t.Examples) > 0 }) {
		return nil
	}
	l := &likeness{features: map[uint64][]exampleShare{}}
	var r reading
	for i, t := range topics {
		for _, text := range t.Examples {
			lang := r.read(text)
			example := exampleOf{topic: i}
			if r.means(lang) > 0 {
				example.meaning = slices.Clone(r.mean)
			}
			for _, f := range r.shares() {
				l.features[f.ID] = append(l.features[f.ID], exampleShare{int32(len(l.examples)), f.Value})
			}
			l.examples = append(l.examples, example)
		}
		for _, text := range append([]string{t.Name}, t.Keywords...) {
			for n := r.means(r.read(text)); n > 0; n-- {
				l.keywords = append(l.keywords, keywordMeaning{i, slices.Clone(r.meaning(n - 1))})
			}
		}
	}
	return l
}

// read does everything with a text that comes before it is judged.
func (r *reading) read(text string) Language {
	r.split(text)
	lang := r.recognise(heart())
	r.weigh(heart(), lang)
	r.look(text)
	return lang
}

// shares are the words and letters of a text that was looked at, each once, with what it counts: the rarer, the more.
func (r *reading) shares() []learner.Feature {
	r.once = append(r.once[:0], r.seen...)
	slices.SortFunc(r.once, func(a, b learner.Feature) int {
		switch {
		case a.ID < b.ID:
			return -1
		case a.ID > b.ID:
			return 1
		}
		return 0
	})
	kept := r.once[:0]
	var squares [2]float32
	for _, f := range r.once {
		if f.Kind > learner.Letters || len(kept) > 0 && kept[len(kept)-1].ID == f.ID {
			continue
		}
		f.Value = rarity(f.ID)
		squares[f.Kind] += f.Value * f.Value
		kept = append(kept, f)
	}
	for i := range kept {
		kept[i].Value /= float32(math.Sqrt(float64(squares[kept[i].Kind])))
		if kept[i].Kind == learner.Letters {
			kept[i].Value *= 0.8
		}
	}
	return kept
}

// rarity is what a feature weighs among everyday texts.
func rarity(id uint64) float32 {
	const unheard = 11
	if known, ok := weights.Emotions().Rarity(id); ok {
		return float32(known)
	}
	return unheard
}

// means finds the meanings of a text's words, each of length 1, and their mean, and says how many there are. Vietnamese
// words have none, some of them look like English ones.
func (r *reading) means(lang Language) int {
	r.meanings, r.rareness = r.meanings[:0], r.rareness[:0]
	if lang == Vietnamese {
		return 0
	}
	vectors := weights.Words()
	r.mean = slices.Grow(r.mean[:0], vectors.Size)[:vectors.Size]
	clear(r.mean)
	for i := range r.tokens {
		t := &r.tokens[i]
		id := wordID(t.folded)
		at := len(r.meanings)
		r.meanings = slices.Grow(r.meanings, vectors.Size)[:at+vectors.Size]
		if one := r.meanings[at:]; t.form == word && len(r.rareness) < mostCompared && vectors.Find(id, one) {
			rare := max(rarity(id)-3, 0.1)
			unit(one)
			for j, v := range one {
				r.mean[j] += rare * v
			}
			r.rareness = append(r.rareness, rare)
		} else {
			r.meanings = r.meanings[:at]
		}
	}
	unit(r.mean)
	return len(r.rareness)
}

func (r *reading) meaning(i int) []float32 {
	n := len(r.mean)
	return r.meanings[i*n : (i+1)*n]
}

func unit(v []float32) {
	if n := cosine(v, v); n > 0 {
		n = float32(math.Sqrt(float64(n)))
		for i := range v {
			v[i] /= n
		}
	}
}

// cosine is that of two vectors of length 1.
func cosine(a, b []float32) (sum float32) {
	for i, v := range a[:len(b)] {
		sum += v * b[i]
	}
	return sum
}

// compare replaces the margins that keywords have given to topics with examples. Only those that are wanted are replaced;
// the others are rivals.
func (l *likeness) compare(r *reading, topics []Topic, lang Language, wanted func(i int) bool) {
	n := len(topics)
	r.near = append(r.near[:0], make([]float64, 3*n)...)
	word, text, shared := r.near[:n], r.near[n:2*n], r.near[2*n:]
	meant := r.means(lang)
	for i := range n {
		word[i], text[i] = unlikeWord, unlikeText
		if r.margins[i] != unnamed {
			word[i] = 1
		}
	}
	if meant > 0 {
		for _, k := range l.keywords {
			for i := range meant {
				c := cosine(r.meaning(i), k.meaning) * min(1, r.rareness[i]/4)
				word[k.topic] = max(word[k.topic], float64(c))
			}
		}
	}
	r.common = append(r.common[:0], make([]float32, len(l.examples))...)
	for _, f := range r.shares() {
		for _, s := range l.features[f.ID] {
			r.common[s.example] += s.weight * f.Value
		}
	}
	for i, e := range l.examples {
		shared[e.topic] = max(shared[e.topic], float64(r.common[i]))
		if meant > 0 && e.meaning != nil {
			text[e.topic] = max(text[e.topic], float64(cosine(r.mean, e.meaning)))
		}
	}
	weight := sharedAlike
	if meant == 0 {
		weight = sharedAlone
	}
	for i := range n {
		word[i] = r.margins[i] + alike*(word[i]+text[i]+weight*shared[i])
	}
	for i, t := range topics {
		if len(t.Examples) == 0 || !wanted(i) {
			continue
		}
		rival := leastRival
		for j := range n {
			if j != i {
				rival = max(rival, word[j])
			}
		}
		r.margins[i] = likenessBias + likenessSlope*(word[i]-rivalShare*rival)
	}
}
