package api

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/server/db"
)

// changeBody is what was asked to be done to a post that is on a network.
type changeBody struct {
	Kind      string      `json:"kind" doc:"edit, delete, hide or show"`
	State     string      `json:"state" doc:"queued, doing, ambiguous, done or failed"`
	Error     string      `json:"error" doc:"The class of the last failure; empty for none"`
	Reply     string      `json:"reply" doc:"The reply that is changed; empty for a customer's post"`
	Mention   string      `json:"mention" doc:"The customer's post that is hidden or shown; empty for a reply"`
	Text      string      `json:"text" doc:"What the reply is to say, of an edit"`
	Member    string      `json:"member" doc:"Who asked for it; empty for a rule"`
	Why       string      `json:"why"`
	Note      string      `json:"note"`
	CreatedAt clock.Time  `json:"created_at"`
	DoneAt    *clock.Time `json:"done_at"`
}

type correctIn struct {
	One
	Body struct {
		Text string `json:"text" maxLength:"10000" doc:"What the answer is to say on the network"`
	}
}

type deleteIn struct {
	One
	Body struct {
		Why    string `json:"why" enum:"wrong,tone,private,needless" doc:"The first three are faults of the answer: its points go with it"`
		Note   string `json:"note,omitempty" maxLength:"1000"`
		Reopen bool   `json:"reopen,omitempty" doc:"The customer still needs an answer"`
	}
}

type hideIn struct {
	One
	Body struct {
		Reason string `json:"reason" maxLength:"1000"`
	}
}

func (a *api) changing() {
	serve(a, operation("GET /cases/{id}/changes", "post", "hide", "What was asked to be done to the posts of a case, oldest first"), a.caseChanges)
	serve(a, operation("POST /replies/{id}/correct", "reply", "correct", "Give an answer that is on the network other words; they are reviewed as an answer would be"), a.correctReply)
	serve(a, operation("POST /replies/{id}/delete", "reply", "delete", "Take an answer from the network"), a.deleteReply)
	serve(a, operation("POST /posts/{id}/hide", "post", "hide", "Hide a customer's post, where the network lets us; id is the mention's"),
		func(ctx context.Context, in *hideIn) (list[changeBody], error) {
			return a.hide(ctx, in.ID, true, in.Body.Reason)
		})
	serve(a, operation("POST /posts/{id}/show", "post", "hide", "Show a post again that the brand hides"),
		func(ctx context.Context, in *One) (list[changeBody], error) { return a.hide(ctx, in.ID, false, "") })
}

func (a *api) caseChanges(ctx context.Context, in *One) (page list[changeBody], err error) {
	err = a.read(ctx, func(ctx context.Context, read bun.IDB, m *community.Member) error {
		c, err := community.FindCase(ctx, read, m, in.ID.int64())
		if err != nil {
			return err
		}
		page, err = changesOf(ctx, read, c.ID)
		return err
	})
	return page, err
}

func changesOf(ctx context.Context, read bun.IDB, caseID int64) (page list[changeBody], err error) {
	all, err := listeners.ChangesOf(ctx, read, caseID)
	page.Items = make([]changeBody, len(all[caseID]))
	for i, c := range all[caseID] {
		page.Items[i] = changeBody{
			Kind: string(c.Kind), State: string(c.State), Error: c.Error, Reply: c.ReplyID, Mention: idOrNone(c.MentionID), Text: c.Text,
			Member: idOrNone(c.MemberID), Why: c.Why, Note: c.Note, CreatedAt: c.CreatedAt, DoneAt: orNull(c.DoneAt),
		}
	}
	return page, err
}

func idOrNone(id int64) string {
	if id == 0 {
		return ""
	}
	return idOf(id)
}

// changeable tells what the network lets us do to a reply that the member may have changed.
func (a *api) changeable(ctx context.Context, reply string) (listeners.Changeable, error) {
	r, _, _, err := community.ToChange(ctx, a.DB.Read(), access.From(ctx).Member, reply)
	if err != nil {
		return listeners.Changeable{}, err
	}
	conn, err := listeners.FindConnection(ctx, a.DB.Read(), r.ConnectionID)
	if err != nil {
		return listeners.Changeable{}, err
	}
	return a.Deliverer.Changeable(conn, r), nil
}

func (a *api) correctReply(ctx context.Context, in *correctIn) (answerBody, error) {
	can, err := a.changeable(ctx, string(in.ID))
	if err != nil {
		return answerBody{}, err
	}
	return a.changeAnswer(ctx, func(ctx context.Context, tx db.Tx, m *community.Member) (community.Answer, error) {
		return a.Desk.Correct(ctx, tx, m, string(in.ID), in.Body.Text, can)
	})
}

func (a *api) deleteReply(ctx context.Context, in *deleteIn) (page list[changeBody], err error) {
	can, err := a.changeable(ctx, string(in.ID))
	if err != nil {
		return page, err
	}
	d := community.Deletion{ID: a.Desk.NewID(), Why: in.Body.Why, Note: in.Body.Note, Reopen: in.Body.Reopen}
	err = a.write(ctx, func(ctx context.Context, tx db.Tx, m *community.Member) error {
		if err := community.DeleteReply(ctx, tx, m, string(in.ID), can, d); err != nil {
			return err
		}
		r, _, _, err := community.ToChange(ctx, tx, m, string(in.ID))
		if err == nil {
			page, err = changesOf(ctx, tx, r.CaseID)
		}
		return err
	})
	return page, err
}

func (a *api) hide(ctx context.Context, id id, hide bool, why string) (page list[changeBody], err error) {
	post, c, err := community.ToHide(ctx, a.DB.Read(), access.From(ctx).Member, id.int64())
	if err != nil {
		return page, err
	}
	conn, err := listeners.FindConnection(ctx, a.DB.Read(), post.ConnectionID)
	if err != nil {
		return page, err
	}
	can := a.Deliverer.Hides(conn)
	err = a.write(ctx, func(ctx context.Context, tx db.Tx, m *community.Member) error {
		if err := community.HidePost(ctx, tx, m, post.ID, hide, can, a.Desk.NewID(), why); err != nil {
			return err
		}
		page, err = changesOf(ctx, tx, c.ID)
		return err
	})
	return page, err
}
