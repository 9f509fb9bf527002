package listeners

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/kith-social/kith/clock"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// Mention is a post as it is stored, once for each brand, network and native id. The brand's own
// posts are stored too (Ours), because they answer customers whatever tool wrote them.
type Mention struct {
	bun.BaseModel `bun:"table:mentions,alias:m"`

	ID           int64 `bun:",pk"`
	BrandID      int64
	ConnectionID int64 // the connection that heard it first
	AccountID    int64 // who wrote it
	CaseID       int64 `bun:",nullzero"` // 0 for a post of ours that answers nobody we know
	Network      string
	NativeID     string
	ParentID     string
	ThreadKey    string
	ToID         string // of our own posts: native id of the account that is answered
	Ours         bool
	Reason       Reason
	Text         string
	URL          string
	Delivery     Mode
	DeliveryWhy  string
	Score        string // what triage said of it, as JSON; empty for our own
	CreatedAt    clock.Time
	SeenAt       clock.Time

	// As Post has them.
	Surface       Surface
	Target        string
	Media         string
	Rating        int
	Rule          string
	Version       int64
	DeliveryUntil clock.Time `bun:",nullzero"`

	EditedAt clock.Time `bun:",nullzero"` // when we heard of its latest edit
	GoneAt   clock.Time `bun:",nullzero"` // when we heard that it is gone; its text is too
	GoneWhy  GoneWhy
	HiddenAt clock.Time `bun:",nullzero"` // since when the brand hides it; it stands here all the same

	ClusterID int64 `bun:",nullzero"` // the mentions that say nearly the same

	Account *Account `bun:"rel:belongs-to,join:account_id=id"`
}

// Account is somebody's account on a network, as a brand met it.
type Account struct {
	bun.BaseModel `bun:"table:accounts"`

	ID         int64 `bun:",pk"`
	BrandID    int64
	Network    string
	NativeID   string
	Handle     string
	Name       string
	SeenAt     clock.Time
	Reach      int        // about how many follow it, see Roughly; 0: nobody knows, or the brand does not want to
	OptedOutAt clock.Time `bun:",nullzero"` // since when they want to hear nothing more; 0: they do not mind
	// Who put them on that list and why; 0 and "" where they said so themselves.
	OptedOutBy  int64 `bun:",nullzero"`
	OptedOutWhy string
}

var mentionColumns = []string{
	"id bigint", "brand_id bigint", "connection_id bigint", "account_id bigint", "case_id bigint", "network text",
	"native_id text", "parent_id text", "thread_key text", "to_id text", "ours boolean", "reason text", "text text", "url text",
	"delivery text", "delivery_why text", "score text", "created_at bigint", "seen_at bigint",
	"surface text", "target text", "media text", "rating bigint", "rule text", "version bigint", "delivery_until bigint",
	"cluster_id bigint",
}

// AnyOf is the condition that a text column has one of many values. They are one argument, where
// an IN list would be parsed value by value.
func AnyOf(db bun.IDB, column string, values []string) (condition string, argument any) {
	if db.Dialect().Name() == dialect.PG {
		return column + " = ANY (?::text[])", pgdialect.Array(values)
	}
	list, _ := json.Marshal(values) // texts: it cannot fail
	return column + " IN (SELECT value FROM json_each(?))", string(list)
}

// News is what of a page a brand does not know yet.
type News struct {
	Fresh    []Post
	Summoned []int64 // ids of mentions that this connection may answer over the network, and another one had heard first
	Edited   []Edit  // of the brand's own posts, too
}

// Edit is a post that is stored and has changed, or is shown again after it was hidden.
type Edit struct {
	Post
	MentionID, CaseID, AccountID int64
	Ours                         bool
	Before                       string // its text until now
	Shown                        bool
}

