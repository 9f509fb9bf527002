package discourse

import (
	"strings"
	"testing"
)

// TestWords: what is quoted, shown as a picture or not shown at all is not what the author says.
func TestWords(t *testing.T) {
	for _, c := range []struct{ name, raw, want string }{
		{"plain", "where is\nmy order?", "where is\nmy order?"},
		{"mark", "on its way\n\n" + markOf("0190b5a0-0000-7000-8000-000000000001"), "on its way"},
		{"comment over lines", "a<!-- b\nc -->d", "ad"},
		{"a quote before", "[quote=\"an, post:1, topic:2\"]\nI hate it\n[/quote]\n\nSo do I", "So do I"},
		{"quotes in quotes", "[quote=\"an\"]x[quote]y[/quote]z[/quote]mine", "mine"},
		{"a quote without an end", "look: [quote=\"an\"] and then", "look: [quote=\"an\"] and then"},
		{"an end without a quote", "so [/quote] what", "so [/quote] what"},
		{"two quotes", "[quote]a[/quote] one [quote]b[/quote] two", "one  two"},
		{"lines of others", "> cold coffee\n> and rude\nThat was me", "That was me"},
		{"nothing but a quote", "[quote=\"an\"]the price?[/quote]", "the price?"},
		{"code keeps what looks quoted", "```\n> make\n[quote]x[/quote]\n```\nfails", "```\n> make\n[quote]x[/quote]\n```\nfails"},
		{"a picture", "see ![bill|690x388](upload://abc.png) here", "see  here"},
		{"smaller than", "1 < 2 && 3 > 2", "1 < 2 && 3 > 2"},
		{"decomposed", "Tie\u0302\u0301ng", "Tiếng"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := words(c.raw); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
	if got := words(strings.Repeat("[quote]", 200_000)); len(got) > 64<<10 {
		t.Errorf("%d bytes are kept", len(got))
	}
}

func TestNames(t *testing.T) {
	for text, want := range map[string]bool{
		"@saomai hello": true, "hello @SaoMai": true, "(@saomai)": true, "ask @saomai.": true, "ask @saomai...": true, "@saomai, please": true,
		"@saomai_cafe": false, "@saomai.vn is it": false, "me@saomai": false, "saomai": false, "@saomaiế": false, "": false,
		"@saomai-vn @saomai": true,
	} {
		if got := names(text, "saomai"); got != want {
			t.Errorf("%q: got %t, want %t", text, got, want)
		}
	}
}
