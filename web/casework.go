package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// caseworkSize is how many cases a page of the triage board has.
const caseworkSize = 50

// caseworkStates are the states one can ask the board for; the first is what waits.
var caseworkStates = []filterChoice{
	{"", "casework.waiting"},
	{string(community.Open), "state.open"},
	{string(community.Claimed), "state.claimed"},
	{string(community.InReview), "state.in_review"},
	{string(community.Answered), "state.answered"},
	{string(community.AnsweredElsewhere), "state.answered_elsewhere"},
	{string(community.Resolved), "state.resolved"},
	{string(community.Closed), "state.closed"},
}

// caseworkAges are how long customers have waited, by the share of the promise that is over.
var caseworkAges = []filterChoice{{"", "casework.any_age"}, {"soon", "casework.soon"}, {"late", "casework.late"}}

// caseworkRisks narrow the board to customers who rage.
var caseworkRisks = []filterChoice{{"", "casework.any_mood"}, {"angry", "casework.angry"}}

// filterChoice is one value of a filter, with the id of its text.
type filterChoice struct{ Value, Text string }

// caseworkFilter is which cases the board shows, as its address says it: an address is a view.
type caseworkFilter struct {
	State, Lane, Topic, Network, Language, Holder, Age, Risk, After string
}

func readCasework(q url.Values) caseworkFilter {
	return caseworkFilter{
		State: q.Get("state"), Lane: q.Get("lane"), Topic: q.Get("topic"), Network: q.Get("network"), Language: q.Get("language"),
		Holder: q.Get("holder"), Age: q.Get("age"), Risk: q.Get("risk"), After: q.Get("after"),
	}
}

// query is the filter as the end of an address, "" for none.
func (f caseworkFilter) query() string {
	q := url.Values{}
	for name, value := range map[string]string{
		"state": f.State, "lane": f.Lane, "topic": f.Topic, "network": f.Network, "language": f.Language, "holder": f.Holder, "age": f.Age, "risk": f.Risk, "after": f.After,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

func (f caseworkFilter) withAfter(after string) caseworkFilter { f.After = after; return f }

// sought reads the filter; what it does not know asks for everything.
func (f caseworkFilter) sought(now clock.Time, me int64) community.Sought {
	s := community.Sought{
		Lane: community.Lane(f.Lane), Network: f.Network, Language: f.Language, Hostile: f.Risk == "angry", Limit: caseworkSize, After: f.After,
	}
	if slices.ContainsFunc(caseworkStates, func(c filterChoice) bool { return c.Value == f.State }) {
		s.State = community.State(f.State)
	}
	if id, err := strconv.ParseInt(f.Topic, 10, 64); err == nil {
		s.Topic = &id
	}
	if id, err := strconv.ParseInt(f.Holder, 10, 64); err == nil {
		s.Holder = id
	} else if f.Holder == "me" {
		s.Holder = me
	}
	switch f.Age {
	case "soon":
		s.Before = now.Add(-community.Promise * 3 / 4)
	case "late":
		s.Before = now.Add(-community.Promise)
	}
	return s
}

// caseworkRow is a case on the board; Version is what it stood at when it was read.
type caseworkRow struct {
	Row
	Version int64
	Chosen  bool
}

// caseworkPage is the triage board.
type caseworkPage struct {
	Filter   caseworkFilter
	Rows     []caseworkRow
	Next     string
	Topics   []community.Topic
	Networks []string
	Holders  []community.Member
	May      bool // the reader may sort cases
	Done     int  // of the action before this page
	Left     []leftCase
	Failed   *community.Invalid
	Action   string
	Reason   string
}

// leftCase is a case that an action left as it is, and why.
type leftCase struct {
	ID   int64
	Fate community.Fate
}

func (a *App) casework(w http.ResponseWriter, r *http.Request) error {
	v, err := a.readCaseworkPage(r.Context(), readCasework(r.URL.Query()))
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, caseworkView(v))
}

func (a *App) readCaseworkPage(ctx context.Context, f caseworkFilter) (v caseworkPage, err error) {
	me, read := access.From(ctx).Member, a.DB.Read()
	v = caseworkPage{Filter: f, May: a.Guard.May(ctx, "casework", "change")}
	cases, next, err := community.Seek(ctx, read, me, f.sought(view(ctx).Now, me.ID))
	if err != nil {
		return v, err
	}
	if next != "" {
		v.Next = "/cases" + f.withAfter(next).query()
	}
	rows, err := a.rows(ctx, read, cases, filter{})
	if err != nil {
		return v, err
	}
	for i, r := range rows {
		if cases[i].Lane == community.Staff {
			r.Why = whyLane(ctx, cases[i].LaneWhy)
		}
		v.Rows = append(v.Rows, caseworkRow{Row: r, Version: cases[i].Version})
	}
	if v.Topics, err = community.Topics(ctx, read, me.BrandID); err != nil {
		return v, err
	}
	connections, err := listeners.Connections(ctx, read, me.BrandID)
	if err != nil {
		return v, err
	}
	for _, c := range connections {
		if !slices.Contains(v.Networks, c.Network) {
			v.Networks = append(v.Networks, c.Network)
		}
	}
	members, err := community.Members(ctx, read, me.BrandID)
	for _, m := range members {
		if m.State == community.Active {
			v.Holders = append(v.Holders, m)
		}
	}
	slices.SortFunc(v.Holders, func(a, b community.Member) int {
		return cmp.Or(strings.Compare(a.PublicName, b.PublicName), cmp.Compare(a.ID, b.ID))
	})
	return v, err
}

// sortCases does one thing to the cases that were chosen, and shows the board with what became of each.
func (a *App) sortCases(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &community.Invalid{Field: "case", Sentence: "this form cannot be read"}
	}
	s := community.Sort{Action: community.Action(r.PostFormValue("action")), Reason: strings.TrimSpace(r.PostFormValue("reason"))}
	for _, chosen := range r.PostForm["case"] {
		id, version, _ := strings.Cut(chosen, ".")
		i, err1 := strconv.ParseInt(id, 10, 64)
		n, err2 := strconv.ParseInt(version, 10, 64)
		if err1 != nil || err2 != nil {
			return &community.Invalid{Field: "case", Sentence: "this form cannot be read"}
		}
		s.Cases = append(s.Cases, community.Sorted{ID: i, Version: n})
	}
	var fates map[int64]community.Fate
	err := a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) (err error) {
		me := access.From(ctx).Member
		if s.Action == community.ActTopic {
			if s.Topic, err = topicNamed(ctx, tx, me.BrandID, r.PostFormValue("to_topic")); err != nil {
				return err
			}
		}
		fates, err = community.SortCases(ctx, tx, me, s)
		return err
	})
	var failed *community.Invalid
	if err != nil && !errors.As(err, &failed) {
		return err
	}
	v, err := a.readCaseworkPage(r.Context(), readCasework(r.PostForm))
	if err != nil {
		return err
	}
	v.Failed, v.Action, v.Reason = failed, string(s.Action), s.Reason
	for i, row := range v.Rows {
		v.Rows[i].Chosen = failed != nil && slices.ContainsFunc(s.Cases, func(c community.Sorted) bool { return c.ID == row.ID })
	}
	for _, c := range s.Cases {
		switch fate := fates[c.ID]; fate {
		case community.FateDone:
			v.Done++
		case "":
		default:
			v.Left = append(v.Left, leftCase{c.ID, fate})
		}
	}
	if failed == nil {
		v.Reason = ""
		return render(w, r, http.StatusOK, caseworkView(v))
	}
	return render(w, r, http.StatusUnprocessableEntity, caseworkView(v))
}

