package listeners

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Matcher looks for Rules in texts, for networks that have no search of their own. A text fits a rule if
// it holds every word of one of its alternatives and none that it must not:
// coffee "sao mai" -job OR espresso. Letters are the same in either case, and words that are written
// without Vietnamese marks are found with and without them.
type Matcher []words

// words are a Rule to look for.
type words struct {
	id  string
	any [][]term
}

// term is a word or a phrase with a space around each word.
type term struct {
	words string
	not   bool
	plain bool
}

// NewMatcher reads rules.
func NewMatcher(rules []Rule) Matcher {
	m := make(Matcher, len(rules))
	for i, r := range rules {
		m[i] = readWords(r)
	}
	return m
}

// Match gives the id of the first rule that a text fits.
func (m Matcher) Match(text string) (rule string, ok bool) {
	if len(m) == 0 {
		return "", false
	}
	folded := fold(text)
	plain := unmarked(folded)
	at := slices.IndexFunc(m, func(w words) bool { return w.fit(folded, plain) })
	if at < 0 {
		return "", false
	}
	return m[at].id, true
}

func readWords(r Rule) words {
	read := words{id: r.ID}
	var all []term
	end := func() {
		if slices.ContainsFunc(all, func(t term) bool { return !t.not }) {
			read.any = append(read.any, all)
		}
		all = nil
	}
	for rest := strings.TrimSpace(r.Query); rest != ""; rest = strings.TrimSpace(rest) {
		var word string
		bare, not := strings.CutPrefix(rest, "-")
		if phrase, quoted := strings.CutPrefix(bare, `"`); quoted {
			word, rest, _ = strings.Cut(phrase, `"`)
		} else if at := strings.IndexFunc(bare, unicode.IsSpace); at >= 0 {
			word, rest = bare[:at], bare[at:]
		} else {
			word, rest = bare, ""
		}
		if word == "OR" && !not {
			end()
			continue
		}
		folded := fold(word)
		if t := (term{words: folded, not: not, plain: folded == unmarked(folded)}); strings.TrimSpace(t.words) != "" {
			all = append(all, t)
		}
	}
	end()
	return read
}

// fit tells whether a text, folded and without marks, has what the rule listens for.
func (w words) fit(folded, unmarked string) bool {
	return slices.ContainsFunc(w.any, func(all []term) bool {
		return !slices.ContainsFunc(all, func(t term) bool {
			in := folded
			if t.plain {
				in = unmarked
			}
			return strings.Contains(in, t.words) == t.not
		})
	})
}

// fold is the words of a text in lower case with one space around each.
func fold(s string) string {
	words := strings.FieldsFunc(strings.ToLower(norm.NFC.String(s)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && r != '_'
	})
	return " " + strings.Join(words, " ") + " "
}

// unmarked takes away the marks of Vietnamese and other Latin letters.
func unmarked(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == 'đ':
			return 'd'
		}
		return r
	}, norm.NFD.String(s))
}
