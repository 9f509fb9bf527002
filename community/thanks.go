package community

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/listeners"
)

// Thanks are a customer's own words for a member's answer. They are kept nowhere but in the post itself: with it, or
// with all that is known of the customer, they go.
type Thanks struct {
	CaseID   int64
	MemberID int64
	Customer listeners.Account
	Text     string
	At       clock.Time
}

// thanksLookedAt is how many outcomes are looked through for words that may be shown.
const thanksLookedAt = 400

// ThanksFor reads what customers said, latest first: to one member, or where memberID is 0 to anybody of the brand.
// The reader sees the words of cases that they may see, said in public by customers who have not opted out and whose
// posts still stand.
func ThanksFor(ctx context.Context, db bun.IDB, reader *Member, memberID int64, most int) ([]Thanks, error) {
	var told []Activity
	err := db.NewSelect().Model(&told).Where("a.brand_id = ? AND a.kind IN ('customer_thanks', 'case_solved')", reader.BrandID).
		Order("a.id DESC").Limit(thanksLookedAt).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what customers of brand %d said: %w", reader.BrandID, err)
	}
	var cases, posts []int64
	for _, a := range told {
		if memberID == 0 || a.Detail.Member == memberID {
			cases, posts = append(cases, a.CaseID), append(posts, a.Detail.Mention)
		}
	}
	if len(posts) == 0 {
		return nil, nil
	}
	seen, err := FindCases(ctx, db, reader, cases)
	if err != nil {
		return nil, err
	}
	var mentions []listeners.Mention
	err = db.NewSelect().Model(&mentions).Relation("Account").Where("m.id IN (?) AND m.gone_at IS NULL AND NOT m.ours", bun.List(posts)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the posts of thanks: %w", err)
	}
	byID := make(map[int64]*listeners.Mention, len(mentions))
	for i := range mentions {
		byID[mentions[i].ID] = &mentions[i]
	}
	var found []Thanks
	shown := map[int64]bool{}
	for _, a := range told {
		c, m := seen[a.CaseID], byID[a.Detail.Mention]
		public := m != nil && (m.Surface == "" || m.Surface == listeners.InPublic)
		if c.ID == 0 || c.State == Gone || !public || m.Text == "" || m.Account == nil || m.Account.OptedOutAt != 0 || shown[m.ID] || memberID != 0 && a.Detail.Member != memberID {
			continue
		}
		shown[m.ID] = true
		found = append(found, Thanks{CaseID: c.ID, MemberID: a.Detail.Member, Customer: *m.Account, Text: m.Text, At: m.CreatedAt})
		if len(found) == most {
			break
		}
	}
	return found, nil
}
