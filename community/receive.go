package community

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/triage"
	"github.com/uptrace/bun"
)

// Incoming is a customer's post with what was decided about it.
type Incoming struct {
	Mention  *listeners.Mention // its CaseID is set by Receive
	Score    triage.Score
	Lane     Lane
	LaneWhy  string
	Team     string        // of the staff; "" where no rule names one
	Tags     []string      // that rules give the case
	Review   ReviewNeed    // what rules ask of every answer
	Reach    float64       // what the customer's audience adds to how urgent it is
	Within   time.Duration // how soon a post at this place should be answered; 0: Promise
	Overflow string        // the rule that sends it to the employees, where too much waiting there may send it on
	Hold     string        // the rule that lets an employee look first
	Stranger bool          // this transaction stored the customer's account, who can have no case yet
}

// conversation is what came in of one customer in one thread.
type conversation struct {
	customer []Incoming
	ours     []*listeners.Mention
	stranger bool // the customer can have no case yet
}

type key struct {
	thread  string
	account int64
}

// Receive opens or continues the cases of new posts: customers' and the brand's own, which answer
// them whatever tool wrote them. It sets each mention's CaseID and returns the ids of the cases that
// it continued. Posts may come in any order; what counts is when they were written. elsewhere tells of
// which own posts our outbox knows nothing.
func Receive(ctx context.Context, tx Tx, conn listeners.Connection, customer []Incoming, own []*listeners.Mention, elsewhere func(*listeners.Mention) bool) ([]int64, error) {
	waiting, err := continued(ctx, tx, conn, own)
	if err != nil {
		return nil, err
	}
	groups, order, err := converse(ctx, tx, conn, customer, slices.Concat(own, waiting))
	if err != nil {
		return nil, err
	}
	if len(order) == 0 {
		return nil, keep(ctx, tx, waiting)
	}
	known := slices.DeleteFunc(slices.Clone(order), func(k key) bool { return groups[k].stranger })
	cases, err := casesOf(ctx, tx, known)
	if err != nil {
		return nil, err
	}
	var fresh []key
	var changed []*Case
	var ids []int64
	var news []Activity
	for _, k := range order {
		g := groups[k]
		c, ok := cases[k]
		switch {
		case ok:
			before := *c
			heard, err := c.hear(ctx, tx, g, elsewhere)
			if err != nil {
				return nil, fmt.Errorf("continue case %d: %w", c.ID, err)
			}
			if *c != before {
				changed = append(changed, c)
			}
			ids, news = append(ids, c.ID), append(news, heard...)
		case len(g.customer) > 0:
			fresh = append(fresh, k)
		}
	}
	if err := save(ctx, tx, changed); err != nil {
		return nil, err
	}
	if err := recordAll(ctx, tx, news); err != nil {
		return nil, err
	}
	if err := open(ctx, tx, conn, fresh, groups, elsewhere); err != nil {
		return nil, err
	}
	if err := honour(ctx, tx, customer); err != nil {
		return nil, err
	}
	return ids, keep(ctx, tx, waiting)
}

// converse groups posts by thread and customer. Own posts are grouped with the customer they answer.
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
		g.customer, g.stranger = append(g.customer, in), in.Stranger
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
		Where("brand_id = ? AND network = ?", conn.BrandID, conn.Network).Where(listeners.AnyOf(tx, "native_id", natives)).Scan(ctx)
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

