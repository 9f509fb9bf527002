package moderation

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation/rules"
)

// RuleVersion is rules that a brand has switched on. The latest decide.
type RuleVersion struct {
	bun.BaseModel `bun:"table:rule_versions,alias:v"`

	ID        int64 `bun:",pk,autoincrement"` // 0: none
	BrandID   int64
	Value     rules.Set `bun:"type:text"`
	MadeBy    int64
	CreatedAt clock.Time
}

// RuleDraft is rules that a brand's people are writing. They decide nothing.
type RuleDraft struct {
	bun.BaseModel `bun:"table:rule_drafts,alias:d"`

	BrandID      int64     `bun:",pk"` // 0: there is no draft
	Value        rules.Set `bun:"type:text"`
	ChangedBy    int64
	ChangedAt    clock.Time
	Replayed     string     // the hash of the rules that were tried on the past
	Outcome      Replay     `bun:"type:text"`
	WatchedSince clock.Time `bun:",nullzero"`
}

// ErrNotTried is told to who wants to switch rules on that nobody has tried.
var ErrNotTried = &community.Invalid{Field: "rules", Sentence: "try these rules on the past 30 days first, or watch them for a day"}

// WatchTime is for how long rules are watched before they may be switched on where there is no past to try
// them on.
const WatchTime = 24 * time.Hour

// LiveRules reads the rules that a brand has switched on; ID is 0 where it has none of its own.
func LiveRules(ctx context.Context, db bun.IDB, brandID int64) (RuleVersion, error) {
	all, err := RuleVersions(ctx, db, brandID, 1)
	if err != nil || len(all) == 0 {
		return RuleVersion{}, err
	}
	return all[0], nil
}

// RuleVersions reads the rules that a brand has switched on, newest first.
func RuleVersions(ctx context.Context, db bun.IDB, brandID int64, most int) ([]RuleVersion, error) {
	var all []RuleVersion
	if err := db.NewSelect().Model(&all).Where("v.brand_id = ?", brandID).Order("v.id DESC").Limit(int64(most)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the rules of brand %d: %w", brandID, err)
	}
	return all, nil
}

// DraftOf reads the draft of a brand; its BrandID is 0 where there is none.
func DraftOf(ctx context.Context, db bun.IDB, brandID int64) (RuleDraft, error) {
	var d RuleDraft
	err := db.NewSelect().Model(&d).Where("d.brand_id = ?", brandID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return RuleDraft{}, nil
	}
	if err != nil {
		return d, fmt.Errorf("read the draft of brand %d: %w", brandID, err)
	}
	return d, nil
}

// KeepDraft stores rules as the draft of the member's brand. What was tried of an earlier draft is not true
// of this one.
func KeepDraft(ctx context.Context, tx listeners.Tx, m *community.Member, s rules.Set) error {
	if m.Role != community.Admin {
		return community.ErrNotAllowed
	}
	if err := s.Check(); err != nil {
		return err
	}
	before, err := DraftOf(ctx, tx, m.BrandID)
	if err != nil || before.BrandID != 0 && hashOf(before.Value) == hashOf(s) {
		return err
	}
	d := RuleDraft{BrandID: m.BrandID, Value: s, ChangedBy: m.ID, ChangedAt: tx.Now()}
	_, err = tx.NewInsert().Model(&d).On("CONFLICT (brand_id) DO UPDATE").
		Set("value = EXCLUDED.value, changed_by = EXCLUDED.changed_by, changed_at = EXCLUDED.changed_at, replayed = EXCLUDED.replayed, outcome = EXCLUDED.outcome, watched_since = NULL").Exec(ctx)
	if err != nil {
		return fmt.Errorf("store the draft of brand %d: %w", m.BrandID, err)
	}
	return stopWatching(ctx, tx, before)
}

