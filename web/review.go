package web

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
)

// reviewing is what the review page shows: the queue, and one answer of it.
type reviewing struct {
	Queue   []moderation.Waiting
	Doubts  []doubt
	Again   []secondLook // overrides and appeals that wait for somebody else's eyes
	Item    *reviewItem  // nil where nothing waits
	Decided *decided     // the answer decided just before, nil for none
	Open    bool         // a phone shows the item instead of the queue
}

// reviewItem is one answer with all that helps to decide about it.
type reviewItem struct {
	moderation.Waiting
	Thread    thread // around the post that is answered
	Findings  []moderation.Finding
	Similar   []similar         // what was answered lately in nearly the same words
	Record    moderation.Record // of the author
	Timeline  []community.Activity
	Members   map[int64]community.Member
	Opening   string // with Closing the author's own words, where the answer carries locked facts
	Closing   string
	Facts     int                // which version of them it carries; 0 where none
	Changes   []community.Change // where somebody has edited it already
	Corrects  string             // what the answer says on the network that this one is to replace
	Agreed    []string           // who has approved it, where that was not enough
	May       bool               // the reader may decide about it
	Alone     bool               // and their word is enough
	GivesBack bool               // it is enough to give the answer back
	Override  bool               // the reader may send it without further approvals
}

// similar is an answer that was given lately and says nearly the same.
type similar struct {
	community.Answer
	Share float32
}

// nearly is the share of the same text from which two answers are worth comparing, and mostRecent with
// how many of the latest an answer is compared.
const (
	nearly     = 0.7
	mostRecent = 30
)

// proposed is the answer as it is read here: of one that carries locked facts only what its author wrote.
func (it *reviewItem) proposed(ctx context.Context, p Post) Post {
	if it.Facts != 0 {
		parts := slices.DeleteFunc([]string{it.Opening, T(ctx, "review.facts_here"), it.Closing}, func(s string) bool { return s == "" })
		p.Text, p.Parts = strings.Join(parts, "\n\n"), nil
	}
	return p
}

// wroteAgain tells whether the customer wrote after what the answer answers.
func (it *reviewItem) wroteAgain() bool { return it.Case.MentionID != it.Answer.MentionID }

// since tells of a message whether the customer wrote it after the post that is answered.
func (it *reviewItem) since(m message) bool {
	at := slices.IndexFunc(it.Thread.Messages, func(m message) bool { return m.Focus })
	return at >= 0 && !m.Ours && m.At > it.Thread.Messages[at].At
}

// decided is an answer that left the queue, for the toast that says so.
type decided struct {
	ID     int64
	Author string
	State  community.AnswerState
	Until  clock.Time // when it is too late to undo; 0 for what cannot be undone
}

// doubt is a reply of which only a person can say whether it is on the network.
type doubt struct {
	Reply listeners.Reply
	Post  listeners.Mention // that it answers
}

// mostWaiting is how much of the queue is listed; the longest waiting come first, so the rest follows.
const mostWaiting = 100

func (a *App) review(w http.ResponseWriter, r *http.Request) error {
	ctx, me := r.Context(), access.From(r.Context()).Member
	v, err := a.readQueue(ctx, me)
	if err != nil {
		return err
	}
	if fragment(r) && r.URL.Query().Get("part") == "queue" {
		current, _ := strconv.ParseInt(chi.URLParam(r, "answer"), 10, 64)
		return render(w, r, http.StatusOK, reviewQueue(v, current))
	}
	if chi.URLParam(r, "answer") != "" {
		id, err := pathID(r, "answer")
		if err != nil {
			return err
		}
		if v.Item, err = a.readItem(ctx, me, id); err != nil {
			return err
		}
		v.Open = true
	} else if len(v.Queue) > 0 {
		if v.Item, err = a.readItem(ctx, me, v.Queue[0].Answer.ID); err != nil {
			return err
		}
	}
	if fragment(r) && r.URL.Query().Get("part") == "thread" && v.Item != nil {
		return render(w, r, http.StatusOK, reviewThread(v.Item))
	}
	if v.Decided, err = a.readDecided(ctx, me, r.URL.Query().Get("after")); err != nil {
		return err
	}
	return render(w, r, http.StatusOK, reviewPage(v))
}

// readQueue reads what waits: answers, and replies in doubt.
func (a *App) readQueue(ctx context.Context, me *community.Member) (v reviewing, err error) {
	read := a.DB.Read()
	if v.Queue, err = moderation.Queue(ctx, read, me, mostWaiting); err != nil {
		return v, err
	}
	if !me.Role.Employee() {
		return v, nil
	}
	if v.Again, err = a.readAgain(ctx, me); err != nil {
		return v, err
	}
	replies, err := listeners.Unsettled(ctx, read, me.BrandID, mostWaiting)
	if err != nil {
		return v, err
	}
	ids := make([]int64, len(replies))
	for i, r := range replies {
		ids[i] = r.MentionID
	}
	posts, err := listeners.FindMentions(ctx, read, ids)
	for _, r := range replies {
		v.Doubts = append(v.Doubts, doubt{r, posts[r.MentionID]})
	}
	return v, err
}

