package community

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
)

// Overflow: what waits for the employees goes to community-care while too much of it waits, and comes back when
// it is calm. Rules say which cases may; the rest stays where it is, whatever happens.

// LaneOverflow is why a case is in community-care that a rule had sent to the employees.
const LaneOverflow = "overflow"

// What overflow tells of a case; Rule: why, as a code, Posts: how many cases waited for the employees.
const (
	CaseOverflowed Kind = "case_overflowed"
	CaseFlowedBack Kind = "case_flowed_back"
)

// Load is how it stands where employees answer.
type Load struct {
	Online  int // employees who are there
	Waiting int // open cases that wait for them, as far as they were counted
	Caring  int // advocates who answer angry cases
}

// LoadOf reads how it stands, counting up to most cases. Without anybody in community-care it is of no use to
// know the rest, which is not read.
func LoadOf(ctx context.Context, db bun.IDB, brandID int64, now clock.Time, most int) (l Load, err error) {
	if l.Caring, err = Caring(ctx, db, brandID); err != nil || l.Caring == 0 {
		return l, err
	}
	l.Online, l.Waiting, err = staffNow(ctx, db, brandID, now, most)
	return l, err
}

// FlowWhy is why cases go over or come back; its words stand in the catalogs as "overflow_why.<code>".
type FlowWhy string

// The reasons.
const (
	FlowWaiting FlowWhy = "waiting" // more wait for the employees than may
	FlowMinutes FlowWhy = "minutes" // they wait for too long
	FlowAway    FlowWhy = "away"    // no employee is there
	FlowCalm    FlowWhy = "calm"    // the employees have time again
	FlowNobody  FlowWhy = "nobody"  // nobody answers community-care
	FlowOff     FlowWhy = "off"     // the rules of today let nothing overflow
)

// Flow is one step of overflow: some cases of a brand go over, or back.
type Flow struct {
	Back    bool
	Why     FlowWhy
	Most    int        // at most so many, the longest waiting first; those that go back the other way round
	Before  clock.Time // of customers who wrote until then; 0: all
	After   clock.Time // of customers who wrote after that; 0: all
	Waiting int        // cases that wait for the employees, for the history
	All     bool       // going back: also those that a rule sent to community-care, because nobody is there
}

// FlowDue tells, without writing, whether a step would move a case.
func FlowDue(ctx context.Context, db bun.IDB, brandID int64, f Flow) (bool, error) {
	some, err := f.pick(db.NewSelect().Model((*Case)(nil)), brandID).Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("look what overflows of brand %d: %w", brandID, err)
	}
	return some, nil
}

// pick selects the cases of a step, of which a partial index knows.
func (f Flow) pick(q *bun.SelectQuery, brandID int64) *bun.SelectQuery {
	if f.Back {
		q = q.Where("c.state = 'open' AND c.lane = 'community-care' AND c.brand_id = ?", brandID).Order("c.customer_at DESC", "c.id DESC")
		if !f.All {
			q = q.Where("c.lane_why = ?", LaneOverflow)
		}
	} else {
		q = q.Where("c.state = 'open' AND c.overflow <> '' AND c.brand_id = ? AND c.lane = ?", brandID, Staff).
			Where("c.lane_why = c.overflow AND c.hold = '' AND NOT c.private").Order("c.customer_at", "c.id")
	}
	if f.Before != 0 {
		q = q.Where("c.customer_at <= ?", f.Before)
	}
	if f.After != 0 {
		q = q.Where("c.customer_at > ?", f.After)
	}
	return q.Limit(int64(f.Most))
}

// Overflows moves the cases of a step in one statement, writes why into the history of each, and returns how
// many it moved. Several processes may do so at once.
func Overflows(ctx context.Context, tx Tx, brandID int64, f Flow) (int, error) {
	var moved []Case
	// The picked are asked again, for who else was quicker; said so that they are found by their ids.
	q := tx.NewUpdate().Model(&moved).Set("version = version + 1, fence = fence + 1")
	if f.Back {
		q = q.Set("lane = ?, lane_why = CASE WHEN lane_why = ? THEN overflow ELSE lane_why END", Staff, LaneOverflow).
			Where("NOT (state <> 'open' OR lane <> ?)", Care)
	} else {
		q = q.Set("lane = ?, lane_why = ?", Care, LaneOverflow).Where("NOT (state <> 'open' OR lane <> ? OR lane_why <> overflow)", Staff)
	}
	picked := f.pick(tx.NewSelect().Model((*Case)(nil)).Column("c.id"), brandID)
	if _, err := q.Where("id IN (?)", picked).Returning("id, lane").Exec(ctx); err != nil {
		return 0, fmt.Errorf("let cases of brand %d overflow: %w", brandID, err)
	}
	if len(moved) == 0 {
		return 0, nil
	}
	news := make([]Activity, len(moved))
	for i, c := range moved {
		// Of what goes back those hear who had it in their feed, as of what comes.
		news[i] = Activity{BrandID: brandID, CaseID: c.ID, Kind: CaseOverflowed, Lane: Care, Detail: Detail{Rule: string(f.Why), Posts: f.Waiting}}
		if f.Back {
			news[i].Kind = CaseFlowedBack
		}
	}
	return len(moved), recordAll(ctx, tx, news)
}
