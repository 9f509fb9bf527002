package community

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

// Statement is a public word on an incident. Somebody else than who wrote it approves exactly its text; then it is
// posted once on each connection.
type Statement struct {
	bun.BaseModel `bun:"table:statements,alias:s"`

	ID         int64 `bun:",pk,autoincrement"`
	BrandID    int64
	IncidentID int64
	Text       string
	TextHash   string
	State      StatementState
	WrittenBy  int64
	CreatedAt  clock.Time
	DecidedBy  int64      `bun:",nullzero"`
	DecidedAt  clock.Time `bun:",nullzero"`
	Version    int64
}

// StatementState is where a statement stands.
type StatementState string

// The states of a statement; once it is approved, its announcements tell how it travels.
const (
	StatementWritten  StatementState = "written"
	StatementApproved StatementState = "approved"
	StatementDropped  StatementState = "dropped"
)

// ErrOwnStatement is told to who would approve what they wrote.
var ErrOwnStatement = errors.New("nobody approves their own statement; somebody else of the brand must")

// longestStatement bounds a statement, in characters; networks have limits of their own.
const longestStatement = 5000

type statementApproval struct {
	bun.BaseModel `bun:"table:statement_approvals"`

	StatementID int64
	MemberID    int64
	TextHash    string
	CreatedAt   clock.Time
}

// WriteStatement writes a public word on an incident, which waits for somebody else's eyes.
func WriteStatement(ctx context.Context, tx Tx, m *Member, incidentID int64, text string) (Statement, error) {
	i, err := lockOpenIncident(ctx, tx, m, incidentID)
	if err != nil {
		return Statement{}, err
	}
	s := Statement{BrandID: i.BrandID, IncidentID: i.ID, Text: tidy(text), State: StatementWritten, WrittenBy: m.ID, CreatedAt: tx.Now(), Version: 1}
	switch {
	case s.Text == "":
		return s, &Invalid{"text", "write the statement first"}
	case utf8.RuneCountInString(s.Text) > longestStatement || !Storable(s.Text):
		return s, &Invalid{"text", "this statement is too long, or has characters that cannot be sent"}
	case len(Blanks(s.Text)) > 0:
		return s, &Invalid{"text", "fill in what still stands in square brackets, or take it out"}
	}
	s.TextHash = listeners.Hash(s.Text)
	waits, err := tx.NewSelect().Model((*Statement)(nil)).Where("s.incident_id = ? AND s.state = ?", i.ID, StatementWritten).Exists(ctx)
	if err != nil {
		return s, fmt.Errorf("look for a statement on incident %d: %w", i.ID, err)
	}
	if waits {
		return s, &Invalid{"text", "a statement waits for approval already; decide about it first"}
	}
	if _, err := tx.NewInsert().Model(&s).Exec(ctx); err != nil {
		return s, fmt.Errorf("write a statement on incident %d: %w", i.ID, err)
	}
	return s, i.tell(ctx, tx, m.ID, ToldWritten, Detail{Text: s.Text})
}

// ApproveStatement approves exactly the text of a statement, which is posted where the announcements say.
func ApproveStatement(ctx context.Context, tx Tx, m *Member, incidentID, id int64, where []listeners.Announcement) (Statement, error) {
	i, s, err := lockStatement(ctx, tx, m, incidentID, id)
	if err != nil {
		return s, err
	}
	if s.WrittenBy == m.ID {
		return s, ErrOwnStatement
	}
	if len(where) == 0 {
		return s, &Invalid{"connection", "choose at least one account that says it"}
	}
	approval := statementApproval{StatementID: s.ID, MemberID: m.ID, TextHash: listeners.Hash(s.Text), CreatedAt: tx.Now()}
	if _, err := tx.NewInsert().Model(&approval).Exec(ctx); err != nil {
		return s, fmt.Errorf("approve statement %d: %w", id, err)
	}
	if err := s.decide(ctx, tx, m, StatementApproved); err != nil {
		return s, err
	}
	for _, a := range where {
		conn, err := listeners.FindConnection(ctx, tx, a.ConnectionID)
		if err != nil || conn.BrandID != m.BrandID {
			return s, fmt.Errorf("find connection %d: %w", a.ConnectionID, orNone(err))
		}
		a.BrandID, a.StatementID, a.Text = s.BrandID, s.ID, s.Text
		if err := listeners.Announce(ctx, tx, a); err != nil {
			return s, err
		}
	}
	return s, i.tell(ctx, tx, m.ID, ToldApproved, Detail{Text: s.Text})
}

// DropStatement ends a statement that nobody has approved.
func DropStatement(ctx context.Context, tx Tx, m *Member, incidentID, id int64) error {
	i, s, err := lockStatement(ctx, tx, m, incidentID, id)
	if err != nil {
		return err
	}
	if err := s.decide(ctx, tx, m, StatementDropped); err != nil {
		return err
	}
	return i.tell(ctx, tx, m.ID, ToldDropped, Detail{Text: s.Text})
}

func lockStatement(ctx context.Context, tx Tx, m *Member, incidentID, id int64) (Incident, Statement, error) {
	i, err := lockOpenIncident(ctx, tx, m, incidentID)
	if err != nil {
		return i, Statement{}, err
	}
	var s Statement
	if err := tx.NewSelect().Model(&s).Where("s.id = ? AND s.incident_id = ?", id, i.ID).Scan(ctx); err != nil {
		return i, s, fmt.Errorf("find statement %d: %w", id, err)
	}
	if s.State != StatementWritten {
		return i, s, ErrChanged
	}
	return i, s, nil
}

func (s *Statement) decide(ctx context.Context, tx Tx, m *Member, to StatementState) error {
	res, err := tx.NewUpdate().Model(s).Set("state = ?, decided_by = ?, decided_at = ?, version = version + 1", to, m.ID, tx.Now()).
		Where("id = ? AND state = ?", s.ID, StatementWritten).Returning("*").Exec(ctx)
	if err != nil {
		return fmt.Errorf("decide about statement %d: %w", s.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, ErrChanged)
	}
	return nil
}

// Statements reads the statements on an incident, the latest first.
func Statements(ctx context.Context, db bun.IDB, i *Incident) ([]Statement, error) {
	var all []Statement
	if err := db.NewSelect().Model(&all).Where("s.incident_id = ?", i.ID).Order("s.id DESC").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the statements on incident %d: %w", i.ID, err)
	}
	return all, nil
}

// Announced hears from the outbox what became of a statement.
func Announced(ctx context.Context, tx Tx, a listeners.Announcement) error {
	var s Statement
	if err := tx.NewSelect().Model(&s).Where("s.id = ?", a.StatementID).Scan(ctx); err != nil {
		return fmt.Errorf("find statement %d: %w", a.StatementID, err)
	}
	i := Incident{ID: s.IncidentID, BrandID: s.BrandID}
	conn, err := listeners.FindConnection(ctx, tx, a.ConnectionID)
	if err != nil {
		return err
	}
	d := Detail{Account: strings.TrimSpace(conn.Network + ":" + conn.Handle)}
	switch a.State {
	case listeners.Delivered:
		d.Text = a.URL
		return i.tell(ctx, tx, 0, ToldPosted, d)
	case listeners.AskHuman:
		return i.tell(ctx, tx, 0, ToldDoubtful, d)
	}
	d.Text = a.Error
	return i.tell(ctx, tx, 0, ToldFailed, d)
}
