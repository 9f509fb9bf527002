package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// learnPath is the page on which somebody practises a topic.
func learnPath(topic int64) string { return fmt.Sprintf("/learn/%d", topic) }

// practising is one case as it is asked or explained.
type practising struct {
	Topic   community.Topic
	Case    community.PracticeCase
	Seed    string // decides the order of the answers
	Place   int    // of the case, from 0
	Of      int
	Given   int // the choice, -1 while there is none
	Action  string
	Next    string // the way on, after the explanation
	Test    *community.Test
	Missing bool // the form came without a choice
}

// learner tells as whom somebody practises; sql.ErrNoRows for who is neither member nor applicant.
func (a *App) learner(ctx context.Context) (community.Learner, error) {
	id := access.From(ctx)
	return community.LearnerOf(ctx, a.DB.Read(), id.Person.ID, id.Member)
}

func (a *App) learn(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	who, err := a.learner(ctx)
	if access.Explain(err).Status == http.StatusNotFound {
		return render(w, r, http.StatusOK, learnPage(nil, false))
	}
	if err != nil {
		return err
	}
	lessons, err := community.Lessons(ctx, a.DB.Read(), who.BrandID, who.PersonID, view(ctx).Lang)
	if err != nil {
		return err
	}
	if who.Application != nil {
		lessons = slices.DeleteFunc(lessons, func(l community.Lesson) bool { return !slices.Contains(who.Application.Topics, l.Topic.ID) })
	}
	return render(w, r, http.StatusOK, learnPage(lessons, true))
}

// practise shows a case of a topic to try oneself on, which counts for nothing. The address says which.
func (a *App) practise(w http.ResponseWriter, r *http.Request) error {
	v, err := a.readPractice(r)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, practicePage(v))
}

func (a *App) tryCase(w http.ResponseWriter, r *http.Request) error {
	v, err := a.readPractice(r)
	if err != nil {
		return err
	}
	if v.Of == 0 {
		return community.ErrNoPractice
	}
	v.Given = chosen(r, &v)
	v.Missing = v.Given < 0
	return render(w, r, http.StatusOK, practicePage(v))
}

// chosen reads the choice that a form carries; -1 for none.
func chosen(r *http.Request, v *practising) int {
	n, err := strconv.Atoi(r.PostFormValue("choice"))
	if err != nil || n < 0 || n > v.Case.ToStaff() {
		return -1
	}
	return n
}

func (a *App) readPractice(r *http.Request) (v practising, err error) {
	ctx := r.Context()
	who, topic, err := a.lesson(r)
	if err != nil {
		return v, err
	}
	own, starter, err := community.PracticeCases(ctx, a.DB.Read(), topic, view(ctx).Lang)
	if err != nil {
		return v, err
	}
	all := slices.Concat(own, starter)
	v = practising{Topic: topic, Of: len(all), Given: -1, Seed: fmt.Sprint(who.PersonID), Action: learnPath(topic.ID)}
	if len(all) == 0 {
		return v, nil
	}
	n, _ := strconv.Atoi(r.FormValue("case"))
	v.Place = max(0, n) % len(all)
	v.Case, v.Next = all[v.Place], fmt.Sprintf("%s?case=%d", v.Action, (v.Place+1)%len(all))
	return v, nil
}

// lesson reads who practises, and the topic that the address names.
func (a *App) lesson(r *http.Request) (who community.Learner, t community.Topic, err error) {
	if who, err = a.learner(r.Context()); err != nil {
		return who, t, err
	}
	id, err := pathID(r, "topic")
	if err == nil {
		t, err = community.FindTopic(r.Context(), a.DB.Read(), who.BrandID, id)
	}
	return who, t, err
}

func (a *App) startTest(w http.ResponseWriter, r *http.Request) error {
	who, topic, err := a.lesson(r)
	if err != nil {
		return err
	}
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		_, err := community.StartTest(ctx, tx, who, topic.ID, view(ctx).Lang)
		return err
	})
	if err != nil {
		return err
	}
	goTo(w, r, learnPath(topic.ID)+"/test")
	return nil
}

// test shows the next case of the test under way; with ?said=2 what there is to learn from the third;
// without a test under way how the last one ended.
func (a *App) test(w http.ResponseWriter, r *http.Request) error {
	v, err := a.readTest(r)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, testPage(v))
}

func (a *App) readTest(r *http.Request) (v practising, err error) {
	ctx := r.Context()
	who, topic, err := a.lesson(r)
	if err != nil {
		return v, err
	}
	t, err := community.LastTest(ctx, a.DB.Read(), who, topic.ID)
	if err != nil {
		return v, err
	}
	v = practising{Topic: topic, Test: &t, Of: len(t.Cases), Place: len(t.Given), Given: -1, Seed: fmt.Sprint(t.ID), Action: learnPath(topic.ID) + "/test"}
	v.Next = v.Action
	if said, err := strconv.Atoi(r.URL.Query().Get("said")); err == nil && said >= 0 && said < len(t.Given) {
		v.Place, v.Given = said, t.Given[said]
	}
	if v.Place < len(t.Cases) {
		v.Case = t.Cases[v.Place]
	}
	return v, nil
}

func (a *App) answerTest(w http.ResponseWriter, r *http.Request) error {
	who, topic, err := a.lesson(r)
	if err != nil {
		return err
	}
	place, err := strconv.Atoi(r.PostFormValue("case"))
	if err != nil {
		return &community.Invalid{Field: "case", Sentence: "this form cannot be read"}
	}
	choice, err := strconv.Atoi(r.PostFormValue("choice"))
	if err != nil {
		choice = -1
	}
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		_, err := community.AnswerTest(ctx, tx, who, topic.ID, place, choice)
		return err
	})
	var invalid *community.Invalid
	if errors.As(err, &invalid) {
		v, readErr := a.readTest(r)
		if readErr != nil {
			return readErr
		}
		v.Missing = true
		return render(w, r, http.StatusUnprocessableEntity, testPage(v))
	}
	if err != nil {
		return err
	}
	goTo(w, r, fmt.Sprintf("%s/test?said=%d", learnPath(topic.ID), place))
	return nil
}

// verb is what the form of a case adds to the address.
func (v practising) verb() string {
	if v.Test == nil {
		return ""
	}
	return "/answer"
}

// missing says that a choice is needed, where the form came without.
func (v practising) missing(ctx context.Context) string {
	if !v.Missing {
		return ""
	}
	return Sentence(ctx, "choose one of the answers")
}

// choice is a choice in words.
func (v practising) choice(ctx context.Context, i int) string {
	if i == v.Case.ToStaff() {
		return T(ctx, "learn.to_staff")
	}
	return v.Case.Choices[i]
}
