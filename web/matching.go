package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/server/db"
)

// matching is how a case and the reader come together: why they see it, who else is there, what others
// have left for them, and to whom they may pass it on.
type matching struct {
	Why      []string
	Declined bool
	Here     []here
	Left     []leftDraft
	Others   []community.Member // who may answer it besides the reader
}

// here is somebody who has the case open.
type here struct {
	Name string
	Text string // what they do
}

// leftDraft is what somebody wrote and let go of.
type leftDraft struct {
	ID   int64
	Name string
	Text string
	At   clock.Time
}

// mostOthers is how many people a case can be passed on to, those whom it fits best.
const mostOthers = 12

func (a *App) readMatching(ctx context.Context, read bun.IDB, c *community.Case, members map[int64]community.Member) (m matching, err error) {
	me, now := access.From(ctx).Member, view(ctx).Now
	if m.Here, err = a.readHere(ctx, read, c.ID, members); err != nil {
		return m, err
	}
	if !me.MayAnswer(c) || c.State != community.Open && c.State != community.Claimed {
		return m, nil
	}
	topics, err := community.Topics(ctx, read, me.BrandID)
	if err != nil {
		return m, err
	}
	_, why := community.Fit(me, c, now)
	for _, w := range why {
		m.Why = append(m.Why, whyText(ctx, w, c, topics))
	}
	if m.Declined, err = community.HasDeclined(ctx, read, me, c.ID); err != nil {
		return m, err
	}
	left, err := community.LeftDrafts(ctx, read, me, c, now)
	if err != nil {
		return m, err
	}
	for _, d := range left {
		m.Left = append(m.Left, leftDraft{d.ID, members[d.MemberID].PublicName, d.Text, d.UpdatedAt})
	}
	if !c.HeldBy(me, now) && !c.Free(now) {
		return m, nil
	}
	possible, err := community.Answerers(ctx, read, c)
	for _, other := range possible {
		if other.ID != me.ID && len(m.Others) < mostOthers {
			m.Others = append(m.Others, other)
		}
	}
	return m, err
}

func (a *App) readHere(ctx context.Context, read bun.IDB, caseID int64, members map[int64]community.Member) ([]here, error) {
	others, err := community.Others(ctx, read, access.From(ctx).Member, caseID, view(ctx).Now)
	var all []here
	for _, p := range others {
		name := members[p.MemberID].PublicName
		all = append(all, here{name, T(ctx, presenceTexts[p.Kind], "name", name)})
	}
	return all, err
}

var presenceTexts = map[community.PresenceKind]string{
	community.Reading: "presence.reading",
	community.Writing: "presence.writing",
}

// whyText says one reason for which somebody is shown a case.
func whyText(ctx context.Context, w community.Why, c *community.Case, topics []community.Topic) string {
	for _, t := range topics {
		if w.Code == community.WhyTopic && t.ID == c.TopicID {
			return T(ctx, "fit.topic", "topic", t.Name)
		}
	}
	if w.Code == community.WhyWaits && w.Minutes >= 60 {
		return T(ctx, "fit.waits_hours", "count", w.Minutes/60)
	}
	return T(ctx, "fit."+string(w.Code), "count", w.Minutes)
}

// rowWhys are the reasons that a row of the feed has room for.
var rowWhys = map[community.WhyCode]string{
	community.WhyEasy:     "fit_row.easy",
	community.WhyLeave:    "fit_row.leave",
	community.WhyPressing: "fit_row.pressing",
	community.WhyTopic:    "fit_row.topic",
}

// rowWhy is the most telling reason for which the reader is shown a case, "" where it says little.
func rowWhy(ctx context.Context, me *community.Member, c *community.Case) string {
	_, why := community.Fit(me, c, view(ctx).Now)
	for _, w := range why {
		if text := rowWhys[w.Code]; text != "" {
			return T(ctx, text)
		}
	}
	return ""
}

// passes tells whether the reader can say that the case is not for them, or pass it on.
func (v casePage) passes(ctx context.Context) bool {
	return v.Dock.Me.MayAnswer(&v.Case) && (v.held(ctx) || v.Case.Free(view(ctx).Now))
}

