package sandbox

import (
	"html"
	"regexp"
	"strings"
	"unicode/utf8"
)

var (
	discourseComment = regexp.MustCompile(`(?s)<!--.*?-->`)
	discourseQuote   = regexp.MustCompile(`(?s)\[quote="?([^",\]]*)[^\]]*\](.*?)\[/quote\]`)
)

// visible is what a forum shows of a raw text: without comments.
func visible(raw string) string {
	return strings.TrimRight(discourseComment.ReplaceAllString(raw, ""), " \t\r\n")
}

// discourseCook turns a raw text into the HTML that a forum shows: paragraphs, quotes, names and links.
func discourseCook(raw string) string {
	var b strings.Builder
	last := 0
	raw = visible(raw)
	for _, at := range discourseQuote.FindAllStringSubmatchIndex(raw, -1) {
		b.WriteString(discourseParagraphs(raw[last:at[0]]))
		b.WriteString(`<aside class="quote" data-username="` + html.EscapeString(raw[at[2]:at[3]]) + `"><blockquote>` +
			discourseParagraphs(raw[at[4]:at[5]]) + `</blockquote></aside>`)
		last = at[1]
	}
	b.WriteString(discourseParagraphs(raw[last:]))
	return b.String()
}

func discourseParagraphs(text string) string {
	var b strings.Builder
	for _, paragraph := range strings.Split(text, "\n\n") {
		if paragraph = strings.TrimSpace(paragraph); paragraph == "" {
			continue
		}
		b.WriteString("<p>")
		last := 0
		spans(paragraph, func(s span) {
			word := paragraph[s.Start:s.End]
			b.WriteString(discourseLines(paragraph[last:s.Start]))
			switch s.Kind {
			case mentionSpan:
				b.WriteString(`<a class="mention" href="/u/` + strings.ToLower(strings.TrimLeft(word, "@＠")) + `">` + html.EscapeString(word) + `</a>`)
			case urlSpan:
				b.WriteString(`<a href="` + html.EscapeString(word) + `">` + html.EscapeString(word) + `</a>`)
			default:
				b.WriteString(html.EscapeString(word))
			}
			last = s.End
		})
		b.WriteString(discourseLines(paragraph[last:]) + "</p>\n")
	}
	return b.String()
}

func discourseLines(text string) string {
	return strings.ReplaceAll(html.EscapeString(text), "\n", "<br>\n")
}

// discourseExcerpt is the beginning of a text, on one line.
func discourseExcerpt(text string, runes int) string {
	text = strings.Join(strings.Fields(text[:min(len(text), 8*runes)]), " ")
	if utf8.RuneCountInString(text) > runes {
		text = string([]rune(text)[:runes]) + "…"
	}
	return html.EscapeString(strings.ToValidUTF8(text, ""))
}

// discourseTitle is what a topic is called: the beginning of its first post.
func discourseTitle(p *post) string {
	words := strings.Fields(p.Text[:min(len(p.Text), 400)])
	title := strings.ToValidUTF8(strings.Join(words[:min(len(words), 8)], " "), "")
	if title == "" {
		title = "topic"
	}
	return title
}

// discourseSlug is a title as it stands in addresses.
func discourseSlug(title string) string {
	slug := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
			return r
		case r == ' ' || r == '-':
			return '-'
		}
		return -1
	}, strings.ToLower(title))
	if slug = strings.Trim(slug, "-"); slug == "" {
		return "topic"
	}
	return slug
}
