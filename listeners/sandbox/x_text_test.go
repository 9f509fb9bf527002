package sandbox

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestWeightsAgreeWithTwitterText counts the examples that X publishes for its
// own counter. A link whose domain is too long to be one is still a link here.
func TestWeightsAgreeWithTwitterText(t *testing.T) {
	b, err := os.ReadFile("../../../shared/specs/twitter-text/validate.yml")
	if err != nil {
		t.Skipf("SKIPPED, no examples: %v", err)
	}
	_, examples, _ := strings.Cut(string(b), "WeightedTweetsWithDiscountedEmojiCounterTest:")
	found := regexp.MustCompile(`(?s)text: (".*?[^\\]")\s+expected:\s+weightedLength: (\d+)\s+valid: (\w+)`).FindAllStringSubmatch(examples, -1)
	if len(found) < 20 {
		t.Fatalf("only %d examples found", len(found))
	}
	for _, f := range found {
		if strings.Contains(f[1], "invalid domain labels") || strings.Contains(f[1], "いう.com") {
			continue
		}
		text, err := strconv.Unquote(strings.ReplaceAll(f[1], `\/`, `/`))
		if err != nil {
			t.Errorf("example %.60s: %v", f[1], err)
			continue
		}
		want, _ := strconv.Atoi(f[2])
		got := xLength(text, false, xMaxWeight)
		// Counting stops beyond the limit.
		if want > xMaxWeight && got > xMaxWeight {
			continue
		}
		if got != want {
			t.Errorf("%.80q weighs %d, want %d", text, got, want)
		}
	}
	t.Logf("%d examples", len(found))
}

func TestReplyWeights(t *testing.T) {
	for _, test := range []struct {
		name, text string
		reply      bool
		want       int
	}{
		{"the people in front are free", "@an_nguyen @chi_le chào", true, 4},
		{"but not in a post that answers nothing", "@an_nguyen chào", false, 15},
		{"nor later in the text", "chào @an_nguyen", true, 15},
		{"letters with marks weigh 2", "ạ ế", false, 5},
		{"composed or not", "ạ ế", false, 5},
		{"a family weighs 2", "👨‍👩‍👧‍👦", false, 2},
		{"a flag weighs 2", "🇻🇳", false, 2},
		{"a link weighs 23", "https://example.com/" + strings.Repeat("x", 100) + ".", false, 24},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := xLength(test.text, test.reply, xMaxWeight); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

func TestSpans(t *testing.T) {
	for text, want := range map[string]string{
		"@a1_b chào":                       "@a1_b",
		"(@Sao,@mai).":                     "@Sao @mai",
		"me@here.vn /@x &@y @@z":           "",
		"@" + strings.Repeat("a", 31):      "",
		"＠sao #Cà_phê #123 ＃ok x#y":        "＠sao #Cà_phê ＃ok",
		"See http://a.vn/b?c=1, HTTPS://D": "http://a.vn/b?c=1 HTTPS://D",
		"xhttp://a.vn http:// https://":    "",
		"https://t.co/aB1&lt;@sao":         "https://t.co/aB1 @sao",
		"hhhhh https h":                    "",
		"\xff@sao\xff #\xff":               "@sao",
	} {
		var got []string
		spans(text, func(s span) { got = append(got, text[s.Start:s.End]) })
		if strings.Join(got, " ") != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func FuzzTextOnTheWire(f *testing.F) {
	for _, seed := range []string{"@a #b https://c.vn/d", "<&>\"", "https://t.co/x<y", "🇻🇳👨‍👩‍👧", strings.Repeat("ế https://a.vn ", 90), "http://<a"} {
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, text string, reply bool) {
		p := &post{ID: 7, Text: strings.ToValidUTF8(text, "")}
		if reply {
			p.ParentID = 5
		}
		wire := xTextOf(p)
		links := 0
		spans(wire.Text, func(s span) {
			if s.Kind == urlSpan {
				links++
			}
		})
		if links != len(wire.Links) {
			t.Errorf("%q: %d links on the wire %q, %d wrapped", text, links, wire.Text, len(wire.Links))
		}
		if wire.Note == nil && len(wire.Links) == 0 && unescape(wire.Text) != p.Text {
			t.Errorf("%q became %q", p.Text, wire.Text)
		}
	})
}

func unescape(s string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}

func TestLanguages(t *testing.T) {
	for text, want := range map[string]string{
		"Trà nguội quá": "vi", "tra nguoi qua": "en", "amazonのfireTV": "ja", "日本語です": "ja", "咖啡": "zh",
		"커피": "ko", "กาแฟ": "th", "кофе": "ru", "قهوة": "ar", "😢 123": "und", "": "und",
	} {
		if got := guessLanguage(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}