// takesOver tells whether the reader can take the case from who holds it.
func (v casePage) takesOver(ctx context.Context) bool {
	now := view(ctx).Now
	return v.Dock.Me.Role.Employee() && v.Case.State == community.Claimed && v.Case.HeldUntil > now && !v.held(ctx)
}

// declineReasons are the reasons that one tap gives; none is asked for.
var declineReasons = []string{"decline.topic", "decline.time", "decline.tone"}

// decline takes a case out of the reader's feed, or puts it back.
func (a *App) decline(w http.ResponseWriter, r *http.Request) error {
	if r.PostFormValue("undo") != "" {
		if err := a.onCase(r, community.ReconsiderCase); err != nil {
			return err
		}
		return a.showCase(w, r, nil)
	}
	reason := newlines(r.PostFormValue("reason"))
	err := a.onCase(r, func(ctx context.Context, tx community.Tx, me *community.Member, id int64) (community.Case, error) {
		return community.DeclineCase(ctx, tx, me, id, reason)
	})
	if err != nil {
		return err
	}
	goTo(w, r, "/feed?said=declined")
	return nil
}

func (a *App) passOn(w http.ResponseWriter, r *http.Request) error {
	to, _ := strconv.ParseInt(r.PostFormValue("to"), 10, 64)
	note := newlines(r.PostFormValue("note"))
	err := a.onCase(r, func(ctx context.Context, tx community.Tx, me *community.Member, id int64) (community.Case, error) {
		return community.PassOn(ctx, tx, me, id, to, note)
	})
	if err != nil {
		return err
	}
	goTo(w, r, "/feed?said=passed_on")
	return nil
}

func (a *App) takeOver(w http.ResponseWriter, r *http.Request) error {
	if err := a.onCase(r, community.TakeOver); err != nil {
		return err
	}
	return a.showCase(w, r, nil)
}

func (a *App) startFrom(w http.ResponseWriter, r *http.Request) error {
	answer, err := strconv.ParseInt(r.PostFormValue("answer"), 10, 64)
	if err != nil {
		return &community.Invalid{Field: "answer", Sentence: "this form cannot be read"}
	}
	err = a.onCase(r, func(ctx context.Context, tx community.Tx, me *community.Member, id int64) (community.Case, error) {
		return community.StartFrom(ctx, tx, me, id, answer)
	})
	var begun *community.Invalid
	if errors.As(err, &begun) {
		return a.showCase(w, r, &said{Text: Sentence(r.Context(), begun.Sentence), Until: view(r.Context()).Now.Add(toastLife)})
	}
	if err != nil {
		return err
	}
	return a.showCase(w, r, nil)
}

// present hears that the reader has the case open, and tells who else has. A claim that it renewed shows
// in the claim bar.
func (a *App) present(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "case")
	if err != nil {
		return err
	}
	me, kind := access.From(r.Context()).Member, community.PresenceKind(r.PostFormValue("kind"))
	var c community.Case
	var renewed bool
	err = a.DB.Transact(r.Context(), db.Page, func(ctx context.Context, tx listeners.Tx) error {
		c, err = community.Present(ctx, tx, me, id, kind, r.PostFormValue("moved") != "")
		renewed = err == nil && c.HeldBy(me, tx.Now()) && c.HeldUntil == tx.Now().Add(community.Lease)
		return err
	})
	if err != nil {
		return err
	}
	v := casePage{Case: c}
	if renewed {
		form := typed{}
		form.Seen, _ = strconv.ParseInt(r.PostFormValue("seen"), 10, 64)
		if v, err = a.readCase(r, form); err != nil {
			return err
		}
		return render(w, r, http.StatusOK, presenceAndClaim(v))
	}
	members, err := community.Members(r.Context(), a.DB.Read(), me.BrandID)
	if err != nil {
		return err
	}
	v.Matching.Here, err = a.readHere(r.Context(), a.DB.Read(), id, members)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, presence(v))
}
