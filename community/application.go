package community

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// What a person may be told who wants to take part. Each text is also the key of its translation.
var (
	ErrInvitation   = errors.New("this invitation has been used or is too old; ask for a new one")
	ErrNoProgramme  = errors.New("this brand is not looking for people just now")
	ErrMember       = errors.New("you are a member already")
	ErrSuspended    = errors.New("your membership is paused; see your status page")
	ErrApplied      = errors.New("you have applied already; your status page says how it stands")
	ErrReapply      = errors.New("you can apply again 30 days after the last answer")
	ErrDecidedAbout = errors.New("this application has already been decided")
	ErrUntested     = errors.New("no topic is passed yet; wait for the first test")
	ErrTestPassed   = errors.New("you have passed this test; practise as often as you like")
	ErrTestTooSoon  = errors.New("sleep on it: the next try opens a day after the last")
	ErrNoPractice   = errors.New("there is nothing to practise in this topic yet")
)

// The kinds of activities about people who come and go; Member is whom it is about, Text the reason
// or, of applicants, the public name.
const (
	MemberAccepted    Kind = "member_accepted"
	MemberSuspended   Kind = "member_suspended"
	MemberReinstated  Kind = "member_reinstated"
	MemberLeft        Kind = "member_left"
	Applied           Kind = "applied"
	ApplicantDeclined Kind = "applicant_declined"
	ApplicantWithdrew Kind = "applicant_withdrew"
	InvitationMade    Kind = "invitation_made"
	InvitationRevoked Kind = "invitation_revoked"
	PracticeAdded     Kind = "practice_added" // Posts: how many cases
)

// Application is somebody's wish to take part in a brand. Until it is accepted they are no member and
// see nothing but how it stands, and practice.
type Application struct {
	bun.BaseModel `bun:"table:applications,alias:application"`

	ID           int64 `bun:",pk,autoincrement"`
	BrandID      int64
	PersonID     int64
	InvitationID int64 `bun:",nullzero"`
	State        ApplicationState
	PublicName   string
	Motivation   string
	Topics       []int64    `bun:"type:text"` // wanted
	Languages    []string   `bun:"type:text"`
	Hours        Hours      `bun:"type:text"`
	Networks     []string   `bun:"type:text"`
	Handles      Handles    `bun:"type:text"`
	CodeVersion  int        // of the code of conduct they agreed to
	AgreedAt     clock.Time // when they did, and agreed that answers disclose who they are
	Reason       string     // in plain words, where it was declined
	DecidedBy    int64      `bun:",nullzero"`
	DecidedAt    clock.Time `bun:",nullzero"`
	CreatedAt    clock.Time
	Version      int64
}

// ApplicationState is how far an application has come.
type ApplicationState string

// The states of an application.
const (
	Waiting    ApplicationState = "applied"   // no test has begun
	Testing    ApplicationState = "testing"   //
	Tested     ApplicationState = "tested"    // every topic they want is passed; staff decide
	TakenIn    ApplicationState = "accepted"  //
	TurnedDown ApplicationState = "declined"  // with a reason
	GivenBack  ApplicationState = "withdrawn" // by the applicant
)

// Open tells whether nothing has been decided yet.
func (a *Application) Open() bool {
	return a.State == Waiting || a.State == Testing || a.State == Tested
}

// ReapplyAfter is how long somebody waits after they were declined: long enough that something can
// have changed, short enough that it is no verdict for life.
const ReapplyAfter = 30 * 24 * time.Hour

const longestMotivation = 2000 // characters

// Applying is what somebody sends who wants to take part.
type Applying struct {
	PersonID    int64
	Profile     Profile
	Motivation  string
	CodeVersion int    // of the code that the form showed
	Agrees      bool   // to the code of conduct
	Discloses   bool   // that each answer says who they are
	Secret      string // of the invitation they came by, or ""
}

// check tells what is wrong with what was sent for a programme.
func (f *Applying) check(p Programme, offered []Topic) error {
	f.Motivation = strings.TrimSpace(f.Motivation)
	if err := f.Profile.check(); err != nil {
		return err
	}
	if f.Secret == "" && f.Motivation == "" {
		return &Invalid{"motivation", "tell in a sentence or two why you would like to help"}
	}
	if !Storable(f.Motivation) || utf8.RuneCountInString(f.Motivation) > longestMotivation {
		return &Invalid{"motivation", "2,000 characters at most, please"}
	}
	if len(f.Profile.Topics) == 0 && len(offered) > 0 {
		return &Invalid{"topics", "choose at least one topic that you know well"}
	}
	for _, id := range f.Profile.Topics {
		if !slices.ContainsFunc(offered, func(t Topic) bool { return t.ID == id }) {
			return &Invalid{"topics", "there is no such topic"}
		}
	}
	switch {
	case !f.Agrees:
		return &Invalid{"agrees", "please read the code of conduct and agree to it"}
	case f.CodeVersion != p.CodeVersion:
		return &Invalid{"agrees", "the code of conduct has changed meanwhile; please read it once more"}
	case !f.Discloses:
		return &Invalid{"discloses", "answers say openly who you are; without that you cannot take part"}
	}
	return nil
}

