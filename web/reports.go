package web

import (
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
)

// reportSpans are the periods, in days, that a press chooses; the second is where one begins.
var reportSpans = []int{7, 30, 90}

// longestReport is how many days a report may look at.
const longestReport = 366

// reportSpan is the period of a report as its address says it.
type reportSpan struct {
	moderation.Period
	Days     int    // one of reportSpans; 0 for days of one's own
	From, To string // the first and the last day, as 2006-01-02
}

// readSpan reads the period that a report is asked for, in days of the reader's time zone.
func readSpan(ctx context.Context, q url.Values) (reportSpan, error) {
	zone := view(ctx).Zone
	if zone == nil {
		zone = time.UTC
	}
	year, month, day := view(ctx).Now.Std().In(zone).Date()
	last := time.Date(year, month, day, 0, 0, 0, 0, zone)
	s := reportSpan{Days: reportSpans[1]}
	if q.Get("from") != "" || q.Get("to") != "" {
		from, err1 := time.ParseInLocation(time.DateOnly, q.Get("from"), zone)
		to, err2 := time.ParseInLocation(time.DateOnly, q.Get("to"), zone)
		if err1 != nil || err2 != nil || to.Before(from) || to.Sub(from) >= longestReport*24*time.Hour {
			return s, &community.Invalid{Field: "from", Sentence: "choose a first and a last day, at most a year apart"}
		}
		s.Days, s.From, s.To = 0, q.Get("from"), q.Get("to")
		s.Period = moderation.Period{From: clock.At(from), To: clock.At(to.AddDate(0, 0, 1)), Zone: zone}
		return s, nil
	}
	for _, days := range reportSpans {
		if q.Get("days") == strconv.Itoa(days) {
			s.Days = days
		}
	}
	first := last.AddDate(0, 0, 1-s.Days)
	s.From, s.To = first.Format(time.DateOnly), last.Format(time.DateOnly)
	s.Period = moderation.Period{From: clock.At(first), To: clock.At(last.AddDate(0, 0, 1)), Zone: zone}
	return s, nil
}

// query is the period as the end of an address.
func (s reportSpan) query() url.Values {
	if s.Days != 0 {
		return url.Values{"days": {strconv.Itoa(s.Days)}}
	}
	return url.Values{"from": {s.From}, "to": {s.To}}
}

// cases is where the cases behind a figure are listed; pairs narrow them.
func (s reportSpan) cases(pairs ...string) string {
	q := s.query()
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return "/reports/cases?" + q.Encode()
}

// slotCases is cases for one day or week of a report.
func (s reportSpan) slotCases(slot moderation.Slot) string {
	day := func(t clock.Time) string { return t.Std().In(s.Zone).Format(time.DateOnly) }
	return "/reports/cases?" + url.Values{"from": {day(slot.From)}, "to": {day(slot.To - 1)}}.Encode()
}

// reportsPage is how a brand answered in a period.
type reportsPage struct {
	moderation.Report
	Span    reportSpan
	Topics  map[string]string // names by id
	Members map[string]string
}

func (a *App) reports(w http.ResponseWriter, r *http.Request) error {
	v, err := a.readReports(r)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, reportsView(v))
}

func (a *App) readReports(r *http.Request) (v reportsPage, err error) {
	ctx, me := r.Context(), access.From(r.Context()).Member
	if v.Span, err = readSpan(ctx, r.URL.Query()); err != nil {
		return v, err
	}
	err = a.DB.ReadTx(ctx, func(ctx context.Context, read bun.IDB) (err error) {
		if v.Report, err = moderation.ReportOf(ctx, read, me.BrandID, v.Span.Period); err != nil {
			return err
		}
		v.Topics, v.Members, err = namesIn(ctx, read, me.BrandID)
		return err
	})
	return v, err
}

