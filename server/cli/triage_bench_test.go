package cli_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTriageBenchLearnsFromAFile(t *testing.T) {
	var train strings.Builder
	train.WriteString("what,body\n")
	for i := range 20 {
		fmt.Fprintf(&train, "late,đơn %d giao chậm quá\nfine,quán số %d ngon lắm\n", i, i)
	}
	learned := file(t, "train.csv", train.String())
	// The column to learn is absent from one file and wrong in the other: neither may make a difference.
	asked := file(t, "in.csv", "body\nsao giao chậm vậy\n\"ngon lắm, cảm ơn\"\n")
	misled := file(t, "in.csv", "what,body\nfine,sao giao chậm vậy\nlate,\"ngon lắm, cảm ơn\"\n")
	for _, flags := range [][]string{{"--in", asked}, {"--in", misled}, {"--in", asked, "--folded"}, {"--in", asked, "--dev", learned, "--unlabelled", asked}} {
		out := filepath.Join(t.TempDir(), "out.jsonl")
		printed := must(t, "", append([]string{"triage", "bench", "--train", learned, "--text", "body", "--label", "what", "--out", out}, flags...)...)
		for _, figure := range []string{"learn_seconds", "model_bytes"} {
			if !strings.Contains(printed, figure) {
				t.Errorf("%v prints no %s: %s", flags, figure, printed)
			}
		}
		written, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for lines := json.NewDecoder(strings.NewReader(string(written))); lines.More(); {
			var p struct {
				Label string
				Probs map[string]float64
			}
			if err := lines.Decode(&p); err != nil {
				t.Fatal(err)
			}
			if sum := p.Probs["late"] + p.Probs["fine"]; sum < 0.999 || sum > 1.001 || p.Probs[p.Label] < 0.5 {
				t.Errorf("%v predicts %+v, want probabilities of both labels and the likelier one", flags, p)
			}
			got = append(got, p.Label)
		}
		if strings.Join(got, " ") != "late fine" {
			t.Errorf("%v predicts %v, want late and fine", flags, got)
		}
	}
}

func TestTriageBenchNeedsItsColumns(t *testing.T) {
	good := file(t, "good.csv", "text,label\na,x\nb,y\n")
	for what, train := range map[string]string{
		"no label column": file(t, "train.csv", "text\na\n"),
		"no text column":  file(t, "train.csv", "label\na\n"),
		"one label":       file(t, "train.csv", "text,label\na,x\nb,x\n"),
		"nothing":         file(t, "train.csv", ""),
		"a broken row":    file(t, "train.csv", "text,label\na\n"),
	} {
		code, _, messages := kith(t, "", "triage", "bench", "--train", train, "--in", good, "--label", "label", "--out", filepath.Join(t.TempDir(), "out"))
		if code != 2 || messages == "" {
			t.Errorf("%s: ends with %d and %q, want 2 and a message", what, code, messages)
		}
	}
}
