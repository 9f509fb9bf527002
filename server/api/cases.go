package api

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
	"github.com/kith-social/kith/server/db"
)

type caseBody struct {
	ID         string        `json:"id"`
	Brand      string        `json:"brand"`
	Network    string        `json:"network"`
	Lane       string        `json:"lane"`
	LaneWhy    string        `json:"lane_why" doc:"The rule that chose the lane"`
	State      string        `json:"state"`
	Priority   int           `json:"priority" doc:"0 to 100; 0 once it waits for nobody"`
	DueAt      clock.Time    `json:"due_at"`
	Language   string        `json:"language"`
	Topics     []string      `json:"topics" doc:"The expertise needed; none for a case that anybody can answer"`
	OpenedAt   clock.Time    `json:"opened_at"`
	CustomerAt clock.Time    `json:"customer_at" doc:"The customer's latest post"`
	AnsweredAt *clock.Time   `json:"answered_at" doc:"The brand's latest post to the customer"`
	Mentions   []mentionBody `json:"mentions" doc:"Oldest first; only the latest of a long thread"`
	Claim      *claimBody    `json:"claim"`
	Delivery   deliveryBody  `json:"delivery"`
	Answers    []answerBody  `json:"answers"`
}

type mentionBody struct {
	ID        string     `json:"id"`
	NativeID  string     `json:"native_id"`
	Author    string     `json:"author" doc:"The handle on the network"`
	Text      string     `json:"text" doc:"For advocates with dots over personal data"`
	URL       string     `json:"url"`
	CreatedAt clock.Time `json:"created_at"`
	Ours      bool       `json:"ours" doc:"The brand wrote it"`
	Hidden    bool       `json:"hidden" doc:"The brand hides it from others"`
}

type claimBody struct {
	_ struct{} `nullable:"true"`

	Member string     `json:"member"`
	Name   string     `json:"name"`
	Until  clock.Time `json:"until"`
}

type deliveryBody struct {
	Mode   string `json:"mode" doc:"api, assisted or blocked"`
	Reason string `json:"reason"`
}

// How many mentions of a case are shown: in a list of cases, and alone.
const (
	mentionsInList = 20
	mentionsAlone  = 500
)

