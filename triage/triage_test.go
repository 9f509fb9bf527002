package triage

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/kith-social/kith/triage/golden"
)

// posts generates text from words that the lexicons know, words they do not, and marks.
var posts = rapid.Custom(func(t *rapid.T) string {
	words := []string{
		"furious", "not", "very", "refund", "where is my order", "love", "thanks", "?", "!!!", ":(", "😡", "#448213", "https://x.example",
		"bực mình", "không", "ngon quá", "ko", "đơn của mình đâu", "cho em gặp nhân viên", "lừa đảo", "hay", "đừng nhắn nữa", "dở", "do", "te",
		"soooo", "WORST", ",", ".", "\n", "xyz", "người", "@shop", "kiện", "but", "nhưng", "e\u0302\u0301", "\x00", "\xff", "\u200b", "👩‍👩‍👧",
	}
	return strings.Join(rapid.SliceOf(rapid.OneOf(rapid.SampledFrom(words), rapid.String())).Draw(t, "words"), rapid.SampledFrom([]string{" ", ""}).Draw(t, "gap"))
})

func TestSpansAndBiasAddUpToTheScore(t *testing.T) {
	s := New(nil)
	rapid.Check(t, func(t *rapid.T) {
		text := posts.Draw(t, "text")
		margins := map[Head]float64{}
		for _, h := range heads {
			margins[h] = Bias(h)
		}
		length := utf8.RuneCountInString(text)
		for _, span := range s.Why(text, 0) {
			if span.Start < 0 || span.Start >= span.End || span.End > length {
				t.Fatalf("span %+v is not inside %d runes", span, length)
			}
			margins[span.Head] += span.Weight
		}
		for h, p := range probabilities(s.Score(text)) {
			if want := 1 / (1 + math.Exp(-margins[h])); math.Abs(float64(p)-want) > 1e-7 { // p is a float32
				t.Errorf("%s: score %v, spans and bias give %v", h, p, want)
			}
		}
	})
}

// The margins themselves, before they become probabilities of 32 bits.
func TestMarginsAddUpExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := posts.Draw(t, "text")
		r := new(reading)
		r.split(text)
		r.weigh(heart(), r.recognise(heart()))
		r.look(text)
		got := map[Head]float64{}
		for _, span := range New(nil).Why(text, 0) {
			got[span.Head] += span.Weight
		}
		margins := r.judge()
		for i, h := range heads {
			want := map[Head]float64{h: margins[i] - Bias(h)}
			if math.Abs(got[h]-want[h]) > 1e-9 {
				t.Errorf("%s: spans add up to %v, margin is %v", h, got[h], want[h])
			}
		}
	})
}

func TestWhyGivesTheStrongestSpansOfEachHead(t *testing.T) {
	s := New(nil)
	text := "Lừa đảo, bực mình quá, dở tệ 😡 worst"
	all, few := s.Why(text, 0), s.Why(text, 1)
	strongest := map[Head]float64{}
	for _, span := range all {
		strongest[span.Head] = max(strongest[span.Head], math.Abs(span.Weight))
	}
	if len(few) != len(strongest) || len(all) <= len(few) {
		t.Fatalf("got %d spans of %d, want one for each of %d heads", len(few), len(all), len(strongest))
	}
	for _, span := range few {
		if math.Abs(span.Weight) != strongest[span.Head] {
			t.Errorf("%s: got weight %v, want %v", span.Head, span.Weight, strongest[span.Head])
		}
	}
}

func TestSpansLieOnTheWordsTheyMean(t *testing.T) {
	for text, want := range map[string]string{
		"😀 shop làm mình bực mình quá nha":   "bực mình quá",
		"e\u0301\u200b\xff so FURIOUS today": "so FURIOUS",
		"bu\u031b\u0323c mi\u0300nh nha":     "bu\u031b\u0323c mi\u0300nh",
	} {
		spans := New(nil).Why(text, 1)
		found := false
		for _, span := range spans {
			found = found || span.Head == Anger && string([]rune(text)[span.Start:span.End]) == want
		}
		if !found {
			t.Errorf("%q: no anger on %q in %+v", text, want, spans)
		}
	}
}

