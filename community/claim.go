package community

import (
	"context"
	"fmt"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// Lease is how long a claim holds without a sign of life: long enough to read, look something up and
// write on a phone, short enough that the next person keeps the promise. A heartbeat, a saved draft
// and a claim of one's own case renew it.
const Lease = 15 * time.Minute

// returnedLease is how long a returned answer waits for its author before the case is free again.
const returnedLease = 30 * time.Minute

// ClaimCase lends a case to the member, or renews the member's own claim. One statement decides, so
// that of many who try at once one gets it. ErrTaken if somebody else has it, ErrNotOpen if it is not
// to be had, ErrRest if the member should rather take a break, see GoOn.
func ClaimCase(ctx context.Context, tx Tx, m *Member, caseID int64) (Case, error) {
	c, err := FindCase(ctx, tx, m, caseID)
	if err != nil {
		return c, err
	}
	if !m.MayAnswer(&c) {
		return c, ErrNotAllowed
	}
	renewed := c.HeldBy(m, tx.Now())
	if !renewed && c.Free(tx.Now()) {
		if err := mayGoOn(ctx, tx, m); err != nil {
			return c, err
		}
	}
	got, err := lend(ctx, tx, m, caseID)
	if err != nil {
		return c, err
	}
	if len(got) == 0 {
		if c.State == Claimed {
			return c, ErrTaken
		}
		return c, ErrNotOpen
	}
	if renewed {
		return got[0], worked(ctx, tx, m.ID)
	}
	return got[0], record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, ActorID: m.ID, Kind: CaseClaimed, Lane: c.Lane})
}

// lend is the one statement that gives claims: to nobody who may not have the case's lane, and only
// where no rule holds the case and it is open, already the member's, or its lease has run out.
func lend(ctx context.Context, tx Tx, m *Member, caseID int64) ([]Case, error) {
	now := tx.Now()
	var got []Case
	_, err := tx.NewUpdate().Model(&got).
		Set("state = ?, version = version + 1, holder_id = ?, held_until = ?", Claimed, m.ID, now.Add(Lease)).
		Set("fence = fence + CASE WHEN state = 'claimed' AND holder_id = ? AND held_until > ? THEN 0 ELSE 1 END", m.ID, now).
		Where("id = ? AND brand_id = ? AND lane IN (?)", caseID, m.BrandID, bun.List(m.Lanes())).
		Where("(hold = '' OR holder_id = ?)", m.ID).
		Where("(state = 'open' OR state = 'claimed' AND (holder_id = ? OR held_until <= ?))", m.ID, now).
		Returning("*").Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("claim case %d: %w", caseID, err)
	}
	return got, nil
}

// ReleaseCase hands a claimed case back; the draft stays.
func ReleaseCase(ctx context.Context, tx Tx, m *Member, caseID int64) (Case, error) {
	c, err := FindCase(ctx, tx, m, caseID)
	if err != nil {
		return c, err
	}
	if !c.HeldBy(m, tx.Now()) {
		return c, ErrNotHeld
	}
	if err := c.move(ctx, tx, Release, nil); err != nil {
		return c, err
	}
	return c, record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, ActorID: m.ID, Kind: CaseReleased, Lane: c.Lane})
}

// EndLeases frees the cases whose lease ran out, at most a batch at a time, and returns how many.
func EndLeases(ctx context.Context, tx Tx, most int) (int, error) {
	var over []Case
	err := tx.NewSelect().Model(&over).Where("c.state = 'claimed' AND c.held_until <= ?", tx.Now()).
		Order("c.held_until").Limit(int64(most)).Scan(ctx)
	if err != nil {
		return 0, fmt.Errorf("find leases that are over: %w", err)
	}
	ended := 0
	for i := range over {
		c := &over[i]
		holder := c.HolderID
		switch err := c.move(ctx, tx, Release, nil); {
		case err == ErrChanged:
			continue // renewed or taken meanwhile
		case err != nil:
			return ended, err
		}
		ended++
		if err := leaveReturned(ctx, tx, c, holder); err != nil {
			return ended, err
		}
		err := record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, Kind: LeaseEnded, Lane: c.Lane, Detail: Detail{Member: holder}})
		if err != nil {
			return ended, err
		}
	}
	return ended, nil
}

// LeasesOver tells, without writing, whether EndLeases has something to do.
func LeasesOver(ctx context.Context, db bun.IDB, now clock.Time) (bool, error) {
	return db.NewSelect().Table("cases").Where("state = 'claimed' AND held_until <= ?", now).Exists(ctx)
}
