package triage

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Fold makes text comparable for search: decomposed, without marks, đ as d, in lower case.
// "Đơn hàng" and "DON HANG" fold to "don hang".
func Fold(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for _, c := range norm.NFD.String(text) {
		switch {
		case unicode.Is(unicode.Mn, c):
		case c == 'đ' || c == 'Đ':
			b.WriteByte('d')
		default:
			b.WriteRune(unicode.ToLower(c))
		}
	}
	return b.String()
}

// kind is what a rune is to the tokeniser.
type kind uint8

const (
	separator kind = iota // ends a token
	boundary              // ends a token and a clause
	letter
	digit
	mark      // a combining mark, belongs to the letter before it
	invisible // zero-width and direction characters, as if they were not there
	picture   // emoji and symbols that speak
)

// The marks that Vietnamese has. A quality makes another letter, a tone belongs to the whole syllable: "hoà" and "hòa"
// are one word.
const (
	circumflex uint8 = 1 << iota
	breve
	horn
	stroke
)

const (
	grave uint8 = 1 << iota
	acute
	hook
	tilde
	dot
)

// glyph is a rune taken apart.
type glyph struct {
	base    rune // in lower case, without marks
	quality uint8
	tone    uint8
	kind    kind
	upper   bool
}

var (
	lowGlyphs  = glyphTable(0, 0x370)       // ASCII, Latin, combining marks
	viGlyphs   = glyphTable(0x1E00, 0x1F00) // where Unicode has most Vietnamese letters
	markGlyphs = map[rune]glyph{
		0x302: {kind: mark, quality: circumflex},
		0x306: {kind: mark, quality: breve},
		0x31B: {kind: mark, quality: horn},
		0x300: {kind: mark, tone: grave},
		0x301: {kind: mark, tone: acute},
		0x309: {kind: mark, tone: hook},
		0x303: {kind: mark, tone: tilde},
		0x323: {kind: mark, tone: dot},
	}
)

func glyphOf(c rune) glyph {
	switch {
	case c < 0x370:
		return lowGlyphs[c]
	case c >= 0x1E00 && c < 0x1F00:
		return viGlyphs[c-0x1E00]
	default:
		return analyse(c)
	}
}

func glyphTable(from, to rune) []glyph {
	table := make([]glyph, 0, to-from)
	for c := from; c < to; c++ {
		table = append(table, analyse(c))
	}
	return table
}

func analyse(c rune) glyph {
	switch {
	case c == 'đ' || c == 'Đ':
		return glyph{base: 'd', quality: stroke, kind: letter, upper: c == 'Đ'}
	case c >= 0x300 && c < 0x370:
		if g, ok := markGlyphs[c]; ok {
			return g
		}
		return glyph{kind: mark}
	case c >= 0xFF01 && c <= 0xFF5E: // full-width ASCII
		return analyse(c - 0xFEE0)
	case c == 0x2018 || c == 0x2019 || c == '`' || c == '´' || c == 'ʼ':
		return glyph{base: '\'', kind: separator}
	case unicode.IsDigit(c):
		return glyph{base: c, kind: digit}
	case unicode.IsLetter(c):
		return decompose(c)
	case c == 0x200D || c == 0xFE0F || c >= 0x1F3FB && c <= 0x1F3FF:
		return glyph{base: c, kind: invisible} // parts of emoji sequences
	case unicode.Is(unicode.Mn, c) || unicode.Is(unicode.Me, c) || unicode.Is(unicode.Mc, c):
		return glyph{kind: mark}
	case unicode.Is(unicode.Cf, c) || c != '\n' && c != '\t' && c != '\r' && unicode.IsControl(c):
		return glyph{kind: invisible}
	case c >= 0x1F000 && c < 0x1FB00 || c >= 0x2600 && c < 0x27C0 || c >= 0x2B00 && c < 0x2C00 || c == 0x203C || c == 0x2049:
		return glyph{base: c, kind: picture}
	case strings.ContainsRune(".,;:!?\n…|()[]。，！？、؟", c):
		return glyph{base: c, kind: boundary}
	default:
		return glyph{base: c, kind: separator}
	}
}

// decompose takes a letter apart into its base and the Vietnamese marks it carries.
func decompose(c rune) glyph {
	lower := unicode.ToLower(c)
	g := glyph{base: lower, kind: letter, upper: lower != c}
	var buf [8]byte
	for i, d := range string(norm.NFD.AppendString(buf[:0], string(lower))) {
		if i == 0 {
			g.base = d
			continue
		}
		g.quality |= markGlyphs[d].quality
		g.tone |= markGlyphs[d].tone
	}
	return g
}
