package community

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
)

// Climbing: of a case that nobody takes somebody hears who must look before the brand's promise breaks. First
// members who are trusted hear of it, then the employees. It stays in its lane, where everybody who may answer it
// still can: for want of time a case needs more people, not fewer. What rules send to the employees is another
// matter, and stays with them.

// Promised is within which time a brand answers, and when a case that nobody took climbs; a section of
// what a brand can set.
type Promised struct {
	Minutes int `json:"minutes"`
	Raise   int `json:"raise"` // percent of the time after which trusted members are told
	Staff   int `json:"staff"` // percent after which the employees are told
}

// DefaultPromised is what holds where a brand has set nothing.
var DefaultPromised = Promised{Minutes: int(Promise / time.Minute), Raise: 70, Staff: 90}

// Section names the setting.
func (Promised) Section() string { return "promise" }

// Check says what cannot be promised.
func (p Promised) Check() error {
	switch {
	case p.Minutes < 10 || p.Minutes > 7*24*60:
		return &Invalid{"minutes", "promise an answer within 10 minutes to 7 days"}
	case p.Raise < 10 || p.Raise >= p.Staff || p.Staff > 100:
		return &Invalid{"raise", "tell trusted members first, and the employees after that, by 100 percent at the latest"}
	}
	return nil
}

// The steps of a climbing case.
const (
	notClimbed = iota
	raised     // trusted members were told
	withStaff  // the employees were
)

// since is the moment of the posts that have waited long enough at now for a step.
func (p Promised) since(step int, now clock.Time) clock.Time {
	share := p.Raise
	if step == withStaff {
		share = p.Staff
	}
	return now.Add(-time.Duration(p.Minutes) * time.Minute * time.Duration(share) / 100)
}

// LaneNobody is why the employees were told of a case that nobody took in time; older cases went to their lane for it.
const LaneNobody = "nobody_took_it"

// CaseWaits is told of a case that nobody has taken and whose promise is about to break; its Rule is LaneNobody once
// the employees were told.
const CaseWaits Kind = "case_waits"

// Climbs tells, without writing, whether Climb has something to do.
func Climbs(ctx context.Context, db bun.IDB, now clock.Time) (bool, error) {
	brands, err := Brands(ctx, db)
	if err != nil {
		return false, err
	}
	for id := range brands {
		promised, err := Setting(ctx, db, id, DefaultPromised)
		if err != nil {
			return false, err
		}
		for _, step := range []int{raised, withStaff} {
			var first []int64 // in the order of the index: a mere EXISTS is looked for from end to end
			err := climbing(db.NewSelect().Table("cases").Column("id"), id, step, promised.since(step, now)).Order("customer_at").Limit(1).Scan(ctx, &first)
			if err != nil || len(first) > 0 {
				return len(first) > 0, err
			}
		}
	}
	return false, nil
}

// climbing picks the open cases of a brand that are to reach a step.
func climbing(q *bun.SelectQuery, brandID int64, step int, since clock.Time) *bun.SelectQuery {
	below := []int{notClimbed}
	if step == withStaff {
		below = append(below, raised)
	}
	return q.Where("state = 'open' AND lane = 'community' AND brand_id = ? AND climbed IN (?) AND customer_at <= ?", brandID, bun.List(below), since)
}

// Climb takes cases that nobody took a step further, at most a batch of each brand and step, and returns
// how many.
func Climb(ctx context.Context, tx Tx, most int) (int, error) {
	brands, err := Brands(ctx, tx)
	if err != nil {
		return 0, err
	}
	climbed := 0
	for id := range brands {
		promised, err := Setting(ctx, tx, id, DefaultPromised)
		if err != nil {
			return climbed, err
		}
		members, err := Members(ctx, tx, id)
		if err != nil {
			return climbed, err
		}
		for _, step := range []int{withStaff, raised} {
			var cases []Case
			q := climbing(tx.NewSelect().Model(&cases), id, step, promised.since(step, tx.Now())).Order("c.customer_at", "c.id").Limit(int64(most))
			if err := locked(tx, q).Scan(ctx); err != nil {
				return climbed, fmt.Errorf("find the cases of brand %d that nobody takes: %w", id, err)
			}
			for i := range cases {
				if err := cases[i].climb(ctx, tx, step, members); err != nil {
					return climbed, err
				}
			}
			climbed += len(cases)
		}
	}
	return climbed, nil
}

// climb takes a case to a step and tells whoever should look now.
func (c *Case) climb(ctx context.Context, tx Tx, step int, members map[int64]Member) error {
	event := fmt.Sprintf("waits:%d:%d", c.ID, c.Version)
	news := Activity{BrandID: c.BrandID, CaseID: c.ID, Kind: CaseWaits, Lane: c.Lane}
	ask := trustedFor(c, members)
	if step == withStaff {
		ask, news.Detail.Rule = employees(members), LaneNobody
	}
	if _, err := tx.NewUpdate().Model(c).Set("climbed = ?, version = version + 1", step).Where("id = ?", c.ID).Exec(ctx); err != nil {
		return fmt.Errorf("raise case %d: %w", c.ID, err)
	}
	for _, id := range ask {
		if err := tell(ctx, tx, c, id, CaseWaits, event); err != nil {
			return err
		}
	}
	return record(ctx, tx, news)
}

// Whom a climbing case asks: enough that somebody is there, few enough that nobody feels it is for others.
const (
	mostTrusted = 5
	askedTrust  = 2 // from this level on members answer without being read each time
	mostOfStaff = 10
)

// trustedFor are members who may answer a case, and are trusted; for each case others come first.
func trustedFor(c *Case, members map[int64]Member) []int64 {
	var fit []int64
	for id, m := range members {
		knows := c.TopicID == OtherTopic || len(m.Topics) == 0 || slices.Contains(m.Topics, c.TopicID)
		speaks := !slices.Contains([]string{"en", "vi"}, c.Language) || slices.Contains(m.Languages, c.Language)
		if !m.Role.Employee() && m.Trust >= askedTrust && m.MayAnswer(c) && knows && speaks {
			fit = append(fit, id)
		}
	}
	slices.Sort(fit)
	if len(fit) == 0 {
		return nil
	}
	first := int(c.ID % int64(len(fit)))
	fit = slices.Concat(fit[first:], fit[:first])
	return fit[:min(len(fit), mostTrusted)]
}

// employees are a brand's own people: those on duty where somebody is.
func employees(members map[int64]Member) []int64 {
	var all, onDuty []int64
	for id, m := range members {
		if m.Role.Employee() && m.State == Active {
			all = append(all, id)
			if m.Duty {
				onDuty = append(onDuty, id)
			}
		}
	}
	if len(onDuty) > 0 {
		all = onDuty
	}
	slices.Sort(all)
	return all[:min(len(all), mostOfStaff)]
}
