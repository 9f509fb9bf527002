package discourse

import (
	"regexp"
	"strings"

	"github.com/kith-social/kith/listeners"
)

var (
	comment = regexp.MustCompile(`(?s)<!--.*?-->`)
	picture = regexp.MustCompile(`!\[[^\]\n]{0,500}\]\([^)\n]{0,900}\)`)
	quoting = regexp.MustCompile(`(?i)\[quote(?:=[^\]\n]{0,500})?\]|\[/quote\]`)
)

const maxRaw = 1 << 20 // bytes read of what somebody wrote

// words are what the author of a post says in it, of Markdown: without what the forum does not show
// (comments, and with them our mark), without pictures, and without what is quoted of others, unless
// nothing else was said.
func words(raw string) string {
	if len(raw) > maxRaw {
		raw = raw[:maxRaw]
	}
	raw = comment.ReplaceAllString(raw, "")
	own := listeners.Clean(strings.TrimSpace(picture.ReplaceAllString(unquoted(raw), "")))
	if own == "" {
		own = listeners.Clean(strings.TrimSpace(quoting.ReplaceAllString(picture.ReplaceAllString(raw, ""), "")))
	}
	return own
}

// unquoted leaves out [quote] blocks, which may hold others, and lines that begin with ">". In a block of
// code both are code.
func unquoted(raw string) string {
	var b strings.Builder
	depth, last, counted, fences := 0, 0, 0, 0
	for _, at := range quoting.FindAllStringIndex(raw, -1) {
		fences += strings.Count(raw[counted:at[0]], "```")
		counted = at[0]
		switch begins := raw[at[0]+1] != '/'; {
		case begins && depth > 0:
			depth++
		case begins && fences%2 == 0:
			b.WriteString(raw[last:at[0]])
			depth, last = 1, at[0]
		case !begins && depth > 0:
			if depth--; depth == 0 {
				last = at[1]
			}
		}
	}
	b.WriteString(raw[last:]) // what never ends is no quote
	var kept []string
	code := false
	for line := range strings.Lines(b.String()) {
		if strings.HasPrefix(strings.TrimLeft(line, " "), "```") {
			code = !code
		}
		if code || !strings.HasPrefix(strings.TrimLeft(line, " "), ">") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}
