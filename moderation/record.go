package moderation

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// Record is how people have decided about a member's answers so far.
type Record struct {
	Approved int // as written
	Edited   int // approved after an edit
	Returned int
}

// RecordOf counts what reviewers decided about a member's answers.
func RecordOf(ctx context.Context, db bun.IDB, memberID int64) (Record, error) {
	var r Record
	err := db.NewSelect().Model((*Review)(nil)).
		ColumnExpr("COALESCE(SUM(CASE WHEN review.decision = ? AND NOT review.edited THEN 1 ELSE 0 END), 0)", Approved).
		ColumnExpr("COALESCE(SUM(CASE WHEN review.decision = ? AND review.edited THEN 1 ELSE 0 END), 0)", Approved).
		ColumnExpr("COALESCE(SUM(CASE WHEN review.decision = ? THEN 1 ELSE 0 END), 0)", Returned).
		Join("JOIN answers AS a ON a.id = review.answer_id").
		Where("a.member_id = ? AND review.reviewer_id IS NOT NULL", memberID).Scan(ctx, &r.Approved, &r.Edited, &r.Returned)
	if err != nil {
		return r, fmt.Errorf("count the reviews of member %d: %w", memberID, err)
	}
	return r, nil
}
