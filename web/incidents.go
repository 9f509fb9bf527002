package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/uptrace/bun"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
)

// incidentsPage is what happens to many customers at once: what is open, and what might become an incident.
type incidentsPage struct {
	Open, Over []community.Incident
	Clusters   []moderation.Cluster
	Said       map[int64][]listeners.Mention // by cluster
	Topics     []community.Topic
	Alert      int64 // that the new one is opened from
	Title      string
	Failed     *community.Invalid
}

const (
	mostClustersShown = 12
	saidShown         = 3
)

func incidentPath(id int64) string { return fmt.Sprintf("/incidents/%d", id) }

func (a *App) incidents(w http.ResponseWriter, r *http.Request) error {
	v := incidentsPage{}
	v.Alert, _ = strconv.ParseInt(r.URL.Query().Get("alert"), 10, 64)
	return a.showIncidents(w, r, http.StatusOK, v)
}

func (a *App) showIncidents(w http.ResponseWriter, r *http.Request, status int, v incidentsPage) error {
	err := a.DB.ReadTx(r.Context(), func(ctx context.Context, read bun.IDB) error {
		me := access.From(ctx).Member
		all, err := community.Incidents(ctx, read, me.BrandID)
		if err != nil {
			return err
		}
		for _, i := range all {
			if i.State == community.IncidentOpen {
				v.Open = append(v.Open, i)
			} else {
				v.Over = append(v.Over, i)
			}
		}
		if v.Topics, err = community.Topics(ctx, read, me.BrandID); err != nil {
			return err
		}
		v.Clusters, v.Said, err = readClusters(ctx, read, me.BrandID)
		return err
	})
	if err != nil {
		return err
	}
	return render(w, r, status, incidentsView(v))
}

func readClusters(ctx context.Context, read bun.IDB, brandID int64) ([]moderation.Cluster, map[int64][]listeners.Mention, error) {
	all, err := moderation.Clusters(ctx, read, brandID, view(ctx).Now, mostClustersShown)
	if err != nil {
		return nil, nil, err
	}
	ids := make([]int64, len(all))
	for i, k := range all {
		ids[i] = k.ID
	}
	said, err := moderation.SaidIn(ctx, read, ids, saidShown)
	return all, said, err
}

// openIncident opens an incident, from a cluster or an alert where the form names one.
func (a *App) openIncident(w http.ResponseWriter, r *http.Request) error {
	i := community.Incident{Title: r.PostFormValue("title")}
	i.TopicID, _ = strconv.ParseInt(r.PostFormValue("topic"), 10, 64)
	i.AlertID, _ = strconv.ParseInt(r.PostFormValue("alert"), 10, 64)
	cluster, _ := strconv.ParseInt(r.PostFormValue("cluster"), 10, 64)
	err := a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) (err error) {
		i, err = moderation.OpenIncident(ctx, tx, access.From(ctx).Member, i, cluster)
		return err
	})
	var failed *community.Invalid
	if errors.As(err, &failed) {
		return a.showIncidents(w, r, http.StatusUnprocessableEntity, incidentsPage{Failed: failed, Title: i.Title, Alert: i.AlertID})
	}
	if err != nil {
		return err
	}
	goTo(w, r, incidentPath(i.ID))
	return nil
}

// incidentPage is all of one incident.
type incidentPage struct {
	community.Incident
	Counts     community.Counts
	Facts      []community.Facts // the latest first
	Statements []statementLine
	Outlets    []incidentOutlet
	Waiting    []caseworkRow
	Covered    []caseworkRow
	Calls      []community.SurgeCall
	Reserves   int
	Clusters   []moderation.Cluster
	Said       map[int64][]listeners.Mention
	News       []Entry
	Topic      string
	Members    map[int64]community.Member
	Me         *community.Member
	Failed     *community.Invalid
	En, Vi     string // of the facts as they are being written
	Text       string // of the statement as it is being written
	Done       string // what was just done, as an id of a text, with how many
	N          int
}

// statementLine is a statement with where it stands.
type statementLine struct {
	community.Statement
	On []announced
}

// announced is where a statement stands on one connection.
type announced struct {
	listeners.Announcement
	Account string
	Network string
}