// readItem reads one answer with its thread, its signals and its history.
func (a *App) readItem(ctx context.Context, me *community.Member, id int64) (*reviewItem, error) {
	read := a.DB.Read()
	it := &reviewItem{}
	var err error
	if it.Answer, it.Case, err = community.FindAnswer(ctx, read, me, id); err != nil {
		return nil, err
	}
	if it.Answer.State == community.Draft || it.Answer.State == community.Returned {
		return nil, fmt.Errorf("review answer %d: it is in its author's hands: %w", id, sql.ErrNoRows)
	}
	it.May = it.Answer.State == community.Submitted && me.MayDecide(&it.Answer, &it.Case)
	if !me.Role.Employee() && !me.MayDecide(&it.Answer, &it.Case) {
		return nil, fmt.Errorf("review answer %d: %w", id, sql.ErrNoRows)
	}
	if it.Members, err = community.Members(ctx, read, me.BrandID); err != nil {
		return nil, err
	}
	it.Author = it.Members[it.Answer.MemberID]
	answered := it.Case
	answered.MentionID = it.Answer.MentionID
	if it.Thread, err = a.readThread(ctx, read, &answered, it.Members, me.Role.Employee()); err != nil {
		return nil, err
	}
	if it.Findings, err = a.Desk.Check(ctx, read, &it.Author, &it.Case, it.Answer.Text); err != nil {
		return nil, err
	}
	if it.Corrects, err = readCorrected(ctx, read, &it.Answer); err != nil {
		return nil, err
	}
	if err := a.readEyes(ctx, read, me, it); err != nil {
		return nil, err
	}
	if it.Record, err = moderation.RecordOf(ctx, read, it.Answer.MemberID); err != nil {
		return nil, err
	}
	it.Timeline, err = community.Timeline(ctx, read, me, it.Case.ID)
	return it, err
}

// readEyes reads whose eyes have been on an answer, whose it needs, and what it resembles.
func (a *App) readEyes(ctx context.Context, read bun.IDB, me *community.Member, it *reviewItem) (err error) {
	if it.Answer.Text != it.Answer.OwnText && it.Answer.OwnText != "" {
		it.Changes = community.Changes(community.FreeWords(it.Answer.OwnText, it.Answer.Core), community.FreeWords(it.Answer.Text, it.Answer.Core))
	}
	if it.Answer.FactsID != 0 {
		it.Opening, it.Closing = it.Answer.Words()
		if it.Facts, err = community.FactsNumber(ctx, read, it.Answer.FactsID); err != nil {
			return err
		}
	}
	if it.Answer.State != community.Submitted {
		return nil
	}
	say, err := moderation.SayOf(ctx, read, me, &it.Case, view(ctx).Now)
	if err != nil {
		return err
	}
	it.Alone, it.GivesBack = say == moderation.Alone, say >= moderation.OfTwo
	it.Override = me.Role == community.Admin && it.Answer.WhyReviewed == string(moderation.FourEyes)
	agreed, err := moderation.AgreedTo(ctx, read, &it.Answer)
	if err != nil {
		return err
	}
	for _, by := range agreed {
		it.Agreed = append(it.Agreed, it.Members[by].PublicName)
		it.May = it.May && (by != me.ID || it.Answer.Quorum <= 1 && it.Alone)
	}
	recent, err := community.RecentAnswers(ctx, read, me, &it.Answer, mostRecent)
	for _, r := range recent {
		if share := community.Kept(community.FreeWords(r.Text, r.Core), community.FreeWords(it.Answer.Text, it.Answer.Core)); share >= nearly {
			it.Similar = append(it.Similar, similar{r, float32(share)})
		}
	}
	return err
}

// readDecided reads what became of the answer decided just before; nil where the address names none.
func (a *App) readDecided(ctx context.Context, me *community.Member, id string) (*decided, error) {
	if id == "" {
		return nil, nil
	}
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, sql.ErrNoRows
	}
	answer, _, err := community.FindAnswer(ctx, a.DB.Read(), me, n)
	if err != nil {
		return nil, err
	}
	members, err := community.Members(ctx, a.DB.Read(), me.BrandID)
	if err != nil {
		return nil, err
	}
	d := &decided{ID: n, Author: members[answer.MemberID].PublicName, State: answer.State}
	if answer.State != community.Approved {
		return d, nil
	}
	replies, err := listeners.Replies(ctx, a.DB.Read(), []int64{n})
	if reply := replies[n]; reply.State == listeners.Waiting && reply.DueAt > view(ctx).Now {
		d.Until = reply.DueAt
	}
	return d, err
}

