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
	{string(community.Covered), "state.covered"},
}

// caseworkAges are how long customers have waited, by the share of the promise that is over.
var caseworkAges = []filterChoice{{"", "casework.any_age"}, {"soon", "casework.soon"}, {"late", "casework.late"}}

// caseworkRisks narrow the board to customers who rage.
var caseworkRisks = []filterChoice{{"", "casework.any_mood"}, {"angry", "casework.angry"}}

// filterChoice is one value of a filter, with the id of its text.
type filterChoice struct{ Value, Text string }

// caseworkFilter is which cases the board shows, as its address says it: an address is a view.
type caseworkFilter struct {
	State, Lane, Team, Topic, Network, Language, Holder, Age, Risk, After string

	As string // "columns" shows the states beside each other
}

// asColumns tells whether the board shows the states beside each other.
func (f caseworkFilter) asColumns() bool { return f.As == "columns" }

// parts is the filter by the names that forms and addresses give its parts.
func (f caseworkFilter) parts() [][2]string {
	return [][2]string{
		{"state", f.State},
		{"lane", f.Lane},
		{"team", f.Team},
		{"topic", f.Topic},
		{"network", f.Network},
		{"language", f.Language},
		{"holder", f.Holder},
		{"age", f.Age},
		{"risk", f.Risk},
		{"after", f.After},
		{"as", f.As},
	}
}

func readCasework(q url.Values) caseworkFilter {
	return caseworkFilter{
		State: q.Get("state"), Lane: q.Get("lane"), Team: q.Get("team"), As: q.Get("as"), Topic: q.Get("topic"), Network: q.Get("network"), Language: q.Get("language"),
		Holder: q.Get("holder"), Age: q.Get("age"), Risk: q.Get("risk"), After: q.Get("after"),
	}
}

// query is the filter as the end of an address, "" for none.
func (f caseworkFilter) query() string {
	q := url.Values{}
	for _, part := range f.parts() {
		if part[1] != "" {
			q.Set(part[0], part[1])
		}
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

func (f caseworkFilter) withAfter(after string) caseworkFilter { f.After = after; return f }

func (f caseworkFilter) shownAs(as string) caseworkFilter {
	f.As, f.State, f.After = as, "", ""
	return f
}

func (f caseworkFilter) inState(s community.State) caseworkFilter {
	f = f.shownAs("")
	f.State = string(s)
	return f
}

// sought reads the filter; what it does not know asks for everything.
func (f caseworkFilter) sought(now clock.Time, me int64) community.Sought {
	s := community.Sought{
		Lane: community.Lane(f.Lane), Team: f.Team, Network: f.Network, Language: f.Language, Hostile: f.Risk == "angry", Limit: caseworkSize, After: f.After,
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
	Team    string // of the staff; "" where no rule named one
	Chosen  bool
}

// caseworkPage is the triage board.
type caseworkPage struct {
	Filter   caseworkFilter
	Rows     []caseworkRow
	Columns  []caseworkColumn // in place of Rows, where the states are shown beside each other
	Next     string
	Teams    []string
	Duty     []string // who of the team, or of the staff, is on duty now
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

// lists are all cases that the page shows.
func (v caseworkPage) lists() [][]caseworkRow {
	lists := [][]caseworkRow{v.Rows}
	for _, c := range v.Columns {
		lists = append(lists, c.Rows)
	}
	return lists
}

func (v caseworkPage) empty() bool {
	return !slices.ContainsFunc(v.lists(), func(rows []caseworkRow) bool { return len(rows) > 0 })
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
	if f.asColumns() {
		v.Columns, err = a.readColumns(ctx, me, f)
	} else {
		var next string
		v.Rows, next, err = a.readCasework(ctx, me, f.sought(view(ctx).Now, me.ID))
		if next != "" {
			v.Next = "/cases" + f.withAfter(next).query()
		}
	}
	if err != nil {
		return v, err
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
	v.Teams = community.Teams(members)
	for _, m := range community.DutyOf(community.Team(members, f.Team), view(ctx).Now) {
		v.Duty = append(v.Duty, m.PublicName)
	}
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

// readCasework reads the cases that are sought, and where the next page begins.
func (a *App) readCasework(ctx context.Context, me *community.Member, s community.Sought) ([]caseworkRow, string, error) {
	cases, next, err := community.Seek(ctx, a.DB.Read(), me, s)
	if err != nil {
		return nil, "", err
	}
	rows, err := a.rows(ctx, a.DB.Read(), cases, filter{})
	if err != nil {
		return nil, "", err
	}
	shown := make([]caseworkRow, len(rows))
	for i, r := range rows {
		if cases[i].Lane == community.Staff {
			r.Why = whyLane(ctx, cases[i].LaneWhy)
		}
		shown[i] = caseworkRow{Row: r, Version: cases[i].Version, Team: cases[i].Team}
	}
	return shown, next, nil
}

// caseworkColumn is one state of the board, with the first of its cases.
type caseworkColumn struct {
	State community.State
	Rows  []caseworkRow
	More  string // the table of all of them, where there are more
}

// columnSize is how many cases a column shows.
const columnSize = 20

func (a *App) readColumns(ctx context.Context, me *community.Member, f caseworkFilter) (columns []caseworkColumn, err error) {
	for _, state := range []community.State{community.Open, community.Claimed, community.InReview, community.Answered} {
		s, more := f.inState(state).sought(view(ctx).Now, me.ID), ""
		s.Limit = columnSize
		rows, next, err := a.readCasework(ctx, me, s)
		if err != nil {
			return nil, err
		}
		if next != "" {
			more = "/cases" + f.inState(state).query()
		}
		columns = append(columns, caseworkColumn{state, rows, more})
	}
	return columns, nil
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
	for _, rows := range v.lists() {
		for i, row := range rows {
			rows[i].Chosen = failed != nil && slices.ContainsFunc(s.Cases, func(c community.Sorted) bool { return c.ID == row.ID })
		}
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
