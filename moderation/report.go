package moderation

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/uptrace/bun"
)

// IndustryRate is the share of questions, in percent, that is usual where nobody helps a brand: the line
// that a report draws.
const IndustryRate = 14

// Period is what a report looks at: from a moment until before another, by the days and hours of a zone.
type Period struct {
	From, To clock.Time
	Zone     *time.Location
}

// offset is how far the period's zone is ahead of UTC at its end. Hours of the day are counted by it all
// through, so that a list of cases can ask for one of them.
func (p Period) offset() time.Duration {
	_, seconds := p.To.Std().In(p.Zone).Zone()
	return time.Duration(seconds) * time.Second
}

func (p Period) hour(t clock.Time) int { return t.Add(p.offset()).Std().Hour() }

// mostBars is how many days a report shows one by one; of more it shows weeks.
const mostBars = 45

// slots cut the period into days, or weeks where it is long, the latest one ending with it.
func (p Period) slots() []Slot {
	days := 1
	if p.To.Sub(p.From) > mostBars*24*time.Hour {
		days = 7
	}
	var all []Slot
	for to := p.To; to > p.From; {
		from := max(clock.At(to.Std().In(p.Zone).AddDate(0, 0, -days)), p.From)
		all = append(all, Slot{From: from, To: to})
		to = from
	}
	slices.Reverse(all)
	return all
}

// Slot is a day or a week of a report.
type Slot struct {
	From, To clock.Time
	Tally
}

// Group is the questions that have something in common.
type Group struct {
	Key string // the network, the lane, or the id of the topic or member
	Tally
}

// Side is who answered.
type Side string

// The sides.
const (
	ByCommunity Side = "community" // an advocate
	ByStaff     Side = "staff"     // one of the brand's own people
	ByElsewhere Side = "elsewhere" // somebody with another tool
	ByStatement Side = "statement" // nobody: the public statement on an incident speaks for it
)

// Sides lists every side, as reports show them.
var Sides = []Side{ByCommunity, ByStaff, ByElsewhere, ByStatement}

// Part is what one side did.
type Part struct {
	Side Side
	Tally
	Liked int // answers whose customers said thanks, or that it works
	Cost  listeners.MicroUSD
}

// Report is how a brand answered the questions of a period. What is a question, triage says, and whoever
// corrects it; the first post of a conversation that asks something counts, noise and deleted posts do not.
//
// A question that the public statement on an incident speaks for counts as answered from the moment at which somebody
// of the brand let it: in an outage that is the answer there is, and a report that showed a thousand such questions as
// left alone would teach nobody anything. It is no reply to the customer, though, so that it is counted apart
// (Tally.Stated, ByStatement) wherever answers are, and only for as long as it is enough: a customer who writes again
// is unanswered again, until somebody answers.
type Report struct {
	Period
	All      Tally
	Slots    []Slot
	Hours    [24]Tally // by the hour of day in which was asked
	Networks []Group
	Lanes    []Group
	Topics   []Group
	Members  []Group // by who gave the first answer
	Parts    []Part
	Reviews  Waits // how long answers waited for a person's decision
	ByHour   [24]Waits
	Cost     listeners.MicroUSD // what networks charged
}

// question is one question with its first answer.
type question struct {
	id, connection int64
	network        string
	lane           string
	topic          int64
	askedAt        clock.Time
	answeredAt     clock.Time        // 0: nobody has answered
	member         int64             // who answered; 0: nobody, or somebody with another tool
	outcome        community.Outcome // the customer's latest word about the answer
	stated         bool              // the answer is a public statement
}

// answeredAt is when a question of the row c was first answered; NULL where it was not, or the answer is gone.
const answeredAt = `CASE WHEN c.answered_at IS NULL THEN NULL WHEN c.first_answer_at >= c.asked_at THEN c.first_answer_at
	WHEN c.answered_at >= c.asked_at THEN c.answered_at END`

// coveredAt is since when a public statement speaks for a question that nobody has answered; else NULL.
const coveredAt = `CASE WHEN c.covered_at >= c.asked_at THEN c.covered_at END`

// answeredBy is the member who did, NULL for another tool.
const answeredBy = `CASE WHEN c.answered_at IS NULL THEN NULL WHEN c.first_answer_at >= c.asked_at THEN (SELECT a.member_id ` + firstAnswer + `)
	WHEN c.answered_at >= c.asked_at THEN c.answered_by END`

// outcome is the customer's latest word about the first answer; NULL where none of ours was it.
const outcome = `CASE WHEN c.answered_at IS NOT NULL AND c.first_answer_at >= c.asked_at THEN (SELECT a.outcome ` + firstAnswer + `) END`

