package community

import (
	"context"
	"errors"
	"fmt"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/triage"
	"github.com/uptrace/bun"
)

// Incoming is a customer's post with what was decided about it.
type Incoming struct {
	Mention *listeners.Mention // its CaseID is set by Receive
	Score   triage.Score
	Lane    Lane
	LaneWhy string
}

// conversation is what one page brought of one customer in one thread.
type conversation struct {
	customer []Incoming
	ours     []*listeners.Mention
}

type key struct {
	thread  string
	account int64
}

// Receive opens or continues the cases of new posts: customers' and the brand's own, which answer
// them whatever tool wrote them. It sets each mention's CaseID and returns the ids of the cases that
// changed. Posts may come in any order; what counts is when they were written. elsewhere tells of
// which own posts our outbox knows nothing.
func Receive(ctx context.Context, tx Tx, conn listeners.Connection, customer []Incoming, own []*listeners.Mention, elsewhere func(*listeners.Mention) bool) ([]int64, error) {
	groups, order, err := converse(ctx, tx, conn, customer, own)
	if err != nil || len(order) == 0 {
		return nil, err
	}
	cases, err := casesOf(ctx, tx, conn, order)
	if err != nil {
		return nil, err
	}
	var fresh []key
	var changed []int64
	for _, k := range order {
		g := groups[k]
		c, ok := cases[k]
		switch {
		case ok:
			if err := c.hear(ctx, tx, g, elsewhere); err != nil {
				return nil, err
			}
			changed = append(changed, c.ID)
		case len(g.customer) > 0:
			fresh = append(fresh, k)
		}
	}
	opened, err := open(ctx, tx, conn, fresh, groups, elsewhere)
	return append(changed, opened...), err
}

// converse groups a page by thread and customer. Own posts are grouped with the customer they answer.
func converse(ctx context.Context, tx Tx, conn listeners.Connection, customer []Incoming, own []*listeners.Mention) (map[key]*conversation, []key, error) {
	groups := make(map[key]*conversation, len(customer))
	var order []key
	group := func(k key) *conversation {
		g := groups[k]
		if g == nil {
			g = &conversation{}
			groups[k] = g
			order = append(order, k)
		}
		return g
	}
	for _, in := range customer {
		g := group(key{in.Mention.ThreadKey, in.Mention.AccountID})
		g.customer = append(g.customer, in)
	}
	if len(own) == 0 {
		return groups, order, nil
	}
	natives := make([]string, 0, len(own))
	for _, m := range own {
		natives = append(natives, m.ToID)
	}
	var accounts []listeners.Account
	err := tx.NewSelect().Model(&accounts).Column("id", "native_id").
		Where("brand_id = ? AND network = ? AND native_id IN (?)", conn.BrandID, conn.Network, bun.In(natives)).Scan(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("find who was answered: %w", err)
	}
	byNative := make(map[string]int64, len(accounts))
	for _, a := range accounts {
		byNative[a.NativeID] = a.ID
	}
	for _, m := range own {
		if to := byNative[m.ToID]; to != 0 && to != m.AccountID {
			g := group(key{m.ThreadKey, to})
			g.ours = append(g.ours, m)
		}
	}
	return groups, order, nil
}

func casesOf(ctx context.Context, tx Tx, conn listeners.Connection, keys []key) (map[key]*Case, error) {
	threads := make([]string, len(keys))
	for i, k := range keys {
		threads[i] = k.thread
	}
	var all []*Case
	err := tx.NewSelect().Model(&all).
		Where("c.brand_id = ? AND c.network = ? AND c.thread_key IN (?)", conn.BrandID, conn.Network, bun.In(threads)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the cases of a page: %w", err)
	}
	byKey := make(map[key]*Case, len(all))
	for _, c := range all {
		byKey[key{c.ThreadKey, c.AccountID}] = c
	}
	return byKey, nil
}

var caseColumns = []string{
	"id bigint", "brand_id bigint", "connection_id bigint", "account_id bigint", "network text", "thread_key text", "state text",
	"lane text", "lane_why text", "language text", "topic_id bigint", "urgency double precision", "due_at bigint", "delivery text",
	"delivery_why text", "mention_id bigint", "mentions bigint", "opened_at bigint", "customer_at bigint", "answered_at bigint",
	"first_answer_at bigint", "fence bigint", "version bigint",
}

