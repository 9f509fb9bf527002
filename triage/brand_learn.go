package triage

import (
	"encoding/json"
	"math"
	"slices"

	"github.com/kith-social/kith/triage/learner"
)

// Lesson is what people said of texts, as to one head or one topic.
type Lesson struct {
	Head   Head  // or Staff
	Topic  int64 // where Head is ""
	Taught []Taught
}

// Taught is a text and whether it carries the head or is about the topic.
type Taught struct {
	Text string
	Is   bool
	Weak bool // no person said so, it was concluded: it teaches a little and measures nothing
	Old  bool // the layer in force speaks of the head or topic and was learned from it
}

// What a lesson needs before a brand's layer speaks for it: below it the shipped heads do. A topic, which starts from a
// few keywords only, needs less.
const (
	EnoughHead  = 50 // corrections
	EnoughTopic = 20
	EnoughEach  = 8 // of them with, and as many without
)

// Verdict is what became of a lesson.
type Verdict string

// The verdicts.
const (
	TooFew   Verdict = "few"      // not enough to learn from, or all alike
	NoBetter Verdict = "worse"    // on corrections that it had not seen it was worse than what speaks now, or no better than chance
	Accepted Verdict = "accepted" //
)

// Learned is how a lesson went. What it says of quality was measured on corrections that were held back.
type Learned struct {
	Head    Head    `json:"head,omitempty"`
	Topic   int64   `json:"topic,omitempty"`
	Yes     int     `json:"yes"` // corrections by people
	No      int     `json:"no"`
	Verdict Verdict `json:"verdict"`
	Before  Quality `json:"before"` // of the shipped head
	After   Quality `json:"after"`  // of the layer
	Force   Quality `json:"force"`  // of what the layer in force was learned from, without what is held back; of the shipped head where there is none
}

