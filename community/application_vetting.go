package community

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"
)

// Vetted is an application with how its tests stand.
type Vetted struct {
	Application
	Lessons []Lesson // of the topics they want
	Invited bool
}

// Ready are the topics that the applicant would begin with: passed, or without a test.
func (v *Vetted) Ready() []int64 {
	var ready []int64
	for _, s := range v.Lessons {
		if s.Passed || s.Cases == 0 {
			ready = append(ready, s.Topic.ID)
		}
	}
	return ready
}

// mostApplications bounds a list.
const mostApplications = 60

// Applications reads a brand's open applications, longest waiting first, and the latest decided ones.
func Applications(ctx context.Context, db bun.IDB, by *Member) (open []Vetted, decided []Application, err error) {
	var waiting []Application
	err = db.NewSelect().Model(&waiting).Where("brand_id = ? AND state IN ('applied', 'testing', 'tested')", by.BrandID).
		Order("id").Limit(mostApplications).Scan(ctx)
	if err == nil {
		err = db.NewSelect().Model(&decided).Where("brand_id = ? AND state IN ('accepted', 'declined', 'withdrawn')", by.BrandID).
			Order("id DESC").Limit(mostApplications).Scan(ctx)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("list the applications of brand %d: %w", by.BrandID, err)
	}
	open, err = vet(ctx, db, by.BrandID, waiting)
	return open, decided, err
}

// vet adds how the tests of applications stand.
func vet(ctx context.Context, db bun.IDB, brandID int64, all []Application) ([]Vetted, error) {
	persons := make([]int64, len(all))
	for i, a := range all {
		persons[i] = a.PersonID
	}
	lessons, err := LessonsOf(ctx, db, brandID, persons, "")
	if err != nil {
		return nil, err
	}
	vetted := make([]Vetted, len(all))
	for i, a := range all {
		vetted[i] = Vetted{Application: a, Invited: a.InvitationID != 0}
		for _, s := range lessons[a.PersonID] {
			if slices.Contains(a.Topics, s.Topic.ID) {
				vetted[i].Lessons = append(vetted[i].Lessons, s)
			}
		}
	}
	return vetted, nil
}

// findApplication reads an application of a brand and keeps others from deciding about it meanwhile.
func findApplication(ctx context.Context, tx Tx, brandID, id int64) (Vetted, error) {
	var a Application
	if err := locked(tx, tx.NewSelect().Model(&a).Where("id = ? AND brand_id = ?", id, brandID)).Scan(ctx); err != nil {
		return Vetted{}, fmt.Errorf("find application %d: %w", id, err)
	}
	all, err := vet(ctx, tx, brandID, []Application{a})
	if err != nil {
		return Vetted{}, err
	}
	return all[0], nil
}

// Accept makes an applicant a member, who begins with the topics they are ready for.
func Accept(ctx context.Context, tx Tx, by *Member, id int64) (Member, error) {
	if !by.Role.Employee() || by.State != Active {
		return Member{}, ErrNotAllowed
	}
	v, err := findApplication(ctx, tx, by.BrandID, id)
	if err != nil {
		return Member{}, err
	}
	if len(v.Topics) > 0 && len(v.Ready()) == 0 {
		return Member{}, ErrUntested
	}
	return v.accept(ctx, tx, by.ID, 1)
}

