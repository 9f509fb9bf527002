package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// handPage is an approved answer that a member posts by hand.
type handPage struct {
	Reply  listeners.Reply
	Case   community.Case
	Post   listeners.Mention // that it answers
	Author string            // of the answer, where it is not the reader
	Open   string            // where the reader posts it; "" where nobody knows
	Ready  bool              // there the text stands already
	Brand  bool              // the reader posts as the brand
	Link   string            // what was typed
	Error  string
}

func handPath(reply string) string { return "/replies/" + reply + "/hand" }

func (a *App) hand(w http.ResponseWriter, r *http.Request) error {
	v, err := a.readHand(r.Context(), chi.URLParam(r, "reply"))
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, handView(v))
}

func (a *App) readHand(ctx context.Context, id string) (v handPage, err error) {
	me, read := access.From(ctx).Member, a.DB.Read()
	var answer community.Answer
	if v.Reply, v.Case, answer, err = community.ToPost(ctx, read, me, id); err != nil {
		return v, err
	}
	mentions, err := listeners.FindMentions(ctx, read, []int64{v.Reply.MentionID})
	if err != nil {
		return v, err
	}
	v.Post, v.Brand = mentions[v.Reply.MentionID], me.Role.Employee()
	if answer.MemberID != me.ID {
		members, err := community.Members(ctx, read, me.BrandID)
		if err != nil {
			return v, err
		}
		v.Author = members[answer.MemberID].PublicName
	}
	v.Open = v.Post.URL
	if compose := a.Desk.Network(v.Case.Network).Compose; compose != nil {
		if link := compose(v.Post, v.Reply.Text); link != "" {
			v.Open, v.Ready = link, true
		}
	}
	return v, nil
}

// postedByHand follows the link that a member brings, or takes their word.
func (a *App) postedByHand(w http.ResponseWriter, r *http.Request) error {
	ctx, me, id := r.Context(), access.From(r.Context()).Member, chi.URLParam(r, "reply")
	v, err := a.readHand(ctx, id)
	if err != nil {
		return err
	}
	v.Link = strings.TrimSpace(r.PostFormValue("link"))
	evidence, sent := listeners.Said, listeners.Sent{}
	if r.PostFormValue("said") == "" {
		evidence, sent, err = a.Desk.FollowLink(ctx, a.DB.Read(), a.Deliverer, me, v.Reply, v.Case.Network, v.Link)
		if network := (*listeners.Error)(nil); errors.As(err, &network) {
			v.Error = T(ctx, "network_error."+string(network.Class))
			return render(w, r, http.StatusServiceUnavailable, handView(v))
		}
		if err != nil {
			failed := access.Explain(err)
			if failed.Status >= http.StatusInternalServerError {
				return err
			}
			v.Error = Sentence(ctx, failed.Sentence)
			return render(w, r, failed.Status, handView(v))
		}
	}
	err = a.write(ctx, func(ctx context.Context, tx listeners.Tx) error {
		return community.PostedByHand(ctx, tx, me, id, evidence, sent)
	})
	if err != nil {
		return err
	}
	goTo(w, r, handPath(id))
	return nil
}

func (a *App) giveUpHand(w http.ResponseWriter, r *http.Request) error {
	me, id := access.From(r.Context()).Member, chi.URLParam(r, "reply")
	err := a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return community.GiveUpHand(ctx, tx, me, id, strings.TrimSpace(r.PostFormValue("reason")))
	})
	if err != nil {
		return err
	}
	goTo(w, r, "/mine")
	return nil
}

// foretell says when an answer that waits leaves, where that is not at once.
func (a *App) foretell(ctx context.Context, read bun.IDB, m *message, conn listeners.Connection, r listeners.Reply) error {
	if r.State != listeners.Waiting && r.State != listeners.Queued && r.State != listeners.Retry {
		return nil
	}
	if r.ConnectionID != conn.ID {
		var err error
		if conn, err = listeners.FindConnection(ctx, read, r.ConnectionID); err != nil {
			return err
		}
	}
	stopped, err := listeners.Stopped(ctx, read, conn.ID)
	if err != nil {
		return err
	}
	why := ""
	if r.State == listeners.Retry && r.Error != "" {
		why = T(ctx, "network_error."+r.Error) + " "
	}
	if stopped {
		m.State, m.Look = why+T(ctx, "reply.stopped"), "warning"
		return nil
	}
	at, err := listeners.Leaves(ctx, read, conn, a.Deliverer.Pace(conn), r, view(ctx).Now)
	if err == nil && at > view(ctx).Now.Add(soon) {
		m.State, m.Look = why+T(ctx, "reply.leaves", "when", When(ctx, at)), "warning"
	}
	return err
}

// closed tells whether the network's time for answering the case is over.
func (v casePage) closed(ctx context.Context) bool {
	return v.Case.DeliveryUntil != 0 && v.Case.DeliveryUntil <= view(ctx).Now
}

// overdue tells when what waits to be posted by hand goes back to the pool.
func (v handPage) overdue() clock.Time { return v.Reply.CreatedAt.Add(listeners.ReturnAfter) }