// Fresh sorts out what this brand has already stored as it is, doubles within the page, and posts that are
// gone: a late copy of one that was deleted does not come back, one that was hidden may. A post that
// another connection of the brand heard first is noted as heard by this one too. Where that one was not
// named and this one is, the mention becomes this one's, because only it may answer over the network.
func Fresh(ctx context.Context, tx Tx, c Connection, posts []Post) (News, error) {
	var news News
	if len(posts) == 0 {
		return news, nil
	}
	ids := make([]string, len(posts))
	for i, p := range posts {
		ids[i] = p.NativeID
	}
	var stored []knownPost
	err := tx.NewSelect().Table("mentions").Column("id", "connection_id", "native_id", "ours", "delivery", "version", "gone_why").
		Where("brand_id = ? AND network = ?", c.BrandID, c.Network).Where(AnyOf(tx, "native_id", ids)).
		Scan(ctx, &stored)
	if err != nil {
		return news, fmt.Errorf("look for known posts: %w", err)
	}
	known := make(map[string]*knownPost, len(stored))
	for i := range stored {
		m := &stored[i]
		known[m.NativeID] = m
		if m.ConnectionID == c.ID {
			continue
		}
		_, err := tx.NewRaw("INSERT INTO mention_sources (mention_id, connection_id) VALUES (?, ?) ON CONFLICT DO NOTHING", m.ID, c.ID).Exec(ctx)
		if err != nil {
			return news, fmt.Errorf("note a second source: %w", err)
		}
	}
	at := make(map[string]int, len(posts)) // of fresh ones
	edited := make(map[string]Post)
	for _, p := range posts {
		m := known[p.NativeID]
		if m == nil {
			if i, twice := at[p.NativeID]; !twice {
				at[p.NativeID] = len(news.Fresh)
				news.Fresh = append(news.Fresh, p)
			} else if p.Version > news.Fresh[i].Version {
				news.Fresh[i] = p
			}
			continue
		}
		if m.ConnectionID != c.ID && m.Delivery == Assisted && !m.Ours && p.Delivery.Mode == ByAPI {
			m.Delivery = ByAPI
			news.Summoned = append(news.Summoned, m.ID)
			if err := handOver(ctx, tx, c, m.ID, p); err != nil {
				return news, err
			}
		}
		if m.replacedBy(p) && (edited[p.NativeID].NativeID == "" || p.Version > edited[p.NativeID].Version) {
			edited[p.NativeID] = p
		}
	}
	if news.Edited, err = edits(ctx, tx, known, edited); err != nil {
		return news, err
	}
	var shown []Pledge
	for _, e := range news.Edited {
		if e.Shown {
			shown = append(shown, Pledge{BrandID: c.BrandID, Network: c.Network, Hash: Nameless(c.Network, e.NativeID), Kind: PostShown})
		}
	}
	if err := AddPledges(ctx, tx, shown...); err != nil {
		return news, err
	}
	news.Fresh, err = alive(ctx, tx, c, news.Fresh)
	return news, err
}

// knownPost is what is compared of a stored post.
type knownPost struct {
	ID, ConnectionID int64
	NativeID         string
	Ours             bool
	Delivery         Mode
	Version          int64
	GoneWhy          GoneWhy
}

func (m *knownPost) replacedBy(p Post) bool {
	if m.GoneWhy != "" {
		return m.GoneWhy == Hidden && p.Version >= m.Version
	}
	return p.Version > m.Version
}

// edits reads what the posts that are to change are now.
func edits(ctx context.Context, tx Tx, known map[string]*knownPost, posts map[string]Post) ([]Edit, error) {
	if len(posts) == 0 {
		return nil, nil
	}
	ids := make([]int64, 0, len(posts))
	for native := range posts {
		ids = append(ids, known[native].ID)
	}
	slices.Sort(ids)
	var rows []Mention
	err := tx.NewSelect().Model(&rows).Column("id", "native_id", "case_id", "account_id", "ours", "text", "gone_why").Where("m.id IN (?)", bun.List(ids)).Order("m.id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what was edited: %w", err)
	}
	all := make([]Edit, len(rows))
	for i, m := range rows {
		all[i] = Edit{Post: posts[m.NativeID], MentionID: m.ID, CaseID: m.CaseID, AccountID: m.AccountID, Ours: m.Ours, Before: m.Text, Shown: m.GoneWhy == Hidden}
	}
	return all, nil
}

