package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-chi/chi/v5"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// joining is the page on which somebody learns what taking part means, and applies.
type joining struct {
	profileForm
	Brand      community.Brand
	Programme  community.Programme
	Words      community.ProgrammeWords // in the reader's language
	Action     string                   // where the form goes
	Invited    string                   // the name they were invited by, "" for who comes by themselves
	Note       string                   // of whoever invited them
	Motivation string
	Email      string // of who has no account yet
	Stranger   bool   // has no account yet
	Agrees     bool
	Discloses  bool
}

func (a *App) join(w http.ResponseWriter, r *http.Request) error {
	brand, err := community.FindBrand(r.Context(), a.DB.Read(), chi.URLParam(r, "brand"))
	if err != nil {
		return err
	}
	return a.showJoin(w, r, brand, community.Invitation{}, community.Applying{}, nil)
}

func (a *App) joinInvited(w http.ResponseWriter, r *http.Request) error {
	brand, invited, err := a.invitation(r)
	if err != nil {
		return err
	}
	f := community.Applying{Profile: community.Profile{PublicName: invited.Name, Topics: slices.Concat(invited.Topics, invited.Proven)}}
	return a.showJoin(w, r, brand, invited, f, nil)
}

// invitation reads the invitation that an address carries, and whose it is.
func (a *App) invitation(r *http.Request) (community.Brand, community.Invitation, error) {
	invited, err := community.FindInvitation(r.Context(), a.DB.Read(), chi.URLParam(r, "secret"), a.Now())
	if err != nil {
		return community.Brand{}, invited, err
	}
	brands, err := community.Brands(r.Context(), a.DB.Read())
	return brands[invited.BrandID], invited, err
}

// showJoin shows the page, with what was sent and what is wrong with it.
func (a *App) showJoin(w http.ResponseWriter, r *http.Request, brand community.Brand, invited community.Invitation, f community.Applying, failed *access.Failure) error {
	ctx, db := r.Context(), a.DB.Read()
	p, err := community.ProgrammeOf(ctx, db, brand.ID)
	if err != nil {
		return err
	}
	topics, err := community.Topics(ctx, db, brand.ID)
	if err != nil {
		return err
	}
	if invited.ID == 0 {
		topics = p.Offered(topics)
	}
	id := access.From(ctx)
	if failed == nil && len(f.Profile.Languages) == 0 {
		f.Profile.Languages = []string{view(ctx).Lang}
		if id != nil && f.Profile.PublicName == "" {
			f.Profile.PublicName = id.Person.Name
		}
	}
	form, err := a.fill(ctx, brand.ID, f.Profile)
	if err != nil {
		return err
	}
	for _, t := range topics {
		form.Choices = append(form.Choices, topicChoice{Topic: t, Chosen: slices.Contains(f.Profile.Topics, t.ID)})
	}
	form.Failed = failed
	v := joining{
		profileForm: form, Brand: brand, Programme: p, Words: p.Words[view(ctx).Lang], Action: r.URL.Path, Invited: invited.Name, Note: invited.Note,
		Motivation: f.Motivation, Email: r.PostFormValue("email"), Stranger: id == nil, Agrees: f.Agrees, Discloses: f.Discloses,
	}
	status := http.StatusOK
	if failed != nil {
		status = failed.Status
	}
	return render(w, r, status, joinPage(v))
}

func (a *App) apply(w http.ResponseWriter, r *http.Request) error {
	brand, err := community.FindBrand(r.Context(), a.DB.Read(), chi.URLParam(r, "brand"))
	if err != nil {
		return err
	}
	return a.takeApplication(w, r, brand, community.Invitation{})
}

func (a *App) applyInvited(w http.ResponseWriter, r *http.Request) error {
	brand, invited, err := a.invitation(r)
	if err != nil {
		return err
	}
	return a.takeApplication(w, r, brand, invited)
}

// takeApplication stores what was sent, and signs in who was not known before.
func (a *App) takeApplication(w http.ResponseWriter, r *http.Request, brand community.Brand, invited community.Invitation) error {
	if err := r.ParseForm(); err != nil {
		return &community.Invalid{Field: "public_name", Sentence: "this form cannot be read"}
	}
	ctx, id := r.Context(), access.From(r.Context())
	version, _ := strconv.Atoi(r.PostFormValue("code_version")) // 0 is no version
	f := community.Applying{
		Profile: readProfile(r.PostForm), Motivation: r.PostFormValue("motivation"), CodeVersion: version,
		Agrees: r.PostFormValue("agrees") != "", Discloses: r.PostFormValue("discloses") != "", Secret: chi.URLParam(r, "secret"),
	}
	apply := func(ctx context.Context, tx listeners.Tx, personID int64) error {
		f.PersonID = personID
		_, err := community.Apply(ctx, tx, brand.ID, f)
		return err
	}
	var err error
	if id != nil {
		err = a.write(ctx, func(ctx context.Context, tx listeners.Tx) error { return apply(ctx, tx, id.Person.ID) })
	} else {
		p := access.Person{Email: r.PostFormValue("email"), Name: f.Profile.PublicName, Language: view(ctx).Lang}
		err = a.Guard.Register(ctx, p, r.PostFormValue("password"), func(ctx context.Context, tx listeners.Tx, p access.Person) error {
			return apply(ctx, tx, p.ID)
		})
	}
	if errors.Is(err, access.ErrKnown) {
		err = &community.Invalid{Field: "email", Sentence: access.ErrKnown.Error()}
	}
	if failed := access.Explain(err); err != nil && failed.Field != "" {
		return a.showJoin(w, r, brand, invited, f, &failed)
	}
	if err != nil {
		return err
	}
	goTo(w, r, "/application")
	return nil
}
