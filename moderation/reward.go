package moderation

import (
	"context"
	"strings"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
)

// rewarded is what an advocate's reply says while a programme gives its volunteers something: readers have a right to
// know, in the reply itself (16 CFR 255.5). short is for networks where there is no room for all of it.
type rewarded struct{ full, short string }

// rewardedAt is what replies to a case say; the zero rewarded while no programme gives anything.
func rewardedAt(ctx context.Context, db bun.IDB, c *community.Case) (rewarded, error) {
	lang := "vi"
	if c.Language == "en" {
		lang = "en"
	}
	what, err := gamification.Receivable(ctx, db, c.BrandID, lang)
	if err != nil || what == "" {
		return rewarded{}, err
	}
	brands, err := community.Brands(ctx, db)
	if err != nil {
		return rewarded{}, err
	}
	name := brands[c.BrandID].Name
	if lang == "en" {
		return rewarded{"(I help " + name + " as a volunteer and may receive " + what + ".)", "(rewarded volunteer)"}, nil
	}
	return rewarded{"(Mình là tình nguyện viên giúp " + name + " và có thể nhận " + what + ".)", "(tình nguyện viên có thưởng)"}, nil
}

// in tells whether a text says it.
func (r rewarded) in(text string) bool {
	said := fold(text).text
	return strings.Contains(said, fold(r.full).text) || strings.Contains(said, fold(r.short).text)
}

// without is a text without it: what its author wrote.
func (r rewarded) without(text string) string {
	if r.full == "" {
		return text
	}
	text = strings.TrimSuffix(strings.TrimSpace(text), r.full)
	return strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), r.short))
}

// disclose adds to an advocate's text what they may receive for it, as long as the network lets it be.
func (d *Desk) disclose(ctx context.Context, db bun.IDB, author *community.Member, c *community.Case, text string) (string, error) {
	text = strings.TrimSpace(text)
	if author.Role.Employee() || tooEmpty(text) {
		return text, nil
	}
	r, err := rewardedAt(ctx, db, c)
	if err != nil || r.full == "" || r.in(text) {
		return text, err
	}
	account, err := Poster(ctx, db, author, c)
	if err != nil {
		return text, err
	}
	network := d.Network(c.Network)
	for _, with := range []string{text + "\n" + r.full, text + "\n" + r.short} {
		if n := network.Count(account, with); n.Limit == 0 || n.Used <= n.Limit {
			return with, nil
		}
	}
	if n := network.Count(account, text); n.Used > n.Limit {
		return text, nil // which is told already
	}
	return text, &community.Invalid{Field: "text", Sentence: "shorten this a little: readers must be told in it that you may receive something"}
}

// discloseLate does so for an answer that is about to leave, written before there was a programme.
func (d *Desk) discloseLate(ctx context.Context, tx listeners.Tx, author *community.Member, c *community.Case, a *community.Answer) error {
	text, err := d.disclose(ctx, tx, author, c, a.Text)
	if err != nil || text == strings.TrimSpace(a.Text) {
		return err
	}
	added := strings.TrimPrefix(text, strings.TrimSpace(a.Text))
	return community.SayMore(ctx, tx, a, text, strings.TrimSpace(a.OwnText)+added)
}
