package community

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
)

// Incident is one cause that many customers write about: an outage, a charge that went wrong. The brand says
// publicly what it knows, locks the facts that every answer carries, and lets the statement speak where nobody
// has the time to answer.
type Incident struct {
	bun.BaseModel `bun:"table:incidents,alias:i"`

	ID       int64 `bun:",pk,autoincrement"`
	BrandID  int64
	Title    string
	State    IncidentState
	TopicID  int64 // the expertise that answers need; OtherTopic for none
	AlertID  int64 `bun:",nullzero"` // that it was opened from
	FactsID  int64 `bun:",nullzero"` // that are locked now
	OpenedBy int64
	OpenedAt clock.Time
	EndedBy  int64      `bun:",nullzero"`
	EndedAt  clock.Time `bun:",nullzero"`
	CoversBy int64      `bun:",nullzero"` // who lets the statement speak for later cases as well; 0: it does not
	Version  int64
}

// IncidentState is where an incident stands.
type IncidentState string

// The states of an incident.
const (
	IncidentOpen IncidentState = "open"
	IncidentOver IncidentState = "over"
)

// What happens to an incident, as the Rule of an IncidentTold; its sentence stands in the catalogs as
// "incident_told.<what>".
const (
	ToldOpened    = "opened"
	ToldOver      = "over"
	ToldReopened  = "reopened"
	ToldFacts     = "facts"     // Text: the new ones, Posts: unsent answers that wait for a reviewer again
	ToldWritten   = "written"   // a statement
	ToldApproved  = "approved"  // the same
	ToldDropped   = "dropped"   // the same
	ToldPosted    = "posted"    // Text: its address
	ToldFailed    = "failed"    // Text: the class of the failure
	ToldDoubtful  = "doubtful"  // nobody is sure whether it was posted
	ToldCovered   = "covered"   // Posts: so many cases
	ToldUncovered = "uncovered" // the same
	ToldCovers    = "covers"    // later cases as they come
	ToldCoversNot = "covers_not"
	ToldBelong    = "belong" // the same
	ToldCalled    = "called" // Posts: so many advocates
)

const (
	longestTitle = 120
	longestFacts = 4000
	// mostIncidents bounds the incidents that a page lists.
	mostIncidents = 100
	// mostIncidentNews bounds the history of an incident that is read.
	mostIncidentNews = 1000
)

// ErrIncidentOver is told to who would go on with an incident that is over.
var ErrIncidentOver = errors.New("this incident is over; open it again first")

// OpenIncident opens an incident from a cluster of mentions, an alert, or neither.
func OpenIncident(ctx context.Context, tx Tx, m *Member, i Incident) (Incident, error) {
	if !m.Role.Employee() {
		return i, ErrNotAllowed
	}
	if i.Title = strings.TrimSpace(i.Title); i.Title == "" || utf8.RuneCountInString(i.Title) > longestTitle || !Storable(i.Title) {
		return i, &Invalid{"title", "give the incident a name of at most 120 characters"}
	}
	if i.AlertID != 0 {
		known, err := tx.NewSelect().Table("alerts").Where("id = ? AND brand_id = ?", i.AlertID, m.BrandID).Exists(ctx)
		if err != nil || !known {
			return i, fmt.Errorf("find alert %d: %w", i.AlertID, orNone(err))
		}
	}
	if i.TopicID != OtherTopic {
		topics, err := Topics(ctx, tx, m.BrandID)
		if err != nil {
			return i, err
		}
		if !slices.ContainsFunc(topics, func(t Topic) bool { return t.ID == i.TopicID }) {
			return i, &Invalid{"topic", "choose one of the brand's topics"}
		}
	}
	i.BrandID, i.State, i.OpenedBy, i.OpenedAt, i.Version = m.BrandID, IncidentOpen, m.ID, tx.Now(), 1
	if _, err := tx.NewInsert().Model(&i).Exec(ctx); err != nil {
		return i, fmt.Errorf("open an incident: %w", err)
	}
	return i, i.tell(ctx, tx, m.ID, ToldOpened, Detail{Text: i.Title})
}

func orNone(err error) error {
	if err == nil {
		return sql.ErrNoRows
	}
	return err
}

// EndIncident says that an incident is over: what is written from then on carries its facts no more, and no new
// case belongs to it. Nothing that was covered opens by that.
func EndIncident(ctx context.Context, tx Tx, m *Member, id int64) error {
	return turnIncident(ctx, tx, m, id, IncidentOpen, ToldOver, "state = ?, ended_by = ?, ended_at = ?", IncidentOver, m.ID, tx.Now())
}

