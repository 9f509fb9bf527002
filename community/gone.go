package community

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/listeners"
)

// Remove takes away what is stored of posts that the network does not show any more: their texts, the
// drafts that answer them, the words that similar questions find, and copies in notes and notices.
// Replies to them that have not left are cancelled. A case all of whose posts are gone is gone, unless it
// was answered.
func Remove(ctx context.Context, tx Tx, conn listeners.Connection, removals []listeners.Removal) error {
	gone, err := listeners.Remove(ctx, tx, conn, removals)
	if err != nil {
		return err
	}
	return forgetPosts(ctx, tx, conn, gone)
}

// forgetPosts is what follows for the cases of posts that are gone; posts are as they were.
func forgetPosts(ctx context.Context, tx Tx, conn listeners.Connection, posts []listeners.Mention) error {
	byCase := map[int64][]listeners.Mention{}
	for _, m := range posts {
		if m.CaseID != 0 && !m.Ours {
			byCase[m.CaseID] = append(byCase[m.CaseID], m)
		}
	}
	if len(byCase) == 0 {
		return nil
	}
	ids := make([]int64, 0, len(byCase))
	for id := range byCase {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	cases, err := lockCases(ctx, tx, ids)
	if err != nil {
		return err
	}
	var news []Activity
	changed := make([]*Case, 0, len(ids))
	for _, id := range ids {
		c := cases[id]
		if c == nil {
			continue
		}
		if err := c.forgetPosts(ctx, tx, byCase[id]); err != nil {
			return fmt.Errorf("forget posts of case %d: %w", id, err)
		}
		for _, m := range byCase[id] {
			news = append(news, Activity{BrandID: c.BrandID, CaseID: c.ID, Kind: PostGone, Lane: c.Lane, Detail: Detail{Mention: m.ID, Rule: string(m.GoneWhy)}})
		}
		changed = append(changed, c)
	}
	if err := save(ctx, tx, changed); err != nil {
		return err
	}
	if err := recordAll(ctx, tx, news); err != nil {
		return err
	}
	return RecordHeard(ctx, tx, conn, ids, 0)
}

// forgetPosts takes posts out of a case: in memory, which save writes, and in everything about it.
func (c *Case) forgetPosts(ctx context.Context, tx Tx, posts []listeners.Mention) error {
	mentions := make([]int64, len(posts))
	for i, m := range posts {
		mentions[i] = m.ID
	}
	cancelled, err := listeners.CancelTo(ctx, tx, mentions, string(listeners.Gone))
	if err != nil {
		return err
	}
	for _, r := range cancelled {
		if err := undeliver(ctx, tx, c, r); err != nil {
			return err
		}
	}
	holder := c.HolderID
	if err := c.withoutPosts(ctx, tx, mentions, len(cancelled) > 0); err != nil {
		return err
	}
	if err := forgetCopies(ctx, tx, c.ID, posts); err != nil {
		return err
	}
	return tell(ctx, tx, c, holder, PostGone, fmt.Sprintf("gone:%d:%d", c.ID, mentions[0]))
}

// withoutPosts moves a case to its latest post that is left, or to its end.
func (c *Case) withoutPosts(ctx context.Context, tx Tx, gone []int64, cancelled bool) error {
	var left listeners.Mention
	err := tx.NewSelect().Model(&left).Where("m.case_id = ? AND NOT m.ours AND m.gone_at IS NULL", c.ID).
		Order("m.created_at DESC", "m.id DESC").Limit(1).Scan(ctx)
	switch {
	case err == nil && slices.Contains(gone, c.MentionID):
		c.MentionID, c.CustomerAt = left.ID, left.CreatedAt
		c.Delivery, c.DeliveryWhy, c.DeliveryUntil = left.Delivery, left.DeliveryWhy, left.DeliveryUntil
		switch {
		case cancelled:
			return c.pass(SendFailed)
		case c.State == InReview: // what waited answered what is gone
			return c.pass(Release)
		}
		c.Version++
		return nil
	case err == nil:
		c.Version++
		return nil
	case !errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("find what is left of case %d: %w", c.ID, err)
	}
	if c.ended() && c.AnsweredAt != 0 && !cancelled { // what the brand said stands on the network, and here
		c.Version++
		return nil
	}
	return c.pass(Delete)
}

// forgetCopies wipes what was taken from posts into other places.
func forgetCopies(ctx context.Context, tx Tx, caseID int64, posts []listeners.Mention) error {
	ids := make([]int64, len(posts))
	texts := make([]string, 0, len(posts))
	for i, m := range posts {
		ids[i] = m.ID
		if m.Text != "" {
			texts = append(texts, m.Text)
		}
	}
	_, err := tx.NewDelete().Table("answer_words").
		Where("answer_id IN (SELECT id FROM answers WHERE case_id = ? AND mention_id IN (?))", caseID, bun.List(ids)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget the words of what is gone: %w", err)
	}
	_, err = tx.NewUpdate().Model((*Answer)(nil)).
		Set("text = '', own_text = '', suggestion = '', is_left = FALSE, state = ?, decided_at = COALESCE(decided_at, ?), version = version + 1", Withdrawn, tx.Now()).
		Where("case_id = ? AND mention_id IN (?) AND state IN ('draft', 'returned', 'submitted', 'withdrawn')", caseID, bun.List(ids)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget drafts to what is gone: %w", err)
	}
	if texts, err = forgetTold(ctx, tx, caseID, ids, texts); err != nil {
		return err
	}
	_, err = tx.NewUpdate().Model((*Notice)(nil)).Set("words = ''").Where("case_id = ?", caseID).Where(listeners.AnyOf(tx, "words", texts)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget what notices repeat: %w", err)
	}
	if err := forgetNotes(ctx, tx, caseID, texts); err != nil {
		return err
	}
	return forgetLessons(ctx, tx, posts[0].BrandID, texts)
}

// forgetTold wipes the history's copies of texts that are gone, and takes out where members quoted them. It
// returns the texts with those that the posts had before they were edited.
func forgetTold(ctx context.Context, tx Tx, caseID int64, mentions []int64, texts []string) ([]string, error) {
	var told []Activity
	if err := tx.NewSelect().Model(&told).Where("a.case_id = ? AND (a.detail LIKE ? OR a.detail LIKE ?)", caseID, `%"text":%`, `%"before":%`).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the history of case %d: %w", caseID, err)
	}
	repeats := func(a Activity) bool {
		return slices.Contains(mentions, a.Detail.Mention) && slices.Contains([]Kind{PostEdited, CustomerThanks, CaseSolved}, a.Kind)
	}
	for _, a := range told {
		if repeats(a) {
			texts = append(texts, a.Detail.Text, a.Detail.Before)
		}
	}
	texts = slices.DeleteFunc(texts, func(text string) bool { return text == "" })
	for _, a := range told {
		before := [2]string{a.Detail.Text, a.Detail.Before}
		a.Detail.Text, a.Detail.Before = unquote(a.Detail.Text, texts), unquote(a.Detail.Before, texts)
		if repeats(a) || slices.Contains(texts, before[0]) {
			a.Detail.Text, a.Detail.Before = "", ""
		}
		if before == [2]string{a.Detail.Text, a.Detail.Before} {
			continue
		}
		if _, err := tx.NewUpdate().Model(&a).Column("detail").WherePK().Exec(ctx); err != nil {
			return nil, fmt.Errorf("forget what the history repeats: %w", err)
		}
	}
	return texts, nil
}

// forgetNotes takes texts that are gone out of what colleagues wrote to each other, and out of the summaries
// that were handed to employees.
func forgetNotes(ctx context.Context, tx Tx, caseID int64, texts []string) error {
	var notes []Note
	if err := tx.NewSelect().Model(&notes).Where("note.case_id = ?", caseID).Scan(ctx); err != nil {
		return fmt.Errorf("read the notes of case %d: %w", caseID, err)
	}
	for _, n := range notes {
		text, handover := n.Text, asJSON(n.Handover)
		n.Text = unquote(n.Text, texts)
		n.Handover.forget(texts)
		if n.Text == text && asJSON(n.Handover) == handover {
			continue
		}
		if _, err := tx.NewUpdate().Model(&n).Column("text", "handover").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("forget what note %d repeats: %w", n.ID, err)
		}
	}
	return nil
}
