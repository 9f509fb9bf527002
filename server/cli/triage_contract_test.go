package cli_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// lines reads what was printed, one JSON object a line, as whoever has only the contract would.
func lines(t *testing.T, printed string) (all []map[string]any) {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSuffix(printed, "\n"), "\n") {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatalf("%q is no JSON object: %v", line, err)
		}
		all = append(all, object)
	}
	return all
}

// scoreHeads are the fields of a score that are probabilities.
var scoreHeads = []string{"anger", "negative", "complaint", "question", "praise", "spam", "risk", "needs_account", "human", "opt_out"}

// TestTriageScoreByContract holds every field of every line against what outsiders rely on. Fields may be added.
func TestTriageScoreByContract(t *testing.T) {
	texts := []string{
		"Your delivery is terrible, I want to talk to a human NOW!!!", "Đơn của mình đâu rồi ạ? mã DH12345", "quan nay phuc vu te qua, luc dao 😡", "Thank you so much",
		"", "\x00\x00", " \t\n", "a\u0000b", "\u200b\u202e\u200d", strings.Repeat("😡", 300), "1" + strings.Repeat("\u0301", 500), "👨‍👩‍👧‍👦 giao hàng chậm",
	}
	var in strings.Builder
	encode := json.NewEncoder(&in)
	for i, text := range texts {
		if err := encode.Encode(map[string]string{"id": fmt.Sprint("post-", i), "text": text}); err != nil {
			t.Fatal(err)
		}
	}
	topics := file(t, "topics.toml", "[[topic]]\nname = \"Giao hàng\"\nkeywords = [\"giao hàng\", \"delivery\"]\nexamples = [\"where is my parcel\"]\n")
	got := lines(t, must(t, in.String(), "triage", "score", "--topics", topics))
	if len(got) != len(texts) {
		t.Fatalf("%d lines for %d texts", len(got), len(texts))
	}
	probability := func(p any) bool {
		f, is := p.(float64)
		return is && f >= 0 && f <= 1
	}
	for i, r := range got {
		if r["id"] != fmt.Sprint("post-", i) {
			t.Errorf("line %d is of %v", i+1, r["id"])
		}
		if language := r["language"]; !slices.Contains([]any{"en", "vi", "mixed", "other"}, language) {
			t.Errorf("%q is in the language %v", texts[i], language)
		}
		for _, head := range scoreHeads {
			if !probability(r[head]) {
				t.Errorf("%q: %s is %v", texts[i], head, r[head])
			}
		}
		if p, is := r["priority"].(float64); !is || p < 0 || p > 100 || p != math.Trunc(p) {
			t.Errorf("%q: priority %v", texts[i], r["priority"])
		}
		about, is := r["topics"].([]any)
		for _, topic := range about {
			if topic := topic.(map[string]any); topic["name"] != "Giao hàng" || !probability(topic["p"]) {
				t.Errorf("%q: topic %v", texts[i], topic)
			}
		}
		if wanted := strings.Contains(texts[i], "delivery") || strings.Contains(texts[i], "giao hàng"); !is || wanted && len(about) == 0 {
			t.Errorf("%q is about %v", texts[i], r["topics"])
		}
		margins := map[string]float64{}
		bias, _ := r["bias"].(map[string]any)
		for head, b := range bias {
			margins[head] = b.(float64)
		}
		why, is := r["why"].([]any)
		if !is {
			t.Fatalf("%q: why is %v", texts[i], r["why"])
		}
		for _, reason := range why {
			reason := reason.(map[string]any)
			span, _ := reason["span"].([]any)
			weight, weighs := reason["weight"].(float64)
			head, _ := reason["head"].(string)
			if len(span) != 2 || !weighs || head == "" {
				t.Fatalf("%q: a reason is %v", texts[i], reason)
			}
			if start, end := span[0].(float64), span[1].(float64); start < 0 || start >= end || int(end) > utf8.RuneCountInString(texts[i]) {
				t.Errorf("%q: a span of its runes is %v", texts[i], span)
			}
			margins[head] += weight
		}
		for _, head := range scoreHeads {
			p := r[head].(float64)
			if margin, known := margins[head]; !known || math.Abs(1/(1+math.Exp(-margin))-p) > 0.02 {
				t.Errorf("%q: bias and spans of %s add up to %v (%v), its probability is %v", texts[i], head, margin, 1/(1+math.Exp(-margin)), p)
			}
		}
	}
}

func TestTriageScoreRefusesWhatItCannotRead(t *testing.T) {
	if out := must(t, "", "triage", "score"); out != "" {
		t.Errorf("nothing scores %q", out)
	}
	for what, in := range map[string]string{
		"a NUL instead of JSON": "\x00\n", "a text that is none": `{"id":"1","text":5}`, "no text": `{"id":"1"}`, "null": "null", "a list": `["a"]`, "half an object": `{"id":"1","text":"a`,
	} {
		code, out, messages := kith(t, `{"id":"0","text":"a"}`+"\n"+in, "triage", "score")
		if code != 2 || !strings.Contains(messages, "line 2") || strings.Count(out, "\n") != 1 {
			t.Errorf("%s: ends with %d and %q after %q; want 2, the line's number, and what came before it", what, code, messages, out)
		}
	}
}

