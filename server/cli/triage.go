package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"github.com/BurntSushi/toml"

	"github.com/kith-social/kith/triage"
)

type triageCmd struct {
	Score triageScoreCmd `cmd:"" help:"Score the texts on standard input, one JSON object with id and text a line."`
	Bench triageBenchCmd `cmd:"" help:"Learn labels from a CSV file and predict those of another."`
}

type triageScoreCmd struct {
	Topics string `help:"TOML file of topics, each [[topic]] with name, keywords and perhaps examples." type:"existingfile" placeholder:"FILE"`
}

func (c *triageScoreCmd) Run(streams IO) error {
	topics, err := readTopics(c.Topics)
	if err != nil {
		return err
	}
	scorer := triage.New(topics)
	in := bufio.NewReaderSize(streams.In, 1<<20)
	out := bufio.NewWriter(streams.Out)
	defer out.Flush()
	encode := json.NewEncoder(out)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if len(line) > 1 {
			var text struct {
				ID   identifier `json:"id"`
				Text *string    `json:"text"`
			}
			if err := json.Unmarshal(line, &text); err != nil {
				return fmt.Errorf("%w: line %d is not a JSON object with id and text: %w", errUsage, n, err)
			}
			if text.Text == nil {
				return fmt.Errorf("%w: line %d has no text", errUsage, n)
			}
			if err := encode.Encode(scorer.Report(string(text.ID), *text.Text)); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// identifier is an id that others may write as a text or as a number.
type identifier string

// UnmarshalJSON takes a number as it is written, because large ones lose digits otherwise.
func (id *identifier) UnmarshalJSON(b []byte) error {
	if b[0] != '"' {
		*id = identifier(b)
		return nil
	}
	return json.Unmarshal(b, (*string)(id))
}

// readTopics reads a brand's topics from a file of [[topic]] tables; none for no file.
func readTopics(file string) ([]triage.Topic, error) {
	if file == "" {
		return nil, nil
	}
	var read struct {
		Topic []struct {
			Name     string
			Keywords []string
			Examples []string
		}
	}
	if _, err := toml.DecodeFile(file, &read); err != nil {
		return nil, fmt.Errorf("%w: read %s: %w", errUsage, file, err)
	}
	topics := make([]triage.Topic, len(read.Topic))
	for i, t := range read.Topic {
		topics[i] = triage.Topic{ID: int64(i + 1), Name: t.Name, Keywords: t.Keywords, Examples: t.Examples}
	}
	return topics, nil
}
