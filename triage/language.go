package triage

import "sync"

// What a word says of the language of its text.
const (
	ownWord   = 1.0 // a word that only this language has
	markWord  = 1.0 // a Vietnamese syllable with Vietnamese marks
	shapeWord = 0.2 // an unknown word of this shape
)

// recognise finds the language of the tokens, and with it which spellings they have and what they do to their
// neighbours.
func (r *reading) recognise(l *lexicon) Language {
	var english, vietnamese, other float64
	vietnameseShape := syllables()
	for i := range r.tokens {
		t := &r.tokens[i]
		if t.form != word || t.count == 0 {
			continue
		}
		info, known := l.words[t.key]
		if !known && t.stretched.key != 0 && !l.starts(t.folded) {
			t.name = t.stretched
			info = l.words[t.key]
		}
		syllable := vietnameseShape[t.folded]
		switch {
		case info.tongues == en:
			english += ownWord
		case info.tongues == vi:
			vietnamese += ownWord
		case info.tongues == elsewhere, t.foreign:
			other += ownWord
		case info.tongues != 0:
		case t.marked() && syllable:
			vietnamese += markWord
		case t.marked():
			other += ownWord
		case syllable:
			vietnamese += shapeWord
		case t.count > 3:
			english += shapeWord
		}
	}
	lang := decide(english, vietnamese, other)
	for i := range r.tokens {
		t := &r.tokens[i]
		info, known := l.words[t.key]
		if !known {
			continue
		}
		if c := &info.canonical; c.key != 0 && !l.strange(c.key, lang) {
			t.name = *c
			info = l.words[t.key]
		}
		t.class = info.class
	}
	return lang
}

// starts reports whether a term starts with the word.
func (l *lexicon) starts(folded uint64) bool {
	_, ok := l.edges[edgeOf(0, folded)]
	return ok
}

// strange reports whether a word has no place in texts of a language: "k" is "không" but not in English.
func (l *lexicon) strange(key uint64, lang Language) bool {
	whose := l.words[key].tongues
	return lang == English && whose == vi || lang == Vietnamese && whose == en
}

func decide(english, vietnamese, other float64) Language {
	low, high := min(english, vietnamese), max(english, vietnamese)
	switch {
	case high+other < 2*shapeWord, other >= high:
		return Other
	case low >= 2*ownWord && low >= 0.3*high, low >= ownWord && low >= 0.6*high:
		return Mixed
	case english > vietnamese:
		return English
	default:
		return Vietnamese
	}
}

// syllables are the folded keys of everything that could be a Vietnamese syllable.
var syllables = sync.OnceValue(func() map[uint64]bool {
	onsets := []string{"", "b", "c", "ch", "d", "g", "gh", "gi", "h", "k", "kh", "l", "m", "n", "ng", "ngh", "nh", "p", "ph", "q", "qu", "r", "s", "t", "th", "tr", "v", "x"}
	rimes := []string{
		"a", "ac", "ach", "ai", "am", "an", "ang", "anh", "ao", "ap", "at", "au", "ay", "e", "ec", "em", "en", "eng", "eo", "ep", "et",
		"ech", "enh", "eu", "i", "ia", "ich", "iec", "iem", "ien", "ieng", "iep", "iet", "ieu", "im", "in", "inh", "ip", "it", "iu",
		"o", "oa", "oac", "oach", "oai", "oam", "oan", "oang", "oanh", "oat", "oay", "oc", "oe", "oen", "oet", "oi", "om", "on", "ong",
		"oong", "op", "ot", "u", "ua", "uan", "uat", "uay", "uc", "ue", "ui", "um", "un", "ung", "uo", "uoc", "uoi", "uom", "uon",
		"uong", "uop", "uot", "uou", "up", "ut", "uu", "uy", "uya", "uyen", "uyet", "uynh", "uyt", "uych", "y", "yem", "yen", "yeu",
	}
	set := make(map[uint64]bool, len(onsets)*len(rimes))
	var r reading
	for _, onset := range onsets {
		for _, rime := range rimes {
			r.split(onset + rime)
			set[r.tokens[0].folded] = true
		}
	}
	return set
})