// casesOf reads the cases of conversations, and keeps everybody else from changing them until the
// transaction ends.
func casesOf(ctx context.Context, tx Tx, keys []key) (map[key]*Case, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	pairs := make([]bun.TupleValues, len(keys))
	for i, k := range keys {
		pairs[i] = bun.Tuple([]any{k.account, k.thread})
	}
	var all []*Case
	q := tx.NewSelect().Model(&all).Where("(c.account_id, c.thread_key) IN (VALUES ?)", bun.List(pairs)).Order("c.id")
	if err := locked(tx, q).Scan(ctx); err != nil {
		return nil, fmt.Errorf("find the cases of posts: %w", err)
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
	"first_answer_at bigint", "fence bigint", "version bigint", "hostile boolean",
	"delivery_until bigint", "private boolean", "asked_at bigint", "team text", "tags text", "review text", "reach double precision", "within bigint",
	"overflow text", "hold text", "tier bigint",
}

// open stores new cases, with the brand's own posts in their threads that were heard before them.
func open(ctx context.Context, tx Tx, conn listeners.Connection, keys []key, groups map[key]*conversation, elsewhere func(*listeners.Mention) bool) error {
	if len(keys) == 0 {
		return nil
	}
	ids, err := tx.NextIDs(ctx, "cases", len(keys))
	if err != nil {
		return err
	}
	earlier, err := waitingOwn(ctx, tx, conn, keys)
	if err != nil {
		return err
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
				return err
			}
		}
	}
	return tx.InsertRows(ctx, "cases", caseColumns, len(cases), func(i int, into []any) {
		c := &cases[i]
		into[0], into[1], into[2], into[3], into[4], into[5] = c.ID, c.BrandID, c.ConnectionID, c.AccountID, c.Network, c.ThreadKey
		into[6], into[7], into[8], into[9], into[10], into[11] = string(c.State), string(c.Lane), c.LaneWhy, c.Language, c.TopicID, c.Urgency
		into[12], into[13], into[14], into[15] = int64(c.DueAt), string(c.Delivery), c.DeliveryWhy, c.MentionID
		into[16], into[17], into[18] = int64(c.Mentions), int64(c.OpenedAt), int64(c.CustomerAt)
		into[19], into[20] = orNull(c.AnsweredAt), orNull(c.FirstAnswerAt)
		into[21], into[22], into[23] = int64(0), c.Version, c.Hostile
		into[24], into[25], into[26] = orNull(c.DeliveryUntil), c.Private, orNull(c.AskedAt)
		into[27], into[28], into[29] = c.Team, c.Tags, string(c.Review)
		into[30], into[31] = c.Reach, c.Within
		into[32], into[33], into[34] = c.Overflow, c.Hold, int64(c.Tier)
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
	c.Private = c.Private || m.Surface.Closed()
	if c.OpenedAt == 0 || m.CreatedAt < c.OpenedAt {
		c.OpenedAt = m.CreatedAt
	}
	if asks(in.Score) && (c.AskedAt == 0 || m.CreatedAt < c.AskedAt) {
		c.AskedAt = m.CreatedAt
	}
	if m.CreatedAt >= c.CustomerAt {
		c.CustomerAt, c.MentionID = m.CreatedAt, m.ID
		c.Delivery, c.DeliveryWhy, c.DeliveryUntil = m.Delivery, m.DeliveryWhy, m.DeliveryUntil
		c.Language = string(in.Score.Language)
	}
	c.sendTo(in)
	if len(in.Score.Topics) > 0 && c.TopicID == OtherTopic {
		c.TopicID = in.Score.Topics[0].ID
	}
	c.mark(in)
	c.Urgency = max(c.Urgency, in.Score.Urgency)
	c.Hostile = c.Hostile || hostile(in.Score)
	c.Reach = max(c.Reach, in.Reach)
	within := cmp.Or(in.Within, Promise)
	if c.Within == 0 || within < c.Span() {
		c.Within = within.Milliseconds()
	}
	due := m.CreatedAt.Add(triage.Target(in.Score.Urgency+in.Reach, within))
	if c.DueAt == 0 || due < c.DueAt {
		c.DueAt = due
	}
	c.Tier = c.tier()
}

// sendTo lets a post take the case to a harder lane.
func (c *Case) sendTo(in Incoming) {
	switch {
	case c.Lane == Care && c.LaneWhy == LaneOverflow && in.Overflow != "":
		// It is where such posts go while too much waits for the employees.
	case c.Lane == "", harder(in.Lane, c.Lane):
		c.Lane, c.LaneWhy, c.Overflow = in.Lane, in.LaneWhy, in.Overflow
	case in.Lane == Staff && in.Overflow == "":
		c.Overflow = "" // something in it is for the employees alone
	}
}

// mark adds what rules say of a post besides its lane.
func (c *Case) mark(in Incoming) {
	c.Hold = cmp.Or(c.Hold, in.Hold)
	c.Team = cmp.Or(in.Team, c.Team)
	c.Review = c.Review.Or(in.Review)
	tags := c.TagList()
	for _, tag := range in.Tags {
		if !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	c.Tags = strings.Join(tags, "\n")
}

// TagList are the tags that rules gave the case.
func (c *Case) TagList() []string {
	return strings.FieldsFunc(c.Tags, func(r rune) bool { return r == '\n' })
}

// hostile tells whether a post is hard to read for whoever answers: rage and insults, well before what
// goes to the employees at once.
func hostile(s triage.Score) bool { return s.Anger >= 0.6 }

// asks tells whether a post expects an answer: what reports count as a question.
func asks(s triage.Score) bool { return s.Question >= 0.5 }

// harder tells whether a lane asks for more than another.
func harder(a, b Lane) bool {
	rank := map[Lane]int{None: 0, Community: 1, Care: 2, Staff: 3}
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
		Where("m.ours AND m.case_id IS NULL AND m.brand_id = ? AND m.network = ?", conn.BrandID, conn.Network).
		Where(listeners.AnyOf(tx, "m.thread_key", threads)).Scan(ctx, &found)
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

// hear continues a case with what came in, in memory: save writes it. It returns what is to be told
// of it.
func (c *Case) hear(ctx context.Context, tx Tx, g *conversation, elsewhere func(*listeners.Mention) bool) ([]Activity, error) {
	var news []Activity
	for _, in := range g.customer {
		in.Mention.CaseID = c.ID
		told, err := c.customerWrote(ctx, tx, in)
		if err != nil {
			return nil, err
		}
		news = append(news, told...)
	}
	for _, m := range g.ours {
		m.CaseID = c.ID
		if !elsewhere(m) {
			continue
		}
		told, err := c.brandWrote(ctx, tx, m)
		if err != nil {
			return nil, err
		}
		news = append(news, told...)
	}
	return news, nil
}

// pass takes a case along the machine in memory.
func (c *Case) pass(e Event) error {
	to, err := Transition(c.State, e)
	if err != nil {
		return err
	}
	if c.State == Covered && to == Open {
		c.CoveredAt = 0 // what the statement says was not enough
	}
	c.State = to
	c.Version++
	if to != Claimed && to != InReview && c.HolderID != 0 {
		c.HolderID, c.HeldUntil = 0, 0
		c.Fence++
	}
	return nil
}

// save writes cases that casesOf read and hear changed.
func save(ctx context.Context, tx Tx, cases []*Case) error {
	if len(cases) == 0 {
		return nil
	}
	_, err := tx.NewUpdate().Model(&cases).Bulk().
		Column("state", "tier", "covered_at", "lane", "lane_why", "language", "topic_id", "urgency", "hostile", "due_at", "delivery", "delivery_why", "delivery_until", "private", "team", "tags", "review", "overflow", "hold", "reach", "within", "mention_id", "mentions").
		Column("opened_at", "asked_at", "customer_at", "answered_at", "answered_by", "first_answer_at", "climbed", "holder_id", "held_until", "fence", "version").Exec(ctx)
	if err != nil {
		return fmt.Errorf("continue cases: %w", err)
	}
	return nil
}

func (c *Case) customerWrote(ctx context.Context, tx Tx, in Incoming) (news []Activity, err error) {
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
		if event, news, err = c.outcome(ctx, tx, in); err != nil {
			return nil, err
		}
	}
	wantsPerson := before.State == InReview && in.Score.Human >= saysIt
	raised := harder(c.Lane, before.Lane) && (before.State == Claimed || wantsPerson)
	if raised && !wantsPerson {
		ready, err := mayGoOnIn(ctx, tx, c.Lane, before.HolderID)
		if err != nil {
			return nil, err
		}
		raised = !ready
	}
	if event == CustomerWrote && before.ended() {
		c.Lane, c.LaneWhy, c.Overflow = in.Lane, in.LaneWhy, in.Overflow // a new question is judged by itself
		if c.Lane == None {
			c.Lane, c.LaneWhy = Community, "follow_up"
		}
		if before.Lane == Staff {
			c.Lane, c.LaneWhy = Staff, before.LaneWhy
		}
		if err := c.forgetTopic(ctx, tx, in.Score); err != nil {
			return nil, err
		}
		c.Urgency, c.Hostile = in.Score.Urgency, hostile(in.Score)
		c.Reach, c.Within = in.Reach, cmp.Or(in.Within, Promise).Milliseconds()
		c.DueAt, c.Climbed = in.Mention.CreatedAt.Add(triage.Target(c.Urgency+c.Reach, c.Span())), 0
		c.Tier = c.tier()
	}
	if raised {
		event = Escalate
		if err := c.handToStaff(ctx, tx, &before); err != nil {
			return nil, err
		}
	}
	if err := c.pass(event); err != nil {
		return nil, err
	}
	if raised {
		news = append(news, Activity{BrandID: c.BrandID, CaseID: c.ID, Kind: LaneRaised, Lane: before.Lane, Detail: Detail{Rule: c.LaneWhy}})
		return news, tell(ctx, tx, c, before.HolderID, LaneRaised, fmt.Sprintf("raised:%d:%d", c.ID, c.Version))
	}
	if before.State == Ignored && c.State == Open && c.AnsweredAt >= c.CustomerAt {
		return news, c.pass(BrandWrote) // no noise after all, and answered long ago
	}
	if c.State == Open && before.State != Open {
		news = append(news, Activity{BrandID: c.BrandID, CaseID: c.ID, Kind: CaseReopened, Lane: c.Lane})
	}
	return news, nil
}

// outcome reads what a customer's words after our answer say of it, thanks the author for a good one
// and takes the thanks back when it turns out otherwise.
func (c *Case) outcome(ctx context.Context, tx Tx, in Incoming) (Event, []Activity, error) {
	author, err := findMember(ctx, tx, c.AnsweredBy)
	if err != nil {
		return "", nil, err
	}
	about := answeredEvent(c.ID, c.AnsweredAt)
	good := func(e Event, o Outcome, rule gamification.Rule, kind Kind) (Event, []Activity, error) {
		if err := fare(ctx, tx, c, o); err != nil {
			return "", nil, err
		}
		if err := c.thankOutcome(ctx, tx, &author, about, rule); err != nil {
			return "", nil, err
		}
		told := Activity{
			BrandID: c.BrandID, CaseID: c.ID, Kind: kind, Lane: c.Lane, Detail: Detail{Member: author.ID, Mention: in.Mention.ID, Text: in.Mention.Text},
		}
		return e, []Activity{told}, tellWords(ctx, tx, c, author.ID, kind, about+":"+string(kind), in.Mention.ID)
	}
	said := triage.ReadOutcome(in.Mention.Text)
	if in.Lane == Staff && (said == triage.Solved || said == triage.Thanks) {
		return CustomerWrote, nil, nil // "thanks, but let me talk to a person"
	}
	switch said {
	case triage.Solved:
		return good(Solve, OutcomeSolved, gamification.Solved, CaseSolved)
	case triage.Thanks:
		return good(CustomerSaid, OutcomeThanks, gamification.Thanked, CustomerThanks)
	case triage.StillBroken, triage.Sarcastic:
		if err := fare(ctx, tx, c, OutcomeBroken); err != nil {
			return "", nil, err
		}
		return CustomerWrote, nil, gamification.Reverse(ctx, tx, tx.Now(), about, gamification.CameBack)
	}
	return CustomerWrote, nil, nil
}

// brandWrote notes an answer that the brand gave with another tool, and warns whoever was about to.
func (c *Case) brandWrote(ctx context.Context, tx Tx, m *listeners.Mention) ([]Activity, error) {
	if m.CreatedAt <= c.AnsweredAt {
		if m.CreatedAt < c.FirstAnswerAt {
			c.FirstAnswerAt = m.CreatedAt
			c.Version++
		}
		return nil, nil
	}
	before := *c
	c.AnsweredAt = m.CreatedAt
	c.FirstAnswerAt = cmp.Or(c.FirstAnswerAt, m.CreatedAt)
	if m.CreatedAt < c.CustomerAt { // it answered an earlier post; the latest still waits
		c.Version++
		return nil, nil
	}
	var waiting []listeners.Reply
	if c.Fence > 0 { // somebody has claimed it, so there may be answers of ours
		var err error
		if waiting, err = listeners.Cancel(ctx, tx, c.ID, "answered_elsewhere"); err != nil {
			return nil, err
		}
		if err := withdraw(ctx, tx, c.ID); err != nil {
			return nil, err
		}
	}
	if len(waiting) > 0 { // ours does not leave any more
		if err := c.pass(SendFailed); err != nil {
			return nil, err
		}
	}
	if c.State != Answered {
		c.AnsweredBy = 0
	}
	if err := c.pass(BrandWrote); err != nil {
		return nil, err
	}
	if err := tell(ctx, tx, c, before.HolderID, CaseElsewhere, "elsewhere:"+m.NativeID); err != nil {
		return nil, err
	}
	for _, r := range waiting {
		if err := undeliver(ctx, tx, c, r); err != nil {
			return nil, err
		}
	}
	return []Activity{{BrandID: c.BrandID, CaseID: c.ID, Kind: CaseElsewhere, Lane: c.Lane, Detail: Detail{Text: m.URL}}}, nil
}

// answeredEvent names in the ledger what a customer says of the answer of a moment.
func answeredEvent(caseID int64, at clock.Time) string {
	return fmt.Sprintf("answered:%d:%d", caseID, at)
}
