package community

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
)

// SurgeCall is an advocate who was called to an incident, once.
type SurgeCall struct {
	bun.BaseModel `bun:"table:surge_calls"`

	IncidentID int64
	MemberID   int64
	CalledBy   int64
	CalledAt   clock.Time
	Answers    int `bun:",scanonly"` // to cases of the incident since
}

// Came tells whether who was called has come.
func (c SurgeCall) Came() bool { return c.Answers > 0 }

// SurgeCalled is what a phone is told of an incident.
const SurgeCalled Kind = "surge_called"

// mostCalled bounds how many advocates one press calls.
const mostCalled = 50

// surgeRest is how long ago somebody must have been called to another incident to be called again.
const surgeRest = 12 * time.Hour

// Reserves are the advocates who can be called to an incident now: who know its topic and the language of cases
// that wait in lanes that they may answer, have a phone that we may wake, are not to be left in peace, and were not
// called already. Those who were called least lately come first.
func Reserves(ctx context.Context, db bun.IDB, i *Incident, now clock.Time) ([]Member, error) {
	var waiting []struct {
		Language string
		Lane     Lane
		N        int
	}
	err := db.NewSelect().Model((*Case)(nil)).ColumnExpr("c.language, c.lane, COUNT(*) AS n").
		Where("c.incident_id = ? AND c.state = ?", i.ID, Open).GroupExpr("c.language, c.lane").OrderExpr("n DESC").Scan(ctx, &waiting)
	if err != nil {
		return nil, fmt.Errorf("look what waits of incident %d: %w", i.ID, err)
	}
	var all []Member
	err = db.NewSelect().Model(&all).Where("brand_id = ? AND role = ? AND state = ? AND trust >= 1 AND pushes > 0", i.BrandID, Advocate, Active).
		Where("EXISTS (SELECT 1 FROM push_devices AS d JOIN persons AS p ON p.id = d.person_id WHERE d.person_id = member.person_id AND d.epoch = p.epoch)").
		Where("NOT EXISTS (SELECT 1 FROM surge_calls AS s WHERE s.member_id = member.id AND (s.incident_id = ? OR s.called_at > ?))", i.ID, now.Add(-surgeRest)).
		Order("id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("look who can be called to incident %d: %w", i.ID, err)
	}
	all = slices.DeleteFunc(all, func(m Member) bool {
		if Quiet(&m, now) {
			return true
		}
		for _, w := range waiting {
			c := Case{BrandID: i.BrandID, Lane: w.Lane, Language: w.Language, TopicID: i.TopicID, State: Open}
			if m.MayAnswer(&c) {
				return false
			}
		}
		return true
	})
	slices.SortStableFunc(all, func(a, b Member) int { return cmp.Compare(b.Trust, a.Trust) })
	return all, nil
}

// CallReserves wakes the reserve advocates of an incident, each once, and tells how many.
func CallReserves(ctx context.Context, tx Tx, m *Member, incidentID int64) (int, error) {
	i, err := lockOpenIncident(ctx, tx, m, incidentID)
	if err != nil {
		return 0, err
	}
	reserves, err := Reserves(ctx, tx, &i, tx.Now())
	if err != nil {
		return 0, err
	}
	called := 0
	for n := range reserves[:min(len(reserves), mostCalled)] {
		call := SurgeCall{IncidentID: i.ID, MemberID: reserves[n].ID, CalledBy: m.ID, CalledAt: tx.Now()}
		res, err := tx.NewInsert().Model(&call).On("CONFLICT DO NOTHING").Exec(ctx)
		if err != nil {
			return 0, fmt.Errorf("call member %d to incident %d: %w", call.MemberID, i.ID, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			continue // another press was quicker
		}
		called++
		if err := wake(ctx, tx, &reserves[n], PushJob{About: SurgeCalled}); err != nil {
			return 0, err
		}
	}
	if called == 0 {
		return 0, &Invalid{"call", "nobody can be called now: whoever knows this has been called, is to be left in peace at this hour, or has no phone that we may wake"}
	}
	return called, i.tell(ctx, tx, m.ID, ToldCalled, Detail{Posts: called})
}

// CallsTo reads who was called to an incident, and who has come.
func CallsTo(ctx context.Context, db bun.IDB, i *Incident) ([]SurgeCall, error) {
	var all []SurgeCall
	err := db.NewSelect().Model(&all).Column("incident_id", "member_id", "called_by", "called_at").
		ColumnExpr(`(SELECT COUNT(*) FROM answers AS a JOIN cases AS c ON c.id = a.case_id
			WHERE a.member_id = surge_call.member_id AND c.incident_id = surge_call.incident_id AND a.submitted_at >= surge_call.called_at) AS answers`).
		Where("incident_id = ?", i.ID).Order("called_at", "member_id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read who was called to incident %d: %w", i.ID, err)
	}
	return all, nil
}
