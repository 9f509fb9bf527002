package community

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kith-social/kith/clock"
)

// A team is a part of the staff by its name: rules route cases to it, employees belong to any number of them.

const (
	longestTeam = 60 // characters of a team's name
	mostTeams   = 10 // of one employee
)

// SetTeams says which teams an employee belongs to; names are as a person writes them, with commas between.
func SetTeams(ctx context.Context, tx Tx, by *Member, memberID int64, names string) (Member, error) {
	m, err := managed(ctx, tx, by, memberID)
	if err != nil {
		return m, err
	}
	if !m.Role.Employee() {
		return m, &Invalid{"teams", "only employees belong to teams"}
	}
	before := strings.Join(m.Teams, ", ")
	m.Teams = []string{}
	for name := range strings.SplitSeq(names, ",") {
		name = strings.TrimSpace(name)
		switch {
		case name == "" || slices.Contains(m.Teams, name):
			continue
		case !oneLine(name, longestTeam) || !Storable(name):
			return m, &Invalid{"teams", "a team's name has at most 60 characters on one line"}
		case len(m.Teams) == mostTeams:
			return m, &Invalid{"teams", "an employee belongs to at most 10 teams"}
		}
		m.Teams = append(m.Teams, name)
	}
	after := strings.Join(m.Teams, ", ")
	if after == before {
		return m, nil
	}
	if _, err := tx.NewUpdate().Model((*Member)(nil)).Set("teams = ?", asJSON(m.Teams)).Where("id = ?", m.ID).Exec(ctx); err != nil {
		return m, fmt.Errorf("set the teams of member %d: %w", m.ID, err)
	}
	return m, record(ctx, tx, Activity{
		BrandID: m.BrandID, ActorID: by.ID, Kind: TeamsChanged, Detail: Detail{Member: m.ID, Before: before, Text: after},
	})
}

// Teams are the teams that active employees belong to, by name.
func Teams(members map[int64]Member) []string {
	var names []string
	for _, m := range members {
		if m.State == Active && m.Role.Employee() {
			names = append(names, m.Teams...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Team is who belongs to a team now, by name; "" is all of the staff.
func Team(members map[int64]Member, name string) []Member {
	var in []Member
	for _, m := range members {
		if m.State == Active && m.Role.Employee() && (name == "" || slices.Contains(m.Teams, name)) {
			in = append(in, m)
		}
	}
	slices.SortFunc(in, byPublicName)
	return in
}

// DutyOf are those of some members who are on duty at a moment.
func DutyOf(members []Member, at clock.Time) []Member {
	return slices.DeleteFunc(slices.Clone(members), func(m Member) bool { return !m.OnDuty(at) })
}
