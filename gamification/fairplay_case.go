package gamification

import (
	"context"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
)

// FairCase is a look that a person should take at how some points were earned. What it freezes stays under review
// until somebody has decided, for seven days at most; nothing is taken by it.
type FairCase struct {
	bun.BaseModel `bun:"table:fair_cases,alias:fair"`

	ID           int64 `bun:",pk,autoincrement"`
	BrandID      int64
	MemberID     int64
	Detector     Detector
	State        FairState
	Evidence     Evidence `bun:"type:text"`
	CreatedAt    clock.Time
	UntilAt      clock.Time // when what it froze last counts by itself
	DecidedBy    int64      `bun:",nullzero"`
	DecidedAt    clock.Time `bun:",nullzero"`
	Word         string     // of who decided, for the member
	Appeal       string     // of the member; "" for none
	AppealedAt   clock.Time `bun:",nullzero"`
	AppealState  AppealState
	AppealBy     int64      `bun:",nullzero"` // who decided about it
	AppealEndsAt clock.Time `bun:",nullzero"`
	AppealWord   string
}

// FairState is where a fair-play case stands.
type FairState string

// The states of a fair-play case.
const (
	FairOpen    FairState = "open"
	FairCleared FairState = "cleared" // a person found nothing wrong
	FairTaken   FairState = "taken"   // a person took the points back
	FairLapsed  FairState = "lapsed"  // nobody decided in time
)

// AppealState is where an appeal against a taking back stands.
type AppealState string

// The states of an appeal.
const (
	NoAppeal      AppealState = ""
	AppealOpen    AppealState = "open"
	AppealUpheld  AppealState = "upheld"  // the decision stands
	AppealChanged AppealState = "changed" // the points are given back
)

// freeze keeps an entry under review. The ledger does not know of it: a freeze is written beside an entry, once.
type freeze struct {
	bun.BaseModel `bun:"table:point_freezes,alias:freeze"`

	EntryID  int64 `bun:",pk"`
	FairID   int64
	MemberID int64
	Since    clock.Time
	Until    clock.Time
	GoneAt   clock.Time `bun:",nullzero"` // when the entry lost its cause: then no appeal gives it back
}

// LongestFreeze is how long points stay under review while nobody decides.
const LongestFreeze = 7 * aDay

const (
	trusted = 28 * aDay // how long a detector leaves a member in peace whom somebody has cleared
	recent  = 14 * aDay // how old entries are at most that are frozen
)

// OpenFair opens a case for a hit, or adds to the open one, and freezes the entries in question that were not under
// review before. Where there is nothing to freeze there is nothing to decide, and no case.
func OpenFair(ctx context.Context, tx bun.IDB, now clock.Time, brandID int64, h Hit) (c FairCase, opened bool, err error) {
	if err := oneByOne(ctx, tx, h.MemberID); err != nil {
		return c, false, err
	}
	peace, err := tx.NewSelect().Model((*FairCase)(nil)).Where("member_id = ? AND detector = ?", h.MemberID, h.Detector).
		Where("state = ? AND decided_at > ? OR appeal_state = ? AND appeal_ends_at > ?", FairCleared, now.Add(-trusted), AppealChanged, now.Add(-trusted)).Exists(ctx)
	if err != nil || peace {
		return c, false, wrapFair(err, h.MemberID)
	}
	var ids []int64
	q := tx.NewSelect().Model((*Entry)(nil)).Column("id").
		Where("member_id = ? AND created_at > ? AND amount > 0", h.MemberID, now.Add(-recent)).Where(standing).
		Where("NOT EXISTS (SELECT 1 FROM point_freezes f WHERE f.entry_id = entry.id)")
	if h.To != 0 {
		q = q.Where("created_at >= ? AND created_at < ?", h.From, h.To)
	} else {
		q = q.Where("case_id IN (?)", bun.List(h.Evidence.Cases))
	}
	if err := q.Order("id").Scan(ctx, &ids); err != nil {
		return c, false, wrapFair(err, h.MemberID)
	}
	if len(ids) == 0 {
		return c, false, nil
	}
	until := now.Add(LongestFreeze)
	var open []FairCase
	err = tx.NewSelect().Model(&open).Where("member_id = ? AND detector = ? AND state = ?", h.MemberID, h.Detector, FairOpen).Limit(1).Scan(ctx)
	if err != nil {
		return c, false, wrapFair(err, h.MemberID)
	}
	if len(open) > 0 {
		c = open[0]
		c.Evidence, c.UntilAt = h.Evidence, until
		_, err = tx.NewUpdate().Model(&c).Column("evidence", "until_at").WherePK().Exec(ctx)
	} else {
		c = FairCase{BrandID: brandID, MemberID: h.MemberID, Detector: h.Detector, State: FairOpen, Evidence: h.Evidence, CreatedAt: now, UntilAt: until}
		_, err = tx.NewInsert().Model(&c).Exec(ctx)
		opened = true
	}
	if err != nil {
		return c, false, wrapFair(err, h.MemberID)
	}
	freezes := make([]freeze, len(ids))
	for i, id := range ids {
		freezes[i] = freeze{EntryID: id, FairID: c.ID, MemberID: h.MemberID, Since: now, Until: until}
	}
	if _, err := tx.NewInsert().Model(&freezes).Exec(ctx); err != nil {
		return c, false, wrapFair(err, h.MemberID)
	}
	return c, opened, nil
}

