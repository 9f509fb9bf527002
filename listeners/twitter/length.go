package twitter

import (
	"strings"
	"unicode/utf8"

	"github.com/kith-social/kith/listeners"
	"golang.org/x/text/unicode/norm"
)

const (
	maxWeight  = 280
	longWeight = 25_000 // for accounts with Premium
	linkWeight = 23
)

// Measure counts a text as X does: most alphabets 1 a character, Vietnamese letters with two marks and
// everything far away from Latin 2, an emoji 2 however it is put together, a link 23.
func (c *Channel) Measure(text string) listeners.Length {
	n := Measure(text)
	n.Limit = c.limit
	return n
}

// Measure counts a text as X does, for an account without a subscription.
func Measure(text string) listeners.Length {
	text = norm.NFC.String(text)
	used, last := 0, 0
	for _, l := range links(text) {
		used += weigh(text[last:l.start]) + linkWeight
		last = l.end
	}
	cost := replyPrice
	if last > 0 {
		cost = linkPrice
	}
	return listeners.Length{Used: used + weigh(text[last:]), Limit: maxWeight, Cost: cost}
}

func weigh(s string) (weight int) {
	for i := 0; i < len(s); {
		if n := emoji(s[i:]); n > 0 {
			weight, i = weight+2, i+n
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		switch {
		case r <= 0x10FF, 0x2000 <= r && r <= 0x200D, 0x2010 <= r && r <= 0x201F, 0x2032 <= r && r <= 0x2037:
			weight++
		default:
			weight += 2
		}
	}
	return weight
}

const (
	joiner   = 0x200D // puts two emoji together
	asEmoji  = 0xFE0F // shows a character as emoji
	keycap   = 0x20E3
	blackTag = 0x1F3F4 // begins the flags of regions
)

// emoji is the length in bytes of the emoji at the start of s, or 0. Single characters far from Latin
// weigh 2 in any case, so it matters only where several belong together, or a common one is shown as
// emoji.
func emoji(s string) int {
	r, n := utf8.DecodeRuneInString(s)
	if r < 0x80 { // digits, # and * become keycaps
		rest := strings.TrimPrefix(s[n:], string(rune(asEmoji)))
		if (r == '#' || r == '*' || '0' <= r && r <= '9') && strings.HasPrefix(rest, string(rune(keycap))) {
			return len(s) - len(rest) + len(string(rune(keycap)))
		}
		return 0
	}
	if isRegional(r) {
		if next, m := utf8.DecodeRuneInString(s[n:]); isRegional(next) {
			return n + m
		}
		return 0
	}
	if r == 0xA9 || r == 0xAE {
		if strings.HasPrefix(s[n:], string(rune(asEmoji))) {
			return n + len(string(rune(asEmoji)))
		}
		return 0
	}
	if !isPicture(r) {
		return 0
	}
	end := n
	for end < len(s) {
		next, m := utf8.DecodeRuneInString(s[end:])
		switch {
		case next == asEmoji, isSkinTone(next), r == blackTag && 0xE0020 <= next && next <= 0xE007F:
			end += m
		case next == joiner:
			joined, k := utf8.DecodeRuneInString(s[end+m:])
			if !isPicture(joined) {
				return end
			}
			end += m + k
		default:
			return end
		}
	}
	return end
}

func isRegional(r rune) bool { return 0x1F1E6 <= r && r <= 0x1F1FF }

func isSkinTone(r rune) bool { return 0x1F3FB <= r && r <= 0x1F3FF }

// isPicture covers the blocks that emoji come from.
func isPicture(r rune) bool {
	return 0x1F000 <= r && r <= 0x1FAFF || 0x2600 <= r && r <= 0x27BF || 0x2190 <= r && r <= 0x23FF ||
		0x2B00 <= r && r <= 0x2BFF || 0x2900 <= r && r <= 0x297F || 0x25A0 <= r && r <= 0x25FF ||
		r == 0x203C || r == 0x2049 || r == 0x2122 || r == 0x2139 || r == 0x24C2 || r == 0x3030 || r == 0x303D || r == 0x3297 || r == 0x3299
}
