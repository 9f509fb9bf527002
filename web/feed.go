package web

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/triage"
)

// feed is a list of cases as the feed shows it, and beside every case.
type feed struct {
	Filter     filter
	Staff      bool // may choose between lanes
	Pastes     bool // may bring posts by their link
	Topics     []community.Topic
	Held       []Row // what the reader holds
	Rows       []Row
	Next       string // of the next page, "" on the last
	Notices    []community.Notice
	Back       welcome
	FirstSteps []firstStep // before the first customer
	Current    int64       // the case open in the work pane, 0 for none
	Said       string      // id of a word about what was just done, "" for none
}

// filter is which cases a list shows, as its address says it.
type filter struct {
	State community.State // "" for those that wait for somebody
	Lane  community.Lane  // "" for every lane
	Topic string          // a topic's id, "" for every topic
	After string          // where the page before ended
}

// feedStates are the states one can ask for; the first is where one begins.
var feedStates = []struct {
	state community.State
	text  string
}{
	{"", "feed.open"},
	{community.Claimed, "feed.claimed"},
	{community.InReview, "feed.in_review"},
	{community.Answered, "feed.answered"},
	{community.Resolved, "feed.resolved"},
}

var feedLanes = []struct {
	lane community.Lane
	text string
}{
	{"", "feed.any_lane"},
	{community.Community, "feed.community"},
	{community.Care, "feed.care"},
	{community.Staff, "feed.staff"},
}

// saidTexts are what the feed says of what was just done, by the word in its address.
var saidTexts = map[string]string{
	"to_staff": "feed.to_staff", "closed": "feed.was_closed", "declined": "feed.declined", "passed_on": "feed.passed_on",
}

func readFilter(r *http.Request) filter {
	q := r.URL.Query()
	f := filter{State: community.State(q.Get("state")), Lane: community.Lane(q.Get("lane")), Topic: q.Get("topic"), After: q.Get("after")}
	for _, s := range feedStates {
		if s.state == f.State {
			return f
		}
	}
	f.State = ""
	return f
}

