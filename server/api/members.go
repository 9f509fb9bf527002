package api

import (
	"cmp"
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/gamification"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/server/access"
)

type meBody struct {
	ID       string         `json:"id"`
	Email    string         `json:"email"`
	Name     string         `json:"name"`
	Language string         `json:"language"`
	Scopes   []access.Scope `json:"scopes" doc:"How far the token reaches"`
	Member   *memberBody    `json:"member" doc:"Whom you act as; null for no member of any brand"`
	Members  []memberBody   `json:"members"`
}

type memberBody struct {
	_ struct{} `nullable:"true"`

	ID        string   `json:"id"`
	Brand     string   `json:"brand"`
	Role      string   `json:"role"`
	Trust     int      `json:"trust"`
	Name      string   `json:"name" doc:"What others see"`
	Languages []string `json:"languages"`
	Topics    []string `json:"topics"`
}

type pointsBody struct {
	Balance int         `json:"balance"`
	Pending int         `json:"pending"`
	Frozen  int         `json:"frozen" doc:"Under review for fair play, for seven days at most"`
	Entries []entryBody `json:"entries" doc:"Newest first"`
}

type entryBody struct {
	Points    int        `json:"points"`
	Reason    string     `json:"reason"`
	At        clock.Time `json:"at"`
	MaturesAt clock.Time `json:"matures_at" doc:"When they count; for frozen ones, at the latest"`
	State     string     `json:"state" enum:"counted,pending,frozen"`
	CaseID    string     `json:"case_id,omitempty"`
}

type standingBody struct {
	Rank   int    `json:"rank"`
	Member string `json:"member"`
	Name   string `json:"name"`
	Points int    `json:"points"`
	Helped int    `json:"helped" doc:"Cases with a good outcome"`

	Quality float64 `json:"quality" doc:"The share of good answers that is beyond doubt, 0 to 1; what the rank goes by"`
	Judged  int     `json:"judged" doc:"Answers that somebody has judged"`
}

type connectionBody struct {
	ID      string      `json:"id"`
	Network string      `json:"network"`
	Handle  string      `json:"handle"`
	State   string      `json:"state"`
	Error   string      `json:"error" doc:"What the last failed round met"`
	HeardAt *clock.Time `json:"heard_at" doc:"The last round that went well"`
}

func (a *api) members() {
	serve(a, operation("GET /me", "me", "read", "Who you are"), a.me)
	serve(a, operation("GET /me/points", "points", "read", "Your points and where they came from"), a.points)
	serve(a, operation("GET /leaderboard", "leaderboard", "read", "A brand's advocates by how good their answers are; who would rather not be ranked is left out"), a.leaderboard)
	serve(a, operation("GET /connections", "connection", "read", "The accounts a brand listens with"), a.connections)
}

func (a *api) me(ctx context.Context, _ *ForBrand) (meBody, error) {
	who := access.From(ctx)
	body := meBody{
		ID: idOf(who.Person.ID), Email: who.Person.Email, Name: who.Person.Name, Language: who.Person.Language,
		Scopes: who.Scopes, Members: []memberBody{},
	}
	for i := range who.Members {
		m := &who.Members[i]
		names, err := topicNames(ctx, a.DB.Read(), m.BrandID)
		if err != nil {
			return body, err
		}
		b := memberBody{
			ID: idOf(m.ID), Brand: who.Brands[m.BrandID].Slug, Role: string(m.Role), Trust: m.Trust, Name: m.PublicName,
			Languages: append([]string{}, m.Languages...), Topics: []string{},
		}
		for _, t := range m.Topics {
			if name, ok := names[t]; ok {
				b.Topics = append(b.Topics, name)
			}
		}
		body.Members = append(body.Members, b)
		if m == who.Member {
			body.Member = &b
		}
	}
	return body, nil
}

func (a *api) points(ctx context.Context, in *limitIn) (body pointsBody, err error) {
	err = a.read(ctx, func(ctx context.Context, read bun.IDB, m *community.Member) error {
		p, err := gamification.PointsOf(ctx, read, m.ID, a.Now())
		if err != nil {
			return err
		}
		entries, err := gamification.Entries(ctx, read, m.ID, in.Limit)
		if err != nil {
			return err
		}
		frozen, err := gamification.FrozenOf(ctx, read, m.ID, a.Now())
		if err != nil {
			return err
		}
		body = pointsBody{p.Balance, p.Pending, p.Frozen, make([]entryBody, len(entries))}
		for i, e := range entries {
			body.Entries[i] = entryBody{Points: e.Amount, Reason: string(e.Rule), At: e.CreatedAt, MaturesAt: e.MaturesAt, State: "counted"}
			if until, under := frozen[cmp.Or(e.ReversesID, e.ID)]; under {
				body.Entries[i].State, body.Entries[i].MaturesAt = "frozen", max(until, e.MaturesAt)
			} else if e.MaturesAt > a.Now() {
				body.Entries[i].State = "pending"
			}
			if e.CaseID != 0 {
				body.Entries[i].CaseID = idOf(e.CaseID)
			}
		}
		return nil
	})
	return body, err
}

type boardIn struct {
	ForBrand
	Days  int `query:"days" minimum:"1" maximum:"366" doc:"How far back; without it, to the beginning of the season"`
	Limit int `query:"limit" minimum:"1" maximum:"100" default:"50"`
}

const (
	boardSpan = 28 * 24 * time.Hour // where no season is running
	mostPaid  = 100_000             // members whose points are looked up
)

func (a *api) leaderboard(ctx context.Context, in *boardIn) (page list[standingBody], err error) {
	err = a.read(ctx, func(ctx context.Context, read bun.IDB, m *community.Member) error {
		now := a.Now()
		season, err := gamification.LatestSeason(ctx, read, m.BrandID)
		if err != nil {
			return err
		}
		from, number := season.StartsAt, season.Number
		if in.Days > 0 {
			from, number = now.Add(-time.Duration(in.Days)*24*time.Hour), 0
		} else if season.ID == 0 || season.ClosedAt != 0 || now >= season.EndsAt {
			from, number = now.Add(-boardSpan), 0
		}
		contest, err := community.ContestOf(ctx, read, m.BrandID, number, from, now+1)
		if err != nil {
			return err
		}
		paid, err := gamification.Board(ctx, read, m.BrandID, from, now, mostPaid)
		if err != nil {
			return err
		}
		earned := make(map[int64]gamification.Standing, len(paid))
		for _, s := range paid {
			earned[s.MemberID] = s
		}
		board := contest.Order()
		page.Items = make([]standingBody, 0, min(len(board), in.Limit))
		for _, r := range board[:min(len(board), in.Limit)] {
			s := earned[r.MemberID]
			page.Items = append(page.Items, standingBody{r.Place, idOf(r.MemberID), contest.Members[r.MemberID].PublicName, s.Points, s.Helped, r.Quality, r.Pieces})
		}
		return nil
	})
	return page, err
}

func (a *api) connections(ctx context.Context, _ *ForBrand) (page list[connectionBody], err error) {
	err = a.read(ctx, func(ctx context.Context, read bun.IDB, m *community.Member) error {
		all, err := listeners.Connections(ctx, read, m.BrandID)
		if err != nil {
			return err
		}
		page.Items = make([]connectionBody, len(all))
		for i, c := range all {
			page.Items[i] = connectionBody{idOf(c.ID), c.Network, c.Handle, string(c.State), c.Error, orNull(c.HeardAt)}
		}
		return nil
	})
	return page, err
}