// ReopenIncident takes that back.
func ReopenIncident(ctx context.Context, tx Tx, m *Member, id int64) error {
	return turnIncident(ctx, tx, m, id, IncidentOver, ToldReopened, "state = ?, ended_by = NULL, ended_at = NULL", IncidentOpen)
}

func turnIncident(ctx context.Context, tx Tx, m *Member, id int64, from IncidentState, what, set string, args ...any) error {
	i, err := lockIncident(ctx, tx, m, id)
	if err != nil {
		return err
	}
	if i.State != from {
		return ErrChanged
	}
	if _, err := tx.NewUpdate().Model(&i).Set(set, args...).Set("version = version + 1").Where("id = ?", id).Exec(ctx); err != nil {
		return fmt.Errorf("change incident %d: %w", id, err)
	}
	return i.tell(ctx, tx, m.ID, what, Detail{Text: i.Title})
}

// lockIncident reads an incident for an employee who is about to change something of it; others wait.
func lockIncident(ctx context.Context, tx Tx, m *Member, id int64) (Incident, error) {
	if !m.Role.Employee() || m.State != Active {
		return Incident{}, ErrNotAllowed
	}
	var i Incident
	if err := locked(tx, tx.NewSelect().Model(&i).Where("i.id = ? AND i.brand_id = ?", id, m.BrandID)).Scan(ctx); err != nil {
		return i, fmt.Errorf("find incident %d: %w", id, err)
	}
	return i, nil
}

func lockOpenIncident(ctx context.Context, tx Tx, m *Member, id int64) (Incident, error) {
	i, err := lockIncident(ctx, tx, m, id)
	if err == nil && i.State != IncidentOpen {
		err = ErrIncidentOver
	}
	return i, err
}

// FindIncident reads an incident of a brand.
func FindIncident(ctx context.Context, db bun.IDB, brandID, id int64) (Incident, error) {
	var i Incident
	if err := db.NewSelect().Model(&i).Where("i.id = ? AND i.brand_id = ?", id, brandID).Scan(ctx); err != nil {
		return i, fmt.Errorf("find incident %d: %w", id, err)
	}
	return i, nil
}

// Incidents reads a brand's incidents, those that are open first, the newest first.
func Incidents(ctx context.Context, db bun.IDB, brandID int64) ([]Incident, error) {
	var all []Incident
	for _, state := range []IncidentState{IncidentOpen, IncidentOver} {
		var some []Incident
		err := db.NewSelect().Model(&some).Where("i.brand_id = ? AND i.state = ?", brandID, state).Order("i.id DESC").Limit(mostIncidents).Scan(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the incidents of brand %d: %w", brandID, err)
		}
		all = append(all, some...)
	}
	return all, nil
}

// tell writes into the history what happened to an incident.
func (i *Incident) tell(ctx context.Context, tx Tx, by int64, what string, d Detail) error {
	d.Incident, d.Rule = i.ID, what
	return record(ctx, tx, Activity{BrandID: i.BrandID, ActorID: by, Kind: IncidentTold, Lane: Staff, Detail: d})
}

// IncidentNews reads the history of an incident, newest first.
func IncidentNews(ctx context.Context, db bun.IDB, i *Incident) ([]Activity, error) {
	var all []Activity
	err := db.NewSelect().Model(&all).Where("a.kind = 'incident' AND a.brand_id = ?", i.BrandID).Order("a.id DESC").Limit(mostIncidentNews).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the history of incident %d: %w", i.ID, err)
	}
	return slices.DeleteFunc(all, func(a Activity) bool { return a.Detail.Incident != i.ID }), nil
}

// Belong lets cases of a brand belong to incidents that are open, by incident; a case that belongs to one stays
// there.
func Belong(ctx context.Context, tx Tx, brandID int64, cases map[int64][]int64) error {
	for incident, ids := range cases {
		if len(ids) == 0 {
			continue
		}
		_, err := tx.NewUpdate().Model((*Case)(nil)).Set("incident_id = ?, version = version + 1", incident).
			Where("c.id IN (?) AND c.brand_id = ? AND c.incident_id IS NULL AND c.lane <> ?", bun.List(ids), brandID, None).
			Where("EXISTS (SELECT 1 FROM incidents AS i WHERE i.id = ? AND i.brand_id = ? AND i.state = ?)", incident, brandID, IncidentOpen).Exec(ctx)
		if err != nil {
			return fmt.Errorf("put cases into incident %d: %w", incident, err)
		}
	}
	return nil
}

