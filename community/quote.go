package community

import (
	"regexp"
	"strings"
	"unicode"
)

// quotedRun is how many words in a row make a quotation.
const quotedRun = 5

// leftOut stands where a quotation stood.
const leftOut = "[…]"

var wordOf = regexp.MustCompile(`\S+`)

// unquote takes out of a text what it repeats of others: quotedRun words in a row, or all of one that is
// shorter but for a single word; and whatever looks like a number or an address of somebody.
func unquote(text string, others []string) string {
	grams, marks := map[string]bool{}, map[string]bool{}
	lengths := map[int]bool{}
	for _, other := range others {
		words := bare(wordOf.FindAllString(other, -1))
		n := min(quotedRun, len(words))
		for i := 0; n > 1 && i+n <= len(words); i++ {
			grams[strings.Join(words[i:i+n], " ")], lengths[n] = true, true
		}
		for _, word := range words {
			if telling(word) {
				marks[word] = true
			}
		}
	}
	places := wordOf.FindAllStringIndex(text, -1)
	words := bare(wordOf.FindAllString(text, -1))
	quoted := make([]bool, len(words))
	for i, word := range words {
		quoted[i] = quoted[i] || marks[word]
		for n := range lengths {
			if i+n <= len(words) && grams[strings.Join(words[i:i+n], " ")] {
				for j := i; j < i+n; j++ {
					quoted[j] = true
				}
			}
		}
	}
	var kept strings.Builder
	end := 0
	for i := 0; i < len(words); i++ {
		if !quoted[i] {
			continue
		}
		kept.WriteString(text[end:places[i][0]] + leftOut)
		for i+1 < len(words) && quoted[i+1] {
			i++
		}
		end = places[i][1]
	}
	return kept.String() + text[end:]
}

// bare are words as they are compared: small, without the signs around them.
func bare(words []string) []string {
	for i, word := range words {
		words[i] = strings.TrimFunc(strings.ToLower(word), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '@' })
	}
	return words
}

// telling tells whether a word by itself may say who somebody is: a long number, an address, a handle.
func telling(word string) bool {
	digits := strings.Count(strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return '0'
		}
		return r
	}, word), "0")
	return digits >= 6 || len(word) > 3 && strings.Contains(word, "@")
}
