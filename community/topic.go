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

// SaveTopic stores a topic of the member's brand, a new one if its ID is 0. A new one with the name of one that was deleted
// is that one again.
func SaveTopic(ctx context.Context, tx Tx, m *Member, t Topic) (Topic, error) {
	if m.Role != Admin {
		return t, ErrNotAllowed
	}
	t.BrandID, t.Name, t.Keywords, t.Examples = m.BrandID, strings.TrimSpace(t.Name), lines(t.Keywords), lines(t.Examples)
	all, err := EveryTopic(ctx, tx, m.BrandID)
	if err != nil {
		return t, err
	}
	before, again := "", int64(0)
	if t.ID != 0 && !slices.ContainsFunc(all, func(other Topic) bool { return other.ID == t.ID && other.ArchivedAt == 0 }) {
		return t, fmt.Errorf("find topic %d: %w", t.ID, sql.ErrNoRows)
	}
	if err := t.check(); err != nil {
		return t, err
	}
	for _, other := range all {
		if other.ID == t.ID {
			before = other.told()
			continue
		}
		same := triage.Fold(other.Name) == triage.Fold(t.Name)
		switch {
		case same && t.ID == 0 && other.ArchivedAt != 0:
			again = other.ID
		case same:
			return t, &Invalid{"name", "there is a topic of this name already"}
		}
	}
	if again != 0 {
		t.ID = again
	}
	if t.ID == 0 {
		_, err = tx.NewInsert().Model(&t).Exec(ctx)
	} else {
		_, err = tx.NewUpdate().Model(&t).Column("name", "keywords", "examples", "archived_at").WherePK().Exec(ctx)
	}
	if err != nil {
		return t, fmt.Errorf("store topic %s: %w", t.Name, err)
	}
	return t, record(ctx, tx, Activity{
		BrandID: m.BrandID, ActorID: m.ID, Kind: SettingChanged, Lane: Staff, Detail: Detail{Rule: "topics", Before: before, Text: t.told()},
	})
}

// DeleteTopic takes a topic away from the member's brand. Cases that somebody still has to answer need no particular
// expertise from then on; those that have ended, and members who know the topic, keep it.
func DeleteTopic(ctx context.Context, tx Tx, m *Member, id int64) error {
	if m.Role != Admin {
		return ErrNotAllowed
	}
	all, err := Topics(ctx, tx, m.BrandID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(t Topic) bool { return t.ID == id })
	if i < 0 {
		return fmt.Errorf("find topic %d: %w", id, sql.ErrNoRows)
	}
	t := all[i]
	t.ArchivedAt = tx.Now()
	if _, err := tx.NewUpdate().Model(&t).Column("archived_at").WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("delete topic %s: %w", t.Name, err)
	}
	for _, waits := range []string{"state = 'open'", "state IN ('claimed', 'in_review')"} { // each has an index
		_, err := tx.NewUpdate().Model((*Case)(nil)).Set("topic_id = ?", OtherTopic).Where("brand_id = ? AND topic_id = ?", m.BrandID, id).Where(waits).Exec(ctx)
		if err != nil {
			return fmt.Errorf("take topic %s from cases: %w", t.Name, err)
		}
	}
	return record(ctx, tx, Activity{
		BrandID: m.BrandID, ActorID: m.ID, Kind: SettingChanged, Lane: Staff, Detail: Detail{Rule: "topics", Before: t.told()},
	})
}

// forgetTopic gives a case that waits again, and whose topic was deleted in the meantime, the topic of its latest post.
func (c *Case) forgetTopic(ctx context.Context, tx Tx, latest triage.Score) error {
	if c.TopicID == OtherTopic {
		return nil
	}
	gone, err := tx.NewSelect().Model((*Topic)(nil)).Where("id = ? AND archived_at IS NOT NULL", c.TopicID).Exists(ctx)
	if err != nil {
		return fmt.Errorf("find the topic of case %d: %w", c.ID, err)
	}
	if gone {
		c.TopicID = OtherTopic
		if len(latest.Topics) > 0 {
			c.TopicID = latest.Topics[0].ID
		}
	}
	return nil
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
