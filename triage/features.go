package triage

import (
	"github.com/kith-social/kith/triage/learner"
)

// mostFeatures is how many features of a text are read at most.
const mostFeatures = 6000

// What a feature is of; the same words mean something else in another place.
const (
	ofWord = iota + 1
	ofPair
	ofNegated
	ofLetters
	ofSign
	ofHead
	ofKin
	ofKinPair
)

// Features appends what a learner may see in a text: words and pairs of words, with and without their Vietnamese marks,
// words that are negated, letters of words, and signs such as how loud a text is and what the lexicons say of it.
func Features(text string, to []learner.Feature) []learner.Feature {
	r := readings.Get().(*reading)
	defer readings.Put(r)
	r.split(text)
	r.weigh(heart(), r.recognise(heart()))
	return r.features(text, to, false)
}

// Brief is Features without most of the letters and without signs of the whole text: what a brand's layer looks at, because
// every post pays for it.
func Brief(text string, to []learner.Feature) []learner.Feature {
	r := readings.Get().(*reading)
	defer readings.Put(r)
	r.split(text)
	r.weigh(heart(), r.recognise(heart()))
	return r.features(text, to, true)
}

// Kindred is Brief and what of the text is of a kin: what the shipped heads look at.
func Kindred(text string, to []learner.Feature) []learner.Feature {
	r := readings.Get().(*reading)
	defer readings.Put(r)
	r.split(text)
	r.weigh(heart(), r.recognise(heart()))
	return r.company(r.features(text, to, true))
}

func (r *reading) features(text string, to []learner.Feature, brief bool) []learner.Feature {
	for i := range r.tokens {
		if len(to) > mostFeatures {
			break
		}
		t := &r.tokens[i]
		see := func(what, key uint64, start int32) {
			to = append(to, learner.Feature{ID: mix(mix(hashOffset, what), key), Kind: learner.Word, Start: start, End: t.end})
		}
		if t.form == link || t.form == code {
			see(ofWord, uint64(t.form), t.start)
			continue
		}
		if t.form == exclaim || t.form == query {
			see(ofWord, uint64(t.form)<<8|uint64(min(t.count, 3)), t.start)
			continue
		}
		see(ofWord, t.folded, t.start)
		if t.key != t.folded {
			see(ofWord, t.key, t.start)
		}
		if i > 0 && r.tokens[i-1].form != link {
			before := &r.tokens[i-1]
			see(ofPair, mix(before.folded, t.folded), before.start)
			if t.key != t.folded || before.key != before.folded {
				see(ofPair, mix(before.key, t.key), before.start)
			}
		}
		if t.form == word {
			if r.negatorBefore(i) >= 0 {
				see(ofNegated, t.folded, t.start)
			}
			if !brief || t.count > 4 && !t.marked() {
				to = letters(text, t, brief, to)
			}
		}
	}
	if to = r.verdicts(to); brief {
		return to
	}
	return r.signs(to)
}

// How far kin look around for others.
const (
	kinReach = 3 // kin
	kinWords = 12
)

// company appends what is of a kin, with the words beside it and with what is of a kin soon after it.
func (r *reading) company(to []learner.Feature) []learner.Feature {
	for i, k := range r.kin {
		start, end := r.tokens[k.from].start, r.tokens[k.to-1].end
		see := func(what uint64, key uint64, start, end int32) {
			to = append(to, learner.Feature{ID: mix(mix(hashOffset, what), key), Kind: learner.Word, Start: start, End: end})
		}
		see(ofKin, uint64(k.kin), start, end)
		if k.from > 0 {
			see(ofKinPair, mix(r.tokens[k.from-1].folded, uint64(k.kin)), r.tokens[k.from-1].start, end)
		}
		if k.to < len(r.tokens) {
			see(ofKinPair, mix(uint64(k.kin), r.tokens[k.to].folded), start, r.tokens[k.to].end)
		}
		for j := i + 1; j < len(r.kin) && j <= i+kinReach && r.kin[j].from < k.to+kinWords; j++ {
			see(ofKinPair, uint64(k.kin)<<8|uint64(r.kin[j].kin), start, r.tokens[r.kin[j].to-1].end)
		}
	}
	return to
}

