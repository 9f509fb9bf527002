package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/triage"
)

// casePage is what the page of a case shows.
type casePage struct {
	Case     community.Case
	List     feed // beside it
	Mine     bool // one came from one's own cases, and goes back there
	Customer listeners.Account
	Thread   thread
	Score    triage.Score // of the post to be answered
	Dock     dock
	Help     help
	Notes    []noteLine
	Judged   *community.Handed // an advocate's handing over, for employees; nil: there was none
	Handed   *noteLine         // what came along when the case was handed to staff, nil for nothing
	Checked  *checked          // the draft that was just looked at, nil for none
	Personal bool              // the reader sees the customers' personal data
	Reveals  int64             // how often somebody has asked for those of this customer
	Matching matching
	History  []Entry
	Past     []community.Case           // of this customer, newest first
	PastSaid map[int64]community.Answer // the last answer of each, by case
	Since    clock.Time                 // since when the brand knows the customer
	Topic    string                     // the expertise needed, "" for none
	Correct  *correcting                // nil where the reader may not say what the post is
	Toast    *said
}

// said is a word about what was just done.
type said struct {
	Text  string
	Undo  string // where it can be taken back, "" where it cannot
	Until clock.Time

	Corrected bool // it was a correction of what Kith heard; more may follow
}

// mostPast is how many earlier cases of a customer are shown.
const mostPast = 20

// errWroteAgain keeps an answer to an older post from leaving unseen.
var errWroteAgain = &community.Invalid{Field: "text", Sentence: "the customer has written again; read it, then send once more"}

func (v casePage) query() string {
	if v.Mine {
		return "?from=mine"
	}
	return v.List.Filter.query()
}

func (v casePage) path() string            { return casePath(v.Case.ID) + v.query() }
func (v casePage) does(what string) string { return casePath(v.Case.ID) + "/" + what + v.query() }

// and joins one more value to an address that ends with the query of the page.
func (v casePage) and(value string) string {
	if v.query() == "" {
		return "?" + value
	}
	return "&" + value
}

func (v casePage) back() string {
	if v.Mine {
		return "/mine"
	}
	return v.List.Filter.path()
}

func (v casePage) nav() string {
	if v.Mine {
		return navMine.id
	}
	return navFeed.id
}

// held tells whether the reader has a live claim.
func (v casePage) held(ctx context.Context) bool { return v.Case.HeldBy(v.Dock.Me, view(ctx).Now) }

// claimable tells whether a press of a button could make the case the reader's.
func (v casePage) claimable(ctx context.Context) bool {
	return v.Dock.Kind != dockByHand && v.Dock.Me.MayAnswer(&v.Case) && v.Case.Free(view(ctx).Now)
}

// escalates tells whether the reader can hand the case to the brand's own people.
func (v casePage) escalates(ctx context.Context) bool {
	if v.Case.Lane == community.Staff || !v.Dock.Me.MayAnswer(&v.Case) {
		return false
	}
	switch v.Case.State {
	case community.Open:
		return true
	case community.Claimed, community.InReview:
		return v.Case.HolderID == v.Dock.Me.ID || v.Dock.Me.Role.Employee()
	}
	return false
}

// closes tells whether the reader can end the case without an answer.
func (v casePage) closes() bool {
	_, err := community.Transition(v.Case.State, community.Close)
	return err == nil && v.Dock.Me.Role.Employee()
}

// postURL is where the post to be answered stands on its network, "" once it is gone.
func (v casePage) postURL() string {
	for _, m := range v.Thread.Messages {
		if m.Focus && !m.Gone {
			return m.URL
		}
	}
	return ""
}

// draftKey names the draft in the browser, so that two people on one machine keep theirs apart.
func (v casePage) draftKey() string { return fmt.Sprintf("%d:%d", v.Case.ID, v.Dock.Me.ID) }

// exitReasons are the reasons to hand a case over that one tap gives.
var exitReasons = []string{"exit.account", "exit.angry", "exit.unsure", "exit.risk"}

// counting is how a network counts characters, as the composer's script knows it.
func counting(network string) string {
	if network == "x" {
		return "x"
	}
	return ""
}

// deliveryText says why an answer cannot leave from here.
func deliveryText(mode listeners.Mode, why string) string {
	switch {
	case mode == listeners.Blocked:
		return "delivery.blocked"
	case why == "not_summoned":
		return "delivery.not_summoned"
	case why == listeners.SecondReply:
		return "delivery.second_reply"
	case why == "pasted":
		return "delivery.pasted"
	}
	return "delivery.assisted"
}