// decide runs a decision over the answer that the address names and goes on to the next one.
func (a *App) decide(w http.ResponseWriter, r *http.Request, decision func(context.Context, listeners.Tx, *community.Member, int64) error) error {
	id, err := pathID(r, "answer")
	if err != nil {
		return err
	}
	me := access.From(r.Context()).Member
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error { return decision(ctx, tx, me, id) })
	if err != nil {
		return err
	}
	path, err := a.nextReview(r.Context(), me, id)
	if err != nil {
		return err
	}
	goTo(w, r, fmt.Sprintf("%s?after=%d", path, id))
	return nil
}

// nextReview is the page of the longest waiting answer that the reviewer can decide about, leaving out
// the one they have just been at.
func (a *App) nextReview(ctx context.Context, me *community.Member, id int64) (string, error) {
	left, err := moderation.Queue(ctx, a.DB.Read(), me, mostWaiting)
	if err != nil {
		return "", err
	}
	for _, w := range left {
		if w.Answer.ID != id && me.MayDecide(&w.Answer, &w.Case) {
			return reviewPath(w.Answer.ID), nil
		}
	}
	return "/review", nil
}

// wordOf reads what a reviewer says besides the verdict.
func wordOf(r *http.Request) moderation.Word {
	w := moderation.Word{Wording: newlines(r.PostFormValue("text")), Reason: newlines(r.PostFormValue("reason"))}
	for _, l := range r.PostForm["lesson"] {
		w.Lessons = append(w.Lessons, moderation.Lesson(l))
	}
	return w
}

func (a *App) approve(w http.ResponseWriter, r *http.Request) error {
	word, closing, own := wordOf(r), newlines(r.PostFormValue("close")), r.PostFormValue("own") != ""
	return a.decide(w, r, func(ctx context.Context, tx listeners.Tx, me *community.Member, id int64) error {
		if own { // only the words around the facts can be edited
			answer, _, err := community.FindAnswer(ctx, tx, me, id)
			if err != nil {
				return err
			}
			word.Wording = community.Around(answer.Core, word.Wording, closing)
		}
		_, err := a.Desk.ApproveWith(ctx, tx, me, id, word)
		return err
	})
}

func (a *App) returnAnswer(w http.ResponseWriter, r *http.Request) error {
	word := wordOf(r)
	return a.decide(w, r, func(ctx context.Context, tx listeners.Tx, me *community.Member, id int64) error {
		_, err := a.Desk.ReturnWith(ctx, tx, me, id, word)
		return err
	})
}

func (a *App) reviewToStaff(w http.ResponseWriter, r *http.Request) error {
	return a.decide(w, r, func(ctx context.Context, tx listeners.Tx, me *community.Member, id int64) error {
		_, err := a.Desk.ToStaff(ctx, tx, me, id, newlines(r.PostFormValue("why")))
		return err
	})
}

func (a *App) undoApproval(w http.ResponseWriter, r *http.Request) error {
	return a.decide(w, r, func(ctx context.Context, tx listeners.Tx, me *community.Member, id int64) error {
		_, err := a.Desk.TakeBack(ctx, tx, me, id)
		return err
	})
}

func (a *App) override(w http.ResponseWriter, r *http.Request) error {
	return a.decide(w, r, func(ctx context.Context, tx listeners.Tx, me *community.Member, id int64) error {
		_, err := a.Desk.Override(ctx, tx, me, id, newlines(r.PostFormValue("reason")))
		return err
	})
}

// takeOverAnswer goes on to the case, where the reviewer writes now.
func (a *App) takeOverAnswer(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "answer")
	if err != nil {
		return err
	}
	var draft community.Answer
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		draft, err = a.Desk.TakeOver(ctx, tx, access.From(ctx).Member, id)
		return err
	})
	if err != nil {
		return err
	}
	goTo(w, r, casePath(draft.CaseID))
	return nil
}

// settleReply ends the doubt about a reply by a person's word.
func (a *App) settleReply(w http.ResponseWriter, r *http.Request) error {
	me, id := access.From(r.Context()).Member, chi.URLParam(r, "reply")
	word, err := a.readWord(r, id)
	if err != nil {
		return err
	}
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return a.Deliverer.Decide(ctx, tx, me.BrandID, id, word)
	})
	if err != nil {
		return err
	}
	if r.PostFormValue("back") == "sending" {
		goTo(w, r, "/sending")
		return nil
	}
	goTo(w, r, "/review")
	return nil
}

func reviewPath(answer int64) string { return fmt.Sprintf("/review/%d", answer) }

// newlines gives a form's text the line ends that were typed.
func newlines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// toastLife is how long a toast stays that asks for nothing.
const toastLife = 6 * time.Second