func (v *Vetted) accept(ctx context.Context, tx Tx, by int64, level int) (Member, error) {
	if err := v.step(ctx, tx, TakenIn, by, ""); err != nil {
		return Member{}, err
	}
	m, err := AddMember(ctx, tx, Member{
		BrandID: v.BrandID, PersonID: v.PersonID, Role: Advocate, Trust: level, PublicName: v.PublicName, Languages: v.Languages,
		Topics: v.Ready(), Hours: v.Hours, Networks: v.Networks, Handles: v.Handles,
	})
	if err != nil {
		return m, err
	}
	// Who was a member before begins again with what they say of themselves now.
	m.Trust, m.PublicName, m.Languages, m.Topics, m.Hours = level, v.PublicName, v.Languages, v.Ready(), v.Hours
	m.Networks, m.Handles, m.StateReason, m.SuspendedUntil = v.Networks, v.Handles, "", 0
	_, err = tx.NewUpdate().Model(&m).
		Column("trust", "public_name", "languages", "topics", "hours", "networks", "handles", "state_reason", "suspended_until").WherePK().Exec(ctx)
	if err != nil {
		return m, fmt.Errorf("accept application %d: %w", v.ID, err)
	}
	err = record(ctx, tx, Activity{BrandID: m.BrandID, ActorID: by, Kind: MemberAccepted, Lane: Staff, Detail: Detail{Member: m.ID}})
	if err != nil {
		return m, err
	}
	return m, tell(ctx, tx, &Case{BrandID: m.BrandID}, m.ID, MemberAccepted, fmt.Sprintf("accepted:%d", v.ID))
}

// Decline ends an application with a reason that the applicant reads.
func Decline(ctx context.Context, tx Tx, by *Member, id int64, reason string) (Application, error) {
	if !by.Role.Employee() || by.State != Active {
		return Application{}, ErrNotAllowed
	}
	v, err := findApplication(ctx, tx, by.BrandID, id)
	if err != nil {
		return v.Application, err
	}
	if reason = strings.TrimSpace(reason); reason == "" || len(reason) > longestReason || !Storable(reason) {
		return v.Application, &Invalid{"reason", "say in a few plain words why"}
	}
	if err := v.step(ctx, tx, TurnedDown, by.ID, reason); err != nil {
		return v.Application, err
	}
	return v.Application, record(ctx, tx, Activity{
		BrandID: by.BrandID, ActorID: by.ID, Kind: ApplicantDeclined, Lane: Staff, Detail: Detail{Text: v.PublicName},
	})
}

// progress moves an application on after a test began or was passed. Who was invited waits for nobody:
// the first topic they are ready for makes them a member.
func (a *Application) progress(ctx context.Context, tx Tx) error {
	v, err := findApplication(ctx, tx, a.BrandID, a.ID)
	if err != nil || !v.Open() {
		return err
	}
	if v.Invited && (len(v.Ready()) > 0 || len(v.Topics) == 0) {
		var i Invitation
		if err := tx.NewSelect().Model(&i).Where("id = ?", v.InvitationID).Scan(ctx); err != nil {
			return fmt.Errorf("find the invitation of application %d: %w", a.ID, err)
		}
		_, err := v.accept(ctx, tx, i.MadeBy, i.Level)
		return err
	}
	to := Waiting
	for _, s := range v.Lessons {
		if s.Passed || s.UnderWay || s.RetryAt != 0 {
			to = Testing
		}
	}
	if len(v.Lessons) > 0 && len(v.Ready()) == len(v.Lessons) {
		to = Tested
	}
	if to == v.State {
		return nil
	}
	return v.step(ctx, tx, to, 0, "")
}

// LearnerOf tells as whom a person practises for a brand: as the member given, or as who applied there;
// sql.ErrNoRows for anybody else.
func LearnerOf(ctx context.Context, db bun.IDB, personID int64, m *Member) (Learner, error) {
	if m != nil {
		return Learner{BrandID: m.BrandID, PersonID: personID, Member: m}, nil
	}
	var a Application
	err := db.NewSelect().Model(&a).Where("person_id = ? AND state IN ('applied', 'testing', 'tested')", personID).
		Order("id DESC").Limit(1).Scan(ctx)
	if err != nil {
		return Learner{}, fmt.Errorf("find the application of person %d: %w", personID, err)
	}
	return Learner{BrandID: a.BrandID, PersonID: personID, Application: &a}, nil
}

// LessonsWanted reads how an applicant stands with the topics they want.
func LessonsWanted(ctx context.Context, db bun.IDB, a *Application, language string) ([]Lesson, error) {
	all, err := Lessons(ctx, db, a.BrandID, a.PersonID, language)
	return slices.DeleteFunc(all, func(l Lesson) bool { return !slices.Contains(a.Topics, l.Topic.ID) }), err
}