// namesIn are the names of a brand's topics and members by their ids.
func namesIn(ctx context.Context, read bun.IDB, brandID int64) (topics, members map[string]string, err error) {
	all, err := community.Topics(ctx, read, brandID)
	if err != nil {
		return nil, nil, err
	}
	topics = map[string]string{strconv.FormatInt(community.OtherTopic, 10): T(ctx, "feed.other_topic")}
	for _, t := range all {
		topics[strconv.FormatInt(t.ID, 10)] = t.Name
	}
	people, err := community.Members(ctx, read, brandID)
	members = make(map[string]string, len(people))
	for id, m := range people {
		members[strconv.FormatInt(id, 10)] = m.PublicName
	}
	return topics, members, err
}

// laneName is who answers the cases of a lane.
func laneName(ctx context.Context, lane string) string {
	for _, l := range feedLanes {
		if lane != "" && string(l.lane) == lane {
			return T(ctx, l.text)
		}
	}
	return T(ctx, "report.noise")
}

// reportTable is one way to divide the questions of a report.
type reportTable struct {
	Title, By string // the texts of its heading and first column
	Param     string // what the list of cases is narrowed by
	Groups    []moderation.Group
	Name      func(key string) string
}

// tables are the divisions of a report.
func (v reportsPage) tables(ctx context.Context) []reportTable {
	topic := func(key string) string {
		if name, ok := v.Topics[key]; ok {
			return name
		}
		return T(ctx, "report.topic_gone")
	}
	return []reportTable{
		{"report.networks", "report.network", "network", v.Networks, networkName},
		{"report.lanes", "report.lane", "lane", v.Lanes, func(key string) string { return laneName(ctx, key) }},
		{"report.topics", "report.topic", "topic", v.Report.Topics, topic},
	}
}

// bars are the rows of a division, each with the cases behind it.
func (t reportTable) bars(s reportSpan) []bar {
	bars := make([]bar, len(t.Groups))
	for i, g := range t.Groups {
		bars[i] = bar{Name: t.Name(g.Key), Href: s.cases(t.Param, g.Key), Tally: g.Tally}
	}
	return bars
}

// shareOf is which part of all answers came from a side.
func (v reportsPage) shareOf(p moderation.Part) moderation.Share {
	return moderation.ShareOf(p.Answered(), v.All.Answered())
}

// answeredNote is what stands below the share that was answered.
func (v reportsPage) answeredNote(ctx context.Context) string {
	note := T(ctx, "report.line", "line", moderation.IndustryRate)
	if v.All.Stated > 0 {
		note += " " + T(ctx, "report.stated", "share", rate(ctx, moderation.ShareOf(v.All.Stated, v.All.Asked)))
	}
	return note
}

// likedOf is how many of a side's answers customers liked.
func likedOf(ctx context.Context, p moderation.Part) string {
	return rate(ctx, moderation.ShareOf(p.Liked, p.Answered()))
}

// sideName names who answered.
func sideName(ctx context.Context, s moderation.Side) string { return T(ctx, sideTexts[s]) }

var sideTexts = map[moderation.Side]string{
	moderation.ByCommunity: "side.community", moderation.ByStaff: "side.staff", moderation.ByElsewhere: "side.elsewhere",
	moderation.ByStatement: "side.statement",
}

// tallyText says a tally in one sentence, which is what a bar of a chart stands for.
func tallyText(ctx context.Context, name string, t moderation.Tally) string {
	return T(ctx, "report.bar", "name", name, "answered", t.Answered(), "asked", t.Asked, "rate", rate(ctx, t.Rate()), "in_time", rate(ctx, t.InTime()))
}

// rate writes a share, and nothing where there is nothing to share.
func rate(ctx context.Context, s moderation.Share) string {
	if s.Of == 0 {
		return "–"
	}
	return percent(ctx, s.P)
}

// waited writes within which time a share was over, in hours and minutes.
func waited(ctx context.Context, w moderation.Waits, share float64) string {
	if w.N == 0 {
		return "–"
	}
	minutes := int(w.Within(share).Minutes())
	switch {
	case minutes < 60:
		return T(ctx, "time.minutes", "count", minutes)
	case minutes < 48*60:
		return T(ctx, "report.hours", "hours", minutes/60, "minutes", fmt.Sprintf("%02d", minutes%60))
	}
	return T(ctx, "time.days", "count", minutes/60/24)
}

