package web

import (
	"context"
	"database/sql"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
)

// topicForm is the form of one topic.
type topicForm struct {
	community.Topic
	Suggested []string // words that texts about it have
	May       bool     // the reader may change it
	Kept      bool     // it was stored just now
	Failed    *access.Failure
}

func (v topicForm) path() string { return topicPath(v.ID) }

func topicPath(id int64) string {
	if id == 0 {
		return "/settings/topics/new"
	}
	return "/settings/topics/" + strconv.FormatInt(id, 10)
}

func (v topicForm) wrong(ctx context.Context, field string) string {
	if v.Failed == nil || v.Failed.Field != field {
		return ""
	}
	return Sentence(ctx, v.Failed.Sentence)
}

func (a *App) topics(w http.ResponseWriter, r *http.Request) error {
	all, err := community.Topics(r.Context(), a.DB.Read(), access.From(r.Context()).Member.BrandID)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, topicsPage(all, a.Guard.May(r.Context(), "settings", "change")))
}

func (a *App) topic(w http.ResponseWriter, r *http.Request) error {
	ctx, me := r.Context(), access.From(r.Context()).Member
	v := topicForm{May: a.Guard.May(ctx, "settings", "change"), Kept: r.URL.Query().Get("kept") != ""}
	if chi.URLParam(r, "topic") != "new" {
		id, err := pathID(r, "topic")
		if err != nil {
			return err
		}
		all, err := community.Topics(ctx, a.DB.Read(), me.BrandID)
		if err != nil {
			return err
		}
		for _, t := range all {
			if t.ID == id {
				v.Topic = t
			}
		}
		if v.ID == 0 {
			return sql.ErrNoRows
		}
		if v.Suggested, err = a.Intake.SuggestKeywords(ctx, a.DB.Read(), me.BrandID, v.Topic); err != nil {
			return err
		}
	}
	return render(w, r, http.StatusOK, topicPage(v))
}

// saveTopic stores a topic. Suggested keywords that were ticked are added to those that were written.
func (a *App) saveTopic(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &community.Invalid{Field: "name", Sentence: "this form cannot be read"}
	}
	v := topicForm{May: true}
	if chi.URLParam(r, "topic") != "new" {
		id, err := pathID(r, "topic")
		if err != nil {
			return err
		}
		v.ID = id
	}
	v.Name = r.PostForm.Get("name")
	v.Keywords = append(strings.Split(newlines(r.PostForm.Get("keywords")), "\n"), r.PostForm["suggested"]...)
	v.Examples = strings.Split(newlines(r.PostForm.Get("examples")), "\n")
	var me *community.Member
	err := a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) (err error) {
		me = access.From(ctx).Member
		v.Topic, err = moderation.SaveTopic(ctx, tx, me, v.Topic)
		return err
	})
	if err == nil {
		a.Intake.Forget(me.BrandID)
		goTo(w, r, v.path()+"?kept=yes")
		return nil
	}
	f := access.Explain(err)
	if f.Field == "" {
		return err
	}
	v.Failed = &f
	return render(w, r, f.Status, topicPage(v))
}

func (a *App) deleteTopic(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "topic")
	if err != nil {
		return err
	}
	var me *community.Member
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		me = access.From(ctx).Member
		return moderation.DeleteTopic(ctx, tx, me, id)
	})
	if err != nil {
		return err
	}
	a.Intake.Forget(me.BrandID)
	goTo(w, r, "/settings/topics")
	return nil
}
