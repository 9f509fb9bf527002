package listeners

import (
	"context"
	"fmt"
	"strings"

	"github.com/uptrace/bun"
	"golang.org/x/text/unicode/norm"
)

// Recognise tells which of the brand's own posts are replies of this outbox, by native id: one account
// may hear what another has posted. A
// post whose reply is not known as sent yet is recognised by its parent and text; a reply that was
// about to be sent again is put in doubt, so that it is found rather than doubled.
func Recognise(ctx context.Context, tx Tx, c Connection, own []Post) (map[string]bool, error) {
	if len(own) == 0 {
		return nil, nil
	}
	natives, parents := make([]string, len(own)), make([]string, len(own))
	for i, p := range own {
		natives[i], parents[i] = p.NativeID, p.ParentID
	}
	sent := func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("native_id <> ''").Where(AnyOf(tx, "native_id", natives))
	}
	leaving := func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("native_id = '' AND state IN (?)", bun.List(inFlight)).Where(AnyOf(tx, "parent_id", parents))
	}
	var known []Reply
	for _, which := range []func(*bun.SelectQuery) *bun.SelectQuery{sent, leaving} { // apart, so that each has its index
		var some []Reply
		err := tx.NewSelect().Model(&some).Column("id", "native_id", "parent_id", "text", "state").Apply(which).
			Where("connection_id IN (SELECT id FROM connections WHERE brand_id = ? AND network = ?)", c.BrandID, c.Network).Scan(ctx)
		if err != nil {
			return nil, fmt.Errorf("recognise own posts: %w", err)
		}
		known = append(known, some...)
	}
	for _, which := range []func(*bun.SelectQuery) *bun.SelectQuery{sent, leaving} {
		some, err := receiptsOf(ctx, tx, func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Apply(which).Where("connection_id IN (SELECT id FROM connections WHERE brand_id = ? AND network = ?)", c.BrandID, c.Network)
		})
		if err != nil {
			return nil, err
		}
		known = append(known, some...)
	}
	ours := map[string]bool{}
	var again []string
	for _, p := range own {
		for _, r := range known {
			mayBeOut := r.State == Sending || r.State == InDoubt || r.State == AskHuman
			switch {
			case r.NativeID == p.NativeID:
				ours[p.NativeID] = true
			case r.NativeID == "" && r.ParentID == p.ParentID && (mayBeOut || SameText(r.Text, p.Text)):
				ours[p.NativeID] = true
				again = append(again, r.ID)
			}
		}
	}
	if len(again) == 0 {
		return ours, nil
	}
	_, err := tx.NewUpdate().Model((*Reply)(nil)).
		Set("state = ?, due_at = ?, version = version + 1", InDoubt, tx.Now()).
		Where("id IN (?) AND state IN (?)", bun.List(again), bun.List([]ReplyState{Queued, Retry})).Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("doubt replies that were recognised: %w", err)
	}
	_, err = tx.NewUpdate().Model((*Receipt)(nil)).
		Set("state = ?, due_at = ?, version = version + 1", InDoubt, tx.Now()).
		Where("id IN (?) AND state IN (?)", bun.List(again), bun.List([]ReplyState{Queued, Retry})).Exec(ctx)
	return ours, err
}

// SameText tells whether a network's copy of a text is the text that was sent: networks trim it and
// put the names of those who are answered in front.
func SameText(sent, copied string) bool {
	return bare(sent) == bare(copied)
}

func bare(text string) string {
	words := strings.Fields(text)
	for len(words) > 0 && strings.HasPrefix(words[0], "@") {
		words = words[1:]
	}
	return norm.NFC.String(strings.Join(words, " "))
}
