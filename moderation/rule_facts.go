package moderation

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation/rules"
)

// decide asks a brand's rules about the posts that were scored.
func (in *Intake) decide(ctx context.Context, tx listeners.Tx, conn listeners.Connection, brand ready, posts []listeners.Post, scored map[string]judged) error {
	look, err := in.look(ctx, tx, conn, brand, posts, tx.Now(), brand.rules, brand.watched)
	if err != nil {
		return err
	}
	for _, p := range posts {
		if j, ok := scored[p.NativeID]; ok {
			facts := look(&p)
			facts.Score = j.Score
			j.Decision = brand.rules.Decide(&facts)
			if brand.watched != nil {
				would := brand.watched.Decide(&facts)
				j.would = &would
			}
			scored[p.NativeID] = j
		}
	}
	return nil
}

// asksPast tells whether rules ask what a brand knows of a customer.
func asksPast(r *rules.Ready) bool {
	return r != nil && (r.Needs(rules.OfAuthor) || r.Needs(rules.OfCase))
}

// asksStaff tells whether rules ask who is there.
func asksStaff(r *rules.Ready) bool { return r.Needs(rules.OfStaff) }

// asks makes what tells whether rules ask for something.
func asks(n rules.Need) func(*rules.Ready) bool {
	return func(r *rules.Ready) bool { return r.Needs(n) }
}

// look looks up what rules ask of posts of a connection, and returns what makes the facts of each, without its
// score.
func (in *Intake) look(ctx context.Context, db bun.IDB, conn listeners.Connection, brand ready, posts []listeners.Post, now clock.Time, asking ...*rules.Ready) (func(*listeners.Post) rules.Facts, error) {
	brandID, network := conn.BrandID, conn.Network
	common := rules.Facts{Network: network}
	if in.Network != nil {
		common.Policy = in.Network(network).Policy
	}
	if slices.ContainsFunc(asking, asksStaff) {
		var err error
		if common.Online, common.Backlog, err = community.StaffNow(ctx, db, brandID, now); err != nil {
			return nil, err
		}
	}
	if slices.ContainsFunc(asking, (*rules.Ready).NeedsLoad) {
		load, err := community.LoadOf(ctx, db, brandID, now, mostCounted(asking))
		if err != nil {
			return nil, err
		}
		common.Flow(load)
	}
	var pasts map[string]community.Past
	if slices.ContainsFunc(asking, asksPast) {
		var authors []string
		for _, p := range posts {
			if !slices.Contains(authors, p.Author.NativeID) {
				authors = append(authors, p.Author.NativeID)
			}
		}
		var err error
		if pasts, err = community.Pasts(ctx, db, brandID, network, authors); err != nil {
			return nil, err
		}
	}
	var alike map[string]int
	if slices.ContainsFunc(asking, asks(rules.OfCluster)) {
		var err error
		if alike, err = alikes(ctx, db, brandID, now, posts); err != nil {
			return nil, err
		}
	}
	if slices.ContainsFunc(asking, asks(rules.OfBudget)) && conn.Budget > 0 {
		spent, err := listeners.MonthSpent(ctx, db, conn.ID, now)
		if err != nil {
			return nil, err
		}
		common.Spent = float64(spent) / float64(conn.Budget)
	}
	return func(p *listeners.Post) rules.Facts {
		f := common
		f.Left = p.CreatedAt.Add(brand.waits.For(p.Surface, brand.promised)).Sub(now)
		f.Reach, f.Alike = listeners.Roughly(p.Author.Followers), alike[p.NativeID]
		f.Surface, f.Reason, f.Delivery, f.Rating, f.At = p.Surface, p.Reason, p.Delivery.Mode, p.Rating, p.CreatedAt.Std()
		past := pasts[p.Author.NativeID]
		f.Posts, f.FollowUp = past.Threads[p.ThreadKey], past.Threads[p.ThreadKey] > 0
		f.OptedOut, f.Known, f.Cases = past.OptedOut, len(past.Threads) > 0, len(past.Threads)
		if f.FollowUp {
			f.Cases--
		}
		return f
	}, nil
}

// factsOf are the facts of a stored mention as they are now, without its score.
func (in *Intake) factsOf(ctx context.Context, tx listeners.Tx, ruled *rules.Ready, m *listeners.Mention) (rules.Facts, error) {
	brand, err := in.ready(ctx, tx, m.BrandID)
	if err != nil {
		return rules.Facts{}, err
	}
	conn := listeners.Connection{ID: m.ConnectionID, BrandID: m.BrandID, Network: m.Network}
	if ruled.Needs(rules.OfBudget) {
		if conn, err = listeners.FindConnection(ctx, tx, m.ConnectionID); err != nil {
			return rules.Facts{}, err
		}
	}
	p := listeners.Post{
		ThreadKey: m.ThreadKey, Surface: m.Surface, Reason: m.Reason, Delivery: listeners.Delivery{Mode: m.Delivery}, Rating: m.Rating, CreatedAt: m.CreatedAt,
	}
	if m.Account != nil {
		p.Author.NativeID, p.Author.Followers = m.Account.NativeID, m.Account.Reach
	}
	look, err := in.look(ctx, tx, conn, brand, []listeners.Post{p}, tx.Now(), ruled)
	if err != nil {
		return rules.Facts{}, err
	}
	f := look(&p)
	if ruled.Needs(rules.OfCluster) && m.ClusterID != 0 {
		k, err := FindCluster(ctx, tx, m.BrandID, m.ClusterID)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return f, err
		}
		f.Alike = k.Mentions
	}
	return f, nil
}