// Rewrite stores what an edited post says now, and its score.
func Rewrite(ctx context.Context, tx Tx, e Edit, score string) error {
	_, err := tx.NewUpdate().Model((*Mention)(nil)).
		Set("text = ?, score = ?, media = ?, rating = ?, target = ?, url = ?, version = ?", e.Text, score, e.Media, e.Rating, e.Target, e.URL, e.Version).
		Set("delivery = ?, delivery_why = ?, edited_at = ?, gone_at = NULL, gone_why = ''", e.Delivery.Mode, e.Delivery.Why, tx.Now()).
		Set("delivery_until = ?", bun.NullZero(e.Delivery.Until)).
		Where("id = ?", e.MentionID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("rewrite mention %d: %w", e.MentionID, err)
	}
	return nil
}

// handOver makes a mention that another connection heard c's own; the other stays one of its sources.
func handOver(ctx context.Context, tx Tx, c Connection, id int64, p Post) error {
	_, err := tx.NewRaw("UPDATE mention_sources SET connection_id = (SELECT connection_id FROM mentions WHERE id = ?) WHERE mention_id = ? AND connection_id = ?", id, id, c.ID).Exec(ctx)
	if err == nil {
		_, err = tx.NewRaw("UPDATE mentions SET connection_id = ?, reason = ?, delivery = ?, delivery_why = ? WHERE id = ?",
			c.ID, p.Reason, p.Delivery.Mode, p.Delivery.Why, id).Exec(ctx)
	}
	if err != nil {
		return fmt.Errorf("hand mention %d over to connection %d: %w", id, c.ID, err)
	}
	return nil
}

// Known is an account as the database knows it.
type Known struct {
	ID  int64
	New bool // stored by this transaction: nothing else can know of it yet

	OptedOutAt clock.Time // as Account has it
	Reach      int        // as Account has it, with what this page brought
}

// Roughly is a number as it is kept of people: its first digit and its size. Nobody needs more of it, and it
// seldom changes.
func Roughly(n int) int {
	for unit := 1; ; unit *= 10 {
		if n < 10*unit {
			return n / unit * unit
		}
	}
}

// Accounts finds the accounts that wrote these posts, by native id, storing new ones and renaming
// those that changed their handle or name.
func Accounts(ctx context.Context, tx Tx, c Connection, posts []Post) (map[string]Known, error) {
	authors := make(map[string]Author, len(posts))
	ids := make([]string, 0, len(posts))
	for _, p := range posts {
		if _, ok := authors[p.Author.NativeID]; !ok {
			ids = append(ids, p.Author.NativeID)
		}
		authors[p.Author.NativeID] = p.Author
	}
	if len(ids) == 0 {
		return nil, nil
	}
	var stored []Account
	err := tx.NewSelect().Model(&stored).Column("id", "native_id", "handle", "name", "reach", "opted_out_at").
		Where("brand_id = ? AND network = ?", c.BrandID, c.Network).Where(AnyOf(tx, "native_id", ids)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for accounts: %w", err)
	}
	known := make(map[string]Known, len(ids))
	for _, a := range stored {
		now := authors[a.NativeID]
		reach := cmp.Or(Roughly(now.Followers), a.Reach)
		known[a.NativeID] = Known{ID: a.ID, OptedOutAt: a.OptedOutAt, Reach: reach}
		if now.Handle != a.Handle || now.Name != a.Name || reach != a.Reach {
			_, err := tx.NewRaw("UPDATE accounts SET handle = ?, name = ?, reach = ?, seen_at = ? WHERE id = ?", now.Handle, now.Name, reach, tx.Now(), a.ID).Exec(ctx)
			if err != nil {
				return nil, fmt.Errorf("rename account %d: %w", a.ID, err)
			}
		}
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return known[id].ID != 0 })
	silent, err := silences(ctx, tx, c, ids)
	if err != nil {
		return nil, err
	}
	rows, err := tx.NextIDs(ctx, "accounts", len(ids))
	if err != nil {
		return nil, err
	}
	columns := []string{"id bigint", "brand_id bigint", "network text", "native_id text", "handle text", "name text", "seen_at bigint", "opted_out_at bigint", "reach bigint"}
	err = tx.InsertRows(ctx, "accounts", columns, len(ids), func(i int, into []any) {
		a := authors[ids[i]]
		known[a.NativeID] = Known{ID: rows[i], New: true, OptedOutAt: silent[a.NativeID], Reach: Roughly(a.Followers)}
		into[0], into[1], into[2], into[3], into[4], into[5], into[6] = rows[i], c.BrandID, c.Network, a.NativeID, a.Handle, a.Name, int64(tx.Now())
		into[7] = nil
		if since := silent[a.NativeID]; since != 0 {
			into[7] = int64(since)
		}
		into[8] = int64(Roughly(a.Followers))
	})
	return known, err
}

