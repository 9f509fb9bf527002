package community

import (
	"context"
	"fmt"
	"strings"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// Wording is a better text for a snippet that a member suggests.
type Wording struct {
	bun.BaseModel `bun:"table:snippet_wordings,alias:wording"`

	ID        int64 `bun:",pk,autoincrement"`
	BrandID   int64
	SnippetID int64
	MemberID  int64
	Text      string
	State     WordingState
	CreatedAt clock.Time
	DecidedBy int64      `bun:",nullzero"`
	DecidedAt clock.Time `bun:",nullzero"`
}

// WordingState is what became of a suggested wording.
type WordingState string

// The states of a wording.
const (
	Suggested WordingState = "suggested"
	Accepted  WordingState = "accepted"
	Declined  WordingState = "declined"
)

// SuggestWording keeps a member's better text for a snippet until staff decide; a second one of the
// same member takes the place of the first.
func SuggestWording(ctx context.Context, tx Tx, m *Member, snippetID int64, text string) error {
	s, err := FindSnippet(ctx, tx, m, snippetID)
	if err != nil {
		return err
	}
	if m.Trust < 1 && !m.Role.Employee() {
		return ErrNotAllowed
	}
	s.Text = text
	if err := s.check(); err != nil {
		return err
	}
	w := Wording{BrandID: m.BrandID, SnippetID: s.ID, MemberID: m.ID, Text: s.Text, State: Suggested, CreatedAt: tx.Now()}
	_, err = tx.NewInsert().Model(&w).On("CONFLICT (brand_id, snippet_id, member_id) WHERE state = 'suggested' DO UPDATE").
		Set("text = EXCLUDED.text, created_at = EXCLUDED.created_at").Exec(ctx)
	if err != nil {
		return fmt.Errorf("suggest a wording of snippet %d: %w", snippetID, err)
	}
	return record(ctx, tx, Activity{BrandID: m.BrandID, ActorID: m.ID, Kind: WordingSuggested, Detail: Detail{Rule: s.Name, Text: s.Text}})
}

// Wordings reads the suggestions that wait, oldest first: all of the brand's for employees, others see
// their own.
func Wordings(ctx context.Context, db bun.IDB, m *Member) ([]Wording, error) {
	var all []Wording
	q := db.NewSelect().Model(&all).Where("brand_id = ? AND state = 'suggested'", m.BrandID).Order("id").Limit(mostSnippets)
	if !m.Role.Employee() {
		q = q.Where("member_id = ?", m.ID)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the wordings suggested in brand %d: %w", m.BrandID, err)
	}
	return all, nil
}

// DecideWording takes a suggested wording as the snippet's text, or declines it. Its author hears of it.
func DecideWording(ctx context.Context, tx Tx, m *Member, id int64, accept bool) error {
	var w Wording
	if err := tx.NewSelect().Model(&w).Where("id = ? AND brand_id = ?", id, m.BrandID).Scan(ctx); err != nil {
		return fmt.Errorf("find wording %d: %w", id, err)
	}
	if !m.Role.Employee() {
		return ErrNotAllowed
	}
	to := Declined
	if accept {
		to = Accepted
	}
	res, err := tx.NewUpdate().Model(&w).Set("state = ?, decided_by = ?, decided_at = ?", to, m.ID, tx.Now()).
		WherePK().Where("state = ?", Suggested).Exec(ctx)
	if err != nil {
		return fmt.Errorf("decide about wording %d: %w", id, err)
	}
	if unchanged(res) {
		return ErrDecided
	}
	about, event := &Case{BrandID: m.BrandID}, fmt.Sprintf("wording:%d", w.ID)
	if !accept {
		return tell(ctx, tx, about, w.MemberID, WordingDeclined, event)
	}
	s, err := FindSnippet(ctx, tx, m, w.SnippetID)
	if err != nil {
		return err
	}
	s.Text = strings.TrimSpace(w.Text)
	if _, err := KeepSnippet(ctx, tx, m, s); err != nil {
		return err
	}
	return tell(ctx, tx, about, w.MemberID, WordingAccepted, event)
}
