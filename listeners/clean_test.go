package listeners

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"a\x00b\x07c\x1b[31m\td\ne\x7f":      "abc[31m\td\ne",
		"Tie\u0302\u0301ng Vie\u0323\u0302t": "Tiếng Việt",
		"\xff broken":                        "\uFFFD broken",
		"👩‍👩‍👧‍👦 \u202Eقهوة\u202C":           "👩‍👩‍👧‍👦 \u202Eقهوة\u202C",
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
	if got := Clean(strings.Repeat("ế", 1<<20)); len(got) > maxText || len(got) < maxText-3 || !utf8.ValidString(got) {
		t.Errorf("of 3 MiB %d bytes are kept", len(got))
	}
	if got := CleanLine(" Nguyễn\n Hoài \t An "); got != "Nguyễn Hoài An" {
		t.Errorf("CleanLine: %q", got)
	}
}

func TestPlain(t *testing.T) {
	for _, c := range []struct{ markup, text, media string }{
		{"just words", "just words", ""},
		{"<p>Cà phê <b>nguội</b></p>\n<p>ba lần<br>rồi</p>", "Cà phê nguội\n\nba lần\nrồi", ""},
		{"a<br><br>b", "a\n\nb", ""},
		{"1 &lt; 2 &amp;&amp; 3&nbsp;&gt; 2", "1 < 2 && 3\u00A0> 2", ""},
		{"<ul><li>one</li>\n<li>two</li></ul>after", "one\ntwo\n\nafter", ""},
		{"<pre><code>a  b\n\tc</code></pre>", "a  b\n\tc", ""},
		{"<script>alert(1)</script>hi<style>p{}</style> there<iframe src=x>no</iframe>", "hi there", ""},
		{`<blockquote><p>old words <blockquote>older</blockquote></p></blockquote><p>mine</p>`, "mine", ""},
		{`<aside class="quote"><div>An:</div><blockquote>old</blockquote></aside>mine`, "mine", ""},
		{`<blockquote>only quoted</blockquote>`, "only quoted", ""},
		{`<blockquote>never closed`, "never closed", ""},
		{`so good <img class="emoji emoji-smile" alt="☕" src="/e.png"> !`, "so good ☕ !", ""},
		{`look <img src="/a.jpg"><img src="/a.jpg"><video src="b.mp4"></video>`, "look", "/a.jpg b.mp4"},
		{`<a href="javascript:alert(1)" onclick=x>click</a> <b`, "click", ""},
		{"<<<p>a</p", "<<\n\na", ""},
		{"<table><tr><td>x</td><td>y</td></tr><tr><td>z</td></tr></table>", "x y\nz", ""},
	} {
		text, media := Plain(c.markup)
		if text != c.text || strings.Join(media, " ") != c.media {
			t.Errorf("%s:\ngot  %q %v\nwant %q %v", c.markup, text, media, c.text, c.media)
		}
	}
	deep := strings.Repeat("<blockquote><div>", 1<<15) + "end"
	if text, _ := Plain(deep); text != "end" {
		t.Errorf("nested deeply: %.100q", text)
	}
	if _, media := Plain(strings.Repeat(`<img src=a><img src=b>`, 1000)); !slices.Equal(media, []string{"a", "b"}) {
		t.Errorf("media: %v", media)
	}
}