// PutInto lets cases belong to an incident because an employee says so, and tells how many do from then on.
func PutInto(ctx context.Context, tx Tx, m *Member, incidentID int64, cases []int64) (int, error) {
	i, err := lockOpenIncident(ctx, tx, m, incidentID)
	if err != nil || len(cases) == 0 {
		return 0, err
	}
	before, err := CountOf(ctx, tx, &i)
	if err != nil {
		return 0, err
	}
	if err := Belong(ctx, tx, m.BrandID, map[int64][]int64{i.ID: cases}); err != nil {
		return 0, err
	}
	after, err := CountOf(ctx, tx, &i)
	if err != nil || after.All() == before.All() {
		return 0, err
	}
	n := after.All() - before.All()
	return n, i.tell(ctx, tx, m.ID, ToldBelong, Detail{Posts: n})
}

// LeaveIncident says that a case is about something else. Who may answer it may say so.
func LeaveIncident(ctx context.Context, tx Tx, m *Member, caseID int64) (Case, error) {
	c, err := lockCase(ctx, tx, m, caseID)
	if err != nil {
		return c, err
	}
	if c.IncidentID == 0 {
		return c, ErrChanged
	}
	if !m.MayAnswer(&c) || c.State != Open && !c.HeldBy(m, tx.Now()) && !m.Role.Employee() {
		return c, ErrNotAllowed
	}
	left := c.IncidentID
	_, err = tx.NewUpdate().Model(&c).Set("incident_id = NULL, version = version + 1").Where("id = ?", c.ID).Returning("*").Exec(ctx)
	if err != nil {
		return c, fmt.Errorf("take case %d out of incident %d: %w", c.ID, left, err)
	}
	return c, record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, ActorID: m.ID, Kind: CaseLeft, Lane: c.Lane, Detail: Detail{Incident: left}})
}

// Counts are the cases of an incident by their states.
type Counts map[State]int

// All is how many there are.
func (n Counts) All() (sum int) {
	for _, count := range n {
		sum += count
	}
	return sum
}

// CountOf counts the cases of an incident.
func CountOf(ctx context.Context, db bun.IDB, i *Incident) (Counts, error) {
	var rows []struct {
		State State
		N     int
	}
	err := db.NewSelect().Model((*Case)(nil)).ColumnExpr("c.state, COUNT(*) AS n").Where("c.incident_id = ?", i.ID).GroupExpr("c.state").Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("count the cases of incident %d: %w", i.ID, err)
	}
	n := Counts{}
	for _, r := range rows {
		n[r.State] = r.N
	}
	return n, nil
}

// IncidentCases reads cases of an incident in a state that the member may see, in the order in which they began.
func IncidentCases(ctx context.Context, db bun.IDB, m *Member, i *Incident, state State, after int64, most int) ([]Case, error) {
	var all []Case
	err := db.NewSelect().Model(&all).Where("c.incident_id = ? AND c.state = ? AND c.brand_id = ? AND c.lane IN (?) AND c.id > ?", i.ID, state, m.BrandID, bun.List(m.Lanes()), after).
		Order("c.id").Limit(int64(most)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the cases of incident %d: %w", i.ID, err)
	}
	return all, nil
}

// mostCovered bounds how many cases one press covers or opens again; the rest is for the next one.
const mostCovered = 5000

// spokenFor is the condition that a statement on the case's incident stands where the case came from.
const spokenFor = `EXISTS (SELECT 1 FROM announcements AS n JOIN statements AS s ON s.id = n.statement_id
	WHERE s.incident_id = c.incident_id AND n.connection_id = c.connection_id AND n.state = 'sent')`

// CoverCases lets the public statement speak for cases of an incident that nobody has claimed: for those that are
// chosen or, where none is, for all that the community may answer. Who asked for a person, and what is risky or
// written in anger, is covered only where somebody chooses it; what is private never is. A customer who writes
// again waits again.
func CoverCases(ctx context.Context, tx Tx, m *Member, incidentID int64, chosen []int64) (int, error) {
	i, err := lockOpenIncident(ctx, tx, m, incidentID)
	if err != nil {
		return 0, err
	}
	some := tx.NewSelect().Model((*Case)(nil)).Column("c.id").Where("c.incident_id = ? AND c.state = ? AND c.brand_id = ?", i.ID, Open, m.BrandID).
		Where("NOT c.private").Where(spokenFor).Order("c.id").Limit(mostCovered)
	if chosen != nil {
		some = some.Where("c.id IN (?)", bun.List(chosen))
	} else {
		some = some.Where("c.lane <> ? AND NOT c.hostile", Staff)
	}
	n, err := i.turnCases(ctx, tx, m, Open, Cover, some, CaseCovered)
	if err != nil || n > 0 {
		return n, err
	}
	spoken, err := tx.NewSelect().TableExpr("announcements AS n").Join("JOIN statements AS s ON s.id = n.statement_id").
		Where("s.incident_id = ? AND n.state = 'sent'", i.ID).Exists(ctx)
	if err == nil && !spoken {
		err = &Invalid{"statement", "post a public statement first; it is what speaks for these cases"}
	}
	return 0, err
}

