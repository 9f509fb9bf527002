package web

import (
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// parsed is a page as a test looks at it: by what stands where.
type parsed struct {
	t    *testing.T
	root *html.Node
}

func parse(t *testing.T, body string) parsed {
	t.Helper()
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return parsed{t, root}
}

// all are the elements that a selector picks: names, #id, .class and [attribute=value], with spaces
// for "somewhere within".
func (p parsed) all(selector string) []*html.Node {
	found := []*html.Node{p.root}
	for step := range strings.FieldsSeq(selector) {
		var next []*html.Node
		seen := map[*html.Node]bool{}
		for _, n := range found {
			for d := range n.Descendants() {
				if !seen[d] && fits(d, step) {
					seen[d] = true
					next = append(next, d)
				}
			}
		}
		found = next
	}
	return found
}

var selectorPart = regexp.MustCompile(`^[\w-]+|#[\w-]+|\.[\w-]+|\[[\w-]+(?:=[^\]]*)?\]`)

func fits(n *html.Node, step string) bool {
	if n.Type != html.ElementNode {
		return false
	}
	for _, part := range selectorPart.FindAllString(step, -1) {
		switch part[0] {
		case '#':
			if attr(n, "id") != part[1:] {
				return false
			}
		case '.':
			if !strings.Contains(" "+attr(n, "class")+" ", " "+part[1:]+" ") {
				return false
			}
		case '[':
			name, value, hasValue := strings.Cut(part[1:len(part)-1], "=")
			if !hasAttr(n, name) || hasValue && attr(n, name) != value {
				return false
			}
		default:
			if n.Data != part {
				return false
			}
		}
	}
	return true
}

func hasAttr(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// words is the text of an element, its spaces made one.
func words(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// says fails the test unless some element that the selector picks has the text.
func (p parsed) says(selector, text string) {
	p.t.Helper()
	var got []string
	for _, n := range p.all(selector) {
		if strings.Contains(words(n), text) {
			return
		}
		got = append(got, words(n))
	}
	p.t.Errorf("%s: got %q, want %q", selector, got, text)
}

// lacks fails the test if an element that the selector picks has the text; "" is any.
func (p parsed) lacks(selector, text string) {
	p.t.Helper()
	for _, n := range p.all(selector) {
		if strings.Contains(words(n), text) {
			p.t.Errorf("%s: %q should not be there", selector, words(n))
		}
	}
}
