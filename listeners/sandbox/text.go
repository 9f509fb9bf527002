package sandbox

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind of a span in a text.
type spanKind byte

const (
	mentionSpan spanKind = '@'
	hashtagSpan spanKind = '#'
	urlSpan     spanKind = 'u'
)

const (
	maxMentionRunes = 30
	urlTrailers     = ".,;:!?'\"”’)]}>…"
)

// span is something in a text that a network knows the meaning of. Offsets
// are bytes; the name of a mention or hashtag is the text without its sign.
type span struct {
	Kind       spanKind
	Start, End int
}

// spans finds mentions, hashtags and links, in order, and calls found for each.
func spans(text string, found func(span)) {
	for i := 0; i < len(text); {
		switch text[i] {
		case '@', '#', "＠"[0]:
		case 'h', 'H':
			if len(text)-i < len("http://") || text[i+1]|0x20 != 't' {
				i++
				continue
			}
		default:
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		kind, end := mentionSpan, 0
		switch {
		case i > 0 && (isWord(before) || strings.ContainsRune("@/&", before)):
		case r == 'h' || r == 'H':
			kind, end = urlSpan, urlEnd(text, i)
		case r == '@' || r == '＠':
			end = handleEnd(text, i+size)
		case r == '#' || r == '＃':
			kind, end = hashtagSpan, hashtagEnd(text, i+size)
		}
		if end == 0 {
			i += size
			continue
		}
		found(span{kind, i, end})
		i = end
	}
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

func isHandleByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// handleEnd returns where a handle that starts at i ends, or 0.
func handleEnd(text string, i int) int {
	end := i
	for end < len(text) && isHandleByte(text[end]) {
		end++
	}
	if end == i || end-i > maxMentionRunes || end < len(text) && text[end] == '@' {
		return 0
	}
	return end
}

func hashtagEnd(text string, i int) int {
	end, letter := i, false
	for end < len(text) {
		r, size := utf8.DecodeRuneInString(text[end:])
		if !isWord(r) && !unicode.IsMark(r) {
			break
		}
		letter = letter || !unicode.IsDigit(r)
		end += size
	}
	if !letter {
		return 0
	}
	return end
}

func urlEnd(text string, i int) int {
	head := text[i:min(len(text), i+8)]
	scheme := 0
	switch {
	case len(head) >= 7 && strings.EqualFold(head[:7], "http://"):
		scheme = 7
	case strings.EqualFold(head, "https://"):
		scheme = 8
	default:
		return 0
	}
	if strings.HasPrefix(text[i:], xLinkHost) {
		end := i + len(xLinkHost)
		for end < len(text) && isHandleByte(text[end]) {
			end++
		}
		return end
	}
	if first, _ := utf8.DecodeRuneInString(text[i+scheme:]); !unicode.IsLetter(first) && !unicode.IsDigit(first) {
		return 0
	}
	end, path := len(text), false
	for at, r := range text[i+scheme:] {
		path = path || r == '/' || r == '?'
		if endsURL(r, path) {
			end = i + scheme + at
			break
		}
	}
	return i + len(strings.TrimRight(text[i:end], urlTrailers))
}

// endsURL reports whether a character cannot be part of a link. After the
// domain, scripts that are written without spaces end one.
func endsURL(r rune, path bool) bool {
	if r < utf8.RuneSelf {
		return r <= ' ' || r == '<' || r == '"' || r == 0x7F
	}
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) ||
		path && r >= 0x2E80 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
}

// mentionsIn lists the handles that a text names, in lower case, each once.
func mentionsIn(text string) []string {
	var handles []string
	spans(text, func(s span) {
		if s.Kind != mentionSpan {
			return
		}
		h := strings.ToLower(strings.TrimLeft(text[s.Start:s.End], "@＠"))
		if !slices.Contains(handles, h) {
			handles = append(handles, h)
		}
	})
	return handles
}

// guessLanguage names the language that the letters of a text point at, as
// roughly as the networks do: "und" when there are none.
func guessLanguage(text string) string {
	var latin, han bool
	for _, r := range text {
		switch {
		case 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z':
			latin = true
		case 0x1EA0 <= r && r <= 0x1EF9, strings.ContainsRune("ăĂđĐơƠưƯ", r):
			return "vi"
		case r < 0x370:
		case unicode.In(r, unicode.Hiragana, unicode.Katakana):
			return "ja"
		case unicode.Is(unicode.Hangul, r):
			return "ko"
		case unicode.Is(unicode.Han, r):
			han = true
		case unicode.Is(unicode.Thai, r):
			return "th"
		case unicode.Is(unicode.Cyrillic, r):
			return "ru"
		case unicode.Is(unicode.Arabic, r):
			return "ar"
		}
	}
	switch {
	case han:
		return "zh"
	case latin:
		return "en"
	}
	return "und"
}
