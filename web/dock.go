package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"

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
	Core     community.Core    // the locked facts that the answer carries; Text stands before them, Close after
	Close    string
	Incident community.Incident // that the case is about
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

	Own   bool   // Text and Close stand around locked facts
	Close string // what follows them
	Facts int64  // those that the writer has seen
}

func readTyped(r *http.Request) typed {
	form := typed{Text: newlines(r.PostFormValue("text"))}
	form.Seen, _ = strconv.ParseInt(r.PostFormValue("seen"), 10, 64)
	form.Fence, _ = strconv.ParseInt(r.PostFormValue("fence"), 10, 64)
	if form.Own = r.PostFormValue("own") != ""; form.Own {
		form.Close = newlines(r.PostFormValue("close"))
		form.Facts, _ = strconv.ParseInt(r.PostFormValue("facts"), 10, 64)
	}
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
	if d.Core, err = community.CoreOf(ctx, read, c); err != nil {
		return d, err
	}
	if d.Core.FactsID != 0 {
		d.Text, d.Close = draft.Words()
	}
	if c.IncidentID != 0 {
		if d.Incident, err = community.FindIncident(ctx, read, c.BrandID, c.IncidentID); err != nil {
			return d, err
		}
	}
	if form.Text != "" || form.Close != "" {
		d.Text, d.Close = form.Text, form.Close
	}
	d.Kept = d.Text != "" || d.Close != ""
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
		room := a.Desk.Network(c.Network).Count(account, d.Core.Text())
		if d.Limit = room.Limit; d.Core.FactsID != 0 {
			d.Limit -= room.Used + 2 // what parts it from the words around it
		}
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
	community.Covered:           "claim.covered",
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
	community.Covered:           "state.covered",
}

// errFactsNew keeps facts from leaving that their writer has not seen.
var errFactsNew = &community.Invalid{Field: "text", Sentence: "the facts of this incident have changed; read them, then send once more"}

// saves keeps what a composer's form carried, and gives the text as it would leave.
func (form typed) saves(ctx context.Context, tx community.Tx, me *community.Member, id int64) (text string, c community.Case, held bool, err error) {
	if !form.Own {
		_, c, held, err = community.SaveDraft(ctx, tx, me, id, form.Text)
		return form.Text, c, held, err
	}
	if c, err = community.FindCase(ctx, tx, me, id); err != nil {
		return "", c, false, err
	}
	core, err := community.CoreOf(ctx, tx, &c)
	if err != nil {
		return "", c, false, err
	}
	_, c, held, err = community.SaveWords(ctx, tx, me, id, form.Text, form.Close)
	return core.Compose(form.Text, form.Close), c, held, err
}

// around puts what was added to the words before the facts back around them.
func (form typed) around(ctx context.Context, tx community.Tx, me *community.Member, id int64) error {
	if !form.Own {
		return nil
	}
	draft, err := community.DraftOf(ctx, tx, me, id)
	if err == nil {
		_, _, _, err = community.SaveWords(ctx, tx, me, id, draft.Text, form.Close)
	}
	return err
}

// whole is the text of a form as it would leave.
func (d *dock) whole(form typed) string {
	if form.Own && strings.TrimSpace(form.Text+form.Close) != "" {
		return d.Core.Compose(form.Text, form.Close)
	}
	return form.Text
}
