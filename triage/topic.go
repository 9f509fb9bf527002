package triage

import (
	"cmp"
	"slices"
	"strings"
)

// Topic is an expertise of a brand. Its name and keywords, words or phrases in either language, are found in a text
// with and without diacritics and in the English plural. Examples are texts that are about it.
type Topic struct {
	ID       int64
	Name     string
	Keywords []string
	Examples []string
}

// What a topic needs to be matched, in log-odds: one keyword suffices, the name alone does as well, more of them make
// it surer.
const (
	topicBias     = -1.8
	keywordWeight = 2.6
	nameWeight    = 2.4
	moreWeight    = 0.9 // each further distinct keyword or repeated mention
)

// keywordLexicon finds the keywords of topics. What is no word, or has too many of them, is left out.
func keywordLexicon(topics []Topic) *lexicon {
	if len(topics) == 0 {
		return nil
	}
	l := newLexicon(1 + 8*len(topics))
	l.words = heart().words
	for i, t := range topics {
		for _, k := range t.Keywords {
			l.keyword(k, weight{of: i, logOdds: keywordWeight})
		}
		l.keyword(t.Name, weight{of: i, logOdds: nameWeight})
	}
	return l
}

// keyword adds a keyword and, for an English one, its plural.
func (l *lexicon) keyword(k string, w weight) {
	k = strings.Trim(k, "[] ")
	if l.add(k, entry{weights: []weight{w}, tongues: en | vi | elsewhere}) != nil || len(k) < 3 || !isLetter(k[len(k)-1]) {
		return
	}
	plural := k + "s"
	switch {
	case strings.HasSuffix(k, "s"):
		return
	case strings.HasSuffix(k, "y") && !strings.ContainsAny(k[len(k)-2:len(k)-1], "aeiou"):
		plural = k[:len(k)-1] + "ies"
	case strings.HasSuffix(k, "ch"), strings.HasSuffix(k, "sh"), strings.HasSuffix(k, "x"):
		plural = k + "es"
	}
	l.add(plural, entry{weights: []weight{w}, tongues: en | vi | elsewhere})
}

// unnamed is the margin of a topic that no word of a text names; only examples and a layer can make it more.
const unnamed = -3.5

// match returns the topics that a text is about with a probability of more than least, best first. Of topics that the
// layer knows it decides, of others the keywords and, where there are any, the examples.
func (s *Scorer) match(r *reading, lang Language, least float32) []TopicScore {
	if s.keywords == nil {
		return nil
	}
	s.name(r)
	if s.likeness != nil {
		s.likeness.compare(r, s.topics, lang, func(i int) bool { return s.taught(i) < 0 })
	}
	found := 0
	for i := range s.topics {
		if part := s.taught(i); part >= 0 {
			r.margins[i] = s.layer.margin(r, part, r.margins[i])
		}
		if r.margins[i] != unnamed && probability(r.margins[i]) > least {
			found++
		}
	}
	if found == 0 {
		return nil
	}
	scores := make([]TopicScore, 0, found)
	for i, margin := range r.margins {
		if p := probability(margin); margin != unnamed && p > least {
			scores = append(scores, TopicScore{ID: s.topics[i].ID, Name: s.topics[i].Name, P: float64(p)})
		}
	}
	slices.SortStableFunc(scores, func(a, b TopicScore) int { return cmp.Compare(b.P, a.P) })
	return scores
}

// taught is the part of the layer that knows a topic; -1 where none does.
func (s *Scorer) taught(topic int) int {
	if s.layer != nil {
		if part, known := s.layer.topics[s.topics[topic].ID]; known {
			return part
		}
	}
	return -1
}

// name finds the keywords of each topic and sets its margin in a reading.
func (s *Scorer) name(r *reading) {
	r.margins = r.margins[:0]
	for range s.topics {
		r.margins = append(r.margins, unnamed)
	}
	for i := range r.tokens {
		for _, t := range r.terms(s.keywords, i) {
			for _, w := range t.entry.weights {
				if margin := &r.margins[w.of]; *margin == unnamed {
					*margin = topicBias + w.logOdds
				} else {
					*margin += moreWeight
				}
			}
		}
	}
}
