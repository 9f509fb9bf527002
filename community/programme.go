package community

import (
	"context"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/uptrace/bun"
)

// Programme is how a brand invites people to answer with it. A brand that has set nothing has the
// starter pack's texts and is not open.
type Programme struct {
	Open        bool                      `json:"open"`
	Topics      []int64                   `json:"topics"` // offered; none means all
	Words       map[string]ProgrammeWords `json:"words"`  // by language
	CodeVersion int                       `json:"code_version"`
}

// ProgrammeWords are what somebody reads before they apply.
type ProgrammeWords struct {
	Do   string `json:"do"`   // what you will do
	Get  string `json:"get"`  // what you get
	Data string `json:"data"` // what happens to your data
	Code string `json:"code"` // the code of conduct, which they agree to
}

// Section names the setting.
func (Programme) Section() string { return "programme" }

const longestProgrammeText = 6000 // characters

// Check tells what is wrong with a programme.
func (p Programme) Check() error {
	for _, language := range []string{"vi", "en"} {
		w := p.Words[language]
		for field, text := range map[string]string{"do": w.Do, "get": w.Get, "data": w.Data, "code": w.Code} {
			if text == "" || !Storable(text) || utf8.RuneCountInString(text) > longestProgrammeText {
				return &Invalid{field + "_" + language, "write something here, 6,000 characters at most"}
			}
		}
	}
	return nil
}

var starterProgramme = sync.OnceValue(func() map[string]ProgrammeWords {
	var words map[string]ProgrammeWords
	readStarter("programme", &words)
	return words
})

// ProgrammeOf reads a brand's programme.
func ProgrammeOf(ctx context.Context, db bun.IDB, brandID int64) (Programme, error) {
	words := make(map[string]ProgrammeWords, 2)
	for language, w := range starterProgramme() {
		words[language] = w
	}
	return Setting(ctx, db, brandID, Programme{Words: words, CodeVersion: 1})
}

// SetProgramme stores a brand's programme. A code of conduct that reads otherwise is a new version.
func SetProgramme(ctx context.Context, tx Tx, by *Member, p Programme) error {
	if by.Role != Admin {
		return ErrNotAllowed
	}
	topics, err := Topics(ctx, tx, by.BrandID)
	if err != nil {
		return err
	}
	for _, id := range p.Topics {
		if !slices.ContainsFunc(topics, func(t Topic) bool { return t.ID == id }) {
			return &Invalid{"topics", "there is no such topic"}
		}
	}
	before, err := ProgrammeOf(ctx, tx, by.BrandID)
	if err != nil {
		return err
	}
	p.CodeVersion = before.CodeVersion
	for language, w := range p.Words {
		if w.Code != before.Words[language].Code {
			p.CodeVersion = before.CodeVersion + 1
		}
	}
	return Set(ctx, tx, by, p)
}

// Offered are the topics that somebody may apply for.
func (p Programme) Offered(all []Topic) []Topic {
	if len(p.Topics) == 0 {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(t Topic) bool { return !slices.Contains(p.Topics, t.ID) })
}