// incidentOutlet is an account with what it can say, and how fast.
type incidentOutlet struct {
	listeners.Connection
	listeners.Outlook
	Posts bool // the network takes a post of the brand's own from us
	Takes time.Duration
	Left  int // cases of the incident that wait there
}

// mostIncidentCases is how many cases of each kind the page lists.
const mostIncidentCases = 100

func (a *App) incident(w http.ResponseWriter, r *http.Request) error {
	v, err := a.readIncident(r)
	if err != nil {
		return err
	}
	v.Done = didTexts[r.URL.Query().Get("done")]
	v.N, _ = strconv.Atoi(r.URL.Query().Get("n"))
	return render(w, r, http.StatusOK, incidentView(v))
}

func (a *App) readIncident(r *http.Request) (v incidentPage, err error) {
	id, err := pathID(r, "incident")
	if err != nil {
		return v, err
	}
	err = a.DB.ReadTx(r.Context(), func(ctx context.Context, read bun.IDB) error {
		me := access.From(ctx).Member
		v.Me = me
		if v.Incident, err = community.FindIncident(ctx, read, me.BrandID, id); err != nil {
			return err
		}
		if v.Members, err = community.Members(ctx, read, me.BrandID); err != nil {
			return err
		}
		if v.Counts, err = community.CountOf(ctx, read, &v.Incident); err != nil {
			return err
		}
		if v.Facts, err = community.FactsOf(ctx, read, &v.Incident); err != nil {
			return err
		}
		if len(v.Facts) > 0 {
			v.En, v.Vi = v.Facts[0].En, v.Facts[0].Vi
		}
		topics, err := community.EveryTopic(ctx, read, me.BrandID)
		if err != nil {
			return err
		}
		for _, t := range topics {
			if t.ID == v.TopicID {
				v.Topic = t.Name
			}
		}
		if err := a.readOutlets(ctx, read, &v); err != nil {
			return err
		}
		if v.Waiting, err = a.incidentRows(ctx, read, &v, community.Open); err != nil {
			return err
		}
		if v.Covered, err = a.incidentRows(ctx, read, &v, community.Covered); err != nil {
			return err
		}
		if v.Calls, err = community.CallsTo(ctx, read, &v.Incident); err != nil {
			return err
		}
		reserves, err := community.Reserves(ctx, read, &v.Incident, view(ctx).Now)
		if err != nil {
			return err
		}
		v.Reserves = len(reserves)
		if v.State == community.IncidentOpen {
			if v.Clusters, v.Said, err = readClusters(ctx, read, me.BrandID); err != nil {
				return err
			}
		}
		news, err := community.IncidentNews(ctx, read, &v.Incident)
		for _, n := range news {
			v.News = append(v.News, Entry{Icon: "info", Text: incidentTold(ctx, n, v.Members), At: n.CreatedAt})
		}
		return err
	})
	return v, err
}

// readOutlets reads where the incident can be spoken of, what was said there, and how fast answers leave.
func (a *App) readOutlets(ctx context.Context, read bun.IDB, v *incidentPage) error {
	connections, err := listeners.Connections(ctx, read, v.BrandID)
	if err != nil {
		return err
	}
	var waiting []struct {
		ConnectionID int64
		N            int
	}
	err = read.NewSelect().Model((*community.Case)(nil)).ColumnExpr("c.connection_id, COUNT(*) AS n").
		Where("c.incident_id = ? AND c.state IN (?, ?, ?)", v.ID, community.Open, community.Claimed, community.InReview).GroupExpr("c.connection_id").Scan(ctx, &waiting)
	if err != nil {
		return err
	}
	byID := map[int64]listeners.Connection{}
	for _, c := range connections {
		byID[c.ID] = c
		if c.State == listeners.Removed {
			continue
		}
		ahead, err := listeners.Ahead(ctx, read, c, a.Deliverer.Pace(c), view(ctx).Now)
		if err != nil {
			return err
		}
		o := incidentOutlet{Connection: c, Outlook: ahead, Posts: a.Deliverer.Announces(c)}
		for _, w := range waiting {
			if w.ConnectionID == c.ID {
				o.Left = w.N
			}
		}
		o.Takes = ahead.Takes(view(ctx).Now, o.Left)
		v.Outlets = append(v.Outlets, o)
	}
	statements, err := community.Statements(ctx, read, &v.Incident)
	if err != nil {
		return err
	}
	ids := make([]int64, len(statements))
	for i, s := range statements {
		ids[i] = s.ID
	}
	posted, err := listeners.Announcements(ctx, read, ids...)
	if err != nil {
		return err
	}
	for _, s := range statements {
		line := statementLine{Statement: s}
		for _, p := range posted[s.ID] {
			c := byID[p.ConnectionID]
			line.On = append(line.On, announced{p, c.Title(), c.Network})
		}
		v.Statements = append(v.Statements, line)
	}
	return nil
}

