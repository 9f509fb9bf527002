package triage

import (
	"cmp"
	"slices"
	"strings"
)

// Topic is an expertise of a brand. Its name and keywords, words or phrases in either language, are found in a text
// with and without diacritics and in the English plural.
type Topic struct {
	ID       int64
	Name     string
	Keywords []string
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

// unnamed is the margin of a topic that no word of a text names; only a layer can make it more.
const unnamed = -3.5

// match returns the topics that the tokens speak of, best first. Of topics that the layer knows it decides.
func (s *Scorer) match(r *reading) []TopicScore {
	if s.keywords == nil {
		return nil
	}
	found := s.name(r)
	if s.layer != nil && len(s.layer.topics) > 0 {
		found = s.topicLayer(r)
	}
	if found == 0 {
		return nil
	}
	scores := make([]TopicScore, 0, found)
	for i, margin := range r.margins {
		if margin != 0 {
			scores = append(scores, TopicScore{ID: s.topics[i].ID, Name: s.topics[i].Name, P: float64(probability(topicBias + margin))})
		}
	}
	slices.SortStableFunc(scores, func(a, b TopicScore) int { return cmp.Compare(b.P, a.P) })
	return scores
}

// topicLayer replaces the margins of topics that the layer knows, and says how many topics a text speaks of.
func (s *Scorer) topicLayer(r *reading) (found int) {
	for i, t := range s.topics {
		if part, taught := s.layer.topics[t.ID]; taught {
			known := unnamed
			if r.margins[i] != 0 {
				known = topicBias + r.margins[i]
			}
			if known = s.layer.margin(r, part, known); known < 0 {
				r.margins[i] = 0 // none of it
			} else {
				r.margins[i] = known - topicBias
			}
		}
		if r.margins[i] != 0 {
			found++
		}
	}
	return found
}

// name sums up the keywords of each topic in the margins of a reading; 0 where there is none.
func (s *Scorer) name(r *reading) (found int) {
	r.margins = append(r.margins[:0], make([]float64, len(s.topics))...)
	for i := range r.tokens {
		for _, t := range r.terms(s.keywords, i) {
			for _, w := range t.entry.weights {
				if margin := &r.margins[w.of]; *margin == 0 {
					found++
					*margin = w.logOdds
				} else {
					*margin += moreWeight
				}
			}
		}
	}
	return found
}