// Taking away the stretch that speaks the most for what a text carries makes it less probable, in 95 of 100 golden posts.
func TestTakingTheTopSpanAwayLowersTheScore(t *testing.T) {
	texts, err := golden.Read("testdata/golden/posts.tsv")
	if err != nil {
		t.Fatal(err)
	}
	s := New(nil)
	taken, lower := 0, 0
	for _, post := range texts {
		text := post.Said()
		runes, before := []rune(text), s.Score(text)
		for _, span := range s.Why(text, 1) {
			if span.Weight <= 0 || before.Of(span.Head) < 0.5 {
				continue
			}
			after := s.Score(string(runes[:span.Start]) + string(runes[span.End:]))
			taken++
			if after.Of(span.Head) < before.Of(span.Head) {
				lower++
			} else if testing.Verbose() {
				t.Logf("%q without %q: %s %v, was %v", text, string(runes[span.Start:span.End]), span.Head, after.Of(span.Head), before.Of(span.Head))
			}
		}
	}
	if t.Logf("%d of %d", lower, taken); taken < 300 || lower*100 < taken*95 {
		t.Errorf("of %d scores %d fell when their top span was taken away, want 95 of 100", taken, lower)
	}
}

func TestPriorityNeverFalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		urgency := rapid.Float64Range(0, 10)
		wait := rapid.Int64Range(0, int64(1000*time.Hour))
		target := time.Duration(rapid.Int64Range(1, int64(100*time.Hour)).Draw(t, "target"))
		u1, u2 := urgency.Draw(t, "u1"), urgency.Draw(t, "u2")
		w1, w2 := time.Duration(wait.Draw(t, "w1")), time.Duration(wait.Draw(t, "w2"))
		low, high := Priority(min(u1, u2), min(w1, w2), target), Priority(max(u1, u2), max(w1, w2), target)
		if low > high || low < 0 || high > 100 {
			t.Errorf("priority %d for the calmer and newer, %d for the other", low, high)
		}
		if soon, late := Target(max(u1, u2), target), Target(min(u1, u2), target); soon > late || soon <= 0 || late > target {
			t.Errorf("due after %v when more urgent, %v when less, target %v", soon, late, target)
		}
	})
}

// TestReachCountsAndStarvesNobody: more followers never make a text less urgent, no number of them counts for more
// than rage, and whoever has none is first in the end.
func TestReachCountsAndStarvesNobody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		anyone := rapid.OneOf(rapid.Int(), rapid.IntRange(0, 1000))
		few, many := anyone.Draw(t, "few"), anyone.Draw(t, "many")
		few, many = min(few, many), max(few, many)
		text := rapid.Float64Range(0, 8).Draw(t, "urgency")
		target := time.Duration(rapid.Int64Range(int64(time.Second), int64(100*time.Hour)).Draw(t, "target"))
		waiting := time.Duration(rapid.Int64Range(0, int64(1000*time.Hour)).Draw(t, "waiting"))
		if low, high := Reach(few), Reach(many); low < 0 || low > high || high > 3 {
			t.Errorf("reach %v of %d, %v of %d", low, few, high, many)
		}
		if low, high := Priority(text+Reach(few), waiting, target), Priority(text+Reach(many), waiting, target); low > high {
			t.Errorf("with %d followers priority %d, with %d only %d", few, low, many, high)
		}
		if soon, late := Target(text+Reach(many), target), Target(text+Reach(few), target); soon > late || soon <= 0 {
			t.Errorf("with %d followers due after %v, with %d after %v", many, soon, few, late)
		}
		nobody := Target(0, target) // what came in before it is due stands behind, whoever wrote what came in since
		if since := target + Target(text+Reach(many), target); since < nobody {
			t.Errorf("what comes in after %v is due after %v, before a quiet text that is due after %v", target, since, nobody)
		}
	})
	if got := Reach(1_000_000); got < 2.999 {
		t.Errorf("a million followers count %v, want 3", got)
	}
}

