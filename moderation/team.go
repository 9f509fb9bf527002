package moderation

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
)

// Team is how all of a brand's people together answered the questions of some time.
type Team struct {
	Tally
	Overdue int // questions that waited longer than a day, or still do
}

// TeamOf adds up the questions that were asked from a moment until before another, as reports do, at now.
func TeamOf(ctx context.Context, db bun.IDB, brandID int64, from, to, now clock.Time) (Team, error) {
	var t Team
	rows, err := questions(db, brandID, Period{From: from, To: to}).Rows(ctx)
	if err != nil {
		return t, fmt.Errorf("add up the questions of brand %d: %w", brandID, err)
	}
	defer rows.Close()
	for rows.Next() {
		var q question
		var at, member sql.NullInt64
		var said sql.NullString
		if err := rows.Scan(&q.id, &q.connection, &q.network, &q.lane, &q.topic, &q.askedAt, &at, &q.stated, &member, &said); err != nil {
			return t, fmt.Errorf("read a question of brand %d: %w", brandID, err)
		}
		q.answeredAt, q.member, q.outcome = clock.Time(at.Int64), member.Int64, community.Outcome(said.String)
		t.add(q)
		end := q.answeredAt
		if end == 0 {
			end = now
		}
		if end.Sub(q.askedAt) > 24*time.Hour {
			t.Overdue++
		}
	}
	return t, rows.Err()
}
