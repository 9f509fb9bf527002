package community

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// Brand is an organisation that is talked about; everything belongs to one brand.
type Brand struct {
	bun.BaseModel `bun:"table:brands"`

	ID         int64 `bun:",pk,autoincrement"`
	Slug       string
	Name       string
	Language   string // of its staff: en or vi
	ReviewSeed string // with an answer's id it decides who is sampled for review, so that it can be replayed
	CreatedAt  clock.Time
}

// Topic is an expertise that a brand's customers ask for.
type Topic struct {
	bun.BaseModel `bun:"table:topics"`

	ID       int64 `bun:",pk,autoincrement"`
	BrandID  int64
	Name     string
	Keywords []string `bun:"type:text"`
	Examples []string `bun:"type:text"` // texts that are about it

	ArchivedAt clock.Time `bun:",nullzero"` // when it was deleted
}

// OtherTopic is the topic of a case that needs no particular expertise; everyone sees it.
const OtherTopic int64 = 0

var slugForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,38}$`)

// AddBrand stores a brand with its topics.
func AddBrand(ctx context.Context, tx Tx, b Brand, topics []Topic) (Brand, error) {
	if !slugForm.MatchString(b.Slug) {
		return b, &Invalid{"slug", "a short name has small letters, digits and dashes, 39 at most"}
	}
	if b.Name == "" {
		return b, &Invalid{"name", "a brand needs a name"}
	}
	b.CreatedAt = tx.Now()
	if _, err := tx.NewInsert().Model(&b).Exec(ctx); err != nil {
		return b, fmt.Errorf("add brand %s: %w", b.Slug, err)
	}
	for _, t := range topics {
		t.BrandID = b.ID
		if t.Examples == nil {
			t.Examples = []string{}
		}
		if _, err := tx.NewInsert().Model(&t).Exec(ctx); err != nil {
			return b, fmt.Errorf("add topic %s: %w", t.Name, err)
		}
	}
	return b, nil
}

// TakeTurns makes whoever else stores posts of a brand wait until the transaction ends: two accounts may
// hear the same post, the same customer or the same thread at one moment.
func TakeTurns(ctx context.Context, tx Tx, brandID int64) error {
	var id int64
	err := locked(tx, tx.NewSelect().Model((*Brand)(nil)).Column("id").Where("id = ?", brandID)).Scan(ctx, &id)
	if err != nil {
		return fmt.Errorf("store posts of brand %d: %w", brandID, err)
	}
	return nil
}

// FindBrand reads a brand by its short name; ErrUnknownBrand if there is none.
func FindBrand(ctx context.Context, db bun.IDB, slug string) (Brand, error) {
	var all []Brand
	if err := db.NewSelect().Model(&all).Where("slug = ?", slug).Scan(ctx); err != nil {
		return Brand{}, fmt.Errorf("find brand %s: %w", slug, err)
	}
	if len(all) == 0 {
		return Brand{}, ErrUnknownBrand
	}
	return all[0], nil
}

// Brands reads all brands by id.
func Brands(ctx context.Context, db bun.IDB) (map[int64]Brand, error) {
	var all []Brand
	if err := db.NewSelect().Model(&all).Scan(ctx); err != nil {
		return nil, fmt.Errorf("list brands: %w", err)
	}
	byID := make(map[int64]Brand, len(all))
	for _, b := range all {
		byID[b.ID] = b
	}
	return byID, nil
}

// Topics reads a brand's topics in the order of their names, without those that were deleted.
func Topics(ctx context.Context, db bun.IDB, brandID int64) ([]Topic, error) {
	all, err := EveryTopic(ctx, db, brandID)
	return slices.DeleteFunc(all, func(t Topic) bool { return t.ArchivedAt != 0 }), err
}

// EveryTopic reads a brand's topics and those that were deleted, which old cases still name.
func EveryTopic(ctx context.Context, db bun.IDB, brandID int64) ([]Topic, error) {
	var all []Topic
	if err := db.NewSelect().Model(&all).Where("brand_id = ?", brandID).Order("name").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list topics of brand %d: %w", brandID, err)
	}
	return all, nil
}
