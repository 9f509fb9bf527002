package moderation

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/triage"
	"github.com/uptrace/bun"
)

// Intake is what happens to the posts of every page, live or imported.
type Intake struct {
	Read  bun.IDB
	Rules Rules

	mu      sync.Mutex
	scorers map[int64]*triage.Scorer
}

// Sink scores a page and returns what stores it: mentions, cases and what follows from them. It is a
// Poller's Sink.
func (in *Intake) Sink(conn listeners.Connection, posts []listeners.Post) func(context.Context, listeners.Tx) error {
	scorer, err := in.scorer(conn.BrandID)
	if err != nil {
		return func(context.Context, listeners.Tx) error { return err }
	}
	own, err := listeners.OwnAccounts(context.Background(), in.Read, conn.BrandID, conn.Network)
	if err != nil {
		return func(context.Context, listeners.Tx) error { return err }
	}
	scored := make(map[string]judged, len(posts))
	for _, p := range posts {
		if slices.Contains(own, p.Author.NativeID) {
			continue
		}
		j := judged{Score: scorer.Score(p.Text)}
		j.Decision = Decide(in.Rules, Facts{Score: j.Score, Private: p.Surface == listeners.InPrivate})
		j.text, err = json.Marshal(j.Score)
		if err != nil {
			return func(context.Context, listeners.Tx) error { return fmt.Errorf("score %s: %w", p.NativeID, err) }
		}
		scored[p.NativeID] = j
	}
	return func(ctx context.Context, tx listeners.Tx) error {
		return store(ctx, tx, conn, posts, scored)
	}
}

type judged struct {
	Score triage.Score
	Decision
	text []byte // the score as it is stored
}

// mostAhead is how far a network's clock may be ahead of ours.
const mostAhead = 10 * time.Minute

func store(ctx context.Context, tx listeners.Tx, conn listeners.Connection, posts []listeners.Post, scored map[string]judged) error {
	if err := community.TakeTurns(ctx, tx, conn.BrandID); err != nil {
		return err
	}
	fresh, summoned, err := listeners.Fresh(ctx, tx, conn, posts)
	if err != nil {
		return err
	}
	if err := community.Summoned(ctx, tx, conn, summoned); err != nil || len(fresh) == 0 {
		return err
	}
	accounts, err := listeners.Accounts(ctx, tx, conn, fresh)
	if err != nil {
		return err
	}
	byHand, sure, err := listeners.SeenByHand(ctx, tx, conn, fresh)
	if err != nil {
		return err
	}
	if err := community.SeenByHand(ctx, tx, sure); err != nil {
		return err
	}
	ids, err := tx.NextIDs(ctx, "mentions", len(fresh))
	if err != nil {
		return err
	}
	mentions := make([]listeners.Mention, len(fresh))
	customer := make([]community.Incoming, 0, len(fresh))
	var own []*listeners.Mention
	var ownPosts []listeners.Post
	for i, p := range fresh {
		mentions[i] = listeners.Mention{
			ID: ids[i], BrandID: conn.BrandID, ConnectionID: conn.ID, AccountID: accounts[p.Author.NativeID].ID, Network: conn.Network,
			NativeID: p.NativeID, ParentID: p.ParentID, ThreadKey: p.ThreadKey, ToID: p.ToID, Reason: p.Reason, Text: p.Text, URL: p.URL,
			Delivery: p.Delivery.Mode, DeliveryWhy: p.Delivery.Why, CreatedAt: p.CreatedAt, SeenAt: tx.Now(),
			Surface: p.Surface, Target: p.Target, Media: p.Media, Rating: p.Rating, Rule: p.Rule, Version: p.Version, DeliveryUntil: p.Delivery.Until,
		}
		if p.CreatedAt > tx.Now().Add(mostAhead) {
			mentions[i].CreatedAt = tx.Now() // or everything written after it would count as older
		}
		m := &mentions[i]
		j, ok := scored[p.NativeID]
		if !ok || byHand[p.NativeID] { // a member answers under their own name
			m.Ours = true
			own, ownPosts = append(own, m), append(ownPosts, p)
			continue
		}
		m.Score = string(j.text)
		if known := accounts[p.Author.NativeID]; known.OptedOutAt != 0 && j.Lane == community.Community {
			j.Lane, j.Rule = community.Staff, community.LaneOptedOut // no advocate writes to them
		}
		customer = append(customer, community.Incoming{
			Mention: m, Score: j.Score, Lane: j.Lane, LaneWhy: j.Rule, Stranger: accounts[p.Author.NativeID].New,
		})
	}
	known, err := listeners.Recognise(ctx, tx, conn, ownPosts)
	if err != nil {
		return err
	}
	elsewhere := func(m *listeners.Mention) bool { return !known[m.NativeID] && !byHand[m.NativeID] }
	changed, err := community.Receive(ctx, tx, conn, customer, own, elsewhere)
	if err != nil {
		return err
	}
	if err := listeners.Insert(ctx, tx, mentions); err != nil {
		return err
	}
	return community.RecordHeard(ctx, tx, conn, changed, len(fresh))
}

// scorer is the brand's, prepared once; Forget makes it be prepared again.
func (in *Intake) scorer(brandID int64) (*triage.Scorer, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if s := in.scorers[brandID]; s != nil {
		return s, nil
	}
	topics, err := community.Topics(context.Background(), in.Read, brandID)
	if err != nil {
		return nil, err
	}
	wanted := make([]triage.Topic, len(topics))
	for i, t := range topics {
		wanted[i] = triage.Topic{ID: t.ID, Name: t.Name, Keywords: t.Keywords}
	}
	if in.scorers == nil {
		in.scorers = map[int64]*triage.Scorer{}
	}
	in.scorers[brandID] = triage.New(wanted)
	return in.scorers[brandID], nil
}

// Why gives the spans of a text that explain its score, strongest first.
func (in *Intake) Why(brandID int64, text string, most int) ([]triage.Span, error) {
	s, err := in.scorer(brandID)
	if err != nil {
		return nil, err
	}
	return s.Why(text, most), nil
}
