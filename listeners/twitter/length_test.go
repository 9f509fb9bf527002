package twitter

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"
)

func TestMeasure(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       int
	}{
		{"empty", "", 0},
		{"Latin", "hello, world", 12},
		{"one mark", "café", 4},
		{"Vietnamese with two marks", "ế", 2},
		{"Vietnamese sentence", "Tiếng Việt có dấu", 20},
		{"decomposed is composed first", norm.NFD.String("Tiếng Việt có dấu"), 20},
		{"Han", "咖啡", 4},
		{"dashes and quotes of General Punctuation", "“a” – b…", 9},
		{"emoji", "☕", 2},
		{"emoji with variation", "☕️", 2},
		{"family", "👨‍👩‍👧‍👦", 2},
		{"skin tone", "👍🏽", 2},
		{"flag", "🇻🇳", 2},
		{"half a flag", "🇻", 2},
		{"flag of a region", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", 2},
		{"keycap", "1️⃣", 2},
		{"copyright as text and as emoji", "© ©️", 4},
		{"joiner with nothing to join", "☕\u200Da", 4},
		{"link", "https://saomai.example/x", 24}, // .example is no domain: as written
		{"long link", "see https://example.com/" + strings.Repeat("a", 200), 27},
		{"host without a scheme", "hỏi saomai.vn nhé", 4 + 1 + 23 + 4},
		{"two sentences without a space", "Xin lỗi.Cảm ơn", 16},
		{"mail address", "name@example.com", 16},
		{"file name", "menu.pdf", 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Measure(c.text); got.Used != c.want || got.Limit != 280 {
				t.Errorf("%q: got %+v, want %d of 280", c.text, got, c.want)
			}
		})
	}
}

// The conformance files of twitter-text, where they are at hand.
const textSpecs = "../../../shared/specs/twitter-text/"

func TestMeasureConformance(t *testing.T) {
	cases := spec(t, "validate.yml", "WeightedTweetsWithDiscountedEmojiCounterTest", "weightedLength: ")
	cases = append(cases, spec(t, "validate.yml", "UnicodeDirectionalMarkerCounterTest", "weightedLength: ")...)
	for _, c := range spec(t, "validate.yml", "WeightedTweetsCounterTest", "weightedLength: ") {
		if !joined[c.description] {
			cases = append(cases, c)
		}
	}
	for _, c := range cases {
		if want, err := strconv.Atoi(c.expected); err != nil || Measure(c.text).Used != want {
			t.Errorf("%s: got %d, want %s\n%.200q", c.description, Measure(c.text).Used, c.expected, c.text)
		}
	}
	t.Logf("%d cases", len(cases))
}

// joined are the cases of the counter before version 3, which counts every part of an emoji.
var joined = map[string]bool{
	`"Count a mix of single byte single word, and double word unicode characters"`:              true,
	`"Count unicode emoji chars outside the basic multilingual plane with skin tone modifiers"`: true,
}

// TestLinkPlacesConformance: links stand where twitter-text finds them, counted in characters.
func TestLinkPlacesConformance(t *testing.T) {
	found := 0
	for _, section := range []string{"urls_with_indices", "urls_with_directional_markers"} {
		for _, c := range spec(t, "extract.yml", section, "expected:") {
			var got []string
			for _, l := range links(c.text) {
				start := len(utf16.Encode([]rune(c.text[:l.start])))
				got = append(got, fmt.Sprintf("%s [%d, %d]", c.text[l.start:l.end], start, start+len(utf16.Encode([]rune(c.text[l.start:l.end])))))
			}
			if !slices.Equal(got, c.places) {
				t.Errorf("%s:\ntext %q\ngot  %q\nwant %q", c.description, c.text, got, c.places)
			}
			found += len(c.places)
		}
	}
	if found < 20 {
		t.Errorf("only %d places of links were compared", found)
	}
}

func TestLinksConformance(t *testing.T) {
	cases := spec(t, "extract.yml", "urls", "expected: ")
	cases = append(cases, spec(t, "extract.yml", "tco_urls_with_params", "expected: ")...)
	for _, c := range cases {
		var want, got []string
		if err := json.Unmarshal([]byte(c.expected), &want); err != nil {
			t.Fatalf("%s: %v", c.description, err)
		}
		for _, l := range links(c.text) {
			got = append(got, c.text[l.start:l.end])
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\ntext %q\ngot  %q\nwant %q", c.description, c.text, got, want)
		}
	}
	t.Logf("%d cases", len(cases))
}

type specCase struct {
	description, text, expected string
	places                      []string // of links: "link [start, end]"
}

// spec reads one section of a conformance file: as much of YAML as these files use.
func spec(t *testing.T, file, section, expected string) (cases []specCase) {
	t.Helper()
	f, err := os.Open(textSpecs + file)
	if err != nil {
		t.Skipf("the conformance files of twitter-text are not here: %v", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	inside := false
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(lines.Text(), "  ") && strings.HasSuffix(line, ":") && !strings.HasPrefix(lines.Text(), "   ") {
			inside = line == section+":"
		}
		if !inside {
			continue
		}
		if d, ok := strings.CutPrefix(line, "- description: "); ok {
			cases = append(cases, specCase{description: d})
		}
		if v, ok := strings.CutPrefix(line, "text: "); ok {
			if cases[len(cases)-1].text, err = strconv.Unquote(v); err != nil {
				t.Fatalf("%s: %v in %s", file, err, v)
			}
		}
		if v, ok := strings.CutPrefix(line, expected); ok {
			cases[len(cases)-1].expected = v
		}
		if v, ok := strings.CutPrefix(line, "- url: "); ok {
			link, err := strconv.Unquote(v)
			if err != nil {
				t.Fatalf("%s: %v in %s", file, err, v)
			}
			cases[len(cases)-1].places = append(cases[len(cases)-1].places, link)
		}
		if v, ok := strings.CutPrefix(line, "indices: "); ok {
			if places := cases[len(cases)-1].places; len(places) > 0 {
				places[len(places)-1] += " " + v
			}
		}
	}
	if len(cases) == 0 {
		t.Fatalf("%s has no section %s", file, section)
	}
	return cases
}
