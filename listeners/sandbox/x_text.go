package sandbox

import (
	"encoding/binary"
	"hash/fnv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	xMaxWeight  = 280
	xLongWeight = 25_000 // for accounts with a subscription
	xLinkWeight = 23
	xLinkHost   = "https://t.co/"
)

// xText is a post's text as X sends it: the people it answers in front, links
// wrapped, three characters escaped, cut when it is long.
type xText struct {
	Text  string
	Links []string // where the links of Text lead, in order
	Note  *xText   // the whole text of a long post
}

var xEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func xTextOf(p *post) xText {
	text := p.Text
	if p.Addressed {
		text = "@" + p.ParentAuthor.Handle + " " + text
	}
	if fits, cut := xFit(text, p.ParentID != 0); !fits {
		more := "https://x.com/i/web/status/" + formatID(p.ID)
		whole := xWrap(p.ID, text)
		short := xWrap(p.ID, text[:cut]+"… "+more)
		short.Note = &whole
		return short
	}
	return xWrap(p.ID, text)
}

// xWrap replaces links and escapes.
func xWrap(id int64, text string) xText {
	if !strings.ContainsAny(text, "&<>:") {
		return xText{Text: text}
	}
	if !strings.Contains(text, "://") {
		return xText{Text: xEscape.Replace(text)}
	}
	var b strings.Builder
	b.Grow(len(text) + 32)
	var links []string
	last := 0
	spans(text, func(s span) {
		if s.Kind != urlSpan {
			return
		}
		link := text[s.Start:s.End]
		links = append(links, link)
		xEscape.WriteString(&b, text[last:s.Start])
		if strings.HasPrefix(link, xLinkHost) {
			b.WriteString(link)
		} else {
			b.WriteString(xLinkHost + xLinkCode(id, link))
		}
		last = s.End
	})
	xEscape.WriteString(&b, text[last:])
	return xText{Text: b.String(), Links: links}
}

// xLinkCode is the short name of a link in one post.
func xLinkCode(id int64, link string) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	h := fnv.New64a()
	h.Write(binary.BigEndian.AppendUint64([]byte(link), uint64(id)))
	n := h.Sum64()
	var code [10]byte
	for i := range code {
		code[i] = digits[n%62]
		n /= 62
	}
	return string(code[:])
}

// xFit reports whether a text is short enough for a plain post, and where to
// cut it if not. The people named in front of a reply do not count.
func xFit(text string, reply bool) (fits bool, cut int) {
	// No character weighs more than its bytes, and no link weighs more than 23.
	if len(text)+xLinkWeight*strings.Count(text, "://") <= xMaxWeight {
		return true, 0
	}
	skip := 0
	if reply {
		skip = leadingMentions(text)
	}
	weight, cut := xWeigh(text[skip:], xMaxWeight-xLinkWeight-2, xMaxWeight)
	return weight <= xMaxWeight, skip + cut
}

// leadingMentions is the length of the handles that a text starts with.
func leadingMentions(text string) int {
	end := 0
	for end < len(text) && text[end] == '@' {
		next := handleEnd(text, end+1)
		if next == 0 {
			break
		}
		end = next + len(text[next:]) - len(strings.TrimLeft(text[next:], " "))
	}
	return end
}

// xWeigh counts a text as X does: most alphabets 1 a character, everything
// else 2, an emoji 2 however it is put together, a link 23. It stops counting
// soon after most. cut is the offset up to which the weight is at most budget.
func xWeigh(text string, budget, most int) (weight, cut int) {
	plain := func(s string) {
		for i := 0; i < len(s) && weight <= most; {
			r, size := utf8.DecodeRuneInString(s[i:])
			switch n := emojiEnd(s, i); {
			case n > i:
				weight, size = weight+2, n-i
			case r <= 4351, 8192 <= r && r <= 8205, 8208 <= r && r <= 8223, 8242 <= r && r <= 8247:
				weight++
			default:
				weight += 2
			}
			i += size
			if weight <= budget {
				cut += size
			}
		}
	}
	last := 0
	if strings.Contains(text, "://") {
		spans(text, func(s span) {
			if s.Kind != urlSpan || weight > most {
				return
			}
			plain(text[last:s.Start])
			weight += xLinkWeight
			if weight <= budget {
				cut += s.End - s.Start
			}
			last = s.End
		})
	}
	plain(text[last:])
	return weight, cut
}

// emojiEnd returns where the emoji that starts at i ends, or i if there is
// none: a pictograph with its variation, skin tone, keycap or tags, joined to
// others by zero width joiners, or a flag of two letters.
func emojiEnd(s string, i int) int {
	r, size := utf8.DecodeRuneInString(s[i:])
	end := i + size
	if '0' <= r && r <= '9' || r == '#' || r == '*' {
		if rest, ok := strings.CutPrefix(strings.TrimPrefix(s[end:], "\uFE0F"), "\u20E3"); ok {
			return len(s) - len(rest)
		}
	}
	if r < 0x203C {
		return i
	}
	if isFlagLetter(r) {
		if next, n := utf8.DecodeRuneInString(s[end:]); isFlagLetter(next) {
			return end + n
		}
		return end
	}
	if !isPictograph(r) {
		return i
	}
	for end < len(s) {
		next, n := utf8.DecodeRuneInString(s[end:])
		switch {
		case next == 0xFE0F, next == 0x20E3, 0x1F3FB <= next && next <= 0x1F3FF, 0xE0020 <= next && next <= 0xE007F:
			end += n
		case next == 0x200D:
			after, m := utf8.DecodeRuneInString(s[end+n:])
			if !isPictograph(after) {
				return end
			}
			end += n + m
		default:
			return end
		}
	}
	return end
}

func isFlagLetter(r rune) bool { return 0x1F1E6 <= r && r <= 0x1F1FF }

func isPictograph(r rune) bool {
	return 0x1F000 <= r && r <= 0x1FAFF || 0x2600 <= r && r <= 0x27BF || 0x2190 <= r && r <= 0x23FF || 0x2B00 <= r && r <= 0x2BFF
}

// xLength is the weight of a text that an account wants to post, or some
// number above most.
func xLength(text string, reply bool, most int) int {
	text = norm.NFC.String(text)
	if reply {
		text = text[leadingMentions(text):]
	}
	weight, _ := xWeigh(text, most, most)
	return weight
}
