package web

import (
	"context"
	"net/http"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// mine is a member's own work, by where it stands.
type mine struct {
	Groups []group
	Member *community.Member
}

// group is work that stands alike.
type group struct {
	Title string // id of a text
	Works []work
}

// work is one answer of a member, or a case they hold without one yet.
type work struct {
	Case    community.Case // zero where the member may not see it any more
	Who     string         // the customer
	Asked   string         // what the customer wrote
	Text    string         // what the member wrote
	At      clock.Time
	Until   clock.Time // when the claim ends
	State   string     // in words
	Look    string     // of State: "", good, warning or bad
	Verdict *verdict   // of the reviewer, nil where there is nothing to say
	URL     string     // of the post on its network
	Outcome string     // how the customer took it, in words
	Shared  string     // whose draft it was started from, or who went on from it, in words
}

// mostMine is how many answers one's own page goes back.
const mostMine = 60

func (a *App) mine(w http.ResponseWriter, r *http.Request) error {
	var v mine
	err := a.DB.ReadTx(r.Context(), func(ctx context.Context, read bun.IDB) (err error) {
		v, err = a.readMine(ctx, read, access.From(ctx).Member)
		return err
	})
	if err != nil {
		return err
	}
	if r.URL.Query().Get("part") == "list" {
		return render(w, r, http.StatusOK, mineList(v))
	}
	return render(w, r, http.StatusOK, minePage(v))
}

// readMine reads one's work with a fixed number of queries.
func (a *App) readMine(ctx context.Context, read bun.IDB, me *community.Member) (mine, error) {
	v := mine{Member: me}
	held, err := community.HeldCases(ctx, read, me)
	if err != nil {
		return v, err
	}
	answers, err := community.AnswersOf(ctx, read, me, mostMine)
	if err != nil {
		return v, err
	}
	answerIDs, caseIDs := make([]int64, len(answers)), make([]int64, len(answers))
	var posts []int64
	for i, answer := range answers {
		answerIDs[i], caseIDs[i] = answer.ID, answer.CaseID
		posts = append(posts, answer.MentionID)
	}
	for _, c := range held {
		posts = append(posts, c.MentionID)
	}
	cases, err := community.FindCases(ctx, read, me, caseIDs)
	if err != nil {
		return v, err
	}
	replies, err := listeners.Replies(ctx, read, answerIDs)
	if err != nil {
		return v, err
	}
	verdicts, err := a.readVerdicts(ctx, read, answers)
	if err != nil {
		return v, err
	}
	outcomes, err := community.Outcomes(ctx, read, me, caseIDs)
	if err != nil {
		return v, err
	}
	mentions, err := listeners.FindMentions(ctx, read, posts)
	if err != nil {
		return v, err
	}
	origins, err := community.Origins(ctx, read, answers)
	if err != nil {
		return v, err
	}
	about := func(wk *work, post int64) {
		if m, ok := mentions[post]; ok && wk.Case.ID != 0 {
			wk.Who, wk.Asked = handle(m.Account), shorten(shownTo(me, m.Text), longestRow)
		}
	}

	var returned, holding, drafts, waiting, sent, ended []work
	written := map[int64]bool{} // cases with a draft
	for i := range answers {
		answer := &answers[i]
		c := cases[answer.CaseID]
		reply := replies[answer.ID]
		wk := work{Case: c, Text: answer.Text, At: answer.UpdatedAt, Verdict: verdicts[answer.ID]}
		about(&wk, answer.MentionID)
		switch o := origins[answer.ID]; {
		case o.From != "":
			wk.Shared = T(ctx, "mine.from", "name", o.From)
		case o.Into != "":
			wk.Shared = T(ctx, "mine.into", "name", o.Into)
		}
		if c.HeldBy(me, view(ctx).Now) {
			wk.Until = c.HeldUntil
		}
		switch answer.State {
		case community.Returned:
			returned = append(returned, wk)
			written[c.ID] = true
		case community.Draft:
			if answer.Text == "" {
				continue
			}
			written[c.ID] = true
			if wk.Until != 0 {
				holding = append(holding, wk)
			} else {
				drafts = append(drafts, wk)
			}
		case community.Submitted:
			wk.At = answer.SubmittedAt
			waiting = append(waiting, wk)
		case community.Approved:
			wk.travels(ctx, &reply)
			if kind, ok := outcomes[c.ID]; ok && c.ID != 0 {
				wk.Outcome = T(ctx, outcomeTexts[kind])
			}
			sent = append(sent, wk)
		case community.Withdrawn:
			wk.State, wk.Look = whyWithdrawn(ctx, &c, &reply), "warning"
			ended = append(ended, wk)
		}
	}
	for _, c := range held {
		if c.HeldBy(me, view(ctx).Now) && !written[c.ID] {
			wk := work{Case: c, At: c.CustomerAt, Until: c.HeldUntil}
			about(&wk, c.MentionID)
			holding = append(holding, wk)
		}
	}
	for _, g := range []group{
		{"mine.returned", returned},
		{"mine.holding", holding},
		{"mine.drafts", drafts},
		{"mine.waiting", waiting},
		{"mine.sent", sent},
		{"mine.ended", ended},
	} {
		if len(g.Works) > 0 {
			v.Groups = append(v.Groups, g)
		}
	}
	return v, nil
}

var outcomeTexts = map[community.Kind]string{
	community.CustomerThanks: "mine.thanks",
	community.CaseSolved:     "mine.solved",
}

// travels says how far an approved answer has come.
func (wk *work) travels(ctx context.Context, reply *listeners.Reply) {
	switch reply.State {
	case listeners.Delivered:
		wk.At, wk.URL, wk.State, wk.Look = reply.SentAt, reply.URL, T(ctx, "reply.sent"), "good"
	default:
		wk.State, wk.Look = standsNow(ctx, reply)
	}
}

// whyWithdrawn says why nothing came of an answer.
func whyWithdrawn(ctx context.Context, c *community.Case, reply *listeners.Reply) string {
	switch {
	case reply.State == listeners.Failed:
		return T(ctx, "reply.failed") + " " + comesNext(ctx, reply)
	case c.ID == 0 || c.Lane == community.Staff:
		return T(ctx, "mine.to_staff")
	case endTexts[c.State] != "":
		return T(ctx, endTexts[c.State])
	}
	return T(ctx, "mine.withdrawn")
}
