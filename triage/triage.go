// Package triage reads what a customer wrote and says what it is: how angry, whether it asks something, what it is
// about, who could help, how urgent it is, and why. Text goes in, a [Score] comes out; the package has no database, no
// clock and no network.
//
// A head is one thing a text may carry (anger, a question, spam, ...); a text may carry several. Every head is linear:
// its margin, in log-odds, is a bias plus the weights of the spans that speak for or against it, and its probability is
// the logistic function of the margin. The weights come from lexicons written for this package (folder lexicon), in
// English and Vietnamese, the latter with and without diacritics and in teencode, and from heads that were learned from
// texts (package weights).
//
// A term is one to six words of a lexicon. A token is a word, number, emoji, emoticon or run of ! or ? in a text.
// A topic is an expertise that a brand names with a few keywords.
//
// Only the first [MaxRunes] runes of a text are read. Any string is accepted, valid UTF-8 or not.
package triage

import (
	"math"
	"slices"
	"sync"
)

// MaxRunes is how much of a text is read, in runes; what follows does not count.
const MaxRunes = 10_000

// Language is what a text is written in.
type Language string

// The languages that are told apart. Mixed is English and Vietnamese in one text.
const (
	English    Language = "en"
	Vietnamese Language = "vi"
	Mixed      Language = "mixed"
	Other      Language = "other"
)

// Head is one thing that a text may carry.
type Head string

// The heads.
const (
	Anger        Head = "anger"         // anger or strong annoyance at the brand, visible in the text
	Negative     Head = "negative"      // negative feeling about the brand
	Complaint    Head = "complaint"     // something of the brand went wrong
	Question     Head = "question"      // asks something that expects an answer
	Praise       Head = "praise"        // thanks or praises and asks for nothing
	Spam         Head = "spam"          // advertising, link farms, off-topic copy
	Risk         Head = "risk"          // legal threat, safety, self-harm, press, privacy
	NeedsAccount Head = "needs_account" // only staff who can look into the customer's order or account can help
	Human        Head = "human"         // asks for a person or a call
	OptOut       Head = "opt_out"       // asks not to be written to again
)

// Staff is what follows from the heads, and what a brand's people correct like one: that only they should answer.
const Staff Head = "staff"

// head is a Head as an index into heads.
type head uint8

const (
	anger head = iota
	negative
	complaint
	question
	praise
	spam
	risk
	needsAccount
	human
	optOut
	headCount
)

var heads = [headCount]Head{Anger, Negative, Complaint, Question, Praise, Spam, Risk, NeedsAccount, Human, OptOut}

// biases are the margins that the lexicons give to a text that says nothing.
var biases = [headCount]float64{
	anger: -2.6, negative: -1.6, complaint: -1.6, question: -1.8, praise: -2,
	spam: -3.5, risk: -4, needsAccount: -3, human: -4, optOut: -4.5,
}

// Bias is the margin, in log-odds, that a head has before anything is read. It is 0 for a head that does not exist.
func Bias(h Head) float64 {
	if i := slices.Index(heads[:], h); i >= 0 {
		return start()[i]
	}
	return 0
}

// Span is a stretch [Start, End) of a text, in runes, that speaks for (Weight > 0) or against a head.
// Weight is in log-odds.
type Span struct {
	Start, End int
	Weight     float64
	Head       Head
}

// TopicScore says how probable it is that a text is about a topic.
type TopicScore struct {
	ID   int64   `json:"-"`
	Name string  `json:"name"`
	P    float64 `json:"p"` // probability, 0..1
}

// Score is what triage says of a text. The heads are probabilities, 0..1.
type Score struct {
	Language     Language `json:"language"`
	Anger        float32  `json:"anger"`
	Negative     float32  `json:"negative"`
	Complaint    float32  `json:"complaint"`
	Question     float32  `json:"question"`
	Praise       float32  `json:"praise"`
	Spam         float32  `json:"spam"`
	Risk         float32  `json:"risk"`
	NeedsAccount float32  `json:"needs_account"`
	Human        float32  `json:"human"`
	OptOut       float32  `json:"opt_out"`
	Staff        float32  `json:"staff"` // that only the brand's own people should answer

	// Topics are those that the text matches, best first. Empty means none of the brand's topics.
	Topics []TopicScore `json:"topics"`

	// Urgency is the part of the priority that does not depend on time; at least 0. See [Priority] and [Target].
	Urgency float64 `json:"-"`
}

// Scorer scores the texts of one brand. It is safe for concurrent use.
type Scorer struct {
	topics   []Topic
	keywords *lexicon  // nil without topics
	likeness *likeness // nil without examples of them
	layer    *Layer    // nil without what the brand has taught
}

// New prepares a scorer that knows the topics of a brand.
func New(topics []Topic) *Scorer {
	return &Scorer{topics: slices.Clone(topics), keywords: keywordLexicon(topics), likeness: newLikeness(topics)}
}

var readings = sync.Pool{New: func() any { return new(reading) }}

// Score scores a text.
func (s *Scorer) Score(text string) Score { return s.score(text, 0.5) }

// score scores a text. Topics are listed from a probability of more than least.
func (s *Scorer) score(text string, least float32) Score {
	r := readings.Get().(*reading)
	defer readings.Put(r)
	lang := r.read(text)
	margins := r.judge()
	toStaff := s.amend(r, &margins)
	score := Score{
		Language:     lang,
		Anger:        probability(margins[anger]),
		Negative:     probability(margins[negative]),
		Complaint:    probability(margins[complaint]),
		Question:     probability(margins[question]),
		Praise:       probability(margins[praise]),
		Spam:         probability(margins[spam]),
		Risk:         probability(margins[risk]),
		NeedsAccount: probability(margins[needsAccount]),
		Human:        probability(margins[human]),
		OptOut:       probability(margins[optOut]),
		Staff:        probability(toStaff),
		Topics:       s.match(r, lang, least),
	}
	score.Urgency = urgency(&score)
	return score
}

// Why explains a score: for each head the strongest spans, at most most of them, or all if most is 0 or less. All of a
// head's spans and its [Scorer.Bias] add up to the head's margin.
func (s *Scorer) Why(text string, most int) []Span {
	r := readings.Get().(*reading)
	defer readings.Put(r)
	r.read(text)
	r.blame()
	s.blameLayer(r)

	slices.SortStableFunc(r.evidence, func(a, b evidence) int {
		switch {
		case a.head != b.head:
			return int(a.head) - int(b.head)
		case math.Abs(a.weight) > math.Abs(b.weight):
			return -1
		case math.Abs(a.weight) < math.Abs(b.weight):
			return 1
		default:
			return 0
		}
	})
	var spans []Span
	var taken [headCount]int
	for _, e := range r.evidence {
		if most > 0 && taken[e.head] == most {
			continue
		}
		taken[e.head]++
		spans = append(spans, Span{Start: int(e.start), End: int(e.end), Weight: e.weight, Head: heads[e.head]})
	}
	return spans
}

func probability(margin float64) float32 {
	return float32(1 / (1 + math.Exp(-margin)))
}
