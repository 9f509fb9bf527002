package community

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// judgedAnswers is the condition of the index answers_judged, word for word.
const judgedAnswers = "(a.returns > 0 OR a.kept IS NOT NULL OR a.outcome IN ('solved', 'broken'))"

// evidence reads the latest judged answers of members, newest first, at most so many of each.
func evidence(ctx context.Context, db bun.IDB, memberIDs []int64, most int) (map[int64][]Piece, error) {
	if len(memberIDs) == 0 {
		return nil, nil
	}
	latest := db.NewSelect().TableExpr("answers AS a").
		ColumnExpr("a.id AS answer_id, a.member_id, a.case_id, a.state, a.kept, a.returns, a.outcome").
		ColumnExpr("COALESCE(a.reviewer_id, 0) AS reviewer_id, COALESCE(a.decided_at, 0) AS decided_at, a.updated_at").
		ColumnExpr("ROW_NUMBER() OVER (PARTITION BY a.member_id ORDER BY a.id DESC) AS nth").
		Where("a.member_id IN (?)", bun.List(memberIDs)).Where(judgedAnswers).
		Where("NOT EXISTS (SELECT 1 FROM pastes AS p WHERE p.case_id = a.case_id AND p.member_id = a.member_id)") // who brings a case proves nothing in it
	var pieces []Piece
	err := db.NewSelect().TableExpr("(?) AS e", latest).
		ColumnExpr("e.answer_id, e.member_id, e.state, e.kept, e.returns, e.outcome, e.reviewer_id, e.decided_at, e.updated_at, c.account_id").
		Join("JOIN cases AS c ON c.id = e.case_id").Where("e.nth <= ?", most).OrderExpr("e.answer_id DESC").Scan(ctx, &pieces)
	if err != nil {
		return nil, fmt.Errorf("read the judged answers of members: %w", err)
	}
	byMember := make(map[int64][]Piece, len(memberIDs))
	for _, p := range pieces {
		if p.counts() {
			byMember[p.MemberID] = append(byMember[p.MemberID], p)
		}
	}
	return byMember, nil
}

// fresh leaves out pieces from before a new start.
func (s *Standing) fresh(pieces []Piece) []Piece {
	return slices.DeleteFunc(pieces, func(p Piece) bool { return p.At() < s.CountsFrom })
}

// TrustView is what there is to say about an advocate's trust.
type TrustView struct {
	Standing Standing
	Rules    TrustRules
	Pieces   []Piece // that count, newest first
	Record   Record
	Since    clock.Time    // when the days for the next level began
	Changes  []TrustChange // newest first
	Votes    []GuideVote
}

// mostTrustChanges is how far back the story of somebody's trust is told.
const mostTrustChanges = 50

// TrustOf reads how an advocate stands.
func TrustOf(ctx context.Context, db bun.IDB, m *Member) (TrustView, error) {
	var v TrustView
	var err error
	if v.Standing, err = standingOf(ctx, db, m); err != nil {
		return v, err
	}
	if v.Rules, err = Setting(ctx, db, m.BrandID, DefaultTrust); err != nil {
		return v, err
	}
	pieces, err := evidence(ctx, db, []int64{m.ID}, v.Rules.Window)
	if err != nil {
		return v, err
	}
	v.Pieces = v.Standing.fresh(pieces[m.ID])
	v.Record, v.Since = Recorded(v.Pieces), max(m.CreatedAt, v.Standing.CountsFrom)
	err = db.NewSelect().Model(&v.Changes).Where("member_id = ?", m.ID).Order("id DESC").Limit(mostTrustChanges).Scan(ctx)
	if err != nil {
		return v, fmt.Errorf("read the changes of trust of member %d: %w", m.ID, err)
	}
	if err := db.NewSelect().Model(&v.Votes).Where("member_id = ?", m.ID).Order("role").Scan(ctx); err != nil {
		return v, fmt.Errorf("read who would have member %d as a guide: %w", m.ID, err)
	}
	return v, nil
}

// standingOf reads how a member stands; without a judged answer they stand where they were put.
func standingOf(ctx context.Context, db bun.IDB, m *Member) (Standing, error) {
	s := Standing{MemberID: m.ID, BrandID: m.BrandID, Earned: m.Trust, ChangedAt: m.CreatedAt}
	err := db.NewSelect().Model(&s).WherePK().Scan(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return s, fmt.Errorf("read how member %d stands: %w", m.ID, err)
	}
	return s, nil
}

// Week is the judged answers of seven days.
type Week struct {
	Start  clock.Time
	Pieces int
	Good   int
}

// Weeks sorts pieces of evidence into the last so many weeks before now, oldest first.
func Weeks(pieces []Piece, most int, now clock.Time) []Week {
	weeks := make([]Week, most)
	for i := range weeks {
		weeks[i].Start = now.Add(-time.Duration(most-i) * 7 * day24)
	}
	for _, p := range pieces {
		i := most - 1 - int(now.Sub(p.At())/(7*day24))
		if i < 0 || i >= most {
			continue
		}
		weeks[i].Pieces++
		if p.Good() {
			weeks[i].Good++
		}
	}
	return weeks
}
