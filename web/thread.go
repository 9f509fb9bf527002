package web

import (
	"cmp"
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/triage"
)

// thread is a conversation as the network shows it, with our answers on their way among it.
type thread struct {
	Customer listeners.Account
	Earlier  []message // folded, because they are long past
	Messages []message
	Score    triage.Score // of the post to be answered
	Masked   bool         // dots stand over personal data
}

// message is one post of a thread.
type message struct {
	Post
	Answer  int64 // of ours that the network has not shown yet; 0 for its posts
	Heard   []signal
	Waiting bool   // waits for an answer
	State   string // how an answer of ours stands, "" for what is on the network
	Look    string // of State: "", good, warning or bad
	Undo    string // where the answer can be taken back
	After   afterwards
	Hand    string // where the reader posts it by hand
	Until   clock.Time
}

// unfolded is how many posts before the one to be answered are shown at once.
const unfolded = 2

// replyTexts say how a reply on its way stands.
var replyTexts = map[listeners.ReplyState]struct{ text, look string }{
	listeners.Waiting:  {"reply.waiting", ""},
	listeners.Queued:   {"reply.queued", ""},
	listeners.Sending:  {"reply.sending", ""},
	listeners.Retry:    {"reply.retry", "warning"},
	listeners.InDoubt:  {"reply.doubt", "warning"},
	listeners.AskHuman: {"reply.ask_human", "warning"},
	listeners.OnHold:   {"reply.held", "warning"},
	listeners.ByHand:   {"reply.by_hand", "warning"},
}

// standsNow says how a reply on its way stands, and why where something keeps it from going on.
func standsNow(ctx context.Context, reply *listeners.Reply) (text, look string) {
	said := replyTexts[reply.State]
	text = T(ctx, said.text)
	switch {
	case reply.State == listeners.Retry && reply.Error != "":
		text = comesNext(ctx, reply)
	case reply.State == listeners.InDoubt && reply.Error == string(listeners.OverBudget):
		text = T(ctx, replyTexts[listeners.AskHuman].text) + ". " + comesNext(ctx, reply)
	}
	return text, said.look
}

// comesNext says why a reply did not leave and what happens now.
func comesNext(ctx context.Context, reply *listeners.Reply) string {
	return T(ctx, "network_error."+reply.Error) + " " + T(ctx, "network_next."+reply.Error)
}