// topicNamed finds the topic that a form names by its id; 0 is what belongs to none.
func topicNamed(ctx context.Context, tx listeners.Tx, brandID int64, id string) (community.Topic, error) {
	topics, err := community.Topics(ctx, tx, brandID)
	if err != nil {
		return community.Topic{}, err
	}
	if id == strconv.FormatInt(community.OtherTopic, 10) {
		return community.Topic{}, nil
	}
	for _, t := range topics {
		if strconv.FormatInt(t.ID, 10) == id {
			return t, nil
		}
	}
	return community.Topic{}, &community.Invalid{Field: "to_topic", Sentence: "choose one of the brand's topics"}
}

// fateTexts say why an action left a case as it is.
var fateTexts = map[community.Fate]string{
	community.FateSame: "casework.same", community.FateHeld: "casework.held", community.FateOver: "casework.over",
	community.FateStaff: "casework.stays", community.FateChanged: "casework.changed", community.FateGone: "casework.gone",
}

func (r caseworkRow) value() string { return fmt.Sprintf("%d.%d", r.ID, r.Version) }

// due says how long is left of the promise, or that it is over.
func (r caseworkRow) due(ctx context.Context) string {
	left := r.Due.Sub(view(ctx).Now)
	if left <= 0 {
		return T(ctx, "casework.over_by", "time", span(ctx, max(-left, time.Minute)))
	}
	return T(ctx, "casework.left", "time", span(ctx, max(left, time.Minute)))
}

// lanesToChoose are the lanes of the board's filter.
func lanesToChoose() []filterChoice {
	all := make([]filterChoice, len(feedLanes))
	for i, l := range feedLanes {
		all[i] = filterChoice{string(l.lane), l.text}
	}
	return all
}
