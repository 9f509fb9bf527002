package moderation

import (
	"context"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/uptrace/bun"
)

// ReviewSettings are what a brand's people set about reviewing.
type ReviewSettings struct {
	// FourEyes asks for Quorum approvals by different people where the risk of what a customer wrote is
	// RiskFrom percent or more; StaffToo asks it of employees' answers as well, whose own eyes count.
	FourEyes bool `json:"four_eyes"`
	Quorum   int  `json:"quorum"`
	RiskFrom int  `json:"risk_from"`
	StaffToo bool `json:"staff_too"`
	// PeersAlone lets one trusted advocate approve what is of little risk while nobody is on duty.
	PeersAlone bool `json:"peers_alone"`
	// Pairs lets two of them do so, or one who is a guide, of what leaves community-care as well: everything that
	// does is read by somebody, at night too.
	Pairs bool `json:"pairs"`
	// AlarmAfter is after how many minutes those on duty are told that an answer waits; after three
	// times as long all employees are.
	AlarmAfter int `json:"alarm_after"`
	// Which percentage of answers a person reads: of T1 after the first weeks, of T2, of T3 and T4.
	Apprentices int `json:"apprentices"`
	Advocates   int `json:"advocates"`
	Trusted     int `json:"trusted"`
}

// DefaultReview is what holds while a brand has set nothing.
var DefaultReview = ReviewSettings{
	FourEyes: true, Quorum: 2, RiskFrom: 50, Pairs: true, AlarmAfter: 5, Apprentices: 75, Advocates: 25, Trusted: 5,
}

// Section is the settings' name.
func (ReviewSettings) Section() string { return "review" }

// Check tells what is wrong with settings that somebody entered.
func (s ReviewSettings) Check() error {
	percent := func(n int) bool { return n >= 0 && n <= 100 }
	switch {
	case s.Quorum < 2 || s.Quorum > 5:
		return &community.Invalid{Field: "quorum", Sentence: "two to five people can look at an answer"}
	case s.RiskFrom < 1 || s.RiskFrom > 100:
		return &community.Invalid{Field: "risk_from", Sentence: "choose a share from 1 to 100 percent"}
	case s.AlarmAfter < 1 || s.AlarmAfter > 24*60:
		return &community.Invalid{Field: "alarm_after", Sentence: "choose from 1 minute to a day"}
	case !percent(s.Apprentices) || !percent(s.Advocates) || !percent(s.Trusted):
		return &community.Invalid{Field: "trusted", Sentence: "choose a share from 0 to 100 percent"}
	case s.Apprentices < s.Advocates || s.Advocates < s.Trusted:
		return &community.Invalid{Field: "trusted", Sentence: "who is trusted more is not read more often"}
	}
	return nil
}

func (s ReviewSettings) alarmAfter() time.Duration { return time.Duration(s.AlarmAfter) * time.Minute }

// ReviewSettingsOf reads what a brand has set.
func ReviewSettingsOf(ctx context.Context, db bun.IDB, brandID int64) (ReviewSettings, error) {
	return community.Setting(ctx, db, brandID, DefaultReview)
}

// SetReview stores what an admin has set. A quorum that the people on duty cannot reach is refused,
// because an answer that needs it would wait forever.
func SetReview(ctx context.Context, tx community.Tx, m *community.Member, s ReviewSettings) error {
	if m.Role != community.Admin {
		return community.ErrNotAllowed
	}
	if s.FourEyes {
		able, err := Reviewers(ctx, tx, m.BrandID)
		if err != nil {
			return err
		}
		if able < s.Quorum {
			return &community.Invalid{Field: "quorum", Sentence: "fewer people of yours are on duty than would have to approve, so such an answer could never leave; ask for fewer, or let more of them set duty hours"}
		}
	}
	return community.Set(ctx, tx, m, s)
}

// Reviewers counts the employees who can be expected to review: those with duty hours, or all of them
// while nobody has any.
func Reviewers(ctx context.Context, db bun.IDB, brandID int64) (int, error) {
	staff, err := community.Employees(ctx, db, brandID)
	on := 0
	for _, m := range staff {
		if m.Duty {
			on++
		}
	}
	if on == 0 {
		on = len(staff)
	}
	return on, err
}
