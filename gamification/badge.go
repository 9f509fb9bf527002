package gamification

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
)

// BadgeID names a badge; its texts stand in the catalogs as "badge.<id>" and "badge_how.<id>".
type BadgeID string

// Job is what a badge is for; it gives the family its shapes.
type Job string

// The jobs.
const (
	Teach    Job = "teach"    // shows newcomers what is worth doing
	Craft    Job = "craft"    // marks skill
	Kindness Job = "kindness" // marks care for people
	Surprise Job = "surprise" // is given by a person, for what no number sees
)

// Tiers is how many tiers a badge has; beyond the last its ring stays open.
const Tiers = 3

// Badge is one line of the table of badges: what it counts, and how many each tier asks for.
type Badge struct {
	ID    BadgeID
	Job   Job
	Goals [Tiers]int
	of    func(*Facts) int
}

// The badge that a person gives, and the one that each topic has.
const (
	Given     BadgeID = "given"
	TopicHand BadgeID = "topic"
)

// Badges is the table. Everything counts outcomes that have matured and still stand; nothing counts days in a
// row, hours of the night or how much somebody wrote.
var Badges = []Badge{
	{"first_answer", Teach, [Tiers]int{1, 10, 50}, func(f *Facts) int { return f.Approved }},
	{"as_written", Teach, [Tiers]int{5, 25, 100}, func(f *Facts) int { return f.AsWritten }},
	{"sourced", Teach, [Tiers]int{1, 10, 50}, func(f *Facts) int { return f.Sourced }},
	{"restraint", Teach, [Tiers]int{1, 5, 20}, func(f *Facts) int { return f.Escalated }},
	{"solver", Craft, [Tiers]int{1, 25, 100}, func(f *Facts) int { return f.Solved }},
	{TopicHand, Craft, [Tiers]int{10, 50, 150}, nil},
	{"reused", Craft, [Tiers]int{1, 10, 50}, func(f *Facts) int { return f.Reused }},
	{"peer", Craft, [Tiers]int{5, 25, 100}, func(f *Facts) int { return f.Reviewed }},
	{"people", Kindness, [Tiers]int{10, 50, 200}, func(f *Facts) int { return f.People }},
	{"thanks", Kindness, [Tiers]int{5, 25, 100}, func(f *Facts) int { return f.Thanked }},
	{"calm", Kindness, [Tiers]int{1, 10, 30}, func(f *Facts) int { return f.Calmed }},
	{"weeks", Kindness, [Tiers]int{4, 12, 26}, func(f *Facts) int { return f.Weeks }},
}

// Mark is what else an entry says to badges.
type Mark string

// The marks.
const (
	Hot     Mark = "hot"     // the customer raged
	Sourced Mark = "sourced" // the answer names a source
)

// Facts are what the ledger says of a member: entries that paid, have matured and were not taken back.
type Facts struct {
	Approved, AsWritten, Sourced, Escalated, Solved, Reused, Reviewed, Thanked, Calmed int

	People int           // customers with a good outcome
	Weeks  int           // calendar weeks with one
	Topics map[int64]int // solved cases by topic
}

// matured is of entries that count at now. An outcome that brakes left nothing of is an outcome all the same, unless
// the customer is one of us.
const matured = `matures_at <= ? AND reverses_id IS NULL AND brake NOT LIKE '%linked%' AND brake NOT LIKE '%effort%'
	AND ` + notUndone

