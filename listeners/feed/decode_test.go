package feed

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

const address = "https://meo.example/blog/feed"

func channel(tb testing.TB, rules ...listeners.Rule) *Channel {
	return open(tb, listeners.Access{NativeID: address, Rules: rules, Now: func() clock.Time { return now }}, http.DefaultTransport)
}

func read(tb testing.TB, contentType, body string) (*Channel, *document) {
	tb.Helper()
	doc, err := decode(&listeners.Exchange{Header: http.Header{"Content-Type": {contentType}}, Body: []byte(body)})
	if err != nil {
		tb.Fatalf("%v in %.300s", err, body)
	}
	return channel(tb), doc
}

func only(t *testing.T, item string) listeners.Post {
	t.Helper()
	c, doc := read(t, "", `<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Mèo</title><link>https://meo.example/</link>`+item+`</channel></rss>`)
	if len(doc.items) != 1 {
		t.Fatalf("%d items of %s", len(doc.items), item)
	}
	return c.post(doc, doc.items[0])
}

func TestItems(t *testing.T) {
	long := strings.Repeat("ế", 500)
	for _, c := range []struct {
		name, item string
		ok         func(listeners.Post) bool
	}{
		{
			"title and words", `<item><title>Cà phê &amp;amp; bánh</title><description>&lt;p&gt;Ngon &lt;b&gt;lắm&lt;/b&gt;&lt;/p&gt;</description></item>`,
			func(p listeners.Post) bool { return p.Text == "Cà phê & bánh\n\nNgon lắm" },
		},
		{
			"a title that repeats the words", `<item><title>Ngon lắm…</title><description>Ngon lắm luôn</description></item>`,
			func(p listeners.Post) bool { return p.Text == "Ngon lắm luôn" },
		},
		{
			"the whole text counts more than its summary", `<item><description>short</description><content:encoded><![CDATA[<p>the whole</p><script>x</script>]]></content:encoded></item>`,
			func(p listeners.Post) bool { return p.Text == "the whole" },
		},
		{
			"a guid that is an address", `<item><guid>https://meo.example/?p=7</guid></item>`,
			func(p listeners.Post) bool {
				return p.NativeID == "https://meo.example/?p=7" && p.URL == "https://meo.example/?p=7"
			},
		},
		{
			"a guid that is a number", `<item><guid isPermaLink="false">7</guid><link>/a</link></item>`,
			func(p listeners.Post) bool { return p.NativeID == address+"#7" && p.URL == "https://meo.example/a" },
		},
		{
			"a guid that is a tag", `<item><guid isPermaLink="false">tag:meo.example,2026:7</guid></item>`,
			func(p listeners.Post) bool { return p.NativeID == "tag:meo.example,2026:7" },
		},
		{
			"no guid", `<item><title>x</title><link>https://meo.example/a</link></item>`,
			func(p listeners.Post) bool { return strings.HasPrefix(p.NativeID, address+"#~") },
		},
		{
			"a very long guid", `<item><guid isPermaLink="false">` + long + `</guid></item>`,
			func(p listeners.Post) bool { return len(p.NativeID) <= longestID && utf8.ValidString(p.NativeID) },
		},
		{
			"a comment", `<item><title>Bình luận về Trà sữa bởi Lan Anh</title><link>https://meo.example/tra-sua#comment-5</link><description>Dở tệ</description></item>`,
			func(p listeners.Post) bool {
				return p.Text == "Dở tệ" && p.Author.Name == "Lan Anh" && p.ThreadKey == "https://meo.example/tra-sua" && p.URL == "https://meo.example/tra-sua#comment-5"
			},
		},
		{
			"a comment by a creator", `<item><title>By: x</title><dc:creator>Lan</dc:creator><description>Ngon</description></item>`,
			func(p listeners.Post) bool {
				return p.Text == "Ngon" && p.Author == listeners.Author{NativeID: "meo.example lan", Handle: "Lan", Name: "Lan"}
			},
		},
		{
			"an author with an address", `<item><author>lan@meo.example</author><description>x</description></item>`,
			func(p listeners.Post) bool { return p.Author.Name == "lan" },
		},
		{
			"nobody", `<item><description>x</description></item>`,
			func(p listeners.Post) bool { return p.Author.Name == "Mèo" && p.Author.NativeID == "meo.example" },
		},
		{
			"links that no browser should open", `<item><link>javascript:alert(1)</link><description>&lt;img src="data:x"&gt;&lt;img src="/a.jpg"&gt;x</description><enclosure url="file:///etc/passwd"/></item>`,
			func(p listeners.Post) bool {
				return p.URL == "https://meo.example/" && p.Media == "https://meo.example/a.jpg"
			},
		},
		{"no date", `<item><description>x</description></item>`, func(p listeners.Post) bool { return p.CreatedAt == now && p.Version == 0 }},
		{"a date to come", `<item><pubDate>Sun, 22 Nov 2099 07:00:00 GMT</pubDate><description>x</description></item>`, func(p listeners.Post) bool { return p.CreatedAt == now }},
		{"a date before there were feeds", `<item><pubDate>Thu, 01 Jan 1970 00:00:00 GMT</pubDate><description>x</description></item>`, func(p listeners.Post) bool { return p.CreatedAt == now }},
	} {
		if p := only(t, c.item); !c.ok(p) {
			t.Errorf("%s: got %+v", c.name, p)
		}
	}
}

