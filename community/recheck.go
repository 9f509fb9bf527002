package community

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/listeners"
)

// OpenPosts are the native ids of the posts of a connection that somebody is to answer or is answering.
func OpenPosts(ctx context.Context, db bun.IDB, conn listeners.Connection) ([]string, error) {
	var ids []string
	err := db.NewSelect().TableExpr("cases AS c").ColumnExpr("m.native_id").
		Join("JOIN mentions AS m ON m.case_id = c.id AND NOT m.ours AND m.gone_at IS NULL AND m.connection_id = ?", conn.ID).
		Where("c.brand_id = ? AND c.state IN ('open', 'claimed', 'in_review')", conn.BrandID).Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("list the posts that wait for an answer: %w", err)
	}
	return ids, nil
}
