package listeners

import (
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/unicode/norm"
)

const (
	maxText   = 64 << 10 // bytes kept of a post's text
	maxLine   = 256      // bytes kept of a name
	maxMarkup = 1 << 20  // bytes read of a post in HTML
)

// Clean makes a text safe to keep: valid UTF-8 in NFC of at most 64 KiB, without control characters but
// newline and tab. Marks that change direction or have no width stay: they are part of how people write,
// and pages show them isolated.
func Clean(s string) string {
	if len(s) > 4*maxText {
		s = s[:4*maxText]
	}
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return cut(norm.NFC.String(s), maxText)
}

// CleanLine is Clean for names: one line of at most 256 bytes.
func CleanLine(s string) string {
	return cut(strings.Join(strings.Fields(Clean(cut(s, 4*maxLine))), " "), maxLine)
}

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

// Plain gives the words of a post written in HTML as clean text, and the addresses of its pictures,
// sounds and films as they stand in it. What is quoted are somebody else's words: it is left out, unless
// nothing else was said.
func Plain(markup string) (text string, media []string) {
	markup = cut(markup, maxMarkup)
	text, media = plain(markup, true)
	if text == "" {
		text, _ = plain(markup, false)
	}
	return text, media
}

// unspoken are elements whose content nobody reads.
var unspoken = []atom.Atom{atom.Script, atom.Style, atom.Template, atom.Noscript, atom.Iframe, atom.Object, atom.Svg, atom.Title, atom.Textarea, atom.Select}

// lines are elements that stand on lines of their own, with an empty line around those that are true.
var lines = map[atom.Atom]bool{
	atom.P: true, atom.Pre: true, atom.Ul: true, atom.Ol: true, atom.Table: true, atom.Blockquote: true, atom.Aside: true,
	atom.H1: true, atom.H2: true, atom.H3: true, atom.H4: true, atom.H5: true, atom.H6: true, atom.Hr: true,
	atom.Div: false, atom.Br: false, atom.Li: false, atom.Tr: false, atom.Section: false, atom.Article: false, atom.Dt: false, atom.Dd: false,
}

func plain(markup string, withoutQuotes bool) (string, []string) {
	var w prose
	var media []string
	var skipped atom.Atom
	depth, verbatim := 0, 0
	for z := html.NewTokenizer(strings.NewReader(markup)); ; {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return strings.TrimSpace(Clean(w.String())), media
		case html.TextToken:
			if depth == 0 {
				w.say(string(z.Text()), verbatim > 0)
			}
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			tag := z.Token()
			begins, ends := kind == html.StartTagToken, kind == html.EndTagToken
			quoted := withoutQuotes && (tag.DataAtom == atom.Blockquote || tag.DataAtom == atom.Aside)
			switch {
			case depth > 0 && tag.DataAtom == skipped && begins:
				depth++
			case depth > 0 && tag.DataAtom == skipped && ends:
				depth--
			case depth > 0:
			case begins && (quoted || slices.Contains(unspoken, tag.DataAtom)):
				skipped, depth = tag.DataAtom, 1
			case tag.DataAtom == atom.Pre && begins:
				verbatim++
			case tag.DataAtom == atom.Pre && ends:
				verbatim = max(verbatim-1, 0)
			case slices.Contains([]atom.Atom{atom.Img, atom.Video, atom.Audio, atom.Source}, tag.DataAtom) && !ends:
				if class := attribute(tag, "class"); strings.Contains(class, "emoji") {
					w.say(attribute(tag, "alt"), false)
				} else if src := attribute(tag, "src"); src != "" && !slices.Contains(media, src) && len(media) < 20 {
					media = append(media, src)
				}
			}
			if wide, ok := lines[tag.DataAtom]; ok {
				w.breakLine(wide, tag.DataAtom == atom.Br)
			}
			if tag.DataAtom == atom.Td || tag.DataAtom == atom.Th {
				w.say(" ", false)
			}
		}
	}
}

func attribute(tag html.Token, name string) string {
	for _, a := range tag.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// prose puts words together as a browser would set them.
type prose struct {
	strings.Builder
	breaks int  // that stand before the next word
	space  bool // before the next word of the line
}

func (p *prose) say(s string, verbatim bool) {
	if verbatim {
		p.settle()
		p.WriteString(s)
		return
	}
	for i, word := range strings.FieldsFunc(s, blank) {
		p.space = p.space || i > 0 || blank(rune(s[0]))
		p.settle()
		p.WriteString(word)
	}
	if s != "" && blank(rune(s[len(s)-1])) {
		p.space = true
	}
}

// blank are the characters that HTML takes for one space; a space that does not break is none of them.
func blank(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\f' }

func (p *prose) settle() {
	switch {
	case p.Len() == 0:
	case p.breaks > 0:
		p.WriteString(strings.Repeat("\n", p.breaks))
	case p.space:
		p.WriteByte(' ')
	}
	p.breaks, p.space = 0, false
}

func (p *prose) breakLine(wide, again bool) {
	switch {
	case wide:
		p.breaks = 2
	case again:
		p.breaks = min(p.breaks+1, 2)
	default:
		p.breaks = max(p.breaks, 1)
	}
}
