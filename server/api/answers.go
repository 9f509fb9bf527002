package api

import (
	"context"
	"net/http"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/db"
)

type answerBody struct {
	ID          string     `json:"id"`
	CaseID      string     `json:"case_id"`
	State       string     `json:"state"`
	Text        string     `json:"text"`
	Member      string     `json:"member" doc:"The author"`
	WhyReviewed string     `json:"why_reviewed" doc:"Why a person looks at it first; empty if none has to"`
	CreatedAt   clock.Time `json:"created_at"`
	Reply       *replyBody `json:"reply"`
}

type replyBody struct {
	_ struct{} `nullable:"true"`

	ID       string `json:"id"`
	State    string `json:"state"`
	NativeID string `json:"native_id" doc:"Empty until it is on the network"`
	URL      string `json:"url"`
}

func renderAnswer(a community.Answer, replies map[int64]listeners.Reply) answerBody {
	b := answerBody{
		ID: idOf(a.ID), CaseID: idOf(a.CaseID), State: string(a.State), Text: a.Text, Member: idOf(a.MemberID),
		WhyReviewed: a.WhyReviewed, CreatedAt: a.CreatedAt,
	}
	if r, ok := replies[a.ID]; ok {
		b.Reply = &replyBody{ID: r.ID, State: string(r.State), NativeID: r.NativeID, URL: r.URL}
	}
	return b
}

// textIn is an answer's text to a case.
type textIn struct {
	One
	Body struct {
		Text string `json:"text" maxLength:"25000"`
	}
}

type approveIn struct {
	One
	Body *struct {
		Text string `json:"text,omitempty" maxLength:"25000" doc:"Your wording, where you changed it"`
	}
}

type returnIn struct {
	One
	Body struct {
		Reason string `json:"reason" maxLength:"1000" doc:"What the author should change"`
	}
}

func (a *api) answers() {
	create := operation("POST /cases/{id}/answers", "answer", "write", "Answer a case you have claimed")
	create.DefaultStatus = http.StatusCreated
	serve(a, create, func(ctx context.Context, in *textIn) (answerBody, error) {
		return a.changeAnswer(ctx, func(ctx context.Context, tx db.Tx, m *community.Member) (community.Answer, error) {
			return a.Desk.Submit(ctx, tx, m, in.ID.int64(), 0, in.Body.Text)
		})
	})
	serve(a, operation("PUT /cases/{id}/draft", "answer", "write", "Keep a draft; this renews your claim"), a.saveDraft)
	serve(a, operation("POST /answers/{id}/take-back", "answer", "write", "Undo: make an answer that has not left a draft again"),
		func(ctx context.Context, in *One) (answerBody, error) {
			return a.changeAnswer(ctx, func(ctx context.Context, tx db.Tx, m *community.Member) (community.Answer, error) {
				return a.Desk.TakeBack(ctx, tx, m, in.ID.int64())
			})
		})
	serve(a, operation("GET /reviews", "review", "read", "Answers that wait for a reviewer, longest waiting first"), a.reviews)
	serve(a, operation("POST /answers/{id}/approve", "answer", "decide", "Approve an answer, which sends it"),
		func(ctx context.Context, in *approveIn) (answerBody, error) {
			return a.changeAnswer(ctx, func(ctx context.Context, tx db.Tx, m *community.Member) (community.Answer, error) {
				text := ""
				if in.Body != nil {
					text = in.Body.Text
				}
				return a.Desk.Approve(ctx, tx, m, in.ID.int64(), text)
			})
		})
	serve(a, operation("POST /answers/{id}/return", "answer", "decide", "Give an answer back to its author with advice"),
		func(ctx context.Context, in *returnIn) (answerBody, error) {
			return a.changeAnswer(ctx, func(ctx context.Context, tx db.Tx, m *community.Member) (community.Answer, error) {
				return a.Desk.Return(ctx, tx, m, in.ID.int64(), in.Body.Reason)
			})
		})
}

func (a *api) changeAnswer(ctx context.Context, do func(context.Context, db.Tx, *community.Member) (community.Answer, error)) (answerBody, error) {
	var answer community.Answer
	err := a.write(ctx, func(ctx context.Context, tx db.Tx, m *community.Member) (err error) {
		answer, err = do(ctx, tx, m)
		return err
	})
	if err != nil {
		return answerBody{}, err
	}
	replies, err := listeners.Replies(ctx, a.DB.Read(), []int64{answer.ID})
	return renderAnswer(answer, replies), err
}

type draftBody struct {
	Answer answerBody  `json:"answer"`
	Held   bool        `json:"held" doc:"The case is yours now; if not, the text is kept all the same"`
	Until  *clock.Time `json:"until" doc:"The end of your claim"`
}

func (a *api) saveDraft(ctx context.Context, in *textIn) (body draftBody, err error) {
	err = a.write(ctx, func(ctx context.Context, tx db.Tx, m *community.Member) error {
		answer, c, held, err := community.SaveDraft(ctx, tx, m, in.ID.int64(), in.Body.Text)
		body = draftBody{Answer: renderAnswer(answer, nil), Held: held}
		if held {
			body.Until = &c.HeldUntil
		}
		return err
	})
	return body, err
}

type reviewBody struct {
	Answer      answerBody `json:"answer"`
	Case        caseBody   `json:"case"`
	WhyReviewed string     `json:"why_reviewed"`
	Author      string     `json:"author" doc:"The author's public name"`
}

type limitIn struct {
	ForBrand
	Limit int `query:"limit" minimum:"1" maximum:"100" default:"50"`
}

func (a *api) reviews(ctx context.Context, in *limitIn) (page list[reviewBody], err error) {
	err = a.read(ctx, func(ctx context.Context, read bun.IDB, m *community.Member) error {
		queue, err := moderation.Queue(ctx, read, m, in.Limit)
		if err != nil {
			return err
		}
		cases := make([]community.Case, len(queue))
		for i, w := range queue {
			cases[i] = w.Case
		}
		bodies, err := a.render(ctx, read, m, cases, mentionsInList)
		if err != nil {
			return err
		}
		page.Items = make([]reviewBody, len(queue))
		for i, w := range queue {
			page.Items[i] = reviewBody{renderAnswer(w.Answer, nil), bodies[i], w.Answer.WhyReviewed, w.Author.PublicName}
		}
		return nil
	})
	return page, err
}
