package moderation

import (
	"context"
	"fmt"
	"slices"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/triage"
	"github.com/uptrace/bun"
)

// Layer is a version of what a brand's labels taught.
type Layer struct {
	bun.BaseModel `bun:"table:layers,alias:y"`

	ID        int64 `bun:",pk,autoincrement"`
	BrandID   int64
	Labels    int              // that it was learned from
	LastLabel int64            // the newest label that there was
	How       []triage.Learned `bun:"type:text"`
	Packed    []byte           // nil where nothing was accepted
	MadeBy    int64            `bun:",nullzero"` // who asked for it; 0: it was due
	CreatedAt clock.Time
}

// Accepted tells whether the layer may speak.
func (l *Layer) Accepted() bool { return len(l.Packed) > 0 }

// knows tells whether the layer speaks for a head, or for a topic where h is "".
func (l *Layer) knows(h triage.Head, topic int64) bool {
	return slices.ContainsFunc(l.How, func(how triage.Learned) bool {
		return how.Head == h && how.Topic == topic && how.Verdict == triage.Accepted
	})
}

// ErrNothingToLearn is told to who asks for a new version before there is enough to learn from.
var ErrNothingToLearn = &community.Invalid{Field: "learn", Sentence: "there are too few corrections to learn from yet"}

// PinnedLayer says which version speaks for a brand, where its people chose one.
type PinnedLayer struct {
	Pinned bool  `json:"pinned"`
	Layer  int64 `json:"layer"` // 0: none, the shipped heads alone
}

// Section is the settings' name.
func (PinnedLayer) Section() string { return "layer" }

// Check finds nothing wrong: Pin looks whether there is such a version.
func (PinnedLayer) Check() error { return nil }

// learning is how learning stands for a brand.
type learning struct {
	bun.BaseModel `bun:"table:learning,alias:g"`

	BrandID int64      `bun:",pk"`
	Version int64      // grows with everything that whoever scores must know
	Waiting int        // labels since the latest version
	DueAt   clock.Time `bun:",nullzero"`
}

// waitToLearn notes new labels: a few wait for more, many are learned from at once.
func waitToLearn(ctx context.Context, tx listeners.Tx, brandID int64, n int) error {
	soon, latest := tx.Now().Add(learnSoon), tx.Now().Add(learnLatest)
	_, err := tx.NewRaw(`INSERT INTO learning (brand_id, version, waiting, due_at) VALUES (?, 0, ?, ?)
		ON CONFLICT (brand_id) DO UPDATE SET waiting = learning.waiting + EXCLUDED.waiting,
		due_at = CASE WHEN learning.waiting + EXCLUDED.waiting >= ? THEN ? ELSE COALESCE(learning.due_at, EXCLUDED.due_at) END`,
		brandID, n, latest, learnAfter, soon).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note that brand %d has corrected something: %w", brandID, err)
	}
	return nil
}

// Set stores a section of what a brand has set that decides how its posts are dealt with.
func Set[S community.Section](ctx context.Context, tx listeners.Tx, m *community.Member, value S) error {
	if err := community.Set(ctx, tx, m, value); err != nil {
		return err
	}
	return scoreAnew(ctx, tx, m.BrandID)
}

// SetWaits stores how soon a brand's customers should be answered.
func SetWaits(ctx context.Context, tx listeners.Tx, m *community.Member, w community.Waits) error {
	if err := community.SetWaits(ctx, tx, m, w); err != nil {
		return err
	}
	return scoreAnew(ctx, tx, m.BrandID)
}

// scoreAnew makes every process prepare its scorer of a brand again.
func scoreAnew(ctx context.Context, tx listeners.Tx, brandID int64) error {
	_, err := tx.NewRaw(`INSERT INTO learning (brand_id, version, waiting) VALUES (?, 1, 0)
		ON CONFLICT (brand_id) DO UPDATE SET version = learning.version + 1`, brandID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("let brand %d be scored anew: %w", brandID, err)
	}
	return nil
}

// LearningDue names the brands that have corrected enough, or long enough ago, to learn from.
func LearningDue(ctx context.Context, db bun.IDB, now clock.Time) ([]int64, error) {
	var due []int64
	err := db.NewSelect().Model((*learning)(nil)).Column("brand_id").Where("g.due_at <= ?", now).Order("g.due_at").Limit(50).Scan(ctx, &due)
	if err != nil {
		return nil, fmt.Errorf("look for what there is to learn: %w", err)
	}
	return due, nil
}