func TestNothingStarves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		calm := rapid.Float64Range(0, 0.5).Draw(t, "calm")
		target := 2 * time.Hour
		if got := Priority(calm, 100*target, target); got < Priority(8, 0, target) {
			t.Errorf("after 100 targets urgency %v has priority %d, less than the angriest that just came in", calm, got)
		}
	})
	if got := Priority(math.NaN(), time.Hour, 0); got != 100 {
		t.Errorf("a target of zero is overdue at once: priority %d, want 100", got)
	}
}

func TestMoreUrgentIsDueSooner(t *testing.T) {
	s := New(nil)
	angry, asking, calm, noise := s.Score("worst service ever, you thieves!!!"), s.Score("what time do you open?"), s.Score("hôm nay trời mưa"), s.Score("kiếm tiền online, lh zalo 0912345678")
	last := time.Duration(0)
	for _, score := range []Score{angry, asking, calm, noise} {
		due := Target(score.Urgency, 2*time.Hour)
		if due <= last {
			t.Errorf("%+v is due after %v, no later than the one before it", score, due)
		}
		last = due
	}
}

func TestTopicsAreMatchedByKeywords(t *testing.T) {
	s := New([]Topic{
		{ID: 1, Name: "Giao hàng", Keywords: []string{"ship", "giao hàng", "parcel", "tracking"}},
		{ID: 2, Name: "Machines", Keywords: []string{"máy pha", "espresso machine", "battery", "[", ""}},
		{ID: 3, Name: "Beans"},
	})
	for text, want := range map[string][]string{
		"my parcels are late": {"Giao hàng"},
		"giao hang lau qua":   {"Giao hàng"},
		"Máy pha của em hỏng, bao giờ ship máy pha mới": {"Machines", "Giao hàng"},
		"two batteries": {"Machines"},
		"which beans":   {"Beans"},
		"giáo hãng":     nil,
		"hello":         nil,
	} {
		var got []string
		for _, topic := range s.Score(text).Topics {
			got = append(got, topic.Name)
			if topic.P <= 0.5 || topic.P >= 1 {
				t.Errorf("%q: %s has probability %v", text, topic.Name, topic.P)
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: %s", text, d)
		}
	}
}

// A few examples find texts that no keyword names, in English by what words mean and in Vietnamese by the words that they
// share, and make of what is about none of the topics nothing else.
func TestExamplesGoBeyondKeywords(t *testing.T) {
	topics := []Topic{
		{ID: 1, Name: "Delivery", Keywords: []string{"parcel", "courier", "giao hàng"}, Examples: []string{
			"my package never arrived at the house", "when will the driver drop it off", "shipment has been stuck at the depot for days", "tới giờ vẫn chưa thấy ai mang tới", "bên vận chuyển báo tới mà mình chưa nhận được món nào",
		}},
		{ID: 2, Name: "Roasting", Keywords: []string{"roast", "beans", "rang xay"}, Examples: []string{
			"which blend tastes less bitter", "is the Ethiopian one sour or sweet", "what grind should I use for a moka pot", "vị này có chua không hay đắng", "nên chọn loại nào để pha máy cho bớt đắng",
		}},
	}
	plain := New([]Topic{{ID: 1, Name: topics[0].Name, Keywords: topics[0].Keywords}, {ID: 2, Name: topics[1].Name, Keywords: topics[1].Keywords}})
	taught := New(topics)
	for text, want := range map[string]int64{
		"the shipment was supposed to arrive on Tuesday":      1,
		"your driver left the package at the wrong house":     1,
		"does this blend taste sour":                          2,
		"mình chưa nhận được, bên vận chuyển báo tới rồi mà":  1,
		"loại nào bớt đắng để pha máy vậy":                    2,
		"thank you so much, have a lovely evening everybody!": 0,
		"your app logs me out every time I open it":           0,
		"hôm nay trời mưa quá":                                0,
		"":                                                    0,
	} {
		if got := plain.Score(text).Topics; len(got) != 0 {
			t.Errorf("%q: a keyword names it, so it shows nothing: %+v", text, got)
		}
		got := taught.Score(text).Topics
		if want == 0 && len(got) != 0 || want != 0 && (len(got) == 0 || got[0].ID != want) {
			t.Errorf("%q is about %+v (%+v), want topic %d", text, got, taught.Report("", text).Topics, want)
		}
	}
}

func TestReportIsTheContractsJSON(t *testing.T) {
	got, err := json.Marshal(New([]Topic{{ID: 7, Name: "Beans", Keywords: []string{"beans"}}}).Report("any id \"at all\"", "where are my beans?"))
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(got, &fields); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"language", "anger", "negative", "complaint", "question", "praise", "spam", "risk", "needs_account", "human", "opt_out", "priority", "bias"} {
		if fields[name] == nil {
			t.Errorf("%s is missing in %s", name, got)
		}
	}
	if fields["id"] != `any id "at all"` {
		t.Errorf("id is %v", fields["id"])
	}
	topic := fields["topics"].([]any)[0].(map[string]any)
	if topic["name"] != "Beans" || topic["p"].(float64) < 0.5 {
		t.Errorf("topic is %v", topic)
	}
	why := fields["why"].([]any)[0].(map[string]any)
	if span := why["span"].([]any); len(span) != 2 || why["head"] == nil || why["weight"] == nil {
		t.Errorf("why is %v", why)
	}
	if empty, _ := json.Marshal(New(nil).Report("", "")); !strings.Contains(string(empty), `"topics":[],"priority":`) || !strings.Contains(string(empty), `"why":[]`) {
		t.Errorf("an empty text gives %s, want empty lists", empty)
	}
}