// Insert stores mentions that Fresh let through; their ids come from NextIDs of the same transaction.
func Insert(ctx context.Context, tx Tx, mentions []Mention) error {
	return tx.InsertRows(ctx, "mentions", mentionColumns, len(mentions), func(i int, into []any) {
		m := &mentions[i]
		into[0], into[1], into[2], into[3] = m.ID, m.BrandID, m.ConnectionID, m.AccountID
		into[4] = nil
		if m.CaseID != 0 {
			into[4] = m.CaseID
		}
		into[5], into[6], into[7], into[8], into[9] = m.Network, m.NativeID, m.ParentID, m.ThreadKey, m.ToID
		into[10], into[11], into[12], into[13] = m.Ours, string(m.Reason), m.Text, m.URL
		into[14], into[15], into[16] = string(m.Delivery), m.DeliveryWhy, m.Score
		into[17], into[18] = int64(m.CreatedAt), int64(m.SeenAt)
		into[19], into[20], into[21], into[22] = string(cmp.Or(m.Surface, InPublic)), m.Target, m.Media, int64(m.Rating)
		into[23], into[24], into[25] = m.Rule, m.Version, nil
		if m.DeliveryUntil != 0 {
			into[25] = int64(m.DeliveryUntil)
		}
		into[26] = nil
		if m.ClusterID != 0 {
			into[26] = m.ClusterID
		}
	})
}

// Thread reads the mentions of a case with their authors, oldest first.
func Thread(ctx context.Context, db bun.IDB, caseID int64) ([]Mention, error) {
	var all []Mention
	err := db.NewSelect().Model(&all).Relation("Account").Where("m.case_id = ?", caseID).Order("m.created_at", "m.id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the thread of case %d: %w", caseID, err)
	}
	return all, nil
}

// Threads reads the latest mentions of several cases at once with their authors, oldest first, by
// case; at most most of each.
func Threads(ctx context.Context, db bun.IDB, caseIDs []int64, most int) (map[int64][]Mention, error) {
	if len(caseIDs) == 0 {
		return nil, nil
	}
	latest := db.NewSelect().TableExpr("mentions AS t").ColumnExpr("t.id").
		ColumnExpr("ROW_NUMBER() OVER (PARTITION BY t.case_id ORDER BY t.created_at DESC, t.id DESC) AS place").
		Where("t.case_id IN (?)", bun.List(caseIDs))
	var all []Mention
	err := db.NewSelect().Model(&all).Relation("Account").
		Where("m.id IN (SELECT id FROM (?) AS latest WHERE place <= ?)", latest, most).Order("m.created_at", "m.id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the threads of cases: %w", err)
	}
	byCase := make(map[int64][]Mention, len(caseIDs))
	for _, m := range all {
		byCase[m.CaseID] = append(byCase[m.CaseID], m)
	}
	return byCase, nil
}

// FindMentions reads mentions with their authors by id.
func FindMentions(ctx context.Context, db bun.IDB, ids []int64) (map[int64]Mention, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var all []Mention
	err := db.NewSelect().Model(&all).Relation("Account").Where("m.id IN (?)", bun.List(ids)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read mentions: %w", err)
	}
	byID := make(map[int64]Mention, len(all))
	for _, m := range all {
		byID[m.ID] = m
	}
	return byID, nil
}

// MentionOf reads the post of a network that a brand has stored under a native id; sql.ErrNoRows where it
// has none.
func MentionOf(ctx context.Context, db bun.IDB, brandID int64, network, nativeID string) (Mention, error) {
	var m Mention
	err := db.NewSelect().Model(&m).Where("m.brand_id = ? AND m.network = ? AND m.native_id = ?", brandID, network, nativeID).Scan(ctx)
	if err != nil {
		return m, fmt.Errorf("find a post of %s: %w", network, err)
	}
	return m, nil
}
