package triage

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/kith-social/kith/triage/learner"
)

// Layer is what a brand's own corrections teach, on top of the shipped heads: a head's margin becomes its shipped margin
// times a slope, plus what the words of the text add, plus a bias. It stays linear, so that it can be explained.
type Layer struct {
	weights *learner.Heads
	parts   []Part
	of      [headCount + 1]int // the part of a head, or of Staff, plus 1; 0 where the shipped head speaks
	topics  map[int64]int      // the part of a topic
}

// Part is one head, or one topic, of a layer.
type Part struct {
	Head  Head    `json:"head,omitempty"`  // Staff is one as well
	Topic int64   `json:"topic,omitempty"` // where Head is ""
	Slope float64 `json:"slope"`
}

// staff is the index of Staff beside the heads.
const staff = headCount

// ErrLayer says that what was stored is no layer.
var ErrLayer = errors.New("these bytes are no layer")

type packedLayer struct {
	Parts   []Part
	Weights []byte
}

// ReadLayer reads a layer that LearnLayer packed.
func ReadLayer(packed []byte) (*Layer, error) {
	var p packedLayer
	if err := json.Unmarshal(packed, &p); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLayer, err)
	}
	weights, err := learner.ReadHeads(p.Weights)
	if err != nil || weights.Count != len(p.Parts) {
		return nil, errors.Join(ErrLayer, err)
	}
	l := &Layer{weights: weights, parts: p.Parts, topics: map[int64]int{}}
	for i, part := range p.Parts {
		switch h := slices.Index(heads[:], part.Head); {
		case part.Head == "":
			l.topics[part.Topic] = i
		case part.Head == Staff:
			l.of[staff] = i + 1
		case h >= 0:
			l.of[h] = i + 1
		}
	}
	return l, nil
}

// Parts are the heads and topics for which the layer speaks.
func (l *Layer) Parts() []Part {
	if l == nil {
		return nil
	}
	return l.parts
}

// With is the scorer with a brand's layer; nil is none.
func (s *Scorer) With(l *Layer) *Scorer {
	return &Scorer{topics: s.topics, keywords: s.keywords, likeness: s.likeness, layer: l}
}

// Bias is the margin that a head has with this scorer before anything is read; see [Bias].
func (s *Scorer) Bias(h Head) float64 {
	bias := Bias(h)
	if i := slices.Index(heads[:], h); i >= 0 && s.layer != nil && s.layer.of[i] > 0 {
		part := s.layer.of[i] - 1
		return s.layer.parts[part].Slope*bias + s.layer.weights.Bias(part)
	}
	return bias
}

// amend lets the layer see the features of a text that was looked at, and changes the margins of its heads. It
// returns the margin of Staff, which is known from the shipped heads where the layer does not speak of it.
func (s *Scorer) amend(r *reading, margins *[headCount]float64) (toStaff float64) {
	known := logOdds(staffNeed(margins))
	l := s.layer
	if l == nil {
		return known
	}
	r.own = l.weights.See(r.seen, r.own[:0])
	r.added = append(r.added[:0], make([]float64, l.weights.Count)...)
	l.weights.Margins(r.own, r.added)
	for h := range margins {
		if i := l.of[h] - 1; i >= 0 {
			margins[h] = l.margin(r, i, margins[h])
		}
	}
	need := staffNeed(margins)
	if i := l.of[staff] - 1; i >= 0 && need < 1 {
		return l.margin(r, i, known)
	}
	return logOdds(need)
}

func (l *Layer) margin(r *reading, part int, known float64) float64 {
	return l.parts[part].Slope*known + l.weights.Bias(part) + r.added[part]
}

// blameLayer adds to the evidence of each head that the layer speaks for what the layer makes of the text.
func (s *Scorer) blameLayer(r *reading) {
	l := s.layer
	if l == nil {
		return
	}
	for i := range r.evidence {
		if part := l.of[r.evidence[i].head] - 1; part >= 0 {
			r.evidence[i].weight *= l.parts[part].Slope
		}
	}
	type stretch struct {
		start, end int32
		head       head
	}
	at := make(map[stretch]int, len(r.evidence))
	for i, e := range r.evidence {
		at[stretch{e.start, e.end, e.head}] = i
	}
	r.own = l.weights.See(r.seen, r.own[:0])
	for h := range headCount {
		part := l.of[h] - 1
		if part < 0 {
			continue
		}
		for i := range r.own {
			sight := &r.own[i]
			where := stretch{sight.Start, sight.End, h}
			if j, known := at[where]; known {
				r.evidence[j].weight += l.weights.Add(sight, part)
				continue
			}
			at[where] = len(r.evidence)
			r.evidence = append(r.evidence, evidence{start: sight.Start, end: sight.End, head: h, weight: l.weights.Add(sight, part)})
		}
	}
	r.evidence = slices.DeleteFunc(r.evidence, func(e evidence) bool { return e.weight == 0 })
}

// What makes it likely that only a brand's own people should answer.
const (
	angerNeed   = 0.9
	accountNeed = 0.7
	surely      = 0.5 // from which a request for a person or a risk leaves no choice
)

// staffNeed is the chance, 0 to 1, that only employees should answer a text with these margins: it grows with anger,
// with what only they can look up, and is 1 where a person is asked for or somebody may be harmed.
func staffNeed(margins *[headCount]float64) float64 {
	p := func(h head) float64 { return float64(probability(margins[h])) }
	if p(risk) >= surely || p(human) >= surely {
		return 1
	}
	return (1 - (1-angerNeed*p(anger))*(1-accountNeed*p(needsAccount))*(1-p(risk))*(1-p(human))) * (1 - p(spam))
}

// logOdds is the margin of a probability, kept within what a float32 can tell from certainty.
func logOdds(p float64) float64 {
	const certain = 1e-6
	p = min(max(p, certain), 1-certain)
	return math.Log(p / (1 - p))
}