func TestFoldTakesMarksAway(t *testing.T) {
	for text, want := range map[string]string{
		"Đơn Hàng của MÌNH":   "don hang cua minh",
		"ĐƯỜNG nghỉ cà phê":   "duong nghi ca phe",
		"e\u0323\u0302 Crème": "e creme",
		"ok \xff\x00":         "ok \ufffd\x00",
	} {
		if got := Fold(text); got != want {
			t.Errorf("Fold(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestSpellingDoesNotMatter(t *testing.T) {
	s := New(nil)
	for _, c := range []struct{ name, one, other string }{
		{"composed and decomposed", "bực mình quá", "bu\u031b\u0323c mi\u0300nh qua\u0301"},
		{"old and new place of the tone", "hủy hoàn toàn, vô lý, thoả thuận", "huỷ hoàn toàn, vô lý, thỏa thuận"},
		{"capitals of a single word", "Bực mình", "bực mình"},
		{"zero-width", "fu\u200brious", "furious"},
		{"full width", "ｆｕｒｉｏｕｓ", "furious"},
		{"teencode", "ko hài lòng vs shop", "không hài lòng với shop"},
		{"apostrophes", "don’t contact me", "don't contact me"},
		{"decomposed after the same letter", "toi oo\u0302m", "toi oôm"},
	} {
		if d := cmp.Diff(probabilities(s.Score(c.one)), probabilities(s.Score(c.other))); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

// hostile are texts of 1 MiB of one thing.
func hostile() map[string]string {
	texts := map[string]string{}
	for name, unit := range map[string]string{
		"letters": "a", "words": "a ", "terms": "không ", "marks": "\u0301", "zalgo": "a\u0300\u0301\u0302\u0303", "emoji": "👩‍👩‍👧", "broken": "\xff", "nul": "\x00",
		"bidi": "\u202e", "faces": ":(", "shouts": "!? ", "links": "https://", "tags": "#a", "handles": "@a", "hyphens": "12345-1", "brackets": "(((", "lines": "\n",
		"markup": "<b a=", "opened": "<<<", "anger": "lừa đảo 😡!!! ",
	} {
		texts[name] = strings.Repeat(unit, 1<<20/len(unit))
	}
	return texts
}

// However long a text is, what is read of it is bounded, and so is what is done with it. How long that takes, the benchmark
// says.
func TestHostileTextIsReadInTime(t *testing.T) {
	s := New([]Topic{{ID: 1, Name: "a", Keywords: []string{"a a a a"}, Examples: []string{"a a a", "không"}}})
	for name, text := range hostile() {
		score := s.Score(text)
		for h, p := range probabilities(score) {
			if !(p >= 0 && p <= 1) {
				t.Errorf("%s: %s is %v", name, h, p)
			}
		}
		begin := text
		if runes := []rune(text); len(runes) > MaxRunes {
			begin = string(runes[:MaxRunes])
		}
		if name != "broken" { // a broken rune is another one when it is written again
			if d := cmp.Diff(s.Score(begin), score); d != "" {
				t.Errorf("%s: what follows the first %d runes counts: %s", name, MaxRunes, d)
			}
		}
		r := new(reading)
		lang := r.read(text)
		r.shares()
		meant := r.means(lang)
		r.blame()
		for what, n := range map[string][2]int{
			"tokens": {len(r.tokens), MaxRunes}, "features": {len(r.seen), mostFeatures + 64}, "kin": {len(r.kin), len(r.tokens)}, "meanings": {meant, mostCompared},
			"sights": {len(r.sights), mostFeatures + 64 + 8*len(r.kin)}, "reasons": {len(r.evidence), int(headCount) * (len(r.sights) + 8*len(r.tokens) + 1)},
		} {
			if n[0] > n[1] {
				t.Errorf("%s: %d %s, want at most %d", name, n[0], what, n[1])
			}
		}
		s.Why(text, 3)
		ReadOutcome(text)
	}
	if got := s.Score(strings.Repeat("x ", MaxRunes) + "furious").Anger; got > 0.1 {
		t.Errorf("anger %v from beyond the first %d runes", got, MaxRunes)
	}
}

// Tags are no words of a customer: what a script says of itself does not ask for anything. What only looks like a tag is.
func TestMarkupIsNoWords(t *testing.T) {
	s := New(nil)
	for _, text := range []string{"<script>alert(1)</script>", `<IMG src="bot" onerror=manager(1)>`, "<b>hôm nay trời mưa</b>", "<!-- x --> hôm nay"} {
		for _, span := range s.Why(text, 0) {
			if inside := string([]rune(text)[span.Start:span.End]); strings.ContainsAny(inside[:1], "sSiI") {
				t.Errorf("%q: %q is a reason for %s", text, inside, span.Head)
			}
		}
		if score := s.Score(text); score.Human > 0.2 || score.Staff > 0.2 {
			t.Errorf("%q asks for a person with %.2f, only staff should answer with %.2f", text, score.Human, score.Staff)
		}
	}
	for one, other := range map[string]string{
		"I am <b>furious</b> with you":        "I am  furious  with you",
		"<p>worst service ever<br/>":          " worst service ever ",
		`<a href="https://x.example">bad</a>`: "bad",
	} {
		if d := cmp.Diff(probabilities(s.Score(one)), probabilities(s.Score(other))); d != "" {
			t.Errorf("%q and %q: %s", one, other, d)
		}
	}
	for _, text := range []string{"<you are thieves, I am furious>", "a <furious b", "<furious>", "< b furious > worst service", "<b furious"} {
		if s.Score(text).Anger < 0.5 {
			t.Errorf("%q is not angry", text)
		}
	}
}

func FuzzScore(f *testing.F) {
	for _, text := range []string{"", "furious :(( 😡", "đơn của mình đâu?!", "e\u0302\u0301\u200d\xff\x00", "#NeverAgain2024 @x 12.5-3 https://", "thanks for nothing", "<3 ^^ >_< =)) (((", "#_ @_ #"} {
		f.Add(text)
	}
	s := New([]Topic{{ID: 1, Name: "Giao hàng", Keywords: []string{"ship"}}})
	f.Fuzz(func(t *testing.T, text string) {
		s.Score(text)
		length := utf8.RuneCountInString(text)
		for _, span := range s.Why(text, 0) {
			if span.Start < 0 || span.Start >= span.End || span.End > length {
				t.Errorf("span %+v is not inside %d runes", span, length)
			}
		}
		ReadOutcome(text)
		Fold(text)
	})
}