func wrapFair(err error, memberID int64) error {
	if err != nil {
		return fmt.Errorf("look at the points of member %d: %w", memberID, err)
	}
	return nil
}

// ErrFairDecided says that somebody else has decided meanwhile, or that there is nothing to decide.
var ErrFairDecided = errors.New("this was decided meanwhile")

// DecideFair ends a case: its entries count, or are taken back.
func DecideFair(ctx context.Context, tx bun.IDB, now clock.Time, c *FairCase, by int64, take bool, word string) error {
	if err := oneByOne(ctx, tx, c.MemberID); err != nil {
		return err
	}
	to := FairCleared
	if take {
		to = FairTaken
	}
	// Who decides after the freeze has run out may still do so: entries are taken back at any age.
	res, err := tx.NewUpdate().Model((*FairCase)(nil)).Set("state = ?, decided_by = ?, decided_at = ?, word = ?", to, by, now, word).
		Where("id = ? AND state IN (?, ?)", c.ID, FairOpen, FairLapsed).Exec(ctx)
	if err != nil {
		return wrapFair(err, c.MemberID)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(ErrFairDecided, err)
	}
	c.State, c.DecidedBy, c.DecidedAt, c.Word = to, by, now, word
	if take {
		ids, err := c.frozen(ctx, tx)
		if err != nil {
			return err
		}
		if err := ReverseEntries(ctx, tx, now, c.MemberID, ids, Unfair); err != nil {
			return err
		}
	}
	if _, err := tx.NewUpdate().Model((*freeze)(nil)).Set("until = ?", now).Where("fair_id = ? AND until > ?", c.ID, now).Exec(ctx); err != nil {
		return wrapFair(err, c.MemberID)
	}
	return nil
}

// frozen are the entries that a case has frozen.
func (c *FairCase) frozen(ctx context.Context, db bun.IDB) (ids []int64, err error) {
	err = db.NewSelect().Model((*freeze)(nil)).Column("entry_id").Where("fair_id = ?", c.ID).Order("entry_id").Scan(ctx, &ids)
	return ids, wrapFair(err, c.MemberID)
}

// EntriesOf reads what a case is about, oldest first.
func (c *FairCase) EntriesOf(ctx context.Context, db bun.IDB) (all []Entry, err error) {
	err = db.NewSelect().Model(&all).Where("id IN (SELECT entry_id FROM point_freezes WHERE fair_id = ?)", c.ID).Order("id").Limit(500).Scan(ctx)
	return all, wrapFair(err, c.MemberID)
}

// AppealFair notes that a member wants somebody else to look at a taking back, once.
func AppealFair(ctx context.Context, tx bun.IDB, now clock.Time, c *FairCase, reason string) error {
	res, err := tx.NewUpdate().Model((*FairCase)(nil)).Set("appeal = ?, appealed_at = ?, appeal_state = ?", reason, now, AppealOpen).
		Where("id = ? AND state = ? AND appeal_state = ''", c.ID, FairTaken).Exec(ctx)
	if err != nil {
		return wrapFair(err, c.MemberID)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(ErrFairDecided, err)
	}
	return nil
}

// DecideFairAppeal ends an appeal: the decision stands, or the points are given back to the point.
func DecideFairAppeal(ctx context.Context, tx bun.IDB, now clock.Time, c *FairCase, by int64, give bool, word string) error {
	if err := oneByOne(ctx, tx, c.MemberID); err != nil {
		return err
	}
	to := AppealUpheld
	if give {
		to = AppealChanged
	}
	res, err := tx.NewUpdate().Model((*FairCase)(nil)).Set("appeal_state = ?, appeal_by = ?, appeal_ends_at = ?, appeal_word = ?", to, by, now, word).
		Where("id = ? AND appeal_state = ?", c.ID, AppealOpen).Exec(ctx)
	if err != nil {
		return wrapFair(err, c.MemberID)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(ErrFairDecided, err)
	}
	if !give {
		return nil
	}
	ids, err := c.frozen(ctx, tx)
	if err != nil {
		return err
	}
	return restore(ctx, tx, now, ids)
}