// letters appends the two to five letters in a row of a word. Its tone is read as a last letter.
func letters(text string, t *token, brief bool, to []learner.Feature) []learner.Feature {
	const most = 40
	var plain, marked [most + 2]uint32
	n, tone, quality := 1, uint8(0), uint8(0)
	plain[0], marked[0] = '^', '^'
	s := scanner{text: text, at: int(t.at), rune: t.start}
	for s.load(); s.more() && s.rune < t.end; s.next() {
		switch g := s.g; {
		case g.kind == mark:
			tone |= g.tone
			quality |= g.quality
			marked[n-1] |= uint32(g.quality) << 24
		case startsWord(g) && n < most:
			tone |= g.tone
			quality |= g.quality
			letter := uint32(g.base)
			if n > 2 && plain[n-1] == letter && plain[n-2] == letter {
				break
			}
			plain[n], marked[n] = letter, letter|uint32(g.quality)<<24
			n++
		}
	}
	plain[n], marked[n] = '$', '$'|uint32(tone)<<24
	n++
	if brief {
		return grams(plain[:n], t, 4, 4, false, to)
	}
	to = grams(plain[:n], t, 2, 5, false, to)
	if tone|quality != 0 {
		to = grams(marked[:n], t, 2, 5, true, to)
	}
	return to
}

// grams appends the runs of least to most letters, or only those with a Vietnamese mark.
func grams(letters []uint32, t *token, least, most int, marked bool, to []learner.Feature) []learner.Feature {
	for i := range letters {
		key, seen := mix(hashOffset, ofLetters), uint32(0)
		for j := i; j < len(letters) && j < i+most; j++ {
			key = mix(key, uint64(letters[j]))
			if seen |= letters[j] >> 24; j-i+1 >= least && (!marked || seen != 0) {
				to = append(to, learner.Feature{ID: key, Kind: learner.Letters, Start: t.start, End: t.end})
			}
		}
	}
	return to
}

// verdicts appends what the lexicons say of each head. Start is the head: a verdict has no place of its own.
func (r *reading) verdicts(to []learner.Feature) []learner.Feature {
	for h, sum := range r.sums() {
		if sum != 0 {
			value := float32(max(-2, min(2, sum/3)))
			to = append(to, learner.Feature{ID: mix(mix(hashOffset, ofSign), ofHead<<8|uint64(h)), Kind: learner.Sign, Value: value, Start: int32(h)})
		}
	}
	return to
}

// signs appends how a text is written as a whole.
func (r *reading) signs(to []learner.Feature) []learner.Feature {
	var caps, long, loud, asked, faces, words float32
	for i := range r.tokens {
		switch t := &r.tokens[i]; {
		case t.form == exclaim:
			loud += float32(t.count)
		case t.form == query:
			asked += float32(t.count)
		case t.form == emote:
			faces++
		case t.form == word:
			words++
			if t.caps {
				caps++
			}
			if t.stretched.key != 0 {
				long++
			}
		}
	}
	signs := [...]float32{caps / 3, long, loud / 3, asked / 2, faces / 2, float32(r.tags) / 3, words / 20, float32(r.handles) / 2}
	for i, value := range signs {
		if value != 0 {
			to = append(to, learner.Feature{ID: mix(mix(hashOffset, ofSign), uint64(i)), Kind: learner.Sign, Value: min(value, 2)})
		}
	}
	return to
}

// WordID is the id that a word has as a feature; false if it is not one word.
func WordID(text string) (id uint64, ok bool) {
	var r reading
	r.split(text)
	if len(r.tokens) != 1 || r.tokens[0].form != word {
		return 0, false
	}
	return wordID(r.tokens[0].folded), true
}

func wordID(key uint64) uint64 { return mix(mix(hashOffset, ofWord), key) }
