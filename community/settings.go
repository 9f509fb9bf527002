package community

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// Section is a part of what a brand's people can set, a struct that becomes a JSON object. A brand
// that has set nothing gets the struct's value as Setting is given it: the defaults.
type Section interface {
	Section() string // its name, "review" for instance
	Check() error    // an *Invalid that says what to do, or nil
}

type setting struct {
	bun.BaseModel `bun:"table:settings"`

	BrandID   int64  `bun:",pk"`
	Section   string `bun:",pk"`
	Value     string
	Version   int64
	ChangedBy int64 `bun:",nullzero"`
	ChangedAt clock.Time
}

// Setting reads what a brand has set of a section; defaults are the value for what it has not.
func Setting[S Section](ctx context.Context, db bun.IDB, brandID int64, defaults S) (S, error) {
	var row setting
	err := db.NewSelect().Model(&row).Where("brand_id = ? AND section = ?", brandID, defaults.Section()).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return defaults, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(row.Value), &defaults)
	}
	if err != nil {
		return defaults, fmt.Errorf("read the setting %s of brand %d: %w", defaults.Section(), brandID, err)
	}
	return defaults, nil
}

// Set stores a section for the member's brand, and in the history what it was before and is now.
func Set[S Section](ctx context.Context, tx Tx, m *Member, value S) error {
	if err := value.Check(); err != nil {
		return err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("write the setting %s: %w", value.Section(), err)
	}
	var before setting
	err = tx.NewSelect().Model(&before).Where("brand_id = ? AND section = ?", m.BrandID, value.Section()).Scan(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read the setting %s: %w", value.Section(), err)
	}
	if before.Value == string(text) {
		return nil
	}
	row := setting{BrandID: m.BrandID, Section: value.Section(), Value: string(text), Version: 1, ChangedBy: m.ID, ChangedAt: tx.Now()}
	_, err = tx.NewInsert().Model(&row).On("CONFLICT (brand_id, section) DO UPDATE").
		Set("value = EXCLUDED.value, version = setting.version + 1, changed_by = EXCLUDED.changed_by, changed_at = EXCLUDED.changed_at").Exec(ctx)
	if err != nil {
		return fmt.Errorf("store the setting %s: %w", value.Section(), err)
	}
	return record(ctx, tx, Activity{
		BrandID: m.BrandID, ActorID: m.ID, Kind: SettingChanged, Lane: Staff, Detail: Detail{Rule: value.Section(), Before: before.Value, Text: string(text)},
	})
}
