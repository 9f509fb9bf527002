package triage

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// What a word must be to be suggested as a keyword.
const (
	leastTexts = 2   // that have it
	telling    = 1.8 // standard errors by which it is more frequent than elsewhere
)

// SuggestKeywords finds words, and pairs of neighbours, that texts about a topic have more often than others do, the most
// telling first. Those of the topic itself are left out.
func SuggestKeywords(t Topic, about, others []string, most int) []string {
	known := []string{Fold(t.Name)}
	for _, k := range t.Keywords {
		known = append(known, Fold(k))
	}
	in, out := termCounts(about), termCounts(others)
	type term struct {
		text  string
		texts int
		z     float64
	}
	var found []term
	for text, n := range in {
		folded := Fold(text)
		if n < leastTexts || slices.ContainsFunc(known, func(k string) bool { return within(folded, k) }) {
			continue
		}
		a, b := float64(n)+0.5, float64(out[text])+0.5
		odds := math.Log(a/(float64(len(about)-n)+0.5)) - math.Log(b/(float64(len(others)-out[text])+0.5))
		if z := odds / math.Sqrt(1/a+1/b); z >= telling {
			found = append(found, term{text, n, z})
		}
	}
	slices.SortFunc(found, func(a, b term) int { return cmp.Or(cmp.Compare(b.z, a.z), cmp.Compare(a.text, b.text)) })
	var words []string
	for _, f := range found {
		part := func(w string) bool { return within(w, f.text) || within(f.text, w) }
		if len(words) < most && !slices.ContainsFunc(words, part) {
			words = append(words, f.text)
		}
	}
	return words
}

// within tells whether words stand in others.
func within(text, words string) bool { return strings.Contains(" "+text+" ", " "+words+" ") }

// termCounts counts in how many texts each word of three letters or more stands, and each pair of words. Numbers are
// somebody's and are left out.
func termCounts(texts []string) map[string]int {
	counts := map[string]int{}
	for _, text := range texts {
		seen := map[string]bool{}
		before := ""
		for word := range strings.FieldsFuncSeq(strings.ToLower(norm.NFC.String(text)), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }) {
			if strings.ContainsFunc(word, unicode.IsDigit) {
				before = ""
				continue
			}
			if utf8.RuneCountInString(word) >= 3 {
				seen[word] = true
			}
			if before != "" {
				seen[before+" "+word] = true
			}
			before = word
		}
		for word := range seen {
			counts[word]++
		}
	}
	return counts
}