func (a *App) incidentRows(ctx context.Context, read bun.IDB, v *incidentPage, state community.State) ([]caseworkRow, error) {
	cases, err := community.IncidentCases(ctx, read, v.Me, &v.Incident, state, 0, mostIncidentCases)
	if err != nil {
		return nil, err
	}
	rows, err := a.rows(ctx, read, cases, filter{})
	if err != nil {
		return nil, err
	}
	all := make([]caseworkRow, len(rows))
	for i, r := range rows {
		all[i] = caseworkRow{Row: r, Version: cases[i].Version}
	}
	return all, nil
}

// toldTexts are the sentences of what happens to an incident.
var toldTexts = map[string]string{
	community.ToldOpened:    "incident_told.opened",
	community.ToldOver:      "incident_told.over",
	community.ToldReopened:  "incident_told.reopened",
	community.ToldFacts:     "incident_told.facts",
	community.ToldWritten:   "incident_told.written",
	community.ToldApproved:  "incident_told.approved",
	community.ToldDropped:   "incident_told.dropped",
	community.ToldPosted:    "incident_told.posted",
	community.ToldFailed:    "incident_told.failed",
	community.ToldDoubtful:  "incident_told.doubtful",
	community.ToldCovered:   "incident_told.covered",
	community.ToldUncovered: "incident_told.uncovered",
	community.ToldCovers:    "incident_told.covers",
	community.ToldCoversNot: "incident_told.covers_not",
	community.ToldBelong:    "incident_told.belong",
	community.ToldCalled:    "incident_told.called",
}

// didTexts say what a press on the page of an incident has done.
var didTexts = map[string]string{
	"facts":     "incident_done.facts",
	"covered":   "incident_done.covered",
	"uncovered": "incident_done.uncovered",
	"called":    "incident_done.called",
	"belong":    "incident_done.belong",
}

// statementTexts say where a statement stands.
var statementTexts = map[community.StatementState]string{
	community.StatementWritten:  "statement.written",
	community.StatementApproved: "statement.approved",
	community.StatementDropped:  "statement.dropped",
}

// incidentTold is the sentence of what happened to an incident.
func incidentTold(ctx context.Context, a community.Activity, members map[int64]community.Member) string {
	who := members[a.ActorID].PublicName
	if who == "" {
		who = T(ctx, "activity_by_rule")
	}
	_, account, _ := strings.Cut(a.Detail.Account, ":")
	said := T(ctx, toldTexts[a.Detail.Rule], "who", who, "count", a.Detail.Posts, "account", account)
	if a.Detail.Text == "" || a.Detail.Rule == community.ToldFailed {
		return said
	}
	return said + " " + quoted(a.Detail.Text)
}

// changesIncident is a form of the page of an incident. What cannot be done comes back with what was written.
func (a *App) changesIncident(do func(ctx context.Context, tx listeners.Tx, me *community.Member, id int64, r *http.Request) (done string, n int, err error)) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := r.ParseForm(); err != nil {
			return &community.Invalid{Field: "form", Sentence: "this form cannot be read"}
		}
		id, err := pathID(r, "incident")
		if err != nil {
			return err
		}
		done, n := "", 0
		err = a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) (err error) {
			done, n, err = do(ctx, tx, access.From(ctx).Member, id, r)
			return err
		})
		var failed *community.Invalid
		if errors.As(err, &failed) {
			v, err := a.readIncident(r)
			if err != nil {
				return err
			}
			v.Failed, v.Text = failed, newlines(r.PostFormValue("text"))
			if r.PostForm.Has("en") {
				v.En, v.Vi = newlines(r.PostFormValue("en")), newlines(r.PostFormValue("vi"))
			}
			return render(w, r, http.StatusUnprocessableEntity, incidentView(v))
		}
		if err != nil {
			return err
		}
		path := incidentPath(id)
		if done != "" {
			path += fmt.Sprintf("?done=%s&n=%d", done, n)
		}
		goTo(w, r, path)
		return nil
	}
}

