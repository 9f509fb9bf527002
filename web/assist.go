package web

import (
	"context"
	"net/http"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
)

// assists tells whether a machine may draft for a network.
func (a *App) assists(network string) bool { return a.Assistant != nil && a.Assistant.Allowed(network) }

// assist puts a machine's draft into the composer of who holds the case. The machine is asked outside
// of any transaction.
func (a *App) assist(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "case")
	if err != nil {
		return err
	}
	form := readTyped(r)
	var c community.Case
	var talk moderation.Talk
	err = a.DB.ReadTx(r.Context(), func(ctx context.Context, read bun.IDB) error {
		me := access.From(ctx).Member
		if c, err = community.FindCase(ctx, read, me, id); err != nil {
			return err
		}
		if !c.HeldBy(me, view(ctx).Now) {
			return community.ErrNotHeld
		}
		talk, err = a.talk(ctx, read, &c)
		return err
	})
	if err != nil {
		return err
	}
	if !a.assists(c.Network) {
		return community.ErrNoAssistant
	}
	draft, err := a.Assistant.Draft(r.Context(), talk)
	if err != nil {
		return err
	}
	found, err := a.Desk.Check(r.Context(), a.DB.Read(), access.From(r.Context()).Member, &c, draft)
	if err != nil {
		return err
	}
	for _, f := range found {
		if f.Level == moderation.Stop && f.Flag != moderation.TooLong {
			return community.ErrAssistantSilent // what nobody may send is no help
		}
	}
	err = a.onCase(r, func(ctx context.Context, tx community.Tx, me *community.Member, id int64) (community.Case, error) {
		_, err := community.BeginWith(ctx, tx, me, id, form.Text, community.Begun{Machine: draft}, func(text string) string { return text })
		if err == nil {
			err = form.around(ctx, tx, me, id)
		}
		return c, err
	})
	if err != nil {
		return a.sendBack(w, r, form, err)
	}
	return a.showDraft(w, r, form)
}

// mostTold bounds what an assistant is told of a thread.
const mostTold = 10

func (a *App) talk(ctx context.Context, read bun.IDB, c *community.Case) (moderation.Talk, error) {
	me := access.From(ctx).Member
	t := moderation.Talk{Brand: access.From(ctx).Brand.Name, Language: speaks(c)}
	posts, err := listeners.Thread(ctx, read, c.ID)
	if err != nil {
		return t, err
	}
	asked := ""
	for _, p := range posts[max(0, len(posts)-mostTold):] {
		who := "customer: "
		if p.Ours {
			who = "brand: "
		}
		t.Said = append(t.Said, who+p.Text)
		if p.ID == c.MentionID {
			asked = p.Text
		}
	}
	similar, err := community.SimilarAnswers(ctx, read, me, c, asked, mostSimilar)
	for _, s := range similar {
		t.Examples = append(t.Examples, s.Answer.Text)
	}
	return t, err
}
