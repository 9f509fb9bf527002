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
	if len(cases) > 0 {
		if _, err := tx.NewUpdate().Table("changes").Set("note = ''").Where("case_id IN (?)", bun.List(cases)).Exec(ctx); err != nil {
			return nil, fmt.Errorf("erase what was said of changes: %w", err)
		}
	}
	if len(cases) > 0 { // they call the customer by name
		if _, err := tx.NewDelete().Model((*Receipt)(nil)).Where("case_id IN (?)", bun.List(cases)).Exec(ctx); err != nil {
			return nil, fmt.Errorf("erase receipts: %w", err)
		}
	}
	natives := make([]string, len(posts))
	pledges := []Pledge{{BrandID: a.BrandID, Network: a.Network, Hash: Nameless(a.Network, a.NativeID), Kind: AccountErased}}
	if a.OptedOutAt != 0 { // they are not written to either when they come back as somebody new
		pledges = append(pledges, Pledge{BrandID: a.BrandID, Network: a.Network, Hash: Nameless(a.Network, a.NativeID), Kind: OptedOutThen, Since: a.OptedOutAt})
	}
	for i := range posts {
		m := &posts[i]
		natives[i] = m.NativeID
		if err := wipe(ctx, tx, m.ID, Erased); err != nil {
			return nil, err
		}
		name := Nameless(m.Network, m.NativeID)
		pledges = append(pledges, Pledge{BrandID: m.BrandID, Network: m.Network, Hash: name, Kind: PostGone, Why: Erased})
		s := tombstone{BrandID: m.BrandID, Network: m.Network, NativeID: name, Why: Erased, CreatedAt: tx.Now()}
		if _, err := tx.NewInsert().Model(&s).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
			return nil, fmt.Errorf("remember an erased post: %w", err)
		}
		if _, err := tx.NewUpdate().Model((*Mention)(nil)).Set("native_id = ?", "erased:"+name).Where("id = ?", m.ID).Exec(ctx); err != nil {
			return nil, fmt.Errorf("take the name from mention %d: %w", m.ID, err)
		}
		m.GoneWhy = Erased
	}
	_, err := tx.NewUpdate().Model((*Account)(nil)).
		Set("opted_out_at = NULL, opted_out_by = NULL, opted_out_why = ''").Set("native_id = ?, handle = '', name = '', reach = 0", fmt.Sprintf("erased:%d", a.ID)).Where("id = ?", a.ID).Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("erase account %d: %w", a.ID, err)
	}
	if err := AddPledges(ctx, tx, pledges...); err != nil {
		return nil, err
	}
	return posts, forgetRaw(ctx, tx, a.BrandID, a.Network, append([]string{a.NativeID}, natives...))
}
