package community

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// PracticeCase is a customer's post to practise on: what was said, several answers, which is right, and
// why. Besides the answers one can always hand the case to staff, which is the choice after the last.
type PracticeCase struct {
	Key      string   `json:"key"`              // "delivery/3" of the starter pack, "own/17" of a brand's own
	Thread   string   `json:"thread,omitempty"` // what had been said before
	Question string   `json:"question"`
	Choices  []string `json:"choices"`
	Right    int      `json:"right"` // of Choices; len(Choices) is to hand it to staff
	Why      string   `json:"why"`
}

// ToStaff is the choice to hand the case to staff.
func (p *PracticeCase) ToStaff() int { return len(p.Choices) }

// Order is the order in which the answers are shown to somebody, the same for the same seed.
func (p *PracticeCase) Order(seed string) []int {
	order := make([]int, len(p.Choices))
	for i := range order {
		order[i] = i
	}
	return shuffled(order, seed+p.Key, func(i int) string { return fmt.Sprint(i) })
}

// ownCase is a practice case that a brand's people added.
type ownCase struct {
	bun.BaseModel `bun:"table:practice_cases"`

	ID        int64 `bun:",pk,autoincrement"`
	BrandID   int64
	TopicID   int64
	Language  string
	Question  string
	Choices   []string `bun:"type:text"`
	Answer    int
	Why       string
	Source    string // faq or solved
	MadeBy    int64
	CreatedAt clock.Time
}

func (o *ownCase) asked() PracticeCase {
	return PracticeCase{Key: fmt.Sprintf("own/%d", o.ID), Question: o.Question, Choices: o.Choices, Right: o.Answer, Why: o.Why}
}

// mostOwnCases bounds what is read of a topic; nobody practises more.
const mostOwnCases = 200

// PracticeCases reads the cases of a topic in a language: the brand's own first, then the starter
// pack's. A brand whose own cases are all in another language gives those.
func PracticeCases(ctx context.Context, db bun.IDB, t Topic, language string) (own, starter []PracticeCase, err error) {
	var all []ownCase
	err = db.NewSelect().Model(&all).Where("brand_id = ? AND topic_id = ?", t.BrandID, t.ID).Order("id DESC").Limit(mostOwnCases).Scan(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("read the practice cases of topic %d: %w", t.ID, err)
	}
	starter = starterCases(t, language)
	for _, o := range all {
		if o.Language == language {
			own = append(own, o.asked())
		}
	}
	if len(own)+len(starter) > 0 {
		return own, starter, nil
	}
	for _, o := range all {
		own = append(own, o.asked())
	}
	return own, starter, nil
}

// NewCase is a practice case that staff add.
type NewCase struct {
	Question string
	Choices  []string
	Right    int
	Why      string
}

const (
	mostNewCases   = 50   // at once
	longestCase    = 1000 // characters of a question, an answer or an explanation
	fromFAQ        = "faq"
	fromSolvedCase = "solved"
)

// AddCases stores practice cases of a topic.
func AddCases(ctx context.Context, tx Tx, by *Member, topicID int64, language, source string, cases []NewCase) error {
	if !by.Role.Employee() {
		return ErrNotAllowed
	}
	if _, err := FindTopic(ctx, tx, by.BrandID, topicID); err != nil {
		return err
	}
	switch {
	case language != "en" && language != "vi":
		return &Invalid{"language", "the languages are en and vi"}
	case len(cases) == 0:
		return &Invalid{"faq", "no question with an answer was found in this text"}
	case len(cases) > mostNewCases:
		return &Invalid{"faq", "at most 50 cases can be added at once"}
	}
	rows := make([]ownCase, len(cases))
	for i, c := range cases {
		for _, text := range append([]string{c.Question, c.Why}, c.Choices...) {
			if !Storable(text) || utf8.RuneCountInString(text) > longestCase {
				return &Invalid{"faq", "a question and an answer have at most 1,000 characters each"}
			}
		}
		rows[i] = ownCase{
			BrandID: by.BrandID, TopicID: topicID, Language: language, Question: c.Question, Choices: c.Choices, Answer: c.Right, Why: c.Why,
			Source: source, MadeBy: by.ID, CreatedAt: tx.Now(),
		}
	}
	if _, err := tx.NewInsert().Model(&rows).Exec(ctx); err != nil {
		return fmt.Errorf("add practice cases to topic %d: %w", topicID, err)
	}
	return record(ctx, tx, Activity{BrandID: by.BrandID, ActorID: by.ID, Kind: PracticeAdded, Lane: Staff, Detail: Detail{Posts: len(cases)}})
}

// FindTopic reads a topic of a brand; sql.ErrNoRows for any other.
func FindTopic(ctx context.Context, db bun.IDB, brandID, id int64) (Topic, error) {
	var t Topic
	if err := db.NewSelect().Model(&t).Where("id = ? AND brand_id = ?", id, brandID).Scan(ctx); err != nil {
		return t, fmt.Errorf("find topic %d: %w", id, err)
	}
	return t, nil
}

// shuffled brings things into an order that looks random and is the same for the same seed.
func shuffled[T any](all []T, seed string, key func(T) string) []T {
	place := func(one T) string {
		sum := sha256.Sum256([]byte(seed + "\x00" + key(one)))
		return string(sum[:])
	}
	return slices.SortedFunc(slices.Values(all), func(a, b T) int { return cmp.Compare(place(a), place(b)) })
}

// versionOf names what was asked, so that a result can be compared with it.
func versionOf(cases []PracticeCase) string {
	sum := sha256.Sum256([]byte(asJSON(cases)))
	return hex.EncodeToString(sum[:6])
}

// asJSON is how lists and small structures are stored.
func asJSON(v any) string {
	text, _ := json.Marshal(v) // texts, numbers and lists of them: it cannot fail
	return strings.TrimSpace(string(text))
}