// FactsOf reads what badges count of a member.
func FactsOf(ctx context.Context, db bun.IDB, memberID int64, now clock.Time) (Facts, error) {
	var f Facts
	week := int64(7 * aDay / time.Microsecond)
	count := func(what string) string { return "COUNT(DISTINCT CASE WHEN " + what + " THEN event END)" }
	err := db.NewSelect().Model((*Entry)(nil)).
		ColumnExpr(count("rule IN ('approved', 'approved_edited')")+" AS approved").
		ColumnExpr(count("rule = 'approved'")+" AS as_written").
		ColumnExpr(count("rule IN ('approved', 'approved_edited') AND marks LIKE '%sourced%'")+" AS sourced").
		ColumnExpr(count("rule = 'escalated'")+" AS escalated").
		ColumnExpr("COUNT(DISTINCT CASE WHEN rule = 'solved' THEN case_id END) AS solved").
		ColumnExpr(count("rule = 'reused'")+" AS reused").
		ColumnExpr(count("rule = 'reviewed'")+" AS reviewed").
		ColumnExpr("COUNT(DISTINCT CASE WHEN rule = 'thanked' THEN case_id END) AS thanked").
		ColumnExpr("COUNT(DISTINCT CASE WHEN rule = 'solved' AND marks LIKE '%hot%' THEN case_id END) AS calmed").
		ColumnExpr("COUNT(DISTINCT CASE WHEN rule IN ('solved', 'thanked') THEN account_id END) AS people").
		ColumnExpr("COUNT(DISTINCT CASE WHEN rule IN ('solved', 'thanked') THEN created_at / ? END) AS weeks", week).
		Where("member_id = ?", memberID).Where(matured, now).Scan(ctx, &f)
	if err != nil {
		return f, fmt.Errorf("read what badges count of member %d: %w", memberID, err)
	}
	var topics []struct {
		TopicID int64
		N       int
	}
	err = db.NewSelect().Model((*Entry)(nil)).Column("topic_id").ColumnExpr("COUNT(DISTINCT case_id) AS n").
		Where("member_id = ? AND rule = 'solved' AND topic_id <> 0", memberID).Where(matured, now).Group("topic_id").Scan(ctx, &topics)
	if err != nil {
		return f, fmt.Errorf("read what member %d solved by topic: %w", memberID, err)
	}
	f.Topics = make(map[int64]int, len(topics))
	for _, t := range topics {
		f.Topics[t.TopicID] = t.N
	}
	return f, nil
}

// headStart is what a passed test of a topic counts towards its first tier: who sees a beginning goes on
// (Nunes and Drèze 2006), and the test was real work.
const headStart = 2

// Progress is how far a member is with a badge.
type Progress struct {
	Badge
	TopicID int64
	Is      int
	Tested  bool // a passed test counts towards the first tier
	Tier    int  // reached, 0 to Tiers
}

// Goal is what the next tier asks for; after the last, the next round number of its ring.
func (p *Progress) Goal() int {
	if p.Tier < Tiers {
		return p.Goals[p.Tier]
	}
	last := p.Goals[Tiers-1]
	return (p.Is/last + 1) * last
}

// Progresses reads how far a member is with every badge. tested are the topics whose tests they have passed.
func (f *Facts) Progresses(tested []int64) []Progress {
	var all []Progress
	for _, b := range Badges {
		if b.ID != TopicHand {
			all = append(all, reached(Progress{Badge: b, Is: b.of(f)}))
			continue
		}
		seen := map[int64]bool{}
		for _, topic := range tested {
			seen[topic] = true
			all = append(all, reached(Progress{Badge: b, TopicID: topic, Is: f.Topics[topic] + headStart, Tested: true}))
		}
		for _, topic := range sortedKeys(f.Topics) {
			if !seen[topic] {
				all = append(all, reached(Progress{Badge: b, TopicID: topic, Is: f.Topics[topic]}))
			}
		}
	}
	return all
}

func reached(p Progress) Progress {
	for p.Tier < Tiers && p.Is >= p.Goals[p.Tier] {
		p.Tier++
	}
	return p
}

// Award is a badge that a member holds, or held.
type Award struct {
	bun.BaseModel `bun:"table:awards,alias:award"`

	ID         int64 `bun:",pk,autoincrement"`
	BrandID    int64
	MemberID   int64
	Badge      BadgeID
	TopicID    int64
	Tier       int
	Words      string // of who gave it by hand
	GivenBy    int64  `bun:",nullzero"`
	CreatedAt  clock.Time
	RevokedAt  clock.Time `bun:",nullzero"`
	Credential string     // the id under which it was given out as a file, a UUID; "" for one that never was
	RevokedWhy string     // in a person's words; "" where the outcomes it stood for do not stand any more
}

// Awards reads the badges that a member holds, newest first.
func Awards(ctx context.Context, db bun.IDB, memberID int64) ([]Award, error) {
	var all []Award
	err := db.NewSelect().Model(&all).Where("member_id = ? AND revoked_at IS NULL", memberID).Order("id DESC").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the badges of member %d: %w", memberID, err)
	}
	return all, nil
}

