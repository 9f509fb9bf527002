package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// changePage is an answer of ours that stands on a network, where it can be corrected and deleted.
type changePage struct {
	Reply    listeners.Reply
	Case     community.Case
	Answer   community.Answer
	Post     listeners.Mention // that it answers
	Author   string            // where it is not the reader
	Now      listeners.ReplyNow
	Can      listeners.Changeable
	Deletes  bool   // the reader may delete it
	Stands   string // why it cannot be changed now, as a sentence; "" where it can
	Reviewed string // why a person reads a correction first; "" where nobody has to
	Text     string // as it was typed
	Failed   access.Failure
}

func changePath(reply string) string { return "/replies/" + reply + "/change" }

func (a *App) change(w http.ResponseWriter, r *http.Request) error {
	v, err := a.readChange(r.Context(), chi.URLParam(r, "reply"))
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, changeView(v))
}

func (a *App) readChange(ctx context.Context, id string) (v changePage, err error) {
	me, read := access.From(ctx).Member, a.DB.Read()
	if v.Reply, v.Case, v.Answer, err = community.ToChange(ctx, read, me, id); err != nil {
		return v, err
	}
	conn, err := listeners.FindConnection(ctx, read, v.Reply.ConnectionID)
	if err != nil {
		return v, err
	}
	v.Can, v.Deletes = a.Deliverer.Changeable(conn, v.Reply), me.Role.Employee()
	if v.Now, err = community.ReplyNow(ctx, read, &v.Reply); errors.Is(err, listeners.ErrChanging) || errors.Is(err, community.ErrNotSent) {
		v.Stands = Sentence(ctx, access.Explain(err).Sentence)
	} else if err != nil {
		return v, err
	}
	v.Text = v.Now.Text
	mentions, err := listeners.FindMentions(ctx, read, []int64{v.Reply.MentionID})
	if err != nil {
		return v, err
	}
	v.Post = mentions[v.Reply.MentionID]
	v.Post.Text = shownTo(me, v.Post.Text)
	if v.Answer.MemberID != me.ID {
		members, err := community.Members(ctx, read, me.BrandID)
		if err != nil {
			return v, err
		}
		v.Author = members[v.Answer.MemberID].PublicName
	}
	needed, err := a.Desk.WhyReview(ctx, read, me, &v.Case, "", view(ctx).Now)
	v.Reviewed = needed.Why
	return v, err
}

// correctReply gives a sent answer other words, or lets a reviewer read them first.
func (a *App) correctReply(w http.ResponseWriter, r *http.Request) error {
	text := newlines(r.PostFormValue("text"))
	return a.changeReply(w, r, text, func(ctx context.Context, tx listeners.Tx, me *community.Member, v *changePage) error {
		_, err := a.Desk.Correct(ctx, tx, me, v.Reply.ID, text, v.Can)
		return err
	})
}

// deleteReply takes a sent answer from its network.
func (a *App) deleteReply(w http.ResponseWriter, r *http.Request) error {
	d := community.Deletion{
		ID: a.Desk.NewID(), Why: r.PostFormValue("why"), Note: newlines(r.PostFormValue("note")), Reopen: r.PostFormValue("reopen") != "",
	}
	return a.changeReply(w, r, "", func(ctx context.Context, tx listeners.Tx, me *community.Member, v *changePage) error {
		return community.DeleteReply(ctx, tx, me, v.Reply.ID, v.Can, d)
	})
}

// changeReply does something about a sent answer and leads to its case. What cannot be done comes back with
// the reason, and nothing typed is lost.
func (a *App) changeReply(w http.ResponseWriter, r *http.Request, typed string, do func(context.Context, listeners.Tx, *community.Member, *changePage) error) error {
	me := access.From(r.Context()).Member
	v, err := a.readChange(r.Context(), chi.URLParam(r, "reply"))
	if err != nil {
		return err
	}
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error { return do(ctx, tx, me, &v) })
	if err != nil {
		failed := access.Explain(err)
		if failed.Status != http.StatusUnprocessableEntity && failed.Status != http.StatusConflict {
			return err
		}
		v.Failed = failed
		if typed != "" {
			v.Text = typed
		}
		return render(w, r, failed.Status, changeView(v))
	}
	goTo(w, r, casePath(v.Case.ID))
	return nil
}

