package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/server/access"
)

var navPeople = navItem{"people", "/people", "users", "nav.people", "g u"}

// peopleTabs are the parts of the pages about people.
var peopleTabs = []struct{ href, text string }{
	{"/people", "people.members"},
	{"/people/applications", "people.applications"},
	{"/people/invitations", "people.invitations"},
	{"/people/scout", "people.scout"},
	{"/people/practice", "people.practice"},
	{"/fair-play", "fair.title"},
}

// listedMember is a row of the list of members.
type listedMember struct {
	community.Member
	Topics []string // by name
}

func (a *App) people(w http.ResponseWriter, r *http.Request) error {
	ctx, me := r.Context(), access.From(r.Context()).Member
	members, err := community.Members(ctx, a.DB.Read(), me.BrandID)
	if err != nil {
		return err
	}
	topics, err := community.Topics(ctx, a.DB.Read(), me.BrandID)
	if err != nil {
		return err
	}
	var active, away []listedMember
	for _, m := range members {
		row := listedMember{m, namesOf(topics, m.Topics)}
		if m.State == community.Active {
			active = append(active, row)
		} else {
			away = append(away, row)
		}
	}
	for _, rows := range [][]listedMember{active, away} {
		slices.SortFunc(rows, func(a, b listedMember) int { return cmp.Compare(a.ID, b.ID) })
	}
	return render(w, r, http.StatusOK, peoplePage(active, away))
}

// languagesOf names languages one after the other.
func languagesOf(ctx context.Context, codes []string) string {
	names := make([]string, len(codes))
	for i, code := range codes {
		names[i] = T(ctx, languageName(code))
	}
	return strings.Join(names, ", ")
}

// memberStanding says why a member has no access now, and until when.
func memberStanding(ctx context.Context, m community.Member) string {
	switch {
	case m.State == community.Alumni:
		return T(ctx, "people.left")
	case m.SuspendedUntil != 0:
		return T(ctx, "people.suspended_until", "when", When(ctx, m.SuspendedUntil))
	}
	return T(ctx, "people.suspended_open")
}
