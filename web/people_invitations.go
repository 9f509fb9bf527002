package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// inviting is the page on which staff invite people.
type inviting struct {
	Form    community.Invitation
	Topics  []community.Topic
	All     []community.Invitation
	Members map[int64]community.Member
	Shown   string // the link just made, the only time it can be read
	Failed  *access.Failure
}

func (a *App) invitations(w http.ResponseWriter, r *http.Request) error {
	return a.showInvitations(w, r, inviting{Form: community.Invitation{Level: 1}})
}

func (a *App) showInvitations(w http.ResponseWriter, r *http.Request, v inviting) (err error) {
	ctx, me, db := r.Context(), access.From(r.Context()).Member, a.DB.Read()
	if v.All, err = community.Invitations(ctx, db, me, 100); err != nil {
		return err
	}
	if v.Topics, err = community.Topics(ctx, db, me.BrandID); err != nil {
		return err
	}
	if v.Members, err = community.Members(ctx, db, me.BrandID); err != nil {
		return err
	}
	status := http.StatusOK
	if v.Failed != nil {
		status = v.Failed.Status
	}
	return render(w, r, status, invitationsPage(v))
}

// wrong is the sentence about a field of the form that was sent, "" where nothing is wrong with it.
func (v inviting) wrong(ctx context.Context, field string) string {
	if v.Failed == nil || v.Failed.Field != field {
		return ""
	}
	return Sentence(ctx, v.Failed.Sentence)
}

// invite makes an invitation and shows its link on the page that answers: the link stands in no
// address and cannot be read again.
func (a *App) invite(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &community.Invalid{Field: "name", Sentence: "this form cannot be read"}
	}
	i := community.Invitation{Name: r.PostFormValue("name"), Note: r.PostFormValue("note"), Topics: readProfile(r.PostForm).Topics}
	i.Level, _ = strconv.Atoi(r.PostFormValue("level")) // 0 is refused
	var secret string
	err := a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) (err error) {
		secret, _, err = community.Invite(ctx, tx, access.From(ctx).Member, i)
		return err
	})
	if f := access.Explain(err); err != nil && f.Field != "" {
		return a.showInvitations(w, r, inviting{Form: i, Failed: &f})
	}
	if err != nil {
		return err
	}
	return a.showInvitations(w, r, inviting{Form: community.Invitation{Level: 1}, Shown: a.invitationURL(secret)})
}

// invitationURL is where an invitation leads.
func (a *App) invitationURL(secret string) string {
	return a.Guard.PublicURL + "/join/invited/" + secret
}

func (a *App) revokeInvitation(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "invitation")
	if err != nil {
		return err
	}
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return community.RevokeInvitation(ctx, tx, access.From(ctx).Member, id)
	})
	if err != nil {
		return err
	}
	goTo(w, r, "/people/invitations")
	return nil
}

// invitationState is how an invitation stands, as the id of its text.
func invitationState(ctx context.Context, i community.Invitation) string {
	switch {
	case i.UsedAt != 0:
		return T(ctx, "people.invitation_used", "day", Day(ctx, i.UsedAt))
	case i.RevokedAt != 0:
		return T(ctx, "people.invitation_revoked")
	case i.ExpiresAt <= view(ctx).Now:
		return T(ctx, "people.invitation_over")
	}
	return T(ctx, "people.invitation_until", "day", Day(ctx, i.ExpiresAt))
}

// levelText names a level of trust with what it is called.
func levelText(ctx context.Context, level int) string { return T(ctx, fmt.Sprintf("trust.t%d", level)) }
