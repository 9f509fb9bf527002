package web

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

// profileForm is what somebody says of themselves, as a form shows it: when they apply and later.
type profileForm struct {
	community.Profile
	Choices []topicChoice
	Zone    string
	Rows    []hourRow
	Handles []ownHandle
	Failed  *access.Failure
}

// topicChoice is a topic that can be chosen, or why it cannot yet.
type topicChoice struct {
	community.Topic
	Chosen bool
	Locked bool // its test comes first
}

// hourRow is one line of the usual hours: some days, from, to.
type hourRow struct{ Days, From, To string }

// ownHandle is somebody's name on a network.
type ownHandle struct{ Network, Handle string }

// hourRows is how many lines of hours a form has.
const hourRows = 3

// daySets are the days that a line of hours may stand for, by the value of its choice.
var daySets = []struct {
	value, text string
	days        []time.Weekday
}{
	{"week", "profile.weekdays", []time.Weekday{1, 2, 3, 4, 5}},
	{"weekend", "profile.weekend", []time.Weekday{6, 0}},
	{"all", "profile.every_day", []time.Weekday{1, 2, 3, 4, 5, 6, 0}},
	{"1", "profile.monday", []time.Weekday{1}},
	{"2", "profile.tuesday", []time.Weekday{2}},
	{"3", "profile.wednesday", []time.Weekday{3}},
	{"4", "profile.thursday", []time.Weekday{4}},
	{"5", "profile.friday", []time.Weekday{5}},
	{"6", "profile.saturday", []time.Weekday{6}},
	{"0", "profile.sunday", []time.Weekday{0}},
}

// rowsOf writes hours as lines of a form: the same time on several days is one line where it can be.
func rowsOf(h community.Hours) []hourRow {
	type stretch struct{ from, to int }
	days := map[stretch][]time.Weekday{}
	var order []stretch
	for _, s := range h.Spans {
		k := stretch{s.From, s.To}
		if days[k] == nil {
			order = append(order, k)
		}
		days[k] = append(days[k], s.Day)
	}
	var rows []hourRow
	for _, k := range order {
		left := days[k]
		for _, set := range daySets {
			if len(set.days) == len(left) && !slices.ContainsFunc(set.days, func(d time.Weekday) bool { return !slices.Contains(left, d) }) {
				rows, left = append(rows, hourRow{set.value, clockOf(k.from), clockOf(k.to)}), nil
			}
		}
		for _, d := range left {
			rows = append(rows, hourRow{strconv.Itoa(int(d)), clockOf(k.from), clockOf(k.to)})
		}
	}
	return rows
}

// padded gives a form its lines, empty ones last.
func padded(rows []hourRow) []hourRow {
	for len(rows) < hourRows {
		rows = append(rows, hourRow{})
	}
	return rows
}

func clockOf(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60%24, minute%60) }

// minuteOf reads a time of the day; -1, which no check lets pass, for what is none.
func minuteOf(text string) int {
	at, err := time.Parse("15:04", text)
	if err != nil {
		return -1
	}
	return at.Hour()*60 + at.Minute()
}

// readHours reads the lines of hours that a form carries; empty ones say nothing.
func readHours(form url.Values) community.Hours {
	h := community.Hours{Zone: form.Get("zone")}
	for i := range max(hourRows, min(len(form), 21)) {
		at := func(name string) string { return form.Get(fmt.Sprintf("%s%d", name, i)) }
		if at("from") == "" && at("to") == "" {
			continue
		}
		for _, set := range daySets {
			if set.value != at("days") {
				continue
			}
			for _, d := range set.days {
				h.Spans = append(h.Spans, community.Span{Day: d, From: minuteOf(at("from")), To: minuteOf(at("to"))})
			}
		}
	}
	return h
}

// hoursInWords tells usual hours in one line.
func hoursInWords(ctx context.Context, h community.Hours) string {
	var parts []string
	for _, row := range rowsOf(h) {
		for _, set := range daySets {
			if set.value == row.Days {
				parts = append(parts, T(ctx, set.text)+" "+row.From+"–"+row.To)
			}
		}
	}
	return strings.Join(parts, ", ") + " (" + cmp.Or(h.Zone, "UTC") + ")"
}

