package community

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/gamification"
)

// decoratedAtOnce bounds how many entries are looked at for badges in one transaction.
const decoratedAtOnce = 200

// BadgesDue tells, without writing, whether AwardBadges has something to do for a brand.
func BadgesDue(ctx context.Context, db bun.IDB, brandID int64, now clock.Time) (bool, error) {
	return gamification.BadgesDue(ctx, db, brandID, now)
}

// AwardBadges looks at the ledgers in which entries have matured, and gives and takes back badges, each announced.
func AwardBadges(ctx context.Context, tx Tx, brandID int64) error {
	ids, err := gamification.NextDecorated(ctx, tx, brandID, tx.Now(), decoratedAtOnce)
	if err != nil || len(ids) == 0 {
		return err
	}
	var members []Member
	err = tx.NewSelect().Model(&members).Where("id IN (?) AND role = ? AND state <> ?", bun.List(ids), Advocate, Alumni).Order("id").Scan(ctx)
	if err != nil {
		return fmt.Errorf("read who may have earned badges: %w", err)
	}
	for i := range members {
		if err := members[i].decorate(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

func (m *Member) decorate(ctx context.Context, tx Tx) error {
	tested, err := TestedTopics(ctx, tx, m)
	if err != nil {
		return err
	}
	given, taken, err := gamification.Decorate(ctx, tx, tx.Now(), m.BrandID, m.ID, tested)
	if err != nil {
		return err
	}
	for _, a := range given {
		if err := m.recordBadge(ctx, tx, BadgeGiven, a); err != nil {
			return err
		}
		if err := tell(ctx, tx, &Case{BrandID: m.BrandID}, m.ID, BadgeGiven, fmt.Sprintf("badge:%d", a.ID)); err != nil {
			return err
		}
	}
	for _, a := range taken {
		if err := m.recordBadge(ctx, tx, BadgeTaken, a); err != nil {
			return err
		}
		if err := tell(ctx, tx, &Case{BrandID: m.BrandID}, m.ID, BadgeTaken, fmt.Sprintf("badge_taken:%d", a.ID)); err != nil {
			return err
		}
	}
	return nil
}

func (m *Member) recordBadge(ctx context.Context, tx Tx, kind Kind, a gamification.Award) error {
	return record(ctx, tx, Activity{
		BrandID: m.BrandID, ActorID: a.GivenBy, Kind: kind, Lane: Staff, Detail: Detail{Member: m.ID, Rule: string(a.Badge), Text: a.Words},
	})
}

// TestedTopics reads the topics of whose tests a member has passed one.
func TestedTopics(ctx context.Context, db bun.IDB, m *Member) ([]int64, error) {
	var topics []int64
	err := db.NewSelect().Table("tests").ColumnExpr("DISTINCT topic_id").Where("brand_id = ? AND person_id = ? AND passed", m.BrandID, m.PersonID).
		Order("topic_id").Scan(ctx, &topics)
	if err != nil {
		return nil, fmt.Errorf("read the tests that member %d has passed: %w", m.ID, err)
	}
	return topics, nil
}

// mostPraise bounds what somebody writes of a member, in characters.
const mostPraise = 500

// GiveAward lets an employee give a member a badge for something that no number sees, with words of their own.
func GiveAward(ctx context.Context, tx Tx, by *Member, memberID int64, words string) error {
	if !by.Role.Employee() {
		return ErrNotAllowed
	}
	m, err := findAdvocate(ctx, tx.NewSelect(), by, memberID)
	if err != nil {
		return err
	}
	words = strings.TrimSpace(words)
	if n := utf8.RuneCountInString(words); n < 10 || n > mostPraise || !Storable(words) {
		return &Invalid{"words", "say in a sentence or two what they did, in at most 500 characters"}
	}
	a, err := gamification.Praise(ctx, tx, tx.Now(), m.BrandID, m.ID, by.ID, words)
	if err != nil {
		return err
	}
	if err := m.recordBadge(ctx, tx, BadgeGiven, a); err != nil {
		return err
	}
	return tell(ctx, tx, &Case{BrandID: m.BrandID}, m.ID, BadgeGiven, fmt.Sprintf("badge:%d", a.ID))
}
