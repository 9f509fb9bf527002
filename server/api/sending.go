package api

import (
	"context"
	"strings"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/server/db"
)

type handBody struct {
	ID      string     `json:"id"`
	CaseID  string     `json:"case_id"`
	Network string     `json:"network"`
	Text    string     `json:"text" doc:"Post exactly this"`
	URL     string     `json:"url" doc:"The post to answer"`
	Until   clock.Time `json:"until" doc:"When the case is open for everybody again"`
}

type postedIn struct {
	One
	Body struct {
		Link string `json:"link,omitempty" maxLength:"2000" doc:"Of what you posted; without it your word is noted, which earns nothing"`
	}
}

type giveUpIn struct {
	One
	Body struct {
		Reason string `json:"reason" maxLength:"1000"`
	}
}

type postedBody struct {
	State    string `json:"state"`
	Evidence string `json:"evidence" doc:"verified, seen or said"`
	URL      string `json:"url"`
}

type sendingBody struct {
	StoppedAt   *clock.Time  `json:"stopped_at" doc:"Since when nothing of the brand leaves"`
	Connections []outletBody `json:"connections"`
}

type outletBody struct {
	ID      string      `json:"id"`
	Network string      `json:"network"`
	Handle  string      `json:"handle"`
	Stopped bool        `json:"stopped" doc:"Nothing leaves until a person does something"`
	Waiting int         `json:"waiting"`
	Now     int         `json:"now" doc:"Of those that wait, how many the network takes now"`
	Last    *clock.Time `json:"last" doc:"When the last one leaves"`
}

type switchIn struct {
	ForBrand
	Body struct {
		Connection string `json:"connection,omitempty" maxLength:"40" doc:"All of the brand's if empty"`
	}
}

type stopIn struct {
	ForBrand
	Body struct {
		Connection string `json:"connection,omitempty" maxLength:"40" doc:"All of the brand's if empty"`
		Why        string `json:"why,omitempty" maxLength:"300" doc:"Shown to every member"`
	}
}

func (a *api) sending() {
	a.changing()
	serve(a, operation("GET /replies/by-hand", "reply", "post", "Approved answers that you are to post by hand"), a.hands)
	serve(a, operation("POST /replies/{id}/posted", "reply", "post", "Say that you have posted an answer by hand, with its link"), a.posted)
	serve(a, operation("POST /replies/{id}/give-up", "reply", "post", "Give back an answer that you do not post by hand"),
		func(ctx context.Context, in *giveUpIn) (postedBody, error) {
			return a.changeReply(ctx, string(in.ID), func(ctx context.Context, tx db.Tx, m *community.Member) error {
				return community.GiveUpHand(ctx, tx, m, string(in.ID), strings.TrimSpace(in.Body.Reason))
			})
		})
	serve(a, operation("GET /sending", "sending", "read", "What waits to leave, and whether it may"), a.outlook)
	serve(a, operation("POST /sending/stop", "sending", "switch", "Hold everything that leaves, at once"),
		func(ctx context.Context, in *stopIn) (sendingBody, error) {
			return a.switchSending(ctx, &in.ForBrand, in.Body.Connection, func(ctx context.Context, tx db.Tx, m *community.Member, connection int64) error {
				return community.StopSending(ctx, tx, m, connection, in.Body.Why)
			})
		})
	serve(a, operation("POST /sending/resume", "sending", "switch", "Let answers leave again"),
		func(ctx context.Context, in *switchIn) (sendingBody, error) {
			return a.switchSending(ctx, &in.ForBrand, in.Body.Connection, community.ResumeSending)
		})
}

func (a *api) hands(ctx context.Context, in *limitIn) (page list[handBody], err error) {
	err = a.read(ctx, func(ctx context.Context, read bun.IDB, m *community.Member) error {
		all, err := community.HandsOf(ctx, read, m, in.Limit)
		if err != nil {
			return err
		}
		ids := make([]int64, len(all))
		for i, r := range all {
			ids[i] = r.MentionID
		}
		posts, err := listeners.FindMentions(ctx, read, ids)
		if err != nil {
			return err
		}
		page.Items = make([]handBody, len(all))
		for i, r := range all {
			post := posts[r.MentionID]
			page.Items[i] = handBody{r.ID, idOf(r.CaseID), post.Network, r.Text, post.URL, r.CreatedAt.Add(listeners.ReturnAfter)}
		}
		return nil
	})
	return page, err
}

func (a *api) posted(ctx context.Context, in *postedIn) (postedBody, error) {
	m, id := access.From(ctx).Member, string(in.ID)
	r, c, _, err := community.ToPost(ctx, a.DB.Read(), m, id)
	if err != nil {
		return postedBody{}, err
	}
	evidence, sent := listeners.Said, listeners.Sent{}
	if in.Body.Link != "" {
		if evidence, sent, err = a.Desk.FollowLink(ctx, a.DB.Read(), a.Deliverer, m, r, c.Network, in.Body.Link); err != nil {
			return postedBody{}, err
		}
	}
	return a.changeReply(ctx, id, func(ctx context.Context, tx db.Tx, m *community.Member) error {
		return community.PostedByHand(ctx, tx, m, id, evidence, sent)
	})
}

func (a *api) changeReply(ctx context.Context, id string, do func(context.Context, db.Tx, *community.Member) error) (body postedBody, err error) {
	err = a.write(ctx, func(ctx context.Context, tx db.Tx, m *community.Member) error {
		if err := do(ctx, tx, m); err != nil {
			return err
		}
		r, _, _, err := community.ToPost(ctx, tx, m, id)
		body = postedBody{string(r.State), string(r.Evidence), r.URL}
		return err
	})
	return body, err
}

func (a *api) outlook(ctx context.Context, _ *ForBrand) (body sendingBody, err error) {
	err = a.read(ctx, func(ctx context.Context, read bun.IDB, m *community.Member) error {
		stopped, err := listeners.BrandStopped(ctx, read, m.BrandID)
		if err != nil {
			return err
		}
		all, err := listeners.Connections(ctx, read, m.BrandID)
		if err != nil {
			return err
		}
		body.StoppedAt, body.Connections = orNull(stopped), make([]outletBody, len(all))
		for i, c := range all {
			ahead, err := listeners.Ahead(ctx, read, c, a.Deliverer.Pace(c), a.Now())
			if err != nil {
				return err
			}
			body.Connections[i] = outletBody{idOf(c.ID), c.Network, c.Handle, ahead.Held, ahead.Waiting, ahead.Now, orNull(ahead.Last)}
		}
		return nil
	})
	return body, err
}

func (a *api) switchSending(ctx context.Context, brand *ForBrand, named string, do func(context.Context, db.Tx, *community.Member, int64) error) (body sendingBody, err error) {
	err = a.write(ctx, func(ctx context.Context, tx db.Tx, m *community.Member) error {
		connection := id(named).int64()
		if named != "" && connection == 0 {
			return &community.Invalid{Field: "connection", Sentence: "there is no such choice"}
		}
		return do(ctx, tx, m, connection)
	})
	if err != nil {
		return body, err
	}
	return a.outlook(ctx, brand)
}
