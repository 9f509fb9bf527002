package triage

import "slices"

// Gist is one thing that a text is about: a word, or two beside each other, without marks, and how much it tells. The
// word cannot be read out of it.
type Gist struct {
	ID     uint32
	Weight float32
}

const (
	everyday   = 3.5 // the rarity up to which a word tells nothing
	mostTold   = 4.5 // what a rare word tells; one that nobody has heard before tells no more
	pairTells  = 0.7 // of two words beside each other
	mostGisted = 60  // words of a text
)

// GistOf is what a text is about, each thing once and in the order of the ids. Words for which skip says so tell nothing; of
// those it is asked as they are folded.
func GistOf(text string, skip func(folded string) bool) []Gist {
	r := readings.Get().(*reading)
	defer readings.Put(r)
	r.split(text)
	var all []Gist
	before, told, words := -1, false, 0
	for i := range r.tokens {
		t := &r.tokens[i]
		if t.form != word || t.folded == 0 {
			before = -1
			continue
		}
		if words++; words > mostGisted {
			break
		}
		tells := !skip(Fold(runesOf(text, t.start, t.end)))
		if tells {
			id := mix(mix(hashOffset, ofWord), t.folded)
			if weight := min(max(rarity(id)-everyday, 0), mostTold); weight > 0 {
				all = append(all, Gist{uint32(id), weight})
			}
		}
		if before == i-1 && i > 0 && (tells || told) {
			id := mix(mix(hashOffset, ofPair), mix(r.tokens[before].folded, t.folded))
			if weight := min(max(rarity(id)-2*everyday, 0), mostTold); weight > 0 {
				all = append(all, Gist{uint32(id), weight * pairTells})
			}
		}
		before, told = i, tells
	}
	slices.SortFunc(all, func(a, b Gist) int { return int(int64(a.ID) - int64(b.ID)) })
	return slices.CompactFunc(all, func(a, b Gist) bool { return a.ID == b.ID })
}

// runesOf is a stretch of a text, in runes.
func runesOf(text string, start, end int32) string {
	n := int32(0)
	from, to := len(text), len(text)
	for at := range text {
		if n == start {
			from = at
		}
		if n == end {
			to = at
			break
		}
		n++
	}
	return text[from:to]
}
