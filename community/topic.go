package community

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/kith-social/kith/triage"
)

// What a topic can be, at most.
const (
	topicName     = 60 // runes
	mostKeywords  = 30
	keywordLength = 60
	mostExamples  = 50
	exampleLength = 1000
)

// SaveTopic stores a topic of the member's brand, a new one if its ID is 0.
func SaveTopic(ctx context.Context, tx Tx, m *Member, t Topic) (Topic, error) {
	if m.Role != Admin {
		return t, ErrNotAllowed
	}
	t.BrandID, t.Name, t.Keywords, t.Examples = m.BrandID, strings.TrimSpace(t.Name), lines(t.Keywords), lines(t.Examples)
	all, err := Topics(ctx, tx, m.BrandID)
	if err != nil {
		return t, err
	}
	before := ""
	if t.ID != 0 && !slices.ContainsFunc(all, func(other Topic) bool { return other.ID == t.ID }) {
		return t, fmt.Errorf("find topic %d: %w", t.ID, sql.ErrNoRows)
	}
	if err := t.check(); err != nil {
		return t, err
	}
	for _, other := range all {
		if other.ID == t.ID {
			before = other.told()
		} else if triage.Fold(other.Name) == triage.Fold(t.Name) {
			return t, &Invalid{"name", "there is a topic of this name already"}
		}
	}
	if t.ID == 0 {
		_, err = tx.NewInsert().Model(&t).Exec(ctx)
	} else {
		_, err = tx.NewUpdate().Model(&t).Column("name", "keywords", "examples").WherePK().Exec(ctx)
	}
	if err != nil {
		return t, fmt.Errorf("store topic %s: %w", t.Name, err)
	}
	return t, record(ctx, tx, Activity{
		BrandID: m.BrandID, ActorID: m.ID, Kind: SettingChanged, Lane: Staff, Detail: Detail{Rule: "topics", Before: before, Text: t.told()},
	})
}

// told is a topic as the history has it: without its examples, which may be customers' posts.
func (t Topic) told() string {
	t.Examples = nil
	return asJSON(t)
}

func (t *Topic) check() error {
	long := func(texts []string, most int) bool {
		return slices.ContainsFunc(texts, func(s string) bool { return utf8.RuneCountInString(s) > most || !Storable(s) })
	}
	switch {
	case t.Name == "" || long([]string{t.Name}, topicName):
		return &Invalid{"name", "give the topic a short name"}
	case len(t.Keywords) > mostKeywords || long(t.Keywords, keywordLength):
		return &Invalid{"keywords", "30 short keywords at most, one a line"}
	case len(t.Examples) > mostExamples || long(t.Examples, exampleLength):
		return &Invalid{"examples", "50 examples at most, one a line"}
	}
	return nil
}

// lines are texts without those that are empty or come again.
func lines(texts []string) []string {
	kept := []string{}
	for _, text := range texts {
		if text = strings.TrimSpace(text); text != "" && !slices.Contains(kept, text) {
			kept = append(kept, text)
		}
	}
	return kept
}