// wrong is the sentence about an input, "" where nothing is wrong with it.
func (v changePage) wrong(ctx context.Context, field string) string {
	if v.Failed.Sentence == "" || v.Failed.Field != field {
		return ""
	}
	return Sentence(ctx, v.Failed.Sentence)
}

// cannotEdit says why a network does not let an answer be edited, and what to do instead.
var cannotEdit = map[string]string{
	"by_hand": "change.by_hand", "private": "change.private", "edit_over": "change.edit_over", "no_edit": "change.no_edit",
}

// deleteTexts are the reasons to delete an answer.
var deleteTexts = map[string]string{
	community.WasWrong: "change.was_wrong", community.WasRude: "change.was_tone", community.WasPrivate: "change.was_private", community.WasNeeded: "change.was_needless",
}

// hidePage is a customer's post that is to be hidden.
type hidePage struct {
	Case   community.Case
	Post   listeners.Mention
	Cannot string // why its network does not hide it, as a sentence; "" where it can
	Error  string
	Reason string
}

func hidePath(mention int64) string { return fmt.Sprintf("/posts/%d/hide", mention) }
func showPath(mention int64) string { return fmt.Sprintf("/posts/%d/show", mention) }

func (a *App) hidePost(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "mention")
	if err != nil {
		return err
	}
	v := hidePage{}
	if v.Post, v.Case, err = community.ToHide(r.Context(), a.DB.Read(), access.From(r.Context()).Member, id); err != nil {
		return err
	}
	conn, err := listeners.FindConnection(r.Context(), a.DB.Read(), v.Post.ConnectionID)
	if err != nil {
		return err
	}
	if !a.Deliverer.Hides(conn) {
		v.Cannot = Sentence(r.Context(), listeners.ErrNoHiding.Error())
		return render(w, r, http.StatusConflict, hideView(v))
	}
	if r.Method == http.MethodGet {
		return render(w, r, http.StatusOK, hideView(v))
	}
	v.Reason = strings.TrimSpace(newlines(r.PostFormValue("reason")))
	err = a.hides(r.Context(), v.Post, true, v.Reason)
	var invalid *community.Invalid
	if errors.As(err, &invalid) {
		v.Error = Sentence(r.Context(), invalid.Sentence)
		return render(w, r, http.StatusUnprocessableEntity, hideView(v))
	}
	if err != nil {
		return err
	}
	goTo(w, r, casePath(v.Case.ID))
	return nil
}

// showPost lets a post be seen again that the brand hides.
func (a *App) showPost(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "mention")
	if err != nil {
		return err
	}
	post, c, err := community.ToHide(r.Context(), a.DB.Read(), access.From(r.Context()).Member, id)
	if err != nil {
		return err
	}
	if err := a.hides(r.Context(), post, false, ""); err != nil {
		return err
	}
	goTo(w, r, casePath(c.ID))
	return nil
}

func (a *App) hides(ctx context.Context, post listeners.Mention, hide bool, why string) error {
	conn, err := listeners.FindConnection(ctx, a.DB.Read(), post.ConnectionID)
	if err != nil {
		return err
	}
	can := a.Deliverer.Hides(conn)
	return a.write(ctx, func(ctx context.Context, tx listeners.Tx) error {
		return community.HidePost(ctx, tx, access.From(ctx).Member, post.ID, hide, can, a.Desk.NewID(), why)
	})
}

// afterwards is what happened to a post of a thread since it stands there, and what can be done about it.
type afterwards struct {
	Notes  []chipText
	Was    string // what an answer of ours said before; only who may read it has it
	Change string // where an answer of ours can be corrected or deleted; "" where the reader can do neither
	May    string // catalog key of what can be done there
	Key    string // that goes there, "" for none
	Hide   string // where a customer's post can be hidden
	Show   string // where it can be shown again
}

type chipText struct{ Text, Look string }

// changeTexts say how a change stands that is under way or has failed.
var changeTexts = map[listeners.ChangeKind]struct{ going, failed string }{
	listeners.EditReply:   {"change.editing", "change.edit_failed"},
	listeners.DeleteReply: {"change.deleting", "change.delete_failed"},
	listeners.HidePost:    {"change.hiding", "change.hide_failed"},
	listeners.ShowPost:    {"change.showing", "change.show_failed"},
}

