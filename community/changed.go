package community

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
)

// Why a reply is deleted. The first three are faults of the answer: its points go with it.
const (
	WasWrong   = "wrong"
	WasRude    = "tone"
	WasPrivate = "private" // it told what is nobody's business
	WasNeeded  = "needless"
)

// DeleteReasons lists why a reply may be deleted.
var DeleteReasons = []string{WasWrong, WasRude, WasPrivate, WasNeeded}

// mostNote bounds what a person says of a change, in bytes.
const mostNote = 1000

// Deletion is how a reply of ours is to be taken from its network.
type Deletion struct {
	ID     string // of the change, a UUIDv7
	Why    string // one of DeleteReasons
	Note   string // in a person's own words; may be empty
	Reopen bool   // the customer still needs an answer
}

// DeleteReply asks for a reply to be taken from its network; employees only. can is what the network lets us do.
func DeleteReply(ctx context.Context, tx Tx, m *Member, replyID string, can listeners.Changeable, d Deletion) error {
	if !m.Role.Employee() {
		return ErrNotAllowed
	}
	if err := checkNote(d.Note); err != nil {
		return err
	}
	if !slices.Contains(DeleteReasons, d.Why) {
		return &Invalid{"why", "say why it should go"}
	}
	r, c, _, err := ToChange(ctx, tx, m, replyID)
	if err != nil {
		return err
	}
	if !can.Delete {
		return listeners.ErrNoChange
	}
	if _, err := lockCase(ctx, tx, m, c.ID); err != nil {
		return err
	}
	now, err := ReplyNow(ctx, tx, &r)
	if err != nil {
		return err
	}
	return listeners.AskChange(ctx, tx, listeners.Change{
		ID: d.ID, BrandID: r.BrandID, ConnectionID: r.ConnectionID, CaseID: r.CaseID, ReplyID: r.ID, MemberID: m.ID, NativeID: r.NativeID,
		Kind: listeners.DeleteReply, Before: now.Text, Why: d.Why, Note: strings.TrimSpace(d.Note), Reopen: d.Reopen,
	})
}

func checkNote(note string) error {
	if len(note) > mostNote || !Storable(note) || !utf8.ValidString(note) {
		return &Invalid{"note", "this text has characters that cannot be sent"}
	}
	return nil
}

// ToHide reads a customer's post that the member may hide or show, with its case: employees only.
func ToHide(ctx context.Context, db bun.IDB, m *Member, mentionID int64) (listeners.Mention, Case, error) {
	mentions, err := listeners.FindMentions(ctx, db, []int64{mentionID})
	if err != nil {
		return listeners.Mention{}, Case{}, err
	}
	p := mentions[mentionID]
	c, err := FindCase(ctx, db, m, p.CaseID)
	switch {
	case err != nil:
		return p, c, err
	case !m.Role.Employee():
		return p, c, ErrNotAllowed
	case p.Ours || p.GoneAt != 0 || p.Surface.Closed():
		return p, c, ErrChanged
	}
	return p, c, nil
}

// HidePost asks for a customer's post to be hidden, or to be shown again, on the page it stands on. Whoever
// wrote it and their friends see it all the same, the case stays as it is, and it can still be answered. can tells
// whether the network lets us; id is the change's, a UUIDv7.
func HidePost(ctx context.Context, tx Tx, m *Member, mentionID int64, hide, can bool, id, note string) error {
	p, c, err := ToHide(ctx, tx, m, mentionID)
	if err != nil {
		return err
	}
	if err := checkNote(note); err != nil {
		return err
	}
	if note = strings.TrimSpace(note); hide && note == "" {
		return &Invalid{"note", "say in a few words why it should be hidden"}
	}
	if !can {
		return listeners.ErrNoHiding
	}
	if hide == (p.HiddenAt != 0) {
		return ErrChanged
	}
	if _, err := lockCase(ctx, tx, m, c.ID); err != nil {
		return err
	}
	kind := listeners.ShowPost
	if hide {
		kind = listeners.HidePost
	}
	return listeners.AskChange(ctx, tx, listeners.Change{
		ID: id, BrandID: p.BrandID, ConnectionID: p.ConnectionID, CaseID: p.CaseID, MentionID: p.ID, MemberID: m.ID, NativeID: p.NativeID,
		Kind: kind, Note: note,
	})
}

// Changed hears from the outbox what became of a change: it was made, or it will not be.
func Changed(ctx context.Context, tx Tx, ch listeners.Change) error {
	c, err := caseByID(ctx, tx, ch.CaseID)
	if err != nil {
		return err
	}
	if ch.State == listeners.NotChanged {
		if err := tell(ctx, tx, &c, ch.MemberID, ChangeFailed, "change:"+ch.ID); err != nil {
			return err
		}
		return c.recordChange(ctx, tx, ch, ChangeFailed, Detail{Mention: ch.MentionID, Rule: string(ch.Kind), Text: ch.Error})
	}
	switch ch.Kind {
	case listeners.EditReply:
		return c.replyEdited(ctx, tx, ch)
	case listeners.DeleteReply:
		return c.replyDeleted(ctx, tx, ch)
	case listeners.HidePost:
		return c.recordChange(ctx, tx, ch, PostHidden, Detail{Mention: ch.MentionID, Rule: ch.Why, Text: ch.Note})
	}
	return c.recordChange(ctx, tx, ch, PostUnhidden, Detail{Mention: ch.MentionID})
}