func endIncident(ctx context.Context, tx listeners.Tx, me *community.Member, id int64, _ *http.Request) (string, int, error) {
	return "", 0, community.EndIncident(ctx, tx, me, id)
}

func reopenIncident(ctx context.Context, tx listeners.Tx, me *community.Member, id int64, _ *http.Request) (string, int, error) {
	return "", 0, community.ReopenIncident(ctx, tx, me, id)
}

func lockFacts(ctx context.Context, tx listeners.Tx, me *community.Member, id int64, r *http.Request) (string, int, error) {
	_, n, err := community.LockFacts(ctx, tx, me, id, r.PostFormValue("en"), r.PostFormValue("vi"))
	return "facts", n, err
}

func writeStatement(ctx context.Context, tx listeners.Tx, me *community.Member, id int64, r *http.Request) (string, int, error) {
	_, err := community.WriteStatement(ctx, tx, me, id, r.PostFormValue("text"))
	return "", 0, err
}

func dropStatement(ctx context.Context, tx listeners.Tx, me *community.Member, id int64, r *http.Request) (string, int, error) {
	statement, err := pathID(r, "statement")
	if err != nil {
		return "", 0, err
	}
	return "", 0, community.DropStatement(ctx, tx, me, id, statement)
}

// approveStatement lets a statement be posted on the accounts that are chosen: by us where the network takes it,
// else by hand.
func (a *App) approveStatement(ctx context.Context, tx listeners.Tx, me *community.Member, id int64, r *http.Request) (string, int, error) {
	statement, err := pathID(r, "statement")
	if err != nil {
		return "", 0, err
	}
	var where []listeners.Announcement
	for _, chosen := range r.PostForm["connection"] {
		connection, err := strconv.ParseInt(chosen, 10, 64)
		if err != nil {
			return "", 0, &community.Invalid{Field: "connection", Sentence: "this form cannot be read"}
		}
		c, err := listeners.FindConnection(ctx, tx, connection)
		if err != nil || c.BrandID != me.BrandID {
			return "", 0, community.ErrNotAllowed
		}
		to := listeners.Announcement{ID: a.Desk.NewID(), ConnectionID: c.ID, Mode: listeners.Assisted, DueAt: tx.Now().Add(a.Desk.Undo)}
		if a.Deliverer.Announces(c) {
			to.Mode = listeners.ByAPI
		}
		where = append(where, to)
	}
	_, err = moderation.ApproveStatement(ctx, tx, a.Desk, me, id, statement, where)
	return "", 0, err
}

// settleAnnounced ends by a person's word what only a person can end.
func (a *App) settleAnnounced(ctx context.Context, tx listeners.Tx, me *community.Member, id int64, r *http.Request) (string, int, error) {
	if _, err := community.FindIncident(ctx, tx, me.BrandID, id); err != nil {
		return "", 0, err
	}
	announcement := chi.URLParam(r, "announcement")
	found, err := listeners.FindAnnouncement(ctx, tx, me.BrandID, announcement)
	if err != nil {
		return "", 0, err
	}
	var word listeners.Word
	switch r.PostFormValue("there") {
	case "yes":
		conn, err := listeners.FindConnection(ctx, tx, found.ConnectionID)
		if err != nil {
			return "", 0, err
		}
		word.There, word.Sent.URL = true, strings.TrimSpace(r.PostFormValue("link"))
		if !strings.HasPrefix(word.Sent.URL, "https://") && !strings.HasPrefix(word.Sent.URL, "http://") {
			return "", 0, &community.Invalid{Field: "link", Sentence: "paste the address of the post; customers are led there"}
		}
		if read := a.Desk.Network(conn.Network).Link; read != nil {
			if word.Sent.NativeID = read(conn.Settings, word.Sent.URL); word.Sent.NativeID == "" {
				return "", 0, listeners.ErrNoLink
			}
		}
	case "hand":
		word.ByHand = true
	case "no":
	default:
		return "", 0, &community.Invalid{Field: "there", Sentence: "there is no such choice"}
	}
	_, err = a.Deliverer.SettleAnnouncement(ctx, tx, me.BrandID, announcement, word)
	return "", 0, err
}