// Quality is how well a head told texts apart.
type Quality struct {
	AUC       float64 `json:"auc"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	Loss      float64 `json:"loss"` // mean logarithmic loss; lower is better
}

// LearnLayer learns a brand's layer from lessons. What is no better than the shipped heads on corrections that were held
// back is left out of it; packed is nil if nothing is left. The topics are the brand's.
func LearnLayer(topics []Topic, lessons []Lesson) (packed []byte, how []Learned) {
	how = make([]Learned, len(lessons))
	var taught [][]learner.Corrected
	var of []int
	keywords := New(topics)
	for i, lesson := range lessons {
		how[i] = Learned{Head: lesson.Head, Topic: lesson.Topic, Verdict: TooFew}
		for _, t := range lesson.Taught {
			switch {
			case t.Weak:
			case t.Is:
				how[i].Yes++
			default:
				how[i].No++
			}
		}
		enough := EnoughHead
		if lesson.Head == "" {
			enough = EnoughTopic
		}
		if how[i].Yes+how[i].No < enough || min(how[i].Yes, how[i].No) < EnoughEach {
			continue
		}
		taught, of = append(taught, keywords.known(lesson)), append(of, i)
	}
	if len(taught) == 0 {
		return nil, how
	}
	c := learner.Correct(Brief, taught, learner.DefaultCorrecting)
	var keep []int
	var p packedLayer
	for k, i := range of {
		how[i].judge(c.Held[k])
		if how[i].Verdict == NoBetter && how[i].mend(c.Held[k]) {
			c.Mend(k)
		}
		if how[i].Verdict == Accepted {
			keep = append(keep, k)
			p.Parts = append(p.Parts, Part{Head: lessons[i].Head, Topic: lessons[i].Topic, Slope: c.Slopes[k]})
		}
	}
	if len(keep) == 0 {
		return nil, how
	}
	p.Weights = c.Pack(keep)
	packed, _ = json.Marshal(p) // numbers and bytes: it cannot fail
	return packed, how
}

// known reads what the shipped heads, or the keywords of a topic, make of a lesson's texts.
func (s *Scorer) known(lesson Lesson) []learner.Corrected {
	r := readings.Get().(*reading)
	defer readings.Put(r)
	all := make([]learner.Corrected, len(lesson.Taught))
	topic := slices.IndexFunc(s.topics, func(t Topic) bool { return t.ID == lesson.Topic })
	h := slices.Index(heads[:], lesson.Head)
	for i, t := range lesson.Taught {
		all[i] = learner.Corrected{Text: t.Text, Is: t.Is, Weak: t.Weak, Old: t.Old}
		r.split(t.Text)
		r.weigh(heart(), r.recognise(heart()))
		if lesson.Head == "" {
			all[i].Known = unnamed
			if topic >= 0 {
				s.name(r)
				all[i].Known = r.margins[topic]
			}
			continue
		}
		r.look(t.Text)
		margins := r.judge()
		if h >= 0 {
			all[i].Known = margins[h]
		} else {
			all[i].Known = logOdds(staffNeed(&margins))
		}
	}
	return all
}

// beyondChance is how many standard errors of labels drawn by lot the layer must rank texts better than a lot would.
const beyondChance = 3

// tie is how much worse it may rank and still count as well: less than a hundred texts can tell.
const tie = 0.005

// judge decides whether a layer may speak for a head: it must tell texts that it had not seen apart better than chance, as
// well as the shipped head or better, and with probabilities that are as good or better. Labels without a meaning, which no
// head can learn, fail the first. It must not be worse than the layer in force either. That one has seen most of the texts
// and would win by heart, so that it is learned again without those that are held back, and they are new to both; by how
// much the losses of two that are as good differ by chance is allowed.
func (l *Learned) judge(held []learner.HeldBack) {
	var lot float64
	l.Before, _ = quality(held, func(h learner.HeldBack) float64 { return h.Before })
	l.After, lot = quality(held, func(h learner.HeldBack) float64 { return h.After })
	l.Force, _ = quality(held, func(h learner.HeldBack) float64 { return h.Force })
	l.Verdict = NoBetter
	if !worse(held) && l.After.AUC >= 0.5+beyondChance*lot && l.After.AUC >= l.Before.AUC-tie && l.After.Loss <= l.Before.Loss {
		l.Verdict = Accepted
	}
}

// mend judges a layer that only moves the level of a head, for where words taught nothing that holds: a brand whose customers
// are seldom angry needs no new order of what sounds angry, but other probabilities. The layer must pass the same bar.
func (l *Learned) mend(held []learner.HeldBack) bool {
	mended := slices.Clone(held)
	for i, h := range held {
		mended[i].After = h.Mended
	}
	other := *l
	if other.judge(mended); other.Verdict == Accepted {
		*l = other
	}
	return l.Verdict == Accepted
}

// worse tells whether texts that were held back lose more with a layer than with the one in force, by more than a standard
// error.
func worse(held []learner.HeldBack) bool {
	var sum, squares float64
	for _, h := range held {
		more := learner.Loss(h.After, h.Is) - learner.Loss(h.Force, h.Is)
		sum, squares = sum+more, squares+more*more
	}
	n := float64(len(held))
	mean := sum / n
	return mean > math.Sqrt(max(squares/n-mean*mean, 0)/n)
}

// quality measures margins. Only texts of one fold are ranked against each other. lot is the standard error that the AUC
// of labels drawn by lot would have.
func quality(held []learner.HeldBack, margin func(learner.HeldBack) float64) (q Quality, lot float64) {
	var folds [][]learner.Judged
	var said, is, right float64
	for _, h := range held {
		m := margin(h)
		for len(folds) <= h.Fold {
			folds = append(folds, nil)
		}
		folds[h.Fold] = append(folds[h.Fold], learner.Judged{P: m, Is: h.Is})
		if m >= 0 {
			said++
		}
		if h.Is {
			is++
			if m >= 0 {
				right++
			}
		}
		q.Loss += learner.Loss(m, h.Is) / float64(len(held))
	}
	q.Precision, q.Recall = right/max(said, 1), right/max(is, 1)
	var pairs, variance float64
	for _, judged := range folds {
		var yes, no float64
		for _, j := range judged {
			if j.Is {
				yes++
			} else {
				no++
			}
		}
		if yes*no > 0 {
			q.AUC += learner.AUC(judged) * yes * no
			pairs, variance = pairs+yes*no, variance+yes*no*(yes+no+1)/12
		}
	}
	if pairs == 0 {
		return q, 1
	}
	q.AUC /= pairs
	return q, math.Sqrt(variance) / pairs
}
