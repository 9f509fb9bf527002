package community

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/gamification"
)

// mostSigns bounds how many facts of a kind detectors look at; the newest count.
const mostSigns = 20_000

// signQueries read what detectors look at, each kind with one query. Their arguments are the brand and since when.
var signQueries = map[gamification.Detector]struct {
	query string
	into  func(*gamification.Signs) any
}{
	gamification.Jump: {
		`SELECT e.member_id, e.created_at / 86400000000 AS day, SUM(e.amount) AS points FROM (SELECT member_id, created_at, amount, reverses_id FROM point_entries
			WHERE brand_id = ? AND created_at > ? ORDER BY created_at DESC LIMIT ?) AS e
		WHERE e.amount > 0 AND e.reverses_id IS NULL GROUP BY 1, 2`,
		func(s *gamification.Signs) any { return &s.Days },
	},
	gamification.TooFast: {answersQuery, func(s *gamification.Signs) any { return &s.Answers }},
	gamification.Copied:  {answersQuery, func(s *gamification.Signs) any { return &s.Answers }},
	gamification.Puppets: {
		`SELECT e.member_id, e.case_id, e.account_id, (SELECT c.opened_at FROM cases c WHERE c.id = e.case_id) AS opened, MIN(e.created_at) AS said,
			(SELECT COALESCE(MAX(t.created_at), 0) FROM activities t WHERE t.case_id = e.case_id AND t.actor_id = e.member_id AND t.kind = 'case_claimed') AS claimed,
			(SELECT COALESCE(MAX(p.sent_at), 0) FROM replies p WHERE p.case_id = e.case_id AND p.sent_at <= MIN(e.created_at)) AS answered,
			(SELECT MIN(f.opened_at) FROM cases f WHERE f.account_id = e.account_id) AS first,
			EXISTS (SELECT 1 FROM cases o WHERE o.account_id = e.account_id AND o.answered_by <> e.member_id) AS others
		FROM point_entries e
		WHERE e.brand_id = ? AND e.created_at > ? AND e.rule IN ('thanked', 'solved') AND e.account_id IS NOT NULL AND e.case_id IS NOT NULL
		GROUP BY e.member_id, e.case_id, e.account_id ORDER BY MIN(e.created_at) DESC LIMIT ?`,
		func(s *gamification.Signs) any { return &s.Words },
	},
	gamification.Needful: {
		`SELECT CAST(detail AS TEXT) AS detail, case_id, kind = 'handover_right' AS "right" FROM activities
		WHERE brand_id = ? AND created_at > ? AND kind IN ('handover_right', 'handover_needless') ORDER BY created_at DESC LIMIT ?`,
		nil,
	},
	gamification.Circle: {
		`SELECT e.giver_id, e.member_id, e.case_id, (SELECT c.language FROM cases c WHERE c.id = e.case_id) AS language FROM point_entries e
		WHERE e.brand_id = ? AND e.created_at > ? AND e.giver_id IS NOT NULL AND e.case_id IS NOT NULL AND e.reverses_id IS NULL ORDER BY e.created_at DESC LIMIT ?`,
		func(s *gamification.Signs) any { return &s.Approvals },
	},
}

const answersQuery = `SELECT a.member_id, a.case_id, (SELECT c.topic_id FROM cases c WHERE c.id = a.case_id) AS topic_id, a.own_text AS text, a.submitted_at AS submitted,
		(a.similar_id IS NOT NULL OR a.snippet_id IS NOT NULL OR a.based_on IS NOT NULL OR a.facts_id IS NOT NULL OR a.assisted OR a.returns > 0) AS declared,
		(SELECT COALESCE(MAX(t.created_at), 0) FROM activities t
			WHERE t.case_id = a.case_id AND t.actor_id = a.member_id AND t.kind = 'case_claimed' AND t.created_at <= a.submitted_at) AS claimed
	FROM answers a
	WHERE a.brand_id = ? AND a.decided_at > ? AND a.state = 'approved' AND a.corrects_id IS NULL AND a.submitted_at IS NOT NULL
	ORDER BY a.decided_at DESC LIMIT ?`

