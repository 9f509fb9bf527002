package twitter

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// span is a part of a text, in bytes.
type span struct{ start, end int }

// links finds what X makes a link: URLs, and names of hosts with a known top-level domain.
func links(text string) (found []span) {
	if !strings.Contains(text, ".") {
		return nil
	}
	for i := 0; i < len(text); {
		if end := linkAt(text, i); end > i {
			found = append(found, span{i, end})
			i = end
			continue
		}
		_, n := utf8.DecodeRuneInString(text[i:])
		i += n
	}
	return found
}

const (
	maxURL   = 4096
	maxHost  = 1024 // as written, so that every host of 253 letters fits
	maxLabel = 63
	maxSlug  = 40 // of t.co
)

// linkAt is where the link that starts at i ends, or i.
func linkAt(text string, i int) int {
	before, _ := utf8.DecodeLastRuneInString(text[:i])
	if i > 0 && (isAlnum(before) || strings.ContainsRune("@＠$#＃", before)) {
		return i
	}
	host, scheme := i, false
	for _, s := range []string{"https://", "http://"} {
		if len(text)-i > len(s) && strings.EqualFold(text[i:i+len(s)], s) {
			host, scheme = i+len(s), true
			break
		}
	}
	if !scheme && i > 0 && strings.ContainsRune("-_./", before) {
		return i
	}
	end := hostEnd(text, host, scheme)
	if end == host {
		return i
	}
	if scheme && strings.EqualFold(text[host:end], "t.co") {
		return shortened(text, i, end)
	}
	end = portEnd(text, end)
	end = pathEnd(text, end)
	end = queryEnd(text, end)
	if end-i > maxURL {
		return i
	}
	return end
}

// shortened is the end of a link of X's own, which is one word.
func shortened(text string, start, host int) int {
	if !strings.HasPrefix(text[host:], "/") {
		return host
	}
	end := host + 1
	for end < len(text) && isAlnum(rune(text[end])) {
		end++
	}
	if end-host-1 > maxSlug {
		return start
	}
	return queryEnd(text, end)
}

// hostEnd is the end of the longest name of a host at start, or start. Without a scheme only ASCII and
// Latin letters with marks make a name.
func hostEnd(text string, start int, scheme bool) (end int) {
	run := runEnd(text, start, scheme)
	if run > start && text[run-1] == '.' {
		run = runEnd(text, run, true) // the top-level domain may be in any script
	}
	end = start
	var last string // the label before this one
	at := start
	for k := 0; at <= run; k++ {
		size := strings.IndexByte(text[at:run], '.')
		if size < 0 {
			size = run - at
		}
		label := text[at : at+size]
		if k > 0 && !strings.Contains(last, "_") {
			if n := topLevel(label, text[at+size:]); n > 0 {
				end = at + n
			}
		}
		if label == "" || strings.HasPrefix(label, "-") || strings.HasPrefix(label, "_") ||
			strings.HasSuffix(label, "-") || strings.HasSuffix(label, "_") || tooLong(label) {
			break
		}
		last = label
		at += size + 1
	}
	return end
}

// runEnd is the end of the characters from start that can be in a name. Names are short; a text
// without spaces must not be read anew from each of its characters.
func runEnd(text string, start int, anyScript bool) int {
	for i, r := range text[start:] {
		if i > maxHost || r != '.' && r != '-' && r != '_' && !inLabel(r, anyScript) {
			return start + i
		}
	}
	return len(text)
}

func inLabel(r rune, anyScript bool) bool {
	switch {
	case isAlnum(r), isLatin(r):
		return true
	case !anyScript || r < utf8.RuneSelf:
		return false
	}
	return r != utf8.RuneError && r < 0xFFFE && !unicode.IsSpace(r) && !unicode.Is(unicode.Bidi_Control, r)
}

func tooLong(label string) bool {
	if len(label) <= maxLabel && isASCII(label) {
		return false
	}
	ascii, err := idna.Punycode.ToASCII(label)
	return err != nil || len(ascii) > maxLabel
}