// SetCovers says whether the statement on an incident speaks for later cases of it as they come, too.
func SetCovers(ctx context.Context, tx Tx, m *Member, incidentID int64, on bool) error {
	i, err := lockOpenIncident(ctx, tx, m, incidentID)
	if err != nil || on == (i.CoversBy != 0) {
		return err
	}
	by, what := bun.NullZero(m.ID), ToldCovers
	if !on {
		by, what = bun.NullZero(int64(0)), ToldCoversNot
	}
	if _, err := tx.NewUpdate().Model(&i).Set("covers_by = ?, version = version + 1", by).Where("id = ?", i.ID).Exec(ctx); err != nil {
		return fmt.Errorf("let incident %d cover what comes: %w", i.ID, err)
	}
	return i.tell(ctx, tx, m.ID, what, Detail{})
}

// CoverLater lets statements speak for cases that have just come to belong to an incident, by incident, where
// somebody of the brand has said that they do: for first posts in the community's lane that are not angry and that
// nobody has taken, where the statement stands. What a rule sent elsewhere, and who writes again, waits for a person.
func CoverLater(ctx context.Context, tx Tx, brandID int64, cases map[int64][]int64) error {
	for id, ids := range cases {
		if len(ids) == 0 {
			continue
		}
		i, err := FindIncident(ctx, tx, brandID, id)
		if err != nil {
			return err
		}
		if i.CoversBy == 0 || i.State != IncidentOpen {
			continue
		}
		some := tx.NewSelect().Model((*Case)(nil)).Column("c.id").Where("c.incident_id = ? AND c.state = ? AND c.brand_id = ? AND c.id IN (?)", i.ID, Open, brandID, bun.List(ids)).
			Where("c.lane = ? AND c.mentions = 1 AND c.fence = 0 AND c.hold = '' AND NOT c.private AND NOT c.hostile AND c.urgency < ?", Community, pressing).Where(spokenFor)
		if _, err := i.turn(ctx, tx, i.CoversBy, Open, Cover, some, CaseCovered); err != nil {
			return err
		}
	}
	return nil
}

// UncoverCases takes that back for chosen cases, or for all.
func UncoverCases(ctx context.Context, tx Tx, m *Member, incidentID int64, chosen []int64) (int, error) {
	i, err := lockIncident(ctx, tx, m, incidentID)
	if err != nil {
		return 0, err
	}
	some := tx.NewSelect().Model((*Case)(nil)).Column("c.id").Where("c.incident_id = ? AND c.state = ? AND c.brand_id = ?", i.ID, Covered, m.BrandID).
		Order("c.id").Limit(mostCovered)
	if chosen != nil {
		some = some.Where("c.id IN (?)", bun.List(chosen))
	}
	return i.turnCases(ctx, tx, m, Covered, Uncover, some, CaseUncovered)
}

// turnCases takes cases of the incident that are in a state along the machine, and tells of it.
func (i *Incident) turnCases(ctx context.Context, tx Tx, m *Member, from State, e Event, some *bun.SelectQuery, kind Kind) (int, error) {
	n, err := i.turn(ctx, tx, m.ID, from, e, some, kind)
	if err != nil || n == 0 {
		return 0, err
	}
	what := ToldCovered
	if kind == CaseUncovered {
		what = ToldUncovered
	}
	return n, i.tell(ctx, tx, m.ID, what, Detail{Posts: n})
}

// turn takes cases of the incident along the machine in one statement, because a member said so.
func (i *Incident) turn(ctx context.Context, tx Tx, by int64, from State, e Event, some *bun.SelectQuery, kind Kind) (int, error) {
	to, err := Transition(from, e)
	if err != nil {
		return 0, err
	}
	var at clock.Time
	if to == Covered {
		at = tx.Now()
	}
	var done []Case
	_, err = tx.NewUpdate().Model(&done).Set("state = ?, covered_at = ?, fence = fence + 1, version = version + 1", to, bun.NullZero(at)).
		Where("state = ? AND id IN (?)", from, some).Returning("id, lane").Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("%s cases of incident %d: %w", e, i.ID, err)
	}
	if len(done) == 0 {
		return 0, nil
	}
	news := make([]Activity, len(done))
	for n, c := range done {
		news[n] = Activity{BrandID: i.BrandID, CaseID: c.ID, ActorID: by, Kind: kind, Lane: c.Lane, Detail: Detail{Incident: i.ID}}
	}
	return len(done), recordAll(ctx, tx, news)
}
