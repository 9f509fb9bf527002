package web

import (
	"context"
	"net/http"
	"strconv"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
)

// dock is where a member acts on a case, below its thread.
type dock struct {
	Kind     dockKind
	Me       *community.Member
	Holder   string            // who holds the case, if somebody else does
	Waits    *community.Answer // what waits for a reviewer, nil for nothing
	Author   string            // of Waits, if it is not the reader
	Text     string            // what the member has written so far
	Kept     bool              // there is such a text
	Seen     int64             // the customer's latest post that the member has seen
	Again    bool              // the customer has written since
	Verdict  *verdict          // what a reviewer said of the reader's latest answer, nil for nothing
	Why      string            // a person looks at the answer first because of this; "" if it leaves at once
	Limit    int               // of the network
	Error    string
	Assisted bool // most of Text is what a machine wrote
}

// dockKind is what the dock offers.
type dockKind string

// The kinds of docks.
const (
	dockFree   dockKind = "free"    // the case can be claimed
	dockWrite  dockKind = "write"   // the member writes
	dockByHand dockKind = "by_hand" // the case can only be answered on the network
	dockRead   dockKind = "read"    // there is nothing to do; the claim bar says why
)

// typed is what a composer's form carried.
type typed struct {
	Text  string
	Seen  int64
	Fence int64
	Error string // why it was refused
}

func readTyped(r *http.Request) typed {
	form := typed{Text: newlines(r.PostFormValue("text"))}
	form.Seen, _ = strconv.ParseInt(r.PostFormValue("seen"), 10, 64)
	form.Fence, _ = strconv.ParseInt(r.PostFormValue("fence"), 10, 64)
	return form
}

// readDock reads how a case stands for the reader. What a form carried goes before what is stored.
func (a *App) readDock(ctx context.Context, read bun.IDB, c *community.Case, members map[int64]community.Member, form typed) (dock, error) {
	me, now := access.From(ctx).Member, view(ctx).Now
	d := dock{Me: me, Seen: c.MentionID, Error: form.Error}
	if c.HolderID != me.ID && c.State == community.Claimed && c.HeldUntil > now {
		d.Holder = members[c.HolderID].PublicName
	}
	draft, err := community.DraftOf(ctx, read, me, c.ID)
	if err != nil {
		return d, err
	}
	d.Text, d.Assisted = draft.Text, draft.Assisted
	if form.Text != "" {
		d.Text = form.Text
	}
	d.Kept = d.Text != ""
	switch {
	case form.Seen != 0:
		d.Seen = form.Seen
	case draft.Text != "" && form.Text == "":
		d.Seen = draft.MentionID
	}
	d.Again = d.Seen != c.MentionID
	if d.Verdict, err = a.latestVerdict(ctx, read, c); err != nil {
		return d, err
	}
	d.Kind = d.kind(c, c.HeldBy(me, now), c.Free(now))
	if c.State == community.InReview {
		if err := d.readWaiting(ctx, read, c, members); err != nil {
			return d, err
		}
	}
	if d.Kind == dockWrite {
		account, err := moderation.Poster(ctx, read, me, c)
		if err != nil {
			return d, err
		}
		d.Limit = a.Desk.Network(c.Network).Count(account, "").Limit
		needed, err := a.Desk.WhyReview(ctx, read, me, c, "", now)
		d.Why = needed.Why
		return d, err
	}
	return d, err
}

func (d *dock) kind(c *community.Case, held, free bool) dockKind {
	switch {
	case !held && !free:
		if d.Kept && c.State == community.Claimed {
			return dockWrite // somebody else has it; the text stays where it was
		}
		return dockRead
	case !d.Me.MayAnswer(c):
		return dockRead
	case c.Delivery == listeners.Blocked:
		return dockByHand
	case held || d.Kept:
		return dockWrite
	}
	return dockFree
}

func (d *dock) readWaiting(ctx context.Context, read bun.IDB, c *community.Case, members map[int64]community.Member) error {
	answers, err := community.Answers(ctx, read, d.Me, c.ID)
	for i := range answers {
		if answers[i].State == community.Submitted && answers[i].CorrectsID == 0 {
			d.Waits = &answers[i]
			if d.Waits.MemberID != d.Me.ID {
				d.Author = members[d.Waits.MemberID].PublicName
			}
		}
	}
	return err
}

// standing says how the case stands for the reader, where nothing counts down.
func (v casePage) standing(ctx context.Context) string {
	d, c := v.Dock, &v.Case
	switch c.State {
	case community.Open, community.Claimed:
		switch {
		case d.Holder != "" && d.Kept:
			return T(ctx, "claim.taken_kept", "name", d.Holder)
		case d.Holder != "":
			return T(ctx, "claim.taken", "name", d.Holder)
		case c.Hold != "":
			return T(ctx, "hold.first")
		case !d.Me.MayAnswer(c):
			return T(ctx, "claim.not_yet")
		case d.Kind == dockWrite:
			return T(ctx, "claim.lapsed")
		case d.Kind == dockByHand:
			return T(ctx, "claim.by_hand")
		}
		return T(ctx, "claim.free")
	case community.InReview:
		if d.Waits != nil && d.Author == "" {
			return T(ctx, "claim.review_mine")
		}
		return T(ctx, "claim.review", "name", d.Author)
	case community.Answered:
		if c.AnsweredBy == 0 || c.AnsweredAt < c.CustomerAt {
			return T(ctx, "claim.on_its_way")
		}
		return T(ctx, "claim.answered")
	}
	return T(ctx, endTexts[c.State])
}

// endTexts say why there is nothing to do for a case.
var endTexts = map[community.State]string{
	community.AnsweredElsewhere: "claim.elsewhere",
	community.Resolved:          "claim.resolved",
	community.Closed:            "claim.closed",
	community.Ignored:           "claim.ignored",
	community.Gone:              "claim.gone",
}

// stateTexts are the states of a case in a word or two.
var stateTexts = map[community.State]string{
	community.Open:              "state.open",
	community.Claimed:           "state.claimed",
	community.InReview:          "state.in_review",
	community.Answered:          "state.answered",
	community.AnsweredElsewhere: "state.answered_elsewhere",
	community.Resolved:          "state.resolved",
	community.Closed:            "state.closed",
	community.Ignored:           "state.ignored",
	community.Gone:              "state.gone",
}
