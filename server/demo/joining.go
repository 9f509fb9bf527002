package demo

import (
	"context"

	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/access"
)

// hopefuls are people who would like to take part when the demo begins: one has passed their test.
var hopefuls = []struct {
	email, name, motivation, topic string
	passes                         bool
}{
	{"nga@example.com", "Nga", "Mình uống Sao Mai mỗi sáng và hay chỉ bạn bè cách pha phin.", "Pha cà phê tại nhà", true},
	{"tien@example.com", "Tiến", "Mình từng giao hàng hai năm nên hiểu khách sốt ruột thế nào.", "Giao hàng", false},
}

// welcome opens the programme, and lets people apply and be invited. At night, when nobody is on duty,
// trusted advocates look at each other's answers.
func (p *player) welcome(ctx context.Context, tx listeners.Tx) error {
	rules := moderation.DefaultReview
	rules.PeersAlone = true
	if err := moderation.SetReview(ctx, tx, p.cast["admin"], rules); err != nil {
		return err
	}
	programme, err := community.ProgrammeOf(ctx, tx, p.brand.ID)
	if err != nil {
		return err
	}
	programme.Open = true
	if err := community.SetProgramme(ctx, tx, p.cast["admin"], programme); err != nil {
		return err
	}
	topics, err := community.Topics(ctx, tx, p.brand.ID)
	if err != nil {
		return err
	}
	ids := map[string]int64{}
	for _, t := range topics {
		ids[t.Name] = t.ID
	}
	for _, h := range hopefuls {
		who, err := access.AddPerson(ctx, tx, access.Person{Email: h.email, Name: h.name, Language: "vi"})
		if err != nil {
			return err
		}
		a, err := community.Apply(ctx, tx, p.brand.ID, community.Applying{
			PersonID: who.ID, Profile: community.Profile{PublicName: h.name, Languages: []string{"vi"}, Topics: []int64{ids[h.topic]}},
			Motivation: h.motivation, CodeVersion: programme.CodeVersion, Agrees: true, Discloses: true,
		})
		if err == nil && h.passes {
			err = pass(ctx, tx, community.Learner{BrandID: p.brand.ID, PersonID: who.ID, Application: &a}, ids[h.topic])
		}
		if err != nil {
			return err
		}
	}
	_, _, err = community.Invite(ctx, tx, p.cast[p.reviewer()], community.Invitation{Name: "Khánh", Level: 1, Topics: []int64{ids["Giao hàng"]}})
	return err
}

// pass takes a test with every choice right.
func pass(ctx context.Context, tx listeners.Tx, who community.Learner, topic int64) error {
	t, err := community.StartTest(ctx, tx, who, topic, "vi")
	for i := 0; err == nil && i < len(t.Cases); i++ {
		_, err = community.AnswerTest(ctx, tx, who, topic, i, t.Cases[i].Right)
	}
	return err
}