// Decorate makes a member's badges what the ledger says they are, and returns what was given and what was taken
// back. Those given by hand stay.
func Decorate(ctx context.Context, tx bun.IDB, now clock.Time, brandID, memberID int64, tested []int64) (given, taken []Award, err error) {
	if err := oneByOne(ctx, tx, memberID); err != nil {
		return nil, nil, err
	}
	facts, err := FactsOf(ctx, tx, memberID, now)
	if err != nil {
		return nil, nil, err
	}
	held, err := Awards(ctx, tx, memberID)
	if err != nil {
		return nil, nil, err
	}
	type key struct {
		badge BadgeID
		topic int64
		tier  int
	}
	due := map[key]bool{}
	for _, p := range facts.Progresses(tested) {
		for tier := 1; tier <= p.Tier; tier++ {
			due[key{p.ID, p.TopicID, tier}] = true
		}
	}
	for _, a := range held {
		k := key{a.Badge, a.TopicID, a.Tier}
		if a.GivenBy == 0 && !due[k] {
			taken = append(taken, a)
		}
		delete(due, k)
	}
	for _, b := range Badges {
		for k := range due {
			if k.badge == b.ID {
				given = append(given, Award{BrandID: brandID, MemberID: memberID, Badge: k.badge, TopicID: k.topic, Tier: k.tier, CreatedAt: now})
			}
		}
	}
	if len(given) > 0 {
		if _, err := tx.NewInsert().Model(&given).Exec(ctx); err != nil {
			return nil, nil, fmt.Errorf("give member %d badges: %w", memberID, err)
		}
	}
	for _, a := range taken {
		if _, err := tx.NewUpdate().Model(&a).Set("revoked_at = ?", now).WherePK().Exec(ctx); err != nil {
			return nil, nil, fmt.Errorf("take badge %d back: %w", a.ID, err)
		}
	}
	return given, taken, nil
}

// settling is how long an entry may take to be stored after the moment that it names.
const settling = 10 * time.Second

// look is up to which moment matured entries were looked at.
type look struct {
	bun.BaseModel `bun:"table:badge_looks,alias:look"`

	BrandID  int64 `bun:",pk"`
	LookedTo clock.Time
}

func lookedTo(ctx context.Context, db bun.IDB, brandID int64) (clock.Time, error) {
	var l look
	err := db.NewSelect().Model(&l).Where("brand_id = ?", brandID).Scan(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("read how far badges of brand %d are: %w", brandID, err)
	}
	return l.LookedTo, nil
}

// BadgesDue tells, without writing, whether entries of a brand have matured that nobody looked at for badges.
func BadgesDue(ctx context.Context, db bun.IDB, brandID int64, now clock.Time) (bool, error) {
	from, err := lookedTo(ctx, db, brandID)
	if err != nil {
		return false, err
	}
	return db.NewSelect().Model((*Entry)(nil)).Where("brand_id = ? AND matures_at > ? AND matures_at <= ?", brandID, from, now.Add(-settling)).Exists(ctx)
}

// NextDecorated picks the members whose entries have matured since the last look, and notes them as looked at.
func NextDecorated(ctx context.Context, tx bun.IDB, brandID int64, now clock.Time, most int) ([]int64, error) {
	from, err := lookedTo(ctx, tx, brandID)
	if err != nil {
		return nil, err
	}
	to := now.Add(-settling)
	var times []clock.Time
	err = tx.NewSelect().Model((*Entry)(nil)).Column("matures_at").Where("brand_id = ? AND matures_at > ? AND matures_at <= ?", brandID, from, to).
		Order("matures_at").Limit(int64(most)).Scan(ctx, &times)
	if err != nil {
		return nil, fmt.Errorf("read what has matured at brand %d: %w", brandID, err)
	}
	if len(times) == 0 {
		return nil, nil
	}
	if len(times) == most {
		to = times[most-1]
	}
	var members []int64
	err = tx.NewSelect().Model((*Entry)(nil)).ColumnExpr("DISTINCT member_id").Where("brand_id = ? AND matures_at > ? AND matures_at <= ?", brandID, from, to).
		Order("member_id").Scan(ctx, &members)
	if err != nil {
		return nil, fmt.Errorf("read whose entries have matured at brand %d: %w", brandID, err)
	}
	_, err = tx.NewInsert().Model(&look{BrandID: brandID, LookedTo: to}).On("CONFLICT (brand_id) DO UPDATE").Set("looked_to = EXCLUDED.looked_to").Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("note how far badges of brand %d are: %w", brandID, err)
	}
	return members, nil
}

// Praise gives a member a badge by hand.
func Praise(ctx context.Context, tx bun.IDB, now clock.Time, brandID, memberID, by int64, words string) (Award, error) {
	a := Award{BrandID: brandID, MemberID: memberID, Badge: Given, Tier: 1, Words: words, GivenBy: by, CreatedAt: now}
	if _, err := tx.NewInsert().Model(&a).Exec(ctx); err != nil {
		return a, fmt.Errorf("give member %d a badge: %w", memberID, err)
	}
	return a, nil
}

func sortedKeys(m map[int64]int) []int64 { return slices.Sorted(maps.Keys(m)) }
