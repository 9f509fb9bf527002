package community

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
)

// Wellbeing is from how many hours within seven days on somebody is spoken to. The hours are those in
// which people were really at it; nobody owes any, and more of them bring nothing.
type Wellbeing struct {
	Nudge int `json:"nudge"` // the member hears of it
	Tell  int `json:"tell"`  // the brand's moderators and admins do
	Rest  int `json:"rest"`  // a new case asks first whether a break would not be better
}

// DefaultWellbeing is what a brand starts with: half a working week of a volunteer's free time is where
// helping begins to cost the helper.
var DefaultWellbeing = Wellbeing{Nudge: 10, Tell: 15, Rest: 20}

// Section names it among the settings.
func (Wellbeing) Section() string { return "wellbeing" }

// Check tells what is wrong with hours that somebody entered.
func (w Wellbeing) Check() error {
	switch {
	case w.Nudge < 1 || w.Nudge > 40:
		return &Invalid{"nudge", "this is from 1 to 40 hours"}
	case w.Tell < w.Nudge || w.Tell > 40:
		return &Invalid{"tell", "this is no less than the hours before it, and 40 at most"}
	case w.Rest < w.Tell || w.Rest > 40:
		return &Invalid{"rest", "this is no less than the hours before it, and 40 at most"}
	}
	return nil
}

const (
	week = 7 * day24
	// pause ends a session: who does nothing for longer was away, who does something within it was
	// reading and writing.
	pause = 10
	// goesOn is how long the press of somebody who would rather go on holds.
	goesOn = 4 * time.Hour
)

// minuteOf is the minute of a moment, as the table counts them.
func minuteOf(at clock.Time) int64 { return int64(at) / time.Minute.Microseconds() }

// worked notes that a member did something now.
func worked(ctx context.Context, tx Tx, memberID int64) error {
	_, err := tx.NewRaw("INSERT INTO worked (member_id, minute) VALUES (?, ?) ON CONFLICT DO NOTHING", memberID, minuteOf(tx.Now())).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note that member %d is at work: %w", memberID, err)
	}
	return nil
}

// atWork is how long the sessions are that minutes make up, which must be in order.
func atWork(minutes []int64) time.Duration {
	total := int64(0)
	for i, m := range minutes {
		if i > 0 && m-minutes[i-1] <= pause {
			total += m - minutes[i-1]
		} else {
			total++
		}
	}
	return time.Duration(total) * time.Minute
}

// WeekOf is how long a member was at it within the last seven days.
func WeekOf(ctx context.Context, db bun.IDB, memberID int64, now clock.Time) (time.Duration, error) {
	weeks, err := weeksOf(ctx, db, []int64{memberID}, now)
	return weeks[memberID], err
}

func weeksOf(ctx context.Context, db bun.IDB, memberIDs []int64, now clock.Time) (map[int64]time.Duration, error) {
	if len(memberIDs) == 0 {
		return nil, nil
	}
	var rows []struct {
		MemberID int64
		Minute   int64
	}
	err := db.NewSelect().Table("worked").Column("member_id", "minute").Where("member_id IN (?)", bun.List(memberIDs)).
		Where("minute > ?", minuteOf(now.Add(-week))).Order("member_id", "minute").Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("read the hours of members: %w", err)
	}
	minutes := make(map[int64][]int64, len(memberIDs))
	for _, r := range rows {
		minutes[r.MemberID] = append(minutes[r.MemberID], r.Minute)
	}
	weeks := make(map[int64]time.Duration, len(minutes))
	for id, all := range minutes {
		weeks[id] = atWork(all)
	}
	return weeks, nil
}

// mayGoOn is ErrRest where an advocate should rather take a break than begin with another case.
func mayGoOn(ctx context.Context, tx Tx, m *Member) error {
	if m.Role.Employee() {
		return nil
	}
	hours, err := WeekOf(ctx, tx, m.ID, tx.Now())
	if err != nil || hours < time.Hour {
		return err
	}
	limits, err := Setting(ctx, tx, m.BrandID, DefaultWellbeing)
	if err != nil || hours < time.Duration(limits.Rest)*time.Hour {
		return err
	}
	pressed, err := tx.NewSelect().Table("hours_told").
		Where("member_id = ? AND mark = ? AND told_at > ?", m.ID, markGoOn, tx.Now().Add(-goesOn)).Exists(ctx)
	if err != nil {
		return fmt.Errorf("ask whether member %d goes on: %w", m.ID, err)
	}
	if !pressed {
		return ErrRest
	}
	return nil
}

// GoOn is the press of a member who was advised to rest and would rather go on for now.
func GoOn(ctx context.Context, tx Tx, m *Member) error { return mark(ctx, tx, m.ID, markGoOn) }

// SetShield says whether a member is asked to answer hostile cases; who is not leaves community-care, too.
func SetShield(ctx context.Context, tx Tx, m *Member, on bool) error {
	if on && m.Care {
		if err := SetCare(ctx, tx, m, false); err != nil {
			return err
		}
	}
	_, err := tx.NewUpdate().Model((*Member)(nil)).Set("shield = ?", on).Where("id = ?", m.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("set the shield of member %d: %w", m.ID, err)
	}
	return nil
}

