package cli

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"github.com/kith-social/kith/server/bench"
	"github.com/kith-social/kith/triage"
	"github.com/kith-social/kith/triage/learner"
)

type triageBenchCmd struct {
	Train      string `required:"" help:"CSV to learn from." type:"existingfile" placeholder:"FILE"`
	Dev        string `help:"CSV of further labelled texts, learned from as well if they are a third of the others or fewer; a few examples are not drowned in them." type:"existingfile" placeholder:"FILE"`
	Unlabelled string `help:"CSV of past texts without labels, which make a few examples go further." type:"existingfile" placeholder:"FILE"`
	In         string `required:"" help:"CSV to predict." type:"existingfile" placeholder:"FILE"`
	Text       string `help:"Column of the texts." default:"text"`
	Label      string `required:"" help:"Column of the labels to learn. It is not read in --in."`
	Out        string `required:"" help:"File for the predictions, one JSON object with label and probs a line." type:"path" placeholder:"FILE"`
	Folded     bool   `help:"Take the Vietnamese marks off the texts of --in first."`
}

func (c *triageBenchCmd) Run(streams IO) error {
	began := bench.CPUTime()
	t := triage.Teaching{}
	for _, part := range []struct {
		file string
		to   *[]learner.Example
	}{{c.Train, &t.Examples}, {c.Dev, &t.Dev}} {
		rows, err := columns(part.file, c.Text, c.Label)
		if err != nil {
			return err
		}
		for i, row := range rows {
			if row[1] == "" {
				return fmt.Errorf("%w: row %d of %s has no %s; label it or leave it out", errUsage, i+2, part.file, c.Label)
			}
			*part.to = append(*part.to, learner.Example{Text: row[0], Label: row[1]})
		}
	}
	unlabelled, err := columns(c.Unlabelled, c.Text)
	if err != nil {
		return err
	}
	for _, row := range unlabelled {
		t.Unlabelled = append(t.Unlabelled, row[0])
	}
	wanted, err := columns(c.In, c.Text)
	if err != nil {
		return err
	}
	classifier, err := triage.Learn(t)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", errUsage, c.Train, err)
	}
	learned := bench.CPUTime()
	if err := predict(classifier, wanted, c.Folded, c.Out); err != nil {
		return err
	}
	return json.NewEncoder(streams.Out).Encode(map[string]any{
		"labels": len(classifier.Labels), "examples": len(t.Examples) + len(t.Dev), "predicted": len(wanted),
		"learn_seconds": (learned - began).Seconds(), "predict_seconds": (bench.CPUTime() - learned).Seconds(), "model_bytes": classifier.Bytes(),
	})
}

// predict writes what the classifier says of each text.
func predict(c *learner.Classifier, texts [][]string, stripped bool, file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	out := bufio.NewWriter(f)
	encode := json.NewEncoder(out)
	for _, row := range texts {
		text := row[0]
		if stripped {
			text = triage.Strip(text)
		}
		p := c.Probabilities(triage.Clean(text))
		probs := make(map[string]float64, len(p))
		for k, label := range c.Labels {
			probs[label] = p[k]
		}
		if err := encode.Encode(map[string]any{"label": c.Labels[c.Choose(p)], "probs": probs}); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// columns reads the named columns of a CSV file with a header; nothing for no file.
func columns(file string, names ...string) ([][]string, error) {
	if file == "" {
		return nil, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	read := csv.NewReader(bufio.NewReader(f))
	rows, err := read.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%w: read %s: %w", errUsage, file, err)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%w: %s is empty", errUsage, file)
	}
	at := make([]int, len(names))
	for i, name := range names {
		if at[i] = slices.Index(rows[0], name); at[i] < 0 {
			return nil, fmt.Errorf("%w: %s has no column %q", errUsage, file, name)
		}
	}
	picked := make([][]string, 0, len(rows)-1)
	for _, row := range rows[1:] {
		cells := make([]string, len(at))
		for i, column := range at {
			cells[i] = row[column]
		}
		picked = append(picked, cells)
	}
	return picked, nil
}
