package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"
	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// speechTexts are the languages of snippets.
var speechTexts = map[string]string{"en": "snippet.en", "vi": "snippet.vi"}

// snippetsPage is what the page of snippets shows.
type snippetsPage struct {
	Me       *community.Member
	Snippets []community.Snippet
	Uses     map[int64]community.SnippetUse
	Wordings map[int64][]community.Wording // that wait, by snippet
	Members  map[int64]community.Member
	Topics   []community.Topic
	Typed    community.Snippet // what was refused, with its id
	Error    string
	Field    string // that Error is about
}

func (a *App) snippets(w http.ResponseWriter, r *http.Request) error {
	return a.showSnippets(w, r, http.StatusOK, snippetsPage{})
}

func (a *App) showSnippets(w http.ResponseWriter, r *http.Request, status int, v snippetsPage) error {
	err := a.DB.ReadTx(r.Context(), func(ctx context.Context, read bun.IDB) (err error) {
		v.Me = access.From(ctx).Member
		if v.Snippets, err = community.Snippets(ctx, read, v.Me.BrandID); err != nil {
			return err
		}
		ids := make([]int64, len(v.Snippets))
		for i, s := range v.Snippets {
			ids[i] = s.ID
		}
		if v.Uses, err = community.SnippetUses(ctx, read, ids); err != nil {
			return err
		}
		wordings, err := community.Wordings(ctx, read, v.Me)
		if err != nil {
			return err
		}
		v.Wordings = map[int64][]community.Wording{}
		for _, w := range wordings {
			v.Wordings[w.SnippetID] = append(v.Wordings[w.SnippetID], w)
		}
		if v.Members, err = community.Members(ctx, read, v.Me.BrandID); err != nil {
			return err
		}
		v.Topics, err = community.Topics(ctx, read, v.Me.BrandID)
		return err
	})
	if err != nil {
		return err
	}
	return render(w, r, status, snippetsWhole(v))
}

// keepSnippet stores a new snippet, or changes the one that the address names.
func (a *App) keepSnippet(w http.ResponseWriter, r *http.Request) error {
	s := community.Snippet{Name: r.PostFormValue("name"), Text: newlines(r.PostFormValue("text")), Language: r.PostFormValue("language")}
	s.Version, _ = strconv.ParseInt(r.PostFormValue("version"), 10, 64)
	for _, topic := range r.PostForm["topic"] {
		id, _ := strconv.ParseInt(topic, 10, 64)
		s.Topics = append(s.Topics, id)
	}
	if chi.URLParam(r, "snippet") != "" {
		id, err := pathID(r, "snippet")
		if err != nil {
			return err
		}
		s.ID = id
	}
	err := a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		_, err := community.KeepSnippet(ctx, tx, access.From(ctx).Member, s)
		return err
	})
	return a.afterSnippet(w, r, s, err)
}

// afterSnippet goes back to the list, or shows what was refused beside what was typed.
func (a *App) afterSnippet(w http.ResponseWriter, r *http.Request, s community.Snippet, err error) error {
	var invalid *community.Invalid
	switch {
	case err == nil:
		goTo(w, r, "/snippets")
		return nil
	case errors.As(err, &invalid):
		return a.showSnippets(w, r, http.StatusUnprocessableEntity, snippetsPage{Typed: s, Error: Sentence(r.Context(), invalid.Sentence), Field: invalid.Field})
	case errors.Is(err, community.ErrSnippetName):
		return a.showSnippets(w, r, http.StatusConflict, snippetsPage{Typed: s, Error: Sentence(r.Context(), err.Error()), Field: "name"})
	}
	return err
}

func (a *App) retireSnippet(w http.ResponseWriter, r *http.Request) error {
	return a.onSnippet(w, r, "snippet", func(ctx context.Context, tx listeners.Tx, me *community.Member, id int64) error {
		return community.RetireSnippet(ctx, tx, me, id)
	})
}

func (a *App) suggestWording(w http.ResponseWriter, r *http.Request) error {
	text := newlines(r.PostFormValue("text"))
	return a.onSnippet(w, r, "snippet", func(ctx context.Context, tx listeners.Tx, me *community.Member, id int64) error {
		return community.SuggestWording(ctx, tx, me, id, text)
	})
}

func (a *App) decideWording(w http.ResponseWriter, r *http.Request) error {
	accept := r.PostFormValue("accept") == "yes"
	return a.onSnippet(w, r, "wording", func(ctx context.Context, tx listeners.Tx, me *community.Member, id int64) error {
		return community.DecideWording(ctx, tx, me, id, accept)
	})
}

func (a *App) onSnippet(w http.ResponseWriter, r *http.Request, name string, do func(context.Context, listeners.Tx, *community.Member, int64) error) error {
	id, err := pathID(r, name)
	if err != nil {
		return err
	}
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return do(ctx, tx, access.From(ctx).Member, id)
	})
	return a.afterSnippet(w, r, community.Snippet{}, err)
}

// form is a snippet as its form shows it: what was refused, or what is stored.
func (v snippetsPage) form(s community.Snippet) community.Snippet {
	if v.Error != "" && v.Typed.ID == s.ID {
		return v.Typed
	}
	return s
}

// wrong is what is wrong with a field of a snippet's form.
func (v snippetsPage) wrong(s community.Snippet, field string) string {
	if v.Error != "" && v.Typed.ID == s.ID && v.Field == field {
		return v.Error
	}
	return ""
}

// topicsOf names the topics that a snippet is for, or says that it fits all.
func (v snippetsPage) topicsOf(ctx context.Context, s community.Snippet) []string {
	var names []string
	for _, t := range v.Topics {
		if slices.Contains(s.Topics, t.ID) {
			names = append(names, t.Name)
		}
	}
	if names == nil {
		names = []string{T(ctx, "snippet.any_topic")}
	}
	return names
}

// used says how often a snippet was sent and how the customers took it.
func used(ctx context.Context, u community.SnippetUse) string {
	if u.Uses == 0 {
		return T(ctx, "snippet.unused")
	}
	said := T(ctx, "snippet.used", "count", u.Uses)
	if u.Good > 0 {
		said += " · " + T(ctx, "snippet.good", "count", u.Good)
	}
	if u.Broken > 0 {
		said += " · " + T(ctx, "snippet.broken", "count", u.Broken)
	}
	return said
}

// wordingDiff shows what a suggestion changes. Nothing may come between the pieces.
func wordingDiff(old, suggested string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		for _, c := range community.Changes(old, suggested) {
			text := templ.EscapeString(c.Text)
			switch {
			case !c.New:
				text = "<del>" + text + "</del>"
			case !c.Old:
				text = "<ins>" + text + "</ins>"
			}
			if _, err := io.WriteString(w, text); err != nil {
				return err
			}
		}
		return nil
	})
}