// bar is one bar of a chart.
type bar struct {
	Name  string // of its row in the table
	Text  string // what it says
	Href  string // the cases behind it
	Share float64
	None  bool // nothing to show
	Tally moderation.Tally
}

func (b bar) height() int {
	if b.None {
		return 0
	}
	return max(int(math.Round(100*b.Share)), 1)
}

// byDay are the bars of the answer rate by day or week.
func (v reportsPage) byDay(ctx context.Context) []bar {
	bars := make([]bar, len(v.Slots))
	for i, s := range v.Slots {
		name := Day(ctx, s.From)
		if s.To.Sub(s.From) > 25*time.Hour {
			name += " – " + Day(ctx, s.To-1)
		}
		bars[i] = bar{name, tallyText(ctx, name, s.Tally), v.Span.slotCases(s), s.Rate().P, s.Asked == 0, s.Tally}
	}
	return bars
}

// byHour are the bars of what was answered within two hours, by the hour in which was asked.
func (v reportsPage) byHour(ctx context.Context) []bar {
	bars := make([]bar, len(v.Hours))
	for i, t := range v.Hours {
		name := hourName(i)
		bars[i] = bar{name, tallyText(ctx, name, t), v.Span.cases("hour", strconv.Itoa(i)), t.InTime().P, t.Asked == 0, t}
	}
	return bars
}

// hourName is an hour of the day, as 9:00–10:00.
func hourName(hour int) string { return fmt.Sprintf("%d:00–%d:00", hour, hour+1) }

// reportFile is a report as a table for other programs: one line for each figure of each division.
func (a *App) reportFile(w http.ResponseWriter, r *http.Request) error {
	v, err := a.readReports(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="kith-%s-%s.csv"`, v.Span.From, v.Span.To))
	out := csv.NewWriter(w)
	line := func(part, name string, t moderation.Tally, liked, cost string) {
		_ = out.Write([]string{ // Flush tells of errors
			part, plainCell(name), strconv.Itoa(t.Asked), strconv.Itoa(t.Answered()), strconv.Itoa(t.Quick), minutesOf(t.Waits, 0.5), minutesOf(t.Waits, 0.9), liked, cost,
		})
	}
	_ = out.Write([]string{"part", "name", "questions", "answered", "answered_within_2h", "median_minutes", "p90_minutes", "liked", "cost_usd"})
	line("all", v.Span.From+"/"+v.Span.To, v.All, "", dollars(v.Cost))
	for _, s := range v.Slots {
		line("day", s.From.Std().In(v.Span.Zone).Format(time.DateOnly), s.Tally, "", "")
	}
	for i, t := range v.Hours {
		line("hour", strconv.Itoa(i), t, "", "")
	}
	for _, table := range v.tables(ctx) {
		for _, g := range table.Groups {
			line(table.Param, table.Name(g.Key), g.Tally, "", "")
		}
	}
	for _, g := range v.Report.Members {
		line("member", v.Members[g.Key], g.Tally, "", "")
	}
	for _, p := range v.Parts {
		line("side", string(p.Side), p.Tally, strconv.Itoa(p.Liked), dollars(p.Cost))
	}
	line("review", "", moderation.Tally{Asked: v.Reviews.N, Waits: v.Reviews}, "", "")
	out.Flush()
	return out.Error()
}

// plainCell keeps a name from being read as a formula by a program for tables.
func plainCell(name string) string {
	if strings.ContainsAny(name[:min(len(name), 1)], "=+-@\t\r") {
		return "'" + name
	}
	return name
}

func minutesOf(w moderation.Waits, share float64) string {
	if w.N == 0 {
		return ""
	}
	return strconv.Itoa(int(w.Within(share).Minutes()))
}

func dollars(cost listeners.MicroUSD) string {
	return strconv.FormatFloat(float64(cost)/1e6, 'f', 6, 64)
}

// perAnswer is what an answered question cost; "–" where none was answered.
func perAnswer(ctx context.Context, cost listeners.MicroUSD, answered int) string {
	if answered == 0 {
		return "–"
	}
	return usd(ctx, cost/listeners.MicroUSD(answered))
}