// topLevel is the length of the top-level domain that label begins with, or 0. What follows it must
// not be able to belong to it.
func topLevel(label, after string) int {
	next, _ := utf8.DecodeRuneInString(after)
	if after != "" && strings.ContainsRune("@+", next) && isASCII(label) {
		return 0
	}
	ascii := strings.IndexFunc(label, func(r rune) bool { return !isAlnum(r) })
	if ascii < 0 {
		ascii = len(label)
	}
	if ascii > 0 {
		if ascii < len(label) && label[ascii] == '-' && !strings.HasPrefix(strings.ToLower(label), "xn--") {
			return 0
		}
		if known(label[:ascii]) {
			return ascii
		}
		if strings.HasPrefix(strings.ToLower(label), "xn--") && isASCII(label) && known(label) {
			return len(label)
		}
		return 0
	}
	for n := len(label); n > 0; n -= utf8.RuneLen(lastRune(label[:n])) {
		if name, err := idna.Punycode.ToASCII(label[:n]); err == nil && known(name) {
			return n
		}
	}
	return 0
}

func lastRune(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}

func known(tld string) bool {
	_, icann := publicsuffix.PublicSuffix(strings.ToLower(tld))
	return icann
}

func portEnd(text string, at int) int {
	end := at + 1
	for at < len(text) && text[at] == ':' && end < len(text) && '0' <= text[end] && text[end] <= '9' {
		end++
	}
	if end > at+1 {
		return end
	}
	return at
}

// pathEnd is the end of a path at i: characters of a path, parentheses only in pairs, and at its end
// none that more likely ends a sentence.
func pathEnd(text string, i int) int {
	if i >= len(text) || text[i] != '/' {
		return i
	}
	end := i + 1
	for at := end; at < len(text); {
		r, n := utf8.DecodeRuneInString(text[at:])
		switch {
		case r == '(':
			closing := pair(text, at)
			if closing == at {
				return end
			}
			at, end = closing, closing
			continue
		case !isPath(r):
			return end
		}
		at += n
		if isAlnum(r) || isLatin(r) || isCyrillic(r) || strings.ContainsRune("=_#/+-", r) {
			end = at
		}
	}
	return end
}

// pair is the end of a pair of parentheses at i that holds a path, or i.
func pair(text string, i int) int {
	depth := 0
	for at := i; at < len(text); {
		r, n := utf8.DecodeRuneInString(text[at:])
		at += n
		switch {
		case r == '(' && depth < 2:
			depth++
		case r == ')':
			if depth--; depth == 0 {
				return at
			}
		case !isPath(r):
			return i
		}
	}
	return i
}

func queryEnd(text string, i int) int {
	if i >= len(text) || text[i] != '?' {
		return i
	}
	end := i
	for at := i + 1; at < len(text); at++ {
		b := rune(text[at])
		if !isAlnum(b) && !strings.ContainsRune("!?*'@();:&=+$/%#[]-_.,~|", b) {
			break
		}
		if isAlnum(b) || strings.ContainsRune("-_&=#/", b) {
			end = at + 1
		}
	}
	return end
}

func isPath(r rune) bool {
	return isAlnum(r) || isLatin(r) || isCyrillic(r) || strings.ContainsRune("!*';:=+,.$/%#[]-–_~@|&", r)
}

func isAlnum(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

func isCyrillic(r rune) bool { return 0x400 <= r && r <= 0x4FF }

// isLatin tells whether r is a Latin letter with a mark.
func isLatin(r rune) bool {
	return 0xC0 <= r && r <= 0x24F && r != '×' && r != '÷' || 0x1E00 <= r && r <= 0x1EFF ||
		slices.Contains([]rune{0x253, 0x254, 0x256, 0x257, 0x259, 0x25B, 0x263, 0x268, 0x26F, 0x272, 0x289, 0x28B, 0x2BB}, r)
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}