// open stores new cases, with the brand's own posts in their threads that were heard before them.
func open(ctx context.Context, tx Tx, conn listeners.Connection, keys []key, groups map[key]*conversation, elsewhere func(*listeners.Mention) bool) ([]int64, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	ids, err := tx.NextIDs(ctx, "cases", len(keys))
	if err != nil {
		return nil, err
	}
	earlier, err := waitingOwn(ctx, tx, conn, keys)
	if err != nil {
		return nil, err
	}
	cases := make([]Case, len(keys))
	for i, k := range keys {
		c, g := &cases[i], groups[k]
		*c = Case{
			ID: ids[i], BrandID: conn.BrandID, ConnectionID: conn.ID, AccountID: k.account, Network: conn.Network, ThreadKey: k.thread,
			State: Open, Version: 1,
		}
		for _, in := range g.customer {
			in.Mention.CaseID = c.ID
			c.take(in)
		}
		if c.Lane == None {
			c.State = Ignored
		}
		for _, at := range earlier[k] {
			c.answeredAt(at)
		}
		for _, m := range g.ours {
			m.CaseID = c.ID
			if elsewhere(m) {
				c.answeredAt(m.CreatedAt)
			}
		}
	}
	for i := range cases {
		if at := earlier[keys[i]]; len(at) > 0 {
			if err := adopt(ctx, tx, &cases[i], conn); err != nil {
				return nil, err
			}
		}
	}
	return ids, tx.InsertRows(ctx, "cases", caseColumns, len(cases), func(i int, into []any) {
		c := &cases[i]
		into[0], into[1], into[2], into[3], into[4], into[5] = c.ID, c.BrandID, c.ConnectionID, c.AccountID, c.Network, c.ThreadKey
		into[6], into[7], into[8], into[9], into[10], into[11] = string(c.State), string(c.Lane), c.LaneWhy, c.Language, c.TopicID, c.Urgency
		into[12], into[13], into[14], into[15] = int64(c.DueAt), string(c.Delivery), c.DeliveryWhy, c.MentionID
		into[16], into[17], into[18] = int64(c.Mentions), int64(c.OpenedAt), int64(c.CustomerAt)
		into[19], into[20] = orNull(c.AnsweredAt), orNull(c.FirstAnswerAt)
		into[21], into[22] = int64(0), c.Version
	})
}

func orNull(t clock.Time) any {
	if t == 0 {
		return nil
	}
	return int64(t)
}

// take lets a customer's post decide what the case is about: the latest one says how and to what an
// answer goes, the hardest one decides the lane and how urgent it is.
func (c *Case) take(in Incoming) {
	m := in.Mention
	c.Mentions++
	if c.OpenedAt == 0 || m.CreatedAt < c.OpenedAt {
		c.OpenedAt = m.CreatedAt
	}
	if m.CreatedAt >= c.CustomerAt {
		c.CustomerAt, c.MentionID = m.CreatedAt, m.ID
		c.Delivery, c.DeliveryWhy = m.Delivery, m.DeliveryWhy
		c.Language = string(in.Score.Language)
	}
	if c.Lane == "" || harder(in.Lane, c.Lane) {
		c.Lane, c.LaneWhy = in.Lane, in.LaneWhy
	}
	if len(in.Score.Topics) > 0 && c.TopicID == OtherTopic {
		c.TopicID = in.Score.Topics[0].ID
	}
	c.Urgency = max(c.Urgency, in.Score.Urgency)
	due := m.CreatedAt.Add(triage.Target(in.Score.Urgency, Promise))
	if c.DueAt == 0 || due < c.DueAt {
		c.DueAt = due
	}
}

// harder tells whether a lane asks for more than another.
func harder(a, b Lane) bool {
	rank := map[Lane]int{None: 0, Community: 1, Staff: 2}
	return rank[a] > rank[b]
}

// answeredAt notes that the brand answered with another tool.
func (c *Case) answeredAt(at clock.Time) {
	c.AnsweredAt = max(c.AnsweredAt, at)
	if c.FirstAnswerAt == 0 || at < c.FirstAnswerAt {
		c.FirstAnswerAt = at
	}
	if c.State == Open && c.AnsweredAt >= c.CustomerAt {
		c.State = AnsweredElsewhere
	}
}