// DropDraft throws the draft of the member's brand away.
func DropDraft(ctx context.Context, tx listeners.Tx, m *community.Member) error {
	if m.Role != community.Admin {
		return community.ErrNotAllowed
	}
	before, err := DraftOf(ctx, tx, m.BrandID)
	if err != nil {
		return err
	}
	if _, err := tx.NewDelete().Model(&before).WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("drop the draft of brand %d: %w", m.BrandID, err)
	}
	return stopWatching(ctx, tx, before)
}

// SwitchOn makes the draft of the member's brand decide from now on. It must have been tried on enough of the
// past, or watched for long enough.
func SwitchOn(ctx context.Context, tx listeners.Tx, m *community.Member) (RuleVersion, error) {
	if m.Role != community.Admin {
		return RuleVersion{}, community.ErrNotAllowed
	}
	d, err := DraftOf(ctx, tx, m.BrandID)
	if err != nil {
		return RuleVersion{}, err
	}
	if d.BrandID == 0 {
		return RuleVersion{}, &community.Invalid{Field: "rules", Sentence: "there is no draft to switch on"}
	}
	if err := d.Value.Check(); err != nil {
		return RuleVersion{}, err
	}
	if err := d.Value.Complete(); err != nil {
		return RuleVersion{}, err
	}
	if !d.Tried(tx.Now()) {
		return RuleVersion{}, ErrNotTried
	}
	before, err := LiveRules(ctx, tx, m.BrandID)
	if err != nil {
		return RuleVersion{}, err
	}
	v := RuleVersion{BrandID: m.BrandID, Value: d.Value, MadeBy: m.ID, CreatedAt: tx.Now()}
	if _, err := tx.NewInsert().Model(&v).Exec(ctx); err != nil {
		return v, fmt.Errorf("switch on the rules of brand %d: %w", m.BrandID, err)
	}
	if err := DropDraft(ctx, tx, m); err != nil {
		return v, err
	}
	if err := community.RecordRules(ctx, tx, m, asText(before.Value), asText(v.Value)); err != nil {
		return v, err
	}
	return v, scoreAnew(ctx, tx, m.BrandID)
}

// Tried tells whether the draft may be switched on.
func (d *RuleDraft) Tried(now clock.Time) bool {
	return d.Replayed != "" && d.Replayed == hashOf(d.Value) && d.Outcome.Enough() || d.WatchedSince != 0 && now >= d.WatchedSince.Add(WatchTime)
}

// RestoreRules makes rules that were switched on earlier the draft.
func RestoreRules(ctx context.Context, tx listeners.Tx, m *community.Member, versionID int64) error {
	v, err := FindRules(ctx, tx, m.BrandID, versionID)
	if err != nil {
		return err
	}
	return KeepDraft(ctx, tx, m, v.Value)
}

// FindRules reads one version of a brand's rules.
func FindRules(ctx context.Context, db bun.IDB, brandID, versionID int64) (RuleVersion, error) {
	var v RuleVersion
	if err := db.NewSelect().Model(&v).Where("v.id = ? AND v.brand_id = ?", versionID, brandID).Scan(ctx); err != nil {
		return v, fmt.Errorf("find version %d of the rules: %w", versionID, err)
	}
	return v, nil
}

// NoteReplay keeps with the draft what came of trying it, unless it was changed meanwhile.
func NoteReplay(ctx context.Context, tx listeners.Tx, m *community.Member, s rules.Set, r Replay) error {
	d, err := DraftOf(ctx, tx, m.BrandID)
	if err != nil || m.Role != community.Admin || d.BrandID == 0 || hashOf(d.Value) != hashOf(s) {
		return err
	}
	d.Replayed, d.Outcome = hashOf(s), r
	if _, err := tx.NewUpdate().Model(&d).Column("replayed", "outcome").WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("keep what came of the draft of brand %d: %w", m.BrandID, err)
	}
	return nil
}

// hashOf names a set by its content.
func hashOf(s rules.Set) string {
	sum := sha256.Sum256([]byte(asText(s)))
	return hex.EncodeToString(sum[:])
}

func asText(s rules.Set) string {
	text, _ := json.Marshal(s) // texts and flags: it cannot fail
	return string(text)
}
