package listeners

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// EraseAccount deletes who an account is and what it wrote in these cases, which are all of its cases, and
// returns the posts as they were. Tombstones that do not name them keep late copies out.
func EraseAccount(ctx context.Context, tx Tx, a Account, cases []int64) ([]Mention, error) {
	var posts []Mention
	if len(cases) > 0 {
		err := tx.NewSelect().Model(&posts).Where("m.case_id IN (?) AND NOT m.ours AND m.account_id = ?", bun.List(cases), a.ID).Order("m.id").Scan(ctx)
		if err != nil {
			return nil, fmt.Errorf("find the posts of account %d: %w", a.ID, err)
		}
		_, err = tx.NewUpdate().Model((*Mention)(nil)).Set("to_id = '', thread_key = 'erased:' || case_id, parent_id = ''").Where("case_id IN (?)", bun.List(cases)).Exec(ctx)
		if err != nil {
			return nil, fmt.Errorf("take account %d out of its threads: %w", a.ID, err)
		}
	}
	natives := make([]string, len(posts))
	for i := range posts {
		m := &posts[i]
		natives[i] = m.NativeID
		if err := wipe(ctx, tx, m.ID, Erased); err != nil {
			return nil, err
		}
		name := Nameless(m.Network, m.NativeID)
		s := tombstone{BrandID: m.BrandID, Network: m.Network, NativeID: name, Why: Erased, CreatedAt: tx.Now()}
		if _, err := tx.NewInsert().Model(&s).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
			return nil, fmt.Errorf("remember an erased post: %w", err)
		}
		if _, err := tx.NewUpdate().Model((*Mention)(nil)).Set("native_id = ?", "erased:"+name).Where("id = ?", m.ID).Exec(ctx); err != nil {
			return nil, fmt.Errorf("take the name from mention %d: %w", m.ID, err)
		}
		m.GoneWhy = Erased
	}
	_, err := tx.NewUpdate().Model((*Account)(nil)).Set("native_id = ?, handle = '', name = ''", fmt.Sprintf("erased:%d", a.ID)).Where("id = ?", a.ID).Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("erase account %d: %w", a.ID, err)
	}
	var connections []Connection
	if err := tx.NewSelect().Model(&connections).Where("brand_id = ? AND network = ?", a.BrandID, a.Network).Scan(ctx); err != nil {
		return nil, fmt.Errorf("find the connections of account %d: %w", a.ID, err)
	}
	for _, c := range connections {
		if err := forgetRaw(ctx, tx, c, append([]string{a.NativeID}, natives...)); err != nil {
			return nil, err
		}
	}
	return posts, nil
}
