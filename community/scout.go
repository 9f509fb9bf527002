package community

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/triage"
	"github.com/uptrace/bun"
)

// Helper is a customer who answered other customers in a brand's threads.
type Helper struct {
	Account    listeners.Account
	Helps      []Help // newest first
	Solved     int
	Invitation *Invitation // the latest one made for them, nil for none
}

// Help is one answer of a customer to another.
type Help struct {
	Case   int64 // of the customer who had asked
	Topic  int64
	Asked  string
	Said   string
	URL    string
	At     clock.Time
	Solved bool // the customer who had asked said so afterwards
}

// Proven are the topics in which somebody has solved what another customer asked.
func (h *Helper) Proven() []int64 {
	var topics []int64
	for _, help := range h.Helps {
		if help.Solved && help.Topic != OtherTopic && !slices.Contains(topics, help.Topic) {
			topics = append(topics, help.Topic)
		}
	}
	return topics
}

const (
	scoutBack   = 90 * 24 * time.Hour // who helped long ago may have moved on
	scoutPosts  = 2000                // customers' posts looked at, the latest
	scoutThread = 50                  // posts of a case
)

// between is a customer's post that answers another customer, the asker.
type between struct {
	AccountID int64
	NativeID  string // of the account
	Handle    string
	Name      string
	Network   string
	AskerID   int64
	ThreadKey string
	Text      string
	URL       string
	CreatedAt clock.Time
}

// Helpers finds the people who already answer other customers of a brand, most solved first. accountID
// asks for one of them, 0 for all.
func Helpers(ctx context.Context, db bun.IDB, by *Member, accountID int64, now clock.Time) ([]Helper, error) {
	if !by.Role.Employee() {
		return nil, ErrNotAllowed
	}
	posts, err := betweenCustomers(ctx, db, by.BrandID, accountID, now.Add(-scoutBack))
	if err != nil || len(posts) == 0 {
		return nil, err
	}
	cases, threads, err := askedIn(ctx, db, posts)
	if err != nil {
		return nil, err
	}
	members, invited, err := known(ctx, db, by.BrandID)
	if err != nil {
		return nil, err
	}
	helpers := map[int64]*Helper{}
	seen := map[[2]int64]bool{} // helper and case: who writes twice has helped once
	for _, p := range posts {
		c, ok := cases[key{p.ThreadKey, p.AskerID}]
		pair := [2]int64{p.AccountID, c.ID}
		if own, wrote := cases[key{p.ThreadKey, p.AccountID}]; wrote && own.OpenedAt <= c.OpenedAt {
			continue // who had asked first thanks or asks back
		}
		if !ok || seen[pair] || members[[2]string{p.Network, strings.ToLower(p.Handle)}] {
			continue
		}
		help, ok := helped(p, c, threads[c.ID])
		if !ok {
			continue
		}
		seen[pair] = true
		h := helpers[p.AccountID]
		if h == nil {
			h = &Helper{
				Account:    listeners.Account{ID: p.AccountID, BrandID: by.BrandID, Network: p.Network, NativeID: p.NativeID, Handle: p.Handle, Name: p.Name},
				Invitation: invited[p.AccountID],
			}
			helpers[p.AccountID] = h
		}
		h.Helps = append(h.Helps, help)
		if help.Solved {
			h.Solved++
		}
	}
	var all []Helper
	for _, h := range helpers {
		all = append(all, *h)
	}
	slices.SortFunc(all, func(a, b Helper) int {
		return cmp.Or(cmp.Compare(b.Solved, a.Solved), cmp.Compare(len(b.Helps), len(a.Helps)), cmp.Compare(a.Account.ID, b.Account.ID))
	})
	return all, nil
}

// betweenCustomers reads the latest posts in which one customer answers another, newest first.
func betweenCustomers(ctx context.Context, db bun.IDB, brandID, accountID int64, since clock.Time) ([]between, error) {
	var posts []between
	q := db.NewSelect().TableExpr("mentions AS m").ColumnExpr("m.account_id, m.network, m.thread_key, m.text, m.url, m.created_at").
		ColumnExpr("asker.id AS asker_id, helper.native_id, helper.handle, helper.name").
		Join("JOIN accounts AS helper ON helper.id = m.account_id").
		Join("JOIN accounts AS asker ON asker.native_id = m.to_id AND asker.brand_id = m.brand_id AND asker.network = m.network").
		Where("m.brand_id = ? AND m.created_at >= ? AND m.parent_id <> '' AND NOT m.ours", brandID, since).
		Where("asker.id <> m.account_id").
		Where("NOT EXISTS (SELECT 1 FROM connections AS c WHERE c.brand_id = m.brand_id AND c.network = m.network AND c.native_id = m.to_id)").
		OrderExpr("m.created_at DESC").Limit(scoutPosts)
	if accountID != 0 {
		q = q.Where("m.account_id = ?", accountID)
	}
	if err := q.Scan(ctx, &posts); err != nil {
		return nil, fmt.Errorf("look for customers who answer others: %w", err)
	}
	return posts, nil
}

