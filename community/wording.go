package community

import (
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"github.com/sergi/go-diff/diffmatchpatch"
)

// Change is a stretch of two wordings of one text: in both, only in the old, or only in the new.
type Change struct {
	Text string
	Old  bool // stands in the old wording
	New  bool // stands in the new wording
}

// Changes compares two wordings word by word, as a person reads them: "10%" becomes "15%", not "1", "0" or "5", "%".
func Changes(old, new string) []Change {
	words := dictionary{numbers: map[string]rune{}}
	d := differ()
	found := d.DiffCleanupSemantic(d.DiffMainRunes(words.spell(old), words.spell(new), false))
	changes := make([]Change, len(found))
	for i, f := range found {
		changes[i] = Change{words.read(f.Text), f.Type != diffmatchpatch.DiffInsert, f.Type != diffmatchpatch.DiffDelete}
	}
	return changes
}

func differ() *diffmatchpatch.DiffMatchPatch {
	d := diffmatchpatch.New()
	d.DiffTimeout = 0 // the same two texts always compare the same
	return d
}

// dictionary numbers words, spaces and marks in the order in which they come, so that they compare as single runes.
type dictionary struct {
	numbers map[string]rune
	words   []string
}

// firstWord is the rune of a dictionary's first word: behind it there is room for a million, and no surrogates.
const firstWord = '\uE000'

func (d *dictionary) spell(text string) []rune {
	var spelt []rune
	for state := -1; text != ""; {
		var word string
		word, text, state = uniseg.FirstWordInString(text, state)
		number, known := d.numbers[word]
		if !known {
			number = firstWord + rune(len(d.words))
			d.numbers[word], d.words = number, append(d.words, word)
		}
		spelt = append(spelt, number)
	}
	return spelt
}

func (d *dictionary) read(spelt string) string {
	var text strings.Builder
	for _, number := range spelt {
		text.WriteString(d.words[number-firstWord])
	}
	return text.String()
}

// Kept is the share of two wordings that is the same in both, 0 to 1, in runes of the longer one.
// Spaces at the ends do not count.
func Kept(old, new string) float64 {
	old, new = strings.TrimSpace(old), strings.TrimSpace(new)
	longer := max(utf8.RuneCountInString(old), utf8.RuneCountInString(new))
	if longer == 0 {
		return 1
	}
	same := 0
	d := differ()
	for _, f := range d.DiffCleanupSemantic(d.DiffMain(old, new, false)) {
		if f.Type == diffmatchpatch.DiffEqual {
			same += utf8.RuneCountInString(f.Text)
		}
	}
	return float64(same) / float64(longer)
}

// AsWritten is the share from which an edit counts as none: a typo, a greeting.
const AsWritten = 0.9
