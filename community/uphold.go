package community

import (
	"context"
	"fmt"

	"github.com/kith-social/kith/listeners"
)

// Uphold does again, on a database restored from a backup, what was promised after the backup was made:
// accounts that were erased are erased, posts that were gone go, who opted out is left in peace. Pledges that
// the database knows count as done. It returns how many it did not know.
func Uphold(ctx context.Context, tx Tx, all []listeners.Pledge) (int, error) {
	fresh, err := listeners.NewPledges(ctx, tx, all)
	if err != nil || len(fresh) == 0 {
		return 0, err
	}
	w := promised{posts: map[subject]listeners.Pledge{}, erased: map[subject]bool{}, silent: map[subject]listeners.Pledge{}}
	for _, p := range fresh { // the latest counts
		s := subject{p.BrandID, p.Network, p.Hash}
		switch p.Kind {
		case listeners.PostGone, listeners.PostShown:
			w.posts[s] = p
		case listeners.AccountErased:
			w.erased[s] = true
		case listeners.OptedOutThen, listeners.OptedInThen:
			w.silent[s] = p
		}
	}
	if err := w.upholdAccounts(ctx, tx); err != nil {
		return 0, err
	}
	return len(fresh), w.upholdPosts(ctx, tx)
}

// subject is an account or a post that something was promised of, by its hash.
type subject struct {
	brand         int64
	network, hash string
}

// promised is what counts of the pledges.
type promised struct {
	posts  map[subject]listeners.Pledge
	erased map[subject]bool
	silent map[subject]listeners.Pledge
}

// heldAgainst is how many rows are held against the pledges at once.
const heldAgainst = 2000

func (w *promised) upholdAccounts(ctx context.Context, tx Tx) error {
	if len(w.erased)+len(w.silent) == 0 {
		return nil
	}
	for last := int64(0); ; {
		var some []listeners.Account
		if err := tx.NewSelect().Model(&some).Where("id > ?", last).Order("id").Limit(heldAgainst).Scan(ctx); err != nil {
			return fmt.Errorf("hold accounts against pledges: %w", err)
		}
		for _, a := range some {
			if err := w.upholdAccount(ctx, tx, a); err != nil {
				return err
			}
			last = a.ID
		}
		if len(some) < heldAgainst {
			return nil
		}
	}
}

func (w *promised) upholdAccount(ctx context.Context, tx Tx, a listeners.Account) error {
	s := subject{a.BrandID, a.Network, listeners.Nameless(a.Network, a.NativeID)}
	if w.erased[s] {
		_, err := Erase(ctx, tx, a, 0)
		return err
	}
	switch p := w.silent[s]; p.Kind {
	case listeners.OptedOutThen:
		if err := listeners.OptOut(ctx, tx, a.ID, p.Since); err != nil {
			return err
		}
		return leaveInPeace(ctx, tx, a.ID, nil)
	case listeners.OptedInThen:
		return listeners.OptIn(ctx, tx, a)
	}
	return nil
}

func (w *promised) upholdPosts(ctx context.Context, tx Tx) error {
	if len(w.posts) == 0 {
		return nil
	}
	for last := int64(0); ; {
		var some []struct {
			ID, BrandID       int64
			Network, NativeID string
		}
		err := tx.NewSelect().Table("mentions").Column("id", "brand_id", "network", "native_id").Where("id > ? AND gone_at IS NULL", last).
			Order("id").Limit(heldAgainst).Scan(ctx, &some)
		if err != nil {
			return fmt.Errorf("hold posts against pledges: %w", err)
		}
		byPlace := map[subject][]listeners.Removal{}
		for _, m := range some {
			s := subject{m.BrandID, m.Network, listeners.Nameless(m.Network, m.NativeID)}
			if p := w.posts[s]; p.Kind == listeners.PostGone {
				place := subject{brand: m.BrandID, network: m.Network}
				byPlace[place] = append(byPlace[place], listeners.Removal{NativeID: m.NativeID, Why: p.Why})
			}
			delete(w.posts, s)
			last = m.ID
		}
		for place, removals := range byPlace {
			if err := Remove(ctx, tx, listeners.Connection{BrandID: place.brand, Network: place.network}, removals); err != nil {
				return err
			}
		}
		if len(some) < heldAgainst {
			break
		}
	}
	var unknown []listeners.Pledge
	for _, p := range w.posts {
		if p.Kind == listeners.PostGone {
			unknown = append(unknown, p)
		}
	}
	return listeners.KeepOut(ctx, tx, unknown)
}
