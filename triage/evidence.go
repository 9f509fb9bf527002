package triage

// evidence is a stretch [start, end) of runes that speaks for or against a head.
type evidence struct {
	start, end int32
	head       head
	weight     float64 // log-odds
}

// How much the surroundings of a term change its weight.
const (
	boosted       = 1.3 // "very", "quá", stretched letters, several of the same emoji
	capitalFactor = 1.2
	mostBoosted   = 1.7

	negationReach = 3 // tokens that a negator looks ahead
)

// What becomes of a term's weight when a negator stands before it: "not good" is bad, "not bad" is hardly good.
var (
	goodNegated = [headCount]float64{anger: -0.5, negative: -1.3, complaint: -1.3, question: 1, praise: -1, spam: 1, risk: 0.3, needsAccount: 0, human: 1, optOut: 1}
	badNegated  = [headCount]float64{anger: -0.4, negative: -0.4, complaint: -0.4, question: 1, praise: -0.4, spam: 0.5, risk: 0.2, needsAccount: 1, human: 0.3, optOut: 1}
)

// kinship is words, the tokens [from, to), that are of a kin.
type kinship struct {
	from, to int
	kin      uint8
}

// weigh collects the evidence of the tokens, and what is of a kin.
func (r *reading) weigh(l *lexicon, lang Language) {
	spoken := en | vi | elsewhere
	switch lang {
	case English:
		spoken = en
	case Vietnamese:
		spoken = vi
	}
	var covered [headCount]int // the token up to which a head has its evidence
	for i := range r.tokens {
		for _, m := range r.terms(l, i) {
			switch {
			case m.entry.tongues&spoken == 0:
			case m.entry.kin == 0:
				r.term(m, &covered)
			case len(r.kin) == 0 || r.kin[len(r.kin)-1].to <= i:
				r.kin = append(r.kin, kinship{m.from, m.to, m.entry.kin})
			}
		}
	}
	r.surface()
}

// term turns a term into evidence, unless a longer one has covered its words for a head.
func (r *reading) term(m match, covered *[headCount]int) {
	start, end := r.tokens[m.from].start, r.tokens[m.to-1].end
	factor := 1.0
	if m.from > 0 && !r.tokens[m.from].first && r.tokens[m.from-1].class&booster != 0 {
		factor, start = boosted, r.tokens[m.from-1].start
	}
	if m.to < len(r.tokens) && !r.tokens[m.to].first && r.tokens[m.to].class&afterBooster != 0 {
		factor, end = factor*boosted, r.tokens[m.to].end
	}
	for i := m.from; i < m.to; i++ {
		if t := &r.tokens[i]; t.stretched.key != 0 || t.form == emote && t.count > 1 {
			factor *= boosted
		} else if t.caps && t.count > 2 {
			factor *= capitalFactor
		}
	}
	factor = min(factor, mostBoosted)
	negated := r.negatorBefore(m.from)
	turned := &badNegated
	for _, w := range m.entry.weights {
		if head(w.of) == praise && w.logOdds > 0 {
			turned = &goodNegated
		}
	}
	for _, w := range m.entry.weights {
		h := head(w.of)
		if covered[h] > m.from {
			continue
		}
		covered[h] = m.to
		e := evidence{start: start, end: end, head: h, weight: w.logOdds * factor * (1 - m.loss)}
		if negated >= 0 {
			e.weight *= turned[h]
			e.start = r.tokens[negated].start
		}
		if e.weight != 0 {
			r.evidence = append(r.evidence, e)
		}
	}
}

// negatorBefore returns the negator that reaches token i, or -1.
func (r *reading) negatorBefore(i int) int {
	for j := i; j > 0 && j > i-negationReach && !r.tokens[j].first; j-- {
		switch c := r.tokens[j-1].class; {
		case c&negator != 0:
			return j - 1
		case c&turn != 0:
			return -1
		}
	}
	return -1
}

// surface weighs what is not a word: marks, links, codes and capitals.
func (r *reading) surface() {
	mood := 0.0
	for _, e := range r.evidence {
		switch e.head {
		case anger, negative:
			mood += e.weight
		case praise:
			mood -= e.weight
		}
	}
	asked, links, capitals, letters := false, 0, 0, 0
	for i := range r.tokens {
		t := &r.tokens[i]
		switch t.form {
		case query:
			if !asked {
				asked = true
				r.say(t, question, 2.8)
				r.say(t, praise, -1.2)
			}
			if t.count > 1 {
				r.say(t, anger, 0.4)
			}
		case exclaim:
			if loud := 0.2 * float64(min(t.count, 4)); mood > 0 {
				r.say(t, anger, loud)
			} else if mood < 0 {
				r.say(t, praise, loud/2)
			}
		case link:
			links++
			if links <= 3 {
				r.say(t, spam, 1)
			}
		case code:
			r.say(t, needsAccount, 2)
		case word:
			if t.count > 2 {
				letters++
				if t.caps {
					capitals++
				}
			}
		}
	}
	if capitals > 2 && capitals*2 > letters {
		r.say(&token{start: r.tokens[0].start, end: r.tokens[len(r.tokens)-1].end}, anger, 0.8)
	}
}

func (r *reading) say(t *token, h head, w float64) {
	r.evidence = append(r.evidence, evidence{start: t.start, end: t.end, head: h, weight: w})
}
