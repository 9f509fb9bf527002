package triage

import (
	"math"
	"sync"

	"github.com/kith-social/kith/triage/weights"
)

// A margin is a blend of what the lexicons say and what the learned heads of [weights.Heads] say, with a tilt of its own. Both
// together rank better than either alone; the shares were chosen on texts that taught neither. Words of a lexicon suffice
// for a mood, a request has too many wordings.
var blends = [headCount]struct{ lexicon, learned, tilt float64 }{
	anger:        {0.85, 0.5, 0},
	negative:     {0.85, 0.5, 0},
	complaint:    {0.5, 0.6, 0.6},
	question:     {0.3, 1.2, 1.5},
	praise:       {0.5, 0.9, 0},
	spam:         {0.85, 0.5, 0},
	risk:         {0.85, 0.5, 0.3},
	needsAccount: {0.3, 1.2, 0.5},
	human:        {0.5, 0.9, 1.8},
	optOut:       {0.5, 0.9, 0.5},
}

// Who is content says so in few words, who is not tells what happened: each of the first words of a text adds a little. What it
// adds was chosen on train parts of English and Vietnamese sets that taught no head; a text of usualWords is not moved by it.
const (
	mostLengthy = 25
	usualWords  = 10
)

var lengthy = [headCount]float64{anger: 0.03, negative: 0.05, complaint: 0.05}

// start is the margins of a text that says nothing.
var start = sync.OnceValue(func() (margins [headCount]float64) {
	for h, b := range biases {
		blend := blends[h]
		margins[h] = blend.lexicon*b + blend.learned*weights.Heads().Bias(h) + blend.tilt - usualWords*lengthy[h]
	}
	return margins
})

// look lets the learned heads see the features of a text that was weighed.
func (r *reading) look(text string) {
	r.seen = r.features(text, r.seen[:0], true)
	brief := len(r.seen)
	r.seen = r.company(r.seen)
	r.sights = weights.Heads().See(r.seen, r.sights[:0])
	r.seen = r.seen[:brief]
}

// judge sums up what was weighed and seen.
func (r *reading) judge() [headCount]float64 {
	margins := start()
	for _, e := range r.evidence {
		margins[e.head] += blends[e.head].lexicon * e.weight
	}
	told := 0
	for i := range r.tokens {
		if r.tokens[i].form == word {
			if told++; told == mostLengthy {
				break
			}
		}
	}
	var learned [headCount]float64
	weights.Heads().Margins(r.sights, learned[:])
	for h, margin := range learned {
		margins[h] += blends[h].learned*margin + float64(told)*lengthy[h]
	}
	return margins
}

// blame says how much each stretch of the text adds to each head's margin, which takes the place of the evidence. What the
// learned heads make of a sum of evidence is shared out among those who made it.
func (r *reading) blame() {
	type stretch struct {
		start, end int32
		head       head
	}
	sums := r.sums()
	shares := make(map[stretch]float64, len(r.sights))
	var order []stretch
	add := func(at stretch, weight float64) {
		if _, known := shares[at]; !known {
			order = append(order, at)
		}
		shares[at] += weight
	}
	for _, e := range r.evidence {
		add(stretch{e.start, e.end, e.head}, blends[e.head].lexicon*e.weight)
	}
	learned := weights.Heads()
	for i := range r.sights {
		s := &r.sights[i]
		for h := range headCount {
			weight := blends[h].learned * learned.Add(s, int(h))
			if s.End > 0 {
				add(stretch{s.Start, s.End, h}, weight)
				continue
			}
			from := head(s.Start)
			for _, e := range r.evidence {
				if e.head == from {
					add(stretch{e.start, e.end, h}, weight*e.weight/sums[from])
				}
			}
		}
	}
	told := 0
	for i := range r.tokens {
		t := &r.tokens[i]
		if t.form != word {
			continue
		}
		for h, weight := range lengthy {
			if weight != 0 {
				add(stretch{t.start, t.end, head(h)}, weight)
			}
		}
		if told++; told == mostLengthy {
			break
		}
	}
	r.evidence = r.evidence[:0]
	for _, at := range order {
		if w := shares[at]; w != 0 {
			r.evidence = append(r.evidence, evidence{start: at.start, end: at.end, head: at.head, weight: w})
		}
	}
}

// sums adds up the evidence of each head; what nearly cancels out is none.
func (r *reading) sums() (sums [headCount]float64) {
	for _, e := range r.evidence {
		sums[e.head] += e.weight
	}
	for h, sum := range sums {
		if math.Abs(sum) < 0.05 {
			sums[h] = 0
		}
	}
	return sums
}
