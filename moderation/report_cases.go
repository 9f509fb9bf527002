package moderation

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/uptrace/bun"
)

// Behind says which of a report's questions to list: zero values ask for all of them.
type Behind struct {
	Period
	Network string
	Lane    string
	Topic   *int64
	Member  int64 // who gave the first answer
	Side    Side
	End     End
	Hour    *int // of the day in which was asked
	Limit   int
	After   string // where the page before ended
}

// End is what became of a question.
type End string

// The ends.
const (
	EndAnswered   End = "answered"
	EndUnanswered End = "unanswered"
	EndQuick      End = "quick" // within the promise of two hours
	EndLate       End = "late"  // after it
)

// CasesBehind lists the cases that a report counts, the latest question first, and where the next page
// begins, or "".
func CasesBehind(ctx context.Context, db bun.IDB, m *community.Member, b Behind) ([]community.Case, string, error) {
	q := db.NewSelect().TableExpr("(?) AS q", questions(db, m.BrandID, b.Period)).ColumnExpr("q.id, q.asked_at").
		OrderExpr("q.asked_at DESC, q.id DESC").Limit(int64(b.Limit + 1))
	if q = b.narrow(q); b.After != "" {
		at, id, _ := strings.Cut(b.After, ".")
		before, err1 := strconv.ParseInt(at, 10, 64)
		below, err2 := strconv.ParseInt(id, 10, 64)
		if err1 != nil || err2 != nil {
			return nil, "", &community.Invalid{Field: "cursor", Sentence: "this page does not exist; start from the first"}
		}
		q = q.Where("(q.asked_at, q.id) < (?, ?)", before, below)
	}
	var found []struct {
		ID      int64
		AskedAt clock.Time
	}
	if err := q.Scan(ctx, &found); err != nil {
		return nil, "", fmt.Errorf("list the cases behind a report: %w", err)
	}
	next := ""
	if len(found) > b.Limit {
		found = found[:b.Limit]
		last := found[len(found)-1]
		next = fmt.Sprintf("%d.%d", last.AskedAt, last.ID)
	}
	ids := make([]int64, len(found))
	for i, f := range found {
		ids[i] = f.ID
	}
	byID, err := community.FindCases(ctx, db, m, ids)
	if err != nil {
		return nil, "", err
	}
	var cases []community.Case
	for _, id := range ids {
		if c, ok := byID[id]; ok {
			cases = append(cases, c)
		}
	}
	return cases, next, nil
}

func (b Behind) narrow(q *bun.SelectQuery) *bun.SelectQuery {
	if b.Network != "" {
		q = q.Where("q.network = ?", b.Network)
	}
	if b.Lane != "" {
		q = q.Where("q.lane = ?", b.Lane)
	}
	if b.Topic != nil {
		q = q.Where("q.topic_id = ?", *b.Topic)
	}
	if b.Member != 0 {
		q = q.Where("q.member_id = ?", b.Member)
	}
	if b.Hour != nil {
		q = q.Where("(q.asked_at / 1000000 + ?) % 86400 / 3600 = ?", int64(b.offset().Seconds()), *b.Hour)
	}
	switch b.Side {
	case ByCommunity:
		q = q.Where("EXISTS (SELECT 1 FROM members AS m WHERE m.id = q.member_id AND m.role = ?)", community.Advocate)
	case ByStaff:
		q = q.Where("EXISTS (SELECT 1 FROM members AS m WHERE m.id = q.member_id AND m.role <> ?)", community.Advocate)
	case ByElsewhere:
		q = q.Where("q.answered_at IS NOT NULL AND q.member_id IS NULL AND NOT q.stated")
	case ByStatement:
		q = q.Where("q.stated")
	}
	promise := community.Promise.Microseconds()
	switch b.End {
	case EndAnswered:
		q = q.Where("q.answered_at IS NOT NULL")
	case EndUnanswered:
		q = q.Where("q.answered_at IS NULL")
	case EndQuick:
		q = q.Where("q.answered_at - q.asked_at <= ?", promise)
	case EndLate:
		q = q.Where("q.answered_at - q.asked_at > ?", promise)
	}
	return q
}