// ReadSigns reads what a detector looks at.
func ReadSigns(ctx context.Context, db bun.IDB, brandID int64, now clock.Time, w gamification.Watch) (*gamification.Signs, error) {
	var s gamification.Signs
	q := signQueries[w.Detector]
	args := []any{brandID, now.Add(-w.Over), mostSigns}
	if q.into != nil {
		if err := db.NewRaw(q.query, args...).Scan(ctx, q.into(&s)); err != nil {
			return nil, fmt.Errorf("read what %s looks at: %w", w.Detector, err)
		}
		return &s, nil
	}
	var said []struct {
		Detail Detail `bun:"type:text"`
		CaseID int64
		Right  bool
	}
	if err := db.NewRaw(q.query, args...).Scan(ctx, &said); err != nil {
		return nil, fmt.Errorf("read what %s looks at: %w", w.Detector, err)
	}
	seen := map[[2]int64]bool{} // the latest word on a case counts
	for _, h := range said {
		if key := [2]int64{h.Detail.Member, h.CaseID}; !seen[key] {
			seen[key] = true
			s.Handovers = append(s.Handovers, gamification.Handover{MemberID: h.Detail.Member, CaseID: h.CaseID, Right: h.Right})
		}
	}
	return &s, nil
}

// Freeze opens fair-play cases for what a detector found about advocates: it keeps the points in question under
// review, tells the member, and calls a person.
func Freeze(ctx context.Context, tx Tx, brandID int64, w gamification.Watch, hits []gamification.Hit) error {
	members, err := Members(ctx, tx, brandID)
	if err != nil {
		return err
	}
	var deciders []Member
	for _, h := range hits {
		if m, ok := members[h.MemberID]; !ok || m.Role.Employee() {
			continue
		}
		c, opened, err := gamification.OpenFair(ctx, tx, tx.Now(), brandID, h)
		if err != nil {
			return err
		}
		if !opened {
			continue
		}
		if err := recordFair(ctx, tx, FairOpened, 0, &c, ""); err != nil {
			return err
		}
		about := &Case{BrandID: brandID}
		if err := tell(ctx, tx, about, c.MemberID, FairOpened, fmt.Sprintf("fair:%d", c.ID)); err != nil {
			return err
		}
		if deciders == nil {
			if deciders, err = Employees(ctx, tx, brandID); err != nil {
				return err
			}
		}
		for _, d := range deciders {
			if err := tell(ctx, tx, about, d.ID, FairWaits, fmt.Sprintf("fair:%d", c.ID)); err != nil {
				return err
			}
		}
	}
	return gamification.Watched(ctx, tx, tx.Now(), brandID, w.Detector)
}

func recordFair(ctx context.Context, tx Tx, kind Kind, by int64, c *gamification.FairCase, text string) error {
	return record(ctx, tx, Activity{
		BrandID: c.BrandID, ActorID: by, Kind: kind, Lane: Staff, Detail: Detail{Member: c.MemberID, Rule: string(c.Detector), Text: text},
	})
}

// LapseFair tells members whose points nobody has decided about in time that they count.
func LapseFair(ctx context.Context, tx Tx, most int) error {
	lapsed, err := gamification.LapseFair(ctx, tx, tx.Now(), most)
	if err != nil {
		return err
	}
	for _, c := range lapsed {
		if err := recordFair(ctx, tx, FairLapsed, 0, &c, ""); err != nil {
			return err
		}
		if err := tell(ctx, tx, &Case{BrandID: c.BrandID}, c.MemberID, FairLapsed, fmt.Sprintf("fair_lapsed:%d", c.ID)); err != nil {
			return err
		}
	}
	return nil
}

// The errors of fair play.
var (
	ErrOwnFair    = errors.New("somebody else decides about your own points")
	ErrFirstJudge = errors.New("somebody else hears the appeal: you took these points back")
)

// longestFairWord bounds what is said about a fair-play case, in characters.
const longestFairWord = 1000

// fairWord tidies what is said about a case; false where it says too little or too much.
func fairWord(text string) (string, bool) {
	text = strings.TrimSpace(text)
	n := utf8.RuneCountInString(text)
	return text, n >= 10 && n <= longestFairWord && Storable(text)
}