// causeGone notes that the entries of an event that are, or were, under review have lost their cause.
func causeGone(ctx context.Context, tx bun.IDB, now clock.Time, event string) error {
	_, err := tx.NewUpdate().Model((*freeze)(nil)).Set("gone_at = ?", now).
		Where("gone_at IS NULL AND entry_id IN (SELECT e.id FROM point_entries e WHERE e.event = ?)", event).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note that the cause of %s is gone: %w", event, err)
	}
	return nil
}

// restore gives back what was taken back as unfair, with entries that undo those that took it.
func restore(ctx context.Context, tx bun.IDB, now clock.Time, ids []int64) error {
	var taken []Entry
	err := tx.NewSelect().Model(&taken).Where("reverses_id IN (?) AND reason = ?", bun.List(ids), Unfair).
		Where("NOT EXISTS (SELECT 1 FROM point_freezes f WHERE f.entry_id = entry.reverses_id AND f.gone_at IS NOT NULL)").
		Where("NOT EXISTS (SELECT 1 FROM point_entries q WHERE q.reverses_id = entry.id)").Order("id").Scan(ctx)
	if err != nil {
		return fmt.Errorf("find what was taken back: %w", err)
	}
	return takeBack(ctx, tx, now, taken, Restored)
}

// FairDue tells, without writing, whether a case of any brand has run out without a decision.
func FairDue(ctx context.Context, db bun.IDB, now clock.Time) (bool, error) {
	return db.NewSelect().Model((*FairCase)(nil)).Where("state = ? AND until_at <= ?", FairOpen, now).Exists(ctx)
}

// LapseFair notes cases in which nobody has decided in time, and returns them. What they froze counts already.
func LapseFair(ctx context.Context, tx bun.IDB, now clock.Time, most int) ([]FairCase, error) {
	var over []FairCase
	err := tx.NewSelect().Model(&over).Where("state = ? AND until_at <= ?", FairOpen, now).Order("until_at", "id").Limit(int64(most)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("find fair-play cases that nobody decided: %w", err)
	}
	var lapsed []FairCase
	for _, c := range over {
		res, err := tx.NewUpdate().Model((*FairCase)(nil)).Set("state = ?", FairLapsed).Where("id = ? AND state = ? AND until_at = ?", c.ID, FairOpen, c.UntilAt).Exec(ctx)
		if err != nil {
			return nil, wrapFair(err, c.MemberID)
		}
		if n, err := res.RowsAffected(); err == nil && n > 0 {
			c.State = FairLapsed
			lapsed = append(lapsed, c)
		}
	}
	return lapsed, nil
}

// FairCasesOf reads a member's cases, newest first.
func FairCasesOf(ctx context.Context, db bun.IDB, memberID int64, most int) (all []FairCase, err error) {
	err = db.NewSelect().Model(&all).Where("member_id = ?", memberID).Order("id DESC").Limit(int64(most)).Scan(ctx)
	return all, wrapFair(err, memberID)
}

// FairCases reads a brand's cases: those that wait for a person first, then those decided lately.
func FairCases(ctx context.Context, db bun.IDB, brandID int64, waiting bool, most int) ([]FairCase, error) {
	var all []FairCase
	q := db.NewSelect().Model(&all).Where("brand_id = ?", brandID)
	const waits = "(state = 'open' OR appeal_state = 'open')"
	if waiting {
		q = q.Where(waits).Order("until_at", "id")
	} else {
		q = q.Where("NOT " + waits).Order("id DESC")
	}
	if err := q.Limit(int64(most)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the fair-play cases of brand %d: %w", brandID, err)
	}
	return all, nil
}

// FindFair reads a case of a brand.
func FindFair(ctx context.Context, db bun.IDB, brandID, id int64) (c FairCase, err error) {
	err = db.NewSelect().Model(&c).Where("brand_id = ? AND id = ?", brandID, id).Scan(ctx)
	if err != nil {
		return c, fmt.Errorf("find fair-play case %d: %w", id, err)
	}
	return c, nil
}

// frozenNow is of entries under review, and of what undoes such an entry; its arguments are the member and now.
const frozenNow = `COALESCE(reverses_id, id) IN (SELECT f.entry_id FROM point_freezes f WHERE f.member_id = ? AND f.until > ?)`

