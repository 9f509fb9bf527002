// Package golden reads golden sets and tells how well something reads them.
//
// A golden set is a file of texts in the voices of real people, each with the label that a careful reader
// would give it. Half of a set, Tune, is there to mend the reading by; the other half, Held, tells whether
// what was mended holds for texts that nobody looked at.
package golden

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
)

// The halves of a set.
const (
	Tune = "tune"
	Held = "held"
)

// Text is a line of a set.
type Text struct {
	Half, Language, Label string   // a text with several labels has commas between them
	Fields                []string // what was said, and what stands beside it
}

// Has tells whether a label is the text's, or one of them.
func (t Text) Has(label string) bool { return slices.Contains(strings.Split(t.Label, ","), label) }

// Said is what the line is about.
func (t Text) Said() string { return t.Fields[len(t.Fields)-1] }

// Read reads a set. Its first line names the columns: half, language, label and what was said.
func Read(path string) ([]Text, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var texts []Text
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		fields := strings.Split(lines.Text(), "\t")
		if n == 1 {
			continue
		}
		if len(fields) < 4 || fields[0] != Tune && fields[0] != Held {
			return nil, fmt.Errorf("%s, line %d: %q is no line of a golden set", path, n, lines.Text())
		}
		texts = append(texts, Text{fields[0], fields[1], fields[2], fields[3:]})
	}
	return texts, lines.Err()
}

// Figures are how well a half of a set is read, as to one label.
type Figures struct {
	Right, Given, Wanted int      // how often the label was given rightly, was given, should have been
	Missed               []string // texts that should have the label and were not given it
	Wrong                []string // texts that were given it and should not have been
}

// Of reads a half of a set with a reader that says whether a text has the label.
func Of(texts []Text, half, label string, has func(Text) bool) Figures {
	var f Figures
	for _, t := range texts {
		if t.Half != half {
			continue
		}
		given, wanted := has(t), t.Has(label)
		switch {
		case given && wanted:
			f.Right++
		case given:
			f.Wrong = append(f.Wrong, t.Said())
		case wanted:
			f.Missed = append(f.Missed, t.Said())
		}
		if given {
			f.Given++
		}
		if wanted {
			f.Wanted++
		}
	}
	return f
}

// Precision is how many of the labels given are right; 1 where none was given.
func (f Figures) Precision() float64 { return share(f.Right, f.Given) }

// Recall is how many of the labels wanted were given; 1 where none was wanted.
func (f Figures) Recall() float64 { return share(f.Right, f.Wanted) }

// F1 is the harmonic mean of precision and recall.
func (f Figures) F1() float64 { return share(2*f.Right, f.Given+f.Wanted) }

func share(part, whole int) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}

func (f Figures) String() string {
	return fmt.Sprintf("precision %.2f (%d of %d)  recall %.2f (%d of %d)", f.Precision(), f.Right, f.Given, f.Recall(), f.Right, f.Wanted)
}