// TestTriageBenchByContract: what is predicted has a line each, in order, with a probability for every label; the names
// of the labels and the order of the rows play no part.
func TestTriageBenchByContract(t *testing.T) {
	names := []string{"giao hàng", "price", "praise, \"loud\""}
	said := [][]string{
		{"đơn giao chậm quá shop", "bao giờ ship tới vậy", "where is my parcel", "my delivery is late again", "giao thiếu một ly", "shipper không tới"},
		{"giá bao nhiêu vậy shop", "how much is a latte", "sao mắc quá vậy", "is there a student discount", "phí ship bao nhiêu tiền", "the price went up again"},
		{"quán ngon lắm", "best coffee in town", "nhân viên dễ thương ghê", "I love this place", "cảm ơn quán nhiều", "tuyệt vời luôn"},
	}
	type example struct{ text, label string }
	var examples []example
	for k, texts := range said {
		for _, text := range texts {
			examples = append(examples, example{text, names[k]})
		}
	}
	table := func(rename func(string) string, order *rand.Rand) string {
		mixed := slices.Clone(examples)
		if order != nil {
			order.Shuffle(len(mixed), func(i, k int) { mixed[i], mixed[k] = mixed[k], mixed[i] })
		}
		var b strings.Builder
		b.WriteString("text,kind\n")
		for _, e := range mixed {
			fmt.Fprintf(&b, "%q,\"%s\"\n", e.text, strings.ReplaceAll(rename(e.label), `"`, `""`))
		}
		return file(t, "train.csv", b.String())
	}
	texts := []string{"giao lâu quá trời", "how much for two", "yêu quán", "", "\x00", "🤷"}
	asked := file(t, "in.csv", "text\n\"giao lâu quá trời\"\nhow much for two\nyêu quán\n\"\"\n\x00\n🤷\n")
	predict := func(train string, flags ...string) []map[string]any {
		t.Helper()
		out := filepath.Join(t.TempDir(), "out.jsonl")
		printed := lines(t, must(t, "", append([]string{"triage", "bench", "--train", train, "--in", asked, "--label", "kind", "--out", out}, flags...)...))
		if len(printed) != 1 || printed[0]["learn_seconds"] == nil || printed[0]["predict_seconds"] == nil || printed[0]["model_bytes"] == nil {
			t.Errorf("prints %v, want one line with seconds and bytes", printed)
		}
		written, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		got := lines(t, string(written))
		if len(got) != len(texts) {
			t.Fatalf("%d predictions of %d texts", len(got), len(texts))
		}
		return got
	}
	same := func(name string) string { return name }
	first := predict(table(same, nil))
	for i, p := range first {
		probs, sum, likeliest := p["probs"].(map[string]any), 0.0, ""
		for _, name := range names {
			share, is := probs[name].(float64)
			if !is || share < 0 || share > 1 {
				t.Fatalf("%q: of %s it says %v", texts[i], name, probs[name])
			}
			if sum += share; likeliest == "" || share > probs[likeliest].(float64) {
				likeliest = name
			}
		}
		if len(probs) != len(names) || math.Abs(sum-1) > 0.001 || p["label"] != likeliest {
			t.Errorf("%q is predicted as %v with %v", texts[i], p["label"], probs)
		}
	}
	for i, want := range names {
		if first[i]["label"] != want {
			t.Errorf("%q is predicted as %v, want %s", texts[i], first[i]["label"], want)
		}
	}
	if again := predict(table(same, rand.New(rand.NewPCG(1, 2)))); !reflect.DeepEqual(again, first) {
		t.Errorf("with its rows in another order it predicts %v, was %v", again, first)
	}
	renamed := map[string]string{names[0]: "z", names[1]: "a", names[2]: "m"} // in another order of the alphabet, too
	other := predict(table(func(name string) string { return renamed[name] }, rand.New(rand.NewPCG(3, 4))))
	for i, p := range other {
		for _, name := range names {
			was, is := first[i]["probs"].(map[string]any)[name].(float64), p["probs"].(map[string]any)[renamed[name]].(float64)
			if math.Abs(was-is) > 1e-9 {
				t.Errorf("%q: renamed to %s, %s has %v, was %v", texts[i], renamed[name], name, is, was)
			}
		}
		if p["label"] != renamed[first[i]["label"].(string)] {
			t.Errorf("%q is predicted as %v, was %v", texts[i], p["label"], first[i]["label"])
		}
	}
	predict(table(same, nil), "--folded", "--dev", file(t, "dev.csv", "text,kind\nsomething else,another\n"))
}

func TestTriageBenchSaysWhatIsWrong(t *testing.T) {
	good := file(t, "good.csv", "text,label\na,x\nb,y\n")
	for what, c := range map[string]struct{ train, in, says string }{
		"no label":       {file(t, "train.csv", "text,label\na,x\nb,\nc,y\n"), good, "row 3"},
		"rows of others": {file(t, "train.csv", "text,label\na,x\nb\n"), good, "line 3"},
		"only a header":  {file(t, "train.csv", "text,label\n"), good, "two labels"},
		"a NUL":          {file(t, "train.csv", "\x00"), good, "no column"},
		"nothing to ask": {good, file(t, "in.csv", ""), "is empty"},
		"no text to ask": {good, file(t, "in.csv", "label\nx\n"), `no column "text"`},
	} {
		code, _, messages := kith(t, "", "triage", "bench", "--train", c.train, "--in", c.in, "--label", "label", "--out", filepath.Join(t.TempDir(), "out"))
		if code != 2 || !strings.Contains(messages, c.says) {
			t.Errorf("%s: ends with %d and %q, want 2 and %q", what, code, messages, c.says)
		}
	}
}