// chosenCases are the cases that a form names; nil where it asks for all.
func chosenCases(r *http.Request) ([]int64, error) {
	if r.PostFormValue("all") != "" {
		return nil, nil
	}
	ids := []int64{}
	for _, chosen := range r.PostForm["case"] {
		id, _, _ := strings.Cut(chosen, ".")
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return nil, &community.Invalid{Field: "case", Sentence: "this form cannot be read"}
		}
		ids = append(ids, n)
	}
	if len(ids) == 0 || len(ids) > mostIncidentCases {
		return nil, &community.Invalid{Field: "case", Sentence: "choose at least one case, and at most a hundred"}
	}
	return ids, nil
}

func coverCases(ctx context.Context, tx listeners.Tx, me *community.Member, id int64, r *http.Request) (string, int, error) {
	if later := r.PostFormValue("later"); later != "" {
		return "", 0, community.SetCovers(ctx, tx, me, id, later == "yes")
	}
	ids, err := chosenCases(r)
	if err != nil {
		return "", 0, err
	}
	n, err := community.CoverCases(ctx, tx, me, id, ids)
	return "covered", n, err
}

func uncoverCases(ctx context.Context, tx listeners.Tx, me *community.Member, id int64, r *http.Request) (string, int, error) {
	ids, err := chosenCases(r)
	if err != nil {
		return "", 0, err
	}
	n, err := community.UncoverCases(ctx, tx, me, id, ids)
	return "uncovered", n, err
}

func callReserves(ctx context.Context, tx listeners.Tx, me *community.Member, id int64, _ *http.Request) (string, int, error) {
	n, err := community.CallReserves(ctx, tx, me, id)
	return "called", n, err
}

func putCluster(ctx context.Context, tx listeners.Tx, me *community.Member, id int64, r *http.Request) (string, int, error) {
	cluster, err := strconv.ParseInt(r.PostFormValue("cluster"), 10, 64)
	if err != nil {
		return "", 0, &community.Invalid{Field: "cluster", Sentence: "this form cannot be read"}
	}
	n, err := moderation.PutCluster(ctx, tx, me, id, cluster)
	return "belong", n, err
}

// leaveIncident takes the case out of its incident.
func (a *App) leaveIncident(w http.ResponseWriter, r *http.Request) error {
	if err := a.onCase(r, community.LeaveIncident); err != nil {
		return err
	}
	return a.showCase(w, r, nil)
}

// paceText says what a network lets out, and what that means for what waits.
func (o incidentOutlet) paceText(ctx context.Context) string {
	if len(o.Outlook.Pace) == 0 {
		return T(ctx, "incident.no_pace", "account", o.Title())
	}
	var parts []string
	for _, p := range o.Outlook.Pace {
		parts = append(parts, T(ctx, "incident.pace", "posts", Number(ctx, p.Posts), "time", span(ctx, p.Per)))
	}
	said := T(ctx, "incident.lets_out", "account", o.Title(), "pace", strings.Join(parts, ", "))
	if o.Left == 0 {
		return said
	}
	return said + " " + T(ctx, "incident.takes", "answers", Number(ctx, o.Left), "time", span(ctx, max(o.Takes, time.Minute)))
}

// thousand is how long a thousand answers take there.
func (o incidentOutlet) thousand(ctx context.Context) string {
	if len(o.Outlook.Pace) == 0 {
		return ""
	}
	return T(ctx, "incident.takes", "answers", Number(ctx, 1000), "time", span(ctx, max(o.Outlook.Takes(view(ctx).Now, 1000), time.Minute)))
}
