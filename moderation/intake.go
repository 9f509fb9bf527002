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
	"github.com/kith-social/kith/moderation/rules"
	"github.com/kith-social/kith/triage"
	"github.com/uptrace/bun"
)

// Intake is what happens to the posts of every page, live or imported.
type Intake struct {
	Read  bun.IDB
	Rules *rules.Ready // of brands that have set nothing
	// Network tells what is known of a kind of network; nil: none forbids anything.
	Network func(kind string) listeners.Network
	// NewID makes the id of a change or receipt, a UUIDv7. Nil: nothing is hidden or acknowledged by itself.
	NewID func() string
	// Hides tells whether the network of a connection lets us hide posts of others. Nil: none does.
	Hides func(listeners.Connection) bool

	mu        sync.Mutex
	brands    map[int64]ready
	forgotten int // how often a brand was: what was being prepared meanwhile is not kept
}

// Sink scores a page and returns what stores it: mentions, cases and what follows from them. It is a
// Poller's Sink.
func (in *Intake) Sink(conn listeners.Connection, posts []listeners.Post) func(context.Context, listeners.Tx) error {
	brand, err := in.ready(context.Background(), in.Read, conn.BrandID)
	if err != nil {
		return func(context.Context, listeners.Tx) error { return err }
	}
	own, err := listeners.OwnAccounts(context.Background(), in.Read, conn.BrandID, conn.Network)
	if err != nil {
		return func(context.Context, listeners.Tx) error { return err }
	}
	if !brand.waits.Reach || in.Network != nil && !in.Network(conn.Network).Policy.Reach {
		posts = slices.Clone(posts)
		for i := range posts {
			posts[i].Author.Followers = 0
		}
	}
	scored := make(map[string]judged, len(posts))
	for _, p := range posts {
		if slices.Contains(own, p.Author.NativeID) {
			continue
		}
		j := judged{Score: brand.scorer.Score(p.Text), within: brand.waits.For(p.Surface, brand.promised)}
		j.text, err = json.Marshal(j.Score)
		if err != nil {
			return func(context.Context, listeners.Tx) error { return fmt.Errorf("score %s: %w", p.NativeID, err) }
		}
		scored[p.NativeID] = j
	}
	return func(ctx context.Context, tx listeners.Tx) error {
		if err := in.decide(ctx, tx, conn, brand, posts, scored); err != nil {
			return err
		}
		return in.store(ctx, tx, conn, posts, scored)
	}
}

type judged struct {
	Score triage.Score
	rules.Decision
	would *rules.Decision // of rules that are watched
	text  []byte          // the score as it is stored

	within time.Duration // how soon it should be answered
	reach  float64       // what the customer's audience adds to its urgency
}

// incoming is a mention with what was decided about it.
func (j *judged) incoming(m *listeners.Mention, stranger bool) community.Incoming {
	in := community.Incoming{
		Mention: m, Score: j.Score, Lane: j.Lane, LaneWhy: j.Rule, Team: j.Team, Tags: j.Tags, Review: j.Review, Stranger: stranger,
		Reach: j.reach, Within: j.within,
		Overflow: j.Overflow, Hold: j.Hold,
	}
	in.Score.Urgency = max(0, j.Score.Urgency+j.Raise)
	return in
}

// mostAhead is how far a network's clock may be ahead of ours.
const mostAhead = 10 * time.Minute

func (in *Intake) store(ctx context.Context, tx listeners.Tx, conn listeners.Connection, posts []listeners.Post, scored map[string]judged) error {
	if err := community.TakeTurns(ctx, tx, conn.BrandID); err != nil {
		return err
	}
	news, err := listeners.Fresh(ctx, tx, conn, posts)
	if err != nil {
		return err
	}
	if err := community.Summoned(ctx, tx, conn, news.Summoned); err != nil {
		return err
	}
	if err := rewrite(ctx, tx, conn, news.Edited, scored); err != nil || len(news.Fresh) == 0 {
		return err
	}
	fresh := news.Fresh
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
	var calls []community.RuleCall
	var seen []watched
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
		if known := accounts[p.Author.NativeID]; known.OptedOutAt != 0 {
			if j.Overflow = ""; j.Lane.Volunteers() {
				j.Lane, j.Rule = community.Staff, community.LaneOptedOut // no advocate writes to them
			}
		}
		j.reach = triage.Reach(accounts[p.Author.NativeID].Reach) * (1 - float64(j.Score.Spam))
		customer = append(customer, j.incoming(m, accounts[p.Author.NativeID].New))
		if j.would != nil {
			seen = append(seen, watched{BrandID: conn.BrandID, MentionID: m.ID, Before: j.Decision.Lane, BeforeRule: j.Decision.Rule, After: j.would.Lane, AfterRule: j.would.Rule, Same: j.Decision.Same(j.would)})
		}
		if j.Alert != "" {
			calls = append(calls, community.RuleCall{Rule: j.Alert, Mention: m})
		}
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
	if err := group(ctx, tx, conn.BrandID, customer); err != nil {
		return err
	}
	if err := listeners.Insert(ctx, tx, mentions); err != nil {
		return err
	}
	if err := community.CallStaff(ctx, tx, calls); err != nil {
		return err
	}
	if err := noteWatched(ctx, tx, seen); err != nil {
		return err
	}
	if err := in.hideRuled(ctx, tx, conn, mentions, scored); err != nil {
		return err
	}
	if err := in.acknowledge(ctx, tx, conn, mentions, scored); err != nil {
		return err
	}
	if err := in.hidePhones(ctx, tx, conn, mentions, scored); err != nil {
		return err
	}
	if err := countHeard(ctx, tx, conn.BrandID, customer); err != nil {
		return err
	}
	if err := countPulse(ctx, tx, conn.BrandID, customer); err != nil {
		return err
	}
	return community.RecordHeard(ctx, tx, conn, changed, len(fresh))
}

