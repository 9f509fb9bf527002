package listeners

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/kith-social/kith/clock"
)

// Erased is why a post is gone whose author asked us to forget them. Its tombstone does not name it.
const Erased GoneWhy = "erased"

type tombstone struct {
	bun.BaseModel `bun:"table:tombstones"`

	BrandID   int64
	Network   string
	NativeID  string
	Why       GoneWhy
	CreatedAt clock.Time
}

// Nameless is how a tombstone knows a post whose id is not to be kept, and a receipt an account.
func Nameless(network, nativeID string) string {
	sum := sha256.Sum256([]byte(network + "/" + nativeID))
	return hex.EncodeToString(sum[:])
}

// alive leaves out posts that are gone. One that was only hidden is shown again.
func alive(ctx context.Context, tx Tx, c Connection, posts []Post) ([]Post, error) {
	if len(posts) == 0 {
		return nil, nil
	}
	names := make([]string, 0, 2*len(posts))
	hashes := make(map[string]string, 2*len(posts)) // by name
	for _, p := range posts {
		hash := Nameless(c.Network, p.NativeID)
		names = append(names, p.NativeID, hash)
		hashes[p.NativeID], hashes[hash] = hash, hash
	}
	var stones []tombstone
	err := tx.NewSelect().Model(&stones).Where("brand_id = ? AND network = ?", c.BrandID, c.Network).Where(AnyOf(tx, "native_id", names)).Scan(ctx)
	if err != nil || len(stones) == 0 {
		return posts, err
	}
	gone := make(map[string]bool, len(stones))
	var shown []string
	for _, s := range stones {
		gone[s.NativeID] = s.Why != Hidden
		if s.Why == Hidden {
			shown = append(shown, s.NativeID)
		}
	}
	if len(shown) > 0 {
		pledges := make([]Pledge, len(shown))
		for i, id := range shown {
			pledges[i] = Pledge{BrandID: c.BrandID, Network: c.Network, Hash: hashes[id], Kind: PostShown}
		}
		if err := AddPledges(ctx, tx, pledges...); err != nil {
			return nil, err
		}
		_, err := tx.NewDelete().Model((*tombstone)(nil)).Where("brand_id = ? AND network = ?", c.BrandID, c.Network).Where(AnyOf(tx, "native_id", shown)).Exec(ctx)
		if err != nil {
			return nil, fmt.Errorf("show posts again: %w", err)
		}
	}
	return slices.DeleteFunc(posts, func(p Post) bool { return gone[p.NativeID] || gone[hashes[p.NativeID]] }), nil
}

