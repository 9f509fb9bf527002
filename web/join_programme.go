package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// programmeForm is a brand's programme as its admin changes it.
type programmeForm struct {
	community.Programme
	Brand  community.Brand
	All    []community.Topic
	Failed *access.Failure
	Kept   bool
	May    bool // change it
}

// wrong is the sentence about a field of the form that was sent, "" where nothing is wrong with it.
func (f programmeForm) wrong(ctx context.Context, field string) string {
	if f.Failed == nil || f.Failed.Field != field {
		return ""
	}
	return Sentence(ctx, f.Failed.Sentence)
}

// offers tells whether somebody may apply for a topic.
func (f programmeForm) offers(id int64) bool {
	return len(f.Topics) == 0 || slices.Contains(f.Topics, id)
}

func (a *App) programme(w http.ResponseWriter, r *http.Request) error {
	p, err := community.ProgrammeOf(r.Context(), a.DB.Read(), access.From(r.Context()).Brand.ID)
	if err != nil {
		return err
	}
	return a.showProgramme(w, r, programmeForm{Programme: p, Kept: r.URL.Query().Get("kept") != ""})
}

func (a *App) showProgramme(w http.ResponseWriter, r *http.Request, f programmeForm) (err error) {
	f.Brand, f.May = access.From(r.Context()).Brand, a.Guard.May(r.Context(), "programme", "change")
	if f.All, err = community.Topics(r.Context(), a.DB.Read(), f.Brand.ID); err != nil {
		return err
	}
	status := http.StatusOK
	if f.Failed != nil {
		status = f.Failed.Status
	}
	return render(w, r, status, programmePage(f))
}

func (a *App) changeProgramme(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &community.Invalid{Field: "open", Sentence: "this form cannot be read"}
	}
	p := community.Programme{
		Open: r.PostFormValue("open") != "", Topics: readProfile(r.PostForm).Topics, Words: map[string]community.ProgrammeWords{},
	}
	for _, code := range Languages {
		said := func(name string) string { return plainLines(r.PostFormValue(name + "_" + code)) }
		p.Words[code] = community.ProgrammeWords{Do: said("do"), Get: said("get"), Data: said("data"), Code: said("code")}
	}
	err := a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return community.SetProgramme(ctx, tx, access.From(ctx).Member, p)
	})
	if failed := access.Explain(err); err != nil && failed.Field != "" {
		return a.showProgramme(w, r, programmeForm{Programme: p, Failed: &failed})
	}
	if err != nil {
		return err
	}
	goTo(w, r, "/settings/programme?kept=yes")
	return nil
}

// plainLines is a text from a form with the line ends that a program writes, so that a text that was
// not changed is the same as before.
func plainLines(text string) string {
	return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
}