// waitingOwn finds own posts in these threads that were heard before the customers' posts they answer.
func waitingOwn(ctx context.Context, tx Tx, conn listeners.Connection, keys []key) (map[key][]clock.Time, error) {
	threads := make([]string, len(keys))
	for i, k := range keys {
		threads[i] = k.thread
	}
	var found []struct {
		ThreadKey string
		AccountID int64
		CreatedAt clock.Time
	}
	err := tx.NewSelect().TableExpr("mentions AS m").
		ColumnExpr("m.thread_key, a.id AS account_id, m.created_at").
		Join("JOIN accounts AS a ON a.brand_id = m.brand_id AND a.network = m.network AND a.native_id = m.to_id").
		Where("m.ours AND m.case_id IS NULL AND m.brand_id = ? AND m.network = ? AND m.thread_key IN (?)", conn.BrandID, conn.Network, bun.In(threads)).
		Scan(ctx, &found)
	if err != nil {
		return nil, fmt.Errorf("find earlier answers: %w", err)
	}
	at := make(map[key][]clock.Time, len(found))
	for _, f := range found {
		k := key{f.ThreadKey, f.AccountID}
		at[k] = append(at[k], f.CreatedAt)
	}
	return at, nil
}

// adopt gives a new case the own posts that waited for it.
func adopt(ctx context.Context, tx Tx, c *Case, conn listeners.Connection) error {
	_, err := tx.NewRaw(`UPDATE mentions SET case_id = ? WHERE ours AND case_id IS NULL AND brand_id = ? AND network = ? AND thread_key = ?
		AND to_id = (SELECT native_id FROM accounts WHERE id = ?)`, c.ID, conn.BrandID, conn.Network, c.ThreadKey, c.AccountID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("adopt earlier answers: %w", err)
	}
	return nil
}

// hear continues a case with what a page brought.
func (c *Case) hear(ctx context.Context, tx Tx, g *conversation, elsewhere func(*listeners.Mention) bool) error {
	for _, in := range g.customer {
		in.Mention.CaseID = c.ID
		if err := c.customerWrote(ctx, tx, in); err != nil {
			return err
		}
	}
	for _, m := range g.ours {
		m.CaseID = c.ID
		if elsewhere(m) {
			if err := c.brandWrote(ctx, tx, m); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Case) customerWrote(ctx context.Context, tx Tx, in Incoming) error {
	before := *c
	at := in.Mention.CreatedAt
	c.take(in)
	event := CustomerWrote
	switch {
	case before.State == Ignored:
		if in.Lane == None {
			event = CustomerSaid // more noise
		}
	case at <= before.CustomerAt, before.AnsweredBy == 0 && at <= before.AnsweredAt:
		event = CustomerSaid // an older post than what was read or answered already
	case before.AnsweredBy != 0 && at > before.AnsweredAt:
		outcome, err := c.outcome(ctx, tx, in, before.AnsweredBy)
		if err != nil {
			return err
		}
		event = outcome
	}
	raised := harder(c.Lane, before.Lane) && before.State == Claimed
	if event == CustomerWrote && before.ended() {
		c.Lane, c.LaneWhy = in.Lane, in.LaneWhy // a new question is judged by itself
		if c.Lane == None {
			c.Lane, c.LaneWhy = Community, "follow_up"
		}
		if before.Lane == Staff {
			c.Lane, c.LaneWhy = Staff, before.LaneWhy
		}
		c.Urgency = in.Score.Urgency
		c.DueAt = in.Mention.CreatedAt.Add(triage.Target(c.Urgency, Promise))
	}
	if raised {
		event = Escalate
	}
	next := *c
	*c = before
	err := c.move(ctx, tx, event, func(q *bun.UpdateQuery) *bun.UpdateQuery {
		return q.Set("mention_id = ?, mentions = ?, opened_at = ?, customer_at = ?", next.MentionID, next.Mentions, next.OpenedAt, next.CustomerAt).
			Set("delivery = ?, delivery_why = ?, language = ?, topic_id = ?", next.Delivery, next.DeliveryWhy, next.Language, next.TopicID).
			Set("lane = ?, lane_why = ?, urgency = ?, due_at = ?", next.Lane, next.LaneWhy, next.Urgency, next.DueAt)
	})
	if errors.Is(err, ErrChanged) {
		return fmt.Errorf("continue case %d: %w", c.ID, err)
	}
	if err != nil {
		return err
	}
	if raised {
		if err := tell(ctx, tx, c, before.HolderID, LaneRaised, fmt.Sprintf("raised:%d:%d", c.ID, c.Version)); err != nil {
			return err
		}
		return record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, Kind: LaneRaised, Lane: before.Lane, Detail: Detail{Rule: c.LaneWhy}})
	}
	if c.State == Open && before.State != Open {
		return record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, Kind: CaseReopened, Lane: c.Lane})
	}
	return nil
}

