package community

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// Snippet is a text that a brand keeps ready. Whoever uses it fills its blanks: "Chào [tên khách]".
type Snippet struct {
	bun.BaseModel `bun:"table:snippets,alias:snippet"`

	ID        int64 `bun:",pk,autoincrement"`
	BrandID   int64
	Name      string
	Text      string
	Language  string  // en or vi
	Topics    []int64 `bun:"type:text"` // empty: fits every topic
	Retired   bool
	Version   int64
	ChangedBy int64
	CreatedAt clock.Time
	ChangedAt clock.Time
}

const (
	mostSnippets   = 500 // of a brand
	longestSnippet = 2000
	longestName    = 80
	longestBlank   = 40
)

// ErrSnippetName is told where two snippets would have one name.
var ErrSnippetName = errors.New("there is a snippet of this name already")

var blankForm = regexp.MustCompile(fmt.Sprintf(`\[\p{L}[^\[\]\n]{0,%d}\]`, longestBlank))

// Blanks are the places in a text that wait to be filled, in their order, each once. A link as some
// networks write it, [word](address), is none.
func Blanks(text string) []string {
	var blanks []string
	for _, at := range blankForm.FindAllStringIndex(text, -1) {
		blank := text[at[0]:at[1]]
		if !strings.HasPrefix(text[at[1]:], "(") && !slices.Contains(blanks, blank) {
			blanks = append(blanks, blank)
		}
	}
	return blanks
}

// Filled refuses a text in which a blank is left.
func Filled(text string) error {
	if len(Blanks(text)) > 0 {
		return &Invalid{"text", "fill in what still stands in square brackets, or take it out"}
	}
	return nil
}

// Fits tells whether a snippet is of use for a case.
func (s *Snippet) Fits(c *Case) bool {
	if c.Language != s.Language && (c.Language == "en" || c.Language == "vi") {
		return false
	}
	return len(s.Topics) == 0 || slices.Contains(s.Topics, c.TopicID)
}

func (s *Snippet) check() error {
	s.Name, s.Text = strings.TrimSpace(s.Name), strings.TrimSpace(s.Text)
	switch {
	case s.Name == "" || len(s.Name) > longestName || !Storable(s.Name):
		return &Invalid{"name", "a snippet needs a short name"}
	case s.Text == "" || len(s.Text) > longestSnippet || !Storable(s.Text):
		return &Invalid{"text", "a snippet needs a text, of 2000 letters at most"}
	case s.Language != "en" && s.Language != "vi":
		return &Invalid{"language", "the languages are en and vi"}
	}
	return nil
}

// Snippets reads a brand's snippets by name.
func Snippets(ctx context.Context, db bun.IDB, brandID int64) ([]Snippet, error) {
	var all []Snippet
	err := db.NewSelect().Model(&all).Where("brand_id = ? AND NOT retired", brandID).Order("name").Limit(mostSnippets).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the snippets of brand %d: %w", brandID, err)
	}
	return all, nil
}

// IsSnippet tells whether a text is a brand's snippet as it is kept.
func IsSnippet(ctx context.Context, db bun.IDB, brandID int64, text string) (bool, error) {
	same, err := db.NewSelect().Model((*Snippet)(nil)).Where("brand_id = ? AND NOT retired AND text = ?", brandID, strings.TrimSpace(text)).Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("look for a snippet of brand %d: %w", brandID, err)
	}
	return same, nil
}

// FindSnippet reads a snippet of the member's brand that is in use.
func FindSnippet(ctx context.Context, db bun.IDB, m *Member, id int64) (Snippet, error) {
	var s Snippet
	err := db.NewSelect().Model(&s).Where("id = ? AND brand_id = ? AND NOT retired", id, m.BrandID).Scan(ctx)
	if err != nil {
		return s, fmt.Errorf("find snippet %d: %w", id, err)
	}
	return s, nil
}

