package community

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// Test is what somebody gave as answers to cases of a topic. The cases are kept as they were asked.
type Test struct {
	bun.BaseModel `bun:"table:tests,alias:test"`

	ID        int64 `bun:",pk,autoincrement"`
	BrandID   int64
	PersonID  int64
	TopicID   int64
	Version   string
	Cases     []PracticeCase `bun:"type:text"`
	Given     []int          `bun:"type:text"` // the choices so far, in the order of Cases
	Passed    bool
	StartedAt clock.Time
	EndedAt   clock.Time `bun:",nullzero"`
}

const (
	testCases = 8              // in a test, where the topic has so many
	testRetry = 24 * time.Hour // after a test that was not passed: a night to think
	passMark  = 80             // percent of right choices

	// provenVersion marks a topic in which somebody has shown in public that they can help.
	provenVersion = "threads"
)

// Rights is how many of the choices given are right.
func (t *Test) Rights() int {
	n := 0
	for i, g := range t.Given {
		if g == t.Cases[i].Right {
			n++
		}
	}
	return n
}

// Needs is how many right choices pass the test.
func (t *Test) Needs() int { return (len(t.Cases)*passMark + 99) / 100 }

// Lesson is how somebody stands with a topic.
type Lesson struct {
	Topic    Topic
	Cases    int        // to practise on; a topic without any has no test
	Passed   bool       // some time
	UnderWay bool       // a test has begun
	RetryAt  clock.Time // when the next test may begin, after one that was not passed
}

// Lessons reads how a person stands with each topic of a brand, in the order of the names.
func Lessons(ctx context.Context, db bun.IDB, brandID, personID int64, language string) ([]Lesson, error) {
	byPerson, err := LessonsOf(ctx, db, brandID, []int64{personID}, language)
	return byPerson[personID], err
}

// LessonsOf is Lessons for several people at once.
func LessonsOf(ctx context.Context, db bun.IDB, brandID int64, personIDs []int64, language string) (map[int64][]Lesson, error) {
	if len(personIDs) == 0 {
		return nil, nil
	}
	topics, err := Topics(ctx, db, brandID)
	if err != nil {
		return nil, err
	}
	var own []struct {
		TopicID int64
		N       int
	}
	err = db.NewSelect().Table("practice_cases").Column("topic_id").ColumnExpr("COUNT(*) AS n").Where("brand_id = ?", brandID).Group("topic_id").Scan(ctx, &own)
	if err != nil {
		return nil, fmt.Errorf("count the practice cases of brand %d: %w", brandID, err)
	}
	var tests []Test
	err = db.NewSelect().Model(&tests).Column("id", "person_id", "topic_id", "passed", "ended_at").
		Where("brand_id = ? AND person_id IN (?)", brandID, bun.List(personIDs)).Order("id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read tests of brand %d: %w", brandID, err)
	}
	byPerson := make(map[int64][]Lesson, len(personIDs))
	for _, person := range personIDs {
		lessons := make([]Lesson, len(topics))
		for i, t := range topics {
			s := Lesson{Topic: t, Cases: len(starterCases(t, language))}
			for _, o := range own {
				if o.TopicID == t.ID {
					s.Cases += o.N
				}
			}
			for _, test := range tests {
				if test.PersonID != person || test.TopicID != t.ID {
					continue
				}
				s.Passed = s.Passed || test.Passed
				s.UnderWay = test.EndedAt == 0
				if !test.Passed && test.EndedAt != 0 {
					s.RetryAt = test.EndedAt.Add(testRetry)
				}
			}
			lessons[i] = s
		}
		byPerson[person] = lessons
	}
	return byPerson, nil
}

// Learner is somebody who may practise: a member, or who applied to become one.
type Learner struct {
	BrandID     int64
	PersonID    int64
	Member      *Member      // nil for an applicant
	Application *Application // nil for a member
}

