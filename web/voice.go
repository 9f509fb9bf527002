package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
)

// voiceForm is the page on which a brand says how it wants to sound.
type voiceForm struct {
	Voice  moderation.Voice
	May    bool // change it
	Saved  bool
	Failed *community.Invalid
}

// wrong is the sentence about a field of the form that was sent, "" where nothing is wrong with it.
func (v voiceForm) wrong(ctx context.Context, field string) string {
	if v.Failed == nil || v.Failed.Field != field {
		return ""
	}
	return Sentence(ctx, v.Failed.Sentence)
}

func (a *App) voice(w http.ResponseWriter, r *http.Request) error {
	set, err := community.Setting(r.Context(), a.DB.Read(), access.From(r.Context()).Member.BrandID, moderation.Voice{})
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, voicePage(voiceForm{Voice: set, May: a.Guard.May(r.Context(), "settings", "change"), Saved: r.URL.Query().Has("saved")}))
}

func (a *App) changeVoice(w http.ResponseWriter, r *http.Request) error {
	set := moderation.Voice{
		Disclosure: strings.TrimSpace(r.PostFormValue("disclosure")),
		Country:    moderation.Country(r.PostFormValue("country")),
		SignOff:    r.PostFormValue("sign_off") != "", Greeting: r.PostFormValue("greeting") != "",
		Address: moderation.Address(r.PostFormValue("address")), Competitors: lines(r.PostFormValue("competitors")), Domains: lines(r.PostFormValue("domains")),
	}
	err := a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return community.Set(ctx, tx, access.From(ctx).Member, set)
	})
	var invalid *community.Invalid
	if errors.As(err, &invalid) {
		return render(w, r, http.StatusUnprocessableEntity, voicePage(voiceForm{Voice: set, May: true, Failed: invalid}))
	}
	if err != nil {
		return err
	}
	goTo(w, r, "/settings/voice?saved")
	return nil
}

// lines are the lines of a form's text that say something.
func lines(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}
