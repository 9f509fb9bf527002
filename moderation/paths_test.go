package moderation_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kith-social/kith/clock"
	"github.com/kith-social/kith/community"
	"github.com/kith-social/kith/listeners"
	"github.com/kith-social/kith/moderation"
	"github.com/kith-social/kith/server/db/dbtest"
)

// path is what the test itself knows of an answer that was submitted.
type path struct {
	author   string
	text     string
	calm     bool // of little risk by what the customer and the author wrote
	needs    int  // how many approvals by the brand's own people; 0 where the rule may let it go
	approved map[string][]string
}

// crowd is who takes part, besides those of every shop.
var crowd = []struct {
	name  string
	role  community.Role
	trust int
}{{"tam", community.Advocate, 2}, {"lien", community.Advocate, 3}, {"khoa", community.Advocate, 4}, {"an", community.Admin, 0}}

// TestNoAnswerLeavesUnapproved lets everybody do whatever comes to their mind. Whatever they do, an
// answer leaves only by one of the ways that are allowed.
func TestNoAnswerLeavesUnapproved(t *testing.T) {
	t.Setenv("KITH_TEST_POSTGRES", "")
	rapid.Check(t, func(rt *rapid.T) {
		start := clock.At(time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC))
		hands := clock.NewManual(func() clock.Time { return start })
		s := newShop(t, dbtest.New(t, dbtest.Clock(hands.Now)), hands)
		s.intake.Rules = nil // everything goes to the community, so that what the lanes keep out gets here
		for _, m := range crowd {
			s.join(m.name, m.role, m.trust)
		}
		names := []string{"huy", "tam", "lan", "lien", "khoa", "minh", "mai", "an"}
		settings, duty := moderation.DefaultReview, false
		paths, left := map[int64]*path{}, map[string]bool{}
		var cases []community.Case
		risky := map[int64]bool{}

		who := rapid.SampledFrom(names)
		gone := func() []listeners.Reply {
			var all []listeners.Reply
			if err := s.db.Read().NewSelect().Model(&all).Order("id").Scan(t.Context()); err != nil {
				rt.Fatal(err)
			}
			return slices.DeleteFunc(all, func(r listeners.Reply) bool { return left[r.ID] })
		}
		employee := func(name string) bool { return s.people[name].Role.Employee() }
		answerOf := func() (int64, *path) {
			ids := make([]int64, 0, len(paths))
			for id := range paths {
				ids = append(ids, id)
			}
			if len(ids) == 0 {
				return 0, nil
			}
			slices.Sort(ids)
			id := rapid.SampledFrom(ids[max(0, len(ids)-3):]).Draw(rt, "answer") // the latest still wait
			return id, paths[id]
		}
		approve := func(rt *rapid.T) {
			id, p := answerOf()
			if p == nil {
				return
			}
			name, edited := who.Draw(rt, "who"), ""
			if rapid.IntRange(0, 3).Draw(rt, "edits") == 0 {
				edited = p.text + " nha"
			}
			err := s.try(func(ctx context.Context, tx listeners.Tx) error {
				_, err := s.desk.Approve(ctx, tx, s.people[name], id, edited)
				return err
			})
			if err != nil {
				return
			}
			if edited != "" {
				p.text = edited
			}
			if name == p.author || !employee(name) && (!p.calm || s.people[name].Trust < 3) {
				rt.Fatalf("%s approved %q of %s", name, p.text, p.author)
			}
			alone := employee(name) || s.people[name].Trust == 4 || settings.PeersAlone && !duty
			pair := settings.Pairs && !duty && p.needs <= 1
			if !slices.Contains(p.approved[p.text], name) {
				p.approved[p.text] = append(p.approved[p.text], name)
			}
			for _, r := range gone() {
				left[r.ID] = true
				if r.AnswerID != id || r.Text != p.text || !alone && (!pair || len(p.approved[p.text]) < 2) || len(p.approved[p.text]) < p.needs {
					rt.Fatalf("%q of %s left on the word of %v; it needs %d", r.Text, p.author, p.approved[p.text], p.needs)
				}
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"customer": func(rt *rapid.T) {
				bad := rapid.Bool().Draw(rt, "risky")
				text := calmPost
				if bad {
					text = riskyPost
				}
				c := s.caseOf(s.writes(fmt.Sprint("khach", s.posts), text, ""))
				cases = append(cases, c)
				risky[c.ID] = bad
			},
			"submit": func(rt *rapid.T) {
				if len(cases) == 0 {
					return
				}
				c, name := rapid.SampledFrom(cases[max(0, len(cases)-3):]).Draw(rt, "case"), who.Draw(rt, "who")
				text := rapid.SampledFrom([]string{"Dạ 7h tới 22h ạ", "Dạ bạn gọi 0901 234 567 nhé"}).Draw(rt, "text") + fmt.Sprint(" ", len(paths))
				var a community.Answer
				err := s.try(func(ctx context.Context, tx listeners.Tx) (err error) {
					if _, err = community.ClaimCase(ctx, tx, s.people[name], c.ID); err != nil {
						return err
					}
					a, err = s.desk.Submit(ctx, tx, s.people[name], c.ID, 0, text)
					return err
				})
				if err != nil {
					return
				}
				p := &path{author: name, text: text, calm: !risky[c.ID] && !strings.Contains(text, "0901"), approved: map[string][]string{}}
				riskiest := settings.FourEyes && risky[c.ID]
				switch {
				case employee(name) && riskiest && settings.StaffToo:
					p.needs = settings.Quorum - 1
				case employee(name):
				case riskiest:
					p.needs = settings.Quorum
				case !p.calm || s.people[name].Trust < 2:
					p.needs = 1
				}
				paths[a.ID] = p
				for _, r := range gone() {
					left[r.ID] = true
					if r.AnswerID != a.ID || p.needs > 0 {
						rt.Fatalf("%q of %s left with nobody's approval; it needs %d", r.Text, name, p.needs)
					}
				}
			},
			"approve":       approve,
			"approve again": approve,
			"return": func(rt *rapid.T) {
				if id, p := answerOf(); p != nil {
					name := who.Draw(rt, "who")
					_ = s.try(func(ctx context.Context, tx listeners.Tx) error {
						_, err := s.desk.Return(ctx, tx, s.people[name], id, "thêm lời chào nhé")
						return err
					})
				}
			},
			"override": func(rt *rapid.T) {
				id, p := answerOf()
				if p == nil {
					return
				}
				name := who.Draw(rt, "who")
				err := s.try(func(ctx context.Context, tx listeners.Tx) error {
					_, err := s.desk.Override(ctx, tx, s.people[name], id, "khách đang chờ ở bệnh viện")
					return err
				})
				for _, r := range gone() {
					left[r.ID] = true
					if err != nil || s.people[name].Role != community.Admin || r.AnswerID != id {
						rt.Fatalf("%q left by an override of %s", r.Text, name)
					}
				}
			},
			"take back": func(rt *rapid.T) {
				if id, p := answerOf(); p != nil {
					name := who.Draw(rt, "who")
					_ = s.try(func(ctx context.Context, tx listeners.Tx) error {
						_, err := s.desk.TakeBack(ctx, tx, s.people[name], id)
						return err
					})
				}
			},
			"take over": func(rt *rapid.T) {
				if id, p := answerOf(); p != nil {
					name := who.Draw(rt, "who")
					_ = s.try(func(ctx context.Context, tx listeners.Tx) error {
						_, err := s.desk.TakeOver(ctx, tx, s.people[name], id)
						return err
					})
				}
			},
			"settings": func(rt *rapid.T) {
				settings.FourEyes, settings.StaffToo = rapid.Bool().Draw(rt, "four eyes"), rapid.Bool().Draw(rt, "staff too")
				settings.PeersAlone, settings.Quorum = rapid.Bool().Draw(rt, "peers"), rapid.IntRange(2, 3).Draw(rt, "quorum")
				settings.Advocates, settings.Trusted, settings.Pairs = 0, 0, rapid.Bool().Draw(rt, "pairs")
				duty = rapid.Bool().Draw(rt, "duty")
				s.do(func(ctx context.Context, tx listeners.Tx) error {
					if err := community.SetDuty(ctx, tx, s.people["an"], s.people["minh"].ID, false, always()); err != nil {
						return err
					}
					if err := moderation.SetReview(ctx, tx, s.people["an"], settings); err != nil {
						return err
					}
					return community.SetDuty(ctx, tx, s.people["an"], s.people["minh"].ID, duty, always())
				})
			},
			"": func(rt *rapid.T) {
				if more := gone(); len(more) > 0 {
					rt.Fatalf("%q left, and nobody decided about it", more[0].Text)
				}
			},
		})
	})
}
