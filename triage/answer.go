package triage

import "sync"

// Saying is something that an answer to a customer may say and that its author should think of first.
type Saying string

// The sayings.
const (
	Promises  Saying = "promise" // something the brand would have to keep
	Legal     Saying = "legal"   // what the law says, or who is liable
	Medical   Saying = "medical" // what is safe, heals or harms
	Insults   Saying = "insult"
	Blames    Saying = "blame" // the customer is at fault
	Apologies Saying = "apology"
)

var sayings = [...]Saying{Promises, Legal, Medical, Insults, Blames, Apologies}

// Said is a stretch [Start, End) of an answer, in runes, and what it says.
type Said struct {
	Saying     Saying
	Start, End int
}

var answers = sync.OnceValue(func() *lexicon {
	l := newLexicon(1 << 13)
	l.words = heart().words
	of := map[string]int{}
	for i, s := range sayings {
		of[string(s)] = i
	}
	if err := l.load("lexicon/answer.txt", of, en|vi|elsewhere); err != nil {
		panic(err) // an embedded file is broken: no test could have passed
	}
	return l
})

// ReadAnswer reads what a member wrote to a customer. What a negator stands before is not said: "we
// cannot promise", "không phải tại bạn".
func ReadAnswer(text string) []Said {
	r := readings.Get().(*reading)
	defer readings.Put(r)
	r.split(text)
	lang := r.recognise(heart())
	var said []Said
	for i := 0; i < len(r.tokens); {
		m, ok := longest(r.terms(answers(), i), lang)
		if !ok {
			i++
			continue
		}
		if r.negatorBefore(i) < 0 {
			for _, w := range m.entry.weights {
				if w.logOdds == 0 {
					continue // words that only look like it
				}
				said = append(said, Said{sayings[w.of], int(r.tokens[m.from].start), int(r.tokens[m.to-1].end)})
			}
		}
		i = m.to
	}
	return said
}

// longest is the longest of the terms found that may be meant: Vietnamese words are none in English, and
// a single one without its marks is most often another word ("cut", "may").
func longest(found []match, lang Language) (match, bool) {
	for _, m := range found {
		if m.entry.marked == 0 || lang != English && (m.loss == 0 || m.to-m.from > 1) {
			return m, true
		}
	}
	return match{}, false
}
