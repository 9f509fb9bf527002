package moderation

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
)

// How alike two answers are, as the share of their words that both have, and what that means. Customers
// ask the same thing, so that a text much like another one is only worth a hint; the very same words
// again and again are what networks take for a machine's.
const (
	sameShare = 1
	nearShare = 0.75
)

// shortText is the number of different words below which answers are alike by nature: "Dạ quán mở từ 7h
// tới 22h ạ" is the answer, and there are not ten ways to say it.
const shortText = 10

// What an answer is compared with: networks look at what came shortly before, and people at one page.
const (
	recentTexts = 50
	recentSince = 24 * time.Hour
)

// sentLately reads what the brand has sent or is about to send on the case's network since a day before
// the customer wrote, newest first.
// Of answers that carry locked facts these are left out: everybody says them.
func sentLately(ctx context.Context, db bun.IDB, c *community.Case) ([]string, error) {
	var sent []struct{ Text, Core string }
	err := db.NewSelect().TableExpr("replies AS r").Column("r.text", "a.core").
		Join("JOIN answers AS a ON a.id = r.answer_id").
		Join("JOIN connections AS o ON o.id = r.connection_id AND o.network = ?", c.Network).
		Where("r.brand_id = ? AND r.created_at > ? AND r.state NOT IN ('failed', 'cancelled')", c.BrandID, c.CustomerAt.Add(-recentSince)).
		Order("r.created_at DESC").Limit(recentTexts).Scan(ctx, &sent)
	if err != nil {
		return nil, fmt.Errorf("read what brand %d has sent lately: %w", c.BrandID, err)
	}
	texts := make([]string, len(sent))
	for i, s := range sent {
		texts[i] = community.FreeWords(s.Text, s.Core)
	}
	return texts, nil
}

// copies compares the text with what was sent lately.
func copies(w *draft) []Finding {
	words := wordSet(community.FreeWords(w.text, w.core))
	if len(words) < shortText {
		return nil
	}
	closest := 0.0
	for _, text := range w.recent {
		closest = max(closest, alike(words, wordSet(text)))
	}
	switch {
	case closest >= sameShare && w.network.Policy.TextOnce:
		return []Finding{{Flag: SameText}}
	case closest >= nearShare:
		return []Finding{{Flag: NearCopy}}
	}
	return nil
}

// wordForm is a word, or the name of somebody who is answered, which says nothing.
var wordForm = regexp.MustCompile(`@?[\p{L}\p{N}_]+`)

func wordSet(text string) map[string]bool {
	set := map[string]bool{}
	for _, word := range wordForm.FindAllString(fold(text).text, -1) {
		if word[0] != '@' {
			set[word] = true
		}
	}
	return set
}

// alike is the Jaccard index of two sets: what both have among what either has, 0 to 1.
func alike(a, b map[string]bool) float64 {
	both := 0
	for word := range a {
		if b[word] {
			both++
		}
	}
	either := len(a) + len(b) - both
	if either == 0 {
		return 0
	}
	return float64(both) / float64(either)
}
