package community

import (
	"context"
	"fmt"
	"slices"

	"github.com/kith-social/kith/listeners"
)

// continued finds whom the brand answers where it answers itself: the second half of a long answer is
// for the customer whom the first half answers. It sets ToID of such posts, and returns those that were
// stored before their first half was heard and whose customer is known now.
func continued(ctx context.Context, tx Tx, conn listeners.Connection, own []*listeners.Mention) ([]*listeners.Mention, error) {
	if len(own) == 0 {
		return nil, nil
	}
	accounts, err := listeners.OwnAccounts(ctx, tx, conn.BrandID, conn.Network)
	if err != nil {
		return nil, err
	}
	itself := func(m *listeners.Mention) bool { return slices.Contains(accounts, m.ToID) }
	waiting, err := waitingHalves(ctx, tx, conn, own, accounts)
	if err != nil {
		return nil, err
	}
	var parents []string
	known := make(map[string]*listeners.Mention, len(own))
	for _, m := range slices.Concat(waiting, own) {
		known[m.NativeID] = m
		if itself(m) {
			parents = append(parents, m.ParentID)
		}
	}
	if len(parents) == 0 {
		return nil, nil
	}
	var first []*listeners.Mention
	err = tx.NewSelect().Model(&first).Column("native_id", "parent_id", "to_id").Where("m.ours AND m.brand_id = ? AND m.network = ?", conn.BrandID, conn.Network).
		Where(listeners.AnyOf(tx, "m.native_id", parents)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the first halves of answers: %w", err)
	}
	for _, m := range first {
		if known[m.NativeID] == nil {
			known[m.NativeID] = m
		}
	}
	for range known { // as many halves as there are, in whatever order
		found := false
		for _, m := range known {
			if up := known[m.ParentID]; up != nil && itself(m) && !itself(up) && up.ToID != "" {
				m.ToID, found = up.ToID, true
			}
		}
		if !found {
			break
		}
	}
	return slices.DeleteFunc(waiting, itself), nil
}

// waitingHalves reads posts of the brand to itself in the threads of own that belong to no case yet.
func waitingHalves(ctx context.Context, tx Tx, conn listeners.Connection, own []*listeners.Mention, accounts []string) ([]*listeners.Mention, error) {
	threads := make([]string, len(own))
	for i, m := range own {
		threads[i] = m.ThreadKey
	}
	var waiting []*listeners.Mention
	err := tx.NewSelect().Model(&waiting).Where("m.ours AND m.case_id IS NULL AND m.brand_id = ? AND m.network = ?", conn.BrandID, conn.Network).
		Where(listeners.AnyOf(tx, "m.thread_key", threads)).Where(listeners.AnyOf(tx, "m.to_id", accounts)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the second halves of answers: %w", err)
	}
	return waiting, nil
}

// keep writes what became of stored posts whose customer has been found.
func keep(ctx context.Context, tx Tx, waiting []*listeners.Mention) error {
	for _, m := range waiting {
		_, err := tx.NewUpdate().Model(m).Column("to_id", "case_id").WherePK().Exec(ctx)
		if err != nil {
			return fmt.Errorf("put post %s into its case: %w", m.NativeID, err)
		}
	}
	return nil
}
