package simulation

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
)

// past is what customers of a brand wrote on its last days, and what it had set.
type past struct {
	days     [][]moment
	settings []setting
	rules    moderation.RuleVersion
}

// moment is one post of the past.
type moment struct {
	after  time.Duration // midnight
	author string
	text   string
}

// setting is a row of what a brand has set.
type setting struct {
	bun.BaseModel `bun:"table:settings"`

	BrandID   int64  `bun:",pk"`
	Section   string `bun:",pk"`
	Value     string
	Version   int64
	ChangedAt clock.Time
}

func (p *past) day(day int, midnight clock.Time) []arrival {
	if day >= len(p.days) {
		return nil
	}
	all := make([]arrival, len(p.days[day]))
	for i, m := range p.days[day] {
		all[i] = arrival{at: midnight.Add(m.after), author: m.author, text: m.text}
	}
	return all
}

// mostOwn is how many posts of a brand's past are played at most, the latest.
const mostOwn = 200_000

// Own makes a scenario of a brand's last days: its people, what customers wrote and when, what it has set and its
// rules. It only reads: give it a transaction that cannot write. Each post begins a conversation of its own, and
// people are taken to come when they came of late.
func Own(ctx context.Context, read bun.IDB, brand community.Brand, days int, now clock.Time) (Scenario, error) {
	s := Scenario{Name: brand.Name + ", the last days", Days: days, Language: brand.Language, Network: "x", Zone: "UTC", past: &past{}}
	if s.Language == "vi" {
		s.Zone = "Asia/Ho_Chi_Minh"
	}
	topics, err := community.EveryTopic(ctx, read, brand.ID)
	if err != nil {
		return s, err
	}
	for _, t := range topics {
		s.Topics = append(s.Topics, Topic{Name: t.Name, Keywords: t.Keywords, known: t})
	}
	members, err := community.Members(ctx, read, brand.ID)
	if err != nil {
		return s, err
	}
	for id, m := range members {
		if m.Role.Employee() && m.Hours.Zone != "" {
			s.Zone = m.Hours.Zone
		}
		if m.State != community.Active {
			delete(members, id)
		}
	}
	today := now.Std().In(s.zone())
	s.Start = today.AddDate(0, 0, -days).Format(time.DateOnly)
	ids := make([]int64, 0, len(members))
	for id := range members {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		m := members[id]
		p, err := ownPerson(ctx, read, &m, topics, &s, now)
		if err != nil {
			return s, err
		}
		s.People = append(s.People, p)
	}
	if err := s.readPast(ctx, read, brand.ID); err != nil {
		return s, err
	}
	return s, s.Check()
}

// ownPerson is a member as they were of late.
func ownPerson(ctx context.Context, read bun.IDB, m *community.Member, topics []community.Topic, s *Scenario, now clock.Time) (People, error) {
	p := People{
		Name: fmt.Sprintf("member %d", m.ID), Role: m.Role, Trust: m.Trust, Count: 1, From: 9, To: 18, Answer: 4, Reviewing: 1, Quality: 0.95, NoShow: 0.05,
		Languages: m.Languages, Care: m.Care && !m.Role.Employee(),
	}
	for _, t := range topics {
		if slices.Contains(m.Topics, t.ID) {
			p.Topics = append(p.Topics, t.Name)
		}
	}
	for i, span := range m.Hours.Spans {
		to := cmp.Or((span.To+59)/60, 24)
		if to <= span.From/60 {
			to = 24 // what goes on after midnight is left out
		}
		if i == 0 {
			p.From, p.To = span.From/60, to
		}
		p.From, p.To = min(p.From, span.From/60), max(p.To, to)
		p.Days = append(p.Days, int(span.Day))
	}
	if m.Role.Employee() {
		return p, nil
	}
	var at []clock.Time
	err := read.NewSelect().Table("activities").Column("created_at").Where("actor_id = ? AND created_at >= ?", m.ID, s.midnight(0)).Order("created_at").Scan(ctx, &at)
	if err != nil {
		return p, fmt.Errorf("read when member %d came: %w", m.ID, err)
	}
	hours := map[string]bool{} // days with an hour in which they did something
	var byHour [24]int
	for _, t := range at {
		local := t.Std().In(s.zone())
		hours[local.Format("2006-01-02 15")] = true
		byHour[local.Hour()]++
	}
	p.Hours = max(float64(len(hours))/(float64(s.Days)/7), 0.25)
	if len(m.Hours.Spans) == 0 {
		best := 20
		for from := 0; from <= 20; from++ {
			if sum(byHour[from:from+4]) > sum(byHour[best:best+4]) {
				best = from
			}
		}
		p.From, p.To, p.Elsewhen = best, best+4, 0.2
	}
	return p, nil
}

func sum(all []int) (n int) {
	for _, x := range all {
		n += x
	}
	return n
}

// readPast reads what customers wrote, and what the brand has set.
func (s *Scenario) readPast(ctx context.Context, read bun.IDB, brandID int64) (err error) {
	var rows []listeners.Mention
	err = read.NewSelect().Model(&rows).Column("account_id", "text", "created_at").
		Where("m.brand_id = ? AND NOT m.ours AND m.created_at >= ? AND m.created_at < ? AND m.text <> ''", brandID, s.midnight(0), s.midnight(s.Days)).
		Where("m.surface <> ?", listeners.InPrivate).Order("m.id DESC").Limit(mostOwn).Scan(ctx)
	if err != nil {
		return fmt.Errorf("read the past of brand %d: %w", brandID, err)
	}
	s.past.days = make([][]moment, s.Days)
	for day := range s.Days {
		from, to := s.midnight(day), s.midnight(day+1)
		for i := len(rows) - 1; i >= 0; i-- {
			if m := rows[i]; m.CreatedAt >= from && m.CreatedAt < to {
				text := "@" + handle + " " + strings.ReplaceAll(m.Text, "@", "")
				s.past.days[day] = append(s.past.days[day], moment{m.CreatedAt.Sub(from), fmt.Sprintf("a%d", m.AccountID), text})
			}
		}
	}
	err = read.NewSelect().Model(&s.past.settings).Where("brand_id = ?", brandID).Order("section").Scan(ctx)
	if err != nil {
		return fmt.Errorf("read what brand %d has set: %w", brandID, err)
	}
	s.past.rules, err = moderation.LiveRules(ctx, read, brandID)
	return err
}
