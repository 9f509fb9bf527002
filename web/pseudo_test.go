package web

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/net/html"
	"golang.org/x/text/language"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
)

// pseudo is a language of which every text stands in brackets, so that one sees what was never put
// into the catalogs.
const pseudo = "qps"

func speakPseudo(t *testing.T) {
	t.Helper()
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("toml", toml.Unmarshal)
	files, err := fs.Glob(catalogFiles, "strings/*.en.toml")
	if err != nil || len(files) == 0 {
		t.Fatal("no catalogs", err)
	}
	var wrap func(node map[string]any)
	wrap = func(node map[string]any) {
		for key, v := range node {
			switch v := v.(type) {
			case map[string]any:
				wrap(v)
			case string:
				node[key] = "⟦" + strings.ReplaceAll(v, "\n", "⟧\n⟦") + "⟧" // a page may show each line by itself
			}
		}
	}
	for _, file := range files {
		var tree map[string]any
		if _, err := toml.DecodeFS(catalogFiles, file, &tree); err != nil {
			t.Fatal(err)
		}
		wrap(tree)
		var out bytes.Buffer
		if err := toml.NewEncoder(&out).Encode(tree); err != nil {
			t.Fatal(err)
		}
		if _, err := bundle.ParseMessageFileBytes(out.Bytes(), file); err != nil {
			t.Fatal(err)
		}
	}
	spoken := Languages
	Languages = append(slices.Clone(Languages), pseudo)
	localizers[pseudo] = i18n.NewLocalizer(bundle, "en")
	t.Cleanup(func() {
		Languages = spoken
		delete(localizers, pseudo)
	})
}

// stored is every text in the database: what people wrote, which no catalog translates.
func (c *cafe) stored() string {
	c.t.Helper()
	var tables []string
	if err := c.DB.Read().NewRaw("SELECT name FROM sqlite_master WHERE type = 'table'").Scan(c.t.Context(), &tables); err != nil {
		c.t.Fatal(err)
	}
	var all strings.Builder
	for _, table := range tables {
		var rows []map[string]any
		if err := c.DB.Read().NewRaw("SELECT * FROM "+table).Scan(c.t.Context(), &rows); err != nil {
			c.t.Fatal(err)
		}
		for _, row := range rows {
			for _, v := range row {
				_, _ = fmt.Fprintln(&all, v)
			}
		}
	}
	return plain(all.String())
}

var spaces = regexp.MustCompile(`\s+`)

// plain is a text by which what is shown can be found in what is stored.
func plain(text string) string {
	return strings.ToLower(spaces.ReplaceAllString(strings.NewReplacer(`\n`, " ", `\"`, `"`).Replace(text), " "))
}

// zoneName is the name of a time zone, the same in every language; so are addresses.
var zoneName = regexp.MustCompile(`^[a-z]+/[a-z_]+$`)

// bracketed is the innermost bracket.
var bracketed = regexp.MustCompile(`⟦[^⟦⟧]*⟧`)

// untranslated are the texts of a page that stand neither in a catalog nor in the database.
func untranslated(page, stored string) []string {
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return []string{err.Error()}
	}
	names := []string{"kith", "tiếng việt", "english", "ctrl", "enter", "kith demo", "facebook", "discourse", "nodebb", "rss", "x"}
	var found []string
	look := func(text string) {
		for bracketed.MatchString(text) {
			text = bracketed.ReplaceAllString(text, " ")
		}
		for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("·|,:()“”\n→", r) }) {
			part = strings.TrimSpace(plain(part))
			part = strings.TrimSuffix(strings.TrimPrefix(part, "@"), "…")
			if strings.IndexFunc(part, unicode.IsLetter) < 0 || slices.Contains(names, part) || zoneName.MatchString(part) || strings.HasPrefix(part, "/") || strings.Contains(stored, strings.TrimSpace(part)) {
				continue
			}
			found = append(found, part)
		}
	}
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		switch {
		case n.Type == html.TextNode && n.Parent != nil && n.Parent.Data == "noscript":
			found = append(found, untranslated(n.Data, stored)...)
		case n.Type == html.TextNode:
			look(n.Data)
		case n.Type == html.ElementNode && slices.Contains([]string{"script", "style", "svg", "kbd", "time", "code"}, n.Data):
			return
		case n.Type == html.ElementNode && n.Data == "article" && slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "lang" }):
			return // it is meant to be in that language
		case n.Type == html.ElementNode:
			for _, attr := range n.Attr {
				if slices.Contains([]string{"aria-label", "title", "placeholder", "alt", "data-key-name"}, attr.Key) {
					look(attr.Val)
				}
			}
		}
		for child := n.FirstChild; child != nil; child = child.NextSibling {
			walk(child)
		}
	}
	walk(doc)
	return found
}

// TestNoUntranslatedText opens every page that can be read, as everybody, in the language of brackets.
func TestNoUntranslatedText(t *testing.T) {
	speakPseudo(t)
	c := newCafe(t)
	c.busy()
	hand := c.replyTo(c.answers("lan", c.keyword("tuanle", "Cà phê Sao Mai dạo này uống sao mọi người?"), "Vẫn đậm đà lắm bạn ơi (tình nguyện viên)"))
	c.do(func(ctx context.Context, tx listeners.Tx) error { // its words are the brand's once they are stored
		p, err := community.ProgrammeOf(ctx, tx, c.brand.ID)
		if err != nil {
			return err
		}
		p.Open = true
		return community.SetProgramme(ctx, tx, c.members["an"], p)
	})
	stored := c.stored()
	ids := c.ids()
	ids["{reply}"] = hand.ID
	for _, who := range []string{"", "huy", "lan", "minh", "an"} {
		v := c.stranger(pseudo)
		if who != "" {
			v = c.visits(who, pseudo)
		}
		for _, route := range c.Routes() {
			if route.Method != http.MethodGet || route.Pattern == "/stream" {
				continue
			}
			path := placeholder.ReplaceAllStringFunc(route.Pattern, func(p string) string { return ids[p] })
			page := v.get(path)
			if !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") {
				continue
			}
			for _, text := range untranslated(page.body, stored) {
				t.Errorf("%s shows %s as %q: %q", route.Pattern, path, who, text)
			}
		}
	}
}

var placeholder = regexp.MustCompile(`{[^}]+}`)

// ids fill the places of addresses with something that is there.
func (c *cafe) ids() map[string]string {
	c.t.Helper()
	ids := map[string]string{"{secret}": "none", "{brand}": c.brand.Slug, "{connection}": fmt.Sprint(c.conn.ID), "{network}": "x", "{attempt}": "0", "{member}": fmt.Sprint(c.members["huy"].ID)}
	for place, query := range map[string]string{
		"{case}":   "SELECT MAX(id) FROM cases WHERE lane = 'community'",
		"{answer}": "SELECT MAX(id) FROM answers WHERE state = 'submitted'",
	} {
		var id int64
		if err := c.DB.Read().NewRaw(query).Scan(context.Background(), &id); err != nil {
			c.t.Fatal(err)
		}
		ids[place] = fmt.Sprint(id)
	}
	return ids
}

// TestUntranslatedIsFound breaks a page on purpose.
func TestUntranslatedIsFound(t *testing.T) {
	page := `<main aria-label="Left behind"><p>⟦Hello ⟦you⟧⟧ Lan</p><p>Never translated</p><kbd>Enter</kbd></main>`
	if got, want := untranslated(page, "lan"), []string{"left behind", "never translated"}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}
