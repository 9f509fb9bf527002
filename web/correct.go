package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/triage"
)

// correcting is what a reader can say of the customer's post.
type correcting struct {
	Mention int64
	Heads   []toggle
	Topics  []toggle // the last one is none of them
	Open    bool     // the reader has just corrected something
	Moves   bool     // what the reader says decides about the case
}

// toggle is one thing that a post is, or is not.
type toggle struct {
	Label   string
	On      bool
	Presses string // what pressing it says
	By      string // who said that it is so, "" for nobody
}

// readCorrecting reads what the reader can correct in the post to be answered; nil where they may not.
func (a *App) readCorrecting(ctx context.Context, read bun.IDB, c *community.Case, score triage.Score, members map[int64]community.Member) (*correcting, error) {
	me := access.From(ctx).Member
	if !me.MayCorrect(c) || c.State == community.Gone {
		return nil, nil
	}
	labels, err := moderation.LabelsOf(ctx, read, me, c.MentionID)
	if err != nil {
		return nil, err
	}
	by := func(h triage.Head) string {
		if l := labels[h]; l != nil {
			return members[l.MemberID].PublicName
		}
		return ""
	}
	v := &correcting{Mention: c.MentionID, Moves: me.Role.Employee()}
	for _, h := range moderation.CorrectableHeads {
		on := score.Of(h) >= evident
		t := toggle{Label: T(ctx, "head."+string(h)), On: on, Presses: string(h) + ":yes", By: by(h)}
		if on {
			t.Presses = string(h) + ":no"
		}
		v.Heads = append(v.Heads, t)
	}
	topics, err := community.Topics(ctx, read, me.BrandID)
	if err != nil || len(topics) == 0 {
		return v, err
	}
	said := by(moderation.AboutTopic)
	for _, t := range topics {
		on := len(score.Topics) > 0 && score.Topics[0].Name == t.Name
		v.Topics = append(v.Topics, toggle{Label: t.Name, On: on, Presses: "topic:" + strconv.FormatInt(t.ID, 10), By: said})
	}
	v.Topics = append(v.Topics, toggle{Label: T(ctx, "correct.no_topic"), On: len(score.Topics) == 0, Presses: "topic:0", By: said})
	return v, nil
}

// readSaid reads what a press of a toggle says.
func readSaid(text string) (moderation.Said, error) {
	head, what, _ := strings.Cut(text, ":")
	said := moderation.Said{Head: triage.Head(head), Yes: what == "yes"}
	if said.Head == moderation.AboutTopic {
		id, err := strconv.ParseInt(what, 10, 64)
		if err != nil {
			return said, &community.Invalid{Field: "topic", Sentence: "this form cannot be read"}
		}
		said.Topic = id
	}
	return said, nil
}

// correct stores what the reader says of the customer's post, and shows what follows from it.
func (a *App) correct(w http.ResponseWriter, r *http.Request) error {
	err := a.onCase(r, func(ctx context.Context, tx community.Tx, me *community.Member, id int64) (community.Case, error) {
		c, err := community.FindCase(ctx, tx, me, id)
		if err != nil {
			return c, err
		}
		what, err := readSaid(r.PostFormValue("said"))
		if err != nil {
			return c, err
		}
		mention, err := strconv.ParseInt(r.PostFormValue("mention"), 10, 64)
		if err != nil {
			return c, &community.Invalid{Field: "mention", Sentence: "this form cannot be read"}
		}
		if c.MentionID != mention {
			return c, community.ErrChanged
		}
		return c, a.Intake.Correct(ctx, tx, me, mention, moderation.FromCase, []moderation.Said{what})
	})
	if err != nil {
		return err
	}
	return a.showCase(w, r, &said{Text: T(r.Context(), "correct.thanks"), Until: view(r.Context()).Now.Add(toastLife), Corrected: true})
}