func (c *Case) recordChange(ctx context.Context, tx Tx, ch listeners.Change, kind Kind, d Detail) error {
	d.Reply = ch.ReplyID
	return record(ctx, tx, Activity{BrandID: c.BrandID, CaseID: c.ID, ActorID: ch.MemberID, Kind: kind, Lane: c.Lane, Detail: d})
}

// changedReply reads the reply of a change with its answer.
func changedReply(ctx context.Context, tx Tx, ch listeners.Change) (listeners.Reply, Answer, error) {
	r, _, a, err := handOf(ctx, tx, ch.ReplyID)
	return r, a, err
}

// replyEdited lets similar questions find the new words, and tells the author if somebody else chose them.
func (c *Case) replyEdited(ctx context.Context, tx Tx, ch listeners.Change) error {
	_, a, err := changedReply(ctx, tx, ch)
	if err != nil {
		return err
	}
	var correction Answer
	if err := tx.NewSelect().Model(&correction).Where("id = ?", ch.AnswerID).Scan(ctx); err != nil {
		return fmt.Errorf("find answer %d: %w", ch.AnswerID, err)
	}
	if err := forgetAnswers(ctx, tx, a.ID); err != nil {
		return err
	}
	if err := correction.remember(ctx, tx); err != nil {
		return err
	}
	if a.MemberID != ch.MemberID {
		if err := tell(ctx, tx, c, a.MemberID, ReplyEdited, "change:"+ch.ID); err != nil {
			return err
		}
	}
	return c.recordChange(ctx, tx, ch, ReplyEdited, Detail{Answer: a.ID})
}

// replyDeleted takes an answer back that is not on the network any more, with its points where the answer was
// at fault, and opens the case where the customer still needs one.
func (c *Case) replyDeleted(ctx context.Context, tx Tx, ch listeners.Change) error {
	r, a, err := changedReply(ctx, tx, ch)
	if err != nil {
		return err
	}
	if ch.Why != WasNeeded {
		for _, event := range []string{ReviewEvent(r.ReviewID), answeredEvent(c.ID, r.SentAt)} {
			if err := gamification.Reverse(ctx, tx, tx.Now(), event, gamification.TakenDown); err != nil {
				return err
			}
		}
		if err := c.fined(ctx, tx, &a, ch.Why); err != nil {
			return err
		}
	}
	_, err = tx.NewUpdate().Model((*Answer)(nil)).Set("state = ?, decided_at = COALESCE(decided_at, ?), version = version + 1", Withdrawn, tx.Now()).
		Where("(id = ? OR corrects_id = ?) AND state IN (?, ?)", a.ID, a.ID, Approved, Submitted).Exec(ctx)
	if err != nil {
		return fmt.Errorf("withdraw answer %d: %w", a.ID, err)
	}
	if err := forgetAnswers(ctx, tx, a.ID); err != nil {
		return err
	}
	if err := reconsider(ctx, tx, a.MemberID); err != nil {
		return err
	}
	if err := c.unanswered(ctx, tx, ch, &r); err != nil {
		return err
	}
	if a.MemberID != ch.MemberID {
		if err := tell(ctx, tx, c, a.MemberID, ReplyDeleted, "change:"+ch.ID); err != nil {
			return err
		}
	}
	return c.recordChange(ctx, tx, ch, ReplyDeleted, Detail{Answer: a.ID, Rule: ch.Why, Text: ch.Note})
}

// forgetAnswers keeps similar questions from finding an answer, and what corrected it.
func forgetAnswers(ctx context.Context, tx Tx, answerID int64) error {
	_, err := tx.NewDelete().Table("answer_words").Where("answer_id IN (SELECT id FROM answers WHERE id = ? OR corrects_id = ?)", answerID, answerID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget the words of answer %d: %w", answerID, err)
	}
	return nil
}

// unanswered notes which answer of the brand stands last after one was deleted, if any does.
func (c *Case) unanswered(ctx context.Context, tx Tx, ch listeners.Change, r *listeners.Reply) error {
	var last struct {
		SentAt   clock.Time
		MemberID int64
	}
	var left []listeners.Reply
	err := tx.NewSelect().Model(&left).Where("r.case_id = ? AND r.state = ? AND r.id <> ?", c.ID, listeners.Delivered, ch.ReplyID).
		Where("NOT EXISTS (SELECT 1 FROM changes d WHERE d.case_id = r.case_id AND d.reply_id = r.id AND d.kind = ? AND d.state = ?)", listeners.DeleteReply, listeners.Changed).
		Order("r.sent_at DESC").Limit(1).Scan(ctx)
	if err != nil {
		return fmt.Errorf("find what else was answered in case %d: %w", c.ID, err)
	}
	if len(left) > 0 {
		last.SentAt = left[0].SentAt
		if err := tx.NewSelect().Model((*Answer)(nil)).Column("member_id").Where("id = ?", left[0].AnswerID).Scan(ctx, &last.MemberID); err != nil {
			return fmt.Errorf("find answer %d: %w", left[0].AnswerID, err)
		}
	}
	set := func(q *bun.UpdateQuery) *bun.UpdateQuery {
		if c.AnsweredAt > r.SentAt { // something later stands
			return q
		}
		return q.Set("answered_at = ?, answered_by = ?", bun.NullZero(last.SentAt), bun.NullZero(last.MemberID))
	}
	if ch.Reopen {
		return c.move(ctx, tx, Unanswer, set)
	}
	q := tx.NewUpdate().Model(c).Set("version = version + 1").Where("id = ?", c.ID).Returning("*").Apply(set)
	if _, err := q.Exec(ctx); err != nil {
		return fmt.Errorf("note what else was answered in case %d: %w", c.ID, err)
	}
	return nil
}
