package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
)

// reportPageSize is how many of the cases behind a figure a page lists.
const reportPageSize = 50

// reportEnds are what one can ask of the cases behind a figure.
var reportEnds = []struct {
	end  moderation.End
	text string
}{
	{"", "report.every_end"},
	{moderation.EndAnswered, "report.answered"},
	{moderation.EndUnanswered, "report.unanswered"},
	{moderation.EndQuick, "report.quick"},
	{moderation.EndLate, "report.late"},
}

// casesBehind is the list of the cases behind a figure of a report.
type casesBehind struct {
	Span   reportSpan
	Query  url.Values
	End    moderation.End
	Words  []string // what it is narrowed by
	Rows   []Row
	Next   string
	Report string // the report it belongs to
}

func (v casesBehind) with(name, value string) string {
	q := url.Values{}
	for key, values := range v.Query {
		if key != "after" {
			q[key] = values
		}
	}
	if q.Set(name, value); value == "" {
		q.Del(name)
	}
	return "/reports/cases?" + q.Encode()
}

func (a *App) casesBehind(w http.ResponseWriter, r *http.Request) error {
	ctx, me, q := r.Context(), access.From(r.Context()).Member, r.URL.Query()
	span, err := readSpan(ctx, q)
	if err != nil {
		return err
	}
	topics, members, err := namesIn(ctx, a.DB.Read(), me.BrandID)
	if err != nil {
		return err
	}
	v := casesBehind{Span: span, Query: q, End: moderation.End(q.Get("end")), Report: "/reports?" + span.query().Encode()}
	if !slices.ContainsFunc(reportEnds, func(e struct {
		end  moderation.End
		text string
	},
	) bool {
		return e.end == v.End
	}) {
		v.End = ""
	}
	b := moderation.Behind{Period: span.Period, Network: q.Get("network"), Lane: q.Get("lane"), Side: moderation.Side(q.Get("side")), End: v.End, After: q.Get("after"), Limit: reportPageSize}
	v.narrow(ctx, &b, topics, members)
	cases, next, err := moderation.CasesBehind(ctx, a.DB.Read(), me, b)
	if err != nil {
		return err
	}
	if next != "" {
		v.Next = v.with("after", next)
	}
	if v.Rows, err = a.rows(ctx, a.DB.Read(), cases, filter{}); err != nil {
		return err
	}
	return render(w, r, http.StatusOK, casesBehindPage(v))
}

// narrow reads what the list is narrowed by, and says it in words.
func (v *casesBehind) narrow(ctx context.Context, b *moderation.Behind, topics, members map[string]string) {
	if b.Network != "" {
		v.Words = append(v.Words, networkName(b.Network))
	}
	if b.Lane != "" {
		v.Words = append(v.Words, laneName(ctx, b.Lane))
	}
	if id, err := strconv.ParseInt(v.Query.Get("topic"), 10, 64); err == nil {
		b.Topic = &id
		v.Words = append(v.Words, topics[v.Query.Get("topic")])
	}
	if id, err := strconv.ParseInt(v.Query.Get("member"), 10, 64); err == nil {
		b.Member = id
		v.Words = append(v.Words, members[v.Query.Get("member")])
	}
	if slices.Contains(moderation.Sides, b.Side) {
		v.Words = append(v.Words, sideName(ctx, b.Side))
	}
	if hour, err := strconv.Atoi(v.Query.Get("hour")); err == nil && hour >= 0 && hour < 24 {
		b.Hour = &hour
		v.Words = append(v.Words, T(ctx, "report.at_hour", "hour", hour))
	}
	v.Words = slices.DeleteFunc(v.Words, func(word string) bool { return word == "" })
}

func (v casesBehind) title(ctx context.Context) string {
	return strings.Join(append([]string{T(ctx, "report.cases")}, v.Words...), " · ")
}