// rewrite stores edited posts, and lets their cases hear of it.
func rewrite(ctx context.Context, tx listeners.Tx, conn listeners.Connection, edits []listeners.Edit, scored map[string]judged) error {
	changed := make([]community.Edited, 0, len(edits))
	for _, e := range edits {
		j := scored[e.NativeID]
		if err := listeners.Rewrite(ctx, tx, e, string(j.text)); err != nil {
			return err
		}
		if !e.Ours && e.CaseID != 0 {
			changed = append(changed, community.Edited{Edit: e, Incoming: j.incoming(nil, false)})
		}
	}
	return community.Revise(ctx, tx, conn, changed)
}

// ready is a brand's scorer and rules, prepared once.
type ready struct {
	version  int64 // of its learning
	scorer   *triage.Scorer
	rules    *rules.Ready
	waits    community.Waits
	promised community.Promised
	watched  *rules.Ready // a draft that decides, is written down, and does nothing; nil: none
}

// ready prepares a brand, once; Forget and Refresh make it be prepared again. Who scores goes on with what
// they have.
//
// Nothing is read while the lock is held, and a caller in a transaction reads with it: whoever holds one of few
// connections and waits for another, or for somebody who waits for one, may wait for ever.
func (in *Intake) ready(ctx context.Context, db bun.IDB, brandID int64) (ready, error) {
	in.mu.Lock()
	b, ok := in.brands[brandID]
	forgotten := in.forgotten
	in.mu.Unlock()
	if ok {
		return b, nil
	}
	b, err := in.prepare(ctx, db, brandID)
	if err != nil {
		return b, err
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.forgotten == forgotten {
		if in.brands == nil {
			in.brands = map[int64]ready{}
		}
		in.brands[brandID] = b
	}
	return b, nil
}

func (in *Intake) prepare(ctx context.Context, db bun.IDB, brandID int64) (ready, error) {
	versions, err := versions(ctx, db, []int64{brandID}) // before everything else, so that what changes meanwhile is noticed
	if err != nil {
		return ready{}, err
	}
	b := ready{version: versions[brandID]}
	topics, err := community.Topics(ctx, db, brandID)
	if err != nil {
		return b, err
	}
	b.scorer = triage.New(topicsOf(topics))
	if b.waits, err = community.Setting(ctx, db, brandID, community.DefaultWaits); err != nil {
		return b, err
	}
	if b.promised, err = community.Setting(ctx, db, brandID, community.DefaultPromised); err != nil {
		return b, err
	}
	if b.rules, err = rulesOf(ctx, db, brandID, in.Rules); err != nil {
		return b, err
	}
	if b.watched, err = watchedRules(ctx, db, brandID); err != nil {
		return b, err
	}
	learned, _, err := speaking(ctx, db, brandID)
	if err != nil {
		return b, err
	}
	if learned.Accepted() {
		layer, err := triage.ReadLayer(learned.Packed)
		if err != nil {
			return b, fmt.Errorf("read version %d of brand %d: %w", learned.ID, brandID, err)
		}
		b.scorer = b.scorer.With(layer)
	}
	return b, nil
}

// versions are those of the brands' learning, by brand.
func versions(ctx context.Context, db bun.IDB, brands []int64) (map[int64]int64, error) {
	var all []learning
	if err := db.NewSelect().Model(&all).Column("brand_id", "version").Where("g.brand_id IN (?)", bun.List(brands)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("look what was learned: %w", err)
	}
	found := make(map[int64]int64, len(all))
	for _, l := range all {
		found[l.BrandID] = l.Version
	}
	return found, nil
}

// Forget makes a brand be prepared again.
func (in *Intake) Forget(brandID int64) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.forgotten++
	delete(in.brands, brandID)
}

// Refresh forgets the brands whose topics, thresholds or layers another process has changed.
func (in *Intake) Refresh(ctx context.Context) error {
	in.mu.Lock()
	known := make(map[int64]int64, len(in.brands))
	ids := make([]int64, 0, len(in.brands))
	for id, b := range in.brands {
		known[id], ids = b.version, append(ids, id)
	}
	in.mu.Unlock()
	if len(ids) == 0 {
		return nil
	}
	now, err := versions(ctx, in.Read, ids)
	if err != nil {
		return err
	}
	for id, version := range known {
		if now[id] != version {
			in.Forget(id)
		}
	}
	return nil
}

// Why gives the spans of a text that explain its score, strongest first.
func (in *Intake) Why(ctx context.Context, db bun.IDB, brandID int64, text string, most int) ([]triage.Span, error) {
	b, err := in.ready(ctx, db, brandID)
	if err != nil {
		return nil, err
	}
	return b.scorer.Why(text, most), nil
}