func TestOtherFormats(t *testing.T) {
	for name, body := range map[string]string{
		"RSS 1.0": `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel><title>M</title></channel><item><title></title><link>https://meo.example/1</link><description>1 &amp;lt; 2</description></item></rdf:RDF>`,
		"Atom":    `<feed xmlns="http://www.w3.org/2005/Atom"><title>M</title><entry><id>urn:1</id><link href="/1"/><updated>2026-11-22T08:00:00Z</updated><content type="text">1 &lt; 2</content></entry></feed>`,
		"XHTML":   `<feed xmlns="http://www.w3.org/2005/Atom"><title>M</title><entry><id>urn:1</id><link href="/1"/><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>1 &lt; 2</p></div></content></entry></feed>`,
		"JSON":    `{"version":"https://jsonfeed.org/version/1.1","title":"M","items":[{"id":1,"url":"/1","content_text":"1 < 2"}]}`,
	} {
		c, doc := read(t, "", body)
		if len(doc.items) != 1 || doc.title != "M" {
			t.Errorf("%s: %+v", name, doc)
			continue
		}
		if p := c.post(doc, doc.items[0]); p.Text != "1 < 2" || p.URL != "https://meo.example/1" {
			t.Errorf("%s: got %+v", name, p)
		}
	}
}

func TestCharsets(t *testing.T) {
	// "Tiếng Việt" in the code page: ê and ê, each followed by its tone.
	old := "Ti\xea\xecng Vi\xea\xf2t"
	for name, c := range map[string]struct{ contentType, declared string }{
		"declared":         {"text/xml", ` encoding="windows-1258"`},
		"in the header":    {"text/xml; charset=windows-1258", ""},
		"both, not agreed": {"text/xml; charset=iso-8859-1", ` encoding="windows-1258"`},
	} {
		ch, doc := read(t, c.contentType, `<?xml version="1.0"`+c.declared+`?><rss><channel><item><description>`+old+`</description></item></channel></rss>`)
		if p := ch.post(doc, doc.items[0]); p.Text != "Tiếng Việt" {
			t.Errorf("%s: got %q", name, p.Text)
		}
	}
}

func TestSalvage(t *testing.T) {
	item := func(n int, words string) string {
		return fmt.Sprintf("<item><guid>%d</guid><description>%s</description></item>", n, words)
	}
	head := "<rss><channel><title>Mèo</title>"
	for name, c := range map[string]struct {
		body           string
		kept, rejected int
	}{
		"a heart in the middle":  {head + item(1, "a") + item(2, "I <3 you") + item(3, "c") + "</channel></rss>", 2, 1},
		"cut in the third":       {head + item(1, "a") + item(2, "b") + item(3, "c")[:10], 2, 1},
		"never closed":           {head + item(1, "a") + item(2, "b"), 2, 0},
		"one nested too deeply":  {head + item(1, "a") + item(2, strings.Repeat("<b>", 200)+strings.Repeat("</b>", 200)) + item(3, "c") + "</channel></rss>", 2, 1},
		"JSON with a wrong item": {`{"title":"Mèo","items":[{"id":"1","content_text":"a"},[7],{"id":"3","content_text":"c"}]}`, 2, 1},
	} {
		_, doc := read(t, "", c.body)
		if len(doc.items) != c.kept || len(doc.rejected) != c.rejected || doc.title != "Mèo" {
			t.Errorf("%s: %d items, rejected %v, title %q; want %d, %d", name, len(doc.items), doc.rejected, doc.title, c.kept, c.rejected)
		}
	}
}

func TestRules(t *testing.T) {
	c := channel(t, listeners.Rule{ID: "7", Query: "ca phe"})
	p, other := listeners.Post{Text: "Cà phê nguội"}, listeners.Post{Text: "trà nóng"}
	if !c.wanted(&p) || p.Rule != "7" || c.wanted(&other) {
		t.Errorf("got %+v and %+v, want the one that fits the rule", p, other)
	}
	if c := channel(t); !c.wanted(&other) || other.Rule != "" {
		t.Errorf("without rules everything is heard, got %+v", other)
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`<rss><channel><item><guid>1</guid><description>a</description></item></channel></rss>`,
		`<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><content type="text">a</content></entry></feed>`,
		`{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1","content_html":"<p>a"}]}`,
		`<?xml version="1.0" encoding="windows-1258"?><rss><channel><item><description>I <3 you</description></item><item>`,
		`<rdf:RDF><item><title>x</title><link>//y</link></item></rdf:RDF>`,
	} {
		f.Add("text/xml; charset=windows-1258", []byte(seed))
	}
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		doc, err := decode(&listeners.Exchange{Header: http.Header{"Content-Type": {contentType}}, Body: body})
		if err != nil {
			return
		}
		c := channel(t)
		for _, it := range doc.items {
			p := c.post(doc, it)
			switch {
			case p.NativeID == "" || len(p.NativeID) > longestID || len(p.ThreadKey) > longestID || len(p.Author.NativeID) > longestID:
				t.Errorf("ids: %+v", p)
			case !utf8.ValidString(p.NativeID+p.Text+p.URL+p.Author.Name) || strings.ContainsRune(p.NativeID+p.Text+p.URL+p.Author.Name, 0):
				t.Errorf("not clean: %+v", p)
			case !strings.HasPrefix(p.URL, "http"):
				t.Errorf("url: %s", p.URL)
			}
		}
	})
}

const longestID = 200 // bytes, of what stands in an index
