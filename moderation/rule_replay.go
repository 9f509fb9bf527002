package moderation

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation/rules"
	"github.com/kith-social/kith/triage"
)

// Replay is what rules would have made of the past, against the rules that decide now.
type Replay struct {
	At      clock.Time `json:"at"`
	Posts   int        `json:"posts"`
	Changed int        `json:"changed"` // posts that would have gone another way
	Moves   []Move     `json:"moves"`   // to another lane, most first
	Hits    []int      `json:"hits"`    // posts that each rule of the set applies to
	Alerts  int        `json:"alerts"`
	Reviews int        `json:"reviews"`      // posts whose answers a rule wants to be read
	Said    int        `json:"receipts"`     // posts that a rule answers "we have got it", where the network allows it
	May     int        `json:"may_overflow"` // posts with the staff that may go to community-care while too much waits
	Blind   bool       `json:"blind"`        // a rule asks who was there, which nobody knows of the past: it counts as nobody, and nothing waiting
	Cases   []Turn     `json:"cases"`        // the latest that would have gone another way
}

// Move is how many posts would have gone from one lane to another.
type Move struct {
	From  community.Lane `json:"from"`
	To    community.Lane `json:"to"`
	Posts int            `json:"posts"`
}

// Turn is a post that would have gone another way.
type Turn struct {
	CaseID    int64          `json:"case"`
	MentionID int64          `json:"mention"`
	From      community.Lane `json:"from"`
	To        community.Lane `json:"to"`
	Before    string         `json:"before"` // the rule that chooses the lane
	After     string         `json:"after"`
}

const (
	// replayTime is how far back rules are tried, and replayPosts how many posts at most, the latest.
	replayTime  = 30 * 24 * time.Hour
	replayPosts = 50_000
	// EnoughPosts is how many posts of the past are enough to say what rules do.
	EnoughPosts = 100
	replayTurns = 50
	replayBatch = 1000
)

// Enough tells whether there was enough of a past.
func (r *Replay) Enough() bool { return r.Posts >= EnoughPosts }

// Replay tries rules on a brand's last 30 days. It only reads: give it a transaction that cannot write.
func (in *Intake) Replay(ctx context.Context, read bun.IDB, brandID int64, s rules.Set, now clock.Time) (Replay, error) {
	r := Replay{At: now, Hits: make([]int, len(s.Rules)), Moves: []Move{}, Cases: []Turn{}}
	next, err := rules.Prepare(rules.Standing(), s)
	if err != nil {
		return r, err
	}
	present, err := rulesOf(ctx, read, brandID, in.Rules)
	if err != nil {
		return r, err
	}
	topics, err := community.Topics(ctx, read, brandID)
	if err != nil {
		return r, err
	}
	brand, err := in.ready(ctx, read, brandID)
	if err != nil {
		return r, err
	}
	r.Blind = next.Needs(rules.OfStaff)
	first, err := firstHeard(ctx, read, brandID, now.Add(-replayTime))
	if err != nil || first == 0 {
		return r, err
	}
	share := func(*listeners.Mention) float64 { return 0 }
	if present.Needs(rules.OfBudget) || next.Needs(rules.OfBudget) {
		if share, err = sharesOf(ctx, read, brandID, now.Add(-replayTime)); err != nil {
			return r, err
		}
	}
	below := int64(0)
	for r.Posts < replayPosts {
		var batch []listeners.Mention
		q := read.NewSelect().Model(&batch).Where("m.id >= ? AND m.brand_id = ? AND NOT m.ours AND m.created_at >= ?", first, brandID, now.Add(-replayTime)).Order("m.id DESC").Limit(replayBatch)
		if below != 0 {
			q = q.Where("m.id < ?", below)
		}
		if err := q.Scan(ctx); err != nil {
			return r, fmt.Errorf("read the past of brand %d: %w", brandID, err)
		}
		look, err := in.lookBack(ctx, read, brand, share, batch, present, next)
		if err != nil {
			return r, err
		}
		for i := range batch {
			facts := look(&batch[i])
			if err := readScore(&batch[i], topics, &facts.Score); err != nil {
				return r, err
			}
			in.count(&r, &batch[i], present.Decide(&facts), next.Decide(&facts))
			next.Hits(&facts, r.Hits)
		}
		if len(batch) < replayBatch {
			break
		}
		below = batch[len(batch)-1].ID
	}
	slices.SortStableFunc(r.Moves, func(a, b Move) int { return b.Posts - a.Posts })
	return r, nil
}

// firstHeard is the id of a mention before all that a brand has heard since a time; 0: it has heard nothing.
func firstHeard(ctx context.Context, read bun.IDB, brandID int64, since clock.Time) (int64, error) {
	var first int64
	err := read.NewSelect().Model((*HeardDay)(nil)).ColumnExpr("COALESCE(MIN(first_mention), 0)").
		Where("brand_id = ? AND day >= ?", brandID, dayOf(since)).Scan(ctx, &first)
	if err != nil {
		return 0, fmt.Errorf("look what brand %d has heard: %w", brandID, err)
	}
	return first, nil
}

