package twitter

import (
	"html"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	maxText = 64 << 10 // bytes kept of a post's text; X allows 25,000 characters
	maxLine = 256      // bytes kept of a name
)

// clean makes a text safe to keep: valid UTF-8 in NFC, X's HTML entities resolved, no control
// characters but newline and tab. Marks that change direction or have no width stay: they are part of
// how people write, and pages show them isolated.
func clean(s string) string {
	if len(s) > 4*maxText {
		s = s[:4*maxText]
	}
	if isPlain(s) {
		return cut(s, maxText)
	}
	if strings.IndexByte(s, '&') >= 0 {
		s = html.UnescapeString(s)
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.IndexFunc(s, isControl) >= 0 {
		s = strings.Map(func(r rune) rune {
			if isControl(r) {
				return -1
			}
			return r
		}, s)
	}
	return cut(norm.NFC.String(s), maxText)
}

// isPlain tells whether a text is ASCII in which nothing needs cleaning.
func isPlain(s string) bool {
	for i := range len(s) {
		if b := rune(s[i]); b >= utf8.RuneSelf || b == '&' || isControl(b) {
			return false
		}
	}
	return true
}

func isControl(r rune) bool { return r < ' ' && r != '\n' && r != '\t' }

// cut shortens to at most n bytes, at the border of a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// cleanLine is clean for names: one line, a few words.
func cleanLine(s string) string {
	s = clean(s)
	if strings.ContainsAny(s, "\n\t") {
		s = strings.Join(strings.Fields(s), " ")
	}
	return cut(s, maxLine)
}
