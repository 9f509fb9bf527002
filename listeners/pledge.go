package listeners

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
)

// Pledge is something promised to a customer or a network that a restored backup must not undo. It names
// nobody: its hash is Nameless of an account or a post. Rows are only added; of an account or a post the
// latest counts.
type Pledge struct {
	bun.BaseModel `bun:"table:pledges" json:"-"`

	ID        int64      `bun:",pk,autoincrement" json:"-"`
	BrandID   int64      `json:"brand"`
	Network   string     `json:"network"`
	Hash      string     `json:"hash"`
	Kind      PledgeKind `json:"kind"`
	Why       GoneWhy    `json:"why,omitempty"`   // PostGone
	Since     clock.Time `json:"since,omitempty"` // OptedOutThen
	CreatedAt clock.Time `json:"at"`
}

// PledgeKind is what was promised.
type PledgeKind string

// The kinds of pledges.
const (
	AccountErased PledgeKind = "erased"    // nothing of an account is stored from before this
	PostGone      PledgeKind = "gone"      // a post is not shown here any more
	PostShown     PledgeKind = "shown"     // a post that was hidden is shown again
	OptedOutThen  PledgeKind = "opted_out" // nobody writes to an account
	OptedInThen   PledgeKind = "opted_in"  // that is over
)

// AddPledges writes pledges down, once each; those without a time are made now.
func AddPledges(ctx context.Context, tx Tx, all ...Pledge) error {
	if len(all) == 0 {
		return nil
	}
	for i := range all {
		if all[i].CreatedAt == 0 {
			all[i].CreatedAt = tx.Now()
		}
	}
	if _, err := tx.NewInsert().Model(&all).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("write pledges down: %w", err)
	}
	return nil
}

// PledgesAfter reads pledges in the order of their times, those after a time and an id; at most most.
func PledgesAfter(ctx context.Context, db bun.IDB, at clock.Time, id int64, most int) ([]Pledge, error) {
	var all []Pledge
	err := db.NewSelect().Model(&all).Where("created_at >= ? AND (created_at, id) > (?, ?)", at, at, id).
		Order("created_at", "id").Limit(int64(most)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read pledges: %w", err)
	}
	return all, nil
}

// silences finds since when accounts of a connection's network want to hear nothing, also where they were
// erased since; by native id. Who does not mind is left out.
func silences(ctx context.Context, tx Tx, c Connection, nativeIDs []string) (map[string]clock.Time, error) {
	if len(nativeIDs) == 0 {
		return nil, nil
	}
	natives := make(map[string]string, len(nativeIDs))
	hashes := make([]string, len(nativeIDs))
	for i, id := range nativeIDs {
		hashes[i] = Nameless(c.Network, id)
		natives[hashes[i]] = id
	}
	var all []Pledge
	err := tx.NewSelect().Model(&all).Where("kind IN ('opted_out', 'opted_in') AND brand_id = ? AND network = ?", c.BrandID, c.Network).
		Where(AnyOf(tx, "hash", hashes)).Order("created_at", "id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("look who wants to hear nothing: %w", err)
	}
	since := map[string]clock.Time{}
	for _, p := range all {
		if p.Kind == OptedOutThen {
			since[natives[p.Hash]] = p.Since
		} else {
			delete(since, natives[p.Hash])
		}
	}
	return since, nil
}

// NewPledges writes down those pledges that are not yet, of brands that exist, and returns them in the order
// of their times.
func NewPledges(ctx context.Context, tx Tx, all []Pledge) ([]Pledge, error) {
	var brands []int64
	if err := tx.NewSelect().Table("brands").Column("id").Scan(ctx, &brands); err != nil {
		return nil, fmt.Errorf("list the brands: %w", err)
	}
	var fresh []Pledge
	for some := range slices.Chunk(all, 500) {
		known := slices.DeleteFunc(slices.Clone(some), func(p Pledge) bool { return !slices.Contains(brands, p.BrandID) })
		if len(known) == 0 {
			continue
		}
		var added []Pledge
		if _, err := tx.NewInsert().Model(&known).On("CONFLICT DO NOTHING").Returning("*").Exec(ctx, &added); err != nil {
			return nil, fmt.Errorf("write pledges down again: %w", err)
		}
		fresh = append(fresh, added...)
	}
	slices.SortStableFunc(fresh, func(a, b Pledge) int { return cmp.Compare(a.CreatedAt, b.CreatedAt) })
	return fresh, nil
}

// KeepOut keeps posts that are not stored from being stored, by their hashes.
func KeepOut(ctx context.Context, tx Tx, gone []Pledge) error {
	for some := range slices.Chunk(gone, 500) {
		stones := make([]tombstone, len(some))
		for i, p := range some {
			stones[i] = tombstone{BrandID: p.BrandID, Network: p.Network, NativeID: p.Hash, Why: p.Why, CreatedAt: tx.Now()}
		}
		if _, err := tx.NewInsert().Model(&stones).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
			return fmt.Errorf("keep posts out: %w", err)
		}
	}
	return nil
}
