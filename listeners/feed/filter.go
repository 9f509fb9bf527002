package feed

import (
	"slices"
	"strings"
	"unicode"

	"github.com/kith-social/kith/listeners"
	"golang.org/x/text/unicode/norm"
)

// rule is a Rule as words. A text fits if it holds every word of one of the alternatives and none that
// it must not: `coffee "sao mai" -job OR espresso`.
type rule struct {
	id  string
	any [][]term
}

// term is a word or a phrase. Written without Vietnamese marks it is found with and without them.
type term struct {
	words string // with a space around each
	not   bool
	plain bool
}

func readRule(r listeners.Rule) rule {
	read := rule{id: r.ID}
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

// fits tells whether a text has what the rule listens for.
func (r rule) fits(folded, unmarked string) bool {
	return slices.ContainsFunc(r.any, func(all []term) bool {
		return !slices.ContainsFunc(all, func(t term) bool {
			in := folded
			if t.plain {
				in = unmarked
			}
			return strings.Contains(in, t.words) == t.not
		})
	})
}

// wanted tells whether a post is listened for, and notes the rule that it fits first.
func (c *Channel) wanted(p *listeners.Post) bool {
	if len(c.rules) == 0 {
		return true
	}
	folded := fold(p.Text)
	plain := unmarked(folded)
	at := slices.IndexFunc(c.rules, func(r rule) bool { return r.fits(folded, plain) })
	if at < 0 {
		return false
	}
	p.Rule = c.rules[at].id
	return true
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