// firstAnswer picks the answer whose reply was the first in the case, for each case by itself: a join would
// read all replies of all time on PostgreSQL.
const firstAnswer = `FROM replies AS f JOIN answers AS a ON a.id = f.answer_id WHERE f.case_id = c.id AND f.sent_at = c.first_answer_at ORDER BY f.id LIMIT 1`

// questions selects the questions of a brand's customers in a period, with their first answers.
func questions(db bun.IDB, brandID int64, p Period) *bun.SelectQuery {
	return db.NewSelect().TableExpr("cases AS c").
		ColumnExpr("c.id, c.connection_id, c.network, c.lane, c.topic_id, c.asked_at").
		ColumnExpr("COALESCE("+answeredAt+", "+coveredAt+") AS answered_at").
		ColumnExpr("("+answeredAt+") IS NULL AND ("+coveredAt+") IS NOT NULL AS stated").ColumnExpr(answeredBy+" AS member_id").ColumnExpr(outcome+" AS outcome").
		Where("c.brand_id = ? AND c.asked_at >= ? AND c.asked_at < ?", brandID, p.From, p.To).
		Where("c.state NOT IN (?, ?)", community.Ignored, community.Gone)
}

// ReportOf adds up a period in a few statements, however long it is.
func ReportOf(ctx context.Context, db bun.IDB, brandID int64, p Period) (Report, error) {
	r := Report{Period: p, Slots: p.slots()}
	members, err := community.Members(ctx, db, brandID)
	if err != nil {
		return r, err
	}
	connections, err := spentIn(ctx, db, brandID, p)
	if err != nil {
		return r, err
	}
	sum := newSums(&r, members)
	rows, err := questions(db, brandID, p).Rows(ctx)
	if err != nil {
		return r, fmt.Errorf("report about brand %d: %w", brandID, err)
	}
	defer rows.Close()
	for rows.Next() {
		var q question
		var at, member sql.NullInt64
		var said sql.NullString
		if err := rows.Scan(&q.id, &q.connection, &q.network, &q.lane, &q.topic, &q.askedAt, &at, &q.stated, &member, &said); err != nil {
			return r, fmt.Errorf("read a question of brand %d: %w", brandID, err)
		}
		q.answeredAt, q.member, q.outcome = clock.Time(at.Int64), member.Int64, community.Outcome(said.String)
		sum.add(q)
	}
	if err := rows.Err(); err != nil {
		return r, fmt.Errorf("report about brand %d: %w", brandID, err)
	}
	sum.finish(connections)
	return r, r.readReviews(ctx, db, brandID)
}

// spentIn is what each connection of a brand cost in a period, by UTC days.
func spentIn(ctx context.Context, db bun.IDB, brandID int64, p Period) (map[int64]listeners.MicroUSD, error) {
	var all []struct {
		ConnectionID int64
		Cost         listeners.MicroUSD
	}
	err := db.NewSelect().TableExpr("spending AS s").ColumnExpr("s.connection_id, SUM(s.cost) AS cost").
		Join("JOIN connections AS n ON n.id = s.connection_id").
		Where("n.brand_id = ? AND s.day >= ? AND s.day <= ?", brandID, dayOf(p.From), dayOf(p.To-1)).Group("s.connection_id").Scan(ctx, &all)
	if err != nil {
		return nil, fmt.Errorf("add up what brand %d spent: %w", brandID, err)
	}
	spent := make(map[int64]listeners.MicroUSD, len(all))
	for _, s := range all {
		spent[s.ConnectionID] = s.Cost
	}
	return spent, nil
}

// readReviews counts how long answers waited that people decided about in the period.
func (r *Report) readReviews(ctx context.Context, db bun.IDB, brandID int64) error {
	rows, err := db.NewSelect().TableExpr("answers AS a").ColumnExpr("a.submitted_at, a.decided_at").
		Where("a.brand_id = ? AND a.decided_at >= ? AND a.decided_at < ?", brandID, r.From, r.To).
		Where("a.reviewer_id IS NOT NULL AND a.submitted_at IS NOT NULL").Rows(ctx)
	if err != nil {
		return fmt.Errorf("report about the reviews of brand %d: %w", brandID, err)
	}
	defer rows.Close()
	for rows.Next() {
		var submitted, decided clock.Time
		if err := rows.Scan(&submitted, &decided); err != nil {
			return fmt.Errorf("read a review of brand %d: %w", brandID, err)
		}
		r.Reviews.add(decided.Sub(submitted))
		r.ByHour[r.hour(submitted)].add(decided.Sub(submitted))
	}
	return rows.Err()
}