// readThread reads what was said in a case, oldest first: posts of the network, and answers of ours
// that the network has not shown yet. Without personal, dots stand over the customers' personal data.
func (a *App) readThread(ctx context.Context, read bun.IDB, c *community.Case, members map[int64]community.Member, personal bool) (t thread, err error) {
	me := access.From(ctx).Member
	mentions, err := listeners.Thread(ctx, read, c.ID)
	if err != nil {
		return t, err
	}
	answers, err := community.Answers(ctx, read, me, c.ID)
	if err != nil {
		return t, err
	}
	ids := make([]int64, len(answers))
	for i, answer := range answers {
		ids[i] = answer.ID
	}
	replies, err := listeners.Replies(ctx, read, ids)
	if err != nil {
		return t, err
	}
	conn, err := listeners.FindConnection(ctx, read, c.ConnectionID)
	if err != nil {
		return t, err
	}
	ours, hides := conn.Title(), a.Deliverer.Hides(conn)
	changes, err := listeners.ChangesOf(ctx, read, c.ID)
	if err != nil {
		return t, err
	}
	can := func(r *listeners.Reply) listeners.Changeable {
		may := a.Deliverer.Changeable(conn, *r)
		may.Edit = may.Edit && !slices.ContainsFunc(answers, func(next community.Answer) bool { // one is in review already
			return next.CorrectsID == r.AnswerID && next.State == community.Submitted
		})
		return may
	}
	via := map[int64]string{} // the member behind a post of ours, by mention
	since := map[int64]afterwards{}
	var messages []message
	for _, answer := range answers {
		reply, queued := replies[answer.ID]
		author := members[answer.MemberID].PublicName
		if i := slices.IndexFunc(mentions, func(m listeners.Mention) bool { return m.Ours && queued && isReply(&m, &reply) }); i >= 0 {
			via[mentions[i].ID] = author
			since[mentions[i].ID], _ = replyAfterwards(ctx, can, &answer, &reply, changes[c.ID], members)
			continue
		}
		m := message{Answer: answer.ID, Post: Post{Who: ours, Via: author, Text: answer.Text, Ours: true}}
		if queued && reply.State == listeners.Delivered {
			var now listeners.ReplyNow
			m.After, now = replyAfterwards(ctx, can, &answer, &reply, changes[c.ID], members)
			m.Text, m.Gone = now.Text, now.Deleted != nil
		}
		if m.told(ctx, &answer, &reply, queued, me) {
			if err := a.foretell(ctx, read, &m, conn, reply); err != nil {
				return t, err
			}
			messages = append(messages, m)
		}
	}
	for i := range mentions {
		m := &mentions[i]
		text := m.Text
		if !m.Ours {
			text = shown(m.Text, personal)
			t.Masked = t.Masked || text != m.Text
		}
		p := Post{Who: handle(m.Account), At: m.CreatedAt, Text: text, URL: m.URL, Ours: m.Ours, Via: via[m.ID], Gone: m.GoneAt != 0}
		after := since[m.ID]
		if !m.Ours {
			after = postAfterwards(ctx, me, m, hides, changes[c.ID])
		}
		if m.ID != c.MentionID {
			messages = append(messages, message{Post: p, After: after})
			continue
		}
		if t.Score, err = scoreOf(m); err != nil {
			return t, err
		}
		why, err := a.Intake.Why(ctx, read, c.BrandID, m.Text, strongest)
		if err != nil {
			return t, err
		}
		t.Customer = *m.Account
		p.Focus, p.Gone = true, c.State == community.Gone
		heard := signals(t.Score)
		why = slices.DeleteFunc(why, func(s triage.Span) bool { return s.End-s.Start < 3 }) // a mere ? tells nobody anything
		p.Parts = stretches(text, why, heard)
		messages = append(messages, message{
			Post: p, Heard: heard, After: after, Waiting: c.State == community.Open || c.State == community.Claimed || c.State == community.InReview,
		})
	}
	slices.SortStableFunc(messages, func(a, b message) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Answer, b.Answer)) })
	keyToChange(messages)
	if at := slices.IndexFunc(messages, func(m message) bool { return m.Focus }); at > unfolded+1 {
		t.Earlier, messages = messages[:at-unfolded], messages[at-unfolded:]
	}
	t.Messages = messages
	return t, nil
}

// isReply tells whether a post of the brand is this reply, also where the network has not told the
// reply's id yet.
func isReply(m *listeners.Mention, r *listeners.Reply) bool {
	if r.NativeID != "" {
		return m.NativeID == r.NativeID
	}
	return r.State.InFlight() && m.ParentID == r.ParentID && listeners.SameText(r.Text, m.Text)
}

// told says how an answer of ours stands; false where it is nothing to show in the thread.
func (m *message) told(ctx context.Context, answer *community.Answer, reply *listeners.Reply, queued bool, me *community.Member) bool {
	m.At = cmp.Or(reply.SentAt, reply.CreatedAt, answer.SubmittedAt)
	switch {
	case answer.State == community.Submitted && answer.CorrectsID != 0:
		m.At, m.State, m.Look = answer.SubmittedAt, T(ctx, "change.in_review"), "warning"
	case answer.State == community.Submitted:
		m.At, m.State, m.Look = answer.SubmittedAt, T(ctx, "reply.in_review"), "warning"
	case !queued || answer.State == community.Draft || answer.State == community.Returned:
		return false
	case reply.State == listeners.Delivered && m.Gone:
		m.URL = "" // what is there to say stands in After
	case reply.State == listeners.Delivered:
		m.URL, m.State, m.Look = reply.URL, T(ctx, "reply.sent"), "good"
		if reply.Evidence == listeners.Said {
			m.State, m.Look = T(ctx, "reply.said"), "warning"
		}
	case reply.State == listeners.Failed:
		m.State, m.Look = T(ctx, "reply.failed")+" "+comesNext(ctx, reply), "bad"
	case reply.State == listeners.Cancelled:
		return false
	default:
		m.State, m.Look = standsNow(ctx, reply)
		if reply.State == listeners.ByHand && (answer.MemberID == me.ID || me.Role.Employee()) {
			m.Hand = handPath(reply.ID)
		}
		if reply.State == listeners.Waiting && reply.DueAt > view(ctx).Now {
			m.Until = reply.DueAt
			if answer.MemberID == me.ID || me.Role.Employee() {
				m.Undo = takeBackPath(answer.ID)
			}
		}
	}
	return true
}
