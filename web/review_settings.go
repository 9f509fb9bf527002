package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
)

// reviewRules are the form of the review settings.
type reviewRules struct {
	moderation.ReviewSettings
	Able   int  // how many people can be expected to review
	May    bool // the reader may change them
	Kept   bool // they have just been changed
	Failed *community.Invalid
}

func (a *App) reviewSettings(w http.ResponseWriter, r *http.Request) error {
	me := access.From(r.Context()).Member
	s, err := moderation.ReviewSettingsOf(r.Context(), a.DB.Read(), me.BrandID)
	if err != nil {
		return err
	}
	return a.showReviewRules(w, r, http.StatusOK, reviewRules{ReviewSettings: s, Kept: r.URL.Query().Get("kept") != ""})
}

func (a *App) showReviewRules(w http.ResponseWriter, r *http.Request, status int, v reviewRules) (err error) {
	v.May = a.Guard.May(r.Context(), "settings", "change")
	if v.Able, err = moderation.Reviewers(r.Context(), a.DB.Read(), access.From(r.Context()).Member.BrandID); err != nil {
		return err
	}
	return render(w, r, status, reviewRulesPage(v))
}

func (a *App) setReviewSettings(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &community.Invalid{Field: "quorum", Sentence: "this form cannot be read"}
	}
	s := readReviewSettings(r.PostForm)
	err := a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return moderation.SetReview(ctx, tx, access.From(ctx).Member, s)
	})
	if wrong := (*community.Invalid)(nil); errors.As(err, &wrong) {
		return a.showReviewRules(w, r, http.StatusUnprocessableEntity, reviewRules{ReviewSettings: s, Failed: wrong})
	}
	if err != nil {
		return err
	}
	goTo(w, r, "/settings/review?kept=yes")
	return nil
}

// readReviewSettings reads the form; what is no number is -1, which no check lets pass.
func readReviewSettings(form url.Values) moderation.ReviewSettings {
	number := func(name string) int {
		n, err := strconv.Atoi(strings.TrimSpace(form.Get(name)))
		if err != nil {
			return -1
		}
		return n
	}
	return moderation.ReviewSettings{
		FourEyes: form.Get("four_eyes") != "", StaffToo: form.Get("staff_too") != "", PeersAlone: form.Get("peers_alone") != "", Pairs: form.Get("pairs") != "",
		Quorum: number("quorum"), RiskFrom: number("risk_from"), AlarmAfter: number("alarm_after"),
		Apprentices: number("apprentices"), Advocates: number("advocates"), Trusted: number("trusted"),
	}
}

// number is a field of the form that holds a number.
func (v reviewRules) number(ctx context.Context, name, label string, n int) Field {
	f := Field{Name: name, Label: label, Type: "number", Value: strconv.Itoa(n)}
	if v.Failed != nil && v.Failed.Field == name {
		f.Error = Sentence(ctx, v.Failed.Sentence)
	}
	return f
}

// names lists names in a sentence.
func names(all []string) string { return strings.Join(all, ", ") }