func (a *App) oneCase(w http.ResponseWriter, r *http.Request) error {
	form := typed{}
	form.Seen, _ = strconv.ParseInt(r.URL.Query().Get("seen"), 10, 64)
	v, err := a.readCase(r, form)
	if err != nil {
		return err
	}
	if r.URL.Query().Get("part") == "thread" {
		return render(w, r, http.StatusOK, caseChanged(v, r.URL.Query().Get("kind")))
	}
	if err := a.readBeside(r, &v); err != nil {
		return err
	}
	return render(w, r, http.StatusOK, caseWhole(v))
}

// readCase reads all of a case that its work pane shows, as one moment saw it.
func (a *App) readCase(r *http.Request, form typed) (v casePage, err error) {
	id, err := pathID(r, "case")
	if err != nil {
		return v, err
	}
	v.List.Filter, v.Mine = readFilter(r), r.URL.Query().Get("from") == "mine"
	err = a.DB.ReadTx(r.Context(), func(ctx context.Context, read bun.IDB) error {
		me := access.From(ctx).Member
		if v.Case, err = community.FindCase(ctx, read, me, id); err != nil {
			return err
		}
		members, err := community.Members(ctx, read, me.BrandID)
		if err != nil {
			return err
		}
		activities, err := community.Timeline(ctx, read, me, id)
		if err != nil {
			return err
		}
		v.Personal = community.SeesPersonal(me, &v.Case, activities, view(ctx).Now)
		maskHistory(me, v.Personal, activities)
		v.History = history(ctx, activities, members)
		if v.Thread, err = a.readThread(ctx, read, &v.Case, members, v.Personal); err != nil {
			return err
		}
		v.Customer, v.Score = v.Thread.Customer, v.Thread.Score
		if v.Correct, err = a.readCorrecting(ctx, read, &v.Case, v.Score, members); err != nil {
			return err
		}
		if v.Matching, err = a.readMatching(ctx, read, &v.Case, members); err != nil {
			return err
		}
		if v.Dock, err = a.readDock(ctx, read, &v.Case, members, form); err != nil {
			return err
		}
		notes, err := community.Notes(ctx, read, me, &v.Case)
		if err != nil {
			return err
		}
		v.Notes, v.Handed = noteLines(notes, members)
		if v.Handed != nil && me.Role.Employee() {
			if v.Judged, err = community.HandedOver(ctx, read, &v.Case); err != nil {
				return err
			}
		}
		v.Help, err = a.readHelp(ctx, read, &v)
		return err
	})
	return v, err
}

// readBeside reads what stands beside the work pane: the list, and the customer.
func (a *App) readBeside(r *http.Request, v *casePage) error {
	return a.DB.ReadTx(r.Context(), func(ctx context.Context, read bun.IDB) (err error) {
		me := access.From(ctx).Member
		if v.List, err = a.readFeed(ctx, read, v.List.Filter, v.Case.ID); err != nil {
			return err
		}
		past, err := community.CustomerHistory(ctx, read, me, v.Case.AccountID, mostPast+1)
		if err != nil {
			return err
		}
		v.Since = v.Case.OpenedAt
		for _, c := range past {
			v.Since = min(v.Since, c.OpenedAt)
			if c.ID != v.Case.ID && len(v.Past) < mostPast {
				v.Past = append(v.Past, c)
			}
		}
		if v.PastSaid, err = lastSaid(ctx, read, me, v.Past); err != nil {
			return err
		}
		if v.Reveals, err = community.RevealsOf(ctx, read, me.BrandID, v.Case.AccountID); err != nil {
			return err
		}
		topics, err := community.EveryTopic(ctx, read, me.BrandID)
		for _, t := range topics {
			if t.ID == v.Case.TopicID {
				v.Topic = t.Name
			}
		}
		return err
	})
}

// lastSaid reads the last approved answer to each of these cases.
func lastSaid(ctx context.Context, read bun.IDB, me *community.Member, cases []community.Case) (map[int64]community.Answer, error) {
	ids := make([]int64, len(cases))
	for i, c := range cases {
		ids[i] = c.ID
	}
	answers, err := community.AnswersTo(ctx, read, me, ids)
	last := map[int64]community.Answer{}
	for id, all := range answers {
		for _, answer := range all {
			if answer.State == community.Approved {
				last[id] = answer
			}
		}
	}
	return last, err
}