// outcome reads what a customer's words after our answer say of it, thanks the author for a good one
// and takes the thanks back when it turns out otherwise.
func (c *Case) outcome(ctx context.Context, tx Tx, in Incoming, author int64) (Event, error) {
	a, err := findMember(ctx, tx, author)
	if err != nil {
		return "", err
	}
	about := fmt.Sprintf("answered:%d:%d", c.ID, c.AnsweredAt)
	earn := func(rule gamification.Rule) error {
		if a.Role.Employee() {
			return nil
		}
		return gamification.Earn(ctx, tx, tx.Now(), gamification.Entry{
			BrandID: c.BrandID, MemberID: author, CaseID: c.ID, Event: about, Rule: rule,
		})
	}
	say := func(kind Kind) error {
		if err := tell(ctx, tx, c, author, kind, about+":"+string(kind)); err != nil {
			return err
		}
		return record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, Kind: kind, Lane: c.Lane, Detail: Detail{Member: author}})
	}
	switch triage.ReadOutcome(in.Mention.Text) {
	case "solved":
		return Solve, errors.Join(earn(gamification.Solved), say(CaseSolved))
	case "thanks":
		return CustomerSaid, errors.Join(earn(gamification.Thanked), say(CustomerThanks))
	case "still_broken", "sarcastic":
		return CustomerWrote, gamification.Reverse(ctx, tx, tx.Now(), about)
	}
	return CustomerWrote, nil
}

// brandWrote notes an answer that the brand gave with another tool, and warns whoever was about to.
func (c *Case) brandWrote(ctx context.Context, tx Tx, m *listeners.Mention) error {
	if m.CreatedAt <= c.AnsweredAt {
		return nil
	}
	before := *c
	if m.CreatedAt < c.CustomerAt { // it answered an earlier post; the latest still waits
		_, err := tx.NewUpdate().Model(c).Set("answered_at = ?, first_answer_at = COALESCE(first_answer_at, ?), version = version + 1", m.CreatedAt, m.CreatedAt).
			Where("id = ?", c.ID).Returning("*").Exec(ctx)
		return err
	}
	waiting, err := listeners.Cancel(ctx, tx, c.ID, "answered_elsewhere")
	if err != nil {
		return err
	}
	if err := withdraw(ctx, tx, c.ID); err != nil {
		return err
	}
	if len(waiting) > 0 { // ours does not leave any more
		if err := c.move(ctx, tx, SendFailed, nil); err != nil {
			return err
		}
	}
	err = c.move(ctx, tx, BrandWrote, func(q *bun.UpdateQuery) *bun.UpdateQuery {
		q = q.Set("answered_at = ?, first_answer_at = COALESCE(first_answer_at, ?)", m.CreatedAt, m.CreatedAt)
		if c.State != Answered {
			q = q.Set("answered_by = NULL")
		}
		return q
	})
	if err != nil {
		return err
	}
	if before.HolderID != 0 {
		if err := tell(ctx, tx, c, before.HolderID, CaseElsewhere, "elsewhere:"+m.NativeID); err != nil {
			return err
		}
	}
	for _, r := range waiting {
		if err := undeliver(ctx, tx, c, r); err != nil {
			return err
		}
	}
	return record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, Kind: CaseElsewhere, Lane: c.Lane, Detail: Detail{Text: m.URL}})
}