func (p *afterwards) note(ctx context.Context, c *listeners.Change) {
	switch {
	case c.State.InFlight():
		p.Notes = append(p.Notes, chipText{T(ctx, changeTexts[c.Kind].going), "warning"})
	case c.State == listeners.NotChanged:
		why := "network_error." + c.Error
		if class := listeners.Class(c.Error); class == listeners.Forbidden || class == listeners.NotEligible {
			why = "change.not_allowed"
		}
		p.Notes = append(p.Notes, chipText{T(ctx, changeTexts[c.Kind].failed) + " " + T(ctx, why), "bad"})
	}
}

// replyAfterwards is what became of a reply that was sent, by a case's changes. can is what can be done to it.
func replyAfterwards(ctx context.Context, can func(*listeners.Reply) listeners.Changeable, answer *community.Answer, r *listeners.Reply, changes []listeners.Change, members map[int64]community.Member) (p afterwards, now listeners.ReplyNow) {
	me := access.From(ctx).Member
	if now = r.Now(changes); r.State != listeners.Delivered {
		return p, now
	}
	theirs := answer.MemberID == me.ID || me.Role.Employee()
	said := func(key string, c *listeners.Change, look string) {
		p.Notes = append(p.Notes, chipText{T(ctx, key, "name", members[c.MemberID].PublicName, "when", When(ctx, c.DoneAt)), look})
		if theirs {
			p.Was = c.Before
		}
	}
	switch {
	case now.Deleted != nil:
		said("change.deleted", now.Deleted, "bad")
		return p, now
	case now.Edited != nil:
		said("change.edited", now.Edited, "")
	}
	if now.Latest != nil {
		p.note(ctx, now.Latest)
	}
	if !theirs || now.Latest != nil && now.Latest.State.InFlight() {
		return p, now
	}
	if p.May = mayChange(can(r), me.Role.Employee()); p.May != "" {
		p.Change = changePath(r.ID)
	}
	return p, now
}

// mayChange is the catalog key of what can be done to a reply that is on its network; "" for nothing.
func mayChange(can listeners.Changeable, deletes bool) string {
	switch deletes = deletes && can.Delete; {
	case can.Edit && deletes:
		return "change.open"
	case can.Edit:
		return "change.correct"
	case deletes:
		return "change.delete"
	}
	return ""
}

// keyToChange lets the keyboard go to the latest answer that can be changed.
func keyToChange(messages []message) {
	for i := range slices.Backward(messages) {
		if after := &messages[i].After; after.Change != "" {
			after.Key = "m"
			return
		}
	}
}

// postAfterwards is what became of a customer's post; hides tells whether its network lets us hide it.
func postAfterwards(ctx context.Context, me *community.Member, m *listeners.Mention, hides bool, changes []listeners.Change) (p afterwards) {
	var latest *listeners.Change
	for i := range changes {
		if changes[i].MentionID == m.ID {
			latest = &changes[i]
		}
	}
	if m.HiddenAt != 0 {
		text := T(ctx, "change.hidden")
		if latest != nil && latest.Why == listeners.HoldsPhone {
			text = T(ctx, "change.hidden_phone")
		}
		p.Notes = append(p.Notes, chipText{text, "warning"})
	}
	if latest != nil {
		p.note(ctx, latest)
	}
	if !hides || !me.Role.Employee() || m.GoneAt != 0 || m.Surface.Closed() || latest != nil && latest.State.InFlight() {
		return p
	}
	if m.HiddenAt != 0 {
		p.Show = showPath(m.ID)
	} else {
		p.Hide = hidePath(m.ID)
	}
	return p
}

// readCorrected reads what the reply says that a correction is to replace; "" for an answer of its own.
func readCorrected(ctx context.Context, read bun.IDB, answer *community.Answer) (string, error) {
	if answer.CorrectsID == 0 {
		return "", nil
	}
	replies, err := listeners.Replies(ctx, read, []int64{answer.CorrectsID})
	if err != nil {
		return "", err
	}
	changes, err := listeners.ChangesOf(ctx, read, answer.CaseID)
	reply := replies[answer.CorrectsID]
	return reply.Now(changes[answer.CaseID]).Text, err
}

// hidePhones switches whether comments that hold a phone number are hidden.
func hidePhones(on bool) func(context.Context, listeners.Tx, int64) error {
	return func(ctx context.Context, tx listeners.Tx, id int64) error {
		return listeners.HidePhones(ctx, tx, id, on)
	}
}