// showCase answers a form of the case page: with its work pane where htmx asked, else by going there.
func (a *App) showCase(w http.ResponseWriter, r *http.Request, toast *said) error {
	if !fragment(r) {
		id, err := pathID(r, "case")
		if err != nil {
			return err
		}
		v := casePage{Mine: r.URL.Query().Get("from") == "mine"}
		v.Case.ID, v.List.Filter = id, readFilter(r)
		goTo(w, r, v.path())
		return nil
	}
	v, err := a.readCase(r, typed{})
	if err != nil {
		return err
	}
	v.Toast = toast
	if v.Correct != nil {
		v.Correct.Open = toast != nil && toast.Corrected
	}
	return render(w, r, http.StatusOK, caseDone(v))
}

// claim lends the case to who asks, or shows who was quicker. Where a page that was left for a while comes back, only its claim
// bar is asked for, so that nothing typed is touched.
func (a *App) claim(w http.ResponseWriter, r *http.Request) error {
	err := a.onCase(r, community.ClaimCase)
	if errors.Is(err, community.ErrRest) {
		goTo(w, r, restPath(chi.URLParam(r, "case")))
		return nil
	}
	missed := errors.Is(err, community.ErrTaken) || errors.Is(err, community.ErrNotOpen)
	if err != nil && !missed {
		return err
	}
	if r.URL.Query().Get("part") == "claim" {
		form := typed{}
		form.Seen, _ = strconv.ParseInt(r.PostFormValue("seen"), 10, 64)
		v, err := a.readCase(r, form)
		if err != nil {
			return err
		}
		return render(w, r, http.StatusOK, claimBar(v))
	}
	if missed { // the page says who has it now
		return a.showCase(w, r, &said{Text: Sentence(r.Context(), access.Explain(err).Sentence), Until: view(r.Context()).Now.Add(toastLife)})
	}
	return a.showCase(w, r, nil)
}

// release hands a claim back; one that has ended by itself is not missed.
func (a *App) release(w http.ResponseWriter, r *http.Request) error {
	if err := a.onCase(r, community.ReleaseCase); err != nil && !errors.Is(err, community.ErrNotHeld) {
		return err
	}
	return a.showCase(w, r, nil)
}

func (a *App) onCase(r *http.Request, do func(context.Context, community.Tx, *community.Member, int64) (community.Case, error)) error {
	id, err := pathID(r, "case")
	if err != nil {
		return err
	}
	return a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		_, err := do(ctx, tx, access.From(ctx).Member, id)
		return err
	})
}

// saveDraft keeps what was typed and tells how the claim stands.
func (a *App) saveDraft(w http.ResponseWriter, r *http.Request) error {
	form := readTyped(r)
	if err := a.keep(r, form); err != nil {
		return err
	}
	if !fragment(r) {
		return a.showCase(w, r, nil)
	}
	v, err := a.readCase(r, form)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, claimBar(v))
}

func (a *App) keep(r *http.Request, form typed) error {
	return a.onCase(r, func(ctx context.Context, tx community.Tx, me *community.Member, id int64) (community.Case, error) {
		_, c, _, err := form.saves(ctx, tx, me, id)
		return c, err
	})
}

// submit sends an answer. What cannot be sent now comes back with the reason, and nothing typed is lost.
func (a *App) submit(w http.ResponseWriter, r *http.Request) error {
	form := readTyped(r)
	var answer community.Answer
	err := a.onCase(r, func(ctx context.Context, tx community.Tx, me *community.Member, id int64) (community.Case, error) {
		before, err := community.FindCase(ctx, tx, me, id)
		if err != nil {
			return before, err
		}
		if form.Seen != 0 && form.Seen != before.MentionID {
			return before, errWroteAgain
		}
		if form.Own {
			core, err := community.CoreOf(ctx, tx, &before)
			if err != nil {
				return before, err
			}
			if core.FactsID != 0 && core.FactsID != form.Facts {
				return before, errFactsNew
			}
		}
		text, c, held, err := form.saves(ctx, tx, me, id)
		if err != nil {
			return c, err
		}
		if !held {
			return c, a.whyNotHeld(ctx, tx, me, &c, text)
		}
		fence := form.Fence
		if !before.HeldBy(me, tx.Now()) {
			fence = c.Fence // taken again just now, because nobody else had it
		}
		answer, err = a.Desk.Submit(ctx, tx, me, id, fence, text)
		return c, err
	})
	if err != nil {
		return a.sendBack(w, r, form, err)
	}
	return a.showCase(w, r, a.saidOf(r.Context(), answer))
}

// whyNotHeld says why a case cannot be answered; nil where this very answer is on its way already.
func (a *App) whyNotHeld(ctx context.Context, tx community.Tx, me *community.Member, c *community.Case, text string) error {
	if c.State == community.Claimed {
		return community.ErrLeaseLost
	}
	sent, err := community.Sent(ctx, tx, me, c.ID, text)
	if err != nil || sent {
		return err
	}
	return community.ErrNotOpen
}

