package community

import (
	"context"
	"fmt"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

const (
	// visitGap is how long somebody is gone before coming back is another visit.
	visitGap = 30 * time.Minute
	// seenWithin is how exactly the last look at the feed is known: not each look writes.
	seenWithin = time.Minute
	// praiseLife is how long a customer's thanks stand in the feed of who earned them.
	praiseLife = 7 * 24 * time.Hour
)

// Unseen tells, without writing, whether Visit has something to note.
func (m *Member) Unseen(now clock.Time) bool { return now.Sub(m.SeenAt) >= seenWithin }

// Visit notes that the member looks at their feed, and where a new visit begins, until when the one
// before lasted.
func Visit(ctx context.Context, tx Tx, m *Member) error {
	if m.SeenAt != 0 && tx.Now().Sub(m.SeenAt) >= visitGap {
		m.AwaySince = m.SeenAt
	}
	m.SeenAt = tx.Now()
	_, err := tx.NewUpdate().Model(m).Column("seen_at", "away_since").WherePK().Exec(ctx)
	if err != nil {
		return fmt.Errorf("note the visit of member %d: %w", m.ID, err)
	}
	return nil
}

// Meanwhile is what became of a member's work since their visit before, by the kind of their notices.
type Meanwhile map[Kind]int

// meanwhile are the kinds that are counted.
var meanwhile = []Kind{CaseSolved, CustomerThanks, AnswerReturned, AnswerApproved, DraftReused}

// SinceLastTime counts what a member was told since their visit before.
func SinceLastTime(ctx context.Context, db bun.IDB, m *Member) (Meanwhile, error) {
	if m.AwaySince == 0 {
		return nil, nil
	}
	var rows []struct {
		Kind  Kind
		Count int
	}
	err := db.NewSelect().Model((*Notice)(nil)).Column("kind").ColumnExpr("COUNT(*) AS count").
		Where("member_id = ? AND created_at > ? AND kind IN (?)", m.ID, m.AwaySince, bun.List(meanwhile)).Group("kind").Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("count what member %d was told: %w", m.ID, err)
	}
	count := Meanwhile{}
	for _, r := range rows {
		count[r.Kind] = r.Count
	}
	return count, nil
}

// Praised finds the case of the latest customer who thanked the member, if their thanks are recent and
// the last word of the case; a case without an id if there is none.
func Praised(ctx context.Context, db bun.IDB, m *Member, now clock.Time) (Case, error) {
	if m.Trust < 1 && !m.Role.Employee() {
		return Case{}, nil
	}
	var all []Notice
	err := db.NewSelect().Model(&all).
		Where("member_id = ? AND created_at > ? AND kind IN (?)", m.ID, now.Add(-praiseLife), bun.List([]Kind{CustomerThanks, CaseSolved})).
		Order("created_at DESC").Limit(1).Scan(ctx)
	if err != nil || len(all) == 0 {
		return Case{}, err
	}
	cases, err := FindCases(ctx, db, m, []int64{all[0].CaseID})
	c := cases[all[0].CaseID]
	if err != nil || c.AnsweredBy != m.ID || c.CustomerAt < c.AnsweredAt || c.State != Answered && c.State != Resolved {
		return Case{}, err
	}
	return c, nil
}