// Apply stores somebody's wish to take part. Who was invited and has shown in public that they can
// help is accepted at once.
func Apply(ctx context.Context, tx Tx, brandID int64, f Applying) (Application, error) {
	p, err := ProgrammeOf(ctx, tx, brandID)
	if err != nil {
		return Application{}, err
	}
	topics, err := Topics(ctx, tx, brandID)
	if err != nil {
		return Application{}, err
	}
	var invited Invitation
	if f.Secret != "" {
		if invited, err = FindInvitation(ctx, tx, f.Secret, tx.Now()); err == nil && invited.BrandID != brandID {
			err = ErrInvitation
		}
		if err != nil {
			return Application{}, err
		}
	} else {
		topics = p.Offered(topics)
		if !p.Open {
			return Application{}, ErrNoProgramme
		}
	}
	if err := mayApply(ctx, tx, brandID, f.PersonID, invited.ID != 0); err != nil {
		return Application{}, err
	}
	if err := f.check(p, topics); err != nil {
		return Application{}, err
	}
	who := f.Profile
	a := Application{
		BrandID: brandID, PersonID: f.PersonID, InvitationID: invited.ID, State: Waiting, PublicName: who.PublicName, Motivation: f.Motivation,
		Topics: who.Topics, Languages: who.Languages, Hours: who.Hours, Networks: who.Networks, Handles: who.Handles,
		CodeVersion: f.CodeVersion, AgreedAt: tx.Now(), CreatedAt: tx.Now(), Version: 1,
	}
	if _, err := tx.NewInsert().Model(&a).Exec(ctx); err != nil {
		return a, fmt.Errorf("apply to brand %d: %w", brandID, err)
	}
	if err := record(ctx, tx, Activity{BrandID: brandID, Kind: Applied, Lane: Staff, Detail: Detail{Text: a.PublicName}}); err != nil {
		return a, err
	}
	if invited.ID == 0 {
		return a, nil
	}
	if err := invited.use(ctx, tx); err != nil {
		return a, err
	}
	for _, topic := range invited.Proven {
		t := Test{
			BrandID: brandID, PersonID: f.PersonID, TopicID: topic, Version: provenVersion, Cases: []PracticeCase{}, Given: []int{},
			Passed: true, StartedAt: tx.Now(), EndedAt: tx.Now(),
		}
		if _, err := tx.NewInsert().Model(&t).Exec(ctx); err != nil {
			return a, fmt.Errorf("count threads as a test: %w", err)
		}
	}
	return a, a.progress(ctx, tx)
}

// mayApply tells why somebody may not apply to a brand now, if so.
func mayApply(ctx context.Context, tx Tx, brandID, personID int64, invited bool) error {
	members, err := MembersOf(ctx, tx, personID)
	if err != nil {
		return err
	}
	for _, m := range members {
		switch {
		case m.BrandID != brandID:
		case m.State == Active:
			return ErrMember
		case m.State == Suspended:
			return ErrSuspended
		}
	}
	earlier, err := ApplicationsOf(ctx, tx, personID)
	if err != nil {
		return err
	}
	for _, a := range earlier {
		switch {
		case a.BrandID != brandID:
		case a.Open():
			return ErrApplied
		case a.State == TurnedDown && !invited && tx.Now() < a.DecidedAt.Add(ReapplyAfter):
			return ErrReapply
		}
	}
	return nil
}

// ApplicationsOf reads a person's applications, newest first.
func ApplicationsOf(ctx context.Context, db bun.IDB, personID int64) ([]Application, error) {
	var all []Application
	if err := db.NewSelect().Model(&all).Where("person_id = ?", personID).Order("id DESC").Limit(50).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the applications of person %d: %w", personID, err)
	}
	return all, nil
}

// Withdraw takes back an application on the applicant's own wish.
func Withdraw(ctx context.Context, tx Tx, personID, id int64) error {
	var a Application
	if err := tx.NewSelect().Model(&a).Where("id = ? AND person_id = ?", id, personID).Scan(ctx); err != nil {
		return fmt.Errorf("find application %d: %w", id, err)
	}
	if err := a.step(ctx, tx, GivenBack, 0, ""); err != nil {
		return err
	}
	return record(ctx, tx, Activity{BrandID: a.BrandID, Kind: ApplicantWithdrew, Lane: Staff, Detail: Detail{Text: a.PublicName}})
}

// step takes an open application to another state, once.
func (a *Application) step(ctx context.Context, tx Tx, to ApplicationState, by int64, reason string) error {
	if !a.Open() {
		return ErrDecidedAbout
	}
	q := tx.NewUpdate().Model(a).Set("state = ?, version = version + 1, reason = ?", to, reason).
		Where("id = ? AND version = ?", a.ID, a.Version).Returning("*")
	if to == TakenIn || to == TurnedDown || to == GivenBack {
		q = q.Set("decided_at = ?", tx.Now())
	}
	if by != 0 {
		q = q.Set("decided_by = ?", by)
	}
	res, err := q.Exec(ctx)
	if err != nil {
		return fmt.Errorf("make application %d %s: %w", a.ID, to, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return ErrChanged
	}
	return nil
}
