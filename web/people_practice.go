package web

import (
	"context"
	"net/http"
	"strconv"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// teaching is the page on which staff add practice cases.
type teaching struct {
	Topics   []community.Topic
	Topic    community.Topic // the one chosen
	Own      []community.PracticeCase
	Starter  int // cases of the starter pack
	Solved   []community.SolvedCase
	Text     string // a pasted FAQ
	Language string
	Preview  []community.NewCase // what would be added
	Failed   *access.Failure
	Added    bool
}

// wrong is the sentence about a field of the form that was sent, "" where nothing is wrong with it.
func (v teaching) wrong(ctx context.Context, field string) string {
	if v.Failed == nil || v.Failed.Field != field {
		return ""
	}
	return Sentence(ctx, v.Failed.Sentence)
}

func (a *App) teach(w http.ResponseWriter, r *http.Request) error {
	return a.showTeaching(w, r, teaching{Added: r.URL.Query().Get("added") != ""})
}

func (a *App) showTeaching(w http.ResponseWriter, r *http.Request, v teaching) (err error) {
	ctx, me, db := r.Context(), access.From(r.Context()).Member, a.DB.Read()
	if v.Topics, err = community.Topics(ctx, db, me.BrandID); err != nil {
		return err
	}
	id, _ := strconv.ParseInt(r.FormValue("topic"), 10, 64) // 0 chooses the first
	for i, t := range v.Topics {
		if t.ID == id || i == 0 {
			v.Topic = t
		}
	}
	if v.Language == "" {
		v.Language = view(ctx).Lang
	}
	if v.Topic.ID != 0 {
		own, starter, err := community.PracticeCases(ctx, db, v.Topic, view(ctx).Lang)
		if err != nil {
			return err
		}
		v.Own, v.Starter = own, len(starter)
		if v.Solved, err = community.SolvedCases(ctx, db, me, v.Topic.ID, 20); err != nil {
			return err
		}
	}
	status := http.StatusOK
	if v.Failed != nil {
		status = v.Failed.Status
	}
	return render(w, r, status, teachingPage(v))
}

// addPractice adds cases from a pasted text or from solved cases; without the word to add, it shows
// what would be added.
func (a *App) addPractice(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &community.Invalid{Field: "faq", Sentence: "this form cannot be read"}
	}
	v := teaching{Text: r.PostFormValue("faq"), Language: r.PostFormValue("language")}
	topic, _ := strconv.ParseInt(r.PostFormValue("topic"), 10, 64) // 0 is no topic
	var solved []int64
	for _, text := range r.PostForm["solved"] {
		if id, err := strconv.ParseInt(text, 10, 64); err == nil {
			solved = append(solved, id)
		}
	}
	source := r.PostFormValue("source")
	if source != "solved" && r.PostFormValue("add") == "" {
		v.Preview = community.CasesOf(community.ParseFAQ(v.Text))
		if len(v.Preview) == 0 {
			v.Failed = &access.Failure{Status: http.StatusUnprocessableEntity, Field: "faq", Sentence: "no question with an answer was found in this text"}
		}
		return a.showTeaching(w, r, v)
	}
	err := a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		me := access.From(ctx).Member
		if source == "solved" {
			return community.AddSolved(ctx, tx, me, topic, v.Language, solved)
		}
		return community.AddFAQ(ctx, tx, me, topic, v.Language, v.Text)
	})
	if f := access.Explain(err); err != nil && f.Field != "" {
		v.Failed = &f
		return a.showTeaching(w, r, v)
	}
	if err != nil {
		return err
	}
	goTo(w, r, "/people/practice?added=yes&topic="+strconv.FormatInt(topic, 10))
	return nil
}