// MayDecideFair tells whether a member may decide about a case, or about the appeal against it.
func MayDecideFair(m *Member, c *gamification.FairCase) error {
	switch {
	case m.State != Active || !m.Role.Employee() || m.BrandID != c.BrandID:
		return ErrNotAllowed
	case c.MemberID == m.ID || slices.Contains(c.Evidence.With, m.ID):
		return ErrOwnFair
	case c.AppealState == gamification.AppealOpen && c.DecidedBy == m.ID:
		return ErrFirstJudge
	}
	return nil
}

// DecideFair is a person's word on a fair-play case: the points count, or they are taken back.
func DecideFair(ctx context.Context, tx Tx, by *Member, id int64, take bool, word string) error {
	c, err := gamification.FindFair(ctx, tx, by.BrandID, id)
	if err != nil {
		return err
	}
	if err := MayDecideFair(by, &c); err != nil {
		return err
	}
	word, ok := fairWord(word)
	if !ok && (take || word != "") {
		return &Invalid{"word", "tell the member why, in at least ten characters and at most 1,000"}
	}
	if err := gamification.DecideFair(ctx, tx, tx.Now(), &c, by.ID, take, word); err != nil {
		return changed(err)
	}
	kind := FairCleared
	if take {
		kind = FairTaken
		err = tell(ctx, tx, &Case{BrandID: c.BrandID}, c.MemberID, FairTaken, fmt.Sprintf("fair_decided:%d", c.ID))
	} else {
		err = tell(ctx, tx, &Case{BrandID: c.BrandID}, c.MemberID, FairCleared, fmt.Sprintf("fair_decided:%d", c.ID))
	}
	if err != nil {
		return err
	}
	return recordFair(ctx, tx, kind, by.ID, &c, word)
}

func changed(err error) error {
	if errors.Is(err, gamification.ErrFairDecided) {
		return ErrChanged
	}
	return err
}

// AppealFair asks that somebody else looks at points that were taken back from the member.
func AppealFair(ctx context.Context, tx Tx, m *Member, id int64, reason string) error {
	c, err := gamification.FindFair(ctx, tx, m.BrandID, id)
	if err != nil {
		return err
	}
	if c.MemberID != m.ID {
		return ErrNoAppeal
	}
	reason, ok := fairWord(reason)
	if !ok {
		return &Invalid{"reason", "say why the points were earned fairly, in at least ten characters and at most 1,000"}
	}
	if err := gamification.AppealFair(ctx, tx, tx.Now(), &c, reason); err != nil {
		return changed(err)
	}
	judges, err := Employees(ctx, tx, m.BrandID)
	if err != nil {
		return err
	}
	for _, j := range judges {
		if j.ID == c.DecidedBy {
			continue
		}
		if err := tell(ctx, tx, &Case{BrandID: c.BrandID}, j.ID, FairAppealed, fmt.Sprintf("fair_appealed:%d", c.ID)); err != nil {
			return err
		}
	}
	return recordFair(ctx, tx, FairAppealed, m.ID, &c, reason)
}

// DecideFairAppeal is another person's word: the taking back stands, or the points are given back.
func DecideFairAppeal(ctx context.Context, tx Tx, by *Member, id int64, give bool, word string) error {
	c, err := gamification.FindFair(ctx, tx, by.BrandID, id)
	if err != nil {
		return err
	}
	if err := MayDecideFair(by, &c); err != nil {
		return err
	}
	word, ok := fairWord(word)
	if !ok {
		return &Invalid{"word", "tell the member why, in at least ten characters and at most 1,000"}
	}
	if err := gamification.DecideFairAppeal(ctx, tx, tx.Now(), &c, by.ID, give, word); err != nil {
		return changed(err)
	}
	kind := FairUpheld
	if give {
		kind = FairRestored
		err = tell(ctx, tx, &Case{BrandID: c.BrandID}, c.MemberID, FairRestored, fmt.Sprintf("fair_appeal:%d", c.ID))
	} else {
		err = tell(ctx, tx, &Case{BrandID: c.BrandID}, c.MemberID, FairUpheld, fmt.Sprintf("fair_appeal:%d", c.ID))
	}
	if err != nil {
		return err
	}
	return recordFair(ctx, tx, kind, by.ID, &c, word)
}