// Remove takes away what is stored of posts that the network does not show any more, and remembers those
// that were never stored, so that a late copy is not. It returns the mentions that are gone by this, as
// they were.
func Remove(ctx context.Context, tx Tx, c Connection, removals []Removal) ([]Mention, error) {
	why := make(map[string]GoneWhy, len(removals))
	ids := make([]string, 0, len(removals))
	for _, r := range removals {
		why[r.NativeID] = r.Why
		ids = append(ids, r.NativeID)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	var stored []Mention
	err := tx.NewSelect().Model(&stored).Where("m.brand_id = ? AND m.network = ?", c.BrandID, c.Network).Where(AnyOf(tx, "m.native_id", ids)).Order("m.id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the posts that are gone: %w", err)
	}
	hidden, err := hiddenByUs(ctx, tx, stored)
	if err != nil {
		return nil, err
	}
	var gone []Mention
	var pledges []Pledge
	pledge := func(nativeID string, w GoneWhy) {
		pledges = append(pledges, Pledge{BrandID: c.BrandID, Network: c.Network, Hash: Nameless(c.Network, nativeID), Kind: PostGone, Why: w})
	}
	for _, m := range stored {
		if why[m.NativeID] == Hidden && hidden[m.ID] {
			delete(why, m.NativeID)
			continue // it stands there as before for whoever wrote it
		}
		before := m.GoneWhy
		m.GoneWhy = why[m.NativeID]
		delete(why, m.NativeID)
		if before != "" && (before != Hidden || m.GoneWhy == Hidden) {
			continue // it was before
		}
		if err := wipe(ctx, tx, m.ID, m.GoneWhy); err != nil {
			return nil, err
		}
		pledge(m.NativeID, m.GoneWhy)
		if before == "" {
			gone = append(gone, m)
		}
	}
	for native, w := range why {
		s := tombstone{BrandID: c.BrandID, Network: c.Network, NativeID: native, Why: w, CreatedAt: tx.Now()}
		res, err := tx.NewInsert().Model(&s).On("CONFLICT (native_id, brand_id, network) DO UPDATE").Set("why = EXCLUDED.why").
			Where("tombstone.why = ? AND EXCLUDED.why <> ?", Hidden, Hidden).Exec(ctx)
		if err != nil {
			return nil, fmt.Errorf("remember a post that is gone: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			pledge(native, w)
		}
	}
	if err := AddPledges(ctx, tx, pledges...); err != nil {
		return nil, err
	}
	return gone, forgetRaw(ctx, tx, c.BrandID, c.Network, ids)
}

// wipe empties a mention of everything its author wrote.
func wipe(ctx context.Context, tx Tx, mentionID int64, why GoneWhy) error {
	_, err := tx.NewUpdate().Model((*Mention)(nil)).
		Set("text = '', score = '', media = '', target = '', url = '', rating = 0, delivery = ?, delivery_why = 'gone'", Blocked).
		Set("gone_at = ?, gone_why = ?", tx.Now(), why).Where("id = ?", mentionID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("empty mention %d: %w", mentionID, err)
	}
	return nil
}

// leastTelling is the length from which a post's id in a text means the post.
const leastTelling = 6

// unreadBefore is how long before it was brought what a delivery tells of may have happened.
const unreadBefore = 10 * time.Minute

// forgetRaw deletes what names one of the posts or accounts and was kept as it came: dead letters, and
// deliveries that could not be understood so far. What else such a delivery may have told is a gap, so that
// it is read again. A delivery that is still to be decoded for the first time is left alone: what it tells
// of the gone does not pass the tombstones.
func forgetRaw(ctx context.Context, tx Tx, brandID int64, network string, ids []string) error {
	const theirs = "connection_id IN (SELECT id FROM connections WHERE brand_id = ? AND network = ?)"
	const failing = "state = 'waiting' AND (error <> '' OR connection_id IN (SELECT id FROM connections WHERE state <> 'on'))"
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return len(id) < leastTelling })
	letters, err := tx.NewSelect().Table("dead_letters").Where(theirs, brandID, network).Exists(ctx)
	if err != nil {
		return err
	}
	waiting, err := tx.NewSelect().Table("deliveries").Where(theirs, brandID, network).Where(failing).Exists(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if letters {
			_, err := tx.NewDelete().Table("dead_letters").Where(theirs, brandID, network).Where(contains(tx, "raw"), []byte(id)).Exec(ctx)
			if err != nil {
				return fmt.Errorf("forget what could not be read: %w", err)
			}
		}
		if !waiting {
			continue
		}
		var dropped []Brought
		_, err := tx.NewDelete().Model(&dropped).ModelTableExpr("deliveries").Where(theirs, brandID, network).Where(failing).
			Where(contains(tx, "body"), []byte(id)).Returning("*").Exec(ctx)
		if err != nil {
			return fmt.Errorf("forget what is not understood: %w", err)
		}
		for _, d := range dropped {
			g := Gap{ConnectionID: d.ConnectionID, FromAt: d.CreatedAt.Add(-unreadBefore), ToAt: d.CreatedAt, Source: Unread}
			if err := g.note(ctx, tx); err != nil {
				return err
			}
		}
	}
	return nil
}

// contains is the condition that a column of bytes has some in it.
func contains(tx Tx, column string) string {
	if tx.Dialect().Name() == dialect.PG {
		return "position(? in " + column + ") > 0"
	}
	return "instr(" + column + ", ?) > 0"
}

// CancelTo takes back the replies to these mentions that have certainly not left and returns them.
func CancelTo(ctx context.Context, tx Tx, mentionIDs []int64, why string) ([]Reply, error) {
	var taken []Reply
	_, err := tx.NewUpdate().Model(&taken).
		Set("state = ?, error = ?, version = version + 1", Cancelled, why).
		Where("mention_id IN (?) AND state IN (?)", bun.List(mentionIDs), bun.List([]ReplyState{Waiting, Queued, Retry})).
		Returning("*").Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("cancel replies to what is gone: %w", err)
	}
	return taken, nil
}