type casesIn struct {
	ForBrand
	Lane   string `query:"lane" enum:"community,community-care,staff"`
	State  string `query:"state" enum:"open,claimed,in_review,answered,answered_elsewhere,resolved,closed,gone" doc:"Open by default"`
	Topic  string `query:"topic" maxLength:"100" doc:"The name of a topic, or other"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
	Cursor string `query:"cursor" maxLength:"64"`
}

func (a *api) cases() {
	serve(a, operation("GET /cases", "case", "read", "Cases to answer, most urgent first"), a.listCases)
	serve(a, operation("POST /cases", "case", "bring", "Bring a post by its link; its case may be there already"), a.bringCase)
	serve(a, operation("GET /cases/{id}", "case", "read", "One case"), a.getCase)
	serve(a, operation("GET /cases/{id}/activities", "case", "read", "What happened to a case, oldest first"), a.activities)
	serve(a, operation("POST /cases/{id}/claim", "case", "claim", "Claim a case, or renew your claim"), a.onCase(community.ClaimCase))
	serve(a, operation("DELETE /cases/{id}/claim", "case", "claim", "Hand a claimed case back"), a.onCase(community.ReleaseCase))
	serve(a, operation("POST /cases/{id}/escalate", "case", "escalate", "Hand a case to the brand's own people"), a.escalate)
}

func (a *api) listCases(ctx context.Context, in *casesIn) (page list[caseBody], err error) {
	err = a.read(ctx, func(ctx context.Context, read bun.IDB, m *community.Member) error {
		w := community.Wanted{State: community.State(in.State), Lane: community.Lane(in.Lane), Limit: in.Limit, After: in.Cursor}
		if in.Topic != "" {
			if w.Topic, err = topicNamed(ctx, read, m.BrandID, in.Topic); err != nil {
				return err
			}
		}
		cases, next, err := community.List(ctx, read, m, w)
		if err != nil {
			return err
		}
		page.Next = next
		page.Items, err = a.render(ctx, read, m, cases, mentionsInList)
		return err
	})
	return page, err
}

func topicNamed(ctx context.Context, read bun.IDB, brandID int64, name string) (*int64, error) {
	if name == "other" {
		other := community.OtherTopic
		return &other, nil
	}
	topics, err := community.Topics(ctx, read, brandID)
	if err != nil {
		return nil, err
	}
	for _, t := range topics {
		if t.Name == name {
			return &t.ID, nil
		}
	}
	return nil, &community.Invalid{Field: "topic", Sentence: "there is no topic of this name"}
}

func (a *api) getCase(ctx context.Context, in *One) (body caseBody, err error) {
	err = a.read(ctx, func(ctx context.Context, read bun.IDB, m *community.Member) error {
		c, err := community.FindCase(ctx, read, m, in.ID.int64())
		if err != nil {
			return err
		}
		body, err = a.renderOne(ctx, read, m, c)
		return err
	})
	return body, err
}

// onCase is an operation that does one thing to a case and shows what became of it.
func (a *api) onCase(do func(context.Context, community.Tx, *community.Member, int64) (community.Case, error)) func(context.Context, *One) (caseBody, error) {
	return func(ctx context.Context, in *One) (caseBody, error) {
		return a.changeCase(ctx, func(ctx context.Context, tx db.Tx, m *community.Member) (community.Case, error) {
			return do(ctx, tx, m, in.ID.int64())
		})
	}
}

type escalateIn struct {
	One
	Body struct {
		Reason string `json:"reason" maxLength:"1000" doc:"In a few words, why an employee should answer"`
	}
}

func (a *api) escalate(ctx context.Context, in *escalateIn) (caseBody, error) {
	return a.changeCase(ctx, func(ctx context.Context, tx db.Tx, m *community.Member) (community.Case, error) {
		return community.HandToStaff(ctx, tx, m, in.ID.int64(), in.Body.Reason)
	})
}

func (a *api) changeCase(ctx context.Context, do func(context.Context, db.Tx, *community.Member) (community.Case, error)) (body caseBody, err error) {
	var c community.Case
	err = a.write(ctx, func(ctx context.Context, tx db.Tx, m *community.Member) error {
		c, err = do(ctx, tx, m)
		return err
	})
	if err != nil {
		return body, err
	}
	err = a.read(ctx, func(ctx context.Context, read bun.IDB, m *community.Member) error {
		body, err = a.renderOne(ctx, read, m, c)
		return err
	})
	return body, err
}

func (a *api) renderOne(ctx context.Context, read bun.IDB, m *community.Member, c community.Case) (caseBody, error) {
	all, err := a.render(ctx, read, m, []community.Case{c}, mentionsAlone)
	if err != nil {
		return caseBody{}, err
	}
	return all[0], nil
}

// render shows cases as the member may see them, with one query for each kind of thing in them.
func (a *api) render(ctx context.Context, read bun.IDB, m *community.Member, cases []community.Case, mentions int) ([]caseBody, error) {
	bodies := make([]caseBody, len(cases))
	if len(cases) == 0 {
		return bodies, nil
	}
	ids := make([]int64, len(cases))
	for i, c := range cases {
		ids[i] = c.ID
	}
	threads, err := listeners.Threads(ctx, read, ids, mentions)
	if err != nil {
		return nil, err
	}
	answers, err := community.AnswersTo(ctx, read, m, ids)
	if err != nil {
		return nil, err
	}
	replies, err := repliesTo(ctx, read, answers)
	if err != nil {
		return nil, err
	}
	topics, err := topicNames(ctx, read, m.BrandID)
	if err != nil {
		return nil, err
	}
	members, err := community.Members(ctx, read, m.BrandID)
	if err != nil {
		return nil, err
	}
	now, brand := a.Now(), access.From(ctx).Brand.Slug
	for i := range cases {
		c := &cases[i]
		b := caseBody{
			ID: idOf(c.ID), Brand: brand, Network: c.Network, Lane: string(c.Lane), LaneWhy: c.LaneWhy, State: string(c.State),
			Priority: c.Priority(now), DueAt: c.DueAt, Language: c.Language, Topics: []string{}, OpenedAt: c.OpenedAt, CustomerAt: c.CustomerAt,
			AnsweredAt: orNull(c.AnsweredAt), Mentions: []mentionBody{}, Delivery: deliveryBody{string(c.Delivery), c.DeliveryWhy}, Answers: []answerBody{},
		}
		if name, ok := topics[c.TopicID]; ok {
			b.Topics = append(b.Topics, name)
		}
		for _, said := range threads[c.ID] {
			b.Mentions = append(b.Mentions, mentionBody{
				ID: idOf(said.ID), NativeID: said.NativeID, Author: said.Account.Handle, Text: shownTo(m, said.Text), URL: said.URL, CreatedAt: said.CreatedAt, Ours: said.Ours, Hidden: said.HiddenAt != 0,
			})
		}
		if c.State == community.Claimed && c.HeldUntil > now {
			b.Claim = &claimBody{Member: idOf(c.HolderID), Name: members[c.HolderID].PublicName, Until: c.HeldUntil}
		}
		for _, answer := range answers[c.ID] {
			b.Answers = append(b.Answers, renderAnswer(answer, replies))
		}
		bodies[i] = b
	}
	return bodies, nil
}

// shownTo is a text that a customer's personal data may stand in, as a member may read it: programs get
// the data only where the brand's own people ask.
func shownTo(m *community.Member, text string) string {
	if m.Role.Employee() {
		return text
	}
	return moderation.Mask(text)
}

func topicNames(ctx context.Context, read bun.IDB, brandID int64) (map[int64]string, error) {
	topics, err := community.EveryTopic(ctx, read, brandID)
	if err != nil {
		return nil, err
	}
	names := make(map[int64]string, len(topics))
	for _, t := range topics {
		names[t.ID] = t.Name
	}
	return names, nil
}

func repliesTo(ctx context.Context, read bun.IDB, answers map[int64][]community.Answer) (map[int64]listeners.Reply, error) {
	var ids []int64
	for _, of := range answers {
		for _, a := range of {
			ids = append(ids, a.ID)
		}
	}
	return listeners.Replies(ctx, read, ids)
}

type activityBody struct {
	ID     string     `json:"id"`
	Kind   string     `json:"kind"`
	At     clock.Time `json:"at"`
	Member string     `json:"member" doc:"Who did it; empty for rules and networks"`
	Name   string     `json:"name"`
	Answer string     `json:"answer,omitempty"`
	Rule   string     `json:"rule,omitempty"`
	Text   string     `json:"text,omitempty"`
}

func (a *api) activities(ctx context.Context, in *One) (page list[activityBody], err error) {
	err = a.read(ctx, func(ctx context.Context, read bun.IDB, m *community.Member) error {
		c, err := community.FindCase(ctx, read, m, in.ID.int64())
		if err != nil {
			return err
		}
		all, err := community.Timeline(ctx, read, m, c.ID)
		if err != nil {
			return err
		}
		members, err := community.Members(ctx, read, m.BrandID)
		if err != nil {
			return err
		}
		page.Items = []activityBody{}
		for _, act := range all {
			b := activityBody{ID: idOf(act.ID), Kind: string(act.Kind), At: act.CreatedAt, Rule: act.Detail.Rule, Text: shownTo(m, act.Detail.Text)}
			if act.ActorID != 0 {
				b.Member, b.Name = idOf(act.ActorID), members[act.ActorID].PublicName
			}
			if act.Detail.Answer != 0 {
				b.Answer = idOf(act.Detail.Answer)
			}
			page.Items = append(page.Items, b)
		}
		return nil
	})
	return page, err
}