// KeepSnippet stores a new snippet (ID 0) or changes one, if nobody has changed it since it was read.
func KeepSnippet(ctx context.Context, tx Tx, m *Member, s Snippet) (Snippet, error) {
	if !m.Role.Employee() {
		return s, ErrNotAllowed
	}
	if err := s.check(); err != nil {
		return s, err
	}
	if err := s.ownTopics(ctx, tx, m); err != nil {
		return s, err
	}
	before := ""
	if s.ID != 0 {
		old, err := FindSnippet(ctx, tx, m, s.ID)
		if err != nil {
			return s, err
		}
		before, s.CreatedAt = old.Text, old.CreatedAt
	}
	named, err := tx.NewSelect().Model((*Snippet)(nil)).
		Where("brand_id = ? AND name = ? AND NOT retired AND id <> ?", m.BrandID, s.Name, s.ID).Exists(ctx)
	if err != nil {
		return s, fmt.Errorf("look for snippet %s: %w", s.Name, err)
	}
	if named {
		return s, ErrSnippetName
	}
	version := s.Version
	s.BrandID, s.ChangedBy, s.ChangedAt, s.Version = m.BrandID, m.ID, tx.Now(), version+1
	if s.ID == 0 {
		s.CreatedAt = tx.Now()
		_, err = tx.NewInsert().Model(&s).Exec(ctx)
	} else {
		var res sql.Result
		res, err = tx.NewUpdate().Model(&s).WherePK().Where("version = ? AND NOT retired", version).Exec(ctx)
		if err == nil && unchanged(res) {
			return s, ErrChanged
		}
	}
	if err != nil {
		return s, fmt.Errorf("store snippet %s: %w", s.Name, err)
	}
	return s, record(ctx, tx, Activity{
		BrandID: m.BrandID, ActorID: m.ID, Kind: SnippetChanged, Detail: Detail{Rule: s.Name, Before: before, Text: s.Text},
	})
}

// unchanged tells whether a statement found nothing to change.
func unchanged(res sql.Result) bool {
	n, err := res.RowsAffected()
	return err != nil || n == 0
}

// ownTopics leaves out topics that are not the brand's.
func (s *Snippet) ownTopics(ctx context.Context, db bun.IDB, m *Member) error {
	topics, err := Topics(ctx, db, m.BrandID)
	if err != nil {
		return err
	}
	own := []int64{}
	for _, t := range topics {
		if slices.Contains(s.Topics, t.ID) {
			own = append(own, t.ID)
		}
	}
	s.Topics = own
	return nil
}

// RetireSnippet takes a snippet out of use; what was answered with it keeps its name.
func RetireSnippet(ctx context.Context, tx Tx, m *Member, id int64) error {
	if !m.Role.Employee() {
		return ErrNotAllowed
	}
	s, err := FindSnippet(ctx, tx, m, id)
	if err != nil {
		return err
	}
	if _, err := tx.NewUpdate().Model(&s).Set("retired = ?, version = version + 1", true).WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("retire snippet %d: %w", id, err)
	}
	_, err = tx.NewUpdate().Model((*Wording)(nil)).Set("state = ?, decided_by = ?, decided_at = ?", Declined, m.ID, tx.Now()).
		Where("brand_id = ? AND snippet_id = ? AND state = ?", m.BrandID, id, Suggested).Exec(ctx)
	if err != nil {
		return fmt.Errorf("end the wordings of snippet %d: %w", id, err)
	}
	return record(ctx, tx, Activity{BrandID: m.BrandID, ActorID: m.ID, Kind: SnippetChanged, Detail: Detail{Rule: s.Name, Before: s.Text}})
}

// SnippetUse is how the answers fared that began with a snippet.
type SnippetUse struct {
	SnippetID int64
	Uses      int // approved answers
	Good      int // of these, the customer said thanks or that it is solved
	Broken    int
}

// SnippetUses counts the approved answers that began with each of these snippets.
func SnippetUses(ctx context.Context, db bun.IDB, ids []int64) (map[int64]SnippetUse, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var all []SnippetUse
	err := db.NewSelect().Model((*Answer)(nil)).Column("snippet_id").
		ColumnExpr("COUNT(*) AS uses").
		ColumnExpr("SUM(CASE WHEN outcome IN (?, ?) THEN 1 ELSE 0 END) AS good", OutcomeSolved, OutcomeThanks).
		ColumnExpr("SUM(CASE WHEN outcome = ? THEN 1 ELSE 0 END) AS broken", OutcomeBroken).
		Where("snippet_id IN (?) AND state = ?", bun.List(ids), Approved).Group("snippet_id").Scan(ctx, &all)
	if err != nil {
		return nil, fmt.Errorf("count the uses of snippets: %w", err)
	}
	byID := make(map[int64]SnippetUse, len(all))
	for _, use := range all {
		byID[use.SnippetID] = use
	}
	return byID, nil
}

// AsKeptReady tells whether a text is one of the brand's snippets word for word: what the customer
// gets then could have gone to anybody.
func AsKeptReady(ctx context.Context, db bun.IDB, brandID int64, text string) (bool, error) {
	same, err := db.NewSelect().Model((*Snippet)(nil)).
		Where("brand_id = ? AND NOT retired AND text = ?", brandID, strings.TrimSpace(text)).Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("compare with the snippets of brand %d: %w", brandID, err)
	}
	return same, nil
}
