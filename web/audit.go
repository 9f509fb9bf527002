package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/triage"
)

// auditPage is one post to be labelled, of many in a row.
type auditPage struct {
	Head  triage.Head
	Drawn *moderation.Drawn // nil: there is none left
	Who   string
	Skip  int
	Done  int // that the reader has labelled in this row
}

// auditPath is the page that asks about a head after so many were skipped and labelled.
func auditPath(h triage.Head, skip, done int) string {
	return "/quality/audit?" + url.Values{"head": {string(h)}, "skip": {strconv.Itoa(skip)}, "done": {strconv.Itoa(done)}}.Encode()
}

func readAudit(values url.Values) auditPage {
	v := auditPage{Head: triage.Head(values.Get("head"))}
	if !moderation.Correctable(v.Head) {
		v.Head = triage.Staff
	}
	v.Skip, _ = strconv.Atoi(values.Get("skip"))
	v.Done, _ = strconv.Atoi(values.Get("done"))
	return v
}

func (a *App) audit(w http.ResponseWriter, r *http.Request) (err error) {
	ctx, me := r.Context(), access.From(r.Context()).Member
	v := readAudit(r.URL.Query())
	v.Drawn, err = moderation.Draw(ctx, a.DB.Read(), me, v.Head, v.Skip, view(ctx).Now)
	if err != nil {
		return err
	}
	if v.Drawn != nil {
		v.Who = handle(v.Drawn.Mention.Account)
		v.Drawn.Mention.Text = shownTo(me, v.Drawn.Mention.Text)
	}
	return render(w, r, http.StatusOK, auditView(v))
}

// labelDrawn stores what the reader says of a drawn post, and goes on to the next.
func (a *App) labelDrawn(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &community.Invalid{Field: "said", Sentence: "this form cannot be read"}
	}
	v := readAudit(r.PostForm)
	answer := r.PostForm.Get("said")
	if answer != "yes" && answer != "no" {
		goTo(w, r, auditPath(v.Head, v.Skip+1, v.Done))
		return nil
	}
	mention, err := strconv.ParseInt(r.PostForm.Get("mention"), 10, 64)
	if err != nil {
		return &community.Invalid{Field: "mention", Sentence: "this form cannot be read"}
	}
	source := moderation.FromRandom
	if r.PostForm.Get("source") == string(moderation.FromUnsure) {
		source = moderation.FromUnsure
	}
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return a.Intake.Correct(ctx, tx, access.From(ctx).Member, mention, source, []moderation.Said{{Head: v.Head, Yes: answer == "yes"}})
	})
	if err != nil {
		return err
	}
	goTo(w, r, auditPath(v.Head, 0, v.Done+1))
	return nil
}