// What somebody was told of their hours, and what they answered.
const (
	markNudge = "nudge"
	markTell  = "tell"
	markRest  = "rest"
	markGoOn  = "go_on"
)

func mark(ctx context.Context, tx Tx, memberID int64, what string) error {
	_, err := tx.NewRaw(`INSERT INTO hours_told (member_id, mark, told_at) VALUES (?, ?, ?)
		ON CONFLICT (member_id, mark) DO UPDATE SET told_at = EXCLUDED.told_at`, memberID, what, tx.Now()).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note what member %d was told of their hours: %w", memberID, err)
	}
	return nil
}

// reached is a mark of the week that a member has come to and was not told of within seven days.
type reached struct {
	member Member
	mark   string
}

// spoken is a mark that a member was told of.
type spoken struct {
	MemberID int64
	Mark     string
}

// HoursDue tells, without writing, whether TellHours has something to do.
func HoursDue(ctx context.Context, db bun.IDB, now clock.Time) (bool, error) {
	due, err := tired(ctx, db, now)
	return len(due) > 0, err
}

// tired finds the advocates who are at it now and have come to a mark of their week.
func tired(ctx context.Context, db bun.IDB, now clock.Time) ([]reached, error) {
	var members []Member
	err := db.NewSelect().Model(&members).Where("role = ? AND state = ?", Advocate, Active).
		Where("id IN (SELECT member_id FROM worked WHERE minute >= ?)", minuteOf(now)-pause).Order("id").Scan(ctx)
	if err != nil || len(members) == 0 {
		return nil, err
	}
	ids := make([]int64, len(members))
	for i, m := range members {
		ids[i] = m.ID
	}
	weeks, err := weeksOf(ctx, db, ids, now)
	if err != nil {
		return nil, err
	}
	var marks []spoken
	err = db.NewSelect().Table("hours_told").Column("member_id", "mark").
		Where("member_id IN (?) AND told_at > ?", bun.List(ids), now.Add(-week)).Scan(ctx, &marks)
	if err != nil {
		return nil, fmt.Errorf("read what members were told of their hours: %w", err)
	}
	limits := map[int64]Wellbeing{}
	var due []reached
	for _, m := range members {
		l, ok := limits[m.BrandID]
		if !ok {
			if l, err = Setting(ctx, db, m.BrandID, DefaultWellbeing); err != nil {
				return nil, err
			}
			limits[m.BrandID] = l
		}
		for _, at := range []struct {
			mark  string
			hours int
		}{{markNudge, l.Nudge}, {markTell, l.Tell}, {markRest, l.Rest}} {
			known := slices.Contains(marks, spoken{m.ID, at.mark})
			if !known && weeks[m.ID] >= time.Duration(at.hours)*time.Hour {
				due = append(due, reached{m, at.mark})
			}
		}
	}
	return due, nil
}

// TellHours speaks to members whose week has become long, and to the brand's people of those whose week
// has become too long.
func TellHours(ctx context.Context, tx Tx) error {
	due, err := tired(ctx, tx, tx.Now())
	if err != nil {
		return err
	}
	for _, d := range due {
		if err := mark(ctx, tx, d.member.ID, d.mark); err != nil {
			return err
		}
		about, event := &Case{BrandID: d.member.BrandID}, fmt.Sprintf("week:%d:%s:%d", d.member.ID, d.mark, tx.Now())
		switch d.mark {
		case markNudge:
			err = tell(ctx, tx, about, d.member.ID, WeekLong, event)
		case markRest:
			err = tell(ctx, tx, about, d.member.ID, RestAdvised, event)
		case markTell:
			err = tellBrand(ctx, tx, d.member, event)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tellBrand tells the moderators and admins that a volunteer does too much, which is theirs to notice.
func tellBrand(ctx context.Context, tx Tx, tiredOne Member, event string) error {
	err := record(ctx, tx, Activity{BrandID: tiredOne.BrandID, Kind: WeekTooLong, Lane: Staff, Detail: Detail{Member: tiredOne.ID}})
	if err != nil {
		return err
	}
	members, err := Members(ctx, tx, tiredOne.BrandID)
	if err != nil {
		return err
	}
	for _, m := range members {
		if m.State != Active || m.Role != Moderator && m.Role != Admin {
			continue
		}
		if err := tell(ctx, tx, &Case{BrandID: m.BrandID}, m.ID, WeekTooLong, event); err != nil {
			return err
		}
	}
	return nil
}

// ForgetHours deletes minutes that no week needs any more, at most so many, and returns how many.
func ForgetHours(ctx context.Context, tx Tx, most int) (int, error) {
	res, err := tx.NewRaw("DELETE FROM worked WHERE (minute, member_id) IN (SELECT minute, member_id FROM worked WHERE minute < ? ORDER BY minute, member_id LIMIT ?)",
		minuteOf(tx.Now().Add(-4*week)), most).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("forget old hours: %w", err)
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// HoursOld tells, without writing, whether ForgetHours has something to do.
func HoursOld(ctx context.Context, db bun.IDB, now clock.Time) (bool, error) {
	return db.NewSelect().Table("worked").Where("minute < ?", minuteOf(now.Add(-4*week))).Exists(ctx)
}
