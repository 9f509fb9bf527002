package community

import (
	"embed"
	"fmt"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"
)

// The starter pack: what a brand begins with until its people write their own. It teaches how to
// answer, and states no facts of any brand: those stand in the thread of a case.
//
//go:embed starter/*.toml
var starterFiles embed.FS

// theme is what practice cases are about, whatever a brand calls the topic.
type theme struct {
	Name    string
	Matches []string // words of a topic's name or keywords, in small letters
	Cases   []struct {
		Right int // of Answers, from 1; 0 is to hand it to staff
		En    casePhrases
		Vi    casePhrases
	} `toml:"case"`
}

type casePhrases struct {
	Thread   string
	Question string
	Answers  []string
	Why      string
}

var starterThemes = sync.OnceValue(func() []theme {
	var themes []theme
	for _, name := range []string{"delivery", "hours", "app", "products", "membership", "brewing"} {
		var t theme
		readStarter(name, &t)
		t.Name = name
		themes = append(themes, t)
	}
	return themes
})

// readStarter reads a file of the starter pack. They are embedded and read by every test.
func readStarter(name string, into any) {
	meta, err := toml.DecodeFS(starterFiles, "starter/"+name+".toml", into)
	if err == nil && len(meta.Undecoded()) > 0 {
		err = fmt.Errorf("nobody reads %v", meta.Undecoded())
	}
	if err != nil {
		panic(fmt.Sprintf("starter/%s.toml: %v", name, err))
	}
}

// starterCases are the starter pack's cases of the theme that fits a topic best; none if none fits.
func starterCases(t Topic, language string) []PracticeCase {
	var best *theme
	most := 0
	themes := starterThemes()
	for i := range themes {
		if n := themes[i].fits(t); n > most {
			best, most = &themes[i], n
		}
	}
	if best == nil {
		return nil
	}
	cases := make([]PracticeCase, len(best.Cases))
	for i, c := range best.Cases {
		said := c.En
		if language == "vi" {
			said = c.Vi
		}
		right := c.Right - 1
		if c.Right == 0 {
			right = len(said.Answers)
		}
		cases[i] = PracticeCase{
			Key: fmt.Sprintf("%s/%d", best.Name, i+1), Thread: said.Thread, Question: said.Question, Choices: said.Answers, Right: right, Why: said.Why,
		}
	}
	return cases
}

// fits counts what a topic has in common with a theme; its name counts for more than its keywords.
func (th *theme) fits(t Topic) int {
	n := 0
	for _, word := range th.Matches {
		if strings.Contains(strings.ToLower(t.Name), word) {
			n += 3
		}
		for _, k := range t.Keywords {
			if strings.EqualFold(k, word) {
				n++
			}
		}
	}
	return n
}
