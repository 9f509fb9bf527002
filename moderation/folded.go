package moderation

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// folded is a text without marks and in small letters, as patterns read it: "Số" and "SO" are one
// word, and digits of full width are digits. What is found in it is told in runes of the text itself.
type folded struct {
	text string
	at   []int // for each byte of text, and for its end, the rune of the original
}

func fold(text string) folded {
	var b strings.Builder
	at := make([]int, 0, len(text)+1)
	i := 0
	for _, c := range text {
		for _, d := range norm.NFKD.String(string(c)) {
			switch {
			case unicode.Is(unicode.Mn, d), unicode.Is(unicode.Cf, d):
				continue
			case d == 'đ' || d == 'Đ':
				d = 'd'
			case d == '–' || d == '—' || d == '‑':
				d = '-'
			default:
				d = unicode.ToLower(d)
			}
			n := b.Len()
			b.WriteRune(d)
			for range b.Len() - n {
				at = append(at, i)
			}
		}
		i++
	}
	return folded{b.String(), append(at, i)}
}

// span is a stretch of bytes in runes of the original.
func (f folded) span(from, to int) (start, end int) {
	if from == to {
		return f.at[from], f.at[to]
	}
	return f.at[from], f.at[to-1] + 1
}

// before are up to n bytes before a place, where the reason for what stands there often is.
func (f folded) before(from, n int) string { return f.text[max(0, from-n):from] }

// alone tells whether no letter or digit touches a stretch: a number inside a longer one is not that
// number.
func (f folded) alone(from, to int) bool {
	touches := func(b byte) bool { return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b == '_' }
	return (from == 0 || !touches(f.text[from-1])) && (to == len(f.text) || !touches(f.text[to]))
}
