package community

import (
	"strings"
	"unicode/utf8"

	"github.com/sergi/go-diff/diffmatchpatch"
)

// Change is a stretch of two wordings of one text: in both, only in the old, or only in the new.
type Change struct {
	Text string
	Old  bool // stands in the old wording
	New  bool // stands in the new wording
}

// Changes compares two wordings, in stretches that a person can read.
func Changes(old, new string) []Change {
	d := diffmatchpatch.New()
	d.DiffTimeout = 0 // the same two texts always compare the same
	found := d.DiffCleanupSemantic(d.DiffMain(old, new, false))
	changes := make([]Change, len(found))
	for i, f := range found {
		changes[i] = Change{f.Text, f.Type != diffmatchpatch.DiffInsert, f.Type != diffmatchpatch.DiffDelete}
	}
	return changes
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
	for _, c := range Changes(old, new) {
		if c.Old && c.New {
			same += utf8.RuneCountInString(c.Text)
		}
	}
	return float64(same) / float64(longer)
}

// AsWritten is the share from which an edit counts as none: a typo, a greeting.
const AsWritten = 0.9