// handlesOf lists names on networks in a lasting order.
func handlesOf(h community.Handles) []ownHandle {
	var all []ownHandle
	for _, network := range slices.Sorted(maps.Keys(h)) {
		all = append(all, ownHandle{network, h[network]})
	}
	return all
}

// readProfile reads what a form says of somebody.
func readProfile(form url.Values) community.Profile {
	p := community.Profile{
		PublicName: form.Get("public_name"), SignOff: form.Get("sign_off"), Languages: form["language"], Networks: form["network"],
		Hours: readHours(form), Handles: community.Handles{}, Topics: []int64{},
	}
	for _, text := range form["topic"] {
		if id, err := strconv.ParseInt(text, 10, 64); err == nil {
			p.Topics = append(p.Topics, id)
		}
	}
	for name, values := range form {
		if network, ok := strings.CutPrefix(name, "handle_"); ok {
			p.Handles[network] = values[0]
		}
	}
	return p
}

// networksOf names the networks on which a brand listens.
func (a *App) networksOf(ctx context.Context, brandID int64) ([]string, error) {
	connections, err := listeners.Connections(ctx, a.DB.Read(), brandID)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, c := range connections {
		if !slices.Contains(names, c.Network) {
			names = append(names, c.Network)
		}
	}
	return names, nil
}

// fill gives a form of a profile what can be chosen.
func (a *App) fill(ctx context.Context, brandID int64, p community.Profile) (profileForm, error) {
	f := profileForm{Profile: p, Zone: cmp.Or(p.Hours.Zone, cmp.Or(view(ctx).Zone, time.UTC).String()), Rows: padded(rowsOf(p.Hours))}
	networks, err := a.networksOf(ctx, brandID)
	for _, n := range networks {
		f.Handles = append(f.Handles, ownHandle{n, p.Handles[n]})
	}
	return f, err
}

// wrong is the sentence about a field of the form that was sent, "" where nothing is wrong with it.
func (f profileForm) wrong(ctx context.Context, field string) string {
	if f.Failed == nil || f.Failed.Field != field {
		return ""
	}
	return Sentence(ctx, f.Failed.Sentence)
}

func (a *App) profile(w http.ResponseWriter, r *http.Request) error {
	return a.showProfile(w, r, access.From(r.Context()).Member.Profile(), nil)
}

func (a *App) showProfile(w http.ResponseWriter, r *http.Request, p community.Profile, failed *access.Failure) error {
	ctx, me := r.Context(), access.From(r.Context()).Member
	f, err := a.fill(ctx, me.BrandID, p)
	if err != nil {
		return err
	}
	lessons, err := community.Lessons(ctx, a.DB.Read(), me.BrandID, me.PersonID, view(ctx).Lang)
	if err != nil {
		return err
	}
	for _, s := range lessons {
		f.Choices = append(f.Choices, topicChoice{
			s.Topic, slices.Contains(p.Topics, s.Topic.ID),
			!me.Role.Employee() && !s.Passed && s.Cases > 0 && !slices.Contains(me.Topics, s.Topic.ID),
		})
	}
	status := http.StatusOK
	if f.Failed = failed; failed != nil {
		status = failed.Status
	}
	return render(w, r, status, profilePage(f, r.URL.Query().Get("kept") != "", !me.Role.Employee()))
}

func (a *App) changeProfile(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &community.Invalid{Field: "public_name", Sentence: "this form cannot be read"}
	}
	p := readProfile(r.PostForm)
	err := a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		return community.ChangeProfile(ctx, tx, access.From(ctx).Member, p)
	})
	if f := access.Explain(err); err != nil && f.Field != "" {
		return a.showProfile(w, r, p, &f)
	}
	if err != nil {
		return err
	}
	goTo(w, r, "/profile?kept=yes")
	return nil
}

// leave makes an advocate an alumnus on their own wish.
func (a *App) leave(w http.ResponseWriter, r *http.Request) error {
	if r.PostFormValue("sure") == "" {
		return &community.Invalid{Field: "sure", Sentence: "tick the box if you are sure"}
	}
	err := a.write(r.Context(), func(ctx context.Context, tx listeners.Tx) error {
		me := access.From(ctx).Member
		_, err := community.Leave(ctx, tx, me, me.ID, "")
		return err
	})
	if err != nil {
		return err
	}
	goTo(w, r, "/application")
	return nil
}