// count notes what two sets make of a post.
func (in *Intake) count(r *Replay, m *listeners.Mention, before, after rules.Decision) {
	r.Posts++
	if after.Alert != "" {
		r.Alerts++
	}
	if after.Review != "" {
		r.Reviews++
	}
	if after.Receipt != "" && in.receiptable(m) {
		r.Said++
	}
	if after.Overflow != "" {
		r.May++
	}
	if before.Lane != after.Lane {
		i := slices.IndexFunc(r.Moves, func(v Move) bool { return v.From == before.Lane && v.To == after.Lane })
		if i < 0 {
			i, r.Moves = len(r.Moves), append(r.Moves, Move{From: before.Lane, To: after.Lane})
		}
		r.Moves[i].Posts++
	}
	if before.Same(&after) {
		return
	}
	r.Changed++
	if len(r.Cases) < replayTurns {
		r.Cases = append(r.Cases, Turn{CaseID: m.CaseID, MentionID: m.ID, From: before.Lane, To: after.Lane, Before: before.Rule, After: after.Rule})
	}
}

// readScore reads the score that was stored with a mention; topics go by their names of today.
func readScore(m *listeners.Mention, topics []community.Topic, into *triage.Score) error {
	*into = triage.Score{}
	if m.Score == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(m.Score), into); err != nil {
		return fmt.Errorf("read the score of mention %d: %w", m.ID, err)
	}
	for i := range into.Topics {
		for _, t := range topics {
			if t.Name == into.Topics[i].Name {
				into.Topics[i].ID = t.ID
			}
		}
	}
	return nil
}

// lookBack returns what makes the facts of mentions as they were when these were written, without their
// scores. What a brand knew of a customer is looked up where it is asked for; of a budget that of today is meant.
func (in *Intake) lookBack(ctx context.Context, read bun.IDB, brand ready, share func(*listeners.Mention) float64, batch []listeners.Mention, asking ...*rules.Ready) (func(*listeners.Mention) rules.Facts, error) {
	var earlier map[int64][]community.Case
	outs := map[int64]clock.Time{}
	reach := map[int64]int{}
	ids := make([]int64, 0, len(batch))
	for _, m := range batch {
		ids = append(ids, m.AccountID)
	}
	var ranks map[int64]int
	var err error
	if slices.ContainsFunc(asking, asks(rules.OfCluster)) {
		if ranks, err = rankedIn(ctx, read, batch); err != nil {
			return nil, err
		}
	}
	if slices.ContainsFunc(asking, asks(rules.OfAudience)) {
		var accounts []listeners.Account
		if err := read.NewSelect().Model(&accounts).Column("id", "reach").Where("id IN (?) AND reach > 0", bun.List(ids)).Scan(ctx); err != nil {
			return nil, fmt.Errorf("read how many follow customers: %w", err)
		}
		for _, a := range accounts {
			reach[a.ID] = a.Reach
		}
	}
	if slices.ContainsFunc(asking, asksPast) {
		if earlier, err = community.CasesOfCustomers(ctx, read, ids); err != nil {
			return nil, err
		}
		var accounts []listeners.Account
		if err := read.NewSelect().Model(&accounts).Column("id", "opted_out_at").Where("id IN (?) AND opted_out_at IS NOT NULL", bun.List(ids)).Scan(ctx); err != nil {
			return nil, fmt.Errorf("read who opted out: %w", err)
		}
		for _, a := range accounts {
			outs[a.ID] = a.OptedOutAt
		}
	}
	return func(m *listeners.Mention) rules.Facts {
		f := rules.Facts{
			Network: m.Network, Surface: m.Surface, Reason: m.Reason, Delivery: m.Delivery, Rating: m.Rating, At: m.CreatedAt.Std(),
			Left:  m.CreatedAt.Add(brand.waits.For(m.Surface, brand.promised)).Sub(m.SeenAt),
			Reach: reach[m.AccountID], Alike: ranks[m.ID], Spent: share(m),
			OptedOut: outs[m.AccountID] != 0 && outs[m.AccountID] <= m.CreatedAt,
		}
		if in.Network != nil {
			f.Policy = in.Network(m.Network).Policy
		}
		for _, c := range earlier[m.AccountID] {
			switch {
			case c.OpenedAt >= m.CreatedAt:
			case c.ID == m.CaseID:
				f.Known, f.FollowUp, f.Posts = true, true, c.Mentions-1
			default:
				f.Known = true
				f.Cases++
			}
		}
		return f
	}, nil
}

// sharesOf returns what tells which part of a connection's budget was used up when a mention was heard.
func sharesOf(ctx context.Context, read bun.IDB, brandID int64, since clock.Time) (func(*listeners.Mention) float64, error) {
	all, err := listeners.Connections(ctx, read, brandID)
	if err != nil {
		return nil, err
	}
	budgets := make(map[int64]listeners.MicroUSD, len(all))
	var ids []int64
	for _, c := range all {
		if c.Budget > 0 {
			budgets[c.ID], ids = c.Budget, append(ids, c.ID)
		}
	}
	spent, err := listeners.SpentBy(ctx, read, ids, since)
	if err != nil {
		return nil, err
	}
	return func(m *listeners.Mention) float64 {
		budget := budgets[m.ConnectionID]
		if budget == 0 {
			return 0
		}
		return float64(spent(m.ConnectionID, m.SeenAt)) / float64(budget)
	}, nil
}