// sendBack keeps a text that was refused and shows it again with the reason.
func (a *App) sendBack(w http.ResponseWriter, r *http.Request, form typed, refused error) error {
	f := a.Guard.Tell(r.Context(), refused)
	if f.Status != http.StatusConflict && f.Status != http.StatusUnprocessableEntity {
		return refused
	}
	var invalid *community.Invalid
	if err := a.keep(r, form); err != nil && !errors.As(err, &invalid) {
		return err
	}
	form.Error = Sentence(r.Context(), f.Sentence)
	if errors.Is(refused, errWroteAgain) {
		form.Seen = 0 // from here on they have seen it
	}
	v, err := a.readCase(r, form)
	if err != nil {
		return err
	}
	if fragment(r) {
		return render(w, r, f.Status, caseDone(v))
	}
	if err := a.readBeside(r, &v); err != nil {
		return err
	}
	return render(w, r, f.Status, caseWhole(v))
}

// saidOf tells what happens to an answer next.
func (a *App) saidOf(ctx context.Context, answer community.Answer) *said {
	now := view(ctx).Now
	switch {
	case answer.State == community.Submitted:
		return &said{Text: T(ctx, "case.submitted"), Until: now.Add(toastLife)}
	case answer.State == community.Approved && a.Desk.Undo > 0:
		return &said{Text: T(ctx, "case.sent_undo", "count", int(a.Desk.Undo.Seconds())), Undo: takeBackPath(answer.ID), Until: now.Add(a.Desk.Undo)}
	}
	return &said{Text: T(ctx, "case.sent"), Until: now.Add(toastLife)}
}

func takeBackPath(answer int64) string {
	return "/answers/" + strconv.FormatInt(answer, 10) + "/take-back"
}

func (a *App) takeBack(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "answer")
	if err != nil {
		return err
	}
	var answer community.Answer
	err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		answer, err = a.Desk.TakeBack(ctx, tx, access.From(ctx).Member, id)
		return err
	})
	if err != nil {
		return err
	}
	goTo(w, r, casePath(answer.CaseID))
	return nil
}

// escalate hands the case to the brand's own people; an advocate sees no more of it.
func (a *App) escalate(w http.ResponseWriter, r *http.Request) error {
	reason := strings.TrimSpace(newlines(r.PostFormValue("reason")))
	err := a.onCase(r, func(ctx context.Context, tx community.Tx, me *community.Member, id int64) (community.Case, error) {
		return community.HandToStaff(ctx, tx, me, id, reason)
	})
	if err != nil {
		return err
	}
	if access.From(r.Context()).Member.Role.Employee() {
		return a.showCase(w, r, &said{Text: T(r.Context(), "feed.to_staff"), Until: view(r.Context()).Now.Add(toastLife)})
	}
	goTo(w, r, "/feed?said=to_staff")
	return nil
}

// endHold ends the hold of a case.
func (a *App) endHold(w http.ResponseWriter, r *http.Request) error {
	if err := a.onCase(r, community.LetGo); err != nil {
		return err
	}
	return a.showCase(w, r, nil)
}

// judgeHandover notes whether an advocate was right to hand the case over.
func (a *App) judgeHandover(w http.ResponseWriter, r *http.Request) error {
	right := r.PostFormValue("right") == "yes"
	err := a.onCase(r, func(ctx context.Context, tx community.Tx, me *community.Member, id int64) (community.Case, error) {
		return community.Case{}, community.JudgeHandover(ctx, tx, me, id, right)
	})
	if err != nil {
		return err
	}
	return a.showCase(w, r, &said{Text: T(r.Context(), "handover.noted_so"), Until: view(r.Context()).Now.Add(toastLife)})
}

func (a *App) closeCase(w http.ResponseWriter, r *http.Request) error {
	reason := strings.TrimSpace(newlines(r.PostFormValue("reason")))
	if reason == "" {
		return &community.Invalid{Field: "reason", Sentence: "say in a few words why there is nothing to answer"}
	}
	err := a.onCase(r, func(ctx context.Context, tx community.Tx, me *community.Member, id int64) (community.Case, error) {
		return community.CloseCase(ctx, tx, me, id, reason)
	})
	if err != nil {
		return err
	}
	return a.showCase(w, r, &said{Text: T(r.Context(), "feed.was_closed"), Until: view(r.Context()).Now.Add(toastLife)})
}
