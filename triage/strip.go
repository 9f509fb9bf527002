package triage

import "strings"

// Strip writes a text without its Vietnamese marks, as many people type: "Đơn hàng" as "Don hang". Everything else stays
// as it is.
func Strip(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for _, c := range text {
		switch g := glyphOf(c); {
		case g.kind == mark && g.quality|g.tone != 0:
		case g.kind != letter || g.quality|g.tone == 0 || g.base > 'z':
			b.WriteRune(c)
		case g.upper:
			b.WriteRune(g.base - 'a' + 'A')
		default:
			b.WriteRune(g.base)
		}
	}
	return b.String()
}
