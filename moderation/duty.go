package moderation

import (
	"context"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/uptrace/bun"
)

// escalateAfter is after how many times the first wait all employees are told.
const escalateAfter = 3

// alarmsAtOnce bounds how many answers of a brand are told about in one transaction.
const alarmsAtOnce = 50

// late reads the answers of a brand that somebody should be told of now: those who are on duty first,
// then everybody.
func late(ctx context.Context, db bun.IDB, brandID int64, s ReviewSettings, now clock.Time) ([]community.Answer, error) {
	first, err := community.LateAnswers(ctx, db, brandID, community.Unalarmed, now.Add(-s.alarmAfter()), alarmsAtOnce)
	if err != nil {
		return nil, err
	}
	second, err := community.LateAnswers(ctx, db, brandID, community.DutyAlarmed, now.Add(-escalateAfter*s.alarmAfter()), alarmsAtOnce)
	return append(first, second...), err
}

// LateBrands finds, without writing, the brands in which Remind has something to do.
func LateBrands(ctx context.Context, db bun.IDB, now clock.Time) ([]int64, error) {
	waiting, err := community.WaitingBrands(ctx, db)
	if err != nil {
		return nil, err
	}
	var found []int64
	for _, id := range waiting {
		s, err := ReviewSettingsOf(ctx, db, id)
		if err != nil {
			return nil, err
		}
		answers, err := late(ctx, db, id, s, now)
		if err != nil {
			return nil, err
		}
		if len(answers) > 0 {
			found = append(found, id)
		}
	}
	return found, nil
}

// Remind tells of answers of a brand that wait for too long: whoever is on duty, then all employees.
// While nobody is on duty and peers may approve, those peers are told who are usually there now.
func Remind(ctx context.Context, tx listeners.Tx, brandID int64) error {
	s, err := ReviewSettingsOf(ctx, tx, brandID)
	if err != nil {
		return err
	}
	answers, err := late(ctx, tx, brandID, s, tx.Now())
	if err != nil || len(answers) == 0 {
		return err
	}
	staff, err := community.Employees(ctx, tx, brandID)
	if err != nil {
		return err
	}
	var onDuty, peers []community.Member
	for _, m := range staff {
		if m.OnDuty(tx.Now()) {
			onDuty = append(onDuty, m)
		}
	}
	if len(onDuty) == 0 && (s.PeersAlone || s.Pairs) {
		if peers, err = community.PeerReviewers(ctx, tx, brandID); err != nil {
			return err
		}
	}
	ids := make([]int64, len(answers))
	for i, a := range answers {
		ids[i] = a.CaseID
	}
	cases, err := community.CasesByID(ctx, tx, ids)
	if err != nil {
		return err
	}
	for i := range answers {
		a := &answers[i]
		c := cases[a.CaseID]
		to := staff
		if a.Alarms == community.Unalarmed {
			to = onDuty
			for _, p := range peers {
				if p.Hours.Include(tx.Now().Std()) && p.MayDecide(a, &c) {
					to = append(to, p)
				}
			}
		}
		if err := community.Alarm(ctx, tx, a, to); err != nil {
			return err
		}
	}
	return nil
}