// query is the filter as the end of an address.
func (f filter) query() string {
	q := url.Values{}
	for name, value := range map[string]string{"state": string(f.State), "lane": string(f.Lane), "topic": f.Topic, "after": f.After} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

func (f filter) path() string             { return "/feed" + f.query() }
func (f filter) casePath(id int64) string { return casePath(id) + f.query() }

func (f filter) withState(s community.State) filter { f.State, f.After = s, ""; return f }
func (f filter) withLane(l community.Lane) filter   { f.Lane, f.After = l, ""; return f }
func (f filter) withTopic(id string) filter         { f.Topic, f.After = id, ""; return f }
func (f filter) withAfter(place string) filter      { f.After = place; return f }

// narrow tells whether anything was chosen.
func (f filter) narrow() bool { return f.withAfter("") != filter{} }

func (f filter) wanted(now clock.Time) (community.Wanted, error) {
	w := community.Wanted{State: f.State, Lane: f.Lane, After: f.After, Now: now}
	if f.Topic == "" {
		return w, nil
	}
	id, err := strconv.ParseInt(f.Topic, 10, 64)
	if err != nil {
		return w, &community.Invalid{Field: "topic", Sentence: "there is no such topic among yours"}
	}
	w.Topic = &id
	return w, nil
}

func (a *App) feed(w http.ResponseWriter, r *http.Request) error {
	f := readFilter(r)
	if r.URL.Query().Get("part") == "news" {
		return a.feedNews(w, r, f)
	}
	v, err := a.readFeed(r.Context(), a.DB.Read(), f, 0)
	if err != nil {
		return err
	}
	if err := a.visit(r, &v); err != nil {
		return err
	}
	if v.Notices, err = community.Unread(r.Context(), a.DB.Read(), access.From(r.Context()).Member.ID, mostNotices); err != nil {
		return err
	}
	if v.FirstSteps, err = a.firstSteps(r.Context(), v); err != nil {
		return err
	}
	v.Said = saidTexts[r.URL.Query().Get("said")]
	return render(w, r, http.StatusOK, feedPage(v))
}

// readFeed reads the list beside a case, with a fixed number of queries however long it is.
func (a *App) readFeed(ctx context.Context, read bun.IDB, f filter, current int64) (feed, error) {
	me := access.From(ctx).Member
	v := feed{Filter: f, Staff: me.Role.Employee(), Pastes: me.MayPaste(), Current: current}
	wanted, err := f.wanted(view(ctx).Now)
	if err != nil {
		return v, err
	}
	cases, next, err := community.List(ctx, read, me, wanted)
	if err != nil {
		return v, err
	}
	if next != "" {
		v.Next = f.withAfter(next).path()
	}
	held, err := community.HeldCases(ctx, read, me)
	if err != nil {
		return v, err
	}
	held = slices.DeleteFunc(held, func(c community.Case) bool { return !c.HeldBy(me, view(ctx).Now) })
	rows, err := a.rows(ctx, read, slices.Concat(held, cases), f)
	if err != nil {
		return v, err
	}
	for i := range rows {
		rows[i].Current = rows[i].ID == current
	}
	v.Held, v.Rows = rows[:len(held)], rows[len(held):]
	v.Rows = slices.DeleteFunc(v.Rows, func(r Row) bool { return r.Mine && len(held) > 0 }) // stands above already
	v.Topics, err = a.topicsOf(ctx, read, me)
	return v, err
}

// topicsOf are the topics a member may choose from.
func (a *App) topicsOf(ctx context.Context, read bun.IDB, m *community.Member) ([]community.Topic, error) {
	all, err := community.Topics(ctx, read, m.BrandID)
	if err != nil || m.Role.Employee() {
		return all, err
	}
	return slices.DeleteFunc(all, func(t community.Topic) bool { return !slices.Contains(m.Topics, t.ID) }), nil
}

// feedNews tells an open list what happened since it was shown: how many cases are new, and how those
// stand now that somebody took up. Nothing in the list moves.
func (a *App) feedNews(w http.ResponseWriter, r *http.Request, f filter) error {
	ctx, me := r.Context(), access.From(r.Context()).Member
	wanted, err := f.wanted(view(ctx).Now)
	if err != nil {
		return err
	}
	shown := readIDs(r.URL.Query().Get("shown"))
	cases, _, err := community.List(ctx, a.DB.Read(), me, wanted)
	if err != nil {
		return err
	}
	fresh := 0
	for _, c := range cases {
		if !slices.Contains(shown, c.ID) {
			fresh++
		}
	}
	left := slices.DeleteFunc(slices.Clone(shown), func(id int64) bool {
		return slices.ContainsFunc(cases, func(c community.Case) bool { return c.ID == id })
	})
	now, err := community.FindCases(ctx, a.DB.Read(), me, left)
	if err != nil {
		return err
	}
	var changed []community.Case
	for _, id := range left {
		if c, ok := now[id]; ok && c.State != cmp.Or(f.State, community.Open) {
			changed = append(changed, c)
		}
	}
	rows, err := a.rows(ctx, a.DB.Read(), changed, f)
	if err != nil {
		return err
	}
	current, _ := strconv.ParseInt(r.URL.Query().Get("current"), 10, 64)
	for i := range rows {
		rows[i].Current = rows[i].ID == current
	}
	return render(w, r, http.StatusOK, feedChanged(newsPath(f, shown, current), f.withAfter("").path(), fresh, rows))
}

// newsPath is where an open list asks what is new.
func newsPath(f filter, shown []int64, current int64) string {
	ids := make([]string, len(shown))
	for i, id := range shown {
		ids[i] = strconv.FormatInt(id, 10)
	}
	q, err := url.ParseQuery(strings.TrimPrefix(f.query(), "?"))
	if err != nil {
		panic(err) // it was just encoded
	}
	q.Set("part", "news")
	q.Set("shown", strings.Join(ids, "."))
	if current != 0 {
		q.Set("current", strconv.FormatInt(current, 10))
	}
	return "/feed?" + q.Encode()
}

func (v feed) newsPath() string {
	shown := make([]int64, len(v.Rows))
	for i, r := range v.Rows {
		shown[i] = r.ID
	}
	return newsPath(v.Filter, shown, v.Current)
}

// filterText says in words what the list shows.
func (v feed) filterText(ctx context.Context) string {
	var words []string
	for _, s := range feedStates {
		if s.state == v.Filter.State {
			words = append(words, T(ctx, s.text))
		}
	}
	for _, l := range feedLanes {
		if l.lane != "" && l.lane == v.Filter.Lane {
			words = append(words, T(ctx, l.text))
		}
	}
	if v.Filter.Topic == "0" {
		words = append(words, T(ctx, "feed.other_topic"))
	}
	for _, t := range v.Topics {
		if strconv.FormatInt(t.ID, 10) == v.Filter.Topic {
			words = append(words, t.Name)
		}
	}
	return strings.Join(words, " · ")
}

// readIDs reads ids joined by dots, at most as many as a page of the feed has.
func readIDs(joined string) []int64 {
	var ids []int64
	for text := range strings.SplitSeq(joined, ".") {
		if id, err := strconv.ParseInt(text, 10, 64); err == nil && len(ids) < 100 {
			ids = append(ids, id)
		}
	}
	return ids
}

// rows shows cases as rows of a list, with one query for each kind of thing in them.
func (a *App) rows(ctx context.Context, read bun.IDB, cases []community.Case, f filter) ([]Row, error) {
	if len(cases) == 0 {
		return nil, nil
	}
	me := access.From(ctx).Member
	pays, err := gamification.TableOf(ctx, read, me.BrandID)
	if err != nil {
		return nil, err
	}
	latest := make([]int64, len(cases))
	for i, c := range cases {
		latest[i] = c.MentionID
	}
	mentions, err := listeners.FindMentions(ctx, read, latest)
	if err != nil {
		return nil, err
	}
	members, err := community.Members(ctx, read, me.BrandID)
	if err != nil {
		return nil, err
	}
	topics, err := community.Topics(ctx, read, me.BrandID)
	if err != nil {
		return nil, err
	}
	rows := make([]Row, len(cases))
	for i := range cases {
		c, m := &cases[i], mentions[cases[i].MentionID]
		score, err := scoreOf(&m)
		if err != nil {
			return nil, err
		}
		r := Row{
			ID: c.ID, Href: f.casePath(c.ID), Mark: networkMark(c.Network), Network: placeName(*c), Mood: moodOf(score), Since: c.CustomerAt,
			Due: c.PromisedAt(), Text: shorten(shownTo(me, m.Text), longestRow), Staff: c.Lane == community.Staff,
			Care: c.Lane == community.Care, Held: c.Hold != "",
		}
		if m.Account != nil {
			r.Who = handle(m.Account)
		}
		r.Topics = topicNames(c, topics, score)
		switch {
		case c.HeldBy(me, view(ctx).Now):
			r.Mine, r.Until = true, c.HeldUntil
		case c.State == community.Claimed && c.HeldUntil > view(ctx).Now:
			r.Holder = members[c.HolderID].PublicName
		case c.State != community.Open && c.State != community.Claimed:
			r.State = c.State
		}
		if !me.Role.Employee() && c.Free(view(ctx).Now) {
			r.Points = pays.Pays(gamification.Approved).Amount
			r.Why = rowWhy(ctx, me, c)
		}
		rows[i] = r
	}
	return rows, nil
}

// topicNames are at most two: the expertise a case needs, and what else its latest post is about.
func topicNames(c *community.Case, topics []community.Topic, score triage.Score) []string {
	var names []string
	for _, t := range topics {
		if t.ID == c.TopicID {
			names = append(names, t.Name)
		}
	}
	for _, t := range score.Topics {
		if len(names) < 2 && !slices.Contains(names, t.Name) && slices.ContainsFunc(topics, func(known community.Topic) bool { return known.Name == t.Name }) {
			names = append(names, t.Name)
		}
	}
	return names
}

// longestRow is how much of a post a row carries, in runes; it shows two lines of it.
const longestRow = 200

// shorten writes a text on one line of at most so many runes.
func shorten(text string, most int) string {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) <= most {
		return string(runes)
	}
	return strings.TrimSpace(string(runes[:most-1])) + "…"
}

// handle is how a customer is called: @name where the network has names of that kind.
func handle(account *listeners.Account) string {
	if account.Handle == "" {
		return account.Name
	}
	return "@" + strings.TrimPrefix(account.Handle, "@")
}

// scoreOf reads what triage said of a post; nothing for one of the brand's own.
func scoreOf(m *listeners.Mention) (score triage.Score, err error) {
	if m.Score == "" {
		return score, nil
	}
	if err := json.Unmarshal([]byte(m.Score), &score); err != nil {
		return score, fmt.Errorf("read the score of mention %d: %w", m.ID, err)
	}
	return score, nil
}

// networks are the mark and the name of each network.
var networks = map[string]struct{ mark, name string }{
	"x":         {"X", "X"},
	"facebook":  {"FB", "Facebook"},
	"discourse": {"DC", "Discourse"},
	"nodebb":    {"NB", "NodeBB"},
	"feed":      {"RS", "RSS"},
	"pasted":    {"WB", "Web"},
}

func networkMark(id string) string {
	return cmp.Or(networks[id].mark, strings.ToUpper(id[:min(len(id), 2)]))
}
func networkName(id string) string { return cmp.Or(networks[id].name, id) }
