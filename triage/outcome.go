package triage

import "sync"

// Outcome is what a customer's follow-up says of an answer.
type Outcome string

// The outcomes.
const (
	Solved       Outcome = "solved" // it works now, or is settled
	Thanks       Outcome = "thanks" // thanks and no more
	StillBroken  Outcome = "still_broken"
	Sarcastic    Outcome = "sarcastic"
	OtherOutcome Outcome = "other"
)

// What a term of lexicon/outcome.txt may say of a follow-up.
const (
	saysSolved = iota
	saysThanks
	saysBroken
	saysSarcastic
	saysUnsure // a condition, a plan, a wish, a request: nothing is settled yet
	outcomeCount
)

var followUps = sync.OnceValue(func() *lexicon {
	l := newLexicon(1 << 12)
	l.words = heart().words
	of := map[string]int{"solved": saysSolved, "thanks": saysThanks, "broken": saysBroken, "sarcastic": saysSarcastic, "unsure": saysUnsure}
	if err := l.load("lexicon/outcome.txt", of, en|vi|elsewhere); err != nil {
		panic(err) // an embedded file is broken: no test could have passed
	}
	return l
})

// ReadOutcome reads a customer's follow-up after an answer. Solved pays people and closes cases, so it needs plain words
// and nothing that speaks against them: no "but", no question, no condition, no complaint.
func ReadOutcome(text string) Outcome {
	r := readings.Get().(*reading)
	defer readings.Put(r)
	r.split(text)
	lang := r.recognise(heart())
	says := r.followUp()
	r.weigh(heart(), lang)
	margins := biases
	for _, e := range r.evidence {
		margins[e.head] += e.weight
	}
	bad := margins[complaint] > 0 || margins[anger] > 0 || margins[negative] > 0
	switch {
	case says[saysSarcastic] > 0:
		return Sarcastic
	case says[saysBroken] > 0:
		return StillBroken
	case says[saysSolved] > 0 && says[saysUnsure] == 0 && !bad:
		return Solved
	case says[saysThanks] > 0 && says[saysSolved] == 0 && says[saysUnsure] == 0 && !bad:
		return Thanks
	default:
		return OtherOutcome
	}
}

// followUp counts what the terms say. Their tokens are used up, so that "no more errors" is not read again as a
// complaint about errors.
func (r *reading) followUp() (says [outcomeCount]float64) {
	for i := 0; i < len(r.tokens); {
		if t := &r.tokens[i]; t.class&turn != 0 || t.form == query {
			says[saysUnsure]++
		}
		found := r.terms(followUps(), i)
		if len(found) == 0 {
			i++
			continue
		}
		m, negated := found[0], r.negatorBefore(i) >= 0
		for _, w := range m.entry.weights {
			switch {
			case !negated:
				says[w.of] += w.logOdds
			case w.of == saysSolved:
				says[saysBroken]++
			case w.of == saysBroken:
				says[saysUnsure]++
			}
		}
		for ; i < m.to; i++ {
			r.tokens[i].name = name{}
		}
	}
	return says
}
