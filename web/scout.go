package web

import (
	"context"
	"net/http"
	"slices"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// scouting is the page of people who already answer other customers.
type scouting struct {
	Helpers []community.Helper
	Topics  map[int64]string
	Thanks  string // the text to send to whom was just invited, "" for nobody
	Name    string // whom
}

func (a *App) scout(w http.ResponseWriter, r *http.Request) error {
	return a.showScout(w, r, scouting{})
}

func (a *App) showScout(w http.ResponseWriter, r *http.Request, v scouting) (err error) {
	ctx, me, db := r.Context(), access.From(r.Context()).Member, a.DB.Read()
	if v.Helpers, err = community.Helpers(ctx, db, me, 0, a.Now()); err != nil {
		return err
	}
	topics, err := community.Topics(ctx, db, me.BrandID)
	v.Topics = make(map[int64]string, len(topics))
	for _, t := range topics {
		v.Topics[t.ID] = t.Name
	}
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, scoutPage(v))
}

// inviteHelper makes an invitation for a customer who helps others, and a text that thanks them with
// it. A person sends it: nothing is posted from here.
func (a *App) inviteHelper(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "account")
	if err != nil {
		return err
	}
	var secret string
	var h community.Helper
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) (err error) {
		secret, h, err = community.InviteHelper(ctx, tx, access.From(ctx).Member, id)
		return err
	})
	if err != nil {
		return err
	}
	lang := helperLanguage(r.PostFormValue("language"), view(r.Context()).Lang)
	thanks := Text(lang, "scout.thanks", "handle", h.Account.Handle, "brand", access.From(r.Context()).Brand.Name, "link", a.invitationURL(secret))
	return a.showScout(w, r, scouting{Thanks: thanks, Name: h.Account.Name})
}

// helperLanguage is the language in which somebody is thanked.
func helperLanguage(asked, mine string) string {
	if slices.Contains(Languages, asked) {
		return asked
	}
	return mine
}