// FrozenOf reads until when entries of a member are under review, by entry.
func FrozenOf(ctx context.Context, db bun.IDB, memberID int64, now clock.Time) (map[int64]clock.Time, error) {
	var all []freeze
	if err := db.NewSelect().Model(&all).Where("member_id = ? AND until > ?", memberID, now).Scan(ctx); err != nil {
		return nil, wrapFair(err, memberID)
	}
	until := make(map[int64]clock.Time, len(all))
	for _, f := range all {
		until[f.EntryID] = f.Until
	}
	return until, nil
}

// fairLook is when a detector has run over a brand last.
type fairLook struct {
	bun.BaseModel `bun:"table:fair_looks,alias:fair_look"`

	BrandID  int64    `bun:",pk"`
	Detector Detector `bun:",pk"`
	LookedAt clock.Time
}

// WatchesDue lists the detectors that should run over a brand now.
func WatchesDue(ctx context.Context, db bun.IDB, brandID int64, now clock.Time) (due []Watch, err error) {
	var looks []fairLook
	if err := db.NewSelect().Model(&looks).Where("brand_id = ?", brandID).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read when detectors ran over brand %d: %w", brandID, err)
	}
	last := map[Detector]clock.Time{}
	for _, l := range looks {
		last[l.Detector] = l.LookedAt
	}
	for _, w := range Watches {
		if at, ok := last[w.Detector]; !ok || now >= at.Add(w.Every) {
			due = append(due, w)
		}
	}
	return due, nil
}

// Watched notes that a detector has run.
func Watched(ctx context.Context, tx bun.IDB, now clock.Time, brandID int64, d Detector) error {
	_, err := tx.NewInsert().Model(&fairLook{BrandID: brandID, Detector: d, LookedAt: now}).On("CONFLICT (brand_id, detector) DO UPDATE").Set("looked_at = EXCLUDED.looked_at").Exec(ctx)
	if err != nil {
		return fmt.Errorf("note that %s ran over brand %d: %w", d, brandID, err)
	}
	return nil
}

// fairChecks find freezes and decisions that contradict each other or the ledger; each gives lines for an operator.
var fairChecks = []struct{ what, query string }{
	{
		"a freeze of another member's entry, or of one that takes something back: entry",
		`SELECT f.entry_id FROM point_freezes f JOIN fair_cases c ON c.id = f.fair_id JOIN point_entries e ON e.id = f.entry_id
		WHERE e.member_id <> f.member_id OR c.member_id <> f.member_id OR e.reverses_id IS NOT NULL OR e.created_at > f.since`,
	},
	{
		"points still frozen though somebody has decided: case",
		`SELECT c.id FROM fair_cases c JOIN point_freezes f ON f.fair_id = c.id WHERE c.state IN ('cleared', 'taken') AND f.until > c.decided_at AND f.since <= c.decided_at
		GROUP BY c.id HAVING COUNT(*) > 0`,
	},
	{
		"points taken back as unfair that nobody decided about: entry",
		`SELECT e.id FROM point_entries e WHERE e.reason = 'unfair'
			AND NOT EXISTS (SELECT 1 FROM point_freezes f JOIN fair_cases c ON c.id = f.fair_id WHERE f.entry_id = e.reverses_id AND c.state = 'taken')`,
	},
	{
		"points that a person took back are still there: entry",
		`SELECT f.entry_id FROM point_freezes f JOIN fair_cases c ON c.id = f.fair_id
		WHERE c.state = 'taken' AND NOT EXISTS (SELECT 1 FROM point_entries r WHERE r.reverses_id = f.entry_id)`,
	},
	{
		"points given back without an appeal that was heard: entry",
		`SELECT e.id FROM point_entries e WHERE e.reason = 'restored'
			AND NOT EXISTS (SELECT 1 FROM point_entries r JOIN point_freezes f ON f.entry_id = r.reverses_id JOIN fair_cases c ON c.id = f.fair_id
				WHERE r.id = e.reverses_id AND c.appeal_state = 'changed')`,
	},
}

// verifyFair looks for freezes and decisions that contradict each other or the ledger.
func verifyFair(ctx context.Context, db bun.IDB) (wrong []string, err error) {
	for _, check := range fairChecks {
		var ids []int64
		if err := db.NewRaw(check.query).Scan(ctx, &ids); err != nil {
			return nil, fmt.Errorf("verify fair play: %w", err)
		}
		for _, id := range ids {
			wrong = append(wrong, fmt.Sprintf("%s %d", check.what, id))
		}
	}
	return wrong, nil
}