// Learn learns a new version of a brand's layer from its labels and its topics' examples. It computes outside
// of transactions, for about a second, and stores the version with store. by is who asked for it, nil where
// it was due. Of several processes that learn at once one stores it.
func (in *Intake) Learn(ctx context.Context, store listeners.Transact, brandID int64, by *community.Member) (Layer, error) {
	if by != nil && !by.Role.Employee() {
		return Layer{}, community.ErrNotAllowed
	}
	s, err := in.syllabus(ctx, brandID)
	if err != nil {
		return Layer{}, err
	}
	layer := Layer{BrandID: brandID, Labels: s.labels, LastLabel: s.last}
	layer.Packed, layer.How = triage.LearnLayer(s.topics, s.lessons)
	tried := false
	for _, how := range layer.How {
		tried = tried || how.Verdict != triage.TooFew
	}
	err = store(ctx, func(ctx context.Context, tx listeners.Tx) error {
		_, err := tx.NewRaw("UPDATE learning SET waiting = 0, due_at = NULL, version = version + 1 WHERE brand_id = ?", brandID).Exec(ctx)
		if err != nil {
			return fmt.Errorf("note that brand %d has learned: %w", brandID, err)
		}
		if !tried {
			return nil
		}
		if by == nil {
			known, err := tx.NewSelect().Model((*Layer)(nil)).Where("y.brand_id = ? AND y.last_label >= ?", brandID, layer.LastLabel).Exists(ctx)
			if err != nil || known {
				return err
			}
		} else {
			layer.MadeBy = by.ID
		}
		layer.CreatedAt = tx.Now()
		if _, err := tx.NewInsert().Model(&layer).Exec(ctx); err != nil {
			return fmt.Errorf("store what brand %d has learned: %w", brandID, err)
		}
		return nil
	})
	if err == nil && !tried && by != nil {
		err = ErrNothingToLearn
	}
	in.Forget(brandID)
	return layer, err
}

// Pin makes one version speak for a brand, whatever is learned later; 0 is none, the shipped heads alone.
func Pin(ctx context.Context, tx listeners.Tx, m *community.Member, layerID int64) error {
	if !m.Role.Employee() {
		return community.ErrNotAllowed
	}
	if layerID != 0 {
		known, err := tx.NewSelect().Model((*Layer)(nil)).Where("y.id = ? AND y.brand_id = ? AND y.packed IS NOT NULL", layerID, m.BrandID).Exists(ctx)
		if err != nil {
			return fmt.Errorf("find version %d: %w", layerID, err)
		}
		if !known {
			return &community.Invalid{Field: "layer", Sentence: "this version cannot speak; choose one that was accepted"}
		}
	}
	return choose(ctx, tx, m, PinnedLayer{Pinned: true, Layer: layerID})
}

// Unpin lets the newest accepted version speak again.
func Unpin(ctx context.Context, tx listeners.Tx, m *community.Member) error {
	if !m.Role.Employee() {
		return community.ErrNotAllowed
	}
	return choose(ctx, tx, m, PinnedLayer{})
}

func choose(ctx context.Context, tx listeners.Tx, m *community.Member, p PinnedLayer) error {
	if err := community.Set(ctx, tx, m, p); err != nil {
		return err
	}
	return scoreAnew(ctx, tx, m.BrandID)
}

// speaking reads the version that speaks for a brand; its ID is 0 where the shipped heads speak alone.
func speaking(ctx context.Context, db bun.IDB, brandID int64) (Layer, PinnedLayer, error) {
	var found []Layer
	pinned, err := community.Setting(ctx, db, brandID, PinnedLayer{})
	if err != nil || pinned.Pinned && pinned.Layer == 0 {
		return Layer{}, pinned, err
	}
	q := db.NewSelect().Model(&found).Where("y.brand_id = ? AND y.packed IS NOT NULL", brandID).Order("y.id DESC").Limit(1)
	if pinned.Pinned {
		q = q.Where("y.id = ?", pinned.Layer)
	}
	if err := q.Scan(ctx); err != nil {
		return Layer{}, pinned, fmt.Errorf("read what brand %d has learned: %w", brandID, err)
	}
	if len(found) == 0 {
		return Layer{}, pinned, nil
	}
	return found[0], pinned, nil
}

// Layers reads the versions of a brand, newest first, without what they weigh.
func Layers(ctx context.Context, db bun.IDB, brandID int64, most int) ([]Layer, error) {
	var all []Layer
	err := db.NewSelect().Model(&all).ExcludeColumn("packed").ColumnExpr("CASE WHEN packed IS NULL THEN NULL ELSE ? END AS packed", []byte{1}).
		Where("y.brand_id = ?", brandID).Order("y.id DESC").Limit(int64(most)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the versions of brand %d: %w", brandID, err)
	}
	return all, nil
}