// askedIn reads the cases of those who were answered, with their threads, and of those who answered.
func askedIn(ctx context.Context, db bun.IDB, posts []between) (map[key]Case, map[int64][]listeners.Mention, error) {
	pairs := make([]bun.TupleValues, 0, 2*len(posts))
	for _, p := range posts {
		pairs = append(pairs, bun.Tuple([]any{p.AskerID, p.ThreadKey}), bun.Tuple([]any{p.AccountID, p.ThreadKey}))
	}
	var all []Case
	if err := db.NewSelect().Model(&all).Where("(c.account_id, c.thread_key) IN (VALUES ?)", bun.List(pairs)).Scan(ctx); err != nil {
		return nil, nil, fmt.Errorf("find who was answered by customers: %w", err)
	}
	cases := make(map[key]Case, len(all))
	ids := make([]int64, len(all))
	for i, c := range all {
		cases[key{c.ThreadKey, c.AccountID}], ids[i] = c, c.ID
	}
	threads, err := listeners.Threads(ctx, db, ids, scoutThread)
	return cases, threads, err
}

// helped tells what a post did for the customer whom it answers. It helped if they had asked before; it
// solved if they said so to its author, or into the thread while the brand had not answered.
func helped(p between, c Case, thread []listeners.Mention) (Help, bool) {
	h := Help{Case: c.ID, Topic: c.TopicID, Said: p.Text, URL: p.URL, At: p.CreatedAt}
	asked, answered := false, false
	for _, m := range thread {
		switch {
		case m.CreatedAt <= p.CreatedAt && !m.Ours:
			asked, h.Asked = true, m.Text
		case m.CreatedAt <= p.CreatedAt:
		case m.Ours:
			answered = true
		case m.ToID == p.NativeID || !answered && (m.ToID == "" || m.ToID == m.Account.NativeID):
			o := triage.ReadOutcome(m.Text)
			h.Solved = h.Solved || o == triage.Solved || o == triage.Thanks
		}
	}
	return h, asked
}

// known reads which customers are members by their own word, and the latest invitation for each.
func known(ctx context.Context, db bun.IDB, brandID int64) (members map[[2]string]bool, invited map[int64]*Invitation, err error) {
	all, err := Members(ctx, db, brandID)
	if err != nil {
		return nil, nil, err
	}
	members = map[[2]string]bool{}
	for _, m := range all {
		for network, handle := range m.Handles {
			members[[2]string{network, strings.ToLower(handle)}] = true
		}
	}
	var made []*Invitation
	err = db.NewSelect().Model(&made).Where("brand_id = ? AND account_id IS NOT NULL", brandID).Order("id").Scan(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("read who was invited: %w", err)
	}
	invited = make(map[int64]*Invitation, len(made))
	for _, i := range made {
		invited[i.AccountID] = i
	}
	return members, invited, nil
}

// InviteHelper invites a customer who helps others. They begin one step further: the topics in which
// they solved something count as passed.
func InviteHelper(ctx context.Context, tx Tx, by *Member, accountID int64) (secret string, h Helper, err error) {
	found, err := Helpers(ctx, tx, by, accountID, tx.Now())
	if err != nil {
		return "", h, err
	}
	if len(found) == 0 {
		return "", h, fmt.Errorf("find customer %d among those who help: %w", accountID, sql.ErrNoRows)
	}
	h = found[0]
	name := h.Account.Name
	if !oneLine(name, longestPublicName) || strings.TrimSpace(name) == "" {
		name = string([]rune(h.Account.Handle)[:min(longestPublicName, len([]rune(h.Account.Handle)))])
	}
	secret, i, err := Invite(ctx, tx, by, Invitation{Name: name, Topics: h.Proven(), Proven: h.Proven(), Level: 1, AccountID: accountID})
	h.Invitation = &i
	return secret, h, err
}
