package community

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/triage"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
)

// Case is one customer's conversation with a brand in one thread: what is claimed, answered, closed.
type Case struct {
	bun.BaseModel `bun:"table:cases,alias:c"`

	ID            int64 `bun:",pk"`
	BrandID       int64
	ConnectionID  int64
	AccountID     int64 // the customer
	Network       string
	ThreadKey     string
	State         State
	Lane          Lane
	LaneWhy       string // the rule that chose the lane
	Language      string
	TopicID       int64   // the expertise needed; OtherTopic where none is
	Urgency       float64 // of triage, the part of the priority that time does not change
	Reach         float64 // what the customer's audience adds to it
	Within        int64   // how soon the customer should be answered, in milliseconds; see Span
	Hostile       bool    // the customer rages; members with a shield are not asked to read it
	DueAt         clock.Time
	Delivery      listeners.Mode
	DeliveryWhy   string
	DeliveryUntil clock.Time `bun:",nullzero"` // when the network's window ends; 0: it does not
	Team          string     // of the staff, where a rule named one
	Tags          string     // that rules gave it, one a line
	Review        ReviewNeed // what rules ask of every answer to it
	Overflow      string     // the rule for which it waits for the employees, where it may go to community-care instead
	Hold          string     // the rule for which an employee looks before anybody may claim it
	Private       bool       // messages between two: no advocate reads them
	MentionID     int64      // the customer's latest post: the one an answer is a reply to
	Mentions      int        // the customer's posts
	OpenedAt      clock.Time
	AskedAt       clock.Time `bun:",nullzero"` // the customer's first post that asks something; 0: none does
	CustomerAt    clock.Time // the customer's latest post
	AnsweredAt    clock.Time `bun:",nullzero"` // the brand's latest post to the customer
	AnsweredBy    int64      `bun:",nullzero"` // the member who wrote it, if one of ours did
	FirstAnswerAt clock.Time `bun:",nullzero"`
	HolderID      int64      `bun:",nullzero"` // who has the claim
	HeldUntil     clock.Time `bun:",nullzero"`
	Climbed       int        // how far it has climbed because nobody took it, see climb.go
	Tier          Tier       // whose turn it is, see turn.go
	CoveredAt     clock.Time `bun:",nullzero"` // since when a public statement speaks for it; 0: none does
	Fence         int64      // counts the claims; what a late holder writes carries an old one
	IncidentID    int64      `bun:",nullzero"` // the incident that it is about
	Version       int64
}

// ReviewNeed is what a brand's rules ask of every answer to a case, besides what it needs anyway.
type ReviewNeed string

// The needs, each harder than the one before.
const (
	ReviewAsUsual  ReviewNeed = ""
	ReviewAlways   ReviewNeed = "review"    // somebody reads it before it leaves, whatever advocate wrote it
	ReviewFourEyes ReviewNeed = "four_eyes" // as many people as for the riskiest
)

// Or is the harder of two needs.
func (n ReviewNeed) Or(other ReviewNeed) ReviewNeed {
	if n == ReviewFourEyes || other == ReviewAsUsual {
		return n
	}
	return other
}

// Lane is who may answer a case.
type Lane string

// The lanes.
const (
	Community Lane = "community"
	Care      Lane = "community-care" // angry cases, for trusted advocates who are ready for them
	Staff     Lane = "staff"
	None      Lane = "none" // noise
)

// Volunteers tells whether advocates answer the cases of a lane.
func (l Lane) Volunteers() bool { return l == Community || l == Care }

// Promise is within which time a public post should be answered: half of those who ask expect it.
const Promise = 2 * time.Hour

// Languages are what triage may say of a case; members know the first two.
var Languages = []string{"en", "vi", "mixed", "other"}

// HeldBy tells whether a member has a live claim at now.
func (c *Case) HeldBy(m *Member, now clock.Time) bool {
	return c.State == Claimed && c.HolderID == m.ID && c.HeldUntil > now
}

// Free tells whether the case can be claimed at now by anybody who may answer it.
func (c *Case) Free(now clock.Time) bool {
	return c.State == Open || c.State == Claimed && c.HeldUntil <= now
}

// Priority is how much the case waits for somebody at now, 0 to 100; 0 once it waits for nobody. The
// wait is counted from the moment that set the virtual deadline, so that it agrees with the feed's order.
func (c *Case) Priority(now clock.Time) int {
	if c.ended() {
		return 0
	}
	since := c.DueAt.Add(-triage.Target(c.Urgency+c.Reach, c.Span()))
	return triage.Priority(c.Urgency+c.Reach, now.Sub(since), c.Span())
}

// Span is how soon the customer should be answered, at the place where they wrote.
func (c *Case) Span() time.Duration {
	return cmp.Or(time.Duration(c.Within)*time.Millisecond, Promise)
}

// PromisedAt is when the promise to the customer ends.
func (c *Case) PromisedAt() clock.Time { return c.CustomerAt.Add(c.Span()) }

// ended tells whether nobody has anything to do for the case until the customer writes again.
func (c *Case) ended() bool {
	return c.State != Open && c.State != Claimed && c.State != InReview
}