// StartTest begins a test of a topic, or goes on with the one that has begun.
func StartTest(ctx context.Context, tx Tx, who Learner, topicID int64, language string) (Test, error) {
	topic, err := FindTopic(ctx, tx, who.BrandID, topicID)
	if err != nil {
		return Test{}, err
	}
	if t, err := TestUnderWay(ctx, tx, who, topicID); err != nil || t.ID != 0 {
		return t, err
	}
	lessons, err := Lessons(ctx, tx, who.BrandID, who.PersonID, language)
	if err != nil {
		return Test{}, err
	}
	for _, s := range lessons {
		switch {
		case s.Topic.ID != topicID:
		case s.Passed:
			return Test{}, ErrTestPassed
		case tx.Now() < s.RetryAt:
			return Test{}, ErrTestTooSoon
		}
	}
	own, starter, err := PracticeCases(ctx, tx, topic, language)
	if err != nil {
		return Test{}, err
	}
	t := Test{BrandID: who.BrandID, PersonID: who.PersonID, TopicID: topicID, Given: []int{}, StartedAt: tx.Now()}
	t.Cases = draw(own, starter, fmt.Sprintf("%d:%d:%d", who.PersonID, topicID, tx.Now()))
	if len(t.Cases) == 0 {
		return Test{}, ErrNoPractice
	}
	t.Version = versionOf(t.Cases)
	if _, err := tx.NewInsert().Model(&t).Exec(ctx); err != nil {
		return t, fmt.Errorf("begin a test of topic %d: %w", topicID, err)
	}
	if who.Application != nil {
		return t, who.Application.progress(ctx, tx)
	}
	return t, nil
}

// draw picks the cases of a test: a brand's own come before the starter pack's.
func draw(own, starter []PracticeCase, seed string) []PracticeCase {
	key := func(p PracticeCase) string { return p.Key }
	all := slices.Concat(shuffled(own, seed, key), shuffled(starter, seed, key))
	return shuffled(all[:min(len(all), testCases)], seed, key)
}

// TestUnderWay reads the test of a topic that somebody has begun; one without an id if there is none.
func TestUnderWay(ctx context.Context, db bun.IDB, who Learner, topicID int64) (Test, error) {
	return someTest(ctx, db.NewSelect().Where("brand_id = ? AND person_id = ? AND topic_id = ? AND ended_at IS NULL", who.BrandID, who.PersonID, topicID))
}

// LastTest reads the latest test of a topic that somebody took; one without an id if there is none.
func LastTest(ctx context.Context, db bun.IDB, who Learner, topicID int64) (Test, error) {
	return someTest(ctx, db.NewSelect().Where("brand_id = ? AND person_id = ? AND topic_id = ?", who.BrandID, who.PersonID, topicID))
}

func someTest(ctx context.Context, q *bun.SelectQuery) (Test, error) {
	var all []Test
	if err := q.Model(&all).Order("id DESC").Limit(1).Scan(ctx); err != nil {
		return Test{}, fmt.Errorf("read a test: %w", err)
	}
	if len(all) == 0 {
		return Test{}, nil
	}
	return all[0], nil
}

// AnswerTest stores the choice for a case of the test under way; place is the case's, so that a form
// sent twice counts once. With the last choice the test ends, and what was passed counts.
func AnswerTest(ctx context.Context, tx Tx, who Learner, topicID int64, place, choice int) (Test, error) {
	t, err := TestUnderWay(ctx, tx, who, topicID)
	switch {
	case err != nil:
		return t, err
	case t.ID == 0 || place != len(t.Given):
		return t, ErrChanged
	case choice < 0 || choice > t.Cases[place].ToStaff():
		return t, &Invalid{"choice", "choose one of the answers"}
	}
	t.Given = append(t.Given, choice)
	if len(t.Given) == len(t.Cases) {
		t.EndedAt, t.Passed = tx.Now(), t.Rights() >= t.Needs()
	}
	res, err := tx.NewUpdate().Model(&t).Column("given", "passed", "ended_at").
		Where("id = ? AND given = ?", t.ID, asJSON(t.Given[:place])).Exec(ctx)
	if err != nil {
		return t, fmt.Errorf("store a choice in test %d: %w", t.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return t, ErrChanged
	}
	if !t.Passed {
		return t, nil
	}
	if who.Application != nil {
		return t, who.Application.progress(ctx, tx)
	}
	return t, who.Member.learn(ctx, tx, topicID)
}

// learn adds a topic to those that a member knows.
func (m *Member) learn(ctx context.Context, tx Tx, topicID int64) error {
	if slices.Contains(m.Topics, topicID) {
		return nil
	}
	m.Topics = append(m.Topics, topicID)
	if _, err := tx.NewUpdate().Model((*Member)(nil)).Set("topics = ?", asJSON(m.Topics)).Where("id = ?", m.ID).Exec(ctx); err != nil {
		return fmt.Errorf("add a topic to member %d: %w", m.ID, err)
	}
	return nil
}