// FindCase reads a case that the member may see; sql.ErrNoRows for any other, so that nobody learns
// of what they may not know.
func FindCase(ctx context.Context, db bun.IDB, m *Member, id int64) (Case, error) {
	return findCase(ctx, db.NewSelect(), m, id)
}

// lockCase is FindCase for who is about to write something that belongs to the case.
func lockCase(ctx context.Context, tx Tx, m *Member, id int64) (Case, error) {
	return findCase(ctx, locked(tx, tx.NewSelect()), m, id)
}

func findCase(ctx context.Context, q *bun.SelectQuery, m *Member, id int64) (Case, error) {
	var c Case
	err := q.Model(&c).Where("c.id = ? AND c.brand_id = ?", id, m.BrandID).Scan(ctx)
	if err != nil {
		return c, fmt.Errorf("find case %d: %w", id, err)
	}
	if !m.MaySee(&c) {
		return Case{}, fmt.Errorf("find case %d: %w", id, sql.ErrNoRows)
	}
	return c, nil
}

// caseByID reads a case for what the product does by itself, and keeps everybody else from changing it
// until the transaction ends.
func caseByID(ctx context.Context, tx Tx, id int64) (Case, error) {
	var c Case
	if err := locked(tx, tx.NewSelect().Model(&c).Where("c.id = ?", id)).Scan(ctx); err != nil {
		return c, fmt.Errorf("find case %d: %w", id, err)
	}
	return c, nil
}

// locked makes others wait who would change the rows read. On SQLite there is nobody else.
func locked(tx Tx, q *bun.SelectQuery) *bun.SelectQuery {
	if tx.Dialect().Name() == dialect.PG {
		return q.For("NO KEY UPDATE")
	}
	return q
}

// Summoned makes cases answerable over the network whose latest mentions turn out to name an account of
// the brand, conn, after another one had only come across them.
func Summoned(ctx context.Context, tx Tx, conn listeners.Connection, mentionIDs []int64) error {
	if len(mentionIDs) == 0 {
		return nil
	}
	var cases []Case
	_, err := tx.NewUpdate().Model(&cases).Set("connection_id = ?, delivery = ?, delivery_why = 'ok', version = version + 1", conn.ID, listeners.ByAPI).
		Where("brand_id = ? AND mention_id IN (?) AND delivery = ?", conn.BrandID, bun.List(mentionIDs), listeners.Assisted).Returning("id").Exec(ctx)
	if err != nil {
		return fmt.Errorf("make cases answerable: %w", err)
	}
	ids := make([]int64, len(cases))
	for i, c := range cases {
		ids[i] = c.ID
	}
	return RecordHeard(ctx, tx, conn, ids, 0)
}

// HandToStaff moves a case to the employees, with the reason; a claim ends, drafts stay.
func HandToStaff(ctx context.Context, tx Tx, m *Member, caseID int64, reason string) (Case, error) {
	c, err := FindCase(ctx, tx, m, caseID)
	if err != nil {
		return c, err
	}
	if !m.MayAnswer(&c) {
		return c, ErrNotAllowed
	}
	if c.State != Open && c.HolderID != m.ID && !m.Role.Employee() && !(c.State == InReview && m.MayReview()) {
		return c, ErrTaken
	}
	if reason == "" {
		return c, &Invalid{"reason", "say in a few words why an employee should answer"}
	}
	if err := handOver(ctx, tx, m, &c, reason); err != nil {
		return c, err
	}
	if c.State == InReview {
		if err := withdraw(ctx, tx, c.ID); err != nil {
			return c, err
		}
	}
	from := c.Lane
	err = c.move(ctx, tx, Escalate, func(q *bun.UpdateQuery) *bun.UpdateQuery {
		return q.Set("lane = ?, lane_why = ?", Staff, "escalated")
	})
	if err != nil {
		return c, err
	}
	return c, record(ctx, tx, Activity{
		BrandID: c.BrandID, CaseID: c.ID, ActorID: m.ID, Kind: Escalated, Lane: from, Detail: Detail{Text: reason},
	})
}

// CloseCase ends a case without an answer.
func CloseCase(ctx context.Context, tx Tx, m *Member, caseID int64, reason string) (Case, error) {
	c, err := FindCase(ctx, tx, m, caseID)
	if err != nil {
		return c, err
	}
	if !m.Role.Employee() {
		return c, ErrNotAllowed
	}
	if err := withdraw(ctx, tx, c.ID); err != nil {
		return c, err
	}
	if err := c.move(ctx, tx, Close, nil); err != nil {
		return c, err
	}
	return c, record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, ActorID: m.ID, Kind: CaseClosed, Lane: c.Lane, Detail: Detail{Text: reason}})
}

// CasesByID reads cases for what the product does by itself.
func CasesByID(ctx context.Context, db bun.IDB, ids []int64) (map[int64]Case, error) {
	var all []Case
	if err := db.NewSelect().Model(&all).Where("c.id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read cases: %w", err)
	}
	byID := make(map[int64]Case, len(all))
	for _, c := range all {
		byID[c.ID] = c
	}
	return byID, nil
}
